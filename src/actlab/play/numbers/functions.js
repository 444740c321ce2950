// What a person writes where a function is named, as actlab/naming/targets.py reads it, and the curve that it is.
import { bounded } from "./bounds.js";
import { edges } from "./breaks.js";
import { argumentsOf, labelOf, valueText } from "../language/calls.js";
import { CATALOGUE } from "../language/catalogue.js";
import { read, readingText, splitClause } from "../language/clause.js";
import { compiled } from "./evaluate.js";
import { once, plainTrees, soundTrees } from "./forms.js";
import { didYouMean, quoted } from "../language/nearest.js";
import { ABSENT, isCode } from "../language/notation.js";
import { LONGEST, Refusal, lookup, parse } from "../language/parse.js";
import { text } from "../language/tree.js";

const LIMIT = 64 * 2 ** -52;  // what sound forms are held to, as tests/test_written.py has it
const carried = new Map();  // by the formula: what making/portable.py gives

const CALLED = /^\s*([\w-]+)\s*(\(.*\))?\s*$/s;
const IN_QUOTES = /^\s*(['"])([^'"]*)\1\s*$/;
const GIVEN_NAME = /^\s*([A-Za-z]\w*)\s*=(?!=)\s*(.*)$/s;
const A_NUMBER = /^(?:[\d\s.()*/+-]*\d[\d\s.()*/+-]*|\s*pi\s*)$/;
const HAS_X = /(?<![\w.])(?:\d+\.?\d*|\.\d+)?x(?!\w)/;  // 2x is meant as a formula, too
const CALL_OF_NAME = /[A-Za-z]\w*\s*\([^()]*(?<![\w.])(?!nan\b|inf\b)[A-Za-z]\w*/;
const ARGUMENT_NAMES = /[A-Za-z]\w*\s*=(?!=)/g;

// {text, label, name, node, parameters, learned, facts} of a name, alias or call of the catalogue, or of a formula,
// whose facts are null (and its name, unless it is given one): `text` is one for all ways to write it, as commands need
// it, `label` what was written. A Refusal says what is wrong with a text.
export function understood(given) {
  if (given.length > 4 * LONGEST) {
    throw new Refusal(`A formula has at most 2,000 characters, this one ${given.length.toLocaleString("en")}.`);
  }
  const named = GIVEN_NAME.exec(given), inQuotes = IN_QUOTES.exec(given), call = CALLED.exec(given);
  if (isCode(given) || A_NUMBER.test(given)) return ofFormula(given);  // which says how it is written here
  if (named) return ofNamed(named[1], named[2], given);
  if (inQuotes) return pointingInto(given, inQuotes[2], ofFormula);
  if (isFormula(given, call)) return ofFormula(given);
  if (call) return ofCatalogue(call[1], call[2] ?? "", given);
  if (!given.trim()) throw new Refusal("A function is wanted: a name, for example relu, or a formula of x.", 0);
  throw new Refusal(
    `${quoted(given)} names no activation. Write a name (relu), a name with parameters (leaky_relu(0.2)), ` +
      "or a formula of x (x * tanh(softplus(x))).", 0, given.length,
  );
}

function isFormula(given, call) {
  if (given.includes(":") || /(['"])[^'"]*\1/.test(given)) return isCode(given);
  const known = call !== null && lookup(call[1]) !== undefined;
  const bare = given.replace(ARGUMENT_NAMES, "");
  return HAS_X.test(bare) || (!known && CALL_OF_NAME.test(bare));
}

function ofFormula(given) {
  const reading = read(given), label = given.trim().replace(/\s+/g, " ");  // people know their own words again
  return { text: readingText(reading), label, name: null, ...reading, facts: null };
}

// A formula under a name of its own.
function ofNamed(own, formula, given) {
  if (lookup(own) || ["x", "y", "torch", "math", "Tensor", "activation"].includes(own)) {
    const words = `${own} means something already: give the formula another name, such as my_${own}=${formula}.`;
    throw new Refusal(words, given.indexOf(own), own.length);
  }
  const inQuotes = IN_QUOTES.exec(formula);
  if (!inQuotes && !isFormula(formula, CALLED.exec(formula))) {
    const words = `${own}= gives a formula of x a name, such as ${own}=x*tanh(x); ${quoted(formula)} is none.`;
    throw new Refusal(words, given.length - formula.length, formula.length);
  }
  const found = pointingInto(given, inQuotes ? inQuotes[2] : formula, ofFormula);
  return { ...found, text: `${own}=${found.text}`, label: own };
}

// What `done` gives of a part; where it refuses, it points into the whole.
function pointingInto(whole, part, done) {
  try {
    return done(part);
  } catch (error) {
    if (error instanceof Refusal) {
      const at = whole.lastIndexOf(part);
      if (error.at !== null) error.at += at;
      if (error.mend) error.mend = whole.slice(0, at) + error.mend + whole.slice(at + part.length);
    }
    throw error;
  }
}

function ofCatalogue(called, call, given) {
  const facts = lookup(called), absent = ABSENT.get(called.toLowerCase());
  if (absent) {
    throw new Refusal(`There is no activation ${quoted(called)}: ${absent}.`, given.indexOf(called), called.length);
  }
  if (!facts) {
    const near = didYouMean(called, CATALOGUE.flatMap((one) => [one.name, ...one.aliases]));
    const words = `There is no activation ${quoted(called)}.${near} Pick one from the list, or write a formula of x.`;
    throw new Refusal(words, given.indexOf(called), called.length);
  }
  const found = argumentsOf(facts, call, given.indexOf("("));
  const shown = labelOf(facts, found);
  return {
    text: shown, label: shown, name: facts.name, node: parse(facts.formula), facts,
    parameters: { ...facts.parameters, ...found },
    learned: facts.learned.filter((one) => !Object.hasOwn(found, one)),
  };
}

// What Python found of a formula: `made` uses it for this formula with these parameters.
export function embed(portable) {
  if (portable) carried.set(text(parse(portable.formula)), portable);
}

// The curve of what `understood` gives, with these parameters.
export function made(meaning, parameters = meaning.parameters) {
  const names = Object.keys(meaning.parameters), own = names.map((one) => parameters[one]);
  const forms = formsOf(meaning, parameters), trees = forms ? soundTrees(forms) : plainTrees(meaning.node);
  const part = (key) => once(() => compiled(trees[key](), names));
  const [value, slope, second] = [part("value"), part("slope"), part("second")];
  const bound = once(() => bounded(trees.value(), names));
  const isKnown = forms && names.every((one) => parameters[one] === forms.parameters[one]);
  const curve = {
    label: shownLabel(meaning, parameters), form: forms ? "sound" : "plain",
    meaning, parameters: { ...parameters }, names,
    trees: {
      get value() { return trees.value(); },
      get slope() { return trees.slope(); },
      get second() { return trees.second(); },
      by: trees.by,  // with respect to a parameter
    },
    value: (x) => value().one(x, own),
    slope: (x) => slope().one(x, own),
    second: (x) => second().one(x, own),
    values: (xs, out, given = own) => value().many(xs, given, out),
    slopes: (xs, out, given = own) => slope().many(xs, given, out),
    seconds: (xs, out, given = own) => second().many(xs, given, out),
    slopesBy(wrt) {
      const by = compiled(trees.by(wrt), names);
      return (xs, out, given = own) => by.many(xs, given, out);
    },
    // {value, error}: of a sound form at its own parameters what tests hold it to, else what `bounded` says.
    trusted(x) {
      if (!isKnown) return bound()(x, own);
      const found = curve.value(x), moved = Math.abs(x * curve.slope(x));
      return { value: found, error: Number.isNaN(found) ? Infinity : LIMIT * (Math.abs(found) + (moved || 0)) };
    },
    get kinks() { return kinks(); },
  };
  const kinks = once(() => kinksOf(meaning, forms, parameters));
  return curve;
}

function formsOf(meaning, parameters) {
  if (meaning.facts) return meaning.facts;
  const found = carried.get(text(meaning.node));
  const names = Object.keys(meaning.parameters);
  return found && names.every((one) => found.parameters[one] === parameters[one]) ? found : null;
}

// Those that are declared are of the usual parameters: elu has none there, and elu(0.5) has one.
function kinksOf({ node, facts }, forms, parameters) {
  if (!forms) return edges({ node, parameters });
  const names = Object.keys(parameters), values = Object.values(parameters);
  const at = (kink) => (typeof kink === "number" ? kink : compiled(parse(kink), names).one(0, values));
  const declared = forms.kinks.map(at).filter(Number.isFinite);
  const isUsual = !facts || names.every((one) => parameters[one] === facts.parameters[one]);
  const isNew = (x) => declared.every((kink) => Math.abs(x - kink) > 1e-12 * (1 + Math.abs(kink)));
  const more = isUsual ? [] : edges({ node, parameters }).filter(isNew);
  return [...new Set([...declared, ...more])].sort((a, b) => a - b);
}

function shownLabel({ label, name: own, facts, parameters: asked }, parameters) {
  const changed = Object.keys(asked).filter((one) => parameters[one] !== asked[one]);
  if (!changed.length) return label;
  if (facts) {
    const given = Object.entries(parameters).filter(([one, value]) => value !== facts.parameters[one]);
    return labelOf(facts, Object.fromEntries(given));
  }
  const pairs = Object.keys(asked).map((one) => `${one}=${valueText(parameters[one])}`);
  return `${own ?? splitClause(label)[0].trim()} where ${pairs.join(", ")}`;
}
