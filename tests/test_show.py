"""The card of an activation and the arrays of its picture."""

import json

import numpy as np
import pytest
import torch

from actlab import catalogue
from actlab.checks.explain.show import WIDTH, as_dict, card, shown, sketches
from actlab.errors import UserError

X = np.array([-3.0, -0.5, 0.25, 2.0])


def block(tmp_path, kinks: str = "()", value: str = "torch.tanh(x)", derivative: str = "1 - torch.tanh(x)**2") -> str:
    (tmp_path / "mine.py").write_text(
        "from actlab import activation\nimport torch\n"
        f"@activation(family='mine', formula='tanh(x)', kinks={kinks}, range='?', reference='a note', checked='no')\n"
        f"def swoosh(x):\n    '''A tanh of my own.\n\n    f(x) = t(x)\n    '''\n    return {value}\n"
        f"@swoosh.derivative(wrt='x')\ndef _(x):\n    return {derivative}\n"
    )
    return f"{tmp_path}/mine.py:swoosh"


@pytest.mark.parametrize("name", catalogue.facts())
def test_a_card_has_all_the_facts(name):
    facts, text = catalogue.facts()[name], card(name)
    joined = " ".join(text.split())
    for fact in (facts.name, facts.summary, facts.formula, facts.range, facts.reference, facts.checked, facts.module):
        assert " ".join(fact.split()) in joined
    assert all(alias in joined for alias in facts.aliases)
    assert all(f"{key} = {value:g}" in joined for key, value in facts.parameters.items())
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert "df/dx" in text


def test_one_activation_at_a_time():
    with pytest.raises(UserError, match="one activation is shown at a time"):
        card("relu/tanh")
    with pytest.raises(UserError, match="Did you mean 'relu'"):
        card("rleu")
    with pytest.raises(UserError, match="takes no parameters"):
        card("relu(1)")


def test_cards_of_other_names():
    assert card("swish") == card("silu")
    assert card("leaky_relu(0.2)").startswith("leaky_relu(0.2)\n") and "negative_slope = 0.2" in card("leaky_relu(0.2)")


def test_a_card_of_ones_own(tmp_path):
    text = card(block(tmp_path))
    assert text.startswith("mine.py:swoosh\n  A tanh of my own.") and "a note" in text and "f(x) = t(x)" in text
    assert "what it is    equals tanh" in text and "odd" in text


def test_a_card_of_what_nothing_is_written_about():
    text = card("torch.nn:GELU")
    assert "Nothing is written about it" in text and "equals gelu" in text and "-0.169971" in text


@pytest.mark.parametrize("name", ["relu", "torch.nn:GELU", "sigmoid"])
def test_a_card_as_json(name):
    told = json.loads(json.dumps(as_dict(shown(name)), allow_nan=False))
    assert told["label"] == name and (told["facts"] is None) == (":" in name)
    assert told["is"] is None or told["is"]["kind"] == "equals"
    assert told["properties"]["gain"] == pytest.approx(shown(name).measured.gain)


@pytest.mark.parametrize(
    ("name", "oracle"),
    [("gelu", torch.nn.functional.gelu), ("torch.nn:Mish", torch.nn.functional.mish), ("tanh", torch.tanh)],
)
def test_the_arrays_are_the_function_and_its_derivatives(name, oracle):
    """f, f' and f'' beside autograd, twice, of PyTorch's own function."""
    (sketch,) = sketches([shown(name)])
    x = torch.from_numpy(sketch.x).requires_grad_()
    y = oracle(x)
    (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), x)
    np.testing.assert_allclose(sketch.value, y.detach(), atol=1e-12)
    np.testing.assert_allclose(sketch.slope, slope.detach(), atol=1e-12)
    np.testing.assert_allclose(sketch.curvature, curvature, atol=1e-5)
    assert sketch.kinks == ()


def test_a_kink_is_a_gap_with_the_value_that_is_taken():
    (sketch,) = sketches([shown("relu")])
    assert sketch.kinks == ((0.0, 0.0, 0.0),)
    here = np.flatnonzero(sketch.x == 0)[0]
    assert sketch.value[here] == 0 and np.isnan(sketch.slope[here]) and np.isnan(sketch.curvature[here])
    known = ~np.isnan(sketch.curvature)
    assert known.sum() == len(sketch.x) - 1 and not sketch.curvature[known].any()  # no spike where f' jumps


def test_where_the_slope_bends_its_derivative_has_a_gap():
    (sketch,) = sketches([shown("elu")])
    gap = np.isnan(sketch.curvature)
    assert 1 <= gap.sum() <= 3 and np.abs(sketch.x[gap]).max() < 0.01
    np.testing.assert_allclose(sketch.curvature[~gap], np.where(sketch.x < 0, np.exp(sketch.x), 0)[~gap], atol=1e-5)


def test_a_jump_is_a_gap_of_f_too(tmp_path):
    path = block(tmp_path, value="torch.where(x > 1, x, 0 * x)", derivative="(x > 1).to(x.dtype)")
    item = shown(path)
    assert [(kink.x, kink.jump) for kink in item.measured.kinks] == [(pytest.approx(1, abs=1e-9), True)]
    (sketch,) = sketches([item])
    assert np.isnan(sketch.value[sketch.x == item.measured.kinks[0].x]).all()


def test_all_share_the_inputs_and_every_visible_kink_is_on_the_picture():
    both = sketches([shown("tanh"), shown("torch.nn:ReLU6")])
    assert both[0].x[0] == both[1].x[0] and both[0].x[-1] == both[1].x[-1] > 6
    (soft,) = sketches([shown("softplus")])
    assert soft.x[-1] == 5  # its bend at 20 nobody can see
    assert both[0].vanishing[0][0] == both[0].x[0]  # clipped to the picture


@pytest.mark.parametrize("name", catalogue.facts())
def test_what_is_stated_is_what_is_measured(name):
    """The numbers of the stated range and the stated kinks, where they are numbers, beside the measured ones."""
    item = shown(name)
    text = item.facts.range.split(" at the start")[0]
    ends = text.strip("[]()").split(", ")
    if text[0] in "[(" and len(ends) == 2 and text[-1] in "])":
        for end, measured in zip(ends, (item.measured.lowest, item.measured.highest), strict=True):
            try:
                stated = float(end)
            except ValueError:
                continue  # a formula of the parameters
            assert measured.value == pytest.approx(stated, abs=6e-4), text
            if np.isfinite(stated):
                assert measured.taken == (text[0] == "[" if end is ends[0] else text[-1] == "]"), text
    if not item.facts.parameters:
        assert tuple(kink.x for kink in item.measured.kinks) == item.facts.kinks
