// Where a formula has a kink or jumps: where abs, max or a piece changes, if slope or value change there. As
// actlab/formula/breaks.py, in doubles where that has 33 digits.
import { differentiate } from "../language/derivative.js";
import { compiled } from "./evaluate.js";
import { COMPARISONS, apply, postorder } from "../language/tree.js";

const EIGHTHS = Array.from({ length: 321 }, (_, n) => (n - 160) / 8 + 1 / 1024);  // from -20 to 20
const BESIDE = 1e-9, CHANGE = 1e-6;

// The kinks and jumps between -20 and 20 of a formula, {node, parameters} as `read` has it, in order.
export function edges({ node, parameters }) {
  const names = Object.keys(parameters), values = Object.values(parameters);
  const at = (tree) => {
    const { one } = compiled(tree, names);
    return (x) => one(x, values);
  };
  const f = at(node), slope = at(differentiate(node));
  const ends = new Set(postorder(node).flatMap(differences).filter((end) => end.symbols.has("x")));
  const found = new Set([...ends].flatMap((end) => zeros(at(end))).map((x) => (Math.abs(x) < 1e-15 ? 0 : Number(x.toPrecision(15)))));
  return [...found].filter((x) => breaks(f, x) || breaks(slope, x)).sort((a, b) => a - b);
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

function zeros(f) {
  const values = EIGHTHS.map(f), found = f(0) === 0 ? [0] : [];
  for (let n = 1; n < EIGHTHS.length; n++) {
    const product = values[n - 1] * values[n];
    if (product < 0 && Number.isFinite(values[n - 1]) && Number.isFinite(values[n])) {
      found.push(halved(f, EIGHTHS[n - 1], EIGHTHS[n], values[n - 1]));
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
