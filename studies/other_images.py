"""Does the crossed interval, of a few seeds on some test images, hold for other seeds on other images?

The interval is for the mean over all seeds and all images; what is seen of that mean is a target, many other seeds on
the other images, which has a chance error of its own, above all that of its images. Interval and target share neither
seeds nor images, so the variance of their distance is V1 + V2, each by var_seed/n + var_image/I + var_rest/(n I) of its
own n and I; were the target free of error it would be V1: so the interval, widened by the constant factor
sqrt(1 + V2/V1), must hold the target as often as the interval itself holds the mean over all.

The three variances are taken from all seeds and images there are (mean squares of the two-way table), not from the few
that an interval saw: the factor cannot mend an interval whose own error is wrong. Seeds and images are drawn without
being put back. From a finite table, too, V1 + V2 is the mean square of the distance: that of the means of n of N values
and of the others is S^2 (1/n + 1/(N - n)), for seeds and for images; what is left has sums of 0 along both, so that its
sum over the target is that over the interval's block; added up, the parts are V1 + V2 (a test counts all splits).

Legend: N seeds and I images in all, S seeds of an interval.
"""

import dataclasses

import numpy as np
from wilson import share

from actlab.stats import compare


@dataclasses.dataclass(frozen=True)
class Pool:
    """An arm and its baseline on the same seeds and images: which were right, (N, I) each."""

    baseline_NI: np.ndarray
    arm_NI: np.ndarray

    def differences(self) -> np.ndarray:
        return self.arm_NI.astype(np.int8) - self.baseline_NI.astype(np.int8)


@dataclasses.dataclass(frozen=True)
class Variances:
    """The sources of a difference's chance: seeds, images, and what is left."""

    seed: float
    image: float
    rest: float

    def of_mean(self, seeds: int, images: int) -> float:
        return self.seed / seeds + self.image / images + self.rest / (seeds * images)


def variances(differences_NI: np.ndarray) -> Variances:
    """By the mean squares of the two-way table; what comes out below 0 is 0."""
    seeds, images = differences_NI.shape
    by_seed, by_image = differences_NI.mean(axis=1), differences_NI.mean(axis=0)
    seed = images * float(by_seed.var(ddof=1))
    image = seeds * float(by_image.var(ddof=1))
    total = float(differences_NI.astype(np.float64).var()) * seeds * images
    rest = (total - seed * (seeds - 1) - image * (images - 1)) / ((seeds - 1) * (images - 1))
    return Variances(max(0.0, (seed - rest) / images), max(0.0, (image - rest) / seeds), rest)


def crossed_interval(pool: Pool, seeds_S: np.ndarray, images: np.ndarray) -> tuple[float, float]:
    """As `actlab compare` gives it where this is the only comparison."""
    both = {"baseline": pool.baseline_NI, "arm": pool.arm_NI}
    correct = {name: dict(enumerate(right_NI[np.ix_(seeds_S, images)])) for name, right_NI in both.items()}
    table = {name: {seed: float(b.mean()) for seed, b in by_seed.items()} for name, by_seed in correct.items()}
    [found] = compare(table, correct=correct)
    return found.crossed_low, found.crossed_high


def coverage(pool: Pool, seeds: int, images: int, times: int) -> dict:
    """How often the interval of so many random seeds and images holds the mean of the other seeds on the others."""
    g, differences_NI = np.random.default_rng(seeds), pool.differences()
    total, of_images = differences_NI.shape
    sums_I = differences_NI.sum(axis=0, dtype=np.int64)
    by = variances(differences_NI)
    own = by.of_mean(seeds, images)
    whole = own + by.of_mean(total - seeds, of_images - images)
    held = bare = 0
    distances, reaches = np.empty(times), np.empty(times)
    for k in range(times):
        order, chosen = g.permutation(of_images), g.choice(total, seeds, replace=False)
        low, high = crossed_interval(pool, chosen, order[:images])
        others = order[images:]
        target = (sums_I[others] - differences_NI[np.ix_(chosen, others)].sum(axis=0)).mean() / (total - seeds)
        middle, reach = (low + high) / 2, (high - low) / 2
        held += bool(abs(middle - target) <= reach * np.sqrt(whole / own))
        bare += bool(abs(middle - target) <= reach)
        distances[k], reaches[k] = middle - target, reach
    return {
        "part": "other images", "seeds": seeds, "images": images, "target_seeds": total - seeds,
        "target_images": of_images - images, "difference": 100 * float(differences_NI.mean()),
        "image_share": by.image / images / own, "factor": float(np.sqrt(whole / own)),
        "as_it_is": bare / times, "distance_ratio": float((distances**2).mean() / whole),
        "half_width": 100 * float(np.median(reaches)),
    } | share(held, times)  # fmt: skip
