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
from actlab.stats.intervals import ALPHA, LEAST_PAIRS, means_and_errors, t_critical, t_levels
from actlab.stats.sequential import sequential_critical, sequential_p
from actlab.stats.skew import leaning, reach, skewness, without

LEAST_SIGNED = 8  # pairs from which on signs have patterns enough
ALL_PATTERNS = 16  # seeds up to which every pattern of signs is taken
DRAWN = 100_000  # above
LEAST_DRAWN = 4096  # of very many comparisons: an interval at 95% is then one at 94.3 to 95.7%
_WORK = 2**27  # patterns times comparisons, about 2 seconds; with more comparisons fewer patterns are drawn
_ROUNDING = 1e-10  # of |t|
_BLOCK = 2**16  # numbers at a time
_DRAWN_AT_ONCE = 2**14
_WHOLE = 32  # rows of a block are a multiple: BLAS gives a product by blocks the bits of the whole one only then
Progress = Callable[[float], None]  # takes the share that is done


def sign_blocks(
    seeds: int, columns: int = 1, progress: Progress | None = None, *, comparisons: int = 1
) -> Iterator[np.ndarray]:
    """Patterns of +1 and -1, (B, S) at a time, so that what is made of them for so many columns fits a cache.

    A pattern and its mirror give the same |t|: of all patterns one half is enough. Where these are too many they are
    drawn: what `default_rng(0).choice([-1.0, 1.0])` draws, from the top bit of each 32, at a third of its time.

    >>> np.concatenate([*sign_blocks(3)])
    array([[ 1.,  1.,  1.],
           [ 1., -1.,  1.],
           [ 1.,  1., -1.],
           [ 1., -1., -1.]])
    """
    patterns = pattern_count(seeds, comparisons)
    rows = max(1, _BLOCK // max(seeds, columns) // _WHOLE) * _WHOLE
    random = np.random.default_rng(0).bit_generator
    for start in range(0, patterns, rows):
        stop = min(start + rows, patterns)
        if not is_drawn(seeds, patterns):
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


def pattern_count(seeds: int, comparisons: int = 1) -> int:
    """How many are taken.

    >>> pattern_count(10), pattern_count(20), pattern_count(20, 124_750)
    (512, 100000, 4096)
    """
    usual = 2 ** max(0, seeds - 1) if seeds <= ALL_PATTERNS else DRAWN
    return min(usual, max(LEAST_DRAWN, _WORK // comparisons))


def is_drawn(seeds: int, patterns: int) -> bool:
    """Whether so many are drawn, and not all that there are."""
    return seeds > ALL_PATTERNS or patterns < 2 ** max(0, seeds - 1)


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
        patterns = len(largest_P) + is_drawn(len(differences_SA), len(largest_P))
        rank = int(alpha * share * patterns + 1e-9)
        critical_A[signed_A] = largest_P[-rank] if rank else math.inf
        above = len(largest_P) - np.searchsorted(largest_P, t_A[signed_A], side="left")
        p_A[signed_A] = np.minimum(1, (above + 1) / patterns / share)
    for n in {*n_A[(n_A >= LEAST_PAIRS) & ~signed_A].tolist()}:
        same_A, own = (n_A == n) & ~signed_A, alpha / comparisons
        critical_A[same_A] = sequential_critical(n, own) if sequential else t_critical(n - 1, own)
        p_A[same_A] = np.minimum(1, comparisons * _p(n, mean_A[same_A], error_A[same_A], t_A[same_A], sequential))
    return Simultaneous(mean_A, error_A, n_A, critical_A, p_A, low_A, high_A, alpha)


def _leaning(differences_SA: np.ndarray, judged_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`leaning` of the comparisons that are judged; 0 of the others, which tell nothing of skewness."""
    low_A, high_A = np.zeros(len(judged_A)), np.zeros(len(judged_A))
    if judged_A.any():
        judged_SA = differences_SA[:, judged_A]
        low_A[judged_A], high_A[judged_A] = leaning(skewness(judged_SA), np.isfinite(judged_SA).sum(axis=0))
    return low_A, high_A


def _p(n: int, mean_A: np.ndarray, error_A: np.ndarray, t_A: np.ndarray, sequential: bool) -> np.ndarray:
    spread_A = error_A > 0  # without, there is none to judge by: as for signs alone, all of them the same
    p_A = np.where(mean_A == 0, 1.0, 2.0 ** (1 - n))
    t = t_A[spread_A]
    p_A[spread_A] = [sequential_p(n, each) for each in t.tolist()] if sequential else t_levels(n - 1, t)
    return p_A


def _summaries(differences_SA: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard error and number of each column."""
    n_A = np.isfinite(differences_SA).sum(axis=0)
    mean_A, error_A, there_AS = np.full(len(n_A), math.nan), np.full(len(n_A), math.nan), np.isfinite(differences_SA.T)
    for n in set(n_A.tolist()) - {0}:
        own_A = n_A == n
        rows = differences_SA.T[own_A][there_AS[own_A]].reshape(-1, n)
        mean_A[own_A], error_A[own_A] = means_and_errors(rows)
    return mean_A, error_A, n_A


def _signed(error_A: np.ndarray, n_A: np.ndarray) -> np.ndarray:
    return (n_A >= LEAST_SIGNED) & (error_A > 0)


class _Residuals:
    """What is left of differences after their means. Columns that are not used have |t| = 0 under every pattern."""

    def __init__(self, differences_SA: np.ndarray, used_A: np.ndarray) -> None:
        self.units_SA, used_SA = np.zeros_like(differences_SA), differences_SA[:, used_A]
        values_SA = np.nan_to_num(used_SA - np.nanmean(used_SA, axis=0))
        n_A = np.isfinite(used_SA).sum(axis=0)
        squares_A = (values_SA**2).sum(axis=0)  # signs leave them as they are
        self.units_SA[:, used_A] = values_SA / np.sqrt(n_A * squares_A)
        self.fewer_A = np.flatnonzero(used_A)[n_A < len(used_SA)]
        self.freedom_A = n_A[n_A < len(used_SA)] - 1.0
        self.seeds = len(used_SA)

    def shares(self, signs_PS: np.ndarray) -> np.ndarray:
        """t^2 / (t^2 + S - 1): what has the order of |t|, also where a comparison has fewer pairs than seeds."""
        found_PA = signs_PS @ self.units_SA
        found_PA *= found_PA  # t^2 / (t^2 + n - 1)
        if len(self.fewer_A):
            squared_t = _squared_t(found_PA[:, self.fewer_A], self.freedom_A)
            found_PA[:, self.fewer_A] = squared_t / (squared_t + (self.seeds - 1))
        return found_PA


def _squared_t(share: np.ndarray, freedom: np.ndarray | float) -> np.ndarray:
    return freedom * share / np.maximum(1 - share, 1e-12)


def _largest_t(differences_SA: np.ndarray, progress: Progress | None) -> np.ndarray:
    """The largest |t| of all comparisons for each pattern of signs, given to the residuals; ascending."""
    seeds, arms = differences_SA.shape
    residuals = _Residuals(differences_SA, np.ones(arms, bool))
    blocks = sign_blocks(seeds, arms, progress, comparisons=arms)
    with _one_thread():
        found = [residuals.shares(signs_PS).max(axis=1) for signs_PS in blocks]
    return np.sort(np.sqrt(_squared_t(np.concatenate(found), seeds - 1)))


def largest_of_each(values_SA: np.ndarray, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """For each arm as the baseline what `simultaneous` takes as `largest_P`; two arms give one |t| to both."""
    seeds, arms = values_SA.shape
    both = max(1, arms * (arms - 1) // 2)
    largest_PA, sets, start = np.zeros((pattern_count(seeds, both), arms)), [], 0
    for arm in range(arms - 1):
        differences_SA = values_SA[:, arm + 1 :] - values_SA[:, [arm]]
        sets.append(_Residuals(differences_SA, _signed(*_summaries(differences_SA)[1:])))
    with _one_thread():
        for signs_PS in sign_blocks(seeds, arms, progress, comparisons=both):
            block_PA = largest_PA[start : start + len(signs_PS)]
            start += len(signs_PS)
            for arm, residuals in enumerate(sets):
                found_PA = residuals.shares(signs_PS)
                own_P, others_PA = block_PA[:, arm], block_PA[:, arm + 1 :]
                np.maximum(own_P, found_PA.max(axis=1), out=own_P)
                np.maximum(others_PA, found_PA, out=others_PA)
    yield from (np.sort(np.sqrt(_squared_t(largest_P, seeds - 1))) for largest_P in largest_PA.T)


@functools.cache
def _libraries():
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _one_thread():
    """Products of a block are so small that threads cost more than they bring, on a busy machine five times as much."""
    with extra("lab", "threadpoolctl"):
        return _libraries().limit(limits=1, user_api="blas")
