"""Which sample goes into which part. The same data give the same parts, everywhere and always."""

from dataclasses import dataclass

import numpy as np

from actlab.errors import UserError
from actlab.experiment import stratified

SPLITS = ("standard", "tutorial", "resplit")

Pair = tuple[np.ndarray, np.ndarray]  # samples (n, ...), and labels (n,) or numbers, float64 (n, targets)


@dataclass(frozen=True, eq=False)
class Source:
    """A data set as it is on disk. What is None is cut from `train`."""

    title: str
    licence: str
    train: Pair
    valid: Pair | None = None
    test: Pair | None = None
    classes: int = 0  # 0: the targets are numbers
    valid_one_in: int = 5  # with a test set given, one training sample in so many goes into the validation part
    values: np.ndarray | None = None  # the label of each class, where there are others than 0, 1, 2, ...
    features: tuple[str, ...] = ()  # their names, where they have some
    said: tuple[str, ...] = ()  # what was made of the data, in words

    @property
    def targets(self) -> str:
        return "classes" if self.classes else "numbers"

    @property
    def pairs(self) -> dict[str, Pair]:
        """The parts that there are, by name."""
        found = {"train": self.train, "valid": self.valid, "test": self.test}
        return {name: pair for name, pair in found.items() if pair is not None}


@dataclass(frozen=True, eq=False)
class Part:
    """`x`: float32 (n, features), C-contiguous; `y`: classes, int64 (n,), or numbers, float32 (n, targets).

    >>> from actlab.data import load
    >>> part = load("digits").train
    >>> part.x.shape, part.x.dtype, part.y[:3]
    ((1078, 64), dtype('float32'), array([0, 0, 8]))
    """

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
    if source.valid is not None and source.test is not None:
        return _whole(source.train), _whole(source.valid), _whole(source.test)
    given = (None, source.valid, source.test)
    sizes = [size for size, pair in zip(sizes_of(source), given, strict=True) if pair is None]
    x, y = source.train
    cuts = (Cut(x[index], y[index], file=x) for index in stratified(strata(y), sizes))
    train, valid, test = (next(cuts) if pair is None else _whole(pair) for pair in given)
    return train, valid, test


def strata(y: np.ndarray) -> np.ndarray:
    """What is cut in proportion: the classes; numbers are all of one kind."""
    return y if y.ndim == 1 else np.zeros(len(y), np.int64)


def sizes_of(source: Source) -> tuple[int, int, int]:
    """How many samples the training, validation and test part of the standard split have."""
    samples = given = len(source.train[1])
    valid, test = (None if pair is None else len(pair[1]) for pair in (source.valid, source.test))
    if valid is None and test is None:  # 60, 20 and 20 per cent; the last part takes what rounding leaves
        samples, valid = 6 * samples // 10, 2 * samples // 10
        test = given - samples - valid
    elif valid is None:
        valid = samples // source.valid_one_in
        samples -= valid
    elif test is None:
        test = samples // 5
        samples -= test
    assert valid is not None and test is not None
    if source.targets == "numbers" and not (samples and valid and test):  # of classes `stratified` says it
        raise UserError(
            f"{given} samples are too few to be cut into a training, a validation and a test part. Add samples, or "
            "give all three parts: x, x_valid, x_test and their y."
        )
    return samples, valid, test


def _whole(pair: Pair) -> Cut:
    x, y = pair
    return Cut(x, y, file=x)


def _joined(first: Cut, second: Cut) -> Cut:
    x = np.concatenate((first.x, second.x))
    same = first.file is second.file
    return Cut(x, np.concatenate((first.y, second.y)), file=first.file if same else x)
