// What an activation is like, measured from f and f' alone, as actlab/checks/properties has it: a measurement, no proof.
import { gainOf, momentsOf, onArrays } from "./moments.js";
import { exploding, fixedPoints, nearestToZero, vanishing } from "./places.js";
import { boundedBy, highest, kinksAmong, lowest, monotony, parityOf } from "./shape.js";

// Infinite numbers say unbounded, NaN that a number does not exist; `more...`: how many in [-50, 50] are not listed.
export function properties(curve) {
  const f = onArrays((xs, out) => curve.values(xs, out)), slope = onArrays((xs, out) => curve.slopes(xs, out));
  const kinks = kinksAmong(f, slope, [...curve.kinks]), bends = kinks.map(({ x }) => x);
  const [low, high] = [lowest(f), highest(f)], steepest = highest((xs) => slope(xs).map(Math.abs));
  const moments = momentsOf(f, slope, bends), atZero = f(Float64Array.of(0))[0];
  const [fixed, moreFixedPoints] = nearestToZero(fixedPoints(f, slope));
  const [flat, moreVanishing] = nearestToZero(vanishing(slope));
  const [steep, moreExploding] = nearestToZero(exploding(slope));
  return {
    ...moments, ...gainOf(moments), ...monotony(f), kinks, atZero, lowest: low, highest: high,
    zeroCentred: Math.abs(moments.mean) < 1e-6, bounded: boundedBy(low, high), parity: parityOf(f),
    lipschitz: kinks.some(({ jump }) => jump) ? Infinity : steepest.value, lipschitzAt: steepest.at,
    fixedPoints: fixed, moreFixedPoints, vanishing: flat, moreVanishing, exploding: steep, moreExploding,
  };
}
