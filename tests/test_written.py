"""Activations from formulas: right at the hard places, differentiable twice, and like any other for torch."""

import copy
import math
import pickle
from types import SimpleNamespace

import mpmath
import pytest
import torch
from formulas import FORMULAS
from torch.autograd import gradcheck, gradgradcheck

from actlab import catalogue
from actlab.formula.clause import read
from actlab.formula.derivative import differentiate
from actlab.formula.exact import Exact
from actlab.formula.grammar import parse
from actlab.making.code import block
from actlab.making.resolution import ByHand, resolve
from actlab.making.tensors import compiled
from actlab.making.written import written
from actlab.naming.targets import parse as parse_target

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


def mistakes(function, text, parameters, dtype):
    """Where value or derivative are not what 50 digits say: (what, x, got, true)."""
    x = torch.tensor(POINTS, dtype=dtype)
    names = tuple(function.facts.parameters.values())
    y = function.value(x, *names).tolist()
    dy = function.slope("x", x, function.value(x, *names), names).tolist()
    exact = Exact(parse(text), parameters)
    at = x.tolist()
    values, slopes = exact.values(at), exact.slopes(at)
    limits = torch.finfo(dtype)
    found = []
    for point, got, slope, true, true_slope in zip(at, y, dy, values, slopes, strict=True):
        if any(abs(point - kink) < 1e-7 for kink in function.facts.kinks) or mpmath.isnan(true):
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
    function = written(text, dict(values))
    for dtype in (torch.float64, torch.float32):
        x = torch.tensor(POINTS, dtype=dtype, requires_grad=True)
        (slope,) = torch.autograd.grad(function(x).sum(), x, create_graph=True)
        assert not slope.isnan().any()
        if slope.requires_grad:
            (second,) = torch.autograd.grad(slope.sum(), x)
            assert not second.isnan().any(), x[second.isnan()]
    nan = torch.tensor([math.nan, 1.0, math.nan])
    assert function(nan).isnan().tolist() == [True, False, True]
    points = (-6.3, -4.2, -1.3, -0.31, 0.27, 0.9, 2.4, 5.5)
    off = [p for p in points if all(abs(p - k) > 0.01 for k in function.facts.kinks)]
    x = torch.tensor(off, dtype=torch.float64, requires_grad=True)
    rest = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in dict(values).values()]
    assert gradcheck(function, (x, *rest))
    assert gradgradcheck(function, (x, *rest))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(("text", "values"), ALL, ids=IDS)
def test_the_printed_block_is_right(text, values, dtype):
    """What `actlab derive` prints, run: the same standard as the activation itself."""
    parameters = dict(values)
    ours = written(text, parameters)
    printed = block(read(text, parameters), ours.forms, ours.facts.kinks)
    assert max(map(len, printed.splitlines())) <= 300
    names = {"__name__": "printed"}
    exec(compile(printed, "<printed>", "exec"), names)
    theirs = names["formula"]
    assert theirs.facts.parameters == ours.facts.parameters
    assert mistakes(theirs, text, parameters, dtype) == []
    x = torch.tensor(POINTS, dtype=dtype, requires_grad=True)
    (slope,) = torch.autograd.grad(theirs(x).sum(), x, create_graph=True)
    second = torch.autograd.grad(slope.sum(), x)[0] if slope.requires_grad else slope
    assert not slope.isnan().any() and not second.isnan().any()
    tensors = [torch.tensor(v, dtype=dtype) for v in theirs.facts.parameters.values()]
    torch.testing.assert_close(theirs(x, *tensors), ours(x), equal_nan=True)


@pytest.fixture
def swish():
    return written("x * sigmoid(beta*x)", {"beta": 1.5}, ["beta"])


def test_it_pickles_by_its_text(swish):
    again = pickle.loads(pickle.dumps(swish))
    assert again is swish and copy.deepcopy(swish) is swish
    assert written("x*sigmoid( beta*x ) where beta=1.5 learned") is swish


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "text", ["x*tanh(softplus(x))", "where(x > 0, x, exp(x) - 1)", "x - tanh(x)", "min(max(x, -1), 1)"]
)
def test_compiles_whole(text):
    function = written(text)
    compiled = torch.compile(lambda x: function(x), fullgraph=True, backend="aot_eager")
    x = torch.linspace(-4, 4, 33, requires_grad=True)
    (expected,) = torch.autograd.grad(function(x).sum(), x)
    (got,) = torch.autograd.grad(compiled(x).sum(), x)
    torch.testing.assert_close(got, expected)


def test_vmap_and_forward_mode(swish):
    x = torch.linspace(-3, 3, 12, dtype=torch.float64).reshape(3, 4)
    torch.testing.assert_close(torch.func.vmap(swish)(x), swish(x))
    slope = torch.func.vmap(torch.func.vmap(torch.func.grad(swish)))(x)
    torch.testing.assert_close(slope, swish.derivatives["x"](x, 1.5))
    _, tangent = torch.func.jvp(swish, (x,), (torch.ones_like(x),))
    torch.testing.assert_close(tangent, slope)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision(swish, dtype):
    x = torch.linspace(-6, 6, 49).to(dtype)
    torch.testing.assert_close(swish(x), swish(x.float()).to(dtype))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("text", "parameters"), FORMULAS, ids=[text for text, _ in FORMULAS])
def test_sound_forms_in_half_precision(text, parameters, dtype):
    """Their clamps at 1e9 are beyond float16: value and derivatives are computed in float32, and rounded once."""
    function = written(text, parameters)
    x = torch.tensor([-torch.inf, -70, -7, -1, -0.5, 0, 0.25, 1, 3, 9, torch.inf, torch.nan]).to(dtype)
    for f in (function.value, *function.derivatives.values()):
        expected = f(x.float(), *function.facts.parameters.values()).to(dtype)
        torch.testing.assert_close(f(x, *function.facts.parameters.values()), expected, rtol=0, atol=0, equal_nan=True)


def test_the_engine_takes_it_by_hand(swish):
    applied = resolve(parse_target("x*sigmoid(beta*x) where beta=1.5 learned"))
    assert isinstance(applied, ByHand) and applied.block is swish and applied.initial == [1.5]
    z = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    learned = torch.tensor([[1.0], [2.0]], requires_grad=True)
    y, saved = applied.forward(z, learned.detach())
    torch.testing.assert_close(y, z * torch.sigmoid(learned.detach() * z))
    (expected,) = torch.autograd.grad((z * torch.sigmoid(learned * z)).sum(), learned)
    torch.testing.assert_close(applied.backward_learned(saved, torch.ones_like(z)), expected)


@pytest.mark.parametrize(
    ("text", "kinks"),
    [
        ("x*tanh(x)", ()),
        ("max(x, 0)", (0.0,)),
        ("abs(x - 0.3) + x/(1 + abs(x))", (0.3,)),
        ("clip(2*x, -1, 1)", (-0.5, 0.5)),
        ("where(x**2 > 2, x, 0)", (-math.sqrt(2), math.sqrt(2))),
        ("Piecewise((x, x > 0), (alpha*(exp(x) - 1), True)) where alpha=1", ()),
        ("Piecewise((x, x > 0), (alpha*(exp(x) - 1), True)) where alpha=2", (0.0,)),
    ],
)
def test_kinks_are_found(text, kinks):
    assert written(text).facts.kinks == pytest.approx(kinks)


def test_numbers_that_a_naive_form_gets_wrong():
    """The rules are needed: the formula as it stands fails the standard that the sound form passes."""
    for text in (
        "log(1 + exp(x))",
        "x*(1 + erf(x/sqrt(2)))/2",
        "x - tanh(x)",
        "x*tanh(exp(x))",
        "(x + sqrt(x**2 + 4))/2",
    ):
        node = parse(text)
        naive = compiled(node, ())
        slope = compiled(differentiate(node), ())
        fake = SimpleNamespace(
            value=naive, slope=lambda _w, x, _y, _p, s=slope: s(x), facts=SimpleNamespace(kinks=(), parameters={})
        )
        assert mistakes(fake, text, {}, torch.float32)
