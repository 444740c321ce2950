"""A command in a process of its own whose storage calls are counted, logged and struck at: for kills.py and power.py.

`disk_watch.c`, compiled here and loaded before libc, sees every write, sync, rename, ... in one folder, of all
processes of a run. Inside these processes hooks add marks to its log: which stack is begun, which is committed.
"""

import contextlib
import ctypes
import dataclasses
import functools
import importlib.abc
import importlib.util
import json
import multiprocessing
import os
import signal
import struct
import subprocess
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from undrawn import undrawn

HERE = Path(__file__).parent
SECONDS = "DISK_WATCH_SECONDS"  # between checkpoints
_DRAWN = "DISK_WATCH_DRAWN"  # whether forks draw the report
_CONTROLS = "DISK_WATCH_CONTROLS"  # the folder where a driver's control file is named, by its number
HOWS, WHOMS = ("before", "half-way", "after"), ("self", "group", "driver")
OPS = ["open", "create", "write", "truncate", "sync", "rename", "unlink", "mkdir", "rmdir", "close", "killed", "mark"]
_CONTROL = struct.Struct("<QQIIII1024s1024s")
_RECORD = struct.Struct("<IIIIIiQQQ")
_MAGIC = 0x4B534944
_LONGEST = 900.0  # seconds: it only ends a hang


# In the watched process ------------------------------------------------------------------------------------------


def _mark(*said: Any) -> None:
    with contextlib.suppress(AttributeError):  # not watched
        ctypes.CDLL(None).watch_mark(json.dumps(said).encode())


def _hook_checkpoints(module: Any) -> None:
    module._SECONDS = float(os.environ[SECONDS])


def _hook_disk(module: Any) -> None:
    from numpy.lib import _format_impl  # else an array goes into a file by C's buffers, which nothing here sees

    _format_impl.isfileobj = lambda handle: False


def _hook_costs(module: Any) -> None:
    module._ENOUGH_SECONDS = module._MORE_SECONDS = 0.0  # what is only measured need not be exact


def _hook_workers(module: Any) -> None:
    """A worker that a server has begun which several commands share belongs to its driver's group, and is watched."""
    begin = module._begin_worker

    @functools.wraps(begin)
    def joined(messages: Any) -> None:
        parent = multiprocessing.parent_process()
        control = Path(os.environ.get(_CONTROLS, "-")) / f"{parent.pid}.driver" if parent else Path("-")
        if control.exists():
            os.setpgid(0, parent.pid)
            ctypes.CDLL(None).watch_begin(control.read_bytes())
        begin(messages)

    module._begin_worker = joined


def _hook_training(module: Any) -> None:
    train = module.train

    def marked(stack: Any, *rest: Any, **how: Any) -> Any:
        _mark("begun", list(stack.keys))
        return train(stack, *rest, **how)

    module.train = marked


def _hook_store(module: Any) -> None:
    add = module.Store.add_stack

    def marked(store: Any, stack: str, outcomes: Any, *rest: Any, **how: Any) -> None:
        add(store, stack, outcomes, *rest, **how)
        _mark("committed", [outcome["key"] for outcome in outcomes])

    module.Store.add_stack = marked


_HOOKS = {
    "actlab.running.checkpoints": _hook_checkpoints,
    "actlab.engine.costs": _hook_costs,
    "actlab.experiment.disk": _hook_disk,
    "actlab.engine.training": _hook_training,
    "actlab.running.executors": _hook_workers,
    "actlab.experiment.store": _hook_store,
}


class _Hooking(importlib.abc.MetaPathFinder):
    """Calls a hook when its module has been loaded, in whatever process that is."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in _HOOKS:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        assert spec is not None and spec.loader is not None
        execute = spec.loader.exec_module

        def hooked(module: Any) -> None:
            execute(module)
            _HOOKS[name](module)

        spec.loader.exec_module = hooked
        return spec


def hook() -> None:
    sys.meta_path.insert(0, _Hooking())


def plant(mistake: str) -> None:
    """A mistake that a search for states after a power loss must find."""
    from actlab.experiment import disk, store

    if mistake == "names are not synced":
        disk.keep_names = store.keep_names = lambda folder: None
    elif mistake == "files are not synced":
        disk.os = types.SimpleNamespace(**vars(os) | {"fsync": lambda descriptor: None})
    elif mistake:
        begin = store.Store.__init__

        def begun(self: Any, *how: Any, **more: Any) -> None:
            begin(self, *how, **more)
            self._database.execute("PRAGMA synchronous = FULL")

        store.Store.__init__ = begun


def serve() -> None:
    """Load all that a command needs; then each line of standard input is a command, run in a fork of this process.

    So is the server that workers are forked from: begun once, for all of them.
    """
    from multiprocessing import forkserver

    import pandas
    import scipy.stats
    import torch
    import vl_convert

    from actlab import cli, engine, running
    from actlab.report.templates import template

    for room in ("experiment", "stats", "results", "running", "preflight", "report", "workflows"):
        for file in (HERE.parent / "src" / "actlab" / room).glob("*.py"):
            importlib.import_module(f"actlab.{room}.{file.stem}")
    assert all((pandas, scipy.stats, vl_convert, running.train_missing, engine.train, cli.main, template("page.html")))
    if not os.environ[_DRAWN]:
        undrawn()
    torch.set_num_threads(1)  # no pool of threads may be there before a fork
    running.processes.prepare()
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            # it runs, as a child of this one's parent
            forkserver.ensure_running = forkserver._forkserver.ensure_running = lambda: None
            Path(os.environ[_CONTROLS], f"{os.getpid()}.driver").write_text(asked["control"])
            os.environ["DISK_WATCH"] = asked["control"]
            out = os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(out, 1)
            os.dup2(out, 2)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            ctypes.CDLL(None).watch_begin(asked["control"].encode())
            plant(asked["planted"])
            sys.argv = ["actlab", *asked["arguments"]]
            code = 70
            try:
                cli.main()
            except SystemExit as ended:
                code = int(ended.code or 0)
            finally:
                with contextlib.suppress(Exception):
                    import multiprocessing.util

                    multiprocessing.util._exit_function()
                os._exit(code)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


# Outside ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Call:
    """One line of the log."""

    op: str
    pid: int
    fd: int
    call: int  # its number; 0 of what is not counted
    at: int
    path: str
    data: bytes
    size: int

    @property
    def said(self) -> Any:
        return json.loads(self.data)


def read_log(file: Path) -> list[Call]:
    found, content, at = [], file.read_bytes(), 0
    while at + _RECORD.size <= len(content):
        magic, op, pid, path, data, fd, call, offset, size = _RECORD.unpack_from(content, at)
        assert magic == _MAGIC, "the log is not whole"
        at += _RECORD.size
        name, kept = content[at : at + path], content[at + path : at + path + data]
        found.append(Call(OPS[op], pid, fd, call, offset, os.fsdecode(name), kept, size))
        at += path + data
    return found


class Watch:
    """A scratch folder in which commands are run and watched."""

    def __init__(self, scratch: Path, seconds: float = 0.02, drawn: bool = True) -> None:
        self.scratch = scratch.resolve()
        self.scratch.mkdir(parents=True, exist_ok=True)
        library = self.scratch / "disk_watch.so"
        how = ["-O1", "-shared", "-fPIC", "-ldl", "-lpthread"]
        subprocess.run(["gcc", HERE / "disk_watch.c", *how, "-o", library], check=True)
        hooks = self.scratch / "hooks"
        hooks.mkdir(exist_ok=True)
        (hooks / "sitecustomize.py").write_text("import disk_watch\ndisk_watch.hook()\n")
        source = str(HERE.parent / "src")
        path = os.pathsep.join([str(hooks), str(HERE), source])
        self.environment = os.environ | {
            "LD_PRELOAD": str(library), "PYTHONPATH": path, SECONDS: str(seconds), "OMP_NUM_THREADS": "1",
            _CONTROLS: str(self.scratch),
            _DRAWN: "yes" * drawn,
            "XDG_CACHE_HOME": str(self.scratch / "cache"),
        }  # fmt: skip
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            assert self._server.stdin is not None
            self._server.stdin.close()
            self._server.wait()

    def begin(
        self, name: str, root: Path, arguments: list[str], *, forked: bool, kill_at: int = 0, how: str = "before",
        whom: str = "self", data: bool = False, planted: str = "",
    ) -> "Command":  # fmt: skip
        """Start `actlab ARGUMENTS`, watched in `root`: as one types it, or in a fork of what has loaded it."""
        control, log, said = (self.scratch / f"{name}.{kind}" for kind in ("control", "log", "said"))
        log.unlink(missing_ok=True)
        told = [os.fsencode(root.resolve()), os.fsencode(log)]
        control.write_bytes(_CONTROL.pack(0, kill_at, HOWS.index(how), WHOMS.index(whom), data, 1, *told))
        if not forked:
            with said.open("ab") as out:
                process = subprocess.Popen(
                    [sys.executable, "-c", "from actlab.cli import main; main()", *arguments],
                    env=self.environment | {"DISK_WATCH": str(control)}, start_new_session=True,
                    stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                )  # fmt: skip
            return Command(process.pid, log, said, process)
        asked = {"control": str(control), "said": str(said), "arguments": arguments, "planted": planted}
        server = self._serving()
        assert server.stdin is not None and server.stdout is not None
        print(json.dumps(asked), file=server.stdin, flush=True)
        return Command(int(server.stdout.readline()), log, said, server)

    def _serving(self) -> subprocess.Popen[str]:
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-c", "import disk_watch; disk_watch.serve()"], env=self.environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
            assert self._server.stdout is not None
            assert self._server.stdout.readline() == "ready\n"
        return self._server


@dataclasses.dataclass
class Command:
    """A command that goes on."""

    pid: int
    log: Path
    said: Path
    process: "subprocess.Popen[Any]"

    def wait(self) -> int:
        """Its status, negative for the signal that ended it."""
        if self.process.pid == self.pid:
            return self.process.wait(timeout=_LONGEST)
        assert self.process.stdout is not None
        return os.waitstatus_to_exitcode(int(self.process.stdout.readline()))

    @property
    def calls(self) -> list[Call]:
        return read_log(self.log) if self.log.exists() else []

    def members(self) -> dict[int, str]:
        """The processes of its group, by what they are."""
        parents = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == self.pid and fields[0] not in "ZX":
                    parents[int(folder.name)] = int(fields[1])
        return {pid: self._role(pid, parent) for pid, parent in parents.items()}

    def _role(self, pid: int, parent: int) -> str:
        if pid == self.pid:
            return "driver"
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return "gone"
        if b"resource_tracker" in line:
            return "tracker"
        return "server" if parent == self.pid else "worker"

    def strike(self, whom: str) -> bool:
        """Kill the driver, a worker or all, if they are there."""
        found = [pid for pid, role in sorted(self.members().items()) if role == whom]
        if whom == "group":
            os.killpg(self.pid, signal.SIGKILL)
        elif found:
            os.kill(found[-1], signal.SIGKILL)
        return whom == "group" or bool(found)

    def left(self, seconds: float = 60.0) -> dict[int, str]:
        """Who of it is still there, when those who end with the driver have had the time to."""
        end = time.monotonic() + seconds
        while (found := self.members()) and time.monotonic() < end:
            time.sleep(0.02)
        return found


def marks(calls: list[Call], what: str) -> Iterator[tuple[int, list[str]]]:
    """(place in the log, keys) of each mark of a kind."""
    for place, call in enumerate(calls):
        if call.op == "mark" and call.said[0] == what:
            yield place, call.said[1]
