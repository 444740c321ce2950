// What is true of f or f' at the inputs of the battery, as well as the page can know it, and what a dtype makes of it.
import { backward } from "./backward.js";
import { bounded } from "../numbers/bounds.js";
import { rounded } from "../numbers/rounding.js";
import { COMPARISONS } from "../language/tree.js";
import { walked } from "./walk.js";
import { wide } from "./wide.js";

export const CENTRE = 12;  // what is nearer to 0 is the centre, the rest the tails; as checks/battery/sampling.py
const NEAR_ZERO = [1e-38, 1e-30, 1e-20, 1e-12, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05];
const TAILS = [
  13, 15, 17, 18.5, 20, 20.5, 25, 30, 36, 40, 50, 60, 75, 80, 85, 87, 88, 88.5, 88.7, 88.8, 89, 90, 95, 100, 103,
  104, 105, 120, 150, 200, 256, 300, 500, 512, 700, 709, 710, 745, 746, 1e3, 1024, 2048, 4096, 8192, 1e4,
];
const BESIDE_KINKS = [0, -1e-3, -1e-6, 1e-6, 1e-3];
const ENDS = new Set(["min", "max", ...COMPARISONS]);

// All are numbers of float32, so that one truth serves two dtypes.
export function inputsFor(kinks) {
  const grid = Array.from({ length: 16 * CENTRE + 1 }, (_, at) => at / 8 - CENTRE);
  const beside = [...kinks].flatMap((kink) => BESIDE_KINKS.map((by) => kink + by * Math.max(1, Math.abs(kink))));
  const signed = [...NEAR_ZERO, ...TAILS].flatMap((x) => [x, -x]);
  return Float64Array.from(new Set([0, ...signed, ...grid, ...beside].map((x) => Math.fround(x) + 0))).sort();
}

// f or f' at the points: `truth` has for each { given, value, error, beyond }, what a double gives, what is true, how
// far that may be off, and whether it is larger than every double; `sensitive` is what a rounding of x may change.
export function quantityOf(curve, what, points) {
  const { names } = curve, values = names.map((one) => curve.parameters[one]), isValue = what === "f";
  const tree = isValue ? curve.trees.value : curve.trees.slope, isSound = curve.form === "sound";
  const sensitive = new Float64Array(points.length);
  (isValue ? curve.slopes : curve.seconds)(points, sensitive);
  sensitive.forEach((by, at) => { sensitive[at] = Math.abs(points[at] * by) || 0; });
  const quantity = { what, names, values, isSound, tree, valueTree: curve.trees.value, points, sensitive };
  const far = wide(tree, names), bound = bounded(tree, names), compute = computing(quantity, "float64");
  const trueAt = (x) => {
    const { got: given, steps } = compute(x);
    if (isSound && Number.isFinite(given)) return { given, value: given, error: 0 };
    const known = isValue || !isTie(steps) ? bound(x, values) : besideTie(bound, x, values);
    if (Number.isFinite(known.value) && (Number.isFinite(given) || !isValue)) return { given, ...known };
    const { value, beyond } = far(x, values);
    return { given, value, beyond, error: Number.isFinite(value) ? 1e-9 * Math.abs(value) : 0 };
  };
  const kinks = [...curve.kinks].filter((x) => !isValue || jumpsAt(curve, x));
  return { ...quantity, truth: Array.from(points, trueAt), kinks };
}

// Whether f itself leaps here: which side a rounded pi lies on is then chance, and no mistake.
function jumpsAt({ value }, x) {
  const gap = (by) => Math.abs(value(x - by * Math.max(1, Math.abs(x))) - value(x + by * Math.max(1, Math.abs(x))));
  return gap(1e-12) > 1e-6 && gap(1e-12) > 0.5 * gap(1e-9);
}

// f(x) -> { got, steps, why } in a dtype: a sound form as actlab computes it, else step by step as code in PyTorch.
export function computing({ what, names, values, isSound, tree, valueTree }, dtype) {
  if (isSound) {
    const { one } = rounded(tree, names, dtype), walk = walked(tree, names, dtype);
    return (x) => ({ got: one(x, values), get steps() { return walk(x, values); } });
  }
  if (what === "f") {
    const walk = walked(valueTree, names, dtype);
    return (x) => {
      const steps = walk(x, values);
      return { got: steps.get(valueTree), steps };
    };
  }
  const back = backward(valueTree, names, dtype);
  return (x) => {
    const { slope, found, why } = back(x, values);
    return { got: slope, steps: found, why };
  };
}

// Whether a piece ends exactly here.
function isTie(steps) {
  const value = (part) => steps.get(part), isZero = (op) => op === "abs" || op === "sign" || op === "relu";
  const ends = ({ op, parts: [u, v] }) => (ENDS.has(op) ? value(u) === value(v) : isZero(op) && value(u) === 0);
  return [...steps.keys()].some(ends);
}

// Where pieces meet smoothly the slope is that of both sides, at two distances; where they do not, nobody knows it.
function besideTie(bound, x, values) {
  const scale = Math.max(1, Math.abs(x));
  const both = (step) => [-1, 1].map((side) => bound(x + side * step * scale, values));
  const [below, above] = both(1e-11), value = (below.value + above.value) / 2;
  const gap = Math.max(...[above, ...both(1e-9)].map((one) => Math.abs(one.value - below.value)));
  if (!(gap <= 1e-6 * (1 + Math.abs(value)))) return { value: NaN, error: Infinity };
  return { value, error: gap + below.error + above.error + 1e-10 * (1 + Math.abs(value)) };
}
