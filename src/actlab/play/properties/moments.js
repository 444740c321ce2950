// Means at a normal input, E f, E f^2 and E f'^2, by Gauss-Legendre in cells; and gain and chi, made of them.
import { bounded } from "../numbers/bounds.js";

const NORMAL_REACH = 37;  // the normal density is above 1e-298 as far as here
const TAIL = 9;  // what is not finite further out weighs below 1e-18, unless f grows as fast as the density falls
const ROUNDS = 40, MOST_CELLS = 2000;  // how often cells are halved, and how many at once
const SETTLED = 1e-11, WEIGHTY = 1e-6;  // shares of the whole
const SHRINKS = 0.95;  // by this the largest open cell shrinks at least when it is halved, where a moment exists
const MOMENTS = [0, 1, 2];
const GRADED = [1, 2, 3, 4, 5, 6].flatMap((power) => [10 ** -power, -(10 ** -power)]);
const NEARER = 1e-6;  // so much nearer to 0 points may be taken
const KEEPS = 0.01;  // chi this near to 1 neither explodes nor vanishes

// A function of arrays, from one that fills an array.
export const onArrays = (fill) => (xs) => {
  const out = new Float64Array(xs.length);
  fill(xs, out);
  return out;
};

// The slope of a curve as a function of arrays: 1/x is none of log(x) where that is not defined.
export function slopeOf(curve) {
  const values = onArrays((xs, out) => curve.values(xs, out)), slopes = onArrays((xs, out) => curve.slopes(xs, out));
  return (xs) => {
    const known = values(xs);
    return slopes(xs).map((value, n) => (Number.isNaN(known[n]) ? NaN : value));
  };
}

// Nodes and weights on [-1, 1]: the roots of the Legendre polynomial P_n, by Newton's method.
export function legendre(count) {
  const nodes = new Float64Array(count), weights = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    let x = -Math.cos(Math.PI * (at + 0.75) / (count + 0.5)), slope = 0;
    for (let round = 0; round < 8; round++) {
      let before = 1, now = x;
      for (let n = 2; n <= count; n++) [before, now] = [now, ((2 * n - 1) * x * now - (n - 1) * before) / n];
      slope = count * (before - x * now) / (1 - x * x);
      x -= now / slope;
    }
    nodes[at] = x;
    weights[at] = 2 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

const GAUSS = legendre(16);
const inOrder = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);

const median = (numbers) => {
  const sorted = Float64Array.from(numbers).sort(), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const addUp = (numbers) => numbers.reduce((total, one) => total + one, 0);

// Places beside 0 so near to which, and nearer, value and slope keep their digits: those of (exp(x) - 1)/x do not.
export function gradedFor({ names, parameters, trees }) {
  if (!trees) return [];
  const values = names.map((one) => parameters[one]);
  const bounds = [trees.value, trees.slope].map((tree) => bounded(tree, names));
  const isSure = ({ value, error }) => Number.isNaN(value) || error <= 1e-3 * (1 + Math.abs(value));
  return GRADED.filter((x) => bounds.every((bound) => isSure(bound(NEARER * x, values))));
}

// E f, E f^2 and E f'^2 of an input that is normal with variance `q`, in cells that are halved until each settles, or is
// seen not to: infinite where it is, NaN where it does not exist. `f` and `slope` are functions of arrays; cells end at
// kinks, and at `graded` places beside 0, as steep functions need.
export function momentsOf(f, slope, kinks = [], q = 1, graded = []) {
  const wide = Math.sqrt(q), steps = Array.from({ length: 57 }, (_, n) => n / 2 - 14);
  const far = Array.from({ length: NORMAL_REACH - 14 }, (_, n) => n + 15);
  const places = [...steps, ...graded, ...far, ...far.map((x) => -x), ...[...steps, ...kinks].map((x) => x / wide)];
  const edges = inOrder(places.map((x) => x + 0).filter((x) => Math.abs(x) <= NORMAL_REACH));
  let cells = edges.slice(1).map((high, n) => ({ low: edges[n], high }));
  fillCells(f, slope, cells, wide);
  const whole = MOMENTS.map((n) => addUp(cells.map(({ size }) => size[n])));
  const ends = MOMENTS.map((n) => outermost(cells, n).filter(({ size }) => size[n] > WEIGHTY * whole[n]));
  const done = [0, 0, 0], largest = [];
  for (let round = 0; round < ROUNDS && cells.length && cells.length <= MOST_CELLS; round++) {
    const halves = cells.flatMap(({ low, high }) => [{ low, high: (low + high) / 2 }, { low: (low + high) / 2, high }]);
    fillCells(f, slope, halves, wide);
    const kept = [];
    cells.forEach(({ sum }, at) => {
      const two = [halves[2 * at], halves[2 * at + 1]], both = MOMENTS.map((n) => two[0].sum[n] + two[1].sum[n]);
      const isOpen = (n) => Math.abs(both[n] - sum[n]) > SETTLED * whole[n] + 1e-14;
      const open = MOMENTS.map((n) => Number.isFinite(both[n]) && isOpen(n));
      if (open.some(Boolean)) kept.push(...two.map((one) => ({ ...one, open })));
      else MOMENTS.forEach((n) => { done[n] += both[n]; });
    });
    cells = kept;
    for (const n of MOMENTS) {
      const known = addUp(cells.map(({ size }) => size[n]));
      if (known > whole[n]) whole[n] = known;
    }
    largest.push(MOMENTS.map((n) => Math.max(0, ...cells.map(({ open, size }) => (open[n] ? size[n] : 0)))));
  }
  const [mean, second, slopeSecond] = MOMENTS.map((n) => {
    const open = cells.filter((cell) => cell.open?.[n]);
    if (!ends[n].length && !(open.length && isEndless(largest.map((row) => row[n])))) {
      return done[n] + addUp(cells.map(({ sum }) => sum[n]));
    }
    const endless = [...ends[n], ...open];
    const [up, down] = [1, -1].map((sign) => addUp(endless.map(({ sum, size }) => size[n] + sign * sum[n])));
    if (Math.min(up, down) > 1e-3 * Math.max(up, down)) return NaN;
    return up > down ? Infinity : -Infinity;
  });
  return { mean: Math.abs(mean) < 1e-12 * Math.max(1, whole[0]) ? 0 : mean, second, slopeSecond };
}

// Whether the largest open cell stays as large when it is halved: then the integral grows without end.
function isEndless(sizes) {
  const few = Math.max(1, Math.floor(sizes.length / 3)), before = sizes.slice(-2 * few, -few);
  return median(sizes.slice(-few)) >= median(before.length ? before : sizes) * SHRINKS ** few;
}

// The last whole cells far out, on either side.
function outermost(cells, n) {
  const left = cells.find(({ high, broken }) => !broken[n] && high <= -TAIL);
  const right = cells.findLast(({ low, broken }) => !broken[n] && low >= TAIL);
  return [left, right].filter(Boolean);
}

// Gives each cell its three integrals, those of the absolute values, and whether it is left out: broken, far out.
function fillCells(f, slope, cells, wide) {
  const count = GAUSS.nodes.length, z = new Float64Array(count * cells.length);
  cells.forEach(({ low, high }, cell) => {
    for (let n = 0; n < count; n++) z[cell * count + n] = (high + low) / 2 + (high - low) / 2 * GAUSS.nodes[n];
  });
  const x = z.map((one) => wide * one), values = f(x), slopes = slope(x);
  cells.forEach((cell, at) => {
    Object.assign(cell, { sum: [0, 0, 0], size: [0, 0, 0], broken: [false, false, false] });
    for (let n = 0; n < count; n++) {
      const i = at * count + n, weight = (cell.high - cell.low) / 2 * GAUSS.weights[n];
      const density = weight * Math.exp(-z[i] * z[i] / 2) / Math.sqrt(2 * Math.PI);
      for (let which = 0; which < 3; which++) {
        const term = which === 0 ? values[i] : which === 1 ? values[i] * values[i] : slopes[i] * slopes[i];
        if (!Number.isFinite(term) && Math.abs(z[i]) > TAIL) cell.broken[which] = true;
        cell.sum[which] += term * density;
        cell.size[which] += Math.abs(term) * density;
      }
    }
    for (const which of MOMENTS) if (cell.broken[which]) cell.sum[which] = cell.size[which] = 0;
  });
}

// The gain that keeps the activations' mean square at 1; what a layer then multiplies a gradient's mean square by; a word.
export function gainOf({ second, slopeSecond }) {
  const gain = second > 0 && second < Infinity ? 1 / Math.sqrt(second) : NaN, chi = gain * gain * slopeSecond;
  return { gain, chi, depth: !Number.isFinite(chi) ? "undecided" : Math.abs(chi - 1) <= KEEPS ? "keeps" : chi > 1 ? "explodes" : "vanishes" };
}
