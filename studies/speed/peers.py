"""Other ways to train the same networks in PyTorch, each as its own documentation recommends.

Every peer is made of a Workload and has `epoch()`: train one epoch, measure loss and accuracy at each step and on the
validation samples, and return (M, 4) as the engine does. Tests hold their numbers to the engine's.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from studies.speed.workload import Workload
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn.functional import cross_entropy
from torch.utils.data import BatchSampler, DataLoader, TensorDataset

_EVALUATION_BATCH = 500
_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu, "tanh": torch.tanh, "leaky_relu": nn.functional.leaky_relu,
}  # fmt: skip
Batches = Iterator[tuple[Tensor, Tensor]]
Compiler = Callable[[Callable[..., Any]], Callable[..., Any]]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return torch.compile(function, dynamic=False)


class Loop:
    """One network after the other: torch.nn.Sequential, fused SGD, tensors in memory, a batch by its indices."""

    def __init__(self, work: Workload) -> None:
        self.work, self.done = work, 0
        self.networks = [work.network(trial.label, trial.seed) for trial in work.trials]
        self.optimizers = [torch.optim.SGD(n.parameters(), lr=work.rate, fused=True) for n in self.networks]

    def batches(self, order_N: Tensor) -> Batches:
        a = self.work.arrays
        for index_B in order_N.split(self.work.batch):
            yield a.x_train[index_B], a.y_train[index_B]

    def epoch(self) -> np.ndarray:
        places = range(len(self.networks))
        measured = [[*self._train(i), *_evaluated(self.networks[i], self.work)] for i in places]
        self.done += 1
        return np.array(measured)

    def _train(self, i: int) -> tuple[float, float]:
        network, optimizer = self.networks[i], self.optimizers[i]
        order_N = self.work.order(self.work.trials[i].seed, self.done)
        loss_sum, right = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.int64)
        for x_BI, y_B in self.batches(order_N):
            logits_BC = network(x_BI)
            loss = cross_entropy(logits_BC, y_B)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach() * len(y_B)
            right += (logits_BC.argmax(dim=1) == y_B).sum()
        return loss_sum.item() / len(order_N), right.item() / len(order_N)


class BatchLoaderLoop(Loop):
    """The same with a DataLoader that takes whole batches by their indices, as it is recommended for arrays."""

    def batches(self, order_N: Tensor) -> Batches:
        a = self.work.arrays
        sampler = BatchSampler(order_N.tolist(), self.work.batch, drop_last=False)
        yield from DataLoader(TensorDataset(a.x_train, a.y_train), sampler=sampler, batch_size=None)


class LoaderLoop(Loop):
    """The same with a DataLoader as tutorials write it: samples one by one, put together."""

    def batches(self, order_N: Tensor) -> Batches:
        a = self.work.arrays
        yield from DataLoader(TensorDataset(a.x_train, a.y_train), batch_size=self.work.batch, sampler=order_N.tolist())


@torch.no_grad()
def _evaluated(network: nn.Module, work: Workload) -> tuple[float, float]:
    logits_BC, y_B = network(work.arrays.x_valid), work.arrays.y_valid
    right = (logits_BC.argmax(dim=1) == y_B).double().mean()
    return cross_entropy(logits_BC, y_B).item(), right.item()


class Together:
    """All networks in each step, those of an activation as one: what the stacked peers share."""

    def __init__(self, work: Workload, compiler: Compiler | None = None) -> None:
        self.work, self.done = work, 0
        self.compiler: Compiler = compiler or (lambda function: function)
        self.counts = [len(seeds) for seeds in work.groups.values()]

    def step(self, x_SBI: Tensor, y_SB: Tensor) -> tuple[Tensor, Tensor]:
        """Train on one batch of each seed; each network's mean loss and right answers before the step, (M,)."""
        raise NotImplementedError

    def look(self, x_SBI: Tensor, y_SB: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and right answers without training."""
        raise NotImplementedError

    def epoch(self) -> np.ndarray:
        a, seeds = self.work.arrays, len(self.work.seeds)
        order_SN = torch.stack([self.work.order(seed, self.done) for seed in self.work.seeds])
        train = (
            (*self.step(a.x_train[index_SB], a.y_train[index_SB]), index_SB.shape[1])
            for index_SB in order_SN.split(self.work.batch, dim=1)
        )
        measured = [*self._mean(train)]
        valid = (
            (*self.look(x.expand(seeds, -1, -1), y.expand(seeds, -1)), len(y))
            for x, y in zip(a.x_valid.split(_EVALUATION_BATCH), a.y_valid.split(_EVALUATION_BATCH), strict=True)
        )
        with torch.no_grad():
            measured += self._mean(valid)
        self.done += 1
        return np.stack(measured, axis=1)

    def _mean(self, batches: Iterator[tuple[Tensor, Tensor, int]]) -> tuple[np.ndarray, np.ndarray]:
        networks, samples = len(self.work.trials), 0
        loss_M, right_M = torch.zeros(networks, dtype=torch.float64), torch.zeros(networks, dtype=torch.int64)
        for loss, right, count in batches:
            loss_M += loss * count
            right_M += right
            samples += count
        return (loss_M / samples).numpy(), (right_M.double() / samples).numpy()


class StackedAutograd(Together):
    """Stacked parameters, torch.baddbmm, autograd, SGD over all of them at once (fused; foreach when compiled)."""

    def __init__(self, work: Workload, compiler: Compiler | None = None) -> None:
        super().__init__(work, compiler)
        self.parameters = [
            [nn.Parameter(p) for p in _stacked(work, name, seeds)] for name, seeds in work.groups.items()
        ]
        flat = [p for group in self.parameters for p in group]
        kind = {"foreach": True} if compiler else {"fused": True}
        self.optimizer = torch.optim.SGD(flat, lr=work.rate, **kind)
        self.measure = self.compiler(self._measure)
        self.update = self.compiler(self.optimizer.step)

    def step(self, x_SBI: Tensor, y_SB: Tensor) -> tuple[Tensor, Tensor]:
        loss_M, right_M = self.measure(x_SBI, y_SB)
        self.optimizer.zero_grad()
        loss_M.sum().backward()  # the networks have no parameter in common
        self.update()
        return loss_M.detach(), right_M

    def look(self, x_SBI: Tensor, y_SB: Tensor) -> tuple[Tensor, Tensor]:
        return self.measure(x_SBI, y_SB)

    def _measure(self, x_SBI: Tensor, y_SB: Tensor) -> tuple[Tensor, Tensor]:
        losses, rights = [], []
        for name, group in zip(self.work.groups, self.parameters, strict=True):
            count = group[0].shape[0]
            h, y = x_SBI[:count], y_SB[:count]
            for layer in range(0, len(group), 2):
                h = torch.baddbmm(group[layer + 1], h, group[layer])
                h = _FUNCTIONS[name](h) if layer < len(group) - 2 else h
            loss = cross_entropy(h.flatten(0, 1), y.flatten(), reduction="none").view(y.shape)
            losses.append(loss.mean(dim=1))
            rights.append((h.argmax(dim=2) == y).sum(dim=1))
        return torch.cat(losses), torch.cat(rights)


def _stacked(work: Workload, name: str, seeds: list[int]) -> list[Tensor]:
    """Weights (S, I, H) and biases (S, 1, H) of each layer."""
    stacked = []
    for layers in zip(*(work.network(name, seed)[::2] for seed in seeds), strict=True):
        stacked.append(torch.stack([layer.weight.detach().T for layer in layers]).contiguous())
        stacked.append(torch.stack([layer.bias.detach() for layer in layers]).unsqueeze(1))
    return stacked


class Vmap(Together):
    """torch.func: stack_module_state, and vmap of the gradient of functional_call; the update in place."""

    def __init__(self, work: Workload, compiler: Compiler | None = None) -> None:
        super().__init__(work, compiler)
        self.bases, self.parameters = [], []
        for name, seeds in work.groups.items():
            networks = [work.network(name, seed) for seed in seeds]
            parameters, _ = stack_module_state(networks)
            self.parameters.append({key: value.detach() for key, value in parameters.items()})
            self.bases.append(networks[0].to("meta"))
        self._compiled_step, self.look = self.compiler(self._step), self.compiler(self._look)

    def step(self, x_SBI: Tensor, y_SB: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            return self._compiled_step(x_SBI, y_SB)

    def _step(self, x_SBI: Tensor, y_SB: Tensor) -> tuple[Tensor, Tensor]:
        losses, rights = [], []
        for base, parameters, count in zip(self.bases, self.parameters, self.counts, strict=True):
            one = vmap(grad_and_value(_loss_of(base), has_aux=True))
            gradients, (loss, right) = one(parameters, x_SBI[:count], y_SB[:count])
            for key, value in parameters.items():
                value.sub_(gradients[key], alpha=self.work.rate)
            losses.append(loss)
            rights.append(right)
        return torch.cat(losses), torch.cat(rights)

    def _look(self, x_SBI: Tensor, y_SB: Tensor) -> tuple[Tensor, Tensor]:
        found = [
            vmap(_loss_of(base))(parameters, x_SBI[:count], y_SB[:count])
            for base, parameters, count in zip(self.bases, self.parameters, self.counts, strict=True)
        ]
        return torch.cat([loss for loss, _ in found]), torch.cat([right for _, right in found])


def _loss_of(base: nn.Module) -> Callable[..., tuple[Tensor, Tensor]]:
    def loss(parameters: dict[str, Tensor], x_BI: Tensor, y_B: Tensor) -> tuple[Tensor, Tensor]:
        logits_BC = functional_call(base, parameters, (x_BI,))
        return cross_entropy(logits_BC, y_B), (logits_BC.argmax(dim=1) == y_B).sum()

    return loss
