"""What `actlab show --gradient` prints: numbers by another route, planted mistakes found, a page of 88 columns."""

import numpy as np
import pytest
import torch

from actlab import catalogue
from actlab.checks.explain import gradient
from actlab.checks.explain.gradient import LIMIT, WAYS, gradient_example
from actlab.checks.explain.show import WIDTH
from actlab.errors import UserError

HAND, AUTOGRAD, DIFFERENCES = WAYS
ORACLES = {
    "relu": torch.nn.functional.relu,
    "tanh": torch.tanh,
    "leaky_relu(0.2)": lambda z: torch.nn.functional.leaky_relu(z, 0.2),
    "prelu": lambda z: torch.nn.functional.prelu(z, torch.tensor([0.25], dtype=z.dtype)),
    "gelu": torch.nn.functional.gelu,
    "softplus": torch.nn.functional.softplus,
    "torch.nn:GELU": torch.nn.functional.gelu,
    "torch.nn:PReLU": lambda z: torch.where(z > 0, z, 0.25 * z),
    "torch:sin": torch.sin,
}


def block(tmp_path, derivative: str, value: str = "torch.tanh(x)", name: str = "mine.py") -> str:
    (tmp_path / name).write_text(
        "from actlab import activation\nimport torch\n"
        "@activation(family='mine', formula='tanh(x)', range='(-1, 1)', reference='a note', checked='no')\n"
        f"def swoosh(x):\n    'A tanh of my own.'\n    return {value}\n"
        f"@swoosh.derivative(wrt='x')\ndef _(x):\n    return {derivative}\n"
    )
    return f"{tmp_path}/{name}:swoosh"


def network() -> tuple[torch.Tensor, ...]:
    fixed = (gradient._X_BI, gradient._W1_HI, gradient._B1_H, gradient._W2_CH, gradient._B2_C)
    return tuple(torch.tensor(values, dtype=torch.float64) for values in fixed)


def test_relu_by_numpy():
    """Every number of the example again, in numpy and without the chain rule written once in the module."""
    example = gradient_example("relu")
    x = np.array([[-1.2, 0.7], [2.4, -0.4]])
    incoming = np.array([[0.5, -1.0], [2.0, 3.0]])
    np.testing.assert_array_equal(example.y, np.maximum(x, 0))
    np.testing.assert_array_equal(example.gate, [[0, 1], [1, 0]])
    np.testing.assert_array_equal(example.outgoing, np.where(x > 0, incoming, 0))

    inputs, w1, b1, w2, b2 = (tensor.numpy() for tensor in network())
    weight, bias, loss = np.zeros_like(w1), np.zeros_like(b1), 0.0
    for sample, label in zip(inputs, gradient._LABELS_B, strict=True):
        z = w1 @ sample + b1
        logits = w2 @ np.maximum(z, 0) + b2
        p = np.exp(logits) / np.exp(logits).sum()
        loss -= np.log(p[label]) / 3
        for unit in range(4):
            if z[unit] > 0:
                d = sum((p[c] - (c == label)) * w2[c, unit] for c in range(2)) / 3
                bias[unit] += d
                weight[unit] += d * sample
    assert example.loss == pytest.approx(loss, rel=1e-12)
    for way in WAYS:
        np.testing.assert_allclose(example.weight[way], weight, rtol=0, atol=1e-9)
        np.testing.assert_allclose(example.bias[way], bias, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ORACLES)
def test_the_numbers_are_pytorchs(name):
    example = gradient_example(name)
    x = torch.tensor(gradient._X, dtype=torch.float64, requires_grad=True)
    y = ORACLES[name](x)
    y.backward(torch.tensor(gradient._INCOMING, dtype=torch.float64))
    np.testing.assert_allclose(example.y, y.detach(), rtol=1e-12)
    np.testing.assert_allclose(example.outgoing, x.grad, rtol=1e-12)

    inputs, w1, b1, w2, b2 = network()
    first, second = torch.nn.Linear(2, 4, dtype=torch.float64), torch.nn.Linear(4, 2, dtype=torch.float64)
    for parameter, value in ((first.weight, w1), (first.bias, b1), (second.weight, w2), (second.bias, b2)):
        parameter.data.copy_(value)
    logits = second(ORACLES[name](first(inputs)))
    torch.nn.functional.cross_entropy(logits, torch.tensor(gradient._LABELS_B)).backward()
    for way in WAYS:
        np.testing.assert_allclose(example.weight[way], first.weight.grad, rtol=0, atol=1e-9)
        np.testing.assert_allclose(example.bias[way], first.bias.grad, rtol=0, atol=1e-9)
    assert example.agrees and "They agree" in example.render()


@pytest.mark.parametrize("name", [*catalogue.facts(), *ORACLES])
def test_the_page_is_narrow_and_every_way_agrees(name):
    example = gradient_example(name)
    text = example.render()
    assert example.agrees, example.gaps
    steep = np.abs(example.slope).max() > 5  # sin(30 x) bends within a step
    assert steep or max(example.gaps.values()) < LIMIT / 1000  # the limit has room
    assert all(len(line) <= WIDTH and line == line.rstrip() for line in text.splitlines())
    assert all(shape in text for shape in ("(2, 2)", "(3, 4)", "(4, 2)", "(4,)"))


def test_the_inputs_keep_away_from_kinks():
    z = np.concatenate([gradient_example("relu").z.ravel(), np.ravel(gradient._X)])
    assert np.abs(2 * z - np.round(2 * z)).min() > 0.03  # from 0, +-0.5, +-1, ...
    for row in gradient_example("relu").slope.T:
        assert row.any()  # each unit is open for some sample: no gradient is 0 by accident


def test_the_relu_page():
    lines = [line.strip() for line in gradient_example("relu").render().splitlines()]
    assert "x (2, 2)           y = f(x) (2, 2)     f'(x) (2, 2)" in lines
    assert "[ -1.2   0.7 ]     [ 0.0  0.7 ]        [ 0  1 ]" in lines
    assert "[  0.5  -1.0 ]  *  [ 0  1 ]      =  [  0  -1 ]" in lines
    assert lines[-1].startswith("They agree: no difference is above 1e-06.")


def test_a_wrong_derivative_is_found(tmp_path):
    right = gradient_example(block(tmp_path, "1 - torch.tanh(x)**2", name="right.py"))
    wrong = gradient_example(block(tmp_path, "1 - torch.tanh(x)", name="wrong.py"))
    assert right.agrees and not wrong.agrees
    assert wrong.gaps[AUTOGRAD, DIFFERENCES] < 1e-9
    assert wrong.gaps[HAND, AUTOGRAD] > 0.01 and wrong.gaps[HAND, DIFFERENCES] > 0.01
    np.testing.assert_array_equal(wrong.weight[AUTOGRAD], right.weight[AUTOGRAD])
    text = " ".join(wrong.render().split())
    assert "They do NOT agree" in text and "The derivative written for wrong.py:swoosh is wrong." in text
    place = np.unravel_index(np.abs(wrong.slope - wrong.true_slope).argmax(), wrong.z.shape)
    z = wrong.z[place]
    assert f"Worst at z = {z:.4g}" in text and f"the slope of f is {1 - np.tanh(z) ** 2:.4g}" in text


def test_a_derivative_of_nan_is_found(tmp_path):
    example = gradient_example(block(tmp_path, "x * float('nan')"))
    assert not example.agrees
    assert "is given as nan" in " ".join(example.render().split())


def test_a_large_derivative_keeps_the_page_narrow(tmp_path):
    for factor in ("1.0e30", "999.98765", "-1234.5", "1e-30"):
        text = gradient_example(block(tmp_path, f"{factor} * torch.exp(x)")).render()
        assert max(map(len, text.splitlines())) <= WIDTH
        assert "NOT" in text


def test_a_value_that_autograd_cannot_follow(tmp_path):
    """The derivative is right, and autograd, which sees x + 0, is the odd one out."""
    path = block(tmp_path, "1 - torch.tanh(x)**2", value="x + (torch.tanh(x) - x).detach()")
    example = gradient_example(path)
    assert example.gaps[HAND, DIFFERENCES] < 1e-9 and not example.agrees
    assert "autograd sees another" in " ".join(example.render().split())


def test_a_function_whose_gradient_is_not_its_slope(tmp_path):
    (tmp_path / "straight.py").write_text(
        "import torch\n"
        "class Sine(torch.autograd.Function):\n"
        "    @staticmethod\n    def forward(ctx, x):\n        return torch.sin(x)\n"
        "    @staticmethod\n    def backward(ctx, gradient):\n        return gradient\n"
    )
    example = gradient_example(f"{tmp_path}/straight.py:Sine")
    assert example.gaps[HAND, AUTOGRAD] < 1e-9 and not example.agrees
    assert "is not the slope of its values" in " ".join(example.render().split())


@pytest.mark.parametrize(
    ("derivative", "words"), [("1.0", "float"), ("torch.ones(())", "torch.ones_like"), ("nonsense", "NameError")]
)
def test_a_derivative_that_cannot_be_used_is_told_in_words(tmp_path, derivative, words):
    with pytest.raises(UserError, match=words):
        gradient_example(block(tmp_path, derivative))


def test_a_module_without_a_written_derivative_says_so():
    text = gradient_example("torch.nn:GELU").render()
    assert "No derivative is written for it" in text
    assert "No derivative is written for it" not in gradient_example("gelu").render()


def test_a_callable_can_be_shown():
    def cubic(x):
        return x**3

    example = gradient_example(cubic)
    np.testing.assert_allclose(example.gate, 3 * np.square(gradient._X), rtol=1e-12)
    assert example.agrees and example.label == "cubic"


def test_learned_and_given_parameters_are_told():
    assert "weight = 0.25 (learned; its start)" in gradient_example("prelu").render()
    given = gradient_example("prelu(0.1)").render()
    assert "weight = 0.1." in given and "learned" not in given
    np.testing.assert_array_equal(gradient_example("prelu(0.1)").gate, [[0.1, 1], [1, 0.1]])


def test_a_wrong_derivative_of_a_parameter_is_found(tmp_path):
    file = tmp_path / "mine.py"
    text = (
        "import torch\nfrom actlab import activation\n"
        "@activation(family='m', formula='b*x', range='R', reference='-', checked='-', learned=('b',))\n"
        "def line(x, b=0.5):\n    'A line.'\n    return torch.where(x > 0, x, b * x)\n"
        "@line.derivative(wrt='x')\ndef _(x, b):\n    return torch.where(x > 0, torch.ones_like(x), b)\n"
        "@line.derivative(wrt='b')\ndef _(x):\n    return {} * x.clamp(max=0)\n"
    )
    file.write_text(text.format(5))
    wrong = gradient_example(f"{file}:line")
    assert not wrong.agrees and wrong.wrong_parameters == ["b"]
    assert "with respect to b is wrong" in " ".join(wrong.render().split())
    file.write_text(text.format(1))
    assert gradient_example(f"{file}:line").agrees
    file.write_text(text.split("@line.derivative(wrt='b')")[0])
    with pytest.raises(UserError, match="learns b, but has no derivative"):
        gradient_example(f"{file}:line")


def test_every_derivative_of_a_parameter_is_compared():
    assert set(gradient_example("prelu").learnable) == {"weight"}
    assert set(gradient_example("elu(0.5)").learnable) == {"alpha"}
    assert gradient_example("prelu").agrees and gradient_example("elu(0.5)").agrees


def test_one_activation_at_a_time():
    with pytest.raises(UserError, match="one activation is shown at a time"):
        gradient_example("relu/tanh")
    with pytest.raises(UserError, match="Did you mean 'relu'"):
        gradient_example("rleu")
