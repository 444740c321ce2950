"""A split for each seed: all samples of a data set in one pool, from which each seed cuts parts of its own.

The parts have the sizes of the standard split. Two seeds share most of their training samples and some test samples.
"""

from dataclasses import dataclass

import numpy as np

from actlab.data import pipelines
from actlab.data.split import Part, Source, sizes_of
from actlab.experiment import indices_of


@dataclass(frozen=True, eq=False)
class Pool:
    """Raw samples of all parts: x (n, ...), y int64 (n,); and how many each part takes of them."""

    x: np.ndarray
    y: np.ndarray
    sizes: tuple[int, int, int]  # training, validation, test
    classes: int
    pipeline: str = "standard"

    @staticmethod
    def of(source: Source, pipeline: str = "standard") -> "Pool":
        xs, ys = zip(*source.pairs.values(), strict=True)
        x = xs[0] if len(xs) == 1 else np.concatenate(xs)
        return Pool(x, np.concatenate(ys).astype(np.int64), sizes_of(source), source.classes, pipeline)

    def parts(self, seed: int) -> list[Part]:
        """The seed's training, validation and test part, by its pipeline from the seed's own training part alone."""
        indices = indices_of(self.y, self.sizes, seed)
        taken_out = pipelines.moments(self.pipeline, self.x[indices[0]])
        return [Part(pipelines.standardised(self.x[index], *taken_out), self.y[index]) for index in indices]
