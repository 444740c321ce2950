"""Runs by other people's executors whose processes are killed in the middle, beside the same run in one process.

    python studies/engines.py                 # all cases; writes records/engines.json
    python studies/engines.py dask_local      # this one, which prints what was seen

Each case is a process of its own, in a session of its own, so that what it leaves behind can be counted. What is killed
is killed by SIGKILL after so many networks have come back; tables are compared as bytes. Listening sockets are
read from /proc.
"""

import argparse
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "records" / "engines.json"
DEADLINE = 900  # seconds, so that a case that hangs ends
SMALL: dict[str, Any] = {"data": "digits", "seeds": 3, "epochs": 3, "stack_size": 1, "report": False}
LOCAL = "127.0.0.1"


def bent(x):
    """As it is written in a notebook: a function of __main__."""
    return x * torch.sigmoid(1.5 * x)


ARMS = ("relu", "prelu", "x*tanh(x)", bent)
NETWORKS = len(ARMS) * SMALL["seeds"]


class Killing:
    """A progress that kills once, after so many networks have come back."""

    def __init__(self, kill: Callable[[], str], after: int = 3) -> None:
        self.kill, self.left, self.did = kill, after * SMALL["epochs"], []

    def epoch(self, epoch: Any) -> None:
        self.left -= len(epoch.labels)
        if self.left == 0:
            self.did.append(self.kill())

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


def run(out: Path, progress: Any = None, **how: Any) -> Any:
    from actlab import compare

    return compare(*ARMS, out=out, progress=progress, **how, **SMALL)


def here(out: Path) -> dict[str, Any]:
    run(out, workers=1)
    return {"executor": "this process", "workers": 1, "killed": []}


def processes(out: Path) -> dict[str, Any]:
    """Python's own, by spawn."""
    from concurrent.futures import ProcessPoolExecutor

    return _factory(out, lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")), "ProcessPoolExecutor, spawn")


def forked(out: Path) -> dict[str, Any]:
    """By fork, of a process in which torch has multiplied with two threads."""
    from concurrent.futures import ProcessPoolExecutor

    torch.set_num_threads(2)
    torch.ones(700, 700) @ torch.ones(700, 700)
    return _factory(out, lambda: ProcessPoolExecutor(2, mp_context=get_context("fork")), "ProcessPoolExecutor, fork")


def loky_pool(out: Path) -> dict[str, Any]:
    from loky import ProcessPoolExecutor

    return _factory(out, lambda: ProcessPoolExecutor(2), "loky.ProcessPoolExecutor")


def loky_reusable(out: Path) -> dict[str, Any]:
    from loky import get_reusable_executor

    return _factory(out, lambda: get_reusable_executor(2), "loky.get_reusable_executor")


def loky_given(out: Path) -> dict[str, Any]:
    """One that was handed over: it breaks, which is said, and the same call with another one continues."""
    from loky import ProcessPoolExecutor

    from actlab import load_run
    from actlab.errors import UserError

    first = ProcessPoolExecutor(2)
    killing = Killing(lambda: _kill(next(iter(first._processes)), "a worker"))
    try:
        run(out, killing, executor=first)
        said = "nothing"
    except UserError as error:
        said = str(error)
    kept = int((load_run(out).trials["status"] == "finished").sum())
    with ProcessPoolExecutor(2) as second:
        run(out, executor=second)
    return {
        "executor": "loky.ProcessPoolExecutor, given",
        "workers": 2,
        "killed": killing.did,
        "said": said,
        "kept": kept,
    }


def _factory(out: Path, make: Callable[[], Any], name: str) -> dict[str, Any]:
    made: list[Any] = []

    def factory() -> Any:
        made.append(make())
        return made[-1]

    killing = Killing(lambda: _kill(next(iter(made[-1]._processes)), "a worker"))
    run(out, killing, executor=factory)
    return {"executor": name, "workers": 2, "killed": killing.did, "made": len(made)}


def dask_local(out: Path) -> dict[str, Any]:
    from distributed import Client, LocalCluster

    how = {"n_workers": 2, "threads_per_worker": 1, "host": LOCAL, "dashboard_address": f"{LOCAL}:0"}
    with LocalCluster(**how, local_directory=str(out.parent)) as cluster, Client(cluster) as client:
        pids = sorted(client.run(os.getpid).values())
        killing = Killing(lambda: _kill(pids[0], "a worker"))
        run(out, killing, executor=client.get_executor(), slots=2)
        return {"executor": "Dask, LocalCluster", "workers": 2, "killed": killing.did, "listening": listening()}


@contextmanager
def dask_processes(folder: Path, workers: int = 2) -> Iterator[tuple[subprocess.Popen, list[subprocess.Popen], str]]:
    """A scheduler and its workers as one starts them by hand, on loopback: processes, and the scheduler's file."""
    found = folder / "scheduler.json"
    found.unlink(missing_ok=True)
    dask = [sys.executable, "-m", "dask"]
    local = ["--host", LOCAL, "--dashboard-address", f"{LOCAL}:0"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen([*dask, "scheduler", *local, "--port", "0", "--scheduler-file", found], **quiet)
    while not found.exists():
        assert scheduler.poll() is None
        time.sleep(0.1)
    one = [*dask, "worker", "--scheduler-file", found, *local, "--nthreads", "1", "--local-directory", folder]
    nannies = [subprocess.Popen([*one, "--death-timeout", "60"], **quiet) for _ in range(workers)]
    try:
        yield scheduler, nannies, str(found)
    finally:
        for process in (*nannies, scheduler):
            process.terminate()
        for process in (*nannies, scheduler):
            process.wait()


def dask_cluster(out: Path) -> dict[str, Any]:
    """A worker is killed, and later the nanny of another, which nobody replaces."""
    from distributed import Client

    with dask_processes(out.parent) as (_, nannies, file), Client(scheduler_file=file) as client:
        client.wait_for_workers(2)
        pids = client.run(os.getpid).values()
        of_last = [pid for pid in pids if _parent(pid) == nannies[1].pid]
        killing = Killing(lambda: _kill(*of_last, "a worker"))
        second = Killing(lambda: _kill(nannies[0].pid, "a nanny"), after=6)
        seen = listening()
        killing.epoch, first = (lambda epoch: (first(epoch), second.epoch(epoch))), killing.epoch  # type: ignore[method-assign]
        run(out, killing, executor=client.get_executor(), slots=2)
        did = killing.did + second.did
        return {"executor": "Dask, scheduler and workers as processes", "workers": 2, "killed": did, "listening": seen}


def dask_scheduler(out: Path) -> dict[str, Any]:
    """The scheduler is killed: said, and the same call with another cluster continues."""
    from distributed import Client

    from actlab import load_run
    from actlab.errors import UserError

    with dask_processes(out.parent, 1) as (scheduler, _, file):
        client = Client(scheduler_file=file)
        killing = Killing(lambda: _kill(scheduler.pid, "the scheduler"))
        try:
            run(out, killing, executor=client.get_executor(), slots=2)
            said = "nothing"
        except UserError as error:
            said = str(error)
    kept = int((load_run(out).trials["status"] == "finished").sum())
    with dask_processes(out.parent, 1) as (_, _, file), Client(scheduler_file=file) as again:
        run(out, executor=again.get_executor(), slots=1)
    about = {"executor": "Dask, scheduler and worker as processes", "workers": 1}
    return {**about, "killed": killing.did, "said": said, "kept": kept}


def driver_killed(out: Path) -> dict[str, Any]:
    """This very process is killed, then the same command."""
    from concurrent.futures import ProcessPoolExecutor

    first = not out.exists()
    killing = Killing(lambda: _kill(os.getpid(), "the driver")) if first else None
    run(out, killing, executor=lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")))
    return {"executor": "ProcessPoolExecutor, spawn", "workers": 2, "killed": ["the driver after 3 networks"]}


def driver_killed_loky(out: Path) -> dict[str, Any]:
    from loky import get_reusable_executor

    killing = Killing(lambda: _kill(os.getpid(), "the driver")) if not out.exists() else None
    run(out, killing, executor=lambda: get_reusable_executor(2))
    return {"executor": "loky.get_reusable_executor", "workers": 2, "killed": ["the driver after 3 networks"]}


def interrupted(out: Path) -> dict[str, Any]:
    """Ctrl-C: workers that a function made end with what they do; then the same call."""
    from loky import get_reusable_executor

    began = _interrupt(out, executor=lambda: get_reusable_executor(2))
    run(out, executor=lambda: get_reusable_executor(2))
    return {"executor": "loky.get_reusable_executor", "workers": 2, **began}


def interrupted_given(out: Path) -> dict[str, Any]:
    """Ctrl-C: one that was handed over is left open, and goes on."""
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        began = _interrupt(out, executor=pool)
        run(out, executor=pool)
    return {"executor": "ProcessPoolExecutor, given", "workers": 2, **began}


def _interrupt(out: Path, **how: Any) -> dict[str, Any]:
    from actlab import load_run

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a signal that is ignored stays so in a child
    killing = Killing(lambda: os.kill(os.getpid(), signal.SIGINT) or "Ctrl-C after 3 networks")
    try:
        run(out, killing, **how)
        raise AssertionError("it was not interrupted")
    except KeyboardInterrupt:
        kept = int((load_run(out).trials["status"] == "finished").sum())
    return {"killed": ["Ctrl-C after 3 networks"], "kept": kept}


CASES = (
    processes, forked, loky_pool, loky_reusable, loky_given, dask_local, dask_cluster, dask_scheduler, driver_killed,
    driver_killed_loky, interrupted, interrupted_given,
)  # fmt: skip


def _kill(pid: int, what: str) -> str:
    os.kill(pid, signal.SIGKILL)
    return f"{what} after {'3' if what != 'a nanny' else '6'} networks"


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def of_session(session: int) -> list[int]:
    """The processes of a session that live."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, its = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(its) == session and state != "Z":
            found.append(int(entry.name))
    return found


def listening() -> list[str]:
    """The addresses, without ports, on which the processes of this session listen."""
    sockets = set()
    for pid in of_session(os.getsid(0)):
        for handle in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                sockets.add(os.readlink(handle))
            except OSError:
                continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                found.add(fields[1].partition(":")[0])
    return sorted(LOCAL if address == "0100007F" else address for address in found)


def begun(name: str, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, name, "--out", str(out)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, start_new_session=True)


def case(name: str, out: Path) -> dict[str, Any]:
    """A case in a process of its own: what it says, seconds, and how many processes are left of it."""
    began = time.monotonic()
    process = begun(name, out)
    try:
        told, _ = process.communicate(timeout=DEADLINE)
        if process.returncode == -signal.SIGKILL:  # as it was to be; what it began may notice
            left = left_of(process.pid)
            assert not left, f"{name}: processes {left} outlive their driver"
            process = begun(name, out)
            told, _ = process.communicate(timeout=DEADLINE)
        assert process.returncode == 0, f"{name} ended with {process.returncode}"
        left = left_of(process.pid)
    finally:
        for pid in of_session(process.pid):
            os.kill(pid, signal.SIGKILL)
    seen = json.loads(told.splitlines()[-1])
    return {"case": name, **seen, "seconds": round(time.monotonic() - began, 1), "left_over": len(left)}


def left_of(session: int) -> list[int]:
    """What still lives of a session, after a while in which it may end."""
    end = time.monotonic() + 60
    while (left := of_session(session)) and time.monotonic() < end:
        time.sleep(0.1)
    return left


def contents(path: Path) -> list[bytes]:
    from actlab import load_run

    sys.path.append(str(ROOT / "tests"))
    from test_run import contents

    return contents(load_run(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", nargs="?", choices=[each.__name__ for each in (here, *CASES)])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", nargs="*", help="these cases again; the record keeps the others")
    given = parser.parse_args()
    if given.case:
        out = given.out or Path(tempfile.mkdtemp(prefix="engines")) / given.case
        print(json.dumps(globals()[given.case](out)))
        return
    from actlab.engine.machine import environment

    folder = Path(tempfile.mkdtemp(prefix="engines"))
    case("here", folder / "here")
    expected = contents(folder / "here")
    known = json.loads(RECORD.read_text(encoding="utf-8"))["rows"] if given.only and RECORD.exists() else []
    rows = {row["case"]: row for row in known}
    for name in given.only or [each.__name__ for each in CASES]:
        try:
            row = case(name, folder / name)
            row["equal"] = contents(folder / name) == expected
        except (AssertionError, subprocess.TimeoutExpired) as error:
            row = {"case": name, "failed": " ".join(str(error).split())}
        print(json.dumps(row), flush=True)
        rows[name] = row | {"commit": environment("cpu")["commit"], "load": os.getloadavg()[1]}
        record = {
            "command": "python studies/engines.py", "date": datetime.date.today().isoformat(),
            "environment": environment("cpu"), "networks": NETWORKS, "n": len(rows), "rows": list(rows.values()),
        }  # fmt: skip
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
