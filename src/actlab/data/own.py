"""Arrays of one's own, by name, into a Source: x and y, optionally x_valid and y_valid, x_test and y_test."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actlab.data import labels, tables, targets
from actlab.data.split import Source
from actlab.errors import UserError
from actlab.experiment import LOSSES

KEPT = "arrays.npz"  # in a run's folder: what came as arrays, so that the run can be asked for by its file
LAYOUT = (
    "Needed: x (samples, features; or images) and y (a label or number each), also called x_train and y_train; "
    "optional, in pairs: x_valid and y_valid, x_test and y_test."
)
_NAME = re.compile(r"([xy])(?:_?(train|valid|validation|val|test))?", re.IGNORECASE)
_SUFFIX = {None: "", "train": "", "test": "_test"}
_FORMS = (
    "data=(x, y), data=((x_train, y_train), (x_test, y_test)), a dict of such arrays, or data=frame with target=, the "
    "column to learn"
)
_AS_NUMBERS = (
    "The targets of {} are real numbers: networks learn them by the mean squared error (--loss mean_squared_error), "
    "with mean and deviation of the training part taken out. Classes would be whole numbers or text."
)


def known_name(key: str) -> str:
    """What an array is called here, or nothing for one that is not read.

    >>> [known_name(key) for key in ("X_train", "y", "x_val", "weights")]
    ['x', 'y', 'x_valid', '']
    """
    found = _NAME.fullmatch(key)
    return found[1].lower() + _SUFFIX.get(found[2] and found[2].lower(), "_valid") if found else ""


def given(what: Any, target: Any, loss: str = "") -> Source:
    """The data that were given in Python: arrays, tensors, lists, a data frame. UserError for what is none of these."""
    parts = list(what) if isinstance(what, tuple | list) else []
    features: tuple[str, ...] = ()
    if tables.is_frame(what):
        what, features = tables.arrays_of(what, target, "data")
    elif target not in (None, ""):
        raise UserError(f"target={target!r} names a column of a table; these data are a {type(what).__name__}.")
    elif 2 <= len(parts) <= 3 and all(map(_is_pair, parts)):
        named = zip(("", "_valid", "_test") if len(parts) == 3 else ("", "_test"), parts, strict=True)
        what = {f"{axis}{suffix}": value for suffix, pair in named for axis, value in zip("xy", pair, strict=True)}
    elif len(parts) == 2:
        what = dict(zip("xy", parts, strict=True))
    elif not isinstance(what, Mapping):
        held = f" of {len(parts)}" if parts else ""
        raise UserError(f"data is a {type(what).__name__}{held}; allowed are a name, a path, {_FORMS}.")
    return source(what, "data", KEPT.removesuffix(".npz"), features=features, loss=loss)


def source(
    arrays: Mapping[str, Any], where: str, title: str, said: Sequence[str] = (), features: tuple[str, ...] = (),
    loss: str = "",
) -> Source:  # fmt: skip
    """Named arrays, checked, as what a data set is made from. UserError says which cannot be used, and how many.

    Whether y are classes or numbers follows from the loss; where none is named, from y.
    """
    named = _named(arrays, where)
    features = tuple(map(str, named["x"].columns)) if tables.is_frame(named["x"]) else features
    inputs = {name: _inputs(name, value, where) for name, value in named.items() if name[0] == "x"}
    given = {name: array_of(name, value, where) for name, value in named.items() if name[0] == "y"}
    for name, y in given.items():
        samples, count = len(inputs["x" + name[1:]]), len(y) if y.ndim else "no"
        if samples != count:
            told = f"x{name[1:]} has {samples} samples but {name} has {count} labels ({where})"
            raise UserError(f"{told}; needed is one each.")
    for name, x in inputs.items():
        if x.shape[1:] != (shape := inputs["x"].shape[1:]):
            raise UserError(f"In {where} samples of {name} have shape {x.shape[1:]}, those of x {shape}. Align them.")
    values, told = np.empty(0), []
    if LOSSES[loss].targets == "numbers" if loss else targets.are_numbers(given):
        ys = targets.numbers_of(given, where)
        told = [] if loss else [_AS_NUMBERS.format(where)]
    else:
        ys, values, told = labels.classes_of(given, where)
    pairs = {name[1:]: (inputs["x" + name[1:]], y) for name, y in ys.items()}
    unused = [str(key) for key in arrays if not known_name(str(key))]
    left = [f"Of {where} not used: {', '.join(unused)}."] if unused else []
    return Source(
        title, "not stated: data of your own", pairs[""], pairs.get("_valid"), pairs.get("_test"), len(values),
        values=values if told and len(values) else None, features=features, said=(*said, *left, *told),
    )  # fmt: skip


def arrays_of(source: Source) -> dict[str, np.ndarray]:
    """The arrays that make this source again, with the same content, under their names."""
    found = {}
    for name, (x, y) in source.pairs.items():
        suffix = "" if name == "train" else f"_{name}"
        found |= {f"x{suffix}": x, f"y{suffix}": y if source.values is None else source.values[y]}
    return found


def array_of(name: str, value: Any, where: str) -> np.ndarray:
    """A tensor, a list, a column, ... as an array; of masked values as missing."""
    if hasattr(value, "detach"):  # a tensor of torch's, on whichever device
        value = value.detach().cpu()
        value = (value.float() if "bfloat16" in str(value.dtype) else value).numpy()
    if np.ma.is_masked(value):
        value = np.where(np.ma.getmaskarray(value), None, value.data)
    try:
        array = np.asarray(value)
        # of a list with text in it: as text a missing value would be the class "nan"
        return array if array.dtype.kind not in "US" or hasattr(value, "dtype") else np.asarray(value, object)
    except (TypeError, ValueError) as problem:
        raise UserError(
            f"{name} in {where} is a {type(value).__name__} that makes no array; are its rows of one length? {problem}."
        ) from None


def _named(arrays: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The arrays under the names that they have here, in pairs."""
    found: dict[str, str] = {}
    for key in map(str, arrays):
        if name := known_name(key):
            if name in found:
                raise UserError(f"{where} has both {found[name]} and {key}, which mean the same: leave one out.")
            found[name] = key
    wanted = {"x", "y"} | {f"{axis}{name[1:]}" for name in found for axis in "xy"}
    if missing := sorted(wanted - set(found)):
        held = ", ".join(sorted(map(str, arrays))) or "nothing"
        raise UserError(f"{where} has no array {', '.join(missing)}: it holds {held}. {LAYOUT}")
    return {name: arrays[found[name]] for name in sorted(found, key=len)}


def _is_pair(value: Any) -> bool:
    """Whether this is (x, y), and not two samples of x."""
    return isinstance(value, tuple | list) and len(value) == 2 and hasattr(value[0], "shape")


def _inputs(name: str, value: Any, where: str) -> np.ndarray:
    """Real numbers, (samples, ...), in the layout whose bits do not depend on how they came."""
    if tables.is_frame(value):
        return tables.matrix(value, f"{name} in {where}")
    x = array_of(name, value, where)
    if x.dtype.kind == "O" and x.ndim and (numbers := tables.real(x)) is not None:
        x = numbers
    if x.dtype.kind == "O" and x.ndim < 2:
        raise UserError(f"{name} in {where} is a {type(value).__name__} that is no table of numbers: {LAYOUT}")
    if x.dtype.kind not in "buif":
        raise UserError(f"{name} in {where} has dtype {x.dtype}; allowed are real numbers, as float32 or uint8.")
    if x.ndim < 2:
        raise UserError(
            f"{name} in {where} has shape {x.shape}; needed is (samples, features) or (samples, rows, ...); of one "
            f"feature {name}.reshape(-1, 1)."
        )
    if x.size == 0:
        raise UserError(f"{name} in {where} is empty, of shape {x.shape}. Give at least a few samples of each class.")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        bad = ~np.isfinite(x.reshape(len(x), -1))
        nan = np.isnan(x).sum()
        raise UserError(
            f"{name} holds {nan} NaN and {bad.sum() - nan} infinite values in {bad.any(axis=1).sum()} of {len(x)} "
            f"samples ({where}). Drop those samples or fill them: actlab does neither on its own."
        )
    return np.ascontiguousarray(x)
