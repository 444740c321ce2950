"""The elementwise activations as modules: one line a class, made from the function of the same block."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from actlab import functional
from actlab.activations import BLOCKS
from actlab.nn.code import Module, made_of


class Elementwise(Module):
    """An activation as a module. A parameter given as a torch.nn.Parameter is trained; a tensor becomes a buffer."""

    _function: Callable[..., Tensor]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        bound = inspect.signature(type(self)).bind(*args, **kwargs)
        bound.apply_defaults()
        self._names = tuple(bound.arguments)
        for name, value in bound.arguments.items():
            if isinstance(value, Tensor) and not isinstance(value, torch.nn.Parameter):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def forward(self, input: Tensor) -> Tensor:
        return type(self)._function(input, *[getattr(self, name) for name in self._names])

    def extra_repr(self) -> str:
        values = {name: getattr(self, name) for name in self._names}
        if not values.get("inplace", True):
            del values["inplace"]
        return ", ".join(f"{name}={value}" for name, value in values.items())


def _module(function: Callable[..., Tensor]) -> type[Elementwise]:
    _, *parameters = inspect.signature(function).parameters.values()
    return made_of(function, Elementwise, parameters, function.__doc__ or "")


class Identity(Module):
    """The identity; like torch.nn.Identity it takes any arguments and ignores them."""

    facts = BLOCKS["identity"].facts

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return functional.identity(input)


class GELU(Module):
    """Gaussian error linear unit: x P(x); `approximate="tanh"` for its approximation."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return functional.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


MODULES: dict[str, type[Module]] = {"Identity": Identity, "GELU": GELU}
MODULES |= {
    block.facts.module: _module(getattr(functional, name))
    for name, block in BLOCKS.items()
    if block.facts.module and block.facts.module not in MODULES and not block.facts.learned
}
globals().update(MODULES)  # elementwise.pyi lists them, for editors and type checkers
