"""Arms that did not learn: told by a stated test, and then nothing is called better, worse or equal."""

import math

import numpy as np
import pytest

from actlab.results import summarise
from actlab.results.guessing import guessing_on
from actlab.results.judgement import Origin, judged
from actlab.results.latex import latex_table
from actlab.stats import Guessing, Unit, learned
from actlab.workflows.comparison import compare
from actlab.workflows.confirmation import leader

GUESSING = Guessing(value=0.1, error=math.sqrt(0.1 * 0.9 / 360), loss=math.log(10))
DEAD = [2.302, 2.304, 2.31, 2.303, 2.29]


@pytest.mark.parametrize(
    ("values", "losses", "has_learned"),
    [
        ([0.1] * 5, DEAD, False),
        ([0.10, 0.12, 0.08, 0.11, 0.10], DEAD, False),
        ([0.103] * 5, DEAD, False),  # one example of 360 more, in every seed
        ([0.18, 0.21, 0.25, 0.19, 0.22], DEAD, True),  # slow, but it does learn
        ([0.1, 0.1, 0.1, 0.1, 0.9], [*DEAD[:4], 0.4], True),  # one of five did
        ([0.1] * 5, [2.21, 2.22, 2.2, 2.23, 2.21], True),  # by 4%, all of them: of rare classes accuracy does not tell
        ([0.1] * 5, [2.21, 2.36, 2.34, 2.38, 2.33], False),  # as random networks scatter before training
        ([0.1] * 5, [0.01] * 5, True),  # by heart: what training could do it did
        ([0.1] * 4, DEAD[:4], True),  # too few to tell
    ],
)
def test_learned(values, losses, has_learned):
    assert learned(values, losses, GUESSING) is has_learned


@pytest.mark.parametrize("spread", [0.0, 0.01, 0.05])
def test_guessing_is_seldom_taken_for_learning(spread):
    """The t test's 5% at most, whatever random networks scatter by."""
    generator, experiments = np.random.default_rng(0), 2000
    losses = generator.normal(math.log(10) + spread, spread, (experiments, 8))  # at random they are above on average
    told = [learned(generator.normal(0.1, spread, 8), row, GUESSING) for row in losses]
    assert np.mean(told) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / experiments)


TABLE = {
    "relu": dict(enumerate([0.90, 0.91, 0.90, 0.92, 0.91, 0.90])),
    "tanh": dict(enumerate([0.91, 0.92, 0.90, 0.92, 0.92, 0.91])),
    "dead": dict(enumerate([0.10, 0.11, 0.10, 0.09, 0.10, 0.10])),
    "flat": dict(enumerate([0.10, 0.10, 0.10, 0.10, 0.10, 0.10])),
}


def judgement(baseline, *unlearned, arms=tuple(TABLE)):
    return judged(
        {"": {arm: TABLE[arm] for arm in arms}}, baseline, metric="test accuracy", unit=Unit(), subject="digits",
        margin=0.6, origin=Origin(selection="the last epoch", unlearned=frozenset(unlearned)),
    )  # fmt: skip


def test_an_arm_that_did_not_learn_is_not_worse():
    found = judgement("relu", "dead", "flat")
    assert [row["verdict"] for row in found.rows][1:] == ["did not learn"] * 2
    assert "dead and flat did not learn: they do no better than guessing, so that nothing was compared with relu, " in (
        found.conclusion
    )
    assert "is worse" not in found.conclusion and "may help" not in found.conclusion
    assert "one-sided t test" in found.rows[1]["note"] and found.rows[0]["verdict"] not in ("did not learn", "")
    assert [found.text_rows[place][6] for place in (1, 2)] == ["did not learn"] * 2
    assert found.best[""][0] == "tanh" and not {"dead", "flat"} & {*found.best[""]}


def test_nothing_is_better_than_a_baseline_that_did_not_learn():
    found = judgement("dead", "dead", "flat")
    verdicts = {row["comparison"]: row["verdict"] for row in found.rows}
    assert verdicts == {
        "relu": "the baseline did not learn", "tanh": "the baseline did not learn", "flat": "neither learned",
    }  # fmt: skip
    assert "dead and flat did not learn" in found.conclusion
    assert "nothing was compared with relu and tanh, which learned: " in found.conclusion
    assert " better than dead" not in found.conclusion


def test_where_none_learned_the_headline_says_so_alone():
    found = judgement("dead", "dead", "flat", arms=("dead", "flat"))
    assert found.conclusion.startswith(
        "On digits, with 6 seeds, by test accuracy: dead and flat did not learn: they do no better than guessing, so "
        "that nothing was compared ("
    )
    assert "best" not in found.conclusion and "equal" not in found.conclusion and found.best == {}
    assert found.conclusion.endswith("may help.")


def test_divergence_and_too_few_seeds_go_before():
    few = {arm: {seed: TABLE[arm][seed] for seed in range(3)} for arm in ("relu", "dead")}
    origin = Origin(unlearned=frozenset(["dead"]))
    found = judged({"": few}, "relu", metric="accuracy", unit=Unit(), subject="digits", margin=0.6, origin=origin)
    assert found.rows[0]["verdict"] == "too few seeds"


def test_guessing_by_the_labels_that_a_run_keeps():
    labels = np.array([0] * 50 + [1] * 30 + [2] * 20)
    entropy = -sum(p * math.log(p) for p in (0.5, 0.3, 0.2))
    for kept in ("test_labels", "valid_labels"):
        found = guessing_on({kept: labels}, "accuracy")
        assert (found.value, found.error, found.loss) == pytest.approx((0.5, 0.05, entropy))
    split_anew = guessing_on({"pool_labels": labels, "sizes": np.array([60, 15, 25])}, "accuracy")
    assert (split_anew.value, split_anew.error) == pytest.approx((0.5, 0.1))
    before = guessing_on({"classes": np.array(4), "valid_samples": np.array(300)}, "accuracy")
    assert (before.value, before.error, before.loss) == pytest.approx((0.25, 0.025, math.log(4)))


def test_guessing_a_number_is_giving_its_mean():
    targets = np.random.default_rng(0).normal(5.0, 3.0, (400, 1))
    kept = {"targets": np.array("numbers"), "test_labels": targets, "target_mean": np.array([5.0])}
    kept["target_deviation"] = np.array([2.0])
    squares = ((targets - 5) / 2) ** 2
    found = guessing_on(kept, "mean_squared_error")
    assert found.value == pytest.approx(-squares.mean()) and found.loss == 1
    assert found.error == pytest.approx(squares.std() / 20)
    assert guessing_on(kept, "r2").value == pytest.approx(0, abs=0.02)


def test_networks_that_cannot_learn_and_one_that_can(tmp_path):
    """0 x passes nothing on: what is left is a bias for each class."""
    arms, shared = ("relu", "tanh", "nought=0*x"), {"data": "digits", "seeds": 5, "epochs": 2, "hidden": [16]}
    run = compare(*arms, out=tmp_path / "run", report=False, force=True, **shared)
    summary = summarise(run)
    assert [item.verdict == "did not learn" for item in summary.comparisons] == [False, True]
    assert "nought did not learn" in summary.conclusion and "nought" not in summary.best
    assert summary.as_json()["comparisons"][1]["verdict"] == "did not learn"
    assert "did not learn" in latex_table(summary)
    assert [item.equal_time.verdict for item in summary.costs][1] == "did not learn"


@pytest.mark.parametrize("split", ["standard", "tutorial", "resplit"])
def test_a_rate_at_which_nothing_learns(tmp_path, split):
    shared = {"data": "digits", "seeds": 5, "epochs": 1, "hidden": [16], "learning_rate": 1e-7, "split": split}
    run = compare("relu", "tanh", out=tmp_path / "run", report=False, force=True, **shared)
    summary = summarise(run)
    assert [item.verdict for item in summary.comparisons] == ["neither learned"] and summary.best_said == ""
    assert leader(run) is None, "whichever is ahead by chance is not trained anew"
    alone = compare("tanh", out=tmp_path / "alone", report=False, force=True, **shared)
    assert "tanh reaches" in (said := summarise(alone).conclusion) and "did not learn" in said
    assert "relu and tanh did not learn" in summary.conclusion and "equal" not in summary.conclusion
