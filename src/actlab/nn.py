"""The catalogue as modules, in PyTorch's manner: arguments, repr, state_dict, device and dtype.

>>> import torch, actlab
>>> actlab.nn.LeakyReLU(0.2)
LeakyReLU(negative_slope=0.2)
>>> torch.nn.Sequential(torch.nn.Linear(3, 2), actlab.nn.Mish())(torch.zeros(5, 3)).shape
torch.Size([5, 2])
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from actlab import functional
from actlab.activations import BLOCKS
from actlab.activations.resolve import Applied, ByHand


class Elementwise(torch.nn.Module):
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
    facts = BLOCKS[function.__name__].facts
    _, *parameters = inspect.signature(function).parameters.values()
    return type(
        facts.module,
        (Elementwise,),
        {
            "_function": staticmethod(function),
            "facts": facts,
            "__signature__": inspect.Signature(parameters),
            "__module__": __name__,
            "__qualname__": facts.module,  # with the module's name above: what pickle looks up
            "__doc__": function.__doc__,
        },
    )


ReLU = _module(functional.relu)
LeakyReLU = _module(functional.leaky_relu)
Sigmoid = _module(functional.sigmoid)
Tanh = _module(functional.tanh)
ELU = _module(functional.elu)
Softplus = _module(functional.softplus)
SiLU = _module(functional.silu)
Mish = _module(functional.mish)


class Identity(torch.nn.Module):
    """The identity; like torch.nn.Identity it takes any arguments and ignores them."""

    facts = BLOCKS["identity"].facts

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return functional.identity(input)


class GELU(torch.nn.Module):
    """Gaussian error linear unit: x P(x); `approximate="tanh"` for its approximation."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return functional.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class PReLU(torch.nn.Module):
    """Parametric rectified linear unit, with one learned slope, or one for each channel (dimension 1).

    Weight decay should not be applied to `weight`: it would pull the slope to zero.
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device=None, dtype=None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = torch.nn.Parameter(torch.full((num_parameters,), init, device=device, dtype=dtype))

    def reset_parameters(self) -> None:
        torch.nn.init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class Block(torch.nn.Module):
    """A block that has no module of its own name, with its parameters; those that are learned are trained."""

    def __init__(self, applied: ByHand) -> None:
        super().__init__()
        self.block = applied.block
        self.constants = applied.constants
        self.places = applied.learned
        self.learned = torch.nn.Parameter(torch.tensor(applied.initial))

    def forward(self, input: Tensor) -> Tensor:
        values: list[Any] = list(self.constants)
        for row, place in enumerate(self.places):
            values[place] = self.learned[row]
        return self.block(input, *values)

    def extra_repr(self) -> str:
        return f"{self.block.name}, {', '.join(f'{value:g}' for value in self.constants)}".rstrip(", ")


def as_module(applied: Applied, learned: Tensor | None = None) -> torch.nn.Module:
    """What a stack applies, as a module: the catalogue's class where it has one; `learned` fills its parameters."""
    if not isinstance(applied, ByHand):
        return applied.as_module(learned)
    facts = applied.block.facts
    module: torch.nn.Module
    if facts.module and BLOCKS.get(facts.name) is applied.block and not facts.learned:
        module = globals()[facts.module](*applied.constants)
    elif facts.name == "prelu" and applied.learned:
        module = PReLU(init=applied.constants[0])
    else:
        module = Block(applied)
    if learned is not None:
        (parameter,) = module.parameters()
        parameter.data = learned.reshape(parameter.shape).clone()
    return module
