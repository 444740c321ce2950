// Functions that are a known one up to scale and shift, as actlab/checks/identity/affine.py finds them.
import { EQUAL, GRID, PAIRS, SHORT, agree, centred, defaults, dot, mean } from "./bank.js";
import { general } from "./shown.js";

const REFINED = 60;  // so many of the best starts are refined
const MOST = 24;  // of starts that match alike
const STEEPEST = 40;  // stretched further, every smooth bend looks like a kink
const extent = (values) => values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
const largest = (values) => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);

// Every function that these values are, up to scale and shift: `values` on GRID, `short` on SHORT.
export function affineMatches(values, short) {
  if (!short.every(Number.isFinite)) return [];
  const identity = defaults().find((one) => one.name === "identity");
  const span = extent(short);
  if (span === 0) return [{ entry: identity, a: 0, b: 1, c: 0, d: short[0] + 0, error: 0, where: NaN }];
  const straight = projected(identity, 1, 0, short);
  if (straight.error <= EQUAL * span) return holds(straight, values) ? [straight] : [];  // say the plainest
  const wanted = unit(short), fits = (from) => from.flatMap((start) => refined(start, short))
    .filter((match) => match.error <= EQUAL * span);
  const near = fits(starts(wanted)), found = near.filter((match) => holds(match, values));
  if (found.length || !near.length) return found;
  // a piece of it fits, in one of many ways (of a parabola any): another may be right beyond
  const others = [...new Set(near.map(({ entry }) => entry))].flatMap((entry) => evenStarts(entry, wanted));
  return fits(others).filter((match) => holds(match, values));
}

export function affineText({ entry, a, b, c, d }) {
  if (a === 0) return `the constant ${general(d + 0, 6)}`;
  const shown = line(a, entry.label === "identity" ? "x" : `${entry.label}(${line(b, "x", c)})`, d);
  return `${entry.label} up to input and output scale and shift: ${shown}`;
}

const logSize = (value) => Math.abs(Math.log(Math.abs(value)));

// Few numbers first, then a short formula, then small numbers; a tie is left to the order.
export function simplest(matches) {
  const ranks = matches.map(({ entry, a, b, c, d }) => [
    (a !== 1) + (Math.abs(b) !== 1) + 1.5 * (b < 0) + (c !== 0) + (d !== 0), entry.length,
    Math.round(1e6 * (logSize(a || 1) + logSize(b) + Math.abs(c) + Math.abs(d))),
  ]);
  const less = (one, other) => {
    const at = one.findIndex((value, place) => value !== other[place]);
    return at >= 0 && one[at] < other[at];
  };
  return matches[ranks.reduce((best, rank, at) => (less(rank, ranks[best]) ? at : best), 0)];
}

// `scale of + offset`, without what says nothing.
function line(scale, of, offset) {
  const shown = scale === 1 ? of : scale === -1 ? `-${of}` : `${general(scale, 6)} ${of}`;
  return offset === 0 ? shown : `${shown} ${offset < 0 ? "-" : "+"} ${general(Math.abs(offset), 6)}`;
}

function unit(short) {
  const middle = centred(short), size = Math.sqrt(dot(middle, middle));
  return Float32Array.from(middle, (y) => y / size);
}

// Rows of a function that match as well as any, spread over all of them.
function evenStarts(entry, wanted) {
  const even = alike(entry, wanted).filter(({ match }) => match >= 1 - 1e-6);
  const step = Math.max(1, Math.floor(even.length / MOST));
  return even.filter((_, at) => at % step === 0);
}

// The best row of each function, then the second best of those that match best.
function starts(wanted) {
  const near = defaults().flatMap((entry) => alike(entry, wanted));
  const first = new Map(), second = new Map();
  for (const row of near.sort((one, other) => other.match - one.match)) {
    const list = first.has(row.entry) ? second : first;
    if (!list.has(row.entry)) list.set(row.entry, row);
  }
  return [...[...first.values()].slice(0, REFINED), ...[...second.values()].slice(0, REFINED / 4)];
}

// The rows of a function that match, with how well.
function alike(entry, wanted) {
  const rows = entry.rows(), found = [];
  PAIRS.forEach(([b, c], place) => {
    let match = 0;
    for (let at = 0, start = place * wanted.length; at < wanted.length; at++) match += rows[start + at] * wanted[at];
    if (Math.abs(match) >= 0.97) found.push({ entry, b, c, match: Math.abs(match) });
  });
  return found;
}

// The best fit from this start, and the same with b or c held at the plain numbers near it.
function refined({ entry, b, c }, short) {
  const residual = (point) => fit(entry, point[0], point[1], short).left
    .map((y) => (Number.isFinite(y) ? y : y === -Infinity ? -1e6 : 1e6));
  let free = leastSquares(residual, [b, c], 20);
  const steep = Math.abs(free[0]);
  if (largest(residual(free)) > 1e-4 * extent(short) || !(1 / STEEPEST < steep && steep < STEEPEST)) return [];
  free = leastSquares(residual, free, 60);
  const sign = Math.sign(free[0]) || 1, near = free.map(plain), shift = free[1] / Math.abs(free[0]);
  // where stretching is the same as scaling (relu) any b fits: then 1 is the plainest; where g is odd, b > 0 is
  const points = [[1, 0], [-1, 0], [sign, shift], [-sign, -shift], near, [-near[0], -near[1]], [near[0], 0], free];
  return points.map(([stretch, moved]) => projected(entry, plain(stretch), plain(moved), short))
    .filter((match) => Number.isFinite(match.error));
}

// The point that so many steps of Levenberg and Marquardt lead to.
function leastSquares(residual, start, steps) {
  let point = start, left = residual(point), damping = 1e-3;
  for (let step = 0; step < steps; step++) {
    const slopes = point.map((value, at) => {
      const width = 1.5e-8 * Math.max(1, Math.abs(value));
      const beside = residual(point.map((one, place) => (place === at ? one + width : one)));
      return beside.map((y, i) => (y - left[i]) / width);
    });
    const [p, q, r] = [dot(slopes[0], slopes[0]), dot(slopes[0], slopes[1]), dot(slopes[1], slopes[1])];
    const kept = 1e-14 * (p + r) + 1e-300;  // some stretch without effect (relu)
    const [u, v] = slopes.map((slope) => -dot(slope, left));
    const moved = solved(p + damping * p + kept, q, r + damping * r + kept, u, v);
    const tried = residual(point.map((one, at) => one + moved[at]));
    const gained = 1 - dot(tried, tried) / Math.max(dot(left, left), 1e-300);
    if (gained > 0) {
      [point, left, damping] = [point.map((one, at) => one + moved[at]), tried, damping / 10];
    } else {
      damping *= 10;
    }
    if (largest(moved) <= 1e-15 * largest(point) || (gained > 0 && gained < 1e-6)) break;  // as near as it comes
  }
  return point;
}

// Two equations, p x + q y = u and q x + r y = v, p and r positive.
function solved(p, q, r, u, v) {
  if (p < Math.abs(q)) return solved(r, q, p, v, u).reverse();
  const y = (v - (q / p) * u) / (r - (q / p) * q);
  return [(u - q * y) / p, y];
}

function projected(entry, b, c, short) {
  const { a, d, left } = fit(entry, b, c, short);
  const where = SHORT[left.reduce((best, y, at) => (Math.abs(y) > Math.abs(left[best]) ? at : best), 0)];
  const [scale, offset] = [plain(a), plain(d)];
  const values = entry.sample(SHORT.map((x) => b * x + c));
  const gaps = values.map((y, at) => Math.abs(short[at] - (scale * y + offset)));
  return { entry, a: scale, b, c, d: offset, error: gaps.some(Number.isNaN) ? NaN : largest(gaps), where };
}

// The best a and d for these b and c, and what is left.
function fit(entry, b, c, short) {
  const g = entry.sample(SHORT.map((x) => b * x + c));
  const middle = centred(g), size = dot(middle, middle);
  const a = size > 0 ? dot(middle, centred(short)) / size : 0;
  const d = mean(short) - a * mean(g);
  return { a, d, left: short.map((y, at) => y - (a * g[at] + d)) };
}

// The number of few digits that this one misses by rounding alone.
function plain(value) {
  const near = Number(value.toPrecision(4)), taken = Math.abs(near) < 1e-7 ? 0 : near;
  return Math.abs(value - taken) <= 2e-8 * Math.max(1, Math.abs(value)) ? taken : value;
}

// Whether the match goes on outside [-10, 10]: a clipped function is no relu, though it looks like one there.
function holds({ entry, a, b, c, d }, values) {
  return agree(values, entry.sample(GRID.map((x) => b * x + c)).map((y) => a * y + d), 1e-4);
}
