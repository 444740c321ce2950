"""Verdicts on results that people have already: a table with a column for what is compared, seeds and a metric."""

import dataclasses
import itertools
import math
import platform
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from actlab import __version__
from actlab.errors import UserError, did_you_mean, need_extra
from actlab.stats import (
    LEAST_PAIRS,
    Comparison,
    Unit,
    best_among,
    compare_tasks,
    conclusion,
    correction,
    methods,
    note,
)

if TYPE_CHECKING:
    import pandas as pd

READ = {
    ".csv": "read_csv", ".tsv": "read_csv", ".json": "read_json", ".jsonl": "read_json", ".parquet": "read_parquet",
}  # fmt: skip
_OPTIONS = {".tsv": {"sep": "\t"}, ".jsonl": {"lines": True}}
SELECTION = "as it was given"
_SHARES = ("acc", "f1", "auc", "precision", "recall")  # metrics that are shares of one
COLUMNS = (
    "comparison", "against", "pairs", "difference", "low", "high", "plain_low", "plain_high", "p", "improvement",
    "verdict", "note",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a table of results says, task by task ("" where there is one task).

    `frame` has a row a comparison: comparison, against, pairs, difference, low and high (simultaneous 95%), plain_low
    and plain_high (Student's 95%, of this comparison alone), p (corrected), improvement (share of pairs in which it is
    better, ties counted half), verdict, note.
    """

    tables: dict[str, dict[str, dict[Any, float]]]
    comparisons: dict[str, list[Comparison]]
    metric: str
    unit: Unit
    subject: str
    told: tuple[str, ...]  # what was found in the table, and what was done about it
    group: str = "activation"  # what is compared

    @property
    def frame(self) -> "pd.DataFrame":
        import pandas as pd

        rows = [
            ([task] if len(self.tables) > 1 else [])
            + [c.name, c.baseline, c.n,
               *(self.unit.scale * value for value in (c.difference, c.low, c.high, c.plain_low, c.plain_high)),
               c.p, c.improvement, c.verdict, note(c, self.unit)]
            for task, found in self.comparisons.items()
            for c in found
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=[*(["task"] if len(self.tables) > 1 else []), *COLUMNS])

    @property
    def conclusion(self) -> str:
        said = [
            conclusion(
                table,
                self.comparisons[task],
                subject=task or self.subject,
                metric=self.metric,
                unit=self.unit,
                advice=f"{LEAST_PAIRS} pairs are needed for a verdict",
            )
            for task, table in self.tables.items()
        ]
        best = [
            f"The best {f'on {task} ' if task else ''}lies among: {', '.join(best_among(table))}."
            for task, table in self.tables.items()
            if len(table) > 2 and any(math.isfinite(c.low) for c in self.comparisons[task])
        ]  # fmt: skip
        return " ".join([*said, *best])

    @property
    def caption(self) -> str:
        every = [c for found in self.comparisons.values() for c in found]
        pairs = sorted({c.n for c in every})
        n = f"{pairs[0]}" if len(pairs) == 1 else f"{pairs[0]} to {pairs[-1]}"
        margin = f"; margin {self.unit.size(every[0].margin)}" if every[0].margin else ""
        how = f"{self.metric}, {SELECTION}; intervals: {correction(every)}{margin}"
        return f"n = {n} pairs of seeds; {how}; {_versions()}."

    @property
    def methods(self) -> str:
        every = [c for found in self.comparisons.values() for c in found]
        thing = "activation function" if self.group == "activation" else f"other {self.group}"
        return methods(every, subject=self.subject, metric=self.metric, selection=SELECTION, unit=self.unit, shared="",
                       thing=thing, when="", versions=_versions())  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        found = [dict(zip(self.frame.columns, row, strict=True)) for row in self.frame.to_numpy().tolist()]
        plain = [
            {
                key: None if isinstance(value, float) and not math.isfinite(value) else value
                for key, value in each.items()
            }
            for each in found
        ]
        return {
            "metric": self.metric,
            "unit": self.unit.word,
            "conclusion": self.conclusion,
            "caption": self.caption,
            "methods": self.methods,
            "told": list(self.told),
            "comparisons": plain,
        }

    @property
    def headers(self) -> list[str]:
        """Of `text_rows`, with the unit."""
        unit = f", {self.unit.word}" if self.unit.word else ""
        task = ["task"] if len(self.tables) > 1 else []
        return [
            *task,
            "comparison",
            "against",
            "pairs",
            f"difference{unit}",
            "simultaneous 95% interval",
            "plain 95% t interval",
            "verdict",
            "note",
        ]

    @property
    def text_rows(self) -> list[list[str]]:
        """The comparisons as text."""
        write = self.unit.difference
        return [
            ([task] if len(self.tables) > 1 else [])
            + [
                c.name, c.baseline, str(c.n), write(c.difference) if c.n else "–",
                *(f"{write(low)} to {write(high)}" if math.isfinite(low) else "–"
                  for low, high in ((c.low, c.high), (c.plain_low, c.plain_high))),
                c.verdict, note(c, self.unit),
            ]
            for task, found in self.comparisons.items()
            for c in found
        ]  # fmt: skip

    def __str__(self) -> str:
        rows = [self.headers, *self.text_rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        said = [line for text in (*self.told, self.conclusion, self.caption) for line in textwrap.wrap(text, 100)]
        return "\n".join([*lines, "", *said])


def judge(
    frame: "pd.DataFrame | str | Path",
    *,
    baseline: str | None = None,
    group: str = "activation",
    seed: str = "seed",
    metric: str | None = None,
    task: str | None = None,
    margin: float = 0.0,
    lower_is_better: bool = False,
) -> Judgement:
    """Compare the groups of a table with a baseline, paired by seed: the verdicts of `compare`, for anyone's results.

    Args:
        frame: a DataFrame, or a CSV, TSV, JSON, JSONL or Parquet file: a row a run.
        baseline: the group that the others are compared with; default the first in the table.
        group, seed, metric, task: columns. Without `metric` the only numeric column that is left. NaN in it: the run
            diverged. Equal seeds are paired; those that only one of two has are told and left out.
        margin: the smallest difference that matters, in the unit of the differences that are shown: percentage points
            of an accuracy or the like, be it written as .95 or as 95.
        lower_is_better: of a loss: then a positive difference is an improvement, that is, a lower loss.

    Raises:
        UserError: a column or the baseline is not there, or a group has a seed twice.

    >>> import pandas as pd
    >>> runs = pd.DataFrame({"activation": ["relu"] * 6 + ["tanh"] * 6, "seed": [*range(6)] * 2,
    ...                      "accuracy": [.91, .92, .90, .93, .92, .91, .81, .83, .80, .82, .83, .80]})
    >>> judge(runs, baseline="relu", margin=1).frame[["comparison", "pairs", "verdict"]].values.tolist()
    [['tanh', 6, 'worse']]
    """
    name = str(frame) if isinstance(frame, str | Path) else "the table"
    table = _read(frame).reset_index(drop=True)
    if table.empty:
        raise UserError(f"{name} has no rows: one for each run is needed.")
    for column in (group, seed, *([task] if task else [])):
        _need_column(table, column, name)
    metric = metric or _only_number(table, {group, seed, task}, name)
    _need_column(table, metric, name)
    values = _numbers(table, metric, name)
    _need_sense(margin, {"--group": group, "--seed": seed, "--metric": metric, "--task": task})
    table, nameless = _named_rows(table, [group, seed, *([task] if task else [])], name)
    values = values[table.index]
    unit = _unit(values, metric)
    tables = _tables(table, values * (-1 if lower_is_better else 1), group, seed, task)
    groups = list(dict.fromkeys(str(g) for g in table[group]))
    if baseline is not None and baseline not in groups:
        raise UserError(f"There is no {group} {baseline!r} in {name}.{did_you_mean(baseline, groups)} "
                        f"It has: {', '.join(groups)}.")  # fmt: skip
    chosen = baseline or groups[0]
    if without := [t for t, arms in tables.items() if chosen not in arms]:
        raise UserError(f"The baseline {chosen} has no result of {', '.join(without)}: nothing to compare with there.")
    if all(len(arms) < 2 for arms in tables.values()):
        raise UserError(f"{name} has one {group} alone, {chosen}: there is nothing to compare it with.")
    found = compare_tasks(tables, chosen, margin=margin / unit.scale)
    if group != "activation":  # equal results make no optimizer the same function
        found = {task: [_no_function(c) for c in some] for task, some in found.items()}
    direction = " (lower is better: a positive difference is an improvement)" if lower_is_better else ""
    told = (*nameless, *_told(tables, chosen))
    return Judgement(tables, found, f"{metric}{direction}", unit, name, told, group)


def _no_function(item: Comparison) -> Comparison:
    return dataclasses.replace(item, verdict="the same results") if item.verdict == "the same function" else item


def _versions() -> str:
    return f"actlab {__version__}, numpy {np.__version__}, python {platform.python_version()}"


def _need_sense(margin: float, columns: dict[str, str | None]) -> None:
    """A margin that is a size, and a column of its own for each purpose."""
    if not (math.isfinite(margin) and margin >= 0):
        raise UserError(f"--margin is {margin:g}; it must be a number from 0 on: the smallest difference that matters.")
    for (one, first), (other, second) in itertools.combinations(columns.items(), 2):
        if first == second and first is not None:
            raise UserError(f"{one} and {other} both name the column {first!r}: each needs a column of its own.")


def _named_rows(table: "pd.DataFrame", columns: list[str], name: str) -> tuple["pd.DataFrame", tuple[str, ...]]:
    """The rows that say what they are of, and a word on the others."""
    missing = table[columns].isna().any(axis=1)
    if missing.all():
        raise UserError(f"No row of {name} has a value in {', '.join(columns)}: name others with --group, --seed.")
    if not missing.any():
        return table, ()
    lost = int(missing.sum())
    told = f"{lost} row{'s' if lost > 1 else ''} without a value in {' or '.join(columns)}, left out"
    return table[~missing], (told,)


def _read(frame: Any) -> "pd.DataFrame":
    try:
        import pandas as pd
    except ImportError:
        raise need_extra("lab", "pandas") from None
    if isinstance(frame, pd.DataFrame):
        return frame
    if not isinstance(frame, str | Path):
        raise UserError(f"judge takes a DataFrame or a file, not {type(frame).__name__}.")
    path = Path(frame)
    if path.suffix.lower() not in READ:
        raise UserError(f"{path} is no table that can be read: {', '.join(READ)}.")
    try:
        return getattr(pd, READ[path.suffix.lower()])(path, **_OPTIONS.get(path.suffix.lower(), {}))
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.") from None
    except (ValueError, OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as a table: {error}.") from None


def _need_column(table: "pd.DataFrame", column: str, name: str) -> None:
    if column not in table.columns:
        columns = [str(each) for each in table.columns]
        raise UserError(
            f"There is no column {column!r} in {name}.{did_you_mean(column, columns)} It has: {', '.join(columns)}. "
            "Name others with --group, --seed, --metric."
        )


def _only_number(table: "pd.DataFrame", others: set[str | None], name: str) -> str:
    found = [str(c) for c in table.columns if c not in others and table[c].dtype.kind in "fiu"]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"{name} has numbers in {', '.join(found)}: say which one is compared with --metric.")
    rest = ", ".join(str(c) for c in table.columns if c not in others)
    raise UserError(
        f"{name} has no column of numbers beside those that name the runs"
        + (f"; {rest} holds text: with --metric its first word that is no number is told." if rest else ".")
    )


def _numbers(table: "pd.DataFrame", metric: str, name: str) -> "pd.Series":
    import pandas as pd

    try:
        return pd.to_numeric(table[metric]).astype(float).where(lambda v: v.abs() < math.inf)  # infinite: diverged
    except (ValueError, TypeError) as error:
        raise UserError(f"Column {metric!r} of {name} is not numeric: {error}.") from None


def _unit(values: "pd.Series", metric: str) -> Unit:
    """Shares, of one or of a hundred, are shown in percentage points; whatever else, in its own unit with four
    significant digits.
    """
    known = values.dropna()
    share = any(word in metric.lower() for word in _SHARES) and len(known) > 0 and known.min() >= 0
    if share and known.max() <= 100:
        return Unit() if known.max() <= 1 else Unit(1.0, "points", 2)
    known = known.abs()
    largest = float(known.max()) if len(known) and known.max() > 0 else 1.0
    return Unit(1.0, "", max(0, 4 - math.floor(math.log10(largest)) - 1))


def _tables(
    table: "pd.DataFrame", values: "pd.Series", group: str, seed: str, task: str | None
) -> dict[str, dict[str, dict[Any, float]]]:
    found: dict[str, dict[str, dict[Any, float]]] = {}
    tasks = table[task] if task else [""] * len(table)
    for where, arm, each, value in zip(tasks, table[group], table[seed], values, strict=True):
        seeds = found.setdefault(str(where), {}).setdefault(str(arm), {})
        if each in seeds:
            raise UserError(
                f"{group} {arm} has {seed} {each} twice{f' in {where}' if task else ''}: keep one row a run"
                + ("." if task else ", or name the column that tells them apart with --task.")
            )
        seeds[each] = float(value)
    return found


def _told(tables: dict[str, dict[str, dict[Any, float]]], baseline: str) -> tuple[str, ...]:
    said = []
    for task, arms in tables.items():
        first = arms[baseline]
        for arm, seeds in arms.items():
            if alone := sorted(map(str, first.keys() ^ seeds.keys())):
                shown = ", ".join(alone[:6]) + (" ..." if len(alone) > 6 else "")
                place = f" in {task}" if task else ""
                seeds_lost = f"{len(alone)} seed{'s' if len(alone) > 1 else ''}"
                said.append(f"{arm} and {baseline}{place}: {seeds_lost} of one of the two only, left out ({shown})")
    return tuple(said)
