"""Parallel coordinates: what a reader reads off an axis is what the run's database holds."""

import contextlib
import itertools
import json
import math
import re
import sqlite3
from collections import Counter
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import pytest
from test_report import fake_run, rows_of

from actlab import compare
from actlab.report import parallel
from actlab.report.curves import arm_colours
from actlab.report.parallel import epochs_drawing, trials_drawing

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "a<img src=x onerror=alert(1)>\"'&.py:f"


@dataclass
class Axis:
    """As it stands in the picture: its name, its end, and the words beside it with their places."""

    x: float
    name: str
    end: float
    beside: dict[str, float]

    def y(self, value, *, is_log=False) -> float:
        """Where a reader expects a value: by the words, or between the two outermost numbers; in the lane of NaN."""
        if str(value) in self.beside:
            return self.beside[str(value)]
        if value is None or math.isnan(value):
            return self.beside["NaN"]
        scale = math.log if is_log else float
        numbers = sorted((float(said), y) for said, y in self.beside.items() if said != "NaN" and y <= self.end)
        (low, from_y), (high, to_y) = numbers[0], numbers[-1]
        return from_y + (scale(value) - scale(low)) / (scale(high) - scale(low)) * (to_y - from_y)


def axes_of(drawing) -> dict[str, Axis]:
    found = {}
    for group in ElementTree.fromstring(drawing.as_file).findall(f"{SVG}g[@aria-hidden]"):
        x, top, length = map(float, re.match(r"M(\S+) (\S+)v([\d.]+)", group.find(f"{SVG}path").get("d")).groups())
        texts = group.findall(f"{SVG}text")
        beside = {text.text: float(text.get("y")) - 4 for text in texts if "soft" in text.get("class")}
        titles = [text for text in texts if "soft" not in text.get("class")]
        name = " ".join(text.text for text in sorted(titles, key=lambda text: float(text.get("y"))))
        found[name.replace("\N{NO-BREAK SPACE}", " ")] = Axis(x, name, top + length, beside)
    return found


def lines_of(drawing) -> list[tuple[str, dict[str, float]]]:
    """Arm, and where the line crosses each axis."""
    axes, found = axes_of(drawing), []
    for group in ElementTree.fromstring(drawing.as_file).iter(f"{SVG}g"):
        for path in group.findall(f"{SVG}path") if group.get("data-arm") else []:
            start, _, steps = path.get("d").partition("l")
            moves = [*map(float, re.findall(r"[-+]?\d+", start)), *map(float, re.findall(r"[-+]?\d+", steps))]
            points = np.cumsum(np.reshape(moves, (-1, 2)), axis=0)
            assert points[:, 0].tolist() == [axis.x for axis in axes.values()]
            found.append((group.get("data-arm"), dict(zip(axes, points[:, 1].tolist(), strict=True))))
    return found


def change(run, statement):
    with contextlib.closing(sqlite3.connect(run.path / "run.db")) as database, database:
        database.execute(statement)
    return type(run)(run.path)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("parallel") / "run", diverged=[("leaky_relu", 3)])


def test_lines_of_trials_cross_where_their_values_are(run):
    found = trials_drawing(run)
    axes, lines = axes_of(found.drawing), lines_of(found.drawing)
    names = {
        "activation": "activation", "seed": "seed", "best epoch": "best_epoch",
        "final training loss": "final_train_loss",
        "final validation loss": "final_valid_loss", "final validation accuracy, %": "100 * final_valid_metric",
        "best validation loss": "best_valid_loss", "best validation accuracy, %": "100 * best_valid_metric",
        "test accuracy, %": "100 * test_metric", "status": "status",
    }  # fmt: skip
    assert [*axes] == [*names]
    rows = rows_of(run, f"SELECT {', '.join(names.values())} FROM trials")
    assert found.count == len(lines) == len(rows) == 30
    seeds = sorted({row[1] for row in rows})
    places = {(arm, seeds[round((axes["seed"].y(0) - at["seed"]) / (axes["seed"].y(0) - axes["seed"].y(1)))]): at
              for arm, at in lines}  # fmt: skip
    for row in rows:
        at = places[row[0], row[1]]
        assert [*at.values()] == pytest.approx(
            [axes[name].y(value) for name, value in zip(names, row, strict=True)], abs=1.5
        )
    assert all(at["status"] == axes["status"].end for arm, at in lines if at["final training loss"] > 330)


def test_lines_of_epochs_cross_where_their_values_are(run):
    found = epochs_drawing(run)
    axes, lines = axes_of(found.drawing), lines_of(found.drawing)
    assert [*axes] == [
        "activation", "seed", "epoch", "training loss", "training accuracy, %", "validation loss",
        "validation accuracy, %",
    ]  # fmt: skip
    columns = "activation, seed, epoch, train_loss, 100 * train_metric, valid_loss, 100 * valid_metric"
    rows = rows_of(run, f"SELECT {columns} FROM curves")
    expected = sorted([axis.y(value) for axis, value in zip(axes.values(), row, strict=True)] for row in rows)
    drawn = sorted([*at.values()] for _, at in lines)
    assert found.count == len(rows) == 750
    for column in range(len(axes)):  # sorted by the first three, which tell the rows apart
        assert [row[column] for row in drawn] == pytest.approx([row[column] for row in expected], abs=1.5)
    assert sum(at["validation loss"] > axes["validation loss"].end for _, at in lines) == 25 - 11
    assert len(found.drawing.__html__()) < 81_000


def test_lines_have_the_colour_of_their_activation(run):
    root = ElementTree.fromstring(trials_drawing(run).drawing.as_file)
    groups = {group.get("data-arm"): group for group in root.iter(f"{SVG}g") if group.get("data-arm")}
    assert {arm: group.get("style") for arm, group in groups.items()} == {
        arm: f"color:{tint}" for arm, tint in arm_colours(run).items()
    }


def test_numbers_of_a_line_are_those_of_its_trial(run):
    """What the script shows beside the mouse."""
    root = ElementTree.fromstring(trials_drawing(run).drawing.as_file)
    said = [path.get("data-of").split("|") for path in root.iter(f"{SVG}path") if path.get("data-of")]
    query = "SELECT seed, best_epoch, final_train_loss, 100 * test_metric FROM trials ORDER BY rowid"
    for texts, row in zip(said, rows_of(run, query), strict=True):
        shown = [math.nan if text == "" else float(text) for text in (texts[1], texts[2], texts[3], texts[8])]
        expected = [math.nan if value is None else value for value in row]
        assert shown == pytest.approx(expected, rel=5e-4, nan_ok=True)


def test_the_sentence_says_when_each_activation_was_best(run):
    rows = rows_of(run, "SELECT activation, seed, epoch, valid_loss FROM curves")
    for name, sentence in zip(("relu", "tanh", "leaky_relu"), epochs_drawing(run).said, strict=True):
        best = {}
        for arm, seed, epoch, value in rows:
            if arm == name and (name, seed) != ("leaky_relu", 3):
                best.setdefault(seed, []).append((value, epoch))
        epochs = [min(own)[1] for own in best.values()]
        assert len(epochs) == 10 - (name == "leaky_relu")
        middle, last, seeds, low, high = map(float, re.findall(r"\d+(?:\.\d+)?", sentence))
        assert sentence.startswith(f"{name}: the lowest validation loss came in epoch ")
        assert (middle, last, seeds, low, high) == (
            sorted(epochs)[(len(epochs) - 1) // 2],
            25,
            len(epochs),
            min(epochs),
            max(epochs),
        )


def test_settings_that_vary_have_axes_and_rates_logarithmic_ones(tmp_path):
    grid = {"learning_rate": (0.1, 0.01, 0.0001), "weight_decay": (0.0, 1e-4, 1e-2), "dropout": (0.0, 0.2)}
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=2, epochs=2, initialisation=("pytorch", "gain"), **grid)
    for found in (trials_drawing(run), epochs_drawing(run)):
        axes = axes_of(found.drawing)
        assert [*axes][1:5] == ["learning rate", "weight decay", "dropout", "initialisation"]
        rate, decay = axes["learning rate"].beside, axes["weight decay"]
        assert (rate["0.0001"] - rate["0.01"]) == pytest.approx(2 * (rate["0.01"] - rate["0.1"]), abs=2)
        assert set(decay.beside) == {"0", "0.0001", "0.01"}
        assert decay.beside["0"] > decay.end == decay.beside["0.0001"]
        places = Counter(at["weight decay"] for _, at in lines_of(found.drawing))
        assert set(places) == set(decay.beside.values()) and len(set(places.values())) == 1
        assert axes["dropout"].beside["0"] == axes["dropout"].end, "no rate: 0 is on the axis"
        assert set(axes["initialisation"].beside) == {"pytorch", "gain"}
        per_arm = Counter(arm for arm, _ in lines_of(found.drawing))
        assert set(per_arm) == set(arm_colours(run)) and len(per_arm) == 72 and len(set(per_arm.values())) == 1
    tints = {group.get("style") for group in ElementTree.fromstring(found.drawing.as_file).iter(f"{SVG}g")
             if group.get("data-arm")}  # fmt: skip
    assert len(tints) == 2 and len(found.said) == 2, "by activation, though each setting is an arm"
    one = {"weight_decay": (0.0, 1e-4)}
    axis = axes_of(trials_drawing(fake_run(tmp_path / "two", seeds=2, epochs=2, **one)).drawing)["weight decay"]
    assert axis.beside == {"0": axis.end, "0.0001": axis.end - 250}, (
        "of one positive number there is no logarithm to take"
    )


def test_losses_that_span_much_are_logarithmic(run, tmp_path):
    run = change(fake_run(tmp_path / "run", seeds=2), "UPDATE curves SET train_loss = train_loss * 1e4 WHERE epoch = 1")
    run = change(run, "UPDATE curves SET train_loss = 0 WHERE epoch = 25 AND seed = 1")
    found = epochs_drawing(run)
    axes = axes_of(found.drawing)
    axis = axes["training loss"]
    numbers = sorted((float(said), y) for said, y in axis.beside.items() if y <= axis.end)
    steps = {
        round((y - lower_y) / math.log10(value / lower)) for (lower, lower_y), (value, y) in itertools.pairwise(numbers)
    }
    assert len(numbers) >= 3 and max(steps) - min(steps) <= 2, "equal factors, equal distances"
    assert sum(at["training loss"] == axis.beside["0"] > axis.end for _, at in lines_of(found.drawing)) == 3
    linear = axes["validation loss"].beside
    assert all(y <= axes["validation loss"].end for y in linear.values())
    values = sorted((float(said), y) for said, y in linear.items())
    assert len({round((b[1] - a[1]) / (b[0] - a[0]), -1) for a, b in itertools.pairwise(values)}) <= 2


@pytest.mark.parametrize("lost", [0, 2])
def test_many_lines_are_thinned_evenly(tmp_path, monkeypatch, lost):
    monkeypatch.setattr(parallel, "_MOST", 200)
    run = fake_run(
        tmp_path / "run", ("relu", "tanh"), seeds=20, epochs=30, diverged=[("tanh", seed) for seed in range(lost)]
    )
    found = epochs_drawing(run)
    lines = lines_of(found.drawing)
    arms = Counter(arm for arm, _ in lines)
    assert 195 <= found.count == len(lines) <= 200 and f"{found.count} of 1,200 are drawn" in found.caption
    epochs_lost = 30 * lost
    share = (200 - epochs_lost) / (1200 - epochs_lost)
    assert arms["relu"] == pytest.approx(600 * share, abs=2)
    assert arms["tanh"] == pytest.approx((600 - epochs_lost) * share + epochs_lost, abs=2)
    axis = axes_of(found.drawing)["validation loss"]
    in_lane = [at for _, at in lines if at["validation loss"] > axis.end]
    assert len(in_lane) == lost * 16 and ("all that diverged" in found.caption) == bool(lost)
    per_seed = Counter(at["seed"] for arm, at in lines if arm == "relu")
    assert len(per_seed) == 20 and max(per_seed.values()) - min(per_seed.values()) <= 2
    assert epochs_drawing(run) == found, "the same lines each time"
    assert "drawn" not in trials_drawing(run).caption and trials_drawing(run).count == 40


def test_when_most_diverge_these_are_thinned_too(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "_MOST", 100)
    lost = [("tanh", seed) for seed in range(10)]
    found = epochs_drawing(fake_run(tmp_path / "run", ("relu", "tanh"), seeds=10, epochs=20, diverged=lost))
    assert 90 <= found.count <= 100 and "all that diverged" not in found.caption
    arms = Counter(arm for arm, _ in lines_of(found.drawing))
    assert arms["relu"] == arms["tanh"]
    assert "tanh: no trial finished." in found.said


@pytest.mark.large
def test_twenty_activations_are_two_thousand_lines(tmp_path):
    names = tuple(f"leaky_relu(0.{n:02d})" for n in range(2, 22))
    found = trials_drawing(fake_run(tmp_path / "run", names, seeds=110, epochs=1))
    assert 1980 <= found.count <= 2000 and set(Counter(arm for arm, _ in lines_of(found.drawing)).values()) <= {99, 100}
    places = sorted(axes_of(found.drawing)["activation"].beside.values())
    assert min(np.diff(places)) >= 16, "names do not lie on each other"


def test_names_are_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    long = "b" * 200
    for name in (NASTY, long + ".py:f"):
        (tmp_path / name.removesuffix(":f")).write_text("def f(x):\n    return x\n")
    run = fake_run(tmp_path / "run", ("relu", NASTY, long + ".py:f"), seeds=2, epochs=2)
    for found in (trials_drawing(run), epochs_drawing(run)):
        root = ElementTree.fromstring(found.drawing.as_file)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
            "svg",
            "style",
            "rect",
            "g",
            "path",
            "text",
        }
        assert {arm for arm, _ in lines_of(found.drawing)} == set(run.activations)
        told = json.loads(next(group.get("data-axes") for group in root.iter(f"{SVG}g") if group.get("data-axes")))
        assert set(told[0]["names"].values()) == set(run.activations)
        for element in root.iter(f"{SVG}text"):
            assert len(element.text) <= 34
        assert "<img" not in found.__html__()
        left = min(axis.x for axis in axes_of(found.drawing).values())
        assert left > 100, "room for names"


def test_nothing_trained_is_no_drawing(tmp_path):
    run = fake_run(tmp_path / "run", seeds=2, planned=6)
    assert trials_drawing(run) is None and epochs_drawing(run) is None


def test_what_is_only_planned_is_no_line(tmp_path):
    run = fake_run(tmp_path / "run", seeds=4, epochs=2, planned=5, has_test=False)
    found = trials_drawing(run)
    assert found.count == 7 and "status" not in axes_of(found.drawing)
    assert not [name for name in axes_of(found.drawing) if name.startswith("test")]
    assert epochs_drawing(run).count == 14 and len(epochs_drawing(run).said) == 2


def test_one_seed_stands_in_the_middle_of_its_axis(tmp_path):
    run = fake_run(tmp_path / "run", ("relu",), seeds=1, epochs=1)
    found = epochs_drawing(run)
    axes = axes_of(found.drawing)
    assert found.said == ("relu: the lowest validation loss came in epoch 1 of 1.",)
    assert axes["seed"].beside == {"0": axes["seed"].end - 125} and axes["activation"].beside == {
        "relu": axes["seed"].end - 125
    }
    ((_, at),) = lines_of(found.drawing)
    assert set(at.values()) == {axes["seed"].end - 125}


@pytest.mark.large
@pytest.mark.parametrize("metric", ["mean_squared_error", "r2"])
def test_numbers_learned(tmp_path, metric):
    small = {"seeds": 2, "epochs": 3, "hidden": (8,), "report": False, "workers": 1}
    run = compare("relu", "tanh", data="diabetes", out=tmp_path / "run", metric=metric, **small)
    trials, epochs = axes_of(trials_drawing(run).drawing), axes_of(epochs_drawing(run).drawing)
    if metric == "r2":
        assert [*epochs][3:] == ["training loss", "training R²", "validation loss", "validation R²"]
        assert [*trials][-1] == "test R²" and len([name for name in trials if name.startswith("test")]) == 1
    else:
        assert [*epochs][3:] == ["training mean squared error", "validation mean squared error"], "drawn once"
        assert [*trials][-2:] == ["test mean squared error", "test R²"]
    last = [*epochs.values()][-1]
    expected = sorted(last.y(value) for (value,) in rows_of(run, "SELECT valid_metric FROM curves"))
    assert sorted(at[last.name] for _, at in lines_of(epochs_drawing(run).drawing)) == pytest.approx(expected, abs=1.5)
    loss = "valid_loss" if metric == "r2" else f"valid_{metric}"
    best = sorted(
        own.loc[own[loss].idxmin(), "epoch"] for _, own in run.curves.query("activation == 'relu'").groupby("seed")
    )
    assert f"came in epoch {best[(len(best) - 1) // 2]} of 3" in epochs_drawing(run).said[0]
