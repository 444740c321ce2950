// A curve as points to draw, how high they reach, and where a formula as it stands loses digits.
import { undefinedOf } from "../numbers/breaks.js";
import { isLost } from "../numbers/bounds.js";
import { runs } from "../properties/places.js";

export const ORDERS = [
  { key: "0", sign: "f", many: "values", one: "value" },
  { key: "1", sign: "f′", many: "slopes", one: "slope" },
  { key: "2", sign: "f″", many: "seconds", one: "second" },
];

// Inputs and outputs; each kink has a point just before and just behind it, and a gap between them where the curve leaps.
export function sampled(curve, order, low, high, count) {
  const step = (high - low) / count, beside = step / 1000, places = [];
  const kinks = curve.kinks.map((kink) => kink.x ?? kink).filter((x) => x > low && x < high);
  for (let at = 0; at <= count; at++) places.push(low + at * step);
  for (const kink of kinks) places.push(kink - beside, kink + beside);
  const xs = Float64Array.from(places).sort(), ys = new Float64Array(xs.length);
  curve[ORDERS[order].many](xs, ys);
  if (order) blankWhere(curve, xs, ys);
  for (const kink of kinks) {
    const at = xs.findIndex((x) => x > kink - 2 * beside), leap = Math.abs(ys[at + 1] - ys[at]);
    const around = Math.abs(ys[at] - ys[at - 1]) + Math.abs(ys[at + 2] - ys[at + 1]);
    if (leap > 0.02 * (1 + Math.abs(ys[at])) && leap > 2 * around) { xs[at] = kink; ys[at] = NaN; }
  }
  return { xs, ys };
}

// 1/x is no slope of log(x) where that is not defined.
function blankWhere(curve, xs, ys) {
  const known = new Float64Array(xs.length);
  curve.values(xs, known);
  known.forEach((value, at) => { if (Number.isNaN(value)) ys[at] = NaN; });
}

// A value of this order at an input, as it is drawn.
export const readAt = (curve, { one }, x) => (one !== "value" && Number.isNaN(curve.value(x)) ? NaN : curve[one](x));

// Where it is drawn that |f'| < 0.1, that |f'| > 10, and that f is undefined: intervals between the samples.
export function regionsIn(curve, low, high, count) {
  const xs = Float64Array.from({ length: count + 1 }, (_, at) => low + (at * (high - low)) / count);
  const ys = new Float64Array(xs.length), half = (high - low) / count / 2, isUndefined = undefinedOf(curve);
  curve.slopes(xs, ys);
  blankWhere(curve, xs, ys);
  const around = ([from, to]) => [Math.max(low, xs[from] - half), Math.min(high, xs[to] + half)];
  const whole = (holds) => runs(xs.length, holds).map(around);
  return {
    flat: whole((at) => Math.abs(ys[at]) < 0.1), steep: whole((at) => Math.abs(ys[at]) > 10),
    none: whole((at) => Number.isNaN(ys[at]) && isUndefined(xs[at])).filter(([from, to]) => to - from > 3 * half),
  };
}

// From where to where to show: what is there, but no further out than the inputs are wide.
export function heightOf(drawn, low, high) {
  const reach = Math.max(Math.abs(low), Math.abs(high), 1);
  let from = Infinity, to = -Infinity, isOut = true;
  for (const { ys } of drawn) {
    for (const value of ys) {
      if (!Number.isFinite(value)) continue;
      if (Math.abs(value) <= reach) isOut = false;
      from = Math.min(from, value);
      to = Math.max(to, value);
    }
  }
  if (from > to) return [-1, 1];
  if (!isOut) [from, to] = [Math.max(from, -reach), Math.min(to, reach)];
  from = Math.min(from, isOut ? from : 0);
  const margin = 0.06 * (to - from) || Math.abs(to) / 10 || 1;
  return [from - margin, to + margin];
}

// [from, to] of the inputs at which fewer than 6 of 16 digits of the value are sure, as far as a bound can tell.
export function lostIn(curve, low, high, count = 400) {
  const found = [];
  const isUndefined = undefinedOf(curve);
  let open = null;
  for (let at = 0; at <= count; at++) {
    const x = low + (at * (high - low)) / count;
    if (!isLost(curve.trusted(x)) || isUndefined(x)) { open = null; continue; }
    if (open) open[1] = x;
    else found.push(open = [x, x]);
  }
  return found.filter(([from, to]) => to > from);  // at one place alone it is a zero that is crossed
}
