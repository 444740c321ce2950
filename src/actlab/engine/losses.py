"""Losses, with their derivatives by hand, and what is measured beside each.

Legend: M networks, B samples of a batch, C outputs, R steps, n samples of a part, T targets of a sample: its class
(T = 1), or its numbers (T = C).
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor


class Loss(ABC):
    """Works on outputs (..., C, B) and targets (..., T, B)."""

    target_dtype: torch.dtype | None  # None: that of the inputs

    def room(self, networks: int, batch: int, like: Tensor) -> Tensor:
        """What `slope` needs beside its arguments, made once: a step allocates nothing."""
        return like.new_empty(0)

    @abstractmethod
    def slope(self, outputs_MCB: Tensor, targets_MTB: Tensor, room: Tensor, out: Tensor) -> Tensor:
        """dL/doutputs of the sum over the batch, into `out`."""

    @abstractmethod
    def sums(self, outputs_RMCB: Tensor, targets_RMTB: Tensor, out: Tensor | None = None) -> Tensor:
        """The losses of all steps' samples added up, (M,) float64; `out` has room for a number an output."""

    @abstractmethod
    def answers(self, outputs_MCB: Tensor) -> Tensor:
        """What the network says: a class a sample (M, 1, B), or its numbers (M, C, B)."""

    @abstractmethod
    def scores(self, answers_MTB: Tensor, targets_MTB: Tensor) -> Tensor:
        """Whether each sample is right, or its loss, (M, B)."""

    def right(self, outputs_RMCB: Tensor, targets_RMTB: Tensor) -> Tensor | int:
        """How many samples of all steps are right, (M,); 0 where none can be."""
        return 0


class CrossEntropy(Loss):
    """-log p(class) with p = softmax(outputs), and dL/doutputs = p - one-hot."""

    target_dtype = torch.int64

    def room(self, networks: int, batch: int, like: Tensor) -> Tensor:
        return like.new_full((networks, 1, batch), -1)

    def slope(self, outputs_MCB: Tensor, targets_MTB: Tensor, room: Tensor, out: Tensor) -> Tensor:
        return torch.softmax(outputs_MCB, dim=1, out=out).scatter_add_(1, targets_MTB, room)

    def sums(self, outputs_RMCB: Tensor, targets_RMTB: Tensor, out: Tensor | None = None) -> Tensor:
        log_p = torch.log_softmax(outputs_RMCB, dim=2, out=out)
        picked_MRB = log_p.gather(2, targets_RMTB).squeeze(2).transpose(0, 1)
        return -_added(picked_MRB)

    def answers(self, outputs_MCB: Tensor) -> Tensor:
        return outputs_MCB.max(dim=-2, keepdim=True).indices

    def scores(self, answers_MTB: Tensor, targets_MTB: Tensor) -> Tensor:
        return (answers_MTB == targets_MTB).squeeze(1)

    def right(self, outputs_RMCB: Tensor, targets_RMTB: Tensor) -> Tensor | int:
        return (self.answers(outputs_RMCB) == targets_RMTB).sum(dim=(0, 2, 3))


class SquaredError(Loss):
    """The mean over a sample's C numbers of (output - target)^2, and dL/doutputs = 2 (output - target) / C."""

    target_dtype = None

    def slope(self, outputs_MCB: Tensor, targets_MTB: Tensor, room: Tensor, out: Tensor) -> Tensor:
        return torch.sub(outputs_MCB, targets_MTB, out=out).mul_(2 / outputs_MCB.shape[1])

    def sums(self, outputs_RMCB: Tensor, targets_RMTB: Tensor, out: Tensor | None = None) -> Tensor:
        squares_RMCB = torch.sub(outputs_RMCB, targets_RMTB, out=out).square_()
        return _added(squares_RMCB.transpose(0, 1)) / outputs_RMCB.shape[2]

    def answers(self, outputs_MCB: Tensor) -> Tensor:
        return outputs_MCB.clone()

    def scores(self, answers_MTB: Tensor, targets_MTB: Tensor) -> Tensor:
        return (answers_MTB - targets_MTB).square().mean(dim=1)


def _added(values: Tensor) -> Tensor:
    """(M,) float64. Made contiguous: a sum's order of additions follows from its strides, those from the company."""
    return values.flatten(1).contiguous().sum(dim=1, dtype=torch.float64)


def measured(metric: str, loss_M: Tensor, right_M: Tensor, variance: float) -> Tensor:
    """The metric of a part, from its mean loss, the share that is right, and the variance of its targets."""
    if metric == "accuracy":
        return right_M
    return loss_M if metric == "mean_squared_error" else 1 - loss_M / variance


LOSSES: dict[str, type[Loss]] = {"cross_entropy": CrossEntropy, "mean_squared_error": SquaredError}
