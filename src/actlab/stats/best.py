"""Which arms may be the best: what is left after every arm that is beaten for certain has been taken away.

Multiple comparisons with the best (Hsu 1984, Journal of the American Statistical Association 79): each arm in turn is
the baseline of one-sided comparisons with all others, at 95%; one that none of them beats may be the best. The best arm
itself is taken away with a probability of 5% at most.
"""

import itertools

import numpy as np

from actlab.stats.critical import Progress, largest_of_each, simultaneous
from actlab.stats.intervals import ALPHA
from actlab.stats.pairs import Table, paired_differences, side_by_side


def all_pairs(table: Table, *, sequential: bool = False) -> list[tuple[str, str, float, float, float, int]]:
    """(first, other, other minus first, low, high, pairs) of every two arms, simultaneous over all of them."""
    both = list(itertools.combinations(table, 2))
    differences_SA = side_by_side([paired_differences(table[first], table[other]) for first, other in both], table)
    if not differences_SA.size:
        return []
    together = simultaneous(differences_SA, sequential=sequential)
    return [
        (first, other, float(together.mean_A[place]), *together.interval(place), int(together.n_A[place]))
        for place, (first, other) in enumerate(both)
    ]


def best_among(table: Table, *, sequential: bool = False, progress: Progress | None = None) -> list[str]:
    """The arms among which the best one lies, at 95%, the best mean first.

    Those with too few results stay in; one that diverged in every seed is out, where another did not.

    >>> noise = [0.1, -0.2, 0.3, 0.0, -0.1, 0.2, -0.3, 0.1]
    >>> arms = {"a": [0.0] * 8, "b": [5 + w for w in noise], "c": [5 - w for w in noise]}
    >>> best_among({name: dict(enumerate(values)) for name, values in arms.items()})
    ['b', 'c']
    """
    beaten = {name for name, values in table.items() if not np.isfinite(list(values.values())).any()}
    if len(beaten) == len(table):
        return list(table)
    names, values_SA = list(table), side_by_side(list(table.values()), table)
    largest = [None] * len(names) if sequential else largest_of_each(values_SA, progress)
    for arm, (name, largest_P) in enumerate(zip(names, largest, strict=True)):
        # of the two sides of an interval one is asked for
        together = simultaneous(
            np.delete(values_SA, arm, axis=1) - values_SA[:, [arm]],
            alpha=2 * ALPHA, sequential=sequential, largest_P=largest_P,
        )  # fmt: skip
        # p first: what is surest to beat it is asked first, and mostly enough
        above = np.flatnonzero((together.mean_A > 0) & (together.p_A <= 3 * ALPHA))
        if any(together.interval(other)[0] > 0 for other in above[np.argsort(together.p_A[above], kind="stable")]):
            beaten.add(name)
    return sorted((name for name in table if name not in beaten), key=lambda name: -np.nanmean([*table[name].values()]))
