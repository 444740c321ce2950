// What an activation is like, measured from f and f' alone, as actlab/checks/properties has it: a measurement, no proof.
import { gainOf, gradedFor, momentsOf, onArrays, slopeOf } from "./moments.js";
import { undefinedOf } from "../numbers/breaks.js";
import { REACH, exploding, fixedPoints, nearestToZero, undefinedPlaces, vanishing, widest } from "./places.js";
import { boundedBy, highest, kinksOfShape, lowest, monotony, parityOf } from "./shape.js";

// Infinite numbers say unbounded, NaN that a number does not exist; `more...`: how many in [-50, 50] are not listed.
export function properties(curve) {
  const values = onArrays((xs, out) => curve.values(xs, out)), f = sureFarOut(curve, values), slope = slopeOf(curve);
  const kinks = kinksOfShape(f, slope, [...curve.kinks]), bends = [...curve.kinks, ...kinks.map(({ x }) => x)];
  const [low, high] = [lowest(f), highest(f)], steepest = highest((xs) => slope(xs).map(Math.abs));
  const moments = momentsOf(values, slope, bends, 1, gradedFor(curve)), atZero = f(Float64Array.of(0))[0];
  const [fixed, moreFixedPoints] = nearestToZero(fixedPoints(f, slope));
  const [flat, moreVanishing] = widest(vanishing(slope));
  const isUndefined = curve.trees ? undefinedOf(curve) : () => true;  // or its parts overflow
  const middle = ([from, to]) => Math.max(from, -REACH) / 2 + Math.min(to, REACH) / 2;
  const [gaps, moreUndefined] = nearestToZero(undefinedPlaces(f).filter((ends) => isUndefined(middle(ends))));
  const edges = gaps.filter(([from, to]) => from < to).flat().filter(Number.isFinite);
  const seeds = [...kinks.filter((one) => one.steep).map(({ x }) => x), ...edges];
  const [steep, moreExploding] = widest(exploding(slope, seeds));
  return {
    ...moments, ...gainOf(moments), ...monotony(f), kinks, atZero, lowest: low, highest: high,
    zeroCentred: Math.abs(moments.mean) < 1e-6, bounded: boundedBy(low, high), parity: parityOf(f),
    lipschitz: kinks.some(({ jump, pole }) => jump || pole) ? Infinity : steepest.value, lipschitzAt: steepest.at,
    fixedPoints: fixed, moreFixedPoints, vanishing: flat, moreVanishing, exploding: steep, moreExploding,
    undefined: gaps, moreUndefined,
  };
}

// Far out a formula as it stands may have lost its digits: what is not sure there is not taken for a value.
function sureFarOut(curve, f) {
  if (curve.form !== "plain") return f;
  const isSure = (x, y) => Math.abs(x) <= REACH || !Number.isFinite(y)
    || curve.trusted(x).error < 1e-6 * (1 + Math.abs(y));
  return (xs) => f(xs).map((y, n) => (isSure(xs[n], y) ? y : NaN));
}
