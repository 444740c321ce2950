"""Parallel coordinates: a line for each trial, or for each trial and epoch, through its settings and results.

The picture is whole by itself. `parallel.js` lets a reader choose ranges on its axes: where a line crosses them it
reads from the line's own path, what its numbers are from `data-of`.
"""

import json
import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from actlab.experiment import DataFrame, Run
from actlab.report.curves import function_colours, shortened
from actlab.report.svg import Drawing, Scale, element, group, text, tick_texts, width_of
from actlab.results import is_the_loss, with_arms

_MOST = 2000  # lines
_RATES = ("learning_rate", "weight_decay")  # on logarithmic axes
_SETTINGS = (*_RATES, "dropout", "initialisation")
_ENDS = (
    "seed", "best_epoch", "final_train_loss", "final_valid_loss", "final_valid_metric", "best_valid_loss",
    "best_valid_metric", "test_metric", "test_r2", "status",
)  # fmt: skip
_EPOCHS = ("seed", "epoch", "train_loss", "train_metric", "valid_loss", "valid_metric")
_WORDS = ("activation", "initialisation", "status")
_SPELLED = {"train": "training", "valid": "validation", "r2": "R²"}
_GAP, _TOP = 99, 76  # pixels between axes, and above them, for their names


@dataclass(frozen=True)
class Parallel:
    """A drawing of so many lines; `said` is what they show, a sentence an activation."""

    drawing: Drawing
    caption: str
    said: tuple[str, ...]
    count: int

    def __html__(self) -> str:
        """In a region of its own, which scrolls where the window is narrower."""
        width = self.drawing.width
        style = f"min-width: {width:g}px; max-width: {1.3 * width:g}px"
        sheet = element("div", self.drawing.__html__(), class_="sheet", style=style)
        name = self.drawing.label.partition(",")[0]
        region = element("div", sheet, class_="scroll", tabindex="0", role="region", aria_label=name)
        return element("div", region, class_="parallel")


def trials_drawing(run: Run) -> Parallel | None:
    """A line for each trained trial; None where there is none."""
    trials = _trained(run)
    return None if trials.empty else _drawn(run, trials, _ENDS, "trials")


def epochs_drawing(run: Run) -> Parallel | None:
    """A line for each trial and epoch, and when each activation was best; None where nothing is trained."""
    trials = _trained(run)
    rows = run.curves.merge(trials[["key", "arm", "status", *_SETTINGS[1:]]], on="key")
    return None if rows.empty else _drawn(run, rows, _EPOCHS, "epochs", _best_epochs(run))


def _trained(run: Run) -> DataFrame:
    trials = with_arms(run)
    return trials.loc[trials["status"] != "planned"]


def _best_epochs(run: Run) -> tuple[str, ...]:
    """When the validation loss of each activation was lowest: the median over the trials that finished."""
    found, last = [], run.experiment.epochs
    for activation, own in _trained(run).groupby("activation", sort=False):
        best = sorted(own.loc[own["status"] == "finished", "best_epoch"].dropna().astype(int))
        among = f" (in all {len(best)} trials)" * (len(best) > 1)
        if best and best[0] < best[-1]:
            among = f" (median of {len(best)} trials, {best[0]} to {best[-1]})"
        came = f"the lowest validation loss came in epoch {best[(len(best) - 1) // 2]} of {last}{among}" if best else ""
        found.append(f"{activation}: {came or 'no trial finished'}.")
    return tuple(found)


def _drawn(run: Run, rows: DataFrame, columns: Sequence[str], what: str, said: tuple[str, ...] = ()) -> Parallel:
    kept = rows.iloc[_kept(rows)]
    axes, tint = _axes(run, kept, columns), function_colours(run, run.activations)
    left = max(50, *(20 + round(width_of(shortened(name), 12)) for name in axes[0].names.values()))
    x = [left + _GAP * place for place in range(len(axes))]
    steps = np.diff(np.column_stack([axis.y for axis in axes]), prepend=-_TOP)
    lines: dict[tuple[str, str], list[str]] = {}
    whose, texts = zip(kept["activation"], kept["arm"], strict=True), zip(*(axis.texts for axis in axes), strict=True)
    for who, (start, *more), said_there in zip(whose, steps.tolist(), texts, strict=True):
        through = f"M{left} {start}l" + " ".join(f"{_GAP}{step:+d}" for step in more)
        lines.setdefault(who, []).append(element("path", d=through, data_of="|".join(said_there)))
    arms = (group(*own, data_arm=arm, style=f"color:{tint[name]}") for (name, arm), own in lines.items())
    told = json.dumps([axis.told(at) for at, axis in zip(x, axes, strict=True)])
    shown = what + " drawn" * (len(kept) < len(rows))
    opacity = f"{min(0.9, max(0.15, 6 / len(kept) ** 0.5)):.2f}"
    parts = [group(*arms, class_="lines", stroke_opacity=opacity, data_what=shown, data_axes=told)]
    parts += [axis.drawn(at, is_first=at == left) for at, axis in zip(x, axes, strict=True)]
    label = f"Parallel coordinates of {len(kept)} {what}, a line each; axes: {', '.join(axis.name for axis in axes)}"
    height = _TOP + max(y for axis in axes for y in (axis.length, *axis.names)) + 28
    return Parallel(Drawing(x[-1] + 72, height, label, tuple(parts)), _caption(rows, kept, what), said, len(kept))


def _caption(rows: DataFrame, kept: DataFrame, what: str) -> str:
    each = {"trials": "a trial", "epochs": "an epoch of a trial"}[what]
    known = "; NaN: the trial had diverged" if "diverged" in set(rows["status"]) else ""
    lost = ", and all that diverged" if _lost(rows).any() else ""
    few = f" {len(kept):,} of {len(rows):,} are drawn, evenly from each activation{lost}."
    return f"A line is {each}, in the colour of its activation{known}." + few * (len(kept) < len(rows))


def _lost(rows: DataFrame) -> np.ndarray:
    """Which diverged and are kept therefore; none where they are too many for that."""
    lost = (rows["status"] == "diverged").to_numpy()
    return lost & (lost.sum() <= _MOST / 2)


def _kept(rows: DataFrame) -> np.ndarray:
    """Places of at most _MOST rows: what diverged, and of each activation its share of the others, evenly."""
    if len(rows) <= _MOST:
        return np.arange(len(rows))
    lost = _lost(rows)
    share, kept = (_MOST - lost.sum()) / (~lost).sum(), [np.flatnonzero(lost)]
    for own in rows.groupby("activation").indices.values():
        own = own[~lost[own]]
        kept.append(own[np.linspace(0, len(own) - 1, min(len(own), max(1, int(share * len(own))))).round().astype(int)])
    return np.sort(np.concatenate(kept))


@dataclass(frozen=True, eq=False)
class _Axis:
    """Where lines cross it, in pixels below its top, and what that means."""

    name: str
    length: int
    y: np.ndarray
    texts: list[str]  # of the numbers; "" where `names` has it
    ticks: list[tuple[int, str]]
    names: dict[int, str]  # of words, and of lanes below the axis

    def told(self, x: int) -> dict[str, Any]:
        """What the script has to know."""
        names = {_TOP + y: said for y, said in self.names.items()}
        return {"name": self.name, "x": x, "top": _TOP, "bottom": _TOP + self.length, "names": names}

    def drawn(self, x: int, *, is_first: bool) -> str:
        """Numbers and words stand to the right; those of the first to the left, where no line is."""
        lanes = [(y, said) for y, said in self.names.items() if y > self.length]
        path = "".join([f"M{x} {_TOP}v{self.length}", *(f"M{x - 6} {_TOP + y}h12" for y, _ in lanes)])
        side, anchor = (-10, "end") if is_first else (7, "start")
        beside = (
            text(x + side, _TOP + y + 4, shortened(said), anchor=anchor, class_="soft")
            for y, said in self.ticks + lanes
        )
        title = reversed(textwrap.wrap(self.name, 14))
        above = (text(x, _TOP - 22 - 14 * up, line, anchor="middle") for up, line in enumerate(title))
        return group(element("path", d=path, class_="axis"), *beside, *above, aria_hidden="true")


def _axes(run: Run, rows: DataFrame, columns: Sequence[str]) -> list[_Axis]:
    metric, unit, found = run.metric, run.metric.unit, []
    length = max(250, 17 * len(set(rows["activation"])))
    spelled = {"metric": f"{metric.words},\N{NO-BREAK SPACE}%" if metric.is_share else metric.words} | _SPELLED
    if is_the_loss(run.experiment):  # drawn once
        columns = [column.replace("_loss", "_metric") for column in columns]
    vary = (name for name in _SETTINGS if len(set(rows[name])) > 1)
    for column, own in {metric.named(name): name for name in ("activation", *vary, *columns)}.items():
        name = " ".join(spelled.get(word, word) for word in own.split("_"))
        if column not in rows or (own == "status" and "diverged" not in set(rows[own])):
            continue
        if own in _WORDS:
            found.append(_of_words(name, length, rows[own].tolist()))
            continue
        values = rows[column].to_numpy(dtype=float, na_value=np.nan)
        if own.startswith("test_") and np.isnan(values).all():
            continue
        is_metric, digits = own.endswith(("_metric", "_r2")), ".4g" if own.endswith("_loss") else ".10g"
        is_error = own.endswith("_loss") or (own.endswith("_metric") and unit.better == "lower")
        spans = 1 if own in _RATES else 30 if is_error else math.inf
        if is_metric:
            values, digits = unit.scale * values, f".{unit.digits}f"
        found.append(_of_numbers(name, length, values, f"{{:{digits}}}".format, spans))
    return found


def _of_words(name: str, length: int, values: Sequence[str]) -> _Axis:
    words = sorted(dict.fromkeys(values), key="diverged".__eq__)  # beside the lanes
    places = np.linspace(0, length, len(words)) if len(words) > 1 else np.array([length / 2])
    names = dict(zip(places.round().astype(int).tolist(), words, strict=True))
    at = {word: y for y, word in names.items()}
    return _Axis(name, length, np.array([at[word] for word in values]), [""] * len(values), [*names.items()], names)


def _of_numbers(name: str, length: int, values: np.ndarray, says: Callable[[float], str], spans: float) -> _Axis:
    """Logarithmic where positive values span more than a factor."""
    positive = values[np.isfinite(values) & (values > 0)]
    is_log = len(positive) > 0 and positive.max() > spans * positive.min()
    on = np.isfinite(values) & ((values > 0) | (not is_log))
    known = np.unique(values[on])
    low, high = (known[0], known[-1]) if len(known) else (0, 1)
    scale = Scale(low, high, length, 0, is_log) if low < high else Scale(low - 1, low + 1, length, 0)
    few, ticks, names = len(known) <= 6, [], {}
    for value, said in ((v, says(v)) for v in known) if few else tick_texts(scale.ticks(5)):
        y = round(scale.at(value))
        if (few or value % 1 == 0 or (known % 1).any()) and all(abs(y - other) >= 14 for other, _ in ticks):
            ticks.append((y, said))
    y = np.where(on, scale(values), 0).round().astype(int)
    for said, lane in {"0": np.isfinite(values) & ~on, "NaN": ~np.isfinite(values)}.items():
        if lane.any():
            y[lane] = length + 22 * (len(names) + 1)
            names[int(y[lane][0])] = said
    return _Axis(name, length, y, ["" if np.isnan(value) else says(value) for value in values], ticks, names)
