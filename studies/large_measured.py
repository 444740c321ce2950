"""What a run of 500 activations x 20 seeds takes when nothing is trained: seconds and memory.

    python studies/large_measured.py        # half an hour on a quiet machine; writes records/large.json
    python studies/large_measured.py --only report --repeat 1 --activations 100 --seeds 5 --record FILE      # a look

Each is done by a process of its own, in turns; what it had in memory at most is the system's word (ru_maxrss). Trials
are made up by `studies/large.py`; only for "trained" networks are trained, small ones, for an epoch each.
"""

import argparse
import datetime
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from studies import large  # noqa: E402

RECORD, PAGE = ROOT / "records" / "large.json", ROOT / "docs" / "large.md"
Told = dict[str, Any]
STACKS = 1000
FLOOR_MB = 430  # Python with torch, and nothing done yet: the least peak that was seen
LIMITS = {
    "enter": ("Rows into run.db", "One transaction a stack: larger stacks cost less, and one is not slower for what is "
              "there already. SQLite takes one writer, the driver, whatever the engine."),
    "grow": ("One seed more", "`Store.plan` writes all planned trials again, to keep their order. With seeds that are "
             "added after looks that is the first thing to change: an order kept beside the rows."),
    "open": ("All tables as DataFrames", "Curves, predictions and inside are most of it: `inside = \"none\"` leaves a "
             "third. A report of so many would have to ask SQLite for means, arm by arm."),
    "summarise": ("Verdicts", "Comparisons with the baseline are few numbers each; among which the best lies is asked "
                  "of 1,000 activations at most, for each is compared with each other one."),
    "report": ("The report", "The figures are of 20 activations at any size. The tables beside the page are written "
               "whole; `actlab export --format parquet` is the smaller form."),
}  # fmt: skip
TEXT = """# Large runs

{activations} activations with {seeds} seeds are {trials:,} networks. What that takes when the networks themselves cost
nothing is measured here: rows, curves of 25 epochs, predictions and what went on inside are as many and as large as
those of trained ones, on digits with the layers 128-64, but made up
([studies/large.py](../studies/large.py)).

{table}

{machine}; by `{command}`, record: [large.json](../records/large.json). Median of n processes and from the lowest to the
highest, each a process of its own, without the start of Python and torch. Other work went on beside it (up to
{busiest:.0f} processes wanted one of the cores), so that the seconds say little, and the CPU seconds are more than on a
quiet machine.

## Through an executor

10,000 networks in stacks of 20, sent, received and entered, and not trained: what the process that drives takes for
each, in its first thousand and in its last.

{through}

[dispatch.json](../records/dispatch.json), by `python studies/dispatch.py`, and [ray.json](../records/ray.json), by
`python studies/dispatch_ray.py`; one run each.

## What is shown of so many

Of more than 30 activations the baseline and the 19 with the best means are drawn, and the page says so: they were
chosen by looking, and some are among them by luck. The table has all, the best first; verdicts and intervals allow
for all comparisons. Every two are compared where they are 50 at most. Of more than about 1,300 comparisons fewer
signs are drawn, 4,096 times at least.

## What limits a million

On paper, from these figures:

{limits}
"""


def expand(folder: Path, activations: int, seeds: int) -> Told:
    """The experiment, its trials and their keys"""
    return {"trials": len({trial.key for trial in large.experiment_of(activations, seeds).trials()})}


def create(folder: Path, activations: int, seeds: int) -> Told:
    """A folder with all trials planned"""
    from actlab.experiment import Store

    experiment = large.experiment_of(activations, seeds)
    began = time.perf_counter()
    with Store.create(folder / "new", experiment, experiment.trials()):
        return {"of that in the store, s": time.perf_counter() - began}


def grow(folder: Path, activations: int, seeds: int) -> Told:
    """A seed more: all trials in their new order"""
    from actlab.experiment import Store

    experiment, more = (large.experiment_of(activations, count) for count in (seeds, seeds + 1))
    shutil.copytree(folder / "run", folder / "grown")
    with Store(folder / "grown") as store:
        began = time.perf_counter()
        store.plan(more, more.trials())
        return {"trials before": len(experiment.trials()), "of that in the store, s": time.perf_counter() - began}


def enter(folder: Path, activations: int, seeds: int) -> Told:
    """All stacks into the store, 10 trials each"""
    from actlab.experiment import Store
    from actlab.running import entries

    experiment, times, memory = large.experiment_of(activations, seeds), [], []
    with Store.create(folder / "new", experiment, experiment.trials()) as store:
        for stack in large.stacks_of(experiment, 10):
            outcome = large.stubbed(large.task_of(stack), lambda message: None)
            began = time.process_time()
            entries.enter(store, outcome, "none")
            times.append(time.process_time() - began)
            memory.append(_rss())
    part = max(1, len(times) // 10)
    told = {f"{name} tenth, median ms CPU a stack": 1e3 * float(np.median(some))
            for name, some in (("first", times[:part]), ("last", times[-part:]))}  # fmt: skip
    low, slope, high = _slope(memory[part:])
    return told | {"stacks": len(times), "growth of memory, kB a stack": slope, "low": low, "high": high}


def keys(folder: Path, activations: int, seeds: int) -> Told:
    """Which trials are finished"""
    from actlab.experiment import Store

    with Store(folder / "run") as store:
        return {"trials": len(store.keys(["finished", "diverged"]))}


def opened(folder: Path, activations: int, seeds: int) -> Told:
    """All tables of a run, as DataFrames"""
    from actlab.experiment import Run

    run = Run(folder / "run")
    return {name: len(getattr(run, name)) for name in ("trials", "curves", "inside", "times", "costs")}


def summarised(folder: Path, activations: int, seeds: int) -> Told:
    """`actlab.summarise`"""
    from actlab import summarise

    found = summarise(folder / "run")
    return {"activations": len(found.table), "best among": len(found.best), "drawn": len(found.shown)}


def report(folder: Path, activations: int, seeds: int) -> Told:
    """`actlab report`"""
    _actlab("report", str(folder / "run"))
    files = list((folder / "run" / "report").iterdir())
    page = folder / "run" / "report" / "index.html"
    return {"page, MB": page.stat().st_size / 1e6, "all files, MB": sum(file.stat().st_size for file in files) / 1e6}


def hiplot(folder: Path, activations: int, seeds: int) -> Told:
    """Its HiPlot page"""
    from actlab.experiment import Run
    from actlab.report import hiplot_pages

    return {"page, MB": (folder / hiplot_pages.draw_hiplot(Run(folder / "run"), folder)).stat().st_size / 1e6}


def runs(folder: Path, activations: int, seeds: int) -> Told:
    """`actlab runs` of a folder with this one 20 times"""
    _actlab("runs", str(folder / "many"))
    return {}


def many_runs(folder: Path) -> None:
    for number in range(20):
        place = folder / "many" / f"run-{number:02}"
        place.mkdir(exist_ok=True, parents=True)
        for name in ("run.db", "experiment.toml"):
            if not (place / name).exists():
                os.link(folder / "run" / name, place / name)


def export(kind: str) -> Callable[[Path, int, int], Told]:
    def exported(folder: Path, activations: int, seeds: int) -> Told:
        out = folder / "export" / kind
        _actlab("export", str(folder / "run"), "--format", kind, "--out", str(out))
        return {"files, MB": sum(file.stat().st_size for file in out.iterdir()) / 1e6}

    exported.__doc__ = f"`actlab export --format {kind}`"
    return exported


def model(folder: Path, activations: int, seeds: int) -> Told:
    """`load_model` of the last trial"""
    from actlab import load_model

    return {"layers": len(load_model(folder / "run", _last(activations), seed=seeds - 1))}


def _last(activations: int) -> str:
    from actlab.naming import shown

    return shown(large.names(activations)[-1])


def judge(groups: int, seeds: int, kind: str, tasks: int = 1) -> Callable[[Path, int, int], Told]:
    def judged(folder: Path, activations: int, seeds_: int) -> Told:
        options, page = ["--task", "task"] if tasks > 1 else [], folder / "judged.html"
        _actlab(
            "judge", str(_table(folder, groups, seeds, kind, tasks)), "--margin", "0.5", "--out", str(page), *options
        )
        return {"page, MB": page.stat().st_size / 1e6}

    of = f", {tasks} tasks" * (tasks > 1)
    judged.__doc__ = f"`actlab judge` of {groups:,} groups x {seeds:,} seeds{of} as {kind}"
    return judged


def _table(folder: Path, groups: int, seeds: int, kind: str, tasks: int = 1) -> Path:
    return folder / f"table-{groups}-{seeds}-{tasks}.{kind}"


def made_table(folder: Path, groups: int, seeds: int, kind: str, tasks: int = 1) -> None:
    """What `judge` reads: groups that differ by about as much as seeds do."""
    import pandas as pd

    file, generator, count = (
        _table(folder, groups, seeds, kind, tasks),
        np.random.default_rng(3),
        tasks * groups * seeds,
    )
    group = np.tile(np.repeat(np.arange(groups), seeds), tasks)
    values = 0.9 + 0.004 * generator.standard_normal(groups)[group] + 0.003 * generator.standard_normal(count)
    named = {"task": np.repeat([f"task{n}" for n in range(tasks)], groups * seeds)} if tasks > 1 else {}
    columns = {"activation": [f"group{n}" for n in group], "seed": np.tile(np.arange(seeds), groups * tasks)}
    frame = pd.DataFrame(columns | {"accuracy": values} | named)
    frame.to_csv(file, index=False) if kind == "csv" else frame.to_parquet(file, index=False)


def trained(folder: Path, activations: int, seeds: int) -> Told:
    """1,000 stacks of 2 networks with 8 units trained for an epoch on digits, one after the other"""
    from actlab import data
    from actlab.experiment import Experiment, Store
    from actlab.running import entries
    from actlab.running.dispatch import dispatch
    from actlab.running.executors import InProcess
    from actlab.running.sharing import arrays_of
    from actlab.running.work import Task, run_task

    dataset = data.load("digits")
    experiment = Experiment(activations=("relu", "x*sigmoid(1.1*x)"), seeds=tuple(range(STACKS)), epochs=1, hidden=(8,),
                            data="digits", content=dataset.content)  # fmt: skip
    arrays, memory = arrays_of(dataset), []
    trials = sorted(experiment.trials(), key=lambda trial: trial.seed)
    stacks = [large.Stack(tuple(trials[n : n + 2]), experiment.layers) for n in range(0, len(trials), 2)]
    with Store.create(folder / "trained", experiment, experiment.trials()) as store:
        tasks = [Task(stack, arrays, "cpu", "doubling") for stack in stacks]
        for outcome in dispatch(InProcess(), run_task, tasks, lambda message: None, print):
            entries.enter(store, outcome, "none")
            memory.append(_rss())
    low, slope, high = _slope(memory[STACKS // 5 :])
    return {"MB every 50 stacks": [round(value / 1e3, 1) for value in memory[::50]],
            "growth of memory, kB a stack": slope, "low": low, "high": high}  # fmt: skip


def _rss() -> float:
    """kB."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    return float(text.partition("VmRSS:")[2].split()[0])


def _slope(values: list[float]) -> tuple[float, float, float]:
    """By stack, with the interval of ten slopes from part to part: values next to each other are alike."""
    from actlab.stats import mean_interval

    ends = np.array([part.mean() for part in np.array_split(np.array(values), 11)])
    found = mean_interval(np.diff(ends) / (len(values) / 11))
    return found.low, found.mean, found.high


def _actlab(*arguments: str) -> None:
    from actlab.cli import main

    sys.argv = ["actlab", *arguments]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, ended.code


JUDGED: dict[str, tuple] = {
    "judge 500": (500, 20, "csv"), "judge 500 x 200": (500, 200, "csv"), "judge parquet": (500, 200, "parquet"),
    "judge 20,000 seeds": (5, 20_000, "csv"), "judge 10,000": (10_000, 10, "csv"), "judge tasks": (100, 20, "csv", 50),
}  # fmt: skip
THINGS: dict[str, Callable[[Path, int, int], Told]] = {
    "expand": expand, "create": create, "grow": grow, "enter": enter, "keys": keys, "open": opened,
    "summarise": summarised, "report": report, "hiplot": hiplot, "runs": runs,
    **{kind: export(kind) for kind in ("csv", "json", "parquet", "latex")}, "load_model": model,
    **{name: judge(*of) for name, of in JUDGED.items()}, "trained": trained,
}  # fmt: skip
ONCE = ("trained", "enter")  # minutes each


def prepared(folder: Path, activations: int, seeds: int, names: list[str]) -> None:
    """What the measured processes find."""
    from actlab.experiment import Store
    from actlab.running import entries

    experiment = large.experiment_of(activations, seeds)
    if not (folder / "run").exists():
        large.fill(folder / "run", experiment)
    if "runs" in names:
        many_runs(folder)
    if "load_model" in names:
        *_, stack = large.stacks_of(experiment, 32)
        (folder / "run" / "parameters").mkdir(exist_ok=True)
        with Store(folder / "run") as store:
            file = entries.keep_parameters(store, large.stubbed(large.task_of(stack), lambda message: None))
        with sqlite3.connect(folder / "run" / "run.db") as database:
            database.executemany("UPDATE trials SET parameters = ? WHERE key = ?", [(file, key) for key in stack.keys])
    for name in JUDGED.keys() & {*names}:
        made_table(folder, *JUDGED[name])


def done(name: str, folder: Path, activations: int, seeds: int) -> None:
    """In a process of its own: what it took, as the last line of its output."""
    import torch

    torch.set_num_threads(1)
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    told = THINGS[name](folder, activations, seeds)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print("\n" + json.dumps({"seconds": wall, "cpu_seconds": cpu, "peak_mb": after.ru_maxrss / 1e3, "told": told}))


def measured(name: str, folder: Path, activations: int, seeds: int) -> Told:
    for left in ("new", "grown", "trained"):
        shutil.rmtree(folder / left, ignore_errors=True)
    command = [sys.executable, __file__, "--one", name, "--folder", str(folder), "--activations", str(activations),
               "--seeds", str(seeds)]  # fmt: skip
    load = os.getloadavg()[0]
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "OMP_NUM_THREADS": "1"}
    out = subprocess.run(command, capture_output=True, text=True, env=env)
    if out.returncode:
        print(out.stderr[-2000:], flush=True)
        return {"failed": (out.stderr.strip().splitlines() or ["?"])[-1]}
    return json.loads(out.stdout.strip().splitlines()[-1]) | {"load": round(load, 1)}


def row(name: str, found: list[Told]) -> Told:
    good = [each for each in found if "failed" not in each]
    what = " ".join((THINGS[name].__doc__ or "").split())
    if not good:
        return {"name": name, "what": what, "n": 0, "failed": found[0]["failed"]}
    shown: Told = {"name": name, "what": what, "n": len(good)}
    for key, digits in (("seconds", 2), ("cpu_seconds", 2), ("peak_mb", 0), ("load", 1)):
        values = sorted(each[key] for each in good)
        shown |= {key: round(values[len(values) // 2], digits), f"{key}_low": round(values[0], digits),
                  f"{key}_high": round(values[-1], digits)}  # fmt: skip
    told = good[-1]["told"]
    return shown | {"told": {k: round(v, 3) if isinstance(v, float) else v for k, v in told.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--activations", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--one", default="")
    parser.add_argument("--record", type=Path, default=RECORD)
    parser.add_argument("--page", action="store_true", help="docs/large.md from the record, without measuring")
    given = parser.parse_args()
    if given.page:
        PAGE.write_text(page(json.loads(RECORD.read_text(encoding="utf-8"))), encoding="utf-8")
        return None
    if given.one:
        return done(given.one, given.folder, given.activations, given.seeds)
    folder = given.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    names = given.only.split(";") if given.only else [*THINGS]
    prepared(folder, given.activations, given.seeds, names)
    found: dict[str, list[Told]] = {name: [] for name in names}
    for turn in range(given.repeat):
        for name in names:
            if turn == 0 or name not in ONCE:
                found[name].append(measured(name, folder, given.activations, given.seeds))
                print(name, found[name][-1], flush=True)
                write(given.record, given, [row(name, each) for name, each in found.items() if each])


def write(file: Path, given: argparse.Namespace, rows: list[Told]) -> None:
    from actlab.engine.machine import environment

    record = {
        "command": "python studies/large_measured.py",
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "activations": given.activations,
        "seeds": given.seeds,
        "trials": given.activations * given.seeds,
        "interval": "median of n processes, from the lowest to the highest, without the start of Python and torch; "
        "load: processes that wanted a core when each began",
        "rows": rows,
    }
    file.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def page(record: Told) -> str:
    """docs/large.md, every number of it from the record."""
    about, rows = record["environment"], {each["name"]: each for each in record["rows"]}
    lines = [f"| {each['what']} | {each['n']} | {_span(each, 'seconds')} | {_span(each, 'cpu_seconds')} "
             f"| {each['peak_mb']:,.0f} | {_told(each['told'])} |" for each in rows.values() if each["n"]]  # fmt: skip
    busiest = max(each["load_high"] for each in rows.values() if each["n"])
    table = "\n".join(["| what | n | s | CPU s | MB at most | |", "|---|---|---|---|---|---|", *lines])
    return TEXT.format(
        trials=record["trials"], activations=record["activations"], seeds=record["seeds"], table=table,
        machine=f"{about['cpu']}, {about['cores']} cores, commit {about['commit'][:12]}, {record['date']}",
        busiest=busiest, command=record["command"], limits=_limits(rows, record["trials"]), through=_through(),
    )  # fmt: skip


POOLS = {
    "local_1": "1 worker process", "local_2": "2 worker processes", "spawned_1": "1 of Python's, spawned",
    "spawned_2": "2 of Python's, spawned", "dask_1": "1 worker of Dask's", "dask_2": "2 workers of Dask's",
    "ray_1": "1 node of Ray's", "ray_2": "2 nodes of Ray's",
}  # fmt: skip


def _through() -> str:
    """The table of what drives, from its two records."""
    dispatched, by_ray = (json.loads(RECORD.with_name(f"{name}.json").read_text()) for name in ("dispatch", "ray"))
    lines = []
    for each in [*dispatched["rows"], *by_ray["ten_thousand"]]:
        first, last = each["looks"][0], each["looks"][-1]
        numbers = [f"{look[key]:,.1f}" for key in ("cpu_ms_a_network", "ms_a_network", "mb") for look in (first, last)]
        lines.append(f"| {POOLS[each['pool']]} | {' | '.join(numbers)} | {each['load']:.1f} |")
    head = "| trained by | CPU ms, first | last | ms, first | last | MB, first | last | processes waiting |"
    return "\n".join([head, "|---" * 8 + "|", *lines])


def _span(each: Told, name: str) -> str:
    low, high = each[f"{name}_low"], each[f"{name}_high"]
    return f"{each[name]:.1f}" + (f" ({low:.1f} to {high:.1f})" if each["n"] > 1 else "")


def _told(told: Told) -> str:
    return "; ".join(f"{name} {value:,}" for name, value in told.items() if not isinstance(value, list))


def _limits(rows: dict[str, Told], trials: int) -> str:
    """What a hundred times as many would take, where it grows with the trials."""
    times = 1_000_000 / trials
    said = []
    for name, words in LIMITS.items():
        if name in rows and rows[name]["n"]:
            each = rows[name]
            cpu, memory = times * each["cpu_seconds"] / 3600, times * max(0.0, each["peak_mb"] - FLOOR_MB) / 1e3
            said.append(
                f"- **{words[0]}**: {cpu:.1f} CPU hours, {memory:,.0f} GB, if it grows in proportion. {words[1]}"
            )
    return "\n".join(said)


if __name__ == "__main__":
    main()
