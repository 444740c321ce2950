"""Which trials are trained together, in how many processes, and how long that takes."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from actlab.checkpoints import Saved
from actlab.data import Dataset
from actlab.errors import UserError
from actlab.machine import cores
from actlab.spec import Experiment, Trial
from actlab.targets import Target
from actlab.train import Stack

WORKER_START_SECONDS = 4.0
_STACK_NETWORKS = {"cpu": 16, "cuda": 512}  # on a CPU more networks than this leave the cache
_STACK_BYTES = {"cpu": 512e6, "cuda": 16e9}  # weights of a stack, their best copy included
_PLAIN_SLOWER = 4.0  # the plain loop against a stack, for the estimate alone


def estimate(
    experiment: Experiment, trials: Sequence[Trial], samples: tuple[int, int], step_seconds: dict[str, float]
) -> list[float]:
    """Seconds of each trial, from the measured step of one network; samples are those of training and validation."""
    train, valid = samples
    steps = math.ceil(train / min(experiment.batch_size, train))
    # a sample costs a third in evaluation: one product of three
    share = 1 + valid / train / 3
    slower = _PLAIN_SLOWER if experiment.engine == "plain" else 1.0
    return [step_seconds[trial.label] * steps * share * experiment.epochs * slower for trial in trials]


def check_workers(asked: int | None) -> None:
    if asked is not None and not 1 <= asked <= 1024:
        raise UserError(f"workers is {asked}; it must be from 1 to 1024 (this machine has {cores()} cores).")


def choose_workers(asked: int | None, device: str, seconds: float) -> int:
    """One process a core where that saves more than starting them costs."""
    if asked is not None:
        return asked
    if device != "cpu":
        return 1
    saved = seconds * (1 - 1 / cores())
    return cores() if saved > WORKER_START_SECONDS else 1


def plan_stacks(
    missing: Sequence[Trial],
    layers: dict[str, tuple[Target, ...]],
    workers: int,
    device: str = "cpu",
    begun: Sequence[Saved] = (),
    bytes_each: float = 1e6,
) -> list[Stack]:
    """Stacks for the missing trials: those with a checkpoint as they were, the rest in even parts, seeds together."""
    stacks = []
    left = {trial.key: trial for trial in missing}
    for checkpoint in begun:
        if all(key in left for key in checkpoint.keys):
            stacks.append(Stack(tuple(left.pop(key) for key in checkpoint.keys), layers))
    groups: dict[tuple, list[Trial]] = {}
    for trial in left.values():
        groups.setdefault(Stack.group(trial), []).append(trial)
    limit = max(1, min(_STACK_NETWORKS[device], int(_STACK_BYTES[device] / bytes_each)))
    order = {name: place for place, name in enumerate(layers)}
    for trials in groups.values():
        if trials[0].engine == "plain":
            limit = 1
        trials.sort(key=lambda trial: trial.seed)  # those of a seed together: they share its batches
        count = workers * math.ceil(len(trials) / (workers * limit))
        bounds = np.linspace(0, len(trials), min(count, len(trials)) + 1).round().astype(int)
        for start, stop in pairwise(bounds):
            part = sorted(trials[start:stop], key=lambda trial: (order[trial.activation], trial.learning_rate))
            stacks.append(Stack(tuple(part), layers))
    return stacks


def trial_bytes(experiment: Experiment, dataset: Dataset) -> float:
    """What a network keeps in memory: its weights, their best copy, the optimizer's state."""
    sizes = (dataset.train.x.shape[1], *experiment.hidden, dataset.classes)
    weights = sum(a * b for a, b in pairwise(sizes))
    copies = {"sgd": 2, "momentum": 4, "adamw": 7}[experiment.optimizer]
    return weights * copies * (8 if experiment.dtype == "float64" else 4)
