"""The experiment as one writes it by hand, to be read from top to bottom. Tests hold the engine's numbers to it."""

# pyright: reportIncompatibleMethodOverride=false
import copy
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from actlab.engine.training import Arrays, Result
from actlab.experiment import Trial, stream_seed
from actlab.making import saved


class ReLU(torch.autograd.Function):
    """f(x) = x where x > 0, else 0. Its slope is 1 where x > 0, else 0 (at the kink too, as in PyTorch): a gate."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)  # backward will need to know where x > 0
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):  # given dL/dy (torch's stubs: *gradients): how the loss changes with the output
        (x,) = ctx.saved_tensors
        return gradient * (x > 0)  # dL/dx = dL/dy f'(x), the chain rule


class Tanh(torch.autograd.Function):
    """f(x) = tanh x. Its slope is f'(x) = 1 - tanh^2 x = 1 - y^2: the output is all that backward needs."""

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
    """f(x) = x where x > 0, else slope x. So f'(x) = 1 where x > 0, else slope, at the kink too."""

    @staticmethod
    def forward(ctx, x, slope=0.01):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, gradient, ctx.slope * gradient), None  # None: the slope is not learned


ACTIVATIONS = {"relu": ReLU.apply, "tanh": Tanh.apply, "leaky_relu": LeakyReLU.apply}
OnEpoch = Callable[[int, float, np.ndarray, "Network"], None]  # epoch from 1, its seconds, (1, 4), the network


class Network(nn.Module):
    """Linear, activation, linear, ..., linear. What learns, as nn.PReLU() does, is a module: each layer has its own."""

    def __init__(self, sizes: Sequence[int], activations: Sequence[Callable], seed: int, dtype=torch.float32) -> None:
        super().__init__()
        torch.manual_seed(stream_seed(seed, "init"))  # equal seeds start at equal weights, whatever the activation
        self.linears = nn.ModuleList(nn.Linear(inputs, outputs, dtype=dtype) for inputs, outputs in pairwise(sizes))
        self.activations = [copy.deepcopy(f).to(dtype) if isinstance(f, nn.Module) else f for f in activations]
        self.learned = nn.ModuleList(f for f in self.activations if isinstance(f, nn.Module))

    def forward(self, x: Tensor) -> Tensor:
        *hidden, last = self.linears
        for linear, activation in zip(hidden, self.activations, strict=True):
            x = activation(linear(x))
        return last(x)


def accuracy(logits: Tensor, labels: Tensor) -> float:
    return (logits.argmax(dim=1) == labels).double().mean().item()


def train(network: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer) -> tuple[float, float]:
    """One epoch. Mean loss and accuracy over its samples, each measured just before the update it takes part in."""
    sums = np.zeros(3)
    network.train()
    for x, labels in loader:
        logits = network(x)
        loss = nn.functional.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        sums += len(labels) * np.array([loss.item(), accuracy(logits, labels), 1.0])  # the last batch may be short
    return sums[0] / sums[2], sums[1] / sums[2]


@torch.no_grad()
def evaluate(network: nn.Module, loader: Iterable) -> tuple[float, float]:
    """Mean loss and accuracy of the network as it is."""
    logits, labels = map(torch.cat, zip(*[(network.eval()(x), labels) for x, labels in loader], strict=True))
    return nn.functional.cross_entropy(logits, labels).item(), accuracy(logits, labels)


def fit(network: Network, arrays: Arrays, trial: Trial) -> Iterator[tuple[float, ...]]:
    """Train, and after each epoch give training loss and accuracy, validation loss and accuracy, seconds."""
    data, order = TensorDataset(arrays.x_train, arrays.y_train), torch.Generator()
    loader = DataLoader(data, batch_size=trial.batch_size, sampler=RandomSampler(data, generator=order))
    valid = DataLoader(TensorDataset(arrays.x_valid, arrays.y_valid), batch_size=500)
    optimizer = torch.optim.SGD(network.parameters(), lr=trial.learning_rate)
    for epoch in range(trial.epochs):
        began = time.perf_counter()
        order.manual_seed(stream_seed(trial.seed, "order", epoch))  # equal seeds see equal batches
        yield *train(network, loader, optimizer), *evaluate(network, valid), time.perf_counter() - began


@torch.random.fork_rng(devices=[])  # the caller's random numbers go on as if nothing had happened
def run_trial(trial: Trial, arrays: Arrays, activations: Sequence[Callable], on_epoch: OnEpoch | None = None) -> Result:
    """A trial by the loop above, with an activation for each hidden layer; the result that the engine would give."""
    arrays = arrays.to("cpu", trial.dtype)
    sizes = (arrays.x_train.shape[1], *trial.hidden, arrays.outputs)
    network = Network(sizes, activations, trial.seed, arrays.x_train.dtype)
    best, best_loss, best_epoch, diverged_epoch = copy.deepcopy(network), np.inf, 0, 0
    curves, seconds = np.full((1, trial.epochs, 4), np.nan), []
    for epoch, (*measured, elapsed) in enumerate(fit(network, arrays, trial), start=1):
        curves[0, epoch - 1] = measured
        seconds.append(elapsed)
        if diverged_epoch or not np.isfinite(measured[::2]).all():
            diverged_epoch = diverged_epoch or epoch
            curves[0, epoch - 1, 1::2] = np.nan  # the accuracy of NaN logits means nothing
        elif measured[2] < best_loss:
            best, best_loss, best_epoch = copy.deepcopy(network), measured[2], epoch
        if on_epoch is not None:
            on_epoch(epoch, elapsed, curves[:, epoch - 1], network)
    predictions, correct, test = None, None, (np.nan, np.nan)
    if arrays.x_test is not None and arrays.y_test is not None:
        classes = best.eval()(arrays.x_test).argmax(dim=1).numpy()
        predictions = classes.astype(np.uint8 if arrays.outputs <= 256 else np.uint16)
        correct = np.packbits(classes == arrays.y_test.numpy())
        test = evaluate(best, [(arrays.x_test, arrays.y_test)]) if best_epoch else test
    named = {f"{2 * i}.{name}": p for i, linear in enumerate(best.linears) for name, p in linear.named_parameters()}
    modules = {2 * i + 1: f for i, f in enumerate(best.activations) if isinstance(f, nn.Module)}
    named |= {f"{place}.{name}": value for place, f in modules.items() for name, value in saved(f).items()}
    parameters = {name: value.detach().numpy() for name, value in named.items()}
    best_M, diverged_M, loss_M, metric_M = (np.array([value]) for value in (best_epoch, diverged_epoch, *test))
    return Result(curves, seconds, best_M, diverged_M, [parameters], [predictions], [correct], loss_M, metric_M)
