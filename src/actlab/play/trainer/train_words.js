// What the training panel says: scores, one sentence on both, keys and notes, the losses as rows.
import { said } from "../page/dom.js";
import { holeOf, scoresOf } from "../training/training.js";

// How both stand: { label, divergedAt, learnedLoss, heldLoss, score, hole }; `begun` has the holes of the start.
export const standing = (pair, begun = []) => pair.sides.map((side, at) => {
  const { label, divergedAt } = side, scores = scoresOf(pair, side);
  const isLost = divergedAt === null && !Number.isFinite(scores.score);
  return { label, divergedAt, ...scores, hole: begun[at] ?? (isLost ? holeOf(pair, side) : null) };
});

const holeSaid = ({ label, x, y }) => `${label} is ${said(y)} at x = ${said(x)}`;
const scoreSaid = (score, isCurve) => (isCurve ? `error ${said(score)}` : `${(100 * score).toFixed(1)}% right`);

// [words, whether they tell of a network that is lost].
export function boxSaid({ divergedAt, heldLoss, score, hole }, isCurve) {
  if (hole) return [`no number${divergedAt === 1 ? " from the first step" : ""}: ${holeSaid(hole)}`, true];
  if (divergedAt !== null) return [`diverged at step ${divergedAt}: loss ${said(heldLoss)}`, true];
  return [scoreSaid(score, isCurve), false];
}

export function sentenceOf(steps, found, isCurve) {
  const one = ({ label, divergedAt, score, heldLoss, hole }) => {
    if (hole) return `${label} gives no number${divergedAt === 1 ? " from the first step" : ""} (${holeSaid(hole)})`;
    return divergedAt !== null ? `${label} diverged at step ${divergedAt}`
      : `${label} ${scoreSaid(score, isCurve)} (loss ${said(heldLoss)})`;
  };
  return `After ${steps} ${steps === 1 ? "step" : "steps"}, on points held out: ${found.map(one).join(", ")}.`;
}

// What is seen in the two pictures, a sentence a line of them when they are saved.
export const keySaid = ({ isCurve }) => (isCurve ? [
  "Dots: the samples that are learned. Thin line: the curve itself, which is held out. Thick line: the network.",
  "Stripes below: each hidden unit, from left to right as x is; blue is negative, orange positive.",
] : [
  "Squares and discs: the points that are learned. Ground: blue where the network says square, orange where disc.",
  "Small maps: each hidden unit over the same places; blue is negative, orange positive.",
]);

export function noteOf({ learned }) {
  return [
    "Both have the same first weights and the same batches.",
    learned && "Parameters that actlab learns stay here as they are set.",
  ].filter(Boolean).join(" ");
}

// Why a loss held out may stay below the one learned.
export const lossesSaid = ({ data, asked }) => (data.isCurve && asked.noise > 0
  ? `The samples that are learned have noise, which no network can foresee: it costs ${said(asked.noise ** 2)} on `
    + "average. Held out is the curve itself, without noise: its loss may lie below."
  : "");

// What is recorded, and how it stands now.
export function historyOf(pair) {
  const { history, steps, sides } = pair;
  if (history.at(-1).step === steps) return history;
  return [...history, { step: steps, sides: sides.map((side) => scoresOf(pair, side)) }];
}

export function lossRows(history, sides) {
  const head = ["step", ...sides.flatMap(({ label }) => [`${label}: learned`, `${label}: held out`])];
  const every = Math.ceil(history.length / 30), last = history.length - 1;
  const chosen = history.filter((_, n) => n % every === 0 || n === last);
  const both = ({ learnedLoss, heldLoss }) => [said(learnedLoss), said(heldLoss)];
  return [head, chosen.map((one) => [String(one.step), ...one.sides.flatMap(both)])];
}
