// What informs about a curve and is no fault: its kinks and the slope that is taken there, jumps, f(0); and the
// two faults that belong to single inputs: a slope at a kink that is neither side's, and NaN that becomes a number.
import { backward } from "./backward.js";
import { rounded } from "../numbers/rounding.js";
import { general } from "./shown.js";
import { roundedOff } from "../properties/places.js";
import { postorder } from "../language/tree.js";
import { walked } from "./walk.js";

const BETWEEN = 1e-4;  // how far outside of the two sides' slopes rounding may put one
const BESIDE = 1e-6;
const GROWS = 1.2;  // a thousand times closer; a logarithm grows by a third

export function notes(curve) {
  const { names, parameters, trees } = curve, values = names.map((one) => parameters[one]);
  const isSound = curve.form === "sound", back = backward(trees.value, names, "float64");
  const slopeAt = (x) => (isSound ? curve.slope(x) : back(x, values).slope);
  const kinks = [...curve.kinks].map((x) => kinkOf(curve, x, slopeAt));
  const told = [
    ...kinks.filter(isSeen).map((kink) => note("kinks", kinkText(kink, curve))),
    ...steep(curve, values, slopeAt), ...ofZero(numberAt(curve, values, 0, "float64")),
    ...names.filter((one) => !Number.isFinite(parameters[one]))
      .map((one) => note("parameters", `${one} is ${general(parameters[one], 4)}, no number to compute with.`)),
  ];
  const endless = told.filter(({ short }) => short).map(({ short }) => short);
  const outside = kinks.filter((kink) => !kink.isJump && !isBetween(kink)).map(neitherSide);
  return { faults: [...outside, ...swallowsNaN(curve, values)], notes: told, endless };
}

const note = (check, says) => ({ check, severity: "note", outcome: "note", says });
const fault = (more) => ({
  severity: "wrong", outcome: "fail", dtype: "every dtype", should: null, error: 0, count: 1, total: 1, because: "",
  ...more,
});

function ofZero(zero) {
  if (!Number.isFinite(zero) || Math.abs(zero) <= 1e-12) return [];
  const words = "what padding, dropout or a ReLU before it made 0 comes out as that.";
  return [note("zero", `f(0) = ${general(zero, 4)}: ${words}`)];
}

function kinkOf(curve, x, slopeAt) {
  const slope = (at) => [curve.slope(at), slopeAt(at)].find((one) => !Number.isNaN(one)) ?? NaN;
  const step = BESIDE * Math.max(1, Math.abs(x)), both = (f) => [x - step, x + step].map(f);
  const [below, above] = both(curve.value), [left, right] = both(slope);
  const isJump = Math.abs(above - below) > 10 * step * (1 + Math.abs(left) + Math.abs(right));
  const limits = [curve.value, slope].map((f) => [-1, 1].map((side) => limitAt(f, x, side)));
  const value = curve.value(x), isOff = (limit) => Math.abs(limit - value) > 1e-4 * (1 + Math.abs(value));
  return { x, value, isJump, isAlone: !isJump && limits[0].every(isOff), taken: slopeAt(x), limits };
}

// What f comes to on one side of x: infinite where it is larger the closer one looks, else by a line through two
// points.
function limitAt(f, x, side) {
  const scale = side * Math.max(1, Math.abs(x)), beside = (by) => f(x + by * scale);
  const [far, near, close] = [1e-6, 1e-9, 1e-12].map(beside), grows = (a, b) => Math.abs(b) > GROWS * Math.abs(a);
  if (grows(far, near) && grows(near, close) && Math.abs(close) > 1) return Math.sign(close) * Infinity;
  const [most, middle, least] = [far, near, close].map(Math.abs);
  if (least < 1e-4 && middle > 9 * least && most > 9 * middle) return 0;
  const [one, two] = [1e-7, 2e-7].map(beside), limit = 2 * one - two;
  return Number.isFinite(limit) ? roundedOff(limit) : one;
}

// A tie of pieces that meet smoothly is none.
const isSeen = ({ isJump, isAlone, limits: [, [left, right]] }) =>
  isJump || isAlone || !(Math.abs(left - right) < 1e-6);

function isBetween({ limits: [, sides], taken }) {
  const [low, high] = [Math.min(...sides), Math.max(...sides)];
  if (Number.isNaN(low) || Number.isNaN(high)) return true;  // one side is no number: another finding says so
  const slack = (side) => (Number.isFinite(side) ? BETWEEN * (1 + Math.abs(side)) : 0);
  return taken >= low - slack(low) - slack(high) && taken <= high + slack(low) + slack(high);
}

function neitherSide({ x, taken, limits: [, [left, right]] }) {
  const [at, got, below, above] = [x, taken, left, right].map((value) => general(value, 4));
  return fault({
    check: "kinks", what: "f'", kind: "kink", x, got: taken, where: `at x = ${at}`,
    says: `f' is ${got}; from the left it is ${below}, from the right ${above}.`,
    mend: "Choose the left limit or the right one; sign(x), abs(x) and a division by x lose the slope at 0.",
  });
}

function kinkText({ x, value, isJump, isAlone, taken, limits: [[below, above], [left, right]] }, curve) {
  const at = general(x, 4), told = (number) => general(number, 4);
  if (isAlone) return `f(${at}) = ${told(value)} stands alone: beside it f is ${told(below)}.`;
  if (isJump) {
    const here = `f(${at}) = ${told(value)}, f'(${at}) = ${told(taken)} is taken`;
    return `f jumps at ${at} from ${told(below)} to ${told(above)}; ${here}.`;
  }
  const taking = curve.form === "sound"
    ? `f'(${at}) = ${told(taken)} is taken` : choices(curve, x, taken, (left + right) / 2);
  return `A kink at ${at}: slope ${told(left)} on its left, ${told(right)} on its right; ${taking}.`;
}

// What is taken at a kink, by whom: clamp, maximum and actlab do not agree about a tie.
function choices(curve, x, taken, middle) {
  const own = curve.slope(x);
  const [at, torch, actlab, halfway] = [x, taken, own, middle].map((value) => general(value, 4));
  if (postorder(curve.trees.value).some(({ op }) => op === "min" || op === "max")) {
    const ours = Number.isNaN(own) ? "" : `, ${actlab} by actlab`;
    return `f'(${at}) is ${torch} by torch.clamp, ${halfway} by torch.maximum or minimum${ours}`;
  }
  return `PyTorch takes f'(${at}) = ${torch}${own === taken || Number.isNaN(own) ? "" : `, actlab ${actlab}`}`;
}

function steep(curve, values, slopeAt) {
  const isEndless = (x) => Number.isFinite(numberAt(curve, values, x, "float64")) && Math.abs(slopeAt(x)) === Infinity;
  const found = [...curve.kinks, 0].find(isEndless), at = general(found ?? NaN, 4);
  const words = `f' is infinite at x = ${at}: one input of exactly that, and the gradient of a batch is infinite.`;
  const told = () => note("finite", `${words} Start the root a little beside it: sqrt(x**2 + 1e-6).`);
  const short = `Its slope is infinite at x = ${at}: one such input ends a training.`;
  return found === undefined ? [] : [{ ...told(), short }];
}

function numberAt(curve, values, x, dtype = "float32") {
  if (curve.form === "sound") return rounded(curve.trees.value, curve.names, dtype).one(x, values);
  return walked(curve.trees.value, curve.names, dtype)(x, values).get(curve.trees.value);
}

function swallowsNaN(curve, values) {
  const got = numberAt(curve, values, NaN);
  return Number.isNaN(got) || !curve.trees.value.symbols.has("x") ? [] : [fault({
    check: "nan", what: "f", kind: "swallowed", x: NaN, got, should: NaN, where: "at x = nan",
    says: `NaN becomes ${general(got, 4)}: a diverged network would look sound.`,
    mend: "Comparisons with NaN are false: let the branch that takes them return x, or use clamp.",
  })];
}
