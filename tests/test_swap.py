"""Activations replaced in models of any make: where they are, what they become, what cannot be reached."""

import copy
import functools
import pickle
import re
import types
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings, strategies as st
from torch import nn
from torch.nn.functional import gelu

import actlab
import actlab.making.written
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
        (("ReLU", nn.Linear), r"Linear\(\) cannot be made without arguments .*an instance of it"),
        (("ReLU", functools.partial(nn.Linear, 3)), "an instance of it"),
        (("ReLU", lambda: 3), "makes int"),
        ((3, "mish"), "a function or 'any', not 3"),
    ],
)
def test_errors_teach(arguments, told):
    with pytest.raises(UserError, match=told):
        swap(network(nn.ReLU(), nn.Tanh(), nn.ReLU()), *arguments)


def test_errors_teach_where():
    model = network(nn.ReLU(), nn.Tanh(), nn.ReLU())
    with pytest.raises(UserError, match=r"holds no 'ReLU' at 'encoder\.\*'\. It holds: ReLU \(2\), Tanh, first at 1\."):
        swap(model, "ReLU", "mish", where="encoder.*")
    with pytest.raises(UserError, match="those that match: 0 is '1', 1 is '5'"):
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


class RBF(nn.Module):
    """A layer, whatever the catalogue calls by this name."""

    def __init__(self):
        super().__init__()
        self.centres = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        return torch.exp(-torch.cdist(x, self.centres))


class Gaussian(nn.Module):
    def forward(self, x):
        return x + torch.randn_like(x) if self.training else x


class Sine(nn.Module):
    def forward(self, x):
        return torch.sin(x - x.mean())


class Softplus(nn.Module):
    """Counts how often it is called: the trial of it must not be seen."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return x * self.calls


class Own(nn.ReLU):
    pass


class Squared(nn.ReLU):
    def forward(self, x):
        return F.relu(x).square()


class Gate(nn.Module):
    """Of no known name, made of another activation: one thing all the same."""

    def __init__(self):
        super().__init__()
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        return x * self.sigmoid(x)


class Wrapped(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.act = act

    def forward(self, x):
        return self.act(x)


class Shifted(nn.Module):
    """A bias and an activation: under "any" its weights are not thrown away."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return torch.sin(x + self.bias)


@pytest.mark.parametrize("layer", [RBF, Gaussian, Sine, Softplus])
def test_what_has_an_activations_name_and_does_something_else_is_left_and_told(layer):
    model = network(layer(), nn.Tanh())
    state, random = copy.deepcopy(model.state_dict()), torch.random.get_rng_state()
    report = swap(model, "any", "mish")
    assert [held.name for held in report.replaced] == ["3"] and type(model[1]) is layer
    assert f"1: {layer.__name__} (" in str(report) and report.left == ()
    assert model.state_dict().keys() == state.keys() and getattr(model[1], "calls", 0) == 0
    assert torch.equal(torch.random.get_rng_state(), random)
    assert [held.name for held in swap(model, layer, "tanh").replaced] == ["1"], "its class says which is meant"


@pytest.mark.parametrize(
    ("make", "any_", "relu", "silu"),
    [
        (Own, "", "", None),
        (Squared, "", None, None),
        (Gate, "", None, ""),
        (lambda: Wrapped(nn.ReLU()), ".act", ".act", None),
        (lambda: Wrapped(Gate()), ".act", None, ".act"),
        (lambda: nn.Sequential(nn.ReLU(), nn.Tanh()), ".0", ".0", None),
        (Shifted, None, None, None),
    ],
)
def test_ones_own_is_known_by_what_it_computes(make, any_, relu, silu):
    for old, place in (("any", any_), ("relu", relu), (nn.ReLU, relu), (F.relu, relu), ("silu", silu)):
        if place is None:
            with pytest.raises(UserError, match="holds no"):
                swap(network(make()), old, "tanh")
        else:
            assert swap(network(make()), old, "tanh").replaced[0].name == f"1{place}"


def wave(x):
    return x * torch.sin(x)


@torch.jit.script
def scripted(x):
    return torch.where(x > 0, x, torch.expm1(x))


scope = {"torch": torch}
exec("def prompt(x): return torch.sin(x) * x", scope)


@pytest.mark.parametrize(
    ("new", "name"),
    [
        (functools.partial(nn.LeakyReLU, 0.2), "LeakyReLU"),
        (lambda: nn.PReLU(init=0.1), "PReLU"),
        (lambda x: x * torch.tanh(x), "lambda"),
        (F.silu, "silu"),
        (functools.partial(F.elu, alpha=0.3), "elu"),
        (scope["prompt"], "prompt"),
        (scripted, "scripted"),
        (torch.func.vmap(wave), "wave"),
        (torch.compile(wave, backend="eager"), "wave"),
        ("x*sin(x)", "x*sin(x)"),
    ],
)
def test_everything_that_can_be_called_is_put_in_under_its_name_and_taken_out_again(new, name):
    model, x = network(nn.ReLU()), torch.randn(3, 4)
    weights, expected = copy.deepcopy(model.state_dict()), copy.deepcopy(model)
    assert str(swap(model, "ReLU", new).replaced[0]) == f"1: ReLU -> {name}"
    made_by_it = isinstance(model[1], nn.LeakyReLU | nn.PReLU)
    call = model[1] if made_by_it else actlab.making.written.written(new) if isinstance(new, str) else new
    torch.testing.assert_close(model[1](x), call(x))
    if name != "PReLU":
        model.load_state_dict(weights)
    assert swap(model, "any", "relu").replaced[0].was == name
    torch.testing.assert_close(model(x), expected(x))


@pytest.mark.parametrize(
    "old", [(nn.ReLU, nn.Tanh), ["relu", F.tanh], {(nn.ReLU, "tanh"): "mish"}, [nn.ReLU(), "Tanh"]]
)
def test_several_old_ones(old):
    report = swap(network(nn.ReLU(), nn.Tanh(), nn.ELU()), old, *([] if isinstance(old, dict) else ["mish"]))
    assert [held.name for held in report.replaced] == ["1", "3"] and [held.name for held in report.left] == ["5"]


def test_hooks_go_over_and_can_still_be_removed():
    model, seen = network(nn.ReLU()), []
    handles = [
        model[1].register_forward_hook(lambda *given: seen.append("after")),
        model[1].register_forward_pre_hook(lambda *given: seen.append("before")),
        model[1].register_full_backward_hook(lambda *given: seen.append("back")),
    ]
    report = swap(model, "ReLU", "mish")
    assert seen == [] and "1: 3 hooks moved" in str(report)
    model(torch.randn(1, 4)).sum().backward()
    assert seen == ["before", "after", "back"]
    for handle in handles:
        handle.remove()
    model(torch.randn(1, 4)).sum().backward()
    assert len(seen) == 3


def test_what_is_lost_is_told():
    model = network(nn.PReLU(), nn.ReLU(), nn.ReLU())
    model[3].forward = model[3].forward
    model[5].register_state_dict_pre_hook(lambda *given: None)
    notes = swap(model, "any", "mish").notes
    assert [note[:2] for note in notes] == ["1:", "3:", "5:"]
    assert "1 number;" in notes[0] and "accelerate" in notes[1] and "state_dict" in notes[2]


class Scattered(nn.Module):
    """Activations where torch does not look, and where nothing can reach."""

    def __init__(self, name="relu"):
        super().__init__()
        self.name = name
        self.acts = [nn.ReLU(), F.tanh]
        self.table = {"a": (nn.GELU(),)}
        self.applied = functools.partial(self.apply_to, nn.ELU())
        self.partial = functools.partial(F.leaky_relu, negative_slope=0.2)
        self.by_lambda = lambda x: F.softplus(x)
        self.rnn = nn.RNN(4, 4, nonlinearity="relu")
        self.lstm = nn.LSTM(4, 4)
        self.parent = [self]

    @staticmethod
    def apply_to(act, x):
        return act(x)

    def forward(self, x):
        x = self.partial(self.applied(self.table["a"][0](self.acts[1](self.acts[0](x)))))
        x = getattr(F, self.name)(self.by_lambda(x))
        return self.lstm(self.rnn(silently(x))[0])[0]


def silently(x):
    return torch.special.expit(x)


def test_lists_dicts_partials_and_what_stays_out_of_reach():
    held = ["acts[0]", "acts[1]", "applied[0]", "partial", "table['a'][0]"]
    model = Scattered()
    first = model.acts
    report = swap(model, "any", "prelu")
    assert sorted(place.name for place in report.replaced) == held
    assert isinstance(first[0], nn.ReLU), "a list may be another's too"
    assert {type(a) for a in (*model.acts, *model.table["a"], model.partial, *model.applied.args)} == {actlab.nn.PReLU}
    assert str(report).count("use a ModuleList") == 4
    assert sorted(call.name for call in report.calls) == ["?", "relu", "sigmoid/tanh", "softplus"]
    assert {"RNN(nonlinearity='relu') (rnn)", "the gates of LSTM (lstm)"} <= {str(call) for call in report.calls}


def test_one_forward_pass_finds_all_that_is_left():
    model = Scattered().train()
    report = swap(model, {"any": "mish"}, example=torch.randn(2, 3, 4))
    assert sorted(call.name for call in report.calls) == ["relu", "relu", "sigmoid", "sigmoid/tanh", "softplus"]
    assert all(call.file == __file__ for call in report.calls) and model.training
    failed = swap(Scattered(), "any", "mish", example={"y": 1})
    assert "fails on the example: TypeError" in str(failed) and len(failed.calls) == 4
    counting = nn.Sequential(nn.BatchNorm1d(4), nn.ReLU())
    assert swap(counting, "any", "mish", example=torch.randn(3, 4)).calls == ()
    assert counting[0].num_batches_tracked == 0


def test_a_traced_model_is_read_and_a_compiled_one_refused():
    traced = torch.fx.symbolic_trace(Calls())
    report = swap(traced, "any", "mish")
    assert [held.name for held in report.replaced] == ["act", "relu"]
    assert sorted(c.name for c in report.calls) == ["gelu", "gelu", "relu", "relu", "relu", "sigmoid"]
    with pytest.raises(UserError, match=r"torch.ops.aten.relu.default\(linear\)"):
        swap(torch.export.export(network(nn.ReLU()), (torch.randn(1, 4),)).module(), "any", "mish")
    compiled = torch.jit.script(network(nn.ReLU()))
    with pytest.raises(UserError, match="swap before scripting"):
        swap(compiled, "ReLU", "mish")
    assert "1: RecursiveScriptModule (compiled by torch.jit" in str(swap(network(compiled, nn.ReLU()), "any", "tanh"))


def test_calls_inside_of_what_was_replaced_are_not_out_of_reach():
    model = nn.ModuleDict({"a": Squared(), "b": Calls()})
    assert {call.class_ for call in swap(model, "any", "mish").calls} == {"Calls"}


class Pretrained(nn.Module):
    """Saves and loads as Hugging Face's models do: weights and a configuration that names the activation."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.layer = nn.Linear(4, 4)
        self.act = GELUActivation() if config.hidden_act == "gelu" else nn.ReLU()

    def forward(self, x):
        return self.act(self.layer(x))

    @classmethod
    def from_pretrained(cls, saved):
        model = cls(saved["config"])
        model.load_state_dict(saved["weights"])
        return model


@pytest.mark.parametrize("wrap", [lambda model: model, lambda model: nn.Sequential(model)])
def test_a_swap_that_loading_undoes_is_told(wrap):
    model = Pretrained(types.SimpleNamespace(hidden_act="gelu", position="absolute", initializer_factor=1.0))
    report = swap(wrap(model), "gelu", "mish")
    again = Pretrained.from_pretrained({"config": model.config, "weights": model.state_dict()})
    assert isinstance(again.act, GELUActivation), "which is why it is told"
    assert "Pretrained.from_pretrained" in str(report) and "hidden_act = 'gelu'" in str(report)
    assert "Swap again after loading" in str(report) and "absolute" not in str(report) and "factor" not in str(report)


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


def twice(module, given, result):
    return 2 * result


class Saturating(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(y := torch.tanh(x))
        return y

    @staticmethod
    def backward(ctx, gradient):
        (y,) = ctx.saved_tensors
        return gradient * (1 - y * y)


class Unmade(nn.Module):
    def __init__(self):
        raise ValueError("no table")


class Hooked(nn.Module):
    """Computes 2 * tanh(x + 1), half of it in hooks of its own."""

    def __init__(self):
        super().__init__()
        self.handles = [
            self.register_forward_pre_hook(self.shifted, with_kwargs=True),
            self.register_forward_hook(twice, always_call=True),
        ]

    def shifted(self, module, given, named):
        return (given[0] + 1,), named

    def forward(self, x):
        return torch.tanh(x)


class Late(nn.Module):
    """Normalises by a layer that takes its width from the first input."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LazyBatchNorm1d()

    def forward(self, x):
        return torch.relu(self.norm(x))


class Slopes(nn.modules.lazy.LazyModuleMixin, nn.Module):
    cls_to_become = None

    def __init__(self):
        super().__init__()
        self.slope = nn.UninitializedParameter()

    def initialize_parameters(self, x):
        if self.has_uninitialized_params():
            self.slope.materialize(x.shape[-1:])
            self.slope.data.fill_(0.25)

    def forward(self, x):
        return torch.where(x > 0, x, self.slope * x)


@pytest.mark.parametrize("new", [Hooked, Hooked(), lambda: Hooked()])
def test_the_new_ones_own_hooks_stay_and_those_of_the_old_one_follow(new):
    model, seen, x = nn.Sequential(nn.ReLU()), [], torch.randn(3, 4)
    handles = [
        model[0].register_forward_pre_hook(lambda module, given, named: seen.append(given[0]), with_kwargs=True),
        model[0].register_forward_hook(lambda module, given, result: seen.append(result)),
        model[0].register_full_backward_hook(lambda *given: seen.append("back")),
    ]
    old = model[0]
    swap(model, nn.ReLU, new)
    y = model(x.clone().requires_grad_())
    torch.testing.assert_close(y, 2 * torch.tanh(x + 1))
    y.sum().backward()
    torch.testing.assert_close(seen[:2], [x + 1, y])
    assert seen[2] == "back"
    torch.testing.assert_close(old(x), torch.relu(x))
    twin = pickle.loads(pickle.dumps(copy.deepcopy(nn.Sequential(Hooked()))))
    torch.testing.assert_close(twin(x), 2 * torch.tanh(x + 1))
    seen.clear()
    for handle in handles:
        handle.remove()
    torch.testing.assert_close(model(x), 2 * torch.tanh(x + 1))
    for handle in model[0].handles:
        handle.remove()
    torch.testing.assert_close(model(x), torch.tanh(x))
    assert seen == []


def test_a_lazy_one_takes_its_width_after_the_swap_and_leaves_without_its_hooks():
    model, seen = network(nn.ReLU()), []
    model[1].register_forward_hook(lambda *given: seen.append("after"))
    swap(model, "ReLU", Slopes)
    model(torch.randn(3, 4))
    assert model[1].slope.shape == (4,) and seen == ["after"]
    for kind in (Slopes, Late, Hooked):  # never called, so that what it learns has no shape yet
        model, x = network(kind()), torch.randn(3, 4)
        report = swap(model, kind, nn.Tanh)
        assert "hooks moved" not in str(report) and ("1 hook moved" in str(report)) == (kind is Hooked)
        if kind is not Hooked:
            torch.testing.assert_close(model(x), model[2](torch.tanh(model[0](x))))


@pytest.mark.parametrize(
    ("new", "name"),
    [
        (Saturating, "Saturating"),
        (Saturating.apply, "Saturating"),
        (functools.partial(Saturating.apply), "Saturating"),
        (lambda *given: torch.tanh(*given), "lambda"),
        (nn.Tanh().forward, "Tanh"),
        (Late(), "Late"),
    ],
)
def test_functions_with_a_backward_of_any_arguments_and_of_a_lazy_layer_are_put_in(new, name):
    model, x = network(nn.ReLU(), nn.ReLU()), torch.randn(3, 4)
    report = swap(model, "ReLU", new)
    assert [str(held) for held in report.replaced] == [f"1: ReLU -> {name}", f"3: ReLU -> {name}"]
    y = model(x)
    y.sum().backward()
    if name == "Late":
        assert model[1].norm is not model[3].norm and model[1].norm.weight.grad is not None
        assert new.norm.has_uninitialized_params(), "it is copied"
    else:
        torch.testing.assert_close(y, swapped_by_hand(model, nn.Tanh())(x))


def swapped_by_hand(model, new):
    return nn.Sequential(*(part if isinstance(part, nn.Linear) else new for part in model))


def test_what_cannot_be_made_or_copied_is_told_and_changes_nothing():
    never = nn.ReLU()
    never.scale = torch.ones(1, requires_grad=True) * 2  # torch copies leaves alone
    model = network(nn.ReLU())
    for new, told in ((never, "ReLU failed when it was copied: RuntimeError"), (Unmade, r"Unmade\(\) .*no table")):
        with pytest.raises(UserError, match=told):
            swap(model, "ReLU", new)
    assert type(model[1]) is nn.ReLU
