"""What a training step costs with each activation: uniform stacks, measured in turns so that noise hits all alike."""

import statistics
import time
from collections.abc import Sequence
from typing import Any

from actlab.spec import Experiment
from actlab.targets import label
from actlab.train import Arrays, Stack, Trainer

_NETWORKS = 4
_ROUNDS = 9
_STEPS = 3
_ENOUGH_SECONDS = 4.0


def measure(experiment: Experiment, arrays: Arrays, device: str) -> list[dict[str, Any]]:
    """Rows of activation, round, networks and the seconds of one training step of that many networks."""
    trainers = _trainers(experiment, arrays, device)
    rows: list[dict[str, Any]] = []
    began = time.perf_counter()
    for round_number in range(-1, _ROUNDS):  # the first round warms up
        for name, trainer in trainers.items():
            seconds = _step_seconds(trainer)
            if round_number >= 0:
                rows.append({"activation": name, "round": round_number, "networks": _NETWORKS, "seconds": seconds})
        if round_number >= 0 and time.perf_counter() - began > _ENOUGH_SECONDS:
            break
    return rows


def _trainers(experiment: Experiment, arrays: Arrays, device: str) -> dict[str, Trainer]:
    samples = experiment.batch_size * _STEPS
    few = Arrays(
        arrays.x_train[:samples], arrays.y_train[:samples], arrays.x_valid, arrays.y_valid, None, None, arrays.classes
    )
    first: dict[str, list] = {}
    for trial in experiment.trials():
        first.setdefault(trial.activation, []).append(trial)
    trainers = {}
    for identity, trials in first.items():
        alike = [trial for trial in trials if Stack.group(trial) == Stack.group(trials[0])]
        uniform = tuple(alike[i % len(alike)] for i in range(_NETWORKS))
        trainers[label(identity)] = Trainer(Stack(uniform, experiment.layers), few, device)
    return trainers


def _step_seconds(trainer: Trainer) -> float:
    began = time.perf_counter()
    trainer.train_epoch()  # ends with a copy to the CPU, so that a GPU has finished too
    return (time.perf_counter() - began) / trainer.steps_per_epoch


def network_step_seconds(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The median seconds for one step of one network, for the estimate of a run's time."""
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["activation"], []).append(row["seconds"] / row["networks"])
    return {name: statistics.median(values) for name, values in found.items()}
