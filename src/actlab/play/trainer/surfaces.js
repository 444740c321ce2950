// What a network makes of its inputs, as it forms: the output over the square, and the map of each hidden unit.
import { classColour, colourScale, inkColour, paperColour, shade } from "../page/colours.js";
import { html, said } from "../page/dom.js";
import { logistic } from "../training/network.js";
import { SQUARE } from "../training/sets2d.js";
import { outputsOf, roomFor } from "../training/training.js";

const GRID = 48, HALF = GRID / 2;  // points to a side; upper and lower half are computed in frames of their own
const SMALL = 24, POINTS_WIDE = 480;  // pixels of a unit's map; of the picture that lies above a surface
const MAP = SMALL + 2;  // with the gap beside it

const inputAt = (n, count) => ((n + 0.5) / count) * 2 * SQUARE - SQUARE;
const inputGrid = (inputs) => Float64Array.from({ length: inputs === 1 ? GRID : 2 * GRID * GRID }, (_, at) => (
  inputs === 1 ? inputAt(at, GRID)
    : at % 2 ? -inputAt(Math.floor(at / 2 / GRID), GRID) : inputAt((at / 2) % GRID, GRID)));  // from the upper left
const pixelAt = (value, size) => ((value + SQUARE) / (2 * SQUARE)) * size;

// Canvases of one side in `into`; `paint(side)` shows it as it is, `points(data)` what is learned.
export function surfaceIn(into) {
  const canvas = (width, height, attributes) => html("canvas", { width, height, ...attributes });
  const surface = canvas(GRID, GRID, { class: "surface", "aria-hidden": "true" });
  const above = canvas(POINTS_WIDE, POINTS_WIDE, { class: "above", role: "img" });
  const units = html("div", { class: "units" });
  into.append(html("div", { class: "stack" }, surface, above), units);
  const image = surface.getContext("2d").createImageData(GRID, GRID), pixels = new Int32Array(image.data.buffer);
  let colours = colourScale(), data = null, halves = [], strips = [];
  const own = () => getComputedStyle(into).color;  // of this side, as its name has it

  function strip(width, layer) {
    const label = `Layer ${layer + 1}: a map of each of ${width} units`;
    const element = canvas(width * MAP, SMALL, { role: "img", "aria-label": label });
    element.style.width = `min(100%, ${width * 2.6}rem)`;
    units.append(html("span", { class: "soft" }, `Layer ${layer + 1}`), element);
    const picture = element.getContext("2d").createImageData(SMALL, SMALL);
    const sizes = [0, 1].map(() => new Float64Array(width));  // the largest |y| of each unit in each half
    return { width, element, picture, pixels: new Int32Array(picture.data.buffer), sizes };
  }

  // One half; of a curve, whose grid is small, the first has all.
  function paintHalf(side, half) {
    const grid = halves[half];
    if (!grid) return;
    const outputs = outputsOf(side, grid, grid.length / data.inputs), { places } = roomFor(side, outputs.length);
    if (data.isCurve) drawCurve(above, data, { outputs, colour: own() });
    else {
      const from = half * HALF * GRID;
      for (let n = 0; n < outputs.length; n++) pixels[from + n] = colours[shade(2 * logistic(outputs[n]) - 1)];
      surface.getContext("2d").putImageData(image, 0, 0, 0, half * HALF, GRID, HALF);
    }
    strips.forEach((one, layer) => paintUnits(one, places[layer].y, data.isCurve ? null : half, colours));
  }

  return {
    canvases: () => [surface, above, ...strips.map(({ element }) => element)],
    paintHalf,
    paint(side) {
      for (const half of [0, 1, 0]) paintHalf(side, half);  // the first again, now that the sizes of both are known
    },
    describe(words) { above.setAttribute("aria-label", words); },
    // Anew, for these data and widths.
    begin(known, widths) {
      data = known;
      const grid = inputGrid(data.inputs);
      halves = data.isCurve ? [grid] : [grid.subarray(0, grid.length / 2), grid.subarray(grid.length / 2)];
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

// Both sides as one canvas, to be saved: names above the surfaces, the maps of the units below, then lines of words.
export function pictureOfSurfaces(surfaces, labels, lines) {
  const side = 600, gap = 40, strips = surfaces[0].canvases().length - 2, foot = side + 2 * gap + strips * 90;
  const picture = html("canvas", { width: 2 * side + 3 * gap, height: foot + lines.length * 34 + 10 });
  const context = picture.getContext("2d");
  context.fillStyle = paperColour();
  context.fillRect(0, 0, picture.width, picture.height);
  context.fillStyle = inkColour();
  context.font = "22px sans-serif";
  lines.forEach((words, n) => context.fillText(words, gap, foot + 20 + n * 34, picture.width - 2 * gap));
  surfaces.forEach((one, at) => {
    const left = gap + at * (side + gap), [surface, above, ...units] = one.canvases();
    context.fillStyle = inkColour();
    context.font = "24px monospace";
    context.fillText(labels[at], left, gap - 12, side);
    for (const canvas of [surface, above]) context.drawImage(canvas, left, gap, side, side);
    units.forEach((canvas, n) => {
      const wide = Math.min(side, canvas.width * 3);
      context.drawImage(canvas, left, side + gap + 20 + n * 90, wide, (wide / canvas.width) * SMALL);
    });
  });
  return picture;
}

// Rows of what both make of a few places: how sure each is of the discs, or the curve that it fits.
export function surfaceRows({ sides, data: { inputs, isCurve } }) {
  const steps = [-2, -1, 0, 1, 2];
  const points = steps.flatMap((y) => (inputs === 1 ? [[y]] : steps.map((x) => [x, -y])));
  const xs = Float64Array.from(points.flat()), shown = isCurve ? (z) => z : logistic;
  const outputs = sides.map((side) => outputsOf(side, xs, points.length));
  return [
    [inputs === 1 ? "x" : "x, y", ...sides.map(({ label }) => `${label}: ${isCurve ? "output" : "how sure of discs"}`)],
    points.map((point, n) => [point.join(", "), ...outputs.map((one) => said(shown(one[n])))]),
  ];
}

// Each unit's own scale, 0 in the middle of it; what is no number is grey, what is 0 everywhere is crossed out. A curve
// has no halves: its maps are stripes.
function paintUnits({ width, element, picture, pixels, sizes }, ys, half, colours) {
  const context = element.getContext("2d"), step = GRID / SMALL, isCurve = half === null;
  const from = half === 1 ? SMALL / 2 : 0, high = isCurve ? SMALL : SMALL / 2, own = sizes[half ?? 0];
  own.fill(0);
  for (let at = 0; at < ys.length; at++) own[at % width] = Math.max(own[at % width], Math.abs(ys[at]));
  context.clearRect(0, from, element.width, high);
  for (let unit = 0; unit < width; unit++) {
    const most = Math.max(sizes[0][unit], sizes[1][unit]);
    for (let row = 0; row < high; row++) {
      for (let column = 0; column < SMALL; column++) {
        const at = ((isCurve ? 0 : row * step * GRID) + column * step) * width + unit;
        pixels[(from + row) * SMALL + column] = colours[shade(ys[at] / (most || 1))];
      }
    }
    context.putImageData(picture, unit * MAP, 0, 0, from, SMALL, high);
    if (most === 0) cross(context, unit * MAP);
  }
}

function cross(context, left) {
  context.strokeStyle = inkColour();
  context.beginPath();
  for (const [from, to] of [[4, SMALL - 4], [SMALL - 4, 4]]) {
    context.moveTo(left + from, 4);
    context.lineTo(left + to, SMALL - 4);
  }
  context.stroke();
}

// Class 0 as squares, class 1 as discs: not by colour alone.
export function drawPoints(canvas, { n, xs, ys }) {
  const context = canvas.getContext("2d"), { width, height } = canvas, size = width / 75;
  context.clearRect(0, 0, width, height);
  for (let at = 0; at < n; at++) {
    const [x, y] = [pixelAt(xs[2 * at], width), height - pixelAt(xs[2 * at + 1], height)];
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

// The samples, the curve itself, and where there is one what a network makes of it, over axes; from -1.5 to 1.5.
export function drawCurve(canvas, { learned, held }, network = null) {
  const context = canvas.getContext("2d"), { width, height } = canvas, high = (y) => height / 2 - (y / 3) * height;
  const line = (xs, ys) => {
    context.beginPath();
    for (let n = 0; n < ys.length; n++) {
      context.lineTo(pixelAt(xs(n), width), Math.max(-height, Math.min(2 * height, high(ys[n]))));
    }
    context.stroke();
  };
  context.clearRect(0, 0, width, height);
  context.fillStyle = context.strokeStyle = inkColour();
  if (network) drawAxes(context, width, high);
  context.globalAlpha = 0.5;
  for (let n = 0; n < learned.n; n++) {
    context.fillRect(pixelAt(learned.xs[n], width) - 1, high(learned.ys[n]) - 1, width / 100, width / 100);
  }
  context.globalAlpha = 1;
  context.lineWidth = Math.max(1.5, width / 250);
  line((n) => held.xs[n], held.ys);
  if (!network) return;
  context.lineWidth = width / 75;
  context.strokeStyle = network.colour;
  line((n) => inputAt(n, GRID), network.outputs);
}

// Lines and numbers at -1, 0 and 1, both ways.
function drawAxes(context, width, high) {
  const size = width / 24;
  context.font = `${size}px sans-serif`;
  context.lineWidth = width / 400;
  for (const value of [-1, 0, 1]) {
    const [x, y] = [pixelAt(value, width), high(value)], words = String(value).replace("-", "−");
    context.globalAlpha = value ? 0.15 : 0.4;
    context.strokeRect(x, -width, 0, 3 * width);
    context.strokeRect(-width, y, 3 * width, 0);
    context.globalAlpha = 0.75;
    context.fillText(words, x + size / 4, width - size / 3);
    context.fillText(words, size / 4, y - size / 4);
  }
  context.globalAlpha = 1;
}
