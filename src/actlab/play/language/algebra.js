// Building trees with the simplifications that one sees at a glance, as actlab/formula/algebra.py has them.
import { ONE, TRUE, ZERO, apply, number } from "./tree.js";

const is = (tree, value) => tree.op === "number" && tree.value === value;

export function plus(left, right) {
  if (left === ZERO) return right;
  if (right === ZERO) return left;
  if (right.op === "neg") return minus(left, right.parts[0]);
  if (left.op === "neg") return minus(right, left.parts[0]);
  if (right.op === "number" && right.value < 0) return minus(left, number(-right.value));
  return folded("+", left, right);
}

export function minus(left, right) {
  if (right === ZERO) return left;
  if (left === ZERO) return negative(right);
  if (left === right) return ZERO;
  if (right.op === "neg") return plus(left, right.parts[0]);
  if (right.op === "number" && right.value < 0) return plus(left, number(-right.value));
  return folded("-", left, right);
}

export function negative(tree) {
  const [left, right] = tree.parts;
  if (tree.op === "neg") return left;
  if (tree.op === "-") return minus(right, left);
  if ((tree.op === "*" || tree.op === "/") && left.op === "number") return apply(tree.op, number(-left.value), right);
  return apply("neg", tree);
}

// The product; a number comes first, signs come out.
export function times(left, right) {
  if (left === ZERO || right === ZERO) return ZERO;
  for (const [one, other] of [[left, right], [right, left]]) {
    if (one === ONE) return other;
    if (is(one, -1)) return negative(other);
  }
  if (left.op === "neg") return negative(times(left.parts[0], right));
  if (right.op === "neg") return negative(times(left, right.parts[0]));
  if (right.op === "number" && left.op !== "number") [left, right] = [right, left];
  const [coefficient, rest] = right.op === "*" ? right.parts : [];
  if (left.op === "number" && coefficient?.op === "number" && rest.op !== "number") {
    return times(folded("*", left, coefficient), rest);
  }
  if (right.op === "/" && right.parts[0] === ONE) return over(left, right.parts[1]);
  return folded("*", left, right);
}

export function over(left, right) {
  if (right === ZERO) return apply("/", left, right);  // undefined, and stays so
  if (left === ZERO) return ZERO;
  if (right === ONE) return left;
  if (left === right) return ONE;
  if (left.op === "neg") return negative(over(left.parts[0], right));
  if (left.op === "number" && right.op === "number" && Number.isInteger(left.value / right.value)) {
    return number(left.value / right.value);
  }
  return apply("/", left, right);
}

export function power(base, exponent) {
  const n = typeof exponent === "number" ? number(exponent) : exponent;
  return n === ZERO ? ONE : n === ONE ? base : apply("**", base, n);
}

// Value, condition, value, condition, ...; one value where all are the same.
export function piecewise(...parts) {
  const same = parts.at(-1) === TRUE && parts.every((part, at) => at % 2 || part === parts[0]);
  return same ? parts[0] : apply("Piecewise", ...parts);
}

// Whole numbers are computed; other numbers would be rounded.
function folded(op, left, right) {
  if (Number.isSafeInteger(left.value) && Number.isSafeInteger(right.value)) {
    const result = { "+": left.value + right.value, "-": left.value - right.value, "*": left.value * right.value }[op];
    if (Math.abs(result) < 2 ** 53) return number(result);
  }
  return apply(op, left, right);
}
