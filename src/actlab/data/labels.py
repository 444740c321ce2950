"""Labels as people have them into classes 0, 1, 2, ...: numbers, text, columns, one-hot rows."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from actlab.errors import UserError

_QUANTITY, _FEW = 20, 5  # more values than these, each on fewer samples: a quantity rather than classes
_WORDS = {"f": "real numbers", "M": "dates", "m": "times", "c": "complex numbers", "V": "records"}
_ONE_EACH = "needed is one label a sample"
_AS_NUMBERS = "--loss mean_squared_error (loss=)"


def is_missing(value: Any) -> bool:
    """Whether this stands for no value, in whatever package's way.

    >>> [is_missing(value) for value in (None, float("nan"), "nan", 0)]
    [True, True, False, False]
    """
    return value is None or (not isinstance(value, str) and str(value) in ("nan", "NaN", "NaT", "<NA>", "--"))


def classes_of(given: Mapping[str, np.ndarray], where: str) -> tuple[dict[str, np.ndarray], np.ndarray, list[str]]:
    """The class of each sample, the label of each class, and in words what was made of the labels.

    Labels that are 0, 1, 2, ... already stay as they are; others are numbered in their sorted order.

    Args:
        given: one array for each part of the data, the one to train on first.

    Raises:
        UserError: labels that are missing, of several kinds, a quantity, or of one class alone.

    >>> classes_of({"y": np.array(["b", "a", "b"])}, "pets")[0]["y"].tolist()
    [1, 0, 1]
    """
    flat = {name: _plain(name, _flat(name, y, where), where) for name, y in given.items()}
    if len({y.dtype.kind == "U" for y in flat.values()}) > 1:
        raise UserError(f"In {where} some of {', '.join(flat)} are text and some are numbers: write all in one way.")
    values = np.unique(np.concatenate(list(flat.values())))
    if len(values) < 2:
        raise UserError(f"All labels in {where} are {_word(values[0])}: a comparison needs two classes or more.")
    name, learned = next(iter(flat.items()))
    if (unseen := np.setdiff1d(values, learned)).size:
        raise UserError(
            f"{name} in {where} has no example of {len(unseen)} of {len(values)} classes ({_listed(unseen)}), which "
            "another part has: a network cannot learn them. Add samples, or leave these out of every part."
        )
    if values.dtype.kind != "U" and np.array_equal(values, np.arange(len(values))):
        return flat, values, []
    if len(values) > max(_QUANTITY, len(learned) // _FEW):
        raise _quantity(f"{name} in {where} has {len(values)} different values ({_listed(values)}) in {len(learned)}")
    said = f"The {len(values)} labels of {where} ({_listed(values)}) become classes 0 to {len(values) - 1}."
    return {name: np.searchsorted(values, y).astype(np.int64) for name, y in flat.items()}, values, [said]


def _flat(name: str, y: np.ndarray, where: str) -> np.ndarray:
    """One label a sample, from a column or from one-hot rows."""
    if y.ndim == 2 and y.shape[1] == 1:
        return y[:, 0]
    if y.ndim == 2 and y.dtype.kind in "buif":
        if not (((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()):
            raise UserError(
                f"{name} in {where} has shape {y.shape} and is not one-hot (a single 1 a row, the rest 0): {_ONE_EACH}"
                f". Several numbers a sample are learned with {_AS_NUMBERS}."
            )
        return y.argmax(axis=1)
    if y.ndim != 1:
        raise UserError(f"{name} in {where} has shape {y.shape}; {_ONE_EACH}, (samples,), or one-hot rows.")
    return y


def _plain(name: str, y: np.ndarray, where: str) -> np.ndarray:
    """Whole numbers or text, without gaps."""
    if y.dtype.kind in "fO":
        missing = np.isnan(y) if y.dtype.kind == "f" else np.array([is_missing(value) for value in y], bool)
        if missing.any():
            raise UserError(
                f"{name} in {where} lacks {missing.sum()} of {len(y)} labels, the first of sample {missing.argmax()}: "
                "drop those samples, or name the class that they are of."
            )
    if y.dtype.kind == "O":
        texts = {isinstance(value, str) for value in y}
        if len(texts) > 1:
            raise UserError(f"{name} in {where} holds text and other values: write all labels in one way.")
        try:
            whole = all(isinstance(value, Integral) for value in y)  # beyond 64 bits they stay objects, and become text
            y = y.astype(str) if texts == {True} else np.array(y.tolist()) if whole else y.astype(float)
        except (TypeError, ValueError, OverflowError):
            raise UserError(
                f"{name} in {where} holds {type(y[0]).__name__} objects; labels are whole numbers or text."
            ) from None
    if y.dtype.kind == "S":
        try:
            return np.char.decode(y, "utf-8")
        except UnicodeDecodeError:
            raise UserError(f"{name} in {where} holds bytes that are no text in UTF-8: write it as text.") from None
    if y.dtype.kind in "OU":
        return y.astype(str)
    if y.dtype == np.float16:  # beside which 2**53 is infinite
        y = y.astype(np.float32)
    exact = (np.trunc(y) == y) & (abs(y) < 2**53) if y.dtype.kind == "f" else np.full(len(y), y.dtype.kind == "b")
    if exact.all() or (y.dtype == np.uint64 and 2**53 < y.max() < 2**63):  # floats, beside int64
        return y.astype(np.int64)
    if y.dtype.kind not in "ui":
        held = f"{name} in {where} holds {_WORDS.get(y.dtype.kind, y.dtype)}, such as {_word(y[~exact][0])},"
        raise _quantity(f"{held} in {len(y)}")
    return y


def _quantity(what: str) -> UserError:
    return UserError(
        f"{what} samples: more like a quantity than classes, which are whole numbers or text. Numbers are learned as "
        f"they are with {_AS_NUMBERS}, or made into classes first, for example with pandas.qcut(y, 4, labels=False); "
        "of names group the rare ones."
    )


def _word(value: Any) -> str:
    return repr(str(value)) if isinstance(value, str) else str(value)


def _listed(values: np.ndarray) -> str:
    return some([*map(_word, values)])


def some(names: Sequence[str], most: int = 5) -> str:
    """The first of them, for a message."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
