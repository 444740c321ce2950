// The same comparison on digits, outside of the page: the command to type, and the experiment.toml of it.
import { labelOf } from "./calls.js";
import { readingText } from "./clause.js";
import { numeral } from "./tree.js";

// A setup is the settings of training.js, { widths, start, rate, rule, batch }, with { activations, seeds, maxSeeds, epochs }.
// Of these, `activations` has for each network a { meaning, parameters }, or a list of them, one for each hidden layer; relu
// stands before them, as what they are compared with; `seeds` is a count or a list. What is undefined is left out: actlab's
// default stands there.
const RULES = { sgd: "sgd", adam: "adamw" };  // without weight decay, its default, both are the same
const STARTS = { pytorch: "pytorch", gain: "gain", kaiming: "gain" };
const SETTINGS = [  // name, option, key in the file, value as the option has it, and as the file has it
  ["seeds", "--seeds", "seeds", (seeds) => [seeds].flat().join(",") + (seeds.length === 1 ? "," : ""), listed],
  ["widths", "--hidden", "hidden", (widths) => widths.join(",") || "none", listed],
  ["rate", "--lr", "learning_rate", numeral, numeral],
  ["batch", "--batch-size", "batch_size", numeral, numeral],
  ["epochs", "--epochs", "epochs", numeral, numeral],
  ["rule", "--optimizer", "optimizer", (rule) => RULES[rule], (rule) => tomlText(RULES[rule])],
  ["start", "--init", "initialisation", (start) => STARTS[start], (start) => tomlText(STARTS[start])],
  ["maxSeeds", "--until-decided --max-seeds", "max_seeds", numeral, numeral],
];

// What is not the same there, in words, or "".
export const notTheSame = ({ start }) => (start === "kaiming"
  ? "actlab has no kaiming start: by gain, relu starts as it does here, every other function with a gain of its own." : "");

// One line for a POSIX shell.
export function commandOf(setup) {
  const named = namedIn(setup), words = named.map(shellWord).join(" ");
  const options = SETTINGS.filter(([name]) => setup[name] !== undefined)
    .map(([name, option, , asWord]) => `${option} ${asWord(setup[name])}`);
  const all = ["--data digits", ...options].join(" ");
  const isOption = named.some((one) => one.startsWith("-"));  // -x*tanh(x) would be taken for one
  return `actlab compare ${isOption ? `${all} -- ${words}` : `${words} ${all}`}`;
}

// Beside it, `actlab compare --spec experiment.toml` is the same.
export function experimentOf(setup) {
  const lines = SETTINGS.filter(([name]) => setup[name] !== undefined)
    .map(([name, , key, , asValue]) => `${key} = ${asValue(setup[name])}`);
  const activations = namedIn(setup).map((one) => `    ${tomlText(one)},\n`).join("");
  return `activations = [\n${activations}]\ndata = "digits"\n${lines.join("\n")}\n`;
}

const namedIn = ({ activations }) => [...new Set(["relu", ...activations.map(networkText)])];

// As actlab reads it: relu/'x*tanh(x)' where layers differ; a formula then stands in quotes.
function networkText(network) {
  const layers = [network].flat(), texts = layers.map(targetText);
  if (new Set(texts).size === 1) return texts[0];
  return texts.map((one, n) => (layers[n].meaning.facts || one.endsWith("'") ? one : `'${one}'`)).join("/");
}

// leaky_relu(0.2), or a formula with all that it needs: x*sigmoid(beta*x) where beta=1.5 learned; mine='x*tanh(x)'.
export function targetText({ meaning: { text, node, facts, learned }, parameters }) {
  if (facts === null) {
    const own = /^(\w+)=(?!=)/.exec(text), told = readingText({ node, parameters, learned });
    return own ? `${own[1]}='${told}'` : told;
  }
  // one that is learned unless it is given is not given where it is learned
  const isGiven = ([key, value]) => value !== facts.parameters[key]
    || (facts.learned.includes(key) && !learned.includes(key));
  return labelOf(facts, Object.fromEntries(Object.entries(parameters).filter(isGiven)));
}

// Single quotes keep all but themselves; double quotes read better around them, where nothing in it means something there.
function shellWord(word) {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return word.includes("'") && !/["$`\\!]/.test(word) ? `"${word}"` : `'${word.replaceAll("'", `'"'"'`)}'`;
}

function tomlText(words) {
  return JSON.stringify(words).replaceAll("\x7f", "\\u007f");
}

function listed(items) {
  return Array.isArray(items) ? `[${items.map(numeral).join(", ")}]` : numeral(items);
}
