"""A tree in torch, node by node: the tree becomes a list of plain functions, which torch.compile can follow."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from actlab.formula import COMPARISONS, Node, postorder

_HALVES = (torch.float16, torch.bfloat16)


def compiled(node: Node, names: Sequence[str], *, tails: bool = True) -> Callable[..., Tensor]:
    """f(x, *parameters in the order of `names`) of a tree.

    Without `tails` a sigmoid is torch's, which is 0 a little early on the far left: that counts in a value alone.

    >>> from actlab.formula import parse
    >>> compiled(parse("x*sigmoid(beta*x)"), ["beta"])(torch.tensor([0.0, 2.0]), 1.0)
    tensor([0.0000, 1.7616])
    """
    order = postorder(node)
    place = {part: i for i, part in enumerate(order)}
    steps: list[tuple[str, Any, tuple[int, ...]]] = []
    for part in order:
        what: Any = part.value
        if part.op == "number":
            what = float(what)
        elif part.op == "name":
            what = -1 if what == "x" else list(names).index(what)
        else:
            what = _PLAIN_SIGMOID if part.op == "sigmoid" and not tails else _FUNCTIONS[part.op]
        steps.append((part.op, what, tuple(place[argument] for argument in part.arguments)))
    program = tuple(steps)

    def function(x, *parameters):
        if x.dtype in _HALVES:  # which hold no 1e9: computed in float32, rounded once
            return function(x.float(), *[p.float() if isinstance(p, Tensor) else p for p in parameters]).to(x.dtype)
        found = []
        for op, what, inputs in program:
            if op == "number":
                found.append(what)
            elif op == "name":
                found.append(x if what < 0 else parameters[what])
            else:
                found.append(what(x, *[found[i] for i in inputs]))
        return _like(x, found[-1])

    return function


def _like(x: Tensor, value: Any) -> Tensor:
    """A result that does not depend on x is still a tensor like x."""
    if not isinstance(value, Tensor):
        return _filled(x, value)
    if value is x:  # autograd refuses a Function that returns its input
        return x.clone()
    return value if value.shape == x.shape else value.expand(x.shape)


def _filled(x: Tensor, value: float) -> Tensor:
    """A number as a tensor like x: infinite where the dtype holds none so large."""
    if torch.finfo(x.dtype).max < abs(value) < math.inf:
        value = math.copysign(math.inf, value)
    return torch.full_like(x, value)


def _one(tensors: Callable[[Tensor], Tensor], numbers: Callable[[float], float]) -> Callable[..., Any]:
    """A function of one argument, of a tensor or of a number."""

    def apply(x: Tensor, u: Any) -> Any:
        if isinstance(u, Tensor):
            return tensors(u)
        try:
            return numbers(u)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return apply


def _divided(x: Tensor, u: Any, v: Any) -> Any:
    return u / v if isinstance(u, Tensor) or isinstance(v, Tensor) or v else math.nan


def _raised(x: Tensor, u: Any, n: Any) -> Any:
    if isinstance(u, Tensor):
        return u**n
    try:
        return u**n if u >= 0 or n == int(n) else math.nan
    except ZeroDivisionError:
        return math.nan
    except OverflowError:
        return math.inf if u > 0 or n % 2 == 0 else -math.inf


def _extreme(numbers: Callable[..., Any], tensors: Callable[..., Tensor], clamp: Callable[..., Tensor]) -> Any:
    """The smaller or greater of two, each a tensor or a number."""

    def apply(x: Tensor, u: Any, v: Any) -> Any:
        if not isinstance(u, Tensor) and not isinstance(v, Tensor):
            return numbers(u, v)
        if isinstance(u, Tensor) and isinstance(v, Tensor):
            return tensors(u, v)
        return clamp(u, v) if isinstance(u, Tensor) else clamp(v, u)

    return apply


def _pieces(x: Tensor, *arguments: Any) -> Any:
    """The first piece whose condition holds; a condition on numbers alone is decided at once."""
    *most, last, _ = arguments
    result = last
    for value, holds in reversed(list(zip(most[::2], most[1::2], strict=True))):
        if isinstance(holds, Tensor):
            yes = value if isinstance(value, Tensor) else _filled(x, value)
            no = result if isinstance(result, Tensor) else _filled(x, result)
            result = torch.where(holds, yes, no)
        elif holds:
            result = value
    return result


def softplus(x: Tensor) -> Tensor:
    """log(1 + e^x), without the threshold of torch's."""
    return -torch.nn.functional.logsigmoid(-x)


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e^-x); e^x far left, where torch.sigmoid is 0 as soon as e^-x overflows."""
    return torch.where(x < -40, torch.exp(x.clamp(max=-40)), torch.sigmoid(x))


def finite(x: Tensor) -> Tensor:
    """x, where it has overflowed the largest number: a sine of it is not nan."""
    largest = torch.finfo(x.dtype).max
    return x.clamp(-largest, largest)


def _number_sigmoid(u: float) -> float:
    return 1 / (1 + math.exp(-u)) if u > 0 else math.exp(u) / (1 + math.exp(u))


def _number_softplus(u: float) -> float:
    return max(u, 0.0) + math.log1p(math.exp(-abs(u)))


_PLAIN_SIGMOID = _one(torch.sigmoid, _number_sigmoid)
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "pi": lambda x: math.pi,
    "e": lambda x: math.e,
    "True": lambda x: True,
    "+": lambda x, u, v: u + v,
    "-": lambda x, u, v: u - v,
    "*": lambda x, u, v: u * v,
    "/": _divided,
    "**": _raised,
    "neg": lambda x, u: -u,
    "min": _extreme(min, torch.minimum, torch.clamp_max),
    "max": _extreme(max, torch.maximum, torch.clamp_min),
    "Piecewise": _pieces,
    "and": lambda x, a, b: a & b,
    "or": lambda x, a, b: a | b,
    "not": lambda x, a: ~a if isinstance(a, Tensor) else not a,
    "<": lambda x, u, v: u < v,
    "<=": lambda x, u, v: u <= v,
    ">": lambda x, u, v: u > v,
    ">=": lambda x, u, v: u >= v,
    "==": lambda x, u, v: u == v,
    "!=": lambda x, u, v: u != v,
    "abs": lambda x, u: abs(u),
    "sign": _one(torch.sign, lambda u: float((u > 0) - (u < 0))),
    "sigmoid": _one(sigmoid, _number_sigmoid),
    "softplus": _one(softplus, _number_softplus),
    "logsigmoid": _one(torch.nn.functional.logsigmoid, lambda u: -_number_softplus(-u)),
    "relu": _one(torch.relu, lambda u: max(u, 0.0)),
}
_FUNCTIONS |= {
    name: _one(getattr(torch, name), getattr(math, name))
    for name in (
        "exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
        "asin", "acos", "atan", "erf", "erfc",
    )
}  # fmt: skip
_FUNCTIONS |= {
    "sin": _one(lambda u: torch.sin(finite(u)), math.sin),
    "cos": _one(lambda u: torch.cos(finite(u)), math.cos),
}
assert set(_FUNCTIONS) >= COMPARISONS
