// The training panel's elements: what is pressed, what is seen, what is read.
import { html } from "../page/dom.js";
import { padIn } from "./drawing_pad.js";
import { figureIn } from "../page/figure.js";
import { lineSample } from "../page/legend.js";
import { seedsIn } from "./seeds_figure.js";
import { surfaceIn } from "./surfaces.js";
import { lossDrawing } from "./train_charts.js";
import { controlsIn } from "./train_controls.js";

const BOTH = ["own", "other"];
const BESIDE_ITSELF = "relu beside itself would differ by exactly 0: here it is beside tanh.";

export function trainLayout(place, store) {
  const labels = [0, 1].map(() => []);  // elements that say whose something is, of each side
  const label = (tag, at, attributes = {}) => {
    labels[at].push(html(tag, attributes));
    return labels[at].at(-1);
  };
  const button = (words, attributes = {}) => html("button", { type: "button", ...attributes }, words);
  const run = {
    play: button("Play", { class: "go" }), step: button("1 step"), hundred: button("100 steps"),
    reset: button("Back to the same start"),
  };
  const told = {
    count: html("output", { class: "count", "aria-hidden": "true" }),
    words: html("p", { class: "answer", "aria-hidden": "true" }),  // anew in many frames a second:
    live: html("p", { class: "away", role: "status" }),  // the same for who hears it, anew every few seconds
    key: html("p", { class: "soft" }), heading: html("h2", {}, "Trained beside relu"), beside: html("p", {}, BESIDE_ITSELF),
    note: html("p", { class: "soft" }), problem: html("p", { class: "problem", role: "status", hidden: true }),
  };
  const scores = BOTH.map(() => html("span", { class: "score" }));
  const names = BOTH.map(() => html("span", { class: "name" }));
  const boxes = BOTH.map((css, at) => html("div", { class: `of-side ${css}` },
    html("h3", {}, names[at]), html("p", {}, scores[at])));
  const surfaceTable = html("div");
  const surfaceNumbers = html("details", {}, html("summary", {}, "In numbers"), surfaceTable);
  const save = button("PNG", { class: "quiet", "aria-label": "Save both surfaces as PNG" });
  const shown = html("div", { class: "shown" },
    html("div", { class: "pair" }, boxes), told.key,
    html("div", { class: "row" }, surfaceNumbers, save));
  const choices = html("div", { class: "choices" }), pad = html("div", { class: "pad-place", hidden: true });
  const buttons = html("div", { class: "row buttons" }, ...Object.values(run), told.count);
  place.append(told.heading, told.beside, html("div", { class: "training" }, choices,
    html("div", { class: "watched" }, buttons, told.problem, pad, told.words, told.live, shown, told.note)));
  const { losses, figure: lossFigure } = lossesIn(shown, label);
  return {
    ...run, ...told, scores, pad, surfaceTable, surfaceNumbers, save, losses, lossFigure, buttons: Object.values(run),
    surfaces: boxes.map(surfaceIn), inside: insideTable(shown, label), labels, names,
    ofPair: [told.count, told.words, told.live, told.beside, told.note, shown],
    seeds: seedsIn(place, store), controls: controlsIn(choices, store), drawn: padIn(pad, store),
  };
}

function lossesIn(shown, label) {
  const keys = BOTH.map((css, at) => label("span", at, { class: `key ${css}` }));
  const legend = () => keys.flatMap(({ textContent }, at) => ["held", "learned"].map((part) =>
    [lineSample(`${BOTH[at]} ${part}`), `${textContent}: ${part === "held" ? "held out" : "learned"}`]));
  const figure = figureIn(shown, { title: "Losses over steps", name: "losses", legend }), losses = lossDrawing();
  losses.setAttribute("aria-label", "Losses over steps, of both networks; the numbers are in the table");
  figure.drawing.append(losses);
  const parts = html("span", { class: "soft" }, "thick: held out; thin: learned");
  figure.drawing.before(html("div", { class: "keys" }, keys, parts));
  return { losses, figure };
}

function insideTable(shown, label) {
  const rows = html("tbody"), head = (words) => html("th", { scope: "col", colspan: 2 }, words);
  const sides = [0, 1].flatMap(() => BOTH.map((css, at) => label("th", at, { scope: "col", class: css })));
  shown.append(html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Inside the networks" },
    html("table", { class: "inside" },
      html("caption", {}, "Inside: units that are flat (|f′| < 0.001) on all points, and the size of dL/dW"),
      html("thead", {},
        html("tr", {}, html("td"), head("dead units"), head("gradient")), html("tr", {}, html("td"), sides)),
      rows)));
  return rows;
}
