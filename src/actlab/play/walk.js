// A tree in numbers of one dtype, each step rounded to it, as code in PyTorch computes it; and where a number went wrong.
import { LOOPS, undefinedAt } from "./evaluate.js";
import { nearestOf } from "./rounding.js";
import { general } from "./shown.js";
import { postorder, text } from "./tree.js";

const cell = new Float64Array(1);

// f(x, values) -> a Map from each part of the tree to its number.
export function walked(tree, names, dtype) {
  const order = postorder(tree), nearest = nearestOf[dtype];
  return (x, values) => {
    const found = new Map();
    for (const part of order) found.set(part, nearest(walkedStep(part, part.parts.map((one) => found.get(one)), x, names, values)));
    return found;
  };
}

function walkedStep({ op, value, symbols }, given, x, names, values) {
  if (op === "number") return value;
  if (op === "name") return value === "x" ? x : values[names.indexOf(value)];
  if (!symbols.has("x") && undefinedAt(op, given)) return NaN;
  if ((op === "sin" || op === "cos") && !Number.isFinite(given[0])) return NaN;
  LOOPS[op](cell, 1, ...given.map((one) => [one]));
  return cell[0];
}

// Why a number came out as it did, in words: the part that overflowed, or what was swallowed by a sum; "" if unknown.
export function reasonOf(found) {
  const parts = [...found.keys()], whole = parts.at(-1);
  const given = (part) => part.parts.map((one) => found.get(one));
  const born = (isSo) => parts.find((part) => part.parts.length && isSo(found.get(part)) && !given(part).some(isSo));
  const infinite = born((value) => Math.abs(value) === Infinity), none = born(Number.isNaN);
  const result = found.get(whole);
  if (Number.isNaN(result) && none) {
    const shown = given(none).map((value) => general(value, 3)).join(` ${none.op.length < 3 ? none.op : "and"} `);
    const before = infinite && given(none).some((value) => !Number.isFinite(value)) ? `${text(infinite)} is ${general(found.get(infinite), 3)}, and ` : "";
    return none.parts.length > 1 ? `${before}${text(none)} is ${shown}` : `${text(none)} is ${none.op} of ${shown}`;
  }
  if (!Number.isFinite(result)) return infinite && infinite !== whole ? `${text(infinite)} is ${general(found.get(infinite), 3)}` : "";
  const sums = parts.filter((part) => (part.op === "+" || part.op === "-") && part.symbols.has("x") && Number.isFinite(found.get(part)));
  const cancelled = sums.find((part) => isCancelled(found.get(part), given(part)));
  if (cancelled) return `${text(cancelled)} cancels: ${given(cancelled).map((value) => general(value, 9)).join(` ${cancelled.op} `)}`;
  const swallowed = sums.find((part) => isSwallowed(given(part)));
  if (!swallowed) return "";
  const [small] = [...swallowed.parts].sort((one, other) => Math.abs(found.get(one)) - Math.abs(found.get(other)));
  return `${text(swallowed)} is ${general(found.get(swallowed), 9)}, which keeps few digits of ${text(small)}`;
}

const isCancelled = (sum, [u, v]) => Math.abs(sum) < 0.01 * Math.max(Math.abs(u), Math.abs(v));
const isSwallowed = ([u, v]) => u !== 0 && v !== 0 && Math.min(Math.abs(u), Math.abs(v)) < 1e-3 * Math.max(Math.abs(u), Math.abs(v));
