"""Properties beside closed forms, 30-digit quadrature and planted functions of known shape."""

import itertools
import json
import math
from functools import partial

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from actlab import catalogue
from actlab.checks.explain.show import shown
from actlab.checks.properties.measure import properties
from actlab.checks.properties.record import Properties

INF = math.inf

# 1/sqrt(E f^2), measured by quadrature in another program before this one was written, to three decimals
GAINS = {
    "relu": 1.414, "leaky_relu": 1.414, "tanh": 1.593, "sigmoid": 1.846, "gelu": 1.534, "silu": 1.677, "mish": 1.487,
    "elu": 1.245, "selu": 1.000, "softplus": 1.042, "hardswish": 1.737, "star_relu": 1.000, "tanh_exp": 1.375,
    "serf": 1.412, "logish": 2.268, "smish": 2.513, "softsign": 2.338, "snake": 0.875, "relu_squared": 0.816,
}  # fmt: skip

# f and f' with 30 digits, and where they bend
BY_DIGITS = {
    "relu": (lambda x: max(x, 0), lambda x: int(x > 0), [0]),
    "gelu": (lambda x: x * mpmath.ncdf(x), lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x), []),
    "tanh": (mpmath.tanh, lambda x: mpmath.sech(x) ** 2, []),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), lambda x: mpmath.sech(x / 2) ** 2 / 4, []),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, [0]),
    "leaky_relu(0.2)": (lambda x: x if x > 0 else x / 5, lambda x: 1 if x > 0 else mpmath.mpf(1) / 5, [0]),
    "hardshrink": (lambda x: x if abs(x) > 0.5 else 0, lambda x: int(abs(x) > 0.5), [-0.5, 0.5]),
}


def measured(name: str) -> Properties:
    return shown(name).measured


def of(f, slope=None, kinks=None) -> Properties:
    """Of a numpy function; without f' its differences."""
    return properties(f, slope or (lambda x: (f(x + 1e-6) - f(x - 1e-6)) / 2e-6), kinks)


def _power(n, at, x):
    return np.abs(x - at) ** -n


def step(x):
    return (x > 0) * 1.0


@pytest.mark.parametrize("name", BY_DIGITS)
def test_moments_beside_mpmath(name):
    f, slope, bends = BY_DIGITS[name]
    found = measured(name)
    with mpmath.workdps(30):
        edges = sorted([-mpmath.inf, -6, -2, 0, 2, 6, mpmath.inf, *[b for b in bends if b]])
        for value, integrand in (
            (found.mean, f),
            (found.second, lambda x: f(x) ** 2),
            (found.slope_second, lambda x: slope(x) ** 2),
        ):
            assert value == pytest.approx(
                float(mpmath.quad(lambda x, g=integrand: g(x) * mpmath.npdf(x), edges)), abs=1e-8
            )


def test_moments_in_closed_form():
    relu = measured("relu")
    assert (relu.second, relu.slope_second) == (pytest.approx(0.5, abs=1e-12), pytest.approx(0.5, abs=1e-12))
    assert relu.mean == pytest.approx(1 / math.sqrt(2 * math.pi), abs=1e-9)
    sine = of(np.sin, np.cos)
    assert sine.second == pytest.approx((1 - math.exp(-2)) / 2, abs=1e-10)
    assert sine.slope_second == pytest.approx((1 + math.exp(-2)) / 2, abs=1e-10)
    steep = of(lambda x: np.sin(30 * x), lambda x: 30 * np.cos(30 * x))
    assert steep.second == pytest.approx(0.5, abs=1e-10) and steep.slope_second == pytest.approx(450, rel=1e-10)
    power = of(np.exp, np.exp)
    assert power.mean == pytest.approx(math.exp(0.5), rel=1e-10) and power.second == pytest.approx(
        math.exp(2), rel=1e-9
    )


@np.errstate(all="ignore")
def test_moments_that_are_infinite_or_do_not_exist():
    """1/|x|^p is integrable for p < 1; at N(0, 1) e^(a x^2) for a < 1/2; of a signed pole nothing is."""
    for power, at in itertools.product((0.25, 0.4, 0.6, 1.0, 2.0), (0.0, 0.3)):
        found = of(partial(_power, power, at), lambda x, n=power, at=at: -n * _power(n + 1, at, x))
        assert (math.isinf(found.mean), math.isinf(found.second)) == (power >= 1, 2 * power >= 1), (power, at)
        assert math.isinf(found.slope_second) and found.depth == "undecided"
        if power < 0.5 and at == 0:
            wanted = 2**-power * math.gamma(0.5 - power) / math.sqrt(math.pi)
            assert found.second == pytest.approx(wanted, rel=1e-2)
    for scale in (0.1, 0.24, 0.25, 0.3, 0.5, 1.0):
        found = of(lambda x, a=scale: np.exp(a * x * x), lambda x, a=scale: 2 * a * x * np.exp(a * x * x))
        wanted = [INF if rate >= 0.5 else 1 / math.sqrt(1 - 2 * rate) for rate in (scale, 2 * scale)]
        assert (found.mean, found.second) == (pytest.approx(wanted[0]), pytest.approx(wanted[1])), scale
        assert math.isnan(found.gain) == (2 * scale >= 0.5)
    for pole in (lambda x: 1 / x, np.tan, lambda x: 1 / (x - 1), lambda x: np.sinh(x * x) * np.sign(x)):
        found = of(pole)
        assert math.isnan(found.mean) and found.second == INF and math.isnan(found.gain)
        assert "no gain keeps" in dict(found.as_rows())["depth"]
    cusp = of(lambda x: np.sqrt(np.abs(x)), lambda x: np.sign(x) / 2 / np.sqrt(np.abs(x)))
    assert cusp.second == pytest.approx(math.sqrt(2 / math.pi)) and cusp.slope_second == INF
    assert cusp.gain == pytest.approx((math.pi / 2) ** 0.25) and cusp.depth == "undecided" and cusp.lipschitz == INF
    assert of(lambda x: (x > 0.3) * 1.0, np.zeros_like).mean == pytest.approx(0.38208857781, abs=1e-10)
    assert of(lambda x: 0 * x, np.zeros_like).depth == "undecided"


@np.errstate(all="ignore")
def test_poles_infinite_slopes_and_where_f_is_undefined():
    def kinds(found):
        return [(round(kink.x, 6), kink.pole, kink.steep) for kink in found.kinks]

    assert kinds(of(lambda x: 1 / (x - 0.7) ** 2)) == [(0.7, True, False)] == kinds(of(lambda x: np.log(abs(x - 0.7))))
    assert kinds(of(lambda x: np.exp(-1 / x), lambda x: np.exp(-1 / x) / x**2)) == [(0, True, False)]
    assert len(of(np.tan, lambda x: 1 / np.cos(x) ** 2).kinks) == 32
    assert kinds(of(np.cbrt, lambda x: np.cbrt(x) / 3 / x)) == [(0, False, True)]
    assert kinds(of(np.exp, np.exp)) == [] == kinds(of(lambda x: np.exp(x * x), lambda x: 2 * x * np.exp(x * x)))
    log, gap = of(np.log, lambda x: 1 / x), of(lambda x: x / np.expm1(x), lambda x: 1 - x)
    assert log.undefined == ((-INF, 0),) and log.vanishing == ((pytest.approx(10), INF),)
    assert gap.undefined == ((0, 0),) and gap.kinks == () and gap.lowest.value == 0
    assert of(np.arccos, lambda x: -1 / np.sqrt(1 - x * x)).undefined == ((-INF, -1), (1, INF))
    assert dict(log.as_rows())["undefined"] == "x < 0" and "undefined" not in dict(measured("relu").as_rows())
    assert of(np.sqrt, lambda x: 0.5 / np.sqrt(x)).kinks == ()


@pytest.mark.parametrize("name", GAINS)
def test_gains_measured_before(name):
    assert name in catalogue.facts()
    assert measured(name).gain == pytest.approx(GAINS[name], abs=6e-4)


@given(st.floats(-2, 2), st.floats(-2, 2))
@settings(max_examples=25, deadline=None)
def test_lines(a, b):
    """E f = b, E f^2 = a^2 + b^2, E f'^2 = a^2, and a root of a x + b = x."""
    found = of(lambda x: a * x + b, lambda x: np.full_like(x, a))
    assert found.mean == pytest.approx(b, abs=1e-8)
    assert found.second == pytest.approx(a * a + b * b, abs=1e-9)
    assert found.slope_second == pytest.approx(a * a, abs=1e-9)
    if abs(a - 1) > 0.1 and abs(b) > 1e-3:
        (root,) = found.fixed_points if abs(b / (1 - a)) < 50 else (b / (1 - a),)
        assert root == pytest.approx(b / (1 - a), abs=1e-6)
    assert found.kinks == ()


def test_shapes():
    tanh, relu, silu = measured("tanh"), measured("relu"), measured("silu")
    assert (tanh.monotone, tanh.strictly, tanh.parity, tanh.bounded) == ("increasing", True, "odd", "both")
    assert (relu.monotone, relu.strictly, relu.parity, relu.bounded) == ("increasing", False, "neither", "below")
    assert (silu.monotone, silu.bounded) == ("neither", "below")
    assert of(np.cos, lambda x: -np.sin(x)).parity == "even"
    assert of(lambda x: -np.tanh(x)).monotone == "decreasing"
    assert of(lambda x: 0 * x + 2, np.zeros_like).monotone == "constant"
    assert tanh.zero_centred and not relu.zero_centred and tanh.at_zero == 0


def test_ends_that_are_taken_and_ends_that_are_approached():
    sigmoid, gelu = measured("sigmoid"), measured("gelu")
    assert (sigmoid.lowest.value, sigmoid.lowest.taken, sigmoid.lowest.at) == (0, False, -INF)
    assert (sigmoid.highest.value, sigmoid.highest.taken, sigmoid.highest.at) == (1, False, INF)
    assert gelu.lowest.taken and gelu.highest.value == INF
    root = mpmath.findroot(lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x), -0.75)
    assert gelu.lowest.at == pytest.approx(float(root), abs=1e-6)
    assert gelu.lowest.value == pytest.approx(float(root * mpmath.ncdf(root)), abs=1e-9)
    clipped = of(lambda x: np.clip(x, -1, 1), lambda x: (np.abs(x) < 1) * 1.0)
    assert (clipped.lowest.at, clipped.highest.at, clipped.lowest.taken, clipped.highest.taken) == (-1, 1, True, True)
    wave = of(lambda x: np.sin(30 * x), lambda x: 30 * np.cos(30 * x))
    assert wave.highest.value == pytest.approx(1) and wave.highest.at == pytest.approx(math.pi / 60)
    assert of(lambda x: x * np.sin(x)).bounded == "no"
    assert of(lambda x: np.sign(x) * np.log1p(np.abs(x))).bounded == "no"
    assert of(lambda x: np.where(x > 1, x, 0.0)).lowest.taken


def test_lipschitz():
    assert measured("sigmoid").lipschitz == pytest.approx(0.25)
    assert measured("relu_squared").lipschitz == INF
    assert measured("hardshrink").lipschitz == INF  # it jumps, though |f'| <= 1
    assert measured("tanhshrink").lipschitz == pytest.approx(1) and measured("tanhshrink").lipschitz_at == INF
    mish = measured("mish")
    x = np.linspace(0, 4, 400_001)
    p = np.exp(np.log1p(np.exp(x)))  # tanh(log p) = (p^2 - 1)/(p^2 + 1)
    t = (p * p - 1) / (p * p + 1)
    assert mish.lipschitz == pytest.approx(np.max(t + x * (1 - t * t) * (1 - 1 / p)), abs=1e-8)


def test_fixed_points():
    assert measured("relu").fixed_points == ((0.0, INF),)
    assert measured("elu").fixed_points == ((0.0, INF),)
    assert measured("relu6").fixed_points == ((0.0, 6.0),)
    assert measured("gelu").fixed_points == (0.0,)  # though x > 9 gives x again in float64
    assert measured("tanh").fixed_points == (0.0,)
    assert measured("identity").fixed_points == ((-INF, INF),)
    assert measured("hardshrink").fixed_points == ((-INF, -0.5), 0.0, (0.5, INF))
    assert of(lambda x: x + 1).fixed_points == ()
    (root,) = of(np.cos, lambda x: -np.sin(x)).fixed_points
    assert root == pytest.approx(float(mpmath.findroot(lambda x: mpmath.cos(x) - x, 0.7)), abs=1e-9)
    snake = measured("snake")  # x + sin(x)^2 only touches x, at each multiple of pi
    np.testing.assert_allclose(snake.fixed_points, math.pi * np.arange(-3, 4), atol=1e-7)
    assert len(snake.fixed_points) + snake.more_fixed_points == 31


def test_where_a_gradient_vanishes():
    ((low, high), (again, end)) = measured("sigmoid").vanishing
    y = (1 - math.sqrt(1 - 0.4)) / 2  # y (1 - y) = 0.1
    assert (low, end) == (-INF, INF) and (high, again) == (pytest.approx(math.log(y / (1 - y))), pytest.approx(-high))
    assert measured("relu").vanishing == ((-INF, 0.0),)
    assert measured("absolute").vanishing == () == measured("identity").vanishing
    wave = of(lambda x: np.sin(30 * x), lambda x: 30 * np.cos(30 * x))
    assert len(wave.vanishing) + wave.more_vanishing == pytest.approx(100 * 30 / math.pi, abs=1)
    low, high = min(wave.vanishing, key=lambda ends: abs(ends[0]))
    for end in (low, high):
        assert abs(30 * math.cos(30 * end)) == pytest.approx(0.1, rel=1e-5)


def test_kinks_are_found():
    """Planted anywhere, bends and jumps; none where a function only bends steeply."""

    def f(x):
        return np.where(x > 1.2345, 2 * x, x) + np.abs(x + math.pi) + np.tanh(5 * x)

    def slope(x):
        return np.where(x > 1.2345, 2.0, 1.0) + np.sign(x + math.pi) + 5 / np.cosh(5 * x) ** 2

    bend, jump = of(f, slope).kinks
    assert (bend.x, bend.jump) == (pytest.approx(-math.pi, abs=1e-9), False)
    assert (jump.x, jump.jump) == (pytest.approx(1.2345, abs=1e-9), True)
    for name in ("gelu", "elu", "hard_mish", "relu_squared", "softplus", "lecun_tanh"):
        item = shown(name)
        bends = [0.0, -2.0] if name == "hard_mish" else []
        assert all(kink.x in bends for kink in properties(item.value, item.slope).kinks)


@given(st.floats(-8, 8), st.floats(0.05, 3))
@settings(max_examples=25, deadline=None)
def test_a_bend_is_found_wherever_it_is(at, size):
    (kink,) = of(lambda x: size * np.abs(x - at), lambda x: size * np.sign(x - at)).kinks
    assert kink.x == pytest.approx(at, abs=1e-8) and not kink.jump


def test_stated_kinks_that_are_none_are_left_out():
    assert of(np.tanh, lambda x: 1 / np.cosh(x) ** 2, kinks=(0.0,)).kinks == ()
    assert [kink.x for kink in measured("celu(2)").kinks] == []
    assert [kink.x for kink in measured("leaky_relu(0.2)").kinks] == [0]


def test_depth():
    """A gradient's mean square through layers of a wide network at this gain, by experiment."""
    for name in ("relu", "tanh", "gelu"):
        item = shown(name)
        random = np.random.default_rng(0)
        width, layers = 1500, 4
        z = random.standard_normal((width, 20))
        slopes, weights = [], []
        for _ in range(layers):
            slopes.append(item.slope(z))
            weights.append(random.standard_normal((width, width)) * item.measured.gain / math.sqrt(width))
            z = weights[-1] @ item.value(z)
        gradient = random.standard_normal((width, 20))
        before = np.mean(gradient**2)
        for slope, weight in zip(reversed(slopes), reversed(weights), strict=True):
            gradient = slope * (weight.T @ gradient)
        assert (np.mean(gradient**2) / before) ** (1 / layers) == pytest.approx(item.measured.chi, rel=0.06), name
    assert measured("relu").depth == measured("leaky_relu").depth == "keeps"
    assert measured("tanh").depth == "explodes" and measured("sigmoid").depth == "vanishes"


def test_what_is_not_finite_breaks_nothing():
    broken = of(lambda x: x * np.where(x > 80, np.nan, 1 / (1 + np.exp(-x))), lambda x: 1 / (1 + np.exp(-x)))
    assert broken.second == pytest.approx(measured("silu").second) and broken.lowest.value == pytest.approx(
        -0.278465, abs=1e-5
    )
    naive = of(lambda x: np.log(1 + np.exp(x)), lambda x: np.exp(x) / (1 + np.exp(x)))  # NaN slope above 709
    assert naive.gain == pytest.approx(measured("softplus").gain)
    half = of(np.log, lambda x: 1 / x)
    assert math.isnan(half.gain) and half.as_rows()
    everywhere = of(lambda x: x * np.nan, lambda x: x * np.nan)
    assert math.isnan(everywhere.mean) and everywhere.as_rows()
    pole = of(lambda x: 1 / x, lambda x: -1 / x**2)
    assert pole.bounded == "no"
    for found in (broken, naive, half, everywhere, pole):
        json.dumps(found.as_dict(), allow_nan=False)


def test_words():
    rows = dict(measured("relu").as_rows())
    assert rows["range"] == "from 0 at x = 0, unbounded above" and rows["fixed points"] == "x > 0"
    rows = dict(measured("sigmoid").as_rows())
    assert rows["range"] == "from 0 as x -> -inf to 1 as x -> inf" and rows["monotone"] == "strictly increasing"
    assert dict(measured("identity").as_rows())["range"] == "unbounded below and above"
    assert dict(measured("logsigmoid").as_rows())["range"] == "unbounded below to 0 as x -> inf"
    assert "f jumps" in dict(measured("hardshrink").as_rows())["steepest"]
    assert "and 24 more in [-50, 50]" in dict(measured("snake").as_rows())["fixed points"]
