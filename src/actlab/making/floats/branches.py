"""Pieces that stay finite where they are not taken: torch.where computes all of them, and 0 times inf is nan.

In each piece x is kept inside the piece: clamped where its condition bounds x, or replaced by a point of the piece.
"""

from collections.abc import Mapping
from functools import partial, reduce

from mpmath import mp

from actlab.formula import TRUE, Apply, Exact, Node, Number, X, pieces, rebuild, substitute
from actlab.making.floats.normal import below_cap

_RISKY = {"exp", "expm1", "log", "log1p", "sqrt", "/", "**", "sinh", "cosh", "tan", "acosh", "atanh", "asin", "acos"}
_TRIED = (1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 0.0, 3.5, -3.5, 0.1, -0.1, 6.5, -6.5, 10.0, -10.0, 25.0, -25.0, 60.0, -60.0)
_FLIP = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_LOWER = {"<", "<="}


def guarded(node: Node, parameters: Mapping[str, float]) -> Node:
    """The tree with every risky piece guarded.

    >>> from actlab.formula import parse
    >>> str(guarded(parse("Piecewise((x, x > 0), (expm1(x), True))"), {}))
    'Piecewise((x, x > 0), (expm1(min(x, 0)), True))'
    """
    done: set[Node] = set()  # pieces that are guarded, and need no second guard around them

    def guard(part: Node) -> Node:
        if part.op != "Piecewise":
            return part
        arguments: list[Node] = []
        before: list[Node] = []  # conditions that do not hold where this piece is taken
        for value, condition in pieces(part):
            arguments += [_kept_inside(value, before, condition, parameters, done), condition]
            before.append(condition)
        better = Apply("Piecewise", *arguments)
        done.add(better)
        return better

    return rebuild(node, guard)


def _risky(node: Node, done: set[Node]) -> bool:
    """Whether a part of it may overflow, or be undefined, for some x."""
    if node in done or "x" not in node.symbols:
        return False
    u = node.arguments[0] if node.arguments else X
    own = node.op in _RISKY and "x" in u.symbols
    if node.op in ("exp", "expm1"):
        own = not below_cap(u)
    elif node.op == "/":
        own = "x" in node.arguments[1].symbols
    elif node.op == "**":
        own = node.arguments[1] not in (Number(2), Number(3))
    return own or any(_risky(part, done) for part in node.arguments)


def _kept_inside(
    value: Node, before: list[Node], condition: Node, parameters: Mapping[str, float], done: set[Node]
) -> Node:
    met = [_negated(part) for part in before] + ([] if condition == TRUE else [condition])
    holds = reduce(partial(Apply, "and"), met) if met else TRUE  # where the piece is taken
    if not holds.symbols or not _risky(value, done):
        return value
    bounds = [_bounds(part) for part in met]
    flat = [bound for several in bounds for bound in several]
    if "x" in holds.symbols and all(bounds) and all(_fine(value, bound, parameters) for _, bound in flat):
        inside = reduce(lambda node, bound: Apply(bound[0], node, bound[1]), flat, X)
        return substitute(value, {"x": inside})
    point = _point(value, holds, parameters)
    return value if point is None else substitute(value, {"x": Apply("Piecewise", X, holds, Number(point), TRUE)})


def _negated(condition: Node) -> Node:
    if condition.op == "not":
        return condition.arguments[0]
    opposite = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}.get(condition.op)
    return Apply(opposite, *condition.arguments) if opposite else Apply("not", condition)


def _bounds(condition: Node) -> list[tuple[str, Node]]:
    """("min", c) where x is at most c, ("max", c) where it is at least c, both for abs(x) < c; none for others."""
    if condition.op not in _FLIP:
        return []
    left, right = condition.arguments
    op = condition.op
    if "x" in right.symbols:
        left, right, op = right, left, _FLIP[op]
    if "x" in right.symbols:
        return []
    if left == X:
        return [("min" if op in _LOWER else "max", right)]
    return [("max", -right), ("min", right)] if left == Apply("abs", X) and op in _LOWER else []


def _fine(value: Node, at: Node, parameters: Mapping[str, float]) -> bool:
    """Whether a piece is finite with its two derivatives at its edge."""
    edge = Exact(at, parameters).values([0.0])[0]
    return _below(1e30, Exact(value, parameters), edge, orders=(0, 1, 2))


def _below(most: float, exact: Exact, point: float, orders: tuple[int, ...]) -> bool:
    found = [exact.slopes([point], order=order)[0] for order in orders]
    return all(mp.isfinite(number) and abs(number) < most for number in found)


def _point(value: Node, holds: Node, parameters: Mapping[str, float]) -> float | None:
    """A number inside the piece, where it is finite with its slope."""
    inside = Exact(Apply("Piecewise", Number(1), holds, Number(0), TRUE), parameters)
    exact = Exact(value, parameters)
    tried = (point for point in _TRIED if "x" not in holds.symbols or inside.values([point])[0] == 1)
    return next((point for point in tried if _below(1e10, exact, point, orders=(0, 1))), None)
