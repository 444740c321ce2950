"""What a training step costs: in stacks of several sizes, for the plan; with each activation, for the report."""

import dataclasses
import itertools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from actlab.engine.training import Arrays, Stack, Trainer
from actlab.experiment import Experiment, Trial
from actlab.naming import label
from actlab.stats import median_interval

_LEAST_ROUNDS, _ROUNDS, _MOST_ROUNDS = 6, 9, 60  # from 6 on a median has an interval
_AGREE = 1.05  # the upper end of that interval by the lower, up to which rounds agree
_STEPS = 4
_ENOUGH_SECONDS, _MORE_SECONDS = 4.0, 0.5  # for the usual rounds, and for more where those disagree
_PLAN_SECONDS = 0.4
_PLAN_ROUNDS = 4


def step_seconds(
    experiment: Experiment, trials: Sequence[Trial], arrays: Arrays, device: str, sizes: Sequence[int]
) -> dict[int, float]:
    """Seconds of a training step of one network, in stacks of these sizes of the trials that wait: a short look."""
    group = Stack.group(trials[0])
    alike = sorted((t for t in trials if Stack.group(t) == group), key=lambda t: t.seed)
    wanted = [size for size in sizes if size < len(alike)]
    wanted.append(min(max(sizes), len(alike)))
    few = _few(experiment, arrays)
    found: dict[int, list[float]] = {}
    trainers = {}
    began = time.perf_counter()
    for size in reversed(wanted):  # the largest is the likeliest: whatever the time allows, it is measured
        part = sorted(alike[:size], key=lambda trial: trial.activation)
        trainers[size] = Trainer(Stack(tuple(part), experiment.layers), few, device)
        _seconds_of_step(trainers[size])
        found[size] = [_seconds_of_step(trainers[size]) / size]
        if time.perf_counter() - began > _PLAN_SECONDS:
            break
    for _ in range(_PLAN_ROUNDS):
        if time.perf_counter() - began > _PLAN_SECONDS:
            break
        for size, trainer in trainers.items():
            found[size].append(_seconds_of_step(trainer) / size)
    return {size: min(found[size]) for size in sorted(found)}  # whatever else the machine does only adds


def measure_costs(experiment: Experiment, arrays: Arrays, device: str, networks: int) -> list[dict[str, Any]]:
    """Rows of activation, round, networks and the seconds of one training step of that many networks; none of none.

    Stacks of one activation each take turns, forwards and backwards, so that noise hits all alike; more rounds are made
    where they disagree, as on a busy machine, and time is left.
    """
    if networks < 1:
        return []
    trainers = _uniform(experiment, _few(experiment, arrays), device, networks)
    began, enough = time.perf_counter(), _ENOUGH_SECONDS
    seconds: dict[str, list[float]] = {name: [] for name in trainers}
    for round_number in range(-1, _MOST_ROUNDS):  # the first round warms up
        for name in [*trainers][:: 1 if round_number % 2 else -1]:
            seconds[name].append(_seconds_of_step(trainers[name]))
        if round_number < 0:
            seconds = {name: [] for name in trainers}
        done, elapsed = round_number + 1, time.perf_counter() - began
        if done == _ROUNDS:
            enough = min(enough, elapsed + _MORE_SECONDS)
        late = elapsed > enough
        if done >= _LEAST_ROUNDS and (late or (done >= _ROUNDS and _agree(seconds))):
            break
    return [
        {"activation": name, "round": round_number, "networks": networks, "seconds": value}
        for round_number, values in enumerate(zip(*seconds.values(), strict=True))
        for name, value in zip(seconds, values, strict=True)
    ]


def _agree(seconds: dict[str, list[float]]) -> bool:
    """Whether the rounds say the same of each activation beside the first."""
    first, *others = map(np.asarray, seconds.values())
    ends = (median_interval(other / first)[1:] for other in others)
    return all(high <= _AGREE * low for low, high in ends)


def _few(experiment: Experiment, arrays: Arrays) -> Arrays:
    few = slice(experiment.batch_size * _STEPS)
    x, y = arrays.x_train[few], arrays.y_train[few]
    return dataclasses.replace(arrays, x_train=x, y_train=y, x_test=None, y_test=None)


def _uniform(experiment: Experiment, arrays: Arrays, device: str, networks: int) -> dict[str, Trainer]:
    trainers = {}
    for identity, group in itertools.groupby(experiment.trials(), key=lambda trial: trial.activation):
        trials = list(group)
        alike = [trial for trial in trials if Stack.group(trial) == Stack.group(trials[0])]
        uniform = tuple(itertools.islice(itertools.cycle(alike), networks))
        trainers[label(identity)] = Trainer(Stack(uniform, experiment.layers), arrays, device)
    return trainers


def _seconds_of_step(trainer: Trainer) -> float:
    began = time.perf_counter()
    loss_M, _ = trainer.train_epoch()
    loss_M.cpu()  # so that a GPU has finished too
    trainer.step = 0
    return (time.perf_counter() - began) / trainer.batches.steps
