"""What is in run.db: one SQLite file with a rollback journal and synchronous=FULL, so that a copy of it is whole."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actlab.errors import UserError
from actlab.experiment.inside import MEASURED
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
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        # rw, not ro: what a crash left half is rolled back by the next who opens it; resolve: a URI wants a whole path
        database = sqlite3.connect(f"{(path / DATABASE).resolve().as_uri()}?mode=rw", uri=True)
        with contextlib.closing(database):
            check_format(path, database)
            yield database
    except sqlite3.DatabaseError as error:
        raise UserError(f"{path / DATABASE} cannot be read: {error}. Is it a run's database, and whole?") from None


def check_format(path: Path, database: sqlite3.Connection) -> int:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if not 1 <= version <= FORMAT:
        what = f"has format {version}, this actlab knows format {FORMAT}" if version else "is not a run's database"
        raise UserError(f"{path / DATABASE} {what}.")
    return version
