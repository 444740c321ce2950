// A tree in doubles whose exponents have no end: what is true where a double overflows or underflows on the way.
import { LOOPS } from "../numbers/evaluate.js";
import { COMPARISONS, postorder } from "../language/tree.js";

// A number is [m, e] for m * 2**e with 1 <= |m| < 2; of 0 and of what is not finite e is 0.
const LN2 = [0.6931471803691238, 1.9082149292705877e-10];  // in two parts: whole multiples of the first are exact
const HUGE = 1e15;  // of what is larger exp is not computed
const cell = new Float64Array(1);

// f(x, values) -> {value, beyond}: `beyond` says that it is a number, and larger than every double.
export function wide(tree, names) {
  const order = postorder(tree), place = new Map(order.map((part, at) => [part, at]));
  const inputs = order.map((part) => part.parts.map((one) => place.get(one)));
  return (x, values) => {
    const found = [];
    order.forEach((part, at) => found.push(wideStep(part, inputs[at].map((input) => found[input]), x, names, values)));
    const value = narrow(found.at(-1));
    return { value, beyond: !Number.isFinite(value) && Number.isFinite(found.at(-1)[0]) };
  };
}

function wideStep({ op, value }, parts, x, names, values) {
  if (op === "number") return scaled(value);
  if (op === "name") return scaled(value === "x" ? x : values[names.indexOf(value)]);
  if (op === "Piecewise") return parts[parts.findIndex(([holds], at) => at % 2 && holds) - 1] ?? [NaN, 0];
  if ((op === "sin" || op === "cos") && Math.abs(parts[0][0]) === Infinity) return [NaN, 0];
  if (Object.hasOwn(WIDE, op)) return WIDE[op](...parts);
  const difference = COMPARISONS.has(op) ? [summedWide(parts[0], negated(parts[1])), [0, 0]] : parts;
  LOOPS[op](cell, 1, ...difference.map((part) => [clamped(part)]));
  return scaled(cell[0]);
}

function scaled(m, e = 0) {
  if (m === 0 || !Number.isFinite(m)) return [m, 0];
  const power = Math.floor(Math.log2(Math.abs(m)));
  return [shifted(m, -power), e + power];
}

// m * 2**e in steps: 2**-1074 has no inverse.
function shifted(m, e) {
  const within = Math.max(-2200, Math.min(2200, e)), third = Math.trunc(within / 3);
  return m * 2 ** third * 2 ** third * 2 ** (within - 2 * third);
}

const narrow = ([m, e]) => shifted(m, e);

// What is beyond a double is, to a function that levels off, as good as the largest.
function clamped(part) {
  const value = narrow(part);
  return Number.isFinite(part[0]) ? Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value)) : value;
}

const negated = ([m, e]) => [-m, e];
const timesWide = ([m, e], [n, f]) => scaled(m * n, e + f);
const isLess = (one, other) => summedWide(one, negated(other))[0] < 0;

function summedWide(one, other) {
  const [[m, e], [n, f]] = one[1] >= other[1] && one[0] !== 0 || other[0] === 0 ? [one, other] : [other, one];
  if (!Number.isFinite(m) || !Number.isFinite(n) || n === 0 || m === 0) return scaled(m + n, m === 0 ? f : e);
  return scaled(m + shifted(n, f - e), e);
}

function expWide(part) {
  const u = narrow(part);
  if (!(Math.abs(u) < HUGE)) return [u < 0 ? 0 : u > 0 ? Infinity : NaN, 0];
  const n = Math.round(u / Math.LN2);
  return scaled(Math.exp(u - n * LN2[0] - n * LN2[1]), n);
}

const logWide = ([m, e]) => (Math.abs(e) < 1000 ? scaled(Math.log(shifted(m, e))) : scaled(Math.log(m) + e * Math.LN2));
const isFar = (part, far = 500) => Math.abs(narrow(part)) > far;
const half = (part) => timesWide([0.5, 0], part);

function raisedWide(base, exponent) {
  const n = narrow(exponent), near = narrow(base) ** n;
  if (base[0] === 0 || n === 0 || (Number.isFinite(near) && Math.abs(near) > 1e-300)) return scaled(near);
  if (base[0] < 0 && !Number.isInteger(n)) return [NaN, 0];
  const size = expWide(timesWide(logWide([Math.abs(base[0]), base[1]]), exponent));
  return base[0] < 0 && n % 2 ? negated(size) : size;
}

// A function by its name, and another one far out.
const farther = (op, beyond) => (part) => {
  if (isFar(part)) return beyond(part);
  LOOPS[op](cell, 1, [narrow(part)]);
  return scaled(cell[0]);
};

const grownBy = (part) => half(expWide([Math.abs(part[0]), part[1]]));  // e^|u| / 2
const WIDE = {
  "+": summedWide,
  "-": (u, v) => summedWide(u, negated(v)),
  "*": timesWide,
  "/": ([m, e], [n, f]) => scaled(m / n, e - f),
  "**": raisedWide,
  neg: negated,
  abs: ([m, e]) => [Math.abs(m), e],
  min: (u, v) => (isLess(v, u) ? v : u),
  max: (u, v) => (isLess(u, v) ? v : u),
  relu: (u) => (u[0] < 0 ? [0, 0] : u),
  exp: expWide,
  expm1: farther("expm1", (u) => (u[0] < 0 ? [-1, 0] : expWide(u))),
  log: logWide,
  log1p: farther("log1p", logWide),
  sqrt: ([m, e]) => scaled(Math.sqrt(e % 2 ? 2 * m : m), (e - Math.abs(e % 2)) / 2),
  sinh: farther("sinh", (u) => (u[0] < 0 ? negated(grownBy(u)) : grownBy(u))),
  cosh: farther("cosh", grownBy),
  sigmoid: farther("sigmoid", (u) => (u[0] < 0 ? expWide(u) : [1, 0])),
  softplus: farther("softplus", (u) => (u[0] < 0 ? expWide(u) : u)),
  logsigmoid: farther("logsigmoid", (u) => (u[0] < 0 ? u : negated(expWide(negated(u))))),
};
