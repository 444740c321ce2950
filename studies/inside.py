"""What measuring inside the networks costs: stacks with and without it take turns in one process.

    ACTLAB_DATA=... python studies/inside.py            # about 3 minutes on one core; writes records/inside.json

relu, tanh and leaky_relu, SGD, 25 epochs, one thread. Of digits whole runs are timed; of MNIST epochs with and
without a measurement, and, for epochs differ by more than that, a measurement by itself.
"""

import argparse
import datetime
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from actlab import data
from actlab.engine import Arrays, Stack, Trainer, train
from actlab.engine.machine import environment
from actlab.experiment import Experiment
from actlab.experiment.inside import is_due
from actlab.running.sharing import arrays_of
from actlab.stats import median_interval

RECORD = Path(__file__).parents[1] / "records" / "inside.json"
EPOCHS = 25
SEEDS = 3


def stack_of(name: str) -> tuple[Stack, Arrays]:
    dataset = data.load(name)
    rate = data.defaults(name).learning_rate
    e = Experiment(data=name, content=dataset.content, epochs=EPOCHS, seeds=tuple(range(SEEDS)), learning_rate=(rate,))
    return Stack(tuple(e.trials()), e.layers), arrays_of(dataset)


def measurement(trainer: Trainer) -> None:
    """All that an epoch which is due does more: weights kept, compared, and the probe."""
    assert trainer.inside is not None
    steps, trainer.done = trainer.batches.steps, trainer.done - 1  # as in the epoch just trained
    for trainer.step in (steps - 1, steps):
        trainer.inside.stepped()
    trainer.done, trainer.step = trainer.done + 1, 0
    trainer.inside.measure()


def rounds(sides: dict[str, Callable[[], object]], count: int) -> dict[str, list[float]]:
    """Seconds of each side, in turns, forwards and backwards; the first round warms up."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(-1, count):
        for name in [*sides][:: 1 if number % 2 else -1]:
            began = time.perf_counter()
            sides[name]()
            if number >= 0:
                found[name].append(time.perf_counter() - began)
    return found


def row(what: str, seconds: dict[str, list[float]], side: str, share: float = 1.0) -> dict:
    """The ratio with and without, by round; `share`: of the epochs that are measured."""
    pairs = zip(seconds[side], seconds["none"], strict=True)
    ratios = [1 + share * (with_it / without - 1) for with_it, without in pairs]
    median, low, high = (round(float(value), 4) for value in median_interval(ratios))
    told = {"what": what, "networks": 3 * SEEDS, "n": len(ratios), "ratio": median, "low": low, "high": high}
    print(told, flush=True)
    return told | {"seconds_without": [round(value, 4) for value in seconds["none"]]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    count = parser.parse_args().rounds
    torch.set_num_threads(1)
    stack, arrays = stack_of("mnist")
    trainers = {when: Trainer(stack, arrays, inside=when) for when in ("none", "every")}
    sides = {when: trainer.epoch for when, trainer in trainers.items()}
    seconds = rounds(sides | {"measurement": lambda: measurement(trainers["every"])}, count)
    seconds["with one"] = [sum(pair) for pair in zip(seconds["none"], seconds["measurement"], strict=True)]
    usual = sum(is_due("doubling", epoch, EPOCHS) for epoch in range(EPOCHS + 1)) / EPOCHS
    rows = [
        row("MNIST, epochs with a measurement in each beside those without", seconds, "every"),
        row("MNIST, an epoch and the time of a measurement", seconds, "with one"),
        row("MNIST, 25 epochs and the time of 7 measurements", seconds, "with one", usual),
    ]
    small = stack_of("digits")
    sides = {when: lambda when=when: train(*small, inside=when) for when in ("none", "doubling", "every")}
    seconds = rounds(sides, count)
    rows += [
        row("digits, 25 epochs, 7 measurements", seconds, "doubling"),
        row("digits, 25 epochs, 26 measurements", seconds, "every"),
    ]
    record = {
        "command": " ".join(["python", "studies/inside.py", *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "interval": "95% of the median of n ratios, each of two that took turns in a round",
        "rows": rows,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"Record: {RECORD}")


if __name__ == "__main__":
    main()
