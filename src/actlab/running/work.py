"""What a worker does: train one stack, keep its checkpoints, put its parameters into the run's folder."""

import dataclasses
from pathlib import Path

import numpy as np
import torch

from actlab.engine import InsidePlain, Result, Stack, plain, train
from actlab.experiment import Trial, write_bytes
from actlab.making import resolve
from actlab.naming import Target
from actlab.nn import as_module
from actlab.running.checkpoints import Checkpoints
from actlab.running.executors import Send
from actlab.running.sharing import Held, arrays_for, load_shared


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
    folder: Path
    held: Held | None  # None: read from the folder's working files
    device: str
    keep: str
    inside: str


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a worker sends back of a trained stack; its parameters are in the run's folder already."""

    name: str
    trials: tuple[Trial, ...]
    result: Result
    file: str
    gradients: dict[str, str]


def run_task(task: Task, send: Send) -> Outcome:
    """Train one stack, in whatever process; its parameters go straight into the run's folder."""
    stack, first = task.stack, task.stack.trials[0]
    arrays = arrays_for(first.seed, task.held or load_shared(task.folder / "working"))
    labels = tuple(trial.label for trial in stack.trials)
    seeds = tuple(trial.seed for trial in stack.trials)

    def on_epoch(epoch: int, seconds: float, measured: np.ndarray) -> None:
        send(Epoch(labels, seeds, epoch, first.epochs, seconds, measured))

    if first.engine == "plain":
        chosen = [
            plain.ACTIVATIONS.get(target.identity)
            or as_module(resolve(target, width), dtype=getattr(torch, first.dtype))
            for target, width in stack.placed(first)
        ]
        look = InsidePlain(stack, arrays, task.inside) if task.inside != "none" and first.hidden else None

        def on_plain_epoch(epoch: int, seconds: float, measured: np.ndarray, network: plain.Network) -> None:
            on_epoch(epoch, seconds, measured)
            if look:
                look(epoch, network)

        result = plain.run_trial(first, arrays, chosen, on_plain_epoch)
        result.inside = look.rows() if look else []
    else:
        saver = Checkpoints(task.folder / "working", stack)
        result = train(
            stack, arrays, device=task.device, state=saver.load(), on_epoch=on_epoch, checkpoint=saver.maybe_save,
            inside=task.inside,
        )  # fmt: skip
    file = _save_parameters(task, result) if task.keep == "best" else ""
    light = dataclasses.replace(result, parameters=[])
    placed = {pair for trial in stack.trials for pair in stack.placed(trial)}
    gradients = {target.identity: resolve(target, width).gradient for target, width in placed}
    return Outcome(stack.name, stack.trials, light, file, gradients)


def _save_parameters(task: Task, result: Result) -> str:
    from safetensors.numpy import save

    tensors = {
        f"{trial.key}/{name}": np.ascontiguousarray(array)
        for trial, named in zip(task.stack.trials, result.parameters, strict=True)
        for name, array in named.items()
    }
    file = f"parameters/{task.stack.name}.safetensors"
    write_bytes(task.folder / file, save(tensors, metadata={"format": "pt"}))
    return file


def travels(target: Target) -> bool:
    """Whether a worker can be told of this activation: what cannot be packed stays here."""
    return target.kind != "callable" or bool(target.source)
