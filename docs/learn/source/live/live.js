// What live figures share: fields, tables, a plot's frame, and what the page around them is told.
import { html, said, svg } from "./page/dom.js";

export const data = JSON.parse(document.getElementById("data").textContent);
export const $ = (id) => document.getElementById(id);

// What was typed: a number, or what is wrong with it.
function typed(text) {
  const words = text.trim().replace("−", "-").replace(/^([-+]?\d*),(\d+)$/, "$1.$2");
  if (!words) return { wrong: "It is empty" };
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(words)) return { wrong: `“${text.trim().slice(0, 20)}” is no number` };
  const value = Number(words);
  if (!Number.isFinite(value)) return { wrong: "It is too large: a float ends at 1.8e308" };
  return { value };
}

// A field for a number: what cannot be read is told beside it, and the last number stays.
export function field(input, told, value, changed) {
  const show = (wrong) => {
    input.setAttribute("aria-invalid", String(Boolean(wrong)));
    told.textContent = wrong ? `${wrong}. ${said(value)} stays.` : "";
  };
  const set = (next) => { value = next; show(); changed(value); };
  const write = () => { input.value = String(value).replace("e+", "e"); };
  write();
  input.addEventListener("input", () => {
    const found = typed(input.value);
    if (found.wrong) show(found.wrong);
    else set(found.value);
  });
  input.addEventListener("change", () => {  // what was wrong is still told, until something is typed
    write();
    input.setAttribute("aria-invalid", "false");
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
    if (!step) return;
    event.preventDefault();
    set(Number((value + step).toPrecision(12)));
    write();
  });
}

// The numbers behind a figure; `now` says which row is the present one.
export function table(place, heads, rows, now = () => false) {
  const line = (cells, row) => html("tr", now(row) ? { "aria-current": "true" } : {}, ...cells);
  place.replaceChildren(
    html("thead", {}, line(heads.map((head) => html("th", { scope: "col" }, head)))),
    html("tbody", {}, ...rows.map((row, at) => line(row.map((cell) => html("td", {}, cell)), at))),
  );
}

export const scale = (low, high, start, end) => (value) => start + (value - low) / (high - low) * (end - start);
export const words = (x, y, text, attributes = {}) => svg("text", { x, y, ...attributes }, text);

// A line through points in pixels; it ends, and begins anew, where there is no number.
export function line(points, attributes = {}) {
  let d = "", pen = "M";
  for (const [x, y] of points) {
    const known = Number.isFinite(x) && Number.isFinite(y);
    if (known) d += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = known ? "L" : "M";
  }
  return svg("path", { d, ...attributes });
}

// Grid and numbers of a plot between these pixels.
export function axes(x, y, [left, right, top, foot], acrosses, ups, unders = true) {
  const parts = [];
  for (const [value, text] of acrosses) {
    parts.push(line([[x(value), top], [x(value), foot]], { class: value === 0 ? "zero" : "grid" }));
    if (unders) parts.push(words(x(value), foot + 16, text, { class: "soft", "text-anchor": "middle" }));
  }
  for (const [value, text] of ups) {
    parts.push(line([[left, y(value)], [right, y(value)]], { class: value === 0 ? "zero" : "grid" }));
    parts.push(words(left - 6, y(value) + 4, text, { class: "soft", "text-anchor": "end" }));
  }
  return svg("g", {}, ...parts);
}

// At most once a frame, and when the width changes.
export function drawn(draw, place) {
  let waits = false;
  const ask = () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => { waits = false; draw(Math.max(240, place.clientWidth)); });
  };
  new ResizeObserver(ask).observe(place);
  return ask;
}

// In a page: how high it is; and light or dark, as that page is.
if (parent !== window) {
  document.documentElement.classList.add("within");
  const main = document.querySelector("main");
  new ResizeObserver(() => parent.postMessage({ height: Math.ceil(main.getBoundingClientRect().height) }, "*")).observe(main);
  addEventListener("message", (event) => {
    if (event.source === parent && ["light", "dark", "auto"].includes(event.data?.theme)) {
      document.documentElement.dataset.theme = event.data.theme;
    }
  });
}
