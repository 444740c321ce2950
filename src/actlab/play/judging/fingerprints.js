// What a function is: equal to a known one, equal up to scale and shift, or nearest to one; in the words of identify.
import { affineMatches, affineText, simplest } from "./affine.js";
import { CLOSE, EQUAL, GRID, OFF, ROUND, SHORT, agree, entries, sampled, withParameters } from "./bank.js";
import { general } from "./shown.js";

// `kind` is "equals", "affine" or "nearest", `text` says it; `parameters` are also tried on functions that have such.
export function identified(curve, parameters = {}) {
  const values = sampled(curve, GRID);
  const asked = [...entries(), ...withParameters(parameters)];
  const isEndless = sampled(curve, ROUND).some((y) => Math.abs(y) === Infinity);  // beside a pole nothing is nearest
  const nearest = isEndless ? [] : nearestKnown(asked, sampled(curve, CLOSE), values);
  const named = nearest.map(({ entry: { label }, distance, where }) => ({ label, distance, where }));
  const said = (kind, { name, parameters: own }, text, more) =>
    ({ kind, name, parameters: own, text, nearest: named, ...more });
  const [first, ...others] = oneEach(asked.filter((entry) => agree(values, entry.on(GRID), EQUAL)));
  if (first) return said("equals", first, `equals ${first.label}`, { also: others.map((entry) => entry.label) });
  const best = simplest(affineMatches(values, sampled(curve, SHORT)));
  if (best) return said("affine", best.entry, affineText(best), { affine: [best.a, best.b, best.c, best.d] });
  if (!nearest.length) return said("nearest", { name: "", parameters: {} }, "not finite on [-5, 5]");
  const { entry, distance, where } = nearest[0];
  const shown = `largest difference ${general(distance, 3)} on [-5, 5], at x = ${general(where, 3)}`;
  const text = distance <= EQUAL
    ? `${entry.label} on [-5, 5], but not beyond${beyond(values, entry.on(GRID))}` : `nearest ${entry.label}: ${shown}`;
  return said("nearest", entry, text, { distance, where });
}

// The first setting of each name.
const oneEach = (found) => found.filter((entry, at) => found.findIndex((one) => one.name === entry.name) === at);

// The largest difference, on [-30, 30] if there is one, else further out.
function beyond(values, reference) {
  const gaps = values.map((y, at) => Math.abs(y - reference[at]) / (1 + Math.abs(reference[at])))
    .map((gap) => (Number.isNaN(gap) ? Infinity : gap));
  const inside = gaps.map((gap, at) => (Math.abs(GRID[at]) <= 31 ? gap : 0));
  const asked = inside.some((gap) => gap > EQUAL) ? inside : gaps;
  const at = asked.indexOf(asked.reduce((a, b) => Math.max(a, b)));
  return `: at x = ${general(GRID[at], 4)} it is ${general(values[at], 4)}, not ${general(reference[at], 4)}`;
}

// The nearest names on [-5, 5], each at its best setting; of equal ones first those that go on longest.
function nearestKnown(asked, close, wide, count = 5) {
  if (!close.every(Number.isFinite)) return [];
  const best = new Map();
  for (const entry of asked) {
    const gaps = entry.on(CLOSE).map((y, at) => Math.abs(close[at] - y));
    if (!gaps.every(Number.isFinite)) continue;
    const distance = gaps.reduce((a, b) => Math.max(a, b)), equal = distance <= EQUAL;
    const far = equal ? share(wide, entry.on(GRID)) : 0;
    const where = Math.round(1e6 * (CLOSE[gaps.indexOf(distance)] - OFF)) / 1e6;
    const near = { entry, distance, where, rank: [equal ? 0 : distance, far] };
    if (!best.has(entry.name) || compared(near, best.get(entry.name)) < 0) best.set(entry.name, near);
  }
  return [...best.values()].sort(compared).slice(0, count);
}

const compared = ({ rank: [one, far] }, { rank: [other, beside] }) => one - other || far - beside;

// Of how much of GRID the values are not the reference's.
const share = (values, reference) =>
  mean01(values.map((y, at) => +!(Math.abs(y - reference[at]) <= EQUAL * (1 + Math.abs(reference[at])))));
const mean01 = (flags) => flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
