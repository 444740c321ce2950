"""Any bytes as a table of results: a judgement, or one line. An input's first line is the ending of its file."""

import gzip
import io
import random
import warnings
from pathlib import Path

from studies.fuzz import inputs, tables_read

from actlab.results import judge

TITLE = "tables for judge: CSV, TSV, JSON, JSON lines, Parquet, and .gz of these"
MODULES = ("results/judging",)
SECONDS, BYTES = 10.0, 2**29
MENDED = (
    "lists in lists, deep, ended in RecursionError",
    "a first line with a field of more than 131,072 characters ended in an error of the csv module's",
    "objects with a name of their own each made cells by the square of the file's length",
    "a table that unpacks to gigabytes, by gzip or within Parquet, filled the memory",
    "text in Parquet that is no UTF-8, and times that Python cannot hold, ended in an error of Python's",
    "a seed of more than 4,300 digits ended in ValueError",
    "numbers beyond 1e154 gave warnings of NumPy's: their squares are infinite, and with them intervals",
    "a pipe in place of a file was waited for",
)
_ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
_NAMES = (
    "activation",
    "seed",
    "accuracy",
    "state",
    "loss",
    "task",
    "Unnamed: 0",
    "",
    "accuracy",
    "params.lr",
    "a\x1b[2J",
)


def prepare() -> None:
    """Arrow's own memory pool reserves more than it takes."""
    import pyarrow
    import pyarrow.parquet  # before the memory is limited

    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    for given in SEEDS[:2]:
        run(given)


def make(chance: random.Random) -> bytes:
    names = ["activation", "seed", chance.choice(("accuracy", "loss"))]
    if chance.random() < 0.3:
        names += [chance.choice(_NAMES) for _ in range(chance.randrange(1, 4))]
    odd = chance.choice((0.0, 0.0, 0.01, 0.1))
    groups, seeds = ("relu", "tanh", "elu", "None")[: chance.randrange(1, 5)], chance.choice((1, 2, 3, 5, 8))
    rows = [
        [
            tables_read.cell(chance, usual, odd)
            for usual in (group, seed, round(chance.random(), 3), "COMPLETE", 0.5, "t", seed, 1, 2, 3, 4)[: len(names)]
        ]
        for group in groups
        for seed in range(seeds)
    ]
    ending = chance.choice(_ENDINGS)
    if ending == ".parquet":
        content = tables_read.as_parquet(chance, names, rows)
    elif ending in (".json", ".jsonl"):
        content = tables_read.as_json(chance, names, rows, ending == ".jsonl")
    else:
        content = tables_read.text(chance, names, rows)
    if chance.random() < 0.3:
        content = inputs.changed(chance, content, [content])
    if chance.random() < 0.05:
        content = gzip.compress(content, mtime=0)
    return ending.encode() + b"\n" + content


def change(chance: random.Random, given: bytes) -> bytes:
    """The content alone."""
    ending, _, content = given.partition(b"\n")
    if content[:2] == b"\x1f\x8b" or not ending:
        return make(chance)
    return ending + b"\n" + inputs.changed(chance, content, [content, b'{"a": 1}', b",1\n"])


def _bombs() -> list[bytes]:
    import pyarrow
    from pyarrow import parquet

    kept = []
    rows = 10**6
    for columns in (
        {"activation": pyarrow.array(["a"] * rows), "seed": pyarrow.nulls(rows, pyarrow.int64())},
        {"activation": pyarrow.array(["a" * 10**6]).take(pyarrow.array([0] * 300)), "seed": list(range(300))},
    ):
        kept.append(io.BytesIO())
        parquet.write_table(pyarrow.table(columns), kept[-1])
    return [b".parquet\n" + one.getvalue() for one in kept]


_TABLE = b"activation,seed,accuracy\n" + b"".join(
    b"%s,%d,0.%d\n" % (g, s, s + 3) for g in (b"relu", b"elu") for s in range(6)
)
SEEDS = [
    b".csv\n" + _TABLE, b".jsonl\n" + b"".join(b'{"activation":"%s","seed":%d,"accuracy":0.%d}\n' % (g, s, s + 3)
    for g in (b"relu", b"elu") for s in range(6)), *_bombs(), b".json\n" + b"[" * 10**5, b".json\n" + b'{"a":' * 10**5,
    b".jsonl\n" + b"[" * 10**5, b".csv\n" + b"a" * 10**6, b'.csv\n"' + b"a" * 10**6 + b'"', b".csv\n" + b"a," * 10**5,
    b".csv\n" + _TABLE + b'"' + b"a" * 10**6, b".csv\n" + gzip.compress(bytes(2**27), mtime=0),
    b".csv\n" + b"\n" * 10**4,
    b".json\n[" + b",".join(b'{"%d":1}' % k for k in range(20000)) + b"]", b".json\n[" + b"{}," * 10000 + b"{}]",
    b".csv\nactivation,seed,accuracy,n\n" + b"relu,9" + b"9" * 5000 + b",1,2\n",
]  # fmt: skip


def run(given: bytes) -> None:
    ending, _, content = given.partition(b"\n")
    path = Path("input" + (ending.decode() if ending.decode("latin-1") in _ENDINGS else ".csv"))
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = judge(path)
        words = str(found)
    assert words.strip() and "Traceback" not in words
    found.as_json()
