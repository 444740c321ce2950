"""Results by arm and seed, laid side by side: which seeds pair an arm with the baseline, and which were lost.

An arm is what is compared: an activation, with its learning rate and the like where those vary. Equal seeds are paired:
the same initial weights and the same batches, so that what differs between the two trials is the arm.
"""

import math
from collections.abc import Mapping, Sequence

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


def side_by_side(columns: Sequence[Mapping[int, float]], *tables: Table) -> np.ndarray:
    """The columns as (S, A), with a row for each seed that an arm of the tables has; NaN: nothing there."""
    seeds = sorted(set().union(*(values for table in tables for values in table.values())))
    rows = [[column.get(seed, math.nan) for column in columns] for seed in seeds]
    return np.array(rows, dtype=float).reshape(len(seeds), len(columns))
