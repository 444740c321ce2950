"""Runs whose targets are numbers, from data set to rows: R² and predictions as scikit-learn has them."""

import numpy as np
import pytest
from sklearn.metrics import mean_squared_error, r2_score

from actlab import compare

SMALL = {"seeds": 2, "epochs": 3, "hidden": (8,), "report": False}


@pytest.mark.parametrize(("split", "metric"), [("standard", "mean_squared_error"), ("resplit", "r2")])
def test_what_is_kept_is_what_scikit_learn_computes(tmp_path, split, metric):
    settings = SMALL | {"split": split, "metric": metric, "workers": 1}
    run = compare("relu", "tanh", data="diabetes", out=tmp_path / "run", **settings)
    assert (run.experiment.loss, run.metric.name) == ("mean_squared_error", metric)
    for row in run.trials.itertuples():
        true, said = run.test_labels(row.seed), run.predictions(row.key)
        assert true.shape == said.shape and true.max() > 100, "in the unit of the target"
        assert row.test_r2 == pytest.approx(r2_score(true, said), rel=1e-5)
        scale = mean_squared_error(true, said) / row.test_loss  # the variance of what the seed learned from
        assert scale == pytest.approx(true.var(), rel=0.5)
        assert run.scores()[row.key].mean() == pytest.approx(getattr(row, f"test_{metric}"), rel=1e-4)
    best = run.trials.merge(run.curves, left_on=["key", "best_epoch"], right_on=["key", "epoch"])
    assert np.array_equal(best[f"best_valid_{metric}"], best[f"valid_{metric}"])
    again = compare("relu", "tanh", data="diabetes", out=tmp_path / "run", **(settings | {"seeds": 3}))
    assert len(again.trials) == 6 and (again.trials["status"] == "finished").all()


def test_float_targets_of_a_file_are_numbers_and_workers_change_nothing(tmp_path):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 3))
    y = np.stack([x[:, 0] * 3 + 10, np.sin(x[:, 1])], axis=1) + 0.01 * generator.normal(size=(200, 2))
    np.savez(tmp_path / "mine.npz", x=x, y=y)
    settings = SMALL | {"data": tmp_path / "mine.npz", "learning_rate": 0.1, "epochs": 20}
    one = compare("tanh", "silu", out=tmp_path / "one", workers=1, **settings)
    two = compare("tanh", "silu", out=tmp_path / "two", workers=2, stack_size=1, **settings)
    assert one.experiment.loss == "mean_squared_error" and one.predictions(one.trials["key"][0]).shape == (40, 2)
    columns = ["key", "test_loss", "test_mean_squared_error", "test_r2"]
    assert one.trials[columns].equals(two.trials[columns]) and (one.trials["test_r2"] > 0.4).all()
