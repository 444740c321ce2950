// The page's part of `actlab check`: NaN, inf and lost digits of f and f' to +-1e4, in three dtypes, with the inputs.
import { DTYPES, nearestOf } from "../numbers/rounding.js";
import { general, mendOf, runsIn, toldApart } from "./shown.js";
import { CENTRE, computing, inputsFor, quantityOf } from "./truth.js";
import { reasonOf } from "./walk.js";

export const FORMATS = {  // as checks/battery/limits.py: so many units of the last place a few operations may be off
  float64: { eps: 2 ** -52, units: 32, largest: Number.MAX_VALUE, tiny: 2 ** -1022 },
  float32: { eps: 2 ** -23, units: 32, largest: (2 - 2 ** -23) * 2 ** 127, tiny: 2 ** -126 },
  float16: { eps: 2 ** -10, units: 8, largest: 65504, tiny: 2 ** -14 },
};
const RELATIVE = 1e-3;  // of the value in float32 and float64, wherever the true value is a normal number
const UNSURE = 1e-9;  // of a double's size: what its bound may be
const SURELY = 32;  // a bound is hardly ever so much wider than the error

// f and f' at the inputs of the battery.
export function quantitiesOf(curve) {
  const points = inputsFor(curve.kinks), [f, slope] = ["f", "f'"].map((what) => quantityOf(curve, what, points));
  return { f, slope };
}

// What is wrong with a curve: a list of findings, as checks/battery/findings.py has them.
export function faults({ f, slope }) {
  const { points } = f;
  return [...undefinedIn(f), ...[f, slope].flatMap((one) => DTYPES.flatMap((dtype) => wrongIn(one, dtype, f)))];
}

const finding = (more) => ({ severity: "wrong", outcome: "fail", because: "", should: null, error: 0, ...more });
const nearestZero = (places, xOf) =>
  places.reduce((best, one) => (Math.abs(xOf(one)) < Math.abs(xOf(best)) ? one : best));

// Where f is no number, and would not be one with more digits: NaN, or a pole, which has numbers on both sides.
function undefinedIn({ truth, points }) {
  const isNumber = truth.map(({ given, value, beyond }) => beyond || Number.isFinite(given) || Number.isFinite(value));
  const first = isNumber.indexOf(true), last = isNumber.lastIndexOf(true), judged = [...points.keys()];
  const bad = judged.filter((at) => !isNumber[at] && (Number.isNaN(truth[at].given) || (at > first && at < last)));
  if (!bad.length) return [];
  const at = nearestZero(bad, (place) => points[place]), x = points[at], got = truth[at].given;
  const [low, high, shown] = [points[bad[0]], points[bad.at(-1)], x].map((one) => general(one, 6));
  const beside = [at - 1, at + 1].map((place) => general(truth[place]?.given ?? NaN, 3));
  const isOne = bad.length === 1, count = bad.length, total = points.length, here = `f(${shown}) is ${general(got, 6)}`;
  return [finding({
    check: "finite", what: "f", dtype: "every dtype", kind: "undefined", x, got, count, total,
    where: runsIn(points, bad, judged),
    says: isOne
      ? `${here}: one input of exactly ${shown} ends a training. Beside it f is ${beside.join(" and ")}.`
      : `f is no number at ${count} of ${total} inputs from ${low} to ${high}; ${here}.`,
    mend: isOne
      ? `Zeros are common (padding, dropout, a ReLU before it): give f(${shown}) a value, with ` +
        "Piecewise((..., Abs(x) > 0), (value, True))."
      : "Activations are given every number, of either sign: log, a root and a division need log(1 + Abs(x)), " +
        "sqrt(x**2 + 1), 1/(1 + Abs(x)), or the part that is defined, by Max(x, 0).",
  })];
}

// What comes out wrong of a quantity in a dtype, a finding a kind.
function wrongIn(quantity, dtype, f) {
  const { points, truth } = quantity, compute = computing(quantity, dtype), judged = [], kinds = new Map();
  for (const [at, x] of points.entries()) {
    if (!isJudged(quantity, dtype, at, f)) continue;
    const { got } = compute(x), kind = faultAt(quantity, at, got, dtype);
    if (kind === "unsaid") continue;
    judged.push(at);
    if (kind) kinds.set(kind, [...(kinds.get(kind) ?? []), { at, x, got }]);
  }
  // a slope that is infinite at one input alone is the start of a root, which is a note
  const isRoot = ([kind, bad]) => kind === "inf" && bad.length === 1 && !Number.isFinite(truth[bad[0].at].value);
  return [...kinds].filter((one) => !isRoot(one))
    .map(([kind, bad]) => fault(quantity, dtype, kind, bad, judged, compute));
}

function isJudged({ what, points, truth, kinks }, dtype, at, f) {
  const x = points[at], { eps, tiny } = FORMATS[dtype];
  if (nearestOf[dtype](x) !== x) return false;
  if (kinks.some((kink) => Math.abs(x - kink) <= 4 * eps * Math.abs(kink) + tiny)) return false;
  const { value, beyond } = truth[at];
  return Number.isFinite(value) || (Number.isFinite(f.truth[at].given) && (beyond || what === "f'"));
}

// "nan", "inf", "digits", "" where nothing is wrong, and "unsaid" where too little is known, or the truth is next to 0.
function faultAt({ what, truth, points, sensitive, isSound }, at, got, dtype) {
  const { value, error, beyond } = truth[at], { eps, units, largest, tiny } = FORMATS[dtype], share = units * eps;
  if (Number.isNaN(got)) return "nan";
  if (beyond) return "";
  if (!Number.isFinite(value)) return Number.isFinite(got) ? "unsaid" : "inf";  // of a slope that nobody knows
  if (!Number.isFinite(got)) {
    const isLarge = Math.abs(value) * (1 + share) + error >= largest;
    if (isLarge && (Math.sign(got) === Math.sign(value) || error >= Math.abs(value))) return "";
    return error === Infinity ? "unsaid" : "inf";
  }
  const isValue = what === "f", moved = Math.min(sensitive[at], largest);
  const wanted = nearestOf[dtype](value), size = Math.min(Math.abs(wanted), largest), gap = Math.abs(got - wanted);
  const exponents = dtype !== "float16" && size > 0 ? eps * Math.abs(Math.log(size)) * size : 0;
  const scale = 1 + moved + size, limit = share * scale + exponents, isUnsure = error > UNSURE * scale;
  const normal = 4 * tiny * Math.max(1, Math.abs(points[at]));
  if (!isValue && isUnsure) return gap <= Math.max(UNSURE * scale, limit) ? "" : "digits";  // two ways to compute it
  if (isValue && dtype === "float64" && !isSound) {  // the bound is all that is known
    if (points[at] === 0) return "";
    if (isUnsure || (error > SURELY * RELATIVE * size + share * moved && error + size > normal)) return "digits";
    return size > normal ? "" : "unsaid";
  }
  if (!(gap <= limit + error)) return "digits";
  if (dtype === "float16" || !isValue) return "";
  if (!(Math.abs(value) - error >= normal && Math.abs(value) <= largest / 2)) return "unsaid";
  return Math.abs(got - value) <= RELATIVE * Math.abs(value) + share * moved + error ? "" : "digits";
}

// The finding of these places, shown by the one nearest to 0.
function fault({ what, truth, points }, dtype, kind, bad, judged, compute) {
  const { at, x, got } = nearestZero(bad, (one) => one.x), { value, error } = truth[at], { steps, why } = compute(x);
  const isByBound = dtype === "float64" && kind === "digits" && what === "f";
  const should = isByBound ? null : sureDigits(value, error), count = bad.length, total = judged.length;
  const [gotText, trueText] = should === null ? [general(got, 6), ""] : toldApart(got, should);
  const isTwoWays = kind === "digits" && should === null && !isByBound && Number.isFinite(value);
  const unsure = error < Math.abs(got) ? `and may be off by ${general(error, 2)}` : "of which no digit is certain";
  const wrong = `${should === null ? "and f is a number" : `true is ${trueText}`}; wrong at ${count} of ${total}`;
  const other = `by its formula it is ${general(value + 0, 6)}, and neither is certain`;
  return finding({
    check: checkOf(what, dtype, x), what, dtype, kind, x, got, count, total,
    should, error: isByBound || isTwoWays ? error : 0, because: why ?? reasonOf(steps),
    mend: mendOf(got, value, what),
    says: isTwoWays ? `Digits are lost here: as autograd takes it ${what} is ${gotText}, ${other}.`
      : isByBound ? `Digits are lost here: ${what} is ${gotText}, ${unsure}.` : `${what} is ${gotText}, ${wrong}.`,
    where: runsIn(points, bad.map((one) => one.at), judged),
  });
}

// The truth in the digits that are certain of it, at most 17; null where hardly two are.
function sureDigits(value, error) {
  if (!Number.isFinite(value) || !(error <= 0.01 * Math.abs(value))) return value === 0 && error === 0 ? value : null;
  const digits = Math.floor(-Math.log10(error / Math.abs(value)));
  return digits < 17 ? Number(value.toPrecision(digits)) : value;
}

// Which of the battery's checks finds this.
function checkOf(what, dtype, x) {
  if (dtype === "float16") return "float16";
  const isFar = Math.abs(x) > CENTRE;
  if (what === "f") return isFar ? "tails" : "value";
  return isFar ? "gradient_tails" : "derivative";
}
