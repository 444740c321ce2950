// The training panel's elements: what is pressed, what is seen, what is read.
import { html } from "../page/dom.js";
import { padIn } from "./drawing_pad.js";
import { figureIn } from "../page/figure.js";
import { seedsIn } from "./seeds_figure.js";
import { surfaceIn } from "./surfaces.js";
import { lossDrawing } from "./train_charts.js";
import { controlsIn } from "./train_controls.js";

const BOTH = ["own", "other"];

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
    words: html("p", { class: "answer", role: "status" }),
    note: html("p", { class: "soft" }), problem: html("p", { class: "problem", role: "status", hidden: true }),
  };
  const scores = BOTH.map(() => html("span", { class: "score" }));
  const boxes = BOTH.map((css, at) => html("div", { class: `of-side ${css}` },
    html("h3", {}, label("span", at, { class: "name" })), html("p", {}, scores[at])));
  const surfaceTable = html("div");
  const surfaceNumbers = html("details", {}, html("summary", {}, "In numbers"), surfaceTable);
  const save = button("PNG", { class: "quiet", "aria-label": "Save both surfaces as PNG" });
  const shown = html("div", { class: "shown" },
    html("div", { class: "pair" }, boxes), html("div", { class: "row" }, surfaceNumbers, save));
  const choices = html("div", { class: "choices" }), pad = html("div", { class: "pad-place", hidden: true });
  const buttons = html("div", { class: "row buttons" }, ...Object.values(run), told.count);
  place.append(html("h2", {}, "Trained beside relu"), html("div", { class: "training" }, choices,
    html("div", { class: "watched" }, buttons, told.problem, pad, told.words, shown, told.note)));
  const { losses, numbers } = lossFigure(shown, label);
  return {
    ...run, ...told, scores, shown, pad, surfaceTable, surfaceNumbers, save, losses, buttons: Object.values(run),
    surfaces: boxes.map(surfaceIn), inside: insideTable(shown, label), labels, pictureNumbers: numbers,
    seeds: seedsIn(place, store), controls: controlsIn(choices, store), drawn: padIn(pad, store),
  };
}

function lossFigure(shown, label) {
  const figure = figureIn(shown, { title: "Losses over steps", name: "losses" }), losses = lossDrawing();
  losses.setAttribute("aria-label", "Losses over steps, of both networks; the numbers are in the table");
  figure.drawing.append(losses);
  figure.controls.append(...BOTH.map((css, at) => label("span", at, { class: `key ${css}` })),
    html("span", { class: "soft" }, "thick: held out; thin: learned"));
  return { losses, numbers: figure.numbers };
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
