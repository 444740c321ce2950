"""What goes on inside the networks of a stack: a probe of validation samples, forward and backward, without a step.

Legend: M networks, B samples of the probe, J inputs and a one, H units of a hidden layer, C outputs, L hidden layers.

What is measured is a copy of the parameters and their modules, in evaluation: nothing that trains is touched.
"""

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from actlab.engine.batches import with_ones
from actlab.engine.denormals import flushed
from actlab.engine.models import Forward
from actlab.engine.products import product
from actlab.experiment import inside

if TYPE_CHECKING:
    from actlab.engine.training import Trainer

PROBE = 256  # samples, the first of the validation part
_AT_ONCE = 32  # networks that are taken in float64 together


class Inside:
    """The measurements of a stack in training, by epoch; `rows` is what a run keeps of them."""

    def __init__(self, trainer: "Trainer", when: str) -> None:
        # a trainer is gone, with its data, when its last user is, and not when Python looks for circles
        self.trainer = cast("Trainer", weakref.proxy(trainer))
        self.when, self.epochs = when, trainer.trials[0].epochs
        self.copy = trainer.parameters.each(torch.clone)
        x, y = trainer.arrays.x_valid[:PROBE], trainer.arrays.y_valid[:PROBE]
        x_1BJ = with_ones(1, len(x), x)
        x_1BJ[0, :, :-1] = x
        self.targets_MTB = y.view(len(y), -1).T.expand(len(trainer.trials), -1, -1)
        self.forward = Forward(trainer.slices, self.copy, x_1BJ, training=False, slopes=True)
        self.update_ML = self._unknown()
        self.found: list[dict[str, Any]] = []

    def _unknown(self) -> Tensor:
        networks, layers = len(self.trainer.trials), len(self.trainer.sizes) - 2
        return torch.full((networks, layers), torch.nan, dtype=torch.float64, device=self.trainer.device)

    def stepped(self) -> None:
        """Told after every step: of an epoch that is due, the last one's change of the weights is measured."""
        left = self.trainer.batches.steps - self.trainer.step
        if left <= 1 and inside.is_due(self.when, self.trainer.done + 1, self.epochs):
            if left:
                self._copy()
            else:
                self.compare()

    def _copy(self) -> None:
        for mine, theirs in zip(self.copy.tensors(), self.trainer.parameters.tensors(), strict=True):
            mine.copy_(theirs)

    def compare(self) -> None:
        """How far the weights have gone since they were copied, by their size."""
        hidden = slice(len(self.forward.z))
        pairs = zip(self.trainer.parameters.weights[hidden], self.copy.weights[hidden], strict=True)
        for layer, (now, before) in enumerate(pairs):
            self.update_ML[:, layer] = _size((now - before)[:, :-1]) / _size(now[:, :-1])

    @flushed()
    def measure(self) -> None:
        """Every hidden layer as it is now, where this epoch is due."""
        trainer, forward = self.trainer, self.forward
        if not inside.is_due(self.when, trainer.done, self.epochs):
            return
        self._copy()
        self.copy.restore(trainer.parameters.states())
        outputs_MCB = forward(forward.x_SBJ.new_empty(len(trainer.trials), trainer.sizes[-1], len(forward.x_SBJ[0])))
        moments = [(*_moments(z), *_moments(y[:, :, :-1])) for z, y in zip(forward.z, forward.y, strict=True)]
        counts = [_histogram(z) for z in forward.z]  # here, for dL/dx may take the place of z
        ways_back = list(self._backward(outputs_MCB))[::-1]
        columns = [
            torch.stack([dead_M, saturated_M, *moments_M, dz_M, dw_M, self.update_ML[:, layer]], dim=1)
            for layer, (moments_M, (dead_M, saturated_M, dz_M, dw_M)) in enumerate(zip(moments, ways_back, strict=True))
        ]
        self.found.append(
            {
                "epoch": trainer.done,
                "measured": torch.stack(columns, dim=1).cpu(),  # (M, L, those of MEASURED)
                "counts": torch.stack(counts, dim=1).cpu(),  # (M, L, bins)
                "learned": [[p.to("cpu", torch.float64, copy=True) for p in layer] for layer in self.copy.learned],
            }
        )
        self.update_ML = self._unknown()

    def _backward(self, outputs_MCB: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """From the last hidden layer to the first: dead, saturated, and the sizes of dL/dz and dL/dW, (M,) each."""
        forward, loss = self.forward, self.trainer.loss
        networks, _, batch = outputs_MCB.shape
        room = loss.room(networks, batch, outputs_MCB)
        d_MCB = loss.slope(outputs_MCB, self.targets_MTB, room, out=torch.empty_like(outputs_MCB)).mul_(1 / batch)
        *hidden, last = self.copy.weights
        d_MBH, following_MHI = d_MCB.mT, last[:, :, :-1]
        for layer in reversed(range(len(hidden))):
            dx_MBH = forward.dx[layer]
            upstream_MBH = torch.empty_like(dx_MBH)
            product(d_MBH, following_MHI, out=upstream_MBH)()
            for bend in forward.bends[layer]:
                bend.slope()
            slopes = _flat_units(dx_MBH)
            dx_MBH.copy_(upstream_MBH)
            for bend in forward.bends[layer]:
                bend.backward()
            gradient_MJH = torch.empty_like(hidden[layer])
            for places, x in forward.inputs(layer):
                product(x.mT, dx_MBH[places], out=gradient_MJH[places])()
            yield *slopes, _mean_square(dx_MBH).sqrt(), _mean_square(gradient_MJH[:, :-1]).sqrt()
            d_MBH, following_MHI = dx_MBH, hidden[layer][:, :-1].mT

    def rows(self) -> list[list[dict[str, Any]]]:
        """Of each network a row an epoch and hidden layer, as the table `inside` has them."""
        return [[row for found in self.found for row in self._rows(found, i)] for i in range(len(self.trainer.trials))]

    def _rows(self, found: dict[str, Any], i: int) -> Iterator[dict[str, Any]]:
        index, part = next((n, part) for n, part in enumerate(self.trainer.slices) if part.start <= i < part.stop)
        for layer, (measured, counts) in enumerate(zip(found["measured"][i], found["counts"][i], strict=True)):
            learned = found["learned"][layer][index][i - part.start].numpy()
            yield {
                "epoch": found["epoch"],
                "layer": layer + 1,
                **dict(zip(inside.MEASURED, measured.tolist(), strict=True)),
                "histogram": counts.numpy().astype(inside.COUNTS).tobytes(),
                "learned": learned.astype(inside.LEARNED).tobytes() if learned.size else None,
            }

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds of it."""
        return {"found": self.found, "update": self.update_ML}

    def restore(self, state: dict[str, Any]) -> None:
        self.found = list(state["found"])
        self.update_ML.copy_(state["update"])


def _in_doubles(values: Tensor) -> Iterator[Tensor]:
    """A few networks after the other, (m, n) float64: squares of small gradients are below float32's range."""
    return (few.double().flatten(1).contiguous() for few in values.split(_AT_ONCE))


def _mean_square(values: Tensor) -> Tensor:
    """(M,) float64."""
    return torch.cat([few.square().sum(dim=1) / few.shape[1] for few in _in_doubles(values)])


def _size(values: Tensor) -> Tensor:
    return torch.cat([few.square().sum(dim=1).sqrt() for few in _in_doubles(values)])


def _moments(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each network's, (M,) float64."""
    means, deviations = [], []
    for few in _in_doubles(values):
        mean = few.sum(dim=1, keepdim=True) / few.shape[1]
        means.append(mean[:, 0])
        deviations.append(((few - mean).square().sum(dim=1) / few.shape[1]).sqrt())
    return torch.cat(means), torch.cat(deviations)


def _flat_units(slope_MBH: Tensor) -> tuple[Tensor, Tensor]:
    """The share of dead units and that of saturated values; NaN where a slope is."""
    size_MBH = slope_MBH.abs()
    unknown_M = size_MBH.isnan().flatten(1).any(dim=1)
    dead_M = (size_MBH < inside.DEAD).all(dim=1).double().mean(dim=1)
    saturated_M = (size_MBH < inside.SATURATED).flatten(1).sum(dim=1).double() / slope_MBH[0].numel()
    return dead_M.masked_fill(unknown_M, torch.nan), saturated_M.masked_fill(unknown_M, torch.nan)


def _histogram(z_MBH: Tensor) -> Tensor:
    """How many values lie in each bin, below, above, and are NaN, (M, bins + 3)."""
    half, kinds = inside.BINS // 2, inside.BINS + 3
    # exact, for a bin's width is a power of two; -half - 1 is below, half is above
    place_MBH = (
        (z_MBH * (half / inside.REACH)).floor_().clamp_(-half - 1, half).nan_to_num_(nan=half + 1).add_(half + 1)
    )
    first_M11 = torch.arange(0, kinds * len(z_MBH), kinds, device=z_MBH.device).view(-1, 1, 1)
    counts = torch.bincount((place_MBH.long() + first_M11).flatten(), minlength=kinds * len(z_MBH)).view(-1, kinds)
    return torch.cat([counts[:, 1:-2], counts[:, :1], counts[:, -2:]], dim=1)
