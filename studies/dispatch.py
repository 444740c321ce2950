"""Ten thousand networks through executors without training them: what sending, receiving and entering takes the driver.

    python studies/dispatch.py                   # all pools; writes records/dispatch.json
    python studies/dispatch.py --only dask_2     # these again; the record keeps the others
    python studies/dispatch.py local_2           # one pool, which prints what was seen

A worker fetches the data as a real one does and answers at once with what a really trained stack left, under the names
of the stack that was asked for: rows, curves, inside, predictions and parameters are those of digits and the network
128-64. Every thousand networks: milliseconds of a network since the last, by the clock and of the processor, and the
driver's memory. A pool is a process of its own.
"""

import argparse
import contextlib
import dataclasses
import datetime
import functools
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from actlab import data
from actlab.engine import Stack
from actlab.experiment import Experiment, Store
from actlab.running import run, sharing
from actlab.running.executors import WorkerProcesses
from actlab.running.plan import Plan
from actlab.running.work import Lacking, Outcome, Task, run_task

RECORD = Path(__file__).parents[1] / "records" / "dispatch.json"
ACTIVATIONS, SEEDS, EVERY = 500, 20, 1000
LOCAL = "127.0.0.1"


def experiment_of(activations: int) -> Experiment:
    names = [f"leaky_relu({number / 1e4:.4f})" for number in range(1, activations + 1)]
    how = {"data": "digits", "content": data.load("digits").content, "learning_rate": 0.1, "margin_used": 0.6}
    return Experiment.from_dict({"activations": names, "seeds": SEEDS} | how)


def stacks_of(experiment: Experiment) -> list[Stack]:
    """The seeds of an activation together."""
    trials, layers = experiment.trials(), experiment.layers
    parts = [tuple(trials[first : first + SEEDS]) for first in range(0, len(trials), SEEDS)]
    return [Stack(part, {trial.activation: layers[trial.activation] for trial in part}) for part in parts]


def stubbed(template: Path, task: Task, send: Any) -> Outcome | Lacking:
    """In place of `run_task`: what a trained stack left, as if it were this one's."""
    if not hasattr(task.data, "held"):
        raise TypeError("these data do not travel")
    if task.data.held() is None:
        return Lacking()
    trained: Outcome = _trained(template)
    [gradient] = set(trained.gradients.values())
    gradients = {target.identity: gradient for trial in task.stack.trials for target, _ in task.stack.placed(trial)}
    return dataclasses.replace(trained, name=task.stack.name, trials=task.stack.trials, gradients=gradients)


@functools.cache
def _trained(template: Path) -> Outcome:
    return pickle.loads(template.read_bytes())


def train_one(template: Path) -> None:
    experiment = experiment_of(1)
    [stack] = stacks_of(experiment)
    held = run.arrays_of(data.load("digits"))
    template.write_bytes(pickle.dumps(run_task(Task(stack, held, "cpu", "doubling"), lambda message: None)))


@contextlib.contextmanager
def local(workers: int, folder: Path) -> Iterator[run.How]:
    yield run.How.checked("cpu", workers, None, None)


@contextlib.contextmanager
def dask(workers: int, folder: Path) -> Iterator[run.How]:
    from distributed import Client, LocalCluster

    how = {"n_workers": workers, "threads_per_worker": 1, "host": LOCAL, "dashboard_address": f"{LOCAL}:0"}
    with LocalCluster(**how, local_directory=str(folder)) as cluster, Client(cluster) as client:
        yield run.How.checked("cpu", None, None, None, client.get_executor(), workers)


@contextlib.contextmanager
def spawned(workers: int, folder: Path) -> Iterator[run.How]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield run.How.checked("cpu", None, None, None, pool)


POOLS: dict[str, Callable[[Path], Any]] = {
    f"{pool.__name__}_{workers}": functools.partial(pool, workers)
    for pool in (local, spawned, dask)
    for workers in (1, 2)
}


def measured(name: str, folder: Path, activations: int) -> dict[str, Any]:
    """Send all stacks through a pool and note every thousand networks."""
    experiment, dataset = experiment_of(activations), data.load("digits")
    run.local = WorkerProcesses  # one worker, too: in this process nothing is sent
    run.run_task = functools.partial(stubbed, folder / "template.pickle")
    looks: list[dict[str, float]] = []
    enter, done = run.enter, 0
    with POOLS[name](folder) as how, Store.create(folder / "run", experiment, experiment.trials()) as store:
        (store.path / "working").mkdir(exist_ok=True)
        chosen = Plan(stacks_of(experiment), how.limits.workers or 1, 0.0, 0.0)
        last, busy = time.perf_counter(), time.process_time()

        def counted(*arguments: Any) -> None:
            nonlocal done, last, busy
            enter(*arguments)
            done += len(arguments[1].trials)
            if done % EVERY == 0:
                now, now_busy = time.perf_counter(), time.process_time()
                spent = {"ms_a_network": now - last, "cpu_ms_a_network": now_busy - busy}
                spent = {name: round(1e3 * seconds / EVERY, 3) for name, seconds in spent.items()}
                looks.append({"networks": done, **spent, **memory()})
                last, busy = now, now_busy

        run.enter = counted
        run._train(store, chosen, run.arrays_of(dataset), how, "best", "doubling", run.Progress())
    return {"pool": name, "networks": done, "stack": SEEDS, "looks": looks}


def carried(name: str, folder: Path) -> dict[str, Any]:
    """What it takes to bring a data set to a worker: sent along with a task, or as files that it can read."""
    held = run.arrays_of(data.load(name))
    key = timed("hash", seconds := {}, lambda: sharing.content(held))
    sent = timed("pack", seconds, lambda: sharing.packed(held))
    timed("unpack", seconds, lambda: sharing.Sent(key, fetch=sharing.bring(sent)).held())
    sharing._KNOWN.clear()
    timed("write", seconds, lambda: sharing.share(held, folder, key))
    timed("map", seconds, lambda: sharing.Sent(key, folder).held())
    files = sum(file.stat().st_size for file in (folder / key).iterdir())
    return {"data": name, "bytes_sent": len(sent), "bytes_shared": files, "seconds": seconds}


def timed(what: str, seconds: dict[str, float], do: Callable[[], Any]) -> Any:
    began = time.perf_counter()
    result = do()
    seconds[what] = round(time.perf_counter() - began, 3)
    return result


def memory() -> dict[str, float]:
    """Of this process, in MB: now, and at most so far."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {key: round(int(status[name].split()[0]) / 1e3, 1) for key, name in (("mb", "VmRSS"), ("peak_mb", "VmHWM"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pool", nargs="?", choices=POOLS)
    parser.add_argument("--only", nargs="*", choices=POOLS)
    parser.add_argument("--carried", action="store_true", help="the data sets alone; the record keeps the pools")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--activations", type=int, default=ACTIVATIONS)
    given = parser.parse_args()
    if given.pool:
        print(json.dumps(measured(given.pool, given.folder, given.activations)))
        return
    from actlab.engine.machine import environment

    names = ["digits"] + ["mnist"] * bool(os.environ.get("ACTLAB_DATA"))
    with tempfile.TemporaryDirectory() as folder:
        sets = [carried(name, Path(folder)) for name in names]
    print(json.dumps(sets), flush=True)
    keeps = (given.only or given.carried) and RECORD.exists()
    known = json.loads(RECORD.read_text(encoding="utf-8"))["rows"] if keeps else []
    rows = {row["pool"]: row for row in known}
    _write(rows, sets, environment("cpu"))
    for name in () if given.carried else given.only or POOLS:
        with tempfile.TemporaryDirectory() as folder:
            train_one(Path(folder) / "template.pickle")
            command = [sys.executable, __file__, name, "--folder", folder, "--activations", str(given.activations)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            size = (Path(folder) / "template.pickle").stat().st_size
            rows[name] = json.loads(done.stdout.splitlines()[-1]) | {"bytes_a_stack": size, "load": os.getloadavg()[1]}
        print(json.dumps(rows[name]), flush=True)
        _write(rows, sets, environment("cpu"))


def _write(rows: dict[str, Any], sets: list[dict[str, Any]], about: dict[str, Any]) -> None:
    record = {
        "command": "python studies/dispatch.py", "date": datetime.date.today().isoformat(), "environment": about,
        "n": len(rows), "carried": sets, "rows": list(rows.values()),
    }  # fmt: skip
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
