"""Stacked multi-layer perceptrons: M networks as batched matrix products, backward pass derived by hand.

Legend: M networks, S seeds, B samples of a batch, I inputs and H outputs of a layer, C classes, J = I + 1.
Suffixes name the axes; m are the networks of a slice.

A bias is the last row of its weights, and every layer's input ends in a column of ones, x~ = [x, 1]: what holds for
weights holds for biases.

    forward            z = x~ W,   y = f(z),   the next layer's x = y (times the dropout mask)
    backward           d = dL/dz,  dL/dW = x~^T d,   dL/dx = d W^T (without the bias),   dL/dz = dL/dx f'(z)

The last layer is kept transposed, logits (C, B) = W x~^T, for a softmax over rows is vectorised over samples.

A network's numbers must not depend on its company. Matrix products, softmax and sums treat each network alike; but
ATen's elementwise kernels use other code for the last (numel mod 32) elements of a call, whose exp or tanh has other
bits. So where B H is no multiple of 32, an activation sees each network padded to one; everything else that is
elementwise here is a single correctly rounded operation, the same in either code.
"""

import dataclasses
import functools
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

    @property
    def places(self) -> slice:
        return slice(self.start, self.stop)

    @functools.cached_property
    def runs(self) -> list[tuple[slice, slice]]:
        """Networks and the seeds of their batches, so that no batch is copied: seeds one after the other, or one seed.

        >>> Slice(4, 9, (), (0, 1, 2, 1, 1)).runs
        [(slice(4, 7, None), slice(0, 3, None)), (slice(7, 9, None), slice(1, 2, None))]
        """
        found: list[tuple[slice, slice]] = []
        start = 0
        while start < len(self.seeds):
            first = self.seeds[start]
            for step in (1, 0):
                stop = start + 1
                while stop < len(self.seeds) and self.seeds[stop] == first + step * (stop - start):
                    stop += 1
                if stop > start + 1:
                    break
            found.append((slice(self.start + start, self.start + stop), slice(first, self.seeds[stop - 1] + 1)))
            start = stop
        return found


@dataclasses.dataclass
class Parameters:
    """The weights of M networks, a tensor a layer; learned parameters of activations by hidden layer and slice."""

    weights: list[Tensor]  # (M, J, H) a layer; (M, C, J) the last
    learned: list[list[Tensor]]  # [hidden layer][slice] -> (m, L)

    def tensors(self) -> Iterator[Tensor]:
        yield from self.weights
        for layer in self.learned:
            yield from layer

    def clone(self) -> "Parameters":
        return Parameters([w.clone() for w in self.weights], [[p.clone() for p in layer] for layer in self.learned])

    def to(self, device: torch.device) -> "Parameters":
        return Parameters([w.to(device) for w in self.weights], [[p.to(device) for p in row] for row in self.learned])

    def linear(self, layer: int, network: int) -> tuple[Tensor, Tensor]:
        """Weight (H, I) and bias (H) of a network's layer, as torch.nn.Linear has them."""
        w = self.weights[layer][network]
        w_HJ = w if layer == len(self.weights) - 1 else w.mT
        return w_HJ[:, :-1], w_HJ[:, -1]

    def keep_where(self, chosen_M: Tensor, other: "Parameters", slices: Sequence[Slice]) -> None:
        """Take over the chosen networks of another; without asking the device anything."""
        for mine, theirs in zip(self.weights, other.weights, strict=True):
            torch.where(chosen_M.view(-1, 1, 1), theirs, mine, out=mine)
        for mine_layer, their_layer in zip(self.learned, other.learned, strict=True):
            for part, mine, theirs in zip(slices, mine_layer, their_layer, strict=True):
                torch.where(chosen_M[part.places].view(-1, 1), theirs, mine, out=mine)


class Bend:
    """The activation of a slice in a hidden layer, for one batch size: views of the layer's buffers, made once."""

    def __init__(self, applied: Applied, z_mBH: Tensor, y_mBH: Tensor, dx_mBH: Tensor | None) -> None:
        self.applied, self.z, self.y, self.dx = applied, z_mBH, y_mBH, dx_mBH
        count, elements = len(z_mBH), z_mBH[0].numel()
        self.padding = -elements % _LANES
        self.flat = z_mBH.view(count, elements)
        if self.padding:
            self.padded = z_mBH.new_empty(count, elements + self.padding)
        self.elements = elements
        self.saved = None
        self.by_rows = applied.by_rows and not self.padding

    def forward(self, learned_mL: Tensor) -> None:
        """y = f(z), keeping what the derivative needs."""
        if self.by_rows:
            _, self.saved = self.applied.forward(self.z, learned_mL, out=self.y)
            return
        z_mP = self.flat
        if self.padding:
            z_mP = self.padded
            z_mP[:, : self.elements] = self.flat
            # the padding repeats a real element: whatever f makes of 0, it is not asked
            z_mP[:, self.elements :] = self.flat[:, :1]
        y_mP, self.saved = self.applied.forward(z_mP, learned_mL)
        self.y.copy_(y_mP[:, : self.elements].view(self.y.shape))

    def backward(self) -> None:
        """dL/dz = dL/dy f'(z), in place."""
        if self.by_rows:
            self.applied.through(self.dx, self.saved)
        elif not self.padding:
            self.applied.through(self.dx.view(self.flat.shape), self.saved)
        else:
            upstream_mP = self._upstream()
            self.applied.through(upstream_mP, self.saved)
            self.dx.copy_(upstream_mP[:, : self.elements].view(self.dx.shape))

    def backward_learned(self) -> Tensor:
        """The loss's gradient with respect to each learned parameter, (m, L)."""
        return self.applied.backward_learned(self.saved, self._upstream())

    def _upstream(self) -> Tensor:
        return torch.nn.functional.pad(self.dx.view(self.flat.shape), (0, self.padding))


class Buffers:
    """What a batch of B samples needs, allocated once; what only training needs, when it is asked for."""

    def __init__(self, slices: Sequence[Slice], batch: int, widths: Sequence[int], like: Tensor, trains: bool) -> None:
        networks, hidden = slices[-1].stop, widths[:-1]
        self.z = [like.new_empty(networks, batch, h) for h in hidden]
        self.x = [like.new_ones(networks, batch, h + 1) for h in hidden]  # y and a column of ones: the next layer's x~
        self.dx: list[Tensor] = []
        if trains:
            for layer, z in enumerate(self.z):  # dL/dx may take the place of a z that no derivative needs
                needed = any(part.layers[layer].needs_input for part in slices)
                self.dx.append(torch.empty_like(z) if needed else z)
        self.bends = [[self._bend(part, layer) for part in slices] for layer in range(len(hidden))]
        self._dropped: list[Tensor] = []

    def _bend(self, part: Slice, layer: int) -> Bend:
        dx_mBH = self.dx[layer][part.places] if self.dx else None
        return Bend(part.layers[layer], self.z[layer][part.places], self.x[layer][part.places, :, :-1], dx_mBH)

    @property
    def dropped(self) -> list[Tensor]:
        """Like x, for the masked y: the derivative may need the other."""
        if not self._dropped:
            self._dropped = [torch.ones_like(x) for x in self.x]
        return self._dropped


class StackedMLP:
    """M networks of one shape and their forward and backward pass."""

    def __init__(self, slices: Sequence[Slice], parameters: Parameters) -> None:
        self.slices = tuple(slices)
        self.parameters = parameters
        *hidden, last = parameters.weights
        self.widths = [w.shape[2] for w in hidden] + [last.shape[1]]
        self._buffers: dict[tuple[int, bool], Buffers] = {}

    def buffers(self, batch: int, trains: bool) -> Buffers:
        key = (batch, trains)
        if key not in self._buffers:
            self._buffers[key] = Buffers(self.slices, batch, self.widths, self.parameters.weights[0], trains)
        return self._buffers[key]

    def forward(
        self,
        x_SBJ: Tensor,
        parameters: Parameters | None = None,
        masks: list[Tensor] | None = None,
        trains: bool = False,
        out: Tensor | None = None,
    ) -> Tensor:
        """Logits (M, C, B), into `out` where given.

        The input's first axis has an entry for each seed, or one that all networks share.
        """
        p = parameters or self.parameters
        buffers = self.buffers(x_SBJ.shape[1], trains)
        x_MBJ = None
        for layer, bends in enumerate(buffers.bends):
            for places, x in self._inputs(x_SBJ, x_MBJ):
                product(x, p.weights[layer][places], out=buffers.z[layer][places])
            for bend, learned in zip(bends, p.learned[layer], strict=True):
                bend.forward(learned)
            x_MBJ = buffers.x[layer]
            if masks is not None:
                torch.mul(x_MBJ[:, :, :-1], masks[layer], out=buffers.dropped[layer][:, :, :-1])
                x_MBJ = buffers.dropped[layer]
        if out is None:
            out = x_SBJ.new_empty(self.slices[-1].stop, self.widths[-1], x_SBJ.shape[1])
        for places, x in self._inputs(x_SBJ, x_MBJ):
            product(p.weights[-1][places], x.mT, out=out[places])
        return out

    def backward(self, x_SBJ: Tensor, d_MCB: Tensor, optimizer: Optimizer, masks: list[Tensor] | None = None) -> None:
        """One optimizer step from dL/dlogits; forward ran just before on the same batch."""
        weights = self.parameters.weights
        buffers = self.buffers(x_SBJ.shape[1], True)
        inputs = [None, *(buffers.x if masks is None else buffers.dropped)]
        d_MBH = d_MCB.mT
        for layer in range(len(weights) - 1, 0, -1):
            last = layer == len(weights) - 1
            # dL/dx by the weights before their update
            w_MHI = weights[layer][:, :, :-1] if last else weights[layer][:, :-1].mT
            dx_MBI = product(d_MBH, w_MHI, out=buffers.dx[layer - 1])
            self._step(layer, inputs[layer], x_SBJ, d_MBH, optimizer)
            if masks is not None:
                dx_MBI.mul_(masks[layer - 1])
            for index, bend in enumerate(buffers.bends[layer - 1]):
                gradient_mL = bend.backward_learned() if bend.applied.initial else None
                bend.backward()  # by the learned parameters before their update
                if gradient_mL is not None:
                    optimizer.learned(layer - 1, index, gradient_mL)
            d_MBH = dx_MBI
        self._step(0, None, x_SBJ, d_MBH, optimizer)
        optimizer.finish()

    def _step(self, layer: int, x_MBJ: Tensor | None, x_SBJ: Tensor, d_MBH: Tensor, optimizer: Optimizer) -> None:
        """Hand the optimizer the factors of dL/dW = x~^T d; transposed in the last layer."""
        last = layer == len(self.parameters.weights) - 1
        for places, x in self._inputs(x_SBJ, x_MBJ):
            factors = (d_MBH[places].mT, x) if last else (x.mT, d_MBH[places])
            optimizer.weights(layer, places, *factors)

    def _inputs(self, x_SBJ: Tensor, x_MBJ: Tensor | None) -> Iterator[tuple[slice, Tensor]]:
        """A layer's input: of the networks all at once, or of the data slice by slice, for seeds share batches."""
        if x_MBJ is not None:
            yield slice(None), x_MBJ
            return
        for part in self.slices:
            for places, seeds in part.runs if x_SBJ.shape[0] > 1 else [(part.places, slice(None))]:
                yield places, x_SBJ[seeds].expand(places.stop - places.start, -1, -1)


def initial_parameters(
    trials: Sequence[Trial], slices: Sequence[Slice], sizes: Sequence[int], dtype: torch.dtype
) -> Parameters:
    """The start of each trial: its seed alone decides, so that equal seeds are paired across activations."""
    gains = {id(applied): gain(applied) for part in slices for applied in part.layers} if _any_gain(trials) else {}
    weights: list[list[Tensor]] = [[] for _ in sizes[1:]]
    for part in slices:
        before = [None, *part.layers]
        for trial in trials[part.start : part.stop]:
            generator = torch.Generator().manual_seed(stream_seed(trial.seed, "init"))
            for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
                scale = gains.get(id(before[layer]), 1.0)
                weight_HI, bias_H = _start(trial.initialisation, inputs, outputs, scale, generator, dtype)
                w_HJ = torch.cat([weight_HI, bias_H.unsqueeze(1)], dim=1)
                weights[layer].append(w_HJ if layer == len(sizes) - 2 else w_HJ.mT)
    learned = [
        [torch.tensor([part.layers[layer].initial] * (part.stop - part.start), dtype=dtype) for part in slices]
        for layer in range(len(sizes) - 2)
    ]
    return Parameters([torch.stack(w).contiguous() for w in weights], learned)


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
