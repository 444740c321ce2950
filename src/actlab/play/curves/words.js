// What a function is like, in sentences: the answer first.
import { said } from "../page/dom.js";

const joined = (items) => (items.length > 1 ? `${items.slice(0, -1).join(", ")} and ${items.at(-1)}` : items[0]);

// An interval as one says it: x < -2.8, -1.8 to -0.9, x > 3.
export function intervalInWords([from, to]) {
  if (from === -Infinity && to === Infinity) return "every x";
  if (from === -Infinity) return `x < ${said(to)}`;
  if (to === Infinity) return `x > ${said(from)}`;
  const digits = [3, 4, 5, 6].find((one) => said(from, one) !== said(to, one)) ?? 7;  // a short one still has two ends
  return `${said(from, digits)} to ${said(to, digits)}`;
}

const MOST = 4;
const places = (list, more = 0) => {
  const left = Math.max(0, list.length - MOST) + more, words = list.slice(0, MOST).map(intervalInWords);
  return left > 0 ? `${words.join(", ")} and at ${left} more places` : joined(words);
};

export function kinkInWords({ x, left, right, jump }) {
  if (jump) return `a jump at ${said(x)}`;
  return `a kink at ${said(x)} (slope ${said(left)} on its left, ${said(right)} on its right)`;
}

// `found` is what properties.js measures; `lost` are intervals.
export function sentences(label, found, lost) {
  const { lowest, highest, monotone, kinks, vanishing, exploding } = found;
  const ends = `from ${Number.isFinite(lowest.value) ? said(lowest.value) : "-inf"} to ${Number.isFinite(highest.value) ? said(highest.value) : "inf"}`;
  const grows = { increasing: ", increasing", decreasing: ", decreasing", constant: ", constant", neither: "" }[monotone];
  const bends = kinks.length ? `with ${joined(kinks.slice(0, 3).map(kinkInWords))}${kinks.length > 3 ? ` and ${kinks.length - 3} more` : ""}` : "without a kink";
  return [
    `${label} runs ${ends}${grows}, ${bends}.`,
    vanishing.length && `Its gradient vanishes (|f′| < 0.1) at ${places(vanishing, found.moreVanishing)}.`,
    exploding.length && `Its gradient explodes (|f′| > 10) at ${places(exploding, found.moreExploding)}.`,
    lost.length && `Written like this it loses digits: fewer than 6 of 16 are sure at ${places(lost)}. actlab play "FORMULA" finds a form that keeps them.`,
    `At an input drawn from N(0, 1) its mean is ${said(found.mean)}, its mean square ${said(found.second)}, that of its slope ${said(found.slopeSecond)}; gain ${said(found.gain)}.`,
  ];
}
