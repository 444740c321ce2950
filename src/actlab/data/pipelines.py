"""From raw samples to the float32 inputs of a network."""

import math
from collections.abc import Iterator

import numpy as np

from actlab.data.split import Cut
from actlab.errors import UserError

PIPELINES = ("standard", "published")
BLOCK_VALUES = 1 << 16  # converted at a time, so that the copy in float64 or uint16 stays in the cache


def check(pipeline: str, name: str, x: np.ndarray) -> None:
    """Refuse a pipeline that does not fit the samples.

    Raises:
        UserError: "published" for anything but uint8 images of 28 x 28.
    """
    if pipeline == "published" and (x.shape[1:] != (28, 28) or x.dtype != np.uint8):
        shape = " x ".join(map(str, x.shape[1:]))
        raise UserError(
            f"The pipeline 'published' is defined for uint8 images of 28 x 28 only, {name!r} has {x.dtype} of {shape}. "
            "Use pipeline 'standard', or one of mnist, fashion_mnist, kmnist."
        )


def apply(pipeline: str, parts: list[Cut]) -> list[np.ndarray]:
    """The inputs of each part, float32 (n, features); the first part is the one trained on."""
    if pipeline == "published":
        return [_published(part) for part in parts]
    mean, std = mean_and_std(parts[0].x)
    return [standardised(part.x, mean, std) for part in parts]


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


def standardised(x: np.ndarray, mean: float, std: float) -> np.ndarray:
    """float32 (n, features) with this mean and deviation taken out, computed in float64."""
    if not 0 < std < math.inf:
        raise UserError(
            f"The training samples have mean {mean:g} and standard deviation {std:g}, so they cannot be standardised: "
            "all values are equal, or too large. Look at x before comparing anything on it."
        )
    out = np.empty((len(x), math.prod(x.shape[1:])), np.float32)
    for block, done in zip(_blocks(x.reshape(out.shape)), _blocks(out), strict=True):
        np.divide(np.subtract(block, mean, dtype=np.float64), std, out=done, casting="same_kind")
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
