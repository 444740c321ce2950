"""HiPlot pages: every trial as a line through its settings and results, to filter by dragging on the axes."""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actlab.experiment import METRICS, Metric, Run

if TYPE_CHECKING:
    import pandas as pd

_AXES = (
    "seed", "activation", "learning_rate", "weight_decay", "dropout", "initialisation", "best_epoch",
    "final_train_loss", "final_train_metric", "final_valid_loss", "final_valid_metric",
    "best_valid_loss", "best_valid_metric", "test_metric", "status",
)  # fmt: skip
# the activation is not the first: names are written to the left of their axis, and there the page ends
_WORDS = ("activation", "initialisation", "status")
_ONLY_IF_VARIED = ("weight_decay", "dropout", "initialisation")
# HiPlot writes the values into a script, and shows them as HTML: these take the place of what either would obey
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "&": "＆"})


def is_installed() -> bool:
    return find_spec("hiplot") is not None


def draw_hiplot(run: Run, folder: Path) -> list[tuple[str, str]]:
    """Write a page of all trials and one for each activation; returns (title, file name)."""
    for old in folder.glob("hiplot*.html"):
        old.unlink()
    trials = run.trials.loc[run.trials["status"] != "planned"]
    pages = {"hiplot.html": ("all trials", trials)}
    for name, file in file_names(run.activations).items():
        pages[file] = (name, trials.loc[trials["activation"] == name])
    nothing = "<!doctype html><meta charset=utf-8><title>HiPlot</title><p>No trial has been trained yet.</p>"
    for file, (_, rows) in pages.items():
        (folder / file).write_text(nothing if rows.empty else experiment(rows, run.metric).to_html(), encoding="utf-8")
    return [(title, file) for file, (title, _) in pages.items()]


def file_names(activations: Sequence[str]) -> dict[str, str]:
    """A file for each activation: letters, digits, dots and dashes, unequal even where case does not count.

    >>> file_names(["leaky_relu(0.2)", "a<b>.py:f", "A-b-.py-f"])
    {'leaky_relu(0.2)': 'hiplot-leaky_relu-0.2.html', 'a<b>.py:f': 'hiplot-a-b-.py-f.html', 'A-b-.py-f': 'hiplot-A-b-.py-f-2.html'}
    """  # noqa: E501
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in activations:
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:60] or "activation"
        count, safe = 1, stem
        while safe.lower() in taken:
            count += 1
            safe = f"{stem}-{count}"
        taken.add(safe.lower())
        found[name] = f"hiplot-{safe}.html"
    return found


def experiment(trials: "pd.DataFrame", metric: Metric = METRICS["accuracy"]) -> Any:
    """The trials as a hiplot.Experiment."""
    import hiplot

    axes = [metric.named(name) for name in _AXES if name not in _ONLY_IF_VARIED or len(set(trials[name])) > 1]
    if not len(trials[metric.named("test_metric")].dropna()):
        axes.remove(metric.named("test_metric"))
    judged = axes[-2]
    if judged.startswith("test_") and "test_r2" in trials and "test_r2" not in axes:
        axes.insert(-1, "test_r2")
    rows = trials.loc[:, axes].to_dict("records")
    found = hiplot.Experiment.from_iterable([{name: _plain(row[name]) for name in axes} for row in rows])
    for name in axes:
        kind = hiplot.ValueType.CATEGORICAL if name in _WORDS else hiplot.ValueType.NUMERIC
        found.parameters_definition[name].type = kind  # else a column of few numbers becomes one of words
    found.colorby = "activation" if len(set(trials["activation"])) > 1 else judged
    order = "asc" if metric.unit.better == "lower" else "desc"  # the best first
    plot, table = hiplot.Displays.PARALLEL_PLOT, hiplot.Displays.TABLE
    # HiPlot draws the order from right to left
    found.display_data(plot).update({"hide": ["uid", "from_uid"], "order": [*reversed(axes)]})
    found.display_data(table).update({"hide": ["uid", "from_uid"], "order": axes, "order_by": [[judged, order]]})
    return found


def _plain(value: Any) -> Any:
    """A value that JSON has; what is missing is NaN, which has a place of its own on HiPlot's axes."""
    if isinstance(value, str):
        return value.translate(_HARMLESS)
    try:
        number = float(value)
    except TypeError:  # None, pandas' NA
        return float("nan")
    return int(number) if number.is_integer() and not isinstance(value, float) else round(number, 6)
