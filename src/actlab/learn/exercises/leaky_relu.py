"""Exercise 3.1. What is told apart: another forward, a gate that closes, a gradient that forgets what comes in."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

TITLE = "leaky ReLU by hand, forward and backward"
START = '''"""Exercise 3.1: leaky ReLU by hand.

    f(x) = x           where x > 0
    f(x) = ALPHA * x   elsewhere

Two lines are missing, where the dots are. Everything has the shape of x.
Then: actlab learn 3 --check exercise_3_1.py
"""

import torch
from torch.autograd import Function

ALPHA = 0.1


class LeakyReLU(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return ...  # the values: f(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        (x,) = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return ...  # dL/dx, from dy = dL/dy and from what was kept
'''
ALPHA = 0.1
_INPUTS = (-3.0, -1.2, -0.5, 0.7, 2.4)
_INCOMING = (2.0, -1.0, 0.5, 3.0, -2.0)  # nowhere 1, so that a gradient that forgets it shows
_NEAR, _EXACT = 1e-6, 1e-12
_GAP = "The gap is still there: put an expression in the place of the dots."
_SINGLE = (
    "right, but in float64 to 7 digits only: torch.where(x > 0, 1.0, ALPHA) and ALPHA * (x <= 0) make float32 numbers "
    "of Python's. Multiply ALPHA with the tensor itself: then its precision is kept."
)


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """Forward, then backward, then what only the battery thinks of; it ends where nothing behind can be judged."""
    from torch.autograd import Function

    function = getattr(module, "LeakyReLU", None)
    if not (isinstance(function, type) and issubclass(function, Function)):
        yield False, "There is no class LeakyReLU that is an autograd Function: keep its name, and `(Function)`."
        return
    if wrong := _of_values(function):
        yield False, f"forward: {wrong}"
        return
    yield True, "forward: x where x > 0, ALPHA * x elsewhere."
    if wrong := _of_gradient(function):
        yield False, f"backward: {wrong}"
        return
    yield True, "backward: what comes in, times 1 where x > 0 and times ALPHA elsewhere."
    yield from _by_battery(function)


def _of_values(function: Any) -> str:
    import torch

    x = torch.tensor(_INPUTS, dtype=torch.float64)
    true, y = torch.where(x > 0, x, ALPHA * x), function.apply(x)
    if wrong := _unlike(y, x, "y"):
        return wrong
    if torch.allclose(y, true, rtol=0, atol=_NEAR):
        return "" if torch.allclose(y, true, rtol=0, atol=_EXACT) else _SINGLE
    if torch.allclose(y, x.clamp(min=0), rtol=0, atol=_NEAR):
        return "that is ReLU: a negative x gives 0. The leaky one lets a little through, ALPHA * x."
    place = _worst(y, true)
    return f"at x = {x[place]:g} it gives {y[place]:.4g}; f(x) is {true[place]:.4g}."


def _of_gradient(function: Any) -> str:
    import torch

    x, dy = (torch.tensor(numbers, dtype=torch.float64) for numbers in (_INPUTS, _INCOMING))
    slope = torch.where(x > 0, torch.ones_like(x), ALPHA)
    given = _backward(function, x, dy)
    if wrong := _unlike(given, x, "dL/dx"):
        return wrong
    known = (
        (dy * (x > 0), "where x is negative it gives 0, as ReLU does. There f(x) = ALPHA * x: what is its slope?"),
        (slope, "that is the slope alone. dL/dx is dy, what comes in, times the slope, element by element."),
        (dy, "it hands dy on as it came. Each of its elements goes through a gate: times 1, or times ALPHA."),
        (dy * slope * x, "it multiplies dy by f(x). What goes back is dy times the slope of f: 1, or ALPHA."),
    )
    for mistake, says in known:
        if torch.allclose(given, mistake, rtol=0, atol=_NEAR):
            return says
    if not torch.allclose(given, dy * slope, rtol=0, atol=_NEAR):
        place = _worst(given, dy * slope)
        right = f"{dy[place]:g} * {slope[place]:g} = {dy[place] * slope[place]:.4g}"
        return f"at x = {x[place]:g}, where dy = {dy[place]:g}, it gives {given[place]:.4g}; dL/dx is {right}."
    if not torch.allclose(given, dy * slope, rtol=0, atol=_EXACT):
        return _SINGLE
    at_kink = float(_backward(function, torch.zeros_like(x[:1]), torch.ones_like(x[:1])))
    if not ALPHA - _NEAR <= at_kink <= 1 + _NEAR:
        return f"at x = 0 it takes {at_kink:g} for the slope. Any number from ALPHA to 1 would do there; not this one."
    return ""


def _backward(function: Any, x: Any, dy: Any) -> Any:
    """What the reader's backward returns, before autograd has an opinion of it."""
    import torch

    seen: list[Any] = []

    class Watched(function):
        @staticmethod
        def backward(ctx: Any, *incoming: Any) -> Any:
            seen.append(function.backward(ctx, *incoming))
            return torch.zeros_like(x)

    torch.autograd.grad(Watched.apply(x.requires_grad_()), x, dy)
    given = seen[-1]
    return given[0] if isinstance(given, tuple) and len(given) == 1 else given


def _unlike(given: Any, x: Any, name: str) -> str:
    """What to say of something that is no tensor like x."""
    import torch

    if given is Ellipsis:
        return _GAP
    if not isinstance(given, torch.Tensor):
        return f"it returns a {type(given).__name__}; {name} is a tensor of the shape of x."
    return (
        "" if given.shape == x.shape else f"its shape is {tuple(given.shape)}; {name} has that of x, {tuple(x.shape)}."
    )


def _worst(given: Any, true: Any) -> int:
    return int((given - true).abs().nan_to_num(nan=float("inf")).argmax())


def _by_battery(function: Any) -> Iterator[tuple[bool, str]]:
    from actlab.checks import WRONG, check as battery

    verdict = battery(function, reference=f"leaky_relu({ALPHA})", quick=True)
    failures = [finding for finding in verdict.failures if finding.severity == WRONG]
    for one in failures:
        where = f" at {one.where}" if one.where else ""
        yield False, f"battery, {one.check}{where}: {one.says} {one.mend}"
    if not failures:
        count = sum(finding.outcome == "pass" for finding in verdict.findings)
        yield True, f"battery: {count} checks pass; it {verdict.identity}."
