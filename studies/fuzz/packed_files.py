"""Any bytes as a file of a stranger that gzip may have packed: its content, as zlib unpacks it, or one line."""

import gzip
import random
from pathlib import Path

from studies.fuzz import idx_files, inputs

from actlab.experiment import content

TITLE = "files as they are or packed by gzip, read up to a bound"
MODULES = ("experiment/bounded.py",)
SECONDS, BYTES = 1.0, 2**27
MENDED = (
    "a table in .gz that unpacks to gigabytes filled the memory: judge and --data stop at a bound",
    "a pipe or a device in place of a file was waited for, or read without end: only files are read",
)
_MOST = 100_000


def make(chance: random.Random) -> bytes:
    text = chance.choice((b"", b"a,b\n1,2\n", chance.randbytes(300), b"x" * chance.choice((10, _MOST, _MOST + 1))))
    return text if chance.random() < 0.2 else idx_files._members(chance, text)


SEEDS = [
    b"", b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x08", gzip.compress(b"a,b\n", mtime=0), gzip.compress(bytes(2**26), mtime=0),
    gzip.compress(gzip.compress(bytes(2**26), mtime=0), mtime=0), bytes(_MOST + 1), gzip.compress(b"", mtime=0) * 900,
]  # fmt: skip


def change(chance: random.Random, given: bytes) -> bytes:
    """What is inside, and the flags of the header."""
    try:
        inside = gzip.decompress(given)
    except (OSError, EOFError, gzip.zlib.error):
        return given[:3] + bytes([chance.randrange(256)]) + given[4:]
    return gzip.compress(inputs.changed(chance, inside[:1000], [b"1,2\n"]), mtime=0)


def run(given: bytes) -> None:
    path = Path("input.gz")
    path.write_bytes(given)
    found = content(path, _MOST, "Give less.")
    assert len(found) <= _MOST, f"{len(found)} bytes"
    expected = idx_files._unpacked(given) if given[:2] == b"\x1f\x8b" else given
    assert found == expected, "another content"
