"""Any bytes as an .npz file: arrays that can be trained on, or one line. Nothing in it is run or unpacked in vain."""

import io
import random
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
from studies.fuzz import inputs

from actlab import data

TITLE = ".npz files: data that can be trained on, or one line"
MODULES = ("data/npz.py", "data/own.py", "data/labels.py", "data/targets.py")
SECONDS, BYTES = 2.0, 2**28
MENDED = (
    "text with characters that there are not (any four bytes are one to NumPy) ended in SystemError",
    "labels as bytes beyond ASCII ended in UnicodeDecodeError: they are read as UTF-8, or refused",
    "an array whose header claims more than the file holds, or that unpacks to more than there is room for, was begun",
    "a NaN that signals, in numbers of 16 bytes, gave a warning of NumPy's",
    "labels as float16 gave a warning of NumPy's about an overflow",
    "a NaN that signals brought a warning of NumPy's",
)

_NAMES = ("x", "y", "x", "y", "x_test", "y_test", "x_valid", "y_val", "X_train", "z", "../x", "/y", "x.npy", "\x1b[2J")
_DESCR = (
    "'<f8'", "'<f4'", "'<f2'", "'>f8'", "'<f16'", "'<i8'", "'>i4'", "'|u1'", "'<u8'", "'|b1'", "'<U1'", "'>U2'",
    "'<U0'", "'|S2'", "'|S0'", "'|V8'", "'|V0'", "'<c16'", "'<M8[ns]'", "'<m8[s]'", "'|O'", "[('a','<f8'),('b','|O')]",
    "('<f8',(3,))", "'<U500000000'", "[('a','<f8',(1000,1000,1000))]", "'<f3'", "x", "'f'", "None", "'<M8[0s]'",
)  # fmt: skip
_SHAPES = (
    "(60,)", "(60, 3)", "(60, 1)", "(20, 3, 3)", "()", "(0,)", "(60, 0)", "(-1,)", "(1000000000000, 3)",
    "(4611686018427387905, 4)", "(True, 60)", "(60.0,)", "60", "(60", "(" + "1," * 70 + ")", "(10000000,)", "(30,)",
)  # fmt: skip


def _array(chance: random.Random, name: str) -> bytes:
    """Mostly what fits, else a header and bytes that may have nothing to do with each other."""
    numbers = np.random.default_rng(chance.randrange(2**32))
    if chance.random() < 0.6:
        size = chance.choice((60, 60, 60, 20, 5))
        x = numbers.normal(size=(size, *chance.choice(((3,), (1,), (2, 2)))))
        y = chance.choice(
            (
                np.arange(size) % 3,
                np.arange(size) % 3 + 0.5,
                np.array(["a", "b", "ü"])[np.arange(size) % 3],
                np.array([b"a", b"b"])[np.arange(size) % 2],
                np.eye(3, dtype=np.uint8)[np.arange(size) % 3],
                (np.arange(size) % 3).astype(chance.choice((np.float16, np.uint64, bool, ">i2", np.longdouble))),
                np.array([1e300, -1e300, 5e-324, 2**53])[np.arange(size) % 4],
                np.array([2**63, 2**64 - 1, 0], np.uint64)[np.arange(size) % 3],
            )
        )
        kept = io.BytesIO()
        array = (x.astype(chance.choice(("<f8", ">f4", "<f2", "|u1", "<i4")))) if "x" in name.lower() else y
        np.save(kept, np.asfortranarray(array) if chance.random() < 0.2 else array)
        return kept.getvalue()
    version = chance.choice(((1, 0), (1, 0), (2, 0), (3, 0), (9, 0)))
    words = f"{{'descr': {chance.choice(_DESCR)}, 'fortran_order': False, 'shape': {chance.choice(_SHAPES)}, }}\n"
    words = chance.choice((words, words, words, "(" * 300, words[:-3]))
    length = struct.pack(
        "<H" if version == (1, 0) else "<I", chance.choice((len(words), len(words), len(words), 60000))
    )
    size = chance.choice((480, 480, 1440, 60, 120, 0, 7, 960, 10**6))
    return (
        b"\x93NUMPY" + bytes(version) + length + words.encode() + chance.choice((bytes(size), chance.randbytes(size)))
    )


def make(chance: random.Random) -> bytes:
    names = ["x", "y"] if chance.random() < 0.7 else [chance.choice(_NAMES) for _ in range(chance.randrange(7))]
    if chance.random() < 0.2:
        names += ["x_test", "y_test"]
    made = _archive([(f"{name}{chance.choice(('.npy',) * 9 + ('',))}", _array(chance, name)) for name in names], chance)
    return inputs.changed(chance, made, [made]) if chance.random() < 0.1 else made


def _archive(members: list[tuple[str, bytes]], chance: random.Random) -> bytes:
    how = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
    kept = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that stands twice
        with zipfile.ZipFile(kept, "w", how) as archive:
            for name, content in members:
                archive.writestr(name, content)
    return kept.getvalue()


def change(chance: random.Random, given: bytes) -> bytes:
    """One member changed and packed again, so that its sum is right; or a field of the archive's own."""
    try:
        with zipfile.ZipFile(io.BytesIO(given)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist() if info.file_size < 10**6]
    except Exception:
        return make(chance)
    if not members or chance.random() < 0.2:
        at = max(given.rfind(b"PK\x01\x02"), 0) + chance.randrange(46)
        return given[:at] + chance.randbytes(1) + given[at + 1 :]
    place = chance.randrange(len(members))
    name, content = members[place]
    members[place] = (name, inputs.changed(chance, content, [content]))
    return _archive(members, chance)


def _bomb(size: int, shape: str, descr: str = "'|u1'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    x = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(size)
    return _archive([("x.npy", x), ("y.npy", x)], random.Random(3))


SEEDS = [
    make(random.Random(1)), b"PK\x05\x06" + bytes(18), _bomb(2**26, "(64, 1048576)"), _bomb(0, "(1000000000000, 3)"),
    _bomb(8 * 60, "(60,)", "'|O'"), _archive([("x.npy", b"\x93NUMPY\x02\x00" + b"\xff" * 4 + b" " * 10**7)] * 2,
    random.Random(0)),
]  # fmt: skip


def run(given: bytes) -> None:
    path = Path("input.npz")
    path.write_bytes(given)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = data.load(str(path), loss="mean_squared_error" if len(given) % 3 == 0 else "")
    for part in (found.train, found.valid, found.test):
        assert part is not None and part.x.dtype == np.float32 and part.x.ndim == 2 and len(part.x) == len(part.y) > 0
    assert np.isfinite(found.train.x).all() and np.isfinite(found.train.y).all(), "what is trained on is not finite"
    if found.classes:
        assert found.train.y.min() >= 0 and found.train.y.max() < found.classes
