"""Files that are written whole or not at all, and words for what a disk can refuse."""

import contextlib
import errno
import io
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from actlab.errors import UserError


def packed(array: np.ndarray) -> bytes:
    """An array as the bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def write_text(file: Path, text: str) -> None:
    write_bytes(file, text.encode("utf-8"))


def write_bytes(file: Path, content: bytes) -> None:
    write_by(file, lambda handle: handle.write(content))


def write_by(file: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a file whole or not at all; what `write` writes need not be in memory as a whole."""
    new = file.with_name(file.name + ".new")
    try:
        new.unlink(missing_ok=True)  # a link there would lead elsewhere
        with open(new, "xb") as handle:
            write(handle)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(new, file)
    except OSError:
        new.unlink(missing_ok=True)
        raise


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what a disk can refuse into words."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        advice = _space(path) if "full" in str(error) or "I/O" in str(error) else "Is it a run's database, and whole?"
        raise UserError(f"{path} cannot be written: {error}. {advice}") from None
    except OSError as error:
        advice = _space(path) if error.errno in _FULL else "Choose another folder with --out."
        raise UserError(f"{path} cannot be written: {error.strerror or error}. {advice}") from None


def _space(path: Path) -> str:
    try:
        free = shutil.disk_usage(path).free / 1e6
    except OSError:
        return "What was finished is kept."
    return f"{free:,.0f} MB are free there. What was finished is kept: make room, and the same command continues."
