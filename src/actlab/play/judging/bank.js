// The catalogue's values in double on fixed grids, each computed once, as actlab/checks/identity/bank.py has them.
import { labelOf } from "../language/calls.js";
import { CATALOGUE } from "../language/catalogue.js";
import { made, understood } from "../numbers/functions.js";

export const EQUAL = 1e-6;
export const OFF = 0.00137;  // no kink or jump that people choose is met
const TAIL_STARTS = 25;  // from here on, what is not finite is a broken tail, not another function
export const GRID = Float64Array.of(...spaced(-30, 30, 1201, OFF), -1e4, -1e3, -100, 100, 1e3, 1e4);
export const CLOSE = spaced(-5, 5, 1001, OFF);
export const ROUND = CLOSE.map((x) => Math.round(1e6 * (x - OFF)) / 1e6);  // where people put poles
export const SHORT = spaced(-10, 10, 161, OFF);
const SCALES = Array.from({ length: 13 }, (_, k) => 2 ** ((k - 6) / 2)).flatMap((scale) => [scale, -scale]);
const SHIFTS = [...spaced(-4, 4, 33, 0)];
export const PAIRS = SCALES.flatMap((scale) => SHIFTS.map((shift) => [scale, shift]));
// settings that people use beside the defaults, by the parameter's name
const USUAL = new Map(Object.entries({
  negative_slope: [0.1, 0.2, 0.25, 0.3, 1 / 3, 11 / 48],
  weight: [0.01, 0.1, 0.2],
  alpha: [0.25, 0.5, 0.75, 1, 1.5, 2],
  beta: [0.5, 0.75, 1, 1.25, 1.5, 1.702, 2],
  lambd: [0.25, 0.5, 1],
  theta: [0, 0.5, 1],
  omega: [1, 30],
  omega0: [1, 30],
  a: [0.5, 1, 2],
  b: [1, 4],
}));

const known = new Map();  // label -> entry
let usual = null;

// Every function at its defaults, in the catalogue's order, then at usual settings.
export function entries() {
  usual ??= unique([...defaults(), ...CATALOGUE.flatMap((facts) => Object.keys(facts.parameters)
    .flatMap((key) => (USUAL.get(key) ?? []).map((value) => entry(facts, { [key]: value }))))]);
  return usual;
}

export const defaults = () => CATALOGUE.map((facts) => entry(facts, {}));

// Each function that has parameters of these names, with them.
export const withParameters = (given) =>
  CATALOGUE.map((facts) => entry(facts, given)).filter((one) => Object.keys(one.parameters).length);

// A function at one setting; `parameters` are those that differ from the defaults.
export function entry(facts, given) {
  const own = Object.entries(facts.parameters);
  const differ = own.filter(([key, usually]) => Object.hasOwn(given, key) && given[key] !== usually);
  const parameters = Object.fromEntries(differ.map(([key]) => [key, given[key]]));
  const label = labelOf(facts, parameters);
  if (!known.has(label)) known.set(label, new Entry(facts, parameters, label));
  return known.get(label);
}

class Entry {
  #curve = null;
  #kept = new Map();

  constructor(facts, parameters, label) {
    Object.assign(this, { name: facts.name, length: facts.formula.length, facts, parameters, label });
  }

  sample(xs) {
    this.#curve ??= made(understood(this.name), { ...this.facts.parameters, ...this.parameters });
    return sampled(this.#curve, xs);
  }

  // Its values on GRID or CLOSE.
  on(grid) {
    if (!this.#kept.has(grid)) this.#kept.set(grid, this.sample(grid));
    return this.#kept.get(grid);
  }

  // Its values at SHORT stretched and shifted, for each of PAIRS a row: centred, of length 1; 0 where they say nothing.
  rows() {
    if (!this.#kept.has(PAIRS)) this.#kept.set(PAIRS, unitRows(this.sample(stretched())));
    return this.#kept.get(PAIRS);
  }
}

let inputs = null;

function stretched() {
  inputs ??= Float64Array.from({ length: PAIRS.length * SHORT.length }, (_, at) => {
    const [scale, shift] = PAIRS[Math.floor(at / SHORT.length)];
    return scale * SHORT[at % SHORT.length] + shift;
  });
  return inputs;
}

function unitRows(values) {
  const width = SHORT.length, rows = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += width) {
    let middle = 0, square = 0;
    for (let at = start; at < start + width; at++) middle += values[at];
    middle /= width;
    for (let at = start; at < start + width; at++) square += (values[at] - middle) ** 2;
    const size = Math.sqrt(square);
    if (!(size > 1e-9 && size < Infinity)) continue;
    for (let at = start; at < start + width; at++) rows[at] = (values[at] - middle) / size;
  }
  return rows;
}

export function sampled(curve, xs) {
  const out = new Float64Array(xs.length);
  curve.values(xs, out);
  return out;
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function centred(values) {
  const middle = mean(values);
  return values.map((value) => value - middle);
}

export function dot(one, other) {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += one[at] * other[at];
  return sum;
}

// Whether values on GRID are the reference's; false for NaN.
export function agree(values, reference, limit) {
  let asked = 0;
  for (let at = 0; at < GRID.length; at++) {
    const brokenTail = !Number.isFinite(values[at]) && Math.abs(GRID[at]) >= TAIL_STARTS;
    if (!Number.isFinite(reference[at]) || brokenTail) continue;
    asked++;
    if (!(Math.abs(values[at] - reference[at]) <= limit * (1 + Math.abs(reference[at])))) return false;
  }
  return asked >= GRID.length / 4;
}

// As numpy.linspace, moved.
function spaced(from, to, count, by) {
  const step = (to - from) / (count - 1);
  return Float64Array.from({ length: count }, (_, at) => (at === count - 1 ? to : at * step + from) + by);
}

const unique = (list) => [...new Set(list)];
