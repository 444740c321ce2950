"""How much further an interval reaches to the side to which skewed differences make t stray.

The mean of a few differences that are skewed to the right is often too low together with its standard error, so that
the truth lies above the interval far more often than below. Johnson's (1978) t adds what skewness k does to it first,

    k (1 + 2 t^2) / (6 sqrt(n))

(as in [EnvStats](https://rdrr.io/cran/EnvStats/src/R/chenTTest.sub.R), whose source was opened); turned round, an
interval of c standard errors reaches so much further with c for t. k is known badly: of 10 normal differences it
deviates by .69 from 0, and 10 exponential ones, whose skewness is 2, show 1.1. So all comparisons of an experiment tell
together how much there is beyond chance, each tells by its sign on which side, and no interval ever becomes narrower.

The constants are chosen by simulation, so that for skewness up to 2 all intervals together hold in 90% at 10 seeds and
in 92% from 20 on, at the least cost where nothing is skewed. `studies/skew.py` has that and what else was tried.
"""

import numpy as np

from actlab.stats.intervals import EQUAL

_ROUNDING = 1e-9  # of skewness
SEEN = 10  # pairs from which on intervals hold, for skewness up to 2, as often as is said above
SHOWN = 2.0  # times what is seen beyond chance: few seeds show about half
CHANCE = 0.7  # so much more than the expected square is chance, in one comparison; less by the root of their number
MOST, MORE = 1.25, 0.25  # the most that is believed of one comparison, and more by the logarithm of their number
SURE = 2.0  # standard errors of the mean skewness from which on all comparisons lean to its side
OUTLYING = 2.0  # a comparison's own skewness from which on one seed is far out, and twice what is above it counts


def skewness(values_SA: np.ndarray) -> np.ndarray:
    """Of each column, free of bias under a normal distribution; 0 where all are equal.

    >>> skewness(np.array([[0.0, 1.0], [0.0, 1.0], [3.0, 1.0]])).round(2).tolist()
    [1.73, 0.0]
    """
    there = np.isfinite(values_SA)
    n_A = there.sum(axis=-2)
    mean_A = np.where(there, values_SA, 0).sum(axis=-2, keepdims=True) / n_A[..., None, :].clip(1)
    rest = np.where(there, values_SA - mean_A, 0)
    square_A, cube_A = (rest**2).sum(axis=-2), (rest**3).sum(axis=-2)
    largest_A = np.abs(np.where(there, values_SA, 0)).max(axis=-2)
    several = (np.ptp(rest, axis=-2) > EQUAL * largest_A) & (n_A > 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = cube_A / square_A**1.5 * n_A * np.sqrt(n_A - 1.0) / (n_A - 2.0)
    return np.where(several & (np.abs(found) > _ROUNDING), found, 0.0)  # the sign of what is symmetric is chance


def deviation(n: np.ndarray | float) -> np.ndarray:
    """That of the skewness of n normal values.

    >>> round(float(deviation(10)), 2)
    0.69
    """
    return np.sqrt(np.asarray(6 * n * (n - 1) / ((n - 2) * (n + 1) * (n + 3))))


def leaning(skewness_A: np.ndarray, n_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """k of each comparison for its lower and for its upper end, from the skewness of all; 0 on a side without.

    >>> [side.round(1).tolist() for side in leaning(np.array([1.5, 1.2, -0.1]), np.array([20, 20, 20]))]
    [[0.0, 0.0, 1.5], [1.5, 1.5, 1.5]]
    """
    arms, chance_A = skewness_A.shape[-1], deviation(n_A)
    beyond = (skewness_A**2 - (1 + CHANCE / np.sqrt(arms)) * chance_A**2).mean(axis=-1, keepdims=True)
    together = np.minimum(SHOWN * np.sqrt(np.maximum(beyond, 0)), MOST + MORE * np.log(arms))
    k_A = np.maximum(together, 2 * (np.abs(skewness_A) - OUTLYING))
    mean = skewness_A.mean(axis=-1, keepdims=True)
    sure = SURE * np.sqrt((chance_A**2).mean(axis=-1, keepdims=True) / arms)
    low_A = np.where((skewness_A < 0) | (mean < -sure), k_A, 0.0)
    high_A = np.where((skewness_A > 0) | (mean > sure), k_A, 0.0)
    return low_A, high_A


def reach(critical: np.ndarray | float, k: np.ndarray | float, n: np.ndarray | float) -> np.ndarray | float:
    """Standard errors to the side of k, where c = `critical` are without."""
    with np.errstate(invalid="ignore"):  # an infinite one stays so
        return np.where(k == 0, critical, critical + k * (1 + 2 * critical**2) / (6 * np.sqrt(n)))


def without(reached: np.ndarray | float, k: np.ndarray | float, n: np.ndarray | float) -> np.ndarray:
    """The other way round: c where so many are reached, at least 0.

    >>> round(float(without(reach(2.5, 1.4, 10), 1.4, 10)), 9)
    2.5
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / (6 * np.sqrt(n))
        rest = np.maximum(reached - share, 0)
        return np.where(k == 0, reached, 2 * rest / (1 + np.sqrt(1 + 8 * share * rest)))
