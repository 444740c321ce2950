"""How many standard errors the intervals of all comparisons reach, so that together they hold at the stated level.

Three choices, by the number of pairs: from 8 on the largest |t| of all comparisons under random signs, which uses that
they share a baseline and seeds; from 5 to 7, where signs have too few patterns, Student's t with Bonferroni's
correction; below 5 nothing.

Signs are given to what is left after an arm's mean has been taken away, a wild bootstrap. Signs of the raw differences
make an exact test where nothing differs at all; but where ten arms differ by much, their interval covers 77% in place
of 95%, since the patterns of signs then carry the effects (`bench/records/verdicts.json` has both).
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from actlab.stats.intervals import ALPHA, LEAST_PAIRS, mean_and_error, t_critical, t_level
from actlab.stats.sequential import sequential_critical, sequential_p

LEAST_SIGNED = 8  # pairs from which on signs have patterns enough
ALL_PATTERNS = 16  # seeds up to which every pattern of signs is taken
DRAWN = 100_000  # above


@functools.cache
def signs(seeds: int) -> np.ndarray:
    """(P, S) of +1 and -1. A pattern and its mirror give the same |t|: of all patterns one half is enough.

    >>> signs(3)
    array([[ 1.,  1.,  1.],
           [ 1., -1.,  1.],
           [ 1.,  1., -1.],
           [ 1., -1., -1.]])
    """
    if seeds <= ALL_PATTERNS:
        numbers = np.arange(2 ** max(0, seeds - 1))[:, None]
        return 1.0 - 2.0 * ((numbers << 1 >> np.arange(seeds)) & 1)
    return np.random.default_rng(0).choice([-1.0, 1.0], size=(DRAWN, seeds))


@dataclass(frozen=True, eq=False)
class Simultaneous:
    """For each comparison its estimate, its interval and its p, corrected for all of them. NaN: too few pairs."""

    mean_A: np.ndarray
    error_A: np.ndarray  # standard errors
    n_A: np.ndarray  # pairs
    critical_A: np.ndarray  # the standard errors that the interval reaches to each side
    p_A: np.ndarray

    def interval(self, arm: int) -> tuple[float, float]:
        mean, error, critical = (float(values[arm]) for values in (self.mean_A, self.error_A, self.critical_A))
        if math.isnan(critical):
            return math.nan, math.nan
        if error == 0:  # all differences are equal: no spread to make an interval of, and signs alone decide
            return (mean, mean) if self.p_A[arm] <= self.alpha else (min(mean, 0.0), max(mean, 0.0))
        return mean - critical * error, mean + critical * error

    alpha: float = ALPHA


def simultaneous(differences_SA: np.ndarray, *, alpha: float = ALPHA, sequential: bool = False) -> Simultaneous:
    """Intervals that together leave out a true difference with probability alpha at most.

    Every comparison takes its share of alpha, judged or not. `sequential`: at all numbers of seeds together.
    p is at most alpha if and only if |t| is above the critical value: p = (b + 1)/(m + 1), with b those of m patterns
    of signs whose largest |t| is no smaller. The 1 is what was observed: the identity among all patterns, of which m
    are the others, and beside those that were drawn.
    """
    comparisons = differences_SA.shape[1]
    summaries = [mean_and_error(column[np.isfinite(column)]) for column in differences_SA.T]
    mean_A, error_A = np.array(summaries, dtype=float).reshape(comparisons, 2).T
    n_A = np.isfinite(differences_SA).sum(axis=0)
    critical_A, p_A = np.full(comparisons, math.nan), np.full(comparisons, math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        t_A = np.abs(mean_A / error_A)
    signed_A = (n_A >= LEAST_SIGNED) & (error_A > 0) & (not sequential)
    if signed_A.any():
        share = signed_A.sum() / comparisons
        largest_P = _largest_t(differences_SA[:, signed_A])
        patterns = len(largest_P) + (len(differences_SA) > ALL_PATTERNS)
        rank = int(alpha * share * patterns + 1e-9)
        critical_A[signed_A] = largest_P[-rank] if rank else math.inf
        above = len(largest_P) - np.searchsorted(largest_P, t_A[signed_A], side="left")
        p_A[signed_A] = np.minimum(1, (above + 1) / patterns / share)
    for arm in np.flatnonzero((n_A >= LEAST_PAIRS) & ~signed_A):
        n, own = int(n_A[arm]), alpha / comparisons
        critical_A[arm] = sequential_critical(n, own) if sequential else t_critical(n - 1, own)
        p_A[arm] = min(1, comparisons * _p(n, mean_A[arm], error_A[arm], t_A[arm], sequential))
    return Simultaneous(mean_A, error_A, n_A, critical_A, p_A, alpha)


def _p(n: int, mean: float, error: float, t: float, sequential: bool) -> float:
    if error > 0:
        return sequential_p(n, t) if sequential else t_level(n - 1, t)
    return 1.0 if mean == 0 else 2.0 ** (1 - n)  # no spread to judge by: as for signs alone, all of them the same


def _largest_t(differences_SA: np.ndarray) -> np.ndarray:
    """The largest |t| of all comparisons for each pattern of signs, given to the residuals; ascending."""
    residuals_SA = np.nan_to_num(differences_SA - np.nanmean(differences_SA, axis=0))
    n_A = np.isfinite(differences_SA).sum(axis=0)
    squares_A = (residuals_SA**2).sum(axis=0)
    means_PA = signs(len(residuals_SA)) @ residuals_SA / n_A
    rest_PA = np.maximum(squares_A - n_A * means_PA**2, squares_A * 1e-12)  # signs leave the squares as they are
    return np.sort(np.sqrt((means_PA**2 * n_A * (n_A - 1) / rest_PA).max(axis=1)))
