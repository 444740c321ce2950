"""Networks from different kinds of machine: a pair is of one kind, unless asked otherwise."""

import sqlite3
from contextlib import closing

import pytest

from actlab.experiment import Experiment, Run
from actlab.results.summary import summarise
from actlab.workflows.comparison import compare

HOW = {"data": "digits", "seeds": 6, "epochs": 1, "workers": 1, "report": False}


@pytest.fixture
def run(tmp_path):
    return compare("relu", "tanh", "elu", out=tmp_path / "run", **HOW)


def moved(run: Run, where: str) -> Run:
    """As if another machine had trained these trials."""
    with closing(sqlite3.connect(run.path / "run.db")) as database, database:
        database.execute(f"UPDATE trials SET cpu = 'another CPU' WHERE {where}")
    return Run(run.path)


def test_pairs_of_two_kinds_are_left_out_until_they_are_asked_for(run, tmp_path):
    whole = {item.name: item for item in summarise(run).comparisons}
    found = summarise(moved(run, "activation = 'tanh' AND seed < 2"))
    left = {item.name: item for item in found.comparisons}
    assert (left["tanh"].n, left["elu"].n) == (4, 6)
    assert left["elu"].difference == whole["elu"].difference
    assert "another CPU" in found.mixed and "2 networks of another kind of machine than relu's" in found.mixed
    assert found.mixed in found.as_text().replace("\n", " ") and len(found.table) == 3
    assert all(found.table["n"] == 6), "the table has them"
    again = summarise(compare("relu", "tanh", "elu", out=tmp_path / "run", mixed=True, **HOW))
    assert {item.name: item for item in again.comparisons} == whole
    assert "as was asked for" in again.mixed
    assert Experiment.read(run.path / "experiment.toml").mixed


def test_seeds_that_are_of_one_kind_each_are_compared(run):
    whole = {item.name: item.difference for item in summarise(run).comparisons}
    found = summarise(moved(run, "seed IN (1, 4)"))
    assert {item.name: item.difference for item in found.comparisons} == whole
    assert "each is compared with one of its own kind" in found.mixed


def test_where_no_pair_is_of_one_kind_nothing_is_compared(run):
    found = summarise(moved(run, "activation = 'tanh'"))
    [tanh] = [item for item in found.comparisons if item.name == "tanh"] or [None]
    assert tanh is None or tanh.n == 0
    assert "--mixed" in found.mixed
    assert summarise(moved(run, "1")).mixed == ""
