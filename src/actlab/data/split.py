"""Which sample goes into which part. The same data give the same parts, everywhere and always."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actlab.experiment import stratified

SPLITS = ("standard", "tutorial", "resplit")

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
