"""Exercise 4.1. Told apart: what overflows on the right, or on the left; what is 0 too early; another function."""

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from actlab.checks import WRONG, check as battery

_NEAR, _TINY = 1e-5, 1e-37  # relative; and float32's smallest numbers, which have few digits
_INPUTS = torch.tensor([-1000, -80, -30, -20, -10, -1, 0, 1, 10, 30, 89, 1000], dtype=torch.float32)


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """The value, then the slope, by numbers; what only the battery thinks of, where both are right."""
    x = _INPUTS.double()
    value, slope = torch.logaddexp(x, torch.zeros_like(x)), torch.sigmoid(x)
    of_value = [(x.clamp(min=0), "that is ReLU: softplus is above 0 on the left too, log(1 + e^x).")]
    of_slope = (
        (slope * torch.sigmoid(-x), "that is the slope of the slope. f' is e^x / (1 + e^x) itself."),
        ((x > 0).double(), "that is ReLU's slope. Here it is above 0 on the left too, e^x / (1 + e^x)."),
        (value, "it gives f(x). The slope of a logarithm is 1 over what stands in it, times the slope of that."),
    )
    lost = "1 + e^x was rounded to 1: nothing was left for the logarithm. log1p(t) is log(1 + t), of a tiny t too."
    cancels = "two numbers near 1 were subtracted, as in 1 - f^2 on the page. Find a form without a difference."
    wrongs = [_wrong(module.value, value, of_value, lost), _wrong(module.slope, slope, of_slope, cancels)]
    for name, says in zip(("value", "slope"), wrongs, strict=True):
        yield not says, f"{name}: {says or 'right from -1000 to 1000, in float32.'}"
    if any(wrongs):
        return
    verdict = battery(module.Softplus, reference="log(1 + exp(x))", quick=True)
    for one in (failures := [finding for finding in verdict.failures if finding.severity == WRONG]):
        yield False, f"battery, {one.check}{f' at {one.where}' if one.where else ''}: {one.says} {one.mend}"
    if not failures:
        yield True, f"battery: {sum(f.outcome == 'pass' for f in verdict.findings)} checks pass; it {verdict.identity}."


def _wrong(function: Any, true: Tensor, known: Sequence[tuple[Tensor, str]], lost: str) -> str:
    """What is wrong in words; nothing, if it is right."""
    given = function(_INPUTS.clone())
    if given is Ellipsis:
        return "the gap is still there: put an expression in the place of the dots."
    if not isinstance(given, Tensor) or given.shape != true.shape:
        return f"it gives a {type(given).__name__}, of another shape than x: a number for each number of x is asked."
    given = given.detach().double()
    gaps = (given - true).abs().nan_to_num(nan=torch.inf) - _NEAR * true.abs() - _TINY
    if gaps.max() <= 0:
        return ""
    for mistake, says in known:
        if torch.allclose(given, mistake, rtol=_NEAR, atol=_TINY):
            return says
    for side, power, is_there in (("right", "e^x", _INPUTS > 0), ("left", "e^-x", _INPUTS < 0)):
        for place in (is_there & ~given.isfinite()).nonzero().flatten().tolist()[:1]:
            says = f"at x = {_INPUTS[place]:g} it gives {given[place]:g}: on the {side} {power} overflows."
            return f"{says} Take exponents that are never above 0, as -|x|: a power that becomes 0 does no harm."
    for place in ((gaps > 0) & (given == 0)).nonzero().flatten().tolist()[-1:]:
        return f"at x = {_INPUTS[place]:g} it gives 0, and is {true[place]:.3g}: {lost}"
    place = int(gaps.argmax())
    return f"at x = {_INPUTS[place]:g} it gives {given[place]:.5g}, and is {true[place]:.5g}."
