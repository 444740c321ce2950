"""Exercise 3.1. What is told apart: another forward, a gate that closes, a gradient that forgets what comes in."""

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from actlab.checks import WRONG, check as battery

ALPHA = 0.1
_INPUTS = (-3.0, -1.2, -0.5, 0.7, 2.4)
_INCOMING = (2.0, -1.0, 0.5, 3.0, -2.0)  # nowhere 1, so that a gradient that forgets it shows
_NEAR, _EXACT = 1e-6, 1e-12
_SINGLE = (
    "right, but in float64 to 7 digits only: a tensor of float32 comes in somewhere, as by .float(), torch.where(x > "
    "0, 1.0, ALPHA) or ALPHA * (x <= 0). Multiply Python's numbers with the tensor itself: its precision is kept."
)


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """Forward, then backward, then what only the battery thinks of; it ends where nothing behind can be judged."""
    function = getattr(module, "LeakyReLU", None)
    if not (isinstance(function, type) and issubclass(function, Function)):
        yield False, "There is no class LeakyReLU that is an autograd Function: keep its name, and `(Function)`."
        return
    for part, wrong_part, right in (
        ("forward", _wrong_values, "x where x > 0, ALPHA * x elsewhere."),
        ("backward", _wrong_gradient, "what comes in, times 1 where x > 0 and times ALPHA elsewhere."),
    ):
        if says := wrong_part(function):
            yield False, f"{part}: {says}"
            return
        yield True, f"{part}: {right}"
    yield from judged(function, f"leaky_relu({ALPHA})")


def judged(function: Any, reference: str, name: str = "battery") -> Iterator[tuple[bool, str]]:
    """What the battery finds."""
    verdict = battery(function, reference=reference, quick=True)
    for one in (failures := [finding for finding in verdict.failures if finding.severity == WRONG]):
        yield False, f"{name}, {one.check}{f' at {one.where}' if one.where else ''}: {one.says} {one.mend}"
    if not failures:
        yield True, f"{name}: {sum(f.outcome == 'pass' for f in verdict.findings)} checks pass; it {verdict.identity}."


def _wrong_values(function: Any) -> str:
    x = torch.tensor(_INPUTS, dtype=torch.float64)
    relu = "that is ReLU: a negative x gives 0. The leaky one lets a little through, ALPHA * x."
    return wrong(function.apply(x.clone()), torch.where(x > 0, x, ALPHA * x), x, "f(x)", ((x.clamp(min=0), relu),))


def _wrong_gradient(function: Any) -> str:
    x, dy = (torch.tensor(numbers, dtype=torch.float64) for numbers in (_INPUTS, _INCOMING))
    slope = torch.where(x > 0, torch.ones_like(x), ALPHA)
    known = (
        (dy * (x > 0), "where x is negative it gives 0, as ReLU does. There f(x) = ALPHA * x: what is its slope?"),
        (slope, "that is the slope alone. dL/dx is dy, what comes in, times the slope, element by element."),
        (torch.where(dy > 0, dy, ALPHA * dy), "its gate looks at dy. It was set on the way forward: by the sign of x."),
        (dy, "it hands dy on as it came. Each of its elements goes through a gate: times 1, or times ALPHA."),
        (dy * slope * x, "it multiplies dy by f(x). What goes back is dy times the slope of f: 1, or ALPHA."),
    )
    if says := wrong(backward(function, x, dy), dy * slope, x, "dL/dx, dy times the slope,", known):
        return says
    at_kink = float(backward(function, torch.zeros_like(x[:1]), torch.ones_like(x[:1])))
    if not ALPHA - _NEAR <= at_kink <= 1 + _NEAR:
        return f"at x = 0 it takes {at_kink:g} for the slope. Any number from ALPHA to 1 would do there; not this one."
    return ""


def backward(function: Any, x: Tensor, dy: Tensor) -> Any:
    """What the reader's backward returns, before autograd has an opinion of it."""
    seen: list[Any] = []

    class Watched(function):
        @staticmethod
        def backward(ctx: Any, *incoming: Any) -> Any:
            seen.append(function.backward(ctx, *incoming))
            return torch.zeros_like(x)

    x = x.clone().requires_grad_()
    torch.autograd.grad(Watched.apply(x), x, dy.clone())
    return seen[-1][0] if isinstance(seen[-1], tuple) else seen[-1]


def wrong(given: Any, true: Tensor, x: Tensor, name: str, known: Sequence[tuple[Tensor, str]]) -> str:
    """What is wrong in words, by mistakes that are known, or where it is worst; nothing, if it is right."""
    if given is Ellipsis:
        return "the gap is still there: put an expression in the place of the dots."
    if not isinstance(given, Tensor) or given.shape != x.shape:
        kind = f"the shape {tuple(given.shape)}" if isinstance(given, Tensor) else f"a {type(given).__name__}"
        return f"it gives {kind}; {name} is a tensor of the shape of x, {tuple(x.shape)}."
    for mistake, says in known:
        if (given - mistake).abs().max() <= _NEAR:
            return says
    gaps = (given - true).abs().nan_to_num(nan=torch.inf)
    if gaps.max() <= _NEAR:
        return "" if gaps.max() <= _EXACT else _SINGLE
    place = int(gaps.argmax())
    return f"at x = {x[place]:g} it gives {given[place]:.4g}; {name} is {true[place]:.4g}."
