// A function's parameters as sliders with number fields; what they set is written into its text, which is its only state.
import { html, said } from "../page/dom.js";
import { numeral } from "../language/tree.js";

const STEPS = 200;

// From where to where, around a usual value: by factors where it is positive, else evenly.
function rangeAround(usual, value) {
  const isLog = usual > 0 && value > 0, wide = Math.max(2, 3 * Math.abs(usual));
  const [low, high] = isLog ? [usual / 10, usual * 10] : [-wide, wide];
  const from = Math.min(low, value), to = Math.max(high, value);
  const out = (place) => (isLog ? from * (to / from) ** place : from + place * (to - from));
  const into = (one) => (isLog ? Math.log(one / from) / Math.log(to / from) : (one - from) / (to - from));
  return { from, to, out: (step) => Number(out(step / STEPS).toPrecision(3)), into: (one) => Math.round(STEPS * into(one)) };
}

// The text of the same function with a parameter changed: swish(beta=2), or ... where beta=2.
function withParameter(meaning, typed, parameter, value) {
  const parameters = { ...meaning.parameters, [parameter]: value };
  if (meaning.name) {
    const usual = meaning.facts.parameters;
    const given = Object.keys(usual).filter((key) => parameters[key] !== usual[key]);
    const values = given.map((key) => `${key}=${numeral(parameters[key])}`);
    return values.length ? `${meaning.name}(${values.join(", ")})` : meaning.name;
  }
  const [formula] = typed.split(/\s*\bwhere\b(?!\s*\()/);
  const values = Object.keys(parameters)
    .map((key) => `${key}=${numeral(parameters[key])}${meaning.learned.includes(key) ? " learned" : ""}`);
  return `${formula} where ${values.join(", ")}`;
}

// Sliders of one function, kept while only its values change; `changed(text)`.
export function parameterSliders(changed) {
  const node = html("div", { class: "sliders" });
  let shown = "", rows = {}, meaning = null, typed = "";

  function row(name, value, usual) {
    const range = rangeAround(usual, value);
    const slider = html("input", { type: "range", min: 0, max: STEPS, step: 1, "aria-label": name });
    const field = html("input", { type: "number", step: "any", "aria-label": `${name}, the number` });
    const set = (next) => {
      if (Number.isFinite(next) && Math.abs(next) <= 1e30) changed(withParameter(meaning, typed, name, next));
    };
    slider.addEventListener("input", () => set(range.out(Number(slider.value))));
    field.addEventListener("input", () => { if (field.value !== "") set(Number(field.value)); });
    rows[name] = (now) => {
      if (now < range.from || now > range.to) return false;
      if (range.out(Number(slider.value)) !== now) slider.value = range.into(now);
      slider.setAttribute("aria-valuetext", said(now));
      if (document.activeElement !== field || Number(field.value) !== now) field.value = numeral(now);
      return true;
    };
    rows[name](value);
    const learned = meaning.learned.includes(name) ? html("small", {}, " learned") : "";
    return html("label", {}, html("span", {}, name, learned), slider, field);
  }

  return {
    node,
    update(next, text) {
      const key = `${next.name} ${next.name ? "" : text.split(/\bwhere\b(?!\s*\()/)[0]} ${Object.keys(next.parameters)}`;
      meaning = next;
      typed = text;
      if (key === shown && Object.entries(next.parameters).every(([name, value]) => rows[name](value))) return;
      const focused = node.contains(document.activeElement) ? [...node.querySelectorAll("input")].indexOf(document.activeElement) : -1;
      shown = key;
      rows = {};
      const usual = next.facts?.parameters ?? next.parameters;
      node.replaceChildren(...Object.entries(next.parameters).map(([name, value]) => row(name, value, usual[name] ?? value)));
      if (focused >= 0) node.querySelectorAll("input")[focused]?.focus();
    },
  };
}
