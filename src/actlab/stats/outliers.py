"""Which seeds are far out, and which differences visibly skewed, so that both are said beside a verdict.

Rosner's generalised extreme studentised deviate, as EnvStats' [rosnerTest](
https://rdocumentation.org/packages/EnvStats/versions/2.3.1/topics/rosnerTest) has it (that page was opened): the value
that is farthest from the mean, in deviations, is set aside, again and again; the last that is farther than Student's t
allows, and all before it, are far out: two seeds that failed alike do not hide each other. Where all differences are
normal some are named in 1 to 1.5% of experiments (tests/test_skew.py). They stay in every mean.
"""

import numpy as np

from actlab.stats.intervals import special
from actlab.stats.skew import deviation

FALSE_ALARMS = 0.01  # over all comparisons
_SHARE = 4  # of so many one may be far out


def far_out(values: np.ndarray, alpha: float = FALSE_ALARMS) -> list[int]:
    """Places of the values that are far out, the farthest first.

    >>> far_out(np.array([0.1, -0.2, 0.0, 0.2, -0.1, 0.1, -2.0, 0.0]))
    [6]
    """
    left, aside, found = list(range(len(values))), [], 0
    for _ in range(len(values) // _SHARE):
        rest = values[left]
        deviation = rest.std(ddof=1)
        if not deviation > 0:
            break
        distances = np.abs(rest - rest.mean()) / deviation
        place = int(distances.argmax())
        aside.append(left.pop(place))
        if distances[place] > _limit(len(rest), alpha):
            found = len(aside)
    return aside[:found]


def _limit(n: int, alpha: float) -> float:
    """Deviations from the mean that the farthest of n normal values passes with a probability of alpha."""
    t = -float(special().stdtrit(n - 2, alpha / (2 * n)))
    return (n - 1) * t / np.sqrt((n - 2 + t * t) * n)


def visibly_skewed(skewness: float, n: int, alpha: float = FALSE_ALARMS) -> bool:
    """Whether normal values seldom show so much: in 1.5% at 8 values and more with an alpha of 1%; at 5 they cannot.

    >>> visibly_skewed(2.0, 10), visibly_skewed(1.5, 10)
    (True, False)
    """
    return bool(abs(skewness) > -special().ndtri(alpha / 2) * deviation(n))
