// The function: its field with the catalogue behind it, its curve beside others, its parameters, and what it is like.
import { CATALOGUE } from "../language/catalogue.js";
import { newestOf } from "../page/ask.js";
import { crosshairAt, curvePlot } from "./curve_plot.js";
import { html, said, shortened, svg } from "../page/dom.js";
import { figureIn } from "../page/figure.js";
import { formulaField } from "./formula_field.js";
import { made, understood } from "../numbers/functions.js";
import { hashIn, inPage, mended } from "./mends.js";
import { MARKS, markOf } from "../page/plot.js";
import { ORDERS, readAt, regionsIn } from "./sampling.js";
import { parameterSliders } from "./sliders.js";
import { USUAL_X, readRange, viewControls, writeRange, zoomed } from "./view_controls.js";
import { intervalInWords, kinkInWords, sentences } from "./words.js";

const MOST_CURVES = MARKS.length, PAUSE = 200;  // milliseconds without a change before what takes longer is measured
const LONG = 1000;  // milliseconds of measuring before that is said
const EXAMPLES = ["gelu", "x*sin(x)", "x*sigmoid(beta*x) where beta=2", "where(x > 0, x, 0.1*x)", "leaky_relu(0.2)", "x*tanh(exp(x))"];
const OTHERS = ["relu", "tanh", "gelu", "sigmoid", "silu", "elu", "softplus"];  // what is laid over it first

export const CURVE_FIELDS = {
  curves: {
    short: "f", default: ["x*tanh(softplus(x))"], write: (curves) => curves.join(";"),
    read(words) {
      const curves = words.split(";").map((one) => one.trim()).filter(Boolean);
      if (!curves.length) return CURVE_FIELDS.curves.default;
      return curves.length <= MOST_CURVES && words.length <= 8000 ? curves : undefined;
    },
  },
  xRange: { short: "x", default: USUAL_X, write: writeRange, read: readRange },
  yRange: { short: "y", default: null, write: writeRange, read: readRange },
  orders: { short: "d", default: "01", write: String, read: (words) => (/^0?1?2?$/.test(words) && words ? words : undefined) },
};

// The catalogue by name, alias and summary, the nearest first.
function search(words) {
  const wanted = words.toLowerCase().replace(/[ -]/g, "_"), loose = words.toLowerCase();
  const rank = ({ name, aliases, summary }) => {
    if (name === wanted || aliases.includes(wanted)) return 0;
    if (name.startsWith(wanted)) return 1;
    if (aliases.some((one) => one.startsWith(wanted))) return 2;
    if ([name, ...aliases].some((one) => one.includes(wanted))) return 3;
    return summary.toLowerCase().includes(loose) ? 4 : 5;
  };
  const found = CATALOGUE.map((entry) => [rank(entry), entry]).filter(([at]) => at < 5).sort(([one], [other]) => one - other);
  return found.map(([at, { name, aliases, summary }]) => ({ name, isExact: at === 0, summary: aliases.length ? `${summary} Also ${aliases.join(", ")}.` : summary }));
}

export function mountCurves(place, store) {
  const { state } = store, rows = [];
  const fields = html("div", { class: "fields" });
  const go = html("button", { type: "button", class: "go", onclick: () => store.set({ train: state.train + 1 }) }, "Train beside relu");
  const examples = html("p", { class: "chips" }, html("span", {}, "Try"), EXAMPLES.map((text) =>
    html("button", { type: "button", onclick: () => change(0, text) }, text)));
  const add = html("button", { type: "button", class: "quiet", onclick: () => {
    const there = [...state.curves, ...store.meanings().map(({ label }) => label)];
    store.set({ curves: [...state.curves, OTHERS.find((one) => !there.includes(one))] });
    queueMicrotask(() => focused(rows.at(-1)));  // when its row is made
  } }, "+ Lay another over it");
  place.append(fields);
  const shown = figureIn(place, { title: "The function and its slopes", name: "curves", legend });
  const values = html("table", { class: "values" });
  const verdict = html("span"), judged = html("p", { class: "verdict", hidden: "" }, verdict, " ",
    html("button", { type: "button", class: "quiet", onclick: () => store.set({ why: state.why + 1 }) }, "Why"));
  const side = html("div", { class: "side" }, values, add, judged);
  shown.drawing.after(side);
  shown.figure.classList.add("curves");
  const plotted = { drawn: [], plot: null, at: 1, found: null };
  store.watch(["rival"], () => { go.textContent = `Train beside ${state.rival}`; });

  // For a picture that is saved: which line is whose, and which order of slope.
  function legend() {
    const lines = (css, marks = []) => (x, y) => svg("g", { class: `line ${css}` }, svg("path", { d: `M${x} ${y}h28` }), marks.map((one) => markOf(one, x + 14, y)));
    const right = plotted.drawn.map((one, at) => [one, at]).filter(([one]) => one), several = right.length > 1;
    return [
      ...right.map(([{ curve }, at]) => [lines(`c${at % MARKS.length} o0`, several ? [MARKS[at % MARKS.length]] : []), shortened(curve.label)]),
      ...ORDERS.filter(({ key }) => key !== "0" && state.orders.includes(key)).map(({ key, sign }) => [lines(`c0 o${key}`), sign]),
    ];
  }
  const focused = ({ field: { input } }) => { input.focus(); input.select(); };
  const change = (at, text) => store.set({ curves: state.curves.map((one, n) => (n === at ? text : one)) });

  // Opens a state that was pasted as an address.
  function open(at, hash) {
    rows[at].field.set(state.curves[at]);
    location.hash = hash;
  }

  // One row a function: field, sliders, and what is right of it last.
  function rowOf(at) {
    const sliders = parameterSliders((text) => change(at, text));
    const field = formulaField({ text: state.curves[at], label: at ? `and ${at + 1}` : "f(x) =", search, changed: (text) => (hashIn(text) ? open(at, hashIn(text)) : change(at, text)) });
    const end = at ? html("button", { type: "button", class: "quiet", "aria-label": `Take function ${at + 1} away`, onclick: () => {
      store.set({ curves: state.curves.filter((_, n) => n !== at) });
      queueMicrotask(() => rows[at - 1].field.input.focus());
    } }, "✕") : go;
    const node = html("div", { class: at ? "field-row more" : "field-row" }, field.node, end, sliders.node);
    return { node, field, sliders, last: null, text: null, isStale: false };
  }

  function understand() {
    while (rows.length > state.curves.length) rows.pop().node.remove();
    while (rows.length < state.curves.length) {
      rows.push(rowOf(rows.length));
      fields.append(rows.at(-1).node, ...(rows.length === 1 ? [examples] : []));
    }
    add.hidden = rows.length >= MOST_CURVES;
    rows.forEach((row, at) => {
      const text = state.curves[at];
      row.field.set(text);
      if (row.text === text) return;
      row.text = text;
      try {
        const meaning = understood(text);
        row.last = { curve: made(meaning, meaning.parameters), meaning };
        row.isStale = false;
        row.field.tell(null);
        row.sliders.update(meaning, text);
      } catch (error) {
        row.isStale = true;
        row.field.tell(error, inPage(error.message), mended(text, error));
      }
    });
  }

  function draw() {
    understand();
    if (plotted.found?.of !== rows[0].last) plotted.found = null;
    plotted.drawn = rows.map(({ last, isStale }, at) => last && { ...last, isStale, kinks: at ? [] : plotted.found?.kinks });
    const width = Math.max(240, Math.floor(shown.drawing.clientWidth)), height = width < 560 ? Math.round(0.8 * width) : Math.round(Math.min(0.56 * width, 0.56 * innerHeight));
    const { found, drawn } = plotted, view = { x: state.xRange, y: state.yRange, orders: state.orders };
    const regions = found && !rows[0].isStale ? { ...regionsIn(found.of.curve, ...state.xRange, width), lost: found.lost } : {};
    plotted.plot = curvePlot({ width, height }, drawn, view, regions);
    const { picture } = plotted.plot;
    for (const [key, value] of Object.entries({ tabindex: 0, role: "slider", "aria-label": "x at which values are read" })) picture.setAttribute(key, value);
    const isFocused = document.activeElement === shown.drawing.firstElementChild;
    shown.drawing.replaceChildren(picture);
    if (isFocused) picture.focus();
    read(plotted.at);
    performance.mark("drawn");
    place.dataset.drawn = state.curves.join(";");
  }

  // Reads all functions at an input: crosshair, table, and words for who hears them.
  function read(input) {
    const { drawn, plot } = plotted, [low, high] = state.xRange;
    plotted.at = Math.min(high, Math.max(low, input));
    const x = plotted.at, orders = ORDERS.filter(({ key }) => state.orders.includes(key));
    crosshairAt(plot, x, drawn, { orders: state.orders });
    const cells = ({ curve }) => ORDERS.map((order) => html("td", { class: `o${order.key}` }, said(readAt(curve, order, x), 4)));
    const named = (at, { curve }) => html("th", { scope: "row" }, html("span", {}, markShown(at), html("span", {}, shortened(curve.label))));
    values.replaceChildren(
      html("thead", {}, html("tr", {}, html("th", { scope: "col" }, `x = ${said(x, 4)}`), ORDERS.map(({ sign }) => html("th", { scope: "col" }, sign)))),
      html("tbody", {}, drawn.flatMap((one, at) => (one ? [html("tr", one.isStale ? { class: "stale" } : {}, named(at, one), cells(one))] : []))));
    const words = drawn.filter(Boolean).map(({ curve }) => `${shortened(curve.label)}: ${orders.map((order) => `${order.sign} ${said(readAt(curve, order, x), 4)}`).join(", ")}`);
    for (const [key, value] of Object.entries({
      "aria-valuemin": low, "aria-valuemax": high, "aria-valuenow": x, "aria-valuetext": `x = ${said(x, 4)}; ${words.join("; ")}`,
    })) plot.picture.setAttribute(key, value);
  }

  // What takes longer, of the first function, when nobody types.
  let slow = 0;
  const question = newestOf("measureFunction", ({ done, failed }, { text }) => {
    const { last, isStale } = rows[0];
    if (isStale || text !== rows[0].text) return;
    clearTimeout(slow);
    const { facts } = last.meaning, label = shortened(last.curve.label);
    plotted.found = done ? { ...done, of: last } : null;
    draw();
    shown.say(...(done ? sentences(label, done, done.lost) : [`${label} could not be measured: ${failed.message}`]), facts && `${facts.summary} ${facts.reference}`);
    shown.numbers(() => numbersOf(plotted, state));
    place.dataset.measured = text;
    document.title = `${label} - actlab playground`;
  });
  function measure() {
    const { last, isStale, text } = rows[0], [low, high] = state.xRange;
    clearTimeout(slow);
    if (!last || isStale) return;
    slow = setTimeout(() => shown.say(`${shortened(last.curve.label)} is measured ...`), LONG);
    question({ text, low, high });
  }

  let timer = 0;
  const later = () => { clearTimeout(timer); timer = setTimeout(measure, PAUSE); };
  store.watch(Object.keys(CURVE_FIELDS), () => { draw(); later(); });
  store.watch(["judged"], () => {
    verdict.textContent = state.judged;
    judged.hidden = !state.judged;
  });
  shown.controls.append(...viewControls(store));
  listen(shown.drawing, { plotted, read, state });
  zoomed(shown.drawing, store, (pixels) => plotted.plot.inputAt(pixels), () => plotted.at);
  let drawnAt = 0;
  new ResizeObserver(() => {
    if (drawnAt === shown.drawing.clientWidth) return;
    drawnAt = shown.drawing.clientWidth;
    draw();
    later();
  }).observe(shown.drawing);
}

const markShown = (at) => {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", "0 0 16 16");
  picture.setAttribute("class", `swatch c${at % MARKS.length}`);
  picture.setAttribute("aria-hidden", "true");
  picture.append(markOf(MARKS[at % MARKS.length], 8, 8));
  return picture;
};

// The crosshair by mouse, finger and keys.
function listen(drawing, { plotted, read, state }) {
  const follow = (event) => {
    const box = drawing.firstElementChild.getBoundingClientRect();
    read(plotted.plot.inputAt((event.clientX - box.left) * (plotted.plot.picture.viewBox.baseVal.width / box.width)));
  };
  drawing.addEventListener("pointermove", follow);
  drawing.addEventListener("pointerdown", follow);
  drawing.addEventListener("keydown", (event) => {
    const [low, high] = state.xRange, step = (high - low) / 120;
    const ways = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step, PageUp: 10 * step, PageDown: -10 * step };
    if (event.key === "Home") read(low);
    else if (event.key === "End") read(high);
    else if (Object.hasOwn(ways, event.key)) read(rounded(plotted.at + ways[event.key] * (event.shiftKey ? 5 : 1), step));
    else return;
    event.preventDefault();
  });
}

// On the grid of steps, so that 0 is met.
const rounded = (x, step) => Number((Math.round(x / step) * step).toPrecision(12));

// The figure's numbers: kinks and regions first, then values at round inputs.
function numbersOf({ drawn, found }, { xRange: [low, high] }) {
  const right = drawn.filter(Boolean), step = (high - low) / 24;
  const xs = Array.from({ length: 25 }, (_, at) => rounded(low + at * step, step / 1e3));
  const facts = [
    ...(found?.kinks ?? []).map((kink) => ["kink", kinkInWords(kink)]),
    ...(found?.undefined ?? []).map((one) => ["undefined", intervalInWords(one)]),
    ...(found?.vanishing ?? []).map((one) => ["|f′| < 0.1", intervalInWords(one)]),
    ...(found?.exploding ?? []).map((one) => ["|f′| > 10", intervalInWords(one)]),
    ...(found?.lost ?? []).map((one) => ["digits lost", intervalInWords(one)]),
  ];
  const blank = Array.from({ length: 3 * right.length - 1 }, () => "");
  return [
    ["x", ...right.flatMap(({ curve }) => ORDERS.map(({ sign }) => `${sign}, ${shortened(curve.label)}`))],
    [...facts.map((row) => [...row, ...blank]), ...xs.map((x) => [said(x, 4), ...right.flatMap(({ curve }) => ORDERS.map((order) => said(readAt(curve, order, x), 4)))])],
  ];
}
