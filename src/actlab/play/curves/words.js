// What a function is like, in sentences: the answer first.
import { said } from "../page/dom.js";
import { widest } from "../properties/places.js";

const joined = (items) => (items.length > 1 ? `${items.slice(0, -1).join(", ")} and ${items.at(-1)}` : items[0]);

// An interval as one says it: x < -2.8, -1.8 to -0.9, x > 3.
export function intervalInWords([from, to]) {
  if (from === -Infinity && to === Infinity) return "every x";
  if (from === to) return said(from);
  if (from === -Infinity) return `x < ${said(to)}`;
  if (to === Infinity) return `x > ${said(from)}`;
  const digits = [3, 4, 5, 6].find((one) => said(from, one) !== said(to, one)) ?? 7;  // a short one still has two ends
  return `${said(from, digits)} to ${said(to, digits)}`;
}

const MOST = 4, UNCOUNTED = 1000;  // of 10,000 points that are looked at
// The widest few, in order, and how many more there are.
const places = (list, more = 0) => {
  const [kept, left] = widest(list, MOST);
  return withMore(kept.map(intervalInWords), left + more);
};
const withMore = (words, left) => {
  if (left <= 0) return joined(words);
  if (left > UNCOUNTED) return `${words.join(", ")}, and in so many more places that not all are found`;
  return `${words.join(", ")}, and in ${left} more ${left === 1 ? "place" : "places"}`;
};

export function kinkInWords({ x, left, right, jump, pole, steep }) {
  if (pole) return `a pole at ${said(x)}`;
  if (steep && !jump && left === right) return `an infinite slope at ${said(x)}`;
  if (jump) return `a jump at ${said(x)}`;
  return `a kink at ${said(x)} (slope ${slopeSaid(left)} on its left, ${slopeSaid(right)} on its right)`;
}

const slopeSaid = (value) => (Number.isNaN(value) ? "unknown" : said(value));

// Kinks and jumps one by one, the nearest to 0 first; poles together.
function bendsInWords(kinks) {
  const near = [...kinks].sort((one, other) => Math.abs(one.x) - Math.abs(other.x));
  const poles = near.filter(({ pole }) => pole).map(({ x }) => said(x)), others = near.filter(({ pole }) => !pole);
  const shown = others.slice(0, 3).map(kinkInWords), left = others.length - shown.length;
  const nearest = withMore(poles.slice(0, 3), poles.length - 3);
  if (poles.length) shown.unshift(`${poles.length > 1 ? "poles" : "a pole"} at ${nearest}`);
  if (!shown.length) return "without a kink";
  return `with ${joined(shown)}${left > 0 ? `, and ${left} more` : ""}`;
}

function momentsInWords({ mean, second, slopeSecond, gain }) {
  const isOrNot = (value) => {
    if (Number.isNaN(value)) return "does not exist";
    return `is ${Number.isFinite(value) ? said(value) : value > 0 ? "infinite" : "minus infinity"}`;
  };
  const kept = Number.isNaN(gain) ? (second === 0 ? "no gain keeps what is 0" : "no gain keeps it") : `gain ${said(gain)}`;
  return `At an input drawn from N(0, 1) its mean ${isOrNot(mean)}, its mean square ${isOrNot(second)} (${kept}), that of its slope ${isOrNot(slopeSecond)}.`;
}

// `found` is what properties.js measures; `lost` are intervals.
export function sentences(label, found, lost) {
  const { lowest, highest, monotone, kinks, vanishing, exploding, undefined: gaps } = found;
  if (gaps.some(([from, to]) => from === -Infinity && to === Infinity)) return [`${label} is undefined for every x.`];
  if (Number.isNaN(lowest.value) || Number.isNaN(highest.value)) return [`${label} is a finite number for no x.`];
  const ends = `from ${Number.isFinite(lowest.value) ? said(lowest.value) : "-inf"} to ${Number.isFinite(highest.value) ? said(highest.value) : "inf"}`;
  const isLevel = monotone === "constant" && Number.isFinite(lowest.value);
  const grows = isLevel || /creasing/.test(monotone) ? `, ${monotone}` : "";
  const points = gaps.every(([from, to]) => from === to);
  const runs = gaps.length ? `is undefined ${points ? "at" : "for"} ${places(gaps, found.moreUndefined)}; elsewhere it runs` : "runs";
  return [
    `${label} ${runs} ${ends}${grows}, ${bendsInWords(kinks)}.`,
    vanishing.length && `Its gradient vanishes (|f′| < 0.1) at ${places(vanishing, found.moreVanishing)}.`,
    exploding.length && `Its gradient explodes (|f′| > 10) at ${places(exploding, found.moreExploding)}.`,
    lost.length && `Written like this it loses digits: fewer than 6 of 16 are sure at ${places(lost)}. actlab play "FORMULA" finds a form that keeps them.`,
    momentsInWords(found),
  ];
}
