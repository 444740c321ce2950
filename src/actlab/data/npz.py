"""A data set in an .npz file: x and y, optionally x_valid and y_valid, x_test and y_test."""

import itertools
import zipfile
from pathlib import Path

import numpy as np

from actlab.data.split import Source
from actlab.errors import UserError

KEYS = ("x", "y", "x_valid", "y_valid", "x_test", "y_test")


def read(path: Path) -> Source:
    """The arrays of the file, checked.

    Raises:
        UserError: no such file, no .npz, or arrays that cannot be trained on; the text says which and how many.
    """
    arrays = _arrays(path)
    _check_keys(arrays, path)
    pairs = {}
    for suffix in ("", "_valid", "_test"):
        if f"x{suffix}" in arrays:
            pairs[suffix] = (arrays[f"x{suffix}"], arrays[f"y{suffix}"])
            _check_x(f"x{suffix}", pairs[suffix][0], path)
            _check_y(f"y{suffix}", f"x{suffix}", *pairs[suffix], path)
    _check_shapes(pairs, path)
    return Source(
        title=path.stem,
        licence="not stated: a file of your own",
        train=pairs[""],
        valid=pairs.get("_valid"),
        test=pairs.get("_test"),
        classes=_classes(pairs, path),
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Every known array of the file. Objects are refused: reading them could run code."""
    if not path.is_file():
        raise UserError(f"There is no file {path}. Give the path of an .npz file with arrays x and y.")
    if not zipfile.is_zipfile(path):
        raise UserError(f"{path} is not an intact .npz archive. Write it with np.savez(path, x=x, y=y).")
    try:
        with np.load(path, allow_pickle=False) as archive:
            # Other arrays are not read, but named if one of ours is missing.
            arrays = {key: archive[key] if key in KEYS else np.empty(0) for key in archive.files}
        for key, array in arrays.items():
            if not isinstance(array, np.ndarray):
                raise ValueError(f"{key} is no array")
        return arrays
    except Exception as problem:  # a damaged archive makes NumPy and zipfile raise almost anything
        if "Object arrays" in str(problem):
            raise UserError(
                f"{path} holds an array of Python objects (dtype object), often from rows of unequal length. "
                "Make it numeric: np.asarray(x, dtype=np.float32)."
            ) from problem
        raise UserError(f"{path} is damaged ({problem}). Write it again with np.savez(path, x=x, y=y).") from problem


def _check_keys(arrays: dict[str, np.ndarray], path: Path) -> None:
    wanted = {"x", "y"} | {f"{axis}{suffix}" for key in arrays for suffix in _suffix(key) for axis in "xy"}
    missing = sorted(wanted - set(arrays))
    if missing:
        raise UserError(
            f"{path} has no array {', '.join(missing)}: it holds {', '.join(sorted(arrays)) or 'nothing'}. "
            "Needed: x (n, ...) and y (n,); optional, in pairs: x_valid and y_valid, x_test and y_test."
        )


def _suffix(key: str) -> tuple[str, ...]:
    return (key[1:],) if key in KEYS else ()


def _check_x(name: str, x: np.ndarray, path: Path) -> None:
    if x.dtype.kind not in "buif":
        raise UserError(f"{name} in {path} has dtype {x.dtype}; allowed are real numbers, as float32 or uint8.")
    if x.ndim < 2:
        raise UserError(f"{name} in {path} has shape {x.shape}; needed is (samples, features) or (samples, rows, ...).")
    if x.size == 0:
        raise UserError(f"{name} in {path} is empty, of shape {x.shape}. Write at least a few samples of each class.")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        bad = ~np.isfinite(x.reshape(len(x), -1))
        nan = np.isnan(x).sum()
        raise UserError(
            f"{name} holds {nan} NaN and {bad.sum() - nan} infinite values in {bad.any(axis=1).sum()} of {len(x)} "
            f"samples ({path}). Drop those samples or fill them: actlab does neither on its own."
        )


def _check_y(name: str, x_name: str, x: np.ndarray, y: np.ndarray, path: Path) -> None:
    if y.ndim != 1:
        raise UserError(f"{name} in {path} has shape {y.shape}; needed is one label a sample, ({len(x)},).")
    if len(y) != len(x):
        raise UserError(f"{x_name} has {len(x)} samples but {name} has {len(y)} labels ({path}); needed is one each.")
    if y.dtype.kind not in "ui":
        raise UserError(f"{name} in {path} has dtype {y.dtype}; labels are integers: {name}.astype(np.int64).")
    if y.min() < 0:
        count = (y < 0).sum()
        raise UserError(f"{name} in {path} holds {count} negative labels, the lowest {y.min()}; labels start at 0.")


def _check_shapes(pairs: dict[str, tuple[np.ndarray, np.ndarray]], path: Path) -> None:
    shape = pairs[""][0].shape[1:]
    for suffix, (x, _) in pairs.items():
        if x.shape[1:] != shape:
            raise UserError(f"In {path} samples of x{suffix} have shape {x.shape[1:]}, those of x {shape}. Align them.")


def _classes(pairs: dict[str, tuple[np.ndarray, np.ndarray]], path: Path) -> int:
    """The number of classes, the highest label plus one; each must have a sample to learn from."""
    classes = max(int(y.max()) for _, y in pairs.values()) + 1
    present = set(np.unique(pairs[""][1]).tolist())
    if classes < 2:
        raise UserError(f"All labels in {path} are 0: a comparison needs two classes or more.")
    missing = classes - len(present)
    if missing:
        first = list(itertools.islice((label for label in range(classes) if label not in present), 5))
        shown = ", ".join(map(str, first)) + (", ..." if missing > len(first) else "")
        raise UserError(
            f"The labels in {path} go up to {classes - 1}, so there are {classes} classes, but y has no example of "
            f"{missing} of them ({shown}). Number the classes 0, 1, 2, ... without gaps, "
            "for example by np.unique(y, return_inverse=True)."
        )
    return classes
