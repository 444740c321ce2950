"""Exercise 3.2: right answers pass, typical wrong ones get their own hint."""

import itertools

import pytest
from readers import answered, mistakes

from actlab.learn import named
from actlab.learn.exercises import kept


def answer(hard="y", gate="dy * (kept.abs() < 1)", side="x > 0", back="torch.where(kept, dy, -dy)") -> str:
    """The exercise's own file with its gaps filled in, as a reader does it."""
    parts = named(3, 2).start.split("...")
    return "".join(itertools.chain(*zip(parts, (hard, gate, side, back, ""), strict=True)))


RIGHT = {
    "the output, and a truth value": answer(),
    "small whole numbers": answer(
        gate="torch.where((kept > -1) & (kept < 1), dy, 0.0)", side="x.sign().to(torch.int8)", back="dy * kept"
    ),
    "a shape is no tensor": answer(hard="y); setattr(ctx, 'n', x.shape"),
    "open at the corners of its own": answer(side="x < 0", back="dy - 2 * dy * kept"),
}
LOOKED = {
    "gap": (named(3, 2).start, ["HardTanh, backward: the gap in setup_context", "Abs, backward: the gap in setup_"]),
    "gap in backward": (answer(gate="..."), ["HardTanh, backward: the gap is still there"]),
    "always open": (answer(gate="dy * (kept.abs() <= 1)"), ["HardTanh, backward: the gate is open everywhere"]),
    "relu's": (answer(gate="dy * (kept > 0)"), ["HardTanh, backward: that is ReLU's gate"]),
    "one corner": (answer(gate="dy * (kept < 1)"), ["HardTanh, backward: it is open below -1"]),
    "the other corner": (answer(gate="dy * (kept > -1)"), ["HardTanh, backward: it is open above 1"]),
    "forgets dy": (answer(gate="(kept.abs() < 1) * 1.0"), ["HardTanh, backward: that is the slope alone"]),
    "upside down": (answer(gate="dy * (kept.abs() == 1)"), ["HardTanh, backward: the gate is upside down"]),
    "keeps x": (answer("x"), ["HardTanh, kept: bytes a number beside y: 4; 0 will do"]),
    "keeps a gate": (answer("x.abs() < 1", "dy * kept"), ["HardTanh, kept: bytes a number beside y: 1; 0 will"]),
    "y of |x|": (answer(side="y", back="dy * kept.sign()"), ["Abs, backward: its slope is 1 everywhere. y is 2 where"]),
    "relu for |x|": (answer(back="dy * kept"), ["Abs, backward: left of 0 nothing goes back"]),
    "exchanged": (answer(side="x < 0"), ["Abs, backward: the sides are exchanged"]),
    "times x": (answer(side="x", back="dy * kept"), ["Abs, backward: it multiplies dy by x"]),
    "forgets dy in |x|": (answer(side="x", back="kept.sign()"), ["Abs, backward: that is the slope alone"]),
    "x for |x|": (answer(side="x", back="dy * kept.sign()"), ["Abs, kept: bytes a number beside y: 4; 1"]),
    "signs as floats": (answer(side="x.sign()", back="dy * kept"), ["Abs, kept: bytes a number beside y: 4; 1"]),
    "both keep x": (answer("x", side="x", back="dy * kept.sign()"), ["HardTanh, kept: ", "Abs, kept: "]),
    "on ctx": (answer("y); setattr(ctx, 'mine', x"), ["HardTanh, kept: ctx.mine is kept outside save_for_backward"]),
    "a number": (answer(gate="1.0"), ["HardTanh, backward: it gives a float"]),
    "digits": (answer(back="torch.where(kept, dy, -dy).float()"), ["Abs, backward: right, but in float64 to 7 digits"]),
    "summed": (answer(back="dy.sum()"), ["Abs, backward: it gives the shape ()"]),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(monkeypatch, name):
    monkeypatch.setattr(kept, "judged", lambda *_: iter([(False, "asked the battery")]))
    assert mistakes(3, RIGHT[name]) == ["asked the battery"] * 2


@pytest.mark.large
def test_a_right_answer_passes_the_battery(tmp_path):
    assert answered(3, RIGHT["the output, and a truth value"], tmp_path, 2) == ([], 6)


@pytest.mark.parametrize("name", LOOKED)
def test_a_wrong_answer_gets_its_own_hint(name):
    text, hints = LOOKED[name]
    wrong = mistakes(3, text)
    assert len(wrong) == len(hints) and all(one.startswith(hint) for one, hint in zip(wrong, hints, strict=True))


@pytest.mark.large
def test_what_only_the_battery_tells(tmp_path):
    wrong, _ = answered(3, answer().replace("x.clamp(-1, 1)", "x.clamp(-1, 1).nan_to_num()"), tmp_path, 2)
    assert wrong[0].startswith("HardTanh, battery, nan")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (answer(side="x > 0, y"), "too many values to unpack"),
        (answer(hard="y > 1, 3"), "can only save variables"),
        (answer(gate="dy * (y.abs() < 1)"), "name 'y' is not defined"),
        (answer().replace("class Abs", "class Absolute"), "has no attribute 'Abs'"),
    ],
)
def test_an_error_of_the_readers_goes_to_whoever_tells_its_line(text, error):
    with pytest.raises((ValueError, TypeError, NameError, AttributeError), match=error):
        mistakes(3, text)
