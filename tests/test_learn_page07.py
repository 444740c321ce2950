"""Page 7: right answers pass, typical wrong ones get their own hint."""

import pytest
from readers import answered

from actlab.learn import named

DX = "-torch.expm1(-torch.exp(a * x)) + a * x * torch.exp(a * x - torch.exp(a * x))"
DA = "x * x * torch.exp(a * x - torch.exp(a * x))"
ONE, TWO = "torch.exp(a * x - torch.exp(a * x))", "torch.exp(a * x) * torch.exp(-torch.exp(a * x))"


def answer(dx: str = DX, da: str = DA) -> str:
    """The exercise's own file with its two gaps filled in."""
    return named(7).start.replace("...", dx, 1).replace("...", da, 1)


CLAMPED = "x * (x * torch.exp((u := (a * x).clamp(max=40)) - torch.exp(u)))"
RIGHT = {"by the rules": answer(), "clamped": answer(da=CLAMPED)}
WRONG = {
    "gap": (named(7).start, "df/dx: the gap is still there"),
    "gap in a": (answer(da="..."), "df/da: the gap is still there"),
    "no inner factor": (answer(DX.replace("+ a * x *", "+ x *")), "df/dx: the inner factor is missing. When x moves"),
    "gate alone": (answer("-torch.expm1(-torch.exp(a * x))"), "df/dx: x stands in f twice"),
    "inner alone": (answer(f"a * x * {ONE}"), "df/dx: x stands in f twice"),
    "by a": (answer(DA), "df/dx: that is the derivative by the other one"),
    "sign": (answer(f"-({DX})"), "df/dx: at x = 1.7, a = 0.7 it gives -1.1"),
    "unstable": (answer(DX.replace(ONE, TWO)), "df/dx: right for moderate x, but at x = 200 it is not finite"),
    "by x": (answer(da=DX), "df/da: that is the derivative by the other one"),
    "no inner factor in a": (answer(da=f"x * {ONE}"), "df/da: the inner factor is missing. When a moves"),
    "another inner factor": (answer(da=f"a * x * {ONE}"), "df/da: the inner factor is another"),
    "front": (answer(da=f"-torch.expm1(-torch.exp(a * x)) + {DA}"), "df/da: x in front does not move with a"),
    "unstable in a": (answer(da=DA.replace(ONE, TWO)), "df/da: right for moderate x, but at x = 200"),
    "summed": (answer(da=f"({DA}).sum()"), "df/da: it is no tensor of the shape of x"),
    "a number": (answer("1.0"), "df/dx: it is no tensor of the shape of x"),
    "nan": (answer(f"{DX} * torch.nan"), "df/dx: at x = -3, a = 0.7 it gives nan"),
    "value changed": (answer().replace("return -x * torch.expm1(-torch.exp(a * x))", "return x"), "battery, value"),
    "float32": (answer(DX.replace("a * x *", "a * x.float() *")), "battery, "),
    "another name": (
        answer().replace("def knock", "def knocks").replace("@knock", "@knocks"),
        "There is no block knock",
    ),
    "one derivative": (answer().partition('@knock.derivative(wrt="a")')[0], "There is no block knock with derivatives"),
}
SMALL = {"no inner factor", "by x", "unstable in a"}


@pytest.mark.large
@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(tmp_path, name):
    assert answered(7, RIGHT[name], tmp_path) == ([], 3)


@pytest.mark.whole
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.large] * (n not in SMALL)) for n in WRONG])
def test_a_wrong_answer_gets_its_own_hint(tmp_path, name):
    text, hint = WRONG[name]
    wrong, _ = answered(7, text, tmp_path)
    assert wrong and hint in wrong[0]
