"""Exercise 4.1: right answers pass, typical wrong ones get their own hint."""

import pytest
from readers import answered

from actlab.learn import named

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
    "no function": (answer().replace("def slope", "def slop"), "has no attribute 'slope'"),
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
