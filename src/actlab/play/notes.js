// What informs about a curve and is no fault: its kinks and the slope that is taken there, jumps, f(0), f(inf); and the
// two faults that belong to single inputs: a slope at a kink that is neither side's, and NaN that becomes a number.
import { backward } from "./backward.js";
import { rounded } from "./rounding.js";
import { general } from "./shown.js";
import { postorder } from "./tree.js";
import { walked } from "./walk.js";

const BETWEEN = 1e-4;  // how far outside of the two sides' slopes rounding may put one
const BESIDE = 1e-6;

export function notes(curve) {
  const { names, parameters, trees } = curve, values = names.map((one) => parameters[one]);
  const isSound = curve.form === "sound", back = backward(trees.value, names, "float64");
  const slopeAt = (x) => (isSound ? curve.slope(x) : back(x, values).slope);
  const kinks = [...curve.kinks].map((x) => kinkOf(curve, x, slopeAt));
  const faults = [...kinks.filter((kink) => !kink.isJump && !isBetween(kink)).map(outside), ...swallowsNaN(curve, values)];
  const zero = numberAt(curve, values, 0, "float64"), told = [
    ...kinks.map((kink) => ({ check: "kinks", says: kinkText(kink, isSound, () => choices(trees.value, curve, kink, slopeAt)) })),
    ...steep(curve, values, slopeAt),
    ...(Number.isFinite(zero) && Math.abs(zero) > 1e-12
      ? [{ check: "zero", says: `f(0) = ${general(zero, 4)}: what padding, dropout or a ReLU before it made 0 comes out as that.` }] : []),
    ...names.filter((one) => !Number.isFinite(parameters[one])).map((one) => ({ check: "parameters", says: `${one} is ${general(parameters[one], 4)}, which is no number to compute with.` })),
    infinity(curve, values),
  ];
  return { faults, notes: told.map((one) => ({ severity: "note", outcome: "note", ...one })) };
}

function kinkOf(curve, x, slopeAt) {
  const step = BESIDE * Math.max(1, Math.abs(x)), [below, above] = [curve.value(x - step), curve.value(x + step)];
  const [left, right] = [x - step, x + step].map((beside) => curve.slope(beside));
  const isJump = Math.abs(above - below) > 10 * step * (1 + Math.abs(left) + Math.abs(right));
  return { x, value: curve.value(x), below, above, left, right, isJump, taken: slopeAt(x) };
}

function isBetween({ left, right, taken }) {
  const [low, high] = [Math.min(left, right), Math.max(left, right)];
  if (Number.isNaN(low) || Number.isNaN(high)) return true;  // one side is no number: another finding says so
  return taken >= low - BETWEEN * (1 + Math.abs(low) + Math.abs(high)) && taken <= high + BETWEEN * (1 + Math.abs(low) + Math.abs(high));
}

function outside({ x, left, right, taken }) {
  const [at, got, below, above] = [x, taken, left, right].map((value) => general(value, 4));
  return {
    check: "kinks", severity: "wrong", outcome: "fail", what: "f'", dtype: "every dtype", kind: "kink", x, got: taken,
    should: null, count: 1, total: 1, where: `at x = ${at}`, because: "",
    says: `f' is ${got}; from the left it is ${below}, from the right ${above}.`,
    mend: "Choose the left limit or the right one; sign(x), abs(x) and a division by x lose the slope at 0.",
  };
}

function kinkText({ x, value, below, above, left, right, isJump, taken }, isSound, choicesOf) {
  const at = general(x, 4), told = (number) => general(number, 4);
  if (isJump) return `f jumps at ${at} from ${told(below)} to ${told(above)}; f(${at}) = ${told(value)}, f'(${at}) = ${told(taken)} is taken.`;
  const who = isSound ? `f'(${at}) = ${told(taken)} is taken` : choicesOf();
  return `A kink at ${at}: slope ${told(left)} on its left, ${told(right)} on its right; ${who}.`;
}

// What is taken at a kink, by whom: clamp, maximum and actlab do not agree about a tie.
function choices(tree, curve, { x, taken }, slopeAt) {
  const at = general(x, 4), own = curve.slope(x);
  const isExtreme = postorder(tree).some(({ op }) => op === "min" || op === "max");
  if (!isExtreme) return `PyTorch takes f'(${at}) = ${general(taken, 4)}${own === taken ? "" : `, actlab ${general(own, 4)}`}`;
  const middle = (curve.slope(x - 1e-9) + curve.slope(x + 1e-9)) / 2;
  return `f'(${at}) is ${general(taken, 4)} by torch.clamp, ${general(middle, 4)} by torch.maximum or minimum, ${general(own, 4)} by actlab`;
}

function steep(curve, values, slopeAt) {
  const isEndless = (x) => Number.isFinite(numberAt(curve, values, x, "float64")) && Math.abs(slopeAt(x)) === Infinity;
  const found = [...curve.kinks, 0].find(isEndless);
  return found === undefined ? [] : [{
    check: "finite",
    says: `f' is infinite at x = ${general(found, 4)}: one input of exactly that, and the gradient of a batch is infinite. ` +
      "Start the root a little beside it: sqrt(x**2 + 1e-6).",
  }];
}

function numberAt(curve, values, x, dtype = "float32") {
  if (curve.form === "sound") return rounded(curve.trees.value, curve.names, dtype).one(x, values);
  return walked(curve.trees.value, curve.names, dtype)(x, values).get(curve.trees.value);
}

function swallowsNaN(curve, values) {
  const got = numberAt(curve, values, NaN);
  return Number.isNaN(got) || !curve.trees.value.symbols.has("x") ? [] : [{
    check: "nan", severity: "wrong", outcome: "fail", what: "f", dtype: "every dtype", kind: "swallowed", x: NaN, got, should: NaN,
    count: 1, total: 1, where: "at x = nan", because: "", says: `NaN becomes ${general(got, 4)}: a diverged network would look sound.`,
    mend: "Comparisons with NaN are false: let the branch that takes them return x, or use clamp.",
  }];
}

function infinity(curve, values) {
  const [right, left] = [Infinity, -Infinity].map((x) => general(numberAt(curve, values, x), 4));
  return { check: "infinity", says: `f(inf) = ${right}, f(-inf) = ${left}: no network should get there.` };
}
