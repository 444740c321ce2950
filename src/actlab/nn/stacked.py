"""From what a stack of networks applies to a module that computes the same: trained networks leave a run as these."""

from typing import Any

import torch
from torch import Tensor

from actlab.activations import BLOCKS, Activation
from actlab.making import Applied, ByHand, State
from actlab.nn import elementwise, learned as trained
from actlab.nn.code import Module


class Block(Module):
    """A block that has no module of its own name, with its parameters; those that are learned are trained.

    Args:
        applied: what a stack of networks applies, of a block: its constants, and which of them are learned.
        dtype: of what is learned. Default: PyTorch's.

    Shape: any; the output has the input's shape and dtype.
    Raises: in forward TypeError for an input that is no floating-point tensor.

    >>> import torch, actlab
    >>> from actlab import making, naming
    >>> actlab.nn.Block(making.resolve(naming.parse("leaky_relu(0.5)")))(torch.tensor([-2.0, 3.0]))
    tensor([-1.,  3.])
    """

    learned: torch.nn.Parameter  # None without `places`

    def __init__(self, applied: ByHand, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.block: Activation = applied.block
        self.constants: tuple[float, ...] = applied.constants
        self.places: tuple[int, ...] = applied.learned
        start = torch.tensor(applied.initial, dtype=dtype)
        self.register_parameter("learned", torch.nn.Parameter(start) if applied.learned else None)

    def forward(self, input: Tensor) -> Tensor:
        values: list[Any] = list(self.constants)
        for row, place in enumerate(self.places):
            values[place] = self.learned[row]
        return self.block(input, *values)

    def _get_name(self) -> str:
        return self.block.name

    def extra_repr(self) -> str:
        return ", ".join(f"{value:g}" for value in self.constants)


def as_module(
    applied: Applied, learned: Tensor | None = None, dtype: torch.dtype | None = None, state: State | None = None
) -> torch.nn.Module:
    """What a stack applies, as a module: the catalogue's class where it has one.

    Args:
        applied: what a stack of networks applies.
        learned: tensor with the values of its parameters, in any shape. Default: those that a stack starts with.
        dtype: of what is learned. Default: PyTorch's.
        state: its buffers. Default: those that a stack starts with.

    Returns: a module; its output has its input's shape and dtype.

    >>> from actlab import making, naming, nn
    >>> nn.as_module(making.resolve(naming.parse("leaky_relu(0.5)")))
    LeakyReLU(negative_slope=0.5)
    """
    if not isinstance(applied, ByHand):
        return applied.as_module(learned, state)
    module = _module(applied, dtype)
    if learned is not None:
        torch.nn.utils.vector_to_parameters(learned.flatten(), module.parameters())
    return module


def _module(applied: ByHand, dtype: torch.dtype | None) -> torch.nn.Module:
    facts = applied.block.facts
    if not facts.module or BLOCKS.get(facts.name) is not applied.block:
        return Block(applied, dtype)
    if not facts.learned:
        return getattr(elementwise, facts.module)(*applied.constants)
    if facts.name == "prelu" and applied.learned:
        return trained.PReLU(init=applied.constants[0], dtype=dtype)  # its argument has PyTorch's name
    names = list(facts.parameters)
    if [names[place] for place in applied.learned] != list(facts.learned):
        return Block(applied, dtype)  # some of what is learned was given, and stays
    return getattr(trained, facts.module)(**dict(zip(names, applied.constants, strict=True)), dtype=dtype)
