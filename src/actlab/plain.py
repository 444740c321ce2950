"""The experiment as one writes it by hand. Read it from top to bottom: activation functions, network, loop.

The engine, `actlab.train`, trains many such networks at once; the tests hold its numbers to those of this file.
"""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from actlab.spec import Trial, stream_seed
from actlab.train import Arrays, OnEpoch, Result


class ReLU(torch.autograd.Function):
    """f(x) = x where x > 0, else 0.

    Forward computes y = f(x). Backward is given dL/dy, how the loss changes with the output, and by the chain rule
    returns dL/dx = dL/dy f'(x). Here f'(x) = 1 where x > 0, else 0: a gate that lets the gradient through or stops it.
    At 0, where f has a kink, the slope is that of the left side: 0, as PyTorch takes it.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * (x > 0)


class Tanh(torch.autograd.Function):
    """f(x) = tanh x. Its slope is 1 - tanh^2 x = 1 - y^2: the output is all that backward needs."""

    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, gradient):
        (y,) = ctx.saved_tensors
        return gradient * (1 - y * y)


class LeakyReLU(torch.autograd.Function):
    """f(x) = x where x > 0, else slope x. So f'(x) = 1 where x > 0, else slope (also at 0, the kink)."""

    @staticmethod
    def forward(ctx, x, slope=0.01):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, gradient, ctx.slope * gradient), None  # None: the slope is not learned


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": ReLU.apply,
    "tanh": Tanh.apply,
    "leaky_relu": LeakyReLU.apply,
}


class Network(nn.Module):
    """Linear, activation, linear, ..., linear. Sizes (784, 128, 64, 10) and two activations: two hidden layers."""

    def __init__(self, sizes: Sequence[int], activations: Sequence[Callable], seed: int, dtype=torch.float32) -> None:
        super().__init__()
        torch.manual_seed(stream_seed(seed, "init"))  # equal seeds start at equal weights, whatever the activation
        self.linears = nn.ModuleList(nn.Linear(inputs, outputs, dtype=dtype) for inputs, outputs in pairwise(sizes))
        # one with parameters of its own, such as nn.PReLU(), is a module: each layer learns a copy
        self.activations = [copy.deepcopy(f).to(dtype) if isinstance(f, nn.Module) else f for f in activations]
        self.learned = nn.ModuleList(f for f in self.activations if isinstance(f, nn.Module))

    def forward(self, x: Tensor) -> Tensor:
        *hidden, last = self.linears
        for linear, activation in zip(hidden, self.activations, strict=True):
            x = activation(linear(x))
        return last(x)  # logits: the loss turns them into probabilities


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """The share of samples whose largest logit is that of their label."""
    return (logits.argmax(dim=1) == labels).double().mean().item()


def train(network: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer) -> tuple[float, float]:
    """One epoch. Mean loss and accuracy of its samples, each measured just before the update it takes part in."""
    total_loss, total_right, seen = 0.0, 0.0, 0
    for x, labels in loader:
        logits = network(x)
        loss = cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * len(labels)  # a mean weighted by samples: the last batch may be short
        total_right += accuracy(logits, labels) * len(labels)
        seen += len(labels)
    return total_loss / seen, total_right / seen


@torch.no_grad()
def evaluate(network: nn.Module, loader: DataLoader) -> tuple[float, float]:
    """Mean loss and accuracy of the network as it is."""
    parts = [(network(x), labels) for x, labels in loader]
    logits, labels = (torch.cat(column) for column in zip(*parts, strict=True))
    return cross_entropy(logits, labels).item(), accuracy(logits, labels)


def fit(network: Network, data: TensorDataset, valid: TensorDataset, trial: Trial) -> Iterator[tuple[float, ...]]:
    """Train, and after each epoch yield loss and accuracy in training, the same in validation, and its seconds."""
    order = torch.Generator()
    loader = DataLoader(data, batch_size=trial.batch_size, sampler=RandomSampler(data, generator=order))
    optimizer = torch.optim.SGD(network.parameters(), lr=trial.learning_rate)
    for epoch in range(trial.epochs):
        began = time.perf_counter()
        order.manual_seed(stream_seed(trial.seed, "order", epoch))  # equal seeds see equal batches
        measured = (*train(network, loader, optimizer), *evaluate(network, DataLoader(valid, batch_size=500)))
        yield *measured, time.perf_counter() - began


@torch.random.fork_rng(devices=[])  # the caller's random numbers go on as if nothing had happened
def run_trial(
    trial: Trial, arrays: Arrays, activations: Sequence[Callable], on_epoch: OnEpoch | None = None
) -> Result:
    """A trial by the loop above, an activation for each hidden layer; its result as `actlab.train.train` gives it."""
    ...
