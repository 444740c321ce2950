"""A run's folder, to write: what was asked (experiment.toml), where (environment.json), what came out (run.db), and
artefacts. A stack's rows enter in one transaction.
"""

import contextlib
import errno
import io
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from actlab.errors import UserError
from actlab.experiment import schema
from actlab.experiment.disk import keep_names, told, write_bytes, write_text
from actlab.experiment.run import environments_of
from actlab.experiment.spec import GRID, Experiment, Trial
from actlab.experiment.strange import refuse_links


class Store(contextlib.AbstractContextManager["Store"]):
    """A run's folder, to write: one process at a time, the one that started the run, holds it."""

    def __init__(self, path: Path, lock: sqlite3.Connection | None = None) -> None:
        self.path = path
        with told(path), contextlib.ExitStack() as opened:  # closed where it is refused: an error that is kept keeps it
            if lock is not None:
                opened.callback(lock.close)
            refuse_links(path)
            schema.refuse_obeyed(path / schema.DATABASE)
            if lock is None:
                opened.callback(_lock(path).close)
            opened.enter_context(schema.written(path))
            self._database = sqlite3.connect(path / schema.DATABASE, isolation_level=None)
            opened.callback(self._database.close)
            self._database.execute("PRAGMA journal_mode = DELETE")
            self._database.execute("PRAGMA synchronous = EXTRA")  # a power loss can undo what FULL has committed
            self._version = self._others_changes()
            if schema.check(path, self._database) == 1:
                self._raise_format()
            self._opened = opened.pop_all()

    def _raise_format(self) -> None:
        """General names for the columns of the metric, which was always accuracy."""
        with self._transaction():
            for table in schema.TABLES:
                for _, name, *_ in self._database.execute(f"PRAGMA table_info({table})").fetchall():
                    for old, new in schema.RENAMED.items():
                        if name.endswith(old):
                            renamed = f"{name.removesuffix(old)}{new}"
                            self._database.execute(f"ALTER TABLE {table} RENAME COLUMN {name} TO {renamed}")
            self._database.execute(f"PRAGMA user_version = {schema.FORMAT}")

    def _others_changes(self) -> int:
        """A number that is another one when another process has written."""
        return self._database.execute("PRAGMA data_version").fetchone()[0]

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @classmethod
    def create(cls, path: Path, experiment: Experiment, trials: Sequence[Trial]) -> "Store":
        """Make the folder; what was begun before and has no database yet is begun anew."""
        with told(path), contextlib.ExitStack() as opened:
            path.mkdir(parents=True, exist_ok=True)
            lock = _lock(path)
            opened.callback(lock.close)
            if (path / schema.DATABASE).exists():
                raise UserError(f"Another actlab has made {path} just now: the same command goes on with it.")
            for folder in ("artefacts", "parameters", "working"):
                (path / folder).mkdir(exist_ok=True)
            for folder in (path, path.parent, path.parent.parent):  # it may be the first in runs/
                keep_names(folder)
            fresh = path / f"{schema.DATABASE}.new"
            fresh.unlink(missing_ok=True)
            opened.callback(fresh.unlink, missing_ok=True)
            with contextlib.closing(sqlite3.connect(fresh)) as database:
                database.execute("PRAGMA journal_mode = OFF")  # a crash makes it anew, and may leave nothing else
                for name in schema.TABLES:
                    database.execute(schema.creation(name))
                database.execute(f"PRAGMA user_version = {schema.FORMAT}")
                database.commit()
            write_text(path / schema.EXPERIMENT, experiment.to_toml())
            os.replace(fresh, path / schema.DATABASE)
            keep_names(path)
            opened.pop_all()
        store = cls(path, lock)
        try:
            store.plan(experiment, trials)
        except BaseException:
            store.__exit__()
            raise
        return store

    def plan(self, experiment: Experiment, trials: Sequence[Trial]) -> None:
        """Enter trials as planned, and the experiment as it stands now; nothing is written where nothing changes."""
        with contextlib.suppress(UserError):  # a damaged experiment.toml is written anew
            known = [key for (key,) in self._rows("SELECT key FROM trials ORDER BY rowid")]
            same = known == [trial.key for trial in trials]
            if same and Experiment.read(self.path / schema.EXPERIMENT) == experiment:
                return
        rows = [_planned(trial) for trial in trials]
        # before the trials: what was asked may be more than what is planned yet, never less
        write_text(self.path / schema.EXPERIMENT, experiment.to_toml())
        with self._transaction():
            self._insert("trials", rows, verb="INSERT OR IGNORE")
            held = [key for (key,) in self._rows("SELECT key FROM trials ORDER BY rowid")]
            order = {trial.key: place for place, trial in enumerate(trials)}
            if held != sorted(held, key=order.__getitem__):  # tables have the order in which activations are named now
                kept = self._rows("SELECT * FROM trials")
                kept.sort(key=lambda row: order[row[0]])
                self._database.execute("DELETE FROM trials")
                marks = ", ".join("?" * len(schema.TRIALS))
                self._database.executemany(f"INSERT INTO trials VALUES ({marks})", kept)

    def keys(self, status: Sequence[str] = ("planned", "finished", "diverged")) -> set[str]:
        rows = self._rows("SELECT key, status FROM trials")
        return {key for key, state in rows if state in status}

    def identities(self) -> set[str]:
        return {name for (name,) in self._rows("SELECT DISTINCT identity FROM trials")}

    def homes(self) -> dict[int, tuple[str, ...]]:
        """CPU and torch that have trained networks of each seed, where any have."""
        rows = self._rows("SELECT DISTINCT seed, cpu, torch FROM trials WHERE status != 'planned'")
        return {seed: (cpu, torch) for seed, cpu, torch in rows}

    def add_stack(
        self, stack: str, outcomes: Sequence[dict[str, Any]], curves: Sequence[dict[str, Any]],
        predictions: Sequence[dict[str, Any]], seconds: Sequence[float], inside: Sequence[dict[str, Any]] = (),
    ) -> None:  # fmt: skip
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
            if inside:
                self._database.execute(schema.creation("inside"))  # older runs have no such table
                self._insert("inside", inside, verb="INSERT OR REPLACE")

    def has_costs(self, names: Iterable[str]) -> bool:
        """Whether the cost of a step has been measured of all these activations."""
        return {*names} <= {name for (name,) in self._rows("SELECT activation FROM costs")}

    def add_costs(self, rows: Sequence[dict[str, Any]]) -> None:
        """Replace the measured cost of a step."""
        with self._transaction():
            self._database.execute("DELETE FROM costs")
            self._insert("costs", rows)

    def add_artefact(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # pyright: ignore[reportArgumentType]  # one may be called allow_pickle
        write_bytes(self.path / "artefacts" / f"{name}.npz", buffer.getvalue())

    def has_artefact(self, name: str) -> bool:
        return (self.path / "artefacts" / f"{name}.npz").is_file()

    def tidy(self) -> None:
        """Remove what is of use only until the run is finished, and what crashes have left half made."""
        shutil.rmtree(self.path / "working", ignore_errors=True)
        named = {file for (file,) in self._rows("SELECT DISTINCT parameters FROM trials")}
        written = (*self.path.glob("*.new"), *self.path.glob("*/*.new"))
        unnamed = (file for file in self.path.glob("parameters/*") if f"parameters/{file.name}" not in named)
        with contextlib.suppress(OSError):
            for file in {*written, *unnamed}:
                file.unlink()

    def add_sources(self, files: dict[str, bytes]) -> None:
        """Keep what is a user's own as it was, so that what was trained can be run again."""
        with told(self.path):
            for name, content in files.items():
                (self.path / "sources").mkdir(exist_ok=True)
                write_bytes(self.path / "sources" / name, content)

    def add_environment(self, environment: dict[str, Any]) -> list[str]:
        """Note where the run goes on; returns in words what has changed since it last did."""
        known = environments_of(self.path)
        last = known[-1] if known else environment
        names = [name for name in environment if name not in ("started", "command")]
        changed = [name for name in names if last.get(name) != environment[name]]
        if changed or not known:
            write_text(self.path / schema.ENVIRONMENT, json.dumps([*known, environment], indent=1) + "\n")
        return [f"{name}: {last.get(name)} then, {environment[name]} now" for name in changed]

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with told(self.path):
            return self._database.execute(query).fetchall()

    def _insert(self, table: str, rows: Sequence[dict[str, Any]], *, verb: str = "INSERT") -> None:
        columns = list(schema.TABLES[table])
        names = ", ".join(f":{name}" for name in columns)
        full = [{name: row.get(name) for name in columns} for row in rows]
        self._database.executemany(f"{verb} INTO {table} VALUES ({names})", full)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with told(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                if self._others_changes() != self._version:
                    raise UserError(
                        f"Another actlab has written into {self.path}, whose file system keeps nobody out: locks fail "
                        "there. Let one of the two train, or choose another --out."
                    )
                yield
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk has rolled it back already
                    self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def _lock(path: Path) -> sqlite3.Connection:
    """Hold the folder against a second process. SQLite's lock on an empty file: the system ends it with the process."""
    schema.refuse_obeyed(path / "lock")
    with told(path):
        lock = sqlite3.connect(path / "lock", timeout=0, isolation_level=None)
        try:
            lock.execute("PRAGMA journal_mode = MEMORY")  # nothing is ever in it to be rolled back
            lock.execute("BEGIN EXCLUSIVE")
            return lock
        except sqlite3.OperationalError as error:
            lock.close()
            if "locked" not in str(error):
                raise
        if _locks_fail(path):
            raise UserError(f"{path} cannot be kept from a second actlab: its file system has no locks. {_ELSEWHERE}")
        raise UserError(f"Another actlab is training in {path}: wait for it, or choose another --out.")


_ELSEWHERE = "Choose a folder on this machine's own disk with --out."


def _locks_fail(folder: Path) -> bool:
    """Whether the system refuses any lock: SQLite says only that it has none."""
    if os.name != "posix":
        return False
    import fcntl

    with tempfile.TemporaryFile(dir=folder) as handle:  # to close the lock's own file would end what this process holds
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in (errno.EAGAIN, errno.EACCES)
    return False


def is_free(path: Path) -> bool:
    """Whether a run can be made here: nothing is there, or only what a crash left of the making of one."""
    ours = {"lock", "artefacts", "parameters", "working", schema.TUNING, schema.EXPERIMENT}
    ours |= {f"{schema.DATABASE}.new", f"{schema.EXPERIMENT}.new"}
    ours |= {f"{schema.DATABASE}.new-journal", "lock-journal"}  # of earlier versions
    return not path.exists() or (path.is_dir() and {item.name for item in path.iterdir()} <= ours)


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
