"""The engine: a stack of trials and a data set in, their results out. No files, no plots, no processes.

Legend: M networks, S seeds, B samples of a batch, J inputs and a one, C outputs, H units of a hidden layer, R steps,
T targets of a sample: its class, or its C numbers.
"""

import dataclasses
import functools
import hashlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from actlab.engine.batches import Batches, Row, with_ones
from actlab.engine.denormals import flushed
from actlab.engine.inside import Inside
from actlab.engine.losses import LOSSES, measured
from actlab.engine.models import Backward, Forward, Parameters, Slice, initial_parameters
from actlab.engine.optimizers import OPTIMIZERS
from actlab.engine.replay import Cursor, OneByOne
from actlab.experiment import CURVES, Trial, stream_seed
from actlab.making import ByHand, resolve, saved
from actlab.naming import Target

EVALUATION_BATCH = 500
MEASURED_STEPS = 8  # loss and metric are taken from the outputs of so many steps at once


@dataclasses.dataclass(frozen=True)
class Arrays:
    """A data set as the engine wants it: x (n, inputs) of the trials' dtype; y (n,) int64, or (n, T) numbers of that
    dtype. The test part may be missing.
    """

    x_train: Tensor
    y_train: Tensor
    x_valid: Tensor
    y_valid: Tensor
    x_test: Tensor | None
    y_test: Tensor | None
    outputs: int  # of a network: classes, or numbers

    def to(self, device: str, dtype: str) -> "Arrays":
        kind = getattr(torch, dtype)
        moved = {
            name: value.to(device, kind if value.is_floating_point() or name.startswith("x") else torch.int64)
            for name, value in vars(self).items()
            if isinstance(value, Tensor)
        }
        return dataclasses.replace(self, **moved)


@dataclasses.dataclass(frozen=True)
class Stack:
    """Trials that are trained together: alike but for activation, seed, rate, schedule, decay, dropout and start.

    Where each seed has a split of its own, they are of one seed: a stack is trained on one set of arrays.
    """

    trials: tuple[Trial, ...]  # those of one activation next to each other
    layers: dict[str, tuple[Target, ...]]  # identity -> what it names, a target for each hidden layer

    @property
    def keys(self) -> list[str]:
        return [trial.key for trial in self.trials]

    @property
    def name(self) -> str:
        """What its files are named by."""
        return hashlib.sha256("".join(self.keys).encode()).hexdigest()[:12]

    def placed(self, trial: Trial) -> Iterator[tuple[Target, int]]:
        """What stands in each hidden layer of a trial, and the layer's width."""
        return zip(self.layers[trial.activation], trial.hidden, strict=False)  # more names, no layers

    @staticmethod
    def group(trial: Trial) -> tuple:
        """Trials with equal groups can share a stack."""
        own = {"activation", "seed", "learning_rate", "schedule", "initialisation", "weight_decay", "dropout", "data"}
        shared = tuple(getattr(trial, f.name) for f in dataclasses.fields(trial) if f.name not in own)
        seed = trial.seed if trial.split == "resplit" else None
        return (*shared, trial.weight_decay > 0, trial.dropout > 0, seed)


@dataclasses.dataclass
class Result:
    """What training a stack leaves, without torch; one entry a trial in each."""

    curves: np.ndarray  # (M, epochs, 4) float64, in the order of CURVES
    seconds: list[float]  # one an epoch, for the whole stack
    best_epoch: np.ndarray  # (M,) from 1; 0 where no epoch had a finite validation loss
    diverged_epoch: np.ndarray  # (M,) from 1; 0 where the trial finished
    parameters: list[dict[str, np.ndarray]]  # of the best epoch, named as a torch.nn.Sequential names them
    predictions: list[np.ndarray | None]  # by the best parameters, of the test samples: classes, or numbers (n, T)
    scores: list[np.ndarray | None]  # whether each is right, one bit a sample (numpy.packbits), or its metric, float32
    test_loss: np.ndarray  # (M,), NaN without a test set
    test_metric: np.ndarray
    inside: list[list[dict[str, Any]]] = dataclasses.field(default_factory=list)  # rows of each; empty if not measured


OnEpoch = Callable[[int, float, np.ndarray], None]  # epoch from 1, its seconds, (M, 4)


class _Step:
    """What a training step on batches of one size works with."""

    def __init__(self, trainer: "Trainer", batch: int) -> None:
        networks, outputs = len(trainer.trials), trainer.sizes[-1]
        x_SBJ = with_ones(len(trainer.seeds), batch, trainer.arrays.x_train)
        self.samples = x_SBJ.view(-1, x_SBJ.shape[2])[:, :-1]  # where a batch is put, (S B, I)
        self.forward = Forward(trainer.slices, trainer.parameters, x_SBJ, training=True, drops=trainer.drops)
        self.backward = Backward(self.forward, trainer.optimizer)
        self.outputs_RMCB = x_SBJ.new_empty(trainer.ring, networks, outputs, batch)  # of the last steps
        self.slots = list(self.outputs_RMCB)  # its parts, (M, C, B) each
        self.scratch_RMCB = torch.empty_like(self.outputs_RMCB)
        self.room = trainer.loss.room(networks, batch, x_SBJ)


class Trainer:
    """A stack in training: `epoch()` trains and measures one; `state()` and `restore()` carry it across a crash.

    `replays` runs the steps from tables on the device, in a CUDA graph where there is one; by default on a GPU.
    `inside` says at which epochs its hidden layers are measured.
    """

    def __init__(
        self, stack: Stack, arrays: Arrays, device: str = "cpu", replays: bool | None = None, inside: str = "none"
    ) -> None:
        self.trials = stack.trials
        first = stack.trials[0]
        assert all(Stack.group(trial) == Stack.group(first) for trial in stack.trials)
        self.device, self.dtype = torch.device(device), getattr(torch, first.dtype)
        self.arrays = arrays.to(device, first.dtype)
        self.loss, self.metric = LOSSES[first.loss](), first.metric
        self.seeds = sorted({trial.seed for trial in stack.trials})
        self.batches = Batches(self.arrays.x_train, _columns(self.arrays.y_train), self.seeds, first.batch_size)
        self.sizes = (arrays.x_train.shape[1], *first.hidden, arrays.outputs)
        self.slices = _slices(stack, self.seeds)
        self.seed_of_M = torch.tensor([n for part in self.slices for n in part.seeds], device=self.device)
        start = initial_parameters(stack.trials, self.slices, self.sizes, self.dtype)
        self.parameters = start.each(lambda tensor: tensor.to(self.device))
        self.best = self.parameters.each(torch.clone)
        total_steps = first.epochs * self.batches.steps
        self.optimizer = OPTIMIZERS[first.optimizer](stack.trials, self.slices, self.parameters, total_steps)
        rates = torch.tensor([trial.dropout for trial in stack.trials], dtype=torch.float64)
        self.dropout_M11 = rates.view(-1, 1, 1).to(self.device, self.dtype)
        self.generators: list[list[torch.Generator]] = []  # of dropout masks, by hidden layer and seed
        self.drops = bool((rates > 0).any())
        self._begin_records(first.epochs)
        by_hand = all(isinstance(applied, ByHand) for part in self.slices for applied in part.layers)
        capturable = by_hand and not self.drops  # masks are drawn on the host
        self.replays = capturable and (self.device.type == "cuda" if replays is None else replays)
        self.runners = [Cursor(self._held) if self.replays else OneByOne() for _ in self.batches.segments]
        self.ring = 1 if self.replays else MEASURED_STEPS
        self.steps = {segment.batch: _Step(self, segment.batch) for segment in self.batches.segments}
        self._evaluations: dict[tuple[int, bool], tuple[Forward, Tensor]] = {}
        self.inside = Inside(self, inside) if inside != "none" and first.hidden else None

    def _begin_records(self, epochs: int) -> None:
        count = len(self.trials)
        zeros = functools.partial(torch.zeros, count, device=self.device)
        self.done, self.step = 0, 0  # epochs, steps of the coming one
        self.curves = np.full((count, epochs, len(CURVES)), np.nan)
        self.seconds: list[float] = []
        self.loss_M, self.right_M = zeros(dtype=torch.float64), zeros(dtype=torch.int64)  # sums over the epoch so far
        self.best_loss_M = zeros(dtype=torch.float64).fill_(torch.inf)
        self.best_epoch_M, self.diverged_epoch_M = zeros(dtype=torch.int64), zeros(dtype=torch.int64)

    @flushed()
    def epoch(self, pause: Callable[["Trainer"], None] | None = None) -> np.ndarray:
        """Train one epoch, evaluate, and return this epoch's (M, 4). At a pause `state()` may be taken."""
        if not self.step:
            self.began = time.perf_counter()
            if self.inside and not self.done:
                self.inside.measure()
        loss_M, metric_M = self.train_epoch(pause)
        valid_loss_M, valid_metric_M = self.evaluate()
        self.done, self.step = self.done + 1, 0
        lost_M = ~(loss_M.isfinite() & valid_loss_M.isfinite())
        self.diverged_epoch_M[:] = torch.where(lost_M & (self.diverged_epoch_M == 0), self.done, self.diverged_epoch_M)
        # the accuracy of NaN logits means nothing
        metrics = torch.stack([metric_M, valid_metric_M]).masked_fill(self.diverged_epoch_M > 0, torch.nan)
        self._keep_best(valid_loss_M)
        epoch = torch.stack([loss_M, metrics[0], valid_loss_M, metrics[1]], dim=1).cpu().numpy()
        self.curves[:, self.done - 1] = epoch
        if self.inside:
            self.inside.measure()
        self.seconds.append(time.perf_counter() - self.began)
        return epoch

    @flushed()
    def train_epoch(self, pause: Callable[["Trainer"], None] | None = None) -> tuple[Tensor, Tensor]:
        """Mean loss and metric over the epoch's samples, each measured before its own update."""
        if self.step == 0:
            self.loss_M.zero_()
            self.right_M.zero_()
            self.generators = self._dropout_generators()
        if self.inside and self.step < self.batches.steps:
            self.inside.stepped()
        order_Sn = self.batches.orders(self.done)
        for segment, runner in zip(self.batches.segments, self.runners, strict=True):
            steps = segment.steps
            before = self.done * self.batches.steps
            tables = self.batches.tables(order_Sn, segment, self.seed_of_M)
            tables |= self.optimizer.tables(range(before + steps.start, before + steps.stop), segment.batch)
            rows = range(min(max(self.step - steps.start, 0), len(steps)), len(steps))
            for n in runner.run(functools.partial(self._train_step, segment.batch), tables, rows):
                self.step = steps.start + n + 1
                due = (n + 1) % MEASURED_STEPS == 0
                if not self.replays and (due or n == len(steps) - 1):
                    self._measure(self.steps[segment.batch], tables["targets"][n - n % MEASURED_STEPS : n + 1])
                if self.inside:
                    self.inside.stepped()
                if due and pause is not None:
                    pause(self)
        y = self.arrays.y_train
        loss_M = self.loss_M / len(y)
        return loss_M, measured(self.metric, loss_M, self.right_M.double() / len(y), self._variance(y))

    def _variance(self, y: Tensor) -> float:
        """Of the targets of a part, where the metric asks for it: the mean over those of a sample."""
        return y.double().var(dim=0, correction=0).mean().item() if self.metric == "r2" else 1.0

    def _train_step(self, batch: int, row: Row, number: int) -> None:
        """Forward, loss, backward and update."""
        step = self.steps[batch]
        self.batches.gather(row, out=step.samples)
        masks = self._masks(batch) if self.drops else None
        outputs_MCB = step.forward(step.slots[number % self.ring], masks)
        if self.replays:
            self._measure(step, row["targets"].unsqueeze(0))
        d_MCB = self.loss.slope(outputs_MCB, row["targets"], step.room, out=step.backward.d_MCB)
        d_MCB.mul_(row["scale"])
        self.optimizer.begin(row)
        step.backward(masks)

    def _measure(self, step: _Step, targets_RMTB: Tensor) -> None:
        """Add loss and right answers of the steps whose targets these are to the epoch's sums."""
        steps = len(targets_RMTB)
        outputs_RMCB = step.outputs_RMCB[:steps]
        self.loss_M += self.loss.sums(outputs_RMCB, targets_RMTB, out=step.scratch_RMCB[:steps])
        self.right_M += self.loss.right(outputs_RMCB, targets_RMTB)

    @flushed()
    def evaluate(self) -> tuple[Tensor, Tensor]:
        """Mean loss and metric on the validation set, of the parameters as they are."""
        y = self.arrays.y_valid
        loss_M, _, scores_Mn = self._answered(self.arrays.x_valid, y, self.parameters)
        return loss_M, measured(self.metric, loss_M, scores_Mn.double().mean(dim=1), self._variance(y))

    @flushed()
    def result(self) -> Result:
        """What is kept of the stack, once all epochs are done."""
        count = len(self.trials)
        best_epoch = self.best_epoch_M.cpu().numpy()
        predictions: list[np.ndarray | None] = [None] * count
        scores: list[np.ndarray | None] = [None] * count
        test_loss, test_metric = np.full(count, np.nan), np.full(count, np.nan)
        if self.arrays.x_test is not None and self.arrays.y_test is not None:
            y = self.arrays.y_test
            loss_M, answers_MTn, scores_Mn = self._answered(self.arrays.x_test, y, self.best)
            variance = self._variance(y)
            test_loss = loss_M.cpu().numpy()
            if self.metric == "accuracy":
                right = scores_Mn.cpu().numpy()
                test_metric = right.mean(axis=1)
                kind = np.uint8 if self.arrays.outputs <= 256 else np.uint16
                predictions = list(answers_MTn.squeeze(1).cpu().numpy().astype(kind))
                scores = list(np.packbits(right, axis=1))
            else:
                test_metric = measured(self.metric, loss_M, loss_M, variance).cpu().numpy().copy()
                predictions = list(answers_MTn.transpose(1, 2).float().cpu().numpy())
                scores = list(measured(self.metric, scores_Mn, scores_Mn, variance).float().cpu().numpy())
            test_loss[best_epoch == 0] = test_metric[best_epoch == 0] = np.nan
        return Result(
            self.curves, self.seconds, best_epoch, self.diverged_epoch_M.cpu().numpy(),
            [self._named(i) for i in range(count)], predictions, scores, test_loss, test_metric,
            inside=self.inside.rows() if self.inside else [],
        )  # fmt: skip

    def _held(self) -> list[Tensor]:
        """All that a training step changes and the coming ones depend on."""
        return [*self.parameters.tensors(), *self.optimizer.state(), self.loss_M, self.right_M]

    def _records(self) -> list[Tensor]:
        return [*self.best.tensors(), self.best_loss_M, self.best_epoch_M, self.diverged_epoch_M]

    def state(self) -> dict[str, Any]:
        """Everything that the coming steps depend on. Random streams are derived from seed and epoch, and only
        dropout's, within an epoch, are kept."""
        return {
            "done": self.done,
            "step": self.step,
            "elapsed": time.perf_counter() - self.began if self.step else 0.0,  # of the coming epoch's seconds
            "held": self._held(),
            "records": self._records(),
            "modules": [self.parameters.states(), self.best.states()],
            "generators": [g.get_state() for row in self.generators for g in row],
            "curves": torch.from_numpy(self.curves),
            "seconds": list(self.seconds),
            "inside": self.inside and self.inside.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        if state["curves"].shape != self.curves.shape or not 0 <= state["done"] <= len(self.curves[0]):
            raise ValueError("the checkpoint of another stack")
        self.done, self.step, self.began = state["done"], state["step"], time.perf_counter() - state["elapsed"]
        for mine, theirs in zip(self._held() + self._records(), state["held"] + state["records"], strict=True):
            mine.copy_(theirs)
        for parameters, states in zip((self.parameters, self.best), state["modules"], strict=True):
            parameters.restore(states)
        self.generators = self._dropout_generators()
        if self.step:
            flat = [g for row in self.generators for g in row]
            for generator, theirs in zip(flat, state["generators"], strict=True):
                generator.set_state(theirs)
        self.curves = state["curves"].numpy()
        self.seconds = list(state["seconds"])
        if self.inside and state.get("inside"):  # measured so far; older checkpoints have none
            self.inside.restore(state["inside"])

    def _dropout_generators(self) -> list[list[torch.Generator]]:
        """The epoch's generators, one for each hidden layer and seed: masks are paired too."""
        if not self.drops:
            return []
        return [
            [torch.Generator().manual_seed(stream_seed(seed, "dropout", layer, self.done)) for seed in self.seeds]
            for layer in range(len(self.sizes) - 2)
        ]

    def _masks(self, batch: int) -> list[Tensor]:
        """For each hidden layer (M, B, H): 0 where a unit is dropped, 1 / (1 - rate) where it stays."""
        masks = []
        for width, by_seed in zip(self.sizes[1:-1], self.generators, strict=True):
            u_SBH = torch.stack([torch.rand(batch, width, generator=g) for g in by_seed]).to(self.device)
            kept = u_SBH[self.seed_of_M] >= self.dropout_M11
            masks.append(kept / (1 - self.dropout_M11))
        return masks

    def _answered(self, x: Tensor, y: Tensor, parameters: Parameters) -> tuple[Tensor, Tensor, Tensor]:
        """Mean loss (M,), answers (M, T, n) and their scores (M, n)."""
        loss_M = torch.zeros_like(self.loss_M)
        answers, scores = [], []
        for x_BI, y_BT in zip(x.split(EVALUATION_BATCH), _columns(y).split(EVALUATION_BATCH), strict=True):
            forward, outputs_MCB = self._evaluation(len(y_BT), parameters)
            forward.x_SBJ[0, :, :-1] = x_BI
            forward(outputs_MCB)
            targets_MTB = y_BT.T.expand(len(self.trials), -1, -1)
            loss_M += self.loss.sums(outputs_MCB.unsqueeze(0), targets_MTB.unsqueeze(0))
            answers.append(self.loss.answers(outputs_MCB))
            scores.append(self.loss.scores(answers[-1], targets_MTB))
        return loss_M / len(y), torch.cat(answers, dim=2), torch.cat(scores, dim=1)

    def _evaluation(self, batch: int, parameters: Parameters) -> tuple[Forward, Tensor]:
        key = (batch, parameters is self.best)
        if key not in self._evaluations:
            x_1BJ = with_ones(1, batch, self.arrays.x_valid)
            outputs_MCB = x_1BJ.new_empty(len(self.trials), self.sizes[-1], batch)
            self._evaluations[key] = Forward(self.slices, parameters, x_1BJ, training=False), outputs_MCB
        return self._evaluations[key]

    def _keep_best(self, valid_loss_M: Tensor) -> None:
        better_M = (valid_loss_M < self.best_loss_M) & (self.diverged_epoch_M == 0)  # False for NaN
        self.best_loss_M[:] = torch.where(better_M, valid_loss_M, self.best_loss_M)
        self.best_epoch_M[:] = torch.where(better_M, self.done, self.best_epoch_M)
        self.best.keep_where(better_M, self.parameters, self.slices)

    def _named(self, i: int) -> dict[str, np.ndarray]:
        """The best parameters of a network, as torch.nn.Sequential(Linear, activation, Linear, ...) names them."""
        named = {}
        for layer in range(len(self.best.weights)):
            weight, bias = self.best.linear(layer, i)
            named[f"{2 * layer}.weight"] = np.ascontiguousarray(weight.cpu().numpy())
            named[f"{2 * layer}.bias"] = bias.cpu().numpy().copy()
        index, place = next((n, i - part.start) for n, part in enumerate(self.slices) if part.start <= i < part.stop)
        for layer, (learned, modules) in enumerate(zip(self.best.learned, self.best.modules, strict=True)):
            kept = {"learned": learned[index][place]} if learned[index].numel() else {}
            if copies := modules[index]:
                kept = saved(copies.modules[place])
            named |= {f"{2 * layer + 1}.{name}": t.detach().cpu().numpy().copy() for name, t in kept.items()}
        return named


def train(
    stack: Stack, arrays: Arrays, *, device: str = "cpu", state: dict[str, Any] | None = None,
    on_epoch: OnEpoch | None = None, checkpoint: Callable[[Trainer], None] | None = None, inside: str = "none",
) -> Result:  # fmt: skip
    """Train a stack to its last epoch. `checkpoint` is called between steps and epochs; `state` continues one."""
    trainer = Trainer(stack, arrays, device, inside=inside)
    if state is not None:
        try:
            trainer.restore(state)
        except (
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            RuntimeError,
        ):  # it is not of this stack: begun anew
            trainer = Trainer(stack, arrays, device, inside=inside)
    epochs = stack.trials[0].epochs
    while trainer.done < epochs:
        measured = trainer.epoch(checkpoint)
        if on_epoch is not None:
            on_epoch(trainer.done, trainer.seconds[-1], measured)
        if checkpoint is not None and trainer.done < epochs:
            checkpoint(trainer)
    return trainer.result()


def _slices(stack: Stack, seeds: Sequence[int]) -> list[Slice]:
    resolved = functools.cache(resolve)
    slices: list[Slice] = []
    start = 0
    for _, group in itertools.groupby(stack.trials, key=lambda trial: trial.activation):
        trials = list(group)
        layers = tuple(itertools.starmap(resolved, stack.placed(trials[0])))
        slices.append(Slice(start, start + len(trials), layers, tuple(seeds.index(trial.seed) for trial in trials)))
        start += len(trials)
    return slices


def _columns(y: Tensor) -> Tensor:
    """Targets as (n, T): of classes one."""
    return y.view(len(y), -1)
