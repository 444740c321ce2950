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
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise

import torch
from torch import Tensor

from actlab.engine.optimizers import Optimizer
from actlab.engine.products import Operation, product
from actlab.experiment import Trial, stream_seed
from actlab.making import Applied, ByHand, ByModule, Copies, State

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
    """The weights of M networks, a tensor a layer; of activations, by hidden layer and slice, what they learn, and
    the modules that keep a state, bound to it."""

    weights: list[Tensor]  # (M, J, H) a layer; (M, C, J) the last
    learned: list[list[Tensor]]  # [hidden layer][slice] -> (m, L)
    modules: list[list[Copies | None]]

    def tensors(self) -> Iterator[Tensor]:
        return chain(self.weights, *self.learned)

    def each(self, change: Callable[[Tensor], Tensor]) -> "Parameters":
        """Every tensor changed, and the modules bound to what has become of theirs."""
        learned = [[change(p) for p in layer] for layer in self.learned]
        modules = [
            [copies and copies.bound(p) for copies, p in zip(*rows, strict=True)]
            for rows in zip(self.modules, learned, strict=True)
        ]
        return Parameters([change(w) for w in self.weights], learned, modules)

    def states(self) -> list[list[list[State]]]:
        """What modules keep beside what they learn: by hidden layer, slice and network."""
        return [[copies.states() if copies else [] for copies in layer] for layer in self.modules]

    def restore(self, states: list[list[list[State]]]) -> None:
        """Take over what `states` gave."""
        for layer, kept in zip(self.modules, states, strict=True):
            for copies, state in zip(layer, kept, strict=True):
                if copies:
                    copies.restore(state)

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
        for mine_layer, their_layer in zip(self.modules, other.modules, strict=True):
            for part, mine, theirs in zip(slices, mine_layer, their_layer, strict=True):
                if mine and theirs:
                    mine.restore(theirs.states(), chosen_M[part.places].tolist())


class Bend:
    """The activation of a slice in a hidden layer: y = f(z), and dL/dx = dL/dy f'(z) in place."""

    def __init__(self, applied: Applied, learned_mL: Tensor, z_mBH: Tensor, y_mBH: Tensor, dx_mBH: Tensor) -> None:
        self.applied, self.learned = applied, learned_mL
        self.z, self.y, self.dx = z_mBH, y_mBH, dx_mBH
        self.elements = z_mBH[0].numel()
        self.padding = -self.elements % _LANES
        self.saved = None
        if isinstance(applied, ByHand) and applied.by_rows and not self.padding:
            self.forward, self.backward = applied.rows(z_mBH, y_mBH, dx_mBH)
        if self.padding:
            self.padded = z_mBH.new_empty(len(z_mBH), self.elements + self.padding)

    def forward(self) -> None:
        z_mP = self.z.view(len(self.z), self.elements)
        if self.padding:
            self.padded[:, : self.elements] = z_mP
            # the padding repeats a real element: whatever f makes of 0, it is not asked
            self.padded[:, self.elements :] = z_mP[:, :1]
            z_mP = self.padded
        y_mP, self.saved = self.applied.forward(z_mP, self.learned)
        self.y.copy_(y_mP[:, : self.elements].view(self.y.shape))

    def backward(self) -> None:
        upstream_mP = self._upstream()
        self.applied.through(upstream_mP, self.saved)
        if self.padding:
            self.dx.copy_(upstream_mP[:, : self.elements].view(self.dx.shape))

    def slope(self) -> None:
        """f'(z), in place of dL/dy; `backward` may follow, from dL/dy put there."""
        self.dx.fill_(1)
        self.backward()

    def backward_learned(self) -> Tensor:
        """The loss's gradient with respect to each learned parameter, (m, L), from dL/dy."""
        return self.applied.backward_learned(self.saved, self._upstream())

    def _upstream(self) -> Tensor:
        dx_mP = self.dx.view(len(self.dx), self.elements)
        return torch.nn.functional.pad(dx_mP, (0, self.padding)) if self.padding else dx_mP


class ModuleBend:
    """The same of an activation of which each network has a module of its own, for a whole batch at once."""

    def __init__(
        self, applied: Applied, copies: Copies, z_mBH: Tensor, y_mBH: Tensor, dx_mBH: Tensor, *, training: bool,
        slopes: bool,
    ) -> None:  # fmt: skip
        self.applied, self.copies, self.training, self.slopes = applied, copies, training, slopes
        self.z, self.y, self.dx = z_mBH, y_mBH, dx_mBH
        self.saved = None

    def forward(self) -> None:
        y_mBH, self.saved = self.copies.forward(self.z, training=self.training, slopes=self.slopes)
        self.y.copy_(y_mBH)

    def backward(self) -> None:
        self.copies.through(self.dx, self.saved)

    def slope(self) -> None:
        """f'(z), in place of dL/dy: in evaluation an output depends on its own z alone."""
        self.dx.fill_(1)
        self.copies.through(self.dx, self.saved, again=True)

    def backward_learned(self) -> Tensor:
        return self.copies.backward_learned(self.saved, self.dx)


class Forward:
    """The way from x~ to logits, for one batch size: buffers and operations on them, made once."""

    def __init__(
        self,
        slices: Sequence[Slice],
        p: Parameters,
        x_SBJ: Tensor,
        *,
        training: bool,
        drops: bool = False,
        slopes: bool = False,  # in evaluation, whether there is a way back
    ) -> None:
        self.x_SBJ, self.parameters, self.slices = x_SBJ, p, slices
        self.mode = {"training": training, "slopes": training or slopes}
        batch, networks = x_SBJ.shape[1], len(p.weights[0])
        hidden = [w.shape[2] for w in p.weights[:-1]]
        self.z = [x_SBJ.new_empty(networks, batch, h) for h in hidden]
        self.y = [x_SBJ.new_ones(networks, batch, h + 1) for h in hidden]  # with the column of ones
        self.dropped = [torch.ones_like(y) for y in self.y] if drops else self.y
        # dL/dx takes the place of a z that no derivative needs
        keeps = [any(part.layers[layer].needs_input for part in slices) for layer in range(len(hidden))]
        self.dx = [torch.empty_like(z) if keep else z for z, keep in zip(self.z, keeps, strict=True)]
        self.bends = [[self._bend(index, layer) for index in range(len(slices))] for layer in range(len(hidden))]
        self.products = [
            [product(x, p.weights[layer][places], out=self.z[layer][places]) for places, x in self.inputs(layer)]
            for layer in range(len(hidden))
        ]
        self._last: dict[int, list[Operation]] = {}

    def _bend(self, index: int, layer: int) -> Bend | ModuleBend:
        part, places = self.slices[index], self.slices[index].places
        z, y, dx = self.z[layer][places], self.y[layer][places, :, :-1], self.dx[layer][places]
        copies = self.parameters.modules[layer][index]
        if copies:
            return ModuleBend(part.layers[layer], copies, z, y, dx, **self.mode)
        return Bend(part.layers[layer], self.parameters.learned[layer][index], z, y, dx)

    def inputs(self, layer: int) -> Iterator[tuple[slice, Tensor]]:
        """A layer's x~: of all networks at once, or of the data run by run, for networks of a seed share a batch."""
        if layer:
            yield slice(None), self.dropped[layer - 1]
            return
        shared = len(self.x_SBJ) == 1
        for part in self.slices:
            for places, seeds in [(part.places, slice(None))] if shared else part.runs:
                yield places, self.x_SBJ[seeds].expand(places.stop - places.start, -1, -1)

    def __call__(self, logits_MCB: Tensor, masks: list[Tensor] | None = None) -> Tensor:
        """z = x~ W and y = f(z) layer by layer; logits into the tensor given."""
        for layer, (products, bends) in enumerate(zip(self.products, self.bends, strict=True)):
            for multiply in products:
                multiply()
            for bend in bends:
                bend.forward()
            if masks is not None:
                torch.mul(self.y[layer][:, :, :-1], masks[layer], out=self.dropped[layer][:, :, :-1])
        for multiply in self._to_logits(logits_MCB):
            multiply()
        return logits_MCB

    def _to_logits(self, logits_MCB: Tensor) -> list[Operation]:
        place = logits_MCB.data_ptr()
        if place not in self._last:
            weights_MCJ = self.parameters.weights[-1]
            self._last[place] = [
                product(weights_MCJ[places], x.mT, out=logits_MCB[places])
                for places, x in self.inputs(len(self.products))
            ]
        return self._last[place]


class Backward:
    """The way back from dL/dlogits, which lie in `d`, and the step of the optimizer."""

    def __init__(self, forward: Forward, optimizer: Optimizer) -> None:
        self.forward, self.optimizer = forward, optimizer
        *_, last = weights = forward.parameters.weights
        self.d_MCB = last.new_empty(len(last), last.shape[1], forward.x_SBJ.shape[1])
        d_MBH = [*forward.dx, self.d_MCB.mT]  # dL/dz of each layer
        # dL/dx = d W^T, without the bias
        self.products = [
            product(d, w[:, :, :-1] if w is last else w[:, :-1].mT, out=dx)
            for d, w, dx in zip(d_MBH[1:], weights[1:], forward.dx, strict=True)
        ]
        # dL/dW = x~^T d; the last layer's is kept transposed
        self.updates = [
            [
                optimizer.update(layer, places, *((d[places].mT, x) if w is last else (x.mT, d[places])))
                for places, x in forward.inputs(layer)
            ]
            for layer, (w, d) in enumerate(zip(weights, d_MBH, strict=True))
        ]

    def __call__(self, masks: list[Tensor] | None = None) -> None:
        """One step; forward ran just before on the same batch."""
        for layer in range(len(self.updates) - 1, 0, -1):
            self.products[layer - 1]()  # by the weights before their update
            for update in self.updates[layer]:
                update()
            if masks is not None:
                self.forward.dx[layer - 1].mul_(masks[layer - 1])
            for index, bend in enumerate(self.forward.bends[layer - 1]):
                gradient_mL = bend.backward_learned() if bend.applied.initial else None
                bend.backward()  # by the learned parameters before their update
                if gradient_mL is not None:
                    self.optimizer.learned(layer - 1, index, gradient_mL)
        for update in self.updates[0]:
            update()
        self.optimizer.finish()


def initial_parameters(
    trials: Sequence[Trial], slices: Sequence[Slice], sizes: Sequence[int], dtype: torch.dtype
) -> Parameters:
    """The start of each trial: its seed alone decides, so that equal seeds are paired across activations."""
    gains: dict[int, float] = {}
    if any(trial.initialisation == "gain" for trial in trials):
        gains = {id(applied): gain(applied) for part in slices for applied in part.layers}
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
    learned: list[list[Tensor]] = [[] for _ in sizes[1:-1]]
    modules: list[list[Copies | None]] = [[] for _ in sizes[1:-1]]
    for part in slices:
        for layer, applied in enumerate(part.layers):
            rows = torch.tensor([applied.initial] * (part.stop - part.start), dtype=dtype)
            learned[layer].append(rows)
            modules[layer].append(applied.copies(rows) if isinstance(applied, ByModule) else None)
    return Parameters([torch.stack(w).contiguous() for w in weights], learned, modules)


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

    >>> from actlab.making.resolution import resolve
    >>> from actlab.naming.targets import parse
    >>> round(gain(resolve(parse("relu"))), 4)
    1.4142
    """
    z = torch.linspace(-12, 12, 24_001, dtype=torch.float64)
    density = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    start = torch.tensor([applied.initial], dtype=torch.float64)
    y, _ = applied.forward(z.unsqueeze(0), start)
    square = torch.trapezoid(y[0] ** 2 * density, z).item()
    return 1 / math.sqrt(square) if square > 0 and math.isfinite(square) else 1.0
