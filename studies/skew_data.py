"""Differences of arms with a baseline whose truth is known, symmetric and not, many experiments at a time.

Legend: E experiments, S seeds, A comparisons.
"""

import math
from collections.abc import Callable

import numpy as np

Draw = Callable[[np.random.Generator, tuple[int, int, int]], np.ndarray]
TIE = 100 / 360  # one of 360 test examples, in points


def gamma(skew: float) -> Draw:
    """Mean 0, deviation 1; the exponential distribution has skewness 2."""
    shape = 4 / skew**2
    return lambda g, size: (g.standard_gamma(shape, size) - shape) / math.sqrt(shape)


def lognormal(skew: float) -> Draw:
    """Mean 0, deviation 1, with the spread of the logarithm that gives the skewness."""
    low, high = 1.0, 10.0  # of w = exp(spread squared): (w + 2) sqrt(w - 1) is the skewness
    for _ in range(60):
        w = (low + high) / 2
        low, high = (w, high) if (w + 2) * math.sqrt(w - 1) < skew else (low, w)
    spread, mean, deviation = math.sqrt(math.log(w)), math.sqrt(w), math.sqrt(w * (w - 1))
    return lambda g, size: (np.exp(spread * g.standard_normal(size)) - mean) / deviation


def failures(share: float = 1 / 8, depth: float = 2.0, small: float = 0.1) -> Draw:
    """A small normal difference; one seed in eight fails by so many points. In points, not scaled to deviation 1."""
    return lambda g, size: small * g.standard_normal(size) - depth * ((g.random(size) < share) - share)


def shared(draw: Draw) -> Draw:
    """Arm minus a baseline of the same distribution: symmetric one by one, correlated by half."""
    return lambda g, size: (draw(g, size) - draw(g, (*size[:2], 1))) / math.sqrt(2)


def half_shared(draw: Draw) -> Draw:
    """A skewed arm minus a normal baseline that all share."""
    return lambda g, size: (draw(g, size) - g.standard_normal((*size[:2], 1))) / math.sqrt(2)


def one_of(draw: Draw, others: Draw | None = None) -> Draw:
    """The first arm by itself; the others are normal, or of another distribution."""

    def drawn(g: np.random.Generator, size: tuple[int, int, int]) -> np.ndarray:
        values = (others or normal)(g, size)
        values[..., :1] = draw(g, (*size[:2], 1))
        return values

    return drawn


def normal(g: np.random.Generator, size: tuple[int, int, int]) -> np.ndarray:
    return g.standard_normal(size)


def t3(g: np.random.Generator, size: tuple[int, int, int]) -> np.ndarray:
    return g.standard_t(3, size) / math.sqrt(3)


def negative(draw: Draw) -> Draw:
    return lambda g, size: -draw(g, size)


def alternating(draw: Draw) -> Draw:
    """Every second arm to the other side."""

    def drawn(g: np.random.Generator, size: tuple[int, int, int]) -> np.ndarray:
        values = draw(g, size)
        values[..., 1::2] *= -1
        return values

    return drawn


def poisson(mean: float) -> Draw:
    """Counts, with ties; skewness 1 / sqrt(mean)."""
    return lambda g, size: (g.poisson(mean, size) - mean) / math.sqrt(mean)


def steps(g: np.random.Generator, size: tuple[int, int, int]) -> np.ndarray:
    """Normal, rounded to half a deviation: with ties, symmetric."""
    return np.round(2 * g.standard_normal(size)) / 2


EXPONENTIAL = gamma(2)
SMOOTH: dict[str, Draw] = {
    "normal": normal,
    "t3": t3,
    "gamma, skewness .5": gamma(0.5),
    "gamma, skewness 1": gamma(1),
    "exponential": EXPONENTIAL,
    "exponential, to the other side": negative(EXPONENTIAL),
    "exponential, every second to the other side": alternating(EXPONENTIAL),
    "one exponential, others normal": one_of(EXPONENTIAL),
    "exponential less a normal baseline": half_shared(EXPONENTIAL),
    "exponential less an exponential baseline": shared(EXPONENTIAL),
    "normal less a normal baseline": shared(normal),
    "lognormal, skewness 1": lognormal(1),
    "lognormal, skewness 2": lognormal(2),
    "lognormal, skewness 4": lognormal(4),
}
DISCRETE: dict[str, Draw] = {
    "Poisson, skewness 1": poisson(1.0),
    "Poisson, skewness 2": poisson(0.25),
    "normal, rounded": steps,
}
RARE = "one seed in eight fails by 2 points"
FAMILIES = SMOOTH | DISCRETE | {RARE: failures()}
