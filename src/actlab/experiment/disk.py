"""Files that are written whole or not at all, and words for what a disk can refuse."""

import contextlib
import errno
import io
import os
import shutil
import sqlite3
import sys
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


class _File(io.FileIO):
    """Keeps what the system refused: torch.save makes another error of it."""

    refused: OSError | None = None

    def write(self, content: Any) -> int | None:
        try:
            return super().write(content)
        except OSError as error:
            self.refused = error
            raise


def write_by(file: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a file whole or not at all; what `write` writes need not be in memory as a whole."""
    with told(file):
        if _is_device(file):
            is_output = os.path.abspath(file) in _OUTPUT
            if is_output:  # opened again it would be written over by what is printed after
                sys.stdout.flush()
            with open(1, "wb", closefd=False) if is_output else open(file, "ab") as handle:
                write(handle)
            return
        new = file.with_name(file.name + ".new")
        raw = None
        try:
            new.unlink(missing_ok=True)  # a link there would lead elsewhere
            with io.BufferedWriter(raw := _File(new, "xb")) as handle:
                write(handle)
                handle.flush()
                os.fsync(handle.fileno())
            os.replace(new, file)
            keep_names(file.parent)
        except BaseException:
            if raw is not None:
                new.unlink(missing_ok=True)
                if raw.refused is not None:
                    raise raw.refused from None
            raise


_OUTPUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def _is_device(file: Path) -> bool:
    """Such as /dev/stdout, which nothing may replace; what a link in a run's folder leads to is not asked."""
    parts = Path(os.path.abspath(file)).parts
    return parts[1:2] in (("dev",), ("proc",)) and parts[1:3] != ("dev", "shm")  # which is a folder in memory


def keep_names(folder: Path) -> None:
    """Wait until the names in a folder are on disk: a power loss can undo a rename, a new file or folder till then."""
    with contextlib.suppress(OSError):  # not every system can do that to a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MOVED = "Was the folder moved, deleted or made read-only? What was finished is in it."
_SQLITE = (  # what SQLite says, in part, and what helps
    ("locked", "Another program holds it: end that, and the same command continues."),
    ("readonly", _MOVED),
    ("unable to open", _MOVED),
    ("I/O", _MOVED),
    ("", "Is it a run's database, and whole?"),
)


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what a disk can refuse into words."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # what SQLite says quotes what is damaged
        is_full = ("full" in str(error) or "I/O" in str(error)) and path.exists()
        advice = _space(path) if is_full else next(helps for said, helps in _SQLITE if said in str(error))
        raise UserError(f"{path} cannot be written: {error}. {advice}") from None
    except OSError as error:
        gone = "Was its folder moved or deleted? " if error.errno == errno.ENOENT else ""
        advice = _space(path) if error.errno in _FULL else f"{gone}{_ELSEWHERE}"
        raise UserError(f"{path} cannot be written: {error.strerror or error}. {advice}") from None
    except ValueError:
        if _can_be(path):
            raise
        raise UserError(f"{path} cannot be written: no file can have this name. {_ELSEWHERE}") from None


_ELSEWHERE = "Choose another place, with --out in a command."


def _can_be(path: Path) -> bool:
    """Whether the system has such names: none with a zero byte, or half a character."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeError:
        return False


def _space(path: Path) -> str:
    try:
        free = shutil.disk_usage(path if path.exists() else path.parent).free / 1e6
    except OSError:
        return "What was finished is kept."
    return f"{free:,.0f} MB are free there. What was finished is kept: make room, and the same command continues."
