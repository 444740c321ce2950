"""From raw samples to the float32 inputs of a network."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from actlab.data.split import Cut
from actlab.errors import UserError

PIPELINES = ("standard", "features", "published")
STANDARDISE = {"all": "standard", "features": "features"}  # in plain words
BLOCK_VALUES = 1 << 16  # converted at a time, so that the copy in float64 or uint16 stays in the cache


def check(pipeline: str, name: str, x: np.ndarray, split: str) -> None:
    """Refuse a pipeline that does not fit the samples or the split.

    Raises:
        UserError: "published" for anything but uint8 images of 28 x 28, and for parts from several files.
    """
    if pipeline != "published":
        return
    if x.shape[1:] != (28, 28) or x.dtype != np.uint8:
        shape = " x ".join(map(str, x.shape[1:]))
        raise UserError(
            f"The pipeline 'published' is defined for uint8 images of 28 x 28 only, {name!r} has {x.dtype} of {shape}. "
            "Use pipeline 'standard', or one of mnist, fashion_mnist, kmnist."
        )
    if split == "resplit":
        raise UserError(
            "The pipeline 'published' goes by the file that a sample comes from, the split 'resplit' mixes the files: "
            "use pipeline 'standard', or another split."
        )


def apply(pipeline: str, parts: list[Cut]) -> list[np.ndarray]:
    """The inputs of each part, float32 (n, features); the first part is the one trained on."""
    if pipeline == "published":
        return [_published(part) for part in parts]
    taken_out = moments(pipeline, parts[0].x)
    return [standardised(part.x, *taken_out) for part in parts]


def moments(pipeline: str, x: np.ndarray) -> tuple[Any, Any]:
    """Mean and deviation that are taken out of every part, from the samples trained on.

    One of each over all values ("standard"), or one for each feature ("features"), whose deviation is 1 where the
    feature is constant, so that it becomes 0.

    >>> [moment.tolist() for moment in moments("features", np.array([[1.0, 7.0], [3.0, 7.0]]))]
    [[2.0, 7.0], [1.0, 1.0]]
    """
    if pipeline != "features":
        return mean_and_std(x)
    rows = x.reshape(len(x), -1)
    mean, std = (np.empty(rows.shape[1]) for _ in range(2))
    width = max(1, 64 * BLOCK_VALUES // len(rows))  # features at a time, so that little is in memory as float64
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(mean), width):
            some = slice(start, start + width)
            mean[some] = np.mean(rows[:, some], axis=0, dtype=np.float64)
            std[some] = np.std(rows[:, some], axis=0, dtype=np.float64)
    still = (rows == rows[0]).all(axis=0)  # by comparison: the deviation of equal numbers need not be computed as 0
    mean[still], std[still] = rows[0, still], 0.0 if still.all() else 1.0
    return mean, std


def mean_and_std(x: np.ndarray, ddof: int = 0) -> tuple[float, float]:
    """Mean and standard deviation over all values, in float64.

    >>> mean_and_std(np.array([[1, 3]], np.uint8))
    (2.0, 1.0)
    """
    if x.dtype == np.uint8:  # exact in integers, and in a third of the time
        total = int(x.sum(dtype=np.uint64))
        squares = sum(int(np.square(block, dtype=np.uint16).sum(dtype=np.uint64)) for block in _blocks(x))
        variance = (x.size * squares - total * total) / (x.size * (x.size - ddof))
        return total / x.size, math.sqrt(variance)
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.mean(x, dtype=np.float64)), float(np.std(x, dtype=np.float64, ddof=ddof))


def standardised(x: np.ndarray, mean: float | np.ndarray, std: float | np.ndarray) -> np.ndarray:
    """float32 (n, features) with this mean and deviation, or those of each feature, taken out in float64."""
    if (bad := ~((np.asarray(std) > 0) & np.isfinite(std))).any():
        which = f"in feature {bad.argmax()} " if bad.ndim else ""
        mean, std = (np.ravel(moment)[bad.argmax()] for moment in (mean, std))
        raise UserError(
            f"The training samples have {which}mean {mean:g} and standard deviation {std:g}, so they cannot be "
            "standardised: all values are equal, or too large. Look at x before comparing anything on it."
        )
    out = np.empty((len(x), math.prod(x.shape[1:])), np.float32)
    for block, done in zip(_blocks(x.reshape(out.shape)), _blocks(out), strict=True):
        with np.errstate(over="ignore"):
            np.divide(np.subtract(block, mean, dtype=np.float64), std, out=done, casting="same_kind")
        if not np.isfinite(done).all():
            raise UserError(
                "Some samples lie so far from the training samples, more than 1e38 of their standard deviations, that "
                "they cannot be standardised. Look for a wrong value in x."
            )
    return out


def _blocks(x: np.ndarray) -> Iterator[np.ndarray]:
    """The samples, some at a time."""
    rows = max(1, BLOCK_VALUES // max(1, math.prod(x.shape[1:])))
    return (x[start : start + rows] for start in range(0, len(x), rows))


def _published(part: Cut) -> np.ndarray:
    """The inputs of a published tutorial, its mistake included.

    The tutorial normalises the images of a file by that file's own mean and standard deviation, to float32, and hands
    the array to PIL's Image.fromarray(..., mode="L"). Mode L is one byte a pixel, so PIL takes the first 784 of the
    3,136 bytes: an "image" is the bytes of the first 196 normalised pixels, the upper seven rows, read as grey values.
    """
    mean, std = mean_and_std(part.file, ddof=1)
    pixels = part.x[0].size
    seen = part.x.reshape(-1, pixels)[:, : pixels // 4].astype("<f4")
    seen -= np.float32(mean)
    seen /= np.float32(std)
    return np.divide(seen.view(np.uint8), np.float32(255), dtype=np.float32)
