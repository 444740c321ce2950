"""Comparisons: against SciPy, by hand, and as properties."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from actlab.stats import compare_to_first, conclusion, mean_interval, paired_differences, winner

NAN = math.nan


def table(*rows, names="abcdefgh"):
    return {name: dict(enumerate(map(float, row))) for name, row in zip(names, rows, strict=False)}


def noise(arms: int, seeds: int, seed: int = 0, scale: float = 0.001) -> np.ndarray:
    return 0.95 + scale * np.random.default_rng(seed).standard_normal((arms, seeds))


def test_mean_interval_is_students():
    values = noise(1, 12)[0]
    found = mean_interval(values, confidence=0.9)
    expected = scipy_stats.t.interval(0.9, 11, values.mean(), scipy_stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-12)
    assert (found.mean, found.n) == (pytest.approx(values.mean()), 12)


def test_mean_interval_of_few_and_of_equal_values():
    assert [math.isnan(v) for v in (mean_interval([]).mean, mean_interval([]).low)] == [True, True]
    assert mean_interval([]).n == 0
    one = mean_interval([0.3])
    assert (one.mean, one.n) == (0.3, 1) and math.isnan(one.low) and math.isnan(one.high)
    equal = mean_interval([0.1] * 7)  # whose sum over 7 is not 0.1
    assert (equal.mean, equal.low, equal.high) == (0.1, 0.1, 0.1)
    assert mean_interval([0.1, NAN, math.inf, 0.3]).n == 2


def test_one_comparison_is_the_paired_t_test():
    first, other = noise(2, 10)
    [found] = compare_to_first(table(first, other))
    expected = scipy_stats.ttest_rel(other, first)
    interval = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-10)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-10)
    assert (found.corrected_low, found.corrected_high, found.p_corrected) == (found.low, found.high, found.p)
    assert (found.name, found.baseline, found.n) == ("b", "a", 10)


def shifted(*p_values: float, n: int = 10) -> dict:
    """A table whose comparisons have these p-values."""
    base = np.full(n, 0.9)
    wave = np.tile([1.0, -1.0], n // 2) * 0.001
    error = wave.std(ddof=1) / math.sqrt(n)
    return table(base, *(base + wave + scipy_stats.t.isf(p / 2, n - 1) * error for p in p_values))


@pytest.mark.parametrize(
    ("p_values", "corrected", "better"),
    [
        ((0.01, 0.02, 0.03), (0.03, 0.04, 0.04), "bcd"),  # each below 0.05 / (3, 2, 1)
        ((0.03, 0.01, 0.02), (0.04, 0.03, 0.04), "bcd"),  # the order in the table does not matter
        ((0.02, 0.001, 0.9), (0.04, 0.003, 0.9), "bc"),
        ((0.02, 0.02, 0.02), (0.06, 0.06, 0.06), ""),  # 0.02 > 0.05/3: the first fails, so all fail
        ((0.01, 0.026, 0.027), (0.03, 0.052, 0.052), "b"),  # 0.027 < 0.05, yet the one before it has failed
    ],
)
def test_holm_by_hand(p_values, corrected, better):
    found = compare_to_first(shifted(*p_values))
    assert [item.p for item in found] == pytest.approx(p_values, rel=1e-6)
    assert [item.p_corrected for item in found] == pytest.approx(corrected, rel=1e-6)
    assert "".join(item.name for item in found if item.verdict == "better") == better


def test_corrected_interval_is_at_the_level_holm_decides_at():
    values = shifted(0.01, 0.026, 0.5)
    for item, level in zip(compare_to_first(values), (0.05 / 3, 0.05 / 2, 0.05 / 2), strict=True):
        differences = list(paired_differences(values["a"], values[item.name]).values())
        expected = mean_interval(differences, confidence=1 - level)
        assert (item.corrected_low, item.corrected_high) == pytest.approx((expected.low, expected.high))


def test_below_five_pairs_nothing_is_decided():
    found = compare_to_first(table([0.1, 0.1, 0.1, 0.1], [0.9, 0.9, 0.9, 0.9]))
    assert [item.verdict for item in found] == ["too few seeds"]
    assert "4 pairs" in found[0].note and "5" in found[0].note
    assert math.isnan(found[0].corrected_low)
    assert found[0].difference == pytest.approx(0.8)


def test_the_same_and_a_constant_difference():
    first = noise(1, 8)[0]
    same, constant = compare_to_first(table(first * 0 + 0.5, first * 0 + 0.5, first * 0 + 0.75))
    assert (same.verdict, same.difference, same.p) == ("the same", 0, 1)
    assert (constant.verdict, constant.p, constant.low, constant.high) == ("better", 2**-7, 0.25, 0.25)
    assert same.note == "the same results in every seed"


def test_equal_differences_on_few_seeds_are_no_certainty():
    """Five seeds that all differ by one test sample: no spread, but no proof either."""
    first = noise(1, 5)[0]
    (found,) = compare_to_first(table(first * 0 + 0.5, first * 0 + 0.501))
    assert found.verdict == "undecided" and found.p == 2**-4
    assert found.corrected_low <= 0 <= found.corrected_high


def test_no_winner_among_survivors():
    values = table(*noise(4, 10))
    values["b"] = {seed: (NAN if seed < 4 else value + 0.1) for seed, value in values["a"].items()}
    values["b"] = {seed: value + 1e-4 * seed for seed, value in values["b"].items()}
    values = {"a": values["a"], "b": values["b"]}
    comparisons = compare_to_first(values)
    assert comparisons[0].verdict == "better" and winner(comparisons) is None
    assert "among the 6 seeds in which both finished" in conclusion(values, comparisons, subject="MNIST", metric="m")


def test_when_everything_diverged_the_rate_is_the_matter():
    values = {"a": {0: NAN, 1: NAN}, "b": {0: NAN, 1: NAN}}
    assert "every network diverged" in conclusion(values, compare_to_first(values), subject="MNIST", metric="m")


def test_diverged_and_missing_pairs_are_left_out_and_told():
    first, other = noise(2, 8)
    values = table(first, other)
    values["b"][2] = NAN
    del values["a"][5]
    [found] = compare_to_first(values)
    keep = [0, 1, 3, 4, 6, 7]
    assert found.n == 6
    assert found.difference == pytest.approx((other - first)[keep].mean())
    assert found.p == pytest.approx(scipy_stats.ttest_rel(other[keep], first[keep]).pvalue)
    assert "2 of 8 seeds left out" in found.note
    assert "Diverged: b in 1 of 8 seeds." in conclusion(values, [found], subject="MNIST", metric="test accuracy")


def test_all_diverged():
    values = table([0.9] * 6, [NAN] * 6)
    [found] = compare_to_first(values)
    assert (found.n, found.verdict) == (0, "too few seeds") and math.isnan(found.difference)
    said = conclusion(values, [found], subject="MNIST", metric="test accuracy")
    assert "b (0 of 6)" in said and "--seeds" not in said


def test_planted_difference_is_found():
    rows = noise(4, 10)
    rows[2] -= 0.005
    found = compare_to_first(table(*rows))
    assert [item.verdict for item in found] == ["undecided", "worse", "undecided"]


grids = st.integers(2, 5).flatmap(
    lambda arms: st.lists(
        st.lists(st.integers(0, 40).map(lambda n: n / 64) | st.just(NAN), min_size=7, max_size=7),
        min_size=arms,
        max_size=arms,
    )
)


@given(grids)
def test_verdict_and_interval_agree(rows):
    for item in compare_to_first(table(*rows)):
        excludes = item.corrected_low > 0 or item.corrected_high < 0
        assert excludes == (item.verdict in ("better", "worse"))
        if item.verdict in ("better", "worse"):
            assert item.p_corrected <= 0.05 * (1 + 1e-9)
            assert (item.difference > 0) == (item.verdict == "better")
        if item.n >= 5:
            assert item.corrected_low <= item.low and item.high <= item.corrected_high


@given(grids)
def test_swapping_the_sign_swaps_the_verdict(rows):
    mirrored = {"better": "worse", "worse": "better"}
    plain = compare_to_first(table(*rows))
    swapped = compare_to_first(table(*(-np.array(rows))))
    for one, other in zip(plain, swapped, strict=True):
        assert other.verdict == mirrored.get(one.verdict, one.verdict)
        assert other.corrected_low == pytest.approx(-one.corrected_high, nan_ok=True)


@given(grids, st.lists(st.integers(-64, 64).map(lambda n: n / 64), min_size=7, max_size=7))
def test_a_shift_common_to_all_arms_of_a_seed_changes_nothing(rows, shift):
    moved = np.array(rows) + np.array(shift)  # multiples of 1/64: exact
    assert repr(compare_to_first(table(*moved))) == repr(compare_to_first(table(*rows)))


@settings(max_examples=30)
@given(st.permutations(range(1, 5)))
def test_the_order_of_the_other_arms_does_not_matter(order):
    rows, names = noise(5, 9, seed=3), "abcde"
    plain = {item.name: item for item in compare_to_first(table(*rows))}
    places = [0, *order]
    assume(places != list(range(5)))
    values = {names[place]: dict(enumerate(rows[place])) for place in places}
    assert {item.name: item for item in compare_to_first(values)} == plain


def test_family_wise_error_under_the_null():
    generator = np.random.default_rng(7)
    wrong = 0
    for _ in range(1000):
        rows = generator.standard_normal((6, 8)) + generator.standard_normal(8)
        wrong += any(item.verdict in ("better", "worse") for item in compare_to_first(table(*rows)))
    assert wrong <= 70


def test_winner():
    rows = noise(3, 10)
    up, down = [0, 0.01, 0], [0, -0.01, -0.02]
    assert winner(compare_to_first(table(*rows))) is None
    assert winner(compare_to_first(table(*(rows + np.c_[up])))) == "b"
    assert winner(compare_to_first(table(*(rows + np.c_[down])))) == "a"
    assert winner(compare_to_first(table(*(rows - np.c_[down])))) is None  # two better ones: not compared
    assert winner([]) is None


def said(values, subject="MNIST", metric="test accuracy"):
    return conclusion(values, compare_to_first(values), subject=subject, metric=metric)


def test_conclusion_begins_with_the_data_and_gives_the_numbers():
    rows = noise(3, 10)
    rows[1] -= 0.0052
    text = said(table(*rows, names=["relu", "tanh", "leaky_relu"]))
    worse = compare_to_first(table(*rows))[0]
    assert text == (
        f"On MNIST, with 10 seeds, by test accuracy: tanh is worse than relu ({100 * worse.difference:+.2f} points, "
        f"95% interval {100 * worse.corrected_low:+.2f} to {100 * worse.corrected_high:+.2f}, Holm-corrected). "
        "leaky_relu against relu is undecided."
    )


def test_conclusion_of_too_few_seeds():
    assert said(table([0.9], [0.8])) == (
        "On MNIST, with 1 seed, by test accuracy: 1 seed is too few to tell a and b apart: run with --seeds 5 or more."
    )


def test_conclusion_of_one_arm_and_of_none():
    assert "a reaches 50.00%; one value has no interval. There is nothing to compare it with." in said(table([0.5]))
    assert "nothing has been trained yet" in said({})


def test_conclusion_stays_short_with_many_arms():
    rows = noise(20, 10)
    rows[1:15] -= np.linspace(0.01, 0.03, 14)[:, None]
    text = said(table(*rows, names=[f"arm{i}" for i in range(20)]), subject="digits, because MNIST could not be had")
    assert text.startswith(
        "On digits, because MNIST could not be had, with 10 seeds, by test accuracy: worse than arm0"
    )
    assert "and 7 more" in text and len(text) < 500
