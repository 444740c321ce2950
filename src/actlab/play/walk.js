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
  const swallowed = parts.find((part) => (part.op === "+" || part.op === "-") && part.symbols.has("x") && isSwallowed(found.get(part), given(part)));
  return swallowed ? `${text(swallowed)} rounds to ${general(found.get(swallowed), 6)}` : "";
}

// Whether a sum is one of its parts, though the other is not 0.
const isSwallowed = (sum, [u, v]) =>
  Number.isFinite(sum) && u !== 0 && v !== 0 && (Math.abs(sum) === Math.abs(u) || Math.abs(sum) === Math.abs(v));
