"""What the playground says to type: Python reads its command and its experiment.toml to the same experiment."""

import shlex

import pytest
import typer
from hypothesis import HealthCheck, given, settings, strategies as st
from javascript import ran, with_node
from test_play_language import WHOLE

from actlab import catalogue, naming, workflows
from actlab.cli.entry import app
from actlab.errors import UserError
from actlab.experiment import Experiment
from actlab.formula import read

pytestmark = with_node

WRITTEN = """
const { commandOf, experimentOf, notTheSame } = await import("./command.js");
const { read } = await import("./clause.js");
const meant = ({ text, name, facts, parameters, learned }) => {
  const meaning = name === null ? { name, facts, ...read(text) } : { name, facts, node: null, learned };
  return { meaning, parameters: parameters ?? meaning.parameters };
};
return data.map(({ activations, ...rest }) => {
  const setup = { activations: activations.map((one) => (Array.isArray(one) ? one.map(meant) : meant(one))), ...rest };
  return [commandOf(setup), experimentOf(setup), notTheSame(setup)];
});
"""


def named(name, learned=None, **parameters):
    """What the page knows of a function of the catalogue with these parameters."""
    facts = catalogue.lookup(name)
    known = {"name": facts.name, "parameters": facts.parameters, "learned": list(facts.learned)}
    wanted = list(facts.learned) if learned is None else learned
    return {
        "text": "",
        "name": facts.name,
        "facts": known,
        "parameters": facts.parameters | parameters,
        "learned": wanted,
    }


def typed(text, **parameters):
    """A formula, with other values of its parameters where its sliders were moved."""
    return {"text": text, "name": None, "facts": None} | ({"parameters": parameters} if parameters else {})


def identity(one):
    """What Python calls it."""
    if isinstance(one, list):
        return naming.parse_layers("/".join(f"{identity(layer)}" for layer in one))
    if one["name"] is None:
        return f"'{read(one['text'], one.get('parameters'))}'"
    moved = {key: v for key, v in one["parameters"].items() if v != one["facts"]["parameters"][key]}
    moved |= {key: one["parameters"][key] for key in one["facts"]["learned"] if key not in one["learned"]}
    return naming.parse(f"{one['name']}({', '.join(f'{key}={value!r}' for key, value in moved.items())})").identity


@pytest.fixture
def asked(monkeypatch):
    """The experiment that a command asks for, read as the command line reads it."""
    found = {}

    class Asked(Exception):
        pass

    def compare(*activations, **options):
        found.update({key: value for key, value in options.items() if key in Experiment.__dataclass_fields__})
        found["activations"] = activations
        raise Asked

    monkeypatch.setattr(workflows, "compare", compare)
    command = typer.main.get_command(app)

    def ask(line):
        found.clear()
        program, name, *words = shlex.split(line)
        assert (program, name) == ("actlab", "compare")
        with pytest.raises(Asked):
            command.main([name, "--workers", "1", *words], standalone_mode=False)
        return Experiment.from_dict({key: value for key, value in found.items() if value is not None})

    return ask


RELU2 = "max(x, 0)**2"
SETUPS = [
    {"activations": [typed("x * tanh(x)")], "widths": [8, 8], "rate": 0.03, "seeds": 10},
    {"activations": [typed("x*tanh(x)")], "widths": [16], "rate": 0.1, "seeds": [7], "batch": 32, "rule": "adam"},
    {"activations": [named("leaky_relu", negative_slope=0.2)], "seeds": [3, 4, 5, 6, 7, 8], "start": "gain"},
    {"activations": [named("relu"), named("mish"), typed("-x*tanh(-x)")], "rule": "sgd", "epochs": 40, "seeds": 5},
    {"activations": [typed("x*sigmoid(beta*x) where beta=1.5 learned")], "seeds": 6, "maxSeeds": 20},
    {"activations": [typed("x*sigmoid(beta*x) where beta=1.5 learned", beta=-2e-5)], "rate": 1e-05, "seeds": 2},
    {"activations": [typed("Piecewise((sin(x)/x, x != 0), (1, True))"), typed(RELU2)], "widths": []},
    {"activations": [[named("tanh"), typed("x/(1 + abs(x))")]], "widths": [8, 8], "seeds": 3},
    {"activations": [[typed(RELU2), named("elu", alpha=0.5), typed("where(x != 1, x, 2)")]], "widths": [3, 2, 1]},
    {"activations": [[typed(RELU2), typed(RELU2)]], "widths": [8, 8], "start": "pytorch"},
    {"activations": [named("prelu"), named("prelu", weight=0.5, learned=[])], "seeds": 4, "start": "kaiming"},
    {"activations": [named("prelu", learned=[]), named("hardtanh", max_val=2.0)], "seeds": 4},
    {"activations": [[named("relu"), typed("-x + a where a = 1/3")]], "widths": [4, 4], "rate": 1e16},
]


def same_experiments(setups, asked):
    """Both are read to the same, of the settings and functions that were meant."""
    found = ran(WRITTEN, setups)
    for setup, (command, toml, _) in zip(setups, found, strict=True):
        experiment = Experiment.from_toml(toml)
        assert asked(command) == experiment, command
        wanted = [naming.parse("relu").identity]
        for one in setup["activations"]:
            layers = one if isinstance(one, list) else [one]
            names = [identity(layer) for layer in layers]
            wanted.append(names[0] if len(set(names)) == 1 else "/".join(names))
        assert list(experiment.layers) == list(dict.fromkeys(wanted)), command
        assert experiment.data == "digits" and experiment.baseline_label == "relu"
        for key, field, change in (
            ("widths", "hidden", tuple),
            ("rate", "learning_rate", lambda rate: (rate,)),
            ("batch", "batch_size", int),
            ("epochs", "epochs", int),
            ("maxSeeds", "max_seeds", int),
            ("seeds", "seeds", lambda seeds: tuple(range(seeds) if isinstance(seeds, int) else seeds)),
            ("rule", "optimizer", {"sgd": "sgd", "adam": "adamw"}.get),
            ("start", "initialisation", {"pytorch": ("pytorch",), "gain": ("gain",), "kaiming": ("gain",)}.get),
        ):
            usual = Experiment.__dataclass_fields__[field].default
            assert getattr(experiment, field) == (change(setup[key]) if key in setup else usual), command
    return found


def test_a_dozen_states_are_read_to_the_same_experiment(asked):
    found = same_experiments(SETUPS, asked)
    assert found[0][0] == "actlab compare relu 'x*tanh(x)' --data digits --seeds 10 --hidden 8,8 --lr 0.03"
    assert '''relu "tanh/'x/(1 + abs(x))'"''' in found[7][0]
    assert [bool(note) for *_, note in found] == [setup.get("start") == "kaiming" for setup in SETUPS]


def is_right(text):
    try:
        return bool(read(text)) and "'" not in text
    except UserError:
        return False


SETUP = st.fixed_dictionaries(
    {"activations": st.lists(WHOLE.filter(is_right).map(typed), min_size=1, max_size=3)},
    optional={
        "seeds": st.integers(1, 60) | st.lists(st.integers(0, 2**40), min_size=1, max_size=9, unique=True),
        "widths": st.lists(st.integers(1, 64), min_size=1, max_size=6),
        "rate": st.floats(1e-12, 1e9),
        "batch": st.integers(1, 512),
        "rule": st.sampled_from(["sgd", "adam"]),
        "start": st.sampled_from(["pytorch", "gain"]),
    },
)


@pytest.mark.large
@given(st.lists(SETUP, min_size=1, max_size=20))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_formula_and_setting_is_read_to_the_same_experiment(asked, setups):
    same_experiments(setups, asked)
