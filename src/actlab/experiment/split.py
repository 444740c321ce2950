"""Which samples go where, by numbers alone: the same labels and seed give the same parts, everywhere and always."""

from collections.abc import Sequence

import numpy as np

from actlab.errors import UserError
from actlab.experiment.streams import stream_seed

SEED = 55_005  # fixed for good: results stored under a data set's content hash depend on it


def indices_of(y: np.ndarray, sizes: tuple[int, int, int], seed: int) -> list[np.ndarray]:
    """Which samples of the pool are in the seed's training, validation and test part: the same for every activation.

    >>> [part.tolist() for part in indices_of(np.array([0, 1, 0, 1, 0, 1]), (2, 2, 2), seed=3)]
    [[0, 5], [2, 3], [1, 4]]
    """
    return stratified(y, sizes, stream_seed(seed, "split"))


def stratified(y: np.ndarray, sizes: Sequence[int], seed: int = SEED) -> list[np.ndarray]:
    """Indices into y for parts of exactly these sizes, every class in proportion, in no particular order.

    The first part keeps at least one sample of each class.

    >>> y = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1])
    >>> [np.bincount(y[index]).tolist() for index in stratified(y, (6, 3))]
    [[4, 2], [2, 1]]
    """
    assert sum(sizes) == len(y), (sizes, len(y))
    generator = np.random.PCG64(seed)
    order = _permutation(len(y), generator)
    _, class_of, counts = np.unique(y[order], return_inverse=True, return_counts=True)
    shares = [counts]
    for size in sizes[1:]:
        share = _apportion(shares[0], size)
        shares = [shares[0] - share, *shares[1:], share]
    part_of = np.empty(len(y), np.int8)
    for label, share in enumerate(np.transpose(shares)):
        part_of[class_of == label] = np.repeat(np.arange(len(sizes)), share)
    # A second order: in the first one a class that fills its share early would open the next part with a run.
    mixed = _permutation(len(y), generator)
    part_of[order] = part_of.copy()
    return [mixed[part_of[mixed] == part] for part in range(len(sizes))]


def _permutation(samples: int, generator: np.random.PCG64) -> np.ndarray:
    """A random order that depends on the generator alone.

    From the raw stream of the bit generator: numpy promises to keep that, while it may change the methods of Generator,
    `permutation` among them, from one version to the next (NEP 19).
    """
    return np.argsort(generator.random_raw(samples), kind="stable")


def _apportion(counts: np.ndarray, size: int) -> np.ndarray:
    """How many of each class make a part of this size: in proportion, largest remainders first, never a whole class."""
    total = int(counts.sum())
    counts = counts.astype(np.int64)
    share, remainder = np.divmod(counts * size, total)
    ranking = np.argsort(-remainder, kind="stable")
    while (short := size - int(share.sum())) > 0:
        roomy = ranking[(share + 1 < counts)[ranking]][:short]
        if not roomy.size:
            break
        share[roomy] += 1
    if size == 0 or short > 0:
        raise UserError(
            f"{total} samples in {len(counts)} classes are too few to cut a part of {size} from them and leave one of "
            "each class to learn from. Add samples, or give all three parts: x, x_valid, x_test and their y."
        )
    return share
