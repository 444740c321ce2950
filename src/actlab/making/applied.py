"""What a stack applies to the inputs of its units: a block by hand, or a callable by autograd.

Legend: M networks, P inputs of an activation in a network, L learned parameters.
"""

import copy
import dataclasses
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from actlab.activations import Activation
from actlab.making.probing import State, guarded
from actlab.naming import name_of, packed, unpacked


@dataclasses.dataclass(frozen=True)
class ByHand:
    """A block, applied through its own value and derivatives: what they say is what trains."""

    block: Activation
    constants: tuple[float, ...]  # all parameters in order; where learned, the initial value
    learned: tuple[int, ...]  # positions of the learned ones
    gradient: str = "by hand"

    @property
    def initial(self) -> list[float]:
        return [self.constants[i] for i in self.learned]

    @property
    def by_rows(self) -> bool:
        """Whether ATen's own kernels apply: they write where they are told, whatever its strides."""
        return self.block.kernels is not None and not self.learned

    @property
    def needs_input(self) -> bool:
        """Whether the derivatives need z, or the output alone."""
        if self.by_rows and (kernels := self.block.kernels):
            return kernels.saves == "x"
        return any("x" in names for names in self.block.wants.values())

    def rows(self, z: Tensor, y: Tensor, gradient: Tensor) -> tuple[Callable[[], Any], Callable[[], Any]]:
        """Operations on these tensors, of any strides: y = f(z), and the gradient times f'(z), in place."""
        kernels = self.block.kernels
        assert kernels is not None, "asked for only where by_rows says so"
        saved = z if kernels.saves == "x" else y
        forward = partial(kernels.forward, z, *self.constants, out=y)
        return forward, partial(kernels.backward, gradient, saved, *self.constants, out=gradient)

    def forward(self, z_MP: Tensor, learned_ML: Tensor) -> tuple[Tensor, Any]:
        """y = f(z), and what the derivatives need."""
        parameters: list[Any] = list(self.constants)
        for column, position in enumerate(self.learned):
            parameters[position] = learned_ML[:, column : column + 1]  # (M, 1): one for each network
        y_MP = self.block.value(z_MP, *parameters)
        return y_MP, (z_MP, y_MP, tuple(parameters))

    def backward(self, saved: Any) -> Tensor:
        """df/dx for each element."""
        return self.block.slope("x", *saved)

    def through(self, gradient_MP: Tensor, saved: Any) -> None:
        """dL/dz = dL/dy f'(z), in place."""
        if self.by_rows:
            z, y, _ = saved
            self.rows(z, y, gradient_MP)[1]()
        else:
            gradient_MP.mul_(self.backward(saved))

    def backward_learned(self, saved: Any, upstream_MP: Tensor) -> Tensor:
        """The loss's gradient with respect to each learned parameter, (M, L)."""
        names = list(self.block.facts.parameters)
        slopes = [self.block.slope(names[i], *saved) for i in self.learned]
        return torch.stack([(upstream_MP * slope).sum(dim=1) for slope in slopes], dim=1)


@dataclasses.dataclass(frozen=True)
class ByAutograd:
    """Any elementwise callable. Networks are taken one by one, so that each has parameters of its own."""

    function: Callable[..., Tensor]  # (z, flat parameters) -> y
    initial: list[float]
    gradient: str = "by autograd"
    by_rows = False
    needs_input = True

    def forward(self, z_MP: Tensor, learned_ML: Tensor) -> tuple[Tensor, Any]:
        with torch.enable_grad():
            # a clone in between: a callable that works in place must not change what autograd holds
            leaves = [z.detach().requires_grad_() for z in z_MP]
            learned = [row.detach().requires_grad_() for row in learned_ML]
            outputs = [self.function(z.clone(), row) for z, row in zip(leaves, learned, strict=True)]
        return torch.stack([y.detach() for y in outputs]), (leaves, learned, outputs)

    def backward(self, saved: Any) -> Tensor:
        leaves, _, outputs = saved
        return _slopes(outputs, leaves, map(torch.ones_like, outputs))

    def through(self, gradient_MP: Tensor, saved: Any) -> None:
        gradient_MP.mul_(self.backward(saved))

    def backward_learned(self, saved: Any, upstream_MP: Tensor) -> Tensor:
        _, learned, outputs = saved
        return _slopes(outputs, learned, upstream_MP)

    def as_module(self, learned: Tensor | None = None, state: State | None = None) -> torch.nn.Module:
        """The callable as a module of its own, its parameters set to `learned`."""
        if not isinstance(self.function, Flat):
            return Called(self.function)
        module = copy.deepcopy(self.function.module)
        if learned is not None:
            torch.nn.utils.vector_to_parameters(learned, module.parameters())
        return module


def _slopes(outputs: Iterable[Tensor], inputs: Iterable[Tensor], upstream: Iterable[Tensor]) -> Tensor:
    """Of each network's output by its own input, times what comes from above."""
    triples = zip(outputs, inputs, upstream, strict=True)
    grad = partial(torch.autograd.grad, retain_graph=True, materialize_grads=True)
    return torch.stack([grad(y, z, given)[0] for y, z, given in triples])


class Called(torch.nn.Module):
    """A callable without parameters, as a module."""

    def __init__(self, function: Any) -> None:  # an Unlearned, which knows the user's own
        super().__init__()
        self.function = function

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input)

    def _get_name(self) -> str:
        return name_of(self.function.function)


class Unlearned:
    """A function of its input alone, where one of input and parameters is called for; a class, so that it pickles."""

    def __init__(self, function: Callable[[Tensor], Tensor], label: str) -> None:
        self.function = function
        self.label = label

    def __call__(self, z: Tensor, _row: Tensor | None = None) -> Tensor:
        return guarded(self.label, self.function, z)

    def __reduce__(self) -> str | tuple[Any, ...]:
        content = packed(self.function)
        return (_unpacked, (content, self.label)) if content else super().__reduce__()

    def __deepcopy__(self, _: dict) -> "Unlearned":
        return self  # a scripted function, for one, cannot be copied


def _unpacked(content: bytes, label: str) -> Unlearned:
    return Unlearned(unpacked(content), label)


class Flat:
    """A module as a function of its input and one flat row of its parameters; a class, so that it pickles."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = copy.deepcopy(module).float()
        self.shapes = {name: p.shape for name, p in self.module.named_parameters()}

    def __call__(self, z: Tensor, row: Tensor) -> Tensor:
        if not self.shapes:
            return self.module(z)
        pieces = row.split([shape.numel() for shape in self.shapes.values()])
        named = {name: p.reshape(shape) for (name, shape), p in zip(self.shapes.items(), pieces, strict=True)}
        return torch.func.functional_call(self.module, named, (z,))


Applied = ByHand | ByAutograd
