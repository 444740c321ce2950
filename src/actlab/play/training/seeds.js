// Seed after seed: both networks trained, the difference on what is held out, and the verdict so far.
import { made, understood } from "../numbers/functions.js";
import { startGain } from "./network.js";
import { judgedPairs } from "./sequential.js";
import { dataOf } from "./sets2d.js";
import { createPair, scoresOf, stepPair } from "./training.js";

const MARGINS = { points: 0.01, curve: 0.01 };  // a point of accuracy; a hundredth of the height of the curve

// A side from the texts of its functions, one for each hidden layer.
export function sideOf(label, texts, start) {
  const curves = texts.map((text) => made(understood(text)));
  return { label, curves, gains: curves.map((one) => (start === "gain" ? startGain(one) : 1)) };
}

// Until the verdict stands, or `most` seeds are trained; told after each: { seeds: [{ seed, own, other }], verdict }.
// What is compared is such that more is better: accuracy, or the negative error of the fit; NaN where one diverged.
export function overSeeds({ settings, data, steps, most }, sides, tell) {
  const points = dataOf(data), margin = points.isCurve ? MARGINS.curve : MARGINS.points, seeds = [];
  let verdict;
  do {
    const seed = settings.seed + seeds.length;
    const pair = createPair({ ...settings, seed }, points, sides, Infinity);
    stepPair(pair, steps);
    const [own, other] = pair.sides.map((side) => valueOf(pair, side));
    seeds.push({ seed, own, other });
    verdict = { ...judgedPairs(seeds.map((one) => one.own), seeds.map((one) => one.other), margin), margin };
    tell({ seeds, verdict });
  } while (seeds.length < most && !verdict.decided);
  return { seeds, verdict };
}

function valueOf(pair, side) {
  const { score } = scoresOf(pair, side);
  return side.divergedAt !== null || !Number.isFinite(score) ? NaN : pair.data.isCurve ? -score : score;
}

// The worker's job: sides as [label, texts].
export const trainSeeds = ({ sides, ...asked }, tell) =>
  overSeeds(asked, sides.map(([label, texts]) => sideOf(label, texts, asked.settings.start)), tell);
