// A tree in numbers of one dtype, each step rounded to it as code in PyTorch does; and where a number went wrong.
import { LOOPS, undefinedAt } from "../numbers/evaluate.js";
import { nearestOf } from "../numbers/rounding.js";
import { general } from "./shown.js";
import { postorder, text } from "../language/tree.js";

const cell = new Float64Array(1);

// f(x, values) -> a Map from each part of the tree to its number.
export function walked(tree, names, dtype) {
  const order = postorder(tree), nearest = nearestOf[dtype];
  return (x, values) => {
    const found = new Map();
    for (const part of order) {
      found.set(part, nearest(walkedStep(part, part.parts.map((one) => found.get(one)), x, names, values)));
    }
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

// Why a number came out as it did, in words: the part that overflowed, or what a sum swallowed; "" if nothing is seen.
export function reasonOf(found) {
  const parts = [...found.keys()], result = found.get(parts.at(-1));
  const given = (part) => part.parts.map((one) => found.get(one));
  const is = (part) => `${text(part)} is ${general(found.get(part), 3)}`;
  const born = (isSo) => parts.find((part) => part.parts.length && isSo(found.get(part)) && !given(part).some(isSo));
  const infinite = born((value) => Math.abs(value) === Infinity);
  if (Number.isNaN(result)) return noNumber(born(Number.isNaN), infinite, given, is);
  if (!Number.isFinite(result)) return infinite && infinite !== parts.at(-1) ? is(infinite) : "";
  const isSum = ({ op, symbols }) => (op === "+" || op === "-") && symbols.has("x");
  const sums = parts.filter((part) => isSum(part) && Number.isFinite(found.get(part)));
  const cancelled = sums.find((part) => isCancelled(found.get(part), given(part)));
  if (cancelled) {
    const shown = given(cancelled).map((value) => general(value, 9));
    return `${text(cancelled)} cancels: ${shown.join(` ${cancelled.op} `)}`;
  }
  const swallowed = sums.find((part) => isSwallowed(given(part)));
  if (!swallowed) return "";
  const [small] = [...swallowed.parts].sort((one, other) => Math.abs(found.get(one)) - Math.abs(found.get(other)));
  return `${text(swallowed)} is ${general(found.get(swallowed), 9)}, which keeps few digits of ${text(small)}`;
}

function noNumber(none, infinite, given, is) {
  if (!none) return "";
  const shown = given(none).map((value) => general(value, 3));
  if (shown.length < 2) return `${text(none)} is ${none.op} of ${shown}`;
  const before = infinite && given(none).some((value) => !Number.isFinite(value)) ? `${is(infinite)}, and ` : "";
  return `${before}${text(none)} is ${shown.join(` ${none.op.length < 3 ? none.op : "and"} `)}`;
}

const isCancelled = (sum, given) => Math.abs(sum) < 0.01 * Math.max(...given.map(Math.abs));

function isSwallowed(given) {
  const [small, large] = given.map(Math.abs).sort((one, other) => one - other);
  return small > 0 && small < 1e-3 * large;
}
