"""Run folders that older versions left: they open as they are, say the same, and are continued.

`older/format1` was made by commit 28aa2a3: compare("relu", "tanh", data="digits", seeds=5, epochs=2, hidden=(8,),
keep="none", report=False).
"""

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from actlab import compare
from actlab.experiment import Run
from actlab.results import summarise

OLDER = Path(__file__).parent / "older" / "format1"


@pytest.fixture
def folder(tmp_path) -> Path:
    return shutil.copytree(OLDER, tmp_path / "run")


def columns(database: Path, table: str) -> list[str]:
    with sqlite3.connect(database) as opened:
        found = [row[1] for row in opened.execute(f"PRAGMA table_info({table})")]
    opened.close()
    return found


def rows(database: Path, table: str) -> list[tuple]:
    opened = sqlite3.connect(database)
    found = opened.execute(f"SELECT * FROM {table}").fetchall()
    opened.close()
    return found


def test_reading_changes_nothing_and_finds_what_is_there(folder):
    before = (folder / "run.db").read_bytes()
    run = Run(folder)
    direct = dict(sqlite3.connect(folder / "run.db").execute("SELECT key, test_accuracy FROM trials"))
    assert len(direct) == 10 and dict(zip(run.trials["key"], run.trials["test_accuracy"], strict=True)) == direct
    assert {"train_accuracy", "valid_accuracy"} <= set(run.curves.columns)
    scores = run.scores()
    for key, accuracy in direct.items():
        assert scores[key].dtype == bool and scores[key].mean() == pytest.approx(accuracy)
        assert np.array_equal(scores[key], run.predictions(key) == run.test_labels(0))
    [found] = summarise(run).comparisons
    means = [np.mean([direct[row.key] for row in run.trials.itertuples() if row.activation == name])
             for name in ("relu", "tanh")]  # fmt: skip
    assert found.difference == pytest.approx(means[1] - means[0]) and found.examples == 360
    assert (folder / "run.db").read_bytes() == before


def test_continued_it_has_general_columns_and_the_same_rows(folder):
    old = {table: rows(folder / "run.db", table) for table in ("trials", "curves", "predictions")}
    run = compare("relu", "tanh", data="digits", seeds=6, epochs=2, hidden=(8,), keep="none", report=False, out=folder)
    assert {"test_metric", "best_valid_metric"} <= set(columns(folder / "run.db", "trials"))
    assert columns(folder / "run.db", "predictions") == ["key", "predicted", "scores"]
    for table, before in old.items():
        assert set(before) <= set(rows(folder / "run.db", table)), table
    assert len(run.trials) == 12 and (run.trials["status"] == "finished").all()
    assert run.trials["test_accuracy"].between(0, 1).all() and len(run.scores()) == 12
