// The page's part of `actlab check`: NaN, inf and lost digits of f and f' to +-1e4, in three dtypes, each with its input.
import { bounded } from "./bounds.js";
import { DTYPES, nearestOf, rounded } from "./rounding.js";
import { general, toldApart } from "./shown.js";
import { reasonOf, walked } from "./walk.js";
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

// What is to be judged, f or f': its tree, what is true of it at the points, and by how much its slope moves it.
function quantityOf(curve, what, points) {
  const isValue = what === "f", values = curve.names.map((one) => curve.parameters[one]);
  const tree = isValue ? curve.trees.value : curve.trees.slope;
  const moved = new Float64Array(points.length);
  (isValue ? curve.slopes : curve.seconds)(points, moved);
  const far = wide(tree, curve.names), bound = bounded(tree, curve.names), isSound = curve.form === "sound";
  const one = isValue ? curve.value : curve.slope;
  const trueAt = (x) => {
    const found = isSound ? { value: one(x), error: 0 } : bound(x, values);
    if (Number.isFinite(found.value)) return { ...found, given: found.value };
    const { value, beyond } = far(x, values);
    const error = Number.isFinite(value) ? 1e-9 * Math.abs(value) : 0;
    return { value, beyond, error, given: found.value, overflowed: Number.isFinite(value) || beyond };
  };
  const sensitive = moved.map((by, at) => Math.abs(points[at] * by)).map((by) => (Number.isNaN(by) ? 0 : by));
  const kinks = isValue ? [] : [...curve.kinks];
  return { what, tree, names: curve.names, values, isSound, points, truth: [...points].map(trueAt), sensitive, kinks };
}

// Where f is no number, nor would be with more digits: NaN, or a pole.
function undefinedAmong({ truth }, points) {
  const isNumber = truth.map(({ given, overflowed }) => Number.isFinite(given) || overflowed);
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
    where: whereIn(points, bad, [...points.keys()]),
  }];
}

// What comes out wrong of a quantity in a dtype, a finding a kind.
function wrongIn(quantity, dtype, f) {
  const { points, truth, isSound, tree, names, values } = quantity;
  const steps = walked(tree, names, dtype), whole = rounded(tree, names, dtype);
  const compute = isSound || dtype === "float64" ? (x) => whole.one(x, values) : (x) => steps(x, values).get(tree);
  const judgedAt = [], kinds = new Map();
  for (const [at, x] of points.entries()) {
    if (!isJudged(quantity, dtype, at, f)) continue;
    const got = compute(x), kind = faultIn(got, truth[at], quantity, at, dtype);
    if (kind === "unsaid") continue;
    judgedAt.push(at);
    if (kind) kinds.set(kind, [...(kinds.get(kind) ?? []), { at, x, got }]);
  }
  return [...kinds].map(([kind, bad]) => fault(quantity, dtype, kind, bad, judgedAt, () => steps));
}

function isJudged({ points, truth, kinks }, dtype, at, f) {
  const x = points[at], { eps, tiny } = FORMATS[dtype];
  if (nearestOf[dtype](x) !== x) return false;
  if (kinks.some((kink) => Math.abs(x - kink) <= 4 * eps * Math.abs(kink) + tiny)) return false;
  return Number.isFinite(truth[at].value) || (truth[at].beyond && Number.isFinite(f.truth[at].value));
}

// "nan", "inf", "digits", "" where nothing is wrong, and "unsaid" where too little is known, or the truth is next to 0.
function faultIn(got, { value: true_, error, beyond }, { points, sensitive }, at, dtype) {
  const { eps, units, largest, tiny } = FORMATS[dtype], share = units * eps;
  if (Number.isNaN(got)) return "nan";
  if (beyond) return "";
  const wanted = nearestOf[dtype](true_), size = Math.min(Math.abs(wanted), largest), moved = Math.min(sensitive[at], largest);
  if (!Number.isFinite(got)) {
    const overflows = Math.sign(got) === Math.sign(true_) && Math.abs(true_) * (1 + share) + error >= largest;
    return overflows ? "" : error === Infinity ? "unsaid" : "inf";
  }
  const precise = dtype !== "float16", normal = 4 * tiny * Math.max(1, Math.abs(points[at]));
  if (dtype === "float64") {
    if (error === 0) return "";
    const lost = error > RELATIVE * Math.abs(true_) + share * moved && error + Math.abs(true_) > normal;
    return lost ? "digits" : Math.abs(true_) > normal ? "" : "unsaid";
  }
  const limit = share * (1 + moved + size) + (precise && size > 0 ? eps * Math.abs(Math.log(size)) * size : 0) + error;
  if (!(Math.abs(got - wanted) <= limit)) return "digits";
  if (!precise) return "";
  if (!(Math.abs(true_) - error >= normal && Math.abs(true_) <= largest / 2)) return "unsaid";
  return Math.abs(got - true_) <= RELATIVE * Math.abs(true_) + share * moved + error ? "" : "digits";
}

function fault({ what, truth, points, values }, dtype, kind, bad, judgedAt, stepsOf) {
  const worst = bad.reduce((best, one) => (Math.abs(one.x) < Math.abs(best.x) ? one : best));
  const { x, got } = worst, { value, error } = truth[worst.at];
  const isUnsure = dtype === "float64" && kind === "digits";
  const why = reasonOf(stepsOf()(x, values));
  const far = Math.abs(x) > CENTRE;
  const check = dtype === "float16" ? "float16" : what === "f" ? (far ? "tails" : "value") : (far ? "gradient_tails" : "derivative");
  const [gotText, trueText] = isUnsure ? [general(got, 6), ""] : toldApart(got, value);
  return {
    check, severity: "wrong", outcome: "fail", what, dtype, kind, x, got, should: isUnsure ? null : value,
    error: isUnsure ? error : 0, count: bad.length, total: judgedAt.length, because: why,
    says: isUnsure
      ? `Digits are lost here: ${what} is ${gotText}, and may be off by ${general(error, 2)}.`
      : `${what} is ${gotText}, true is ${trueText}; wrong at ${bad.length} of ${judgedAt.length}.`,
    mend: mendOf(got, value, what), where: whereIn(points, bad.map(({ at }) => at), judgedAt),
  };
}

// What to do about a wrong number, by how it is wrong.
function mendOf(got, should, what) {
  if (Number.isNaN(got)) {
    return "NaN comes of inf - inf, 0 * inf or inf / inf: clamp the argument of exp or of a square, also in the branch " +
      "of torch.where that is not taken, or use expm1, sigmoid, softplus.";
  }
  if (!Number.isFinite(got)) return "An intermediate overflows: clamp it, or take out the large factor (log1p, softplus, sigmoid).";
  if (got === 0 && should !== 0) return "All digits cancel: use a form without a difference, such as expm1, log1p, erfc, sigmoid(-x).";
  return what === "f" ? "Digits cancel: use a form without a difference, such as expm1, log1p, erfc, sigmoid(-x)."
    : "Digits of the slope cancel: write it without a difference, or take the sound form that actlab derives.";
}

// Where the bad points lie among those that were judged: "from x = 17 on", "at x = 0", "from x = -87 to -10".
function whereIn(points, bad, judgedAt) {
  const runs = [], isBad = new Set(bad);
  let open = null;
  judgedAt.forEach((at, place) => {
    if (!isBad.has(at)) { open = null; return; }
    if (!open) runs.push(open = { first: place, last: place });
    open.last = place;
  });
  const told = runs.map(({ first, last }) => {
    const [low, high] = [first, last].map((place) => points[judgedAt[place]]);
    const [a, b] = [low, high].map((x) => general(x, 4));
    const size = low > 0 ? low : high < 0 ? -high : 0;
    const [atStart, atEnd] = [first === 0, last === judgedAt.length - 1];
    const words = atStart && atEnd ? "everywhere" : atEnd ? `from x = ${a} on` : atStart ? `from x = ${b} down` : first === last ? `at x = ${a}` : `from x = ${a} to ${b}`;
    return { size, words };
  }).sort((one, other) => one.size - other.size);
  if (told.length > 3) return `at ${bad.length} of ${judgedAt.length} inputs, of which the first is ${told[0].words.replace(/^(at|from) /, "")}`;
  return told.map(({ words }) => words).join(" and ");
}
