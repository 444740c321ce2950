// What depth does to signal and gradient: their sizes by layer, from two ways to start.
import { newestOf } from "./ask.js";
import { gradientInWords } from "../properties/depth.js";
import { html, said, svg } from "./dom.js";
import { figureIn } from "./figure.js";
import { lineSample } from "./legend.js";
import { axesOf, pathOf, scaled } from "./plot.js";

const lowered = (words) => words[0].toLowerCase() + words.slice(1);
const PAUSE = 200;  // milliseconds without a change
const LAYERS = 30, STARTS = [["gain", "gain-matched"], ["pytorch", "PyTorch's default"]];
const DEPTH_LEGEND = STARTS.flatMap(([start, label]) => ["signal", "gradient"].map((what) => [lineSample(`depth ${what} ${start}`), `${what}, ${label}`]));

export function mountDepth(place, store) {
  place.append(html("h2", {}, "What depth does to signal and gradient"));
  const shown = figureIn(place, { title: "What depth does", name: "depth", legend: () => DEPTH_LEGEND });

  shown.figure.classList.add("beside");

  function draw(sizes, width) {
    const found = STARTS.map(([start, label], at) => ({ label, start, ...sizes[at] }));
    const powers = (sizes) => sizes.map((size) => (size > 0 && Number.isFinite(size) ? Math.log10(size) : NaN));
    const lines = found.flatMap(({ signals, gradients, start }) => [["signal", signals, start], ["gradient", gradients, start]]);
    const known = lines.flatMap(([, sizes]) => powers(sizes)).filter(Number.isFinite);
    const low = Math.floor(Math.max(-40, Math.min(-2, ...known))), high = Math.ceil(Math.min(40, Math.max(1, ...known)));
    const height = 230, frame = { left: 52, right: width - 10, top: 10, foot: height - 44 };
    const x = scaled(1, LAYERS, frame.left, frame.right), y = scaled(low, high, frame.foot, frame.top);
    const step = Math.max(1, Math.ceil((high - low) / 6)), layers = Float64Array.from({ length: LAYERS }, (_, at) => at + 1);
    const ticks = Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, at) => low + at * step);
    shown.drawing.replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": "Sizes of signal and gradient by layer" },
      axesOf(x, y, frame, [1, 5, 10, 15, 20, 25, 30].map((n) => [n, String(n)]), ticks.map((power) => [power, power ? `1e${power}` : "1"])),
      svg("text", { x: (frame.left + frame.right) / 2, y: height - 6, "text-anchor": "middle" }, "hidden layer"),
      svg("defs", {}, svg("clipPath", { id: "within-depth" },
        svg("rect", { x: frame.left, y: frame.top, width: frame.right - frame.left, height: frame.foot - frame.top }))),
      svg("g", { "clip-path": "url(#within-depth)" }, lines.map(([what, sizes, start]) => svg("path", { class: `depth ${what} ${start}`, d: pathOf(layers, powers(sizes), x, y, frame) }))),
    ));
    shown.say(
      `With gain-matched weights: ${found[0].isKept ? lowered(gradientInWords(found[0].factor)) : "undecided, no gain keeps the signal's mean square."}`,
      `With PyTorch's default: ${lowered(gradientInWords(found[1].factor))} ${sizeInWords(found[1].signals[LAYERS - 1])}`,
      "In the limit of wide layers, at the start. Solid: signal; dashed: gradient, the last layer's being 1. Thick: gain-matched; thin: default.");
    shown.numbers(() => [
      ["layer", ...found.flatMap(({ label }) => [`signal, ${label}`, `gradient, ${label}`])],
      [...layers].map((layer, at) => [String(layer), ...found.flatMap(({ signals, gradients }) => [said(signals[at]), said(gradients[at])])]),
    ]);
  }

  function sizeInWords(size) {
    if (Number.isFinite(size)) return `The signal at layer ${LAYERS} has size ${said(size)}.`;
    return `The signal at layer ${LAYERS} has no finite size.`;
  }

  let timer = 0, known = null;
  const asked = () => store.first()?.text;
  const question = newestOf("measureDepth", ({ done, failed }, { text }) => {
    if (text !== asked()) return;
    known = done ?? null;
    if (done) return resize();
    shown.drawing.replaceChildren();
    shown.numbers(() => [["layer"], []]);
    shown.say(`What depth does to it could not be measured: ${failed.message}`);
  });
  const resize = () => known && draw(known, Math.max(240, shown.drawing.clientWidth));
  const show = () => asked() && question({ text: asked(), layers: LAYERS, starts: STARTS.map(([start]) => start) });
  const later = () => { clearTimeout(timer); timer = setTimeout(show, PAUSE); };
  store.watch(["curves"], later);
  new ResizeObserver(resize).observe(shown.drawing);
  later();
}
