"""The experiment by hand: its derivatives by finite differences, its numbers against the stacked engine's."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from actlab.engine import plain
from actlab.engine.plain import ACTIVATIONS, Network, accuracy, evaluate, run_trial
from actlab.engine.training import Arrays, Stack, train
from actlab.experiment.spec import Experiment, stream_seed


def arrays(samples: int = 100, test: bool = True, classes: int = 10) -> Arrays:
    g = torch.Generator().manual_seed(7)
    x = [torch.randn(n, 20, generator=g) for n in (samples, 47, 31)]
    y = [torch.randint(classes, (n,), generator=g) for n in (samples, 47, 31)]
    tests = (x[2], y[2]) if test else (None, None)
    return Arrays(x[0], y[0], x[1], y[1], *tests, classes)


def experiment(*activations: str, **fields) -> Experiment:
    defaults = {"seeds": (3,), "learning_rate": (0.05,), "data": "toy", "content": "toy", "epochs": 2}
    shape = {"hidden": (16, 12), "batch_size": 33}  # 100 samples: the last batch has one
    return Experiment(activations=activations, **(defaults | shape | fields))


def by_hand(e: Experiment, data: Arrays, **functions):
    (trial,) = e.trials()
    given = ACTIVATIONS | functions
    return run_trial(trial, data, [given[name] for name in trial.activations])


def by_engine(e: Experiment, data: Arrays):
    return train(Stack(tuple(e.trials()), e.layers), data)


def assert_equal_results(mine, theirs, rtol: float) -> None:
    np.testing.assert_allclose(mine.curves, theirs.curves, rtol=rtol)
    for name in ("best_epoch", "diverged_epoch"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))
    for name in ("test_loss", "test_metric"):
        np.testing.assert_allclose(getattr(mine, name), getattr(theirs, name), rtol=rtol)
        assert getattr(mine, name).dtype == getattr(theirs, name).dtype
    assert len(mine.seconds) == len(theirs.seconds) == mine.curves.shape[1]
    (ours,), (others,) = mine.parameters, theirs.parameters
    assert set(ours) == set(others)
    for name, value in others.items():
        assert ours[name].dtype == value.dtype and ours[name].shape == value.shape
        np.testing.assert_allclose(ours[name], value, rtol=rtol, atol=rtol)
    for name in ("predictions", "scores"):
        (ours,), (others,) = getattr(mine, name), getattr(theirs, name)
        assert (ours is None) == (others is None)
        if ours is not None:
            assert ours.dtype == others.dtype
            np.testing.assert_array_equal(ours, others)


def test_the_file_can_be_read_in_one_sitting():
    assert len(Path(plain.__file__).read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_derivatives_off_the_kinks(name):
    x = torch.tensor([[-3.0, -1.1, -0.2], [0.3, 1.4, 4.0]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(ACTIVATIONS[name], x)
    twin = getattr(torch.nn.functional, name)
    torch.testing.assert_close(ACTIVATIONS[name](x), twin(x))


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01), ("tanh", 1.0)])
def test_the_slope_at_zero_is_pytorchs(name, slope):
    for function in (ACTIVATIONS[name], getattr(torch.nn.functional, name)):
        x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        function(x).backward()
        assert x.grad.item() == slope


def test_leaky_relu_takes_another_slope():
    x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    y = plain.LeakyReLU.apply(x, 0.2)
    y.sum().backward()
    torch.testing.assert_close(y, torch.tensor([-0.4, 0.0, 3.0]))
    torch.testing.assert_close(x.grad, torch.tensor([0.2, 0.2, 1.0]))


def test_a_sampler_draws_the_engines_order():
    """RandomSampler draws randperm(n) from its generator, and the DataLoader around it draws nothing from that."""
    data = TensorDataset(torch.arange(100))
    order = torch.Generator()
    loader = DataLoader(data, batch_size=33, sampler=RandomSampler(data, generator=order))
    for epoch in range(3):
        order.manual_seed(stream_seed(3, "order", epoch))
        drawn = [batch for (batch,) in loader]
        expected = torch.randperm(100, generator=torch.Generator().manual_seed(stream_seed(3, "order", epoch)))
        assert [len(batch) for batch in drawn] == [33, 33, 33, 1]
        assert torch.equal(torch.cat(drawn), expected)


CASES = [
    ("relu", (16, 12), 33),
    ("tanh", (16, 12), 50),  # no short batch
    ("leaky_relu", (16,), 500),  # one batch, smaller than asked for
    ("tanh/leaky_relu/relu", (9, 8, 7), 64),
    ("relu", (), 33),
]


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-9), ("float32", 1e-4)])
@pytest.mark.parametrize(("activation", "hidden", "batch"), CASES, ids=str)
def test_the_engine_has_the_numbers_of_the_loop(activation, hidden, batch, dtype, rtol):
    e = experiment(activation, hidden=hidden, batch_size=batch, dtype=dtype)
    assert_equal_results(by_hand(e, arrays()), by_engine(e, arrays()), rtol)


def test_a_module_learns_its_parameters_in_each_layer():
    e = experiment("prelu", dtype="float64")
    module = torch.nn.PReLU()
    mine = by_hand(e, arrays(), prelu=module)
    assert_equal_results(mine, by_engine(e, arrays()), 1e-9)
    first, second = (mine.parameters[0][name] for name in ("1.learned", "3.learned"))
    assert 0.25 not in (first, second) and first != second
    assert module.weight.item() == 0.25


def test_any_callable_stands_for_an_activation():
    e = experiment("gelu", dtype="float64")
    for given in (torch.nn.functional.gelu, torch.nn.GELU()):
        assert_equal_results(by_hand(e, arrays(), gelu=given), by_engine(e, arrays()), 1e-9)


def test_the_best_epoch_is_kept_not_the_last():
    """With a high rate the validation loss rises again: the best parameters are those of an earlier epoch."""
    e = experiment("relu", epochs=12, learning_rate=(0.3,), dtype="float64")
    mine, theirs = by_hand(e, arrays()), by_engine(e, arrays())
    assert 0 < mine.best_epoch[0] == theirs.best_epoch[0] < 12
    assert mine.best_epoch[0] == 1 + mine.curves[0, :, 2].argmin()
    assert_equal_results(mine, theirs, 1e-7)


@pytest.mark.parametrize("rate", [1e4, 1e30])
def test_a_diverged_trial(rate):
    e = experiment("relu", epochs=5, learning_rate=(rate,))
    mine, theirs = by_hand(e, arrays()), by_engine(e, arrays())
    diverged = mine.diverged_epoch[0]
    assert diverged == theirs.diverged_epoch[0] > 0
    assert np.isnan(mine.curves[0, diverged - 1 :, [1, 3]]).all()
    assert not np.isnan(mine.curves[0, : diverged - 1]).any()
    np.testing.assert_array_equal(np.isnan(mine.curves), np.isnan(theirs.curves))
    np.testing.assert_array_equal(mine.best_epoch, theirs.best_epoch)
    if mine.best_epoch[0] == 0:
        assert_equal_results(mine, theirs, 1e-6)  # both keep the start, and no test figures
        assert np.isnan(mine.test_loss[0])


def test_without_a_test_set():
    e = experiment("relu")
    assert_equal_results(by_hand(e, arrays(test=False)), by_engine(e, arrays(test=False)), 1e-4)


def test_each_epoch_is_reported_and_random_numbers_are_left_alone():
    e, seen = experiment("tanh", epochs=3), []
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    (trial,) = e.trials()
    functions = [torch.tanh] * 2
    result = run_trial(
        trial, arrays(), functions, lambda epoch, _, measured, *more: seen.append((epoch, measured.copy()))
    )
    assert torch.equal(torch.rand(3), expected)
    assert [epoch for epoch, _ in seen] == [1, 2, 3]
    assert np.array_equal(np.stack([measured for _, measured in seen], axis=1), result.curves)


def test_a_short_last_batch_does_not_count_double():
    """At learning rate 0 the running means are the means over all samples."""
    data = arrays()
    network = Network((20, 8, 10), [torch.tanh], seed=1)
    pairs = TensorDataset(data.x_train, data.y_train)
    still = torch.optim.SGD(network.parameters(), lr=0.0)
    running = plain.train(network, DataLoader(pairs, batch_size=33), still)
    whole = evaluate(network, DataLoader(pairs, batch_size=100))
    assert running == pytest.approx(whole, rel=1e-6)
    logits = network(data.x_train)
    assert whole[1] == accuracy(logits, data.y_train)
    assert whole[0] == pytest.approx(torch.nn.functional.cross_entropy(logits, data.y_train).item(), rel=1e-6)


def test_a_wrong_number_of_activations_is_not_passed_over():
    (trial,) = experiment("relu").trials()
    with pytest.raises(ValueError, match="zip"):
        run_trial(trial, arrays(), [torch.relu])
