// The functions of a figure: the catalogue's, as trees in its data, with a value and slope that floats compute well.
import { compiled } from "./numbers/evaluate.js";
import { data } from "./live.js";
import { X, apply, number } from "./language/tree.js";

const built = (one) => (one === "x" ? X : typeof one === "number" ? number(one) : apply(one[0], ...one.slice(1).map(built)));

// By name: f and slope at a point, and of arrays; at 0, the slopes on the two sides of a corner.
export const CURVES = Object.fromEntries(Object.entries(data.curves).map(([name, trees]) => {
  const [value, slope] = trees.map((tree) => compiled(built(tree)));
  const sides = [-1e-9, 1e-9].map((x) => slope.one(x)), isCorner = Math.abs(sides[1] - sides[0]) > 1e-6;
  return [name, {
    f: (x) => value.one(x), slope: (x) => slope.one(x), values: (xs) => value.many(xs), slopes: (xs) => slope.many(xs),
    corner: isCorner && sides,
  }];
}));
