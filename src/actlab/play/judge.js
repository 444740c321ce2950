// The page's part of `actlab check`: NaN, inf and lost digits of f and f' to +-1e4, in three dtypes, each with its input.
import { backward } from "./backward.js";
import { bounded } from "./bounds.js";
import { DTYPES, nearestOf, rounded } from "./rounding.js";
import { general, mendOf, runsIn, toldApart } from "./shown.js";
import { reasonOf, walked } from "./walk.js";
import { COMPARISONS } from "./tree.js";
import { wide } from "./wide.js";

const CENTRE = 12;  // what is nearer to 0 is the centre, the rest the tails; as checks/battery/sampling.py
const NEAR_ZERO = [1e-38, 1e-30, 1e-20, 1e-12, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05];
const TAILS = [
  13, 15, 17, 18.5, 20, 20.5, 25, 30, 36, 40, 50, 60, 75, 80, 85, 87, 88, 88.5, 88.7, 88.8, 89, 90, 95, 100, 103,
  104, 105, 120, 150, 200, 256, 300, 500, 512, 700, 709, 710, 745, 746, 1e3, 1024, 2048, 4096, 8192, 1e4,
];
const FORMATS = {
  float64: { eps: 2 ** -52, units: 32, largest: Number.MAX_VALUE, tiny: 2 ** -1022 },
  float32: { eps: 2 ** -23, units: 32, largest: (2 - 2 ** -23) * 2 ** 127, tiny: 2 ** -126 },
  float16: { eps: 2 ** -10, units: 8, largest: 65504, tiny: 2 ** -14 },
};
const UNSURE = 1e-9;  // of a double's size: what its bound may be
const SURELY = 32;  // a bound is so much wider than the error at most, nearly always
const RELATIVE = 1e-3;  // of the value in float32 and float64, wherever the true value is a normal number

// What is wrong with a curve: a list, the gravest first. `told` says of each quantity and dtype that it is done.
export function faults(curve) {
  const points = inputsFor(curve.kinks);
  const f = quantityOf(curve, "f", points), slope = quantityOf(curve, "f'", points);
  const undefinedPart = undefinedAmong(f, points);
  const found = [f, slope].flatMap((quantity) => DTYPES.flatMap((dtype) => wrongIn(quantity, dtype, f)));
  return [...undefinedPart, ...found];
}

// All are numbers of float32, so that one truth serves two dtypes.
export function inputsFor(kinks) {
  const grid = Array.from({ length: 16 * CENTRE + 1 }, (_, at) => at / 8 - CENTRE);
  const beside = [...kinks].flatMap((kink) => [kink, ...[-1e-3, -1e-6, 1e-6, 1e-3].map((by) => kink + by * Math.max(1, Math.abs(kink)))]);
  const all = [...NEAR_ZERO, ...TAILS].flatMap((x) => [x, -x]).concat(grid, beside, 0).map((x) => Math.fround(x) + 0);
  return Float64Array.from(new Set(all)).sort();
}

// What is to be judged, f or f': what is true of it at the points, and by how much its slope moves it.
function quantityOf(curve, what, points) {
  const { names } = curve, values = names.map((one) => curve.parameters[one]), isValue = what === "f";
  const tree = isValue ? curve.trees.value : curve.trees.slope, isSound = curve.form === "sound";
  const moved = new Float64Array(points.length);
  (isValue ? curve.slopes : curve.seconds)(points, moved);
  const sensitive = moved.map((by, at) => Math.abs(points[at] * by)).map((by) => (Number.isNaN(by) ? 0 : by));
  const quantity = { what, names, values, isSound, tree, valueTree: curve.trees.value, points, sensitive };
  const far = wide(tree, names), bound = bounded(tree, names), compute = computing(quantity, "float64");
  const trueAt = (x) => {
    const { got: given, steps } = compute(x);
    if (isSound && Number.isFinite(given)) return { given, value: given, error: 0 };
    const known = isValue || !isTie(steps) ? bound(x, values) : besideTie(bound, x, values);
    if (Number.isFinite(known.value) && !(isValue && !Number.isFinite(given))) return { given, ...known };
    const { value, beyond } = far(x, values);
    return { given, value, beyond, error: Number.isFinite(value) ? 1e-9 * Math.abs(value) : 0 };
  };
  return { ...quantity, truth: [...points].map(trueAt), kinks: isValue ? [] : [...curve.kinks] };
}

// f(x) -> {got, steps, why} in a dtype: of a sound form as actlab computes it, else step by step as code in PyTorch does.
function computing({ what, names, values, isSound, tree, valueTree }, dtype) {
  if (isSound) {
    const { one } = rounded(tree, names, dtype), steps = walked(tree, names, dtype);
    return (x) => ({ got: one(x, values), get steps() { return steps(x, values); } });
  }
  const steps = walked(valueTree, names, dtype), back = backward(valueTree, names, dtype);
  if (what === "f") return (x) => { const found = steps(x, values); return { got: found.get(valueTree), steps: found }; };
  return (x) => { const { slope, found, why } = back(x, values); return { got: slope, steps: found, why }; };
}

const EDGED = new Set(["min", "max", ...COMPARISONS]);

// Whether a piece ends exactly here.
function isTie(steps) {
  const value = (part) => steps.get(part);
  return [...steps.keys()].some(({ op, parts }) => (EDGED.has(op) ? value(parts[0]) === value(parts[1])
    : (op === "abs" || op === "sign" || op === "relu") && value(parts[0]) === 0));
}

// Where pieces meet smoothly the slope is that of both sides.
function besideTie(bound, x, values) {
  const step = 1e-11 * Math.max(1, Math.abs(x)), [below, above] = [bound(x - step, values), bound(x + step, values)];
  const gap = Math.abs(below.value - above.value), middle = (below.value + above.value) / 2;
  return gap <= 1e-6 * (1 + Math.abs(middle)) ? { value: middle, error: gap + below.error + above.error + 1e-10 * (1 + Math.abs(middle)) } : { value: NaN, error: Infinity };
}

// Where f is no number, nor would be with more digits: NaN, or a pole.
function undefinedAmong({ truth }, points) {
  const isNumber = truth.map(({ given, value, beyond }) => Number.isFinite(given) || Number.isFinite(value) || beyond);
  const first = isNumber.indexOf(true), last = isNumber.lastIndexOf(true);
  const bad = [...points.keys()].filter((at) => !isNumber[at] && (Number.isNaN(truth[at].given) || (at > first && at < last)));
  if (!bad.length) return [];
  const at = bad.reduce((best, place) => (Math.abs(points[place]) < Math.abs(points[best]) ? place : best));
  const x = points[at], got = truth[at].given;
  const one = bad.length === 1, [low, high] = [points[bad[0]], points[bad.at(-1)]];
  const beside = one ? ` Beside it f is ${[at - 1, at + 1].map((place) => general(truth[place]?.given ?? NaN, 3)).join(" and ")}.` : "";
  const says = one
    ? `f(${general(x, 6)}) is ${general(got, 6)}: one input of exactly ${general(x, 6)} ends a training.${beside}`
    : `f is no number at ${bad.length} of ${points.length} inputs from ${general(low, 6)} to ${general(high, 6)}; ` +
      `f(${general(x, 6)}) is ${general(got, 6)}.`;
  const mend = one
    ? `Zeros are common (padding, dropout, a ReLU before it): give f(${general(x, 6)}) a value, with ` +
      "Piecewise((..., Abs(x) > 0), (value, True))."
    : "Activations are given every number, of either sign: log, a root and a division need log(1 + Abs(x)), " +
      "sqrt(x**2 + 1), 1/(1 + Abs(x)), or the part that is defined, by Max(x, 0).";
  return [{
    check: "finite", severity: "wrong", outcome: "fail", what: "f", dtype: "every dtype", kind: "undefined", x, got,
    should: null, count: bad.length, total: points.length, from: low, to: high, says, mend,
    where: runsIn(points, bad, [...points.keys()]),
  }];
}

// What comes out wrong of a quantity in a dtype, a finding a kind.
function wrongIn(quantity, dtype, f) {
  const { points, truth } = quantity, compute = computing(quantity, dtype);
  const judgedAt = [], kinds = new Map();
  for (const [at, x] of points.entries()) {
    if (!isJudged(quantity, dtype, at, f)) continue;
    const { got } = compute(x), kind = faultIn(got, truth[at], quantity, at, dtype);
    if (kind === "unsaid") continue;
    judgedAt.push(at);
    if (kind) kinds.set(kind, [...(kinds.get(kind) ?? []), { at, x, got }]);
  }
  const isSteep = ([kind, bad]) => kind === "inf" && bad.length === 1 && !Number.isFinite(truth[bad[0].at].value);
  return [...kinds].filter((one) => !isSteep(one)).map(([kind, bad]) => fault(quantity, dtype, kind, bad, judgedAt, compute));
}

function isJudged({ what, points, truth, kinks }, dtype, at, f) {
  const x = points[at], { eps, tiny } = FORMATS[dtype];
  if (nearestOf[dtype](x) !== x) return false;
  if (kinks.some((kink) => Math.abs(x - kink) <= 4 * eps * Math.abs(kink) + tiny)) return false;
  const { value, beyond } = truth[at];
  return Number.isFinite(value) || (Number.isFinite(f.truth[at].given) && (beyond || what === "f'"));
}

// "nan", "inf", "digits", "" where nothing is wrong, and "unsaid" where too little is known, or the truth is next to 0.
function faultIn(got, { value: true_, error, beyond }, { what, points, sensitive, isSound }, at, dtype) {
  const { eps, units, largest, tiny } = FORMATS[dtype], share = units * eps;
  if (Number.isNaN(got)) return "nan";
  if (beyond) return "";
  if (!Number.isFinite(true_)) return Number.isFinite(got) ? "unsaid" : "inf";  // of a slope that nobody knows
  const wanted = nearestOf[dtype](true_), size = Math.min(Math.abs(wanted), largest), moved = Math.min(sensitive[at], largest);
  if (!Number.isFinite(got)) {
    const isLarge = Math.abs(true_) * (1 + share) + error >= largest;
    const overflows = isLarge && (Math.sign(got) === Math.sign(true_) || error >= Math.abs(true_));
    return overflows ? "" : error === Infinity ? "unsaid" : "inf";
  }
  const limit = share * (1 + moved + size) + (dtype !== "float16" && size > 0 ? eps * Math.abs(Math.log(size)) * size : 0);
  const gap = Math.abs(got - wanted);
  const isValue = what === "f", normal = 4 * tiny * Math.max(1, Math.abs(points[at]));
  const scale = 1 + moved + size, isUnsure = error > UNSURE * scale;
  if (!isValue && isUnsure) return gap <= Math.max(UNSURE * scale, limit) ? "" : "digits";  // two ways to compute it disagree
  if (isValue && dtype === "float64" && !isSound) {  // the bound is what is known
    if (points[at] === 0) return "";
    if (isUnsure) return "digits";
    if (error > SURELY * RELATIVE * size + share * moved && error + size > normal) return "digits";
    return size > normal ? "" : "unsaid";
  }
  if (!(gap <= limit + error)) return "digits";
  if (dtype === "float16" || !isValue) return "";
  if (!(Math.abs(true_) - error >= normal && Math.abs(true_) <= largest / 2)) return "unsaid";
  return Math.abs(got - true_) <= RELATIVE * Math.abs(true_) + share * moved + error ? "" : "digits";
}

function fault({ what, truth, points }, dtype, kind, bad, judgedAt, compute) {
  const worst = bad.reduce((best, one) => (Math.abs(one.x) < Math.abs(best.x) ? one : best));
  const { x, got } = worst, { value, error } = truth[worst.at];
  const isUnsure = dtype === "float64" && kind === "digits" && what === "f";
  const { steps, why } = compute(x);
  const far = Math.abs(x) > CENTRE;
  const check = dtype === "float16" ? "float16" : what === "f" ? (far ? "tails" : "value") : (far ? "gradient_tails" : "derivative");
  const isKnown = !isUnsure && Number.isFinite(value);
  const [gotText, trueText] = isKnown ? toldApart(got, value) : [general(got, 6), ""];
  return {
    check, severity: "wrong", outcome: "fail", what, dtype, kind, x, got, should: isKnown ? value : null,
    error: isUnsure ? error : 0, count: bad.length, total: judgedAt.length, because: why ?? reasonOf(steps),
    says: isUnsure
      ? `Digits are lost here: ${what} is ${gotText}, ${error < Math.abs(got) ? `and may be off by ${general(error, 2)}` : "of which no digit is certain"}.`
      : `${what} is ${gotText}${isKnown ? `, true is ${trueText}` : ", and f is a number"}; wrong at ${bad.length} of ${judgedAt.length}.`,
    mend: mendOf(got, value, what), where: runsIn(points, bad.map(({ at }) => at), judgedAt),
  };
}
