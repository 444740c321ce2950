// A tree's value, and how far from the truth it may be: beside each part stands an interval that holds the truth.
import { LOOPS, undefinedAt } from "./evaluate.js";
import { postorder } from "../language/tree.js";

const HALF = 1.01 * 2 ** -53;  // of a rounded result, a little more than what it may be off
const LEAST = 2 ** -1074;
const ULPS = 3;  // what functions may be off: 2 is the most that was seen, 5 of erfc
const ALL = [-Infinity, Infinity];
const POSITIVE = [0, Infinity], UNIT = [-1, 1];

// f(x, values) -> {value, error}: the truth lies within `error` of `value`; Infinity where nothing is known of it.
export function bounded(tree, names = []) {
  const order = postorder(tree), place = new Map(order.map((part, at) => [part, at]));
  const inputs = order.map((part) => part.parts.map((one) => place.get(one)));
  return (x, values = []) => {
    const found = [];
    for (const [at, part] of order.entries()) {
      found.push(intervalOf(part, inputs[at].map((input) => found[input]), x, values, names));
    }
    const { value, low, high } = found.at(-1);
    const error = Math.max(high - value, value - low) * (1 + 4 * HALF);
    return { value, error: Number.isNaN(value) || !(error >= 0) ? Infinity : error };
  };
}

// Whether a millionth of the value is not certain.
export const isLost = ({ value, error }, limit = 1e-6) => !(error <= limit * Math.abs(value) + 1e-300);

const exactly = (value) => ({ value, low: value, high: value });
const boundCell = new Float64Array(1);

function intervalOf(part, parts, x, values, names) {
  if (part.op === "number") return exactly(part.value);
  if (part.op === "name") return exactly(part.value === "x" ? x : (values[names.indexOf(part.value)] ?? NaN));
  LOOPS[part.op](boundCell, 1, ...parts.map(({ value }) => [value]));
  const varies = part.symbols.has("x");
  const value = !varies && undefinedAt(part.op, parts.map((one) => one.value)) ? NaN : boundCell[0];
  const isPartial = parts.some((one) => one.isPartial) || mayBeUndefined(part.op, ...parts);
  const [low, high] = isPartial && part.isCondition ? [0, 1] : INTERVALS[part.op](...parts);
  return { value, low: Number.isNaN(low) ? -Infinity : low, high: Number.isNaN(high) ? Infinity : high, isPartial };
}

const DOMAINS = {  // ends, which belong to it but for those of OPEN
  log: POSITIVE, log1p: [-1, Infinity], sqrt: POSITIVE, acosh: [1, Infinity], atanh: UNIT, asin: UNIT, acos: UNIT,
};
const OPEN = new Set(["log", "log1p", "atanh"]);

// Whether the truth may be that there is no value: a comparison with it is then neither certain nor wrong.
function mayBeUndefined(op, u, v) {
  if (op === "/") return v.low <= 0 && v.high >= 0;
  if (op === "**") return Number.isInteger(v.value) ? v.value < 0 && u.low <= 0 && u.high >= 0 : u.low < 0;
  const domain = DOMAINS[op];
  if (!domain) return false;
  return OPEN.has(op) ? u.low <= domain[0] || u.high >= domain[1] : u.low < domain[0] || u.high > domain[1];
}

// Ends of an interval, rounded outwards. What has overflowed is at least the largest number.
const lowered = (low, by = HALF) => (low === Infinity ? Number.MAX_VALUE : low - Math.abs(low) * by);
const raisedEnd = (high, by = HALF) => -lowered(-high, by);
const widened = (low, high, by) => [lowered(low, by) - LEAST, raisedEnd(high, by) + LEAST];
const hull = (ends, by) => widened(Math.min(...ends), Math.max(...ends), by);
const isZero = ({ low, high }) => low === 0 && high === 0;
const endProduct = (a, b) => (a === 0 || b === 0 ? 0 : a * b);  // 0 times what has overflowed is 0

function added(u, v) {
  if (isZero(u)) return [v.low, v.high];
  return isZero(v) ? [u.low, u.high] : [lowered(u.low + v.low), raisedEnd(u.high + v.high)];
}

function multiplied(u, v) {
  if (isZero(u) || isZero(v)) return [0, 0];
  if (u === v) return raised(u, exactly(2));
  return hull([u.low, u.high].flatMap((end) => [endProduct(end, v.low), endProduct(end, v.high)]));
}

function divided(u, v) {
  if (v.low <= 0 && v.high >= 0) return ALL;
  if (isZero(u)) return [0, 0];
  return hull([u.low / v.low, u.low / v.high, u.high / v.low, u.high / v.high].map((end) => end || 0));
}

function raised(u, { value: n, low, high }) {
  if (!Number.isInteger(n)) {
    const from = Math.max(u.low, 0);
    return u.high < 0 ? ALL : hull([from ** low, from ** high, u.high ** low, u.high ** high], 4 * HALF);
  }
  if (n < 0) return divided(exactly(1), interval(raised(u, exactly(-n))));
  if (n % 2 || u.low >= 0) return isZero(u) ? [0, 0] : widened(u.low ** n, u.high ** n, 4 * HALF);
  const [least, most] = sizes(u);
  return widened(least ** n, most ** n, 4 * HALF);
}

const interval = ([low, high]) => ({ value: low, low, high });

// Of |u|.
function sizes({ low, high }) {
  return [low > 0 ? low : high < 0 ? -high : 0, Math.max(-low, high)];
}

// A function that grows from end to end of its domain; what it gives lies within `range`.
function growing(op, { range = ALL, ulps = ULPS } = {}) {
  const domain = DOMAINS[op] ?? ALL;
  const at = (end) => (LOOPS[op](boundCell, 1, [end]), boundCell[0]);
  return ({ low, high }) => {
    if (high < domain[0] || low > domain[1]) return ALL;
    const from = at(Math.max(low, domain[0])), to = at(Math.min(high, domain[1]));
    if (low === high && low === 0 && from === 0) return [0, 0];
    const [least, most] = widened(from, to, 2 * ulps * HALF);
    return [Math.max(least, range[0]), Math.min(most, range[1])];
  };
}

function falling(op, how) {
  const mirrored = growing(op, how);
  return ({ low, high }) => {
    const [a, b] = [mirrored(exactly(high)), mirrored(exactly(low))];
    return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
  };
}

// Of sine and cosine, whose slope is the other.
function wave(op, slope) {
  return ({ low, high }) => {
    const width = high - low;
    if (!(width < 1)) return UNIT;
    const change = width * Math.min(1, Math.abs(slope(low)) + width);
    const [least, most] = widened(Math[op](low), Math[op](low), 2 * ULPS * HALF);
    return [Math.max(least - change, -1), Math.min(most + change, 1)];
  };
}

function tangent({ low, high }) {
  return Math.abs(Math.cos(low)) <= 1.01 * (high - low) ? ALL : widened(Math.tan(low), Math.tan(high), 2 * ULPS * HALF);
}

// A condition is [0, 0] or [1, 1], and [0, 1] where it is not known.
const whether = (yes, no) => (yes ? [1, 1] : no ? [0, 0] : [0, 1]);

// All pieces that may be the right one.
function anyPiece(...parts) {
  let low = Infinity, high = -Infinity;
  for (let at = 0; at < parts.length; at += 2) {
    if (parts[at + 1].high === 0) continue;
    [low, high] = [Math.min(low, parts[at].low), Math.max(high, parts[at].high)];
    if (parts[at + 1].low === 1) break;
  }
  return [low, high];
}

const INTERVALS = {
  pi: () => widened(Math.PI, Math.PI),
  e: () => widened(Math.E, Math.E),
  True: () => [1, 1],
  "+": added,
  "-": (u, v) => added(u, { low: -v.high, high: -v.low }),
  "*": multiplied,
  "/": divided,
  "**": raised,
  neg: (u) => [-u.high, -u.low],
  min: (u, v) => [Math.min(u.low, v.low), Math.min(u.high, v.high)],
  max: (u, v) => [Math.max(u.low, v.low), Math.max(u.high, v.high)],
  Piecewise: anyPiece,
  and: (a, b) => [Math.min(a.low, b.low), Math.min(a.high, b.high)],
  or: (a, b) => [Math.max(a.low, b.low), Math.max(a.high, b.high)],
  not: (a) => [1 - a.high, 1 - a.low],
  "<": (u, v) => whether(u.high < v.low, u.low >= v.high),
  "<=": (u, v) => whether(u.high <= v.low, u.low > v.high),
  ">": (u, v) => whether(u.low > v.high, u.high <= v.low),
  ">=": (u, v) => whether(u.low >= v.high, u.high < v.low),
  "==": (u, v) => whether(u.low === v.high && u.high === v.low, u.high < v.low || u.low > v.high),
  "!=": (u, v) => whether(u.high < v.low || u.low > v.high, u.low === v.high && u.high === v.low),
  abs: sizes,
  cosh: (u) => growing("cosh", { range: [1, Infinity] })(interval(sizes(u))),
  sin: wave("sin", Math.cos),
  cos: wave("cos", Math.sin),
  tan: tangent,
  relu: (u) => [Math.max(u.low, 0), Math.max(u.high, 0)],
  sign: (u) => [Math.sign(u.low), Math.sign(u.high)],
  exp: growing("exp", { range: POSITIVE }),
  expm1: growing("expm1", { range: [-1, Infinity] }),
  log: growing("log", ),
  log1p: growing("log1p", ),
  sqrt: growing("sqrt", { range: POSITIVE }),
  sinh: growing("sinh"),
  tanh: growing("tanh", { range: UNIT }),
  asinh: growing("asinh"),
  acosh: growing("acosh", { range: POSITIVE }),
  atanh: growing("atanh", ),
  asin: growing("asin", ),
  acos: falling("acos", { range: [0, 4] }),
  atan: growing("atan"),
  erf: growing("erf", { range: UNIT, ulps: 8 }),
  erfc: falling("erfc", { range: [0, 2], ulps: 8 }),
  sigmoid: growing("sigmoid", { range: [0, 1] }),
  softplus: growing("softplus", { range: POSITIVE }),
  logsigmoid: growing("logsigmoid", { range: [-Infinity, 0] }),
};
