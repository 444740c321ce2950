"""A tree in torch, node by node: the tree becomes a list of plain functions, which torch.compile can follow."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from actlab.formula import COMPARISONS, Node, postorder


def evaluate(node: Node, values: Mapping[str, Any]) -> Tensor:
    """The value of a tree for tensors or numbers by name; x is a tensor, and the result has its shape and dtype.

    >>> from actlab.formula import parse
    >>> evaluate(parse("x*sigmoid(beta*x)"), {"x": torch.tensor([0.0, 2.0]), "beta": 1.0})
    tensor([0.0000, 1.7616])
    """
    names = [name for name in values if name != "x"]
    return compiled(node, names)(values["x"], *(values[name] for name in names))


def compiled(node: Node, names: Sequence[str], *, tails: bool = True) -> Callable[..., Tensor]:
    """f(x, *parameters in the order of `names`) of a tree.

    Without `tails` a sigmoid is torch's, which is 0 a little early on the far left: that counts in a value alone.
    """
    order = postorder(node)
    place = {part: i for i, part in enumerate(order)}
    steps = []
    for part in order:
        inputs = tuple(place[argument] for argument in part.arguments)
        if part.op == "number":
            steps.append((None, float(part.value), inputs))  # type: ignore[arg-type]
        elif part.op == "name":
            steps.append((None, -1 if part.value == "x" else list(names).index(str(part.value)), ()))
        else:
            plain = part.op == "sigmoid" and not tails
            steps.append((_PLAIN_SIGMOID if plain else _FUNCTIONS[part.op], 0, inputs))
    kinds = tuple(part.op if part.op in ("number", "name") else "" for part in order)
    program = tuple(steps)

    def function(x, *parameters):
        found = []
        for kind, (apply, value, inputs) in zip(kinds, program, strict=True):
            if kind == "number":
                found.append(value)
            elif kind == "name":
                found.append(x if value < 0 else parameters[value])
            else:
                found.append(apply(x, *[found[i] for i in inputs]))
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
    if isinstance(u, Tensor) or isinstance(v, Tensor):
        return u / v
    return u / v if v else math.nan


def _raised(x: Tensor, u: Any, n: Any) -> Any:
    if isinstance(u, Tensor):
        return u**n
    try:
        return u**n if u >= 0 or n == int(n) else math.nan
    except (OverflowError, ZeroDivisionError):
        return math.inf if u else math.nan


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


def _both(x: Tensor, a: Any, b: Any) -> Any:
    return a & b if isinstance(a, Tensor) or isinstance(b, Tensor) else a and b


def _either(x: Tensor, a: Any, b: Any) -> Any:
    return a | b if isinstance(a, Tensor) or isinstance(b, Tensor) else a or b


def _softplus(u: Tensor) -> Tensor:
    return -torch.nn.functional.logsigmoid(-u)  # torch's softplus has a threshold


def _sigmoid(u: Tensor) -> Tensor:
    """exp(u) far left, where torch.sigmoid is 0 as soon as exp(-u) overflows."""
    return torch.where(u < -40, torch.exp(u.clamp(max=-40)), torch.sigmoid(u))


def _finite(wave: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """sin and cos of what has overflowed: of the largest number, not nan."""

    def apply(u: Tensor) -> Tensor:
        largest = torch.finfo(u.dtype).max
        return wave(u.clamp(-largest, largest))

    return apply


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
    "and": _both,
    "or": _either,
    "not": lambda x, a: ~a if isinstance(a, Tensor) else not a,
    "<": lambda x, u, v: u < v,
    "<=": lambda x, u, v: u <= v,
    ">": lambda x, u, v: u > v,
    ">=": lambda x, u, v: u >= v,
    "==": lambda x, u, v: u == v,
    "!=": lambda x, u, v: u != v,
    "abs": lambda x, u: abs(u),
    "sign": _one(torch.sign, lambda u: float((u > 0) - (u < 0))),
    "sigmoid": _one(_sigmoid, _number_sigmoid),
    "softplus": _one(_softplus, _number_softplus),
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
_FUNCTIONS |= {"sin": _one(_finite(torch.sin), math.sin), "cos": _one(_finite(torch.cos), math.cos)}
assert set(_FUNCTIONS) >= COMPARISONS
