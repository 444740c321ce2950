"""Stacked multi-layer perceptrons: M networks as batched matrix products, backward pass derived by hand.

Legend: M networks, S seeds, B samples of a batch, I inputs and H outputs of a layer, C classes,
P = B H rounded up to a multiple of 32. Suffixes name the axes.

    forward            z = x W + b,   y = f(z),   the next layer's x = y (times the dropout mask)
    backward           d = dL/dz,     dL/dW = x^T d,   dL/db = sum_B d,   dL/dx = d W^T,   dL/dz = dL/dx f'(z)

A network's numbers must not depend on its company. Matrix products, softmax and sums treat each network alike; but
ATen's elementwise kernels use other code for the last (numel mod 32) elements of a call, whose exp or tanh has other
bits. So what an activation sees of one network is padded to P elements; everything else that is elementwise here is a
single correctly rounded operation, the same in either code.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from actlab.activations.resolve import Applied
from actlab.optimizers import Optimizer
from actlab.products import product
from actlab.spec import Trial, stream_seed

_LANES = 32


@dataclasses.dataclass(frozen=True)
class Slice:
    """The networks of a stack that have the same activations: places start to stop."""

    start: int
    stop: int
    layers: tuple[Applied, ...]  # one for each hidden layer
    seeds: tuple[int, ...]  # for each network, the place of its seed in the stack's batches


@dataclasses.dataclass
class Parameters:
    """The weights of M networks, a tensor a layer; learned parameters of activations by hidden layer and slice."""

    weights: list[Tensor]  # (M, I, H) a layer
    biases: list[Tensor]  # (M, H) a layer
    learned: list[list[Tensor]]  # [hidden layer][slice] -> (m, L)

    def tensors(self) -> Iterator[Tensor]:
        yield from self.weights
        yield from self.biases
        for layer in self.learned:
            yield from layer

    def clone(self) -> "Parameters":
        return Parameters(
            [w.clone() for w in self.weights],
            [b.clone() for b in self.biases],
            [[p.clone() for p in layer] for layer in self.learned],
        )


class Buffers:
    """What a batch of B samples needs, allocated once."""

    def __init__(self, networks: int, batch: int, widths: Sequence[int], like: Tensor) -> None:
        self.products = [like.new_empty(networks, batch, h) for h in widths]  # x W, later dL/dx of the next layer
        self.padded = [like.new_zeros(networks, -(-batch * h // _LANES) * _LANES) for h in widths[:-1]]
        self.z = [flat[:, : batch * h].view(networks, batch, h) for flat, h in zip(self.padded, widths, strict=False)]
        self.outputs = [torch.zeros_like(flat) for flat in self.padded]
        self.y = [flat[:, : batch * h].view(networks, batch, h) for flat, h in zip(self.outputs, widths, strict=False)]
        self.dropped = [like.new_empty(networks, batch, h) for h in widths[:-1]]


class StackedMLP:
    """M networks of one shape and their forward and backward pass."""

    def __init__(self, slices: Sequence[Slice], parameters: Parameters) -> None:
        self.slices = tuple(slices)
        self.parameters = parameters
        self.networks = slices[-1].stop
        self.widths = [w.shape[2] for w in parameters.weights]
        self._buffers: dict[int, Buffers] = {}
        self._saved: list[list] = []

    def buffers(self, batch: int) -> Buffers:
        if batch not in self._buffers:
            self._buffers[batch] = Buffers(self.networks, batch, self.widths, self.parameters.weights[0])
        return self._buffers[batch]

    def forward(self, x_SBI: Tensor, parameters: Parameters | None = None, masks: list[Tensor] | None = None) -> Tensor:
        """Logits (M, B, C). The input's first axis has an entry for each seed, or one that all networks share."""
        p = parameters or self.parameters
        buffers = self.buffers(x_SBI.shape[1])
        self._saved = []
        self._first_layer(x_SBI, p.weights[0], buffers)
        for layer in range(len(self.widths) - 1):
            torch.add(buffers.products[layer], p.biases[layer].unsqueeze(1), out=buffers.z[layer])
            y_MBH = self._activate(layer, p, buffers)
            if masks is not None:
                y_MBH = torch.mul(y_MBH, masks[layer], out=buffers.dropped[layer])
            product(y_MBH, p.weights[layer + 1], out=buffers.products[layer + 1])
        return buffers.products[-1].add_(p.biases[-1].unsqueeze(1))

    def _first_layer(self, x_SBI: Tensor, weights_MIH: Tensor, buffers: Buffers) -> None:
        for part in self.slices:
            networks = slice(part.start, part.stop)
            product(batch_of(x_SBI, part), weights_MIH[networks], out=buffers.products[0][networks])

    def _activate(self, layer: int, p: Parameters, buffers: Buffers) -> Tensor:
        """y = f(z) for every slice, keeping what the derivative needs."""
        saved = []
        elements = buffers.z[layer][0].numel()
        # the padding repeats a real element: whatever f makes of 0, it is not asked
        buffers.padded[layer][:, elements:] = buffers.padded[layer][:, :1]
        for part, learned in zip(self.slices, p.learned[layer], strict=True):
            y_MP, kept = part.layers[layer].forward(buffers.padded[layer][part.start : part.stop], learned)
            buffers.outputs[layer][part.start : part.stop] = y_MP
            saved.append(kept)
        self._saved.append(saved)
        return buffers.y[layer]

    def backward(self, x_SBI: Tensor, d_MBC: Tensor, optimizer: Optimizer, masks: list[Tensor] | None = None) -> None:
        """One optimizer step from dL/dlogits; forward ran just before on the same batch."""
        p = self.parameters
        buffers = self.buffers(x_SBI.shape[1])
        d_MBH = d_MBC
        for layer in range(len(self.widths) - 1, 0, -1):
            x_MBI = buffers.y[layer - 1] if masks is None else buffers.dropped[layer - 1]
            # dL/dx by the weights before their update
            dx_MBI = product(d_MBH, p.weights[layer].mT, out=buffers.products[layer - 1])
            optimizer.matrix(("weight", layer), p.weights[layer], [(slice(None), x_MBI, d_MBH)])
            optimizer.vector(("bias", layer), p.biases[layer], d_MBH.sum(dim=1))
            if masks is not None:
                dx_MBI.mul_(masks[layer - 1])
            d_MBH = self._through_activation(layer - 1, dx_MBI, optimizer)
        pairs = [
            (slice(part.start, part.stop), batch_of(x_SBI, part), d_MBH[part.start : part.stop]) for part in self.slices
        ]
        optimizer.matrix(("weight", 0), p.weights[0], pairs)
        optimizer.vector(("bias", 0), p.biases[0], d_MBH.sum(dim=1))

    def _through_activation(self, layer: int, dy_MBH: Tensor, optimizer: Optimizer) -> Tensor:
        """dL/dz = dL/dy f'(z), in place; learned parameters take their step on the way."""
        elements = dy_MBH[0].numel()
        for index, (part, saved) in enumerate(zip(self.slices, self._saved[layer], strict=True)):
            applied = part.layers[layer]
            dy_mBH = dy_MBH[part.start : part.stop]
            slope_MP = applied.backward(saved)
            if applied.initial:
                padding = slope_MP.shape[1] - elements
                upstream_MP = torch.nn.functional.pad(dy_mBH.reshape(-1, elements), (0, padding))
                gradient_ML = applied.backward_learned(saved, upstream_MP)
                learned = self.parameters.learned[layer][index]
                optimizer.vector(("learned", layer, index), learned, gradient_ML, part=part, decays=False)
            dy_mBH.mul_(slope_MP[:, :elements].view(dy_mBH.shape))
        return dy_MBH


def batch_of(x_SBI: Tensor, part: Slice) -> Tensor:
    """The inputs of a slice's networks, (m, B, I), without a copy where the seeds are in the batch's order."""
    count, first = len(part.seeds), part.seeds[0]
    if x_SBI.shape[0] == 1:
        return x_SBI.expand(count, -1, -1)
    if part.seeds == tuple(range(first, first + count)):
        return x_SBI[first : first + count]
    return x_SBI[list(part.seeds)]


def initial_parameters(
    trials: Sequence[Trial], slices: Sequence[Slice], sizes: Sequence[int], dtype: torch.dtype
) -> Parameters:
    """The start of each trial: its seed alone decides, so that equal seeds are paired across activations."""
    gains = {id(applied): gain(applied) for part in slices for applied in part.layers} if _any_gain(trials) else {}
    weights: list[list[Tensor]] = [[] for _ in sizes[1:]]
    biases: list[list[Tensor]] = [[] for _ in sizes[1:]]
    for part in slices:
        before = [None, *part.layers]
        for trial in trials[part.start : part.stop]:
            generator = torch.Generator().manual_seed(stream_seed(trial.seed, "init"))
            for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
                scale = gains.get(id(before[layer]), 1.0)
                weight_HI, bias_H = _start(trial.initialisation, inputs, outputs, scale, generator, dtype)
                weights[layer].append(weight_HI.mT)
                biases[layer].append(bias_H)
    learned = [
        [torch.tensor([part.layers[layer].initial] * (part.stop - part.start), dtype=dtype) for part in slices]
        for layer in range(len(sizes) - 2)
    ]
    return Parameters([torch.stack(w).contiguous() for w in weights], [torch.stack(b) for b in biases], learned)


def _any_gain(trials: Sequence[Trial]) -> bool:
    return any(trial.initialisation == "gain" for trial in trials)


def _start(
    initialisation: str, inputs: int, outputs: int, scale: float, generator: torch.Generator, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Weight (H, I) and bias (H): drawn as torch.nn.Linear draws them, or standard normals times gain / sqrt(I)."""
    weight, bias = torch.empty(outputs, inputs, dtype=dtype), torch.zeros(outputs, dtype=dtype)
    if initialisation == "gain":
        return torch.nn.init.normal_(weight, generator=generator).mul_(scale / math.sqrt(inputs)), bias
    torch.nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
    bound = 1 / math.sqrt(inputs)
    return weight, torch.nn.init.uniform_(bias, -bound, bound, generator=generator)


def gain(applied: Applied) -> float:
    """1 / sqrt(E f(z)^2) for z ~ N(0, 1): what keeps the size of a signal through a layer, at the initial parameters.

    >>> from actlab.activations.resolve import resolve
    >>> from actlab.targets import parse
    >>> round(gain(resolve(parse("relu"))), 4)
    1.4142
    """
    z = torch.linspace(-12, 12, 24_001, dtype=torch.float64)
    density = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    start = torch.tensor([applied.initial], dtype=torch.float64)
    y, _ = applied.forward(z.unsqueeze(0), start)
    square = torch.trapezoid(y[0] ** 2 * density, z).item()
    return 1 / math.sqrt(square) if square > 0 and math.isfinite(square) else 1.0
