// The trees that are computed for a function: sound forms, from the texts of making/portable.py, or what is written.
import { over, piecewise, plus } from "../language/algebra.js";
import { differentiate } from "../language/derivative.js";
import { parse } from "../language/parse.js";
import { ONE, TRUE, TWO, ZERO, apply, number, postorder, rebuild, substitute } from "../language/tree.js";

const builtOf = new WeakMap();  // by an object of making/portable.py, or by the node of a formula

// A function that computes at its first call.
export function once(compute) {
  let found;
  return () => (found ??= compute());
}

const kept = (key, build) => {
  if (!builtOf.has(key)) builtOf.set(key, build());
  return builtOf.get(key);
};

export const soundTrees = (forms) => kept(forms, () => withSecond({
  value: once(() => fromText(forms.value)),
  slope: once(() => fromText(forms.slopes.x)),
  by: (wrt) => fromText(forms.slopes[wrt]),
}));

export const plainTrees = (node) => kept(node, () => withSecond({
  value: () => node,
  slope: once(() => differentiate(node)),
  by: (wrt) => differentiate(node, wrt),
}));

const withSecond = (trees) => ({ ...trees, second: once(() => acrossTies(differentiate(trees.slope()))) });

// Where u is 0, sign(u)*sign(u) is 1 on both sides: there the tree is the mean of both.
function acrossTies(tree) {
  if (!postorder(tree).some(({ op }) => op === "sign")) return tree;
  const side = (holds) => rebuild(tree, (part) => (
    part.op === "sign" ? piecewise(ONE, apply(holds, part.parts[0], ZERO), number(-1), TRUE) : part));
  return over(plus(side(">="), side(">")), TWO);
}

// The tree of a text of making/portable.py: `u1 = exp(x); x*u1`.
function fromText(told) {
  const parts = new Map(), lines = told.split("; ");
  const tree = (line) => substitute(parse(line, { limited: false }), parts);
  for (const line of lines.slice(0, -1)) {
    const [own, behind] = line.split(/ = (.*)/);
    parts.set(own, tree(behind));
  }
  return tree(lines.at(-1));
}

