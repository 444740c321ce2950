"""The engine beside an older commit of itself and beside its floor: three processes that take turns.

    git worktree add /tmp/older 1764251
    ACTLAB_DATA=... python studies/before_after.py /tmp/older --networks 9,15,30

Seconds of one network and epoch with validation on MNIST, relu / tanh / leaky_relu, SGD, one thread.
Writes records/engine_before.json.
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from actlab.engine.machine import environment

RECORD = Path(__file__).parents[1] / "records" / "engine_before.json"
HERE = Path(__file__).parents[1]
ENGINE = """
import sys, time, torch
torch.set_num_threads(1)
from actlab import data
from actlab.sharing import arrays_of
from actlab.spec import Experiment
from actlab.train import Stack, Trainer
dataset = data.load("mnist")
names = ("relu", "tanh", "leaky_relu")
e = Experiment(activations=names, data="mnist", content=dataset.content, epochs=50,
               seeds=tuple(range({networks} // 3)), learning_rate=(0.1,))
trials = tuple(sorted(e.trials(), key=lambda t: names.index(t.activation)))
trainer = Trainer(Stack(trials, e.layers), arrays_of(dataset))
for _ in sys.stdin:
    began = time.perf_counter()
    trainer.epoch()
    print((time.perf_counter() - began) / {networks}, flush=True)
"""
FLOOR = """
import sys, torch
torch.set_num_threads(1)
from studies.speed.engine import Here
here = Here("mnist", {networks}, ("sgd",))
for _ in sys.stdin:
    print(min(here.seconds(n) for n in here.names if n != "sgd") / {networks}, flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("older", type=Path, help="a checkout of the older commit")
    parser.add_argument("--networks", default="9,15,30")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    rows = [measure(int(text), given.older, given.rounds) for text in given.networks.split(",")]
    older = subprocess.run(["git", "-C", given.older, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    record = {
        "command": "python studies/before_after.py OLDER " + " ".join(sys.argv[2:]),
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "older": older.stdout.strip(),
        "interval": "median, smallest to largest of n rounds",
        "rows": rows,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"Record: {RECORD}")


def measure(networks: int, older: Path, rounds: int) -> dict:
    sides = {"before": (ENGINE, older), "after": (ENGINE, HERE), "floor": (FLOOR, HERE)}
    running = {name: _start(code.format(networks=networks), path) for name, (code, path) in sides.items()}
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):  # the first warms up
        for name, process in running.items():
            process.stdin.write("again\n")
            process.stdin.flush()
            seconds = float(process.stdout.readline())
            if number:
                found[name].append(seconds)
    for process in running.values():
        process.stdin.close()
        process.wait()
    row = {"networks": networks, "n": rounds}
    for name, seconds in found.items():
        row[f"{name}_seconds"] = _summary(seconds)
    for name in ("before", "after"):
        row[f"{name}_over_floor"] = _summary([a / b for a, b in zip(found[name], found["floor"], strict=True)])
    print(row)
    return row


def _start(code: str, checkout: Path) -> subprocess.Popen:
    environ = os.environ | {"PYTHONPATH": str(checkout / "src")}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _summary(values: list[float]) -> list[float]:
    return [round(value, 4) for value in (statistics.median(values), min(values), max(values))]


if __name__ == "__main__":
    main()
