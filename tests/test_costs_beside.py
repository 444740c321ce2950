"""Cost beside quality, on curves small enough to work through by hand; and the verdicts as LaTeX."""

import dataclasses
import math
import re

import pandas as pd
import pytest

from actlab.results.costs import costs_beside
from actlab.results.differences import verdict_said
from actlab.results.latex import latex_table
from actlab.results.summary import summarise
from actlab.workflows.comparison import compare

CURVES = {
    "relu": [[0.5, 0.7, 0.80, 0.90], [0.5, 0.7, 0.80, 0.90], [0.5, 0.7, 0.8, 0.9]],
    "fast": [[0.7, 0.9, 0.95, 0.96], [0.7, 0.8, 0.92, 0.96], [0.7, 0.91, 0.95, 0.97]],
    "slow": [[0.4, 0.5, 0.60, 0.70], [0.4, 0.5, 0.60, 0.90], [0.4, 0.5, 0.6, 0.7]],
}


def curves() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"arm": arm, "seed": seed, "epoch": epoch, "valid_accuracy": value}
            for arm, seeds in CURVES.items()
            for seed, values in enumerate(seeds)
            for epoch, value in enumerate(values, start=1)
        ]
    )


def test_epochs_to_the_baselines_accuracy_and_equal_time():
    fast, slow = costs_beside(curves(), {"relu": 1.0, "fast": 2.0, "slow": 0.5}, "relu", epochs=4, margin=0.01)
    # 0.9 is reached after 2, 3 and 2 epochs, by relu after 4
    assert (fast.reached, fast.seeds, fast.epochs.mean) == (3, 3, pytest.approx(-(2 + 1 + 2) / 3))
    assert (slow.reached, slow.epochs.mean) == (1, 0) and math.isnan(slow.epochs.low)
    # half as many epochs of twice the cost: 0.9, 0.8, 0.91 against 0.9; of half the cost all, against relu's first two
    assert (fast.epochs_at_equal_time, fast.baseline_epochs) == (2, 4)
    assert (slow.epochs_at_equal_time, slow.baseline_epochs) == (4, 2)
    assert fast.equal_time.difference == pytest.approx((0.0 - 0.1 + 0.01) / 3)
    assert slow.equal_time.difference == pytest.approx((0.0 + 0.2 + 0.0) / 3)


def test_costs_that_are_not_known_say_nothing():
    assert costs_beside(curves(), {"relu": 1.0, "fast": math.nan, "slow": 1.0}, "relu", epochs=4, margin=0.01) == []
    assert costs_beside(curves(), {"relu": 1.0}, "relu", epochs=4, margin=0.01) == []


def test_the_table_for_a_paper(tmp_path):
    run = compare(
        "relu", "leaky_relu(0.2)", data="digits", seeds=5, epochs=1, hidden=[16], out=tmp_path / "run", report=False
    )
    summary = summarise(run)
    text = latex_table(summary)
    assert r"leaky\_relu(0.2) & 5 & " in text and "Student's t; " in text and "margin 0.6 points" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1 and text.count("& baseline") == 1
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in rows} == {6}  # seven cells in each row
    assert r"simultaneous 95\%" in text and r"plain 95\% $t$" in text
    [item] = summary.comparisons
    here = dataclasses.replace(summary, comparisons=[dataclasses.replace(item, low=0.01, high=0.02, crossed_low=-0.01,
                                                                         crossed_high=0.04)])  # fmt: skip
    assert "on these 360 test examples only" in latex_table(here)
    assert "on these 360 test examples only" in here.as_text() and here.as_json()["comparisons"][0]["only_here"]
    split_anew = dataclasses.replace(here.comparisons[0], examples=0)
    assert "on splits of these data only" in verdict_said(split_anew) and "examples" not in verdict_said(split_anew)
    assert not re.search(r"(?<!\\)[%#]", text.replace(r"% \usepackage", ""))
    assert re.search(r"(?<!\\)_", text) is None
    assert [row[0] for row in summary.cost_rows] == ["leaky_relu(0.2)"]
