"""Quotients of polynomials far out, where powers of x overflow: written in 1/x, they are as small as they are."""

from actlab.formula import ONE, Apply, Node, X, negative, over, power, times
from actlab.making.floats.normal import factors, product

_T = Apply("/", ONE, X)


def in_reciprocal(node: Node) -> Node | None:
    """The quotient P/Q as x**(p - q) (P/x**p) / (Q/x**q), with 1/x for x inside; None where it is no such quotient.

    >>> from actlab.formula.grammar import parse
    >>> str(in_reciprocal(parse("(1 + 2*x**3)/(1 + Abs(x**2))")))
    'x*(((1/x)**3 + 2)/((1/x)**2 + abs(1)))'
    """
    if node.op != "/":
        return None
    above, below = node.arguments
    high, low = _degree(above), _degree(below)
    if high is None or not low or low % 2:  # |x|**q is x**q where q is even
        return None
    quotient = over(_scaled(above, high), _scaled(below, low))
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


def _scaled(node: Node, degree: int) -> Node:
    """The polynomial divided by x**degree."""
    if node.op in ("+", "-", "abs") and "x" in node.symbols:
        return Apply(node.op, *(_scaled(part, degree) for part in node.arguments))
    if node.op == "neg":
        return negative(_scaled(node.arguments[0], degree))
    sign, found = factors(node)
    left = degree - found.pop(X, 0)
    return times(product(sign, found), power(_T, left))
