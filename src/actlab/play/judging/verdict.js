// The page's verdict on a function, the answer first: findings, notes, which function it is, and what was judged.
import { targetText } from "../language/command.js";
import { identified } from "./fingerprints.js";
import { made, understood } from "../numbers/functions.js";
import { cautions } from "./cautions.js";
import { faults, quantitiesOf } from "./judge.js";
import { notes } from "./notes.js";
import { general } from "./shown.js";

export const ONLY_ACTLAB = [
  "that autograd gives the derivative, forwards and backwards, also twice (gradcheck, vmap, jvp)",
  "every number of float16 and bfloat16, and float32 of every exponent", "values against 50 digits",
  "torch.compile, autocast and other devices",
  "shapes, strides, work in place, pickling, and memory and speed",
];

// The worker's job: { text } in; findings are told first, which function it is comes last.
export function judgeFunction({ text }, tell) {
  const meaning = understood(text), curve = made(meaning), began = Date.now(), quantities = quantitiesOf(curve);
  const { faults: single, notes: told, endless } = notes(curve), careful = cautions(curve, quantities);
  careful.endless.unshift(...endless);
  const findings = [...single, ...faults(quantities)].sort(byGravity), said = wrongSentences(findings, careful);
  const first = { findings, cautions: careful, notes: told, form: curve.form, judgedIn: Date.now() - began };
  tell({ ...first, answer: said });
  const identity = withoutPoles(identified(curve, curve.parameters), careful);
  const isWorse = findings.length > 0 && curve.form === "plain";
  const isSaid = careful.dead.length > 0 && identity.affine?.[0] === 0;  // the constant
  const answer = isSaid ? said : said + identitySentence(identity, meaning.name, isWorse);
  return { ...first, identity, answer, identifiedIn: Date.now() - began - first.judgedIn };
}

// Nothing is nearest to what grows without end: every difference would be that of the grid's point beside the pole.
function withoutPoles(identity, { poles }) {
  if (identity.kind !== "nearest" || !poles.some((x) => Math.abs(x) <= 5)) return identity;
  return { kind: "nearest", name: "", parameters: {}, text: "not finite on [-5, 5]", nearest: [] };
}

// What to type: the function as a word of the shell, a formula in quotes.
export function actlabCommand(what, meaning) {
  const shown = targetText({ meaning, parameters: meaning.parameters }), isOption = shown.startsWith("-");
  if (/^[\w.]+$/.test(shown)) return `actlab ${what} ${shown}`;
  const quote = /["$`\\]/.test(shown) ? `'${shown.replaceAll("'", `'"'"'`)}'` : `"${shown}"`;
  return `actlab ${what} ${isOption ? "-- " : ""}${quote}`;
}

const KINDS = ["undefined", "nan", "inf", "swallowed", "kink", "digits"];
const DTYPE_ORDER = ["every dtype", "float32", "float64", "float16"];

// float16 last, then what is no number before what is inexact, f before its slope.
const rankOf = ({ what, dtype, kind }) =>
  [+(dtype === "float16"), +(kind === "digits"), +(what !== "f"), DTYPE_ORDER.indexOf(dtype), KINDS.indexOf(kind)];

function byGravity(one, other) {
  const [a, b] = [rankOf(one), rankOf(other)], at = a.findIndex((rank, place) => rank !== b[place]);
  return at < 0 ? 0 : a[at] - b[at];
}

const VERBS = { nan: "is NaN", inf: "overflows to inf", digits: "loses digits" };

// What is wrong and what to beware of: first that nothing learns, then faults, then where it has no end.
function wrongSentences(findings, { dead, endless }) {
  const wrong = faultSentence(findings), isBut = !findings.length && dead.length + endless.length > 0;
  if (isBut) return [...dead, ...endless, "Otherwise nothing wrong found."].join(" ");
  return [...dead, wrong, ...endless].join(" ");
}

// What is wrong, in a sentence: of the gravest quantity and dtype.
function faultSentence(findings) {
  if (!findings.length) return "Nothing wrong found.";
  const [{ kind, what, dtype, x, got, count, where, says }] = findings, at = String(Number(x.toPrecision(4)) + 0);
  if (kind === "undefined" && count > 1) return `f is no number ${where}.`;
  const none = general(got, 4).replace("nan", "NaN");
  if (kind === "undefined") return `f(${at}) is ${none}: one such input ends a training.`;
  if (kind === "swallowed") return says;
  if (kind === "kink") return `At x = ${at} its slope is that of neither side.`;
  const same = findings.filter((one) => one.what === what && one.dtype === dtype);
  const parts = same.map((one) => `${VERBS[one.kind]} ${one.where}`);
  return `In ${dtype} ${what === "f" ? "it" : "its slope"} ${parts.join(", and ")}.`;
}

const FAR = 1;  // a largest difference on [-5, 5] that is no nearness

// Which it is, and what to write instead, where actlab's own form is better than what was judged.
function identitySentence({ kind, text, name, distance }, own, isWorse) {
  if (kind === "equals" && text === `equals ${own}`) return "";
  const better = isWorse ? `, which actlab computes in a sound form: write ${text.slice(7)}` : "";
  if (kind === "equals") return ` It ${text}${better}.`;
  if (kind === "affine" || (name && !text.startsWith("nearest"))) return ` It is ${text}.`;
  if (kind === "nearest" && distance > FAR) return " It is near none of the catalogue.";
  return ` ${text[0].toUpperCase()}${text.slice(1)}.`;
}
