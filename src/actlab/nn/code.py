"""What the modules share: a forward of its own for each class, and words for what cannot read it."""

import inspect
import types
from collections.abc import Callable
from typing import Any, NoReturn

import torch
from torch import Tensor

from actlab.activations import BLOCKS
from actlab.catalogue import documented, examples
from actlab.errors import UserError

INPLACE = {"inplace": "whether the output is written over the input. Default: False."}


def doc_of(name: str, args: dict[str, str], *, more: str = "", raises: str = "") -> str:
    """The docstring of an activation's class."""
    block = BLOCKS[name]
    shape = f"any; the output has the input's shape and dtype, float16 to float64, and values in {block.facts.range}."
    raises = f"in forward TypeError for an input that is no floating-point tensor{raises}."
    example = examples()[name]["module"]
    return documented(block.facts, f"{block.__doc__}{more}", args, example, Shape=shape, Raises=raises)


def made_of(function: Callable[..., Tensor], base: type, parameters: list[inspect.Parameter], doc: str) -> type:
    """The class of the activation that this function applies."""
    facts = BLOCKS[function.__name__].facts
    return type(
        facts.module,
        (base,),
        {
            "_function": staticmethod(function),
            "facts": facts,
            "__signature__": inspect.Signature(parameters),
            "__module__": "actlab.nn",  # with the name below: what pickle looks up, whatever file the class is in
            "__qualname__": facts.module,
            "__doc__": doc,
        },
    )


class Module(torch.nn.Module):
    """A module whose forward is told from others: torch.compile counts recompilations by code object, up to 8."""

    forward: Callable[..., Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.forward = _own(cls)

    def __prepare_scriptable__(self) -> NoReturn:
        raise UserError(
            f"torch.jit.script cannot read {self._get_name()}, whose gradient is written by hand. "
            "torch.jit.trace(model, example) and torch.export can; so can torch.jit.script what PyTorch has itself: "
            "swap(model, 'mish', torch.nn.Mish)."
        )


def _own(cls: type) -> types.FunctionType:
    """A copy of the class's forward."""
    function = cls.forward
    name = f"forward of {cls.__name__}"
    code = function.__code__.replace(co_name=name, co_qualname=name)
    twin = types.FunctionType(code, function.__globals__, "forward", function.__defaults__, function.__closure__)
    twin.__doc__, twin.__annotations__ = function.__doc__, function.__annotations__
    twin.__kwdefaults__, twin.__qualname__ = function.__kwdefaults__, f"{cls.__qualname__}.forward"
    return twin
