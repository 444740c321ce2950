// Derivatives of trees by the chain rule, piece by piece where a function has pieces, as actlab/formula/derivative.py.
import { minus, negative, over, piecewise, plus, power, times } from "./algebra.js";
import { ONE, PI, TRUE, TWO, ZERO, apply, number, postorder } from "./tree.js";

// The derivative with respect to x or a parameter. At a kink it is one between the one-sided limits.
export function differentiate(tree, wrt = "x") {
  const done = new Map();
  for (const part of postorder(tree)) if (!part.isCondition) done.set(part, derivativeOf(part, wrt, done));
  return done.get(tree);
}

function derivativeOf(tree, wrt, done) {
  const { op, parts } = tree;
  if (!tree.symbols.has(wrt)) return ZERO;
  if (op === "name") return ONE;
  if (op === "Piecewise") return piecewise(...tree.parts.map((part, at) => (at % 2 ? part : done.get(part))));
  const inner = parts[0];
  if (op === "neg") return negative(done.get(inner));
  if (op === "min" || op === "max") return extremeSlope(tree, wrt, done);
  if (!["+", "-", "*", "/"].includes(op)) return times(outer(tree), done.get(inner));
  const [u, v] = parts;
  const [du, dv] = [done.get(u), done.get(v)];
  if (op === "+") return plus(du, dv);
  if (op === "-") return minus(du, dv);
  if (op === "*") return plus(times(du, v), times(u, dv));
  return over(minus(du, times(tree, dv)), v);  // (u' - f v')/v: no square of v that overflows
}

// Of max and min: that of the greater or smaller; where both are equal, the one from the left.
// So it is always one of the two sides, and right where several meet smoothly: max(x, 0) + min(x, 0) is x.
function extremeSlope(tree, wrt, done) {
  let [u, v] = tree.parts;
  if (!u.symbols.has(wrt)) [u, v] = [v, u];
  const slope = done.get(u);
  const falls = slope.op === "neg" || (slope.op === "number" && slope.value < 0);
  const [above, below] = falls ? [">=", "<"] : [">", "<="];
  return piecewise(slope, apply(tree.op === "min" ? below : above, u, v), done.get(v), TRUE);
}

// The derivative of a function at its argument, without the chain: cos(u) for sin(u).
export function outer(tree) {
  const u = tree.parts[0];
  if (tree.op === "**") {
    const n = tree.parts[1];
    const less = n.op === "number" ? number(n.value - 1) : apply("-", n, ONE);
    return times(n, power(u, less));
  }
  return OUTER[tree.op](tree, u);
}

const gaussSlope = (u) => times(over(TWO, apply("sqrt", PI)), apply("exp", negative(power(u, 2))));
const root = (u) => apply("sqrt", u);

const OUTER = {
  exp: (f) => f,
  log: (f, u) => over(ONE, u),
  log1p: (f, u) => over(ONE, plus(ONE, u)),
  expm1: (f, u) => apply("exp", u),
  sqrt: (f) => over(ONE, times(TWO, f)),
  abs: (f, u) => apply("sign", u),
  sign: () => ZERO,
  sin: (f, u) => apply("cos", u),
  cos: (f, u) => negative(apply("sin", u)),
  tan: (f) => plus(ONE, power(f, 2)),
  sinh: (f, u) => apply("cosh", u),
  cosh: (f, u) => apply("sinh", u),
  tanh: (f, u) => over(ONE, power(apply("cosh", u), 2)),
  asinh: (f, u) => over(ONE, root(plus(ONE, power(u, 2)))),
  acosh: (f, u) => over(ONE, times(root(minus(u, ONE)), root(plus(u, ONE)))),
  atanh: (f, u) => over(ONE, minus(ONE, power(u, 2))),
  asin: (f, u) => over(ONE, root(minus(ONE, power(u, 2)))),
  acos: (f, u) => over(number(-1), root(minus(ONE, power(u, 2)))),
  atan: (f, u) => over(ONE, plus(ONE, power(u, 2))),
  erf: (f, u) => gaussSlope(u),
  erfc: (f, u) => negative(gaussSlope(u)),
  sigmoid: (f, u) => times(f, apply("sigmoid", negative(u))),
  softplus: (f, u) => apply("sigmoid", u),
  logsigmoid: (f, u) => apply("sigmoid", negative(u)),
  relu: (f, u) => piecewise(ONE, apply(">", u, ZERO), ZERO, TRUE),
};
