"""Trials, experiments and how activations are named."""

import copy
import dataclasses
import functools
import pickle
import sys

import pytest
from hypothesis import given, strategies as st

from actlab.errors import UserError
from actlab.experiment.spec import CHOICES, Experiment, Trial, stream_seed
from actlab.naming import targets
from actlab.naming.sources import unpacked
from actlab.naming.targets import parse_layers

TRIAL = Trial(activation="relu", seed=0, learning_rate=0.01, data="mnist", content="abc")
OTHER = {
    "activation": "tanh", "seed": 1, "learning_rate": 0.02, "content": "abd", "pipeline": "published",
    "split": "tutorial",
    "hidden": (128,), "initialisation": "gain", "optimizer": "adamw", "momentum": 0.8, "betas": (0.8, 0.99),
    "epsilon": 1e-7, "schedule": "cosine", "weight_decay": 0.1, "dropout": 0.1, "batch_size": 32, "epochs": 3,
    "dtype": "float64", "engine": "plain", "loss": "mean_squared_error", "metric": "r2",
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER)
def test_everything_a_result_depends_on_is_in_the_key(name):
    assert dataclasses.replace(TRIAL, **{name: OTHER[name]}).key != TRIAL.key


def test_every_field_of_a_trial_was_thought_of():
    fields = {field.name for field in dataclasses.fields(Trial)}
    assert fields - set(OTHER) == {"data"}


def test_the_name_of_the_data_is_not_in_the_key():
    assert dataclasses.replace(TRIAL, data="copy.npz").key == TRIAL.key


def test_fields_at_their_default_do_not_enter_the_key():
    """So that a field added later changes no old key: the key of a bare trial, worked out by hand."""
    import hashlib

    text = '{"activation":"relu","content":"abc","learning_rate":0.01,"numerics":"stacked-4","seed":0}'
    assert TRIAL.key == hashlib.sha256(text.encode()).hexdigest()[:16]


floats = st.floats(1e-6, 10, allow_nan=False)
experiments = st.builds(
    Experiment,
    activations=st.lists(st.sampled_from(["relu", "tanh", "elu(0.5)", "a.py:b", 'q"u.py:x']), min_size=1, unique=True)
    .map(tuple),
    seeds=st.lists(st.integers(0, 2**62), min_size=1, max_size=5, unique=True).map(tuple),
    learning_rate=st.lists(floats, min_size=1, max_size=3, unique=True).map(tuple),
    weight_decay=st.lists(floats, min_size=1, max_size=2, unique=True).map(tuple),
    dropout=st.lists(st.floats(0, 0.9), min_size=1, max_size=2, unique=True).map(tuple),
    hidden=st.lists(st.integers(1, 4000), max_size=4).map(tuple),
    data=st.text(max_size=20),
    data_note=st.text(max_size=20),
    epochs=st.integers(1, 1000),
    optimizer=st.sampled_from(CHOICES["optimizer"]),
    epsilon=floats,
)  # fmt: skip


@given(experiments)
def test_toml_round_trips_exactly(experiment):
    assert Experiment.from_toml(experiment.to_toml()) == experiment


def test_an_unknown_key_names_the_nearest():
    with pytest.raises(UserError, match=r"mine\.toml: There is no setting 'epoch'\. Did you mean 'epochs'\?"):
        Experiment.from_toml("epoch = 3", where="mine.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("epochs = 0", "epochs is 0"),
        ("epochs = 2.5", "epochs is a whole number, not 2.5"),
        ("epochs = true", "epochs is a whole number, not True"),
        ("learning_rate = nan", "learning_rate is nan"),
        ("learning_rate = -1", "learning_rate is -1"),
        ("hidden = [0]", "hidden is 0"),
        ("hidden = 'x'", "hidden is a whole number"),
        ("dropout = 1.0", "dropout is 1.0"),
        ("seeds = [1, 1]", "seeds is 1, 1; it must be free of repetitions"),
        ("seeds = []", "seeds is empty"),
        ("seeds = [-1]", "seeds is -1"),
        ("optimizer = 'sdg'", "Did you mean 'sgd'"),
        ("batch_size = 0", "batch_size is 0"),
        ("engine = 'plain'\noptimizer = 'adamw'", "plain SGD and cross-entropy alone"),
        ("= 3", "is not TOML"),
        ("betas = [0.9]", "betas is"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_words(text, told):
    with pytest.raises(UserError, match=told.replace("(", r"\(")):
        Experiment.from_toml(text)


def test_seeds_are_a_count_or_a_list():
    import numpy as np

    assert Experiment.from_toml("seeds = 3").seeds == (0, 1, 2)
    for seeds in ([4, 5], (4, 5), range(4, 6), np.array([4, 5])):
        assert Experiment.from_dict({"seeds": seeds}).seeds == (4, 5)
    for wrong in (0, -1, True):
        with pytest.raises(UserError):
            Experiment.from_dict({"seeds": wrong})


def test_a_single_value_stands_for_a_list_of_one():
    assert Experiment.from_toml("learning_rate = 1\nactivations = 'relu'").learning_rate == (1.0,)


def test_trials_are_the_product():
    e = Experiment(
        activations=("relu", "tanh"), seeds=(3, 4), learning_rate=(0.1, 0.2), dropout=(0.0, 0.5), content="x"
    )
    assert len({trial.key for trial in e.trials()}) == 16
    assert e.trials()[0].seed == 3


def test_activations_named_twice_in_other_words_are_refused():
    with pytest.raises(UserError, match="named twice"):
        _ = Experiment(activations=("relu", "ReLU")).layers
    with pytest.raises(UserError, match="named twice"):
        _ = Experiment(activations=("relu", "relu/relu")).layers


def test_layers_must_fit_the_network():
    with pytest.raises(UserError, match="names 3 activations, the network has 2 hidden layers"):
        _ = Experiment(activations=("relu/tanh/elu",)).layers
    e = Experiment(activations=("relu/tanh",), content="x")
    assert e.trials()[0].activations == ("relu", "tanh")


def test_differences_name_what_was_lost():
    old = Experiment(seeds=(0, 1, 2))
    assert old.differences(Experiment(seeds=(0, 1, 2, 3))) == []
    assert old.differences(Experiment(seeds=(0, 1))) == ["seeds: 2 is in the folder, not in the command"]
    assert old.differences(Experiment(seeds=(0, 1, 2), epochs=5)) == ["epochs: 25 in the folder, 5 in the command"]


@pytest.mark.parametrize(
    ("text", "label", "identity"),
    [
        ("relu", "relu", "relu"),
        (" ReLU ", "relu", "relu"),
        ("Swish", "silu", "silu"),
        ("leaky_relu(0.01)", "leaky_relu", "leaky_relu"),
        ("leaky_relu(0.2)", "leaky_relu(0.2)", "leaky_relu(negative_slope=0.2)"),
        ("LeakyReLU(negative_slope=-1e-3)", "leaky_relu(-0.001)", "leaky_relu(negative_slope=-0.001)"),
        ("softplus(threshold=30)", "softplus(threshold=30)", "softplus(threshold=30)"),
        ("prelu(0.25)", "prelu(0.25)", "prelu(weight=0.25)"),  # given: not learned
        ("prelu", "prelu", "prelu"),
    ],
)
def test_catalogue_names(text, label, identity):
    target = targets.parse(text)
    assert (target.label, target.identity) == (label, identity)
    assert targets.label(identity) == label


@pytest.mark.parametrize(
    "text",
    ["rleu", "", "relu(", "relu(1)", "elu(alpha=x)", "elu(beta=1)", "elu(1,2)", "elu(__import__('os'))", "nowhere.py:f",
     "no_such_package:f", "a b", "relu//tanh", "elu(True)"],
)  # fmt: skip
def test_what_names_nothing_is_refused(text):
    with pytest.raises(UserError):
        for target in targets.parse_layers(text):
            assert target


def test_files_and_slashes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "mine.py").write_text("def f(x):\n    return x\n")
    assert [t.label for t in targets.parse_layers("dir/mine.py:f/tanh")] == ["mine.py:f", "tanh"]
    assert [t.label for t in targets.parse_layers("relu/dir/mine.py:f")] == ["relu", "mine.py:f"]
    assert [t.label for t in targets.parse_layers(f"{tmp_path}/dir/mine.py:f")] == ["mine.py:f"]
    before = targets.parse("dir/mine.py:f").identity
    (tmp_path / "dir" / "mine.py").write_text("def f(x):\n    return 2 * x\n")
    assert targets.parse("dir/mine.py:f").identity != before
    assert targets.label(before) == "mine.py:f"


SLOPE = 0.5


def helper(x):
    return SLOPE * x


def uses_helper(x):
    return helper(x)


def scaled(a):
    return lambda x: a * x


def identity_of(thing):
    return targets.parse(thing).identity.split("#")[1]


def test_callables_are_known_by_their_source():
    def f(x):
        return x

    def g(x):
        return 2 * x

    assert targets.parse(f).kind == "callable" and targets.parse(f).label == "f"
    assert identity_of(f) != identity_of(g)
    with pytest.raises(UserError, match="source of"):
        targets.parse(eval("lambda x: x"))
    with pytest.raises(UserError, match="not 3"):
        targets.parse(3)


def test_what_a_callable_holds_is_part_of_it(monkeypatch):
    import torch

    assert identity_of(scaled(1.0)) != identity_of(scaled(2.0))
    assert identity_of(scaled(1.0)) == identity_of(scaled(1.0))
    one, two = (lambda x: x + 1), (lambda x: x + 2)
    assert identity_of(one) != identity_of(two)
    leaky = torch.nn.functional.leaky_relu
    partials = [functools.partial(leaky, negative_slope=a) for a in (0.1, 0.2, 0.1)]
    assert identity_of(partials[0]) == identity_of(partials[2]) != identity_of(partials[1])
    modules = [torch.nn.PReLU(init=a) for a in (0.1, 0.2, 0.1)]
    assert identity_of(modules[0]) == identity_of(modules[2]) != identity_of(modules[1])
    assert identity_of(modules[0].forward) != identity_of(modules[1].forward)
    assert identity_of(torch.nn.LeakyReLU(0.1)) != identity_of(torch.nn.LeakyReLU(0.2))
    before = identity_of(uses_helper)
    monkeypatch.setattr(sys.modules[__name__], "SLOPE", 0.6)
    assert identity_of(uses_helper) != before, "the constant that a function beside it uses"
    with pytest.raises(UserError, match="holds object"):
        targets.parse(scaled(object()))


FACTOR = {"of": 0.5}


class Base:
    slope = 0.5

    def __call__(self, x):
        return (lambda z: helper(z) * self.slope)(x)  # what it uses is named in a function inside


class Child(Base):
    def __init__(self, k=1.0):
        self.k = k


def doubled(function):
    @functools.wraps(function)
    def wrapper(x):
        return 2 * function(x)

    return wrapper


def tripled(function):
    @functools.wraps(function)
    def wrapper(x):
        return 3 * function(x)

    return wrapper


def by_factor(x):
    return FACTOR["of"] * x


def test_what_a_callable_takes_from_its_module_is_part_of_it(monkeypatch):
    import torch

    here = sys.modules[__name__]
    for name, value, thing in [
        ("FACTOR", {"of": torch.tensor(0.6)}, by_factor),  # a tensor
        ("SLOPE", 0.7, Child()),  # of a function inside a method of the class it is derived from
        ("SLOPE", 0.8, doubled(uses_helper)),
    ]:
        before = identity_of(thing)
        monkeypatch.setattr(here, name, value)
        assert identity_of(thing) != before
    before = identity_of(Child())
    monkeypatch.setattr(Base, "slope", 0.6)
    assert identity_of(Child()) != before and identity_of(Child(2.0)) != identity_of(Child())
    assert identity_of(doubled(helper)) != identity_of(tripled(helper)), "what wraps it"

    class Scaled(torch.nn.Module):
        def __init__(self, k):
            super().__init__()
            self.k = k  # no parameter, and in no repr

        def forward(self, x):
            return self.k * x

    assert identity_of(Scaled(1.0)) == identity_of(Scaled(1.0)) != identity_of(Scaled(2.0))


def test_a_lambda_is_its_own_text_alone():
    one, two = [(lambda x: x + 1, 5)], (lambda x: x + 1)  # the rest of a line may change
    assert identity_of(one[0][0]) == identity_of(two)


def test_what_was_compiled_or_has_a_cache_is_what_it_was_made_of():
    import torch

    made = [torch.jit.script(helper_alone), torch.compile(helper_alone), functools.lru_cache(helper_alone)]
    assert {identity_of(thing) for thing in made} == {identity_of(helper_alone)}


def helper_alone(x):
    return 0.5 * x


def test_a_block_and_what_is_made_in_a_call_travel():
    import torch

    block = activation_of_ones_own()
    again = pickle.loads(pickle.dumps(block))
    x = torch.linspace(-2, 2, 5, requires_grad=True)
    (slope,) = torch.autograd.grad(again(x).sum(), x)
    assert torch.equal(slope, 2 * x.detach()) and copy.deepcopy(block) is block
    target = pickle.loads(pickle.dumps(targets.parse(scaled(3.0))))
    assert target.object is None and unpacked(target.source)(2.0) == 6.0


def activation_of_ones_own():
    from actlab import activation

    @activation(formula="x**2")
    def square(x):
        return x * x

    @square.derivative
    def _(x):
        return 2 * x if square.facts.formula else x  # it names itself

    return square


def test_a_formula_may_have_a_name():
    one = Experiment(activations=("bump = x*exp(-x**2)", "relu/bump='x/(1 + abs(x))'"), data="digits", content="-")
    assert one.labels == ["bump", "relu/bump"] and Experiment.from_toml(one.to_toml()) == one
    assert [trial.label for trial in one.trials()[:: len(one.seeds)]] == one.labels
    assert one.trials()[-1].activations == ("relu", "bump='x/(1 + abs(x))'")
    assert targets.parse(one.trials()[0].activations[0]).identity == one.trials()[0].activations[0]
    assert targets.with_parameters("s=x*sigmoid(beta*x)", {"beta": 2}) == "s=x*sigmoid(beta*x) where beta=2"
    for text, told in [("relu=x*2", "already"), ("foo=relu", "'relu' is none"), ("x=x*2", "already")]:
        with pytest.raises(UserError, match=told):
            targets.parse(text)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("lr", "learning_rate"), ("wd", "weight_decay"), ("init", "initialisation"), ("worker", "workers")],
)
def test_a_setting_by_a_short_name_is_asked_back(given, meant):
    from actlab import compare

    with pytest.raises(UserError, match=f"Did you mean '{meant}'"):
        compare("relu", **{given: 1})


def test_a_blocks_derivative_is_part_of_it():
    from actlab import activation

    def block(slope):
        @activation(family="test", formula="x", range="R", reference="-", checked="-")
        def mine(x):
            """Mine."""
            return 1 * x

        mine.derivative(wrt="x")(slope)
        return mine

    import torch

    right, wrong = block(lambda x: torch.ones_like(x)), block(lambda x: torch.zeros_like(x))
    assert identity_of(right) != identity_of(wrong)


def test_close_parameters_never_share_a_name():
    names = ["leaky_relu(0.1234567891)", "leaky_relu(0.1234567892)", "leaky_relu(0.123457)"]
    assert len({targets.parse(name).identity for name in names}) == 3
    assert len({targets.parse(name).label for name in names}) == 3


def test_streams_never_meet():
    seeds = [stream_seed(s, *purpose) for s in range(50) for purpose in (("init",), ("order", 0), ("order", 1))]
    assert len(set(seeds)) == len(seeds) and max(seeds) < 2**63


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("x*tanh( softplus(x) )", "x * tanh(softplus(x))"),
        ("x*sigmoid(beta*x) where beta=1.50 learned", "x * sigmoid(beta * x) where beta = 1.5 learned"),
        ("relu/'x*tanh(x)'", 'relu/"x * tanh(x)"'),
    ],
)
def test_a_formula_is_one_trial_whatever_its_spaces(text, same):
    one, other = (Experiment(activations=(t,), data="digits", content="-") for t in (text, same))
    assert [t.key for t in one.trials()] == [t.key for t in other.trials()]
    different = Experiment(activations=(text.replace("x*", "x*2*", 1),), data="digits", content="-")
    assert different.trials()[0].key != one.trials()[0].key
    assert Experiment.from_toml(one.to_toml()) == one


def test_the_slashes_of_a_formula_are_its_own():
    experiment = Experiment(activations=("x/(1 + abs(x))", "relu/'x/2'"), data="digits", content="-")
    first, second = experiment.trials()[0], experiment.trials()[-1]
    assert first.activations == ("'x/(1 + abs(x))'",) * 2 and first.label == "x/(1 + abs(x))"
    assert second.activations == ("relu", "'x/2'")
    for name in ("relu/tanh", "leaky_relu(0.2)/relu", "relu/leaky_relu(0.2)"):
        assert all(target.kind == "catalogue" for target in parse_layers(name))


@pytest.mark.parametrize("text", ["2", "2*3", "exp(1)", "relu/x", "x where", "'x", "beta where beta=1"])
def test_what_is_no_formula_is_refused_in_words(text):
    with pytest.raises(UserError):
        parse_layers(text)


def test_python_values_of_another_shape_are_told_in_words_of_python():
    with pytest.raises(UserError, match=r"hidden is a whole number, or a tuple such as \(128, 64\), not '32,16'"):
        Experiment.from_dict({"hidden": "32,16"})
    with pytest.raises(UserError, match="one by one: compare"):
        Experiment.from_dict({"activations": [["relu", "tanh"]]})
