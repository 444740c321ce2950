// A formula with the values of its parameters, as one text, as actlab/formula/clause.py has it:
// x*sigmoid(beta*x) where beta=1.5 learned.
import { didYouMean, quoted } from "./nearest.js";
import { LONGEST, Refusal, SPACE, constant, grouped, parse } from "./parse.js";
import { names, numeral, text } from "./tree.js";

const OPENS = new RegExp(`^${SPACE}*\\(`, "u");
const EDGES = new RegExp(`^${SPACE}+|${SPACE}+$`, "gu");
const VALUE = new RegExp(
  `^${SPACE}*(?<name>[A-Za-z][A-Za-z0-9_]*)${SPACE}*=${SPACE}*(?<value>[^=]+?)(?<learned>${SPACE}+learned)?${SPACE}*$`,
  "u",
);

// One text for all ways of writing what `read` gives, whatever the spaces.
export function readingText({ node, parameters, learned }) {
  const given = Object.keys(parameters).sort().map((one) => {
    const value = numeral(parameters[one]).replace(/\.0$/, "");
    return `${one}=${value}${learned.includes(one) ? " learned" : ""}`;
  });
  return given.length ? `${text(node)} where ${given.join(", ")}` : text(node);
}

// The formula and parameters of a text: {node, parameters: {name: value}, learned: [name]}. `values` and `learn` add to
// what it says, and come first. A Refusal tells what is no formula of x, or a parameter without a value.
export function read(given, values = {}, learn = []) {
  const [formula, behind] = splitClause(given);
  const node = formulaOf(formula, given.slice(formula.length));
  if (!node.symbols.has("x")) {
    const shown = text(node);
    const refused = new Refusal(`${shown} has no x in it: the input is called x, for example x*tanh(${shown}).`);
    const [only, ...more] = names(node);  // t*tanh(t)
    if (only && !more.length && behind === null) refused.mend = given.replace(new RegExp(`\\b${only}\\b`, "g"), "x");
    throw refused;
  }
  const [said, learned] = behind === null ? [new Map(), []] : clauseOf(behind, node, given.length - behind.length);
  const has = names(node);
  for (const one of has) if (Object.hasOwn(values, one)) said.set(one, values[one] + 0);
  const missing = has.filter((one) => !said.has(one));
  if (missing.length) {
    const known = didYouMean(missing[0], ["x", "pi"]);
    const refused = new Refusal(
      `${missing[0]} has no value in ${text(node)}.${known} Give it one: --param ${missing[0]}=1, or ` +
        `"${text(node)} where ${missing.map((one) => `${one}=1`).join(", ")}".`,
    );
    const ones = missing.map((one) => `${one}=1`).join(", ");
    refused.mend = `${given.trim()}${behind === null ? " where" : ","} ${ones}`;
    throw refused;
  }
  return {
    node,
    parameters: Object.fromEntries(has.map((one) => [one, said.get(one)])),
    learned: has.filter((one) => learned.includes(one) || learn.includes(one)),
  };
}

// The tree of a formula with its clause behind it; what mends the one keeps the other.
function formulaOf(formula, behind) {
  try {
    return parse(formula);
  } catch (error) {
    if (error instanceof Refusal && error.mend && behind) error.mend += ` ${behind}`;
    throw error;
  }
}

// The formula, and what stands behind its `where`, or null; where( is a call.
export function splitClause(given) {
  for (const { 0: word, index } of given.matchAll(/[\p{L}\p{N}_]+/gu)) {
    const behind = index + word.length;
    if (word === "where" && !OPENS.test(given.slice(behind))) return [given.slice(0, index), given.slice(behind)];
  }
  return [given, null];
}

function clauseOf(behind, node, start) {
  if (behind.length > LONGEST) {
    const length = [...behind].length;
    if (length > LONGEST) {
      const [most, here] = [LONGEST, length].map(grouped);
      throw new Refusal(`What stands behind where has at most ${most} characters, here ${here}.`, start, behind.length);
    }
  }
  const [values, learned] = [new Map(), []];
  let at = start;
  for (const part of behind.split(",")) {
    const refused = (words) => new Refusal(words, at, part.length);
    const match = VALUE.exec(part);
    if (match === null) {
      const shown = quoted(stripped(part));
      throw refused(`${shown} gives no parameter a value: write where beta=1.5, or where beta=1.5 learned.`);
    }
    const one = match.groups.name;
    if (!names(node).includes(one)) {
      const has = names(node).length ? `it has ${names(node).join(", ")}` : "it has none";
      throw refused(`${text(node)} has no parameter ${quoted(one)}: ${has}.${didYouMean(one, names(node))}`);
    }
    if (values.has(one)) throw refused(`${one} is given twice.`);
    const { value } = match.groups;
    values.set(one, parameterValue(value, at + part.indexOf(value, part.indexOf("="))));
    if (match.groups.learned) learned.push(one);
    at += part.length + 1;
  }
  return [values, learned];
}

// The number that a text of digits and + - * / is: 1.5, -2, 1/3. It stands at `start` of a longer text.
export function parameterValue(given, start = 0) {
  const found = constant(within(start, () => parse(given)));
  if (found === null || !(Math.abs(found) <= 1e30)) {
    const shown = quoted(stripped(given));
    throw new Refusal(`${shown} is not a number: a parameter is a number, such as 1.5 or 1/3.`, start, given.length);
  }
  return found + 0;  // there is one zero
}

// What `done` gives; where it refuses, the refusal points into the longer text (its words count from the part).
function within(start, done) {
  try {
    return done();
  } catch (error) {
    if (error instanceof Refusal && error.at !== null) error.at += start;
    throw error;
  }
}

const stripped = (given) => given.replace(EDGES, "");
