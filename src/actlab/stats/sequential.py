"""Verdicts that may be looked at after every seed: intervals that hold at all times together.

After Wang and Ramdas 2023, Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance,
arXiv:2310.03722. For paired differences d with mean mu and unknown deviation s, and g the variance of mu/s in a normal
mixture, the ratio

    E_n(mu0) = (1 + n g)^(-1/2) ((1 + u) / (1 + u / (1 + n g)))^(n/2),   u = t^2 / (n - 1),   t that of d - mu0

is, for normal d with mean mu0, a martingale whatever s is: it exceeds 1/alpha at any time with a probability of alpha
at most, so that the mu0 for which it does not are an interval that may be looked at as often as one likes.
"""

import math

from actlab.stats.intervals import ALPHA, LEAST_PAIRS

MIXTURE = 2.0  # g: effects of about 1.4 deviations of a paired difference are found soonest


def sequential_critical(n: int, alpha: float = ALPHA, mixture: float = MIXTURE) -> float:
    """How many standard errors the interval of n pairs reaches; infinite while n is too small.

    >>> [round(sequential_critical(n), 2) for n in (5, 10, 20, 60)]
    [5.83, 3.87, 3.52, 3.43]
    """
    if n < LEAST_PAIRS:
        return math.inf
    grown = 1 + n * mixture
    ratio = (math.sqrt(grown) / alpha) ** (2 / n)
    return math.sqrt((n - 1) * (ratio - 1) / (1 - ratio / grown)) if ratio < grown else math.inf


def sequential_mcnemar(first: int, other: int) -> float:
    """The same for counts, of what only the first did and what only the other did: 1 / E under a uniform mixture.

    >>> [round(sequential_mcnemar(k, 0), 3) for k in (3, 6, 9)]
    [0.5, 0.109, 0.02]
    """
    n = first + other
    return min(1.0, (n + 1) * math.comb(n, first) / 2.0**n)


def sequential_p(n: int, t: float, mixture: float = MIXTURE) -> float:
    """1 / E_n(0): a p-value that holds whenever one chooses to look."""
    grown, u = 1 + n * mixture, t * t / (n - 1)
    return min(1.0, math.sqrt(grown) * ((1 + u / grown) / (1 + u)) ** (n / 2))
