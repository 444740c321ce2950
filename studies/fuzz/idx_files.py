"""IDX files, raw and in .gz: the array that is in them, or one line. An input is which file it claims to be, and it."""

import gzip
import hashlib
import random
import struct
import zlib
from pathlib import Path

import numpy as np
from studies.fuzz import inputs

from actlab.data import idx
from actlab.data.sets import IdxFile

TITLE = "IDX files, raw or in .gz, with and without a hash of their content"
MODULES = ("data/idx.py",)
SECONDS, BYTES = 1.0, 2**27
MENDED = ("a .gz of any size was read whole to be hashed: now no more than such a file can have, a piece at a time",)

_SHAPES = ((10,), (3, 4, 4))
_INTACT = [struct.pack(f">{1 + len(s)}I", 0x0800 + len(s), *s) + bytes(k % 10 for k in range(99)) for s in _SHAPES]
_INTACT = [intact[: 4 + 4 * len(s) + int(np.prod(s))] for s, intact in zip(_SHAPES, _INTACT, strict=True)]


def _file(kind: int) -> IdxFile:
    """By its bits: labels or images, with or without a hash of the content."""
    content = _INTACT[kind & 1]
    known = f"sha256:{hashlib.sha256(content).hexdigest()}" if kind & 2 else ""
    packed = hashlib.sha256(gzip.compress(content, mtime=0)).hexdigest()
    return IdxFile("t-labels-idx1-ubyte", _SHAPES[kind & 1], known, packed)


def _members(chance: random.Random, content: bytes) -> bytes:
    """A gzip file as it comes, or in odd forms: in pieces, within another, cut, with something behind, spoiled."""
    packed = gzip.compress(content, chance.choice((0, 1, 9)), mtime=0)
    at = chance.randrange(len(packed) + 1)
    return chance.choice(
        (
            packed,
            gzip.compress(packed, mtime=0),
            gzip.compress(content[:at], mtime=0) + gzip.compress(content[at:], mtime=0),
            packed[:at],
            packed + chance.randbytes(3),
            packed[:-8] + chance.randbytes(8),
            gzip.compress(b"", mtime=0) * chance.choice((1, 3, 500)) + packed,
            gzip.compress(content + bytes(chance.choice((1, 10**4, 10**6))), mtime=0),
            packed[:3] + bytes([chance.randrange(256)]) + packed[4:],
            inputs.changed(chance, packed, [packed]),
        )
    )


def make(chance: random.Random) -> bytes:
    kind = chance.randrange(8)
    content = _INTACT[kind & 1]
    if chance.random() < 0.7:
        content = inputs.changed(chance, content, _INTACT)
    return bytes([kind]) + (_members(chance, content) if kind & 4 else content)


SEEDS = [
    *(bytes([kind]) + _INTACT[kind & 1] for kind in range(4)),
    *(bytes([kind]) + gzip.compress(_INTACT[kind & 1], mtime=0) for kind in range(4, 8)),
    bytes([4]) + gzip.compress(b"", mtime=0) * 900,
    bytes([6]) + gzip.compress(bytes(2**24), mtime=0),
    b"\x00" + struct.pack(">2I", 0x801, 2**32 - 1),
    b"\x01" + struct.pack(">4I", 0x803, 2**31, 2**31, 2**31),
]


def run(given: bytes) -> None:
    kind, content = (given[0] if given else 0), given[1:]
    path = Path("input.gz" if kind & 4 else "input")
    path.write_bytes(content)
    file = _file(kind)
    found = idx.read(path, file, "Digits")
    raw = _unpacked(content) if kind & 4 else content
    start = 4 + 4 * found.ndim
    assert found.tobytes() == raw[start:] and found.shape == file.shape, "another array than the file's"
    assert not kind & 2 or raw == _INTACT[kind & 1], "another content than the hash says"


def _unpacked(content: bytes) -> bytes:
    """Every member, by zlib alone."""
    found = b""
    while content:
        one = zlib.decompressobj(31)
        try:
            found += one.decompress(content) + one.flush()
        except zlib.error:  # flags without a meaning, which the gzip module passes over
            return found + gzip.decompress(content)
        content = one.unused_data.lstrip(b"\0")
    return found
