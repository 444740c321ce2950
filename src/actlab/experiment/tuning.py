"""Settings chosen for each activation, fairly: one grid for all, on seeds that judge nothing.

A setting is a learning rate, weight decay, dropout and way to start. Every activation is trained with every setting
of the grid, with seeds of its own; it keeps the one of the lowest mean validation loss. Where the best learning rate
of one is at an edge of the grid, the next rate beyond is tried for all: none stops at a limit that was set for another.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from actlab.errors import UserError
from actlab.experiment.schema import DataFrame
from actlab.experiment.spec import GRID, TUNING_SEEDS, Experiment
from actlab.naming import exact

RATES = {  # what `--tune` alone tries: half decades around the usual rates of each rule
    "sgd": (0.003, 0.01, 0.03, 0.1, 0.3),
    "momentum": (0.001, 0.003, 0.01, 0.03, 0.1),
    "adamw": (0.0003, 0.001, 0.003, 0.01, 0.03),
}
ADAMW_RATE = 0.001  # torch.optim.AdamW's own; the rates of data sets are for SGD, and suit momentum too
MOST_ADDED = 4  # rates beyond each edge of the grid: further out a network learns nothing, or diverges
WORDS = {
    "learning_rate": "learning rate", "weight_decay": "weight decay", "dropout": "dropout", "initialisation": "init",
}  # fmt: skip

Setting = dict[str, Any]  # a value for each name of GRID


@dataclasses.dataclass(frozen=True)
class Tried:
    """One activation with one setting: means over the tuning seeds, at the epoch of the lowest validation loss.

    >>> Tried("relu", {"learning_rate": 0.1}, loss=0.1, metric=0.97, seeds=3, diverged=0).setting
    {'learning_rate': 0.1}
    """

    activation: str  # as tables show it
    setting: Setting  # by the names of the grid
    loss: float  # infinite where a seed diverged: such a setting is not chosen
    metric: float  # of validation, as the run has it; NaN where a seed diverged
    seeds: int  # how many
    diverged: int  # of these


def tried(trials: DataFrame, grid: Experiment | None = None) -> list[Tried]:
    """What a tuning run found; settings that are not of the grid, or not trained with every seed yet, are left out."""
    found = []
    for _, rows in trials.groupby(["activation", *GRID], sort=False):
        states = rows["status"].tolist()
        if "planned" in states:
            continue
        first = rows.to_dict("records")[0]
        setting = {name: first[name] for name in GRID}
        if grid is not None and setting not in grid.points:
            continue
        lost = states.count("diverged")
        loss = math.inf if lost else float(np.mean(rows["best_valid_loss"]))
        metric = next(name for name in rows if name.startswith("best_valid_") and name != "best_valid_loss")
        reached = math.nan if lost else float(np.mean(rows[metric]))
        found.append(Tried(first["activation"], setting, loss, reached, len(rows), lost))
    return found


def chosen(found: Sequence[Tried]) -> dict[str, Tried]:
    """The setting of the lowest mean validation loss for each activation; of equal ones that of the lowest rate.

    >>> low, high = (Tried("relu", {"learning_rate": rate}, loss, 0.9, 3, 0) for rate, loss in ((0.1, 0.3), (0.3, 0.2)))
    >>> chosen([low, high])["relu"].setting
    {'learning_rate': 0.3}
    """
    best: dict[str, Tried] = {}
    for item in sorted(found, key=lambda item: (item.loss, item.setting["learning_rate"])):
        best.setdefault(item.activation, item)
    return best


def beyond(rates: Sequence[float], best: Sequence[float]) -> tuple[float, ...]:
    """The next rates, where a best one is at an edge of the grid: half a decade on, or by the grid's own ratio.

    >>> beyond((0.01, 0.03, 0.1), [0.03]), beyond((0.01, 0.03, 0.1), [0.1, 0.03]), beyond((0.02, 0.04), [0.02])
    ((), (0.3,), (0.01,))
    >>> beyond((0.1,), [0.1])
    ()
    """
    grid = sorted(rates)
    if len(grid) < 2:
        return ()
    below = _next(grid[0], grid[1]) if grid[0] in best else None
    above = _next(grid[-1], grid[-2]) if grid[-1] in best else None
    return tuple(rate for rate in (below, above) if rate is not None)


def _next(edge: float, neighbour: float) -> float:
    """The rate on the other side of an edge: 1, 3, 10, ... where both stand in that row.

    >>> _next(0.3, 0.1), _next(0.003, 0.01), _next(0.5, 0.1)
    (1.0, 0.001, 2.5)
    """
    halves = [2 * math.log10(value) for value in (edge, neighbour)]
    if all(_row(round(place)) == value for place, value in zip(halves, (edge, neighbour), strict=True)):
        return _row(round(halves[0]) + (1 if edge > neighbour else -1))
    step = edge / neighbour
    return float(f"{edge * (max(step, 1.5) if step > 1 else min(step, 1 / 1.5)):.2g}")


def _row(place: int) -> float:
    """1, 3, 10, 30, ... and below."""
    return float(f"{3 if place % 2 else 1}e{place // 2}")


def united(known: Experiment, experiment: Experiment) -> Experiment:
    """The experiment with the settings that a folder has, and its own.

    >>> united(Experiment(dropout=(0.0, 0.2)), Experiment(dropout=(0.0, 0.1))).dropout
    (0.0, 0.2, 0.1)
    """
    both = {name: (*getattr(known, name), *getattr(experiment, name)) for name in GRID}
    return dataclasses.replace(experiment, **{name: tuple(dict.fromkeys(values)) for name, values in both.items()})


def tuned(
    experiment: Experiment, known: Experiment | None, train: Callable[[Experiment], DataFrame],
    say: Callable[[str], None],
) -> Experiment:  # fmt: skip
    """The experiment with a setting for each activation; as it is where there is nothing to choose.

    Args:
        known: what the run's folder holds. Its choices stand: results were trained with them.
        train: trains an experiment's trials, as far as they are missing, and returns all of them.

    Raises:
        UserError: an activation has been trained already with another setting than this grid would choose for it.
    """
    if experiment.tuned or not experiment.tunes:
        return experiment
    held = known.tuned if known is not None else {}
    if known is not None and not held:
        raise UserError(
            f"In this run all are trained with {said(experiment, known.points[0])}; to choose a setting for each is "
            "another experiment: train anew with another --out."
        )
    first = experiment.learning_rate
    if known is not None:
        experiment = united(known, experiment)
        if experiment.points == known.points and set(experiment.labels) <= set(held):
            return dataclasses.replace(experiment, tuned={name: held[name] for name in experiment.labels})
    if shared := set(experiment.seeds) & set(TUNING_SEEDS):
        raise UserError(f"seeds has {min(shared)}, which is kept for tuning: choose others.")
    say(
        f"Tuning: {len(experiment.points)} settings for each activation, by mean validation loss over "
        f"{len(TUNING_SEEDS)} seeds that the comparison does not use."
    )
    while True:
        best = chosen(tried(train(experiment.for_tuning()), experiment))
        more = _within(beyond(experiment.learning_rate, [b.setting["learning_rate"] for b in best.values()]), first)
        if not more:
            break
        told = ", ".join(exact(rate) for rate in more)
        say(f"The best rate of one is at the edge of the grid: {told} for every activation too.")
        experiment = dataclasses.replace(experiment, learning_rate=tuple(sorted({*experiment.learning_rate, *more})))
    settings = {name: best[name].setting for name in experiment.labels}
    if moved := [name for name in held if name in settings and settings[name] != held[name]]:
        raise UserError(
            f"With this grid {', '.join(moved)} would be trained with another setting than in this run, whose choices "
            "were made before its results: train anew with another --out."
        )
    say(f"Chosen: {'; '.join(f'{name} {said(experiment, settings[name])}' for name in settings)}.")
    return dataclasses.replace(experiment, tuned=settings)


def _within(rates: Sequence[float], first: Sequence[float]) -> tuple[float, ...]:
    """Without what is too far from the grid that was asked for."""
    reach = 10 ** (MOST_ADDED / 2) * 1.1
    return tuple(rate for rate in rates if min(first) / reach <= rate <= max(first) * reach)


def said(experiment: Experiment, setting: Setting) -> str:
    """A setting in words: what was to be chosen.

    >>> said(Experiment(learning_rate=(0.1, 0.3)), {"learning_rate": 0.3, "weight_decay": 0.0})
    'learning rate 0.3'
    """
    names = [name for name in GRID if len(getattr(experiment, name)) > 1]
    values = [setting[name] for name in names]
    shown = [value if isinstance(value, str) else exact(value) for value in values]
    return ", ".join(f"{WORDS[name]} {value}" for name, value in zip(names, shown, strict=True))
