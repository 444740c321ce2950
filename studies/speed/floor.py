"""The floor of an epoch: its matrix products alone, at the engine's shapes, into memory allocated once.

A training step has 8 of them for each network:

    forward           x W1,  y1 W2,  y2 W3
    weight gradients  x^T d1,  y1^T d2,  y2^T d3
    input gradients   d3 W3^T,  d2 W2^T

Nothing is gathered, added or applied. Where networks share a batch, their first products can be one wide product; what
then lies between the layers (another order of the axes) is taken to cost nothing, so that the floor is never too high.
"""

from itertools import pairwise

import torch
from studies.speed.workload import Workload
from torch import Tensor

from actlab.engine import EVALUATION_BATCH

FORMS = ("shared", "copied", "wide")  # a batch read by each activation's product; a copy a network; one wide product


class Floor:
    """An epoch's products, in one of the forms."""

    def __init__(self, work: Workload, form: str) -> None:
        assert form in FORMS
        self.networks, self.sizes, self.form = len(work.trials), work.sizes, form
        self.groups = [len(seeds) for seeds in work.groups.values()]
        samples, valid = len(work.arrays.y_train), len(work.arrays.y_valid)
        batch = min(work.batch, samples)
        self.steps = [(self._memory(batch), samples // batch)]
        if samples % batch:
            self.steps.append((self._memory(samples % batch), 1))
        self.evaluations = [(self._memory(min(EVALUATION_BATCH, valid), evaluation=True), valid // EVALUATION_BATCH)]
        if valid % EVALUATION_BATCH:
            self.evaluations.append((self._memory(valid % EVALUATION_BATCH, evaluation=True), 1))
        self.weights = [torch.randn(self.networks, a, b) * 0.05 for a, b in pairwise(self.sizes)]
        self.gradients = [torch.empty_like(w) for w in self.weights]

    def epoch(self) -> None:
        for memory, times in self.steps:
            for _ in range(times):
                self._step(memory)
        for memory, times in self.evaluations:
            for _ in range(times):
                self._forward(memory)

    def _memory(self, batch: int, evaluation: bool = False) -> dict[str, list[Tensor]]:
        """Inputs by seed (all networks share one in evaluation), what each layer gives, and what comes back."""
        seeds = 1 if evaluation else max(self.groups)
        if self.form == "copied" and not evaluation:
            seeds = self.networks
        outputs = [torch.randn(self.networks, batch, h) for h in self.sizes[1:]]
        return {
            "x": [torch.randn(seeds, batch, self.sizes[0])],
            "y": outputs,
            "d": [] if evaluation else [torch.randn_like(y) for y in outputs],
        }

    def _forward(self, memory: dict[str, list[Tensor]]) -> None:
        (x,), y = memory["x"], memory["y"]
        self._first(x, self.weights[0], y[0])
        for before, weights, after in zip(y, self.weights[1:], y[1:], strict=False):
            torch.bmm(before, weights, out=after)

    def _step(self, memory: dict[str, list[Tensor]]) -> None:
        (x,), y, d = memory["x"], memory["y"], memory["d"]
        self._forward(memory)
        for layer in range(len(self.weights) - 1, 0, -1):
            torch.bmm(y[layer - 1].mT, d[layer], out=self.gradients[layer])
            torch.bmm(d[layer], self.weights[layer].mT, out=d[layer - 1])
        self._first(x, d[0], self.gradients[0], transposed=True)

    def _first(self, x: Tensor, right: Tensor, out: Tensor, transposed: bool = False) -> None:
        """x right, or x^T right, for every network, in the form chosen."""
        left = x.mT if transposed else x
        if self.form == "copied" and x.shape[0] == self.networks:
            torch.bmm(left, right, out=out)
        elif self.form == "wide":
            for inputs, networks in self._sharing(left):
                count, parts = inputs.shape[0], (networks.stop - networks.start) // inputs.shape[0]
                shape = (count, inputs.shape[2], parts * right.shape[2])
                wide = out[networks].view(count, inputs.shape[1], parts * right.shape[2])
                torch.bmm(inputs, right[networks].view(shape), out=wide)
        else:
            start = 0
            for count in self.groups:
                part = slice(start, start + count)
                inputs = left.expand(count, -1, -1) if left.shape[0] == 1 else left[:count]
                torch.bmm(inputs, right[part], out=out[part])
                start += count

    def _sharing(self, left: Tensor) -> list[tuple[Tensor, slice]]:
        """Batches whose networks are equally many, and the places of those networks."""
        if left.shape[0] == 1:
            return [(left, slice(0, self.networks))]
        found, start = [], 0
        for depth in range(len(self.groups), 0, -1):  # seeds that exactly so many activations have
            begin = self.groups[depth] if depth < len(self.groups) else 0
            seeds = slice(begin, self.groups[depth - 1])
            count = seeds.stop - seeds.start
            if count:
                found.append((left[seeds], slice(start, start + count * depth)))
                start += count * depth
        return found


def products(work: Workload) -> int:
    """Multiplications in an epoch's products, by counting: what a floor must come to, whatever its form."""
    pairs = [a * b for a, b in pairwise(work.sizes)]
    step = 2 * sum(pairs) + sum(pairs[1:])
    return len(work.trials) * (len(work.arrays.y_train) * step + len(work.arrays.y_valid) * sum(pairs))
