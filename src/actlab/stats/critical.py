"""How many standard errors the intervals of all comparisons reach, so that together they hold at the stated level.

Three choices, by the number of pairs: from 8 on the largest |t| of all comparisons under random signs, which uses that
they share a baseline and seeds; from 5 to 7, where signs have too few patterns, Student's t with Bonferroni's
correction; below 5 nothing. Signs and Student's t take differences for symmetric: to the side to which they are not,
an interval reaches further, as `skew.py` says.

Signs are given to what is left after an arm's mean has been taken away, a wild bootstrap. Signs of the raw differences
make an exact test where nothing differs at all; but where ten arms differ by much, their interval covers 77% in place
of 95%, since the patterns of signs then carry the effects (`bench/records/verdicts.json` has both).
"""

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from actlab.errors import extra
from actlab.stats.intervals import ALPHA, LEAST_PAIRS, mean_and_error, t_critical, t_level
from actlab.stats.sequential import sequential_critical, sequential_p
from actlab.stats.skew import leaning, reach, skewness, without

LEAST_SIGNED = 8  # pairs from which on signs have patterns enough
ALL_PATTERNS = 16  # seeds up to which every pattern of signs is taken
DRAWN = 100_000  # above
_ROUNDING = 1e-10  # of |t|
_BLOCK = 2**16  # numbers at a time
_DRAWN_AT_ONCE = 2**14
_WHOLE = 32  # rows of a block are a multiple: BLAS gives a product by blocks the bits of the whole one only then
Progress = Callable[[float], None]  # takes the share that is done


def sign_blocks(seeds: int, columns: int = 1, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """Patterns of +1 and -1, (B, S) at a time, so that what is made of them for so many columns fits a cache.

    A pattern and its mirror give the same |t|: of all patterns one half is enough. Above ALL_PATTERNS seeds they are
    drawn: what `default_rng(0).choice([-1.0, 1.0])` draws, from the top bit of each 32, at a third of its time.

    >>> np.concatenate([*sign_blocks(3)])
    array([[ 1.,  1.,  1.],
           [ 1., -1.,  1.],
           [ 1.,  1., -1.],
           [ 1., -1., -1.]])
    """
    patterns = pattern_count(seeds)
    rows = max(1, _BLOCK // max(seeds, columns) // _WHOLE) * _WHOLE
    random = np.random.default_rng(0).bit_generator
    for start in range(0, patterns, rows):
        stop = min(start + rows, patterns)
        if seeds <= ALL_PATTERNS:
            yield 1.0 - 2.0 * ((np.arange(start, stop)[:, None] << 1 >> np.arange(seeds)) & 1)
        else:
            block = np.empty((stop - start) * seeds)
            for part in np.split(block, range(_DRAWN_AT_ONCE, len(block), _DRAWN_AT_ONCE)):
                drawn = random.random_raw(len(part) // 2).view(np.int32)
                drawn >>= 31
                np.multiply(drawn, -2.0, out=part)
                part -= 1.0
            yield block.reshape(-1, seeds)
        if progress is not None:
            progress(stop / patterns)


def pattern_count(seeds: int) -> int:
    return 2 ** max(0, seeds - 1) if seeds <= ALL_PATTERNS else DRAWN


@dataclass(frozen=True, eq=False)
class Simultaneous:
    """For each comparison its estimate, its interval and its p, corrected for all of them. NaN: too few pairs."""

    mean_A: np.ndarray
    error_A: np.ndarray  # standard errors
    n_A: np.ndarray  # pairs
    critical_A: np.ndarray  # the standard errors that the interval reaches to each side where nothing is skewed
    p_A: np.ndarray
    low_A: np.ndarray  # skewness for the lower end, and for the upper one, that make it reach further
    high_A: np.ndarray

    def reaches(self, arm: int) -> tuple[float, float]:
        """Standard errors from the mean to the lower and to the upper end."""
        critical, n = float(self.critical_A[arm]), int(self.n_A[arm])
        return float(reach(critical, self.low_A[arm], n)), float(reach(critical, self.high_A[arm], n))

    def interval(self, arm: int) -> tuple[float, float]:
        mean, error = float(self.mean_A[arm]), float(self.error_A[arm])
        if math.isnan(self.critical_A[arm]):
            return math.nan, math.nan
        if error == 0:  # all differences are equal: no spread to make an interval of, and signs alone decide
            return (mean, mean) if self.p_A[arm] <= self.alpha else (min(mean, 0.0), max(mean, 0.0))
        below, above = self.reaches(arm)
        return mean - below * error, mean + above * error

    alpha: float = ALPHA


def simultaneous(
    differences_SA: np.ndarray, *, alpha: float = ALPHA, sequential: bool = False, largest_P: np.ndarray | None = None,
    progress: Progress | None = None,
) -> Simultaneous:  # fmt: skip
    """Intervals that together leave out a true difference with probability alpha at most.

    Every comparison takes its share of alpha, judged or not. `sequential`: at all numbers of seeds together.
    p is at most alpha if and only if 0 is outside. Where nothing is skewed that is where |t| is above the critical
    value: p = (b + 1)/(m + 1), with b those of m patterns of signs whose largest |t| is no smaller; else |t| is first
    taken back by what skewness adds. The 1 is what was observed: the identity among all patterns, of which m
    are the others, and beside those that were drawn. `largest_P`: those |t|, ascending, where they are known already.
    """
    comparisons = differences_SA.shape[1]
    mean_A, error_A, n_A = _summaries(differences_SA)
    critical_A, p_A = np.full(comparisons, math.nan), np.full(comparisons, math.nan)
    low_A, high_A = _leaning(differences_SA, (n_A >= LEAST_PAIRS) & (error_A > 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        t_A = without(np.abs(mean_A / error_A), np.where(mean_A > 0, low_A, high_A), n_A)
    signed_A = _signed(error_A, n_A) & (not sequential)
    if signed_A.any():
        share = signed_A.sum() / comparisons
        if largest_P is None:
            largest_P = _largest_t(differences_SA[:, signed_A], progress)
        largest_P = largest_P * (1 + _ROUNDING) + _ROUNDING  # a tie with what was observed stays one in another unit
        patterns = len(largest_P) + (len(differences_SA) > ALL_PATTERNS)
        rank = int(alpha * share * patterns + 1e-9)
        critical_A[signed_A] = largest_P[-rank] if rank else math.inf
        above = len(largest_P) - np.searchsorted(largest_P, t_A[signed_A], side="left")
        p_A[signed_A] = np.minimum(1, (above + 1) / patterns / share)
    for arm in np.flatnonzero((n_A >= LEAST_PAIRS) & ~signed_A):
        n, own = int(n_A[arm]), alpha / comparisons
        critical_A[arm] = sequential_critical(n, own) if sequential else t_critical(n - 1, own)
        p_A[arm] = min(1, comparisons * _p(n, mean_A[arm], error_A[arm], t_A[arm], sequential))
    return Simultaneous(mean_A, error_A, n_A, critical_A, p_A, low_A, high_A, alpha)


def _leaning(differences_SA: np.ndarray, judged_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`leaning` of the comparisons that are judged; 0 of the others, which tell nothing of skewness."""
    low_A, high_A = np.zeros(len(judged_A)), np.zeros(len(judged_A))
    if judged_A.any():
        judged_SA = differences_SA[:, judged_A]
        low_A[judged_A], high_A[judged_A] = leaning(skewness(judged_SA), np.isfinite(judged_SA).sum(axis=0))
    return low_A, high_A


def _p(n: int, mean: float, error: float, t: float, sequential: bool) -> float:
    if error > 0:
        return sequential_p(n, t) if sequential else t_level(n - 1, t)
    return 1.0 if mean == 0 else 2.0 ** (1 - n)  # no spread to judge by: as for signs alone, all of them the same


def _summaries(differences_SA: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard error and number of each column."""
    found = [mean_and_error(column[np.isfinite(column)]) for column in differences_SA.T]
    mean_A, error_A = np.array(found, dtype=float).reshape(len(found), 2).T
    return mean_A, error_A, np.isfinite(differences_SA).sum(axis=0)


def _signed(error_A: np.ndarray, n_A: np.ndarray) -> np.ndarray:
    return (n_A >= LEAST_SIGNED) & (error_A > 0)


class _Residuals:
    """What is left of differences after their means. Columns that are not used have |t| = 0 under every pattern."""

    def __init__(self, differences_SA: np.ndarray, used_A: np.ndarray) -> None:
        self.values_SA, used_SA = np.zeros_like(differences_SA), differences_SA[:, used_A]
        self.values_SA[:, used_A] = np.nan_to_num(used_SA - np.nanmean(used_SA, axis=0))
        self.squares_A = np.where(used_A, (self.values_SA**2).sum(axis=0), 1.0)  # signs leave them as they are
        n_A = np.isfinite(differences_SA).sum(axis=0).clip(min=1).astype(float)
        n_A[~used_A] = n_A.max()
        self.n_A = n_A if np.ptp(n_A) else n_A[:1]  # one number for all is three times as fast

    def squared_t(self, signs_PS: np.ndarray) -> np.ndarray:
        found_PA = signs_PS @ self.values_SA
        found_PA /= self.n_A
        found_PA *= found_PA
        found_PA *= self.n_A
        rest_PA = self.squares_A - found_PA
        np.maximum(rest_PA, self.squares_A * 1e-12, out=rest_PA)
        found_PA *= self.n_A - 1
        found_PA /= rest_PA
        return found_PA


def _largest_t(differences_SA: np.ndarray, progress: Progress | None) -> np.ndarray:
    """The largest |t| of all comparisons for each pattern of signs, given to the residuals; ascending."""
    seeds, arms = differences_SA.shape
    residuals = _Residuals(differences_SA, np.ones(arms, bool))
    with _one_thread():
        found = [residuals.squared_t(signs_PS).max(axis=1) for signs_PS in sign_blocks(seeds, arms, progress)]
    return np.sort(np.sqrt(np.concatenate(found)))


def largest_of_each(values_SA: np.ndarray, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """For each arm as the baseline what `simultaneous` takes as `largest_P`; two arms give one |t| to both."""
    seeds, arms = values_SA.shape
    largest_PA, sets, start = np.zeros((pattern_count(seeds), arms)), [], 0
    for arm in range(arms - 1):
        differences_SA = values_SA[:, arm + 1 :] - values_SA[:, [arm]]
        sets.append(_Residuals(differences_SA, _signed(*_summaries(differences_SA)[1:])))
    with _one_thread():
        for signs_PS in sign_blocks(seeds, arms, progress):
            block_PA = largest_PA[start : start + len(signs_PS)]
            start += len(signs_PS)
            for arm, residuals in enumerate(sets):
                found_PA = residuals.squared_t(signs_PS)
                own_P, others_PA = block_PA[:, arm], block_PA[:, arm + 1 :]
                np.maximum(own_P, found_PA.max(axis=1), out=own_P)
                np.maximum(others_PA, found_PA, out=others_PA)
    yield from (np.sort(np.sqrt(largest_P)) for largest_P in largest_PA.T)


@functools.cache
def _libraries():
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _one_thread():
    """Products of a block are so small that threads cost more than they bring, on a busy machine five times as much."""
    with extra("lab", "threadpoolctl"):
        return _libraries().limit(limits=1, user_api="blas")
