"""The HiPlot page: each trial and epoch is a line through settings and results, to filter by dragging on the axes.

The epoch whose parameters a trial kept is the trial's own line: it alone has what was measured at the end.
"""

from pathlib import Path
from typing import Any

import numpy as np

from actlab.errors import UserError
from actlab.experiment import DataFrame, Run, write_text
from actlab.report.curves import arm_colours
from actlab.results import is_the_loss, with_arms

FILE = "hiplot.html"
MOST = 50_000  # lines that a browser still moves; of more, one a trial is left
WHICH, KEPT, OTHER = "which_epoch", "kept: lowest loss", "other"
_IF_VARIED = ("learning_rate", "weight_decay", "dropout", "initialisation", "status")
_WORDS = ("activation", "arm", "initialisation", "status", WHICH)
_HIDDEN = ["uid", "from_uid", "arm"]  # it gives the colour, its parts have axes
# HiPlot writes the values into a script, and shows them as HTML: these take the place of what either would obey
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "&": "＆"})


def draw_hiplot(run: Run, folder: Path) -> str:
    """Write the page; the file's name. UserError where nothing has been trained."""
    if run.curves.empty:
        raise UserError(f"{run.path} has no epoch yet that HiPlot could show: train it first.")
    write_text(folder / FILE, experiment(run).to_html())
    return FILE


def experiment(run: Run) -> Any:
    """The trials and epochs as a hiplot.Experiment."""
    import hiplot

    rows, before = _lines(run), {}
    axes = [*rows.columns[1:]]
    found = hiplot.Experiment()
    for uid, row in enumerate(rows.to_dict("records")):
        values = {name: _plain(row[name]) for name in axes}
        found.datapoints.append(hiplot.Datapoint(values, uid=str(uid), from_uid=before.get(row["key"])))
        before[row["key"]] = str(uid)  # joined to a curve
    for name in axes:
        kind = hiplot.ValueType.CATEGORICAL if name in _WORDS else hiplot.ValueType.NUMERIC
        found.parameters_definition[name].type = kind  # else a column of few numbers becomes one of words
    rgb = {_plain(arm): f"rgb{tuple(bytes.fromhex(colour[1:]))}" for arm, colour in arm_colours(run).items()}
    found.colorby, found.parameters_definition["arm"].colors = "arm", rgb
    judged = [name for name in axes if name.startswith(("epoch", "valid_"))][-1]
    order = [[judged, "asc" if run.metric.unit.better == "lower" else "desc"]]  # the best first
    for display, how in {
        hiplot.Displays.PARALLEL_PLOT: {"hide": _HIDDEN, "order": axes[::-1]},  # drawn from right to left
        hiplot.Displays.TABLE: {"hide": _HIDDEN, "order": axes, "order_by": order},
        hiplot.Displays.XY: {"axis_x": "epoch", "axis_y": judged},
    }.items():
        found.display_data(display).update(how)
    return found


def _lines(run: Run) -> DataFrame:
    """A row a line: the key of its trial, and what has an axis. One of NaN alone would stop HiPlot."""
    metric, trials, curves = run.metric, with_arms(run), run.curves
    whats = ("metric",) if is_the_loss(run.experiment) else ("loss", "metric")
    by_epoch = [metric.named(f"{part}_{what}") for part in ("train", "valid") for what in whats]
    by_epoch = [name for name in by_epoch if np.isfinite(curves[name]).any()]
    tested = [name for name in dict.fromkeys((metric.named("test_metric"), "test_r2")) if name in trials]
    # the names of activations, which stand to the left of their axis, are not on the first, where a page ends
    named = ["seed", "activation", *(name for name in _IF_VARIED if len(set(trials[name])) > 1), "arm"]
    rows = curves[["key", "epoch", *by_epoch]].merge(trials[["key", "best_epoch", *named, *tested]], on="key")
    kept = (rows["epoch"] == rows["best_epoch"]).fillna(False).to_numpy(bool)
    rows.loc[~kept, tested] = np.nan
    rows[WHICH] = np.where(kept, KEPT, OTHER)
    tested = [name for name in tested if np.isfinite(rows[name]).any()]
    if len(rows) > MOST:
        rows = rows.loc[kept | (rows["best_epoch"].isna() & (rows["epoch"] == run.experiment.epochs))]
        rows[WHICH] += f" (of {len(curves):,} lines)"
    return rows.loc[:, ["key", *named, "epoch", *by_epoch, *tested, WHICH]]


def _plain(value: Any) -> Any:
    """A value that JSON has; what is missing is NaN, which has a place of its own on HiPlot's axes."""
    if isinstance(value, str):
        return value.translate(_HARMLESS)
    try:
        number = float(value)
    except TypeError:  # None, pandas' NA
        return float("nan")
    return int(number) if number.is_integer() and not isinstance(value, float) else round(number, 6)
