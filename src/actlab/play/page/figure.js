// A figure as all have it: a drawing, what it says in sentences, its numbers as a table, and itself as SVG and PNG.
import { html, tableOf } from "./dom.js";
import { savePicture } from "./export.js";

// `drawing` takes one svg or canvas, `controls` what changes it; `say` its sentences, the answer first;
// `numbers` the table, made when somebody opens it. `legend()` has the entries that a saved picture takes along.
export function figureIn(place, { title, name, legend }) {
  const drawing = html("div", { class: "drawing" }), controls = html("div", { class: "controls" });
  const sentences = html("div", { class: "sentences", "aria-live": "polite" });
  const shown = html("div"), details = html("details", { ontoggle: fill }, html("summary", {}, "In numbers"), shown);
  const save = (kind) => html("button", {
    type: "button", class: "quiet", "aria-label": `Save ${title} as ${kind}`,
    onclick: () => savePicture(drawing.firstElementChild, name, kind, legend?.()),
  }, kind);
  const saving = html("span", { class: "save" }, save("SVG"), save("PNG"));
  const figure = html("figure", { "aria-label": title }, controls, drawing,
    html("figcaption", {}, sentences, html("div", { class: "row" }, details, saving)));
  let make = null;
  function fill() {
    if (!details.open || !make) return;
    const down = shown.firstElementChild?.scrollTop ?? 0;  // who reads on below stays there
    shown.replaceChildren(tableOf(title, ...make()));
    shown.firstElementChild.scrollTop = down;
  }
  place.append(figure);
  return {
    figure, drawing, controls,
    say(first, ...more) {
      const wanted = [first, ...more].filter(Boolean);
      if (wanted.join("\n") === [...sentences.children].map((one) => one.textContent).join("\n")) return;
      sentences.replaceChildren(...wanted.map((words, at) => html("p", at ? {} : { class: "answer" }, words)));
    },
    // Where nothing is drawn, nothing can be saved.
    isDrawn(isThere) { drawing.hidden = saving.hidden = !isThere; },
    // `rows()` returns [head, rows], texts.
    numbers(rows) {
      make = rows;
      fill();
    },
  };
}
