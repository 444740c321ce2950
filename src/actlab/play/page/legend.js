// What the lines and marks of a picture are, below it, for a picture that is saved and leaves the page's words behind.
import { svg } from "./dom.js";

const SAMPLE = 36, GAP = 22, LEFT = 12;  // pixels

// Entries are [sample, words]: `sample(x, y)` draws what is 28 wide, from x on, in the drawing's own classes.
export function legendOf(entries, width, top) {
  const size = 0.75 * parseFloat(getComputedStyle(document.documentElement).fontSize), high = 1.8 * size;
  let x = LEFT, y = top + high / 2;
  const shown = entries.map(([sample, words]) => {
    const letter = 0.57 * size, most = Math.floor((width - LEFT - SAMPLE) / letter);
    const wide = SAMPLE + letter * Math.min(most, words.length);
    if (x > LEFT && x + wide > width) [x, y] = [LEFT, y + high];
    const at = x;
    x += wide + GAP;
    const told = words.length > most ? `${words.slice(0, most - 1)}…` : words;
    return [sample(at, y), svg("text", { x: at + SAMPLE, y: y + size / 3 }, told)];
  });
  return { group: svg("g", {}, shown), height: entries.length ? y + high - top : 0 };
}

export const lineSample = (css) => (x, y) => svg("path", { d: `M${x} ${y}h28`, class: css });
