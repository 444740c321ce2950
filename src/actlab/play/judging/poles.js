// Poles, also between the points of a grid: where |f| is larger the closer one looks, with numbers on both sides.
import { compiled } from "../numbers/evaluate.js";
import { NEAR, roundedOff } from "../properties/places.js";
import { ONE, apply, postorder } from "../language/tree.js";

const ROUNDS = 9;  // each looks ten times closer, down to 2e-11
const PARTS = 20, GROWS = 1.02;  // a logarithm's pole grows by a tenth from round to round, what is smooth by nothing
const STRAIGHT = Array.from({ length: 21 }, (_, n) => n / 20);

// In [-50, 50], nearest to 0 first.
export function polesOf(curve) {
  const { names, parameters, trees } = curve, values = names.map((one) => parameters[one]);
  const inverses = denominators(trees.value).map((part) => apply("/", ONE, part));
  const found = [trees.value, ...inverses].flatMap((tree) => {
    const { many } = compiled(tree, names);
    return peaks((xs) => many(xs, values).map(Math.abs));
  }).sort((one, other) => Math.abs(one) - Math.abs(other) || other - one);
  const apart = found.filter((x, at) => !found.slice(0, at).some((other) => Math.abs(x - other) < 1e-6));
  return apart.filter((x) => isEndless(curve, x));
}

// What a value is divided by, and what a logarithm or tangent has no value at, once each.
function denominators(tree) {
  const found = new Set();
  const add = ({ op, parts: [u, v] }) => {
    if (op === "/") factors(v).forEach((one) => found.add(one));
    else if (op === "**" && !(v.value > 0)) found.add(u);
    else if (op === "log") found.add(u);
    else if (op === "log1p") found.add(apply("+", ONE, u));
    else if (op === "tan") found.add(apply("cos", u));
  };
  postorder(tree).forEach(add);
  return [...found].filter(({ symbols }) => symbols.has("x")).slice(0, PARTS);
}

function factors(tree) {
  if (tree.op === "*") return tree.parts.flatMap(factors);
  return tree.op === "**" || tree.op === "neg" ? factors(tree.parts[0]) : [tree];
}

// Where a size goes on growing: local maxima on the grid, looked at closer and closer; what levels off is left out.
function peaks(size) {
  const near = size(NEAR), at = (n) => (near[n] >= 0 ? near[n] : -1);
  const beside = (n) => [at(n - 1), at(n + 1)];
  const isPeak = (n) => at(n) >= Math.max(0, ...beside(n)) && at(n) > Math.min(...beside(n));
  let left = [...NEAR.keys()].slice(1, -1).filter(isPeak).map((n) => [NEAR[n - 1], NEAR[n + 1]]);
  for (let round = 0; round < ROUNDS && left.length; round++) {
    const points = left.flatMap(([from, to]) => STRAIGHT.map((part) => from + part * (to - from)));
    const sizes = size(Float64Array.from(points));
    left = left.flatMap(([from, to], row) => {
      const seen = [...sizes.subarray(21 * row, 21 * row + 21)].map((one) => (one >= 0 ? one : -1));
      const top = Math.max(...seen), x = points[21 * row + seen.indexOf(top)], step = (to - from) / 20;
      return top > GROWS * Math.max(seen[0], seen[20]) ? [[x - step, x + step]] : [];
    });
  }
  return left.map(([from, to]) => roundedOff((from + to) / 2));
}

// Whether f is a number on both sides, and larger the closer to x, as far as its digits are sure.
function isEndless(curve, x) {
  const scale = Math.max(1, Math.abs(x)), beside = (by) => curve.trusted(x + by * scale);
  const sides = [-1, 1].map((side) => [1e-2, 1e-5, 1e-7].map((by) => beside(side * by)));
  const isSure = ({ value, error }) => error < 0.1 * Math.abs(value);
  const isFull = (first, close) => Number.isFinite(first.value) && Math.abs(close.value) === Infinity;
  const grows = ([first, far, close]) => isFull(first, close)
    || (isSure(far) && isSure(close) && Math.abs(close.value) > Math.max(1, GROWS * Math.abs(far.value)));
  return sides.flat().every(({ value }) => !Number.isNaN(value)) && sides.some(grows);
}
