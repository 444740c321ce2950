// The two that are trained: THE function, or one for each hidden layer, and what stands beside it.
import { sideOf } from "../training/seeds.js";
import { dataOf } from "../training/sets2d.js";

const LEAST_DRAWN = 3;  // points of each class
const LONGEST_LABEL = 32;
const cutAt = (words, most) => (words.length > most ? `${words.slice(0, most - 1)}…` : words);

// { settings, asked, sides, data, rival, isItself } of a state; an Error says in words why nothing can be trained.
export function preparedFor(state) {
  const { layers: widths, start, rate, rule, batch, seed } = state;
  const asked = { set: state.data, noise: state.noise, seed, drawn: state.points };
  const drawn = [0, 1].map((label) => asked.drawn.filter((one) => one[2] === label).length);
  if (asked.set === "drawn" && Math.min(...drawn) < LEAST_DRAWN) {
    throw new Error(`Draw at least ${LEAST_DRAWN} points of each class: then there is something to learn.`);
  }
  const texts = widths.map((_, at) => state.each[at] || state.curves[0]);
  const own = ownOf(texts, start), isItself = own.curves.every(({ label }) => label === "relu");
  const rival = isItself ? "tanh" : "relu", other = sideOf(rival, texts.map(() => rival), start);
  return {
    asked, isItself, rival, data: dataOf(asked), sides: [own, other], settings: { widths, start, rate, rule, batch, seed },
    texts: [[own.label, texts], [rival, texts.map(() => rival)]],
    learned: own.curves.some(({ meaning }) => meaning.learned.length),
  };
}

// The side, with a name in full and a short label for sentences and heads of tables.
function ownOf(texts, start) {
  texts.forEach((text, at) => {
    try {
      sideOf("", [text], "");
    } catch (error) {
      throw new Error(`${texts.length > 1 && new Set(texts).size > 1 ? `Layer ${at + 1}: ` : ""}${error.message}`);
    }
  });
  const side = sideOf("", texts, start), labels = side.curves.map(({ label }) => label);
  if (new Set(labels).size === 1) return { ...side, name: labels[0], label: cutAt(labels[0], LONGEST_LABEL) };
  const name = labels.join(", then "), rest = labels.length - 1;
  const short = `${cutAt(labels[0], LONGEST_LABEL / 2)}, then ${rest} ${rest === 1 ? "other" : "others"}`;
  return { ...side, name, label: name.length <= LONGEST_LABEL ? name : short };
}
