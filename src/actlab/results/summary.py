"""A run as one table: what the terminal prints and the page shows come from here, so that they cannot disagree."""

import dataclasses
import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from actlab import data
from actlab.data import sets
from actlab.experiment import Run, looked
from actlab.results import endings
from actlab.results.costs import NO_COST, Cost, StepCost, costs_beside, step_costs
from actlab.results.differences import cost_lines, cost_row, difference_lines
from actlab.results.guessing import unlearned
from actlab.results.judgement import Origin, cells, judged
from actlab.results.numbers import NO_TEST, POINTS, aligned, interval_text, number, percent, plain, short, times
from actlab.results.tuned import Tuning, tuning_of
from actlab.stats import LEAST_PAIRS, Comparison, Diagnosis, all_pairs, mean_interval, note, nothing_compared

if TYPE_CHECKING:
    import pandas as pd

_PARTS = {"learning_rate": "lr", "weight_decay": "decay", "dropout": "dropout", "initialisation": "init"}
_PAIR = ("first", "other", "difference", "low", "high", "n")
_INTERVALS = ("final_valid_accuracy", "best_valid_accuracy", "test_accuracy")
_MEANS = ("final_train_loss", "final_train_accuracy", "final_valid_loss")

_CELLS: dict[str, Callable[[dict[str, Any]], str]] = {  # a row of the table as text, by header
    "activation": lambda row: row["arm"],
    "trials": lambda row: str(row["n"]),
    "diverged": lambda row: f"{row['diverged']} of {row['diverged'] + row['n']}",
    "final validation accuracy": lambda row: interval_text(row, "final_valid_accuracy"),
    "best validation accuracy": lambda row: interval_text(row, "best_valid_accuracy"),
    "best epoch": lambda row: f"{row['best_epoch']:g}" if math.isfinite(row["best_epoch"]) else NO_TEST,
    "test accuracy": lambda row: interval_text(row, "test_accuracy"),
    "step cost": lambda row: times(*(row[f"relative_cost{end}"] for end in ("", "_low", "_high"))),
    "gradient": lambda row: row["gradient"] or NO_TEST,
    "final training loss": lambda row: number(row["final_train_loss"]),
    "final training accuracy": lambda row: percent(row["final_train_accuracy"]),
    "final validation loss": lambda row: number(row["final_valid_loss"]),
}
HEADERS = tuple(_CELLS)
HEADER_NOTES = {
    "trials": "finished trials; the figures are means over them",
    "final validation accuracy": "after the last epoch",
    "best validation accuracy": "at the epoch of the lowest validation loss",
    "best epoch": "median over seeds of the epoch of the lowest validation loss",
    "test accuracy": "with the parameters of the best epoch",
    "step cost": "time of one training step, relative to the first activation; in brackets 95% of the median round",
    "gradient": "whether the derivative is written by hand or found by autograd",
    "final training loss": "running mean over the last epoch, each sample before its update",
    "final training accuracy": "running mean over the last epoch, each sample before its update",
}
_TERMINAL = (  # the columns that fit
    "activation", "trials", "diverged", "final validation accuracy", "best validation accuracy", "test accuracy",
    "step cost", "gradient",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Summary:
    """What a run says.

    `table` has a row an arm: means over its finished trials with 95 % intervals, accuracies as fractions. `values` is
    what the comparisons compare, by arm and seed; NaN where the trial diverged.
    """

    table: "pd.DataFrame"
    values: dict[str, dict[int, float]]
    comparisons: list[Comparison]
    conclusion: str
    best: list[str]  # the arms among which the best one lies, at 95%
    best_said: str  # in words; "" where fewer than three are compared or nothing is judged
    caption: str  # what the numbers rest on
    methods: str  # a paragraph for a paper
    asked: str  # which question the intervals answer
    costs: list[Cost]  # cost beside quality, an arm each but the baseline
    tuning: Tuning | None  # how each activation's setting was chosen; None: it was given
    metric: str  # in words
    metric_note: str  # what is to be said of it, or ""
    subject: str  # the data, as a sentence names them
    mixed: str  # in words, where trials come from different devices, CPUs or versions; or ""
    planned: int  # trials still to be trained
    total: int
    has_test: bool
    pairs: list[tuple[str, str, float, float, float, int]]  # of every two arms: other minus first, all together
    preflight: list[dict[str, Any]]  # what was found before training
    endings: dict[str, Diagnosis]  # what each arm's training ended in

    @property
    def warned(self) -> list[str]:
        """What is to be known before the numbers are believed: found before training, and told from the curves."""
        return [*endings.found_before(self.preflight), *endings.said(self.endings)]

    @property
    def unfinished(self) -> str:
        """In words, how much is still to be trained; "" where nothing is."""
        if not self.planned:
            return ""
        verb = "is" if self.planned == 1 else "are"
        noun = "trial" if self.total == 1 else "trials"
        return f"{self.planned} of {self.total} {noun} {verb} still to be trained."

    def as_text(self) -> str:
        """The table, and what it says, for a terminal."""
        headers = [name.removesuffix(" accuracy").removesuffix(" cost") for name in _TERMINAL]
        rows = [[_CELLS[name](row) for name in _TERMINAL] for row in self.table.to_dict("records")]
        lines = aligned([headers, *rows])
        tuned = self.tuning.sentence if self.tuning else ""
        caption = f"These differences rest on: {self.caption}" if self.caption else ""
        said = (self.conclusion, self.best_said, tuned, *self.warned, caption, self.metric_note, self.mixed,
                self.unfinished)  # fmt: skip
        brackets = "In brackets: 95% intervals of the mean over seeds. step: time of a training step, relative."
        told = [line for text in said if text for line in textwrap.wrap(text, 100)]
        baseline = self.comparisons[0].baseline if self.comparisons else ""
        differences = difference_lines(self.comparisons, self.metric)
        return "\n".join([*lines, brackets, "", *differences, *cost_lines(self.costs, baseline), *told])

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values; what is not a number is None."""
        told = {
            "subject": self.subject,
            "metric": self.metric,
            "metric_note": self.metric_note,
            "conclusion": self.conclusion,
            "best_among": self.best,
            "caption": self.caption,
            "methods": self.methods,
            "asked": self.asked,
            "trials": self.total,
            "still_to_be_trained": self.planned,
            "table": self.table.to_dict("records"),
            "tuning": self.tuning and self.tuning.as_json(),
            "costs": [dataclasses.asdict(item) for item in self.costs],
            "comparisons": [
                dataclasses.asdict(item) | {"only_here": item.only_here, "note": note(item, POINTS)}
                for item in self.comparisons
            ],
            "all_pairs": [dict(zip(_PAIR, item, strict=True)) for item in self.pairs],
            "preflight": self.preflight,
            "endings": {arm: dataclasses.asdict(found) for arm, found in self.endings.items()},
        }
        return plain(told)

    @property
    def rows(self) -> list[list[str]]:
        """The table as text, in the order of HEADERS."""
        return [[cell(row) for cell in _CELLS.values()] for row in self.table.to_dict("records")]

    @property
    def cost_rows(self) -> list[list[str]]:
        """Cost beside quality as text, in the order of COST_HEADERS."""
        return [cost_row(item) for item in self.costs]

    @property
    def pair_rows(self) -> list[list[str]]:
        """Every two arms as text, in the order of PAIR_HEADERS."""
        return [
            [first, other, str(n), POINTS.difference(mean), POINTS.span(low, high)]
            for first, other, mean, low, high, n in self.pairs
        ]

    @property
    def comparison_rows(self) -> list[list[str]]:
        """The comparisons as text, in the order of COMPARISON_HEADERS."""
        return [[*cells(item, POINTS).values()] for item in self.comparisons]


def summarise(run: str | Path | Run) -> Summary:
    """The table, the comparisons and the conclusion of a run, finished or not; of its folder, too."""
    run = run if isinstance(run, Run) else Run(run)
    trials = with_arms(run)
    import pandas as pd  # what the trials were read with: Run says so where it is missing

    has_test = run.examples > 0 or bool(trials["test_accuracy"].notna().any())
    column = "test_accuracy" if has_test else "final_valid_accuracy"
    metric = "test accuracy" if has_test else "final validation accuracy"
    values = _values(trials, column)
    experiment, data_set = run.experiment, sets.SETS.get(run.experiment.data)
    subject = data_set.title if data_set else Path(experiment.data).name
    if experiment.reason:
        subject += f", {experiment.reason}"
    examples = run.examples or int(run.artefact("samples").get("valid_samples", 0))
    margin = data.margin_points(experiment.data, experiment.margin, examples)
    margin_said = f"{margin:.3g} points"
    if 0 < experiment.margin < margin:
        margin_said += f" (two test examples, above the {experiment.margin:g} asked for)"
    wanted = experiment.baseline_label  # or the first arm of it
    baseline = next((arm for arm in values if arm == wanted or arm.startswith(f"{wanted}, ")), None)
    selection = "the parameters of the epoch of the lowest validation loss" if has_test else "the last epoch"
    tuning = tuning_of(run)
    if tuning is not None:
        selection += f", and {tuning.selection}"
    looks = experiment.max_seeds > 0
    origin = Origin(
        selection=selection,
        split=experiment.split,
        margin=f"{margin_said}, fixed before training",
        versions=_versions(run),
        overlap=run.sizes[2] / sum(run.sizes[:2]) if run.sizes else 0.0,
        unlearned=frozenset(unlearned(run, trials, values)),
        correct=_correct(run, trials) if has_test and not run.sizes else None,
        sequential=looks,
        seconds_a_seed=float(run.times["seconds"].sum()) / len(experiment.seeds) or math.nan,
        advice=f"run with --seeds {LEAST_PAIRS} or more",
    )
    found = judged(
        {"": values}, baseline, metric=metric, unit=POINTS, subject=subject, margin=margin, origin=origin
    )  # fmt: skip
    comparisons = found.comparisons[""]
    planned = int((trials["status"] == "planned").sum())
    costs = step_costs(run.costs, run.activations[0]) if run.activations else {}
    return Summary(
        table=pd.DataFrame([_row(str(arm), group, costs) for arm, group in trials.groupby("arm", sort=False)]),
        values=values,
        comparisons=comparisons,
        conclusion=found.verdicts_said + _limit_said(run, comparisons),
        best=found.best.get("", []),
        best_said=found.best_said,
        costs=_costs(run, trials, baseline, margin / 100, origin.unlearned),
        tuning=tuning,
        caption=found.caption,
        methods=found.methods,
        asked=found.question if any(math.isfinite(item.low) for item in comparisons) else "",
        metric=metric,
        metric_note=_metric_note(run, has_test) if planned < len(trials) else "",
        subject=subject,
        mixed=_mixed(trials),
        planned=planned,
        total=len(trials),
        has_test=has_test,
        pairs=all_pairs(values, sequential=looks) if len(values) > 2 else [],
        preflight=looked.read(run.path).get("findings", []),
        endings=endings.of_run(run, trials),
    )


def _limit_said(run: Run, comparisons: list[Comparison]) -> str:
    """Why no more seeds were added, where they were asked for until all is decided."""
    most = run.experiment.max_seeds
    if not most or len(run.experiment.seeds) < most or all(item.decided for item in comparisons):
        return ""
    return f" The {most} seeds of --max-seeds are trained: a larger one goes on."


def _correct(run: Run, trials: "pd.DataFrame") -> dict[str, dict[int, np.ndarray]]:
    """Arm -> seed -> which test examples were right."""
    bits = run.correct()
    return {
        str(arm): {seed: bits[key] for seed, key in zip(rows["seed"], rows["key"], strict=True) if key in bits}
        for arm, rows in trials.groupby("arm", sort=False)
    }


def _costs(
    run: Run,
    trials: "pd.DataFrame",
    baseline: str | None,
    margin: float,
    unlearned: frozenset[str],
) -> list[Cost]:
    finished = trials[trials["status"] == "finished"]
    if baseline is None or finished.empty:
        return []
    own = dict(zip(trials["arm"], trials["activation"], strict=True))
    by_activation = step_costs(run.costs, own[baseline])
    relative = {arm: by_activation[activation] for arm, activation in own.items() if activation in by_activation}
    curves = run.curves.merge(finished[["key", "arm"]], on="key")
    looks = run.experiment.max_seeds > 0
    found = costs_beside(curves, relative, baseline, run.experiment.epochs, margin, sequential=looks)
    judged = nothing_compared([item.equal_time for item in found], unlearned)
    return [dataclasses.replace(item, equal_time=told) for item, told in zip(found, judged, strict=True)]


def _versions(run: Run) -> str:
    known = run.environments[-1] if run.environments else {}
    return ", ".join(f"{name} {known[name]}" for name in ("actlab", "torch", "numpy", "python") if known.get(name))


def _mixed(trials: "pd.DataFrame") -> str:
    kinds = {"device": "devices", "cpu": "CPU models", "torch": "versions of torch"}
    different = [f"{words} ({', '.join(found)})" for name, words in kinds.items()
                 if len(found := trials[name].dropna().unique()) > 1]  # fmt: skip
    return f"These trials come from different {' and '.join(different)}: compare with care." if different else ""


def with_arms(run: Run) -> "pd.DataFrame":
    """The trials with a column `arm`: the activation, and those of its settings that vary.

    Of a grid, as a tuning run is, each combination is an arm of its own; a setting chosen for an activation belongs
    to it.
    """
    trials = run.trials.copy()
    vary = [] if run.experiment.tuned else [name for name in _PARTS if len(set(trials[name])) > 1]
    trials["arm"] = [
        ", ".join([row["activation"], *(f"{_PARTS[name]} {short(row[name])}" for name in vary)])
        for row in trials[["activation", *vary]].to_dict("records")
    ]
    return trials


def _metric_note(run: Run, has_test: bool) -> str:
    if has_test:
        return "Test accuracy is that of the parameters of the epoch with the lowest validation loss."
    if run.experiment.split == "tutorial":
        return (
            "There is no test accuracy: in the split 'tutorial' the test samples serve as validation samples. The "
            "comparison takes the last epoch, so that they have chosen nothing; but they are no independent judge of "
            "anything that was chosen by looking at them, such as a learning rate or the number of epochs."
        )
    return "There is no test set: the comparison takes the validation accuracy after the last epoch."


def _values(trials: "pd.DataFrame", column: str) -> dict[str, dict[int, float]]:
    """Arm -> seed -> value; a diverged trial is NaN, whatever it had reached before; one that is planned is absent."""
    found: dict[str, dict[int, float]] = {arm: {} for arm in dict.fromkeys(trials["arm"])}
    for row in trials[trials["status"] != "planned"].to_dict("records"):
        found[row["arm"]][row["seed"]] = float(row[column]) if row["status"] == "finished" else math.nan
    return {arm: values for arm, values in found.items() if values}


def _row(arm: str, group: "pd.DataFrame", costs: dict[str, StepCost]) -> dict:
    finished = group.loc[group["status"] == "finished"]
    diverged = int((group["status"] == "diverged").sum())
    first = group.iloc[0]
    row = {"arm": arm, "activation": first["activation"], **{name: first[name] for name in _PARTS}}
    row |= {"n": len(finished), "diverged": diverged}
    for name in _INTERVALS:
        found = mean_interval(finished[name].to_numpy())
        # Student's interval of a few values knows nothing of the ends of the scale
        low, high = np.clip((found.low, found.high), 0.0, 1.0)
        row |= {name: found.mean, f"{name}_low": low, f"{name}_high": high}
    row["best_epoch"] = float(finished["best_epoch"].astype(float).median())
    cost = costs.get(first["activation"], NO_COST)
    row |= {"relative_cost": cost.median, "relative_cost_low": cost.low, "relative_cost_high": cost.high}
    row["gradient"] = ", ".join(dict.fromkeys(group["gradient"].dropna()))
    return row | {name: mean_interval(finished[name].to_numpy()).mean for name in _MEANS}
