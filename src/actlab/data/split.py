"""Which sample goes into which part. The same data give the same parts, everywhere and always."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actlab.errors import UserError

SPLITS = ("standard", "tutorial", "resplit")
SEED = 55_005  # fixed for good: results stored under a data set's content hash depend on it

Pair = tuple[np.ndarray, np.ndarray]  # samples (n, ...), labels (n,)


@dataclass(frozen=True, eq=False)
class Source:
    """A data set as it is on disk. What is None is cut from `train`."""

    title: str
    licence: str
    train: Pair
    valid: Pair | None
    test: Pair | None
    classes: int
    valid_one_in: int = 5  # with a test set given, one training sample in so many goes into the validation part
    values: np.ndarray | None = None  # the label of each class, where there are others than 0, 1, 2, ...
    said: tuple[str, ...] = ()  # what was made of the data, in words


@dataclass(frozen=True, eq=False)
class Part:
    """x: float32 (n, features), C-contiguous; y: int64 (n,)."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False)
class Cut:
    """The raw samples of one part, and all the samples of the file that they come from."""

    x: np.ndarray
    y: np.ndarray
    file: np.ndarray


def cut(source: Source, split: str) -> tuple[Cut, Cut, Cut | None]:
    """Training, validation and test part.

    "standard" has all three. "tutorial" is what many tutorials do, and what the standard split is there to prevent: all
    that may be trained on is trained on, the test samples are used for validation, and nothing is left for a test.
    """
    if split == "standard":
        return _standard(source)
    if source.test is None:
        train, valid, test = _standard(source)
        return _joined(train, valid), test, None
    train = _whole(source.train)
    if source.valid is not None:
        train = _joined(train, _whole(source.valid))
    return train, _whole(source.test), None


def _standard(source: Source) -> tuple[Cut, Cut, Cut]:
    train, valid, test = sizes_of(source)
    if source.valid is not None and source.test is not None:
        return _whole(source.train), _whole(source.valid), _whole(source.test)
    if source.test is not None:
        return *_cuts(source.train, (train, valid)), _whole(source.test)
    if source.valid is not None:
        first, last = _cuts(source.train, (train, test))
        return first, _whole(source.valid), last
    return tuple(_cuts(source.train, (train, valid, test)))


def sizes_of(source: Source) -> tuple[int, int, int]:
    """How many samples the training, validation and test part of the standard split have."""
    samples = len(source.train[1])
    valid, test = (None if pair is None else len(pair[1]) for pair in (source.valid, source.test))
    if valid is not None and test is not None:
        return samples, valid, test
    if test is not None:
        return *_sizes_of_two(samples, source.valid_one_in), test
    if valid is not None:
        train, test = _sizes_of_two(samples, 5)
        return train, valid, test
    return _sizes_of_three(samples)


def _sizes_of_two(samples: int, one_in: int) -> tuple[int, int]:
    return samples - samples // one_in, samples // one_in


def _sizes_of_three(samples: int) -> tuple[int, int, int]:
    """60, 20 and 20 per cent in whole samples; the last part takes what rounding leaves."""
    train, valid = 6 * samples // 10, 2 * samples // 10
    return train, valid, samples - train - valid


def _whole(pair: Pair) -> Cut:
    x, y = pair
    return Cut(x, y, file=x)


def _joined(first: Cut, second: Cut) -> Cut:
    x = np.concatenate((first.x, second.x))
    same = first.file is second.file
    return Cut(x, np.concatenate((first.y, second.y)), file=first.file if same else x)


def _cuts(pair: Pair, sizes: Sequence[int]) -> list[Cut]:
    x, y = pair
    return [Cut(x[index], y[index], file=x) for index in stratified(y, sizes)]


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
