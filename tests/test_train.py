"""The engine: the same bits in any company, and the numbers of the plain loop."""

import dataclasses
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from actlab import catalogue
from actlab.engine import products
from actlab.engine.models import gain
from actlab.engine.optimizers import AdamW
from actlab.engine.products import accumulation, product
from actlab.engine.training import Arrays, Stack, Trainer, train
from actlab.experiment.spec import Experiment, Trial
from actlab.making.resolution import resolve
from actlab.naming.targets import parse

ACTIVATIONS = [*catalogue.facts(), "torch.nn:Hardswish", "torch.nn:PReLU"]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def arrays(samples: int = 100, features: int = 20, classes: int = 10, test: bool = True) -> Arrays:
    g = torch.Generator().manual_seed(5)
    sizes = (samples, 47, 31)
    x = [torch.randn(n, features, generator=g) for n in sizes]
    y = [torch.randint(classes, (n,), generator=g) for n in sizes]
    tests = (x[2], y[2]) if test else (None, None)
    return Arrays(x[0], y[0], x[1], y[1], *tests, classes)


def stack(experiment: Experiment, keep=lambda trial: True) -> Stack:
    return Stack(tuple(t for t in experiment.trials() if keep(t)), experiment.layers)


def experiment(**fields) -> Experiment:
    defaults = {
        "activations": ("relu",),
        "seeds": (0,),
        "data": "toy",
        "content": "toy",
        "epochs": 2,
        "hidden": (16, 12),
    }
    return Experiment(**(defaults | {"learning_rate": (0.05,)} | fields))


def outcome(result, i: int) -> list[bytes]:
    """All that a result says of one trial, as bytes."""
    parameters = [value.tobytes() for value in result.parameters[i].values()]
    return [result.curves[i].tobytes(), result.predictions[i].tobytes(), result.test_loss[i].tobytes(), *parameters]


# each width with two sizes of a batch, each size with two or three widths
SHAPES = [(7, 24), (7, 33), (10, 29), (10, 64), (50, 24), (50, 33), (100, 29), (100, 64), (128, 33), (128, 64)]


@pytest.mark.parametrize(("width", "batch"), SHAPES, ids=str)
def test_a_trial_has_the_same_bits_in_any_company(width, batch):
    """Every catalogue activation and two of torch's: alone, and in stacks of other sizes, orders and neighbours."""
    e = experiment(activations=tuple(ACTIVATIONS), seeds=(0, 1, 2), hidden=(width, width), batch_size=batch, epochs=1)
    data = arrays()
    together = stack(e)
    results = train(together, data)
    alone = {}
    for i, trial in enumerate(together.trials):
        if trial.seed == 1:
            alone[trial.key] = outcome(train(Stack((trial,), e.layers), data), 0)
            assert outcome(results, i) == alone[trial.key], trial
    pairs = stack(e, lambda t: t.seed != 0 and t.activation not in ("relu", "gelu"))
    for i, trial in enumerate(pairs.trials):
        if trial.seed == 1:
            assert outcome(train_once(pairs, data), i) == alone[trial.key], trial


_CACHE: dict = {}


def train_once(s: Stack, data: Arrays):
    if _CACHE.get("stack") is not s:
        _CACHE.update(stack=s, result=train(s, data))
    return _CACHE["result"]


@pytest.mark.large
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_company_property(data):
    """Random trials of one group, in a random company: the bytes of each are those of training it alone."""
    draw = data.draw
    optimizer = draw(st.sampled_from(["sgd", "momentum", "adamw"]))
    decays, drops = draw(st.booleans()), draw(st.booleans())
    shape = {
        "hidden": tuple(draw(st.lists(st.sampled_from([1, 7, 10, 50, 100, 128]), max_size=3))),
        "batch_size": draw(st.sampled_from([24, 29, 33, 64])),
        "optimizer": optimizer,
        "epochs": draw(st.integers(1, 2)),
        "dtype": draw(st.sampled_from(["float32", "float32", "float64"])),
    }
    trial = st.builds(
        Trial,
        activation=st.sampled_from(list(catalogue.facts())),
        seed=st.integers(0, 3),
        learning_rate=st.sampled_from([0.003, 0.05, 0.3]),
        schedule=st.sampled_from(["constant", "cosine"]),
        initialisation=st.sampled_from(["pytorch", "gain"]),
        weight_decay=st.sampled_from([1e-3, 0.01]) if decays else st.just(0.0),
        dropout=st.sampled_from([0.2, 0.5]) if drops else st.just(0.0),
        data=st.just("toy"),
        content=st.just("toy"),
        **{key: st.just(value) for key, value in shape.items()},
    )
    trials = sorted(draw(st.lists(trial, min_size=2, max_size=7)), key=lambda t: t.activation)
    layers = {t.activation: (parse(t.activation),) * len(t.hidden) for t in trials}
    together = train(Stack(tuple(trials), layers), arrays())
    i = draw(st.integers(0, len(trials) - 1))
    assert outcome(together, i) == outcome(train(Stack((trials[i],), layers), arrays()), 0)


def plain_network(trial: Trial, features: int, classes: int, activation) -> torch.nn.Sequential:
    """The start that torch.nn.Linear itself draws from the trial's seed."""
    from actlab.experiment.spec import stream_seed

    torch.manual_seed(stream_seed(trial.seed, "init"))
    layers, inputs = [], features
    for width in trial.hidden:
        layers += [torch.nn.Linear(inputs, width), activation()]
        inputs = width
    return torch.nn.Sequential(*layers, torch.nn.Linear(inputs, classes))


TWINS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "gelu": torch.nn.GELU, "prelu": torch.nn.PReLU}
OPTIMIZERS = {
    "sgd": lambda p, t: torch.optim.SGD(p, lr=t.learning_rate),
    "momentum": lambda p, t: torch.optim.SGD(p, lr=t.learning_rate, momentum=t.momentum),
    "adamw": lambda p, t: torch.optim.AdamW(p, lr=t.learning_rate, betas=t.betas, eps=t.epsilon),
}


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("decay", [0.0, 0.02])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", TWINS)
def test_one_stacked_network_is_the_plain_loop(name, optimizer, decay, schedule):
    """nn.Module, autograd and torch.optim for an epoch, against the stack: float64, so that only rounding differs."""
    from actlab.experiment.spec import stream_seed

    e = experiment(
        activations=(name, "silu"), seeds=(3, 4), optimizer=optimizer, weight_decay=(decay,), schedule=schedule,
        dtype="float64", learning_rate=(0.02,), epochs=2, batch_size=33,
    )  # fmt: skip
    s = stack(e)
    data = arrays()
    result = train(s, data)
    trial = s.trials[1]
    assert (trial.label, trial.seed) == (name, 4)

    torch.set_default_dtype(torch.float64)
    try:
        network = plain_network(trial, 20, 10, TWINS[name])
    finally:
        torch.set_default_dtype(torch.float32)
    learned = [p for m in network if isinstance(m, torch.nn.PReLU) for p in m.parameters()]
    usual = [p for m in network if isinstance(m, torch.nn.Linear) for p in m.parameters()]
    groups = [{"params": usual, "weight_decay": decay}]
    if learned:
        groups.append({"params": learned, "weight_decay": 0.0})
    torch_optimizer = OPTIMIZERS[optimizer](groups, trial)
    steps = 2 * -(-100 // 33)
    rule = torch.optim.lr_scheduler.CosineAnnealingLR(torch_optimizer, steps) if schedule == "cosine" else None
    x, y = data.x_train.double(), data.y_train
    for epoch in range(2):
        order = torch.randperm(100, generator=torch.Generator().manual_seed(stream_seed(4, "order", epoch)))
        total, right = 0.0, 0
        for batch in order.split(33):
            logits = network(x[batch])
            loss = torch.nn.functional.cross_entropy(logits, y[batch])
            total += loss.item() * len(batch)
            right += int((logits.argmax(1) == y[batch]).sum())
            torch_optimizer.zero_grad()
            loss.backward()
            torch_optimizer.step()
            if rule:
                rule.step()
        with torch.no_grad():
            logits = network(data.x_valid.double())
            valid = torch.nn.functional.cross_entropy(logits, data.y_valid).item()
            accuracy = (logits.argmax(1) == data.y_valid).double().mean().item()
        expected = [total / 100, right / 100, valid, accuracy]
        np.testing.assert_allclose(result.curves[1, epoch], expected, rtol=1e-9)
    if result.best_epoch[1] == 2:
        for layer, module in enumerate(network):
            if isinstance(module, torch.nn.Linear):
                got = result.parameters[1][f"{layer}.weight"]
                np.testing.assert_allclose(got, module.weight.detach().numpy(), rtol=1e-8, atol=1e-12)


def test_a_wrong_derivative_trains_wrongly(tmp_path):
    """The stack applies the hand-written derivative: planting a mistake must change what is learned."""
    head = "from actlab import activation\nimport torch\n"
    block = (
        "@activation(family='mine', formula='tanh(x)', range='(-1, 1)', reference='-', checked='-')\n"
        "def swoosh(x):\n    'A tanh.'\n    return torch.tanh(x)\n"
        "@swoosh.derivative(wrt='x')\ndef _(y):\n    return {}\n"
    )
    (tmp_path / "right.py").write_text(head + block.format("1 - y * y"))
    (tmp_path / "wrong.py").write_text(head + block.format("1 - y"))
    e = experiment(activations=("tanh", f"{tmp_path}/right.py:swoosh", f"{tmp_path}/wrong.py:swoosh"), epochs=3)
    result = train(stack(e), arrays())
    np.testing.assert_allclose(result.curves[1], result.curves[0], rtol=1e-5)  # the catalogue's runs in ATen's kernels
    assert abs(result.curves[2, -1, 0] - result.curves[0, -1, 0]) > 1e-4


def test_padding_never_reaches_a_result(tmp_path):
    """An activation that is not a number at 0, learned, on a width that needs padding."""
    file = tmp_path / "mine.py"
    file.write_text(
        "import torch\nclass Log(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.w = torch.nn.Parameter(torch.tensor(1.0))\n    def forward(self, x):\n"
        "        return self.w * x * torch.log(x.abs())\n"
    )
    e = experiment(activations=(f"{file}:Log",), hidden=(7,), batch_size=29, learning_rate=(0.01,))
    result = train(stack(e), arrays())
    assert np.isfinite(result.curves).all() and result.diverged_epoch[0] == 0


def test_a_diverging_neighbour_harms_nobody():
    e = experiment(activations=("relu", "tanh"), learning_rate=(0.05, 1e6), epochs=4)
    s = stack(e)
    result = train(s, arrays())
    for i, trial in enumerate(s.trials):
        blown = trial.learning_rate == 1e6 and trial.activation == "relu"
        if blown:
            assert result.diverged_epoch[i] > 0
            assert np.isnan(result.curves[i, -1]).any()
        elif trial.learning_rate == 0.05:
            assert result.diverged_epoch[i] == 0
            assert outcome(result, i) == outcome(train(Stack((trial,), s.layers), arrays()), 0)


@pytest.mark.large
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_checkpoint_continues_with_the_same_bits(optimizer, dropout):
    """Taken between epochs and in the middle of one: 50 steps an epoch, a pause after every 8."""
    e = experiment(activations=("relu", "prelu"), seeds=(0, 1), optimizer=optimizer, dropout=(dropout,), epochs=3,
                   batch_size=2, schedule="cosine", weight_decay=(0.01,))  # fmt: skip
    s, data = stack(e), arrays()
    whole = train(s, data)
    states = []
    train(s, data, checkpoint=lambda trainer: states.append(copy_state(trainer)))
    assert [(state["done"], state["step"]) for state in states[:8]] == [
        *((0, step) for step in range(8, 50, 8)), (1, 0), (1, 8)
    ]  # fmt: skip
    for state in (states[1], states[6], states[-1]):
        resumed = train(s, data, state=state)
        for i in range(len(s.trials)):
            assert outcome(whole, i) == outcome(resumed, i)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_steps_replayed_from_tables_are_the_same_bits(optimizer):
    """The way of the GPU, without its graph: every step finds its row by a cursor on the device."""
    e = experiment(activations=("relu", "mish", "prelu"), seeds=(0, 1), optimizer=optimizer, epochs=2, batch_size=3,
                   schedule="cosine", weight_decay=(0.01,))  # fmt: skip
    called, replayed = (Trainer(stack(e), arrays(), replays=replays) for replays in (False, True))
    assert not called.replays and replayed.replays
    for _ in range(2):
        # sums over one step or over eight: the last bits of a loss may differ
        np.testing.assert_allclose(called.epoch(), replayed.epoch(), rtol=1e-12)
    for a, b in zip(called.parameters.tensors(), replayed.parameters.tensors(), strict=True):
        assert torch.equal(a, b)


def test_adamw_is_the_same_however_many_networks_it_takes_at_a_time(monkeypatch):
    """One by one, three by three (so that parts have mixed rates and a rest) and all at once: one learned state."""
    e = experiment(activations=("relu", "mish", "prelu"), seeds=(0, 2), optimizer="adamw", batch_size=3,
                   learning_rate=(0.1, 0.01), schedule="cosine", weight_decay=(0.01, 0.02))  # fmt: skip
    found = []
    for at_once in (1, 3, 1000):
        monkeypatch.setattr(AdamW, "_at_once", lambda self, w, n=at_once: min(n, len(w)))
        trainer = Trainer(stack(e), arrays())
        trainer.epoch()
        assert [len(g) for g in trainer.optimizer.gradients] == [min(at_once, 24)] * len(trainer.sizes[1:])
        found.append([tensor.clone() for tensor in trainer._held()])
    for few in found[:2]:
        assert all(torch.equal(a, b) for a, b in zip(few, found[2], strict=True))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_asks_the_host_for_nothing(optimizer, monkeypatch):
    """On the meta device, where a number read or a tensor of the host's would be an error: so it can be captured."""
    monkeypatch.setattr(torch, "_fused_adamw_", lambda *args, lr, **kwargs: [t.device for t in (*args[5], lr)])
    e = experiment(activations=("relu", "mish", "prelu"), seeds=(0, 2, 5), optimizer=optimizer, batch_size=3,
                   learning_rate=(0.1, 0.01), schedule="cosine", weight_decay=(0.01,))  # fmt: skip
    trainer = Trainer(stack(e, lambda t: t.seed != 2 or t.activation != "mish"), arrays(), "meta", replays=True)
    loss_M, accuracy_M = trainer.train_epoch()
    trainer._keep_best(trainer.evaluate()[0])
    assert loss_M.device.type == accuracy_M.device.type == "meta" and len(loss_M) == 16
    with pytest.raises(RuntimeError):
        loss_M.cpu().numpy()


def copy_state(trainer: Trainer):
    import io

    buffer = io.BytesIO()
    torch.save(trainer.state(), buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def test_seeds_pair_start_and_batches():
    e = experiment(activations=("relu", "tanh"), seeds=(7, 8))
    s = stack(e)
    trainer = Trainer(s, arrays())
    first = trainer.parameters.weights[0]
    assert torch.equal(first[0], first[2]) and not torch.equal(first[0], first[1])
    assert [trial.seed for trial in s.trials] == [7, 8, 7, 8]
    assert trainer.seed_of_M.tolist() == [0, 1, 0, 1]


def test_gains_are_those_of_the_normal_distribution():
    """Against the table of shared research, by quadrature with another program."""
    known = {"relu": 1.414, "tanh": 1.593, "sigmoid": 1.846, "gelu": 1.534, "silu": 1.677, "mish": 1.487, "elu": 1.245,
             "softplus": 1.042, "identity": 1.0}  # fmt: skip
    for name, value in known.items():
        assert gain(resolve(parse(name))) == pytest.approx(value, abs=6e-4)


def test_gain_initialisation_keeps_the_signal():
    e = experiment(activations=("tanh",), initialisation=("gain",), hidden=(256, 256, 256))
    trainer = Trainer(stack(e), arrays(features=256))
    p = trainer.parameters
    assert p.linear(0, 0)[0].std().item() == pytest.approx(1 / 16, rel=0.02)
    assert p.linear(1, 0)[0].std().item() == pytest.approx(1.5925 / 16, rel=0.02)
    assert all(p.linear(layer, 0)[1].abs().max() == 0 for layer in range(4))


def test_dropout_is_off_in_evaluation_and_scales_by_the_kept_share():
    e = experiment(dropout=(0.4,), hidden=(500,))
    trainer = Trainer(stack(e), arrays())
    trainer.generators = trainer._dropout_generators()
    (mask,) = trainer._masks(64)
    assert mask.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert (mask == 0).double().mean().item() == pytest.approx(0.4, abs=0.02)
    for before, after in zip(trainer.evaluate(), trainer.evaluate(), strict=True):
        assert torch.equal(before, after)


def test_no_hidden_layer_is_logistic_regression():
    e = experiment(activations=("relu", "tanh"), hidden=())
    result = train(stack(e), arrays())
    assert outcome(result, 0) == outcome(result, 1)
    assert set(result.parameters[0]) == {"0.weight", "0.bias"}


def test_without_a_test_set_test_figures_are_null():
    result = train(stack(experiment()), arrays(test=False))
    assert np.isnan(result.test_loss).all() and result.predictions == [None]


@pytest.mark.parametrize(("batch", "inputs", "outputs"), list(itertools.product((1, 2, 64), (1, 7, 784), (1, 2, 128))))
def test_products_have_the_same_bits_for_any_number_of_networks(batch, inputs, outputs):
    g = torch.Generator().manual_seed(0)
    x, w = torch.randn(5, batch, inputs, generator=g), torch.randn(5, inputs, outputs, generator=g)
    whole = product(x, w, torch.empty(5, batch, outputs))()
    d = torch.randn(5, batch, outputs, generator=g)
    updated = accumulation(w.clone(), x.mT, d, beta=0.9)()
    for part in (slice(0, 1), slice(4, 5), slice(1, 3), slice(1, 5)):
        count = len(x[part])
        assert torch.equal(product(x[part], w[part], torch.empty(count, batch, outputs))(), whole[part])
        assert torch.equal(accumulation(w[part].clone(), x[part].mT, d[part], beta=0.9)(), updated[part])


def test_the_group_names_every_field_that_must_agree():
    trial = experiment().trials()[0]
    other = {"batch_size": 3, "hidden": (2,), "epochs": 9, "optimizer": "adamw", "dtype": "float64", "momentum": 0.5}
    for name, value in other.items():
        assert Stack.group(trial) != Stack.group(dataclasses.replace(trial, **{name: value})), name


@pytest.mark.large
def test_products_have_the_same_bits_wherever_their_factors_lie():
    assert products.hold()
    code = (
        "import torch; torch.ones(9, 9) @ torch.ones(9, 9)\nfrom actlab.engine import products; print(products.hold())"
    )
    early = {name: value for name, value in os.environ.items() if name != "MKL_CBWR"}
    for env, allowed in ((early, ("True", "False")), (early | {"MKL_CBWR": "AUTO"}, ("True",))):
        told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        assert told.stdout.strip() in allowed
