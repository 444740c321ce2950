"""The elementwise activations as modules: one line a class, made from the function of the same block."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from actlab import functional
from actlab.activations import BLOCKS
from actlab.nn.code import INPLACE, Module, doc_of, made_of


class Elementwise(Module):
    """An activation as a module: the base class of the elementwise ones.

    Args:
        args, kwargs: the activation's parameters. A torch.nn.Parameter is trained; a tensor becomes a buffer.

    Shape: any; the output has the input's shape and dtype.
    Raises: TypeError for an argument that the activation does not take.

    >>> import torch, actlab
    >>> isinstance(actlab.nn.ELU(), actlab.nn.Elementwise)
    True
    >>> [name for name, _ in actlab.nn.ELU(torch.nn.Parameter(torch.tensor(1.0))).named_parameters()]
    ['alpha']
    """

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
    block = BLOCKS[function.__name__]
    args = INPLACE if block.facts.inplace else {}
    for name, value in reversed(block.facts.parameters.items()):
        kinds = "number, tensor (a buffer) or Parameter (trained)" if name in block.derivatives else "number"
        args = {name: f"{kinds}. Default: {value:.6g}."} | args
    return made_of(function, Elementwise, parameters, doc_of(block.name, args))


class Identity(Module):
    __doc__ = doc_of("identity", {"args, kwargs": "anything; it is ignored, as torch.nn.Identity has it."})

    facts = BLOCKS["identity"].facts

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return functional.identity(input)


class GELU(Module):
    __doc__ = doc_of(
        "gelu",
        {"approximate": "'none', or 'tanh' for the approximation by a hyperbolic tangent. Default: 'none'."},
        raises="; ValueError for another approximation",
    )

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
