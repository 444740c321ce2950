// What a network makes of its inputs, as it forms: the output over the square, and the map of each hidden unit.
import { classColour, colourScale, inkColour, paperColour, shade } from "./colours.js";
import { html } from "./dom.js";
import { logistic } from "./network.js";
import { SQUARE } from "./sets2d.js";
import { outputsOf, roomFor } from "./training.js";

export const GRID = 50;  // points to a side
const SMALL = 25, POINTS_WIDE = 300;  // pixels of a unit's map; of the picture that lies above a surface
const MAP = SMALL + 2;  // with the gap beside it

const coordinate = (n, count) => ((n + 0.5) / count) * 2 * SQUARE - SQUARE;
const gridOf = (inputs) => Float64Array.from({ length: inputs === 1 ? GRID : 2 * GRID * GRID }, (_, at) => (
  inputs === 1 ? coordinate(at, GRID)
    : at % 2 ? -coordinate(Math.floor(at / 2 / GRID), GRID) : coordinate((at / 2) % GRID, GRID)));  // from the upper left
const place = (value, size) => ((value + SQUARE) / (2 * SQUARE)) * size;

// Canvases of one side in `into`; `paint(side)` shows it as it is, `points(data)` what is learned.
export function surfaceIn(into) {
  const canvas = (width, height, attributes) => html("canvas", { width, height, ...attributes });
  const surface = canvas(GRID, GRID, { class: "surface", "aria-hidden": "true" });
  const above = canvas(POINTS_WIDE, POINTS_WIDE, { class: "above", role: "img" });
  const units = html("div", { class: "units" });
  into.append(html("div", { class: "stack" }, surface, above), units);
  const image = surface.getContext("2d").createImageData(GRID, GRID), pixels = new Int32Array(image.data.buffer);
  let colours = colourScale(), data = null, grid = null, strips = [];

  function strip(width, layer) {
    const element = canvas(width * MAP, SMALL, { role: "img", "aria-label": `Layer ${layer + 1}: a map of each of ${width} units` });
    units.append(html("span", { class: "soft" }, `Layer ${layer + 1}`), element);
    const picture = element.getContext("2d").createImageData(SMALL, SMALL);
    return { width, element, picture, pixels: new Int32Array(picture.data.buffer) };
  }

  function paint(side, inside = null) {
    const outputs = outputsOf(side, grid, grid.length / data.inputs), room = roomFor(side, outputs.length);
    if (data.isCurve) drawCurve(above, data, outputs);
    else {
      for (let n = 0; n < outputs.length; n++) pixels[n] = colours[shade(2 * logistic(outputs[n]) - 1)];
      surface.getContext("2d").putImageData(image, 0, 0);
    }
    strips.forEach((one, layer) => paintUnits(one, room.places[layer].y, data.isCurve, colours, inside?.[layer]));
  }

  return {
    paint,
    describe(words) { above.setAttribute("aria-label", words); },
    // Anew, for these data and widths.
    begin(known, widths) {
      data = known;
      grid = gridOf(data.inputs);
      units.replaceChildren();
      strips = widths.map(strip);
      this.recolour();
    },
    recolour() {
      colours = colourScale();
      surface.getContext("2d").clearRect(0, 0, GRID, GRID);
      if (!data.isCurve) drawPoints(above, data.learned);
    },
  };
}

// Each unit's own scale, 0 in the middle of it; what is no number is grey, what is 0 everywhere is crossed out.
function paintUnits({ width, element, picture, pixels }, ys, isCurve, colours) {
  const context = element.getContext("2d"), step = GRID / SMALL;
  context.clearRect(0, 0, element.width, element.height);
  for (let unit = 0; unit < width; unit++) {
    let most = 0;
    for (let at = unit; at < ys.length; at += width) if (Math.abs(ys[at]) > most) most = Math.abs(ys[at]);
    for (let row = 0; row < SMALL; row++) {
      for (let column = 0; column < SMALL; column++) {
        const from = isCurve ? column * step : row * step * GRID + column * step;
        pixels[row * SMALL + column] = colours[shade(ys[from * width + unit] / (most || 1))];
      }
    }
    context.putImageData(picture, unit * MAP, 0);
    if (most > 0) continue;
    context.strokeStyle = inkColour();
    context.beginPath();
    for (const [from, to] of [[4, SMALL - 4], [SMALL - 4, 4]]) {
      context.moveTo(unit * MAP + from, 4);
      context.lineTo(unit * MAP + to, SMALL - 4);
    }
    context.stroke();
  }
}

// Class 0 as squares, class 1 as discs: not by colour alone.
export function drawPoints(canvas, { n, xs, ys }) {
  const context = canvas.getContext("2d"), { width, height } = canvas, size = width / 75;
  context.clearRect(0, 0, width, height);
  for (let at = 0; at < n; at++) {
    const [x, y] = [place(xs[2 * at], width), height - place(xs[2 * at + 1], height)];
    context.beginPath();
    if (ys[at]) context.arc(x, y, size, 0, 2 * Math.PI);
    else context.rect(x - 0.85 * size, y - 0.85 * size, 1.7 * size, 1.7 * size);
    context.fillStyle = classColour(ys[at]);
    context.strokeStyle = paperColour();
    context.lineWidth = size / 3;
    context.fill();
    context.stroke();
  }
}

// The samples, the curve itself, and where there is one what a network makes of it; from -1.5 to 1.5.
export function drawCurve(canvas, { learned, held }, outputs = null) {
  const context = canvas.getContext("2d"), { width, height } = canvas, high = (y) => height / 2 - (y / 3) * height;
  const line = (xs, ys) => {
    context.beginPath();
    for (let n = 0; n < ys.length; n++) context.lineTo(place(xs(n), width), Math.max(-height, Math.min(2 * height, high(ys[n]))));
    context.stroke();
  };
  context.clearRect(0, 0, width, height);
  context.fillStyle = classColour(0);
  for (let n = 0; n < learned.n; n++) context.fillRect(place(learned.xs[n], width) - 1, high(learned.ys[n]) - 1, width / 100, width / 100);
  context.lineWidth = width / 150;
  context.strokeStyle = classColour(0);
  line((n) => held.xs[n], held.ys);
  if (!outputs) return;
  context.lineWidth = width / 75;
  context.strokeStyle = classColour(1);
  line((n) => coordinate(n, GRID), outputs);
}
