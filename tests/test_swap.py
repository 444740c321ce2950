"""Activations replaced in models of any make: where they are, what they become, what cannot be reached."""

import copy
import functools
import pickle
import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import gelu

import actlab
from actlab import UserError, swap


class Calls(nn.Module):
    """Calls functions in its code, in all the ways that people write."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.act = nn.ReLU(inplace=True)
        self.relu = nn.ReLU()

    def forward(self, x):
        x = F.relu(self.first(x))
        x = torch.relu(x) + self.first(x).relu()
        x = self.relu(self.act(x))
        x = torch.nn.functional.gelu(gelu(x))
        return self.gate(x)

    def gate(self, x):
        return x * nn.functional.sigmoid(torch.abs(x))


def network(*activations):
    layers = [layer for activation in activations for layer in (nn.Linear(4, 4), activation)]
    return nn.Sequential(*layers, nn.Linear(4, 2))


def classes(model):
    return [type(module).__name__ for module in model.modules()]


@pytest.mark.parametrize("old", ["ReLU", "relu", nn.ReLU, nn.ReLU()])
def test_every_way_to_name_the_old_one(old):
    model = network(nn.ReLU(), nn.Tanh(), nn.ReLU(inplace=True))
    report = swap(model, old, "mish")
    assert [held.name for held in report.replaced] == ["1", "5"]
    assert [(held.name, held.is_now) for held in report.left] == [("3", "Tanh")]
    assert classes(model).count("Mish") == 2 and "ReLU" not in classes(model)


@pytest.mark.parametrize(
    "new", ["leaky_relu(0.2)", nn.LeakyReLU(0.2), functools.partial(F.leaky_relu, negative_slope=0.2)]
)
def test_the_model_computes_what_it_would_with_the_new_one(new):
    model, x = network(nn.ReLU(), nn.ReLU()), torch.randn(5, 4)
    expected = copy.deepcopy(model)
    expected[1] = expected[3] = nn.LeakyReLU(0.2)
    swap(model, "any", new)
    torch.testing.assert_close(model(x), expected(x))


def test_a_class_and_a_dict():
    model = network(nn.ReLU(), nn.Tanh(), nn.ReLU())
    report = swap(model, {"ReLU": nn.Tanh, "Tanh": "relu"})  # both at once: nothing is replaced twice
    assert [type(model[i]).__name__ for i in (1, 3, 5)] == ["Tanh", "ReLU", "Tanh"]
    assert [str(held) for held in report.replaced] == ["1: ReLU -> Tanh", "3: Tanh -> ReLU", "5: ReLU -> Tanh"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("encoder.*", ["encoder.1", "encoder.3"]),
        ("*.1", ["encoder.1", "head.1"]),
        (re.compile(r"^head"), ["head.1"]),
        (0, ["encoder.1"]),
        ([0, -1], ["encoder.1", "head.1"]),
    ],
)
def test_where(where, expected):
    model = nn.ModuleDict({"encoder": network(nn.ReLU(), nn.ReLU()), "head": network(nn.ReLU())})
    report = swap(model, "ReLU", "tanh", where=where)
    assert [held.name for held in report.replaced] == expected
    assert len(report.left) == 3 - len(expected)


def test_gelu_as_a_class_and_as_one_of_two_functions():
    def model():
        return network(nn.GELU(), nn.GELU("tanh"))

    assert len(swap(model(), "GELU", "relu").replaced) == 2
    assert [held.name for held in swap(model(), "gelu", "relu").replaced] == ["1"]
    assert [held.name for held in swap(model(), "gelu_tanh", "relu").replaced] == ["3"]


def test_layers_are_no_activations():
    """The catalogue knows `linear` as an alias: a linear layer is none."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Identity(), nn.Dropout(), nn.Softmax(-1), nn.ReLU())
    assert [held.name for held in swap(model, "any", "tanh").replaced] == ["4"]
    with pytest.raises(UserError, match="holds no 'linear'"):
        swap(nn.Sequential(nn.Linear(2, 2)), "linear", "tanh")


def test_learned_ones_start_anew_in_each_place_with_device_and_dtype_of_the_model():
    model = network(nn.ReLU(), nn.ReLU()).to(torch.bfloat16)
    swap(model, "ReLU", "prelu")
    first, second = model[1].weight, model[3].weight
    assert first is not second and first.dtype == second.dtype == torch.bfloat16
    assert first.item() == 0.25
    assert model(torch.zeros(1, 4, dtype=torch.bfloat16)).dtype == torch.bfloat16
    on_meta = network(nn.ReLU()).to("meta")
    swap(on_meta, "ReLU", "swish_beta")
    assert {p.device.type for p in on_meta.parameters()} == {"meta"}


def test_an_instance_is_copied_and_the_mode_kept():
    model = network(nn.ReLU(), nn.ReLU()).eval()
    given = nn.PReLU(init=0.5)
    swap(model, "ReLU", given)
    assert model[1] is not given and model[1] is not model[3] and model[1].weight.item() == 0.5
    assert not model[1].training and given.training


def test_shared_stays_shared():
    one = nn.ReLU()
    model = network(one, one)
    swap(model, "ReLU", "prelu")
    assert model[1] is model[3]
    block = network(nn.ReLU())
    twice = nn.ModuleList([block, block])
    assert [held.name for held in swap(twice, "ReLU", "tanh").replaced] == ["0.1", "1.1"]
    assert twice[0] is twice[1] and "ReLU" not in classes(twice)


def test_the_model_itself_can_be_the_activation():
    model = nn.ReLU()
    held = [model]
    report = swap(model, "ReLU", "leaky_relu(0.5)")
    assert (
        held[0](torch.tensor(-2.0)).item() == -1.0
        and str(report.replaced[0]) == "(the model itself): ReLU -> LeakyReLU"
    )
    assert isinstance(pickle.loads(pickle.dumps(model)), actlab.nn.LeakyReLU)


@pytest.mark.parametrize("given", ["relu", "gelu", F.relu, nn.ReLU()])
def test_transformer_layers_lose_their_fast_path(given):
    """Fused inference knows relu and gelu alone, and by a flag: without a change of it the old one would go on."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, activation=given, batch_first=True, dropout=0.0)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=True).eval()
    report = swap(model, "any", "tanh")
    assert [held.name for held in report.replaced] == ["layers.0.activation", "layers.1.activation"]
    x = torch.randn(3, 5, 8)
    slow = copy.deepcopy(model).train()  # dropout is 0; the fast path is for evaluation alone
    with torch.no_grad():
        torch.testing.assert_close(model(x), slow(x))


class GELUActivation(nn.Module):
    """As transformers has it: an activation that keeps a function of its own."""

    def __init__(self):
        super().__init__()
        self.act = F.gelu

    def forward(self, x):
        return self.act(x)


def test_an_activation_is_replaced_as_a_whole():
    model = network(GELUActivation(), nn.Sequential(nn.ReLU()))
    report = swap(model, "any", "mish")
    assert [str(held) for held in report.replaced] == ["1: GELUActivation -> Mish", "3.0: ReLU -> Mish"]


@pytest.mark.parametrize("layer", [nn.TransformerEncoderLayer, nn.TransformerDecoderLayer])
def test_functions_kept_as_attributes(layer):
    model = layer(8, 2, 16, batch_first=True)
    report = swap(model, "relu", "silu")
    assert [str(held) for held in report.replaced] == ["activation: relu -> SiLU"]
    assert isinstance(model.activation, actlab.nn.SiLU)


def test_calls_in_code_are_found_with_their_place():
    report = swap(Calls(), "any", "tanh")
    assert [held.name for held in report.replaced] == ["act", "relu"]
    with open(__file__, encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert sorted(call.name for call in report.calls) == ["gelu", "gelu", "relu", "relu", "relu", "sigmoid"]
    for call in report.calls:
        assert call.file == __file__ and call.text in lines[call.line - 1]
    only_relu = swap(Calls(), nn.ReLU, "tanh").calls
    assert [call.name for call in only_relu] == ["relu"] * 3
    assert "test_swap.py:" in str(report) and "hold a module instead" in str(report)


def test_gradients_reach_what_is_new():
    model = network(nn.ReLU(), nn.Tanh())
    swap(model, "any", "swish_beta")
    model(torch.randn(7, 4)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("RelU6", "mish"), r"holds no 'RelU6'\. Did you mean 'ReLU'\? It holds: ReLU \(2\), Tanh\."),
        (("silu", "mish"), r"holds no 'silu'\. It holds: ReLU \(2\), Tanh\."),
        ((nn.GELU, "mish"), r"holds no GELU\. It holds: ReLU \(2\), Tanh\."),
        (("ReLU", "mihs"), "There is no activation 'mihs'"),
        (("ReLU",), "what to replace and by what"),
        (("ReLU", nn.Linear), "give an instance of it"),
    ],
)
def test_errors_teach(arguments, told):
    with pytest.raises(UserError, match=told):
        swap(network(nn.ReLU(), nn.Tanh(), nn.ReLU()), *arguments)


def test_errors_teach_where():
    model = network(nn.ReLU(), nn.Tanh(), nn.ReLU())
    with pytest.raises(UserError, match=r"holds no 'ReLU' at 'encoder\.\*'\. It holds: ReLU \(2\), Tanh, first at 1\."):
        swap(model, "ReLU", "mish", where="encoder.*")
    with pytest.raises(UserError, match="2 activations match, 0 1, 1 5"):
        swap(model, "ReLU", "mish", where=[2])
    with pytest.raises(UserError, match="not list"):
        swap([model], "ReLU", "mish")
    with pytest.raises(UserError, match="holds no activation at all"):
        swap(nn.Linear(2, 2), "ReLU", "mish")
    assert classes(model).count("ReLU") == 2, "what fails changes nothing"


def test_the_page_shows_what_its_first_example_prints(capsys):
    page = (Path(__file__).parents[1] / "docs" / "models.md").read_text(encoding="utf-8")
    code, told = re.findall(r"```(?:python|text)\n(.*?)```", page, re.DOTALL)[:2]
    exec(code, {})
    assert capsys.readouterr().out == told


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([nn.ReLU, nn.Tanh, nn.GELU]), min_size=1, max_size=6), st.integers(0, 5))
def test_swapped_and_left_are_all_there_are(kinds, number):
    model = network(*[kind() for kind in kinds])
    wanted = kinds[number % len(kinds)]
    report = swap(model, wanted, "mish")
    assert len(report.replaced) == kinds.count(wanted)
    assert len(report.replaced) + len(report.left) == len(kinds)
    assert [type(model[2 * i + 1]).__name__ for i in range(len(kinds))] == [
        "Mish" if kind is wanted else kind.__name__ for kind in kinds
    ]
