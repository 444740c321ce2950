// Ranges on the axes of parallel coordinates, chosen by dragging or by two handles an axis; other lines fade.
// Without this script the picture is whole. Places are in the drawing's own pixels: y grows downwards.
"use strict";
(() => {
  function add(parent, name, kind) {
    const made = document.createElement(name);
    made.className = kind;
    parent.append(made);
    return made;
  }

  function choosing(figure) {
    const sheet = figure.querySelector(".sheet"), drawing = sheet.querySelector("svg");
    const marks = drawing.querySelector(".lines"), { width, height } = drawing.viewBox.baseVal;
    const axes = JSON.parse(marks.dataset.axes);
    const lines = [...marks.querySelectorAll("path")].map((path) => {
      let y = 0;  // a path goes on in steps, from axis to axis
      const steps = path.getAttribute("d").match(/[-+]?\d+/g).filter((_, place) => place % 2);
      return { path, ys: steps.map((step) => (y += Number(step))), texts: path.dataset.of.split("|") };
    });
    const layer = add(sheet, "div", "ranges");
    const told = add(figure, "p", "chosen");
    const counted = add(told, "span", "");
    counted.setAttribute("aria-live", "polite");
    const clear = add(told, "button", "");
    clear.type = "button";
    clear.textContent = "clear";
    add(told, "span", "").textContent = "Drag along an axis, or move its two handles by arrow keys; Escape clears an axis.";
    clear.addEventListener("click", () => axes.forEach((axis) => choose(axis, null)));

    axes.forEach((axis, place) => {
      axis.said = new Map();  // what a line says where it crosses
      for (const line of lines) {
        line.texts[place] ||= axis.names[line.ys[place]];
        axis.said.set(line.ys[place], axis.names[line.ys[place]] ?? line.texts[place]);
      }
      axis.stops = [...axis.said.keys()].sort((a, b) => a - b);
      axis.whole = [Math.min(axis.top, axis.stops[0]), Math.max(axis.bottom, axis.stops.at(-1))];
      axis.range = null;  // or [upper, lower]
      const strip = add(layer, "div", "strip");
      put(strip, axis.x, ...axis.whole);
      draggable(axis, strip);
      axis.band = add(layer, "div", "band");
      axis.handles = ["upper", "lower"].map((side, end) => handle(axis, side, end));
    });
    for (const { path, texts } of lines) path.dataset.tip = texts.map((text, n) => `${axes[n].name} ${text}`).join("\n");

    function put(box, x, upper, lower) {
      box.style.left = `${(x / width) * 100}%`;
      box.style.top = `${(upper / height) * 100}%`;
      if (lower !== undefined) box.style.height = `${((lower - upper) / height) * 100}%`;
    }

    function handle(axis, side, end) {
      const made = add(layer, "div", `handle ${side}`);
      add(made, "span", "");
      const facts = { role: "slider", tabindex: 0, "aria-orientation": "vertical", "aria-valuemin": 0,
                      "aria-label": `${side} end of ${axis.name}`, "aria-valuemax": axis.stops.length - 1 };
      for (const [name, value] of Object.entries(facts)) made.setAttribute(name, value);
      draggable(axis, made, end);
      made.addEventListener("keydown", (event) => {
        const page = Math.max(1, Math.round(axis.stops.length / 10));
        const up = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: page, PageDown: -page,
                     Home: -Infinity, End: Infinity }[event.key];
        if (up === undefined) return;
        event.preventDefault();
        const to = Math.max(0, Math.min(stopAt(axis, end) - up, axis.stops.length - 1));
        moveEnd(axis, end, axis.stops[to]);
      });
      return made;
    }

    // The stop at an end of the range: the outermost one inside.
    function stopAt(axis, end) {
      const [upper, lower] = axis.range ?? axis.whole;
      const first = axis.stops.findIndex((y) => y >= upper), last = axis.stops.findLastIndex((y) => y <= lower);
      return Math.max(0, Math.min(end ? last : first < 0 ? Infinity : first, axis.stops.length - 1));
    }

    function moveEnd(axis, end, y) {
      const [upper, lower] = axis.range ?? axis.whole;
      choose(axis, end ? [upper, Math.max(y, upper)] : [Math.min(y, lower), lower]);
    }

    function choose(axis, range) {
      const [least, most] = axis.whole, { stops } = axis;
      if (range) range = range.map((y) => Math.max(least, Math.min(y, most)));
      axis.range = range && (range[0] > stops[0] || range[1] < stops.at(-1)) ? range : null;
      show(axis);
      fade();
    }

    function show(axis) {
      const ends = axis.range ?? axis.whole;
      axis.band.hidden = !axis.range;
      put(axis.band, axis.x, ...ends);
      axis.handles.forEach((made, end) => {
        const stop = stopAt(axis, end), y = axis.stops[stop];
        put(made, axis.x, ends[end]);
        made.setAttribute("aria-valuenow", axis.stops.length - 1 - stop);
        made.setAttribute("aria-valuetext", axis.said.get(y));
        made.classList.toggle("set", Boolean(axis.range));
        made.firstChild.textContent = axis.range && !(y in axis.names) ? axis.said.get(y) : "";
      });
    }

    function fade() {
      let all = 0, within = 0;
      for (const { path, ys } of lines) {
        const out = axes.some(({ range }, place) => range && (ys[place] < range[0] || ys[place] > range[1]));
        path.classList.toggle("faded", out);
        const shown = !path.parentElement.classList.contains("off");  // its arm's button
        all += shown;
        within += shown && !out;
      }
      marks.setAttribute("stroke-opacity", Math.min(0.9, Math.max(0.15, 6 / Math.sqrt(within))));  // as they are drawn
      const said = `${within} of ${all} ${marks.dataset.what}`;
      if (counted.textContent !== said) counted.textContent = said;
      clear.hidden = axes.every((axis) => !axis.range);
    }

    // A drag makes a range, or moves the one that it begins in, or one of its ends; a click clears it.
    function draggable(axis, target, end) {
      const yOf = ({ clientY }) => {
        const box = sheet.getBoundingClientRect();
        return ((clientY - box.top) / box.height) * height;
      };
      target.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        const from = yOf(event), before = axis.range, [upper, lower] = before ?? axis.whole;
        let moved = false;
        target.setPointerCapture(event.pointerId);
        target.onpointermove = (event) => {
          const to = yOf(event), by = Math.max(axis.whole[0] - upper, Math.min(to - from, axis.whole[1] - lower));
          moved ||= Math.abs(to - from) > 3;
          if (!moved) return;
          if (end !== undefined) moveEnd(axis, end, [upper, lower][end] + to - from);
          else if (before && from >= upper && from <= lower) choose(axis, [upper + by, lower + by]);
          else choose(axis, [Math.min(from, to), Math.max(from, to)]);
        };
        target.onpointerup = () => moved || end !== undefined || choose(axis, null);
        target.onlostpointercapture = () => (target.onpointermove = target.onpointerup = null);
      });
    }

    figure.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      const one = axes.find((axis) => axis.range && axis.handles.includes(event.target));
      (one ? [one] : axes).forEach((axis) => choose(axis, null));
    });
    const buttons = new MutationObserver(fade);
    for (const arm of marks.children) buttons.observe(arm, { attributeFilter: ["class"] });
    axes.forEach(show);
    fade();
  }

  document.querySelectorAll(".parallel").forEach(choosing);
})();
