// A plot's parts as SVG: scales, ticks, axes, and a curve as a path that breaks where it is no number or leaps.
import { svg } from "./dom.js";

export const scaled = (low, high, from, to) => {
  const factor = (to - from) / (high - low);
  return (value) => from + (value - low) * factor;
};

// About `count` round numbers from low to high.
export function ticksOf(low, high, count) {
  const rough = (high - low) / Math.max(1, count), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999);
  if (!(step > 0) || !Number.isFinite(step)) return [];
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.min(50, last - first + 1) }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

// A frame { left, right, top, foot } with its lines and numbers; ticks are [value, text].
export function axesOf(x, y, { left, right, top, foot }, xTicks, yTicks) {
  const zero = (value) => (Number(value) === 0 ? "zero" : "grid");
  return svg("g", { class: "axes" },
    xTicks.map(([value, text]) => [
      svg("line", { x1: x(value), x2: x(value), y1: top, y2: foot, class: zero(value) }),
      svg("text", { x: x(value), y: foot + 18, "text-anchor": "middle" }, text)]),
    yTicks.map(([value, text]) => [
      svg("line", { x1: left, x2: right, y1: y(value), y2: y(value), class: zero(value) }),
      svg("text", { x: left - 7, y: y(value) + 4, "text-anchor": "end" }, text)]));
}

// Places further out than a height of the frame are drawn there, so that lines leave it at the right slope.
export function pathOf(xs, ys, x, y, { top, foot }) {
  const far = foot - top, words = [];
  let isOpen = false, before = NaN;
  for (let at = 0; at < xs.length; at++) {
    const value = ys[at];
    if (Number.isNaN(value)) { isOpen = false; continue; }
    const place = Math.min(foot + far, Math.max(top - far, y(value)));
    if (isOpen && (place - foot) * (before - top) < 0 && Math.abs(place - before) > far) isOpen = false;  // over a pole
    words.push(`${isOpen ? "L" : "M"}${x(xs[at]).toFixed(1)} ${place.toFixed(1)}`);
    isOpen = true;
    before = place;
  }
  return words.join("");
}

// A mark of its own for each function, beside its colour.
export const MARKS = ["circle", "square", "triangle", "diamond", "cross", "star"];

export function markOf(kind, cx, cy, size = 5) {
  const around = (turns, radius = () => size) => turns
    .map((turn, at) => `${(cx + radius(at) * Math.sin(2 * Math.PI * turn)).toFixed(1)} ${(cy - radius(at) * Math.cos(2 * Math.PI * turn)).toFixed(1)}`)
    .join("L");
  const paths = {
    circle: `M${cx - size} ${cy}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0Z`,
    square: `M${around([1 / 8, 3 / 8, 5 / 8, 7 / 8], () => 1.25 * size)}Z`,
    triangle: `M${around([0, 1 / 3, 2 / 3], () => 1.25 * size)}Z`,
    diamond: `M${around([0, 1 / 4, 1 / 2, 3 / 4], () => 1.3 * size)}Z`,
    cross: `M${cx - size} ${cy - size}l${2 * size} ${2 * size}M${cx - size} ${cy + size}l${2 * size} ${-2 * size}`,
    star: `M${around(Array.from({ length: 10 }, (_, n) => n / 10), (n) => (n % 2 ? size / 2 : 1.35 * size))}Z`,
  };
  return svg("path", { d: paths[kind], class: "mark" });
}
