"""Activations from formulas: right at the hard places, differentiable twice, and like any other for torch."""

import copy
import math
import pickle

import mpmath
import pytest
import torch
from formulas import FORMULAS
from torch.autograd import gradcheck, gradgradcheck

from actlab import catalogue
from actlab.activations.resolve import ByHand, resolve
from actlab.activations.written import written
from actlab.formula.exact import Exact
from actlab.formula.grammar import parse
from actlab.targets import parse as parse_target

POINTS = [0.0, 1e-8, -1e-8, 1e-3, -1e-3, *(i / 8 + 1 / 64 for i in range(-96, 97))]
POINTS += [sign * size for size in (12, 20, 30, 88.7, 89, 104, 1e3, 1e4) for sign in (1, -1)]
CATALOGUE = [
    (f.formula, f.parameters) for f in catalogue.facts().values() if parse(f.formula).names <= set(f.parameters)
]
ALL = list(dict.fromkeys((text, tuple(values.items())) for text, values in FORMULAS + CATALOGUE))
IDS = [text for text, _ in ALL]


def rounded(number, dtype):
    """The nearest number of the dtype: what is too large is infinite, as in floats."""
    if not mpmath.isfinite(number):
        return float(number)
    try:
        return torch.tensor(float(number), dtype=torch.float64).to(dtype).item()
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def mistakes(block, text, parameters, dtype):
    """Where value or derivative are not what 50 digits say: (what, x, got, true)."""
    x = torch.tensor(POINTS, dtype=dtype)
    names = tuple(block.facts.parameters.values())
    y = block.value(x, *names).tolist()
    dy = block.slope("x", x, block.value(x, *names), names).tolist()
    exact = Exact(parse(text), parameters)
    at = x.tolist()
    values, slopes = exact.values(at), exact.slopes(at)
    limits = torch.finfo(dtype)
    found = []
    for point, got, slope, true, true_slope in zip(at, y, dy, values, slopes, strict=True):
        if any(abs(point - kink) < 1e-7 for kink in block.facts.kinks) or mpmath.isnan(true):
            continue
        wanted, wanted_slope = rounded(true, dtype), rounded(true_slope, dtype)
        conditioning = abs(point * wanted_slope)
        allowed = 64 * limits.eps * (1 + conditioning) + 64 * limits.eps * abs(wanted)
        if got != wanted and not abs(got - wanted) <= allowed:
            found.append(("value", point, got, wanted))
        loss = 4 * limits.eps * conditioning / abs(wanted) if wanted else math.inf
        if limits.tiny < abs(wanted) < math.inf and loss < 1e-3 and not abs(got - wanted) <= 1e-3 * abs(wanted):
            found.append(("relative value", point, got, wanted))
        curvature = abs(point) * min(abs(float(exact.slopes([point], order=2)[0])), 1e300)
        allowed = 64 * limits.eps * (1 + curvature + abs(wanted_slope))
        if slope != wanted_slope and not abs(slope - wanted_slope) <= allowed:
            found.append(("slope", point, slope, wanted_slope))
    return found


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(("text", "values"), ALL, ids=IDS)
def test_value_and_derivative_against_fifty_digits(text, values, dtype):
    parameters = dict(values)
    assert mistakes(written(text, parameters), text, parameters, dtype) == []


@pytest.mark.parametrize(("text", "values"), ALL, ids=IDS)
def test_gradients_twice(text, values):
    block = written(text, dict(values))
    for dtype in (torch.float64, torch.float32):
        x = torch.tensor(POINTS, dtype=dtype, requires_grad=True)
        (slope,) = torch.autograd.grad(block(x).sum(), x, create_graph=True)
        assert not slope.isnan().any()
        if slope.requires_grad:
            (second,) = torch.autograd.grad(slope.sum(), x)
            assert not second.isnan().any(), x[second.isnan()]
    nan = torch.tensor([math.nan, 1.0, math.nan])
    assert block(nan).isnan().tolist() == [True, False, True]
    off = [
        p for p in (-6.3, -4.2, -1.3, -0.31, 0.27, 0.9, 2.4, 5.5) if all(abs(p - k) > 0.01 for k in block.facts.kinks)
    ]
    x = torch.tensor(off, dtype=torch.float64, requires_grad=True)
    rest = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in dict(values).values()]
    assert gradcheck(block, (x, *rest))
    assert gradgradcheck(block, (x, *rest))
