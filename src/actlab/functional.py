"""The catalogue as functions, in PyTorch's manner: its names, orders, defaults and options where it has the function.

>>> import torch, actlab
>>> x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
>>> y = actlab.functional.elu(x, alpha=2.0)
>>> y.sum().backward()
>>> x.grad
tensor([0.2707, 2.0000, 1.0000])
"""

import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.overrides import handle_torch_function

from actlab.activations import BLOCKS, Activation, check_input


def functional(block: Activation) -> Callable[..., Tensor]:
    """A plain function of a block: the input, its parameters in order, and `inplace` where PyTorch has it."""
    facts = block.facts
    compute = block.differentiable
    takes = facts.parameters | ({"inplace": False} if facts.inplace else {})
    names, defaults = tuple(takes), tuple(takes.values())
    count = len(facts.parameters)
    takes_inplace = facts.inplace

    def function(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if len(args) > len(names):
            raise TypeError(f"{facts.name}() takes {1 + len(names)} positional arguments, {1 + len(args)} were given")
        values = [*args, *defaults[len(args) :]]
        for key, value in kwargs.items():
            if key not in names[len(args) :]:
                raise TypeError(
                    f"{facts.name}() got an unexpected argument {key!r}; it takes: input, {', '.join(names)}"
                )
            values[names.index(key)] = value
        if takes_inplace and values[-1]:
            check_input(facts.name, input)
            # the clone is what autograd may save: the input itself is about to be overwritten
            return input.copy_(compute(input.clone(), *values[:count]))
        return compute(input, *values[:count])

    function.__name__ = function.__qualname__ = facts.name
    # a code object of its own: torch.compile counts recompilations by it
    function.__code__ = function.__code__.replace(co_name=facts.name)
    vars(function)["facts"] = facts
    block.apply.append(function)
    function.__doc__ = block.__doc__
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    first = inspect.Parameter("input", positional, annotation=Tensor)
    rest = [inspect.Parameter(name, positional, default=default) for name, default in takes.items()]
    function.__signature__ = inspect.Signature([first, *rest], return_annotation=Tensor)  # for help() and editors
    return function


def along_channels(parameter: Tensor, input: Tensor) -> Tensor:
    """A parameter of one value, or of one for each channel (dimension 1), in a shape that broadcasts to the input.

    >>> import torch
    >>> along_channels(torch.ones(3), torch.zeros(2, 3, 4, 4)).shape
    torch.Size([1, 3, 1, 1])
    """
    if not isinstance(input, Tensor):  # a stand-in: how many dimensions it has is not known yet
        return handle_torch_function(along_channels, (input,), parameter, input)
    if parameter.numel() == 1:
        return parameter.reshape([1] * input.dim())
    return parameter.reshape(1, -1, *[1] * (input.dim() - 2))


_MADE = {name: functional(block) for name, block in BLOCKS.items()}
globals().update(_MADE)  # functional.pyi lists them with their signatures, for editors and type checkers


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """Gaussian error linear unit: x P(x), P the standard normal distribution function.

    `approximate="tanh"` takes the approximation by a hyperbolic tangent (`gelu_tanh`).
    """
    if approximate == "none":
        return _MADE["gelu"](input)
    if approximate == "tanh":
        return _MADE["gelu_tanh"](input)
    raise ValueError(f"gelu: approximate is 'none' or 'tanh', not {approximate!r}")


vars(gelu)["facts"] = BLOCKS["gelu"].facts
BLOCKS["gelu"].apply.append(gelu)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Parametric rectified linear unit: x above zero, weight x elsewhere.

    `weight` holds one value, or one for each channel: dimension 1 of an input of two or more dimensions.
    """
    check_input("prelu", input)
    if not isinstance(input, Tensor):
        return handle_torch_function(prelu, (input,), input, weight)
    channels = input.size(1) if input.dim() > 1 else 1
    if weight.numel() not in (1, channels):
        raise ValueError(
            f"prelu: weight has {weight.numel()} values, the input {channels} channels; 1 is always allowed"
        )
    return _MADE["prelu"](input, along_channels(weight, input))


vars(prelu)["facts"] = BLOCKS["prelu"].facts
