"""Targets that are numbers: recognised, read as float64 (samples, targets), standardised by the training part."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np

from actlab.data import tables
from actlab.data.labels import is_missing
from actlab.errors import UserError


def are_numbers(given: Mapping[str, np.ndarray]) -> bool:
    """Whether these look like quantities: numbers in every part, and somewhere one that is not whole.

    >>> [are_numbers({"y": np.array(y)}) for y in ([0.5, 1.0], [0.0, 1.0], ["0.5", "1"])]
    [True, False, False]
    """
    if any(y.dtype.kind not in "buifO" for y in given.values()):
        return False
    objects = [value for y in given.values() if y.dtype.kind == "O" for value in y.ravel() if not is_missing(value)]
    if not all(isinstance(value, Real | Decimal) for value in objects):
        return False
    floats = [y.ravel() for y in given.values() if y.dtype.kind == "f"]
    fractions = tables.real(np.array([value for value in objects if not isinstance(value, Integral)], object))
    floats += [fractions] if fractions is not None else []
    with np.errstate(invalid="ignore"):  # of a NaN that signals
        return any((np.isfinite(y) & (y != np.trunc(y))).any() for y in floats)


def numbers_of(given: Mapping[str, np.ndarray], where: str) -> dict[str, np.ndarray]:
    """The targets of each part, float64 (samples, targets).

    Raises:
        UserError: targets that are missing, infinite or no numbers, or of another number in another part.

    >>> numbers_of({"y": np.array([0.5, 2.0])}, "here")["y"].tolist()
    [[0.5], [2.0]]
    """
    found = {name: _rows(name, y, where) for name, y in given.items()}
    widths = {name: y.shape[1] for name, y in found.items()}
    if len(set(widths.values())) > 1:
        told = ", ".join(f"{name} {width}" for name, width in widths.items())
        raise UserError(f"In {where} the parts have several numbers of targets a sample ({told}): align them.")
    return found


def prepared(parts: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """What networks are trained on, the first part, and measured on: classes int64, numbers float32 standardised.

    Beside it the mean and deviation (T,) of the first part's numbers, which are taken out of all; of classes none.

    Raises:
        UserError: numbers of which the first part has no two different ones, or too large ones.

    >>> [part.tolist() for part in prepared([np.array([[1.0], [3.0]]), np.array([[4.0]])])[0]]
    [[[-1.0], [1.0]], [[2.0]]]
    """
    if parts[0].ndim == 1:
        return [y.astype(np.int64) for y in parts], np.empty(0), np.empty(0)
    train = parts[0]
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = train.mean(axis=0), train.std(axis=0)
    still = (train == train[0]).all(axis=0)  # by comparison: the deviation of equal numbers need not be computed as 0
    if (bad := still | ~(deviation > 0) | ~np.isfinite(deviation)).any():
        place = int(bad.argmax())
        which = f"target {place}" if len(bad) > 1 else "the target"
        held = f"is {train[0, place]:g} in each" if still[place] else f"has deviation {deviation[place]:g} over all"
        raise UserError(
            f"In training {which} {held} of {len(train)} samples, so that it cannot be standardised: there is nothing "
            "to learn where all values are equal, and too large ones have no mean. Look at y."
        )
    with np.errstate(over="ignore"):
        return [((y - mean) / deviation).astype(np.float32) for y in parts], mean, deviation


def _rows(name: str, y: np.ndarray, where: str) -> np.ndarray:
    if y.ndim > 2 or 0 in y.shape:
        raise UserError(
            f"{name} in {where} has shape {y.shape}; needed is one number a sample, (samples,), or several, "
            "(samples, targets)."
        )
    values = tables.real(y)
    if values is None:
        wrong = [place for place, value in enumerate(y.ravel()) if not _is_number(value)] or [0]
        first, sample = str(y.ravel()[wrong[0]]), wrong[0] // (y.size // len(y))
        raise UserError(
            f"{name} in {where} holds text or other values that are no numbers, the first is {first!r} of sample "
            f"{sample}, and the loss mean_squared_error takes numbers: mend these, or leave it out where "
            "they are classes."
        )
    rows = np.ascontiguousarray(values.reshape(len(values), -1))
    bad = ~np.isfinite(rows)
    if bad.any():
        nan = np.isnan(rows).sum()
        short = bad.any(axis=1)
        raise UserError(
            f"{name} in {where} holds {nan} missing (NaN) and {bad.sum() - nan} infinite targets in {short.sum()} of "
            f"{len(rows)} samples, the first is sample {short.argmax()}. Drop them: actlab does not on its own. "
            "Of numbers beyond 1e308 take logarithms."
        )
    return rows


def _is_number(value: Any) -> bool:
    """Whether it is one, is missing, or is at least written as a number is."""
    if isinstance(value, str):
        return tables.NUMBER.fullmatch(value) is not None
    return is_missing(value) or isinstance(value, Real | Decimal)
