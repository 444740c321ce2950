"""A data set in an .npz file, by the names of `own.LAYOUT`."""

import zipfile
from pathlib import Path

import numpy as np

from actlab.data import own
from actlab.data.split import Source
from actlab.errors import UserError


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
            for key in archive.files:
                # Other arrays are not read, but named.
                arrays[key] = archive[key] if own.known_name(key) else np.empty(0)
                if not isinstance(arrays[key], np.ndarray):
                    raise ValueError(f"{key} is no array")
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
