"""What is in run.db: one SQLite file with a rollback journal and synchronous=FULL, so that a copy of it is whole."""

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actlab.errors import UserError
from actlab.experiment.inside import BINS, COUNTS, LEARNED, MEASURED
from actlab.experiment.metrics import CURVES

if TYPE_CHECKING:
    import pandas as pd

    DataFrame = pd.DataFrame
else:
    DataFrame = Any  # a table as people get it: pandas is loaded by what reads one

DATABASE, EXPERIMENT, ENVIRONMENT = "run.db", "experiment.toml", "environment.json"
TUNING = "tuning"  # the run inside a run that its settings were chosen by
FORMAT = 2
RENAMED = {"accuracy": "metric", "correct": "scores"}  # what columns of format 1 are called since: there was one metric

TRIALS = {
    "key": "TEXT PRIMARY KEY",
    "activation": "TEXT NOT NULL",  # as tables show it
    "identity": "TEXT NOT NULL",  # with the hash of a source
    "seed": "INTEGER NOT NULL",
    "learning_rate": "REAL NOT NULL",
    "weight_decay": "REAL NOT NULL",
    "dropout": "REAL NOT NULL",
    "initialisation": "TEXT NOT NULL",
    "status": "TEXT NOT NULL",  # planned, finished or diverged
    "diverged_epoch": "INTEGER",
    **{f"final_{name}": "REAL" for name in CURVES},
    "best_epoch": "INTEGER",  # of the lowest validation loss
    "best_valid_loss": "REAL",
    "best_valid_metric": "REAL",
    "test_loss": "REAL",  # of the parameters of the best epoch
    "test_metric": "REAL",
    "gradient": "TEXT",  # by hand, or by autograd
    "engine": "TEXT",
    "device": "TEXT",
    "cpu": "TEXT",
    "torch": "TEXT",
    "parameters": "TEXT",  # the file that holds the best parameters, under the trial's key
    "spec": "TEXT NOT NULL",  # the whole trial, as JSON
}
TABLES = {
    "trials": TRIALS,
    "curves": {
        "key": "TEXT NOT NULL",
        "activation": "TEXT NOT NULL",
        "seed": "INTEGER NOT NULL",
        "learning_rate": "REAL NOT NULL",
        "epoch": "INTEGER NOT NULL",
        **dict.fromkeys(CURVES, "REAL"),
    },
    "predictions": {"key": "TEXT PRIMARY KEY", "predicted": "BLOB", "scores": "BLOB"},
    "inside": {
        "key": "TEXT NOT NULL",
        "epoch": "INTEGER NOT NULL",  # 0: the start
        "layer": "INTEGER NOT NULL",  # hidden ones, from 1
        **dict.fromkeys(MEASURED, "REAL"),
        "histogram": "BLOB",
        "learned": "BLOB",
    },
    "times": {"stack": "TEXT", "epoch": "INTEGER", "networks": "INTEGER", "seconds": "REAL"},
    "costs": {"activation": "TEXT", "round": "INTEGER", "networks": "INTEGER", "seconds": "REAL"},
}
_UNIQUE = {"curves": ", PRIMARY KEY (key, epoch)", "inside": ", PRIMARY KEY (key, epoch, layer)"}


def creation(table: str) -> str:
    """What makes a table, where it is missing."""
    columns = ", ".join(f'"{column}" {kind}' for column, kind in TABLES[table].items())
    return f"CREATE TABLE IF NOT EXISTS {table} ({columns}{_UNIQUE.get(table, '')})"


@contextlib.contextmanager
def reading(path: Path, only: str = "") -> Iterator[sqlite3.Connection]:
    """The database of a run that anybody may have made, to read: nothing of it is obeyed, and it is what it says.

    Where `only` one table is read, the others are not looked through.
    """
    try:
        refuse_obeyed(path / DATABASE)
        # rw, not ro: what a crash left half is rolled back by the next who opens it; resolve: a URI wants a whole path
        database = sqlite3.connect(f"{(path / DATABASE).resolve().as_uri()}?mode=rw", uri=True)
        with contextlib.closing(database):
            check(path, database, only)
            database.execute("PRAGMA query_only = ON")
            yield database
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # what SQLite says quotes what is damaged
        raise UserError(f"{path / DATABASE} cannot be read: {error}. Is it a run's database, and whole?") from None


_writing: dict[tuple[int, int], int] = {}  # databases that this process writes -> a descriptor of each


@contextlib.contextmanager
def written(path: Path) -> Iterator[None]:
    """Around the time in which this process may write a run's database."""
    descriptor = os.open(path / DATABASE, os.O_RDONLY)
    state = os.fstat(descriptor)
    _writing[state.st_dev, state.st_ino] = descriptor
    try:
        yield
    finally:
        _writing.pop((state.st_dev, state.st_ino), None)
        os.close(descriptor)


def head_of(path: Path) -> bytes:
    """The first bytes of a run's database. One that is written here is not opened for it: to close it again would end
    the locks that SQLite has on it, in POSIX's way, and another process would undo what is being written.
    """
    state = (path / DATABASE).stat()
    if hasattr(os, "pread") and (descriptor := _writing.get((state.st_dev, state.st_ino))) is not None:
        return os.pread(descriptor, 32, 0)
    with open(path / DATABASE, "rb") as database:
        return database.read(32)


def refuse_obeyed(file: Path) -> None:
    """Refuse what SQLite would obey beside a database: links, through which it writes, and a journal that names a file
    outside, which it would delete.
    """
    for beside in (file.with_name(file.name + end) for end in ("", "-journal", "-wal", "-shm")):
        if beside.is_symlink() or (beside.exists() and not beside.is_file()):
            raise UserError(f"{beside} is no file of its own: a link, perhaps. Put what it stands for in its place.")
        if beside.name.endswith("-journal") and beside.exists():
            with open(beside, "rb") as journal:
                journal.seek(max(0, journal.seek(0, os.SEEK_END) - len(_NAMES_ANOTHER)))
                if journal.read() == _NAMES_ANOTHER:
                    raise UserError(
                        f"{beside} is no journal of actlab's: it names another file. Remove it, if you trust the rest."
                    )


_NAMES_ANOTHER = bytes.fromhex("d9d505f920a163d7")  # SQLite's mark behind the name of a journal over several databases
_STEPS = 100  # times 10,000 of SQLite's, for what a schema needs: one of pages that lead to themselves has no end
_checked: dict[Path, tuple[int, ...]] = {}


def check(path: Path, database: sqlite3.Connection, only: str = "") -> int:
    """Refuse a database that is not as actlab makes it; its format. Cells are looked at again when the file changes."""
    steps = iter(range(_STEPS))
    database.set_progress_handler(lambda: next(steps, None) is None, 10_000)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if not 1 <= version <= FORMAT:
        what = f"has format {version}, this actlab knows format {FORMAT}" if version else "is not a run's database"
        raise UserError(f"{path / DATABASE} {what}.")
    held = _held_tables(path, database)
    database.set_progress_handler(None, 0)
    state = (path / DATABASE).stat()
    stamp = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
    if _checked.get(path) != stamp:
        if (found := database.execute(f"PRAGMA quick_check({only or 1})").fetchone()[0]) != "ok":
            raise UserError(f"{path / DATABASE} is damaged: {' '.join(found.split())}.")
        for table in [only] if only else held:
            _check_cells(path, database, table)
        if not only:
            _checked[path] = stamp
    return version


def _held_tables(path: Path, database: sqlite3.Connection) -> list[str]:
    """Those of a run that are there, each made as here: no view, no trigger, no column that is computed."""
    held = []
    for kind, name, sql in database.execute("SELECT type, lower(tbl_name), sql FROM sqlite_master"):
        if name in TABLES and not (kind == "index" and sql is None):
            if kind != "table" or _plain(sql) != _plain(creation(name)):
                raise UserError(f"{path / DATABASE}: the {kind} of {name} is not as actlab makes it.")
            held.append(name)
    if missing := TABLES.keys() - {"inside", *held}:  # older runs have no such table
        raise UserError(f"{path / DATABASE} has no table {min(missing)}: it is not a run's database.")
    return held


def _plain(sql: str) -> str:
    """What makes a table, without what may differ: quotes, and the names of format 1."""
    sql = sql.replace('"', "").replace(" IF NOT EXISTS", "")
    for old, new in RENAMED.items():
        sql = re.sub(rf"\b(\w+_|){old}\b", rf"\g<1>{new}", sql)
    return sql


_VALUES = {  # of cells: what their kind does not say
    "seed": "{} >= 0",
    "learning_rate": "{} BETWEEN 0 AND 1e300",
    "weight_decay": "{} BETWEEN 0 AND 1e300",
    "dropout": "{} BETWEEN 0 AND 1",
    "status": "{} IN ('planned', 'finished', 'diverged')",
    "epoch": "{} BETWEEN 0 AND 100000",
    "layer": "{} BETWEEN 1 AND 1000",
    "best_epoch": "{} BETWEEN 1 AND 100000",
    "diverged_epoch": "{} BETWEEN 1 AND 100000",
    "networks": "{} BETWEEN 1 AND 1000000000",
    "seconds": "{} BETWEEN 0 AND 1e12",
    "histogram": f"length({{}}) = {(BINS + 3) * COUNTS.itemsize}",
    "learned": f"length({{}}) % {LEARNED.itemsize} = 0",
}
_FITTING = {  # what finds rows that fit no others
    "trials": "SELECT key FROM trials GROUP BY activation, seed, learning_rate, weight_decay, dropout, initialisation "
    "HAVING count(*) > 1 LIMIT 1",
    "curves": "SELECT key FROM curves LEFT JOIN trials AS t USING (key) WHERE (curves.activation, curves.seed, "
    "curves.learning_rate) IS NOT (t.activation, t.seed, t.learning_rate) LIMIT 1",
}


def _check_cells(path: Path, database: sqlite3.Connection, table: str) -> None:
    """Refuse values that a table's columns say they do not hold: SQLite keeps any in any."""
    names = [f'"{row[1]}"' for row in database.execute(f"PRAGMA table_info({table})")]  # "update" is a word of SQL's
    wrong = []
    for name, (known, kind) in zip(names, TABLES[table].items(), strict=True):
        kinds = (kind.split()[0].lower(), "null")[: 1 if " " in kind else 2]  # NOT NULL, PRIMARY KEY
        right = f"typeof({name}) IN ({', '.join(map(repr, kinds))})"
        right += f" AND ({name} IS NULL OR {_VALUES[known].format(name)})" if known in _VALUES else ""
        wrong.append(f"WHEN NOT ({right}) THEN '{known}'")
    query = f"SELECT rowid, CASE {' '.join(wrong)} END AS wrong FROM {table} WHERE wrong IS NOT NULL LIMIT 1"
    if found := database.execute(query).fetchone():
        raise UserError(f"{path / DATABASE}: row {found[0]} of {table} has no {found[1]} that actlab writes.")
    if table in _FITTING and (found := database.execute(_FITTING[table]).fetchone()):
        raise UserError(f"{path / DATABASE}: the rows of {found[0]!r} in {table} do not fit the other rows.")
