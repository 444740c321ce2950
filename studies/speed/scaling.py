"""Whole comparisons by size and by number of processes: what a network costs, and what memory they take."""

import contextlib
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from studies.speed.picture import Line
from studies.speed.record import by_networks, markdown, summary

from actlab.engine import cores
from actlab.report.svg import Drawing

NAME = "scaling"
TITLE = "From 1 to 1,000 networks, from 1 process to one a core"

SIZES = (1, 9, 30, 102, 1002)  # three activations, whole seeds
ROUNDS = 2  # the largest takes two minutes
_NAMES = ("relu", "tanh", "leaky_relu")
_POLL_SECONDS = 0.1


def measure(quick: bool) -> dict[str, Any]:
    """Each size with the engine's own plan, then 30 networks by number of processes, in turns."""
    name, rounds = ("digits", 1) if quick else ("mnist", ROUNDS)
    sizes = (3,) if quick else SIZES
    jobs: list[tuple[int, int | None]] = [(networks, None) for networks in sizes]
    if not quick:
        jobs += [(30, workers) for workers in range(1, cores() + 1)]
    found: dict[tuple[int, int | None], list[dict[str, Any]]] = {job: [] for job in jobs}
    for number in range(rounds):
        for job in jobs[:: -1 if number % 2 else 1]:
            print(f"scaling: networks: {job[0]}, processes: {job[1] or 'as planned'}", file=sys.stderr, flush=True)
            found[job].append(_in_own_process(name, *job))
    return {
        "rows": [_row(networks, workers, runs) for (networks, workers), runs in found.items()],
        "n": rounds,
        "interval": "smallest to largest of n runs",
        "limits": (
            f"{name}, 1 epoch, relu, tanh and leaky_relu, hidden layers 128-64, by actlab.compare in a process of "
            "its own. Core seconds: those of all stacks together, for one network and epoch. Training: from the plan "
            "to the last row. In all: with data, plan, workers and artefacts, without the report. Peak memory: "
            "resident, of the parent and of the largest worker; workers map the same data, which each counts. Asked: "
            "core seconds of 1,000 networks within 10% of those of 30."
        ),
    }


def _row(networks: int, workers: int | None, runs: list[dict[str, Any]]) -> dict[str, Any]:
    first = runs[0]
    row = {"networks": networks, "asked_workers": workers, "workers": first["workers"], "stacks": first["stacks"]}
    for key in ("core_seconds", "training_seconds", "seconds"):
        row[key] = summary([run[key] for run in runs])
    for key in ("parent_bytes", "worker_bytes"):
        known = [run[key] for run in runs if run[key] is not None]
        row[key] = max(known, default=None)
    return row


def _in_own_process(name: str, networks: int, workers: int | None) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(theirs, name, networks, workers))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:
        raise RuntimeError(f"The comparison of {networks} networks failed; its own error is above.") from None
    finally:
        process.join()


class _Watch:
    """The stream of a run: when it began and ended, and what its epochs took."""

    def __init__(self) -> None:
        self.begun: Any = None
        self.began = self.ended = self.stack_seconds = 0.0

    def say(self, text: str) -> None: ...
    def download(self, name: str, done: int, total: int) -> None: ...

    def begin(self, begun: Any) -> None:
        self.begun, self.began = begun, time.perf_counter()

    def epoch(self, epoch: Any) -> None:
        self.stack_seconds += epoch.seconds

    def end(self) -> None:
        self.ended = time.perf_counter()


def _run(pipe: Any, name: str, networks: int, workers: int | None) -> None:
    from actlab.workflows import compare

    watch, peak = _Watch(), _Peak()
    seeds = -(-networks // len(_NAMES))
    names = _NAMES[:networks] if networks < len(_NAMES) else _NAMES
    with tempfile.TemporaryDirectory() as folder, peak:
        began = time.perf_counter()
        run = compare(
            *names, data=name, seeds=seeds, epochs=1, workers=workers, out=Path(folder) / "run", progress=watch,
            report=False,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        trained = len(run.trials)
    pipe.send(
        {
            "workers": watch.begun.workers,
            "stacks": watch.begun.stacks,
            "core_seconds": watch.stack_seconds / trained,
            "training_seconds": (watch.ended - watch.began) / trained,
            "seconds": seconds,
            "parent_bytes": peak.parent,
            "worker_bytes": peak.worker,
        }
    )


class _Peak:
    """The largest resident memory of this process and of its workers, where the system tells (/proc)."""

    def __init__(self) -> None:
        self.parent: int | None = None
        self.worker: int | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self.parent = peak_bytes(os.getpid())

    def _watch(self) -> None:
        while not self._end.wait(_POLL_SECONDS):
            for child in multiprocessing.active_children():
                now = peak_bytes(child.pid or 0)
                if now is not None:
                    self.worker = max(now, self.worker or 0)


def peak_bytes(process: int) -> int | None:
    """The high-water mark of a process's resident memory; None where it cannot be told."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def table(record: dict[str, Any]) -> str:
    return markdown(
        ["networks", "processes", "stacks", "core seconds each", "training, s each", "in all, s", "parent, MB",
         "worker, MB"],
        [
            [
                str(row["networks"]),
                str(row["workers"]) + ("" if row["asked_workers"] else " (planned)"),
                str(row["stacks"]),
                _range(row["core_seconds"], 3),
                _range(row["training_seconds"], 3),
                _range(row["seconds"], 1),
                _megabytes(row["parent_bytes"]),
                _megabytes(row["worker_bytes"]),
            ]
            for row in record["rows"]
        ],
    )  # fmt: skip


def _range(found: dict[str, float], digits: int) -> str:
    median, lowest, highest = (f"{found[key]:.{digits}f}" for key in ("median", "lowest", "highest"))
    return median if lowest == highest else f"{median} ({lowest} to {highest})"


def _megabytes(count: int | None) -> str:
    return "" if count is None else f"{count / 1e6:,.0f}"


def plot(record: dict[str, Any]) -> Drawing:
    """Seconds for each network by the number of networks."""
    rows = [row for row in record["rows"] if row["asked_workers"] is None]
    counts = [row["networks"] for row in rows]
    series = {
        title: Line(counts, [row[key]["median"] for row in rows])
        for key, title in (("core_seconds", "core seconds"), ("training_seconds", "seconds of training"))
    }
    in_all = [row["seconds"]["median"] / row["networks"] for row in rows]
    series["seconds in all: data, plan, start of workers"] = Line(counts, in_all)
    return by_networks(series, "seconds for one network and epoch")
