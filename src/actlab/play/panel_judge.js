// The function judged: what is wrong with it, which it is, and what only `actlab check` can tell.
import { newestOf } from "./ask.js";
import { derivationOf } from "./derivation.js";
import { CATALOGUE } from "./catalogue.js";
import { copyButton, html, tableOf } from "./dom.js";
import { general, toldApart } from "./shown.js";
import { ONLY_ACTLAB, actlabCommand } from "./verdict.js";

const TYPING = 250;  // milliseconds without a change before the worker is asked

export const JUDGE_FIELDS = {};

export function mountJudge(place, store) {
  const answer = html("p", { class: "answer", role: "status" }), form = html("p", { class: "soft" });
  const found = html("div"), which = html("div"), command = html("code");
  const derived = html("details", {}, html("summary", {}, "Its derivative in steps, and as Python"));
  const only = html("div", {},
    html("h3", {}, "What only actlab can tell"),
    html("p", {}, `This page computes in JavaScript. On PyTorch itself, actlab checks ${ONLY_ACTLAB.slice(0, -1).join("; ")}; ${ONLY_ACTLAB.at(-1)}.`),
    html("p", { class: "command" }, command, " ", copyButton("Copy the command", () => command.textContent)));
  place.append(html("h2", {}, "Judged"), answer, form, found, which, derived, only);

  let asked = "", timer = 0;
  const question = newestOf("judgeFunction", ({ told, done, failed }, args) => {
    if (args.text !== asked) return;
    place.dataset.judged = done ? asked : "";
    if (failed) return say(`It could not be judged: ${failed.message}`);
    const news = done ?? told;
    say(news.answer);
    form.textContent = formWords(news);
    found.replaceChildren(...findingsShown(news));
    which.replaceChildren(...(done ? identityShown(done) : [html("p", { class: "soft" }, "Which function it is: looked for ...")]));
  });

  function say(words) {
    answer.textContent = words;
    place.classList.remove("stale");
  }

  function judge() {
    const [meaning] = store.meanings();
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
    const [meaning] = store.meanings();
    if (meaning) derived.replaceChildren(derived.firstElementChild, ...derivationShown(meaning));
  }

  derived.addEventListener("toggle", () => { if (derived.open && derived.childElementCount === 1) derive(); });
  store.watch(["curves"], judge);
  judge();
}

const formWords = ({ form }) => (form === "sound"
  ? "Judged: the sound form of actlab, at 300 inputs to ±10,000 and beside each kink, in float64, float32 and float16; the truth is its value in float64."
  : "Judged: the formula as it stands, each step rounded as code in PyTorch rounds it, at 300 inputs to ±10,000 and beside " +
    "each kink; the slope as autograd takes it, back through each step. actlab itself computes a sound form of it: " +
    "actlab play \"FORMULA\" puts that into this page.");

function findingsShown({ findings, notes }) {
  const rows = findings.map((one) => [
    `${one.what === "f" ? "f" : "f′"}, ${one.dtype}`, one.where, general(one.x, 6), ...gotAndTrue(one), one.because || one.says,
  ]);
  const mends = [...new Set(findings.map(({ mend }) => mend))];
  return [
    rows.length ? html("div", { class: "findings" }, tableOf("What is wrong, and the input that shows it", ["what", "where", "x", "got", "should be", "why"], rows)) : "",
    mends.length ? html("details", {}, html("summary", {}, "How to mend it"), html("ul", {}, mends.map((one) => html("li", {}, one)))) : "",
    notes.length ? html("ul", { class: "notes", "aria-label": "To know" }, notes.map(({ says }) => html("li", {}, says))) : "",
  ].filter(Boolean);
}

function gotAndTrue({ got, should, kind, error }) {
  if (should !== null) return toldApart(got, should);
  const isUnsure = kind === "digits" && error > 0;
  return [general(got, 6), isUnsure ? (error < Math.abs(got) ? `sure to ${general(error, 2)}` : "no digit is sure") : "a number"];
}

function identityShown({ identity: { text, also = [], nearest } }) {
  const rows = nearest.map(({ label, distance, where }) => [label, general(distance, 3), general(where, 3)]);
  return [
    html("h3", {}, "Which function it is"),
    html("p", {}, `By its values, beside the ${CATALOGUE.length} of the catalogue and usual settings of them: ${text}.${also.length ? ` The same function: ${also.join(", ")}.` : ""}`),
    rows.length ? html("details", {}, html("summary", {}, "The nearest of the catalogue"),
      tableOf("Nearest on [-5, 5], each at its best setting", ["function", "largest difference", "at x"], rows)) : "",
  ].filter(Boolean);
}

function derivationShown(meaning) {
  const { lines, slope, python, isPlain } = derivationOf(meaning);
  return [
    html("ol", { class: "derivation" }, lines.map((line) => html("li", {}, html("code", {}, line)))),
    html("p", {}, "f′(x) = ", html("code", {}, slope)),
    isPlain ? html("p", { class: "soft" }, "Below is the formula as it stands; the form that floats compute well is printed by ", html("code", {}, actlabCommand("derive", meaning)), ".") : "",
    html("p", {}, copyButton("Copy the Python", () => python)),
    html("pre", { tabindex: 0, role: "region", "aria-label": "The function as Python" }, python),
  ].filter(Boolean);
}
