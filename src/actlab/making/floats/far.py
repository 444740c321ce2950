"""Very far out, where squares overflow: a formula that has become linear, constant or c/x there is computed as that."""

import math
from collections.abc import Mapping
from functools import partial, reduce
from typing import Any

import torch
from torch import Tensor

from actlab.formula import (
    COMPARISONS,
    ONE,
    TRUE,
    Apply,
    Exact,
    Node,
    Number,
    X,
    differentiate,
    minus,
    negative,
    over,
    pieces,
    plus,
    power,
    rebuild,
    substitute,
    times,
)
from actlab.making.floats.normal import factors, product
from actlab.making.tensors import compiled

_EDGE = 1e3  # its tenth power is finite in float32, and 1/x is small
_T = Apply("/", ONE, X)  # small where x is large
FAR = 1e9  # its fourth power is still finite in float32
_SIZES = {
    torch.float32: (1e10, 2e13, 1.9e19, 3e19, 1e30, 1.75e38, 2.5e38),
    torch.float64: (1e10, 1e80, 1.4e154, 3e160, 1.7e308),
}


def far(node: Node, form: Node, parameters: Mapping[str, float], order: int = 0, wrt: str = "x") -> Node:
    """The form, right to the largest numbers where the formula allows it; as it is where it is right already.

    `order` is 1 where the form is the derivative with respect to `wrt`.
    """
    truth = _Truth(node, parameters, order, wrt)
    if truth.agrees(form):
        return form
    right, left = Apply(">", X, Number(FAR)), Apply("<", X, Number(-FAR))
    near = Apply("min", Apply("max", X, Number(-FAR)), Number(FAR))
    inside = substitute(form, {"x": near})
    candidates = [rebuild(form, _spread), inside]
    if order == 0:
        for above in _shapes(form, FAR):
            candidates += [Apply("Piecewise", above, right, below, left, inside, TRUE) for below in _shapes(form, -FAR)]
    if (quotient := _in_reciprocal(node)) is not None:  # first, for it is right from 1e3 on
        candidates.insert(0, _beyond(quotient if order == 0 else differentiate(quotient, wrt), form))
    return next((candidate for candidate in candidates if truth.agrees(candidate)), form)


def _beyond(outer: Node, form: Node) -> Node:
    """One form within +-1e3, another one outside; neither is evaluated where it is not meant."""
    edge = Number(_EDGE)
    right = substitute(outer, {"x": Apply("max", X, edge)})
    left = substitute(outer, {"x": Apply("min", X, -edge)})
    inside = substitute(form, {"x": Apply("min", Apply("max", X, -edge), edge)})
    return Apply("Piecewise", right, Apply(">", X, edge), left, Apply("<", X, -edge), inside, TRUE)


def _in_reciprocal(node: Node) -> Node | None:
    """The quotient P/Q as x**(p - q) (P/x**p) / (Q/x**q), with 1/x for x inside; None where it is no such quotient.

    >>> from actlab.formula.grammar import parse
    >>> str(_in_reciprocal(parse("(1 + 2*x**3)/(1 + Abs(x**2))")))
    'x*(((1/x)**3 + 2)/((1/x)**2 + abs(1)))'
    """
    if node.op != "/":
        return None
    above, below = node.arguments
    high, low = _degree(above), _degree(below)
    if high is None or not low or low % 2:  # |x|**q is x**q where q is even
        return None
    quotient = over(_over_power(above, high), _over_power(below, low))
    ahead = power(X, high - low) if high >= low else power(_T, low - high)
    return times(ahead, quotient)


def _degree(node: Node) -> int | None:
    """The degree in x of a polynomial, absolute values in it counted as what they hold; None for anything else."""
    if "x" not in node.symbols:
        return 0
    parts = [_degree(part) for part in node.arguments] if node.op in ("+", "-", "neg", "abs") else []
    if parts:
        return None if None in parts else max(part for part in parts if part is not None)
    _, found = factors(node)
    moving = {base: exponent for base, exponent in found.items() if "x" in base.symbols}
    return moving[X] if set(moving) == {X} and moving[X] > 0 else None


def _over_power(node: Node, degree: int) -> Node:
    """The polynomial divided by x**degree."""
    if node.op in ("+", "-", "abs") and "x" in node.symbols:
        return Apply(node.op, *(_over_power(part, degree) for part in node.arguments))
    if node.op == "neg":
        return negative(_over_power(node.arguments[0], degree))
    sign, found = factors(node)
    left = degree - found.pop(X, 0)
    return times(product(sign, found), power(_T, left))


def _spread(node: Node) -> Node:
    """c*x**2 as (c*x)*x, and c*(2*x) as (c*2)*x: the square or the double alone may be too large."""
    if node.op != "*" or "x" not in node.symbols:
        return node
    sign, found = factors(node)
    fixed = {base: exponent for base, exponent in found.items() if "x" not in base.symbols}
    moving = {base: exponent for base, exponent in found.items() if base not in fixed}
    if not fixed or min(moving.values()) < 0:
        return node
    moved = [part for base, n in moving.items() for part in ([base] * n if n <= 3 else [power(base, n)])]
    return reduce(partial(Apply, "*"), moved, product(sign, fixed))


def _shapes(form: Node, edge: float) -> tuple[Node, ...]:
    """Continuations beyond the edge: linear, constant, c/x, a straight line beside the origin."""
    at_edge, beyond = _at(form, edge), _at(form, 2 * edge)
    slope = over(minus(beyond, at_edge), Number(edge))
    line = plus(at_edge, times(slope, minus(X, Number(edge))))
    return times(over(at_edge, Number(edge)), X), at_edge, over(times(at_edge, Number(edge)), X), line


def _at(form: Node, point: float) -> Node:
    """The form at a number: a number too, where it has no parameters."""
    if not form.names:
        value = compiled(form, ())(torch.tensor([point], dtype=torch.float64)).item()
        return Number(value if math.isfinite(value) else 0.0)
    return rebuild(substitute(form, {"x": Number(point)}), _decided)


def _decided(node: Node) -> Node:
    """Pieces whose conditions compare numbers are chosen now."""
    if node.op in COMPARISONS and all(part.op == "number" for part in node.arguments):
        return TRUE if Exact(Apply("Piecewise", Number(1), node, Number(0), TRUE)).values([0])[0] == 1 else _FALSE
    if node.op == "Piecewise":
        kept = [part for pair in pieces(node) if pair[1] != _FALSE for part in pair]
        return kept[0] if kept[1] == TRUE else Apply("Piecewise", *kept)
    return node


_FALSE = Apply("not", TRUE)


class _Truth:
    """What 50 digits say far out."""

    def __init__(self, node: Node, parameters: Mapping[str, float], order: int, wrt: str) -> None:
        exact = Exact(node, parameters)
        self.parameters = parameters
        self.expected = {}
        for dtype, sizes in _SIZES.items():
            x = torch.tensor([sign * size for size in sizes for sign in (1, -1)], dtype=dtype)
            true = exact.slopes(x.tolist(), wrt, order)
            slack = exact.slopes(x.tolist()) if order == 0 else [0.0] * len(true)
            self.expected[dtype] = x, _rounded(true, dtype), _rounded(slack, dtype)
        self.order = order

    def agrees(self, form: Node) -> bool:
        """Whether floats give the truth, to what rounding x allows, and no nan."""
        function = compiled(form, tuple(self.parameters))
        for dtype, (x, true, slope) in self.expected.items():
            limits, got = torch.finfo(dtype), function(x, *self.parameters.values()).double()
            scale = true.abs() + ((true.abs() < limits.tiny) | bool(self.order)).double()
            allowed = 32 * limits.eps * scale + 4 * limits.eps * (x.double() * slope).abs()
            if not (true.isnan() | (got == true) | ((got - true).abs() <= allowed)).all():
                return False
        return True


def _rounded(values: list[Any], dtype: torch.dtype) -> Tensor:
    return torch.tensor(list(map(float, values)), dtype=torch.float64).to(dtype).double()
