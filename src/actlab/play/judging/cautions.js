// What no number is wrong of, and a network fails by all the same: nothing that learns, poles, numbers without end.
import { FORMATS } from "./judge.js";
import { polesOf } from "./poles.js";
import { NEAR } from "../properties/places.js";
import { general, runsIn } from "./shown.js";
import { wide } from "./wide.js";

const SHOWN = 4;  // poles
const SURE = 1e-6;  // of a value's size

// { dead, endless, poles }: sentences that say why nothing before it learns, and where it leaves the numbers; and the
// poles, of which one that is judged an input without a value is a fault, and no sentence.
export function cautions(curve, { f, slope }) {
  const { points, truth } = f, poles = polesOf(curve);
  const isJudged = (x) => points.some((point, at) => Math.abs(point - x) < 1e-9 && !Number.isFinite(truth[at].given));
  const constant = constantOf(curve, f);
  if (constant !== null) {
    const shown = general(constant + 0, 6);
    return { dead: [`It is the constant ${shown}: its gradient is 0, nothing before it learns.`], endless: [], poles };
  }
  const dead = isFlat(curve, slope) ? ["Its gradient is 0 everywhere: nothing before it learns."] : [];
  return { dead, endless: [...poleSentence(poles.filter((x) => !isJudged(x))), ...growth(f, slope, poles)], poles };
}

function poleSentence(poles) {
  if (!poles.length) return [];
  if (poles.length === 1) return [`It has a pole at x = ${general(poles[0], 4)}: an input beside it ends a training.`];
  const isMirrored = (x) => poles.some((other) => Math.abs(x + other) < 1e-6 && other !== x);
  const each = poles.filter((x) => x >= 0 || !isMirrored(x));
  const shown = each.slice(0, SHOWN).map((x) => `${isMirrored(x) ? "±" : ""}${general(x, 4)}`);
  const more = each.slice(SHOWN).reduce((sum, x) => sum + 1 + isMirrored(x), 0);
  const last = more ? `${more} more between -50 and 50` : shown.length > 1 ? shown.pop() : "";
  const places = `${shown.join(", ")}${last && ` and ${last}`}`;
  return [`It has poles at x = ${places}: an input beside one ends a training.`];
}

// The one value that it has everywhere, or null.
function constantOf(curve, { truth }) {
  const [{ value }] = truth, near = onNear(curve.values), scale = SURE * (1 + Math.abs(value));
  const isSame = (one) => one.error <= scale && Math.abs(one.value - value) <= one.error + truth[0].error;
  return truth.every(isSame) && near.every((one) => Math.abs(one - value) <= scale) ? value : null;
}

// Whether f is level but for jumps: a steep slope that no point meets is seen in the values.
function isFlat(curve, { truth }) {
  const isZero = ({ value, error }) => Math.abs(value) <= error, known = truth.filter(({ error }) => error <= SURE);
  if (2 * known.length < truth.length || !known.every(isZero)) return false;
  if (onNear(curve.slopes).some((one) => Math.abs(one) > SURE)) return false;
  const values = onNear(curve.values), kinks = [...curve.kinks];
  const isJump = (n) => kinks.some((x) => NEAR[n - 1] <= x && x <= NEAR[n]);
  return values.every((one, n) => !n || Math.abs(one - values[n - 1]) <= SURE * (1 + Math.abs(one)) || isJump(n));
}

function onNear(many) {
  const out = new Float64Array(NEAR.length);
  many(NEAR, out);
  return out;
}

// Where f, or else its slope, is larger than every number of a dtype.
function growth(f, slope, poles) {
  const told = { f: [], "f'": [] };
  for (const dtype of ["float16", "float32"]) {
    const [one, where] = [f, slope].map((of) => [of, beyondText(of, dtype, poles)]).find(([, text]) => text) ?? [];
    if (one) told[one.what].push(`beyond ${dtype} ${where}`);
  }
  return Object.entries(told).filter(([, parts]) => parts.length)
    .map(([what, parts]) => `${what === "f" ? "It" : "Its slope"} grows ${parts.join(" and ")}.`);
}

// "from |x| = 3.33 on": the runs of such inputs that reach beyond 1 and are not the surroundings of a pole.
function beyondText({ points, truth, tree, names, values }, dtype, poles) {
  const { largest } = FORMATS[dtype], far = wide(tree, names);
  const isBeyond = (one) => one.beyond || Math.abs(one.value) > largest;
  const bad = truth.map(isBeyond), seen = [...points].map((x) => ({ x, isBad: false }));
  for (let start = 0; start < bad.length; start++) {
    if (!bad[start]) continue;
    let end = start;
    while (bad[end + 1]) end++;
    const [low, high] = [start - 1, end + 1].map((at) => points[at] ?? points[Math.min(Math.max(at, start), end)]);
    const isAlone = start === end && start > 0 && end < bad.length - 1;  // beside a pole further out
    if (!isAlone && Math.max(-points[start], points[end]) >= 1 && !poles.some((x) => low <= x && x <= high)) {
      for (let at = start; at <= end; at++) seen[at].isBad = true;
      const edges = [[start - 1, start], [end + 1, end]].filter(([outside]) => Number.isFinite(truth[outside]?.value));
      for (const [outside, inside] of edges) {
        seen.push({ x: crossing((x) => isBeyond(far(x, values)), points[outside], points[inside]), isBad: true });
      }
    }
    start = end;
  }
  if (!seen.some(({ isBad }) => isBad)) return "";
  seen.sort((one, other) => one.x - other.x);
  const places = [...seen.keys()];
  return runsIn(seen.map(({ x }) => x), places.filter((at) => seen[at].isBad), places);
}

function crossing(isBeyond, outside, inside) {
  for (let round = 0; round < 50; round++) {
    const middle = (outside + inside) / 2;
    if (isBeyond(middle)) inside = middle;
    else outside = middle;
  }
  return inside;
}
