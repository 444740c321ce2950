// Where something holds: fixed points, and regions in which a gradient vanishes or explodes.
export const REACH = 50;  // fixed points and regions are looked for in [-50, 50]
const FLAT = 0.1;  // below this |f'| a gradient vanishes; above its inverse one explodes
const MOST = 7;  // this many fixed points or intervals are listed, nearest to 0 first

// As numpy.arange(-50, 50, 0.01) has them, off the kinks that people choose; and 0.
export const NEAR = (() => {
  const step = (-REACH + 0.01) + REACH, points = Float64Array.from({ length: 10000 }, (_, n) => -REACH + n * step);
  return Float64Array.of(...points.map((x) => x + 0.00314159), 0).sort();
})();

// Far out, by sign; several a decade: what oscillates shows its size.
export const DECADES = [2, 3, 4, 6, 8, 12, 16, 24, 30].map((power) =>
  Float64Array.from({ length: 24 }, (_, n) => Number(`1e${power}`) * (n < 23 ? 1 + n * (1.7 / 23) : 2.7)));
export const FAR = Float64Array.of(...DECADES.flatMap((row) => [...row]));

// Without the last digits, which halving and quadrature leave: 0 is 0, and a kink at 3 is at 3.
export const roundedOff = (value) =>
  (Number.isFinite(value) && Math.abs(value) < 1e12 ? Math.round(value * 1e9) / 1e9 + 0 : value);

// First and last place of each run of true.
export function runs(length, holds) {
  const found = [];
  for (let at = 0; at < length; at++) {
    if (!holds(at)) continue;
    if (at && holds(at - 1)) found.at(-1)[1] = at;
    else found.push([at, at]);
  }
  return found;
}

// One root of each bracket, by halving all of them at once.
function rootsBetween(f, low, high) {
  if (!low.length) return low;
  const [left, right] = [Float64Array.from(low), Float64Array.from(high)], signs = f(left).map(Math.sign);
  for (let round = 0; round < 54; round++) {
    const middle = left.map((x, n) => (x + right[n]) / 2);
    f(middle).forEach((value, n) => { (Math.sign(value) === signs[n] ? left : right)[n] = middle[n]; });
  }
  return left.map((x, n) => (x + right[n]) / 2);
}

const cells = (holds) => [...NEAR.keys()].slice(0, -1).filter((n) => holds(n, n + 1));
const within = (f, found) => rootsBetween(f, found.map((n) => NEAR[n]), found.map((n) => NEAR[n + 1]));

// Roots of f(x) - x in [-50, 50], and intervals [from, to] on which f(x) = x; an end at +-50 goes on to infinity.
export function fixedPoints(f, slope) {
  const gap = (xs) => f(xs).map((value, n) => value - xs[n]);
  const values = gap(NEAR), isZero = values.map((value, n) => Math.abs(value) <= 1e-13 * (1 + Math.abs(NEAR[n])));
  const intervals = [], last = NEAR.length - 1;
  for (const [start, end] of runs(NEAR.length, (n) => isZero[n])) {
    if (end - start < 2) continue;  // one or two points are roots, found below
    const outside = [...(start > 0 ? [NEAR[start] - 0.125] : []), ...(end < last ? [NEAR[end] + 0.125] : [])];
    // rounding makes what only comes near x equal to it: a true interval is left by a visible step
    if (!gap(Float64Array.from(outside)).every((value) => Math.abs(value) > 1e-6)) continue;
    intervals.push([start > 0 ? joined(edgeOfZeros(gap, NEAR[start - 1], NEAR[start])) : -Infinity,
      end < last ? joined(edgeOfZeros(gap, NEAR[end + 1], NEAR[end])) : Infinity]);
  }
  const steep = (xs) => slope(xs).map((value) => value - 1), steeps = steep(NEAR);
  const apart = (a, b) => !isZero[a] && !isZero[b];
  const crossing = within(gap, cells((a, b) => apart(a, b) && values[a] * values[b] < 0));
  const touching = within(steep, cells((a, b) => apart(a, b) && steeps[a] * steeps[b] < 0 && Math.abs(values[a]) < 1e-3));
  let roots = Float64Array.of(...crossing, ...touching);
  const left = gap(roots);
  roots = roots.filter((x, n) => Math.abs(left[n]) <= 1e-9 * (1 + Math.abs(x)));
  const singles = [];
  if (f(Float64Array.of(0))[0] === 0) {
    if (!intervals.some(([low, high]) => low <= 0 && 0 <= high)) singles.push(0);
    roots = roots.filter((x) => Math.abs(x) > 1e-4);  // f(x) - x is lost in rounding around it
  }
  for (const root of roots.map(roundedOff)) {
    const isInside = intervals.some(([low, high]) => low - 1e-6 <= root && root <= high + 1e-6);
    if (!isInside && !singles.some((other) => Math.abs(root - other) < 1e-6)) singles.push(root);
  }
  return [...singles, ...intervals];
}

// Where two pieces join smoothly, rounding hides the last digits of the place: 2.0000004 is 2.
function joined(x) {
  const short = Math.round(x * 1e3) / 1e3;
  return Math.abs(x - short) < 2e-4 ? short + 0 : x;
}

// The end of an interval of zeros, between a point outside it and one inside.
function edgeOfZeros(gap, outside, inside) {
  for (let round = 0; round < 60; round++) {
    const middle = (outside + inside) / 2;
    if (Math.abs(gap(Float64Array.of(middle))[0]) <= 1e-13 * (1 + Math.abs(middle))) inside = middle;
    else outside = middle;
  }
  return inside;
}

// Intervals [from, to] on which |f'| < 0.1; an end at +-50 goes on to infinity where everything further out does.
export function vanishing(slope) {
  const above = (xs) => slope(xs).map((value) => {
    const above = Math.abs(value) - FLAT;
    return above < Infinity ? above : 1;  // NaN is outside
  });
  const near = slope(NEAR), isFlat = near.map((value) => Math.abs(value) < FLAT);
  const flat = runs(NEAR.length, (n) => isFlat[n]), last = NEAR.length - 1;
  // a steep f' passes through 0 between two points of the grid
  const steep = cells((a, b) => !isFlat[a] && !isFlat[b] && near[a] * near[b] < 0);
  const middle = within(slope, steep), under = middle.length ? above(middle) : middle;
  const through = steep.map((cell, n) => [cell, middle[n], under[n]]).filter(([, , value]) => value < 0);
  const low = rootsBetween(above,
    [...flat.map(([start]) => NEAR[Math.max(start - 1, 0)]), ...through.map(([cell]) => NEAR[cell])],
    [...flat.map(([start]) => NEAR[start]), ...through.map(([, x]) => x)]);
  const high = rootsBetween(above,
    [...flat.map(([, end]) => NEAR[end]), ...through.map(([, x]) => x)],
    [...flat.map(([, end]) => NEAR[Math.min(end + 1, last)]), ...through.map(([cell]) => NEAR[cell + 1])]);
  if (isFlat[0]) low[0] = isAllFlat(slope(FAR.map((x) => -x))) ? -Infinity : -REACH;
  if (isFlat[last]) high[flat.length - 1] = isAllFlat(slope(FAR)) ? Infinity : REACH;
  return [...low].map((x, n) => [x, high[n]]).filter(([start, end]) => end - start > 1e-9)
    .map((ends) => ends.map(roundedOff)).sort(([a], [b]) => a - b);
}

// Intervals [from, to] on which f is NaN; an end at +-50 goes on to infinity where it is NaN further out, too.
export function undefinedPlaces(f) {
  const outside = (xs) => f(xs).map((value) => (Number.isNaN(value) ? -1 : 1)), near = f(NEAR), last = NEAR.length - 1;
  const isAllNaN = (xs) => f(xs).every(Number.isNaN);
  return runs(NEAR.length, (n) => Number.isNaN(near[n])).map(([start, end]) => {
    const [from] = rootsBetween(outside, [NEAR[Math.max(start - 1, 0)]], [NEAR[start]]);
    const [to] = rootsBetween(outside, [NEAR[end]], [NEAR[Math.min(end + 1, last)]]);
    return [
      start === 0 ? (isAllNaN(FAR.map((x) => -x)) ? -Infinity : -REACH) : roundedOff(from),
      end === last ? (isAllNaN(FAR) ? Infinity : REACH) : roundedOff(to),
    ];
  });
}

const isAllFlat = (values) => values.every((value) => !Number.isFinite(value) || Math.abs(value) < FLAT);

// Intervals on which |f'| > 10: what comes back is as much larger there as it is smaller where it vanishes.
// `steep` are places of infinite slopes, around which the grid may be too wide.
export function exploding(slope, steep = []) {
  const inverse = (xs) => slope(xs).map((value) => 1 / value), found = vanishing(inverse);
  const small = (xs) => inverse(xs).map((value) => (Math.abs(value) < FLAT ? -1 : 1));
  for (const x of steep) {
    const ends = [-1, 1].map((side) => {
      const outside = side < 0 ? NEAR.findLast((one) => one < x - 1e-3) : NEAR.find((one) => one > x + 1e-3);
      const beside = x + side * 1e-9 * (1 + Math.abs(x));
      if (outside === undefined || small(Float64Array.of(beside))[0] > 0) return x;
      return roundedOff(rootsBetween(small, [outside], [beside])[0]);
    });
    if (ends[1] > ends[0]) found.push(ends);
  }
  const merged = [];
  for (const [from, to] of found.sort(([a], [b]) => a - b)) {
    if (merged.length && from - merged.at(-1)[1] <= 1e-9) merged.at(-1)[1] = Math.max(to, merged.at(-1)[1]);
    else merged.push([from, to]);
  }
  return merged;
}

const away = (item) => (!Array.isArray(item) ? Math.abs(item)
  : item[0] <= 0 && 0 <= item[1] ? 0 : Math.min(...item.map(Math.abs)));
const startOf = (item) => (Array.isArray(item) ? item[0] : item);
const foremost = (found, before, most = MOST) => {
  const kept = [...found].sort(before).slice(0, most).sort((a, b) => startOf(a) - startOf(b));
  return [kept, found.length - kept.length];
};

// Those nearest to 0, in order, and how many more there are.
export const nearestToZero = (found) => foremost(found, (a, b) => away(a) - away(b));

// The widest intervals, of equal ones those nearest to 0.
export function widest(found, most = MOST) {
  const width = ([from, to]) => Math.round((to - from) * 1e6);
  return foremost(found, (a, b) => (width(a) === width(b) ? away(a) - away(b) : width(b) - width(a)), most);
}
