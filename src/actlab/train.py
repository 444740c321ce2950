"""The engine: a stack of trials and a data set in, their results out. No files, no plots, no processes.

Legend: M networks, S seeds, B samples, I inputs, C classes, H units of a hidden layer.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from actlab.activations.resolve import Applied, resolve
from actlab.models import Parameters, Slice, StackedMLP, initial_parameters
from actlab.optimizers import OPTIMIZERS
from actlab.spec import Trial, stream_seed
from actlab.targets import Target

CURVES = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")
_EVALUATION_BATCH = 500


@dataclasses.dataclass(frozen=True)
class Arrays:
    """A data set as the engine wants it: x (n, inputs) of the trials' dtype, y (n,) int64; test may be missing."""

    x_train: Tensor
    y_train: Tensor
    x_valid: Tensor
    y_valid: Tensor
    x_test: Tensor | None
    y_test: Tensor | None
    classes: int

    def to(self, device: str, dtype: str) -> "Arrays":
        kind = getattr(torch, dtype)

        def move(name: str) -> Tensor | None:
            tensor = getattr(self, name)
            return tensor if tensor is None else tensor.to(device, kind if name.startswith("x") else torch.int64)

        names = [f.name for f in dataclasses.fields(self) if f.name != "classes"]
        return Arrays(**{name: move(name) for name in names}, classes=self.classes)


@dataclasses.dataclass(frozen=True)
class Stack:
    """Trials that are trained together: alike but for activation, seed, rate, schedule, decay, dropout and start."""

    trials: tuple[Trial, ...]  # those of one activation next to each other
    layers: dict[str, tuple[Target, ...]]  # identity -> what it names, a target for each hidden layer

    @staticmethod
    def group(trial: Trial) -> tuple:
        """Trials with equal groups can share a stack."""
        own = {"activation", "seed", "learning_rate", "schedule", "initialisation", "weight_decay", "dropout", "data"}
        shared = tuple(getattr(trial, f.name) for f in dataclasses.fields(trial) if f.name not in own)
        return (*shared, trial.weight_decay > 0, trial.dropout > 0)


@dataclasses.dataclass
class Result:
    """What training a stack leaves, without torch; one entry a trial in each."""

    curves: np.ndarray  # (M, epochs, 4) float64, in the order of CURVES
    seconds: list[float]  # one an epoch, for the whole stack
    best_epoch: np.ndarray  # (M,) from 1; 0 where no epoch had a finite validation loss
    diverged_epoch: np.ndarray  # (M,) from 1; 0 where the trial finished
    parameters: list[dict[str, np.ndarray]]  # of the best epoch, named as a torch.nn.Sequential names them
    predictions: list[np.ndarray | None]  # classes of the test samples by the best parameters
    correct: list[np.ndarray | None]  # whether each is right, one bit a sample (numpy.packbits)
    test_loss: np.ndarray  # (M,), NaN without a test set
    test_accuracy: np.ndarray


OnEpoch = Callable[[int, float, np.ndarray], None]  # epoch from 1, its seconds, (M, 4)


class Trainer:
    """A stack in training: `epoch()` trains and measures one; `state()` and `restore()` carry it across a crash."""

    def __init__(self, stack: Stack, arrays: Arrays, device: str = "cpu") -> None:
        self.trials = stack.trials
        first = stack.trials[0]
        assert all(Stack.group(trial) == Stack.group(first) for trial in stack.trials)
        self.arrays = arrays.to(device, first.dtype)
        self.device = torch.device(device)
        self.batch = min(first.batch_size, len(arrays.y_train))
        self.sizes = (arrays.x_train.shape[1], *first.hidden, arrays.classes)
        self.seeds = sorted({trial.seed for trial in stack.trials})
        self.slices = _slices(stack, self.seeds)
        start = initial_parameters(stack.trials, self.slices, self.sizes, getattr(torch, first.dtype))
        self.model = StackedMLP(self.slices, _moved(start, self.device))
        self.best = self.model.parameters.clone()
        samples = len(arrays.y_train)
        self.steps_per_epoch = -(-samples // self.batch)
        kind = OPTIMIZERS[first.optimizer]
        steps = first.epochs * self.steps_per_epoch
        self.optimizer = kind(stack.trials, steps, self.device, getattr(torch, first.dtype))
        self.done = 0
        count = len(stack.trials)
        self.curves = np.full((count, first.epochs, len(CURVES)), np.nan)
        self.seconds: list[float] = []
        self.best_loss = np.full(count, np.inf)
        self.best_epoch = np.zeros(count, dtype=np.int64)
        self.diverged_epoch = np.zeros(count, dtype=np.int64)
        rates = torch.tensor([trial.dropout for trial in stack.trials], dtype=torch.float64)
        self.dropout_M11 = rates.view(-1, 1, 1).to(self.device, getattr(torch, first.dtype))
        self.drops = bool((rates > 0).any())
        self._inputs: dict[int, Tensor] = {}

    def epoch(self) -> np.ndarray:
        """Train one epoch, evaluate, and return this epoch's (M, 4)."""
        began = time.perf_counter()
        loss_M, correct_M = self.train_epoch()
        measured = np.stack([loss_M, correct_M, *self.evaluate()], axis=1)
        self.done += 1
        lost = ~np.isfinite(measured[:, [0, 2]]).all(axis=1)
        self.diverged_epoch[lost & (self.diverged_epoch == 0)] = self.done
        measured[np.ix_(self.diverged_epoch > 0, [1, 3])] = np.nan  # the accuracy of NaN logits means nothing
        self.curves[:, self.done - 1] = measured
        self._keep_best(measured[:, 2])
        self.seconds.append(time.perf_counter() - began)
        return measured

    def train_epoch(self, steps: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean loss and accuracy over the epoch's samples, each measured before its own update."""
        order_SN = self._orders()
        networks = len(self.trials)
        loss_M = torch.zeros(networks, dtype=torch.float64, device=self.device)
        correct_M = torch.zeros(networks, dtype=torch.int64, device=self.device)
        dropout = self._dropout_generators() if self.drops else None
        seen = 0
        for start in range(0, order_SN.shape[1], self.batch)[:steps]:
            index_SB = order_SN[:, start : start + self.batch]
            x_SBI, y_MB = self._gather(index_SB)
            seen += index_SB.shape[1]
            masks = self._masks(dropout, index_SB.shape[1]) if dropout is not None else None
            logits_MBC = self.model.forward(x_SBI, masks=masks)
            loss_M += _losses(logits_MBC, y_MB)
            correct_M += (logits_MBC.argmax(dim=2) == y_MB).sum(dim=1)
            # dL/dlogits = softmax - one-hot, times the step's scale
            d_MBC = torch.softmax(logits_MBC, dim=2)
            d_MBC.scatter_add_(2, y_MB.unsqueeze(2), d_MBC.new_full((1, 1, 1), -1).expand(*y_MB.shape, 1))
            d_MBC.mul_(self.optimizer.scale(y_MB.shape[1]))
            self.model.backward(x_SBI, d_MBC, self.optimizer, masks)
            self.optimizer.advance()
        return (loss_M / seen).cpu().numpy(), (correct_M.double() / seen).cpu().numpy()

    def evaluate(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean loss and accuracy on the validation set, of the parameters as they are."""
        loss, classes = self._classify(self.arrays.x_valid, self.arrays.y_valid, self.model.parameters)
        return loss, (classes == self.arrays.y_valid.cpu().numpy()).mean(axis=1)

    def result(self) -> Result:
        """What is kept of the stack, once all epochs are done."""
        count = len(self.trials)
        predictions: list[np.ndarray | None] = [None] * count
        correct: list[np.ndarray | None] = [None] * count
        test_loss, test_accuracy = np.full(count, np.nan), np.full(count, np.nan)
        if self.arrays.x_test is not None and self.arrays.y_test is not None:
            test_loss, classes = self._classify(self.arrays.x_test, self.arrays.y_test, self.best)
            right = classes == self.arrays.y_test.cpu().numpy()
            test_accuracy = right.mean(axis=1)
            kind = np.uint8 if self.arrays.classes <= 256 else np.uint16
            for i in range(count):
                predictions[i], correct[i] = classes[i].astype(kind), np.packbits(right[i])
            never = self.best_epoch == 0
            test_loss[never] = test_accuracy[never] = np.nan
        return Result(
            curves=self.curves,
            seconds=self.seconds,
            best_epoch=self.best_epoch,
            diverged_epoch=self.diverged_epoch,
            parameters=[self._named(i) for i in range(count)],
            predictions=predictions,
            correct=correct,
            test_loss=test_loss,
            test_accuracy=test_accuracy,
        )

    def state(self) -> dict[str, Any]:
        """Everything that the coming epochs depend on; random streams are derived from seed and epoch, not kept."""
        return {
            "done": self.done,
            "parameters": list(self.model.parameters.tensors()),
            "best": list(self.best.tensors()),
            "optimizer": self.optimizer.dump(),
            "curves": torch.from_numpy(self.curves),
            "seconds": list(self.seconds),
            "best_loss": torch.from_numpy(self.best_loss),
            "best_epoch": torch.from_numpy(self.best_epoch),
            "diverged_epoch": torch.from_numpy(self.diverged_epoch),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.done = state["done"]
        for mine, saved in ((self.model.parameters, state["parameters"]), (self.best, state["best"])):
            for tensor, value in zip(mine.tensors(), saved, strict=True):
                tensor.copy_(value)
        dumped = state["optimizer"]
        dumped["state"] = {name: value.to(self.device) for name, value in dumped["state"].items()}
        self.optimizer.load(dumped)
        self.seconds = list(state["seconds"])
        for name in ("curves", "best_loss", "best_epoch", "diverged_epoch"):
            setattr(self, name, state[name].numpy())

    def _orders(self) -> Tensor:
        """The epoch's permutation of the training set for each seed, (S, n)."""
        samples = len(self.arrays.y_train)
        orders = []
        for seed in self.seeds:
            generator = torch.Generator().manual_seed(stream_seed(seed, "order", self.done))
            orders.append(torch.randperm(samples, generator=generator))
        return torch.stack(orders).to(self.device)

    def _gather(self, index_SB: Tensor) -> tuple[Tensor, Tensor]:
        """Each seed's batch once, (S, B, I), and each network's labels, (M, B)."""
        seeds, batch = index_SB.shape
        if batch not in self._inputs:
            self._inputs[batch] = self.arrays.x_train.new_empty(seeds * batch, self.sizes[0])
        flat = index_SB.reshape(-1)
        torch.index_select(self.arrays.x_train, 0, flat, out=self._inputs[batch])
        y_SB = self.arrays.y_train[flat].view(seeds, batch)
        return self._inputs[batch].view(seeds, batch, -1), y_SB[self._seed_of]

    @property
    def _seed_of(self) -> list[int]:
        return [place for part in self.slices for place in part.seeds]

    def _dropout_generators(self) -> list[list[torch.Generator]]:
        """One generator for each hidden layer and seed: masks are paired too."""
        return [
            [torch.Generator().manual_seed(stream_seed(seed, "dropout", layer, self.done)) for seed in self.seeds]
            for layer in range(len(self.sizes) - 2)
        ]

    def _masks(self, generators: list[list[torch.Generator]], batch: int) -> list[Tensor]:
        """For each hidden layer (M, B, H): 0 where a unit is dropped, 1 / (1 - rate) where it stays."""
        masks = []
        for width, by_seed in zip(self.sizes[1:-1], generators, strict=True):
            u_SBH = torch.stack([torch.rand(batch, width, generator=g) for g in by_seed]).to(self.device)
            kept = u_SBH[self._seed_of] >= self.dropout_M11
            masks.append(kept / (1 - self.dropout_M11))
        return masks

    def _classify(self, x: Tensor, y: Tensor, parameters: Parameters) -> tuple[np.ndarray, np.ndarray]:
        """Mean loss (M,) and predicted classes (M, n)."""
        networks = len(self.trials)
        loss_M = torch.zeros(networks, dtype=torch.float64, device=self.device)
        classes = []
        for start in range(0, len(y), _EVALUATION_BATCH):
            x_1BI = x[start : start + _EVALUATION_BATCH].unsqueeze(0)
            y_MB = y[start : start + _EVALUATION_BATCH].expand(networks, -1)
            logits_MBC = self.model.forward(x_1BI, parameters)
            loss_M += _losses(logits_MBC, y_MB)
            classes.append(logits_MBC.argmax(dim=2))
        return (loss_M / len(y)).cpu().numpy(), torch.cat(classes, dim=1).cpu().numpy()

    def _keep_best(self, valid_loss: np.ndarray) -> None:
        better = valid_loss < self.best_loss  # False for NaN
        better &= self.diverged_epoch == 0
        self.best_loss[better] = valid_loss[better]
        self.best_epoch[better] = self.done
        mask = torch.from_numpy(better).to(self.device)
        mine, best = self.model.parameters, self.best
        for now, kept in zip([*mine.weights, *mine.biases], [*best.weights, *best.biases], strict=True):
            kept[mask] = now[mask]
        for now_layer, kept_layer in zip(mine.learned, best.learned, strict=True):
            for part, now, kept in zip(self.slices, now_layer, kept_layer, strict=True):
                chosen = mask[part.start : part.stop]
                kept[chosen] = now[chosen]

    def _named(self, i: int) -> dict[str, np.ndarray]:
        """The best parameters of a network, as torch.nn.Sequential(Linear, activation, Linear, ...) names them."""
        named = {}
        for layer, (weights, biases) in enumerate(zip(self.best.weights, self.best.biases, strict=True)):
            named[f"{2 * layer}.weight"] = np.ascontiguousarray(weights[i].mT.cpu().numpy())
            named[f"{2 * layer}.bias"] = biases[i].cpu().numpy().copy()
        index, part = next((n, p) for n, p in enumerate(self.slices) if p.start <= i < p.stop)
        for layer, learned in enumerate(self.best.learned):
            if learned[index].numel():
                named[f"{2 * layer + 1}.learned"] = learned[index][i - part.start].cpu().numpy().copy()
        return named


def train(
    stack: Stack,
    arrays: Arrays,
    *,
    device: str = "cpu",
    state: dict[str, Any] | None = None,
    on_epoch: OnEpoch | None = None,
    checkpoint: Callable[[Trainer], None] | None = None,
) -> Result:
    """Train a stack to its last epoch. `checkpoint` is called after each epoch but the last; `state` continues one."""
    trainer = Trainer(stack, arrays, device)
    if state is not None:
        trainer.restore(state)
    epochs = stack.trials[0].epochs
    while trainer.done < epochs:
        measured = trainer.epoch()
        if on_epoch is not None:
            on_epoch(trainer.done, trainer.seconds[-1], measured)
        if checkpoint is not None and trainer.done < epochs:
            checkpoint(trainer)
    return trainer.result()


def _slices(stack: Stack, seeds: Sequence[int]) -> list[Slice]:
    applied: dict[str, Applied] = {}
    slices: list[Slice] = []
    names = [trial.activation for trial in stack.trials]
    for start, name in enumerate(names):
        if start and names[start - 1] == name:
            continue
        stop = start + next((n for n, other in enumerate(names[start:]) if other != name), len(names) - start)
        targets = stack.layers[name][: len(stack.trials[0].hidden)]
        for target in targets:
            if target.identity not in applied:
                applied[target.identity] = resolve(target)
        layers = [applied[target.identity] for target in targets]
        places = tuple(seeds.index(trial.seed) for trial in stack.trials[start:stop])
        slices.append(Slice(start, stop, tuple(layers), places))
    return slices


def _moved(parameters: Parameters, device: torch.device) -> Parameters:
    return Parameters(
        [w.to(device) for w in parameters.weights],
        [b.to(device) for b in parameters.biases],
        [[p.to(device) for p in layer] for layer in parameters.learned],
    )


def _losses(logits_MBC: Tensor, y_MB: Tensor) -> Tensor:
    """The sum of the batch's cross-entropies for each network, (M,) float64."""
    log_p = torch.log_softmax(logits_MBC, dim=2)
    return -log_p.gather(2, y_MB.unsqueeze(2)).squeeze(2).sum(dim=1, dtype=torch.float64)
