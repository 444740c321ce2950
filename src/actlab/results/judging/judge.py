"""Verdicts on results that people have already: a table with a column for what is compared, seeds and a metric."""

import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from actlab.errors import UserError, did_you_mean
from actlab.results.judgement import Judgement, judged
from actlab.results.judging.metric import numbers, sounds, unit_of, words
from actlab.results.judging.reading import Sheet, is_named, melted, names_of, read, seeds_of
from actlab.results.judging.states import state_columns, states
from actlab.stats import Progress, listed

if TYPE_CHECKING:
    import pandas as pd

Tables = dict[str, dict[str, dict[Any, float]]]  # task -> group -> seed -> value
_MOST_GROUPS = 2_000
Run = tuple[str | None, str | None, Any]  # task, group and seed; None: not said


def judge(
    frame: "pd.DataFrame | str | Path", *, baseline: Any = None, group: str = "activation", seed: str = "seed",
    metric: str | None = None, task: str | None = None, state: str | None = None, margin: float = 0.0,
    lower_is_better: bool = False, unit: str | None = None, wide: bool = False, failed_diverged: bool = False,
    progress: Progress | None = None,
) -> Judgement:  # fmt: skip
    """Compare the groups of a table with a baseline, paired by seed: the verdicts of `compare`, for anyone's results.

    Args:
        frame: a DataFrame of pandas or polars, or a CSV, TSV, JSON, JSONL or Parquet file: a row a run.
        baseline: the group that the others are compared with; default the first in the table.
        group, seed, metric, task: columns. Without `metric` the only numeric column that is left. NaN in it: the run
            diverged. Equal seeds are paired; those that only one of two has are told and left out.
        state: a column of states, FINISHED, PRUNED and the like; default those called state or status. What has not
            finished is told and left out.
        margin: the smallest difference that matters, in the unit of the differences that are shown: percentage points
            of an accuracy or the like, be it written as .95 or as 95.
        lower_is_better: of a loss: then a positive difference is an improvement, that is, a lower loss.
        unit: "share" (of one) or "percent", shown in points; any other word is shown. Default by the metric's name.
        wide: each group, or each seed, is a column of results; `metric` says what they are.
        failed_diverged: failed runs count as diverged.
        progress: is told the share that is done of the comparisons, then of each task's search for the best.

    Returns:
        A Judgement, which prints as text; `frame` is a pandas DataFrame, a row a comparison, `methods` is for a paper.

    Raises:
        UserError: a column or the baseline is not there, or a group has a seed twice.

    >>> import pandas as pd
    >>> runs = pd.DataFrame({"activation": ["relu"] * 6 + ["tanh"] * 6, "seed": [*range(6)] * 2,
    ...                      "accuracy": [.91, .92, .90, .93, .92, .91, .81, .83, .80, .82, .83, .80]})
    >>> judge(runs, baseline="relu", margin=1).frame[["comparison", "pairs", "verdict"]].values.tolist()
    [['tanh', 6, 'worse']]
    """
    sheet = read(frame)
    group, seed = str(group), str(seed)
    metric, task, state = (None if name is None else str(name) for name in (metric, task, state))
    named = {"--group": group, "--seed": seed, "--metric": metric, "--task": task, "--state": state}
    _need_sense(margin, named)
    if not sheet.columns or not sheet.columns[0]:
        raise UserError(f"{sheet.name} has no rows: one for each run is needed.")
    stated = [state] if state else state_columns(sheet, {group, seed, metric, task})
    if wide:
        metric = metric or "value"
        sheet = melted(sheet, group, seed, metric, [name for name in (task, *stated) if name])
    tasks, arms = names_of(sheet.column(task)) if task else [""] * len(sheet.columns[0]), names_of(sheet.column(group))
    runs = [*zip(tasks, arms, seeds_of(sheet.column(seed), seed, sheet.name), strict=True)]
    metric = metric or _only_number(sheet, named, stated)
    values, marked = numbers(sheet.column(metric), _said(sheet, metric))
    finished, diverged, told = states(sheet, stated, failed_diverged=failed_diverged)
    values[diverged] = math.nan
    shown = unit_of(values[finished], metric, given=unit, marked=marked, lower_is_better=lower_is_better)
    columns = " or ".join(filter(None, (group, seed, task)))
    kept = list(itertools.compress(runs, finished))
    if all(None in run for run in kept):
        why = f"has a value in {columns}: name others with --group, --seed" if kept else "is a result"
        raise UserError(f"No row of {sheet.name} {why}{f' ({told[0]})' if told else ''}.")
    told += [*_told_lost(runs, kept, columns, hasattr(frame, "iloc")), *_told_side(metric, lower_is_better)]
    signed = values[finished] * (-1 if lower_is_better else 1)
    tables = _tables(kept, signed.tolist(), group, seed, task)
    chosen = _baseline(tables, None if baseline is None else str(baseline), group, sheet.name, told)
    told += _told_alone(tables, chosen)
    return judged(
        tables, chosen, metric=f"{metric} ({shown.direction})", unit=shown, subject=sheet.name, margin=margin,
        told=tuple(told), group=group, progress=progress,
    )  # fmt: skip


def _need_sense(margin: float, columns: dict[str, str | None]) -> None:
    """A margin that is a size, and a column of its own for each purpose."""
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 <= margin < math.inf:
        raise UserError(f"--margin is {margin!r}; it must be a number from 0 on: the smallest difference that matters.")
    for (one, first), (other, second) in itertools.combinations(columns.items(), 2):
        if first == second and first is not None:
            raise UserError(f"{one} and {other} both name the column {first!r}: each needs a column of its own.")


def _is_numeric(sheet: Sheet, name: str) -> bool:
    try:
        return bool(np.isfinite(numbers(sheet.column(name), name)[0]).any())
    except UserError:
        return False


def _only_number(sheet: Sheet, named: dict[str, str | None], stated: list[str]) -> str:
    others = {*named.values(), *stated}
    rest = [name for name in dict.fromkeys(sheet.names) if name not in others and is_named(name)]
    found = [name for name in rest if _is_numeric(sheet, name)]
    if len(found) == 1:
        if {"seed", "seeds"}.intersection(words(found[0])) or "random_state" in found[0]:
            raise UserError(
                f"{sheet.name} has numbers in {found[0]!r} alone, beside the columns that are named, and that sounds "
                f"like seeds, not like results; --seed names {named['--seed']!r}. Say which column is compared with "
                "--metric."
            )
        return found[0]
    if found:
        raise UserError(f"{sheet.name} has numbers in {', '.join(found)}: say which one is compared with --metric.")
    given = [(option, name) for option in ("--group", "--task") if (name := named[option]) and _is_numeric(sheet, name)]
    hint = "".join(f"Numbers are in {name!r}, which {option} names: is that the metric? " for option, name in given)
    if len(rest) == 1:  # it is meant: what is wrong with it
        try:
            numbers(sheet.column(rest[0]), _said(sheet, rest[0]))
        except UserError as error:
            raise UserError(f"{hint}{error}") from None
        return rest[0]
    raise UserError(
        f"{hint}{sheet.name} has no column of numbers beside those that name the runs"
        + (f"; {listed(rest)} hold something else: with --metric it is said what." if rest else ".")
    )


def _said(sheet: Sheet, column: str) -> str:
    return f"Column {column!r} of {sheet.name}"


def _tables(runs: list[Run], values: list[float], group: str, seed: str, task: str | None) -> Tables:
    found: Tables = {}
    for (where, arm, each), value in zip(runs, values, strict=True):
        if where is None or arm is None or each is None:
            continue
        seeds = found.setdefault(where, {}).setdefault(arm, {})
        if each in seeds:
            raise UserError(
                f"{group} {arm} has {seed} {each} twice{f' in {where}' if task else ''}: keep one row a run"
                + ("." if task else ", or name the column that tells them apart with --task.")
            )
        seeds[each] = value
    return found


def _baseline(tables: Tables, given: str | None, group: str, name: str, told: list[str]) -> str:
    groups = list(dict.fromkeys(arm for arms in tables.values() for arm in arms))
    why = f" ({'; '.join(told)})" if told else ""
    if given is not None and given not in groups:
        known = ", ".join(groups)
        raise UserError(f"There is no {group} {given!r} in {name}.{did_you_mean(given, groups)} It has: {known}{why}.")
    if len(groups) > _MOST_GROUPS:
        raise UserError(
            f"{name} has {len(groups):,} values of {group}, and at most {_MOST_GROUPS:,} groups are compared: is "
            "another column meant (--group)?"
        )
    chosen = groups[0] if given is None else given
    if without := [t for t, arms in tables.items() if chosen not in arms]:
        raise UserError(
            f"The baseline {chosen} has no result of {listed(without)}: nothing to compare with there{why}."
        )
    if all(len(arms) < 2 for arms in tables.values()):
        raise UserError(f"{name} has one {group} alone, {chosen}: there is nothing to compare it with{why}.")
    return chosen


def _told_lost(runs: list[Run], kept: list[Run], columns: str, from_pandas: bool) -> list[str]:
    """Rows that do not say what they are of, and groups of which nothing is left."""
    said = []
    if lost := sum(None in run for run in kept):
        said.append(f"{lost} row{'s' if lost > 1 else ''} without a value in {columns}, left out")
    if from_pandas and any(run[1] is None for run in kept):
        said.append("a group called None or NA is a missing value to pandas.read_csv; keep_default_na=False keeps it")
    left = {run[1] for run in kept if None not in run}
    if gone := [arm for arm in dict.fromkeys(run[1] for run in runs) if arm is not None and arm not in left]:
        said.append(f"no result is left of {listed(gone)}")
    return said


def _told_side(metric: str, lower_is_better: bool) -> list[str]:
    side, taken = sounds(metric)[0], "lower" if lower_is_better else "higher"
    if side in ("", taken):
        return []
    turn = "leave out" if lower_is_better else "add"
    said = f"{metric} sounds like something of which {side} is better, but {taken} was taken as better"
    return [f"{said}: {turn} --lower-is-better if {side} is"]


def _told_alone(tables: Tables, baseline: str) -> list[str]:
    said = []
    for task, arms in tables.items():
        first = arms[baseline]
        for arm, seeds in arms.items():
            if alone := sorted(first.keys() ^ seeds.keys()):
                shown = ", ".join(map(str, alone[:6])) + (" ..." if len(alone) > 6 else "")
                place = f" in {task}" if task else ""
                seeds_lost = f"{len(alone)} seed{'s' if len(alone) > 1 else ''}"
                said.append(f"{arm} and {baseline}{place}: {seeds_lost} of one of the two only, left out ({shown})")
    return said
