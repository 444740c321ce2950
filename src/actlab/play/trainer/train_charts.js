// The figures of training: losses over steps, dead units and gradients by layer, differences seed by seed.
import { said, svg } from "../page/dom.js";
import { lineSample } from "../page/legend.js";

const HIGH = 220, LEFT = 52, RIGHT = 12, TOP = 12, FOOT = 34;
const lossText = (x, y, words, attributes) => svg("text", { x, y, ...attributes }, words);
const sideClass = (at) => (at ? "other" : "own");

export const lossDrawing = () => svg("svg", { viewBox: `0 0 600 ${HIGH}`, role: "img", class: "losses" });
export const seedsDrawing = () => svg("svg", { viewBox: "0 0 600 150", role: "img", class: "forest" });

// As wide as there is room, so that words have their size.
function widthFor(drawing, high) {
  const wide = Math.min(760, Math.max(270, Math.floor(drawing.parentElement?.clientWidth || 600)));
  drawing.setAttribute("viewBox", `0 0 ${wide} ${high}`);
  return wide;
}

// History as lines: held out thick, learned thin; by powers of ten; a line ends where its network diverged.
export function drawLosses(drawing, history, sides) {
  const steps = history.at(-1).step, wide = widthFor(drawing, HIGH);
  const all = history.flatMap((one) => one.sides.flatMap(({ learnedLoss, heldLoss }) => [learnedLoss, heldLoss]));
  const powers = all.filter((one) => one > 0 && Number.isFinite(one)).map(Math.log10);
  const low = Math.floor(Math.max(-8, Math.min(-1, ...powers))), high = Math.ceil(Math.min(8, Math.max(0, ...powers)));
  const x = (step) => LEFT + (step / steps) * (wide - LEFT - RIGHT);
  const top = TOP + 14 * sides.filter(({ divergedAt }) => divergedAt !== null).length;  // what diverged is said above the lines
  const y = (power) => top + ((high - power) / (high - low)) * (HIGH - top - FOOT);
  const lines = sides.flatMap((side, at) => ["learnedLoss", "heldLoss"].map((key) => {
    const known = history.filter((one) => one.sides[at][key] > 0 && Number.isFinite(one.sides[at][key]));
    const height = (one) => y(Math.max(low, Math.min(high, Math.log10(one.sides[at][key]))));
    const d = known.map((one, n) => `${n ? "L" : "M"}${x(one.step).toFixed(1)} ${height(one).toFixed(1)}`).join("");
    return d && svg("path", { d, class: `${sideClass(at)} ${key === "heldLoss" ? "held" : "learned"}` });
  }));
  let row = 0;
  const ends = sides.map(({ divergedAt }, at) => divergedAt !== null &&
    lossText(Math.min(wide - 66, x(divergedAt) - 3), 12 + 14 * row++, "× diverged", { class: `${sideClass(at)} end` }));
  const grid = Array.from({ length: high - low + 1 }, (_, n) => low + n).filter((n) => high - low < 7 || n % 2 === 0);
  drawing.replaceChildren(
    ...grid.flatMap((n) => [
      svg("path", { d: `M${LEFT} ${y(n)}H${wide - RIGHT}`, class: "grid" }),
      lossText(LEFT - 6, y(n) + 4, n < -3 || n > 3 ? `1e${n}` : String(10 ** n), { "text-anchor": "end" }),
    ]),
    lossText(LEFT, HIGH - 18, "0", { "text-anchor": "middle" }),
    lossText(wide - RIGHT, HIGH - 18, String(steps), { "text-anchor": "end" }),
    lossText((LEFT + wide - RIGHT) / 2, HIGH - 4, "step", { "text-anchor": "middle", class: "soft" }),
    ...lines.filter(Boolean), ...ends.filter(Boolean));
}

// Rows of a table: of each layer dead units and the gradient, a bar beside each number.
export function layerRows(insides) {
  const powers = insides.flat().map(({ gradient }) => Math.log10(gradient)).filter(Number.isFinite);
  const top = Math.max(...powers, -1);
  const share = (gradient) => Math.max(0, Math.min(1, 1 + (Math.log10(gradient) - top) / 5));
  return insides[0].map((_, layer) => insides.map((inside, at) => {
    const { units, dead, gradient } = inside[layer];
    return {
      dead: dead === null ? "" : Number.isNaN(dead) ? "NaN" : `${dead} of ${units}`, deadShare: dead / units || 0,
      gradient: said(gradient, 2), gradientShare: Number.isFinite(gradient) ? share(gradient) : 0, css: sideClass(at),
    };
  }));
}

export const shareBar = (share, css) => svg("svg", { viewBox: "0 0 50 8", class: "bar", "aria-hidden": "true" },
  svg("rect", { width: 50, height: 8, class: "ground" }), svg("rect", { width: 50 * share, height: 8, class: css }));

export const SEEDS_LEGEND = [
  [(x, y) => svg("circle", { cx: x + 14, cy: y, r: 3.5, class: "own" }), "a seed"],
  [lineSample("own interval"), "95% interval, its bar the mean"],
  [(x, y) => svg("rect", { x, y: y - 7, width: 28, height: 14, class: "margin" }), "less than matters"],
];

// A dot a seed, the interval below, the margin as a band; `words` say of what.
export function drawSeeds(drawing, { seeds, verdict }, { scale, words }) {
  const wide = widthFor(drawing, 150), differences = seeds.map(({ own, other }) => scale * (own - other));
  const ends = [scale * verdict.low, scale * verdict.high], margin = scale * verdict.margin;
  const known = [...differences, ...ends, margin, -margin].filter(Number.isFinite);
  const most = 1.05 * Math.max(...known.map(Math.abs));
  const x = (value) => wide / 2 + (Math.max(-1, Math.min(1, value / most)) * (wide - 2 * LEFT)) / 2;
  const step = 10 ** Math.floor(Math.log10(most));
  const tick = most / step >= 5 ? 5 * step : most / step >= 2 ? 2 * step : step;
  const shown = differences.filter(Number.isFinite), stacked = new Map();
  const dots = shown.map((value) => {
    const at = Math.round(x(value) / 7);
    stacked.set(at, (stacked.get(at) ?? 0) + 1);
    return svg("circle", { cx: x(value), cy: 76 - 8 * stacked.get(at), r: 3.5, class: "own" });
  });
  const hasInterval = ends.every(Number.isFinite);
  drawing.replaceChildren(
    svg("rect", { x: x(-margin), width: x(margin) - x(-margin), y: 10, height: 104, class: "margin" }),
    ...[-tick, 0, tick].flatMap((value) => [
      svg("path", { d: `M${x(value)} 10V114`, class: value ? "grid" : "zero" }),
      lossText(x(value), 130, `${value > 0 ? "+" : ""}${said(value)}`, { "text-anchor": "middle" }),
    ]),
    lossText(wide / 2, 146, `${words}: above 0 is better`,
      { "text-anchor": "middle", class: "soft" }),
    ...dots,
    hasInterval ? svg("path", { d: `M${x(ends[0])} 96H${x(ends[1])}`, class: "own interval" }) : "",
    svg("path", { d: `M${x(scale * verdict.difference)} 88v16`, class: "own interval" }));
}
