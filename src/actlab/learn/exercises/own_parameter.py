"""Exercise 7.1. Told apart: the chain rule's inner factor, the other variable's derivative, inf * 0 far out."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from actlab.activations import Activation
from actlab.checks import WRONG, check as battery

_A, _NEAR = 0.7, 1e-6  # away from 1, where a factor a that is missing would not show
_X = torch.tensor([-3.0, -1.2, -0.4, 0.3, 0.9, 1.7], dtype=torch.float64)
_FAR = torch.tensor([-1e4, -200.0, 200.0, 1e4], dtype=torch.float32)
_OTHER = "that is the derivative by the other one. Of x and a one moves, and the other stays as it is."
_UNSTABLE = (
    "right for moderate x, but at x = {:g} it is not finite: exp(u) is infinite there, exp(-exp(u)) is 0, and infinity "
    "times 0 is NaN. Make one exp of the two: exp(u - exp(u))."
)
_RIGHT = {"x": "the product rule's two terms, a in the second", "a": "x twice: from x times, and from within a * x"}


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """Each derivative on moderate numbers, then far out, then what only the battery thinks of."""
    block = getattr(module, "knock", None)
    if not isinstance(block, Activation) or set(block.derivatives) != {"x", "a"}:
        yield False, "There is no block knock with derivatives by x and by a: keep its name, and both functions."
        return
    for by in ("x", "a"):
        says = _wrong(block, by)
        yield not says, f"df/d{by}: {says or _RIGHT[by] + '; finite far out, too.'}"
        if says:
            return
    verdict = battery(block, quick=True)
    for one in (failures := [finding for finding in verdict.failures if finding.severity == WRONG]):
        yield False, f"battery, {one.check}{f' at {one.where}' if one.where else ''}: {one.says} {one.mend}"
    if not failures:
        yield True, f"battery: {sum(f.outcome == 'pass' for f in verdict.findings)} checks pass."


def _wrong(block: Activation, by: str) -> str:
    """What is wrong in words, by mistakes that are known, or where it is worst; nothing, if it is right."""
    rate = torch.exp(_A * _X)
    gate, inner = -torch.expm1(-rate), rate * torch.exp(-rate)  # inner: the gate's slope in a * x
    dx, da = gate + _A * _X * inner, _X**2 * inner
    lost = "the inner factor is missing. When {} moves by a little, a * x moves by {} times that: chain rule."
    twice = "x stands in f twice: in front, and in the gate. Both move with x: product rule, two terms."
    page = -torch.expm1(-torch.exp(_X)) + _X * torch.exp(_X - torch.exp(_X)), "that is the page's slope, where a is 1."
    of_x = ((gate + _X * inner, lost.format("x", "a")), (gate, twice), (_A * _X * inner, twice), page, (da, _OTHER))
    of_a = (
        (_X * inner, lost.format("a", "x")),
        (_A * _X * inner, "the inner factor is another: when a moves by a little, a * x moves by x times that."),
        (gate + _X**2 * inner, "x in front does not move with a: the gate alone does."),
        (dx, _OTHER),
    )
    found, true = _slope(block, by, _X), dx if by == "x" else da
    if found is Ellipsis:
        return "the gap is still there: put an expression in the place of the dots."
    if not isinstance(found, Tensor) or found.shape != _X.shape:
        return f"it is no tensor of the shape of x, which is {tuple(_X.shape)}: one number for each of x, not summed."
    for mistake, says in of_x if by == "x" else of_a:
        if (found - mistake).abs().max() <= _NEAR:
            return says
    gaps = (found - true).abs().nan_to_num(nan=torch.inf)
    if gaps.max() > _NEAR:
        place = int(gaps.argmax())
        return f"at x = {_X[place]:g}, a = {_A:g} it gives {found[place]:.4g}; the right one is {true[place]:.4g}."
    far = _slope(block, by, _FAR)
    return "" if far.isfinite().all() else _UNSTABLE.format(_FAR[~far.isfinite()][0])


def _slope(block: Activation, by: str, x: Tensor) -> Any:
    return block.slope(by, x.clone(), block.value(x, _A), (_A,))
