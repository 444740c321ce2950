"""All that a run's folder holds, as bytes that two runs of one question share, however often they were disturbed.

What was measured in seconds, where it was trained and how stacks were called is left out, and nothing else.
"""

import contextlib
import dataclasses
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from actlab.experiment import Experiment

PROVENANCE = {"device", "cpu", "torch", "parameters"}  # of trials: the machine, and the file that a stack has named
ORDERS = {"trials": "key", "curves": "key, epoch", "predictions": "key", "inside": "key, epoch, layer"}


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database in a copy, which alone is changed where what a crash left is rolled back."""
    with tempfile.TemporaryDirectory() as copy:
        for file in folder.glob("run.db*"):
            with contextlib.suppress(FileNotFoundError):  # by a process that still ends
                shutil.copyfile(file, Path(copy) / file.name)
        with contextlib.closing(sqlite3.connect(Path(copy) / "run.db")) as database:
            yield database


def finished(folder: Path) -> set[str]:
    """The keys whose transaction is in the database of a run, or in that of its tuning."""
    found: set[str] = set()
    for place in (folder, folder / "tuning"):
        if (place / "run.db").exists():
            with opened(place) as database:
                found |= {key for (key,) in database.execute("SELECT key FROM trials WHERE status != 'planned'")}
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """By name: tables in the order of keys, parameters, artefacts, files of the folder."""
    found = _tables(folder) | _parameters(folder)
    for file in sorted((folder / "artefacts").glob("*.npz")):
        with np.load(file) as arrays:
            for name in sorted(arrays):
                found[f"{file.stem}/{name}"] = _array(arrays[name])
    experiment = Experiment.read(folder / "experiment.toml")  # a baseline that was not named is named when it goes on
    found["experiment"] = repr(dataclasses.replace(experiment, baseline=experiment.baseline_label)).encode()
    for name in ("preflight.json", "report/curves.csv"):
        if (folder / name).exists():
            found[name] = (folder / name).read_bytes()
    page = folder / "report" / "index.html"
    found["page is whole"] = str(not page.exists() or page.read_text().rstrip().endswith("</html>")).encode()
    found["environment is whole"] = str(bool(json.loads((folder / "environment.json").read_text()))).encode()
    every = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    found["files"] = "\n".join(
        sorted(f.as_posix() for f in every if f.parts[0] not in ("parameters", "tuning"))
    ).encode()
    if (folder / "tuning").exists():
        found |= {f"tuning/{name}": value for name, value in contents(folder / "tuning").items()}
    return found


def _tables(folder: Path) -> dict[str, bytes]:
    found = {}
    with opened(folder) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for table, order in ORDERS.items():
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                continue
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(f'"{name}"' for name in columns if name not in PROVENANCE or table != "trials")
            found[table] = repr(database.execute(f"SELECT {kept} FROM {table} ORDER BY {order}").fetchall()).encode()
        query = {
            "order of trials": "SELECT key FROM trials ORDER BY rowid",
            "networks that were timed": "SELECT epoch, SUM(networks) FROM times GROUP BY epoch ORDER BY epoch",
            "costs that were measured": "SELECT DISTINCT activation, networks FROM costs ORDER BY 1, 2",
        }
        return found | {name: repr(database.execute(asked).fetchall()).encode() for name, asked in query.items()}


def _parameters(folder: Path) -> dict[str, bytes]:
    """Each trial's tensors, wherever they lie; and the files that no trial names."""
    with opened(folder) as database:
        rows = database.execute("SELECT key, parameters FROM trials WHERE parameters IS NOT NULL").fetchall()
    found, files = {}, {file: load_file(folder / file) for file in {file for _, file in rows}}
    for key, file in rows:
        own = {name: array for name, array in files[file].items() if name.startswith(f"{key}/")}
        assert own, f"{file} has nothing of trial {key}"
        found |= {f"parameters/{name}": _array(array) for name, array in own.items()}
    there = {file.relative_to(folder).as_posix() for file in (folder / "parameters").glob("*")}
    return found | {"parameters that no trial names": "\n".join(sorted(there - files.keys())).encode()}


def _array(array: np.ndarray) -> bytes:
    return f"{array.dtype.str} {array.shape} ".encode() + array.tobytes()


def differences(found: dict[str, bytes], wanted: dict[str, bytes]) -> list[str]:
    """The names of what is not equal, with the beginnings where these are short."""
    names = [name for name in sorted(found.keys() | wanted.keys()) if found.get(name) != wanted.get(name)]
    return [f"{name}: {_short(found.get(name))}, not {_short(wanted.get(name))}" for name in names]


def _short(value: bytes | None) -> str:
    return "missing" if value is None else f"{len(value)} bytes {value[:200]!r}"
