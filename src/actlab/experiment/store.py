"""A run's folder: what was asked (experiment.toml), where (environment.json), what came out (run.db), and artefacts.

run.db is one SQLite file with a rollback journal and synchronous=FULL: a stack's rows enter in one transaction, and a
copy of the folder is whole. No torch here, nor in anything that reads a run.
"""

import contextlib
import datetime
import io
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from actlab.errors import UserError, need_extra
from actlab.experiment.disk import told, write_bytes, write_text
from actlab.experiment.spec import GRID, Experiment, Trial
from actlab.experiment.split import indices_of

if TYPE_CHECKING:
    import pandas as pd

DATABASE, EXPERIMENT, ENVIRONMENT = "run.db", "experiment.toml", "environment.json"
TUNING = "tuning"  # the run inside a run that its settings were chosen by
FORMAT = 1
CURVES = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")  # what is measured after each epoch

_TRIALS = {
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
    "best_valid_accuracy": "REAL",
    "test_loss": "REAL",  # of the parameters of the best epoch
    "test_accuracy": "REAL",
    "gradient": "TEXT",  # by hand, or by autograd
    "engine": "TEXT",
    "device": "TEXT",
    "cpu": "TEXT",
    "torch": "TEXT",
    "parameters": "TEXT",  # the file that holds the best parameters, under the trial's key
    "spec": "TEXT NOT NULL",  # the whole trial, as JSON
}
_TABLES = {
    "trials": _TRIALS,
    "curves": {
        "key": "TEXT NOT NULL",
        "activation": "TEXT NOT NULL",
        "seed": "INTEGER NOT NULL",
        "learning_rate": "REAL NOT NULL",
        "epoch": "INTEGER NOT NULL",
        **dict.fromkeys(CURVES, "REAL"),
    },
    "predictions": {"key": "TEXT PRIMARY KEY", "predicted": "BLOB", "correct": "BLOB"},
    "times": {"stack": "TEXT", "epoch": "INTEGER", "networks": "INTEGER", "seconds": "REAL"},
    "costs": {"activation": "TEXT", "round": "INTEGER", "networks": "INTEGER", "seconds": "REAL"},
}


class Run:
    """A finished or unfinished run, to read: tables as pandas DataFrames, artefacts as arrays.

    `trials` has a row a trial, `curves` a row a trial and epoch, `times` the seconds of each stack's epochs, `costs`
    the seconds of a training step of uniform stacks, measured in turns. Accuracies are fractions; NaN is "none".
    """

    def __init__(self, path: str | Path) -> None:
        self.path: Path = Path(path)
        if not (self.path / DATABASE).is_file():
            raise UserError(_no_run(self.path))

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @cached_property
    def experiment(self) -> Experiment:
        return Experiment.read(self.path / EXPERIMENT)

    @cached_property
    def environments(self) -> list[dict[str, Any]]:
        return _environments(self.path)

    @cached_property
    def trials(self) -> "pd.DataFrame":
        return self._table("trials")

    @cached_property
    def curves(self) -> "pd.DataFrame":
        frame = self._table("curves")
        order = {name: place for place, name in enumerate(self.activations)}
        return frame.sort_values(
            ["activation", "learning_rate", "seed", "epoch"],
            key=lambda column: column.map(order) if column.name == "activation" else column,
            ignore_index=True,
        )

    @cached_property
    def times(self) -> "pd.DataFrame":
        return self._table("times")

    @cached_property
    def costs(self) -> "pd.DataFrame":
        return self._table("costs")

    @cached_property
    def activations(self) -> list[str]:
        """The activations as tables show them, in the order in which they were named."""
        return list(dict.fromkeys(self.trials["activation"]))

    @property
    def tuning(self) -> "Run | None":
        """The run that this one's settings were chosen by; None where nothing was chosen."""
        return Run(self.path / TUNING) if (self.path / TUNING / DATABASE).is_file() else None

    @property
    def is_drawn(self) -> bool:
        """Whether the report is there and no older than the results."""
        page = self.path / "report" / "index.html"
        return page.is_file() and page.stat().st_mtime >= (self.path / DATABASE).stat().st_mtime

    def predictions(self, key: str) -> np.ndarray | None:
        """The classes that a trial's best parameters gave the test samples; None where there is no test set."""
        with _reading(self.path) as database:
            row = database.execute("SELECT predicted FROM predictions WHERE key = ?", (key,)).fetchone()
        return None if row is None else np.load(io.BytesIO(row[0]), allow_pickle=False)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many samples each seed trains, validates and tests on, where each has a split of its own; else none."""
        return tuple(self.artefact("samples").get("sizes", np.empty(0, int)).tolist())

    @cached_property
    def examples(self) -> int:
        """The number of test examples; 0 without a test set."""
        return self.sizes[2] if self.sizes else len(self.artefact("samples").get("test_labels", ()))

    def test_labels(self, seed: int) -> np.ndarray | None:
        """The true classes of the examples that a seed's trials were tested on; None where there is no test set."""
        samples = self.artefact("samples")
        if self.sizes:
            y = samples["pool_labels"]
            return y[indices_of(y, self.sizes, seed)[2]]
        return samples.get("test_labels")

    def correct(self) -> dict[str, np.ndarray]:
        """Trial's key -> which test examples its best parameters got right, as booleans; empty without a test set.

        Where each seed has a split of its own (`sizes`), equal places of two seeds are different examples.
        """
        with _reading(self.path) as database:
            rows = database.execute("SELECT key, correct FROM predictions").fetchall() if self.examples else []
        raw = {key: np.frombuffer(bits, dtype=np.uint8) for key, bits in rows}
        return {key: np.unpackbits(bits, count=self.examples).astype(bool) for key, bits in raw.items()}

    def artefact(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of `artefacts/NAME.npz`; none where the run has no such file."""
        file = self.path / "artefacts" / f"{name}.npz"
        if not file.is_file():
            return {}
        with np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)

    def _table(self, name: str) -> "pd.DataFrame":
        try:
            import pandas as pd
        except ImportError:
            raise need_extra("lab", "pandas") from None
        with _reading(self.path) as database:
            frame = pd.read_sql_query(f"SELECT * FROM {name} ORDER BY rowid", database)
        whole = {"diverged_epoch", "best_epoch"} & set(frame.columns)
        numbers = [c for c, kind in _TABLES[name].items() if kind.startswith("REAL")]
        return frame.astype(dict.fromkeys(whole, "Int64") | dict.fromkeys(numbers, "float64"))


def load_run(path: str | Path) -> Run:
    """Open a run's folder. `.trials` and `.curves` are pandas DataFrames."""
    return Run(path)


class Store(contextlib.AbstractContextManager["Store"]):
    """A run's folder, to write: one process at a time, the one that started the run, holds it."""

    def __init__(self, path: Path, lock: sqlite3.Connection | None = None) -> None:
        self.path = path
        self._lock = lock or _lock(path)
        with told(path):
            self._database = sqlite3.connect(path / DATABASE, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = DELETE")
            self._database.execute("PRAGMA synchronous = FULL")
            _check_format(path, self._database)

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._lock.close()

    @classmethod
    def create(cls, path: Path, experiment: Experiment, trials: Sequence[Trial]) -> "Store":
        """Make the folder; what was begun before and has no database yet is begun anew."""
        with told(path):
            path.mkdir(parents=True, exist_ok=True)
            lock = _lock(path)
            for folder in ("artefacts", "parameters", "working"):
                (path / folder).mkdir(exist_ok=True)
            fresh = path / f"{DATABASE}.new"
            fresh.unlink(missing_ok=True)
            with contextlib.closing(sqlite3.connect(fresh)) as database:
                for name, columns in _TABLES.items():
                    body = ", ".join(f"{column} {kind}" for column, kind in columns.items())
                    extra = ", PRIMARY KEY (key, epoch)" if name == "curves" else ""
                    database.execute(f"CREATE TABLE {name} ({body}{extra})")
                database.execute(f"PRAGMA user_version = {FORMAT}")
                database.commit()
            write_text(path / EXPERIMENT, experiment.to_toml())
            os.replace(fresh, path / DATABASE)
        store = cls(path, lock)
        store.plan(experiment, trials)
        return store

    def plan(self, experiment: Experiment, trials: Sequence[Trial]) -> None:
        """Enter trials as planned, and the experiment as it stands now; nothing is written where nothing changes."""
        with contextlib.suppress(UserError):  # a damaged experiment.toml is written anew
            known = [key for (key,) in self._database.execute("SELECT key FROM trials ORDER BY rowid")]
            if known == [trial.key for trial in trials] and Experiment.read(self.path / EXPERIMENT) == experiment:
                return
        rows = [_planned(trial) for trial in trials]
        with self._transaction():
            self._insert("trials", rows, verb="INSERT OR IGNORE")
            # the order in which activations are named now is the order of tables
            kept = self._database.execute("SELECT * FROM trials").fetchall()
            order = {trial.key: place for place, trial in enumerate(trials)}
            kept.sort(key=lambda row: order[row[0]])
            self._database.execute("DELETE FROM trials")
            marks = ", ".join("?" * len(_TRIALS))
            self._database.executemany(f"INSERT INTO trials VALUES ({marks})", kept)
        with told(self.path):
            write_text(self.path / EXPERIMENT, experiment.to_toml())

    def keys(self, status: Sequence[str] = ("planned", "finished", "diverged")) -> set[str]:
        rows = self._database.execute("SELECT key, status FROM trials")
        return {key for key, state in rows if state in status}

    def identities(self) -> set[str]:
        return {name for (name,) in self._database.execute("SELECT DISTINCT identity FROM trials")}

    def add_stack(
        self,
        stack: str,
        outcomes: Sequence[dict[str, Any]],
        curves: Sequence[dict[str, Any]],
        predictions: Sequence[dict[str, Any]],
        seconds: Sequence[float],
    ) -> None:
        """Enter all that a stack left, in one transaction."""
        with self._transaction():
            for outcome in outcomes:
                sets = ", ".join(f"{name} = :{name}" for name in outcome if name != "key")
                self._database.execute(f"UPDATE trials SET {sets} WHERE key = :key", outcome)
            self._insert("curves", curves, verb="INSERT OR REPLACE")
            self._insert("predictions", predictions, verb="INSERT OR REPLACE")
            times = [
                {"stack": stack, "epoch": epoch, "networks": len(outcomes), "seconds": value}
                for epoch, value in enumerate(seconds, start=1)
            ]
            self._insert("times", times)

    def add_costs(self, rows: Sequence[dict[str, Any]]) -> None:
        """Replace the measured cost of a step."""
        with self._transaction():
            self._database.execute("DELETE FROM costs")
            self._insert("costs", rows)

    def add_artefact(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        with told(self.path):
            write_bytes(self.path / "artefacts" / f"{name}.npz", buffer.getvalue())

    def has_artefact(self, name: str) -> bool:
        return (self.path / "artefacts" / f"{name}.npz").is_file()

    def add_sources(self, files: dict[str, bytes]) -> None:
        """Keep what is a user's own as it was, so that what was trained can be run again."""
        with told(self.path):
            for name, content in files.items():
                (self.path / "sources").mkdir(exist_ok=True)
                write_bytes(self.path / "sources" / name, content)

    def add_environment(self, environment: dict[str, Any]) -> list[str]:
        """Note where the run goes on; returns in words what has changed since it last did."""
        known = _environments(self.path)
        last = known[-1] if known else environment
        names = [name for name in environment if name not in ("started", "command")]
        changed = [name for name in names if last.get(name) != environment[name]]
        if changed or not known:
            with told(self.path):
                write_text(self.path / ENVIRONMENT, json.dumps([*known, environment], indent=1) + "\n")
        return [f"{name}: {last.get(name)} then, {environment[name]} now" for name in changed]

    def _insert(self, table: str, rows: Sequence[dict[str, Any]], *, verb: str = "INSERT") -> None:
        columns = list(_TABLES[table])
        names = ", ".join(f":{name}" for name in columns)
        full = [{name: row.get(name) for name in columns} for row in rows]
        self._database.executemany(f"{verb} INTO {table} VALUES ({names})", full)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with told(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk has rolled it back already
                    self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def _lock(path: Path) -> sqlite3.Connection:
    """Hold the folder against a second process. SQLite's lock on an empty file: the system ends it with the process."""
    lock = sqlite3.connect(path / "lock", timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" not in str(error):
            raise UserError(f"{path} cannot be written: {error}. Choose another folder with --out.") from None
        raise UserError(f"Another actlab is training in {path}: wait for it, or choose another --out.") from None
    return lock


def _environments(path: Path) -> list[dict[str, Any]]:
    """Where a run was trained, oldest first; none where that cannot be read: results do not depend on it."""
    try:
        entries = json.loads((path / ENVIRONMENT).read_text(encoding="utf-8"))
        return [entry for entry in entries if isinstance(entry, dict)]
    except (OSError, ValueError, TypeError):
        return []


def is_free(path: Path) -> bool:
    """Whether a run can be made here: nothing is there, or only what a crash left of the making of one."""
    ours = {"lock", "artefacts", "parameters", "working", TUNING, f"{DATABASE}.new", EXPERIMENT, f"{EXPERIMENT}.new"}
    return not path.exists() or (path.is_dir() and {item.name for item in path.iterdir()} <= ours)


def held_keys(path: Path) -> set[str]:
    """The keys of all trials of a run."""
    with _reading(path) as database:
        return {key for (key,) in database.execute("SELECT key FROM trials")}


def list_runs(folder: Path) -> list[Path]:
    """The runs inside a folder, oldest first."""
    found = [path.parent for path in folder.glob(f"*/{DATABASE}")]
    return sorted(found, key=lambda path: (path / DATABASE).stat().st_mtime)


def trial_from_row(spec: str) -> Trial:
    """The trial that a row's `spec` tells."""
    values = json.loads(spec)
    return Trial(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def _planned(trial: Trial) -> dict[str, Any]:
    return {
        "key": trial.key,
        "activation": trial.label,
        "identity": trial.activation,
        "seed": trial.seed,
        **{name: getattr(trial, name) for name in GRID},
        "status": "planned",
        "spec": json.dumps(trial.changed(), sort_keys=True),
    }


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        # rw, not ro: what a crash left half is rolled back by the next who opens it; resolve: a URI wants a whole path
        database = sqlite3.connect(f"{(path / DATABASE).resolve().as_uri()}?mode=rw", uri=True)
        with contextlib.closing(database):
            _check_format(path, database)
            yield database
    except sqlite3.DatabaseError as error:
        raise UserError(f"{path / DATABASE} cannot be read: {error}. Is it a run's database, and whole?") from None


def _check_format(path: Path, database: sqlite3.Connection) -> None:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version != FORMAT:
        what = f"has format {version}, this actlab knows format {FORMAT}" if version else "is not a run's database"
        raise UserError(f"{path / DATABASE} {what}.")


def _no_run(path: Path) -> str:
    if not path.exists():
        near = [run.name for run in list_runs(path.parent)]
        hint = f" Runs there: {', '.join(near[-5:])}." if near else ""
        return f"There is no folder {path}.{hint} `actlab runs` lists the runs in runs/."
    return f"{path} is not a run: it holds no {DATABASE}. `actlab runs` lists the runs in runs/."


def status(path: Path) -> str:
    """A run in one line, without pandas: folder, data, activations, how far it is."""
    with _reading(path) as database:
        rows = database.execute("SELECT activation, status FROM trials").fetchall()
        when = (path / DATABASE).stat().st_mtime
    names = ", ".join(dict.fromkeys(name for name, _ in rows))
    done = sum(state != "planned" for _, state in rows)
    diverged = sum(state == "diverged" for _, state in rows)
    try:
        e = Experiment.read(path / EXPERIMENT)
        where = f"{e.data}, {e.epochs} epoch{'s' * (e.epochs != 1)}"
    except UserError:
        where = "?"
    far = f"{done} of {len(rows)} networks" if done < len(rows) else f"{done} networks"
    blown = f", {diverged} diverged" if diverged else ""
    day = datetime.datetime.fromtimestamp(when).strftime("%Y-%m-%d %H:%M")
    return f"{path}  {day}  {where}  {names}  {far}{blown}"
