// What is chosen before training: data, network, how it learns; each control follows the state and sets it.
import { CATALOGUE } from "../language/catalogue.js";
import { inkColour } from "../page/colours.js";
import { html, said } from "../page/dom.js";
import { drawCurve, drawPoints } from "./surfaces.js";
import { DATA_SETS, dataOf } from "../training/sets2d.js";
import { ALLOWED, MOST_LAYERS, MOST_UNITS, TRAIN_FIELDS, readUnits } from "./train_fields.js";

const CHOICES = {
  rule: ["Rule", [["adam", "Adam"], ["sgd", "plain SGD"]]],
  start: ["Start", [["pytorch", "PyTorch's"], ["kaiming", "Kaiming's"], ["gain", "by each function's gain"]]],
};
const LAYERS_ALLOWED = `1 to ${MOST_LAYERS} layers of 1 to ${MOST_UNITS} units`;
const NUMBERS = { rate: "Learning rate", batch: "Batch", seed: "Seed" };

// `follow()` shows the state; `onTheme` of the pictures is the caller's to ask for by `pictures()`.
export function controlsIn(place, store) {
  const parts = [dataControl(store), layersControl(store), settingsControl(store)];
  place.append(...parts.map((one) => one.element));
  return { follow: () => parts.forEach((one) => one.follow()), pictures: parts[0].pictures };
}

// A field for a number, with what it takes beside it; anything else is refused in words and stands there to be mended.
export function numberIn({ label, allowed, read, changed, kind = "a whole number" }) {
  const input = html("input", {
    type: "text", inputmode: "decimal", class: "number", "aria-label": label, "aria-description": `from ${allowed}`,
    onchange: take,
  });
  const limits = html("span", { class: "soft limits", "aria-hidden": "true" }, allowed);
  const told = html("span", { class: "wrong", role: "alert" });
  function take() {
    const value = read(input.value.trim());
    input.setAttribute("aria-invalid", value === undefined);
    told.textContent = value === undefined ? `${label}, ${input.value}: it takes ${kind} from ${allowed}.` : "";
    if (value !== undefined) changed(value);
  }
  function follow(value) {
    if (input === document.activeElement && String(value) !== input.value) return;  // who types goes on
    input.value = value;
    input.setAttribute("aria-invalid", "false");
    told.textContent = "";
  }
  return { input, limits, told, follow };
}

function dataControl(store) {
  const buttons = Object.entries(DATA_SETS).map(([set, { title }]) => {
    const input = html("input", { type: "radio", name: "data", value: set, onchange: () => store.set({ data: set }) });
    const canvas = html("canvas", { width: 44, height: 44, "aria-hidden": "true" });
    const element = html("label", { class: "pictured" }, input, canvas, html("span", {}, title));
    return { set, input, canvas, element };
  });
  const noise = html("input", {
    type: "range", min: 0, max: 0.5, step: 0.05, oninput: () => store.set({ noise: Number(noise.value) }),
  });
  const shown = html("output");
  const pictures = () => buttons.forEach(({ set, canvas }) => {
    if (set === "drawn" && !store.state.points.length) return drawPen(canvas);
    const data = dataOf({ set, noise: 0.05, seed: 1, drawn: store.state.points });
    if (data.isCurve) drawCurve(canvas, { ...data, learned: { n: 0 } });
    else drawPoints(canvas, data.learned);
  });
  return {
    pictures,
    element: html("fieldset", { class: "data" }, html("legend", {}, "Data"),
      html("div", { class: "pictures" }, buttons.map((one) => one.element)),
      html("label", {}, "Noise", noise, shown)),
    follow() {
      for (const { set, input, element } of buttons) {
        if (set !== store.state.data || input.checked) continue;
        input.checked = true;
        element.parentElement.scrollLeft = element.offsetLeft - element.parentElement.offsetLeft - 40;  // on a phone
      }
      noise.value = store.state.noise;
      noise.disabled = store.state.data === "drawn";
      shown.textContent = said(store.state.noise);
    },
  };
}

function layersControl(store) {
  const rows = html("div", { class: "layers" });
  const more = html("button", {
    type: "button", class: "quiet",
    onclick: () => store.set({ layers: [...store.state.layers, store.state.layers.at(-1)] }),
  }, "Add a layer");
  const fewer = html("button", {
    type: "button", class: "quiet", onclick: () => store.set({ layers: store.state.layers.slice(0, -1) }),
  }, "Remove the last");
  const set = (key, at, value) => store.set({ [key]: store.state[key].map((old, n) => (n === at ? value : old)) });
  const row = (_, at) => {
    const width = numberIn({
      label: `Units of layer ${at + 1}`, allowed: ALLOWED.units, read: readUnits,
      changed: (value) => set("layers", at, value),
    });
    const each = html("input", {
      type: "text", placeholder: "as above", list: "train-names", spellcheck: "false", autocapitalize: "off",
      "aria-label": `Function of layer ${at + 1}, where it is another`,
      onchange: () => set("each", at, each.value.trim()),
    });
    const words = [`Layer ${at + 1}`, "units,"].map((one) => html("span", {}, one));
    return { width, each, element: html("div", { class: "row" }, words[0], width.input, words[1], each, width.told) };
  };
  const made = Array.from({ length: MOST_LAYERS }, row);
  return {
    element: html("fieldset", {}, html("legend", {}, "Hidden layers"), html("p", { class: "soft" }, LAYERS_ALLOWED),
      rows, html("div", { class: "row" }, more, fewer),
      html("datalist", { id: "train-names" }, CATALOGUE.map(({ name }) => html("option", { value: name })))),
    follow() {
      const { layers, each } = store.state;
      const wanted = made.slice(0, layers.length).map((one) => one.element);
      if (rows.children.length !== wanted.length) rows.replaceChildren(...wanted);
      layers.forEach((width, at) => made[at].width.follow(width));
      made.forEach((one, at) => { if (one.each.value.trim() !== each[at]) setUnlessTyping(one.each, each[at]); });
      more.disabled = layers.length === MOST_LAYERS;
      fewer.disabled = layers.length === 1;
    },
  };
}

function settingsControl(store) {
  const numbers = Object.entries(NUMBERS).map(([key, label]) => {
    const field = numberIn({
      label, allowed: ALLOWED[key], kind: key === "rate" ? "a number" : undefined, read: TRAIN_FIELDS[key].read,
      changed: (value) => store.set({ [key]: value }),
    });
    const element = html("label", {}, label, field.input, field.limits, field.told);
    return { element, follow: () => field.follow(store.state[key]) };
  });
  const choices = Object.entries(CHOICES).map(([key, [label, options]]) => {
    const select = html("select", { "aria-label": label, onchange: () => store.set({ [key]: select.value }) },
      options.map(([value, words]) => html("option", { value }, words)));
    return { follow: () => { select.value = store.state[key]; }, element: html("label", {}, label, select) };
  });
  const parts = [...numbers, ...choices];
  const another = html("button", {
    type: "button", class: "quiet", onclick: () => store.set({ seed: (store.state.seed + 1) % 1000000 }),
  }, "Another seed");
  return {
    element: html("fieldset", {}, html("legend", {}, "Learning"),
      html("div", { class: "settings" }, parts.map((one) => one.element), another)),
    follow: () => parts.forEach((one) => one.follow()),
  };
}

function drawPen(canvas) {
  const context = canvas.getContext("2d"), { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  Object.assign(context, { strokeStyle: inkColour(), lineWidth: 2, lineCap: "round" });
  context.beginPath();
  context.moveTo(0.2 * width, 0.8 * height);
  context.lineTo(0.28 * width, 0.58 * height);
  context.lineTo(0.7 * width, 0.16 * height);
  context.lineTo(0.84 * width, 0.3 * height);
  context.lineTo(0.42 * width, 0.72 * height);
  context.closePath();
  context.stroke();
}

function setUnlessTyping(input, value) {
  if (input !== document.activeElement) input.value = value;
}
