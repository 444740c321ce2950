"""Any bytes as a table to train on: data, or one line."""

import gzip
import random
import warnings
from pathlib import Path

import numpy as np
from studies.fuzz import inputs, tables_read

from actlab import data

TITLE = "tables for --data, CSV and .gz of it: data that can be trained on, or one line"
MODULES = ("data/tables.py", "data/labels.py", "data/targets.py")
SECONDS, BYTES = 5.0, 2**28
MENDED = (
    "a table in .gz that unpacks to gigabytes filled the memory; a wide one is now refused by its number of cells",
    "a first column without a name that holds text ended in TypeError",
    "features of more than 308 digits ended in OverflowError",
    "labels of more than 4,300 digits were refused in Python's words",
    "a first line of the same name 20,000 times was numbered by pandas for minutes: names that stand twice are refused",
    "a value of 1e308 in the test part became infinite, with a warning of NumPy's: it is refused",
)


def prepare() -> None:
    """What is imported late is imported before the memory is limited."""
    run(SEEDS[0])


def make(chance: random.Random) -> bytes:
    names = [*chance.sample(("p", "q", "r", "s"), chance.randrange(1, 5)), "y"]
    if chance.random() < 0.1:
        names[chance.randrange(len(names))] = chance.choice(("", "p", "y", "Unnamed: 0", "1.5", "p.1", "a\x1b[2J"))
    odd = chance.choice((0.0, 0.0, 0.01, 0.1))
    label = chance.choice(
        (lambda k: k % 3, lambda k: "ab"[k % 2], lambda k: k / 7, lambda k: f"00{k % 2}", lambda k: f"{k % 2}" * 5000)
    )
    rows = [
        [*(tables_read.cell(chance, round(chance.gauss(0, 1), 3), odd) for _ in names[1:]), label(k)]
        for k in range(chance.choice((0, 1, 5, 30, 60)))
    ]
    content = tables_read.text(chance, names, rows)
    return gzip.compress(content, mtime=0) if chance.random() < 0.05 else content


SEEDS = [
    b"p,q,y\n" + b"".join(b"%d.5,%d,%d\n" % (k, k % 5, k % 3) for k in range(40)), b"", b"y", b"p,y\n", b"y,y\n1,2\n",
    gzip.compress(b"p,y\n" + b"1,2\n" * 2**23, mtime=0), b"p," * 20000 + b"y\n" + b"1," * 20000 + b"1\n",
    b",".join(b"c%d" % k for k in range(4000)) + b",y\n" + (b"1," * 4000 + b"1\n") * 3,
    b'p,y\n"1', b"p\x00,y\n1,2\n", b"p,y\n" + b"\n" * 10**5, b"p;y\n1,5;2\n",
]  # fmt: skip


def change(chance: random.Random, given: bytes) -> bytes:
    """A cell in place of another."""
    lines = given.split(b"\n")
    place = chance.randrange(len(lines))
    cells = lines[place].split(b",")
    cells[chance.randrange(len(cells))] = chance.choice(tables_read.CELLS).encode()
    lines[place] = b",".join(cells)
    return b"\n".join(lines)[: inputs.LONGEST]


def run(given: bytes) -> None:
    path = Path("input.csv.gz" if given[:2] == b"\x1f\x8b" else "input.csv")
    path.write_bytes(given)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = data.load(str(path), target="y", loss="mean_squared_error" if len(given) % 3 == 0 else "")
    assert np.isfinite(found.train.x).all() and np.isfinite(found.train.y).all(), "what is trained on is not finite"
    assert len(found.feature_names) == found.train.x.shape[1]
