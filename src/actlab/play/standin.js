// Stands in for functions.js until that is there: values from the tree, slopes by differences.
import { bounded } from "./bounds.js";
import { CATALOGUE } from "./catalogue.js";
import { read } from "./clause.js";
import { compiled } from "./evaluate.js";
import { parse } from "./parse.js";

export function understood(text) {
  const facts = CATALOGUE.find(({ name }) => name === text.trim());
  if (facts) {
    const { name, parameters, learned } = facts;
    return { text, label: name, name, node: parse(facts.formula), parameters, learned, facts };
  }
  const { node, parameters, learned } = read(text);
  return { text, label: text, name: null, node, parameters, learned, facts: null };
}

export function made(meaning, parameters = meaning.parameters) {
  const names = Object.keys(parameters), values = Object.values(parameters), { one } = compiled(meaning.node, names), h = 1e-4;
  const value = (x) => one(x, values), bound = bounded(meaning.node, names);
  const slope = (x) => (value(x + h) - value(x - h)) / (2 * h);
  const second = (x) => (value(x + h) - 2 * value(x) + value(x - h)) / h ** 2;
  const many = (fn) => (xs, out = new Float64Array(xs.length)) => { for (let at = 0; at < xs.length; at++) out[at] = fn(xs[at]); return out; };
  return {
    label: meaning.label, meaning, parameters, form: "plain", trees: {}, value, slope, second, values: many(value),
    slopes: many(slope), seconds: many(second), trusted: (x) => bound(x, values), kinks: [],
  };
}
