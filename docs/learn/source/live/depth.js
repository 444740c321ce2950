// A deep network before it has learned anything, worked out here: what is left of a gradient, and of a signal, at each layer.
import { CURVES } from "./curves.js";
import { html, said, svg } from "./page/dom.js";
import { $, axes, data, drawn, line, scale, table, words } from "./live.js";
import { randomStream } from "./training/random.js";

const UNITS = 32, CLASSES = data.classes, SAMPLES = data.images.length, PIXELS = data.images[0].length;
const now = { f: data.f, depth: data.depth, start: "torch", gain: 1, seed: 1 };
const IMAGES = Float64Array.from(data.images.join(""), (letter) => (letter.charCodeAt(0) - 65 - data.mean) / data.deviation);

// Weights (outputs x inputs) and biases; without a gain as PyTorch draws them.
function layer(inputs, outputs, gain, random) {
  const edge = 1 / Math.sqrt(inputs);
  const flat = () => (2 * random.even() - 1) * edge, normal = () => gain * edge * random.normal();
  const weights = Float64Array.from({ length: inputs * outputs }, gain ? normal : flat);
  return { inputs, outputs, weights, biases: Float64Array.from({ length: outputs }, gain ? () => 0 : flat) };
}

// A batch through a layer (samples x outputs), and what comes in from behind to what stood before it.
function linear({ inputs, outputs, weights, biases }, x) {
  const z = new Float64Array(SAMPLES * outputs);
  for (let s = 0; s < SAMPLES; s++) {
    for (let o = 0; o < outputs; o++) {
      let sum = biases[o];
      for (let i = 0; i < inputs; i++) sum += weights[o * inputs + i] * x[s * inputs + i];
      z[s * outputs + o] = sum;
    }
  }
  return z;
}

function backwards({ inputs, outputs, weights }, dz) {
  const dx = new Float64Array(SAMPLES * inputs);
  for (let s = 0; s < SAMPLES; s++) {
    for (let o = 0; o < outputs; o++) {
      const come = dz[s * outputs + o];
      for (let i = 0; i < inputs; i++) dx[s * inputs + i] += weights[o * inputs + i] * come;
    }
  }
  return dx;
}

// dL/dlogits of the mean cross-entropy.
function lost(logits) {
  const dz = new Float64Array(logits.length);
  data.labels.forEach((label, s) => {
    const row = logits.subarray(s * CLASSES, (s + 1) * CLASSES), top = Math.max(...row);
    const powers = row.map((value) => Math.exp(value - top)), sum = powers.reduce((one, other) => one + other);
    powers.forEach((power, n) => { dz[s * CLASSES + n] = (power / sum - (n === label)) / SAMPLES; });
  });
  return dz;
}

const size = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

// Sizes at each hidden layer, as roots of mean squares: of y, and of dL/dz.
export function network({ f: name, depth, gain, seed }) {
  const { values, slopes } = CURVES[name], random = randomStream(seed, "weights");
  const layers = Array.from({ length: depth + 1 }, (_, n) =>
    layer(n ? UNITS : PIXELS, n < depth ? UNITS : CLASSES, gain && (n ? gain : 1), random));
  const met = [], signals = [], gradients = [];
  let x = IMAGES;
  for (const one of layers.slice(0, depth)) {
    const z = linear(one, x);
    x = values(z);
    met.push(z);
    signals.push(size(x));
  }
  let dz = lost(linear(layers[depth], x));
  for (let n = depth - 1; n >= 0; n--) {
    const dy = backwards(layers[n + 1], dz);
    dz = slopes(met[n]).map((slope, at) => slope * dy[at]);
    gradients.unshift(size(dz));
  }
  return { layers, signals, gradients };
}

const gainOf = () => ({ torch: undefined, matched: data.gains[now.f], own: now.gain })[now.start];
let found;

function draw(width) {
  found = network({ ...now, gain: gainOf() });
  tell();
  const left = 52, right = width - 12, top = 10, foot = 270, { depth } = now;
  const shares = found.gradients.map((one) => one / found.gradients[depth - 1]);
  const known = [...shares, ...found.signals].filter((one) => one > 0 && Number.isFinite(one)).map(Math.log10);
  const step = [2, 4, 8, 16, 32, 64].find((one) => (Math.max(2, ...known) - Math.min(-4, ...known)) / one <= 8) ?? 128;
  const low = Math.floor(Math.min(-4, ...known) / step) * step, high = Math.ceil(Math.max(2, ...known) / step) * step;
  const x = scale(1, 40, left, right), y = scale(low, high, foot, top);
  const powers = Array.from({ length: (high - low) / step + 1 }, (_, n) => low + n * step);
  const at = (sizes) => sizes.map((one, n) => [x(n + 1), one > 0 ? y(Math.log10(one)) : NaN]);
  const points = (places, css) => places.filter(([, down]) => Number.isFinite(down))
    .map(([cx, cy]) => svg("circle", { cx, cy, r: 3, class: `dot ${css}` }));
  const [back, forward] = [at(shares), at(found.signals)];
  $("plot").replaceChildren(svg("svg", { viewBox: `0 0 ${width} 306`, height: 306, "aria-hidden": "true" },
    axes(x, y, [left, right, top, foot], [1, 10, 20, 30, 40].map((n) => [n, String(n)]),
      powers.map((n) => [n, n ? `1e${n}` : "1"])),
    words((left + right) / 2, foot + 33, "hidden layer", { class: "soft", "text-anchor": "middle" }),
    line(forward, { class: "forward" }), ...points(forward, "forward"), line(back, { class: "back" }), ...points(back, "back")));
}

function tell() {
  const { depth, f } = now, first = found.gradients[0], last = found.gradients[depth - 1], share = first / last;
  const [one, two] = $("said").children;
  if (!(last > 0)) one.textContent = "No gradient reaches even the last hidden layer: all its units are at a slope of 0.";
  else if (depth === 1) one.textContent = "One hidden layer: nothing between it and the loss can fade.";
  else if (!(first > 0)) one.textContent = `Layer 1 gets nothing of the gradient of layer ${depth}.`;
  else one.textContent = `Layer 1 gets ${said(share, 2)} of the gradient of layer ${depth}: each layer multiplies by ${said(share ** (1 / (depth - 1)), 2)}.`;
  two.replaceChildren(html("b", { class: "back" }, "Orange:"), " the gradient dL/dz, as a share of the last layer's. ",
    html("b", { class: "forward" }, "Blue:"), ` the size of y = f(z); at the last layer ${said(found.signals[depth - 1], 2)}.`);
  $("matched").textContent = said(data.gains[f]);
  $("own").textContent = said(now.gain);
  $("depth").setAttribute("aria-valuetext", String(depth));
  $("gain").setAttribute("aria-valuetext", said(now.gain));
  $("layers").textContent = depth;
  table($("numbers"), ["layer", "gradient, last = 1", "size of y"],
    found.gradients.map((value, n) => [String(n + 1), said(value / last), said(found.signals[n])]));
}

const changed = drawn(draw, $("plot"));
const starts = [...document.querySelectorAll("[name=start]")];
const start = (name) => { now.start = name; for (const one of starts) one.checked = one.value === name; };
for (const name of Object.keys(data.gains)) $("f").append(html("option", { value: name }, name));
$("f").value = now.f;
$("depth").value = now.depth;
$("gain").value = 0;
start(now.start);
$("f").addEventListener("input", () => { now.f = $("f").value; changed(); });
$("depth").addEventListener("input", () => { now.depth = Number($("depth").value); changed(); });
$("gain").addEventListener("input", () => { now.gain = 12 ** ($("gain").value / 100); start("own"); changed(); });
for (const one of starts) one.addEventListener("input", () => { start(one.value); changed(); });
$("again").addEventListener("click", () => { now.seed += 1; changed(); });
changed();
