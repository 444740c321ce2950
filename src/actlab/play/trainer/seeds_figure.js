// Whether a difference is more than chance: seed after seed in a worker, until the verdict stands.
import { ask } from "../page/ask.js";
import { html, said } from "../page/dom.js";
import { figureIn } from "../page/figure.js";
import { SEEDS_LEGEND, drawSeeds, seedsDrawing } from "./train_charts.js";
import { numberIn } from "./train_controls.js";
import { ALLOWED, TRAIN_FIELDS } from "./train_fields.js";

const MOST_TRIED = 20;
const UNITS = {  // `minus`: what is drawn; an error is less where it is better
  points: {
    scale: 100, unit: "points of accuracy", marginSaid: "1 point of accuracy",
    minus: (own, other) => `${own} minus ${other}, points of accuracy`,
  },
  curve: {
    scale: 1, unit: "less error of the fit", marginSaid: "an error of 0.01",
    minus: (own, other) => `error of ${other} minus error of ${own}`,
  },
};

export function seedsIn(place, store) {
  let ready = null, running = null;
  const button = html("button", {
    type: "button", class: "go", onclick: () => (running ? stop("Stopped.") : run()),
  }, "Try 5 to 20 seeds");
  const steps = numberIn({
    label: "Steps of each seed", allowed: ALLOWED.steps, read: TRAIN_FIELDS.steps.read,
    changed: (value) => store.set({ steps: value }),
  });
  const told = html("span", { class: "soft", role: "status" });
  place.append(html("h3", {}, "Is the difference more than chance?"),
    html("div", { class: "row buttons" }, button,
      html("label", {}, "Steps of each", steps.input, steps.limits, steps.told), told));
  const legend = () => SEEDS_LEGEND, drawing = seedsDrawing();
  const figure = figureIn(place, { title: "Differences seed by seed", name: "seeds", legend });
  figure.drawing.append(drawing);
  figure.figure.hidden = true;

  function stop(words) {
    running?.stop();
    running = null;
    button.textContent = "Try 5 to 20 seeds";
    told.textContent = words;
  }

  async function run() {
    const of = ready, { settings, asked: data, texts: sides } = ready;
    const asked = { settings, data, sides, steps: store.state.steps, most: MOST_TRIED };
    button.textContent = "Stop";
    told.textContent = "Seed 1 is trained.";
    const mine = running = ask("trainSeeds", asked, (found) => {
      if (running !== mine) return;
      told.textContent = `${found.seeds.length} of at most ${MOST_TRIED} seeds.`;
      show(found, of);
    });
    try {
      const found = await mine.done;
      stop(`${found.seeds.length} seeds of ${asked.steps} steps.`);
    } catch (error) {
      if (error.name !== "AbortError") stop(`It failed: ${error.message}`);
    }
  }

  function show(found, { data, sides: [own, other] }) {
    const { scale, unit, marginSaid, minus } = UNITS[data.isCurve ? "curve" : "points"], labels = [own.label, other.label];
    figure.figure.hidden = false;
    figure.isDrawn(found.verdict.n > 0);
    if (found.verdict.n) drawSeeds(drawing, found, { scale, words: minus(...labels) });
    figure.say(...verdictSaid(found, { scale, unit, marginSaid, labels }));
    drawing.setAttribute("aria-label", `${minus(...labels)}, a dot a seed, with the interval`);
    const shown = (value) => (Number.isNaN(value) ? "diverged" : said(scale * Math.abs(value), 4));
    const { further } = found.verdict, rows = found.seeds.map(({ seed, own: one, other: two }) =>
      [String(seed), shown(one), shown(two), Number.isNaN(one - two) ? "–" : signed(scale * (one - two))]);
    if (further) rows.push(["more seeds to settle it", "", "", further.toLocaleString("en")]);
    figure.numbers(() => [["seed", ...labels, data.isCurve ? "less error" : "difference"], rows]);
  }

  return {
    // Other settings: what was found is of others.
    begin(prepared, state) {
      stop("");
      ready = prepared;
      button.disabled = !ready;
      steps.follow(state.steps);
      figure.figure.hidden = true;
    },
  };
}

// As stats/words.py has it: so rough an estimate has no more digits.
const roughly = (count) => (count < 1000 ? String(count) : `about ${Number(count.toPrecision(2)).toLocaleString("en")}`);

const signed = (value) => `${value > 0 ? "+" : ""}${said(value)}`;

// The answer first, then what it rests on.
function verdictSaid({ verdict, seeds }, { scale, unit, marginSaid, labels: [own, other] }) {
  const { low, high, difference, n, further, diverged, otherDiverged } = verdict;
  const lostSaid = `it diverged in ${diverged} of ${seeds.length} seeds, ${other} in ${otherDiverged}.`;
  const at = `${own} ${signed(scale * difference)} [${signed(scale * low)}, ${signed(scale * high)}] ${unit}`;
  const answers = {
    better: `${own} is better than ${other}.`, worse: `${own} is worse than ${other}.`,
    "better, perhaps slightly": `${own} is better than ${other}, perhaps by less than ${marginSaid}.`,
    "worse, perhaps slightly": `${own} is worse than ${other}, perhaps by less than ${marginSaid}.`,
    "practically equal": `${own} and ${other} are practically equal: they differ by less than ${marginSaid}.`,
    "the same function": `${own} and ${other} have the same result in every seed.`,
    unstable: `${own} is unstable: ${lostSaid}`,
    stabler: `${own} is stabler: ${lostSaid}`,
    undecided: further
      ? `Undecided: ${roughly(further)} more ${further === 1 ? "seed" : "seeds"} would settle it.` : "Undecided.",
    "too few seeds": `Too few seeds: a verdict takes 5 in which both finish, here are ${n}.`,
  };
  const lost = diverged + otherDiverged > 0 && !/stab/.test(verdict.verdict)
    && `Diverged: ${own} in ${diverged} seeds, ${other} in ${otherDiverged}; the interval is of the other ${n}.`;
  return [
    answers[verdict.verdict],
    Number.isFinite(low) && `${at}: the mean of ${n} pairs and its 95% interval, which holds at every look.`, lost,
    `For other first weights and batches, on these points; what matters is ${marginSaid}.`,
  ];
}
