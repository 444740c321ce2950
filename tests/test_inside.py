"""What is measured inside networks: torch's own numbers, and not a bit of a result changes by it."""

import gc
import io
import sqlite3
import weakref

import numpy as np
import pytest
import torch
from torch import nn

from actlab.engine import Arrays, InsidePlain, Stack, Trainer, plain, train
from actlab.errors import UserError
from actlab.experiment import Experiment, Run, inside
from actlab.experiment.inside import MEASURED
from actlab.workflows.comparison import compare

MODULES = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU, "prelu": nn.PReLU}


def arrays(targets: int = 0, valid: int = 300) -> Arrays:
    g = torch.Generator().manual_seed(3)
    x = [torch.randn(n, 6, generator=g) for n in (96, valid, 31)]
    y = [torch.randn(len(p), targets, generator=g) if targets else torch.randint(4, (len(p),), generator=g) for p in x]
    return Arrays(x[0], y[0], x[1], y[1], x[2], y[2], targets or 4)


def stack(*activations: str, **fields) -> Stack:
    defaults = {"data": "toy", "content": "toy", "epochs": 3, "hidden": (9, 7), "batch_size": 32, "seeds": (0, 1)}
    e = Experiment(activations=activations, **(defaults | {"learning_rate": (0.05,)} | fields))
    return Stack(tuple(e.trials()), e.layers)


def expected(linears: list[nn.Linear], bends: list[nn.Module], x, y, loss) -> list[dict]:
    """By hooks on a plain network and autograd."""
    zs, ys, slopes = [], [], []

    def hook(module, inputs, output):
        (z,) = inputs
        z.retain_grad()
        zs.append(z)
        ys.append(output)
        leaf = z.detach().clone().requires_grad_()
        slopes.append(torch.autograd.grad(type(module).forward(module, leaf).sum(), leaf)[0])

    for bend in bends:
        bend.register_forward_hook(hook)
    *hidden, last = linears
    for linear, bend in zip(hidden, bends, strict=True):
        x = bend(linear(x))
    loss(last(x), y).backward()
    rows = []
    for linear, z, out, slope in zip(hidden, zs, ys, slopes, strict=True):
        row = [(slope.abs() < 1e-3).all(dim=0).double().mean(), (slope.abs() < 0.1).double().mean()]
        row += [z.mean(), z.std(correction=0), out.mean(), out.std(correction=0)]
        row += [z.grad.square().mean().sqrt(), linear.weight.grad.square().mean().sqrt()]
        row, values = [value.detach() for value in row], z.detach().numpy()
        counts = [
            *np.histogram(values, inside.EDGES)[0],
            (values < -8).sum(),
            (values >= 8).sum(),
            np.isnan(values).sum(),
        ]
        rows.append(dict(zip(MEASURED, map(float, row), strict=False)) | {"histogram": counts})
    return rows


def assert_as_torch_has_it(trainer: Trainer, i: int, bends: list[nn.Module]) -> list[dict]:
    """The last rows of a network against a plain one with its parameters; the rows."""
    linears = []
    for layer in range(len(trainer.sizes) - 1):
        weight, bias = trainer.parameters.linear(layer, i)
        linears.append(nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype))
        linears[-1].load_state_dict({"weight": weight, "bias": bias})
    x, y = trainer.arrays.x_valid[:256], trainer.arrays.y_valid[:256]
    loss = nn.MSELoss() if y.is_floating_point() else nn.CrossEntropyLoss()
    rows = [row for row in trainer.inside.rows()[i] if row["epoch"] == trainer.done]
    for row, right in zip(rows, expected(linears, bends, x, y, loss), strict=True):
        for name in MEASURED[:-1]:
            assert row[name] == pytest.approx(right[name], rel=1e-9, abs=1e-13), (name, row["layer"])
        assert np.frombuffer(row["histogram"], inside.COUNTS).tolist() == right["histogram"]
    return rows


@pytest.mark.whole
@pytest.mark.parametrize("targets", [0, 2])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_the_values_are_those_of_hooks_and_autograd(optimizer, targets):
    names = ("relu", "tanh", "silu", "prelu", "torch.nn:PReLU")
    fields = {"loss": "mean_squared_error", "metric": "r2"} if targets else {}
    s = stack(*names, optimizer=optimizer, dtype="float64", **fields)
    trainer = Trainer(s, arrays(targets), inside="every")
    for _ in range(3):
        trainer.epoch()
        for i, trial in enumerate(s.trials):
            slopes = [layer[i // 2][i % 2] for layer in trainer.parameters.learned]
            bends = [MODULES[trial.label.rpartition(":")[2].lower()]().double() for _ in trial.hidden]
            for bend, learned in zip(bends, slopes, strict=True):
                if learned.numel():
                    bend.weight.data = learned.clone()
            rows = assert_as_torch_has_it(trainer, i, bends)
            for row, learned in zip(rows, slopes, strict=True):
                assert (row["learned"] or b"") == learned.numpy().tobytes()


def test_an_update_is_how_far_the_last_step_went():
    s = stack("relu", "tanh", epochs=1, dtype="float64")
    trainer = Trainer(s, arrays(), inside="every")
    before, step = [], trainer._train_step

    def noted(*given):
        before[:] = [w.clone() for w in trainer.parameters.weights]
        step(*given)

    trainer._train_step = noted
    trainer.epoch()
    for i in range(4):
        first, *_ = rows = trainer.inside.rows()[i]
        assert np.isnan(first["update"]) and [row["layer"] for row in rows] == [1, 2, 1, 2]
        for row, now, old in zip(rows[2:], trainer.parameters.weights, before, strict=False):
            assert row["update"] == pytest.approx(((now - old)[i, :-1].norm() / now[i, :-1].norm()).item(), rel=1e-9)


def planted(*names: str, change, dtype: str = "float64") -> tuple[Trainer, list[list[dict]]]:
    trainer = Trainer(stack(*names, seeds=(0,), dtype=dtype), arrays(), inside="every")
    change(trainer.parameters)
    trainer.inside.measure()
    return trainer, trainer.inside.rows()


def test_dead_and_saturated_layers_and_lost_networks_are_seen():
    def change(p):
        p.weights[0][0, -1, :3] = -50  # relu: three units of nine never fire
        p.weights[0][1, -1] = 50  # tanh: all of it is flat
        p.weights[0][2, 0, 0] = torch.nan

    trainer, (relu, tanh, elu) = planted("relu", "tanh", "elu", change=change)
    assert relu[0]["dead"] == pytest.approx(3 / 9) and relu[0]["saturated"] > 3 / 9
    assert tanh[0]["dead"] == tanh[0]["saturated"] == 1 and tanh[0]["gradient_z"] < 1e-12
    counts = np.frombuffer(relu[0]["histogram"], inside.COUNTS)
    assert len(counts) == 67 and counts.sum() == 256 * 9 and counts[64] == 3 * 256
    for name in MEASURED:
        assert np.isnan(elu[0][name]), name
    assert np.frombuffer(elu[0]["histogram"], inside.COUNTS)[66] == 256
    for i, name in enumerate(("relu", "tanh")):
        assert_as_torch_has_it(trainer, i, [MODULES[name](), MODULES[name]()])


def test_small_gradients_do_not_vanish_in_the_measuring():
    """Their squares are below what float32 holds."""
    _, (rows,) = planted("relu", change=lambda p: p.weights[2].mul_(1e-25), dtype="float32")
    assert 0 < rows[0]["gradient_z"] < 1e-24 and 0 < rows[0]["gradient_weights"] < 1e-24


OWN = """
import torch
class Batch(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.LazyBatchNorm1d()
    def forward(self, x):
        return torch.nn.functional.silu(self.norm(x))
"""


@pytest.mark.parametrize("names", [("relu", "silu"), ("prelu",), ("torch.nn:PReLU",), ("x*sigmoid(1.3*x)",)], ids=str)
@pytest.mark.parametrize("when", ["none", "every"])
def test_a_trainer_and_its_data_are_gone_with_their_last_user(names, when):
    """And not when Python looks for circles, by when the next stack's data lie beside them."""
    trainer = Trainer(stack(*names, dropout=(0.2,)), arrays(), inside=when)
    gc.collect()
    gc.disable()
    try:
        while trainer.done < 3:
            trainer.epoch()
        trainer.result()
        left, data = weakref.ref(trainer), weakref.ref(trainer.arrays)
        del trainer
        assert left() is None and data() is None
    finally:
        gc.enable()


def outcome(result, i: int) -> list[bytes]:
    kept = [value.tobytes() for value in result.parameters[i].values()]
    return [result.curves[i].tobytes(), result.predictions[i].tobytes(), result.test_loss[i].tobytes(), *kept]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adamw"])
def test_not_a_bit_of_a_result_changes_in_any_company(tmp_path, optimizer):
    """Modules with a state among them; and a network's measurements are the same bits in any company."""
    (tmp_path / "own.py").write_text(OWN)
    names = ("relu", "mish", "prelu", "torch.nn:PReLU", f"{tmp_path}/own.py:Batch")
    s = stack(*names, optimizer=optimizer, dropout=(0.1,))
    data = arrays()
    random = torch.get_rng_state()
    plainly, measured = train(s, data), train(s, data, inside="every")
    assert torch.equal(torch.get_rng_state(), random)
    assert plainly.inside == [] and len(measured.inside) == len(s.trials) == 10
    for i, trial in enumerate(s.trials):
        assert outcome(plainly, i) == outcome(measured, i), trial
        if trial.seed == 1:
            alone = train(Stack((trial,), s.layers), data, inside="every")
            assert outcome(plainly, i) == outcome(alone, 0) and repr(alone.inside[0]) == repr(measured.inside[i]), trial
        assert all(np.isfinite(row[name]) for row in measured.inside[i] for name in MEASURED[:-1])


@pytest.mark.whole
@pytest.mark.parametrize(("optimizer", "batch"), [("sgd", 12), ("adamw", 11)])
def test_a_checkpoint_continues_with_what_was_measured(optimizer, batch):
    """A pause after the eighth step, which is an epoch's last or the one before it; and from older checkpoints."""
    s, data = stack("relu", "torch.nn:PReLU", optimizer=optimizer, batch_size=batch, epochs=2), arrays()
    states = []

    def keep(trainer):
        buffer = io.BytesIO()
        torch.save(trainer.state(), buffer)
        states.append(torch.load(io.BytesIO(buffer.getvalue()), weights_only=True))

    whole = train(s, data, inside="every", checkpoint=keep)
    assert [(state["done"], state["step"]) for state in states] == [(0, 8), (1, 0), (1, 8)]
    for state in states:
        go_on = train(s, data, inside="every", state=state)
        older = train(s, data, inside="every", state={k: v for k, v in state.items() if k != "inside"})
        without = train(s, data, state=state)
        for i in range(len(s.trials)):
            assert outcome(whole, i) == outcome(go_on, i) == outcome(older, i) == outcome(without, i)
            assert repr(go_on.inside[i]) == repr(whole.inside[i])
            assert older.inside[i] and without.inside == []


def test_steps_from_tables_are_measured_alike():
    """The way of the GPU, without its graph."""
    s, data = stack("relu", "prelu", optimizer="adamw"), arrays()
    called, replayed = (Trainer(s, data, replays=replays, inside="every") for replays in (False, True))
    for _ in range(2):
        called.epoch()
        replayed.epoch()
    assert repr(called.inside.rows()) == repr(replayed.inside.rows())


@pytest.mark.parametrize("name", ["tanh", "prelu"])
def test_the_plain_loop_is_measured_too(name):
    s = stack(name, seeds=(1,), dtype="float64", engine="plain")
    data = arrays()
    chosen = [MODULES[name]() for _ in (9, 7)]
    look = InsidePlain(s, data, "every")
    result = plain.run_trial(s.trials[0], data, chosen, lambda epoch, seconds, measured, network: look(epoch, network))
    without = plain.run_trial(s.trials[0], data, chosen)
    assert outcome(result, 0) == outcome(without, 0)
    by_engine = train(stack(name, seeds=(1,), dtype="float64"), data, inside="every").inside[0]
    for mine, theirs in zip(look.rows()[0], by_engine, strict=True):
        assert mine["epoch"] == theirs["epoch"] and mine["histogram"] == theirs["histogram"]
        for key in MEASURED:
            assert mine[key] == pytest.approx(theirs[key], rel=1e-6, nan_ok=True), key


def test_a_plain_run_keeps_it(tmp_path):
    run = compare("relu", out=tmp_path / "run", engine="plain", **(SMALL | {"seeds": 1}))
    assert list(run.inside["epoch"]) == [0, 1, 2, 3] and run.inside["gradient_weights"].gt(0).all()


SMALL = {"data": "digits", "seeds": 2, "epochs": 3, "hidden": (12,), "report": False}
COLUMNS = ["key", "activation", "seed", "epoch", "layer", *MEASURED, "histogram", "learned"]


def bits(run: Run) -> list[bytes]:
    trials = run.trials.drop(columns=["parameters"]).sort_values("key")
    said = [run.predictions(key).tobytes() for key in trials["key"]]
    return [trials.to_csv().encode(), run.curves.to_csv().encode(), *said]


def test_a_run_keeps_it_as_a_table_and_its_results_are_the_same(tmp_path):
    without = compare("relu", "prelu", out=tmp_path / "none", inside="none", workers=1, **SMALL)
    measured = compare("relu", "prelu", out=tmp_path / "with", workers=1, **SMALL)
    assert bits(without) == bits(measured)
    assert without.inside.empty and list(without.inside.columns) == list(measured.inside.columns) == COLUMNS
    table = measured.inside
    assert list(table["epoch"]) == 4 * [0, 1, 2, 3] and (table["layer"] == 1).all()
    assert set(table["key"]) == set(measured.trials["key"])
    assert list(table["activation"]) == 8 * ["relu"] + 8 * ["prelu"]
    assert table.loc[table["activation"] == "relu", "learned"].isna().all()
    assert [len(row) for row in table.loc[table["activation"] == "prelu", "learned"]] == 8 * [1]
    assert (table["update"].isna() == (table["epoch"] == 0)).all() and table["dead"].between(0, 1).all()
    assert {counts.sum() for counts in table["histogram"]} == {12 * 256}


@pytest.mark.large
def test_workers_measure_alike(tmp_path):
    here = compare("relu", "prelu", out=tmp_path / "here", workers=1, inside="none", **SMALL)
    there = compare("relu", "prelu", out=tmp_path / "there", workers=2, **SMALL)
    again = compare("relu", "prelu", out=tmp_path / "again", workers=1, stack_size=1, **SMALL)
    assert bits(here) == bits(there) == bits(again) and len(there.inside) == 16
    assert repr(there.inside.values.tolist()) == repr(again.inside.values.tolist())


def test_it_is_no_part_of_a_run_and_older_folders_have_none(tmp_path):
    out = tmp_path / "run"
    compare("relu", out=out, inside="none", **SMALL)
    with sqlite3.connect(out / "run.db") as database:
        database.execute("DROP TABLE inside")
    database.close()
    assert Run(out).inside.empty and list(Run(out).inside.columns) == COLUMNS
    grown = compare("relu", "tanh", out=out, inside="every", **SMALL)
    assert set(grown.inside["activation"]) == {"tanh"} and len(grown.inside) == 8
    with pytest.raises(UserError, match="doubling, every, none"):
        compare("relu", out=out, inside="sometimes", **SMALL)


def test_the_command_line_asks_for_it(tmp_path, actlab_command):
    asked = ("compare", "relu", "--data", "digits", "--seeds", "1", "--epochs", "3", "--hidden", "8", "--quiet")
    both = actlab_command(*asked, "--inside", "every", "--no-inside")
    assert both.returncode == 2 and "--inside every and --no-inside" in both.stderr
    wrong = actlab_command(*asked, "--inside", "evry")
    assert wrong.returncode == 2 and "every" in wrong.stderr
