"""Fair tuning: one grid for all, seeds that judge nothing, edges that move, choices that stand."""

import dataclasses
import itertools
import math
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from actlab import running
from actlab.errors import UserError
from actlab.experiment.spec import GRID, TUNING_SEEDS, Experiment
from actlab.experiment.tuning import MOST_ADDED, beyond, chosen, tried, tuned
from actlab.report import draw
from actlab.results import summarise
from actlab.results.tuned import tuning_of
from actlab.workflows.comparison import compare
from actlab.workflows.confirmation import confirm

SMALL = {"stack_size": 32, "data": "digits", "seeds": 3, "epochs": 2, "workers": 1}


def landscape(best: dict[str, float], lost=(), calls=None):
    """A training that needs no networks: the loss is the distance from an activation's best rate, in decades."""

    def train(e: Experiment) -> pd.DataFrame:
        assert e.seeds == TUNING_SEEDS and not e.tuned, "the seeds of the comparison choose nothing"
        if calls is not None:
            calls.append(e.learning_rate)
        rows = []
        for trial in e.trials():
            far = abs(math.log10(trial.learning_rate / best[trial.label])) + trial.weight_decay + trial.dropout
            blown = (trial.label, trial.learning_rate) in lost
            row = {name: getattr(trial, name) for name in GRID} | {"activation": trial.label, "seed": trial.seed}
            row |= {"best_valid_loss": far + 0.001 * (trial.seed % 7), "best_valid_accuracy": 1 / (1 + far)}
            rows.append(row | {"status": "diverged" if blown else "finished"})
        return pd.DataFrame(rows)

    return train


def experiment(**given) -> Experiment:
    return Experiment(**{"activations": ("relu", "tanh"), "learning_rate": (0.01, 0.03, 0.1), "content": "-"} | given)


def silent(_): ...


def test_each_activation_gets_the_setting_of_its_lowest_loss():
    e = experiment(learning_rate=(0.003, 0.01, 0.03, 0.1, 0.3), weight_decay=(0.0, 1e-4), dropout=(0.0, 0.2))
    found = tuned(e, None, landscape({"relu": 0.1, "tanh": 0.011}), silent)
    assert found.tuned["relu"] == {"learning_rate": 0.1, "weight_decay": 0.0, "dropout": 0.0,
                                   "initialisation": "pytorch"}  # fmt: skip
    assert found.tuned["tanh"]["learning_rate"] == 0.01
    rates = {(t.label, t.learning_rate, t.seed) for t in found.trials()}
    assert rates == {(n, r, s) for n, r in (("relu", 0.1), ("tanh", 0.01)) for s in range(10)}
    assert Experiment.from_toml(found.to_toml()) == found
    fixed = experiment(learning_rate=(0.1,))
    assert tuned(fixed, None, landscape({}), silent) is fixed, "one setting: nothing to choose"


def test_a_best_rate_at_an_edge_widens_the_grid_for_all():
    calls, said = [], []
    train = landscape({"relu": 0.9, "tanh": 0.02}, calls=calls)
    found = tuned(experiment(), None, train, said.append)
    assert calls == [(0.01, 0.03, 0.1), (0.01, 0.03, 0.1, 0.3), (0.01, 0.03, 0.1, 0.3, 1.0),
                     (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)]  # fmt: skip
    assert (found.tuned["relu"]["learning_rate"], found.tuned["tanh"]["learning_rate"]) == (1.0, 0.03)
    assert found.learning_rate == calls[-1] and sum("at the edge" in line for line in said) == 3


def test_a_grid_does_not_grow_for_ever():
    calls = []
    found = tuned(experiment(), None, landscape({"relu": 1e9, "tanh": 1e-9}, calls=calls), silent)
    assert len(calls) == MOST_ADDED + 1
    assert (min(found.learning_rate), max(found.learning_rate)) == (1e-4, 10.0)


def test_a_rate_at_which_one_seed_diverges_is_not_chosen():
    e = experiment(learning_rate=(0.01, 0.03, 0.1, 0.3))
    found = tuned(e, None, landscape({"relu": 0.1, "tanh": 0.03}, lost={("relu", 0.1), ("relu", 0.3)}), silent)
    assert found.tuned["relu"]["learning_rate"] == 0.03
    frame = landscape({"relu": 0.1, "tanh": 0.03}, lost={("relu", 0.1)})(e.for_tuning())
    lost = next(t for t in tried(frame) if t.diverged)
    assert (lost.activation, lost.diverged, lost.seeds, lost.loss) == ("relu", 3, 3, math.inf)
    frame.loc[frame["learning_rate"] == 0.3, "status"] = "planned"
    assert {t.setting["learning_rate"] for t in tried(frame)} == {0.01, 0.03, 0.1}, "what is half trained is not judged"


def test_the_mean_over_seeds_decides_not_the_best_seed():
    rows = [
        dict.fromkeys(GRID, 0.0) | {"activation": "relu", "learning_rate": rate, "status": "finished", "seed": seed}
        | {"best_valid_loss": loss, "best_valid_accuracy": 0.5}
        for rate, losses in ((0.1, (0.30, 0.30, 0.30)), (0.3, (0.01, 0.50, 0.50)))
        for seed, loss in enumerate(losses)
    ]  # fmt: skip
    assert chosen(tried(pd.DataFrame(rows)))["relu"].setting["learning_rate"] == 0.1


@given(st.lists(st.floats(1e-5, 10), min_size=2, max_size=6, unique=True))
def test_the_next_rate_is_beyond_the_edge(rates):
    grid = sorted(float(f"{rate:.2g}") for rate in rates)
    if len(set(grid)) < len(grid):
        return
    low, high = beyond(grid, [grid[0], grid[-1]])
    assert low < grid[0] and high > grid[-1]
    assert beyond(grid, grid[1:-1]) == ()


def test_what_was_chosen_stands():
    first = tuned(experiment(), None, landscape({"relu": 0.03, "tanh": 0.03}), silent)

    def never(_):
        raise AssertionError("trained again")

    again = tuned(experiment(seeds=tuple(range(20))), first, never, silent)
    assert again.tuned == first.tuned and len(again.seeds) == 20
    grown = experiment(activations=("relu", "tanh", "elu"))
    best = {"relu": 0.03, "tanh": 0.03, "elu": 0.03}
    assert tuned(grown, first, landscape(best), silent).tuned["elu"]["learning_rate"] == 0.03
    with pytest.raises(UserError, match="relu would be trained with another setting"):
        tuned(grown, first, landscape(best | {"elu": 0.2, "relu": 0.3}), silent)


def test_what_the_tuning_folder_has_beside_the_grid_chooses_nothing():
    """It may have rates beyond an edge, half trained when a command was stopped, or a grid that was refused."""
    best = {"relu": 0.032, "tanh": 0.03}
    for more in ({"learning_rate": (0.01, 0.03, 0.1, 0.032)}, {"dropout": (0.0, -0.5)}, {"weight_decay": (0.0, -0.5)}):
        rows = landscape(best)(SimpleNamespace(**{"seeds": TUNING_SEEDS, "tuned": {}, "trials": all_of(more)}))
        found = tuned(experiment(), None, lambda _, rows=rows: rows, silent)
        assert found.tuned == tuned(experiment(), None, landscape(best), silent).tuned


def all_of(more):
    """Trials of a grid that an Experiment might refuse."""
    grid = {"learning_rate": (0.01, 0.03, 0.1), "weight_decay": (0.0,), "dropout": (0.0,)} | more
    points = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    return lambda: [
        SimpleNamespace(label=name, seed=seed, initialisation="pytorch", **point)
        for name, point, seed in itertools.product(("relu", "tanh"), points, TUNING_SEEDS)
    ]


class Stopped(Exception):
    """The power went."""


@pytest.mark.large
def test_a_command_that_was_stopped_beyond_an_edge_continues(tmp_path, monkeypatch):
    """And one whose wider grid was refused leaves a run that can grow by an activation."""
    grid = {"learning_rate": [0.0001, 0.0003], "report": False} | SMALL
    whole = running.train_missing

    def stop(store, experiment, *rest, **how):
        if len(experiment.learning_rate) == 4:
            raise Stopped
        return whole(store, experiment, *rest, **how)

    monkeypatch.setattr(running, "train_missing", stop)
    with pytest.raises(Stopped):
        compare("relu", out=tmp_path / "run", **grid)
    monkeypatch.setattr(running, "train_missing", whole)
    run = compare("relu", out=tmp_path / "run", **grid)
    fresh = compare("relu", out=tmp_path / "fresh", **grid)
    assert run.experiment == fresh.experiment and len(run.experiment.learning_rate) > 3
    with pytest.raises(UserError, match="relu would be trained with another setting"):
        compare("relu", out=tmp_path / "run", **grid | {"learning_rate": [0.0001, 0.0003, 0.1]})
    grown = compare("relu", "tanh", out=tmp_path / "run", **grid)
    assert grown.experiment.tuned["relu"] == run.experiment.tuned["relu"] and 0.1 not in tuning_of(grown).rates
    assert "tanh" in tuning_of(grown).by_rate


@pytest.mark.large
def test_a_setting_named_beside_a_tuned_spec_is_not_passed_over(tmp_path):
    """Its file's choices hold for its grid and its activations: others are chosen, or trained, as the command says."""
    few = {"report": False, "seeds": 2} | {name: SMALL[name] for name in ("stack_size", "workers")}
    first = compare("relu", out=tmp_path / "run", learning_rate=[0.03, 0.1], report=False, **SMALL | {"epochs": 1})
    spec = first.path / "experiment.toml"
    for place, (name, value) in enumerate({"learning_rate": [0.05], "initialisation": ["gain"]}.items()):
        other = compare(spec=spec, out=tmp_path / str(place), **few | {name: value})
        assert set(other.trials[name]) == set(value)
    other = compare(spec=spec, out=tmp_path / "dropout", **few | {"dropout": [0.5]})
    assert other.experiment.tuned["relu"]["dropout"] == 0.5
    grown = compare("relu", "tanh", spec=spec, out=first.path, report=False, stack_size=32, workers=1)
    assert grown.experiment.tuned["relu"] == first.experiment.tuned["relu"] and "tanh" in grown.experiment.tuned
    same = compare(spec=spec, out=tmp_path / "same", **few)
    assert same.experiment.tuned == grown.experiment.tuned and same.tuning is None, (
        "what a file says is not chosen anew"
    )


def test_a_wider_grid_chooses_anew_and_what_was_trained_otherwise_is_told():
    """In any name of the grid; and a run that chose nothing cannot become one that did."""
    first = tuned(experiment(), None, landscape({"relu": 0.03, "tanh": 0.03}), silent)
    wider = experiment(dropout=(0.0, 0.2))
    assert tuned(wider, first, landscape({"relu": 0.03, "tanh": 0.03}), silent).dropout == (0.0, 0.2)
    for other in (wider, experiment(learning_rate=(0.03, 0.1, 0.3))):
        with pytest.raises(UserError, match="tanh would be trained with another setting"):
            tuned(other, first, landscape({"relu": 0.03, "tanh": 0.1}), silent)
    with pytest.raises(UserError, match=r"all are trained with learning rate 0\.1; to choose"):
        tuned(experiment(), experiment(learning_rate=(0.1,)), landscape({}), silent)
    moved = tuned(experiment(), None, landscape({"relu": 0.9, "tanh": 0.03}), silent)  # beyond the edge, up to 3
    for more in ({"dropout": (0.0, 0.2)}, {"learning_rate": (0.003, 0.01, 0.03, 0.1)}, {"weight_decay": (0.0, 0.1)}):
        grown = tuned(experiment(**more), moved, landscape({"relu": 0.9, "tanh": 0.03}), silent)
        assert {1.0, 3.0, *grown.learning_rate} == {*grown.learning_rate} and grown.tuned == moved.tuned
    edited = dataclasses.replace(first, tuned=first.tuned | {"tanh": first.tuned["relu"] | {"learning_rate": 0.1}})
    assert first.differences(edited) == ["tuned: tanh has another setting in the folder than in the command"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tuned = 3", "tuned is a table"),
        ("[tuned.relu]\nlearning_rate = 0.1", "it needs learning_rate, weight_decay, dropout, initialisation"),
        ("[tuned.relu]\nlearning_rate = -0.1\nweight_decay = 0\ndropout = 0\ninitialisation = 'gain'", "above 0"),
        ("[tuned.relu]\nlearning_rate = 0.1\nweight_decay = 0\ndropout = 0\ninitialisation = 'b'", "pytorch, gain"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(text, told):
    with pytest.raises(UserError, match=told):
        Experiment.from_toml(text)


def test_a_setting_for_each_activation_or_for_none():
    one = {name: values[0] for name, values in zip(GRID, ((0.1,), (0.0,), (0.0,), ("pytorch",)), strict=True)}
    with pytest.raises(UserError, match="no setting for tanh"):
        experiment(tuned={"relu": one}).trials()
    with pytest.raises(UserError, match="seeds has 1000001, which is kept for tuning"):
        tuned(experiment(seeds=(0, 1_000_001)), None, landscape({}), silent)


def test_a_tuned_run_from_end_to_end(tmp_path):
    grid = {"learning_rate": [0.03, 0.1, 0.3], "weight_decay": [0.0, 0.01]}
    run = compare("relu", "tanh", out=tmp_path / "run", report=False, **grid, **SMALL)
    inner = run.tuning
    assert set(inner.trials["seed"]) == set(TUNING_SEEDS) and set(run.trials["seed"]) == {0, 1, 2}
    # the oracle: pandas, from the rows alone
    means = inner.trials.groupby(["activation", "learning_rate", "weight_decay"])["best_valid_loss"].mean()
    for name, rows in run.trials.groupby("activation"):
        assert len(rows) == 3
        assert means[name].idxmin() == (rows["learning_rate"].iloc[0], rows["weight_decay"].iloc[0])
    assert list(summarise(run).table["arm"]) == ["relu", "tanh"], "an arm an activation, whatever its rate"
    before = run.trials.copy()
    grown = compare("relu", "tanh", out=tmp_path / "run", report=False, **grid, **SMALL | {"seeds": 4})
    assert grown.experiment.tuned == run.experiment.tuned
    pd.testing.assert_frame_equal(grown.trials[grown.trials["seed"] < 3].reset_index(drop=True), before)
    again = confirm(grown, workers=1)
    if again is not None:
        chosen_rates = dict(zip(grown.trials["activation"], grown.trials["learning_rate"], strict=True))
        assert all(chosen_rates[t.activation] == t.learning_rate for t in again.trials.itertuples())
    with pytest.raises(UserError, match="learning_rate"):  # another grid is another experiment
        compare("relu", "tanh", out=tmp_path / "run", report=False, learning_rate=[0.1], **SMALL)


@pytest.mark.large
def test_what_a_tuned_run_shows(tmp_path):
    run = compare("relu", "tanh", out=tmp_path / "run", tune=True, report=False, **SMALL)
    summary = summarise(run)
    tuning = tuning_of(run)
    assert "chosen for each activation by mean validation loss over 3 other seeds" in summary.caption
    assert "3 other seeds" in summary.methods and "Each with its own setting" in summary.as_text()
    assert len(tuning.rate_table) == len(tuning.rates) + 2 and tuning.rate_table[-1][0] == "its own"
    for rate in tuning.rates:  # the oracle of the order at one rate
        rows = run.tuning.trials.query("learning_rate == @rate")
        means = rows.groupby("activation")["best_valid_accuracy"].mean().sort_values(ascending=False)
        if (rows["status"] == "finished").all() and means.is_unique:
            assert tuning.order(rate) == list(means.index)
    told = summary.as_json()["tuning"]
    assert told["chosen"]["relu"] == run.experiment.tuned["relu"]
    page = draw(run).read_text(encoding="utf-8")
    assert 'id="chosen"' in page and 'id="rates-drawn"' in page and (run.path / "report" / "tuning.png").is_file()
    given = compare("relu", "tanh", out=tmp_path / "given", report=False, **SMALL)
    assert summarise(given).as_json()["tuning"] is None and 'id="chosen"' not in draw(given).read_text(encoding="utf-8")


def test_the_defaults_belong_to_the_optimizer(tmp_path):
    run = compare("relu", out=tmp_path / "run", tune=True, optimizer="adamw", report=False, **SMALL | {"epochs": 1})
    assert {0.0003, 0.001, 0.003, 0.01, 0.03} <= set(run.experiment.learning_rate)
    assert dataclasses.replace(run.experiment, tuned={}).tunes
