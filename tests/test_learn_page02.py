"""Exercise 2.2: right answers pass, typical wrong ones get their own hint."""

import re

import numpy as np
import pytest
import torch
from readers import answered, mistakes

from actlab.learn import named
from actlab.learn.exercises import witness

MEASURED = "dy * (f(x + 1e-5) - f(x - 1e-5)) / 2e-5"
X, DY = "np.array([0.7, -1.2])", "np.array([2.0, -3.0])"


def answer(measured: str = MEASURED, x: str = X, dy: str = DY) -> str:
    """The exercise's own file with its gaps filled in, as a reader does it."""
    text = named(2, 2).start
    for name, value in (("\nX = ", x), ("\nDY = ", dy), ("    return ", measured)):
        assert text.count(f"{name}...") == 1
        text = text.replace(f"{name}...", f"{name}{value}")
    return text


ONE_BY_ONE = """np.array([
        ((dy * f(x + step)).sum() - (dy * f(x - step)).sum()) / 2e-4
        for step in 1e-4 * np.eye(x.size).reshape(-1, *x.shape)
    ]).reshape(x.shape)"""
RIGHT = {
    "both ways": answer(),
    "one way": answer("(f(x + 1e-7) - f(x)) / 1e-7 * dy"),
    "one by one": answer(ONE_BY_ONE),
    "single numbers": answer(
        "np.reshape([d * (f(a + 1e-5) - f(a - 1e-5)) / 2e-5 for a, d in zip(x.flat, dy.flat)], x.shape)"
    ),
    "by a complex step": answer("dy * f(x + 1e-20j).imag / 1e-20"),
    "the page's numbers": answer(
        x="np.array([[0.8, -0.3, 1.5], [-2.0, 0.0, 0.4]])", dy="np.array([[2.0, 1.0, -4.0], [3.0, -1.0, 0.5]])"
    ),
    "lists": answer(x="[0.5, -1, 2]", dy="[2, 3, -1]"),
    "a thousand": answer(
        ONE_BY_ONE,
        x="np.random.default_rng(0).normal(size=1000)",
        dy="np.random.default_rng(1).normal(size=1000)",
    ),
    "at random": answer(
        x="np.random.default_rng(0).normal(size=(5, 4))", dy="np.random.default_rng(1).normal(size=(5, 4))"
    ),
}
WRONG = {
    "gap": (named(2, 2).start, "measured, for tanh in 6 places: the gap is still there"),
    "gap in X": (answer(x="..."), "X: the gap is still there"),
    "gap in DY": (answer(dy="..."), "DY: the gap is still there"),
    "slope alone": (answer("(f(x + 1e-5) - f(x - 1e-5)) / 2e-5"), "that is the slope of f. How much does L move"),
    "one step for two": (answer("dy * (f(x + 1e-5) - f(x - 1e-5)) / 1e-5"), "each is 2 times what it should be"),
    "down minus up": (answer("dy * (f(x - 1e-5) - f(x + 1e-5)) / 2e-5"), "each is -1 times what it should be"),
    "not divided": (answer("dy * (f(x + 1e-5) - f(x - 1e-5))"), "each is 2e-05 times what it should be"),
    "far": (answer("dy * (f(x + 0.1) - f(x - 0.1)) / 0.2"), "x was moved by 0.1, and f bends within that"),
    "near": (answer("dy * (f(x + 1e-13) - f(x - 1e-13)) / 2e-13"), "x was moved by 1e-13: too little"),
    "nowhere": (answer("dy * (f(x + 1e-20) - f(x)) / 1e-20"), "f was called nowhere but at x"),
    "summed": (answer("((dy * f(x + 1e-5)).sum() - (dy * f(x - 1e-5)).sum()) / 2e-5"), "it has the shape ()"),
    "knows tanh": (answer("dy * (1 - np.tanh(x) ** 2)"), "measured, for sin in 2 places: it is off by"),
    "none": (answer("None"), "it has the shape (), x has (2, 3)"),
    "ones": (answer(dy="np.ones(2)"), "forgets dy (tanh) gets by"),
    "near 0": (answer(x="np.array([0.001, -0.001])"), "takes the slope at y (tanh) gets by"),
    "X twice": (answer(x="np.array([0.7, -1.2])", dy="np.array([0.7, -1.2])"), "takes the slope at dy (tanh) gets by"),
    "right of 0": (answer(x="np.array([0.7, 1.2])"), "loses the sign of x (x * x) gets by"),
    "nothing below 0": (answer(dy="np.array([2.0, 3.0])"), "loses the sign of dy (sin) gets by"),
    "one place": (answer(x="np.array([-0.7, -0.7])"), "has one slope for all (x * x) gets by"),
    "one dy": (answer(dy="np.array([-2.0, -2.0])"), "has one dy for all (sin) gets by"),
    "flat": (answer(x="np.array([40.0, -50.0])"), "what goes back through tanh is 0 everywhere"),
    "nothing comes in": (answer(dy="np.zeros(2)"), "what goes back through tanh is 0 everywhere"),
    "huge": (answer(x="np.array([0.3, -1e7])"), "the right backward of sin is called wrong"),
    "two shapes": (answer(dy="np.array([2.0])"), "X and DY: shapes (2,) and (1,)"),
    "empty": (answer(x="[]", dy="[]"), "X and DY: shapes (0,) and (0,)"),
    "words": (answer(x="'here'"), "X and DY: these are no arrays of numbers"),
    "nan": (answer(x="[np.nan, 1.0]"), "all finite"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    assert mistakes(2, RIGHT[name]) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_gets_its_own_hint(name):
    text, hint = WRONG[name]
    wrong = mistakes(2, text)
    assert wrong and hint in wrong[0] and len(wrong) <= (3 if name == "ones" else 1)


def test_a_single_one_lets_nearly_all_get_by():
    wrong = mistakes(2, answer(x="1.0", dy="1.0"))
    assert [one.partition(" (")[0].removeprefix("X and DY: a backward that ") for one in wrong] == [
        who for _, _, who, _ in witness.SUSPECTS if who != "takes the slope at y"
    ]


@pytest.mark.large
def test_the_test_of_a_reader_is_run(tmp_path):
    assert answered(2, answer(), tmp_path, 2) == ([], 3)
    wrong, _ = answered(2, answer("dy * f(x + 1e-5, 2)"), tmp_path, 2)
    assert re.match(r"Line \d+: TypeError", wrong[0])


def test_the_slopes_of_the_check_are_those_of_autograd():
    x = np.array([0.3, -1.1, 2.0])
    for f, (name, (g, slope)) in zip((torch.tanh, torch.sin, torch.square), witness.FUNCTIONS.items(), strict=True):
        at = torch.tensor(x, requires_grad=True)
        [true] = torch.autograd.grad(f(at).sum(), at)
        assert np.allclose(f(at).detach(), g(x)) and np.allclose(true, slope(x)), name
