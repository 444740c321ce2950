"""Cost beside quality, on curves small enough to work through by hand; and the verdicts as LaTeX."""

import dataclasses
import itertools
import math
import re

import numpy as np
import pandas as pd
import pytest
import torch

from actlab.engine import Arrays, costs
from actlab.experiment import Experiment
from actlab.results.costs import StepCost, costs_beside, step_costs
from actlab.results.differences import cost_row, verdict_said
from actlab.results.latex import latex_table
from actlab.results.summary import summarise
from actlab.stats import Unit
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


def exactly(**relative: float) -> dict[str, StepCost]:
    return {name: StepCost(cost, cost, cost) for name, cost in relative.items()}


def test_epochs_to_the_baselines_accuracy_and_equal_time():
    fast, slow = costs_beside(curves(), exactly(relu=1.0, fast=2.0, slow=0.5), "relu", epochs=4, margin=0.01)
    # 0.9 is reached after 2, 3 and 2 epochs, by relu after 4
    assert (fast.reached, fast.seeds, fast.epochs.mean) == (3, 3, pytest.approx(-(2 + 1 + 2) / 3))
    assert (slow.reached, slow.epochs.mean) == (1, 0) and math.isnan(slow.epochs.low)
    # half as many epochs of twice the cost: 0.9, 0.8, 0.91 against 0.9; of half the cost all, against relu's first two
    assert (fast.epochs_at_equal_time, fast.baseline_epochs) == (2, 4)
    assert (slow.epochs_at_equal_time, slow.baseline_epochs) == (4, 2)
    assert fast.equal_time.difference == pytest.approx((0.0 - 0.1 + 0.01) / 3)
    assert slow.equal_time.difference == pytest.approx((0.0 + 0.2 + 0.0) / 3)


def test_costs_that_are_not_known_say_nothing():
    unknown = exactly(relu=1.0, fast=math.nan, slow=1.0)
    assert costs_beside(curves(), unknown, "relu", epochs=4, margin=0.01) == []
    assert costs_beside(curves(), exactly(relu=1.0), "relu", epochs=4, margin=0.01) == []


def rounds_of(generator, number: int, busy: float, **costs: float) -> pd.DataFrame:
    """Seconds in rounds of a machine that does other things: a slow round hits all, a burst one of them."""
    rows = []
    for each in range(number):
        slowed = 1 + busy * generator.exponential()
        for name, cost in costs.items():
            burst = 1 + busy * generator.pareto(1.5) * (generator.random() < 0.4)
            seconds = 0.02 * cost * slowed * burst * generator.normal(1, 0.02)
            rows.append({"activation": name, "round": each, "networks": 8, "seconds": seconds})
    return pd.DataFrame(rows)


@pytest.mark.large
@pytest.mark.parametrize("busy", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("number", [6, 9, 23])
def test_the_interval_of_a_cost_holds_the_truth_on_a_busy_machine(busy, number):
    generator, experiments = np.random.default_rng(number), 100
    found = [step_costs(rounds_of(generator, number, busy, relu=1.0, gelu=1.3), "relu") for _ in range(experiments)]
    held = np.mean([cost["gelu"].low <= 1.3 <= cost["gelu"].high for cost in found])
    assert held > 0.95 - 3 * math.sqrt(0.95 * 0.05 / experiments)
    assert {cost["relu"] for cost in found} == {StepCost(1, 1, 1)}
    assert np.median([cost["gelu"].median for cost in found]) == pytest.approx(1.3, rel=0.03)


def rising(**shift: float) -> pd.DataFrame:
    """Validation accuracies that rise by a point an epoch: an epoch more or less decides."""
    return pd.DataFrame(
        [
            {"arm": arm, "seed": seed, "epoch": epoch, "valid_accuracy": 0.5 + 0.01 * epoch + 0.0005 * seed + by}
            for arm, by in shift.items()
            for seed in range(8)
            for epoch in range(1, 21)
        ]
    )


@pytest.mark.parametrize("busy", [0.0, 0.5, 2.0])
def test_of_bit_equal_arms_none_is_better_or_worse_at_equal_time(busy):
    generator, experiments, claims, by_fastest = np.random.default_rng(1), 30, [], []
    equal = rising(relu=0.0, twin=0.0)
    for _ in range(experiments):
        costs = rounds_of(generator, 9, busy, relu=1.0, twin=1.0)
        [item] = costs_beside(equal, step_costs(costs, "relu"), "relu", epochs=20, margin=0.001)
        claims.append(item.equal_time.verdict.partition(",")[0])
        least = costs.groupby("activation")["seconds"].min()
        once = StepCost(*[least["twin"] / least["relu"]] * 3)
        [item] = costs_beside(equal, {"relu": once, "twin": once}, "relu", epochs=20, margin=0.001)
        by_fastest.append(item.equal_time.verdict.partition(",")[0])
    wrong = sum(claim in ("better", "worse") for claim in claims)
    assert wrong < 0.05 * experiments + 3 * math.sqrt(0.05 * 0.95 * experiments)
    assert set(claims) <= {"better", "worse", "undecided", "practically equal", "the same function"}
    if busy == 2.0:  # what one timing says
        assert sum(claim in ("better", "worse") for claim in by_fastest) > 5 + wrong


def test_a_verdict_at_equal_time_holds_for_every_cost_in_its_interval():
    def verdict(cost: StepCost, shift: float) -> str:
        arms = {"relu": StepCost(1.0, 1.0, 1.0), "other": cost}
        [item] = costs_beside(rising(relu=0.0, other=shift), arms, "relu", epochs=20, margin=0.001)
        assert (item.relative, item.relative_low, item.relative_high) == (cost.median, cost.low, cost.high)
        shown = f"{cost.median:.2f}× [{cost.low:.2f}, {cost.high:.2f}]"
        assert cost_row(item, Unit())[1] == shown or math.isnan(cost.low)
        return item.equal_time.verdict

    # at 1.1 times the cost two epochs less, two points
    assert verdict(StepCost(1.05, 1.04, 1.1), 0.0) == "worse"
    assert verdict(StepCost(1.05, 0.95, 1.1), 0.0) == "undecided"  # one epoch more to two less
    assert verdict(StepCost(1.05, 0.95, 1.1), 0.05) == "better"  # in spite of that
    assert verdict(StepCost(1.01, 0.99, 1.02), 0.0) == "the same function"  # less than half an epoch
    assert verdict(StepCost(1.05, math.nan, math.nan), 0.05) == "undecided"  # of few rounds nothing is known


def test_rounds_go_on_while_they_disagree(monkeypatch):
    """Nine where the machine is quiet; more on a busy one, as long as time is left; never less than a median needs."""
    experiment = Experiment(activations=("relu", "tanh"), seeds=(0, 1), data="digits", content="-", hidden=(4,))
    x, y = torch.zeros(300, 3), torch.zeros(300, dtype=torch.int64)
    arrays = Arrays(x, y, x, y, None, None, 2)

    def count(seconds, enough: float) -> int:
        times = iter(seconds)
        monkeypatch.setattr(costs, "_seconds_of_step", lambda trainer: next(times))
        monkeypatch.setattr(costs, "_ENOUGH_SECONDS", enough)
        rows = pd.DataFrame(costs.measure_costs(experiment, arrays, "cpu", 2))
        assert list(rows) == ["activation", "round", "networks", "seconds"]
        assert set(rows.groupby("activation").size()) == {len(rows) // 2}
        return len(rows) // 2

    generator = np.random.default_rng(0)
    assert count(itertools.repeat(1.0), math.inf) == 9
    assert count(iter(lambda: generator.uniform(1, 2), 0), math.inf) > 20
    assert count(iter(lambda: generator.uniform(1, 2), 0), 0.0) == 6


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
    said = verdict_said(split_anew, Unit())
    assert "on splits of these data only" in said and "examples" not in said
    assert not re.search(r"(?<!\\)[%#]", text.replace(r"% \usepackage", ""))
    assert re.search(r"(?<!\\)_", text) is None
    assert [row[0] for row in summary.cost_table[1:]] == ["leaky_relu(0.2)"]
