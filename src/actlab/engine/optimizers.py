"""SGD, momentum and AdamW over stacked parameters, with a learning rate for each network.

The rules are PyTorch's (torch.optim.SGD, torch.optim.AdamW). A network's bits do not depend on its place in the stack:
elementwise steps are single correctly rounded operations, or run over one network's tensor at a time.
Weight decay applies to weights and biases, as in PyTorch's defaults, never to learned parameters of activations.

What changes from step to step stands in tables with a row for each step of an epoch, made before it begins, so that a
captured graph needs nothing from the host. The rate enters in one place: in dL/dlogits, or in AdamW's update.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from actlab.engine.batches import Row
from actlab.engine.products import Operation, accumulation, product
from actlab.experiment import Trial

if TYPE_CHECKING:
    from actlab.engine.models import Parameters, Slice

_CACHED = 1 << 19  # bytes of gradients that are written, read once and not wanted again


class Optimizer:
    """Makes the operations that take a gradient's factors, while the backward pass has them at hand, into a step.

    This one is SGD, w <- w - lr (g + decay w); the others replace parts of it. The rate is in dL/dlogits already, so
    that the update is part of x^T d.
    """

    def __init__(
        self, trials: Sequence[Trial], slices: "Sequence[Slice]", parameters: "Parameters", total_steps: int
    ) -> None:
        self.trials, self.slices, self.parameters = trials, slices, parameters
        self.dtype, self.device = parameters.weights[0].dtype, parameters.weights[0].device
        self.base_M = torch.tensor([t.learning_rate for t in trials], dtype=torch.float64)
        self.cosine_M = torch.tensor([t.schedule == "cosine" for t in trials])
        self.decay_M = torch.tensor([t.weight_decay for t in trials], dtype=torch.float64)
        self.decays = bool((self.decay_M > 0).any())
        self.total_steps = total_steps
        self.row: Row = {}

    def rates(self, steps: range) -> Tensor:
        """The rate of each network at each step, (T, M) float64."""
        waned = [[0.5 * (1 + math.cos(math.pi * n / self.total_steps))] for n in steps]
        return torch.where(self.cosine_M, self.base_M * torch.tensor(waned, dtype=torch.float64), self.base_M)

    def tables(self, steps: range, batch: int) -> dict[str, Tensor]:
        """What the steps need from the host, a row each: `scale` is what softmax - one-hot is multiplied by."""
        tables = {"scale": self._column(-self.rates(steps) / batch)}
        if self.decays:
            tables["shrink"] = self._column(1 - self.rates(steps) * self.decay_M)
        return tables

    def _column(self, table_TM: Tensor) -> Tensor:
        return table_TM.to(self.device, self.dtype).view(*table_TM.shape, 1, 1)

    def begin(self, row: Row) -> None:
        """A step's row of the tables, before its first update."""
        self.row = row

    def update(self, layer: int, places: slice, a: Tensor, b: Tensor) -> Operation:
        """The operation that steps these networks' weights, whose gradient is a b: made once, called at each step."""
        w = self.parameters.weights[layer][places]
        add = accumulation(w, a, b)
        if not self.decays:
            return add

        def shrink_and_add() -> None:
            w.mul_(self.row["shrink"][places])
            add()

        return shrink_and_add

    def learned(self, layer: int, index: int, gradient_mL: Tensor) -> None:
        """The gradient of a slice's learned parameters."""
        self.parameters.learned[layer][index].add_(gradient_mL)

    def finish(self) -> None:
        """What is left to do when all gradients are known."""

    def state(self) -> list[Tensor]:
        """What a checkpoint must hold, beside the parameters."""
        return []


class Momentum(Optimizer):
    """v <- mu v + g + decay w,   w <- w - lr v. Kept is u = -lr v, so that the rate is in dL/dlogits here too."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.mu = self.trials[0].momentum
        self.velocity = self.parameters.each(torch.zeros_like)
        self.wanes = bool(self.cosine_M.any())

    def tables(self, steps: range, batch: int) -> dict[str, Tensor]:
        rates_TM = self.rates(steps)
        tables = {"scale": self._column(-rates_TM / batch)}
        if self.wanes:  # u follows its rate
            before_TM = self.rates(range(steps.start - 1, steps.stop - 1))
            tables["follow"] = self._column(rates_TM / before_TM)
        if self.decays:
            tables["pull"] = self._column(-rates_TM * self.decay_M)
        return tables

    def update(self, layer: int, places: slice, a: Tensor, b: Tensor) -> Operation:
        u, w = self.velocity.weights[layer][places], self.parameters.weights[layer][places]
        add = accumulation(u, a, b, beta=self.mu)
        if not self.wanes and not self.decays:
            return add

        def follow_and_add() -> None:
            if self.wanes:
                u.mul_(self.row["follow"][places])
            add()
            if self.decays:
                u.add_(w * self.row["pull"][places])

        return follow_and_add

    def learned(self, layer: int, index: int, gradient_mL: Tensor) -> None:
        u = self.velocity.learned[layer][index]
        if self.wanes:
            u.mul_(self.row["follow"][self.slices[index].places, 0])
        u.mul_(self.mu).add_(gradient_mL)

    def finish(self) -> None:
        for w, u in zip(self.parameters.tensors(), self.velocity.tensors(), strict=True):
            w.add_(u)

    def state(self) -> list[Tensor]:
        return list(self.velocity.tensors())


class AdamW(Optimizer):
    """Adam with decoupled weight decay: w <- (1 - lr decay) w - lr m^ / (sqrt(v^) + epsilon).

    The update is torch's own fused kernel, a tensor for each network and layer: one pass over memory. On a CPU it takes
    a few networks at a time, right after their product, while their gradient is in the cache.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.mean, self.square = self.parameters.each(torch.zeros_like), self.parameters.each(torch.zeros_like)
        self.gradients = [w.new_zeros(self._at_once(w), *w.shape[1:]) for w in self.parameters.weights]
        self.learned_gradients = [[torch.zeros_like(p) for p in layer] for layer in self.parameters.learned]
        self.count = torch.zeros((), device=self.device)
        rows = [kind.learned for kind in (self.parameters, self.mean, self.square)]
        self.learned_updates = [
            self._fused(range(part.start, part.stop), w[index], g[index], m[index], v[index], decays=False)
            for w, m, v, g in zip(*rows, self.learned_gradients, strict=True)
            for index, part in enumerate(self.slices)
            if w[index].numel()
        ]

    def _at_once(self, w: Tensor) -> int:
        """How many networks' gradients of a layer are known together."""
        if self.device.type != "cpu":
            return len(w)
        return min(len(w), max(1, _CACHED // (w[0].numel() * w.element_size())))

    def begin(self, row: Row) -> None:
        super().begin(row)
        self.count.add_(1)

    def tables(self, steps: range, batch: int) -> dict[str, Tensor]:
        rates_TM = self.rates(steps)
        return {"scale": self._column(torch.full_like(rates_TM, 1 / batch)), "rate": rates_TM.to(self.device)}

    def update(self, layer: int, places: slice, a: Tensor, b: Tensor) -> Operation:
        networks = range(len(self.trials))[places]
        w, m, v = (kind.weights[layer] for kind in (self.parameters, self.mean, self.square))
        room = self.gradients[layer]
        operations: list[Operation] = []
        for first in range(0, len(networks), len(room)):
            few = networks[first : first + len(room)]
            part, here, g = slice(first, first + len(few)), slice(few.start, few.stop), room[: len(few)]
            operations += [product(a[part], b[part], out=g), self._fused(few, w[here], g, m[here], v[here])]

        def multiply_and_update() -> None:
            for operation in operations:
                operation()

        return multiply_and_update

    def _fused(self, networks: range, w: Tensor, g: Tensor, m: Tensor, v: Tensor, *, decays: bool = True) -> Operation:
        """The kernel on parameters, gradients, means and squares: a call for the networks of equal rate and decay."""
        alike: dict[tuple, list[int]] = {}
        for place, network in enumerate(networks):
            trial = self.trials[network]
            decay = trial.weight_decay if decays else 0.0
            alike.setdefault((decay, trial.learning_rate, trial.schedule), []).append(place)
        counts = [self.count] * len(networks)
        calls = [
            (networks[places[0]], key[0], [[t[place] for place in places] for t in (w, g, m, v)], counts[: len(places)])
            for key, places in alike.items()
        ]
        (beta1, beta2), epsilon = self.trials[0].betas, self.trials[0].epsilon
        rule: dict[str, Any] = {"beta1": beta1, "beta2": beta2, "eps": epsilon, "amsgrad": False, "maximize": False}

        def update() -> None:
            for network, decay, (weights, gradients, means, squares), count in calls:
                rate = self.row["rate"][network]
                torch._fused_adamw_(  # pyright: ignore[reportPrivateImportUsage]  # torch's stubs leave it out
                    weights, gradients, means, squares, [], count, lr=rate, weight_decay=decay, **rule
                )

        return update

    def learned(self, layer: int, index: int, gradient_mL: Tensor) -> None:
        self.learned_gradients[layer][index].copy_(gradient_mL)

    def finish(self) -> None:
        for update in self.learned_updates:
            update()

    def state(self) -> list[Tensor]:
        return [*self.mean.tensors(), *self.square.tensors(), self.count]


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": Optimizer, "momentum": Momentum, "adamw": AdamW}
