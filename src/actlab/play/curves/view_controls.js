// What of the functions is drawn, and from where to where.
import { html } from "../page/dom.js";
import { ORDERS } from "./sampling.js";

export const USUAL_X = [-6, 6];

export const writeRange = (range) => (range ? range.join(",") : "");

export function readRange(words) {
  const [low, high, ...rest] = words.split(",").map((one) => (one.trim() ? Number(one) : NaN));
  const isFit = !rest.length && Math.abs(low) <= 1e6 && Math.abs(high) <= 1e6 && high - low >= 1e-6;
  return isFit ? [low, high] : undefined;
}

// Toggles for f, f′, f″, the range as fields, and buttons to look nearer.
export function viewControls(store) {
  const { state } = store;
  const toggles = ORDERS.map(({ key, sign }) => {
    const box = html("input", { type: "checkbox", onchange: () => {
      const orders = ORDERS.filter((one) => (one.key === key ? box.checked : state.orders.includes(one.key))).map((one) => one.key).join("");
      if (orders) store.set({ orders });
      else box.checked = true;
    } });
    return { key, box, node: html("label", { class: `toggle o${key}` }, box, html("span", { class: "line-sample" }), sign) };
  });
  const ends = [["xRange", 0, "x from"], ["xRange", 1, "x to"], ["yRange", 0, "y from"], ["yRange", 1, "y to"]].map(([key, at, label]) => {
    const input = html("input", { type: "number", step: "any", "aria-label": label, placeholder: key === "yRange" ? "auto" : undefined });
    input.addEventListener("change", () => {
      const now = (key === "xRange" ? ends.slice(0, 2) : ends.slice(2)).map((one) => one.input.value);
      if (key === "yRange" && now.some((one) => one === "")) return store.set({ yRange: null });
      const range = readRange(now.join(","));
      input.setAttribute("aria-invalid", String(!range));
      if (range) store.set({ [key]: range });
    });
    return { key, at, input };
  });
  const zoom = (factor) => () => {
    const [low, high] = state.xRange, middle = (low + high) / 2, half = ((high - low) / 2) * factor;
    const range = readRange(writeRange([middle - half, middle + half].map((one) => Number(one.toPrecision(6)))));
    if (range) store.set({ xRange: range });
  };
  const button = (text, label, onclick) => html("button", { type: "button", class: "quiet", "aria-label": label, onclick }, text);
  const show = () => {
    for (const { key, box } of toggles) box.checked = state.orders.includes(key);
    for (const { key, at, input } of ends) if (document.activeElement !== input) input.value = state[key]?.[at] ?? "";
  };
  store.watch(["orders", "xRange", "yRange"], show);
  show();
  const ranges = ["x", "y"].map((name, at) => html("span", {}, name, ends.slice(2 * at, 2 * at + 2).map(({ input }) => input)));
  return [
    html("span", { class: "toggles", role: "group", "aria-label": "What is drawn" }, toggles.map(({ node }) => node)),
    html("details", { class: "ranges" }, html("summary", {}, "Range"), html("div", {}, ranges, html("span", {},
      button("−", "See more", zoom(2)), button("+", "Look nearer", zoom(0.5)),
      button("Reset", "The range as it was", () => store.set({ xRange: USUAL_X, yRange: null }))))),
  ];
}
