"""A power loss at any moment of a run: what a disk may then hold, from a log of what was written and what was synced.

    python studies/power.py              # writes records/power.json

Up to each call of the log what was synced is there, and of the rest anything may be: a write whole, torn by sectors of
512 bytes or not at all, in any order; names (new files, renames, removals) either in their order, as a journal keeps
them, or each by itself, as POSIX allows until the folder is synced. Each state is read, opened as the same command
would, and searched for what had been committed; some are continued to the end, and compared. Mistakes are planted, to
see that they are found.
"""

import argparse
import collections
import dataclasses
import datetime
import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from disk_watch import Call, Watch
from kills import QUESTIONS
from run_contents import contents, differences, opened
from safetensors.numpy import load_file

from actlab.errors import UserError
from actlab.experiment import Experiment, Run, is_free, list_runs, status
from actlab.running import open_store

RECORD = Path(__file__).parents[1] / "records" / "power.json"
WAYS = ("nothing more", "all", "names alone", "in order", "any")
PLANTED = ("names are not synced", "files are not synced", "the journal's end is not synced")
SECTOR = 512
FOLDER = -1  # instead of a file's number
_NOTHING = {"open", "close", "mark", "killed"}


@dataclasses.dataclass
class File:
    """What is on disk of a file, and what was written since it was synced: (from, bytes), or (size, None) of a cut."""

    kept: bytes = b""
    pending: list[tuple[int, bytes | None]] = dataclasses.field(default_factory=list)


def written(content: bytes, changes: list[tuple[int, bytes | None]]) -> bytes:
    whole = bytearray(content)
    for at, data in changes:
        if data is None:
            whole[at:] = b"" if len(whole) > at else bytes(at - len(whole))
            continue
        whole.extend(bytes(max(0, at + len(data) - len(whole))))
        whole[at : at + len(data)] = data
    return bytes(whole)


def applied(names: dict[str, int], operations: list[tuple[str, str, Any]]) -> dict[str, int]:
    """The names after these operations: what is renamed or removed and is not there changes nothing."""
    names = dict(names)
    for kind, path, more in operations:
        if kind == "create":
            names[path] = more
        elif kind == "remove":
            names.pop(path, None)
        else:  # a rename: what moves is known by its number, as a disk knows it
            target, number = more
            below = [name for name in names if name.startswith(f"{path}/")]
            names.pop(path, None)
            names[target] = number
            names |= {f"{target}{name.removeprefix(path)}": names.pop(name) for name in below}
    return names


class Disk:
    """What a disk holds for certain and what it may hold, call after call."""

    def __init__(self, place: Path, journal: bool) -> None:
        self.place = place  # which is there before
        self.journal = journal  # names are kept in their order, and any sync keeps all before it
        self.files: list[File] = []
        self.names: dict[str, int] = {}  # for certain
        self.now: dict[str, int] = {}  # as processes see them
        self.pending: list[tuple[str, str, Any]] = []
        self._open: dict[tuple[int, int], int] = {}

    def do(self, call: Call) -> None:
        path, key = call.path, (call.pid, call.fd)
        if call.op == "create":
            self.files.append(File())
            self._open[key] = len(self.files) - 1
            self._name("create", path, len(self.files) - 1)
        elif call.op == "open":
            self._open[key] = self.now.get(path, FOLDER)
        elif call.op == "write":
            self.files[self._open[key]].pending.append((call.at, call.data))
        elif call.op == "truncate":
            self.files[self._open[key]].pending.append((call.at, None))
        elif call.op == "sync":
            self._sync(self._open[key], path)
        elif call.op == "mkdir":
            self._name("create", path, FOLDER)
        elif call.op in ("unlink", "rmdir"):
            self._name("remove", path, None)
        elif call.op == "rename":
            self._name("rename", path, (call.data.decode(), self.now[path]))

    def _name(self, kind: str, path: str, more: Any) -> None:
        self.pending.append((kind, path, more))
        self.now = applied(self.now, self.pending[-1:])

    def _sync(self, number: int, path: str) -> None:
        if number != FOLDER:
            file = self.files[number]
            file.kept, file.pending = written(file.kept, file.pending), []
        if self.journal:
            done = self.pending
        elif number == FOLDER:
            done = [one for one in self.pending if path in _folders(one)]
        else:
            done = []
        self.names = applied(self.names, done)
        self.pending = [one for one in self.pending if not any(one is other for other in done)]

    def state(self, way: str, rng: random.Random) -> dict[str, bytes | None]:
        """A state that the disk may be in: path -> bytes, or None of a folder."""
        some = self.pending
        if way == "nothing more":
            some = []
        elif way == "in order" and self.journal:
            some = self.pending[: rng.randint(0, len(self.pending))]
        elif way in ("in order", "any"):
            some = [one for one in self.pending if rng.random() < 0.5]
        names = applied(self.names, some)
        found: dict[str, bytes | None] = {}
        for path, number in sorted(names.items()):
            if number == FOLDER:
                found[path] = None
                continue
            file = self.files[number]
            kept = {"nothing more": [], "names alone": [], "all": file.pending}.get(way)
            found[path] = written(file.kept, [*_torn(file.pending, rng)] if kept is None else kept)
        return {path: content for path, content in found.items() if self._is_reached(path, found)}

    def _is_reached(self, path: str, found: dict[str, bytes | None]) -> bool:
        """Whether the folders above it are there."""
        above = str(Path(path).parent)
        return above == str(self.place) or (above in found and self._is_reached(above, found))


def _folders(operation: tuple[str, str, Any]) -> list[str]:
    kind, path, more = operation
    return [str(Path(path).parent), *([str(Path(more[0]).parent)] if kind == "rename" else [])]


def _torn(changes: list[tuple[int, bytes | None]], rng: random.Random) -> Iterator[tuple[int, bytes | None]]:
    """Each change kept, lost or torn."""
    for at, data in changes:
        fate = rng.choice(["kept", "lost", "torn"])
        if fate == "kept":
            yield at, data
        elif fate == "torn" and data is not None:
            start = at
            while start < at + len(data):
                end = min((start // SECTOR + 1) * SECTOR, at + len(data))
                if rng.random() < 0.5:
                    yield start, data[start - at : end - at]
                start = end


@dataclasses.dataclass
class Logged:
    """A run whose storage calls were logged: the log, the run's place, what it left."""

    calls: list[Call]
    place: Path
    arguments: list[str]
    left: dict[str, bytes]
    rows: dict[str, tuple]
    experiment: Experiment

    @property
    def folder(self) -> Path:
        return self.place / "run"


def logged(watch: Watch, arguments: list[str], planted: str = "") -> Logged:
    place = watch.scratch / "place"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    arguments = [*arguments, "--out", str(place / "run")]
    command = watch.begin("logged", place, arguments, forked=True, data=True, planted=planted)
    assert command.wait() == 0, command.said.read_text()
    command.left()
    folder = place / "run"
    asked = Experiment.read(folder / "experiment.toml")
    found = Logged(command.calls, place, arguments, contents(folder), rows(folder), asked)
    _same_as_replayed(found)
    return found


def _same_as_replayed(run: Logged) -> None:
    """The log has missed nothing: replayed, it gives the folder as it is."""
    disk = Disk(run.place, journal=True)
    for call in run.calls:
        disk.do(call)
    state = disk.state("all", random.Random(0))
    files = {str(file): file.read_bytes() for file in run.place.rglob("*") if file.is_file()}
    assert {path: content for path, content in state.items() if content is not None} == files


def rows(folder: Path) -> dict[str, tuple]:
    """Each finished trial with all that belongs to it, but the stack's name."""
    with opened(folder) as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(trials)") if row[1] != "parameters"]
        asked = f"SELECT {', '.join(names)} FROM trials WHERE status != 'planned'"
        found = {row[0]: row for row in database.execute(asked)}
        for table in ("curves", "predictions", "inside"):
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                continue
            for key in found:
                found[key] += tuple(database.execute(f"SELECT * FROM {table} WHERE key = ? ORDER BY rowid", (key,)))
        return found


def made(run: Logged, state: dict[str, bytes | None]) -> None:
    """Put a state where the run was."""
    shutil.rmtree(run.place)
    run.place.mkdir()
    for path, content in sorted(state.items()):
        if content is None:
            Path(path).mkdir(exist_ok=True)
        else:
            Path(path).write_bytes(content)


def faults_of(run: Logged, promised: set[str]) -> list[str]:
    """What is wrong with the state that is there now; reading and opening it as actlab does."""
    folder, found = run.folder, []
    if not (folder / "run.db").exists():
        found += [f"{len(promised)} committed networks are gone with the database"] if promised else []
        return found + ([] if is_free(folder) else ["the same command would refuse the folder"])
    try:
        [status(path) for path in list_runs(run.place)]
        assert Run(folder).trials is not None
    except UserError as error:
        found.append(f"cannot be read: {error}")
    except Exception as error:
        found.append(f"cannot be read, without words: {error!r}")
    try:
        known = Experiment.read(folder / "experiment.toml")
        seeds = known.seeds if known.max_seeds else run.experiment.seeds  # looks have added some
        open_store(folder, dataclasses.replace(run.experiment, seeds=seeds)).__exit__()
        there = rows(folder)
    except Exception as error:
        return [*found, f"the same command ends: {error!r}"]
    found += [f"committed, and gone: {key}" for key in sorted(promised - there.keys())]
    found += [f"not what was trained: {key}" for key, row in there.items() if row != run.rows[key]]
    with opened(folder) as database:
        kept = database.execute("SELECT key, parameters FROM trials WHERE parameters IS NOT NULL").fetchall()
    for key, file in kept:
        try:
            tensors = {n: t for n, t in load_file(folder / file).items() if n.startswith(f"{key}/")}
        except Exception as error:
            found.append(f"parameters of {key}: {type(error).__name__}")
            continue
        wanted = {n for n in run.left if n.startswith(f"parameters/{key}/")}
        if {f"parameters/{n}" for n in tensors} != wanted or not all(np.isfinite(t).all() for t in tensors.values()):
            found.append(f"parameters of {key} are others")
    return found


def continued(watch: Watch, run: Logged) -> list[str]:
    """What is wrong after the same command has gone on from the state that is there now."""
    command = watch.begin("continued", run.place, run.arguments, forked=True)
    code = command.wait()
    command.left()
    if code:
        return [f"the same command ends with {code}: {command.said.read_text()[-300:]}"]
    return differences(contents(run.folder), run.left)


def searched(
    watch: Watch, run: Logged, rng: random.Random, *, prefixes: int, states: int, go_on: int
) -> dict[str, Any]:  # fmt: skip
    """Look at states after so many prefixes of the log (0: all), so many of each."""
    places = [place for place, call in enumerate(run.calls) if call.op not in _NOTHING]
    chosen = set(rng.sample(places, min(prefixes, len(places))) if prefixes else places)
    after = (place for place, call in enumerate(run.calls) if call.op == "mark" and call.said[0] == "committed")
    chosen |= {next((other for other in places if other > place), places[-1]) for place in after}
    going_on = set(rng.sample(sorted(chosen), min(go_on, len(chosen))))
    seen: set[str] = set()
    counts: collections.Counter[str] = collections.Counter()
    faults: list[dict[str, Any]] = []
    for journal in (True, False):
        disk, promised = Disk(run.place, journal), set()
        for place, call in enumerate(run.calls):
            disk.do(call)
            if call.op == "mark" and call.said[0] == "committed":
                promised |= set(call.said[1])
            if place not in chosen:
                continue
            for way in WAYS[:states] if states >= len(WAYS) else rng.sample(WAYS, states):
                state = disk.state(way, rng)
                name = hashlib.sha256(repr((sorted(state.items()), sorted(promised))).encode()).hexdigest()
                if name in seen:
                    continue
                seen.add(name)
                made(run, state)
                wrong = faults_of(run, promised)
                if place in going_on and not wrong:
                    going_on.discard(place)
                    made(run, state)
                    counts["continued"] += 1
                    wrong = continued(watch, run)
                counts["states"] += 1
                counts[f"{'names in order' if journal else 'any names'}: {way}"] += 1
                if wrong:
                    at = f"{call.op} {Path(call.path).relative_to(run.place)}"
                    faults.append({"call": place, "after": at, "journal": journal, "kept": way, "faults": wrong[:3]})
    return {"calls": len(places), "prefixes": len(chosen), **counts, "faulty": len(faults), "faults": faults[:20]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--prefixes", type=int, default=0, help="of each log; all where it is not given")
    parser.add_argument("--states", type=int, default=len(WAYS), help="of each prefix and kind of disk")
    parser.add_argument("--go-on", type=int, default=20, help="states that are continued to the end, of each log")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-record", action="store_true")
    given = parser.parse_args()
    from actlab.engine.machine import environment

    begun, found = environment("cpu"), {}
    sizes = {"prefixes": given.prefixes, "states": given.states}
    with tempfile.TemporaryDirectory() as scratch, Watch(Path(scratch), seconds=0.2) as watch:
        for name in ("one process", "two workers", "until decided"):
            rng = random.Random(given.seed)
            found[name] = searched(watch, logged(watch, QUESTIONS[name]), rng, **sizes, go_on=given.go_on)
            print(name, json.dumps(found[name]), flush=True)
        caught = {}
        for planted in PLANTED:
            run = logged(watch, QUESTIONS["one process"], planted)
            one = searched(watch, run, random.Random(given.seed), prefixes=100, states=len(WAYS), go_on=0)
            caught[planted] = {"states": one["states"], "faulty": one["faulty"], "first": one["faults"][:1]}
            print(planted, json.dumps(caught[planted]), flush=True)
    record = {
        "command": " ".join(["python studies/power.py", *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "environment": begun,
        "n": sum(one["states"] for one in found.values()),
        "continued": sum(one.get("continued", 0) for one in found.values()),
        "faulty": sum(one["faulty"] for one in found.values()),
        "logs": found,
        "planted": caught,
    }
    if not given.no_record:
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    sys.exit(bool(record["faulty"]) or not all(one["faulty"] for one in caught.values()))


if __name__ == "__main__":
    main()
