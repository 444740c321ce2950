"""A run as one table: what the terminal prints and the page shows come from here, so that they cannot disagree."""

import dataclasses
import math
import textwrap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from actlab import data
from actlab.data import sets
from actlab.errors import need_extra
from actlab.experiment import Run, looked
from actlab.naming import exact
from actlab.results import endings
from actlab.results.costs import Cost, costs_beside
from actlab.results.differences import aligned, comparison_row, cost_lines, cost_row, difference_lines, pair_row
from actlab.results.numbers import NO_TEST, POINTS, interval_text, number, percent
from actlab.results.tuned import Tuning, tuning_of
from actlab.stats import (
    Comparison,
    Diagnosis,
    Interval,
    all_pairs,
    asked,
    best_among,
    best_lies,
    compare,
    conclusion,
    correction,
    mean_interval,
    methods,
    note,
    pairs_of,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

_PARTS = {"learning_rate": "lr", "weight_decay": "decay", "dropout": "dropout", "initialisation": "init"}
_PAIR = ("first", "other", "difference", "low", "high", "n")
_INTERVALS = ("final_valid_accuracy", "best_valid_accuracy", "test_accuracy")
_MEANS = ("final_train_loss", "final_train_accuracy", "final_valid_loss")

HEADERS = (
    "activation", "trials", "diverged", "final validation accuracy", "best validation accuracy", "best epoch",
    "test accuracy", "step cost", "gradient", "final training loss", "final training accuracy", "final validation loss",
)  # fmt: skip
HEADER_NOTES = {
    "trials": "finished trials; the figures are means over them",
    "final validation accuracy": "after the last epoch",
    "best validation accuracy": "at the epoch of the lowest validation loss",
    "best epoch": "median over seeds of the epoch of the lowest validation loss",
    "test accuracy": "with the parameters of the best epoch",
    "step cost": "time of one training step, relative to the first activation",
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

    @cached_property
    def unfinished(self) -> str:
        """In words, how much is still to be trained; "" where nothing is."""
        if not self.planned:
            return ""
        verb = "is" if self.planned == 1 else "are"
        noun = "trial" if self.total == 1 else "trials"
        return f"{self.planned} of {self.total} {noun} {verb} still to be trained."

    @property
    def best_said(self) -> str:
        """In words, among which arms the best one lies; "" where fewer than three are compared or nothing is judged."""
        judged = any(math.isfinite(item.low) for item in self.comparisons)
        return f"{best_lies(self.best)} (95%)." if len(self.comparisons) > 1 and judged else ""

    def as_text(self) -> str:
        """The table, and what it says, for a terminal."""
        headers = [name.removesuffix(" accuracy").removesuffix(" cost") for name in _TERMINAL]
        lines = aligned([headers, *([row[HEADERS.index(name)] for name in _TERMINAL] for row in self.rows)])
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
        return {
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
            "table": [_plain(row) for row in self.table.to_dict("records")],
            "tuning": self.tuning and self.tuning.as_json(),
            "costs": [_plain(dataclasses.asdict(item)) for item in self.costs],
            "comparisons": [
                _plain(dataclasses.asdict(item) | {"only_here": item.only_here, "note": note(item, POINTS)})
                for item in self.comparisons
            ],
            "all_pairs": [_plain(dict(zip(_PAIR, item, strict=True))) for item in self.pairs],
            "preflight": self.preflight,
            "endings": {arm: dataclasses.asdict(found) for arm, found in self.endings.items()},
        }

    @property
    def rows(self) -> list[list[str]]:
        """The table as text, in the order of HEADERS."""
        return [_text_row(row) for row in self.table.to_dict("records")]

    @property
    def cost_rows(self) -> list[list[str]]:
        """Cost beside quality as text, in the order of COST_HEADERS."""
        return [cost_row(item) for item in self.costs]

    @property
    def pair_rows(self) -> list[list[str]]:
        """Every two arms as text, in the order of PAIR_HEADERS."""
        return [pair_row(item) for item in self.pairs]

    @property
    def comparison_rows(self) -> list[list[str]]:
        """The comparisons as text, in the order of COMPARISON_HEADERS."""
        return [comparison_row(item) for item in self.comparisons]


def summarise(run: str | Path | Run) -> Summary:
    """The table, the comparisons and the conclusion of a run, finished or not; of its folder, too."""
    run = run if isinstance(run, Run) else Run(run)
    trials = with_arms(run)
    has_test = run.examples > 0 or bool(trials["test_accuracy"].notna().any())
    column = "test_accuracy" if has_test else "final_valid_accuracy"
    metric = "test accuracy" if has_test else "final validation accuracy"
    values = _values(trials, column)
    margin = margin_points(run) / 100
    baseline = _baseline_arm(run, values)
    correct = _correct(run, trials) if has_test and not run.sizes else None
    overlap = run.sizes[2] / sum(run.sizes[:2]) if run.sizes else 0.0
    looks = run.experiment.max_seeds > 0
    comparisons = compare(values, baseline, margin=margin, correct=correct, overlap=overlap, sequential=looks)
    question = asked(resplit=overlap > 0, examples=max((item.examples for item in comparisons), default=0))
    subject = data_title(run) + (f", {reason}" if (reason := run.experiment.reason) else "")
    selection = "the parameters of the epoch of the lowest validation loss" if has_test else "the last epoch"
    tuning = tuning_of(run)
    if tuning is not None:
        selection += f", and {tuning.selection}"
    planned = int((trials["status"] == "planned").sum())
    return Summary(
        table=_table(run, trials),
        values=values,
        comparisons=comparisons,
        conclusion=conclusion(values, comparisons, subject=subject, metric=metric, seconds_a_seed=_seconds_a_seed(run))
        + _limit_said(run, comparisons),
        best=best_among(values, sequential=looks) if len(values) > 1 else [],
        costs=_costs(run, trials, baseline, margin),
        tuning=tuning,
        caption=_caption(run, comparisons, metric, selection, question),
        methods=methods(
            comparisons,
            subject=subject,
            metric=metric,
            selection=selection,
            versions=_versions(run),
            sequential=looks,
            shared=f"equal seeds share initial weights{', split' * (overlap > 0)} and batch order",
            question=question,
        ),
        asked=question if any(math.isfinite(item.low) for item in comparisons) else "",
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


def margin_points(run: Run) -> float:
    """The smallest difference that matters, in percentage points; never below two test examples."""
    examples = run.examples or int(run.artefact("samples").get("valid_samples", 0))
    return data.margin_points(run.experiment.data, run.experiment.margin, examples)


def _baseline_arm(run: Run, values: dict[str, Any]) -> str | None:
    """The arm that all others are compared with: the first of the activation that was chosen beforehand."""
    wanted = run.experiment.baseline_label
    return next((arm for arm in values if arm == wanted or arm.startswith(f"{wanted}, ")), None)


def _correct(run: Run, trials: "pd.DataFrame") -> dict[str, dict[int, np.ndarray]]:
    """Arm -> seed -> which test examples were right."""
    bits = run.correct()
    found: dict[str, dict[int, np.ndarray]] = {}
    for row in trials[["arm", "seed", "key"]].to_dict("records"):
        if row["key"] in bits:
            found.setdefault(row["arm"], {})[row["seed"]] = bits[row["key"]]
    return found


def _seconds_a_seed(run: Run) -> float:
    """What training all arms with one seed took."""
    times = run.times
    return float(times["seconds"].sum()) / len(run.experiment.seeds) if len(times) else math.nan


def _costs(run: Run, trials: "pd.DataFrame", baseline: str | None, margin: float) -> list[Cost]:
    by_activation = relative_costs(run)
    finished = trials[trials["status"] == "finished"]
    if baseline is None or finished.empty:
        return []
    own = dict(zip(trials["arm"], trials["activation"], strict=True))
    first = by_activation.get(own[baseline], math.nan)
    relative = {arm: by_activation.get(activation, math.nan) / first for arm, activation in own.items()}
    curves = run.curves.merge(finished[["key", "arm"]], on="key")
    looks = run.experiment.max_seeds > 0
    return costs_beside(curves, relative, baseline, run.experiment.epochs, margin, sequential=looks)


def _caption(run: Run, comparisons: list[Comparison], metric: str, selection: str, question: str) -> str:
    """What the numbers rest on."""
    if not comparisons:
        return ""
    return (
        f"n = {pairs_of(comparisons)} of seeds; {metric} with {selection}; split {run.experiment.split}; margin "
        f"{_margin_said(run)}; intervals: "
        f"{correction(comparisons, sequential=run.experiment.max_seeds > 0)}; {_versions(run)}. {question}"
    )


def _margin_said(run: Run) -> str:
    """The margin, and why it is another one than was asked for."""
    points, asked = margin_points(run), run.experiment.margin
    raised = f" (two test examples, above the {asked:g} asked for)" if asked and points > asked else ""
    return f"{points:.3g} points{raised}, fixed before training"


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
    vary = [] if run.experiment.tuned else [name for name in _PARTS if trials[name].nunique() > 1]
    trials["arm"] = [
        ", ".join([row["activation"], *(f"{_PARTS[name]} {_short(row[name])}" for name in vary)])
        for row in trials[["activation", *vary]].to_dict("records")
    ]
    return trials


def data_title(run: Run) -> str:
    """The data set as people write it."""
    name = run.experiment.data
    if name in sets.SETS:
        return sets.SETS[name].title
    return Path(name).name


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
    return {
        name: _plain(value)
        if isinstance(value, dict)
        else None
        if isinstance(value, float) and not math.isfinite(value)
        else value
        for name, value in values.items()
    }


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else exact(value)


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


def _table(run: Run, trials: "pd.DataFrame") -> "pd.DataFrame":
    try:
        import pandas as pd
    except ImportError:
        raise need_extra("lab", "pandas") from None
    costs = relative_costs(run)
    rows = [_row(arm, group, costs) for arm, group in trials.groupby("arm", sort=False)]
    return pd.DataFrame(rows)


def _row(arm: str, group: "pd.DataFrame", costs: dict[str, float]) -> dict:
    finished = group[group["status"] == "finished"]
    diverged = int((group["status"] == "diverged").sum())
    first = group.iloc[0]
    row = {"arm": arm, "activation": first["activation"], **{name: first[name] for name in _PARTS}}
    row |= {"n": len(finished), "diverged": diverged}
    for name in _INTERVALS:
        found = mean_interval(finished[name].to_numpy())
        # Student's interval of a few values knows nothing of the ends of the scale
        row |= {name: found.mean, f"{name}_low": max(0.0, found.low), f"{name}_high": min(1.0, found.high)}
        if math.isnan(found.low):
            row |= {f"{name}_low": math.nan, f"{name}_high": math.nan}
    best = finished["best_epoch"].dropna().astype(float)
    row["best_epoch"] = float(best.median()) if len(best) else math.nan
    row["relative_cost"] = costs.get(first["activation"], math.nan)
    row["gradient"] = ", ".join(dict.fromkeys(group["gradient"].dropna()))
    return row | {name: mean_interval(finished[name].to_numpy()).mean for name in _MEANS}


def relative_costs(run: Run) -> dict[str, float]:
    """The time of a step relative to the first activation: the ratio of their fastest rounds.

    The activations took turns; other work on the machine can only make a round slower, so that the fastest tells most.
    """
    costs = run.costs
    if costs.empty or not run.activations:
        return {}
    rounds = costs.pivot_table(index="round", columns="activation", values="seconds", aggfunc="median")
    first = run.activations[0]
    if first not in rounds:
        return {}
    return (rounds.min() / rounds[first].min()).to_dict()


def _text_interval(row: dict, name: str) -> str:
    return interval_text(Interval(row[name], row[f"{name}_low"], row[f"{name}_high"], row["n"]))


def _text_row(row: dict) -> list[str]:
    cost = row["relative_cost"]
    return [
        row["arm"],
        str(row["n"]),
        f"{row['diverged']} of {row['diverged'] + row['n']}",
        _text_interval(row, "final_valid_accuracy"),
        _text_interval(row, "best_valid_accuracy"),
        f"{row['best_epoch']:g}" if math.isfinite(row["best_epoch"]) else NO_TEST,
        _text_interval(row, "test_accuracy"),
        f"{cost:.2f}×" if math.isfinite(cost) else NO_TEST,
        row["gradient"] or NO_TEST,
        number(row["final_train_loss"]),
        percent(row["final_train_accuracy"]),
        number(row["final_valid_loss"]),
    ]
