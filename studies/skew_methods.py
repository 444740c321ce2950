"""Ways to an interval of a mean where differences may be skewed, many experiments at a time.

Each takes differences (E, S, A), less the truth or not, and gives the standard errors that the intervals reach below
and above their means, (E, A) each. All but empirical likelihood are simultaneous by the largest of all comparisons.

Legend: E experiments, S seeds, A comparisons, P patterns of signs or of weights.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from actlab.stats.critical import LEAST_SIGNED
from actlab.stats.skew import leaning, reach, skewness

ALPHA = 0.05
PATTERNS = 2048  # where there are more they are drawn; the package takes 100,000
RESAMPLES = 999
Reaches = tuple[np.ndarray, np.ndarray]
_AT_ONCE = 4_000_000  # numbers


def summaries(x_ESA: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard errors."""
    return x_ESA.mean(axis=1), x_ESA.std(axis=1, ddof=1) / math.sqrt(x_ESA.shape[1])


def _rest(x_ESA: np.ndarray) -> np.ndarray:
    return x_ESA - x_ESA.mean(axis=1, keepdims=True)


def signs(seeds: int) -> np.ndarray:
    if 2 ** (seeds - 1) <= PATTERNS:
        return 1.0 - 2.0 * ((np.arange(2 ** (seeds - 1))[:, None] << 1 >> np.arange(seeds)) & 1)
    return np.random.default_rng(0).choice([-1.0, 1.0], size=(PATTERNS, seeds))


def _parts(x_ESA: np.ndarray, patterns: int) -> list[np.ndarray]:
    experiments, _, arms = x_ESA.shape
    return np.array_split(x_ESA, max(1, experiments * arms * patterns // _AT_ONCE))


def critical(x_ESA: np.ndarray, alpha: float = ALPHA) -> np.ndarray:
    """(E, 1): what `critical.py` takes, by fewer patterns of signs."""
    experiments, seeds, arms = x_ESA.shape
    if seeds < LEAST_SIGNED:
        return np.full((experiments, 1), -special.stdtrit(seeds - 1, alpha / arms / 2))
    patterns_PS, found = signs(seeds), []
    for part in _parts(_rest(x_ESA), len(patterns_PS)):
        mean = np.einsum("ps,esa->epa", patterns_PS, part, optimize=True) / seeds
        square = (part**2).sum(axis=1)[:, None]
        t2 = mean**2 * seeds * (seeds - 1) / np.maximum(square - seeds * mean**2, 1e-12 * square)
        found.append(np.sort(np.sqrt(t2.max(axis=2)), axis=1))
    largest = np.concatenate(found)
    rank = int(alpha * (largest.shape[1] + (largest.shape[1] < 2 ** (seeds - 1))) + 1e-9)
    return largest[:, [-rank]]


def plain(x_ESA: np.ndarray) -> Reaches:
    c = np.broadcast_to(critical(x_ESA), (len(x_ESA), x_ESA.shape[2]))
    return c, c


def adopted(x_ESA: np.ndarray) -> Reaches:
    """What the package does: `skew.py`."""
    return leant(x_ESA, critical(x_ESA))


def leant(x_ESA: np.ndarray, c: np.ndarray) -> Reaches:
    """The reaches where (E, 1) critical values are known."""
    seeds, found = x_ESA.shape[1], skewness(x_ESA)
    low, high = leaning(found, np.full(found.shape, seeds))
    return reach(c, low, seeds), reach(c, high, seeds)


def wider(factor: float) -> Callable[[np.ndarray], Reaches]:
    return lambda x_ESA: tuple(factor * side for side in plain(x_ESA))  # type: ignore[return-value]


def johnson(x_ESA: np.ndarray) -> Reaches:
    """Johnson's interval: shifted by the skewness, as wide as before."""
    c, shift = critical(x_ESA), skewness(x_ESA) / (6 * math.sqrt(x_ESA.shape[1]))
    return c - shift, c + shift


def leading(factor: float, *, both: bool) -> Callable[[np.ndarray], Reaches]:
    """The leading term by each comparison's own skewness: on both sides, or widening only."""

    def found(x_ESA: np.ndarray) -> Reaches:
        c = critical(x_ESA)
        term = factor * skewness(x_ESA) * (1 + 2 * c**2) / (6 * math.sqrt(x_ESA.shape[1]))
        return (c - term, c + term) if both else (c + np.maximum(-term, 0), c + np.maximum(term, 0))

    return found


def _hall(y: np.ndarray, skew: np.ndarray, n: int) -> np.ndarray:
    """t at which Hall's cubic transformation of it is y."""
    g = np.where(np.abs(skew) < 1e-9, 1e-9, skew)
    return 3 / g * (np.cbrt(1 + g * (y / math.sqrt(n) - g / (6 * n))) - 1) * math.sqrt(n)


def hall(factor: float, *, widen: bool = False) -> Callable[[np.ndarray], Reaches]:
    """Hall's transformation of t, with the critical value that signs give to t."""

    def found(x_ESA: np.ndarray) -> Reaches:
        c, skew, n = critical(x_ESA), factor * skewness(x_ESA), x_ESA.shape[1]
        low, high = _hall(c, skew, n), -_hall(-c, skew, n)
        return (np.maximum(low, c), np.maximum(high, c)) if widen else (low, high)

    return found


def _resampled(part_ESA: np.ndarray, weights_PS: np.ndarray, *, wild: bool) -> tuple[np.ndarray, np.ndarray]:
    """t and skewness of each resample of what is left after the means, (E, P, A)."""
    n = part_ESA.shape[1]
    powers = (weights_PS, weights_PS**2, weights_PS**3) if wild else (weights_PS,) * 3
    first, second, third = (
        np.einsum("ps,esa->epa", weight, part_ESA**power, optimize=True) / n
        for power, weight in enumerate(powers, start=1)
    )
    variance = np.maximum(second - first**2, 1e-12 * (part_ESA**2).mean(axis=1)[:, None])
    skew = (third - 3 * first * second + 2 * first**3) / variance**1.5
    return first * math.sqrt(n - 1) / np.sqrt(variance), skew


def _weights(seeds: int, *, wild: bool) -> np.ndarray:
    g = np.random.default_rng(0)
    if not wild:
        return g.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES).astype(float)
    golden = (math.sqrt(5) + 1) / 2  # Mammen's two points: mean 0, variance 1, third moment 1
    return np.where(g.random((RESAMPLES, seeds)) < golden / math.sqrt(5), 1 - golden, golden)


def bootstrap(kind: str, *, wild: bool = False) -> Callable[[np.ndarray], Reaches]:
    """Bootstrap-t with seeds resampled for all comparisons at once: "symmetric", "equal tails" or "hall"."""

    def found(x_ESA: np.ndarray) -> Reaches:
        n, sides = x_ESA.shape[1], []
        weights_PS = _weights(n, wild=wild)
        for part in _parts(_rest(x_ESA), 3 * RESAMPLES):
            t, skew = _resampled(part, weights_PS, wild=wild)
            if kind == "equal tails":
                sides.append(_equal_tails(t))
                continue
            if kind == "hall":
                u = t / math.sqrt(n)
                t = math.sqrt(n) * (u + skew * u**2 / 3 + skew**2 * u**3 / 27 + skew / (6 * n))
            c = np.quantile(np.abs(t).max(axis=2), 1 - ALPHA, axis=1)[:, None]
            own = skewness(part)
            both = (_hall(c, own, n), -_hall(-c, own, n)) if kind == "hall" else (c + 0 * own, c + 0 * own)
            sides.append(both)
        low, high = zip(*sides, strict=True)
        return np.concatenate(low), np.concatenate(high)

    return found


def _equal_tails(t_EPA: np.ndarray) -> Reaches:
    """Ends at one rank from each end of each comparison's t, the rank at which all hold together."""
    patterns = t_EPA.shape[1]
    rank = t_EPA.argsort(axis=1).argsort(axis=1)
    nearest = np.minimum(rank, patterns - 1 - rank).min(axis=2)  # from the nearer end, over comparisons
    cut = np.sort(nearest, axis=1)[:, int(ALPHA * patterns)]
    ordered = np.sort(t_EPA, axis=1)
    place = cut[:, None, None]
    low = np.take_along_axis(ordered, patterns - 1 - place, axis=1)[:, 0]
    return low, -np.take_along_axis(ordered, place, axis=1)[:, 0]


def empirical_likelihood(x_ESA: np.ndarray) -> Reaches:
    """Owen's, with the F distribution in place of chi squared, at Bonferroni's level."""
    n, arms = x_ESA.shape[1:]
    limit = special.stdtrit(n - 1, ALPHA / arms / 2) ** 2
    _, error = summaries(x_ESA)
    rest = _rest(x_ESA)

    def side(d: np.ndarray) -> np.ndarray:
        inside, outside = np.zeros_like(error), d.max(axis=1)
        for _ in range(30):
            middle = (inside + outside) / 2
            far = _minus_two_log(d - middle[:, None]) > limit
            inside, outside = np.where(far, inside, middle), np.where(far, middle, outside)
        return inside / error

    return side(-rest), side(rest)


def _minus_two_log(z: np.ndarray) -> np.ndarray:
    """-2 log of the likelihood ratio of mean 0, by bisection of its multiplier."""
    most, least = z.max(axis=1), z.min(axis=1)
    low, high = -(1 - 1e-9) / most, -(1 - 1e-9) / least
    for _ in range(40):
        middle = (low + high) / 2
        above = (z / (1 + middle[:, None] * z)).sum(axis=1) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return 2 * np.log1p(middle[:, None] * z).sum(axis=1)


METHODS: dict[str, Callable[[np.ndarray], Reaches]] = {
    "largest absolute t under signs": plain,
    "the same, 1.15 times as wide": wider(1.15),
    "the same, 1.3 times as wide": wider(1.3),
    "Johnson's shift": johnson,
    "leading term, own skewness": leading(1, both=True),
    "leading term, own skewness, widening only": leading(1, both=False),
    "Hall's transformation": hall(1),
    "Hall's transformation, widening only": hall(1, widen=True),
    "bootstrap-t, symmetric": bootstrap("symmetric"),
    "bootstrap-t, equal tails": bootstrap("equal tails"),
    "bootstrap of Hall's transformation": bootstrap("hall"),
    "wild bootstrap with a third moment, equal tails": bootstrap("equal tails", wild=True),
    "empirical likelihood, F": empirical_likelihood,
    "leading term, skewness of all together, widening only": adopted,
}
