"""Where a formula has a kink or jumps: where abs, max or a piece changes, if slope or value change there."""

from collections.abc import Iterator
from typing import Any

from mpmath import mp, mpf

from actlab.formula.clause import Reading
from actlab.formula.exact import Exact
from actlab.formula.nodes import COMPARISONS, Apply, Node, postorder

_GRID = [mpf(i) / 8 + mpf(1) / 1024 for i in range(-160, 161)]
_BESIDE = mpf(10) ** -12
_CHANGE = mpf(10) ** -6


def edges(reading: Reading) -> tuple[float, ...]:
    """The kinks and jumps of a formula between -20 and 20.

    >>> from actlab.formula.clause import read
    >>> edges(read("max(x, 0) + abs(x - 2) + x*abs(x)/(1 + abs(x))"))
    (0.0, 2.0)
    """
    exact = Exact(reading.node, reading.parameters)
    ends = [Exact(end, reading.parameters) for end in {*_differences(reading.node)} if "x" in end.symbols]
    found = {float(str(mp.nstr(point, 15))) * (abs(point) > 1e-15) for end in ends for point in _zeros(end)}
    return tuple(sorted(point + 0.0 for point in found if _breaks(exact, mpf(point))))


def _differences(node: Node) -> Iterator[Node]:
    """What is 0 where a piece ends."""
    for part in postorder(node):
        if part.op in ("abs", "sign", "relu"):
            yield part.arguments[0]
        elif part.op in ("min", "max") or part.op in COMPARISONS:
            yield Apply("-", *part.arguments)


def _zeros(exact: Exact) -> Iterator[Any]:
    values = exact.values([*_GRID, mpf(0)])
    if values[-1] == 0:
        yield mpf(0)
    for left, right, a, b in zip(_GRID, _GRID[1:], values, values[1:], strict=False):
        if mp.isfinite(a) and mp.isfinite(b) and a * b < 0:
            yield _bisected(exact, left, right, a)


def _bisected(exact: Exact, left: Any, right: Any, at_left: Any) -> Any:
    for _ in range(70):
        middle = (left + right) / 2
        value = exact.values([middle])[0]
        if value == 0:
            return middle
        left, right = (middle, right) if value * at_left > 0 else (left, middle)
    return (left + right) / 2


def _breaks(exact: Exact, point: Any) -> bool:
    """Whether value or slope differ on the two sides."""
    step = _BESIDE * max(abs(point), mpf(1))
    for left, right in (exact.values([point - step, point + step]), exact.slopes([point - step, point + step])):
        if mp.isnan(left) or mp.isnan(right):
            return mp.isnan(left) != mp.isnan(right)
        if abs(left - right) > _CHANGE * max(mpf(1), abs(left)):
            return True
    return False
