"""What a worker does: train one stack, keep its checkpoints if there is a folder for them, send back what came out."""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from actlab import __version__
from actlab.engine import (
    Arrays,
    InsidePlain,
    OnEpoch,
    Result,
    Stack,
    choose_device,
    cpu_name,
    device_name,
    plain,
    products,
    train,
)
from actlab.errors import UserError
from actlab.experiment import Trial
from actlab.making import resolve
from actlab.naming import Target, parse
from actlab.nn import as_module
from actlab.running.checkpoints import Checkpoints
from actlab.running.crossing import Send
from actlab.running.sharing import Held, Sent, arrays_for


@dataclasses.dataclass(frozen=True)
class Epoch:
    """An epoch of a stack has ended."""

    labels: tuple[str, ...]
    seeds: tuple[int, ...]
    epoch: int
    epochs: int
    seconds: float
    measured: np.ndarray  # (M, 4), in the order of train.CURVES


@dataclasses.dataclass(frozen=True)
class Task:
    """A stack to train, as it travels to a worker."""

    stack: Stack
    data: Held | Sent
    device: str
    inside: str
    checkpoints: Path | None = None  # a folder that the worker can write
    keys: tuple[str, ...] = ()  # of its trials, where it is another actlab that may train them
    products: str = dataclasses.field(default_factory=lambda: os.environ["MKL_CBWR"])  # how MKL is told to multiply

    def told(self) -> str:
        """Whose networks they are, in words."""
        trials = self.stack.trials
        seeds = sorted({trial.seed for trial in trials})
        which = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
        return f"{', '.join(dict.fromkeys(trial.label for trial in trials))}, {which}"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a worker sends back of a trained stack."""

    name: str
    trials: tuple[Trial, ...]
    result: Result
    gradients: dict[str, str]
    where: dict[str, str]  # device, cpu and torch, as rows have them
    held: bool  # whether products have the same bits wherever their factors lie


class Lacking:
    """What a worker sends back if it has not got the data."""


def run_task(task: Task, send: Send) -> Outcome | Lacking:
    """Train one stack, in whatever process."""
    stack, first = task.stack, task.stack.trials[0]
    if task.keys:
        _need_the_same(task)
    held = task.data.held() if isinstance(task.data, Sent) else task.data
    if held is None:
        return Lacking()
    os.environ["MKL_CBWR"] = task.products  # before a first product, after which it is not read again
    device = choose_device(task.device)
    arrays = arrays_for(first.seed, held)
    result = _plainly(task, arrays, send) if first.engine == "plain" else _stacked(task, arrays, device, send)
    placed = {pair for trial in stack.trials for pair in stack.placed(trial)}
    gradients = {target.identity: resolve(target, width).gradient for target, width in placed}
    where = {"device": device_name(device), "cpu": cpu_name(), "torch": torch.__version__}
    return Outcome(stack.name, stack.trials, result, gradients, where, products.hold())


def _need_the_same(task: Task) -> None:
    """UserError where this machine would train something else under the same name."""
    if tuple(task.stack.keys) != task.keys:
        raise UserError(
            f"A worker has another actlab ({__version__}), by which these networks are others: install the same "
            "version where the workers are."
        )
    for target in {target for layers in task.stack.layers.values() for target in layers}:
        if target.kind == "module" and parse(target.text).identity != target.identity:
            raise UserError(f"A worker has another version of {target.text}: install the same one there, and here.")


def epochs_of(outcome: Outcome) -> Iterator[Epoch]:
    """The epochs of a stack that was trained where there is no way back, told when it has ended."""
    labels = tuple(trial.label for trial in outcome.trials)
    seeds = tuple(trial.seed for trial in outcome.trials)
    curves, seconds = outcome.result.curves, outcome.result.seconds
    for place, taken in enumerate(seconds):
        yield Epoch(labels, seeds, place + 1, len(seconds), taken, curves[:, place])


def _stacked(task: Task, arrays: Arrays, device: str, send: Send) -> Result:
    saver = None if task.checkpoints is None else Checkpoints(task.checkpoints, task.stack)
    return train(
        task.stack, arrays, device=device, state=saver and saver.load(), on_epoch=_sender(task, send),
        checkpoint=saver and saver.maybe_save, inside=task.inside,
    )  # fmt: skip


def _plainly(task: Task, arrays: Arrays, send: Send) -> Result:
    stack, first, on_epoch = task.stack, task.stack.trials[0], _sender(task, send)
    chosen = [
        plain.ACTIVATIONS.get(target.identity) or as_module(resolve(target, width), dtype=getattr(torch, first.dtype))
        for target, width in stack.placed(first)
    ]
    look = InsidePlain(stack, arrays, task.inside) if task.inside != "none" and first.hidden else None

    def on_plain_epoch(epoch: int, seconds: float, measured: np.ndarray, network: plain.Network) -> None:
        on_epoch(epoch, seconds, measured)
        if look:
            look(epoch, network)

    result = plain.run_trial(first, arrays, chosen, on_plain_epoch)
    result.inside = look.rows() if look else []
    return result


def _sender(task: Task, send: Send) -> OnEpoch:
    trials = task.stack.trials
    labels, seeds = tuple(trial.label for trial in trials), tuple(trial.seed for trial in trials)
    return lambda epoch, seconds, measured: send(Epoch(labels, seeds, epoch, trials[0].epochs, seconds, measured))


def travels(target: Target) -> bool:
    """Whether a worker can be told of this activation: what cannot be packed stays here."""
    return target.kind != "callable" or bool(target.source)
