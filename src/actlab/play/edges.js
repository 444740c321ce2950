// Where a formula has a kink or jumps, as actlab/formula/breaks.py finds it: where abs, max or a piece changes.
import { compiled } from "./evaluate.js";
import { COMPARISONS, apply, postorder } from "./tree.js";

const GRID = Array.from({ length: 321 }, (_, at) => (at - 160) / 8 + 1 / 1024);
const [ASIDE, CHANGE] = [1e-9, 1e-6];

// The kinks and jumps between -20 and 20 of a tree with its slope; `values` are the parameters in the order of `names`.
export function edgesOf(tree, slope, names, values) {
  const [f, df] = [tree, slope].map((one) => compiled(one, names));
  const found = new Set();
  for (const end of new Set(differences(tree))) {
    if (end.symbols.has("x")) for (const zero of zeros(compiled(end, names), values)) found.add(Number(zero.toPrecision(15)) + 0);
  }
  return [...found].filter((point) => breaks(f, point, values) || breaks(df, point, values)).sort((a, b) => a - b);
}

// What is 0 where a piece ends.
function* differences(tree) {
  for (const part of postorder(tree)) {
    if (["abs", "sign", "relu"].includes(part.op)) yield part.parts[0];
    else if (["min", "max"].includes(part.op) || COMPARISONS.has(part.op)) yield apply("-", ...part.parts);
  }
}

function* zeros({ one, many }, values) {
  const at = many(Float64Array.from(GRID), values);
  if (one(0, values) === 0) yield 0;
  for (let i = 1; i < GRID.length; i++) {
    if (Number.isFinite(at[i - 1]) && Number.isFinite(at[i]) && at[i - 1] * at[i] < 0) {
      yield bisected((x) => one(x, values), GRID[i - 1], GRID[i], at[i - 1]);
    }
  }
}

function bisected(f, left, right, atLeft) {
  for (let turn = 0; turn < 70; turn++) {
    const middle = (left + right) / 2, value = f(middle);
    if (value === 0) return middle;
    if (value > 0 === atLeft > 0) left = middle;
    else right = middle;
  }
  return (left + right) / 2;
}

// Whether it differs on the two sides.
function breaks({ one }, point, values) {
  const step = ASIDE * Math.max(Math.abs(point), 1), left = one(point - step, values), right = one(point + step, values);
  if (Number.isNaN(left) || Number.isNaN(right)) return Number.isNaN(left) !== Number.isNaN(right);
  return left !== right && !(Math.abs(left - right) <= CHANGE * Math.max(1, Math.abs(left)));
}
