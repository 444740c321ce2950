"""Exercises 1.1 and 1.2: right answers pass, typical wrong ones get their own hint."""

import itertools

import numpy as np
import pytest
from readers import answered, mistakes

from actlab.learn import named
from actlab.learn.exercises import collapse, corners


def answer(w: str = "W2 @ W1", b: str = "W2 @ b1 + b2", p: str = "[2, 0]", q: str = "[0, 3]") -> str:
    """The exercise's own file with its gaps filled in, as a reader does it."""
    text = named(1).start
    for name, value in (("    W", w), ("    b", b), ("\nP", p), ("\nQ", q)):
        assert text.count(f"{name} = ...") == 1
        text = text.replace(f"{name} = ...", f"{name} = {value}")
    return text


RIGHT = {
    "by hand": answer(),
    "by the layers": answer("np.column_stack([W2 @ W1 @ e for e in np.eye(W1.shape[1])])", "W2 @ (b1) + b2"),
    "turned twice": answer("(W1.T @ W2.T).T", "b1 @ W2.T + b2", "np.array([1.0, 1])", "(-9, -9)"),
    "one unit alone": answer(p="[0, 0]", q="[4, 0]"),
}
WRONG = {
    "gap": (named(1).start, "W, layers (2, 2) and (2, 2): the gap is still there"),
    "gap in b": (answer(b="..."), "b, layers (2, 2) and (2, 2): the gap is still there"),
    "gap in P": (answer(p="..."), "P and Q: the gap is still there"),
    "order": (answer("W1 @ W2"), "W, layers (2, 2) and (2, 2): the other order"),
    "turned": (answer("W1.T @ W2.T"), "it is turned, rows for columns"),
    "element by element": (answer("W2 * W1"), "`*` goes element by element"),
    "added": (answer("W1 + W2"), "W, layers (2, 2) and (2, 2): other numbers than the two layers have"),
    "another W": (answer("2 * W2 @ W1"), "W, layers (2, 2) and (2, 2): other numbers"),
    "another shape": (answer("W2 @ W1 @ b1"), "of the shape (2,); the two layers, one behind the other, have (2, 2)"),
    "first bias forgotten": (answer(b="b2"), "b, layers (2, 2) and (2, 2): the first layer's bias is forgotten"),
    "biases added": (answer(b="b1 + b2"), "b1 is added as it is"),
    "second bias forgotten": (answer(b="W2 @ b1"), "the second layer's own bias is forgotten"),
    "through its own": (answer(b="W1 @ b1 + b2"), "b1 went through W1"),
    "through both": (answer(b="W @ b1 + b2"), "b1 went through W1"),
    "bias order": (answer(b="W1 @ b2 + b1"), "b, layers (2, 2) and (2, 2): the other order"),
    "vector on the left": (answer(b="b1 @ W2 + b2"), "W2 is turned"),
    "knows the numbers": (answer(b="np.array([1.75, -2.25])"), "b, layers (4, 3) and (2, 4): other numbers"),
    "no unit changes": (answer(q="[3, 0]"), "no unit changes its sign"),
    "far out": (answer(p="[2e12, 1]", q="[3e12, 7]"), "no unit changes its sign"),
    "one point": (answer(q="[2, 0]"), "they are the same point"),
    "one number": (answer(q="3"), "an input has two numbers"),
    "not numbers": (answer(q="['a', 'b']"), "ValueError: could not convert"),
    "three back": (answer().replace("return W, b", "return W, b, W"), "another kind than asked: ValueError: zip"),
    "no function": (answer().replace("def collapse", "def fold"), "There is no collapse in the file: keep the names"),
}
SMALL = {"gap", "order", "first bias forgotten", "no unit changes"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.large] * (n != "by hand")) for n in RIGHT])
def test_right_answers_pass(tmp_path, name):
    assert answered(1, RIGHT[name], tmp_path) == ([], 5)


@pytest.mark.whole
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.large] * (n not in SMALL)) for n in WRONG])
def test_a_wrong_answer_gets_its_own_hint(tmp_path, name):
    text, hint = WRONG[name]
    wrong, _ = answered(1, text, tmp_path)
    assert len(wrong) == 1 and hint in wrong[0]


def test_the_typical_mistakes_are_told_apart():
    """With the exercise's own numbers no two of them are the same numbers, and none is right."""
    w1, b1, w2, b2 = collapse.W1, collapse.B1, collapse.W2, collapse.B2
    for group in (
        [w2 @ w1, w1 @ w2, (w2 @ w1).T, w2 * w1],
        [w2 @ b1 + b2, b2, b1 + b2, w2 @ b1, w1 @ b1 + b2, w2 @ w1 @ b1 + b2, w1 @ b2 + b1, b1 @ w2 + b2],
    ):
        assert all(abs(one - other).max() > 0.1 for one, other in itertools.combinations(group, 2))


def test_the_file_has_the_numbers_of_the_check():
    names = {}
    exec(named(1).start, names)
    for given, true in (("W1", "W1"), ("b1", "B1"), ("W2", "W2"), ("b2", "B2")):
        assert (names[given] == getattr(collapse, true)).all()


def layer(w1="[[1, 1], [1, 1]]", b1="[0, -1]", w2="[1, -2]", b2="-0.5") -> str:
    """Exercise 1.2 with its gaps filled in."""
    text = named(1, 2).start
    for name, value in (("W1", w1), ("b1", b1), ("W2", w2), ("b2", b2)):
        assert text.count(f"\n{name} = ...") == 1
        text = text.replace(f"\n{name} = ...", f"\n{name} = {value}")
    return text


RIGHT_CORNERS = {
    "how many": layer(),
    "difference": layer("[[1, -1], [-1, 1]]", "[0, 0]", "[1, 1]", "-0.5"),
    "arrays": layer("2 * np.eye(2) - 1", "np.zeros(2)", "np.ones((1, 2))", "[-0.1]"),
    "turned": layer("-np.ones((2, 2))", "(1, 2)", "[-2, 1]", "-0.5"),
    "blue to one place": layer("[[1, 1], [-1, -1]]", "[-1, 1]", "[-1, -1]", "0.25"),
}
WRONG_CORNERS = {
    "gap": (named(1, 2).start, "W1: the gap is still there"),
    "gap behind": (layer(w2="..."), "W2: the gap is still there"),
    "words": (layer("'left'"), "W1: these are no numbers"),
    "none": (layer(b1="None"), "b1: it has the shape ()"),
    "three units": (layer("np.ones((3, 2))"), "W1: it has the shape (3, 2); two units need (2, 2)"),
    "not a number": (layer(b2="np.nan"), "b2: choose numbers from"),
    "no bend": (layer(b1="[0, 1]"), "hidden layer: W1 @ x + b1 is nowhere below 0"),
    "one is dead": (layer(b1="[0, -2]"), "hidden layer: unit 2 is 0 at all four corners"),
    "pressed together": (layer("[[1, 0], [1, 1]]"), "hidden layer: (0, 0) and (0, 1) are both at (0, 0)"),
    "each its own side": (layer("[[1, 0], [0, 1]]", "[-0.5, -0.5]"), "No straight line parts the colours there"),
    "no shift": (layer(b2="0"), "last layer: W2 brings blue to 0 at most, orange to 1 at least, which is right"),
    "too far": (layer(b2="-1"), "b2 makes them -1 and 0: the first is to be below 0"),
    "sides exchanged": (layer(w2="[-1, 2]", b2="0.5"), "last layer: W2 has both blue corners above"),
    "another line": (layer(w2="[1, -1]"), "last layer: W2 does not have both orange corners above"),
}


@pytest.mark.parametrize("name", RIGHT_CORNERS)
def test_weights_that_part_the_corners_pass(name):
    assert mistakes(1, RIGHT_CORNERS[name]) == []


@pytest.mark.parametrize("name", WRONG_CORNERS)
def test_weights_that_do_not_get_their_own_hint(name):
    text, hint = WRONG_CORNERS[name]
    wrong = mistakes(1, text)
    assert len(wrong) == 1 and hint in wrong[0]


@pytest.mark.large
def test_the_corners_of_a_reader_are_run(tmp_path):
    assert answered(1, layer(), tmp_path, 2) == ([], 2)


def test_a_hidden_layer_is_blamed_where_no_line_would_do():
    """Held against lines in many directions, for layers of small numbers; with the line that is found all is right."""
    turn = np.linspace(0.001, 2 * np.pi, 997, endpoint=False)
    ways, counts = np.stack([np.cos(turn), np.sin(turn)]), {True: 0, False: 0}
    for numbers in itertools.product((-1, 0, 1), (-1, 0, 1), (-1, 0, 2), (-1, 0, 1), (-1, -0.5, 0, 1), (-1, 0, 0.5)):
        w1, b1 = np.reshape(numbers[:4], (2, 2)).astype(float), np.array(numbers[4:])
        blue, orange = (np.maximum(w1 @ x + b1, 0) for x in ([0, 0], [1, 1])), ([0, 1], [1, 0])
        most = np.max([place @ ways for place in blue], axis=0)
        least = np.min([np.maximum(w1 @ x + b1, 0) @ ways for x in orange], axis=0)
        best = np.argmax(least - most)
        parts = bool(least[best] - most[best] > 1e-3)
        counts[parts] += 1
        assert (corners.wrong_places(w1, b1) == "") == parts, numbers
        if parts:
            w2, b2 = ways[:, best], -(least[best] + most[best]) / 2
            assert mistakes(1, layer(w1.tolist(), b1.tolist(), w2.tolist(), b2)) == []
    assert min(counts.values()) > 20
