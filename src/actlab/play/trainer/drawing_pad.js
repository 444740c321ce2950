// Points drawn by hand: by mouse or finger, or with arrow keys and the space bar.
import { html, said } from "../page/dom.js";
import { inkColour } from "../page/colours.js";
import { drawPoints } from "./surfaces.js";
import { MOST_DRAWN, SQUARE, gridded } from "../training/sets2d.js";

const CELL = (2 * SQUARE) / 63, APART = 3 * CELL;  // between points of one stroke
const HOW = "Draw here; a third of each class is held out. By keyboard: arrows, space, Delete, C for the other class.";
const CLASSES = ["blue squares", "orange discs"];

export function padIn(place, store) {
  let label = 1, cursor = [0, 0], isFocused = false, last = null;
  const canvas = html("canvas", {
    width: 300, height: 300, tabindex: 0, class: "pad", role: "application", "aria-roledescription": "drawing pad",
    "aria-label": "Points: arrows move the cross, space puts a point, Delete takes the nearest away, C changes the class",
    onpointerdown: down, onpointermove: move, onpointerup: up, onpointercancel: up, onkeydown: key,
    onfocus: () => { isFocused = true; follow(); }, onblur: () => { isFocused = false; follow(); },
  });
  const told = html("p", { class: "soft", role: "status" });
  const radios = CLASSES.map((words, at) => html("label", {}, html("input", {
    type: "radio", name: "class", value: at, onchange: () => { label = at; },
  }), words));
  const tell = (words) => { told.textContent = `${words} ${store.state.points.length} points.`; };

  function put(x, y) {
    const point = [gridded(x), gridded(y), label], { points } = store.state;
    if (points.length >= MOST_DRAWN) return tell(`There is room for ${MOST_DRAWN} only.`);
    if (points.some(([a, b]) => a === point[0] && b === point[1])) return;
    store.set({ points: [...points, point] });
    follow();
    tell(`${CLASSES[label]} at ${said(x, 2)}, ${said(y, 2)}.`);
  }
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const share = (value, from, size) => ((value - from) / size) * 2 * SQUARE - SQUARE;
    return [share(event.clientX, box.left, box.width), -share(event.clientY, box.top, box.height)];
  };
  function down(event) {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    put(...last);
  }
  function move(event) {
    if (!last) return;
    const now = at(event);
    if (Math.hypot(now[0] - last[0], now[1] - last[1]) < APART) return;
    last = now;
    put(...now);
  }
  function up() { last = null; }

  function key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const step = (event.shiftKey ? 1 : 4) * CELL;
    if (way) {
      cursor = cursor.map((value, n) => gridded(value + way[n] * step));
      told.textContent = `At ${said(cursor[0], 2)}, ${said(cursor[1], 2)}.`;
    } else if (event.key === " " || event.key === "Enter") put(...cursor);
    else if (event.key === "Delete" || event.key === "Backspace") takeNearest();
    else if (event.key.toLowerCase() === "c") {
      label = 1 - label;
      tell(`Now ${CLASSES[label]}.`);
    } else return;
    event.preventDefault();
    follow();
  }

  function takeNearest() {
    const away = ([x, y]) => Math.hypot(x - cursor[0], y - cursor[1]);
    const nearest = Math.min(...store.state.points.map(away));
    store.set({ points: store.state.points.filter((one) => away(one) > nearest) });
    tell("The nearest is gone.");
  }

  function follow() {
    const { points } = store.state;
    radios.forEach((one, n) => { one.firstElementChild.checked = n === label; });
    drawPoints(canvas, { n: points.length, xs: points.flatMap(([x, y]) => [x, y]), ys: points.map((one) => one[2]) });
    if (!isFocused) return;
    const context = canvas.getContext("2d");
    const [x, y] = [cursor[0], -cursor[1]].map((value) => ((value + SQUARE) / (2 * SQUARE)) * 300);
    context.strokeStyle = inkColour();
    context.lineWidth = 2;
    context.beginPath();
    for (const [dx, dy] of [[9, 0], [0, 9]]) {
      context.moveTo(x - dx, y - dy);
      context.lineTo(x + dx, y + dy);
    }
    context.stroke();
  }

  const taken = (words, keep) => html("button", {
    type: "button", class: "quiet",
    onclick() {
      store.set({ points: keep(store.state.points) });
      follow();
      tell(`${words}:`);
    },
  }, words);
  place.append(
    html("div", { class: "row buttons" }, html("span", { class: "row" }, radios),
      html("span", { class: "row" }, taken("Undo", (points) => points.slice(0, -1)), taken("Clear", () => []))),
    canvas, html("p", { class: "soft" }, HOW), told);
  return { follow };
}
