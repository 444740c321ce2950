// A formula as a tree: numbers, names and applications, as actlab/formula/nodes.py has them. Equal trees are one object.
export const COMPARISONS = new Set(["<", "<=", ">", ">=", "==", "!="]);
const CONDITIONS = new Set([...COMPARISONS, "and", "or", "not", "True"]);
export const UNARY = [
  "exp", "log", "log1p", "expm1", "sqrt", "abs", "sign", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asinh", "acosh",
  "atanh", "asin", "acos", "atan", "erf", "erfc", "sigmoid", "softplus", "relu", "logsigmoid",
];

const known = new Map();  // from a text that tells trees apart to the tree, held weakly
let count = 0;  // of trees that were made

// op: "number", "name", an operator, or the name of a function or constant.
function node(op, parts, value) {
  const key = `${op} ${value} ${parts.map((part) => part.id).join(" ")}`;
  const found = known.get(key)?.deref();
  if (found) return found;
  const fresh = Object.freeze({
    op, parts: Object.freeze(parts), value, id: count++,
    symbols: op === "name" ? new Set([value]) : new Set(parts.flatMap((part) => [...part.symbols])),  // x among them
    size: 1 + parts.reduce((sum, part) => sum + part.size, 0),  // shared parts counted each time
    depth: 1 + Math.max(0, ...parts.map((part) => part.depth)),
    isCondition: CONDITIONS.has(op),
  });
  if (count % 20000 === 0) for (const [key, held] of known) if (!held.deref()) known.delete(key);
  known.set(key, new WeakRef(fresh));
  return fresh;
}

export const number = (value) => node("number", [], value + 0);  // there is one zero
export const name = (text) => node("name", [], text);

// An operator or function of nodes; Piecewise takes value, condition, value, condition, ...
export function apply(op, ...parts) {
  if (op === "**" && parts[0].op === "e") return node("exp", parts.slice(1), undefined);  // written e**x, read again as this
  return op === "neg" && parts[0].op === "number" ? number(-parts[0].value) : node(op, parts, undefined);
}

export const [X, PI, E, TRUE] = [name("x"), apply("pi"), apply("e"), apply("True")];
export const [ZERO, ONE, TWO] = [0, 1, 2].map(number);

// The free names other than x: the parameters.
export const names = (tree) => [...tree.symbols].filter((one) => one !== "x").sort();

// [value, condition] of each piece of a Piecewise.
export const pieces = ({ parts }) => parts.flatMap((part, at) => (at % 2 ? [] : [[part, parts[at + 1]]]));

// Every node once, parts before wholes.
export function postorder(...roots) {
  const seen = new Set();
  const visit = (one) => {
    if (seen.has(one)) return;
    one.parts.forEach(visit);
    seen.add(one);
  };
  roots.forEach(visit);
  return [...seen];
}

// The tree with `change` applied to every node, parts before wholes.
export function rebuild(tree, change) {
  const done = new Map();
  for (const part of postorder(tree)) {
    const parts = part.parts.map((one) => done.get(one));
    const same = parts.every((one, at) => one === part.parts[at]);
    done.set(part, change(same ? part : apply(part.op, ...parts)));
  }
  return done.get(tree);
}

// The tree with names replaced; `values` is a Map.
export const substitute = (tree, values) =>
  rebuild(tree, (part) => (part.op === "name" && values.get(part.value)) || part);

// A number as Python writes it: 1e-05, 1e+16, 0.5, and whole ones without a point.
export function numeral(value) {
  if (Number.isSafeInteger(value)) return String(value);
  const [digits, exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

const LEVEL = { or: 1, and: 2, not: 3, "+": 5, "-": 5, "*": 6, "/": 6, neg: 7, "**": 8 };
for (const sign of COMPARISONS) LEVEL[sign] = 4;
const ATOM = 9;

export const text = (tree) => written(tree)[0];

// The text and how tightly it binds.
function written(tree) {
  const { op, parts, value } = tree;
  if (op === "number") return [numeral(value), value >= 0 ? ATOM : LEVEL.neg];
  if (op === "name") return [value, ATOM];
  if (op === "Piecewise") {
    const shown = pieces(tree).map(([one, condition]) => `(${text(one)}, ${text(condition)})`);
    return [`Piecewise(${shown.join(", ")})`, ATOM];
  }
  if (!Object.hasOwn(LEVEL, op)) return [parts.length ? `${op}(${parts.map(text).join(", ")})` : op, ATOM];
  const level = LEVEL[op];
  if (op === "neg" || op === "not") return [(op === "neg" ? "-" : "not ") + inside(parts[0], level), level];
  const [left, right] = parts;
  if (op === "**") return [`${inside(left, level + 1)}**${inside(right, ATOM)}`, level];
  const space = op === "*" || op === "/" ? "" : " ", compares = COMPARISONS.has(op);
  let after = inside(right, level + 1);
  if (after.startsWith("-") && !compares) after = `(${after})`;  // x + (-2): two signs do not stand side by side
  return [`${inside(left, compares ? level + 1 : level)}${space}${op}${space}${after}`, level];
}

function inside(tree, level) {
  const [shown, tight] = written(tree);
  return tight >= level ? shown : `(${shown})`;
}
