// Names that are near what was typed, as Python's difflib and actlab/errors.py find them; and texts in Python's quotes.

const NAME = 200;  // of a name: to compare takes time by the product of the lengths

// A suggestion to append to a message, or nothing.
export function didYouMean(given, allowed) {
  const lowered = new Map([...allowed].slice(0, 10000).filter((one) => one.length < NAME).map((one) => [one.toLowerCase(), one]));
  const wanted = given.toLowerCase().slice(0, NAME);
  const close = [...lowered.keys()].filter((one) => wanted.length > 2 && one.startsWith(wanted));
  const initials = (one) => one.split("_").map((word) => word.slice(0, 1)).join("");
  close.push(...[...lowered.keys()].filter((one) => initials(one) === wanted));
  close.push(...closeMatches(wanted, lowered.keys(), 0.6));
  return close.length ? ` Did you mean ${quoted(lowered.get(close[0]))}?` : "";
}

// The best match, if any is at least as near as the cutoff: get_close_matches(word, possibilities, n=1, cutoff).
function closeMatches(word, possibilities, cutoff) {
  let best = null;
  for (const one of possibilities) {
    const together = one.length + word.length;
    if (2 * Math.min(one.length, word.length) < cutoff * together) continue;
    const ratio = together ? (2 * matches(one, word)) / together : 1;
    const better = !best || ratio > best.ratio || (ratio === best.ratio && one > best.one);
    if (ratio >= cutoff && better) best = { ratio, one };
  }
  return best ? [best.one] : [];
}

// How many characters of a and b match: SequenceMatcher(None, a, b), the sizes of all its matching blocks together.
function matches(a, b) {
  const places = new Map();
  for (let j = 0; j < b.length; j++) {
    if (!places.has(b[j])) places.set(b[j], []);
    places.get(b[j]).push(j);
  }
  if (b.length >= 200) {  // what is frequent in a long text starts no block
    const most = Math.floor(b.length / 100) + 1;
    for (const [character, found] of places) if (found.length > most) places.delete(character);
  }
  const queue = [[0, a.length, 0, b.length]];
  let sum = 0;
  while (queue.length) {
    const [fromA, toA, fromB, toB] = queue.pop();
    const [i, j, size] = longestMatch(a, b, places, fromA, toA, fromB, toB);
    if (!size) continue;
    sum += size;
    if (fromA < i && fromB < j) queue.push([fromA, i, fromB, j]);
    if (i + size < toA && j + size < toB) queue.push([i + size, toA, j + size, toB]);
  }
  return sum;
}

// Of the longest blocks that a and b share within these bounds, the first in a, then in b: where, and how long.
function longestMatch(a, b, places, fromA, toA, fromB, toB) {
  let [bestA, bestB, best] = [fromA, fromB, 0];
  let ending = new Map();  // from a place in b to the length of the match that ends there and at a[i - 1]
  for (let i = fromA; i < toA; i++) {
    const now = new Map();
    for (const j of places.get(a[i]) ?? []) {
      if (j < fromB) continue;
      if (j >= toB) break;
      const length = (ending.get(j - 1) ?? 0) + 1;
      now.set(j, length);
      if (length > best) [bestA, bestB, best] = [i - length + 1, j - length + 1, length];
    }
    ending = now;
  }
  while (bestA > fromA && bestB > fromB && a[bestA - 1] === b[bestB - 1]) {
    [bestA, bestB, best] = [bestA - 1, bestB - 1, best + 1];
  }
  while (bestA + best < toA && bestB + best < toB && a[bestA + best] === b[bestB + best]) best += 1;
  return [bestA, bestB, best];
}

const ESCAPED = new Map([["\\", "\\\\"], ["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"]]);

// A text in quotes, as Python's repr has it.
export function quoted(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const one = (character) => {
    if (character === quote) return `\\${character}`;
    if (ESCAPED.has(character)) return ESCAPED.get(character);
    if (character === " " || !/[\p{C}\p{Z}]/u.test(character)) return character;
    const code = character.codePointAt(0).toString(16);
    const [sign, digits] = code.length < 3 ? ["x", 2] : code.length < 5 ? ["u", 4] : ["U", 8];
    return `\\${sign}${code.padStart(digits, "0")}`;
  };
  return quote + [...text].map(one).join("") + quote;
}
