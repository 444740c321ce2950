"""What the verdicts are worth on trained networks, in short form; and that the reading would tell a mistake.

Long form: records/verdicts_trained.json.
"""

import dataclasses
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats as scipy_stats

from actlab.engine.training import train

sys.path.insert(0, str(Path(__file__).parents[1] / "studies"))
try:
    import false_verdicts
    import other_images
    import trained_networks
    import verdicts_trained
    from wilson import share
finally:
    sys.path.pop(0)

pytestmark = pytest.mark.large  # simulations
SMALL = dataclasses.replace(trained_networks.DIGITS, epochs=2, samples=320)
BASELINE, OWN_ORDER, OWN_START = (trained_networks.null_arms()[place] for place in (0, 1, 4))


@pytest.fixture(scope="module")
def digits():
    return trained_networks.arrays_of(SMALL)


def trainer(arm, digits, seeds=3):
    return trained_networks.trainer_of(SMALL, arm, range(seeds), *digits)


def test_a_copied_start_comes_with_another_order(digits):
    first, other = trainer(BASELINE, digits), trainer(OWN_ORDER, digits)
    for mine, theirs in zip(other.parameters.tensors(), first.parameters.tensors(), strict=True):
        assert torch.equal(mine, theirs)
    assert not (other.batches.orders(0) == first.batches.orders(0)).all(dim=1).any()
    apart = trainer(OWN_START, digits).parameters.weights[0]
    assert not (apart == first.parameters.weights[0]).flatten(1).all(dim=1).any()
    first.epoch()
    other.epoch()
    changed = first.parameters.weights[0] != other.parameters.weights[0]
    assert changed.flatten(1).any(dim=1).all()


def test_the_copy_of_ones_own_start_gives_ones_own_bits(digits):
    copied = trainer(BASELINE, digits)
    arrays, content = digits
    experiment = SMALL.experiment("relu", range(3), content)
    found = train(trained_networks.Stack(tuple(experiment.trials()), experiment.layers), arrays)
    assert np.array_equal(trained_networks.right_bits(copied), np.stack(found.scores))
    for mine, named in zip(copied.result().parameters, found.parameters, strict=True):
        assert all(np.array_equal(mine[name], named[name]) for name in named)


def test_the_null_is_not_trivially_zero(digits):
    job = trained_networks.Job("null", SMALL, trained_networks.null_arms(), pieces=1, seeds=5)
    [right_ASI] = trained_networks.train(job, keep=False)
    found = verdicts_trained.measured(right_ASI.mean(axis=2).T[None])  # asserts that every arm differs somewhere
    assert min(found["deviation"].values()) > 0.1 and max(found["ties"].values()) < 1
    with pytest.raises(AssertionError, match="no null"):
        verdicts_trained.measured(np.repeat(right_ASI[:1], 7, axis=0).mean(axis=2).T[None])


def test_pieces_are_kept_and_taken_from_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(trained_networks, "FOLDER", tmp_path)
    setting = dataclasses.replace(SMALL, epochs=1)
    job = trained_networks.Job("few", setting, (BASELINE,), pieces=2, seeds=2)
    trained = list(trained_networks.train(job))
    monkeypatch.setattr(trained_networks, "piece", None)
    assert np.array_equal(trained, list(trained_networks.train(job)))
    other = dataclasses.replace(job, setting=SMALL)
    with pytest.raises(TypeError):  # other networks are not those
        next(trained_networks.train(other))


def right(g, seeds, examples, arms=1, arm_deviation=0.0, seed_deviation=0.3):
    """(A, S, I): examples differ in difficulty, networks in skill; arms also in what they find difficult."""
    latent = 1.0 + g.normal(0, 1.5, (1, 1, examples)) + g.normal(0, seed_deviation, (arms, seeds, 1))
    apart = g.normal(arm_deviation, arm_deviation, (arms, 1, examples)) if arm_deviation else 0.0
    return latent + apart + g.normal(0, 0.6, (arms, seeds, examples)) > 0


def experiments(times, seeds=8):
    g = np.random.default_rng(1)
    return [right(g, seeds, 120, arms=7) for _ in range(times)]


def narrow(simultaneous):
    """Intervals of one standard error: too narrow by more than half."""

    def planted(*arguments, **options):
        found = simultaneous(*arguments, **options)
        return dataclasses.replace(found, critical_A=np.ones_like(found.critical_A))

    return planted


def test_false_verdicts_are_rare_and_too_narrow_intervals_are_told(monkeypatch):
    counts = (5, 8)
    rows = false_verdicts.trained(experiments(60), margin=0.02, counts=counts)
    assert len(rows) == 3 * 2 * (len(counts) + 2)
    assert all(row["share"] <= 0.12 for row in rows)
    assert all(row["share"] <= 0.05 for row in rows if row["seeds"] in ("until decided", "any look"))
    monkeypatch.setattr("actlab.stats.verdicts.simultaneous", narrow(false_verdicts.simultaneous))
    planted = false_verdicts.trained(experiments(20), margin=0.02, counts=counts)
    assert all(row["share"] > 0.3 for row in planted)
    assert len(verdicts_trained.misses(planted)) == len(planted)


def accuracies(rows=400):
    g = np.random.default_rng(2)
    start = g.normal(0, 0.01, (rows, 1))
    same = 0.9 + start + g.normal(0, 0.01, (rows, 4))
    own = 0.9 + g.normal(0, 0.0141, (rows, 3))
    return np.round(np.hstack([same, own]) * 360) / 360


@pytest.mark.parametrize("form", ["normal", "resampled"])
def test_what_is_drawn_is_like_what_was_measured(form):
    trained_RA = accuracies()
    draw = {"normal": false_verdicts.normal(trained_RA, 360), "resampled": false_verdicts.resampled(trained_RA)}[form]
    drawn_RA = draw(np.random.default_rng(3), 40_000)
    assert np.allclose(drawn_RA * 360, np.round(drawn_RA * 360))
    assert np.ptp(drawn_RA.mean(axis=0)) < 4 * 0.0141 * np.sqrt(2 / 40_000) + 1e-9  # no arm is better
    off = np.corrcoef(drawn_RA.T) - np.corrcoef(trained_RA.T)
    assert np.abs(off).max() < 0.12
    for arms in false_verdicts.GROUPS.values():
        ties = [(false_verdicts.differences(rows)[:, [a - 1 for a in arms]] == 0).mean()
                for rows in (drawn_RA, trained_RA)]  # fmt: skip
        assert ties[0] == pytest.approx(ties[1], abs=0.02)


def test_drawn_experiments_tell_a_mistake_too(monkeypatch):
    draw = false_verdicts.normal(accuracies(), 360)
    sound = false_verdicts.drawn(draw, 600, 8)
    assert 0.025 <= sound["share"] <= 0.075
    monkeypatch.setattr(false_verdicts, "simultaneous", narrow(false_verdicts.simultaneous))
    assert false_verdicts.drawn(draw, 100, 8)["share"] > 0.5
    assert all(row["share"] <= 0.05 for row in false_verdicts.drawn_looks(draw, 300, 20, 0.006))
    monkeypatch.setattr(false_verdicts, "sequential_critical", lambda n, alpha: 1.0)
    assert all(row["share"] > 0.5 for row in false_verdicts.drawn_looks(draw, 100, 20, 0.006))


def test_the_looks_are_those_of_compare():
    [right_ASI] = experiments(1, seeds=9)
    low, high = false_verdicts.looks(false_verdicts.differences(right_ASI.mean(axis=2).T))
    for look, seeds in enumerate(range(5, 10)):
        found = false_verdicts.compared(right_ASI, range(1, 7), seeds, 0.01, sequential=True)
        assert low[look] == pytest.approx([item.low for item in found])
        assert high[look] == pytest.approx([item.high for item in found])


def test_where_the_looks_end():
    """Arms that are the baseline are decided at the first look."""
    [right_ASI] = experiments(1)
    same = np.repeat(right_ASI[:1], 7, axis=0)
    assert false_verdicts.until_decided(same, (1, 2), 0.02) == (5, True, set(), set())
    end, decided, there, ever = false_verdicts.until_decided(right_ASI, (1, 2, 3), 1e-6)
    assert (end, decided, there, ever) == (8, False, set(), set())
    worse = right_ASI.copy()
    worse[1, :, :60] = False
    end, _, there, ever = false_verdicts.until_decided(worse, (1,), 0.02)
    assert end < 8 and there == ever == {"seeds alone", "headline"}


def test_variances_of_a_known_table():
    g = np.random.default_rng(4)
    found = [
        dataclasses.astuple(other_images.variances(
            g.normal(0, 0.1, (60, 1)) + g.normal(0, 0.3, (1, 300)) + g.normal(0, 0.5, (60, 300))
        ))
        for _ in range(100)
    ]  # fmt: skip
    assert np.mean(found, axis=0) == pytest.approx([0.01, 0.09, 0.25], rel=0.05)


def test_the_distance_of_interval_and_target_over_all_splits():
    seeds, images = 5, 4
    g = np.random.default_rng(6)
    table_NI = g.normal(0, 1, (seeds, 1)) + g.normal(0, 1, (1, images)) + g.normal(0, 0.3, (seeds, images))
    by = other_images.variances(table_NI)
    squares = []
    for chosen in itertools.combinations(range(seeds), 2):
        for seen in itertools.combinations(range(images), 1):
            others = np.delete(np.delete(table_NI, chosen, axis=0), seen, axis=1)
            squares.append((table_NI[np.ix_(chosen, seen)].mean() - others.mean()) ** 2)
    assert min(dataclasses.astuple(by)) > 0
    assert np.mean(squares) == pytest.approx(by.of_mean(2, 1) + by.of_mean(3, 3), rel=1e-12)


@pytest.mark.parametrize("arm_deviation", [0.0, 0.5])
def test_the_crossed_interval_holds_for_other_seeds_on_other_images(arm_deviation, monkeypatch):
    pool = other_images.Pool(*right(np.random.default_rng(5), 150, 1000, 2, arm_deviation, seed_deviation=0.1))
    found = other_images.coverage(pool, 10, 500, 400)
    assert 0.92 <= found["share"] <= 0.98 and found["distance_ratio"] == pytest.approx(1, abs=0.3)
    assert (found["image_share"] > 0.3) == bool(arm_deviation)
    crossed = other_images.crossed_interval

    def half_as_wide(*arguments):
        low, high = crossed(*arguments)
        return (3 * low + high) / 4, (low + 3 * high) / 4

    monkeypatch.setattr(other_images, "crossed_interval", half_as_wide)
    planted = other_images.coverage(pool, 10, 500, 200)
    assert planted["share"] < 0.85 and verdicts_trained.misses([planted])


def test_the_seeds_interval_does_not_hold_for_other_images(monkeypatch):
    """What the crossed interval is for: by seeds alone, where images weigh most, other images are missed."""
    pool = other_images.Pool(*right(np.random.default_rng(5), 150, 1000, 2, 0.5, seed_deviation=0.0))
    monkeypatch.setattr(
        "actlab.stats.verdicts.crossed_error",
        lambda d_SI: (d_SI.mean(axis=1).std(ddof=1) / np.sqrt(len(d_SI)), len(d_SI) - 1),
    )
    assert other_images.coverage(pool, 10, 500, 200)["share"] < 0.8


@pytest.mark.parametrize(("hits", "of"), [(0, 20), (25, 500), (500, 10_000)])
def test_the_interval_of_a_share_is_wilsons(hits, of):
    interval = scipy_stats.binomtest(hits, of).proportion_ci(method="wilson")
    assert (share(hits, of)["low"], share(hits, of)["high"]) == pytest.approx((interval.low, interval.high), abs=1e-6)
