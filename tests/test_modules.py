"""Modules with a state, with modes, or made for one width: alone, in company, interrupted, saved, by the plain loop."""

import pytest
import torch
from test_plain import arrays, assert_equal_results, experiment
from test_train import outcome
from torch import nn

from actlab.engine import plain
from actlab.engine.training import Stack, Trainer, train
from actlab.errors import UserError
from actlab.experiment.spec import Experiment
from actlab.making.resolution import resolve
from actlab.naming.targets import parse
from actlab.nn import as_module
from actlab.workflows.comparison import compare
from actlab.workflows.loading import load_model

SOURCE = '''
import torch
from torch import nn


class Counter(nn.Module):
    """Sharper with every training call: a state in place."""
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
    def forward(self, x):
        if self.training:
            self.calls += 1
        return x * torch.sigmoid((1 + 0.3 * self.calls) * x)


class Running(nn.Module):
    """Scaled by a running size, which is set anew, beside a learned slope."""
    def __init__(self):
        super().__init__()
        self.register_buffer("size", torch.ones(()))
        self.slope = nn.Parameter(torch.tensor(1.5))
    def forward(self, x):
        if self.training:
            self.size = 0.9 * self.size + 0.1 * x.detach().abs().mean()
        return x * torch.sigmoid(self.slope * x / self.size)


class Normed(nn.Module):
    """Batch norm of its own width inside: other samples count in training, not in evaluation."""
    def __init__(self):
        super().__init__()
        self.norm = nn.LazyBatchNorm1d()
    def forward(self, x):
        return torch.tanh(self.norm(x))


class FirstBatch(nn.Module):
    """Sets itself up on the first batch that it sees, in the middle of whose numbers it bends."""
    def __init__(self):
        super().__init__()
        self.middle = nn.Parameter(torch.zeros(()))
        self.register_buffer("begun", torch.tensor(False))
    def forward(self, x):
        if not self.begun:
            self.middle.data.copy_(x.detach().median())
            self.begun.fill_(True)
        return torch.relu(x - self.middle)


class NotYet(nn.Module):
    """A running mean in a buffer that is not there before the first batch."""
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", None)
    def forward(self, x):
        if self.training:
            batch = x.detach().mean()
            self.mean = batch if self.mean is None else 0.9 * self.mean + 0.1 * batch
        return torch.relu(x - (0.0 if self.mean is None else self.mean))


class Centred(nn.Module):
    """No state: centred in training alone."""
    def forward(self, x):
        return torch.relu(x - x.detach().mean() if self.training else x)


class Modes(nn.Module):
    """No state: a leak in training alone."""
    def forward(self, x):
        return torch.where(x > 0, x, (0.2 if self.training else 0.0) * x)


class Follower(nn.Module):
    """A parameter that asks for no gradient and follows one that does."""
    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(0.2))
        self.mean = nn.Parameter(torch.tensor(0.2), requires_grad=False)
    def forward(self, x):
        if self.training:
            self.mean.data.mul_(0.9).add_(0.1 * self.slope.detach())
        return torch.where(x > 0, x, (self.slope + self.mean) * x)


class Features(nn.modules.lazy.LazyModuleMixin, nn.Module):
    """A slope for each feature, of whatever width."""
    cls_to_become = None
    def __init__(self):
        super().__init__()
        self.a = nn.UninitializedParameter()
    def initialize_parameters(self, x):
        if self.has_uninitialized_params():
            self.a.materialize((x.shape[-1],))
            self.a.data.copy_(torch.linspace(0.1, 0.4, x.shape[-1]))
    def forward(self, x):
        return torch.where(x > 0, x, self.a * x)


class Twelve(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.full((12,), 0.25))
    def forward(self, x):
        return torch.where(x > 0, x, self.a * x)


class Attribute(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0
    def forward(self, x):
        self.calls += 1
        return torch.tanh(x) if self.calls < 100 else torch.relu(x)


class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = []
    def forward(self, x):
        self.seen.append(1)
        return torch.relu(x) * (1.0 if len(self.seen) < 30 else 0.5)


class LateAttribute(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = None
    def forward(self, x):
        if self.training:
            self.mean = x.detach().mean() if self.mean is None else 0.9 * self.mean + 0.1 * x.detach().mean()
        return torch.relu(x - (0.0 if self.mean is None else self.mean))


class Unregistered(nn.Module):
    def __init__(self):
        super().__init__()
        self.size = torch.ones(())
    def forward(self, x):
        self.size = 0.9 * self.size + 0.1 * x.detach().abs().mean()
        return torch.tanh(x / self.size)


class Replaced(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.ones(()))
        self.register_buffer("n", torch.zeros(()))
    def forward(self, x):
        y = torch.tanh(self.a * x)
        self.a = nn.Parameter(self.a.detach() * 0.5)
        return y


class Undetached(Running):
    def forward(self, x):
        self.size = 0.9 * self.size + 0.1 * x.abs().mean()
        return x * torch.sigmoid(x / self.size)


class Raises(Running):
    def forward(self, x):
        raise RuntimeError("no")


class OfTheBatch(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LazyBatchNorm1d(track_running_stats=False)
    def forward(self, x):
        return torch.tanh(self.norm(x))


calls = []
def remembers(x):
    calls.append(1)
    return torch.tanh(len(calls) * x)
'''

STATEFUL = ["Counter", "NotYet", "Centred", "Running", "Normed", "FirstBatch", "Modes", "Follower", "Features"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("modules") / "mine.py"
    path.write_text(SOURCE)
    return path


def trained(e: Experiment, keep=lambda trial: True):
    trials = tuple(trial for trial in e.trials() if keep(trial))
    result = train(Stack(trials, e.layers), arrays())
    return {(trial.label, trial.seed): outcome(result, i) for i, trial in enumerate(trials)}


@pytest.mark.parametrize("optimizer", [pytest.param("sgd", marks=pytest.mark.large), "adamw"])
def test_company_changes_no_bit_of_a_network_with_a_state(file, optimizer):
    names = [f"{file}:{name}" for name in STATEFUL]
    e = experiment(*names, "relu", seeds=(0, 1, 2), batch_size=32, optimizer=optimizer, learning_rate=(0.02,))
    together = trained(e)
    for name in names:
        label = name.replace(str(file), file.name)
        alone = trained(e, lambda trial, label=label: trial.label == label and trial.seed == 1)
        ((key, bits),) = alone.items()
        assert together[key] == bits, name


@pytest.mark.parametrize("name", STATEFUL)
def test_a_network_with_a_state_is_that_of_the_plain_loop(file, name):
    e = experiment(f"{file}:{name}", dtype="float64", epochs=3, batch_size=32)
    (trial,) = e.trials()
    (target, *_) = e.layers[trial.activation]
    layers = [as_module(resolve(target, width), dtype=torch.float64) for width in trial.hidden]
    by_hand = plain.run_trial(trial, arrays(), layers)
    assert_equal_results(by_hand, train(Stack((trial,), e.layers), arrays()), rtol=1e-6)


@pytest.mark.parametrize("name", STATEFUL)
def test_a_checkpoint_holds_the_state(file, name, tmp_path):
    e = experiment(f"{file}:{name}", seeds=(0, 1), epochs=3, batch_size=32)
    stack, saved = Stack(tuple(e.trials()), e.layers), []

    def keep(trainer: Trainer) -> None:
        torch.save(trainer.state(), tmp_path / f"{len(saved)}.pt")
        saved.append(tmp_path / f"{len(saved)}.pt")

    whole = train(stack, arrays(samples=300), checkpoint=keep)
    state = torch.load(saved[len(saved) // 2], weights_only=True)
    again = train(stack, arrays(samples=300), state=state)
    assert [outcome(again, i) for i in (0, 1)] == [outcome(whole, i) for i in (0, 1)]


@pytest.mark.large
def test_a_loaded_network_gives_the_loss_that_was_reported(file, tmp_path):
    """In the mode and with the state of the best epoch; from worker processes too."""
    from actlab.data import load

    names = [f"{file}:{name}" for name in STATEFUL]
    settings = {"data": "digits", "seeds": 2, "epochs": 3, "hidden": (10,), "report": False}
    run = compare(*names, out=tmp_path / "run", workers=2, stack_size=7, **settings)
    valid = load("digits").valid
    for row in run.trials.itertuples():
        with torch.no_grad():
            logits = load_model(run, row.activation, seed=row.seed)(torch.from_numpy(valid.x))
        loss = nn.functional.cross_entropy(logits, torch.from_numpy(valid.y).long()).item()
        assert loss == pytest.approx(row.best_valid_loss, rel=1e-5), row.activation
    assert run.trials["best_epoch"].notna().all()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Attribute", r"keeps a state in calls, which is no buffer.*register_buffer"),
        ("Listed", "keeps a state in seen, which is no buffer"),
        ("LateAttribute", "keeps a state"),
        ("Unregistered", "keeps a state in size, which is no buffer"),
        ("Replaced", "replaces a parameter"),
        ("Undetached", r"in the second backward pass.*must be detached"),
        ("Raises", "failed in a hidden layer of 64: RuntimeError: no"),
        ("OfTheBatch", "changes with the others of its batch"),
        ("remembers", "a state outside of itself"),
        ("torch.nn:Dropout", "draws random numbers in training"),
        ("torch.nn:RReLU", "draws random numbers in training"),
        ("torch.nn:LayerNorm", r"LayerNorm\(\) cannot be made without arguments"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_its_true_reason(file, name, told):
    with pytest.raises(UserError, match=told):
        resolve(parse(name if ":" in name else f"{file}:{name}"))


def test_a_module_of_another_width_is_told_before_anything_is_trained(file, tmp_path):
    with pytest.raises(UserError, match=r"in a hidden layer of 8.*--hidden.*one/other.*lazy module"):
        compare(f"{file}:Twelve", data="digits", hidden=(12, 8), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    run = compare(
        f"{file}:Twelve", data="digits", hidden=(12, 12), seeds=1, epochs=1, out=tmp_path / "run", report=False
    )
    assert load_model(run, run.activations[0])[1].a.shape == (12,)


def test_what_is_named_stays_as_it_is(file):
    """An instance is not begun by the look at it, nor by training."""
    module = nn.BatchNorm1d(16)
    e = experiment("relu", hidden=(16,))
    applied = resolve(parse(module), 16)
    applied.copies(torch.tensor([applied.initial] * 2)).forward(torch.randn(2, 5, 16), training=True, slopes=True)
    assert module.num_batches_tracked == 0 and torch.equal(module.weight, torch.ones(16))
    assert e.hidden == (16,)


def test_what_differs_in_a_module_is_another_activation():
    """Private numbers, and what is not learned."""

    class Leak(nn.Module):
        def __init__(self, slope, learns=True):
            super().__init__()
            self._slope = slope
            self.bias = nn.Parameter(torch.zeros(()), requires_grad=learns)

        def forward(self, x):
            return torch.where(x > 0, x, self._slope * x) + self.bias

    made = [Leak(0.1), Leak(0.9), Leak(0.1, learns=False)]
    assert len({parse(module).identity for module in made}) == 3
    assert parse(Leak(0.1)).identity == parse(made[0]).identity


@pytest.mark.large
def test_an_instance_that_is_lazy_or_as_wide_as_what_is_tried(tmp_path):
    class Wide(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(torch.full((65,), 0.25))

        def forward(self, x):
            return torch.where(x > 0, x, self.a * x)

    settings = {"data": "digits", "hidden": (65,), "seeds": 1, "epochs": 1, "report": False, "workers": 1}
    lazy = nn.Sequential(nn.LazyBatchNorm1d(), nn.Tanh())
    run = compare(Wide(), lazy, out=tmp_path / "run", **settings)
    assert (run.trials["status"] == "finished").all()
