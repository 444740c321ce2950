"""IDX files: read whole and checked, or refused with the reason.

An IDX file is a magic number (0, 0, 8 for uint8, number of axes), the length of each axis as a big-endian 32-bit
integer, then the bytes.
"""

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from actlab.data.sets import CLASSES, IdxFile, is_content, owner
from actlab.errors import UserError


class Broken(ValueError):
    """A file is not what it should be; the text says what was expected and what was found."""


def read(path: Path, file: IdxFile, title: str) -> np.ndarray:
    """The array in an IDX file, a read-only view of uint8.

    Raises:
        UserError: the file is truncated, damaged, or another file than `file`.
    """
    try:
        return decode(path, file)
    except OSError as problem:
        raise UserError(f"{path} cannot be read: {problem}. Check its permissions.") from problem
    except Broken as problem:
        raise UserError(
            f"{path} is not {title}'s {file.name}: {problem}. "
            "Delete it and run again to fetch it anew, or put an intact copy in its place."
        ) from problem


def decode(path: Path, file: IdxFile) -> np.ndarray:
    """Like `read`, for callers that know more about where the file came from: raises Broken."""
    axes = len(file.shape)
    header = 4 + 4 * axes
    size = header + math.prod(file.shape)
    # The bound keeps a forged file from filling the memory; reading past the end makes gzip check its checksum.
    data = _unpacked(path, file, size + 1)
    if len(data) < header:
        raise Broken(f"expected a header of {header} bytes, found {len(data)} bytes in all")
    magic, *shape = struct.unpack_from(f">{1 + axes}I", data)
    if magic != 0x0800 + axes:
        raise Broken(f"expected magic number {0x0800 + axes} (uint8, {axes} axes), found {magic}")
    if tuple(shape) != file.shape:
        raise Broken(f"expected shape {file.shape}, found {tuple(shape)}")
    if len(data) != size:
        found = "more" if len(data) > size else f"{len(data)} bytes"
        raise Broken(f"expected {size} bytes unpacked, found {found}")
    _check_content(data, file)
    array = np.frombuffer(data, np.uint8, offset=header).reshape(file.shape)
    if len(file.shape) == 1 and array.max() >= CLASSES:
        raise Broken(f"expected labels 0 to {CLASSES - 1}, found {array.max()}")
    return array


def most_packed(file: IdxFile) -> int:
    """The bytes that a file may have when it is packed: what cannot be packed grows a little."""
    return 20_000 + math.prod(file.shape) * 101 // 100


def _unpacked(path: Path, file: IdxFile, limit: int) -> bytes:
    """The first bytes of a raw or gzipped file."""
    if path.suffix != ".gz":
        with open(path, "rb") as stream:
            return stream.read(limit)
    if (size := path.stat().st_size) > (most := most_packed(file)):
        raise Broken(f"expected a .gz file of at most {most:,} bytes, found {size:,}")
    try:
        with open(path, "rb") as packed, gzip.GzipFile(fileobj=packed) as stream:
            found = hashlib.file_digest(packed, "sha256").hexdigest() if not file.content else file.gz_sha256
            if found != file.gz_sha256:
                raise Broken(f"expected the .gz file with SHA-256 {file.gz_sha256}, found {found}")
            packed.seek(0)
            return stream.read(limit)
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise Broken(f"expected an intact gzip file, found one of {path.stat().st_size} bytes, {problem}") from problem


def _check_content(data: bytes, file: IdxFile) -> None:
    if file.content and is_content(file, data):
        return
    other = owner(data)
    if other:
        raise Broken(f"its content is {other}'s; the sets share their file names, so give each a folder of its own")
    if file.content:
        algorithm, _, expected = file.content.partition(":")
        found = hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
        raise Broken(f"expected unpacked content with {algorithm.upper()} {expected}, found {found}")
