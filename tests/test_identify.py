"""What a function is: planted ones are found with their numbers, near ones are not taken for equal."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import special

from actlab import catalogue
from actlab.checks.explain.show import shown
from actlab.checks.identity.known import identify, same_as
from actlab.errors import UserError


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("name", catalogue.facts())
def test_each_of_the_catalogue_is_itself(name):
    """By its own name, or by one earlier in the list that is the same function at the defaults."""
    found = identify(shown(name).value)
    assert found.kind == "equals" and name in (found.name, *found.also)
    assert found.nearest[0].distance < 1e-6


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x: x * sigmoid(x), "equals silu"),
        (lambda x: x * special.ndtr(x), "equals gelu"),
        (lambda x: np.where(x > 0, x, 0.2 * x), "equals leaky_relu(0.2)"),
        (lambda x: np.log(1 + np.exp(x)), "equals softplus"),  # inf above 709: a broken tail is still softplus
        (lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)), "equals tanh"),  # NaN above 709
        (lambda x: np.clip(x, 0, 6), "equals relu6"),
        (lambda x: x + 0, "equals identity"),
    ],
)
def test_equal(f, text):
    assert identify(f).text == text


@pytest.mark.parametrize(
    ("f", "name", "numbers"),
    [
        (lambda x: 3 * np.tanh(2 * x + 1) - 2, "tanh", (3, 2, 1, -2)),
        (lambda x: 2 * np.maximum(x, 0) + 1, "relu", (2, 1, 0, 1)),
        (lambda x: np.maximum(-x, 0), "relu", (1, -1, 0, 0)),
        (lambda x: -np.tanh(x), "tanh", (-1, 1, 0, 0)),
        (lambda x: 3 * x - 2, "identity", (3, 1, 0, -2)),
        (lambda x: -0.7 * special.ndtr(1.5 * x - 0.2) * (1.5 * x - 0.2), "gelu", (-0.7, 1.5, -0.2, 0)),
        (lambda x: 0.37 * np.where(x > -0.3, 1.7 * x + 0.51, np.expm1(np.minimum(1.7 * x + 0.51, 0))) + 0.2,
         "elu", (0.37, 1.7, 0.51, 0.2)),
    ],
)  # fmt: skip
def test_up_to_scale_and_shift(f, name, numbers):
    found = identify(f)
    assert (found.kind, found.name) == ("affine", name)
    assert found.affine == pytest.approx(numbers, abs=1e-7)
    assert f"{name} up to input and output scale and shift" in found.text


@pytest.mark.large
@given(
    st.sampled_from(["tanh", "silu", "gelu", "softsign", "mish"]),
    st.floats(0.2, 5), st.floats(0.3, 4), st.floats(-2, 2), st.floats(-5, 5),
)  # fmt: skip
@settings(max_examples=10, deadline=None)
def test_any_scale_and_shift_is_undone(name, a, b, c, d):
    """Whatever numbers are found, with them the function is itself again."""
    g = shown(name).value

    def f(x):
        return a * g(b * x + c) + d

    found = identify(f)
    assert found.kind in ("affine", "equals")
    if found.kind == "affine":
        scale, stretch, shift, offset = found.affine
        x = np.linspace(-5, 5, 301)
        other = shown(found.name).value
        np.testing.assert_allclose(scale * other(stretch * x + shift) + offset, f(x), atol=2e-6 * a * b * 12)


def test_nearly_is_not_equally():
    assert identify(shown("gelu").value).also == ()
    almost = identify(lambda x: x * special.ndtr(x) + 1e-3 * np.sin(x))
    assert almost.kind == "nearest" and almost.name == "gelu"
    assert almost.distance == pytest.approx(1e-3, rel=0.01) and abs(math.sin(almost.where)) > 0.99
    tanh = identify(shown("gelu_tanh").value)
    assert tanh.name == "gelu_tanh" and "gelu" not in tanh.also
    x = np.linspace(-5, 5, 100_001)
    true = np.abs(shown("gelu").value(x) - shown("gelu_tanh").value(x)).max()
    (gelu,) = [near for near in tanh.nearest if near.name == "gelu"]
    assert gelu.distance == pytest.approx(true, rel=0.01)


@pytest.mark.large
def test_what_is_clipped_far_out_is_no_relu():
    found = identify(lambda x: np.clip(x, 0, 1000))
    assert (
        found.kind == "nearest" and found.text == "relu on [-5, 5], but not beyond: at x = 1e+04 it is 1000, not 1e+04"
    )
    assert identify(lambda x: np.clip(x, 0, 40)).kind == "nearest"
    assert identify(lambda x: 2 * np.clip(x, -20, 20) + 1).kind != "equals"


def test_a_piece_of_a_function_is_not_the_function():
    """(x + 11)^2 is relu_squared, shifted, for x > -11; a line is a piece of half the catalogue."""
    assert identify(lambda x: (x + 11) ** 2).kind == "nearest"
    assert identify(lambda x: x**3).kind == "nearest"
    assert identify(lambda x: 5 * x).name == "identity"
    constant = identify(lambda x: 0 * x + 3)
    assert constant.text == "the constant 3" and constant.affine == (0, 1, 0, 3)


def test_given_parameters_are_tried():
    def f(x):
        return np.where(x > 0, x, 0.1234 * x)

    assert identify(f).kind == "nearest"
    found = identify(f, {"negative_slope": 0.1234})
    assert found.text == "equals leaky_relu(0.1234)" and found.parameters == {"negative_slope": 0.1234}
    usual = identify(lambda x: np.where(x > 0, x, 0.2 * x), {"negative_slope": 0.2})
    assert usual.text == "equals leaky_relu(0.2)" and usual.also == ("prelu(0.2)",)


def test_what_is_not_finite():
    nothing = identify(lambda x: x * np.nan)
    assert nothing.kind == "nearest" and nothing.distance is None and nothing.nearest == ()
    assert identify(np.log).kind == "nearest"
    for f in (np.log, np.tanh, lambda x: x * np.nan, lambda x: 2 * np.tanh(x)):
        json.dumps(identify(f).as_dict(), allow_nan=False)


@pytest.mark.large
def test_same_as():
    names = {same.name: same for same in same_as("tanh")}
    assert "up to" in names["sigmoid"].text and "2 sigmoid(2 x) - 1" in names["sigmoid"].text
    assert "tanh" not in names and "gelu" not in names
    assert {"leaky_relu": "equals leaky_relu(0.25)"}.items() <= {s.name: s.text for s in same_as("prelu")}.items()
    for one, other in (
        ("silu", "swish_beta"),
        ("sparse_plus", "smelu"),
        ("elu", "celu"),
        ("relu6", "brelu"),
        ("softplus", "logsigmoid"),
    ):
        assert other in {same.name for same in same_as(one)}, (one, other)
    assert "gelu_tanh" not in {same.name for same in same_as("gelu")}
    with pytest.raises(UserError, match="Did you mean 'relu'"):
        same_as("rleu")
    with pytest.raises(UserError, match="takes a name of the catalogue"):
        same_as("torch.nn:GELU")


@pytest.mark.parametrize("at", [0.0, 0.3, -4.5])
def test_nothing_is_nearest_to_a_pole(at):
    assert identify(lambda x: 1 / (x - at)).text == "not finite on [-5, 5]"
