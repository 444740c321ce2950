// The function judged: what is wrong with it, which it is, and what only `actlab check` can tell.
import { newestOf } from "./ask.js";
import { derivationOf } from "../judging/derivation.js";
import { CATALOGUE } from "../language/catalogue.js";
import { copyButton, html, tableOf } from "./dom.js";
import { general, toldApart } from "../judging/shown.js";
import { ONLY_ACTLAB, actlabCommand } from "../judging/verdict.js";

const TYPING = 250;  // milliseconds without a change before the worker is asked

export const JUDGE_FIELDS = {};

export function mountJudge(place, store) {
  const answer = html("p", { class: "answer", role: "status" }), form = html("p", { class: "soft" });
  const found = html("div"), which = html("div"), command = html("code");
  const derived = html("details", {}, html("summary", {}, "Its derivative in steps, and as Python"));
  const only = html("div", {},
    html("h3", {}, "What only actlab can tell"),
    html("p", {}, "actlab is the Python package that this page comes from. In a copy of its repository ",
      html("code", {}, SET_UP), " sets it up."),
    html("p", {}, `This page computes in JavaScript. On PyTorch itself, actlab checks ${ONLY_ACTLAB.join("; ")}.`),
    html("p", { class: "command" }, command, " ", copyButton("Copy the command", () => command.textContent)));
  place.append(html("h2", {}, "Judged"), answer, form, found, which, derived, only);

  let asked = "", timer = 0;
  const question = newestOf("judgeFunction", ({ told, done, failed }, args) => {
    if (args.text !== asked) return;
    place.dataset.judged = done ? asked : "";
    if (failed) return say(`It could not be judged: ${failed.message}`);
    const news = done ?? told;
    say(news.answer);
    form.textContent = FORM_WORDS[news.form];
    found.replaceChildren(...findingsShown(news));
    which.replaceChildren(...(done ? identityShown(done) : []));
  });

  function say(words) {
    answer.textContent = words;
    store.set({ judged: words });
    place.classList.remove("stale");
  }

  function judge() {
    const meaning = store.first();
    clearTimeout(timer);
    place.dataset.judged = "";
    only.hidden = derived.hidden = !meaning;
    if (!meaning) {
      asked = "";
      for (const box of [found, which]) box.replaceChildren();
      form.textContent = "";
      return say("The first function has a mistake: mend it, and it is judged.");
    }
    command.textContent = actlabCommand("check", meaning);
    if (meaning.text === asked) return place.dataset.judged = asked;
    asked = meaning.text;
    place.classList.add("stale");
    if (!answer.textContent) say("It is judged ...");
    timer = setTimeout(() => question({ text: asked }), TYPING);
    if (derived.open) derive();
    else derived.replaceChildren(derived.firstElementChild);
  }

  function derive() {
    const meaning = store.first();
    if (meaning) derived.replaceChildren(derived.firstElementChild, ...derivationShown(meaning));
  }

  derived.addEventListener("toggle", () => { if (derived.open && derived.childElementCount === 1) derive(); });
  store.watch(["curves"], judge);
  judge();
}

const FORM_WORDS = {
  sound: "Judged: the sound form of actlab, at 300 inputs to ±10,000 and beside each kink, in float64, float32 and " +
    "float16; its value in float64 is taken for the truth.",
  plain: "Judged: the formula as it stands, each step rounded as code in PyTorch rounds it, at 300 inputs to " +
    "±10,000 and beside each kink; the slope as autograd takes it, back through each step. actlab, a Python package, " +
    'computes a sound form of it, which keeps its digits: typed in a terminal, actlab play "FORMULA" writes this page ' +
    "with that form. How to get it stands below.",
};
const SET_UP = "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e '.[lab]'";
const COLUMNS = ["what", "where", "x", "got", "should be", "why"];

function findingsShown({ findings, notes }) {
  const name = ({ what, dtype }) => `${what.replace("'", "′")}, ${dtype}`;
  const rows = findings.map((one) => [
    name(one), one.where, general(one.x, 6), ...gotAndTrue(one), one.because || one.says,
  ]);
  const mends = [...new Set(findings.map(({ mend }) => mend))];
  const items = (texts) => texts.map((one) => html("li", {}, one));
  const table = () => tableOf("What is wrong, and the input that shows it", COLUMNS, rows);
  return [
    rows.length && html("div", { class: "findings" }, table()),
    mends.length && html("details", {}, html("summary", {}, "How to mend it"), html("ul", {}, items(mends))),
    notes.length && html("ul", { class: "notes", "aria-label": "To know" }, items(notes.map(({ says }) => says))),
  ].filter(Boolean);
}

function gotAndTrue({ got, should, error }) {
  if (should !== null) return toldApart(got, should);
  const sure = error < Math.abs(got) ? `sure to ${general(error, 2)}` : "no digit is sure";
  return [general(got, 6), error > 0 ? sure : "a number"];
}

function identityShown({ identity: { text, also = [], nearest } }) {
  const rows = nearest.map(({ label, distance, where }) => [label, general(distance, 3), general(where, 3)]);
  const same = also.length ? ` The same function: ${also.join(", ")}.` : "", many = CATALOGUE.length;
  const columns = ["function", "largest difference", "at x"];
  const table = () => tableOf("Nearest on [-5, 5], each at its best setting", columns, rows);
  return [
    html("h3", {}, "Which function it is"),
    html("p", {}, `By its values, beside the ${many} of the catalogue and usual settings of them: ${text}.${same}`),
    rows.length && html("details", {}, html("summary", {}, "The nearest of the catalogue"), table()),
  ].filter(Boolean);
}

function derivationShown(meaning) {
  const { lines, slope, plain, python, isPlain } = derivationOf(meaning), code = (words) => html("code", {}, words);
  const toCopy = (words, label, text) => [
    html("p", {}, words, " ", copyButton(`Copy ${label}`, () => text)),
    html("pre", { tabindex: 0, role: "region", "aria-label": `The function as ${label}` }, text),
  ];
  const better = isPlain
    ? [" It is the formula as it stands; the form that floats compute well is printed by ",
      code(actlabCommand("derive", meaning)), "."] : [];
  return [
    html("ol", { class: "derivation" }, lines.map((line) => html("li", {}, code(line)))),
    html("p", {}, "f′(x) = ", code(slope)),
    toCopy("To paste into your own code: PyTorch alone, autograd takes the slope.", "the PyTorch function", plain),
    toCopy(["For actlab: with the slope of the steps above, as a file to check, compare and keep; in place of \"?\" " +
      "goes its range.", ...better], "the block for actlab", python),
  ].flat();
}
