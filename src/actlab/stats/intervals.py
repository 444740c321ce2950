"""Means and Student's intervals, where nothing is compared yet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actlab.errors import extra

ALPHA = 0.05
EQUAL = 1e-12  # values that differ by less, of the largest, differ by rounding
LEAST_PAIRS = 5  # below, an interval is too wide to mean much, and no verdict is given


@dataclass(frozen=True)
class Interval:
    """A mean and its confidence interval, from `low` to `high`, of n values; NaN: too few to say.

    >>> Interval(mean=0.5, low=0.25, high=0.75, n=3).high
    0.75
    """

    mean: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> Interval:
    """The mean of the finite values and its Student t interval: mean +- t s / sqrt(n), with n - 1 degrees of freedom.

    Args:
        values: numbers, (n,); what is not finite is left out.
        confidence: how often such an interval holds the true mean, where values are normal; between 0 and 1.

    Returns:
        An Interval; its ends are NaN where n is below 2.

    Source: Student 1908, The Probable Error of a Mean, Biometrika 6.

    >>> found = mean_interval([1.0, 2.0, 3.0, math.nan])
    >>> found.n, round(found.low, 4), round(found.high, 4)  # 2 +- 4.3027 * 1 / sqrt(3)
    (3, -0.4841, 4.4841)
    >>> mean_interval([0.5])
    Interval(mean=0.5, low=nan, high=nan, n=1)
    """
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    mean, error = mean_and_error(array)
    return Interval(mean, *bounds(mean, error, t_critical(len(array) - 1, 1 - confidence)), len(array))


def median_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    """The median, and its interval between two of the values: 95% at least, however they are distributed.

    The interval is NaN of fewer than 6 values: even from the least to the largest it would be of less.

    >>> median_interval([3, 1, 2, 5, 4, 900])
    (3.5, 1.0, 900.0)
    >>> median_interval(range(9))
    (4.0, 1.0, 7.0)
    """
    ranked = np.sort(np.asarray(values, dtype=np.float64))
    n = len(ranked)
    median = float(np.median(ranked)) if n else math.nan
    outside = int((special().bdtr(np.arange(n // 2), n, 0.5) <= ALPHA / 2).sum())  # on each side
    return (median, float(ranked[outside - 1]), float(ranked[-outside])) if outside else (median, math.nan, math.nan)


def mean_and_error(array: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error; exact where all values are equal but for rounding; NaN where there are too few."""
    if len(array) == 0:
        return math.nan, math.nan
    means, errors = means_and_errors(array[None])
    return float(means[0]), float(errors[0])


def means_and_errors(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same of each row, (rows, values), of one value or more."""
    first, equal = rows[:, 0], np.ptp(rows, axis=1) <= EQUAL * np.abs(rows).max(axis=1)
    if (n := rows.shape[1]) == 1:
        return first, np.full(len(rows), math.nan)
    errors = np.where(equal, 0.0, rows.std(axis=1, ddof=1) / math.sqrt(n))
    return np.where(equal, first, rows.mean(axis=1)), errors


def bounds(mean: float, error: float, critical: float) -> tuple[float, float]:
    """The interval that reaches `critical` standard errors to each side."""
    if math.isnan(error):
        return math.nan, math.nan
    if error == 0:
        return mean, mean
    return mean - critical * error, mean + critical * error


def t_critical(freedom: float, level: float) -> float:
    """How many standard errors a two-sided Student interval at 1 - level reaches.

    >>> round(t_critical(9, 0.05), 3)
    2.262
    """
    return math.nan if freedom < 1 else -float(special().stdtrit(freedom, level / 2))


def t_level(freedom: float, critical: float) -> float:
    """The level at which Student's interval reaches as many standard errors: the other way round."""
    return float(t_levels(freedom, np.array(critical)))


def t_levels(freedom: float, criticals: np.ndarray) -> np.ndarray:
    return 2 * special().stdtr(freedom, -criticals)


def special():
    with extra("lab", "scipy"):
        from scipy import special  # not scipy.stats: it takes a second to import
    return special
