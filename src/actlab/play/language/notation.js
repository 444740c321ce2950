// What people write in other languages and notations, and how it is written here: as actlab/formula/notation.py has it.

const CODE = "^[ \\n]*(?:def +\\w+ *\\( *x[^()]*\\)[^:()]*:[ \\n]*(?:return\\b)?|(?:\\w+ *= *)?lambda +x *:|return\\b" +
  "|\\(? *x *\\)? *=>|[^ ()=]+ *\\( *x *\\) *=(?!=)|y *=(?!=))[ \\n]*";
const MODULES = "\\b(?:(?:torch|nn|functional|F|special|np|numpy|scipy|math|Math|jnp|jax|lax|tf|keras|activations|self)\\.)+";
const OWN = "(?!(?:and|or|not|if|else|where)\\b)";
const NUMBER_OR_X = "(?<![\\w.])(?:\\d+\\.?\\d*|\\.\\d+|x\\b)";
const RULES = [  // pattern, replacement, why
  [CODE, "", "it is not needed"],
  [MODULES, "", "functions stand without it"],
  ["\\bx\\.pow\\( *(-?[\\w.]+) *\\)", "x**$1", "power is written **"],
  ["\\bx\\.([A-Za-z]\\w*)\\(\\)", "$1(x)", "the input stands in the brackets"],
  ["\\(\\)(?=\\()|(?<=\\w)\\(\\) *(?![\\s\\S])", "", ""],  // ReLU()(x), ReLU()
  ["\\b(?:pow|power)\\( *([\\w.]+) *, *(-?[\\w.]+) *\\)", "$1**$2", "power is written **"],
  ["\\btensor\\(([^()]*)\\)", "$1", "numbers stand alone"],
  ["\\bzeros_like\\(x\\)", "0", "numbers stand alone"],
  ["\\bones_like\\(x\\)", "1", "numbers stand alone"],
  ["\\bmaximum(?=\\()", "max", "it is called max here"],
  ["\\bminimum(?=\\()", "min", "it is called min here"],
  ["\\bclamp(?=\\()", "clip", "it is called clip here"],
  ["\\b(?:fabs|absolute)(?=\\()", "abs", "it is called abs here"],
  ["\\bexpit(?=\\()", "sigmoid", "it is called sigmoid here"],
  ["(?<![\\w)])[\\[{]", "(", "brackets are round here"],
  ["[\\]}]", ")", "brackets are round here"],
  ["&&", "&", "it is written &"],
  ["\\|\\|", "|", "it is written |"],
  ["(?<![\\w.)])(?<![\\w.)] )\\|([^|]+)\\|", "abs($1)", "|x| is abs(x) here"],
  ["[\\u00d7\\u00b7\\u22c5]", "*", "times is written *"],
  ["\\u00f7", "/", "divided by is written /"],
  ["[\\u2212\\u2013]", "-", "minus is written -"],
  ["\\u2264", "<=", "it is written <="],
  ["\\u2265", ">=", "it is written >="],
  ["\\u2260", "!=", "it is written !="],
  ["\\u00b2", "**2", "power is written **"],
  ["\\u00b3", "**3", "power is written **"],
  ["\\^", "**", "power is written **"],
  ["\\u03c0", "pi", "it is written pi"],
  ["\\u221a(?=\\()", "sqrt", "a root is written sqrt(x)"],
  ["\\u221a([\\w.]+)", "sqrt($1)", "a root is written sqrt(x)"],
  [`(${NUMBER_OR_X}|\\)) *(?![eE][+-]?\\d)${OWN}(?=[A-Za-z(])`, "$1*", ""],  // 2x, x(1 - x), (x)(x)
  [`\\b${OWN}([A-Za-z]\\w*) +x\\b(?! *\\()`, "$1(x)", ""],  // tanh x
].map(([pattern, ...rest]) => [new RegExp(pattern, "g"), ...rest]);
const CHOICE = /\bif\b|\?/;
const CODES = [CODE, `^ *${MODULES}[^:]*(?![\\s\\S])`, "\\?[^?:]*:"].map((pattern) => new RegExp(pattern));
const MANY = "it is of several numbers at once, and an activation here of one; of one number it is sigmoid(x)";
const STEP = "its slope is 0 everywhere, and nothing learns through it; one step is written where(x > 0, 1, 0)";
export const ABSENT = new Map([
  ...["softmax", "log_softmax", "logsoftmax", "softmin"].map((one) => [one, MANY]),
  ...["floor", "ceil", "round", "trunc", "rint"].map((one) => [one, STEP]),
]);

const bare = (given, edges) => given.replace(edges, "");
const SPACES = /^ +| +$/g, GAPS = /^[ \n]+|[ \n]+$/g;

// Whether a text begins as Python's or JavaScript's functions do, is a choice, or a call by a library's name.
export const isCode = (given) => CODES.some((pattern) => pattern.test(given));

// What of a text is not written like this here, {at, shown, why, text}, or null: the first of it, why not ("" where what
// the parser says is better), and the whole as it is written here.
export function foreign(given) {
  let first = null, translated = given;
  const met = (match, why) => {
    if (match && why && (!first || match.index < first.at)) first = { at: match.index, shown: bare(match[0], GAPS), why };
  };
  for (const [pattern, replacement, why] of RULES) {
    pattern.lastIndex = 0;
    met(pattern.exec(given), why);
    translated = translated.replace(pattern, replacement);
  }
  met(CHOICE.exec(given), "a choice is written where(condition, one, other)");
  translated = bare(chosen(translated), GAPS);
  if (!first && translated === bare(given, GAPS)) return null;
  return { at: 0, shown: "", why: "", ...first, text: translated };
}

// With where(c, a, b) for `a if c else b` and `c ? a : b`.
function chosen(given) {
  for (let match; (match = CHOICE.exec(given));) {
    const [start, end] = around(given, match.index), sign = match[0] === "if" ? "else" : ":";
    const before = bare(given.slice(start, match.index), SPACES), behind = given.slice(match.index + match[0].length, end);
    const at = behind.indexOf(sign);
    if (at < 0) break;
    const inner = bare(behind.slice(0, at), SPACES), other = bare(behind.slice(at + sign.length), SPACES);
    const [condition, one] = sign === "else" ? [inner, before] : [before, inner];
    const gap = given[start - 1] === "," ? " " : "";
    given = `${given.slice(0, start)}${gap}where(${condition}, ${one}, ${other})${given.slice(end)}`;
  }
  return given;
}

// From where to where the argument or the brackets around a place reach.
function around(given, at) {
  const reach = (step, opens, closes) => {
    let depth = 0, here = at;
    for (; here >= 0 && here < given.length && !(depth === 0 && [closes, ","].includes(given[here])); here += step) {
      depth += (given[here] === opens) - (given[here] === closes);
    }
    return here;
  };
  return [reach(-1, ")", "(") + 1, reach(1, "(", ")")];
}
