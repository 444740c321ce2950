"""Values and derivatives against the truth, in the centre and in the tails."""

import dataclasses
from typing import NoReturn

import numpy as np
import torch

from actlab.checks.battery import sampling
from actlab.checks.battery.findings import NOTE, WRONG, Finding
from actlab.checks.battery.limits import Errors, compare, compare_relative, judge, mend_of
from actlab.checks.battery.registry import check, fail, noted, passed, skip
from actlab.checks.battery.subject import Subject
from actlab.checks.battery.truth import Sample

_DTYPES = (torch.float64, torch.float32)
_SMALL = 0.05  # a value below it, of what is only recognised, is judged by the function itself in float64
_FAR = 1e-2  # at the ends of the dtype, what is only recognised may differ so much from its namesake
_STEPS = tuple(10.0**-k for k in range(2, 10))  # relative, of the differences that may confirm a gradient
_CLOSE = 1e-3  # how well they do
_VALUE = "Compare the code with the formula term by term, at this input."
_TAIL = "Digits cancel: use a form without a difference, such as expm1, log1p, erfc, sigmoid(-x)."
_SLOPE = (
    "Differentiate each term again: every factor's own derivative, inner functions too (chain rule). What is "
    "meant to be another gradient, a surrogate, is declared: surrogate=FORMULA of a block (@activation), or for "
    "`actlab check` alone --gradient FORMULA."
)


@check(WRONG, needs=("elementwise", "float32"))
def value(s: Subject) -> Finding:
    """f on [-12, 12] is what its formula says, in float64 and float32."""
    if s.truth.exact is None:
        skip("no formula is known: name one with --reference, or see its nearest known function")
    return judge([_values(s, s.truth.centre, dtype) for dtype in _taken(s)], "f", _VALUE)


@check(WRONG, needs=("elementwise", "float32"))
def tails(s: Subject) -> Finding:
    """f out to +-1e4 and at the ends of the dtype; wherever it is a normal number, to 1 in 1,000."""
    if s.truth.exact is None:
        return _finite_tails(s)
    parts = []
    for dtype in _taken(s):
        parts.append(_values(s, s.truth.tails, dtype))
        parts.append(_values(s, s.truth.ends[dtype], dtype, _FAR if s.truth.guessed else 0.0))
        parts += [_relative(s, sample, dtype) for sample in (s.truth.centre, s.truth.tails)]
    return judge(parts, "f", _TAIL)


@check(WRONG, needs=("elementwise", "float32"))
def finite(s: Subject) -> Finding:
    """f is a number at every input: no NaN and no pole on [-12, 12], nor further out where its formula has one."""
    dtype = torch.float64 if s.takes(torch.float64) else torch.float32
    exact = s.truth.exact
    points = np.unique(np.concatenate([sampling.centre(), sampling.tails()] if exact else [sampling.centre()]))
    y, slope = (t.to(torch.float64).numpy() for t in s.value_and_slope(points, dtype))
    bad = ~np.isfinite(y)
    numbers = np.append(np.flatnonzero(np.isfinite(y)), -1)
    place = np.arange(len(y))
    # what grows beyond the dtype's numbers and stays there is no pole
    bad &= np.isnan(y) | ((place > numbers[0]) & (place < numbers.max()))
    if exact:  # what is no number where its formula is one, other checks say
        bad[bad] = [value - value != 0 for value in exact.values(points[bad])]  # inf or NaN, at any size of a number
    if bad.any():
        _no_number(points, y, bad)
    steep = points[np.isinf(slope) & (np.abs(points) <= sampling.CENTRE)] + 0.0  # -0 is 0
    if len(steep):
        return noted(
            f"f' is infinite at x = {steep[0]:g}: one input of exactly that, and the gradient of a batch is infinite.",
            "Start the root a little beside it: sqrt(x**2 + 1e-6).",
        )
    return passed()


def _no_number(points: np.ndarray, y: np.ndarray, bad: np.ndarray) -> NoReturn:
    first = np.abs(points[bad]).argmin()
    at, got = points[bad][first] + 0.0, y[bad][first]  # of 0 and -0 either may come first
    if bad.sum() == 1:
        beside = y.take(np.searchsorted(points, at) + np.array([-1, 1]), mode="clip")
        limit = f" Beside it f is {beside[0]:.3g} and {beside[1]:.3g}."
        mend = (
            f"Zeros are common (padding, dropout, a ReLU before it): give f({at:g}) a value, in a formula with "
            f"Piecewise((..., Abs(x) > 0), (value, True)), in code with torch.where on an input that is safe in both."
        )
        told = f"f({at:g}) is {got:g}: one input of exactly {at:g} ends a training.{limit}"
    else:
        low, high = points[bad].min(), points[bad].max()
        told = f"f is no number at {bad.sum()} of {len(points)} inputs from {low:g} to {high:g}; f({at:g}) is {got:g}."
        mend = (
            "Activations are given every number, of either sign: log, a root and a division need log(1 + Abs(x)), "
            "sqrt(x**2 + 1), 1/(1 + Abs(x)), or the part that is defined, by Max(x, 0)."
        )
    fail(told, mend, where=f"x = {at:g}")


@check(WRONG, needs=("float32",))
def nan(s: Subject) -> Finding:
    """NaN in gives NaN out: a diverged network must not look sound."""
    says = ""
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        if s.takes(dtype):
            out, slope = s.value_and_slope(torch.full(s.rows(2), torch.nan), dtype)
            numbers = out.detach()[~out.isnan()].tolist()
            if numbers and (s.truth.gradient is None or not slope.isnan().all()):
                fail(
                    f"NaN becomes {numbers[0]:g}.",
                    "Comparisons with NaN are false: let the branch that takes them return x, or use clamp.",
                    where=f"{str(dtype).removeprefix('torch.')}, x = nan",
                )
            if numbers:
                says = f"NaN becomes {numbers[0]:g}, as steps have it, but the gradient there is NaN, which tells."
    return passed(says)


@check(WRONG, needs=("elementwise", "float32"))
def derivative(s: Subject) -> Finding:
    """f' by autograd on [-12, 12] is the derivative of f, in float64 and float32."""
    return judge([_slopes(s, s.truth.centre, dtype) for dtype in _taken(s)], "f'", _SLOPE)


@check(WRONG, needs=("elementwise", "float32"))
def gradient_tails(s: Subject) -> Finding:
    """f' by autograd out to +-1e4 and at the ends of the dtype."""
    parts = []
    for dtype in _taken(s):
        parts.append(_slopes(s, s.truth.tails, dtype))
        if s.truth.exact is not None:
            parts.append(_slopes(s, s.truth.ends[dtype], dtype))
    return judge(parts, "f'", _SLOPE)


@check(NOTE, needs=("float32",))
def infinity(s: Subject) -> Finding:
    """f and f' at +-inf: they inform, for no network should get there."""
    told = []
    for name in ("inf", "-inf"):
        y, slope = s.value_and_slope(torch.full(s.rows(1), float(name)), torch.float32)
        told.append(f"f({name}) = {y.flatten()[0]:g}, f'({name}) = {slope.flatten()[0]:g}")
    return noted("; ".join(told) + ".")


def _taken(s: Subject) -> list[torch.dtype]:
    return [dtype for dtype in _DTYPES if s.takes(dtype)]


def _values(s: Subject, sample: Sample, dtype: torch.dtype, slack: float = 0.0) -> Errors:
    sample = _off(s, sample, dtype)
    got = s.value(sample.points, dtype)
    slack += s.truth.value_slack
    return compare(sample.points, got, sample.value, sample.points * sample.slope, dtype, slack)


def _relative(s: Subject, sample: Sample, dtype: torch.dtype) -> Errors:
    sample = _off(s, sample, dtype)
    if s.truth.guessed and s.takes(torch.float64):  # where values are small 1e-6 of 1 is no recognition
        own = s.value(sample.points, torch.float64).numpy()
        sample = dataclasses.replace(sample, value=np.where(np.abs(sample.value) < _SMALL, own, sample.value))
    got = s.value(sample.points, dtype)
    return compare_relative(sample.points, got, sample.value, sample.points * sample.slope, dtype, s.truth.value_slack)


def _slopes(s: Subject, sample: Sample, dtype: torch.dtype) -> Errors:
    sample = _off(s, sample, dtype, slopes=True)
    _, got = s.value_and_slope(sample.points, dtype)
    slack = s.truth.slope_slack if s.truth.gradient is None else 0.0
    if s.truth.exact is None and s.truth.gradient is None:  # differences of large values lose digits
        slack = slack + 1e-11 * float(np.abs(sample.value[np.isfinite(sample.value)]).max(initial=0.0))
    errors = compare(sample.points, got, sample.slope, sample.points * sample.curvature, dtype, slack)
    if not s.truth.guessed or s.truth.gradient is not None or not s.takes(torch.float64):
        return errors
    return dataclasses.replace(errors, error=np.where(_confirmed(s, errors), 0.0, errors.error))


def _confirmed(s: Subject, errors: Errors) -> np.ndarray:
    """Where f's own differences, from either side at some step, are the gradient after all: no formula is declared.

    It may bend on a scale that one step misses (x/sqrt(x^2 + 1e-6)), or its curvature may jump.
    """
    confirmed = np.zeros(len(errors.points), dtype=bool)
    doubtful = errors.excess > 1
    x, got = errors.points[doubtful], errors.got[doubtful]
    near = np.zeros(len(x), dtype=bool)
    settled = ~np.isfinite(got)  # NaN is wrong whatever the slope is
    with np.errstate(all="ignore"):
        here, previous = s.in_float64(x), None
        for step in _STEPS:
            h = step * np.maximum(np.abs(x), 1e-3)
            below, above = (here - s.in_float64(x - h)) / h, (s.in_float64(x + h) - here) / h
            central = (below + above) / 2
            for quotient in (below, above, central):
                near |= np.abs(quotient - got) <= errors.limit[doubtful] + _CLOSE * (1e-3 + np.abs(got))
            if previous is not None:  # where no two steps agree, f jumps or swings too fast: nothing is known
                settled |= np.abs(central - previous) <= 0.01 * (1e-3 + np.abs(central))
            previous = central
    confirmed[doubtful] = near | ~settled
    return confirmed


def _off(s: Subject, sample: Sample, dtype: torch.dtype, *, slopes: bool = False) -> Sample:
    """The sample without what rounding may put on the other side of a kink; of slopes also without the kink itself."""
    keep = np.ones(len(sample.points), dtype=bool)
    for kink in s.slope_kinks if slopes else s.kinks:
        distance = np.abs(sample.points - kink)
        reach = 4 * torch.finfo(dtype).eps * abs(kink) + torch.finfo(dtype).tiny
        if slopes and s.truth.exact is None and s.truth.gradient is None:
            reach = 3e-3  # differences step over the kink
        keep &= (distance > reach) | ((distance == 0) & (not slopes))
    return Sample(*(part[keep] for part in (sample.points, sample.value, sample.slope, sample.curvature)))


def _finite_tails(s: Subject) -> Finding:
    """Without a formula: what is finite in float64 must be so in float32, and float64 itself must be a number."""
    if not s.takes(torch.float64):
        skip("no formula is known, and it does not compute in float64")
    tails = s.truth.tails
    bad = tails.points[np.isnan(tails.value)]
    if len(bad):
        first = bad[np.abs(bad).argmin()]
        fail("f is NaN.", mend_of(np.nan, 0.0, _TAIL), where=f"float64, x = {first:g}")
    parts = []
    for sample in (tails, s.truth.centre):
        x, got = sample.points, s.value(sample.points, torch.float32)
        parts.append(compare_relative(x, got, sample.value, x * sample.slope, torch.float32))
    return judge(parts, "f", _TAIL)
