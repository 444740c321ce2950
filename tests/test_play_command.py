"""What the playground says to type: Python reads its command and its experiment.toml to the same experiment."""

import shlex
import subprocess

import pytest
import typer
from hypothesis import HealthCheck, given, settings, strategies as st
from javascript import ran, with_node
from test_play_language import WHOLE

from actlab import naming, workflows
from actlab.cli.entry import app
from actlab.errors import UserError
from actlab.experiment import Experiment
from actlab.formula import read

pytestmark = with_node

WRITTEN = """
const { commandOf, experimentOf, notTheSame } = await import("./language/command.js");
const { understood } = await import("./numbers/functions.js");
const meant = ([text, moved]) => {
  const meaning = understood(text);
  return { meaning, parameters: { ...meaning.parameters, ...moved } };
};
return data.map(({ activations, ...rest }) => {
  const networks = activations.map((one) => (Array.isArray(one[0]) ? one.map(meant) : meant(one)));
  const setup = { activations: networks, ...rest };
  return [commandOf(setup), experimentOf(setup), notTheSame(setup)];
});
"""


def typed(text, **moved):
    """What was typed, and what its sliders were moved to."""
    return [text, moved]


def identity(one):
    """What Python calls it."""
    text, moved = one
    target = naming.parse(text)
    if target.kind == "catalogue":
        values = {**dict(target.arguments), **moved}
        return naming.parse(f"{target.name}({', '.join(f'{key}={value!r}' for key, value in values.items())})").identity
    name = f"{target.label}=" if target.text != target.label else ""
    return naming.parse(f"{name}'{read(target.path, moved)}'").identity


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
    {"activations": [typed("leaky_relu(0.2)")], "seeds": [3, 4, 5, 6, 7, 8], "start": "gain"},
    {"activations": [typed("ReLU"), typed("mish"), typed("-x*tanh(-x)")], "rule": "sgd", "epochs": 40, "seeds": 5},
    {"activations": [typed("x*sigmoid(beta*x) where beta=1.5 learned")], "seeds": 6, "maxSeeds": 20},
    {"activations": [typed("x*sigmoid(beta*x) where beta=1.5 learned", beta=-2e-5)], "rate": 1e-05, "seeds": 2},
    {"activations": [typed("Piecewise((sin(x)/x, x != 0), (1, True))"), typed(RELU2)], "widths": []},
    {"activations": [[typed("tanh"), typed("x/(1 + abs(x))")]], "widths": [8, 8], "seeds": 3},
    {"activations": [[typed(RELU2), typed("elu", alpha=0.5), typed("where(x != 1, x, 2)")]], "widths": [3, 2, 1]},
    {"activations": [[typed(RELU2), typed(RELU2)]], "widths": [8, 8], "start": "pytorch"},
    {"activations": [typed("prelu"), typed("prelu(weight=0.25)")], "seeds": 4, "start": "kaiming"},
    {"activations": [typed("prelu", weight=0.5), typed("hardtanh", max_val=2.0)], "seeds": 4},
    {"activations": [[typed("relu"), typed("-x + a where a = 1/3")]], "widths": [4, 4], "rate": 1e16},
    {
        "activations": [typed("mine = x*sin(b*x) where b=2", b=3), [typed("relu"), typed("mine=where(x != 1, x, 2)")]],
        "widths": [2, 2],
    },
]


def same_experiments(setups, asked):
    """Both are read to the same, of the settings and functions that were meant."""
    found = ran(WRITTEN, setups)
    for setup, (command, toml, _) in zip(setups, found, strict=True):
        experiment = Experiment.from_toml(toml)
        assert asked(command) == experiment, command
        wanted = [naming.parse("relu").identity]
        for one in setup["activations"]:
            layers = one if isinstance(one[0], list) else [one]
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
    for command, *_ in found:  # a shell splits it so, too
        told = subprocess.run(
            ["sh", "-c", f"actlab() {{ printf '%s\\0' \"$@\"; }}; {command}"], capture_output=True, check=True
        )
        assert told.stdout.decode().split("\0")[:-1] == shlex.split(command)[1:]
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
@settings(max_examples=30, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_formula_and_setting_is_read_to_the_same_experiment(asked, setups):
    same_experiments(setups, asked)
