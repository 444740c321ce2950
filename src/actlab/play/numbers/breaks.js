// Where a formula has a kink or jumps: where abs, max or a piece changes, if slope or value change there. As
// actlab/formula/breaks.py, in doubles where that has 33 digits, but also far out and where a value stands alone.
import { differentiate } from "../language/derivative.js";
import { compiled } from "./evaluate.js";
import { COMPARISONS, apply, postorder } from "../language/tree.js";

const EIGHTHS = Array.from({ length: 321 }, (_, n) => (n - 160) / 8 + 1 / 1024);  // from -20 to 20
const FAR_OUT = Array.from({ length: 350 }, (_, n) => 20 * 1.02 ** n);  // to 20,000
const BESIDE = 1e-9, CHANGE = 1e-6;
const MOST_ENDS = 500, FEW = 8;  // what has more kinks than a few goes on like that: far out it is not asked

// The kinks and jumps of a formula, {node, parameters} as `read` has it, in order: those between -20 and 20, among the
// 500 places nearest to 0, and where these are few, those beyond.
export function edges({ node, parameters }) {
  const names = Object.keys(parameters), values = Object.values(parameters);
  const at = (tree) => {
    const { one } = compiled(tree, names);
    return (x) => one(x, values);
  };
  const f = at(node), slope = at(differentiate(node));
  const ends = new Set(postorder(node).flatMap(differences).filter((end) => end.symbols.has("x")));
  const functions = [...ends].map(at), breaksAt = (x) => breaks(f, x) || breaks(slope, x) || isAlone(f, x);
  const among = (grids) => {
    const found = grids.flatMap((grid) => functions.flatMap((end) => zeros(end, grid)));
    const places = [...new Set(found.map((x) => (Math.abs(x) < 1e-15 ? 0 : Number(x.toPrecision(15)))))];
    return places.sort((a, b) => Math.abs(a) - Math.abs(b)).slice(0, MOST_ENDS).filter(breaksAt);
  };
  const near = among([EIGHTHS]), far = near.length > FEW ? [] : among([FAR_OUT, FAR_OUT.map((x) => -x)]);
  return [...new Set([...near, ...far])].sort((a, b) => a - b);
}

// Whether f has a value here that it has on neither side, however near: where x is asked to equal something.
function isAlone(f, x) {
  const value = f(x), [wide, close] = [BESIDE, BESIDE / 1000].map((by) => {
    const step = by * Math.max(Math.abs(x), 1);
    return Math.min(...[x - step, x + step].map((beside) => Math.abs(f(beside) - value)));
  });
  return Number.isFinite(value) && close > CHANGE * Math.max(1, Math.abs(value)) && close > 0.5 * wide;
}

const POLES = new Set(["/", "log", "log1p", "atanh"]);  // what they make infinite of numbers has not overflowed

// x -> whether a curve has no value there: neither a number that overflowed on the way, nor digits that were lost.
export function undefinedOf(curve) {
  const parts = curve.trees && postorder(curve.trees.value), found = new Map();
  const own = curve.trees && curve.names.map((one) => curve.parameters[one]);
  const at = (part, x) => {
    if (!found.has(part)) found.set(part, compiled(part, curve.names));
    return found.get(part).one(x, own);
  };
  return (x) => {
    if (!Number.isNaN(curve.value(x))) return false;
    const first = parts?.find((part) => !part.isCondition && !Number.isFinite(at(part, x)));
    if (!first) return true;
    return Number.isNaN(at(first, x)) || POLES.has(first.op);
  };
}

// What is 0 where a piece ends.
function differences({ op, parts }) {
  if (["abs", "sign", "relu"].includes(op)) return [parts[0]];
  return op === "min" || op === "max" || COMPARISONS.has(op) ? [apply("-", ...parts)] : [];
}

function zeros(f, grid) {
  const values = grid.map(f), found = grid === EIGHTHS && f(0) === 0 ? [0] : [];
  for (let n = 1; n < grid.length; n++) {
    const product = values[n - 1] * values[n];
    if (product < 0 && Number.isFinite(values[n - 1]) && Number.isFinite(values[n])) {
      found.push(halved(f, grid[n - 1], grid[n], values[n - 1]));
    }
  }
  return found;
}

function halved(f, left, right, atLeft) {
  for (let round = 0; round < 60; round++) {
    const middle = (left + right) / 2, value = f(middle);
    if (value === 0) return middle;
    if (value * atLeft > 0) left = middle;
    else right = middle;
  }
  return (left + right) / 2;
}

// Whether a function differs on the two sides.
function breaks(f, x) {
  const step = BESIDE * Math.max(Math.abs(x), 1), left = f(x - step), right = f(x + step);
  if (Number.isNaN(left) || Number.isNaN(right)) return Number.isNaN(left) !== Number.isNaN(right);
  return Math.abs(left - right) > CHANGE * Math.max(1, Math.abs(left));
}
