"""Results by arm and seed, laid side by side: which seeds pair an arm with the baseline, and which were lost.

An arm is what is compared: an activation, with its learning rate and the like where those vary. Equal seeds are paired:
the same initial weights and the same batches, so that what differs between the two trials is the arm.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Table = Mapping[str, Mapping[int, float]]  # arm -> seed -> value; NaN: the trial diverged


def paired_differences(first: Mapping[int, float], other: Mapping[int, float]) -> dict[int, float]:
    """Other minus first, by seed, where both are finite.

    >>> paired_differences({0: 1.0, 1: 2.0, 2: float("nan")}, {2: 1.0, 1: 2.5})
    {1: 0.5}
    """
    return {
        seed: float(other[seed] - first[seed])
        for seed in sorted(first.keys() & other.keys())
        if math.isfinite(first[seed]) and math.isfinite(other[seed])
    }


@dataclass(frozen=True, eq=False)
class Pairs:
    """Every arm but the baseline, against it. S seeds, A arms."""

    baseline: str
    names: tuple[str, ...]
    seeds: tuple[int, ...]
    differences_SA: np.ndarray  # arm minus baseline; NaN where one of the two is missing or diverged
    diverged_SA: np.ndarray  # +1 where the arm alone diverged, -1 where the baseline alone did, 0 otherwise


def pairs(table: Table, baseline: str | None) -> Pairs:
    """Every arm beside the baseline, by default the first."""
    baseline = next(iter(table), "") if baseline is None else baseline
    first = table[baseline] if table else {}
    names = tuple(name for name in table if name != baseline)
    seeds = tuple(sorted(set().union(*(values.keys() for values in table.values()))))
    differences = np.full((len(seeds), len(names)), math.nan)
    diverged = np.zeros((len(seeds), len(names)), dtype=int)
    for column, name in enumerate(names):
        other = table[name]
        for row, seed in enumerate(seeds):
            if seed in first and seed in other:
                differences[row, column] = other[seed] - first[seed]
                diverged[row, column] = int(math.isnan(other[seed])) - int(math.isnan(first[seed]))
    return Pairs(baseline, names, seeds, differences, diverged)
