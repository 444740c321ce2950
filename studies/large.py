"""Runs of many trials without training them: `stubbed` gives what a worker does, made up, and as large as a real one.

    from studies.large import fill, stubbed          # for whoever wants a large run, or tasks without training

Rows, curves, inside, predictions and parameters have the types and sizes that digits and the network 128-64 leave (held
by tests/test_large_runs.py); their numbers are drawn from the trial's key alone, so that a trial is the same in any
company and on any machine. What measures with it: `studies/large_measured.py`.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from actlab import data
from actlab.engine import Result, Stack
from actlab.experiment import Experiment, Run, Store, Trial, inside
from actlab.making import resolve
from actlab.running.entries import add_artefacts, add_disagreements, enter
from actlab.running.sharing import Sent
from actlab.running.work import Epoch, Outcome, Task

INPUTS, CLASSES, TESTED = 64, 10, 360  # of digits
SECONDS = 0.01  # an epoch of a stack, as it says
_DIVERGED = 200  # of so many trials one
_ROUNDS = 21  # of measured costs


def names(count: int) -> list[str]:
    """So many activations, each of its own identity: relu, then leaky_relu with slopes, and formulas, in turns."""
    pairs = ((f"leaky_relu({k / 1e4:.4f})", f"x*sigmoid({1 + k / 1e3:.3f}*x)") for k in range(1, count + 1))
    return ["relu", *(name for pair in pairs for name in pair)][:count]


def experiment_of(activations: int, seeds: int, **settings: Any) -> Experiment:
    """So many activations with so many seeds on digits, 25 epochs."""
    usual = {"data": "digits", "content": data.load("digits").content, "learning_rate": 0.1, "margin_used": 0.6}
    return Experiment.from_dict({"activations": names(activations), "seeds": seeds} | usual | settings)


def stacks_of(experiment: Experiment, size: int) -> Iterator[Stack]:
    """All its trials in stacks of so many."""
    trials, layers = experiment.trials(), experiment.layers
    for first in range(0, len(trials), size):
        some = tuple(trials[first : first + size])
        yield Stack(some, {trial.activation: layers[trial.activation] for trial in some})


def stubbed(task: Task, send: Any) -> Outcome:
    """In place of `running.work.run_task`: the same messages and outcome, at once."""
    stack, trials = task.stack, task.stack.trials
    result = made_up(trials, task.inside)
    labels, seeds = tuple(trial.label for trial in trials), tuple(trial.seed for trial in trials)
    for at in range(trials[0].epochs):
        send(Epoch(labels, seeds, at + 1, trials[0].epochs, SECONDS, result.curves[:, at]))
    gradients = {target.identity: "by hand" for trial in trials for target, _ in stack.placed(trial)}
    where = {"device": "cpu", "cpu": "made up", "torch": torch.__version__}
    return Outcome(stack.name, trials, result, gradients, where, held=True)


def made_up(trials: tuple[Trial, ...], when: str = "doubling") -> Result:
    """What training such a stack might have left; its parameters are all 0."""
    found = [_one(trial) for trial in trials]
    return Result(
        curves=np.stack([each["curves"] for each in found]),
        seconds=[SECONDS] * trials[0].epochs,
        best_epoch=np.array([each["best"] for each in found]),
        diverged_epoch=np.array([each["diverged"] for each in found]),
        parameters=[_parameters(trial) for trial in trials],
        predictions=[each["said"] for each in found],
        scores=[np.packbits(each["right"]) for each in found],
        test_loss=np.array([each["test_loss"] for each in found]),
        test_metric=np.array([each["right"].mean() for each in found]),
        inside=[list(_inside(trial, when)) for trial in trials] if when != "none" else [],
    )


def fill(path: Path, experiment: Experiment, *, size: int = 32, keep: str = "none") -> Run:
    """A run's folder with all of it, through the store and the entries of real ones."""
    dataset = data.load(experiment.data)
    with Store.create(path, experiment, experiment.trials()) as store:
        for stack in stacks_of(experiment, size):
            enter(store, stubbed(task_of(stack), lambda message: None), keep)
        complete(store, experiment, dataset)
    return Run(path)


def complete(store: Store, experiment: Experiment, dataset: data.Dataset) -> None:
    """What a run has beside its trials."""
    store.add_costs(costs(experiment))
    applied = {target.identity: resolve(target, units) for target, units in experiment.placed}
    add_artefacts(store, experiment, dataset, applied)
    add_disagreements(store, dataset)
    store.add_environment({"started": "2026-01-02T03:04:05+00:00", "command": "actlab compare ..."})


def costs(experiment: Experiment) -> list[dict[str, Any]]:
    generator = np.random.default_rng(2)
    own = 1 + generator.random(len(experiment.labels))
    return [
        {"activation": label, "round": turn, "networks": 8, "seconds": 1e-4 * cost * (1 + 0.05 * generator.random())}
        for turn in range(_ROUNDS)
        for label, cost in zip(experiment.labels, own, strict=True)
    ]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _one(trial: Trial) -> dict[str, Any]:
    """Of a trial: curves by epoch, best and diverged epoch, what it says of the test samples."""
    generator, seeded = np.random.default_rng(_number(trial.key)), np.random.default_rng(trial.seed)
    arm = np.random.default_rng(_number(trial.activation)).standard_normal()
    skill = 1.8 + 0.25 * arm + 0.05 * seeded.standard_normal() + 0.04 * generator.standard_normal()
    epoch = np.arange(1, trial.epochs + 1)
    loss = 0.03 + 2.2 * np.exp(-epoch * skill / 12) + 0.02 * (2 - skill) + 0.002 * generator.standard_normal(len(epoch))
    share = np.clip(1 - 0.3 * np.abs(loss), 0, 1)
    curves = np.stack([np.abs(loss), share, 1.1 * np.abs(loss) + 0.04, np.round(358 * share**1.1) / 358], axis=1)
    lost = int(generator.integers(1, trial.epochs + 1)) if generator.random() < 1 / _DIVERGED else 0
    if lost:
        curves[lost - 1 :] = np.nan
    said, right = _answers(skill, generator)
    best = 0 if lost == 1 else int(np.nanargmin(curves[:, 2])) + 1
    return {"curves": curves, "best": best, "diverged": lost, "said": said, "right": right,
            "test_loss": float(4 * (1 - right.mean()))}  # fmt: skip


def _samples() -> tuple[np.ndarray, np.ndarray]:
    """Labels of the test samples, and how easy each is."""
    generator = np.random.default_rng(0)
    return generator.integers(0, CLASSES, TESTED), generator.standard_normal(TESTED)


def _answers(skill: float, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels, easy = _samples()
    right = skill + 1.2 * easy + generator.standard_normal(TESTED) > -1
    others = (labels + generator.integers(1, CLASSES, TESTED)) % CLASSES
    return np.where(right, labels, others).astype(np.uint8), right


def _inside(trial: Trial, when: str) -> Iterator[dict[str, Any]]:
    generator = np.random.default_rng(_number(trial.key) + 1)
    for epoch in range(trial.epochs + 1):
        if inside.is_due(when, epoch, trial.epochs):
            for layer, units in enumerate(trial.hidden, start=1):
                share = generator.random(len(inside.MEASURED))
                counts = np.bincount(np.clip(generator.normal(32, 6, 256).astype(int), 0, 63), minlength=67)
                yield {
                    "epoch": epoch,
                    "layer": layer,
                    **dict(zip(inside.MEASURED, (0.5 * share).tolist(), strict=True)),
                    "histogram": (units * counts).astype(inside.COUNTS).tobytes(),
                    "learned": None,
                }


def _parameters(trial: Trial) -> dict[str, np.ndarray]:
    sizes = [*zip((INPUTS, *trial.hidden), (*trial.hidden, CLASSES), strict=True)]
    named = {f"{2 * n}.weight": np.zeros((wide, tall), np.float32) for n, (tall, wide) in enumerate(sizes)}
    return named | {f"{2 * n}.bias": np.zeros(wide, np.float32) for n, (_, wide) in enumerate(sizes)}


def task_of(stack: Stack, when: str = "doubling") -> Task:
    """A task that `stubbed` can do: it needs no data."""
    return Task(stack, Sent("made up"), "cpu", when)
