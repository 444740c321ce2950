// What the two networks learn: points of two classes in a square, or a curve to fit; a part to learn, a part held out.
import { randomStream } from "./random.js";

export const SQUARE = 2;  // coordinates lie in [-2, 2], but for noise
const [POINTS_LEARNED, POINTS_HELD] = [200, 400];  // points

// `place` puts a point of a class (0 or 1); `target` is the curve.
export const DATA_SETS = {
  circle: {
    title: "Circle",
    place: (label, even) => onCircle(label ? Math.sqrt(even()) : 1.4 + 0.6 * even(), even()),
  },
  spirals: {
    title: "Two spirals",
    place: (label, even) => {
      const way = even();
      return onCircle(0.1 + 1.9 * way, 1.5 * way + label / 2);
    },
  },
  xor: {
    title: "Xor",
    place: (label, even) => {
      const [x, y, side] = [0.1 + 1.9 * even(), 0.1 + 1.9 * even(), even() < 0.5 ? 1 : -1];
      return [side * x, side * (label ? -y : y)];
    },
  },
  moons: {
    title: "Two moons",
    place: (label, even) => {
      const angle = Math.PI * even(), [x, y] = [Math.cos(angle), Math.sin(angle)];
      return label ? [1.2 * (0.5 - x), 1.2 * (0.25 - y)] : [1.2 * (x - 0.5), 1.2 * (y - 0.25)];
    },
  },
  rings: {
    title: "Rings",
    place: (label, even) => onCircle((label ? 1.2 : even() < 0.35 ? 0.5 : 1.9) + 0.2 * (even() - 0.5), even()),
  },
  drawn: { title: "Drawn by hand" },
  sine: { title: "Sine", target: (x) => Math.sin(Math.PI * x) },
  step: { title: "Step", target: (x) => (x < 0 ? -0.75 : 0.75) },
  corner: { title: "Corner |x|", target: (x) => Math.abs(x) - 1 },
  bumps: { title: "Bumps", target: (x) => Math.exp(-8 * (x + 1) ** 2) - Math.exp(-30 * (x - 0.7) ** 2) },
};

// A part is { n, xs: n rows of `inputs` numbers, ys: n }; ys are classes, or what the curve is there.
export function dataOf({ set, noise, seed, drawn }) {
  const { place, target } = DATA_SETS[set], random = randomStream(seed, "data", set);
  if (target) return fittedData(target, noise, random);
  if (set === "drawn") return drawnData(drawn);
  const part = (n) => partOf(Array.from({ length: n }, (_, at) => {
    const label = at % 2, [x, y] = place(label, random.even);
    return [x + noise * random.normal(), y + noise * random.normal(), label];
  }));
  return { inputs: 2, isCurve: false, learned: part(POINTS_LEARNED), held: part(POINTS_HELD) };
}

function onCircle(radius, turns) {
  return [radius * Math.cos(2 * Math.PI * turns), radius * Math.sin(2 * Math.PI * turns)];
}

const partOf = (points) => ({
  n: points.length,
  xs: Float64Array.from(points.flatMap(([x, y]) => [x, y])),
  ys: Float64Array.from(points, ([, , label]) => label),
});

// Noisy samples are learned; held out is the curve itself, evenly.
function fittedData(target, noise, random) {
  const part = (xs, spread) => ({ n: xs.length, xs, ys: xs.map((x) => target(x) + spread * random.normal()) });
  const learned = part(Float64Array.from({ length: POINTS_LEARNED }, () => SQUARE * (2 * random.even() - 1)), noise);
  const held = Float64Array.from({ length: POINTS_HELD }, (_, n) => SQUARE * ((2 * n + 1) / POINTS_HELD - 1));
  return { inputs: 1, isCurve: true, learned, held: { n: POINTS_HELD, xs: held, ys: held.map(target) } };
}

// Of points drawn by hand every third of a class is held out; in the order in which an address has them.
function drawnData(points) {
  const seen = [0, 0], parts = [[], []], ordered = [0, 1].flatMap((label) => points.filter((one) => one[2] === label));
  for (const point of ordered) parts[seen[point[2]]++ % 3 === 2 ? 1 : 0].push(point);
  return { inputs: 2, isCurve: false, learned: partOf(parts[0]), held: partOf(parts[1]) };
}

// Points drawn by hand lie on a grid of 64 x 64 and are two letters each, those of class 0 before the point.
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
export const MOST_DRAWN = 400;
export const gridded = (value) => onGrid(Math.min(63, Math.max(0, Math.round(((value + SQUARE) / (2 * SQUARE)) * 63))));
const onGrid = (place) => (place / 63) * 2 * SQUARE - SQUARE;
const lettered = (value) => LETTERS[Math.round(((value + SQUARE) / (2 * SQUARE)) * 63)];

export const pointsWritten = (points) => [0, 1]
  .map((label) => points.filter((one) => one[2] === label).map(([x, y]) => lettered(x) + lettered(y)).join(""))
  .join(".");

// [[x, y, class], ...], or undefined where the text is none.
export function pointsRead(text) {
  if (!/^([\w-]{2})*\.([\w-]{2})*$/.test(text) || text.length > 2 * MOST_DRAWN + 1) return undefined;
  return text.split(".").flatMap((side, label) =>
    (side.match(/../g) ?? []).map((pair) => [...[...pair].map((letter) => onGrid(LETTERS.indexOf(letter))), label]));
}
