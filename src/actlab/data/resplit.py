"""A split for each seed: all samples of a data set in one pool, from which each seed cuts parts of its own.

The parts have the sizes of the standard split. Two seeds share most of their training samples and some test samples.
"""

from dataclasses import dataclass

import numpy as np

from actlab.data import pipelines, targets
from actlab.data.split import Part, Source, sizes_of, strata
from actlab.experiment import indices_of


@dataclass(frozen=True, eq=False)
class Pool:
    """Raw samples of all parts: `x` (n, ...) of any dtype, `y` int64 (n,), or float64 (n, targets).

    >>> from actlab.data import load
    >>> pool = load("digits", split="resplit").pool
    >>> pool.sizes, [len(index) for index in pool.indices(seed=1)], pool.parts(seed=1)[0].x.shape
    ((1078, 359, 360), [1078, 359, 360], (1078, 64))
    """

    x: np.ndarray
    y: np.ndarray
    sizes: tuple[int, int, int]  # training, validation, test
    classes: int  # 0: the targets are numbers
    pipeline: str = "standard"  # what is done to the inputs

    @staticmethod
    def of(source: Source, pipeline: str = "standard") -> "Pool":
        """All samples of a `source`, by this `pipeline`.

        >>> from actlab.data.split import Source
        >>> Pool.of(Source("two", "", (np.zeros((10, 3)), np.arange(10) % 2), classes=2)).sizes
        (6, 2, 2)
        """
        xs, ys = zip(*source.pairs.values(), strict=True)
        x = xs[0] if len(xs) == 1 else np.concatenate(xs)
        y = np.concatenate(ys)
        return Pool(x, y.astype(np.int64) if y.ndim == 1 else y, sizes_of(source), source.classes, pipeline)

    @property
    def targets(self) -> str:
        """What y holds: "classes" or "numbers"."""
        return "classes" if self.classes else "numbers"

    @property
    def outputs(self) -> int:
        """How many outputs a network has: one a class, or one a target."""
        return self.classes or self.y.shape[1]

    def indices(self, seed: int) -> list[np.ndarray]:
        """Which samples are in the `seed`'s training, validation and test part: int (n,) of each."""
        return indices_of(strata(self.y), self.sizes, seed)

    def parts(self, seed: int) -> list[Part]:
        """The `seed`'s training, validation and test part, by its pipeline from the seed's own training part alone."""
        indices = self.indices(seed)
        taken_out = pipelines.moments(self.pipeline, self.x[indices[0]])
        ys, _, _ = targets.prepared([self.y[index] for index in indices])
        xs = (pipelines.standardised(self.x[index], *taken_out) for index in indices)
        return [Part(x, y) for x, y in zip(xs, ys, strict=True)]
