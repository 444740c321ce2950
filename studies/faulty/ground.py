"""What faults stand on: commands in processes of their own, what a run holds, a disk of a given size."""

import contextlib
import hashlib
import io
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file
from studies.undrawn import undrawn

COMMAND = [
    "compare",
    "relu",
    "tanh",
    "--data",
    "digits",
    "--seeds",
    "2",
    "--epochs",
    "3",
    "--hidden",
    "8",
    "--stack-size",
    "2",
    "--quiet",
]
NETWORKS = 4
_NOT_COMPARED = {"parameters", "device", "cpu", "torch"}  # whose file it is depends on who came to share a stack
_until = [float("inf"), 0.0]  # when a kind's time is over, and how long it is
_END_SECONDS = 300.0  # only what hangs is ended


def begin(minutes: float) -> None:
    _until[:] = [time.monotonic() + 60 * minutes, 60 * minutes]


def over(share: float = 1.0) -> bool:
    """Whether so much of a kind's time is over; what was done until then is what is recorded."""
    return time.monotonic() > _until[0] - (1 - share) * _until[1] if _until[1] < float("inf") else False


@dataclass
class Row:
    """A fault: what was done, how often, what was said, what was lost."""

    fault: str
    done: str
    times: int = 0
    said: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def heard(self, text: str) -> None:
        """Count what was said, without what differs from time to time."""
        last = text.strip().splitlines()[-1] if text.strip() else "nothing"
        last = re.sub(r"[^\s:,(']*/[^\s:,)']*", "PATH", last)
        last = re.sub(r"\d[\d,.]* MB", "N MB", last)
        self.said[last] = self.said.get(last, 0) + 1

    def need(self, what: object, text: str) -> None:
        if not what:
            self.lost.append(text)


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


class Forked:
    """A command in a copy of this process, which has loaded all that it needs: it begins at once."""

    def __init__(self, arguments: Sequence[object], folder: Path, before: Callable[[], Any] | None = None) -> None:
        self._files = [tempfile.TemporaryFile(mode="w+") for _ in range(2)]  # noqa: SIM115
        self.pid = os.fork()
        if not self.pid:
            self._run([*map(str, arguments)], folder, before)

    def _run(self, arguments: list[str], folder: Path, before: Callable[[], Any] | None) -> None:
        status = 70
        try:
            os.setsid()
            for place, file in enumerate(self._files, start=1):
                os.dup2(file.fileno(), place)
            sys.stdout, sys.stderr = (open(place, "w", buffering=1, closefd=False) for place in (1, 2))  # noqa: SIM115
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            os.chdir(folder)
            sys.argv = ["actlab", *arguments]
            from actlab.cli import start

            if before is not None:
                before()
            try:
                start.main()
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 0
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def end(self) -> Ended:
        until = time.monotonic() + _END_SECONDS
        while True:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() > until:
                os.killpg(self.pid, signal.SIGKILL)
            time.sleep(0.02)
        texts = []
        for file in self._files:
            file.seek(0)
            texts.append(file.read())
            file.close()
        return Ended(os.waitstatus_to_exitcode(status), *texts)


def actlab(arguments: Sequence[object], folder: Path, before: Callable[[], Any] | None = None) -> Ended:
    return Forked(arguments, folder, before).end()


def train(
    out: object, folder: Path, workers: int = 1, before: Callable[[], Any] | None = None, drawn: bool = True
) -> Ended:
    def both() -> None:
        if not drawn:
            undrawn()
        if before is not None:
            before()

    return actlab([*COMMAND, "--workers", workers, "--out", out], folder, both)


def loaded() -> None:
    """Load, once, what each command would load."""
    import torch
    import vl_convert

    from actlab import cli, results, workflows
    from actlab.report import drawing

    assert vl_convert and cli.main  # which draws by threads, and so in copies of this process alone
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        settings = {"data": "digits", "seeds": 2, "epochs": 1, "hidden": [8], "workers": 1, "report": False}
        run = workflows.compare("relu", "tanh", out=f"{folder}/run", **settings)
        drawing.parts_of(run, results.summarise(run))


def contents(path: Path) -> dict[str, Any]:
    """All that a run holds of its trials, but for measured times: rows by key, parameters by key."""
    found: dict[str, Any] = {}
    with contextlib.closing(sqlite3.connect(path / "run.db")) as database:
        database.row_factory = sqlite3.Row
        for table, order in (("trials", "key"), ("curves", "key, epoch"), ("predictions", "key"),
                             ("inside", "key, epoch, layer")):  # fmt: skip
            rows = [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY {order}")]
            found[table] = [{name: row[name] for name in row if name not in _NOT_COMPARED} for row in rows]
        files = {name for (name,) in database.execute("SELECT DISTINCT parameters FROM trials") if name}
        trained = database.execute("SELECT sum(networks) FROM times WHERE epoch = 1").fetchone()[0]
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    tensors = {name: hashlib.sha256(array.tobytes()).hexdigest()
               for file in files for name, array in load_file(path / file).items()}  # fmt: skip
    keys = {row["key"] for row in found["trials"]}
    found["parameters"] = {name: value for name, value in tensors.items() if name.split("/")[0] in keys}
    found["trained"] = trained  # networks: each once
    return found


class Whole:
    """What a run holds that nobody disturbed, to hold others to."""

    def __init__(self, folder: Path) -> None:
        began = time.monotonic()
        done = train("whole", folder)
        self.seconds = time.monotonic() - began
        assert not done.status, done.err
        self.path = folder / "whole"
        self.contents = contents(self.path)

    def missing(self, out: Path, folder: Path, workers: int = 1, drawn: bool = False) -> list[str]:
        """What of it is not there after the same command was given again in `out`."""
        done = train(out, folder, workers, drawn=drawn)
        if done.status:
            return [f"the same command ended with {done.status}: {done.err[-300:]}"]
        found = contents(out)
        wrong = [f"{name} differs" for name in self.contents if found[name] != self.contents[name]]
        left = [str(file.relative_to(out)) for file in out.rglob("*") if file.name.endswith(".new")]
        wrong += [f"left behind: {', '.join(left)}"] if left else []
        wrong += ["working files are left"] if (out / "working").exists() else []
        page = out / "report" / "index.html"
        return wrong + ([] if page.is_file() and page.read_text().rstrip().endswith("</html>") else ["no page"])


def in_words(row: Row, done: Ended, statuses: Sequence[int] = (2,)) -> None:
    """A fault is said in one line, with the status that a shell expects."""
    row.heard(done.err)
    row.need("Traceback" not in done.err and "Exception ignored" not in done.err, f"a traceback: {done.err[-600:]}")
    row.need(done.status in statuses, f"status {done.status}: {done.err[-300:]}")
    if done.status == 2:
        row.need(len(done.err.strip().splitlines()) == 1, f"not one line: {done.err[-600:]}")


def left_over(session: int) -> list[str]:
    """The processes of a session that are still there after a while."""
    until = time.monotonic() + 60
    while True:
        listed = subprocess.run(["ps", "-o", "stat=,args=", "-s", str(session)], capture_output=True, text=True).stdout
        alive = [line for line in listed.splitlines() if not line.startswith("Z")]
        if not alive or time.monotonic() > until:
            return alive
        time.sleep(0.1)


@contextlib.contextmanager
def disk(folder: Path, kilobytes: int) -> Iterator[tuple[Path, Callable[[str], None]] | None]:
    """A small file system of its own, and what remounts it by other options; None where mounting is refused."""
    place = folder / "disk"
    place.mkdir(exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", place], capture_output=True)
    if made.returncode:
        yield None
        return

    def remount(options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)

    try:
        yield place, remount
    finally:
        subprocess.run(["umount", "-l", place], check=True)
        place.rmdir()


def no_file_over(size: int) -> Callable[[], None]:
    """The system refuses larger files, as a full disk would."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def copied(path: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    return shutil.copytree(path, to)


def patched(owner: Any, name: str, instead: Callable[..., Any]) -> None:
    """`instead` gets the function in the place of which it stands, then its arguments."""
    before = getattr(owner, name)

    def call(*arguments: Any, **options: Any) -> Any:
        return instead(before, *arguments, **options)

    setattr(owner, name, call)


def quietly(what: Callable[[], Any]) -> BaseException | None:
    """What is raised, if anything; nothing is printed."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            what()
        except BaseException as error:
            return error
    return None
