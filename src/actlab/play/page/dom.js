// What panels are built of: elements, numbers as one says them, tables, buttons that copy.
const SVG = "http://www.w3.org/2000/svg";

// An element; `onclick` and the like are listened to, true is an attribute without a value, texts stay texts.
export const html = (tag, attributes = {}, ...children) => filledIn(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => filledIn(document.createElementNS(SVG, tag), attributes, children);

function filledIn(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== "" && child !== false));
  return element;
}

// A number as one says it; never -0.
export function said(value, digits = 3) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e6)) return value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(Number(value.toPrecision(digits)) + 0);
}

export const shortened = (words) => (words.length > 80 ? `${words.slice(0, 77)}...` : words);

// A table of texts; the first of each row names it.
export function tableOf(caption, head, rows) {
  const cells = ([first, ...rest]) => [html("th", { scope: "row" }, first), ...rest.map((cell) => html("td", {}, cell))];
  return html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${caption}, in numbers` }, html("table", {},
    html("caption", {}, caption),
    html("thead", {}, html("tr", {}, head.map((cell) => html("th", { scope: "col" }, cell)))),
    html("tbody", {}, rows.map((row) => html("tr", {}, cells(row))))));
}

// A button that copies what `content()` returns, and says so.
export function copyButton(label, content) {
  const button = html("button", { type: "button", class: "quiet", onclick: copy }, label);
  async function copy() {
    const text = content();
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // a page from disk may not be allowed to
      const area = html("textarea", { class: "away" });
      area.value = text;
      button.after(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  }
  return button;
}
