"""SGD, momentum and AdamW over stacked parameters, with a learning rate for each network.

The rules are PyTorch's (torch.optim.SGD, torch.optim.AdamW). Every elementwise step here is one correctly rounded
operation (no fused multiply-add), so that a network's bits do not depend on its place in the stack.
Weight decay applies to weights and biases, as in PyTorch's defaults, never to learned parameters of activations.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from actlab.products import accumulate, product
from actlab.spec import Trial

if TYPE_CHECKING:
    from actlab.models import Slice

Pairs = Sequence[tuple[slice, Tensor, Tensor]]  # (networks, x, d): the gradient of their weights is x^T d


class Optimizer(ABC):
    """One step for each parameter, called while the backward pass has its factors at hand."""

    def __init__(self, trials: Sequence[Trial], steps: int, device: torch.device, dtype: torch.dtype) -> None:
        self.dtype, self.device = dtype, device
        self.base = torch.tensor([t.learning_rate for t in trials], dtype=torch.float64)
        self.cosine = torch.tensor([t.schedule == "cosine" for t in trials])
        self.decay = torch.tensor([t.weight_decay for t in trials], dtype=torch.float64)
        self.decays = bool((self.decay > 0).any())
        self.steps = steps
        self.step = 0
        self.state: dict[str, Tensor] = {}
        self.begin()

    def begin(self) -> None:
        """Set the rates of the coming step."""
        waned = 0.5 * (1 + math.cos(math.pi * self.step / self.steps))
        self.rate_M = torch.where(self.cosine, self.base * waned, self.base)

    def advance(self) -> None:
        self.step += 1
        if bool(self.cosine.any()):
            self.begin()

    def column(self, values_M: Tensor, like: Tensor, part: "Slice | None" = None) -> Tensor:
        """One number a network, shaped to multiply `like`."""
        chosen = values_M if part is None else values_M[part.start : part.stop]
        return chosen.to(self.device, self.dtype).view(-1, *[1] * (like.dim() - 1))

    def slot(self, kind: str, name: tuple, like: Tensor) -> Tensor:
        key = "/".join(map(str, (kind, *name)))
        if key not in self.state:
            self.state[key] = torch.zeros_like(like)
        return self.state[key]

    @abstractmethod
    def scale(self, batch: int) -> Tensor:
        """What dL/dlogits of the batch's sum is multiplied by, (M, 1, 1): the mean, and for SGD the rate too."""

    @abstractmethod
    def matrix(self, name: tuple, weights: Tensor, pairs: Pairs) -> None:
        """Step a weight matrix, given the factors of its gradient."""

    @abstractmethod
    def vector(
        self, name: tuple, values: Tensor, gradient: Tensor, *, part: "Slice | None" = None, decays: bool = True
    ) -> None:
        """Step a bias or a learned parameter, given its gradient."""

    def dump(self) -> dict[str, Any]:
        return {"step": self.step, "state": self.state}

    def load(self, dumped: dict[str, Any]) -> None:
        self.step = dumped["step"]
        self.state = dumped["state"]
        self.begin()


class SGD(Optimizer):
    """w <- w - lr (g + decay w). The rate is in dL/dlogits already, so that the update is part of x^T d."""

    def scale(self, batch: int) -> Tensor:
        return (-self.rate_M / batch).to(self.device, self.dtype).view(-1, 1, 1)

    def _shrink(self, values: Tensor) -> None:
        if self.decays:
            values.mul_(self.column(1 - self.rate_M * self.decay, values))

    def matrix(self, name: tuple, weights: Tensor, pairs: Pairs) -> None:
        self._shrink(weights)
        for networks, x, d in pairs:
            accumulate(weights[networks], x.mT, d)

    def vector(self, name, values, gradient, *, part=None, decays=True):
        if decays:
            self._shrink(values)
        values.add_(gradient)


class Momentum(Optimizer):
    """v <- mu v + g + decay w,   w <- w - lr v."""

    def __init__(self, trials: Sequence[Trial], steps: int, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(trials, steps, device, dtype)
        self.mu = trials[0].momentum

    def scale(self, batch: int) -> Tensor:
        return torch.full((len(self.base), 1, 1), 1 / batch, dtype=self.dtype, device=self.device)

    def matrix(self, name: tuple, weights: Tensor, pairs: Pairs) -> None:
        velocity = self.slot("velocity", name, weights)
        for networks, x, d in pairs:
            accumulate(velocity[networks], x.mT, d, beta=self.mu)
        self._apply(velocity, weights, None, True)

    def vector(self, name, values, gradient, *, part=None, decays=True):
        velocity = self.slot("velocity", name, values)
        velocity.mul_(self.mu).add_(gradient)
        self._apply(velocity, values, part, decays)

    def _apply(self, velocity: Tensor, values: Tensor, part: "Slice | None", decays: bool) -> None:
        if self.decays and decays:
            velocity.add_(values * self.column(self.decay, values, part))
        values.sub_(velocity * self.column(self.rate_M, values, part))


class AdamW(Optimizer):
    """Adam with decoupled weight decay: w <- (1 - lr decay) w - lr m^ / (sqrt(v^) + epsilon)."""

    def __init__(self, trials: Sequence[Trial], steps: int, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(trials, steps, device, dtype)
        self.betas, self.epsilon = trials[0].betas, trials[0].epsilon

    def scale(self, batch: int) -> Tensor:
        return torch.full((len(self.base), 1, 1), 1 / batch, dtype=self.dtype, device=self.device)

    def matrix(self, name: tuple, weights: Tensor, pairs: Pairs) -> None:
        gradient = torch.empty_like(weights)
        for networks, x, d in pairs:
            product(x.mT, d, out=gradient[networks])
        self.vector(name, weights, gradient)

    def vector(self, name, values, gradient, *, part=None, decays=True):
        first, second = self.betas
        if self.decays and decays:
            values.mul_(self.column(1 - self.rate_M * self.decay, values, part))
        mean = self.slot("mean", name, values).mul_(first).add_(gradient * (1 - first))
        square = self.slot("square", name, values).mul_(second).add_(gradient.square().mul_(1 - second))
        root = square.sqrt().div_(math.sqrt(1 - second ** (self.step + 1))).add_(self.epsilon)
        rate = self.column(self.rate_M / (1 - first ** (self.step + 1)), values, part)
        values.sub_((mean * rate).div_(root))


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "momentum": Momentum, "adamw": AdamW}
