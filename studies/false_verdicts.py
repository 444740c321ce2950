"""At least one false "better or worse", in experiments whose arms differ by chance alone: trained, or drawn like those.

Two readings: "seeds alone", 0 is outside the interval of an arm; "headline", it is outside the crossed interval too,
for other test examples.

Legend: A arms (the first is the baseline), S seeds, I test examples, L looks.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from wilson import share

from actlab.stats import LEAST_PAIRS, Comparison, compare
from actlab.stats.critical import simultaneous
from actlab.stats.intervals import ALPHA
from actlab.stats.sequential import sequential_critical

GROUPS = {"same start, own order": (1, 2, 3), "own start, own order": (4, 5, 6), "all six": (1, 2, 3, 4, 5, 6)}
COUNTS = (5, 8, 10, 20)
READINGS = ("seeds alone", "headline")
Draw = Callable[[np.random.Generator, int], np.ndarray]  # seeds -> (S, A) accuracies


def compared(
    right_ASI: np.ndarray, arms: Sequence[int], seeds: int, margin: float, *, sequential: bool = False
) -> list[Comparison]:
    """The first seeds of an experiment, as `actlab compare` reads them."""
    correct = {str(arm): dict(enumerate(right_ASI[arm, :seeds])) for arm in (0, *arms)}
    table = {arm: {seed: float(bits.mean()) for seed, bits in by_seed.items()} for arm, by_seed in correct.items()}
    return compare(table, margin=margin, correct=correct, sequential=sequential)


def claims(found: Iterable[Comparison]) -> set[str]:
    """The readings that claim a difference."""
    sure = [item for item in found if item.low > 0 or item.high < 0]
    stands = [item for item in sure if not item.only_here]
    return {reading for reading, items in zip(READINGS, (sure, stands), strict=True) if items}


def until_decided(right_ASI: np.ndarray, arms: Sequence[int], margin: float) -> tuple[int, bool, set[str], set[str]]:
    """Seeds at the last look, whether all was decided there, what it claims, and what any look from 5 on claims."""
    most = right_ASI.shape[1]
    end, decided, there, ever = 0, False, set[str](), set[str]()
    for seeds in range(LEAST_PAIRS, most + 1):
        found = compared(right_ASI, arms, seeds, margin, sequential=True)
        ever |= claims(found)
        if not end and (all(item.decided for item in found) or seeds == most):
            end, decided, there = seeds, all(item.decided for item in found), claims(found)
    return end, decided, there, ever


def trained(experiments: Iterable[np.ndarray], margin: float, counts: Sequence[int] = COUNTS) -> list[dict]:
    """Shares of experiments, (A, S, I) bits each, that make a false claim: by group, seeds and reading."""
    hits: Counter[tuple] = Counter()
    decided: Counter[str] = Counter()
    total = 0
    for right_ASI in experiments:
        total += 1
        for group, arms in GROUPS.items():
            for seeds in counts:
                hits.update((group, seeds, made) for made in claims(compared(right_ASI, arms, seeds, margin)))
            _, all_decided, there, ever = until_decided(right_ASI, arms, margin)
            decided[group] += all_decided
            hits.update((group, "until decided", made) for made in there)
            hits.update((group, "any look", made) for made in ever)
    keys = itertools.product(GROUPS, (*counts, "until decided", "any look"), READINGS)
    return [
        {"part": "trained", "arms": group, "seeds": seeds, "reading": reading}
        | ({"decided": decided[group] / total} if seeds == "until decided" else {})
        | share(hits[group, seeds, reading], total)
        for group, seeds, reading in keys
    ]


def normal(accuracy_RA: np.ndarray, examples: int) -> Draw:
    """Normal accuracies with the covariance of the rows given and equal means, rounded to test examples."""
    covariance, mean = np.cov(accuracy_RA.T), np.full(accuracy_RA.shape[1], accuracy_RA.mean())
    return lambda g, seeds: np.round(g.multivariate_normal(mean, covariance, seeds) * examples) / examples


def resampled(accuracy_RA: np.ndarray, together: int = 4) -> Draw:
    """Trained accuracies drawn anew, so that no arm is better by so much as chance in the rows given.

    The first arms of a row began with the same weights, each with an order of its own: they are exchangeable, and each
    drawn row has them in another sequence. The rest depend on nothing: each is drawn from anywhere among the same
    networks, so that all arms have one distribution.
    """
    pool_RB = accuracy_RA[:, :together]

    def draw(g: np.random.Generator, seeds: int) -> np.ndarray:
        same = g.permuted(pool_RB[g.integers(len(pool_RB), size=seeds)], axis=1)
        rest = g.choice(pool_RB.ravel(), size=(seeds, accuracy_RA.shape[1] - together))
        return np.hstack([same, rest])

    return draw


def drawn(draw: Draw, times: int, seeds: int) -> dict:
    """The share of drawn experiments with a false claim at so many seeds, and the ties among all differences."""
    g, wrong, ties = np.random.default_rng(seeds), 0, 0.0
    for _ in range(times):
        differences_SA = differences(draw(g, seeds))
        found = simultaneous(differences_SA)
        intervals = [found.interval(arm) for arm in range(len(found.n_A))]
        wrong += any(low > 0 or high < 0 for low, high in intervals)
        ties += float((differences_SA == 0).mean())
    return {"part": "drawn", "seeds": seeds, "ties": ties / times} | share(wrong, times)


def differences(accuracy_SA: np.ndarray) -> np.ndarray:
    """Arm minus baseline. Multiples of an example: rounded, so that equal ones are equal."""
    return np.round(accuracy_SA[:, 1:] - accuracy_SA[:, :1], 12)


def looks(differences_SA: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the intervals of the looks after 5, 6, ... seeds, (L, A) each, as `compare` gives them."""
    seeds, arms = differences_SA.shape
    n = np.arange(1, seeds + 1)[:, None]
    means = differences_SA.cumsum(axis=0) / n
    squares = (differences_SA**2).cumsum(axis=0) - n * means**2
    error = np.sqrt(np.maximum(squares, 0) / np.maximum(n - 1, 1) / n)
    critical = np.array([sequential_critical(count, ALPHA / arms) for count in range(1, seeds + 1)])[:, None]
    reach, kept = critical[LEAST_PAIRS - 1 :] * error[LEAST_PAIRS - 1 :], means[LEAST_PAIRS - 1 :]
    return kept - reach, kept + reach


def drawn_looks(draw: Draw, times: int, most: int, margin: float) -> list[dict]:
    """As `until_decided`, by the seeds alone: the claims where the looks end, and at any look."""
    g, there, ever, decided = np.random.default_rng(most), 0, 0, 0
    for _ in range(times):
        low, high = looks(differences(draw(g, most)))
        sure, within = (low > 0) | (high < 0), (low > -margin) & (high < margin)
        done = (sure | within).all(axis=1)
        end = int(done.argmax()) if done.any() else len(done) - 1
        there += bool(sure[end].any())
        ever += bool(sure.any())
        decided += bool(done.any())
    row = {"part": "drawn"}
    return [
        row | {"seeds": "until decided", "decided": decided / times} | share(there, times),
        row | {"seeds": "any look"} | share(ever, times),
    ]
