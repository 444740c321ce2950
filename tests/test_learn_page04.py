"""Exercises 4.1 and 4.2: right answers pass, typical wrong ones get their own hint."""

import pytest
import torch
from readers import answered, judged

from actlab.learn import named
from actlab.learn.exercises.sigmoid_start import through

VALUE = "x.clamp(min=0) + torch.log1p(torch.exp(-x.abs()))"
SLOPE = "1 / (1 + torch.exp(-x))"


def answer(value: str = VALUE, slope: str = SLOPE) -> str:
    """The exercise's own file with its two gaps filled in, as a reader does it."""
    return named(4).start.replace("...", value, 1).replace("...", slope, 1)


RIGHT = {
    "by powers below 1": answer(),
    "logaddexp": answer("torch.logaddexp(x, torch.zeros_like(x))", "torch.sigmoid(x)"),
    "slope from the value": answer(slope="-torch.expm1(-value(x))"),
    "two halves": answer(slope="torch.exp(x.clamp(max=0)) / (1 + torch.exp(-x.abs()))"),
}
WRONG = {
    "gap": (named(4).start, "value: the gap is still there"),
    "gap in slope": (answer(slope="..."), "slope: the gap is still there"),
    "as it is written": (answer("torch.log(1 + torch.exp(x))"), "value: at x = 89 it gives inf: on the right e^x"),
    "log1p alone": (answer("torch.log1p(torch.exp(x))"), "value: at x = 89 it gives inf: on the right e^x overflows"),
    "the other side": (
        answer("x + torch.log1p(torch.exp(-x))"),
        "value: at x = -1000 it gives inf: on the left e^-x overflows",
    ),
    "0 too early": (
        answer("x.clamp(min=0) + torch.log(1 + torch.exp(-x.abs()))"),
        "value: at x = -20 it gives 0, and is 2.06e-09: 1 + e^x was rounded to 1",
    ),
    "relu": (answer("x.clamp(min=0)"), "value: that is ReLU"),
    "another": (answer("x.clamp(min=0) + torch.exp(-x.abs())"), "value: at x = 0 it gives 1, and is 0.69315"),
    "one number": (answer("x.sum()"), "value: it gives a Tensor, of another shape"),
    "float": (answer("0.0"), "value: it gives a float"),
    "slope as it is written": (
        answer(slope="torch.exp(x) / (1 + torch.exp(x))"),
        "slope: at x = 89 it gives nan: on the right e^x overflows",
    ),
    "slope cancels": (
        answer(slope="1 - torch.exp(-value(x))"),
        "slope: at x = -20 it gives 0, and is 2.06e-09: two numbers near 1 were subtracted",
    ),
    "slope of the slope": (answer(slope="torch.sigmoid(x) * torch.sigmoid(-x)"), "slope: that is the slope of the"),
    "slope of relu": (answer(slope="(x > 0).float()"), "slope: that is ReLU's slope"),
    "value for slope": (answer(slope="value(x)"), "slope: it gives f(x)"),
    "half": (
        answer("torch.where(x > 20, x, torch.log1p(torch.exp(x)))"),
        "battery, float16 at float16, x = 11.09375: f is inf",
    ),
    "no function": (answer().replace("def slope", "def slop"), "There is no slope in the file: keep the names"),
}
SMALL = {"0 too early", "slope cancels"}


@pytest.mark.large
@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(tmp_path, name):
    assert answered(4, RIGHT[name], tmp_path) == ([], 3)


@pytest.mark.whole
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.large] * (n not in SMALL), id=n) for n in WRONG])
def test_a_wrong_answer_gets_its_own_hint(tmp_path, name):
    text, hint = WRONG[name]
    wrong, _ = answered(4, text, tmp_path)
    assert hint in " ".join(wrong) and len(wrong) <= 3


SIZE = "    W = W / f(Z).std()\n"
BIAS = "    b = -W.sum(dim=1) * f(Z).mean()\n"
BY_PAGE, NO_BIAS = "    W = W / f(Z).square().mean().sqrt()\n", "    b = torch.zeros(outputs, dtype=torch.float64)\n"


def start(size: str = SIZE, bias: str = BIAS) -> str:
    """The file of 4.2, mended."""
    text = named(4, 2).start
    assert BY_PAGE in text and NO_BIAS in text
    return text.replace(BY_PAGE, size).replace(NO_BIAS, bias)


BY_SLOPE = """\
    z = Z.clone().requires_grad_()
    (slope,) = torch.autograd.grad(f(z).sum(), z)
    W = W / slope.square().mean().sqrt()
"""
RIGHT_STARTS = {
    "bias": start(),
    "rows without a sum": start(f"{SIZE}    W = W - W.mean(dim=1, keepdim=True)\n", NO_BIAS),
    "by the slope": start(BY_SLOPE),
    "one bias for all": start(f"{SIZE}    W = W - W.mean(dim=1, keepdim=True)\n", NO_BIAS.replace("outputs", "1")),
    "orthogonal": start("    W = torch.nn.init.orthogonal_(torch.empty_like(W)) / f(Z).std()\n"),
    "parameters of float32": start(bias=f"{BIAS}    W, b = (torch.nn.Parameter(one.float()) for one in (W, b))\n"),
}
WRONG_STARTS = {  # what is not right, and why
    "as it stands": (named(4, 2).start, "sigmoid: ", "f's mean is in each value of each image"),
    "size alone": (start(bias=NO_BIAS), "sigmoid: ", "f's mean is in each value of each image"),
    "mean not weighed": (start(bias="    b = -f(Z).mean()\n"), "sigmoid: ", "f's mean is in each value"),
    "added": (start(bias=BIAS.replace("-W", "W")), "sigmoid: ", "f's mean is in each value"),
    "bias alone": (start(BY_PAGE), "sigmoid: ", "that is the page's gain"),
    "variance": (start(SIZE.replace("std", "var")), "sigmoid: ", "W hands on 4.8 of f's scatter"),
    "half": (start("    W = W / f(Z).std() / 2\n"), "sigmoid: ", "W hands on 0.5 of f's scatter"),
    "no root": (start("    W = W * math.sqrt(inputs) / f(Z).std()\n"), "sigmoid: ", "divide W by √n"),
    "by n": (start("    W = W / math.sqrt(inputs) / f(Z).std()\n"), "sigmoid: ", "divide W by √n"),
    "one unit": (
        start("    W = torch.ones_like(W) / math.sqrt(inputs) / f(Z).std()\n"),
        "sigmoid: ",
        "have the same weights",
    ),
    "one input each": (
        start("    W = torch.eye(outputs, inputs, dtype=torch.float64) / f(Z).std()\n"),
        "tanh: ",
        "if each unit mixes many",
    ),
    "knows sigmoid's size": (start("    W = W * 4.8\n"), "tanh: ", "W hands on 3 of f's scatter"),
    "knows sigmoid's mean": (start(bias="    b = -W.sum(dim=1) / 2\n"), "3 + tanh(z): ", "f's mean is in each value"),
    "nan": (start(bias="    b = math.nan * W[:, 0]\n"), "sigmoid: layer 20 has nan", "f's mean"),
    "turned": (start(f"{SIZE}    W = W.T\n"), "sigmoid: for 48 inputs and 32 units W has the shape (48, 32)", ""),
    "a bias each weight": (start(bias="    b = -W * f(Z).mean()\n"), "sigmoid: for 48 inputs", "b a number a unit"),
    "nothing": (start().replace("return W, b", "return None"), "sigmoid: start gives two things back", ""),
}
QUICK = {"as it stands", "bias alone", "no root"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.large] * (n != "bias")) for n in RIGHT_STARTS])
def test_a_right_start_passes(name):
    found = judged(4, RIGHT_STARTS[name])
    assert [says for right, says in found if not right] == [] and len(found) == 5


@pytest.mark.whole
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.large] * (n not in QUICK)) for n in WRONG_STARTS])
def test_a_wrong_start_gets_its_own_hint(name):
    text, begin, hint = WRONG_STARTS[name]
    [says] = [says for right, says in judged(4, text) if not right]
    assert says.startswith(begin) and hint in says


def test_what_goes_through_layers_is_measured_right():
    """19 layers without a bend, each of which doubles, forward and backward; and what is added differs nowhere."""
    double = lambda f, inputs, outputs: (2 * torch.eye(outputs, dtype=torch.float64), 7.0)  # noqa: E731
    assert through(double, lambda z: z) == pytest.approx([2**19, 2**19])


@pytest.mark.large
def test_a_reader_can_check_a_start(tmp_path):
    assert answered(4, start(), tmp_path, 2) == ([], 5)
