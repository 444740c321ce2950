// A tree in numbers: a list of loops, one for each part of it, each over arrays; twin of actlab/making/tensors.py.
import { erf, erfc, finite, logsigmoid, relu, sigmoid, sign, softplus } from "./special.js";
import { postorder } from "../language/tree.js";

const CHUNK = 512;  // numbers that are taken through all parts at once: they stay in the fastest memory

// {one(x, values), many(xs, values, out)}: `values` are the parameters in the order of `names`. What is shared is
// computed once. `Numbers` is Float64Array, or Float32Array where each step is to be rounded to that.
export function compiled(tree, names = [], Numbers = Float64Array) {
  const order = postorder(tree);
  const place = new Map(order.map((part, at) => [part, at]));
  const inputs = order.map((part) => part.parts.map((one) => place.get(one)));
  const varies = order.map((part) => part.symbols.has("x"));
  const root = order.length - 1;
  const constants = new Float64Array(order.length);
  const single = order.map(() => new Float64Array(1));  // to compute the constants in
  let buffers = [], room = 0, known = null;

  // What does not depend on x is computed as numbers, and fills its buffer until the parameters change.
  function prepare(size, values) {
    if (known && size <= room && known.every((value, at) => Object.is(value, values[at]))) return;
    if (size > room) {
      room = size < 16 ? size : CHUNK;
      buffers = order.map(() => new Numbers(room));
    }
    known = names.map((_, at) => values[at]);
    order.forEach((part, at) => {
      if (varies[at]) return;
      constants[at] = fixed(part, at);
      buffers[at].fill(constants[at]);
    });
  }

  function fixed(part, at) {
    if (part.op === "number") return part.value;
    if (part.op === "name") return known[names.indexOf(part.value)] ?? NaN;
    const given = inputs[at].map((input) => constants[input]);
    inputs[at].forEach((input) => (single[input][0] = constants[input]));
    LOOPS[part.op](single[at], 1, ...inputs[at].map((input) => single[input]));
    return undefinedAt(part.op, given) ? NaN : single[at][0];
  }

  function run(size) {
    for (let at = 0; at <= root; at++) if (steps[at]) steps[at](size);
  }

  // A step looks its buffers up: they are made anew when longer arrays come.
  const steps = order.map((part, at) => {
    if (!varies[at] || part.op === "name") return null;
    const loop = LOOPS[part.op], [a, b] = inputs[at];
    if (inputs[at].length === 1) return (size) => loop(buffers[at], size, buffers[a]);
    if (inputs[at].length === 2) return (size) => loop(buffers[at], size, buffers[a], buffers[b]);
    return (size) => loop(buffers[at], size, ...inputs[at].map((input) => buffers[input]));
  });
  const x = order.findIndex((part) => part.op === "name" && part.value === "x");

  return {
    one(point, values = []) {
      prepare(1, values);
      if (x >= 0) buffers[x][0] = point;
      run(1);
      return buffers[root][0];
    },
    many(xs, values = [], out = new Float64Array(xs.length)) {
      prepare(Math.min(xs.length, CHUNK), values);
      for (let start = 0; start < xs.length; start += CHUNK) {
        const size = Math.min(CHUNK, xs.length - start);
        if (x >= 0) copied(buffers[x], 0, xs, start, size);
        run(size);
        copied(out, start, buffers[root], 0, size);
      }
      return out;
    },
  };
}

function copied(to, first, from, start, size) {
  for (let i = 0; i < size; i++) to[first + i] = from[start + i];
}

// Of numbers alone Python says that 1/0 and log(0) are undefined; of arrays they are infinite.
export function undefinedAt(op, [u, v]) {
  if (op === "/") return v === 0;
  if (op === "**") return u === 0 && v < 0;
  return (op === "log" && u === 0) || (op === "log1p" && u === -1) || (op === "atanh" && Math.abs(u) === 1);
}

// (out, how many, arguments): one loop for each, so that each is compiled for what it does.
export const LOOPS = {
  pi: (o) => { o[0] = Math.PI; },
  e: (o) => { o[0] = Math.E; },
  True: (o) => { o[0] = 1; },
  "+": (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] + b[i]; },
  "-": (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] - b[i]; },
  "*": (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] * b[i]; },
  "/": (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] / b[i]; },
  "**": powers,
  neg: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = -a[i]; },
  min: (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = Math.min(a[i], b[i]); },
  max: (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = Math.max(a[i], b[i]); },
  Piecewise: chosen,
  and: (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] && b[i]; },
  or: (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] || b[i]; },
  not: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = a[i] ? 0 : 1; },
  "<": (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] < b[i] ? 1 : 0; },
  "<=": (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] <= b[i] ? 1 : 0; },
  ">": (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] > b[i] ? 1 : 0; },
  ">=": (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] >= b[i] ? 1 : 0; },
  "==": (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] === b[i] ? 1 : 0; },
  "!=": (o, n, a, b) => { for (let i = 0; i < n; i++) o[i] = a[i] !== b[i] ? 1 : 0; },
  abs: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.abs(a[i]); },
  sign: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = sign(a[i]); },
  relu: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = relu(a[i]); },
  exp: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.exp(a[i]); },
  expm1: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.expm1(a[i]); },
  log: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.log(a[i]); },
  log1p: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.log1p(a[i]); },
  sqrt: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.sqrt(a[i]); },
  sin: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.sin(finite(a[i], o.BYTES_PER_ELEMENT)); },
  cos: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.cos(finite(a[i], o.BYTES_PER_ELEMENT)); },
  tan: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.tan(a[i]); },
  sinh: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.sinh(a[i]); },
  cosh: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.cosh(a[i]); },
  tanh: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.tanh(a[i]); },
  asinh: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.asinh(a[i]); },
  acosh: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.acosh(a[i]); },
  atanh: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.atanh(a[i]); },
  asin: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.asin(a[i]); },
  acos: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.acos(a[i]); },
  atan: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = Math.atan(a[i]); },
  erf: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = erf(a[i]); },
  erfc: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = erfc(a[i]); },
  sigmoid: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = sigmoid(a[i]); },
  softplus: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = softplus(a[i]); },
  logsigmoid: (o, n, a) => { for (let i = 0; i < n; i++) o[i] = logsigmoid(a[i]); },
};

// An exponent is a number: the same for all.
function powers(o, n, a, b) {
  const power = b[0];
  if (power === 2) for (let i = 0; i < n; i++) o[i] = a[i] * a[i];
  else if (power === 3) for (let i = 0; i < n; i++) o[i] = a[i] * a[i] * a[i];
  else if (power === 0.5) for (let i = 0; i < n; i++) o[i] = Math.sqrt(a[i]);
  else for (let i = 0; i < n; i++) o[i] = a[i] ** power;
}

// Value, condition, value, condition, ...: the first whose condition holds.
function chosen(o, n, ...parts) {
  if (parts.length === 4) {
    const [yes, holds, no] = parts;
    for (let i = 0; i < n; i++) o[i] = holds[i] ? yes[i] : no[i];
    return;
  }
  const last = parts[parts.length - 2];
  for (let i = 0; i < n; i++) o[i] = last[i];
  for (let at = parts.length - 4; at >= 0; at -= 2) {
    const value = parts[at], holds = parts[at + 1];
    for (let i = 0; i < n; i++) if (holds[i]) o[i] = value[i];
  }
}
