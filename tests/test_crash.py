"""kill -9 and power loss, in their short form: studies/kills.py and studies/power.py have the long one, and say how."""

import random
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "studies"))

import kills
import power
from disk_watch import Watch

pytestmark = [
    pytest.mark.large,
    pytest.mark.xdist_group("crash"),
    pytest.mark.skipif(sys.platform != "linux" or not shutil.which("gcc"), reason="what watches is built with gcc"),
]


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    with Watch(tmp_path_factory.mktemp("crash"), seconds=0.05, drawn=False) as watch:
        yield watch


def test_a_run_that_is_killed_ten_times_leaves_what_an_undisturbed_one_leaves(watch):
    rows = kills.run(watch, 10, 3, ["one process", "two workers"], 0)
    assert sum(len(row["kills"]) for row in rows) >= 10
    assert [row["faults"] for row in rows if not row["equal"]] == []


def test_whatever_a_power_loss_leaves_is_read_and_goes_on(watch):
    run = power.logged(watch, kills.QUESTIONS["one process"])
    found = power.searched(watch, run, random.Random(5), prefixes=40, states=3, go_on=1)
    assert found["states"] > 40 and found["continued"] == 1
    assert found["faults"] == []
    for planted in power.PLANTED:
        run = power.logged(watch, kills.QUESTIONS["one process"], planted)
        assert power.searched(watch, run, random.Random(5), prefixes=20, states=5, go_on=0)["faulty"], planted
