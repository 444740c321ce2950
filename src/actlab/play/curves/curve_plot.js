// The plot of the functions: f, f′ and f″ of each, what stands out on them, and a crosshair to read values by.
import { said, svg } from "../page/dom.js";
import { MARKS, axesOf, markOf, pathOf, scaled, ticksOf } from "../page/plot.js";
import { ORDERS, heightOf, readAt, sampled } from "./sampling.js";

const REGIONS = { flat: "|f′| < 0.1", steep: "|f′| > 10", lost: "digits lost", none: "undefined" };

// view: { x: [low, high], y: [low, high] or null, orders: "012" }; `drawn`: [{ curve, isStale }] with null where nothing is;
// `regions`: { flat, steep, lost }, lists of [from, to]. Returns the svg with `read` { x(pixels), pixels(x) }, low, high.
export function curvePlot({ width, height }, drawn, view, regions) {
  const frame = { left: 46, right: width - 18, top: 10, foot: height - 26 };
  const [low, high] = view.x, shown = ORDERS.filter(({ key }) => view.orders.includes(key));
  const lines = drawn.flatMap((one, at) => (one ? shown.map((order) => (
    { at, order, ...one, ...sampled(one.curve, Number(order.key), low, high, Math.max(200, Math.round(width))) })) : []));
  const [bottom, top] = view.y ?? heightOf(lines, low, high);
  const x = scaled(low, high, frame.left, frame.right), y = scaled(bottom, top, frame.foot, frame.top);
  const ticks = (from, to, count) => ticksOf(from, to, count).map((value) => [value, said(value, 6).replace("-", "−")]);
  const band = (css, [from, to]) => {
    const left = Math.max(frame.left, x(Math.max(from, low))), right = Math.min(frame.right, x(Math.min(to, high)));
    if (!(right > left)) return null;
    const box = svg("rect", { x: left, width: right - left, y: frame.top, height: frame.foot - frame.top, class: css });
    const foot = css === "lost" ? frame.foot - 8 : frame.top + 16;
    return [box, right - left > 80 && svg("text", { x: left + 6, y: foot }, REGIONS[css])];
  };
  const clip = `clip${Math.round(width)}`, near = { left: frame.left, width: frame.right - frame.left, top: frame.top };
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "curve-plot" },
    svg("defs", {}, svg("clipPath", { id: clip },
      svg("rect", { x: near.left, y: near.top, width: near.width, height: frame.foot - frame.top }))),
    Object.entries(regions).flatMap(([css, list]) => list.map((one) => band(css, one))),
    axesOf(x, y, frame, ticks(low, high, width / 90), ticks(bottom, top, height / 60)),
    svg("g", { "clip-path": `url(#${clip})` }, lines.map(({ at, order, isStale, xs, ys }) => svg("g", {
      class: `line c${at % MARKS.length} o${order.key}${isStale ? " stale" : ""}`,
    },
    svg("path", { d: pathOf(xs, ys, x, y, frame) }), drawn.length > 1 && marksAlong(at, xs, ys, x, y, frame, drawn.length)))),
    svg("g", { "clip-path": `url(#${clip})` }, drawn.flatMap((one, at) => (one?.kinks ?? []).map((kink) => kinkMark(kink, at, one, x, y, view)))),
    svg("g", { class: "crosshair" }));
  return { picture, frame, x, y, low, high, bottom, top, inputAt: (pixels) => low + (pixels - frame.left) * (high - low) / near.width };
}

// A few marks on a curve, those of one function between those of another.
function marksAlong(at, xs, ys, x, y, { top, foot }, count) {
  const found = [];
  for (let n = 1; n <= 6; n++) {
    const place = Math.round(xs.length * (n - 0.5 + (at - (count - 1) / 2) / (2 * count)) / 6), down = y(ys[place]);
    if (down > top && down < foot) found.push(markOf(MARKS[at % MARKS.length], x(xs[place]), down));
  }
  return found;
}

function kinkMark(kink, at, { curve }, x, y, view) {
  const value = curve.value(kink.x);
  if (kink.pole || !view.orders.includes("0") || !Number.isFinite(value)) return null;
  return svg("circle", { cx: x(kink.x), cy: y(value), r: 5, class: `kink c${at % MARKS.length}` },
    svg("title", {}, `kink at x = ${said(kink.x)}`));
}

// Draws the crosshair at an input.
export function crosshairAt({ picture, frame, x, y, bottom, top }, input, drawn, view) {
  const group = picture.querySelector(".crosshair");
  const dots = drawn.flatMap((one, at) => (one ? ORDERS.filter(({ key }) => view.orders.includes(key)).map((order) => {
    const value = readAt(one.curve, order, input);
    return value >= bottom && value <= top
      ? svg("circle", { cx: x(input), cy: y(value), r: 4.5, class: `dot c${at % MARKS.length}` }) : null;
  }) : []));
  group.replaceChildren(svg("line", { x1: x(input), x2: x(input), y1: frame.top, y2: frame.foot }), ...dots.filter(Boolean));
}
