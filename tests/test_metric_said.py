"""What is said of numbers that were learned: in the words, the unit and the direction of the run's metric."""

import html
import json
import math
import re

import hiplot
import numpy as np
import pandas as pd
import pytest

from actlab.cli.terminal import Terminal
from actlab.experiment import CURVES, METRICS, Experiment, Metric, Run, Store, packed, tuning as tuning_of_settings
from actlab.report import draw
from actlab.report.hiplot_pages import experiment as hiplot_experiment
from actlab.results import summarise, write_latex
from actlab.results.costs import StepCost, costs_beside
from actlab.results.tuned import Tuning
from actlab.running import Begun, Epoch
from actlab.stats import Unit, conclusion, diagnose

MSE, R2 = "mean_squared_error", "r2"
LEVELS = {"relu": 0.5, "tanh": 0.42, "elu": 0.61}  # mean squared errors: tanh is the best
EXAMPLES, MEAN, DEVIATION = 200, np.array([150.0]), np.array([77.0])


def made(path, metric=MSE, *, levels=LEVELS, has_test=True, seeds=8, epochs=4, targets=1, **choices) -> Run:
    """A run with made-up numbers: errors that fall to their level, and predictions that have that error."""
    choices = {"data": "diabetes", "content": "c0ffee" * 10, "loss": MSE, "metric": metric, **choices}
    experiment = Experiment(activations=tuple(levels), seeds=tuple(range(seeds)), epochs=epochs, **choices)
    draw_from = np.random.default_rng(2)
    luck = 0.01 * draw_from.standard_normal(seeds)
    true_NT = draw_from.standard_normal((EXAMPLES, targets))
    true_NT = (true_NT - true_NT.mean(axis=0)) / true_NT.std(axis=0) * 1.1  # a variance of its own, 1.21
    variance = 1.21

    def of(loss: float) -> float:
        return loss if metric == MSE else 1 - loss / variance

    outcomes, curves, predictions = [], [], []
    for trial in experiment.trials():
        end = levels[trial.label] + luck[trial.seed] + 0.002 * draw_from.standard_normal()
        losses = end + 0.6 * 0.4 ** np.arange(epochs)
        noise_NT = draw_from.standard_normal((EXAMPLES, targets))
        said_NT = true_NT + noise_NT * math.sqrt(end) / np.sqrt((noise_NT**2).mean())
        squares_N = ((said_NT - true_NT) ** 2).mean(axis=1)
        test = float(squares_N.mean())
        outcome = {"key": trial.key, "status": "finished", "best_epoch": epochs, "gradient": "by hand"}
        for part, loss in (("final_train", losses[-1]), ("final_valid", losses[-1]), ("best_valid", losses[-1])):
            outcome |= {f"{part}_loss": float(loss), f"{part}_metric": of(float(loss))}
        whose = {"key": trial.key, "activation": trial.label, "seed": trial.seed, "learning_rate": trial.learning_rate}
        for epoch, loss in enumerate(losses.tolist(), start=1):
            curves.append(whose | {"epoch": epoch} | dict(zip(CURVES, (loss, of(loss)) * 2, strict=True)))
        if has_test:
            outcome |= {"test_loss": test, "test_metric": of(test)}
            scores = squares_N if metric == MSE else 1 - squares_N / variance
            predictions.append(
                {"key": trial.key, "predicted": packed(said_NT.astype(np.float32)),
                 "scores": scores.astype(np.float32).tobytes()}
            )  # fmt: skip
        outcomes.append(outcome)
    raw_NT = true_NT * DEVIATION + MEAN
    samples = {
        "images": draw_from.standard_normal((12, 10)), "labels": raw_NT[:12], "classes": np.array(0),
        "targets": np.array("numbers"), "outputs": np.array(targets), "valid_samples": np.array(80),
        "target_mean": np.repeat(MEAN, targets), "target_deviation": np.repeat(DEVIATION, targets),
    }  # fmt: skip
    with Store.create(path, experiment, experiment.trials()) as store:
        store.add_stack("s", outcomes, curves, predictions, [1.0] * epochs)
        store.add_artefact("samples", samples | ({"test_labels": raw_NT} if has_test else {}))
        costs = [{"activation": a, "round": r, "networks": 8, "seconds": 1.0} for r in range(3)
                 for a in levels]  # fmt: skip
        store.add_costs(costs)
        store.add_environment({"actlab": "0.1.0", "command": "actlab compare"})
    return Run(path)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("metric")
    return {metric: made(folder / metric, metric) for metric in (MSE, R2)}


def verdicts(run: Run) -> dict[str, str]:
    return {item.name: item.verdict for item in summarise(run).comparisons}


def heeds_direction(run: Run) -> bool:
    """Whether the activation of the lowest error is the better one, everywhere."""
    summary = summarise(run)
    found = {item.name: item for item in summary.comparisons}
    side = "lower" if run.metric.name == MSE else "higher"
    return (
        verdicts(run) == {"tanh": "better", "elu": "worse"}
        and found["tanh"].difference > 0 > found["elu"].difference
        and summary.best == ["tanh"]
        and f"tanh is better ({side}) than relu" in summary.conclusion
        and all(item.equal_time.difference > 0 for item in summary.costs if item.name == "tanh")
    )


@pytest.mark.parametrize("metric", [MSE, R2])
def test_better_is_where_the_metric_says(runs, metric):
    assert heeds_direction(runs[metric])
    assert f"({METRICS[metric].unit.direction})" in summarise(runs[metric]).conclusion


def test_a_direction_that_is_ignored_is_found(runs, monkeypatch):
    monkeypatch.setattr(Metric, "improvement", lambda self, value: value)
    assert not heeds_direction(runs[MSE]) and heeds_direction(runs[R2])


def test_the_table_has_the_metric_and_r2_beside_it(runs):
    run, summary = runs[MSE], summarise(runs[MSE])
    row = dict(zip(summary.headers, summary.rows[0], strict=True))
    assert [name for name in row if name.startswith("test")] == ["test mean squared error", "test R²"]
    relu = run.trials[run.trials["activation"] == "relu"]
    assert row["test mean squared error"].startswith(f"{relu['test_mean_squared_error'].mean():.4f} [")
    assert row["test R²"].startswith(f"{(1 - relu['test_loss'] / 1.21).mean():.4f} [")
    assert not any(name.endswith("loss") for name in row)  # it is the metric
    beside = [name for name in summarise(runs[R2]).headers if name.startswith(("test", "final"))]
    assert beside == ["final validation R²", "test R²", "final training loss", "final training R²",
                      "final validation loss"]  # fmt: skip


def test_an_interval_stays_within_the_metrics_limits(tmp_path):
    """Squared errors end at 0 alone: nothing is cut off at 1."""
    run = made(tmp_path / "run", levels={"relu": 1.7, "tanh": 0.03}, seeds=5, epochs=2)
    table = summarise(run).table.set_index("arm")
    assert table.loc["relu", "final_valid_mean_squared_error_high"] > 1.7
    assert table.loc["tanh", "final_valid_mean_squared_error_low"] >= 0


@pytest.mark.parametrize("metric", [MSE, pytest.param(R2, marks=pytest.mark.large)])
def test_no_word_is_of_accuracy(runs, metric, tmp_path):
    run = runs[metric]
    summary = summarise(run)
    draw(run)
    page = (run.path / "report" / "index.html").read_text(encoding="utf-8")
    own = "".join(part for part in re.split(r"</?script>", page) if len(part) < 1_000_000)
    texts = {
        "text": summary.as_text(),
        "json": json.dumps(summary.as_json(), allow_nan=False, ensure_ascii=False),
        "latex": write_latex(summary, tmp_path).read_text(encoding="utf-8"),
        "page": html.unescape(own),
        **{name: (run.path / "report" / name).read_text() for name in ("table.csv", "trials.csv", "curves.csv")},
    }
    for name, text in texts.items():
        assert not re.search("accurac|percentage|points\\b", text), name
        assert any(word in text for word in (METRICS[metric].words, metric, r"R\textsuperscript{2}")), name
    assert "%" not in "".join("".join(row) for row in [*summary.rows, *summary.pair_table[1:], *summary.cost_table[1:]])
    drawn = {file.stem for file in (run.path / "report").glob("*.png")}
    assert drawn >= {"loss", "predicted", "differences"}
    assert ("r2" in drawn) == (metric == R2)


def test_json_tells_unit_and_direction(runs):
    told = summarise(runs[MSE]).as_json()
    assert told["direction"] == "lower is better" and told["unit"] == "of the target's variance"
    assert told["metric"] == "test mean squared error"
    assert {"test_mean_squared_error", "test_r2"} < told["table"][0].keys()


def test_the_margin_is_in_the_metrics_unit(tmp_path, runs):
    assert "margin 0.01 of the target's variance, fixed before training" in summarise(runs[MSE]).caption
    assert "margin 0.01 of R²" in summarise(runs[R2]).caption
    near = made(tmp_path / "run", levels={"relu": 0.5, "tanh": 0.48}, margin=0.2)
    [found] = summarise(near).comparisons
    assert found.verdict == "practically equal" and found.margin == 0.2
    assert "within 0.2000 of the target's variance" in summarise(near).conclusion


def test_other_test_examples_are_a_source_of_chance_for_numbers_too(runs):
    for run in runs.values():
        for item in summarise(run).comparisons:
            assert item.examples == EXAMPLES
            assert item.crossed_low < item.difference < item.crossed_high
            assert item.crossed_high - item.crossed_low >= item.high - item.low


def test_without_a_test_set_validation_judges(tmp_path):
    summary = summarise(made(tmp_path / "run", has_test=False))
    assert summary.metric == "final validation mean squared error" and not summary.has_test
    assert {item.name: item.verdict for item in summary.comparisons} == {"tanh": "better", "elu": "worse"}
    assert dict(zip(summary.headers, summary.rows[0], strict=True))["test R²"] == "–"
    assert "validation mean squared error after the last epoch" in summary.metric_note


def test_several_targets_are_drawn(tmp_path):
    draw(made(tmp_path / "run", targets=3, levels={"relu": 0.5}, seeds=1, epochs=1))
    assert (tmp_path / "run" / "report" / "predicted.png").is_file()


def test_epochs_to_the_baselines_error():
    falling = {"relu": [0.9, 0.7, 0.5, 0.4], "fast": [0.6, 0.4, 0.3, 0.2], "slow": [1.0, 0.9, 0.8, 0.7]}
    curves = pd.DataFrame(
        [
            {"arm": arm, "seed": seed, "epoch": epoch, "valid_mean_squared_error": value}
            for arm, values in falling.items()
            for seed in range(3)
            for epoch, value in enumerate(values, start=1)
        ]
    )
    relative = dict.fromkeys(falling, StepCost(1.0, 1.0, 1.0))
    fast, slow = costs_beside(curves, relative, "relu", 4, 0.01, metric=METRICS[MSE])
    assert (fast.reached, fast.epochs.mean) == (3, -2) and slow.reached == 0
    assert fast.equal_time.difference == pytest.approx(0.2) and slow.equal_time.difference == pytest.approx(-0.3)


@pytest.mark.parametrize(("metric", "order"), [(MSE, ["tanh", "relu"]), (R2, ["relu", "tanh"])])
def test_tuning_ranks_by_the_metric(metric, order):
    setting = {"learning_rate": 0.1, "weight_decay": 0.0, "dropout": 0.0, "initialisation": "pytorch"}
    settings = dict.fromkeys(("relu", "tanh"), setting)
    experiment = Experiment(
        activations=("relu", "tanh"), learning_rate=(0.1, 0.3), tuned=settings, loss=MSE, metric=metric, data="diabetes"
    )
    values = {("relu", 0.1): 0.5, ("relu", 0.3): 9.0, ("tanh", 0.1): 0.4, ("tanh", 0.3): 0.45}
    tried = [
        tuning_of_settings.Tried(name, setting | {"learning_rate": rate}, value, value, 3, 0)
        for (name, rate), value in values.items()
    ]
    tuning = Tuning(experiment, tried)
    assert tuning.order(0.1) == order
    low, high = tuning.limits
    best = 0.4 if metric == MSE else 9.0
    assert low < best < high and high - low < 0.2  # what is far from the best is cut off
    assert len(tuning.chosen_table[0]) == len(tuning.chosen_table[1]) == (3 if metric == MSE else 4)
    assert tuning.chosen_table[2][-1] == "0.4000"


ENDS = {  # curves of loss in training and validation; R² is 1 minus them
    "fine": ([0.8, 0.4, 0.2], [0.6, 0.4, 0.22]),
    "underfitting": ([1.1, 0.9, 0.7], [1.0, 0.9, 0.72]),
    "overfitting": ([0.7, 0.3, 0.05], [0.5, 0.45, 0.7]),
    "diverged": ([1.5, 9.0], [2.0, 30.0]),
    "validation inputs do not look like training inputs": ([0.7, 0.4, 0.2], [1.2, 1.3, 1.5]),
}


@pytest.mark.parametrize("state", ENDS)
def test_what_training_ended_in_is_told_of_numbers(state):
    train, valid = (np.array(values) for values in ENDS[state])
    found = diagnose(train, 1 - train, valid, 1 - valid, classes=0)
    assert found.state == state and "accuracy" not in found.says and "%" not in found.says


def test_endings_of_a_run_of_numbers(runs):
    for run in runs.values():
        assert {found.state for found in summarise(run).endings.values()} <= {"fine", "underfitting"}
        assert summarise(run).endings["elu"].state == "underfitting"


def test_values_and_small_margins_have_digits_enough():
    lower = METRICS[MSE].unit
    assert Unit().size(0.00004) == "0.004 points" and Unit().size(0.0) == "0.00 points"
    assert Unit().size(0.001) == "0.10 points" and Unit().size(math.nan) == "nan points"
    assert lower.size(0.00002) == "0.00002 of the target's variance"
    alone = conclusion({"relu": {0: -0.5, 1: -0.6}}, [], subject="diabetes", metric="m", unit=lower)
    low, high = map(float, re.findall(r"interval (\S+) to (\S+?)\)", alone)[0])
    assert "relu reaches 0.5500" in alone and low < 0.55 < high


def test_hiplot_shows_the_best_first(runs):
    for metric, order in ((MSE, "asc"), (R2, "desc")):
        table = hiplot_experiment(runs[metric]).display_data(hiplot.Displays.TABLE)
        assert table["order_by"] == [[f"valid_{metric}", order]]
        assert {"test_r2", f"test_{metric}"} <= set(table["order"])


@pytest.mark.parametrize(("metric", "line"), [
    (MSE, "train loss 0.500  valid loss 0.600  "),
    (R2, "train loss 0.500, R² 0.5000  valid loss 0.600, R² 0.4000  "),
])  # fmt: skip
def test_progress_names_the_metric(metric, line, capsys):
    experiment = Experiment(activations=("relu",), loss=MSE, metric=metric, data="diabetes")
    terminal = Terminal(verbose=True)
    fields = {"experiment": experiment, "missing": 1, "finished": 0, "workers": 1, "seconds": 1.0, "bytes": 1.0}
    names = Begun.__dataclass_fields__
    defaults = {"title": "diabetes", "device": "cpu", "path": "run"}
    terminal.begin(Begun(**{name: fields.get(name, defaults.get(name, 1)) for name in names}))
    measured = np.array([[0.5, 0.5, 0.6, 0.4]])
    given = {"labels": ["relu"], "seeds": [0], "epoch": 1, "epochs": 2, "measured": measured, "seconds": 1.0}
    terminal.epoch(Epoch(**{name: given.get(name) for name in Epoch.__dataclass_fields__}))
    terminal.end()
    assert line in capsys.readouterr().err


def test_numbers_are_compared_from_the_command(tmp_path, actlab_command):
    options = ["--data", "diabetes", "--seeds", "2", "--epochs", "1", "--metric", "r2", "--out", tmp_path / "run"]
    done = actlab_command("compare", "relu", "tanh", *options, "--workers", "1", "--json", "--quiet", "--lr", "0.1")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["metric"] == "test R²"
    wrong = actlab_command("compare", "relu", "--data", "digits", "--metric", "r2", "--out", tmp_path / "other")
    assert wrong.returncode == 2 and "r2" in wrong.stderr and wrong.stderr.count("\n") == 1


@pytest.mark.large
def test_an_idea_is_tried_on_numbers(tmp_path, actlab_command):
    options = ["--data", "diabetes", "--seeds", "2", "--metric", "r2", "--out", tmp_path / "idea", "--json", "--quiet"]
    told = actlab_command("try", "tanh", *options)
    assert json.loads(told.stdout)["comparison"]["metric"] == "test R²"
