"""The report: the numbers on the page are the run's, names are only text, and nothing is fetched."""

import numpy as np

from actlab.spec import Experiment
from actlab.store import Run, Store


def fake_run(
    path,
    activations=("relu", "tanh", "leaky_relu"),
    *,
    seeds=10,
    epochs=25,
    diverged=(),
    planned=0,
    has_test=True,
    shape=(28, 28),
    effects=None,
    **choices,
) -> Run:
    """A run with made-up numbers. `diverged` holds (label, seed); the last `planned` trials stay untrained."""
    choices = {"data": "mnist", "content": "c0ffee" * 10, **choices}
    experiment = Experiment(activations=activations, seeds=tuple(range(seeds)), epochs=epochs, **choices)
    trials = experiment.trials()
    generator = np.random.default_rng(1)
    luck = 0.001 * generator.standard_normal(seeds)
    done = trials[: len(trials) - planned]
    with Store.create(path, experiment, trials) as store:
        results = [
            _result(trial, generator, luck, (effects or {}).get(trial.label), (trial.label, trial.seed) in diverged)
            for trial in done
        ]
        for _, outcome, _ in results:
            outcome |= {} if has_test else {"test_accuracy": None, "test_loss": None}
        store.add_stack("stack", [r[1] for r in results], [row for r in results for row in r[2]], [], [1.5] * epochs)
        store.add_artefact("samples", _samples(generator, shape, has_test))
        store.add_artefact("functions", _functions(experiment.labels))
        store.add_costs(_costs(experiment.labels, generator))
        store.add_environment(
            {
                "started": "2026-01-02T03:04:05+00:00",
                "actlab": "0.1.0",
                "torch": "2.13.0",
                "python": "3.11.9",
                "cpu": "A CPU",
                "command": "actlab compare relu tanh leaky_relu",
            }
        )
    return Run(path)


def _result(trial, generator, luck, effect, diverged):
    """One trial's key, outcome and curves."""
    order = sum(map(ord, trial.label)) % 7
    top = 0.978 + luck[trial.seed] + (0.0008 * order - 0.003 if effect is None else effect)
    top += 0.0004 * generator.standard_normal() - 0.01 * abs(np.log10(trial.learning_rate / 0.01))
    epoch = np.arange(1, trial.epochs + 1)
    rate = 0.5 + 0.05 * order
    valid = top - 0.09 * epoch ** (-rate) + 0.0006 * generator.standard_normal(len(epoch))
    train = np.minimum(0.9999, top + 0.015 - 0.13 * epoch ** (-rate))
    valid_loss = 3.2 * (1 - valid) + 0.0015 * np.maximum(0, epoch - 15)
    train_loss = 3.2 * (1 - train) + 0.005
    when = max(1, trial.epochs // 2) if diverged else None
    if when:
        for column in (valid, train, valid_loss, train_loss):
            column[when - 1 :] = np.nan
    best = 0 if when == 1 else int(np.nanargmin(valid_loss))
    end = {"final_train_loss": train_loss[-1], "final_train_accuracy": train[-1]}
    end |= {"final_valid_loss": valid_loss[-1], "final_valid_accuracy": valid[-1]}
    outcome = {
        "key": trial.key,
        "status": "diverged" if when else "finished",
        "diverged_epoch": when,
        **{name: None if np.isnan(value) else float(value) for name, value in end.items()},
        "best_epoch": best + 1,
        "best_valid_loss": float(valid_loss[best]),
        "best_valid_accuracy": float(valid[best]),
        "test_loss": 0.08,
        "test_accuracy": round(float(valid[best]) + 0.0007 * generator.standard_normal(), 4),
        "gradient": "by autograd" if ":" in trial.label else "by hand",
        "engine": "stacked",
        "device": "cpu",
        "cpu": "A CPU",
        "torch": "2.13.0",
    }
    names = {"key": trial.key, "activation": trial.label, "seed": trial.seed, "learning_rate": trial.learning_rate}
    columns = zip(epoch.tolist(), train_loss, train, valid_loss, valid, strict=True)
    keys = ("epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy")
    return trial.key, outcome, [{**names, **dict(zip(keys, row, strict=True))} for row in columns]


def _samples(generator, shape, has_test):
    labels = generator.integers(0, 10, 64)
    images = generator.integers(0, 60, (64, *shape)).astype(np.float64)
    if len(shape) == 2:  # something to look at: a stroke whose slope tells the label
        y, x = np.mgrid[: shape[0], : shape[1]] / shape[0] - 0.5
        angle = labels[:, None, None] * np.pi / 10
        images += 190 * np.exp(-200 * (x * np.cos(angle) + y * np.sin(angle)) ** 2) * (np.hypot(x, y) < 0.4)
    arrays = {"images": images.astype(np.uint8), "labels": labels}
    return arrays | ({"test_labels": generator.integers(0, 10, 1000)} if has_test else {})


def _functions(labels):
    x = np.linspace(-6, 6, 601)
    shapes = {
        "relu": np.maximum(x, 0),
        "tanh": np.tanh(x),
        "sigmoid": 1 / (1 + np.exp(-x)),
        "silu": x / (1 + np.exp(-x)),
        "softplus": np.log1p(np.exp(x)),
        "elu": np.where(x > 0, x, np.expm1(x)),
    }
    arrays = {"x": x}
    for place, label in enumerate(labels):
        value = shapes.get(label, np.where(x > 0, x, 0.02 * place * x))
        arrays |= {f"f/{label}": value, f"df/{label}": np.gradient(value, x)}
    return arrays


def _costs(labels, generator):
    return [
        {
            "activation": label,
            "round": r,
            "networks": 10,
            "seconds": (1 + 0.1 * place) * (1 + 0.02 * generator.random()),
        }
        for r in range(7)
        for place, label in enumerate(labels)
    ]
