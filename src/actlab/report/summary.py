"""A run as one table: what the terminal prints and the page shows come from here, so that they cannot disagree."""

import dataclasses
import math
import textwrap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actlab.data import sets
from actlab.errors import need_extra
from actlab.stats import Comparison, Interval, compare_to_first, conclusion, mean_interval
from actlab.store import Run
from actlab.targets import exact

if TYPE_CHECKING:
    import pandas as pd

_PARTS = {"learning_rate": "lr", "weight_decay": "decay", "dropout": "dropout", "initialisation": "init"}
_INTERVALS = ("final_valid_accuracy", "best_valid_accuracy", "test_accuracy")
_MEANS = ("final_train_loss", "final_train_accuracy", "final_valid_loss")
NO_TEST = "–"

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
_TERMINAL = {  # the columns that fit, with shorter names
    "activation": "activation",
    "trials": "trials",
    "diverged": "diverged",
    "final validation accuracy": "final validation",
    "best validation accuracy": "best validation",
    "test accuracy": "test",
    "step cost": "step",
    "gradient": "gradient",
}
COMPARISON_HEADERS = ("activation", "against", "pairs", "difference, points", "95% interval", "p", "verdict", "note")
COMPARISON_NOTES = {
    "pairs": "seeds in which both finished",
    "difference, points": "mean over the pairs, in percentage points; above 0 is better",
    "95% interval": "of the difference, in percentage points, Holm-corrected over all comparisons",
    "p": "of the paired t test, two-sided, Holm-corrected",
}


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
    metric: str  # in words
    metric_note: str  # what is to be said of it, or ""
    subject: str  # the data, as a sentence names them
    mixed: str  # in words, where trials come from different devices, CPUs or versions; or ""
    planned: int  # trials still to be trained
    total: int
    has_test: bool

    @cached_property
    def unfinished(self) -> str:
        """In words, how much is still to be trained; "" where nothing is."""
        if not self.planned:
            return ""
        verb = "is" if self.planned == 1 else "are"
        noun = "trial" if self.total == 1 else "trials"
        return f"{self.planned} of {self.total} {noun} {verb} still to be trained."

    def as_text(self) -> str:
        """The table, and what it says, for a terminal."""
        rows = [list(_TERMINAL.values()), *([row[HEADERS.index(name)] for name in _TERMINAL] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        said = [text for text in (self.conclusion, self.metric_note, self.mixed, self.unfinished) if text]
        brackets = "In brackets: 95% intervals of the mean over seeds. step: time of a training step, relative."
        told = [line for text in said for line in textwrap.wrap(text, 100)]
        return "\n".join([*lines, brackets, "", *self._difference_lines(), *told])

    def _difference_lines(self) -> list[str]:
        """Each comparison with its numbers, whatever the verdict."""
        judged = [item for item in self.comparisons if math.isfinite(item.corrected_low)]
        if not judged:
            return []
        width = max(len(item.name) for item in judged)
        lines = [f"Difference in {self.metric} to {judged[0].baseline}, points, paired by seed [95%, Holm-corrected]:"]
        for item in judged:
            bounds = f"[{points(item.corrected_low)}, {points(item.corrected_high)}]"
            lines.append(f"  {item.name.ljust(width)}  {points(item.difference)} {bounds}  {item.verdict}")
        return [*lines, ""]

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values; what is not a number is None."""
        return {
            "subject": self.subject,
            "metric": self.metric,
            "metric_note": self.metric_note,
            "conclusion": self.conclusion,
            "trials": self.total,
            "still_to_be_trained": self.planned,
            "table": [_plain(row) for row in self.table.to_dict("records")],
            "comparisons": [_plain(dataclasses.asdict(item)) for item in self.comparisons],
        }

    @property
    def rows(self) -> list[list[str]]:
        """The table as text, in the order of HEADERS."""
        return [_text_row(row) for row in self.table.to_dict("records")]

    @property
    def comparison_rows(self) -> list[list[str]]:
        """The comparisons as text, in the order of COMPARISON_HEADERS."""
        return [_text_comparison(item) for item in self.comparisons]


def summarise(run: Run) -> Summary:
    """The table, the comparisons and the conclusion of a run, finished or not."""
    trials = with_arms(run)
    has_test = "test_labels" in run.artefact("samples") or bool(trials["test_accuracy"].notna().any())
    column = "test_accuracy" if has_test else "final_valid_accuracy"
    metric = "test accuracy" if has_test else "final validation accuracy"
    values = _values(trials, column)
    comparisons = compare_to_first(values)
    subject = data_title(run) + (f", {reason}" if (reason := run.experiment.reason) else "")
    planned = int((trials["status"] == "planned").sum())
    return Summary(
        table=_table(run, trials),
        values=values,
        comparisons=comparisons,
        conclusion=conclusion(values, comparisons, subject=subject, metric=metric),
        metric=metric,
        metric_note=_metric_note(run, has_test) if planned < len(trials) else "",
        subject=subject,
        mixed=_mixed(trials),
        planned=planned,
        total=len(trials),
        has_test=has_test,
    )


def _mixed(trials: "pd.DataFrame") -> str:
    kinds = {"device": "devices", "cpu": "CPU models", "torch": "versions of torch"}
    different = [f"{words} ({', '.join(found)})" for name, words in kinds.items()
                 if len(found := trials[name].dropna().unique()) > 1]  # fmt: skip
    return f"These trials come from different {' and '.join(different)}: compare with care." if different else ""


def with_arms(run: Run) -> "pd.DataFrame":
    """The trials with a column `arm`: the activation, and those of its settings that vary.

    An experiment may try several learning rates and the like; each combination is an arm of its own.
    """
    trials = run.trials.copy()
    vary = [name for name in _PARTS if trials[name].nunique() > 1]
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
    return Path(name).name if name.lower().endswith(".npz") else name


def percent(value: float, digits: int = 2) -> str:
    """
    >>> percent(0.97824), percent(float("nan"))
    ('97.82%', '–')
    """
    return f"{100 * value:.{digits}f}%" if math.isfinite(value) else NO_TEST


def points(value: float) -> str:
    """
    >>> points(-0.00127), points(float("nan"))
    ('-0.13', '–')
    """
    if not math.isfinite(value):
        return NO_TEST
    text = f"{100 * value:+.2f}"
    return "0.00" if float(text) == 0 else text


def number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else NO_TEST


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
    return {n: None if isinstance(value, float) and not math.isfinite(value) else value for n, value in values.items()}


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


def interval_text(found: Interval) -> str:
    """
    >>> interval_text(Interval(0.9, 0.89, 0.91, 5))
    '90.00% [89.00, 91.00]'
    """
    if not math.isfinite(found.low):
        return percent(found.mean)
    return f"{percent(found.mean)} [{100 * found.low:.2f}, {100 * found.high:.2f}]"


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


def _text_comparison(item: Comparison) -> list[str]:
    low, high = points(item.corrected_low), points(item.corrected_high)
    return [
        item.name,
        item.baseline,
        str(item.n),
        points(item.difference),
        f"{low} to {high}" if math.isfinite(item.corrected_low) else NO_TEST,
        _p_text(item.p_corrected),
        item.verdict,
        item.note,
    ]


def _p_text(p: float) -> str:
    """
    >>> _p_text(0.00001), _p_text(0.0312), _p_text(float("nan"))
    ('< 0.0001', '0.0312', '–')
    """
    if not math.isfinite(p):
        return NO_TEST
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"
