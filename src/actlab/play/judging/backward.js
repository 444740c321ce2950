// The slope of a formula as PyTorch's autograd takes it, back through each step, rounded as it rounds: 0 * inf is NaN,
// the branch of torch.where that is not taken counts with 0, and at a kink it makes a choice.
import { nearestOf } from "../numbers/rounding.js";
import { LOOPS } from "../numbers/evaluate.js";
import { general } from "./shown.js";
import { text } from "../language/tree.js";
import { walked } from "./walk.js";

// f(x, values) -> {found, slope, why}: the number of each part, the slope, and of a slope that is none, where it arose.
export function backward(tree, names, dtype) {
  const forward = walked(tree, names, dtype), round = nearestOf[dtype];
  const inner = dtype === "float64" ? round : Math.fround;
  return (x, values) => {
    const found = forward(x, values), gradients = new Map([[tree, 1]]);
    let slope = 0, why = "";
    for (const part of [...found.keys()].reverse()) {
      const g = gradients.get(part);
      if (g === undefined || !part.symbols.has("x")) continue;
      if (part.op === "name") { slope = g; continue; }
      const given = part.parts.map((one) => found.get(one));
      const back = part.op === "Piecewise" ? branches(given, g) : ofStep(part, given, found.get(part), g, round, inner);
      back.forEach((one, at) => {
        const to = part.parts[at], known = gradients.get(to);
        if (one === undefined || !to.symbols.has("x")) return;
        const sum = known === undefined ? one : round(known + one);
        if (!Number.isFinite(sum) && Number.isFinite(g)) why ||= reasonBack(part, found, given, g, sum);
        gradients.set(to, sum);
      });
    }
    return { found, slope, why };
  };
}

// What goes back from a step to each of its arguments, g having come to it.
function ofStep({ op, parts }, given, y, g, round, inner) {
  if (Object.hasOwn(STEPS_BACK, op)) return STEPS_BACK[op](g, round, ...given);
  if (op === "min" || op === "max") return extremes(parts, given, op === "max" ? 1 : -1, g, round);
  return Object.hasOwn(LOCAL, op) ? [round(LOCAL[op](g, given[0], y, round, inner))] : [];
}

// As torch.where, one in the other: what is not taken gets 0.
function branches(given, g) {
  const taken = given.findIndex((holds, at) => at % 2 && holds) - 1;
  return given.map((_, at) => (at % 2 ? undefined : at === taken ? g : 0));
}

// torch.maximum halves a tie; clamp, by a number, lets it through.
function extremes(parts, [u, v], sign, g, round) {
  const isClamp = parts.some((part) => !part.symbols.has("x"));
  if (isClamp) return [sign * u >= sign * v ? g : 0, sign * v >= sign * u ? g : 0];
  return u === v ? [round(g / 2), round(g / 2)] : [sign * u > sign * v ? g : 0, sign * v > sign * u ? g : 0];
}

const at = (op, u) => {
  const out = [0];
  LOOPS[op](out, 1, [u]);
  return out[0];
};

const STEPS_BACK = {
  "+": (g) => [g, g],
  "-": (g) => [g, -g],
  "*": (g, round, u, v) => [round(g * v), round(g * u)],
  "/": (g, round, u, v) => [round(g / v), round(-g * round(round(u / v) / v))],
  "**": (g, round, u, n) => [
    n === 0 ? 0 : round(g * round(n * round(u ** (n - 1)))), round(g * round(round(u ** n) * round(Math.log(u)))),
  ],
  neg: (g) => [-g],
};
const LOCAL = {  // of g, the argument u and the value y; r rounds a step of its own, k one inside of a single step
  exp: (g, u, y) => g * y,
  log: (g, u) => g / u,
  log1p: (g, u, y, r) => g / r(u + 1),
  expm1: (g, u, y, r) => g * r(y + 1),
  sqrt: (g, u, y, r) => g / r(2 * y),
  abs: (g, u) => g * Math.sign(u),
  sign: () => 0,
  relu: (g, u, y) => (y > 0 ? g : 0),
  sin: (g, u, y, r) => g * r(at("cos", u)),
  cos: (g, u, y, r) => g * -r(at("sin", u)),
  tan: (g, u, y, r) => g * r(1 + r(y * y)),
  sinh: (g, u, y, r) => g * r(Math.cosh(u)),
  cosh: (g, u, y, r) => g * r(Math.sinh(u)),
  tanh: (g, u, y, r, k) => g * k(1 - k(y * y)),
  asinh: (g, u, y, r) => g * r(1 / Math.sqrt(r(r(u * u) + 1))),
  acosh: (g, u, y, r) => g * r(1 / Math.sqrt(r(r(u * u) - 1))),
  atanh: (g, u, y, r) => g / r(1 - r(u * u)),
  asin: (g, u, y, r) => g * r(1 / Math.sqrt(r(1 - r(u * u)))),
  acos: (g, u, y, r) => -g * r(1 / Math.sqrt(r(1 - r(u * u)))),
  atan: (g, u, y, r) => g / r(r(u * u) + 1),
  erf: (g, u, y, r) => r(2 / Math.sqrt(Math.PI) * r(Math.exp(-r(u * u)))) * g,
  erfc: (g, u, y, r) => r(-2 / Math.sqrt(Math.PI) * r(Math.exp(-r(u * u)))) * g,
  sigmoid: (g, u, y, r, k) => g * k(k(1 - y) * y),
  softplus: (g, u) => g * at("sigmoid", u),
  logsigmoid: (g, u) => g * at("sigmoid", -u),
};

function reasonBack(part, found, given, g, sum) {
  const infinite = [...found].find(([one, value]) => !Number.isFinite(value) && one.parts.length);
  const before = infinite ? `${text(infinite[0])} is ${general(infinite[1], 3)}; ` : "";
  return `${before}the gradient ${general(g, 3)} becomes ${general(sum, 3)} on its way back through ${text(part)}`;
}
