// Two networks that learn beside each other: the same first weights, the same batches, another function.
import { randomStream } from "./random.js";
import {
  LOSSES, OPTIMIZERS, backwardThrough, createNetwork, createRoom, forwardThrough, lossSlopes, meanLoss,
} from "./network.js";

export const DEAD = 1e-3;  // a unit whose |f'| is below on all samples is dead, as in actlab's runs
const FIRST_EVERY = 20, MOST_RECORDS = 300;  // of curves over steps; then every second record is kept

// settings: { widths, start, rate, rule, batch, seed }; a side: { label, curves, gains }, for each hidden layer one.
// History is kept every so many steps.
export function createPair(settings, data, sides, every = FIRST_EVERY) {
  const pair = {
    settings, data, steps: 0, history: [], every, orders: new Map(),
    loss: data.isCurve ? LOSSES.squared : LOSSES.entropy,
    sides: sides.map((side) => createSide(settings, data, side)),
  };
  recordStep(pair);
  return pair;
}

function createSide({ widths, start, rate, rule, seed }, { inputs }, { label, curves, gains }) {
  const network = createNetwork({ inputs, widths, start, gains }, randomStream(seed, "weights"));
  return { label, curves, network, change: OPTIMIZERS[rule](network, rate), rooms: new Map(), divergedAt: null };
}

// `count` steps of both; one that has diverged stays where it is.
export function stepPair(pair, count) {
  for (let n = 0; n < count; n++) {
    const batch = nextBatch(pair);
    pair.steps += 1;
    for (const side of pair.sides) if (side.divergedAt === null) stepSide(pair, side, batch);
    if (pair.steps % pair.every === 0) recordStep(pair);
  }
}

function stepSide({ loss, steps }, side, { n, xs, ys }) {
  const { network, curves } = side, room = roomFor(side, n);
  const value = meanLoss(loss, forwardThrough(network, curves, xs, room), ys);
  lossSlopes(loss, ys, room);
  backwardThrough(network, curves, xs, room);
  side.change();
  if (!Number.isFinite(value) || !network.parameters.every(Number.isFinite)) side.divergedAt = steps;
}

// The samples are shuffled anew before each pass over them; the last batch of a pass may be smaller.
function nextBatch({ settings: { batch, seed }, data: { inputs, learned }, steps, orders }) {
  const passLength = Math.ceil(learned.n / batch), pass = Math.floor(steps / passLength);
  if (!orders.has(pass)) {
    orders.clear();
    orders.set(pass, randomStream(seed, "batches", pass).order(learned.n));
  }
  const from = (steps % passLength) * batch, places = orders.get(pass).subarray(from, from + batch);
  const xs = new Float64Array(places.length * inputs), ys = new Float64Array(places.length);
  places.forEach((place, at) => {
    ys[at] = learned.ys[place];
    for (let i = 0; i < inputs; i++) xs[at * inputs + i] = learned.xs[place * inputs + i];
  });
  return { n: places.length, xs, ys };
}

export function roomFor(side, n) {
  if (!side.rooms.has(n)) side.rooms.set(n, createRoom(side.network, n));
  return side.rooms.get(n);
}

// What a side outputs for rows of xs; the array is the side's own, until the next call of as many rows.
export const outputsOf = (side, xs, n) => forwardThrough(side.network, side.curves, xs, roomFor(side, n));

// Losses, and on the points held out the share that is right, or of a curve the root mean square of what is missed.
export function scoresOf({ loss, data: { learned, held, isCurve } }, side) {
  const learnedLoss = meanLoss(loss, outputsOf(side, learned.xs, learned.n), learned.ys);
  const outputs = outputsOf(side, held.xs, held.n), heldLoss = meanLoss(loss, outputs, held.ys);
  if (isCurve) return { learnedLoss, heldLoss, score: Math.sqrt(heldLoss) };
  if (!outputs.every(Number.isFinite)) return { learnedLoss, heldLoss, score: NaN };
  const right = held.ys.reduce((sum, y, n) => sum + ((outputs[n] > 0) === (y === 1)), 0);
  return { learnedLoss, heldLoss, score: right / held.n };
}

// Where, on what is held out or learned, a function first makes no finite number of one: { label, x, y }, or null.
export function holeOf({ data: { learned, held } }, side) {
  for (const { n, xs } of [held, learned]) {
    outputsOf(side, xs, n);
    for (const [at, { z, y }] of roomFor(side, n).places.slice(0, -1).entries()) {
      const found = y.findIndex((value, sample) => !Number.isFinite(value) && Number.isFinite(z[sample]));
      if (found >= 0) return { label: side.curves[at].label, x: z[found], y: y[found] };
    }
  }
  return null;
}

// Of each hidden layer the dead units and the saturated share, and of every layer the root mean square of dL/dW, over
// all that is learned; NaN where a slope or a gradient is.
export function insideOf({ loss, data: { learned } }, side) {
  const { network, curves } = side, room = roomFor(side, learned.n);
  forwardThrough(network, curves, learned.xs, room);
  lossSlopes(loss, learned.ys, room);
  backwardThrough(network, curves, learned.xs, room);
  return network.layers.map(({ outputs, dWeights }, at) => ({
    units: outputs,
    dead: room.places[at].slope ? deadUnits(room.places[at].slope, outputs) : null,
    gradient: Math.sqrt(dWeights.reduce((sum, one) => sum + one * one, 0) / dWeights.length),
  }));
}

function deadUnits(slopes, units) {
  if (slopes.some(Number.isNaN)) return NaN;
  const alive = new Set();
  slopes.forEach((slope, at) => { if (Math.abs(slope) >= DEAD) alive.add(at % units); });
  return units - alive.size;
}

// Steps apart by a number that doubles: what is kept depends on the steps alone, not on how fast they were taken.
function recordStep(pair) {
  pair.history.push({ step: pair.steps, sides: pair.sides.map((side) => scoresOf(pair, side)) });
  if (pair.history.length > MOST_RECORDS) {
    pair.every *= 2;
    pair.history = pair.history.filter(({ step }) => step % pair.every === 0);
  }
}
