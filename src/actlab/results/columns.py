"""The columns of a run's table, in the words of its metric: header, cell, note."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actlab.experiment import LOSSES, METRICS, Experiment, Metric
from actlab.results.numbers import NO_TEST, number, times

Row = Mapping[str, Any]
_LAST = "running mean over the last epoch, each sample before its update"


@dataclass(frozen=True)
class Column:
    """What stands in a table under a header."""

    cell: Callable[[Row], str]
    note: str = ""
    in_terminal: bool = False  # whether it is one of those that fit there


def is_the_loss(experiment: Experiment) -> bool:
    """Whether the metric is what was trained on: it is shown once then."""
    return experiment.metric == experiment.loss


def beside(experiment: Experiment) -> list[Metric]:
    """What is shown of the test part beside the metric: R², where numbers were learned."""
    r2 = METRICS["r2"]
    return [r2] if r2.name in LOSSES[experiment.loss].metrics and r2.name != experiment.metric else []


def columns(experiment: Experiment) -> dict[str, Column]:
    """The columns by header; a row has means over the finished trials, and the ends of their intervals."""
    metric = METRICS[experiment.metric]
    words = metric.words
    losses = {
        "final training loss": Column(lambda row: number(row["final_train_loss"]), _LAST),
        f"final training {words}": Column(_value(metric, "final_train"), _LAST),
        "final validation loss": Column(lambda row: number(row["final_valid_loss"])),
    }
    if is_the_loss(experiment):
        losses = {name: column for name, column in losses.items() if not name.endswith("loss")}
    return {
        "activation": Column(lambda row: row["arm"], in_terminal=True),
        "trials": Column(lambda row: str(row["n"]), "finished trials; the figures are means over them", True),
        "diverged": Column(lambda row: f"{row['diverged']} of {row['diverged'] + row['n']}", in_terminal=True),
        f"final validation {words}": Column(_interval(metric, "final_valid"), "after the last epoch", True),
        f"best validation {words}": Column(
            _interval(metric, "best_valid"), "at the epoch of the lowest validation loss", True
        ),
        "best epoch": Column(
            lambda row: f"{row['best_epoch']:g}" if math.isfinite(row["best_epoch"]) else NO_TEST,
            "median over seeds of the epoch of the lowest validation loss",
        ),
        **{
            f"test {each.words}": Column(_interval(each, "test"), "with the parameters of the best epoch", True)
            for each in (metric, *beside(experiment))
        },
        "step cost": Column(
            lambda row: times(*(row[f"relative_cost{end}"] for end in ("", "_low", "_high"))),
            "time of one training step, relative to the first activation; in brackets 95% of the median round",
            True,
        ),
        "gradient": Column(
            lambda row: row["gradient"] or NO_TEST,
            "whether the derivative is written by hand or found by autograd",
            True,
        ),
        **losses,
    }


def trial_columns(experiment: Experiment) -> dict[str, Callable[[Row], str]]:
    """Those of the list of all trials, by header."""
    metric = METRICS[experiment.metric]
    words = metric.words
    found = {
        "arm": lambda row: row["arm"],
        "seed": lambda row: str(row["seed"]),
        "status": lambda row: row["status"] + f" in epoch {row['diverged_epoch']}" * (row["status"] == "diverged"),
        "final training loss": lambda row: number(row["final_train_loss"]),
        f"final training {words}": _value(metric, "final_train"),
        "final validation loss": lambda row: number(row["final_valid_loss"]),
        f"final validation {words}": _value(metric, "final_valid"),
        "best epoch": lambda row: str(row["best_epoch"]) if isinstance(row["best_epoch"], int) else NO_TEST,  # NA
        f"best validation {words}": _value(metric, "best_valid"),
        **{f"test {each.words}": _value(each, "test") for each in (metric, *beside(experiment))},
    }
    return {name: cell for name, cell in found.items() if not (name.endswith("loss") and is_the_loss(experiment))}


def _value(metric: Metric, part: str) -> Callable[[Row], str]:
    return lambda row: metric.text(row[f"{part}_{metric.name}"])


def _interval(metric: Metric, part: str) -> Callable[[Row], str]:
    return lambda row: interval_text(row, f"{part}_{metric.name}", metric)


def interval_text(row: Row, name: str, metric: Metric) -> str:
    """A mean and its interval, out of a row.

    >>> interval_text({"test": 0.9, "test_low": 0.89, "test_high": 0.91}, "test", METRICS["accuracy"])
    '90.00% [89.00, 91.00]'
    """
    return metric.between(row[name], row[f"{name}_low"], row[f"{name}_high"])
