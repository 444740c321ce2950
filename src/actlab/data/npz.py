"""A data set in an .npz file, by the names of `own.LAYOUT`."""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from actlab.data import own
from actlab.data.split import Source
from actlab.errors import UserError
from actlab.experiment import free_memory

_TIMES = 3  # the memory that training needs at most, in sizes of the arrays that are read


def read(path: Path, loss: str = "") -> Source:
    """The arrays of the file, checked.

    Raises:
        UserError: no such file, no .npz, or arrays that cannot be trained on; the text says which and how many.
    """
    how = f"Write it with np.savez(path, x=x, y=y). {own.LAYOUT}"
    if not path.is_file():
        raise UserError(f"There is no file {path}. {how}")
    if not zipfile.is_zipfile(path):
        raise UserError(f"{path} is not an intact .npz archive. {how}")
    arrays, key = {}, ""
    try:
        with np.load(path, allow_pickle=False) as archive:  # of objects, which could run code
            _need_room(archive, path)
            for key in archive.files:
                # Other arrays are not read, but named.
                arrays[key] = archive[key] if own.known_name(key) else np.empty(0)
                _need_text(arrays[key])
    except UserError:
        raise
    except Exception as problem:  # a damaged archive makes NumPy and zipfile raise almost anything
        if "Object arrays" in str(problem):
            mend = (
                f"np.asarray({key}, dtype=str) where they are text"
                if own.known_name(key)[:1] == "y"
                else f"np.asarray({key}, dtype=np.float32); rows of unequal length are often the cause"
            )
            raise UserError(
                f"{key} in {path} is an array of Python objects (dtype object), which could run code when it is read. "
                f"Write it as {mend}."
            ) from problem
        raise UserError(f"{path} is damaged ({problem}). {how}") from problem
    return own.source(arrays, str(path), path.stem, loss=loss)


def _need_room(archive: Any, path: Path) -> None:
    """Before anything is allocated: a header may claim any size, and zeros are packed a thousandfold."""
    members = {info.filename.removesuffix(".npy"): info for info in archive.zip.infolist()}
    members = {key: info for key, info in members.items() if own.known_name(key)}
    held, free = sum(info.file_size for info in members.values()), free_memory()
    if _TIMES * held > free:
        raise UserError(
            f"{path} holds arrays of {held / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB of memory are free: training takes "
            f"up to {_TIMES} times as much as they do. Give fewer samples, or smaller numbers, as float32 or uint8."
        )
    for key, info in members.items():
        with archive.zip.open(info) as file:
            version = np.lib.format.read_magic(file)
            how = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = how(file)
        if math.prod(shape) * dtype.itemsize > info.file_size and not dtype.hasobject:
            raise ValueError(f"{key} is said to have shape {shape} of {dtype}, more than the file holds")


def _need_text(array: np.ndarray) -> None:
    """NumPy takes any four bytes for a character; from some, Python makes none."""
    if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        codes = np.ascontiguousarray(array).view(array.dtype.str[0].replace("|", "=") + "u4")
        if codes.max() > 0x10FFFF:
            raise ValueError("it holds text with characters that there are not")
