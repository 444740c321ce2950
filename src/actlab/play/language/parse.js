// From text to tree, as actlab/formula/grammar.py does it: a tokenizer, a parser by precedence, and nothing that could
// run what was typed. What may stand in a formula is listed here and in the catalogue.
import { CATALOGUE } from "./catalogue.js";
import { didYouMean, quoted } from "./nearest.js";
import { ABSENT, foreign } from "./notation.js";
import { COMPARISONS, E, PI, TRUE, UNARY, X, apply, name, names, number, numeral, substitute, text } from "./tree.js";

export const LONGEST = 2000;  // characters
const [DEEPEST, LARGEST, STEEPEST] = [50, 500, 64];  // levels, nodes, exponent
const SHOWN = 60;  // characters of a suggestion

// What is wrong with a text, in words. `at` is where: the character from 0, the text's length at its end, or null.
// `mend` is the text as it is written here, where that is known.
export class Refusal extends Error {
  constructor(message, at = null, length = 0) {
    super(message.replaceAll("\t", " "));  // as Python's errors do
    this.name = "Refusal";
    this.at = at;
    this.length = length;
    this.mend = "";
  }
}

// What Python takes for a space.
export const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const TOKEN = new RegExp(
  `${SPACE}*(?:(?<number>(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)` +
    "|(?<name>[A-Za-z][A-Za-z0-9_]*)" +
    "|(?<sign>\\*\\*|<=|>=|==|!=|[-+*/()<>,=&|^]))",
  "uy",
);
const GAP = new RegExp(`${SPACE}*`, "uy");
const LEFT = new Map([
  ["or", 10], ["|", 10], ["and", 20], ["&", 20], ["+", 50], ["-", 50], ["*", 60], ["/", 60], ["**", 80],
  ...[...COMPARISONS].map((sign) => [sign, 40]),
]);
const [NOT, NEGATIVE] = [30, 70];
const SAME = new Map([
  ["Abs", "abs"], ["ln", "log"], ["arctan", "atan"], ["arcsinh", "asinh"], ["logistic", "sigmoid"],
]);
const RELATIONS = new Map([
  ["Eq", "=="], ["Ne", "!="], ["Gt", ">"], ["Ge", ">="], ["Lt", "<"], ["Le", "<="], ["And", "and"], ["Or", "or"],
]);
const OTHER = ["min", "max", "Min", "Max", "Piecewise", "where", "clip", "Not", ...RELATIONS.keys()];
export const FUNCTIONS = new Set([...UNARY, ...SAME.keys(), ...OTHER]);
const MISPLACED = new Map([
  ["", "something is missing: a number, x, a parameter or a function"],  // the end
  ["=", "write == to compare; a parameter gets its value behind `where`"],
  [")", "a value is missing before it, or there is one ) too many"],
]);
const WORDS = new Map([["pi", PI], ["e", E], ["E", E], ["True", TRUE], ["x", X]]);
const RESERVED = new Set((  // what a parameter cannot be called: Python's words among them
  "x y torch math Tensor activation False None True and as assert async await break class continue def del elif else " +
  "except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield"
).split(" "));

const plainName = (given) => given.toLowerCase().replaceAll("_", "").replaceAll("-", "");
const BY_NAME = new Map(CATALOGUE.map((facts) => [facts.name, facts]));
const BY_ANY_NAME = new Map();
for (const facts of CATALOGUE) {
  for (const alias of [facts.name, ...facts.aliases].map(plainName)) {
    if (!BY_ANY_NAME.has(alias)) BY_ANY_NAME.set(alias, facts);
  }
}
const PARAMETERS = new Set(CATALOGUE.flatMap((facts) => Object.keys(facts.parameters)));

// The facts of a name or alias of the catalogue, in any capitalisation, or undefined.
export const lookup = (given) => BY_ANY_NAME.get(plainName(given));

// The tree of a formula in x and parameters. A Refusal points at the character. Texts of our own are not `limited`.
export function parse(formula, { limited = true } = {}) {
  if (limited && formula.length > LONGEST) {
    const length = [...formula].length;
    if (length > LONGEST) {
      const [most, here] = [LONGEST, length].map(grouped);
      throw new Refusal(`A formula has at most ${most} characters, this one ${here}.`);
    }
  }
  try {
    return new Parser(formula, limited).whole();
  } catch (error) {
    throw error instanceof Refusal && limited ? taught(formula, error) : error;
  }
}

// A refusal that says how what is written like in other places is written here.
function taught(formula, error) {
  const found = foreign(formula);
  if (!found) return error;
  const mend = found.text.length <= LONGEST && isRead(found.text) ? found.text : "";
  const write = mend && mend.length <= SHOWN ? `: write ${mend}` : "";
  const better = found.why ? pointed(formula, found.at, found.shown, found.why + write) : error;
  better.mend = mend;
  return better;
}

// Whether a text is right: what is suggested is.
function isRead(formula) {
  try {
    return Boolean(lookup(formula) ?? new Parser(formula, true).whole());
  } catch {
    return false;
  }
}

function pointed(formula, at, shown, why) {
  const place = [...formula.slice(0, at)].length + 1;
  const words = shown ? `At character ${place}, ${quoted(shown)}: ${why}` : `At the end: ${why}`;
  return new Refusal(".?".includes(words.at(-1)) ? words : `${words}.`, at, shown.length);
}

// A whole number with commas: 2,000.
export const grouped = (whole) => String(whole).replace(/\B(?=(\d{3})+$)/g, ",");

// Parsing by precedence: each method reads one thing and leaves `place` at the token behind it.
class Parser {
  constructor(formula, limited) {
    this.text = formula;
    this.limited = limited;
    this.tokens = this.allTokens();
    this.place = 0;
    this.level = 0;
  }

  whole() {
    if (this.next.kind === "end") throw new Refusal("A formula is empty: write for example x * tanh(softplus(x)).");
    const tree = this.value(0);
    if (this.next.kind !== "end") throw this.unexpected();
    return tree;
  }

  // tokens

  allTokens() {
    const found = [];
    for (let at = 0; (at = this.behindSpaces(at)) < this.text.length;) {
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(this.text);
      if (match === null) {
        const character = String.fromCodePoint(this.text.codePointAt(at));
        throw this.error(at, character, whyNot(character));
      }
      const [kind, shown] = Object.entries(match.groups).find(([, one]) => one !== undefined);
      found.push({ kind, text: shown, at });
      at = TOKEN.lastIndex;
    }
    return [...found, { kind: "end", text: "", at: this.text.length }];
  }

  behindSpaces(at) {
    GAP.lastIndex = at;
    return at + GAP.exec(this.text)[0].length;
  }

  get next() {
    return this.tokens[this.place];
  }

  take() {
    const token = this.next;
    if (token.kind !== "end") this.place += 1;
    return token;
  }

  took(sign) {
    const met = this.next.text === sign;
    if (met) this.place += 1;
    return met;
  }

  expect(sign, opened) {
    if (this.took(sign)) return;
    if (this.next.kind === "end") {
      throw this.error(opened.at, opened.text, "this is not closed: there is no ) behind it");
    }
    throw this.unexpected();
  }

  error(at, shown, why) {
    return pointed(this.text, at, shown, why);
  }

  unexpected() {
    const token = this.next;
    const beside = token.kind === "number" || token.kind === "name" || token.text === "(";
    const why = beside
      ? `an operator is missing before it: ${this.product()}`
      : MISPLACED.get(token.text) ?? "it does not belong here";
    return this.error(token.at, token.text, why);
  }

  // The question whether a product is meant, of what stands before and behind `place`.
  product() {
    const [before, behind] = [this.tokens[this.place - 1].text, this.next.text];
    const asked = `${before}*${behind}`.replace(")*", "(...)*").replace("*(", "*(...)");
    return `multiplication is written *; is ${asked} meant?`;
  }

  // expressions

  value(binding) {
    const start = this.next;
    const tree = this.expression(binding);
    if (tree.isCondition) {
      throw this.error(start.at, start.text, "this is a condition; it may stand only in Piecewise or where");
    }
    return tree;
  }

  condition(binding = 0, why = "a condition is needed here") {
    const start = this.next;
    const tree = this.expression(binding);
    if (!tree.isCondition) throw this.error(start.at, start.text, `${why}, such as x > 0, not ${text(tree)}`);
    return tree;
  }

  expression(binding) {
    this.level += 1;
    const start = this.next;
    if (this.limited && this.level > DEEPEST + 10) {
      throw this.error(start.at, start.text, `this is nested more than ${DEEPEST} deep`);
    }
    let tree = this.bounded(this.prefix(), start);
    while ((LEFT.get(this.next.text) ?? -1) > binding) {
      const token = this.take();
      tree = token.text === "**" ? this.power(tree, token) : this.infix(tree, token);
      this.bounded(tree, token);
    }
    this.level -= 1;
    return tree;
  }

  bounded(tree, token) {
    if (this.limited && tree.depth > DEEPEST) {
      throw this.error(token.at, token.text, `this makes the formula more than ${DEEPEST} deep`);
    }
    if (this.limited && tree.size > LARGEST) {
      throw this.error(token.at, token.text, `this makes the formula larger than ${LARGEST} parts`);
    }
    return tree;
  }

  prefix() {
    const token = this.next;
    if (token.kind === "number") {
      const value = Number(this.take().text);
      if (!Number.isFinite(value)) throw this.error(token.at, token.text, "this number is too large");
      return number(value);
    }
    if (token.kind === "name") return this.word(this.take());
    if (this.took("(")) {
      const tree = this.expression(0);
      this.expect(")", token);
      return tree;
    }
    if (this.took("-")) return apply("neg", this.value(NEGATIVE));
    if (this.took("+")) return this.value(NEGATIVE);
    throw this.unexpected();
  }

  infix(left, token) {
    const op = { "&": "and", "|": "or" }[token.text] ?? token.text;
    if (COMPARISONS.has(op)) return this.comparison(left, token);
    const right = this.expression(LEFT.get(token.text));
    const logical = op === "and" || op === "or";
    if (left.isCondition !== logical || right.isCondition !== logical) {
      const what = logical ? "conditions, such as x > 0" : "values, not conditions";
      throw this.error(token.at, token.text, `it stands between two ${what}`);
    }
    return apply(op, left, right);
  }

  // a < b, or a chain: a < b < c.
  comparison(left, token) {
    const parts = [];
    for (;;) {
      const right = this.expression(LEFT.get(token.text));
      if (left.isCondition || right.isCondition) {
        throw this.error(token.at, token.text, "it compares two values, not conditions");
      }
      parts.push(apply(token.text, left, right));
      left = right;
      if (!COMPARISONS.has(this.next.text)) return chained("and", parts);
      token = this.take();
    }
  }

  power(base, token) {
    const exponent = this.value(NEGATIVE);
    if (base.isCondition) throw this.error(token.at, token.text, "a condition has no power");
    if (base === E) return apply("exp", exponent);
    const size = constant(exponent);
    if (size === null) {
      throw this.error(token.at, "**", `an exponent is a number: write exp(${text(exponent)}*log(${text(base)}))`);
    }
    if (this.limited && !(Math.abs(size) <= STEEPEST)) {
      throw this.error(token.at, "**", `an exponent is at most ${STEEPEST} in size`);
    }
    return apply("**", base, exponent);
  }

  // names and calls

  word(token) {
    const word = token.text;
    if (word === "not") return apply("not", this.condition(NOT, "not stands before a condition"));
    if (this.next.text === "(") return this.call(token);
    if (WORDS.has(word)) return WORDS.get(word);
    if (FUNCTIONS.has(word) || (lookup(word) && !PARAMETERS.has(word))) {  // `threshold` is both
      throw this.error(token.at, word, `${word} is a function: write ${word}(x)`);
    }
    if (RESERVED.has(word)) {
      throw this.error(token.at, word, `a parameter cannot be called ${word}: take another word`);
    }
    return name(word);
  }

  call(token) {
    const word = SAME.get(token.text) ?? token.text;
    if (WORDS.has(word)) throw this.error(token.at, word, `${word} is no function: ${this.product()}`);
    const opened = this.take();
    if (word === "Piecewise") return this.piecewise(token, opened);
    if (word === "where") return this.where(opened);
    if (RELATIONS.has(word) || word === "Not") return this.relation(token, opened);
    if (!FUNCTIONS.has(word) && !lookup(word)) {
      throw this.error(token.at, token.text, `there is no function ${quoted(word)}${instead(word)}`);
    }
    const [given, named] = this.arguments(opened);
    if (named.size && !lookup(word)) {
      throw this.error(token.at, token.text, `${word} takes nothing by name`);
    }
    if (FUNCTIONS.has(word) && !(named.size || (word === "softplus" && given.length > 1))) {
      return this.function(word, given, token);
    }
    return this.expanded(word, given, named, token);
  }

  arguments(opened) {
    const [given, named] = [[], new Map()];
    while (!this.took(")")) {
      if (given.length || named.size) this.expect(",", opened);
      if (this.next.kind === "name" && this.tokens[this.place + 1].text === "=") {
        const token = this.take();
        this.take();
        if (named.has(token.text)) throw this.error(token.at, token.text, "it is given twice");
        named.set(token.text, this.value(0));
      } else if (named.size) {
        throw this.error(this.next.at, this.next.text, "what has a name comes last");
      } else {
        given.push(this.value(0));
      }
    }
    return [given, named];
  }

  function(word, given, token) {
    if (UNARY.includes(word)) {
      if (given.length !== 1) {
        throw this.error(token.at, token.text, `${word} takes one argument, not ${given.length}`);
      }
      return apply(word, given[0]);
    }
    if (word === "clip") {
      if (given.length !== 3) {
        throw this.error(token.at, token.text, "clip takes three arguments: clip(x, lowest, highest)");
      }
      return apply("min", apply("max", given[0], given[1]), given[2]);
    }
    if (given.length < 2) {
      throw this.error(token.at, token.text, `${word} takes two arguments or more: ${word}(x, 0)`);
    }
    return chained(word.toLowerCase(), given);
  }

  // A function of the catalogue, by its formula.
  expanded(word, given, named, token) {
    const facts = lookup(word);
    const defaults = Object.entries(facts.parameters);
    const known = Object.keys(facts.parameters);
    const shown = (value) => numeral(Number(value.toPrecision(6)));
    const example = `${word}(x${defaults.map(([key, value]) => `, ${key}=${shown(value)}`).join("")})`;
    if (!given.length) throw this.error(token.at, token.text, `it needs what it is applied to: ${example}`);
    const open = known.slice(given.length - 1);
    if (given.length - 1 > known.length || [...named.keys()].some((key) => !open.includes(key))) {
      const takes = known.length ? `takes ${known.join(", ")}` : "takes no parameters";
      throw this.error(token.at, token.text, `${word} ${takes}: ${example}`);
    }
    const values = new Map([...given.slice(1).map((value, at) => [known[at], value]), ...named]);
    for (const [key, value] of values) {
      if (value.symbols.has("x")) {
        const why = `${key} is a parameter of ${word} and cannot hold x: ${example}`;
        throw this.error(token.at, token.text, why);
      }
    }
    if (facts.name === "softplus" && !values.has("threshold")) {  // exactly, without the threshold's small error
      const beta = values.get("beta");
      return beta ? apply("/", apply("softplus", apply("*", beta, given[0])), beta) : apply("softplus", given[0]);
    }
    const tree = catalogueTree(facts);
    if (tree === null) {
      throw this.error(token.at, token.text, `${word} is not a function of one number and cannot stand here`);
    }
    const usual = defaults.map(([key, value]) => [key, number(value)]);
    return substitute(tree, new Map([...usual, ...values, ["x", given[0]]]));
  }

  // Piecewise((value, condition), ..., (value, True)).
  piecewise(token, opened) {
    const parts = [];
    while (!this.took(")")) {
      if (parts.length) this.expect(",", opened);
      const inner = this.next;
      if (!this.took("(")) {
        throw this.error(inner.at, inner.text, "Piecewise is written Piecewise((x, x > 0), (0, True))");
      }
      const value = this.value(0);
      this.expect(",", inner);
      parts.push(value, this.condition());
      this.expect(")", inner);
    }
    if (parts.at(-1) !== TRUE) {
      throw this.error(token.at, token.text, "its last piece needs the condition True: (0, True)");
    }
    return apply("Piecewise", ...parts);
  }

  where(opened) {
    const condition = this.condition();
    this.expect(",", opened);
    const yes = this.value(0);
    this.expect(",", opened);
    const no = this.value(0);
    this.expect(")", opened);
    return apply("Piecewise", yes, condition, no, TRUE);
  }

  // SymPy's words for comparisons: Eq(x, 0), And(x > 0, x < 1).
  relation(token, opened) {
    const word = token.text;
    const read = () => (["And", "Or", "Not"].includes(word) ? this.condition() : this.value(0));
    const parts = [read()];
    while (this.took(",")) parts.push(read());
    this.expect(")", opened);
    const [least, most] = { Not: [1, 1], And: [2, Infinity], Or: [2, Infinity] }[word] ?? [2, 2];
    if (parts.length < least || parts.length > most) {
      throw this.error(token.at, word, `${word} does not take ${parts.length} arguments`);
    }
    return word === "Not" ? apply("not", ...parts) : chained(RELATIONS.get(word), parts);
  }
}

// a op b op c.
const chained = (op, parts) => parts.reduce((left, right) => apply(op, left, right));

const catalogueTrees = new Map();

// The formula of a catalogue's function as a tree, or null where it is not one of x and its parameters.
function catalogueTree(facts) {
  if (!catalogueTrees.has(facts.name)) {
    const tree = parse(facts.formula);
    const whole = names(tree).every((one) => Object.hasOwn(facts.parameters, one));
    catalogueTrees.set(facts.name, whole ? tree : null);
  }
  return catalogueTrees.get(facts.name);
}

const ARITHMETIC = new Map([
  ["+", (a, b) => a + b], ["-", (a, b) => a - b], ["*", (a, b) => a * b], ["/", (a, b) => a / b], ["neg", (a) => -a],
]);

// The number that a tree of numbers is, or null.
export function constant(tree) {
  if (tree.op === "number") return tree.value;
  const values = tree.parts.map(constant);
  if (values.includes(null) || !ARITHMETIC.has(tree.op) || (tree.op === "/" && values[1] === 0)) return null;
  return ARITHMETIC.get(tree.op)(...values);
}

// Why there is no such function, or the nearest that gives a value; letters that changed places count as near.
function instead(word) {
  const absent = ABSENT.get(word.toLowerCase());
  if (absent) return `: ${absent}`;
  const known = [...FUNCTIONS, ...BY_NAME.keys()].filter((one) => !RELATIONS.has(one) && one !== "Not");
  const letters = (one) => [...one].sort().join("");
  const near = known.find((one) => letters(one) === letters(word));
  return near ? `. Did you mean ${quoted(near)}?` : `.${didYouMean(word, known) || " See `actlab list`."}`;
}

function whyNot(character) {
  if ("._[]{}'\"@;:\\`$%!~#?".includes(character)) return "it has no meaning in a formula";
  if (/\p{L}/u.test(character)) return "names are written in plain letters, such as beta";
  return "it is not read here: write * for times, / for divided by, ** for power";
}
