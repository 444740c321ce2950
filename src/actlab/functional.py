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
from actlab.catalogue import documented, examples


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
    function.__doc__ = _doc(block)
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    first = inspect.Parameter("input", positional, annotation=Tensor)
    rest = [inspect.Parameter(name, positional, default=default) for name, default in takes.items()]
    function.__signature__ = inspect.Signature([first, *rest], return_annotation=Tensor)  # for help() and editors
    return function


def _doc(block: Activation, *, raises: str = "", **about: str) -> str:
    """The docstring of a function: what the block knows, and `about` its arguments what it does not."""
    facts = block.facts
    args = {"input": "floating-point tensor of any shape; float16 and bfloat16 are computed in float32."}
    for name, value in facts.parameters.items():
        gradient = "gets a gradient" if name in block.derivatives else "requires no gradient"
        args[name] = f"number, or tensor that broadcasts to input and {gradient}. Default: {value:.6g}."
        if name not in block.derivatives:
            raises = "; for a parameter that requires a gradient and has no derivative"
    if facts.inplace:
        args["inplace"] = "whether the output is written over the input. Default: False."
    returns = f"tensor of the input's shape and dtype, in {facts.range}."
    raises = f"TypeError for an input that is no floating-point tensor{raises}."
    example = examples()[facts.name]["function"]
    return documented(facts, block.__doc__ or "", args | about, example, Returns=returns, Raises=raises)


def along_channels(parameter: Tensor, input: Tensor) -> Tensor:
    """A parameter of one value, or of one for each channel (dimension 1), in a shape that broadcasts to the input.

    Args:
        parameter: tensor of one value, or of as many as there are channels.
        input: tensor of shape (batch, channels, ...).

    Returns: the same values in shape (1, channels, 1, ...), of the parameter's dtype.

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
    if approximate == "none":
        return _MADE["gelu"](input)
    if approximate == "tanh":
        return _MADE["gelu_tanh"](input)
    raise ValueError(f"gelu: approximate is 'none' or 'tanh', not {approximate!r}")


gelu.__doc__ = _doc(
    BLOCKS["gelu"],
    raises="; ValueError for another approximation",
    approximate="'none', or 'tanh' for the approximation by a hyperbolic tangent, gelu_tanh. Default: 'none'.",
)
vars(gelu)["facts"] = BLOCKS["gelu"].facts
BLOCKS["gelu"].apply.append(gelu)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    check_input("prelu", input)
    if not isinstance(input, Tensor):
        return handle_torch_function(prelu, (input,), input, weight)
    channels = input.size(1) if input.dim() > 1 else 1
    if weight.numel() not in (1, channels):
        raise ValueError(
            f"prelu: weight has {weight.numel()} values, the input {channels} channels; 1 is always allowed"
        )
    return _MADE["prelu"](input, along_channels(weight, input))


prelu.__doc__ = _doc(
    BLOCKS["prelu"],
    raises="; ValueError for another number of values in weight",
    weight="tensor of one value, or of one for each channel: dimension 1 of an input of two or more.",
)
vars(prelu)["facts"] = BLOCKS["prelu"].facts
