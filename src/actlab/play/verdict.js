// The page's verdict on a function, the answer first: findings, notes, which function it is, and what was judged.
import { targetText } from "./command.js";
import { identified } from "./fingerprints.js";
import { made, understood } from "./functions.js";
import { faults } from "./judge.js";
import { notes } from "./notes.js";

export const ONLY_ACTLAB = [
  "that autograd gives the derivative, forwards and backwards, also twice (gradcheck, vmap, jvp)",
  "every number of float16 and bfloat16, and float32 of every exponent", "values against 50 digits", "torch.compile, autocast and other devices",
  "shapes, strides, work in place, pickling, and memory and speed",
];

// The worker's job: { text } in; findings are told first, which function it is comes last.
export function judgeFunction({ text }, tell) {
  const meaning = understood(text), curve = made(meaning), began = Date.now();
  const about = notes(curve), found = { findings: [...about.faults, ...faults(curve)].sort(byGravity), notes: about.notes };
  const first = { ...found, form: curve.form, label: curve.label, judgedIn: Date.now() - began };
  tell({ ...first, answer: `${faultSentence(first.findings)}` });
  const identity = identified(curve, curve.parameters), all = { ...first, identity, identifiedIn: Date.now() - began - first.judgedIn };
  return { ...all, answer: answerOf(all, meaning) };
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

// What is wrong, in a sentence: of the gravest quantity and dtype.
export function faultSentence(findings) {
  if (!findings.length) return "Nothing wrong found.";
  const [first] = findings;
  if (first.kind === "undefined") return first.count === 1 ? `f(${shortly(first.x)}) is ${told(first.got)}: one such input ends a training.` : `f is no number ${first.where}.`;
  if (first.kind === "swallowed") return first.says;
  if (first.kind === "kink") return `At x = ${shortly(first.x)} its slope is that of neither side.`;
  const same = findings.filter((one) => one.what === first.what && one.dtype === first.dtype);
  const parts = same.map(({ kind, where }) => `${VERBS[kind] ?? kind} ${where}`);
  return `In ${first.dtype} ${first.what === "f" ? "it" : "its slope"} ${parts.join(", and ")}.`;
}

// The whole answer: what is wrong, which it is, and what to take instead.
function answerOf({ findings, form, identity }, meaning) {
  const { kind, text, name } = identity, itself = meaning.name && kind === "equals" && identity.text === `equals ${meaning.name}`;
  const isIt = kind === "equals" ? `It ${text}` : kind === "affine" ? `It is ${text}` : `${text[0].toUpperCase()}${text.slice(1)}`;
  const instead = findings.length && form === "plain" && kind === "equals" ? `, which actlab computes in a sound form: write ${text.slice(7)}` : "";
  const which = itself ? "" : kind === "nearest" && (!name || text.startsWith("nearest")) ? ` ${isIt}.` : ` ${kind === "nearest" ? `It is ${text}` : isIt}${instead}.`;
  return faultSentence(findings) + which;
}

const told = (value) => (Number.isNaN(value) ? "NaN" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : String(value));
const shortly = (x) => String(Number(x.toPrecision(4)) + 0);
