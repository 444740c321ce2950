"""The HiPlot page: a line for each trial and epoch, in the report's colours, on request."""

import math
import sys

import hiplot
import numpy as np
import pytest
from test_report import fake_run, rows_of

from actlab.errors import MissingExtra, UserError
from actlab.report import draw, hiplot_pages
from actlab.report.curves import arm_colours
from actlab.report.hiplot_pages import KEPT, WHICH, experiment

NASTY = "a<b>&.py:f"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("hiplot") / "run", epochs=6, diverged=[("leaky_relu", 3)])


@pytest.fixture(scope="module")
def lines(run):
    return [point.values for point in experiment(run).datapoints]


def test_a_line_for_each_trial_and_epoch(run, lines):
    rows = rows_of(run, "SELECT activation, seed, epoch, valid_metric FROM curves")
    assert len(lines) == len(rows) == 180
    found = {(line["activation"], line["seed"], line["epoch"]): line["valid_accuracy"] for line in lines}
    for *name, value in rows:
        assert math.isnan(found[tuple(name)]) if value is None else found[tuple(name)] == pytest.approx(value, abs=1e-6)


def test_the_kept_epoch_has_what_was_tested_and_no_other(run, lines):
    rows = rows_of(run, "SELECT activation, seed, best_epoch, test_metric FROM trials")
    kept = [line for line in lines if line[WHICH] == KEPT]
    found = {(line["activation"], line["seed"], line["epoch"], line["test_accuracy"]) for line in kept}
    assert len(kept) == 30 and found == set(rows)
    assert all(math.isnan(line["test_accuracy"]) for line in lines if line[WHICH] != KEPT)


def test_epochs_of_a_trial_are_joined(run):
    points = experiment(run).datapoints
    by_uid = {point.uid: point.values for point in points}
    for point in points:
        before = by_uid.get(point.from_uid)
        assert (before is None) == (point.values["epoch"] == 1)
        if before is not None:
            assert before["epoch"] == point.values["epoch"] - 1
            assert (before["activation"], before["seed"]) == (point.values["activation"], point.values["seed"])


def test_axes_and_colours(run):
    found = experiment(run)
    plot = found.display_data(hiplot.Displays.PARALLEL_PLOT)
    assert plot["order"][::-1][:3] == ["seed", "activation", "status"]  # from right to left
    assert plot["order"][:2] == [WHICH, "test_accuracy"] and "learning_rate" not in plot["order"]
    assert found.colorby == "arm" and "arm" in plot["hide"]
    for arm, colour in found.parameters_definition["arm"].colors.items():
        numbers = [int(number) for number in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        assert "#{:02x}{:02x}{:02x}".format(*numbers) == arm_colours(run)[arm]


def test_settings_that_vary_have_axes_and_each_arm_a_colour(tmp_path):
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=2, epochs=2, learning_rate=(0.01, 0.1))
    found = experiment(run)
    order = found.display_data(hiplot.Displays.PARALLEL_PLOT)["order"]
    assert order[::-1][:4] == ["seed", "activation", "learning_rate", "arm"]
    assert {point.values["arm"] for point in found.datapoints} == set(found.parameters_definition["arm"].colors)
    assert len(found.parameters_definition["arm"].colors) == 4


def test_what_is_nan_throughout_has_no_axis(tmp_path):
    """HiPlot finds no ends of it."""
    lost = [(name, seed) for name in ("relu", "tanh") for seed in range(2)]
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=2, epochs=1, diverged=lost, has_test=False)
    found = experiment(run)
    for name in found.display_data(hiplot.Displays.PARALLEL_PLOT)["order"]:
        values = [point.values[name] for point in found.datapoints]
        assert isinstance(values[0], str) or np.isfinite(values).any(), name
    assert len(found.datapoints) == 4


def test_too_many_lines_leave_one_a_trial_and_say_so(run, monkeypatch):
    monkeypatch.setattr(hiplot_pages, "MOST", 100)
    points = experiment(run).datapoints
    assert {point.values[WHICH] for point in points} == {f"{KEPT} (of 180 lines)"} and len(points) == 30


def test_names_are_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a<b>&.py").write_text("def f(x):\n    return x\n")
    run = fake_run(tmp_path / "run", ("relu", NASTY), seeds=2, epochs=2)
    hiplot_pages.draw_hiplot(run, tmp_path)
    page = (tmp_path / hiplot_pages.FILE).read_text(encoding="utf-8")
    assert "a<b" not in page and "&.py" not in page
    assert "u2039b" in page, "in the script, with a bracket that is none to HTML"


def test_a_page_on_request_and_its_link(tmp_path, actlab_command):
    run = fake_run(tmp_path / "run", seeds=2, epochs=2)
    folder = run.path / "report"
    folder.mkdir()
    (folder / "hiplot-relu.html").write_text("of an earlier report")
    page = draw(run)
    assert not list(folder.glob("hiplot*")) and 'href="hiplot.html"' not in page.read_text(encoding="utf-8")
    done = actlab_command("report", run.path, "--hiplot")
    assert done.returncode == 0 and done.stdout.split() == [str(page), str(page.with_name("hiplot.html"))]
    assert [file.name for file in folder.glob("hiplot*")] == ["hiplot.html"]
    assert 'href="hiplot.html"' in page.read_text(encoding="utf-8")
    draw(run.path)
    assert not list(folder.glob("hiplot*"))


def test_without_the_extra_a_line_says_how_to_get_it(tmp_path, monkeypatch, actlab_command):
    run = fake_run(tmp_path / "run", seeds=2, epochs=2)
    monkeypatch.setitem(sys.modules, "hiplot", None)
    done = actlab_command("report", run.path, "--hiplot")
    assert done.returncode == 2 and done.stdout == ""
    assert "pip install 'actlab[hiplot]'" in done.stderr and len(done.stderr.splitlines()) == 1
    with pytest.raises(MissingExtra):
        draw(run, hiplot=True)
    assert draw(run).is_file()


def test_nothing_trained_is_told(tmp_path):
    run = fake_run(tmp_path / "run", ("relu",), seeds=2, planned=2)
    with pytest.raises(UserError, match="no epoch yet"):
        draw(run, hiplot=True)
