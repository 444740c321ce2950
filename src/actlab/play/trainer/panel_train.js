// The function trained beside relu. store.state.train is raised by one when "Train beside relu" is pressed.
import { onTheme } from "../page/colours.js";
import { html, tableOf } from "../page/dom.js";
import { savePicture } from "../page/export.js";
import { pictureOfSurfaces, surfaceRows } from "./surfaces.js";
import { drawLosses, layerRows, shareBar } from "./train_charts.js";
import { TRAIN_FIELDS } from "./train_fields.js";
import { trainLayout } from "./train_layout.js";
import { preparedFor } from "./train_sides.js";
import { boxSaid, historyOf, keySaid, lossRows, lossesSaid, noteOf, sentenceOf, standing } from "./train_words.js";
import { createPair, insideOf, stepPair } from "../training/training.js";

const PAUSE_OF_TYPING = 150;  // milliseconds
const STEPS_A_FRAME = 5, MOST_WORK = 5;  // milliseconds of steps in a frame, where a function is slow
// [every so many frames, in which of them] what is shown anew: no frame has much of it. What a screen reader speaks of by
// itself, and tables that somebody has opened, every three seconds.
const HALVES = [[6, 0], [6, 1], [6, 2], [6, 3]];  // of the surfaces: own upper, own lower, other upper, other lower
const [SCORES, LOSS_CURVES, INSIDE, WORDS] = [[6, 4], [12, 5], [60, 11], [180, 23]];
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function mountTrain(place, store) {
  const { state } = store, parts = trainLayout(place, store);
  let ready = null, pair = null, holes = [], isPlaying = false, frames = 0, waiting = 0;

  // Anew, from the same start.
  function begin() {
    waiting = 0;
    ready = pair = null;
    parts.controls.follow();
    parts.pad.hidden = state.data !== "drawn";
    parts.drawn.follow();
    try {
      ready = preparedFor(state);
      pair = createPair(ready.settings, ready.data, ready.sides);
    } catch (error) {
      pause();
      parts.problem.textContent = error.message;
    }
    parts.problem.hidden = Boolean(pair);
    for (const one of parts.ofPair) one.hidden = !pair;  // of what was before nothing is left to see
    for (const button of parts.buttons) button.disabled = !pair;
    parts.seeds.begin(ready, state);
    place.dataset.ready = pair ? "yes" : "no";
    if (!pair) {
      for (const key of ["steps", "losses"]) delete place.dataset[key];
      return;
    }
    const { sides, rival, isItself, data } = ready;
    holes = standing(pair).map(({ hole }) => hole);
    parts.heading.textContent = `Trained beside ${rival}`;
    parts.beside.hidden = !isItself;
    store.set({ rival });
    parts.key.textContent = keySaid(data).join(" ");
    parts.note.textContent = noteOf(ready);
    parts.lossFigure.say(lossesSaid(ready));
    parts.surfaces.forEach((one) => one.begin(ready.data, ready.settings.widths));
    parts.labels.forEach((elements, at) => elements.forEach((one) => { one.textContent = sides[at].label; }));
    parts.names.forEach((one, at) => { one.textContent = sides[at].name ?? sides[at].label; });
    show();
  }

  // What was just changed counts, though a pause of typing was waited for.
  function settle() {
    if (!waiting) return;
    clearTimeout(waiting);
    begin();
  }

  function play() {
    settle();
    if (!pair || isPlaying) return;
    isPlaying = true;
    frames = 0;
    parts.play.textContent = "Pause";
    requestAnimationFrame(frame);
  }

  function pause() {
    if (!isPlaying) return;
    isPlaying = false;
    parts.play.textContent = "Play";
    if (pair) show();
  }

  function frame() {
    if (!isPlaying) return;
    const begun = performance.now();
    for (let n = 0; n < STEPS_A_FRAME && performance.now() - begun < MOST_WORK; n++) stepPair(pair, 1);
    const isDue = ([every, at]) => (calm.matches ? frames % 60 === 0 : frames % every === at);
    HALVES.forEach((when, n) => isDue(when) && parts.surfaces[n >> 1].paintHalf(pair.sides[n >> 1], n % 2));
    if (isDue(SCORES)) showScores();
    if (isDue(LOSS_CURVES)) showLosses();
    if (isDue(INSIDE)) showInside();
    if (isDue(WORDS)) showWords();
    frames += 1;
    performance.measure("actlab frame", { start: begun });
    if (frames % 1000 === 0) performance.clearMeasures("actlab frame");
    if (pair.sides.every(({ divergedAt }) => divergedAt !== null)) pause();
    else requestAnimationFrame(frame);
  }

  function steps(count) {
    settle();
    pause();
    if (!pair) return;
    stepPair(pair, count);
    show();
  }

  function show() {
    parts.surfaces.forEach((one, at) => one.paint(pair.sides[at]));
    showScores();
    showLosses();
    showInside();
    showWords();
  }

  // All that is read of one moment is written in that moment.
  function showScores() {
    const found = standing(pair, holes), { isCurve } = ready.data;
    found.forEach((one, at) => {
      const [words, isLost] = boxSaid(one, isCurve);
      parts.scores[at].replaceChildren(isLost ? html("strong", { class: "wrong" }, words) : words);
    });
    parts.count.textContent = `step ${pair.steps}`;
    parts.words.textContent = sentenceOf(pair.steps, found, isCurve);
    Object.assign(place.dataset, { steps: pair.steps, losses: found.map(({ learnedLoss }) => learnedLoss).join(" ") });
  }

  function showLosses() {
    parts.lossFigure.figure.hidden = pair.steps === 0;  // nothing to be seen yet
    if (pair.steps > 0) drawLosses(parts.losses, historyOf(pair), pair.sides);
  }

  function showInside() {
    const insides = pair.sides.map((side) => insideOf(pair, side)), hidden = ready.settings.widths.length;
    const cell = (value, share, css) => html("td", {}, value, value && shareBar(share, css));
    parts.inside.replaceChildren(...layerRows(insides).map((sides, layer) => html("tr", {},
      html("th", { scope: "row" }, layer < hidden ? `Layer ${layer + 1}` : "Output"),
      sides.map((one) => cell(one.dead, one.deadShare, one.css)),
      sides.map((one) => cell(one.gradient, one.gradientShare, one.css)))));
  }

  function showWords() {
    const { steps: taken, sides } = pair, { textContent: sentence } = parts.words;
    if (parts.live.textContent !== sentence) parts.live.textContent = sentence;
    const what = ready.data.isCurve ? "the curve it fits" : "what it takes each place for";
    parts.surfaces.forEach((one, at) => one.describe(`${sides[at].label} after ${taken} steps: ${what}`));
    fillSurfaceNumbers();
    parts.lossFigure.numbers(() => lossRows(historyOf(pair), sides));
  }

  function fillSurfaceNumbers() {
    if (!pair || !parts.surfaceNumbers.open) return;
    const caption = `What both make of places after ${pair.steps} steps`;
    parts.surfaceTable.replaceChildren(tableOf(caption, ...surfaceRows(pair)));
  }

  parts.surfaceNumbers.addEventListener("toggle", fillSurfaceNumbers);
  parts.save.addEventListener("click", () =>
    savePicture(pictureOfSurfaces(parts.surfaces, pair.sides.map(({ label }) => label), keySaid(ready.data)),
      "surfaces", "PNG"));
  parts.play.addEventListener("click", () => (isPlaying ? pause() : play()));
  parts.step.addEventListener("click", () => steps(1));
  parts.hundred.addEventListener("click", () => steps(100));
  parts.reset.addEventListener("click", () => { pause(); begin(); });
  const { steps: _, ...fields } = TRAIN_FIELDS;
  store.watch(["curves", ...Object.keys(fields)], (_, keys) => {
    if (keys.has("points") || keys.has("data")) parts.controls.pictures();
    clearTimeout(waiting);
    waiting = setTimeout(begin, keys.size === 1 && keys.has("curves") ? PAUSE_OF_TYPING : 0);
  });
  store.watch(["steps"], () => parts.seeds.begin(ready, state));
  store.watch(["train"], start);
  onTheme(() => {
    parts.controls.pictures();
    parts.drawn.follow();
    parts.surfaces.forEach((one) => pair && one.recolour());
    if (pair) show();
  });
  document.addEventListener("visibilitychange", () => document.hidden && pause());
  waiting = setTimeout(() => { parts.controls.pictures(); begin(); });  // the curve is drawn first

  // Where nobody wants motion, nothing moves by itself.
  function start() {
    settle();
    parts.play.focus({ preventScroll: true });
    if (!calm.matches) play();
  }
  return { start };
}
