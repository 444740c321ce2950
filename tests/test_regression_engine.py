"""Networks that learn numbers: the engine beside a loop of torch's own, and the properties that classes have too."""

import copy
import itertools

import numpy as np
import pytest
import torch
from torch import nn

from actlab.engine import Arrays, Stack, train
from actlab.errors import UserError
from actlab.experiment import Experiment, stream_seed


def arrays(targets: int, samples: int = 150) -> Arrays:
    g = torch.Generator().manual_seed(3)
    x = [torch.randn(n, 6, generator=g, dtype=torch.float64) for n in (samples, 47, 31)]
    weights = torch.randn(6, targets, generator=g, dtype=torch.float64)
    y = [torch.tanh(part @ weights) + 0.1 * torch.randn(len(part), targets, generator=g).double() for part in x]
    return Arrays(x[0], y[0], x[1], y[1], x[2], y[2], targets)


def experiment(*activations: str, **fields) -> Experiment:
    defaults = {"activations": activations, "data": "toy", "content": "toy", "epochs": 3, "hidden": (8, 5)}
    defaults |= {"loss": "mean_squared_error", "metric": "r2", "learning_rate": (0.05,), "batch_size": 32}
    return Experiment(**(defaults | {"seeds": (0, 1), "dtype": "float64"} | fields))


def by_hand(data: Arrays, trial) -> tuple[list[list[float]], np.ndarray]:
    """Curves, and the outputs for the test samples with the parameters of the best epoch: a loop of torch's own."""
    torch.manual_seed(stream_seed(trial.seed, "init"))
    sizes = (6, *trial.hidden, data.outputs)
    linears = [nn.Linear(a, b, dtype=torch.float64) for a, b in itertools.pairwise(sizes)]
    made = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU}[trial.activation]
    network = nn.Sequential(linears[0], made(), linears[1], made(), linears[2])
    optimizer = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[trial.optimizer](
        network.parameters(), lr=trial.learning_rate, **({"weight_decay": 0.0} if trial.optimizer == "adamw" else {})
    )
    loss_of = nn.MSELoss()
    curves, best, said = [], np.inf, np.empty(0)
    for epoch in range(trial.epochs):
        order = torch.randperm(len(data.y_train), generator=torch.Generator().manual_seed(
            stream_seed(trial.seed, "order", epoch)))  # fmt: skip
        total = 0.0
        for part in order.split(trial.batch_size):
            loss = loss_of(network(data.x_train[part]), data.y_train[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(part)
        total /= len(order)
        with torch.no_grad():
            valid = loss_of(network(data.x_valid), data.y_valid).item()
            if valid < best:
                best, said = valid, network(data.x_test).numpy()
        row = []
        for value, y in ((total, data.y_train), (valid, data.y_valid)):
            row += [value, 1 - value / y.numpy().var(axis=0).mean()]
        curves.append(row)
    return curves, said


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("targets", [1, 3])
def test_curves_predictions_and_scores_are_those_of_a_plain_loop(targets, optimizer):
    data = arrays(targets)
    e = experiment("relu", "tanh", "silu", optimizer=optimizer, learning_rate=(0.05 if optimizer == "sgd" else 0.01,))
    trials = tuple(e.trials())
    found = train(Stack(trials, e.layers), data)
    y = data.y_test.numpy()
    for i, trial in enumerate(trials):
        curves, said = by_hand(data, trial)
        np.testing.assert_allclose(found.curves[i], curves, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.predictions[i], said, rtol=1e-5, atol=1e-6)
        squares = ((said - y) ** 2).mean(axis=1)
        assert found.test_loss[i] == pytest.approx(squares.mean())
        assert found.test_metric[i] == pytest.approx(1 - squares.mean() / y.var(axis=0).mean())
        assert found.scores[i].mean() == pytest.approx(found.test_metric[i], rel=1e-4)


def test_the_metric_changes_what_is_measured_and_nothing_that_is_trained():
    data, found = arrays(2), {}
    for metric in ("r2", "mean_squared_error"):
        e = experiment("relu", metric=metric)
        found[metric] = train(Stack(tuple(e.trials()), e.layers), data)
    one, other = found["r2"], found["mean_squared_error"]
    assert np.array_equal(one.curves[..., 0], other.curves[..., 0])
    assert np.array_equal(other.curves[..., 1::2], other.curves[..., ::2]), "the metric is the loss"
    assert np.array_equal(other.test_metric, other.test_loss) and not np.array_equal(one.test_metric, one.test_loss)
    for mine, theirs in zip(one.parameters, other.parameters, strict=True):
        assert all(np.array_equal(mine[name], theirs[name]) for name in mine)


@pytest.mark.parametrize("replays", [False, True])
def test_company_and_tables_change_no_bit(replays):
    from actlab.engine import Trainer

    data, e = arrays(2), experiment("relu", "gelu", "prelu", seeds=(0, 1, 2), dtype="float32")
    together = Stack(tuple(e.trials()), e.layers)
    trainer = Trainer(together, data, replays=replays)
    while trainer.done < 3:
        trainer.epoch()
    found = trainer.result()
    for i in (1, 5, 6):
        alone = train(Stack(together.trials[i : i + 1], e.layers), data)
        assert np.array_equal(alone.curves[0], found.curves[i])
        assert np.array_equal(alone.predictions[0], found.predictions[i])


def test_a_checkpoint_goes_on_with_the_same_bits():
    data, e = arrays(1, samples=700), experiment("tanh", optimizer="momentum", dtype="float32")
    stack, states = Stack(tuple(e.trials()), e.layers), []
    whole = train(stack, data, checkpoint=lambda trainer: states.append(copy.deepcopy(trainer.state())))
    again = train(stack, data, state=states[len(states) // 2])
    assert np.array_equal(whole.curves, again.curves) and np.array_equal(whole.test_metric, again.test_metric)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"metric": "accuracy"}, "There is no metric of the loss mean_squared_error 'accuracy'"),
        ({"loss": "cross_entropy"}, "There is no metric of the loss cross_entropy 'r2'"),
        ({"metric": "rmse"}, "Allowed: accuracy, mean_squared_error, r2"),
        ({"engine": "plain"}, "plain SGD and cross-entropy alone"),
    ],
)
def test_what_does_not_go_together_is_refused(fields, told):
    with pytest.raises(UserError, match=told):
        experiment("relu", **fields)
