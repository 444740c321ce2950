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

const asItWas = (store) => store.set({ xRange: USUAL_X, yRange: null });

// The range by a factor, where `input` stays where it is.
function lookedNearer(store, factor, input) {
  const range = store.state.xRange.map((end) => Number((input + (end - input) * factor).toPrecision(6)));
  if (readRange(writeRange(range))) store.set({ xRange: range });
}

// By wheel, keys and double click; the wheel alone scrolls the page. `inputAt` has the x of pixels, `here` that of the crosshair.
export function zoomed(drawing, store, inputAt, here) {
  drawing.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const picture = drawing.firstElementChild, box = picture.getBoundingClientRect();
    const input = inputAt((event.clientX - box.left) * (picture.viewBox.baseVal.width / box.width));
    lookedNearer(store, Math.exp(Math.max(-40, Math.min(40, event.deltaY)) / 100), input);
  }, { passive: false });
  drawing.addEventListener("dblclick", () => asItWas(store));
  drawing.addEventListener("keydown", ({ key, ctrlKey, metaKey }) => {
    if (ctrlKey || metaKey) return;
    if (key === "+" || key === "=") lookedNearer(store, 0.5, here());
    else if (key === "-") lookedNearer(store, 2, here());
    else if (key === "0") asItWas(store);
  });
}

// Why two texts are no range, in words.
function notARange(name, [from, to]) {
  const [low, high] = [from, to].map((one) => (one === "" ? NaN : Number(one)));
  if (Number.isNaN(low) || Number.isNaN(high)) return `${name} needs a number at both ends.`;
  if (Math.max(Math.abs(low), Math.abs(high)) > 1e6) return `${name} reaches at most from -1e6 to 1e6.`;
  return `${name} from ${from} to ${to}: the second must be the larger one, such as ${name} from ${Math.min(low, high)} to ${low === high ? high + 1 : Math.max(low, high)}.`;
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
  const wrong = html("p", { class: "problem", role: "status" });
  const ends = [["xRange", 0, "x from"], ["xRange", 1, "x to"], ["yRange", 0, "y from"], ["yRange", 1, "y to"]].map(([key, at, label]) => {
    const input = html("input", { type: "number", step: "any", "aria-label": label, placeholder: key === "yRange" ? "auto" : undefined });
    input.addEventListener("change", () => {
      const now = (key === "xRange" ? ends.slice(0, 2) : ends.slice(2)).map((one) => one.input.value);
      if (key === "yRange" && now.some((one) => one === "")) return store.set({ yRange: null });
      const range = readRange(now.join(","));
      for (const one of ends) one.input.setAttribute("aria-invalid", String(!range && one.key === key));
      wrong.textContent = range ? "" : notARange(key[0], now);
      if (range) store.set({ [key]: range });
    });
    return { key, at, input };
  });
  const zoom = (factor) => () => lookedNearer(store, factor, (state.xRange[0] + state.xRange[1]) / 2);
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
      button("Reset", "The range as it was", () => asItWas(store))),
      wrong, html("p", { class: "soft" }, "On the plot: Ctrl and the wheel, a pinch on a touchpad, or + and - on the keyboard; a double click or 0 sets it back."))),
  ];
}
