"""Runs end to end: what they leave, resume and growth after real kills, refusals."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from children import child, wait_for

import actlab
from actlab import data
from actlab.errors import UserError
from actlab.experiment import Run, Store, status
from actlab.experiment.spec import Experiment
from actlab.results.summary import summarise
from actlab.running.checkpoints import Checkpoints, Saved, saved
from actlab.running.plan import make_stacks
from actlab.workflows.comparison import compare
from actlab.workflows.confirmation import confirm, leader

SMALL = {"stack_size": 16, "data": "digits", "seeds": 2, "epochs": 2, "report": False}
MEASURED = ["key", "status", "best_epoch", "final_train_loss", "final_valid_loss", "test_loss", "test_accuracy"]
MNIST = pytest.mark.skipif(not os.environ.get("ACTLAB_DATA"), reason="ACTLAB_DATA is not set: no MNIST here")


class Told:
    """Keeps what a run says."""

    def __init__(self):
        self.said, self.begun, self.epochs = [], [], []

    def say(self, text):
        self.said.append(text)

    def download(self, *_): ...

    def begin(self, begun):
        self.begun.append(begun)

    def epoch(self, epoch):
        self.epochs.append(epoch)

    def end(self): ...


def contents(run: Run) -> list[bytes]:
    """All numbers of a run, as bytes, in the order of keys."""
    trials = run.trials.sort_values("key")[MEASURED]
    curves = run.curves.sort_values(["key", "epoch"]).drop(columns=["activation"])
    predicted = [run.predictions(key).tobytes() for key in trials["key"]]
    inside = repr(
        run.inside.sort_values(["key", "epoch", "layer"]).drop(columns=["activation", "seed"]).values.tolist()
    )
    return [trials.to_csv(index=False).encode(), curves.to_csv(index=False).encode(), inside.encode(), *predicted]


def test_what_a_run_leaves(tmp_path):
    told = Told()
    run = compare("relu", "prelu", out=tmp_path / "run", progress=told, **SMALL)
    names = {p.relative_to(run.path).as_posix() for p in run.path.rglob("*") if p.is_file()}
    (parameters,) = [name for name in names if name.startswith("parameters/")]
    expected = {
        "run.db",
        "lock",
        "experiment.toml",
        "environment.json",
        "preflight.json",
        "artefacts/samples.npz",
        "artefacts/functions.npz",
        "artefacts/disagreements.npz",
    }
    assert names == expected | {parameters}
    assert run.experiment == Experiment.read(run.path / "experiment.toml")
    assert run.experiment.learning_rate == (0.1,), "the default belongs to the data set"
    assert (run.trials["status"] == "finished").all()
    assert len(run.curves) == 8 and run.curves["train_accuracy"].between(0, 1).all()
    assert run.environments[-1]["torch"] == torch.__version__ == run.trials["torch"][0]
    dataset = data.load("digits")
    for trial in run.trials.itertuples():
        predicted = run.predictions(trial.key)
        assert (predicted == dataset.test.y).mean() == trial.test_accuracy
    assert told.begun[0].missing == 4 and len(told.epochs) == 2 * told.begun[0].stacks
    functions = run.artefact("functions")
    np.testing.assert_allclose(functions["f/relu"], np.maximum(functions["x"], 0), atol=1e-6)
    assert run.artefact("samples")["images"].shape == (64, 8, 8)
    assert set(run.costs["activation"]) == {"relu", "prelu"}


def test_parameters_load_into_a_plain_sequential(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text(
        "import torch\nclass Scaled(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a = torch.nn.Parameter(torch.tensor(1.5))\n    def forward(self, x):\n"
        "        return self.a * torch.tanh(x)\n"
    )
    names = ["relu", "prelu", "gelu_tanh/leaky_relu(0.2)", f"{mine}:Scaled"]
    run = compare(*names, out=tmp_path / "run", **SMALL)
    x = torch.from_numpy(data.load("digits").test.x)
    for trial in run.trials.itertuples():
        model = actlab.load_model(run.path, trial.activation, trial.seed)
        assert type(model) is torch.nn.Sequential and not model.training
        assert np.array_equal(model(x).argmax(1).numpy(), run.predictions(trial.key)), trial.activation
    assert actlab.load_model(run, "prelu", 1)[1].weight.item() != 0.25, "it was learned"
    with pytest.raises(UserError, match=r"0 trials of 'relu' with seed 9.*seeds \[0, 1\]"):
        actlab.load_model(run, "relu", 9)


def test_nothing_is_kept_if_told(tmp_path):
    run = compare("relu", out=tmp_path / "run", keep="none", **SMALL)
    assert list((run.path / "parameters").iterdir()) == []
    with pytest.raises(UserError, match="--keep none"):
        actlab.load_model(run, "relu")
    with pytest.raises(UserError, match="Did you mean 'best'"):
        compare("relu", keep="bset", **SMALL)


@pytest.mark.large
def test_two_processes_never_train_in_one_folder(tmp_path):
    run = compare("relu", out=tmp_path / "run", **SMALL)
    with Store(run.path), pytest.raises(UserError, match="Another actlab is training"):
        compare("relu", out=tmp_path / "run", **SMALL)
    with start(tmp_path, tmp_path / "other", epochs=30_000) as process:
        wait_for_checkpoint(tmp_path / "other", process)
        with pytest.raises(UserError, match="Another actlab is training"):
            Store(tmp_path / "other")
    Store(tmp_path / "other").__exit__()  # the lock ends with its process


def test_the_same_command_finishes_at_once(tmp_path):
    compare("relu", out=tmp_path / "run", **SMALL)
    told = Told()
    before = (tmp_path / "run" / "run.db").read_bytes()
    compare("relu", out=tmp_path / "run", progress=told, **SMALL)
    assert told.begun[0].missing == 0 and told.epochs == []
    assert (tmp_path / "run" / "run.db").stat().st_size == len(before)


@pytest.mark.large
def test_a_crash_between_training_and_report_is_made_good(tmp_path):
    settings = SMALL | {"report": True}
    run = compare("relu", out=tmp_path / "run", **settings)
    page = run.path / "report" / "index.html"
    assert run.is_drawn
    drawn = page.stat().st_mtime_ns
    compare("relu", out=tmp_path / "run", **settings)
    assert page.stat().st_mtime_ns == drawn, "nothing has changed, nothing is drawn"
    (run.path / "artefacts" / "functions.npz").unlink()
    page.write_text("of other results")
    compare("relu", out=tmp_path / "run", **settings)
    assert run.artefact("functions") and run.is_drawn


def test_a_run_grows_by_what_is_missing_with_the_same_bits(tmp_path):
    compare("relu", out=tmp_path / "run", **SMALL)
    told = Told()
    more = SMALL | {"seeds": 3}
    grown = compare("tanh", "relu", out=tmp_path / "run", progress=told, **more)
    assert told.begun[0].missing == 4 and told.begun[0].finished == 2
    whole = compare("tanh", "relu", out=tmp_path / "whole", **more)
    assert contents(grown) == contents(whole)
    assert grown.activations == ["tanh", "relu"]


@pytest.mark.large
def test_seeds_are_added_until_every_comparison_is_decided(tmp_path):
    small = {"data": "digits", "epochs": 1, "hidden": [8], "learning_rate": [0.1], "report": False}
    clear = compare("relu", "heaviside", out=tmp_path / "clear", max_seeds=40, margin=0.6, force=True, **small)
    assert 5 <= len(clear.experiment.seeds) < 40 and summarise(clear).comparisons[0].verdict == "did not learn"
    told = Told()
    hard = compare("relu", "softplus", out=tmp_path / "hard", max_seeds=9, margin=0.6, progress=told, **small)
    assert [begun.finished for begun in told.begun] == [0, 10] and len(hard.experiment.seeds) == 9
    assert "confidence sequence" in summarise(hard).caption and "valid at every look" in summarise(hard).caption
    told = Told()
    again = compare("relu", "softplus", out=tmp_path / "hard", max_seeds=9, margin=0.6, progress=told, **small)
    assert [begun.missing for begun in told.begun] == [0] and contents(again) == contents(hard)
    whole = compare("relu", "softplus", out=tmp_path / "whole", seeds=9, margin=0.6, **small)
    assert contents(whole) == contents(hard)
    assert not any("after a look" in said for said in told.said)
    told = Told()
    compare("relu", "softplus", out=tmp_path / "whole", seeds=10, margin=0.6, progress=told, **small)
    assert any("added after a look" in said for said in told.said)
    more = compare("relu", "softplus", out=tmp_path / "hard", seeds=10, margin=0.6, **small)
    assert more.experiment.max_seeds == 10  # looked at before: it stays a sequence of looks


def test_baseline_and_margin_are_chosen_before_training(tmp_path):
    first = compare("relu", "tanh", out=tmp_path / "run", margin=0.5, **SMALL)
    assert (first.experiment.baseline_label, first.experiment.margin) == ("relu", 0.5)
    grown = compare("gelu", "tanh", "relu", out=tmp_path / "run", **SMALL)
    assert (grown.experiment.baseline_label, grown.experiment.margin) == ("relu", 0.5)
    for changed in ({"baseline": "tanh"}, {"margin": 0.1}):
        with pytest.raises(UserError, match="chosen before training"):
            compare("gelu", "tanh", "relu", out=tmp_path / "run", **(SMALL | changed))
    with pytest.raises(UserError, match="Did you mean"):
        compare("relu", "tanh", out=tmp_path / "other", baseline="relv", **SMALL)
    told = Told()
    compare("relu", "tanh", out=tmp_path / "default", progress=told, **SMALL)
    assert any("a difference within 0.6 points is too small to matter. Both are fixed" in said for said in told.said)
    compare("relu", "tanh", out=tmp_path / "default", margin=0.6, **SMALL)  # named or not, it is the same
    with pytest.raises(UserError, match=r"before training, is 0\.6; the command says 0.7"):
        compare("relu", "tanh", out=tmp_path / "default", margin=0.7, **SMALL)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seeds": 1}, "seeds: 1 is in the folder, not in the command"),
        ({"epochs": 3}, "epochs: 2 in the folder, 3 in the command"),
        ({"learning_rate": [0.2]}, "learning_rate: 0.1 is in the folder"),
    ],
)
def test_another_experiment_is_refused_with_the_difference(tmp_path, changed, told):
    compare("relu", out=tmp_path / "run", **SMALL)
    with pytest.raises(UserError, match=told):
        compare("relu", out=tmp_path / "run", **(SMALL | changed))
    with pytest.raises(UserError, match="activations: relu is in the folder"):
        compare("tanh", out=tmp_path / "run", **SMALL)


def test_what_an_experiment_holds_where_nothing_was_named_cannot_be_asked_for(tmp_path, actlab_command):
    """0 is no margin: it stands for the data set's in every experiment.toml, where it is read as before."""
    for name, value, told in (("margin", 0, "above 0 .* Left out, it is that of the data set"),
                              ("margin", -1, "above 0"), ("margin", float("nan"), "above 0"),
                              ("baseline", "", "one of the activations. Left out, it is the first")):  # fmt: skip
        with pytest.raises(UserError, match=f"{name} is .*it must be {told}"):
            compare("relu", "tanh", out=tmp_path / "none", **{name: value}, **SMALL)
    done = actlab_command("compare", "relu", "tanh", "--margin", "0", "--data", "digits", cwd=tmp_path)
    assert done.returncode == 2 and "margin is 0.0; it must be above 0" in done.stderr and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
    kept = Experiment.from_toml(Experiment(data="digits", content="-").to_toml())
    assert kept.margin == 0.0 and kept.key == Experiment(data="digits", content="-").key


def test_a_changed_source_is_another_experiment(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text("import torch\ndef f(x):\n    return torch.tanh(x)\n")
    compare(f"{mine}:f", out=tmp_path / "run", **SMALL)
    mine.write_text("import torch\ndef f(x):\n    return torch.sin(x)\n")
    with pytest.raises(UserError, match=r"the source of mine\.py:f has changed"):
        compare(f"{mine}:f", out=tmp_path / "run", **SMALL)


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match="no run and not empty"):
        compare("relu", out=tmp_path, **SMALL)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def test_workers_and_this_process_give_the_same_bits(tmp_path):
    names = ("relu", "mish", "prelu")
    here = compare(*names, out=tmp_path / "here", workers=1, **SMALL)
    there = compare(*names, out=tmp_path / "there", workers=2, **SMALL)
    assert contents(here) == contents(there)
    assert not (tmp_path / "there" / "working").exists()


KILLED = {"data": "digits", "seeds": 3, "epochs": 60, "optimizer": "adamw", "learning_rate": [0.001]}
KILLED |= {"dropout": [0.1], "workers": 1, "report": False}
SCRIPT = """
    import actlab.running.checkpoints
    from actlab.workflows import compare
    actlab.running.checkpoints._SECONDS = 0.05
    if __name__ == "__main__":
        print("begin", flush=True)
        compare("relu", "prelu", out={out!r}, **{settings!r})
"""


def start(tmp_path: Path, out: Path, **settings) -> AbstractContextManager[subprocess.Popen]:
    """A process that trains, to be killed."""
    script = tmp_path / f"{out.name}.py"
    script.write_text(textwrap.dedent(SCRIPT.format(out=str(out), settings=KILLED | settings)))
    return child(script, stdout=subprocess.PIPE, text=True)


def finish(out: Path, **settings) -> Run:
    """What `start` would leave if nobody killed it."""
    return compare("relu", "prelu", out=out, **(KILLED | settings))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> list[bytes]:
    """The numbers of a run that nobody disturbed."""
    return contents(finish(tmp_path_factory.mktemp("whole") / "run"))


@pytest.mark.large
@pytest.mark.xdist_group("killed")
def test_a_killed_run_goes_on_from_its_checkpoint_with_the_same_bits(tmp_path, whole):
    """SIGKILL in the middle of a stack, twice; the bytes are those of a run that nobody disturbed."""
    out = tmp_path / "killed"
    reached = 0
    for _ in range(2):
        with start(tmp_path, out) as process:
            wait_for_checkpoint(out, process, beyond=reached)
        assert process.returncode == -signal.SIGKILL
        assert not (Run(out).trials["status"] == "finished").any()
        reached = epochs_done(out)
        assert 0 < reached < 60
    assert contents(finish(out)) == whole
    assert Run(out).times.groupby("stack").size().eq(60).all()


@pytest.mark.large
@pytest.mark.xdist_group("killed")
def test_a_run_with_workers_survives_a_killed_parent(tmp_path, whole):
    out = tmp_path / "killed"
    with start(tmp_path, out, workers=2) as process:
        wait_for_checkpoint(out, process)
    assert contents(finish(out)) == whole, "other stacks, other workers, the same bits"


@pytest.mark.large
def test_a_run_that_is_killed_after_a_look_goes_on_with_the_seeds_it_had_added(tmp_path):
    out, settings = tmp_path / "killed", {"seeds": 5, "max_seeds": 8, "margin": 0.01}
    spec = out / "experiment.toml"
    with start(tmp_path, out, **settings) as process:
        wait_for(lambda: spec.exists() and len(Experiment.read(spec).seeds) == 8 and epochs_done(out), process)
    assert process.returncode == -signal.SIGKILL
    assert (Run(out).trials["status"] == "finished").sum() == 10, "those of the first look alone"
    told = Told()
    again = finish(out, progress=told, **settings)
    assert [(begun.finished, begun.missing) for begun in told.begun] == [(10, 6)] and told.begun[0].resumed > 0
    assert contents(again) == contents(finish(tmp_path / "whole", seeds=8, margin=0.01))


def epochs_done(out: Path) -> int:
    """How far the checkpoints of a run are."""
    files = [f for f in (out / "working").glob("*.pt") if f.with_suffix(".json").exists()]
    return max((torch.load(f, weights_only=True)["done"] for f in files), default=0)


def wait_for_checkpoint(out: Path, process: subprocess.Popen, beyond: int = 0) -> None:
    wait_for(lambda: epochs_done(out) > beyond, process)


@pytest.mark.large
def test_ctrl_c_keeps_what_was_finished(tmp_path):
    with start(tmp_path, tmp_path / "run", epochs=30_000) as process:
        wait_for_checkpoint(tmp_path / "run", process)
        process.send_signal(signal.SIGINT)
        assert process.wait() == -signal.SIGINT
    assert len(Run(tmp_path / "run").trials) == 6
    assert list((tmp_path / "run" / "working").glob("*.json"))


def test_a_diverged_trial_stays_in_the_table(tmp_path):
    run = compare("relu", out=tmp_path / "run", learning_rate=1e9, **SMALL)
    blown = run.trials
    assert list(blown["status"]) == ["diverged"] * 2
    assert (blown["diverged_epoch"] >= 1).all() and blown["final_valid_accuracy"].isna().all()


WEIGHT = torch.tensor(0.3)


def wave(x):
    return torch.tanh(x) + WEIGHT * torch.sin(x)


@actlab.activation(formula="x*sin(x)")
def ripple(x):
    return x * torch.sin(x)


@ripple.derivative
def _(x):
    return torch.sin(x) + x * torch.cos(x)


class Scaled(torch.nn.Module):
    def __init__(self, k=0.5):
        super().__init__()
        self.k = k
        self.a = torch.nn.Parameter(torch.tensor(0.25))

    def forward(self, x):
        return self.k * torch.where(x > 0, x, self.a * x)


def own() -> list:
    """One's own in several forms; a lambda is made anew each time."""
    slope = 2.0
    return [wave, ripple, Scaled, lambda x: x * torch.sigmoid(slope * x)]


TINY = {"data": "digits", "epochs": 1, "hidden": [16], "stack_size": 4}


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    return compare("relu", *own(), "bump = x*exp(-x**2)", out=folder / "run", seeds=1, baseline=wave, workers=2, **TINY)


@pytest.mark.large
def test_ones_own_is_carried_through_report_summary_and_continuing(own_run):
    assert own_run.activations == ["relu", "wave", "ripple", "Scaled", "lambda", "bump"]
    assert own_run.is_drawn and {item.baseline for item in summarise(own_run).comparisons} == {"wave"}
    told, spec = Told(), own_run.path / "experiment.toml"
    compare("relu", *own(), "bump = x*exp(-x**2)", out=own_run.path, seeds=1, progress=told, report=False, **TINY)
    compare(spec=spec, out=own_run.path, progress=told, report=False)  # as another process would
    assert [begun.missing for begun in told.begun] == [0, 0]
    assert Experiment.from_toml(own_run.experiment.to_toml()) == own_run.experiment


@pytest.mark.large
def test_ones_own_trains_in_workers_with_the_same_bits(own_run, tmp_path):
    here = compare(wave, own()[-1], out=tmp_path / "run", seeds=1, workers=1, report=False, **TINY)
    there = own_run.trials.set_index("key").loc[here.trials["key"]]
    assert here.trials.set_index("key")[MEASURED[1:]].equals(there[MEASURED[1:]])


@pytest.mark.large
def test_models_of_ones_own_are_loaded_where_nobody_has_defined_it(own_run, tmp_path):
    code = """
import sys, numpy, torch, actlab
run = actlab.load_run(sys.argv[1])
x = torch.from_numpy(actlab.data.load("digits").test.x)
for trial in run.trials.itertuples():
    got = actlab.load_model(run, trial.activation)(x).argmax(1).numpy()
    assert numpy.array_equal(got, run.predictions(trial.key)), trial.activation
"""
    subprocess.run([sys.executable, "-c", "import actlab.data\n" + code, own_run.path], check=True, cwd=tmp_path)


def test_ones_own_that_has_changed_is_another_experiment(monkeypatch):
    known = Experiment(activations=("relu", wave), content="-")
    monkeypatch.setattr(sys.modules[__name__], "WEIGHT", torch.tensor(0.4))
    told = known.differences(Experiment(activations=("relu", wave), content="-"))
    assert told == ["the source of wave, or what it holds, has changed since"]


def test_a_source_that_cannot_be_had_is_refused_before_training(tmp_path):
    with pytest.raises(UserError, match="source of <lambda> cannot be read"):
        compare("relu", eval("lambda x: x"), out=tmp_path / "run", **SMALL)
    assert not (tmp_path / "run").exists()


def test_a_run_is_read_when_the_file_of_its_activation_is_gone(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text("import torch\ndef f(x):\n    return torch.tanh(x)\n")
    run = compare("relu", f"{mine}:f", out=tmp_path / "run", seeds=1, report=False, **TINY)
    mine.unlink()
    assert summarise(run).comparisons[0].baseline == "relu" and actlab.load_model(run, "mine.py:f")


def test_what_it_holds_may_change_when_it_is_called(tmp_path):
    class Counting:
        calls = 0

        def __call__(self, x):
            self.calls += 1
            return torch.tanh(x)

    run = compare(Counting(), out=tmp_path / "run", seeds=1, report=False, **TINY)
    assert run.activations == ["Counting"] and run.experiment.all_targets


class Wrong(torch.autograd.Function):
    """tanh whose backward forgets the square."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.tanh()

    @staticmethod
    def backward(ctx, g):
        return g * (1 - ctx.saved_tensors[0].tanh())


@pytest.mark.large
def test_a_wrong_backward_stops_a_run_and_is_told_beside_its_verdict(tmp_path):
    def hidden(x):
        return Wrong.apply(x)

    @actlab.activation(formula="x**2")
    def block(x):
        return x * x

    @block.derivative(wrt="x")
    def _(x):
        return x

    for what in (hidden, block):
        with pytest.raises(UserError, match=r"battery, \w+: derivative.*actlab derive .*--force"):
            compare("relu", what, out=tmp_path / "run", seeds=1, **TINY)
    assert not (tmp_path / "run").exists()
    run = compare("relu", hidden, out=tmp_path / "run", seeds=1, force=True, **TINY)
    assert list(run.trials["gradient"]) == ["by hand"] * 2
    page = (run.path / "report" / "index.html").read_text()
    for told in (summarise(run).as_text(), page, str(summarise(run).as_json())):
        assert "derivative, gradient_tails, gradcheck failed" in " ".join(told.split())


def test_per_layer_names_and_no_hidden_layer(tmp_path):
    run = compare("relu/tanh", "relu", out=tmp_path / "two", **SMALL)
    assert run.activations == ["relu/tanh", "relu"]
    flat = compare("relu", out=tmp_path / "none", hidden=[], **SMALL)
    model = actlab.load_model(flat, "relu")
    assert len(model) == 1 and model[0].in_features == 64


def test_an_own_npz_is_compared_on(tmp_path):
    g = np.random.default_rng(0)
    y = g.integers(0, 3, 300)
    np.savez(tmp_path / "blobs.npz", x=g.normal(size=(300, 5)) + 6 * y[:, None], y=y)
    run = compare("relu", **(SMALL | {"data": str(tmp_path / "blobs.npz"), "epochs": 60}), out=tmp_path / "run")
    assert run.trials["test_accuracy"].mean() > 0.8


def test_the_plain_engine_agrees_with_the_stack(tmp_path):
    names = ("relu", "tanh", "gelu")
    plain = compare(*names, out=tmp_path / "plain", engine="plain", **SMALL)
    stacked = compare(*names, out=tmp_path / "stacked", **SMALL)
    assert set(plain.trials["key"]).isdisjoint(stacked.trials["key"]), "another engine, another trial"
    for column in ("train_loss", "valid_loss"):
        np.testing.assert_allclose(plain.curves[column], stacked.curves[column], rtol=1e-3)


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 0.1), ("momentum", 0.1), ("adamw", 0.001)])
def test_the_usual_rate_is_that_of_the_optimizer(tmp_path, optimizer, rate):
    run = compare("relu", out=tmp_path / "run", optimizer=optimizer, **SMALL)
    assert run.experiment.learning_rate == (rate,)
    again = compare("relu", out=tmp_path / "run", optimizer=optimizer, learning_rate=[rate], **SMALL)
    assert contents(again) == contents(run)


def test_data_auto_is_settled_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data, "resolve_auto", lambda **_: ("digits", "because MNIST could not be had: no network"))
    settings = {name: value for name, value in SMALL.items() if name != "data"}
    told = Told()
    run = compare("relu", progress=told, **settings)
    assert run.experiment.data == "digits" and "no network" in run.experiment.data_note
    assert any("because MNIST could not be had" in text for text in told.said)
    assert run.path == Path("runs") / f"digits-{run.experiment.key}"

    def never(**_):
        raise AssertionError("a resume never asks again")

    with Store(run.path) as store:  # as if it had been interrupted
        store._database.execute("UPDATE trials SET status = 'planned' WHERE seed = 1")
    monkeypatch.setattr(data, "resolve_auto", never)
    told = Told()
    again = compare("relu", progress=told, **settings)
    assert again.path == run.path and told.begun[0].missing == 1


def test_a_default_folder_points_to_a_run_that_could_grow(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = compare("relu", **SMALL)
    told = Told()
    second = compare("relu", "tanh", progress=told, **SMALL)
    assert first.path != second.path
    assert any(f"--out {first.path} would train only the other 2" in text for text in told.said)


def test_a_spec_file_is_the_same_as_options(tmp_path):
    run = compare("relu", out=tmp_path / "a", **SMALL)
    again = compare(spec=run.path / "experiment.toml", out=tmp_path / "b", report=False)
    assert contents(run) == contents(again)
    other = compare("tanh", spec=run.path / "experiment.toml", out=tmp_path / "c", epochs=1, report=False)
    assert other.experiment.activations == ("tanh",) and other.experiment.epochs == 1


def test_an_environment_that_changed_is_said(tmp_path):
    run = compare("relu", out=tmp_path / "run", **SMALL)
    file = run.path / "environment.json"
    known = json.loads(file.read_text())
    known[-1]["torch"] = "1.0"
    file.write_text(json.dumps(known))
    told = Told()
    compare("relu", out=tmp_path / "run", progress=told, **SMALL)
    assert any("torch: 1.0 then" in text for text in told.said)


def test_a_copied_run_goes_on_elsewhere(tmp_path):
    compare("relu", out=tmp_path / "run", **SMALL)
    shutil.copytree(tmp_path / "run", tmp_path / "moved")
    told = Told()
    compare("relu", out=tmp_path / "moved", progress=told, **(SMALL | {"seeds": 3}))
    assert told.begun[0].missing == 1


@pytest.mark.parametrize(("count", "workers"), [(1, 2), (3, 2), (30, 2), (31, 4), (100, 3), (1000, 2)])
def test_plans_cover_every_trial_once_in_even_stacks(count, workers):
    e = Experiment(activations=("relu",), seeds=tuple(range(count)), content="x")
    stacks = make_stacks(e.trials(), e.layers, workers, 16)
    keys = [trial.key for stack in stacks for trial in stack.trials]
    assert sorted(keys) == sorted(trial.key for trial in e.trials())
    sizes = [len(stack.trials) for stack in stacks]
    assert max(sizes) <= 16 and max(sizes) - min(sizes) <= 1
    assert len(stacks) >= min(workers, count)


def test_plans_keep_activations_together_and_groups_apart():
    e = Experiment(activations=("relu", "tanh"), seeds=tuple(range(9)), dropout=(0.0, 0.2), content="x")
    for stack in make_stacks(e.trials(), e.layers, 2, 16):
        names = [trial.activation for trial in stack.trials]
        assert names == sorted(names)
        assert len({trial.dropout > 0 for trial in stack.trials}) == 1


@pytest.mark.large
@MNIST
def test_mnist_itself_learns(tmp_path):
    """Two epochs on all 60,000 images, against what an independent loop reaches."""
    run = compare(
        "relu", "tanh", data="mnist", split="tutorial", seeds=1, epochs=2, out=tmp_path / "run", report=False, workers=1
    )
    assert run.trials["test_accuracy"].isna().all(), "the test set is used for validation"
    assert run.trials["final_valid_accuracy"].between(0.91, 0.935).all()


def test_models_load_when_sources_have_changed_or_gone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "mine.py"
    mine.write_text("import torch\ndef f(x):\n    return torch.sin(x)\n")
    run = compare("relu", "mine.py:f", out=tmp_path / "run", **SMALL)
    mine.unlink()
    monkeypatch.chdir("/")
    x = torch.from_numpy(data.load("digits").test.x)
    for name in ("relu", "mine.py:f"):
        key = run.trials[(run.trials["activation"] == name) & (run.trials["seed"] == 0)]["key"].item()
        assert np.array_equal(actlab.load_model(run.path, name)(x).argmax(1).numpy(), run.predictions(key))
    with pytest.raises(UserError, match="no column of trials 'nope'"):
        actlab.load_model(run, "relu", nope=1)


def test_models_of_the_catalogue_can_be_saved(tmp_path):
    run = compare("gelu_tanh", "prelu(0.3)", out=tmp_path / "run", **SMALL)
    for name in run.activations:
        model = actlab.load_model(run, name)
        torch.save(model, tmp_path / "model.pt")
        again = torch.load(tmp_path / "model.pt", weights_only=False)
        assert torch.equal(again(torch.ones(1, 64)), model(torch.ones(1, 64)))


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A run that was killed after its first checkpoint."""
    folder = tmp_path_factory.mktemp("killed")
    with start(folder, folder / "run") as process:
        wait_for_checkpoint(folder / "run", process)
    return folder / "run"


@pytest.mark.large
@pytest.mark.xdist_group("killed")
@pytest.mark.parametrize("damaged", ["pt", "json"])
def test_a_damaged_checkpoint_costs_its_stack_alone(tmp_path, damaged, killed, whole):
    out = tmp_path / "run"
    shutil.copytree(killed, out)
    file = next((out / "working").glob(f"*.{damaged}"))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert contents(finish(out)) == whole


def _emptied(file: Path) -> None:
    file.write_bytes(b"")


def test_a_list_of_runs_counts_what_is_under_way(tmp_path):
    run = compare("relu", "tanh", out=tmp_path / "run", **SMALL)
    with sqlite3.connect(run.path / "run.db") as database:
        database.execute("UPDATE trials SET status = 'planned' WHERE activation = 'tanh'")
    (run.path / "working").mkdir(exist_ok=True)
    (run.path / "working" / "torn.json").write_text("{")
    assert "2 of 4 networks" in status(run.path) and "under way" not in status(run.path)
    (run.path / "working" / "s.json").write_text('{"keys": ["a", "b"], "done": 7}')
    assert status(run.path).endswith("2 of 4 networks, 2 under way, at epoch 7 at most")


@pytest.mark.parametrize(
    ("suffix", "damage", "found"),
    [
        ("pt", _emptied, 1),
        ("pt", lambda file: file.write_bytes(file.read_bytes()[:100]), 1),
        ("pt", lambda file: torch.save({"done": 3}, file), 1),
        ("pt", lambda file: torch.save({"done": 3, "keys": ("another",)}, file), 1),
        ("pt", Path.unlink, 0),
        ("json", _emptied, 0),
        ("json", lambda file: file.write_text("{"), 0),
        ("json", lambda file: file.write_text("[]"), 0),
        ("json", lambda file: file.write_text('{"keys": 3, "done": "three"}'), 0),
        ("json", lambda file: file.write_text('{"keys": [["a"]], "done": 1}'), 0),
        ("json", lambda file: file.write_text('{"keys": [], "done": 1}'), 0),
        ("json", lambda file: file.write_text('{"keys": ["a", "a"], "done": 1}'), 0),
    ],
)
def test_a_checkpoint_that_cannot_be_read_is_removed(tmp_path, suffix, damage, found):
    stack = SimpleNamespace(name="s", keys=("a", "b"))
    torch.save({"keys": stack.keys, "done": 3}, tmp_path / "s.pt")
    (tmp_path / "s.json").write_text(json.dumps({"keys": stack.keys, "done": 3}))
    assert Checkpoints(tmp_path, stack).load() and saved(tmp_path) == [Saved(("a", "b"), 3)]
    damage(tmp_path / f"s.{suffix}")
    assert len(saved(tmp_path)) == found
    assert Checkpoints(tmp_path, stack).load() is None and not list(tmp_path.iterdir())


def test_a_damaged_neighbour_in_runs_stops_nobody(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "bad").mkdir(parents=True)
    (tmp_path / "runs" / "bad" / "run.db").write_bytes(b"")
    assert (compare("relu", **SMALL).trials["status"] == "finished").all()


def test_another_format_is_never_written_to(tmp_path):

    run = compare("relu", out=tmp_path / "run", **SMALL)
    database = sqlite3.connect(run.path / "run.db")
    database.execute("PRAGMA user_version = 9")
    database.close()
    before = (run.path / "run.db").read_bytes()
    with pytest.raises(UserError, match="has format 9"):
        compare("relu", out=tmp_path / "run", **(SMALL | {"seeds": 3}))
    assert (run.path / "run.db").read_bytes() == before


def test_a_damaged_environment_file_is_no_obstacle(tmp_path):
    run = compare("relu", out=tmp_path / "run", **SMALL)
    (run.path / "environment.json").write_text("{")
    compare("relu", out=tmp_path / "run", **SMALL)
    assert len(Run(run.path).environments) == 1


@pytest.mark.large
def test_the_leader_is_trained_again_on_fresh_seeds(tmp_path):
    small = {"data": "digits", "epochs": 1, "hidden": [16], "learning_rate": [0.1], "report": False}
    run = compare("relu", "heaviside", "tanh", seeds=5, out=tmp_path / "run", force=True, **small)
    assert leader(run) == "tanh"
    again = confirm(run, report=False)
    assert again.activations == ["relu", "tanh"] and again.experiment.seeds == (5, 6, 7, 8, 9)
    alone = compare("relu", "tanh", seeds=[5, 6, 7, 8, 9], out=tmp_path / "alone", **small)
    assert contents(again) == contents(alone)
    assert confirm(compare("tanh", "heaviside", seeds=5, out=tmp_path / "other", force=True, **small)) is None


UNGUARDED = """
import numpy as np, actlab
{before}
x = np.random.default_rng(0).normal(size=(60, 2))
actlab.compare("relu", "tanh", data=(x, np.arange(60) % 2), seeds=2, epochs=1, hidden=[2], workers=2, stack_size=1,
               force=True, report=False, out="run")
"""


@pytest.mark.large
@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("", r'.*: put what it does under `if __name__ == "__main__":`, or .* workers=1\.'),
        ("__name__ == '__mp_main__' and {}['no such key']",  # also: a script from standard input
         r"Worker processes died again and again, each of an error that it has printed\. .*"),
    ],
    ids=["no guard", "fails where it is imported"],
)  # fmt: skip
def test_a_script_that_its_workers_cannot_import_is_told_why(tmp_path, before, told):
    (tmp_path / "mine.py").write_text(UNGUARDED.format(before=before))
    done = subprocess.run([sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and re.fullmatch(f"actlab.errors.UserError: {told}", done.stderr.splitlines()[-1])
    assert done.stderr.count("Traceback") == 1 or before, "the workers say nothing"


@pytest.mark.large
def test_a_process_of_somebody_elses_that_imports_its_script_is_told_too(tmp_path):
    code = "import multiprocessing as m, actlab; m.current_process()._inheriting = True; actlab.compare('relu')"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert "UserError: Each worker process imports this script" in done.stderr and not list(tmp_path.iterdir())
