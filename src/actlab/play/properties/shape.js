// The shape of f: its ends, where it grows, its symmetry, its kinks.
import { DECADES, FAR, NEAR, roundedOff, runs } from "./places.js";

const CENTRE = NEAR.filter((x) => Math.abs(x) <= 12);
const NO_NEARER = 1e-12;  // a plain form has lost its digits beside a pole or a gap at 0
const NEARER = [1e-3, 1e-5, 1e-7, 1e-9, 1e-11];  // what grows at each step by as much has no end
const AROUND = 100;  // points of the grid
const NARROW = 0.5;  // so far beside a pole a function may overflow
const opposite = (xs) => xs.map((x) => -x);
const largest = (values) => values.reduce((one, other) => (other > one ? other : one), -Infinity);  // of what is a number
const finites = (values) => values.filter(Number.isFinite);

// The supremum {value, at, taken}: taken at the point nearest to 0, approached far out, or infinite.
export function highest(f) {
  const ways = [1, -1], far = ways.map((sign) => DECADES.map((row) => f(sign > 0 ? row : opposite(row))));
  const growing = far.findIndex(grows);
  if (growing >= 0) return { value: Infinity, at: ways[growing] * Infinity, taken: false };
  const near = f(NEAR).map((value) => (Number.isNaN(value) ? -Infinity : value)), top = largest(near);
  if (!Number.isFinite(top)) {  // a pole at a point of the grid, or nothing that is finite
    return { value: top > 0 ? Infinity : NaN, at: NEAR[near.indexOf(top)], taken: false };
  }
  const [place, seen] = peak(f, near), snapped = f(Float64Array.of(roundedOff(place)))[0];
  const [x, value] = snapped > seen ? [roundedOff(place), snapped] : [place, seen];  // an end of where f is defined
  if (value > 1e12) return { value: Infinity, at: roundedOff(x), taken: false };  // a pole
  const limits = far.map((rows) => largest(rows.map((row) => largest(finites(row)))));
  const limit = Math.max(...limits), at = ways[limits.indexOf(limit)] * Infinity;  // of equal ones the right one
  const slack = 1e-12 * (1 + Math.abs(value));
  if (limit > value + slack) return { value: roundedOff(limit), at, taken: false };
  if (limit >= value - slack && !isTaken(f, near, x, value)) return { value: roundedOff(value), at, taken: false };
  return { value: roundedOff(value), at: roundedOff(x), taken: true };
}

export function lowest(f) {
  const { value, at, taken } = highest((xs) => opposite(f(xs)));
  return { value: 0 - value, at, taken };
}

// Rounding makes a limit look taken; one that is taken is left by a visible step where its plateau ends.
function isTaken(f, near, x, value) {
  const place = nearestPlace(NEAR, (point) => Math.abs(point - x));
  const below = [...near.keys()].filter((n) => near[n] < value - 1e-12 * (1 + Math.abs(value)));
  const left = below.filter((n) => n < place).slice(-1), right = below.filter((n) => n > place).slice(0, 1);
  const outside = Float64Array.of(...left.map((n) => NEAR[n] - 0.125), ...right.map((n) => NEAR[n] + 0.125));
  return !outside.length || largest(f(outside).map((one) => Math.abs(one - value))) > 1e-9;
}

// The place of the smallest, the first of equal ones.
function nearestPlace(items, size) {
  let found = 0;
  items.forEach((item, n) => { if (size(item) < size(items[found])) found = n; });
  return found;
}

// The highest point, nearest to 0: every high local peak of the grid, refined between its neighbours.
function peak(f, near) {
  const top = largest(near), known = finites(near);
  const low = top - 0.05 * (top - known.reduce((a, b) => Math.min(a, b)));
  // the grid misses the peaks of an oscillation, some by more than others
  const places = peaksOf(near).filter((n) => near[n] >= low);
  const tops = [...near.keys()].filter((n) => near[n] >= top - 1e-13 * (1 + Math.abs(top)));
  places.push(tops[nearestPlace(tops, (n) => Math.abs(NEAR[n]))]);
  const found = refined(f, near, places).map((one) => (one.isEndless ? { ...one, value: Infinity } : one));
  const best = largest(found.map(({ value }) => value)), slack = best < Infinity ? 1e-12 * (1 + Math.abs(best)) : 0;
  const even = found.filter(({ value }) => value === best || value >= best - slack);
  const chosen = even[nearestPlace(even, ({ x }) => Math.abs(x) - 1e-9 * (x > 0))];  // of two mirrored ones the right one
  return [chosen.x, chosen.value];
}

function peaksOf(near) {
  const last = near.length - 1;
  const before = (n) => (n ? near[n - 1] : -Infinity), after = (n) => (n < last ? near[n + 1] : -Infinity);
  return [...near.keys()].filter((n) => near[n] >= before(n) && near[n] >= after(n)
    && (near[n] > before(n) || near[n] > after(n)));
}

// Of peaks of the grid, where they are and how high, and whether they grow without end the nearer one comes.
// `isHunt`: those that do not grow at all are let go early.
function refined(f, near, places, isHunt = false) {
  const last = near.length - 1;
  let found = places.map((n) => ({
    x: NEAR[n], value: near[n], first: near[n], from: NEAR[Math.max(n - 1, 0)], to: NEAR[Math.min(n + 1, last)],
    around: largest(finites(near.slice(Math.max(n - AROUND, 0), n + AROUND + 1))),
  }));
  for (let round = 0; round < 12; round++) {  // a finer grid around each, again and again
    if (isHunt && round === 3) found = found.filter(({ first, value }) => isRising(first, value));
    const points = new Float64Array(21 * found.length);
    found.forEach(({ from, to }, row) => {
      for (let n = 0; n < 21; n++) {
        const x = n < 20 ? from + n * ((to - from) / 20) : to;
        points[21 * row + n] = Math.abs(x) < NO_NEARER ? 0 : x;
      }
    });
    const values = f(points);
    found.forEach((one, row) => {
      const step = (one.to - one.from) / 20, seen = values.subarray(21 * row, 21 * row + 21);
      one.value = Math.max(one.value, largest(seen));
      let nearest = Infinity;  // of a plateau the end nearest to 0
      seen.forEach((value, n) => {
        const x = points[21 * row + n];
        if (value >= one.value && Math.abs(x) < nearest) [nearest, one.x] = [Math.abs(x), x];
      });
      [one.from, one.to] = [one.x - step, one.x + step];
    });
  }
  const beside = NEARER.map((step) => [1, -1].map((side) => f(Float64Array.from(found, ({ x }) => x + side * step))));
  return found.map(({ x, value, around }, at) => {
    const [one, two, three, four, end] = beside.map((sides) => largest(sides.map((values) => values[at])));
    const isGrowing = isRising(one, two) && three - two > 0.7 * (two - one);
    // of an oscillation that the grid misses, some peaks are higher than others: by little
    const isEndless = four === Infinity || (isGrowing && four - three > 0.7 * (three - two) && end > 1.2 * around);
    const isLost = !isEndless && value > end + 1e-3 * (1 + Math.abs(end));  // of digits, not a peak
    return { x, value: isLost ? end : value, isEndless };
  });
}

const isRising = (one, two) => two === Infinity || two - one > 0.05 * (1 + Math.abs(one));

// Where |f| grows without end in [-50, 50].
export function polesOf(f) {
  const size = (xs) => f(xs).map(Math.abs), known = size(NEAR), last = NEAR.length - 1, found = [];
  for (const [start, end] of runs(NEAR.length, (n) => known[n] === Infinity)) {
    const part = NEAR.slice(start, end + 1);
    if (start > 0 && end < last && part.at(-1) - part[0] < NARROW) found.push(part[nearestPlace([...part], Math.abs)]);
  }
  const near = known.map((value) => (Number.isNaN(value) ? -Infinity : value));
  for (const one of refined(size, near, peaksOf(near).filter((n) => Number.isFinite(near[n])), true)) {
    const x = roundedOff(one.x);
    if (one.isEndless && !found.some((other) => Math.abs(x - other) < 0.01)) found.push(x);
  }
  return found;
}

// Whether the largest value of a decade grows from decade to decade without end.
function grows(rows) {
  if (rows.some((row) => row.includes(Infinity))) return true;
  const tops = rows.map(finites).filter((row) => row.length).map(largest);
  if (tops.length < 3) return false;
  const middle = tops[Math.floor(tops.length / 2)];
  return middle > tops[0] + 0.5 && tops.at(-1) > middle + 0.5;
}

export function boundedBy(low, high) {
  const below = Number.isFinite(low.value), above = Number.isFinite(high.value);
  return below && above ? "both" : below ? "below" : above ? "above" : "no";
}

// {monotone, strictly} of what is finite; strictly where f stays on no stretch of [-12, 12], but for what underflows.
export function monotony(f) {
  const far = FAR.slice().sort(), values = finites(f(Float64Array.of(...opposite(far).reverse(), ...NEAR, ...far)));
  let up = true, down = true;
  for (let n = 1; n < values.length; n++) {
    const step = values[n] - values[n - 1], slack = 1e-12 * (1 + Math.abs(values[n]));
    up &&= step >= -slack;
    down &&= step <= slack;
  }
  if (up && down) return { monotone: "constant", strictly: false };
  const strictly = !hasPlateau(f(CENTRE));
  return { monotone: up ? "increasing" : down ? "decreasing" : "neither", strictly: strictly && (up || down) };
}

// Whether a stretch of equal values ends in a visibly other one 0.125 further on.
function hasPlateau(values) {
  const further = 12;  // points of the grid
  const stays = (n) => values[n + 1] - values[n] === 0;
  const isVisible = (n) => Math.abs(values[n + further] - values[n]) > 1e-9;
  const places = [...values.keys()];
  return places.slice(0, -1).every(stays)
    || places.slice(0, -further).some((n) => isVisible(n) && (stays(n) || stays(n + further - 1)));
}

// "odd", "even" or "neither", of where both sides are finite.
export function parityOf(f) {
  const x = Float64Array.from({ length: 1500 }, (_, n) => (n < 1499 ? 0.00314159 + n * ((30 - 0.00314159) / 1499) : 30));
  const right = f(x), left = f(opposite(x));
  const both = [...x.keys()].filter((n) => Number.isFinite(right[n]) && Number.isFinite(left[n]));
  const all = (gap) => both.length && both.every((n) => Math.abs(gap(n)) <= 1e-9 * (1 + Math.abs(right[n])));
  return all((n) => right[n] - left[n]) ? "even" : all((n) => right[n] + left[n]) ? "odd" : "neither";
}

// Kinks and jumps among these places; and poles and infinite slopes, wherever they are.
export function kinksOfShape(f, slope, places) {
  const poles = polesOf(f), steep = polesOf(slope), among = (list, x) => list.some((one) => Math.abs(x - one) < 1e-6);
  const isInside = (x) => {
    const beside = Float64Array.of(x - 1e-9 * (1 + Math.abs(x)), x + 1e-9 * (1 + Math.abs(x)));
    return [...f(beside), ...slope(beside)].every(Number.isFinite);
  };
  const told = kinksAmong(f, slope, places).filter(({ x }) => !among(poles, x));
  const more = steep.filter((x) => !among([...poles, ...told.map((one) => one.x)], x));
  const atPlace = (x) => ({ x, value: f(Float64Array.of(x))[0], jump: false, ...sidesOf(slope, x) });
  const found = [...told, ...more.map(atPlace), ...poles.map(atPlace)].map((kink) => ({
    ...kink, pole: among(poles, kink.x), steep: !among(poles, kink.x) && among(steep, kink.x),
  }));
  for (const kink of found.filter((one) => one.steep)) {
    const [left, right] = slope(Float64Array.of(kink.x - 1e-9, kink.x + 1e-9));
    if (Math.abs(left) > Math.abs(right) / 2) kink.left = Math.sign(left) * Infinity;
    if (Math.abs(right) > Math.abs(left) / 2) kink.right = Math.sign(right) * Infinity;
  }
  return found.filter(({ x, pole }) => pole || isInside(x)).sort((one, other) => one.x - other.x);
}

function sidesOf(slope, x) {
  const [left, right] = [-1, 1].map((side) => oneSided(slope, x, side));
  return { left, right };
}

// Of these places, those where f or f' has different limits on the two sides, however little.
function kinksAmong(f, slope, places) {
  return places.filter((x) => {
    const [wide, close] = gapsAcross(slope, x);
    return close === Infinity || (close > 1e-12 && close > 0.5 * wide) || jumpsAt(f, x);
  }).map((x) => ({ x, value: f(Float64Array.of(x))[0], ...sidesOf(slope, x), jump: jumpsAt(f, x) }));
}

// The limit of the slope on one side: a line through two points beside x, ended at x.
function oneSided(slope, x, side) {
  const step = 1e-7 * (1 + Math.abs(x)) * side, [one, two] = slope(Float64Array.of(x + step, x + 2 * step));
  return Number.isFinite(one) && Number.isFinite(two) ? roundedOff(2 * one - two) : one;
}

function jumpsAt(f, x) {
  const [wide, close] = gapsAcross(f, x);
  return close > 1e-6 && close > 0.5 * wide;
}

// Differences across x, at a small distance and at a much smaller one.
function gapsAcross(f, x) {
  const steps = [1e-6, 1e-9].map((step) => step * (1 + Math.abs(x)));
  const right = f(Float64Array.from(steps, (step) => x + step)), left = f(Float64Array.from(steps, (step) => x - step));
  return [0, 1].map((n) => Math.abs(right[n] - left[n]));
}
