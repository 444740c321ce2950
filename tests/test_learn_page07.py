"""Exercises 7.1 and 7.2: right answers pass, typical wrong ones get their own hint."""

import itertools

import numpy as np
import pytest
from readers import answered, judged

from actlab.learn import named
from actlab.learn.exercises import claims
from actlab.stats import mean_interval

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
    "page": (answer(DX.replace("a * x", "x")), "df/dx: that is the page's slope, where a is 1"),
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


TRUE = {
    "A": "one seed speaks for all",
    "B": "undecided is called equal",
    "C": "allowed",
    "D": "rivals were not treated alike",
    "E": "too small to matter",
    "F": "allowed",
    "G": "says more than was tried",
    "H": "allowed",
}


def judgements(**changed: str) -> str:
    text = named(7, 2).start
    for letter, judgement in (TRUE | changed).items():
        assert text.count(f'"{letter}": ...') == 1
        text = text.replace(f'"{letter}": ...', f'"{letter}": {judgement!r}' if judgement else f'"{letter}": ...')
    return text


@pytest.mark.whole
@pytest.mark.parametrize(
    ("letter", "judgement", "hint"),
    [
        ("", "", ""),
        ("A", "", "A: the gap is still there: put one of JUDGEMENTS"),
        ("A", "allowed", "in how many of the eight columns"),
        ("B", "allowed", "look at the two ends of the interval"),
        ("B", "too small to matter", "the mean is small. Are both ends"),
        ("C", "too small to matter", "an interval that lies within the margins"),
        ("D", "allowed", "How did each of the two come to its learning rate?"),
        ("E", "allowed", "above 0, yes. How far"),
        ("E", "undecided is called equal", "an interval that reaches over a margin"),
        ("F", "one seed speaks for all", "Which columns does it speak of?"),
        ("G", "allowed", "which data are in the table?"),
        ("H", "rivals were not treated alike", "keep silent about it"),
        ("H", ["allowed"], "['allowed'] is none of the judgements"),
        ("H", "true", "'true' is none of the judgements: allowed; one seed"),
    ],
)
def test_a_judgement(letter, judgement, hint):
    found = judged(7, judgements(**({letter: judgement} if letter else {})))
    assert len(found) == 8 and [says[:1] for right, says in found if not right] == [letter] * bool(letter)
    assert all(hint in says for right, says in found if not right)


def test_a_hint_does_not_name_the_judgement():
    assert set(TRUE.values()) == set(claims.JUDGEMENTS)
    for letter, judgement in itertools.product(TRUE, claims.JUDGEMENTS):
        for right, says in judged(7, judgements(**{letter: judgement})):
            named_wrong = says.partition("': ")[2]
            assert right == (says[0] != letter or judgement == TRUE[letter])
            assert right or (named_wrong and TRUE[letter] not in named_wrong)
    assert judged(7, "CLAIMS = [1]")[0][1].startswith("There is no dictionary CLAIMS")


def test_the_numbers_are_what_the_sentences_say():
    """By Bonferroni's intervals of the four; and each sentence that is not allowed fails by one thing alone."""
    exec(compile(named(7, 2).start, "answer.py", "exec"), space := {"__name__": "answer"})
    arms, margin = {name: np.array(values) for name, values in space["ACCURACY"].items()}, space["MARGIN"]
    ends = {name: mean_interval(arms[name] - arms["relu"], 1 - 0.05 / 4) for name in arms if name != "relu"}
    assert space["JUDGEMENTS"] == claims.JUDGEMENTS and {len(values) for values in arms.values()} == {8}
    assert ends["knock"].low > 0 and ends["knock"].high < margin  # E, F, G
    column = list(arms["relu"]).index(96.1)  # A: nowhere else as much
    assert arms["knock"][column] == 96.9 and (arms["knock"] - arms["relu"] < 0.31).sum() == 7
    assert ends["wave"].low < -margin and ends["wave"].high > margin and abs(ends["wave"].mean - 0.05) < 1e-9  # B
    assert ends["flat"].high < -margin and ends["steep"].low > margin  # C; D, H
    rates = space["RATES"]
    assert {name for name in arms if rates[name] != rates["relu"]} == {"steep"} and len(rates["steep"]) == 5


@pytest.mark.large
def test_a_reader_can_check_judgements(tmp_path):
    assert answered(7, judgements(), tmp_path, 2) == ([], 8)
