// The two that are trained: THE function, or one for each hidden layer, and what stands beside it.
import { sideOf } from "../training/seeds.js";
import { dataOf } from "../training/sets2d.js";

export const LEAST_DRAWN = 3;  // points of each class

// { settings, asked, sides, data, isItself } of a state; an Error says in words why nothing can be trained.
export function preparedFor(state) {
  const { layers: widths, start, rate, rule, batch, seed } = state;
  const asked = { set: state.data, noise: state.noise, seed, drawn: state.points };
  const drawn = [0, 1].map((label) => asked.drawn.filter((one) => one[2] === label).length);
  if (asked.set === "drawn" && Math.min(...drawn) < LEAST_DRAWN) {
    throw new Error(`Draw at least ${LEAST_DRAWN} points of each class: then there is something to learn.`);
  }
  const texts = widths.map((_, at) => state.each[at] || state.curves[0]);
  const own = named(texts, start), isItself = own.curves.every(({ label }) => label === "relu");
  const partner = isItself ? "tanh" : "relu", other = sideOf(partner, texts.map(() => partner), start);
  return {
    asked, isItself, data: dataOf(asked), sides: [own, other], settings: { widths, start, rate, rule, batch, seed },
    texts: [[own.label, texts], [partner, texts.map(() => partner)]],
    learned: own.curves.some(({ meaning }) => meaning.learned.length),
  };
}

function named(texts, start) {
  texts.forEach((text, at) => {
    try {
      sideOf("", [text], "");
    } catch (error) {
      throw new Error(`${texts.length > 1 && new Set(texts).size > 1 ? `Layer ${at + 1}: ` : ""}${error.message}`);
    }
  });
  const side = sideOf("", texts, start), labels = side.curves.map(({ label }) => label);
  return { ...side, label: new Set(labels).size === 1 ? labels[0] : labels.join(", then ") };
}
