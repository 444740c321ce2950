"""Intervals where differences are skewed: against plain loops, against what was there before, and seen from outside."""

import importlib
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from scipy import stats as scipy_stats

from actlab.stats import Unit, compare, correction, critical as critical_module, intervals_said, note
from actlab.stats.best import best_among
from actlab.stats.critical import simultaneous
from actlab.stats.outliers import FALSE_ALARMS, far_out, visibly_skewed
from actlab.stats.skew import deviation, leaning, reach, skewness, without

NAN = math.nan


def table(*rows):
    return {f"arm{place}": dict(enumerate(map(float, row))) for place, row in enumerate(rows)}


def exponential(generator, seeds, arms, scale=0.12):
    return scale * (generator.exponential(1, (seeds, arms)) - 1)


def by_plain_loop(columns):
    """k below and above for each list of differences."""
    found = [float(scipy_stats.skew(column, bias=False)) for column in columns]
    chance = [math.sqrt(6 * n * (n - 1) / ((n - 2) * (n + 1) * (n + 3))) for n in map(len, columns)]
    arms = len(columns)
    beyond = sum(b * b - (1 + 0.7 / math.sqrt(arms)) * c * c for b, c in zip(found, chance, strict=True)) / arms
    most = 1.25 + math.log(arms) / 4
    together = min(2 * math.sqrt(beyond), most) if beyond > 0 else 0.0
    mean, sure = sum(found) / arms, 2 * math.sqrt(sum(c * c for c in chance) / arms / arms)
    sides = []
    for b in found:
        k = max(together, 2 * (abs(b) - 2))
        sides.append((k if b < 0 or mean < -sure else 0.0, k if b > 0 or mean > sure else 0.0))
    return sides


@pytest.mark.parametrize(("seeds", "arms"), [(5, 1), (8, 3), (10, 6), (30, 2)])
def test_the_leaning_is_that_of_a_plain_loop(seeds, arms):
    values_SA = exponential(np.random.default_rng(seeds), seeds, arms)
    values_SA[: seeds // 2, 0] = np.random.default_rng(1).normal(0, 0.1, seeds // 2)
    if arms > 1:
        values_SA[0, 1] = NAN
    found = leaning(skewness(values_SA), np.isfinite(values_SA).sum(axis=0))
    expected = by_plain_loop([column[np.isfinite(column)] for column in values_SA.T])
    np.testing.assert_allclose(np.transpose(found), expected, rtol=1e-9)


def test_a_lower_end_reaches_further_down_where_the_tail_is_there():
    values_SA = -exponential(np.random.default_rng(3), 12, 3)
    found = simultaneous(values_SA)
    assert (found.low_A > 0).all() and (found.high_A == 0).all()
    for arm in range(3):
        c, k = found.critical_A[arm], found.low_A[arm]
        below, above = c + k * (1 + 2 * c * c) / (6 * math.sqrt(12)), c
        mean, error = found.mean_A[arm], found.error_A[arm]
        assert found.interval(arm) == pytest.approx((mean - below * error, mean + above * error))


@given(
    st.lists(st.lists(st.integers(-40, 40), min_size=9, max_size=9), min_size=2, max_size=4),
    st.sampled_from([1e-3, 1.0, 7.5]),
)
@example([[0] * 7 + [6, 4], [0, 0, 0, 9, 0, 0, 0, 0, 1]], 1e-3)  # a mean of 0 ties with patterns
@example([[0, 0, 0, 0, 0, 0, 37, 0, 5], [0] * 9, [0] * 9, [0, 0, 0, 0, 0, 0, 38, 0, 4]], 1e-3)  # 1 and -1: no side
@example([[0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 1, 4, 1, 5, 9, 2, 6, 5]], 1e-3)  # always 1
def test_turned_round_and_in_another_unit_it_is_the_same(rows, scale):
    before, after = (compare(table(*(factor * np.array(row, dtype=float) for row in rows))) for factor in (1, -scale))
    for item, other in zip(before, after, strict=True):
        assert (-scale * item.low, -scale * item.high) == pytest.approx((other.high, other.low), abs=1e-9)
        assert item.p == pytest.approx(other.p)
        assert item.difference == pytest.approx(-other.difference / scale, abs=1e-9)


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("seeds", [5, 9, 18])
def test_p_is_what_the_interval_says_where_differences_are_skewed(seeds, sequential):
    generator, outside = np.random.default_rng(seeds), set()
    for _ in range(60 if seeds < 17 else 6):
        shifted = exponential(generator, seeds, 2) + generator.uniform(-0.25, 0.25, 2)
        found = simultaneous(shifted, sequential=sequential)
        for arm in range(2):
            low, high = found.interval(arm)
            outside.add(low > 0 or high < 0)
            assert (low > 0 or high < 0) == (found.p_A[arm] <= 0.05)
    assert outside == {True, False}


@given(st.floats(0, 30), st.floats(0, 9), st.integers(5, 100))
def test_without_undoes_reach(critical, k, n):
    assert float(without(reach(critical, k, n), k, n)) == pytest.approx(critical, abs=1e-9)


def test_an_infinite_reach_stays_so_and_nothing_narrows():
    assert float(reach(math.inf, 0.0, 5)) == float(reach(math.inf, 1.2, 5)) == math.inf
    values_SA = np.random.default_rng(2).normal(size=(11, 5))
    found = simultaneous(values_SA)
    below, above = np.transpose([found.reaches(arm) for arm in range(5)])
    assert (below >= found.critical_A).all() and (above >= found.critical_A).all()


def test_constant_missing_and_few_differences_lean_nowhere():
    values_SA = exponential(np.random.default_rng(1), 9, 4)
    values_SA[:, 0], values_SA[4:, 1], values_SA[:, 2], values_SA[0, 3] = 0.1, NAN, NAN, 1.0
    found = simultaneous(values_SA)
    alone = simultaneous(values_SA[:, 3:])
    assert (found.low_A[:3] == 0).all() and (found.high_A[:3] == 0).all()
    assert found.high_A[3] == alone.high_A[0] > 0  # those that cannot tell do not make it less


def held(draw, seeds, arms, times, generator, truth=0.0):
    """Shares of experiments whose intervals all hold the truth, and with one within .1 where the truth is .1."""
    all_hold = equal = 0
    for _ in range(times):
        found = simultaneous(draw(generator, seeds, arms))
        low, high = np.transpose([found.interval(arm) for arm in range(arms)])
        all_hold += bool(((low <= truth) & (truth <= high)).all())
        equal += bool(((high < 0) & (low > -0.2)).any())
    return all_hold / times, equal / times


def test_all_intervals_hold_as_often_as_is_said_where_those_of_signs_alone_do_not(monkeypatch):
    now, equal = held(exponential, 10, 3, 600, np.random.default_rng(0))
    assert now > 0.88 and equal < 0.12  # 90.9% and 8.9% of many, in one or more of three
    monkeypatch.setattr(critical_module, "_leaning", lambda x, judged: (np.zeros(len(judged)), np.zeros(len(judged))))
    before, equal = held(exponential, 10, 3, 600, np.random.default_rng(0))
    assert before < 0.85 and equal > 0.15


def test_a_leaning_to_the_wrong_side_is_seen(monkeypatch):
    """The planted mistake: low and high exchanged."""
    right = critical_module._leaning
    monkeypatch.setattr(critical_module, "_leaning", lambda *given: right(*given)[::-1])
    assert held(exponential, 10, 3, 300, np.random.default_rng(0))[0] < 0.86


def test_normal_differences_lose_little():
    def normal(generator, seeds, arms):
        return generator.normal(0, 0.12, (seeds, arms))

    assert held(normal, 10, 3, 500, np.random.default_rng(5))[0] > 0.93
    generator, power = np.random.default_rng(6), []
    for _ in range(400):
        found = simultaneous(0.2 + generator.normal(0, 0.141, (10, 3)))
        plain = found.mean_A > found.critical_A * found.error_A
        power.append([(found.interval(arm)[0] > 0, plain[arm]) for arm in range(3)])
    now, before = np.mean(power, axis=(0, 1))
    assert before - 0.05 < now <= before


@pytest.mark.parametrize("seeds", [6, 10])
def test_the_study_measures_what_the_package_does(seeds, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "studies"))
    measured = importlib.import_module("skew_methods")
    x_ESA = np.random.default_rng(seeds).exponential(1, (5, seeds, 3)) - 0.9
    below, above = measured.adopted(x_ESA)
    found = [[simultaneous(x_SA).reaches(arm) for arm in range(3)] for x_SA in x_ESA]
    np.testing.assert_allclose(np.moveaxis([below, above], 0, -1), found, rtol=1e-9)
    before, same = measured.plain(x_ESA)
    assert (before == same).all() and (before <= below + 1e-12).all() and (before < above - 0.01).any()


def test_the_best_stays_among_those_named_where_results_are_skewed():
    generator, kept = np.random.default_rng(8), 0
    for _ in range(150):
        values = -exponential(generator, 10, 4)
        kept += "arm0" in best_among(table(*values.T))
    assert kept >= 0.9 * 150


def test_far_out_is_rosners_test():
    rosner = [-0.25, 0.68, 0.94, 1.15, 1.20, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58, 1.65, 1.69,
              1.70, 1.76, 1.77, 1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09, 2.10, 2.14, 2.15, 2.23, 2.24, 2.26, 2.35,
              2.37, 2.40, 2.47, 2.54, 2.62, 2.64, 2.90, 2.92, 2.92, 2.93, 3.21, 3.26, 3.30, 3.59, 3.68, 4.30, 4.64,
              5.34, 5.42, 6.01]  # fmt: skip
    assert [rosner[place] for place in far_out(np.array(rosner), 0.05)] == [6.01, 5.42, 5.34]
    assert far_out(np.array([0.1, 0.2, 0.1, 0.2, 0.1, 0.2, -3.0, -3.1, 0.1])) == [7, 6]  # they do not hide each other
    assert far_out(np.full(9, 0.3)) == far_out(np.array([0.1, 0.2, 9.0])) == []


@pytest.mark.parametrize("seeds", [5, 8, 10, 20])
def test_normal_differences_are_seldom_blamed(seeds):
    values = np.random.default_rng(seeds).normal(size=(2000, seeds))
    assert np.mean([bool(far_out(row)) for row in values]) < 0.02
    skewed = np.abs(skewness(values.T)) > deviation(seeds) * scipy_stats.norm.isf(FALSE_ALARMS / 2)
    assert skewed.mean() < 0.02
    assert visibly_skewed(2.236, seeds) == (seeds > 5)  # no five can show more


def test_a_seed_that_failed_is_named_beside_the_verdict():
    generator = np.random.default_rng(4)
    rows = 0.9 + generator.normal(0, 0.001, (2, 10))
    rows[1, 7] -= 0.02
    [found] = compare(table(*rows), margin=0.001)
    [(seed, difference)] = found.far_out
    assert seed == 7 and difference == pytest.approx(rows[1, 7] - rows[0, 7]) and found.skewed < -2
    said = note(found, Unit())
    assert "far out: seed 7 (-1.90)" in said and "skewed to lower values" in said
    assert "skewed to higher values" in note(compare(table(-rows[0], -rows[1]))[0], Unit())
    [quiet] = compare(table(*np.delete(rows, 7, axis=1)), margin=0.001)
    assert (quiet.far_out, quiet.skewed) == ((), 0.0) and "far out" not in note(quiet, Unit())


def test_the_caption_says_what_few_seeds_take_for_granted():
    rows = np.random.default_rng(4).normal(0, 1, (3, 12))
    many, few = compare(table(*rows)), compare(table(*rows[:, :6]))
    assert "skewed" in correction(many) and "nearly symmetric" not in correction(many)
    assert "fewer than 10 pairs hardly show: they are taken for nearly symmetric" in correction(few)
    assert "nearly symmetric" in intervals_said(few)
    assert "skewness of all comparisons together." in intervals_said(many)


def test_crossed_and_further_keep_their_sense_where_differences_are_skewed():
    generator = np.random.default_rng(11)
    rights = {f"arm{arm}": {seed: generator.random(200) < 0.8 for seed in range(12)} for arm in range(2)}
    rights["arm1"][3] = generator.random(200) < 0.3  # one that failed
    values = {name: {seed: float(bits.mean()) for seed, bits in own.items()} for name, own in rights.items()}
    [found] = compare(values, margin=0.01, correct=rights)
    assert found.difference - found.low > 1.2 * (found.high - found.difference)
    assert found.crossed_low <= found.low + 1e-12 and found.crossed_high >= found.high - 1e-12
    assert found.visible > (found.high - found.difference)
    assert found.further is not None and found.further > 12


@pytest.mark.parametrize("right", [[1, 2, 3, 4, 5], [300, 310, 320, 330, 340], [7, 77, 177, 277, 350]])
def test_one_example_more_in_every_seed_has_no_spread_but_rounding(right):
    """At 5 seeds signs alone cannot decide; a spread of 1e-17 would call it better without a doubt."""
    right = np.array(right)
    [found] = compare(table(right / 360, (right + 1) / 360))
    assert found.verdict == "undecided" and found.p == 2.0**-4
    assert (found.low, found.high) == pytest.approx((0, 1 / 360))
