"""Comparisons: against SciPy, plain loops and integrals, by hand, as properties, and by simulation."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from scipy import integrate, stats as scipy_stats

from actlab.stats import (
    all_pairs,
    best_among,
    compare,
    conclusion,
    intervals_said,
    mean_interval,
    more_seeds,
    note,
    paired_differences,
)
from actlab.stats.critical import DRAWN, largest_of_each, sign_blocks, simultaneous
from actlab.stats.images import crossed_error
from actlab.stats.intervals import t_critical
from actlab.stats.sequential import sequential_critical, sequential_mcnemar, sequential_p
from actlab.stats.verdicts import further_seeds, mcnemar
from actlab.stats.words import _SENTENCES, Unit

NAN = math.nan


def table(*rows, names="abcdefgh"):
    return {name: dict(enumerate(map(float, row))) for name, row in zip(names, rows, strict=False)}


def noise(arms: int, seeds: int, seed: int = 0, scale: float = 0.001) -> np.ndarray:
    return 0.95 + scale * np.random.default_rng(seed).standard_normal((arms, seeds))


def symmetric(rows: np.ndarray) -> np.ndarray:
    """The same rows, with each seed's mirror beside it, so that no difference is skewed."""
    return np.hstack([rows, 1.9 - rows])


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


def test_the_plain_interval_is_the_paired_t_interval():
    first, other = noise(2, 10)
    [found] = compare(table(first, other))
    interval = scipy_stats.ttest_rel(other, first).confidence_interval(0.95)
    assert (found.plain_low, found.plain_high) == pytest.approx((interval.low, interval.high), rel=1e-10)
    assert (found.name, found.baseline, found.n, found.seeds) == ("b", "a", 10, 10)


@pytest.mark.parametrize("n", [5, 6, 7])
def test_with_few_seeds_it_is_the_t_test_after_bonferroni(n):
    rows = np.hstack([symmetric(noise(4, n // 2, seed=n)), np.full((4, n % 2), 0.95)])
    rows += np.array([0, 0.0002, 0.001, -0.002])[:, None]
    for item, other in zip(compare(table(*rows)), rows[1:], strict=True):
        expected = scipy_stats.ttest_rel(other, rows[0])
        interval = expected.confidence_interval(1 - 0.05 / 3)
        assert (item.low, item.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
        assert item.p == pytest.approx(min(1, 3 * expected.pvalue), rel=1e-9)


def by_plain_loop(differences: np.ndarray) -> tuple[float, list[float]]:
    """Critical value and corrected p over every pattern of signs, one at a time."""
    n, arms = differences.shape
    means = differences.mean(axis=0)
    residuals = differences - means
    largest = []
    for pattern in itertools.product((1, -1), repeat=n):
        signed = residuals * np.array(pattern)[:, None]
        largest.append(max(abs(scipy_stats.ttest_1samp(signed[:, arm], 0).statistic) for arm in range(arms)))
    half = sorted(largest, reverse=True)[::2]  # a pattern and its mirror are one
    observed = np.abs(scipy_stats.ttest_1samp(differences, 0).statistic)
    p = [(sum(value >= one for value in half) + 1) / len(half) for one in observed]
    return half[int(0.05 * len(half)) - 1], p


def test_from_eight_seeds_on_it_is_the_largest_t_of_all_patterns_of_signs():
    rows = noise(3, 8, seed=1) + np.array([0, 0.001, 0.003])[:, None]
    critical, p = by_plain_loop((rows[1:] - rows[0]).T)
    found = simultaneous((rows[1:] - rows[0]).T)
    assert found.critical_A == pytest.approx([critical] * 2, rel=1e-9)
    assert found.p_A == pytest.approx(p)


def test_comparisons_of_few_and_of_many_pairs_share_the_error():
    rows = np.hstack([symmetric(noise(3, 3, seed=4)), symmetric(noise(3, 2, seed=5))])
    rows += np.array([0, 0.0005, 0.001])[:, None]
    rows[2, 6:] = NAN  # six pairs
    many, few = compare(table(*rows))
    expected = scipy_stats.ttest_rel(rows[2, :6], rows[0, :6])
    assert few.n == 6 and few.p == pytest.approx(min(1, 2 * expected.pvalue))
    assert many.p == pytest.approx(min(1, 2 * compare(table(*rows[:2]))[0].p))


def reading(low: float, high: float, margin: float) -> str:
    """The verdict of an interval, by way of differences that have it."""
    mean, reach = (low + high) / 2, (high - low) / 2
    wave = np.array([1, -1] * 3, dtype=float)
    wave *= reach / (scipy_stats.t.ppf(0.975, 5) * wave.std(ddof=1) / math.sqrt(6))
    [found] = compare(table(np.zeros(6), mean + wave), margin=margin)
    assert (found.low, found.high) == pytest.approx((low, high))
    return found.verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.11, 0.3, "better"),
        (-0.3, -0.11, "worse"),
        (-0.09, 0.09, "practically equal"),
        (0.01, 0.09, "practically equal"),
        (0.01, 0.3, "better, perhaps slightly"),
        (-0.3, -0.01, "worse, perhaps slightly"),
        (-0.01, 0.3, "undecided"),
        (-0.3, 0.3, "undecided"),
    ],
)
def test_how_an_interval_is_read(low, high, verdict):
    assert reading(low, high, 0.1) == verdict


def test_a_reliable_difference_within_the_margin_is_told():
    differences = np.array([0.04, 0.06, 0.05, 0.05, 0.045, 0.055])
    [found] = compare(table(np.zeros(6), -differences / 100), margin=0.001)
    assert found.verdict == "practically equal"
    assert note(found, Unit()) == "reliably 0.05 points lower, less than matters"


def test_below_five_pairs_nothing_is_decided():
    found = compare(table([0.1, 0.1, 0.1, 0.1], [0.9, 0.9, 0.9, 0.9]))
    assert [item.verdict for item in found] == ["too few seeds"]
    assert "5 pairs" in note(found[0], Unit())
    assert math.isnan(found[0].low) and found[0].difference == pytest.approx(0.8)


def test_the_same_and_a_constant_difference():
    first = noise(1, 8)[0]
    same, constant = compare(table(first * 0 + 0.5, first * 0 + 0.5, first * 0 + 0.75))
    assert (same.verdict, same.difference, same.p, same.low, same.high) == ("the same function", 0, 1, 0, 0)
    assert (constant.verdict, constant.p, constant.low, constant.high) == ("better", 2 * 2**-7, 0.25, 0.25)
    assert note(same, Unit()) == "the same results in every seed"


def test_equal_shares_of_other_examples_are_not_the_same_function():
    half = np.arange(100) < 50
    bits = {"a": dict.fromkeys(range(6), half), "b": dict.fromkeys(range(6), ~half)}
    values = table([0.5] * 6, [0.5] * 6)
    assert compare(values, margin=0.01, correct=bits)[0].verdict == "practically equal"
    assert compare(values, margin=0.01, correct={"a": bits["a"], "b": bits["a"]})[0].verdict == "the same function"


def test_drawn_signs_count_what_was_observed():
    """100,000 drawn patterns and the observed one: p is a multiple of 1/100,001."""
    rows = noise(2, 20)
    far = simultaneous((rows[1] - rows[0] + 1.0)[:, None])
    assert far.p_A[0] == pytest.approx(1 / 100_001, rel=1e-12)
    near = simultaneous((rows[1] - rows[0])[:, None]).p_A[0] * 100_001
    assert near == pytest.approx(round(near), abs=1e-6)


def test_equal_differences_on_few_seeds_are_no_certainty():
    """Five seeds that all differ by one test sample: no spread, but no proof either."""
    first = noise(1, 5)[0]
    (found,) = compare(table(first * 0 + 0.5, first * 0 + 0.501))
    assert found.verdict == "undecided" and found.p == 2**-4
    assert found.low <= 0 <= found.high


@pytest.mark.parametrize(("first", "other"), [(3, 0), (0, 6), (6, 1), (5, 5), (0, 0), (12, 3)])
def test_mcnemar_is_the_binomial_test(first, other):
    expected = scipy_stats.binomtest(first, first + other).pvalue if first + other else 1.0
    assert mcnemar(first, other) == pytest.approx(expected)


def test_divergence_is_a_result_of_its_own():
    rows = noise(3, 10)
    rows[1, :3] = NAN
    rows[2, :8] = NAN
    values = table(*rows)
    few, most = compare(values)
    assert (few.diverged, few.baseline_diverged, few.n) == (3, 0, 7)
    assert few.p_diverged == pytest.approx(2 * scipy_stats.binomtest(3, 3).pvalue) and few.verdict == "undecided"
    assert "unstable: 3 of 10 diverged, 0 of a's" in note(few, Unit())
    assert most.verdict == "unstable" and most.p_diverged == pytest.approx(2 * 2 * 0.5**8)
    said = conclusion(values, [few, most], subject="MNIST", metric="m")
    assert "c is unstable: 8 of 10 diverged, 0 of a's." in said and "b in 3 of 10 seeds" in said
    [steady] = compare({"c": values["c"], "a": values["a"]})
    assert steady.verdict == "stabler"


def test_a_verdict_among_survivors_says_which_seeds_it_speaks_of():
    values = table(*noise(2, 10))
    values["b"] = {seed: (NAN if seed < 4 else values["a"][seed] + 0.1 + 1e-4 * seed) for seed in values["a"]}
    comparisons = compare(values)
    assert comparisons[0].verdict == "better"
    assert "among the 6 seeds in which both finished" in conclusion(values, comparisons, subject="MNIST", metric="m")


def test_when_everything_diverged_the_rate_is_the_matter():
    values = {"a": {0: NAN, 1: NAN}, "b": {0: NAN, 1: NAN}}
    assert "every network diverged" in conclusion(values, compare(values), subject="MNIST", metric="m")


def test_diverged_and_missing_pairs_are_left_out_and_told():
    first, other = noise(2, 8)
    values = table(first, other)
    values["b"][2] = NAN
    del values["a"][5]
    [found] = compare(values)
    keep = [0, 1, 3, 4, 6, 7]
    assert found.n == 6
    assert found.difference == pytest.approx((other - first)[keep].mean())
    assert found.p == pytest.approx(scipy_stats.ttest_rel(other[keep], first[keep]).pvalue)
    assert "the 6 pairs in which both finished" in note(found, Unit())
    assert "Unstable, diverged: b in 1 of 8 seeds." in conclusion(values, [found], subject="MNIST", metric="m")


def test_all_diverged():
    values = table([0.9] * 6, [NAN] * 6)
    [found] = compare(values)
    assert (found.n, found.verdict) == (0, "unstable") and math.isnan(found.difference)
    assert "b is unstable: 6 of 6 diverged" in conclusion(values, [found], subject="MNIST", metric="test accuracy")


def test_planted_difference_is_found():
    rows = noise(4, 10)
    rows[2] -= 0.005
    found = compare(table(*rows))
    assert [item.verdict for item in found] == ["undecided", "worse", "undecided"]


def test_further_seeds_by_a_plain_loop():
    [found] = compare(table(*noise(2, 10, scale=0.002)), margin=0.001)
    assert found.verdict == "undecided"
    deviation = (found.high - found.low) / 2  # of an interval at some level, in units of its own
    critical = simultaneous(
        np.array([list(paired_differences(*table(*noise(2, 10, scale=0.002)).values()).values())]).T
    )
    level = 2 * scipy_stats.t.sf(critical.critical_A[0], 9)
    deviation = critical.error_A[0] * math.sqrt(10)
    n = 10
    while scipy_stats.t.isf(level / 2, n - 1) * deviation / math.sqrt(n) > 0.0005:
        n += 1
    assert found.further == n - 10
    shifted = np.array([0.0, 0.0005])[:, None] + noise(2, 10, scale=0.002)
    [moved] = compare(table(*shifted), margin=0.001)
    assert moved.further == found.further  # the deviation decides, not the difference


def test_further_seeds_where_there_is_no_answer():
    assert further_seeds(0.001, 10, student, 0.0) is None  # no margin, nothing to reach
    assert further_seeds(0.0, 10, student, 0.001) is None
    assert further_seeds(1e-5, 10, student, 0.001) is None  # reached already
    assert further_seeds(10.0, 10, student, 0.001) is None  # more than anyone trains
    assert further_seeds(0.001, 10, lambda n: math.nan, 0.001) is None


def student(n: int) -> float:
    return scipy_stats.t.ppf(0.975, n - 1)


grids = st.integers(2, 5).flatmap(
    lambda arms: st.lists(
        st.lists(st.integers(0, 40).map(lambda n: n / 64) | st.just(NAN), min_size=9, max_size=9),
        min_size=arms,
        max_size=arms,
    )
)


@given(grids)
def test_verdict_interval_and_p_agree(rows):
    for item in compare(table(*rows)):
        assert item.verdict in {*_SENTENCES, "undecided", "too few seeds"}  # each of them is put in words
        if item.verdict in ("unstable", "stabler"):
            continue
        excludes = item.low > 0 or item.high < 0
        assert excludes == item.verdict.startswith(("better", "worse"))
        if item.n >= 5:
            assert excludes == (item.p <= 0.05 * (1 + 1e-9))
        if excludes:
            assert (item.difference > 0) == item.verdict.startswith("better")


@given(grids)
def test_swapping_the_sign_swaps_the_verdict(rows):
    mirrored = {"better": "worse", "worse": "better"}
    plain = compare(table(*rows))
    swapped = compare(table(*(-np.array(rows))))
    for one, other in zip(plain, swapped, strict=True):
        assert other.verdict == mirrored.get(one.verdict, one.verdict)
        assert other.low == pytest.approx(-one.high, nan_ok=True)


@given(grids, st.lists(st.integers(-64, 64).map(lambda n: n / 64), min_size=9, max_size=9))
def test_a_shift_common_to_all_arms_of_a_seed_changes_nothing(rows, shift):
    moved = np.array(rows) + np.array(shift)  # multiples of 1/64: exact
    assert repr(compare(table(*moved))) == repr(compare(table(*rows)))


@settings(max_examples=30)
@given(st.permutations(range(1, 5)))
def test_the_order_of_the_other_arms_does_not_matter(order):
    rows, names = noise(5, 9, seed=3), "abcde"
    plain = {item.name: item for item in compare(table(*rows))}
    places = [0, *order]
    assume(places != list(range(5)))
    values = {names[place]: dict(enumerate(rows[place])) for place in places}
    for item in compare(values):
        assert (item.low, item.high, item.p) == pytest.approx(
            (plain[item.name].low, plain[item.name].high, plain[item.name].p)
        )
    assert {i.name: i.difference for i in compare(values, "c")}["a"] == pytest.approx(-plain["c"].difference)


@pytest.mark.large
@pytest.mark.parametrize("seeds", [5, 8, 10])
def test_family_wise_error_under_the_null(seeds):
    """Long form, with ties, heavy tails and more seeds: records/verdicts.json."""
    generator = np.random.default_rng(7)
    wrong = 0
    for _ in range(1000):
        rows = generator.standard_normal((6, seeds)) + generator.standard_normal(seeds)
        wrong += any(item.low > 0 or item.high < 0 for item in compare(table(*rows)))
    assert wrong <= 70


@pytest.mark.large
def test_coverage_where_all_arms_differ_by_much():
    """Signs of the raw differences cover about 80% here: they carry the effects."""
    generator = np.random.default_rng(8)
    covered = 0
    for _ in range(600):
        differences = 0.5 + 0.08 * (generator.standard_normal((10, 10)) - generator.standard_normal((10, 1)))
        found = simultaneous(differences)
        covered += all(low <= 0.5 <= high for low, high in map(found.interval, range(10)))
    assert 0.93 <= covered / 600 <= 0.975


@pytest.mark.parametrize(("n", "t"), [(5, 3.0), (10, 2.0), (30, 4.5)])
def test_the_sequential_p_is_the_mixture_of_noncentral_t(n, t):
    """1/E is the t density at 0 over that of the mixture: here by integration."""
    variance = 2.0

    def mixed(effect):
        density = scipy_stats.nct.pdf(t, n - 1, effect * math.sqrt(n))
        return density * scipy_stats.norm.pdf(effect, scale=math.sqrt(variance))

    ratio = scipy_stats.t.pdf(t, n - 1) / integrate.quad(mixed, -8, 8, limit=200)[0]
    assert sequential_p(n, t, variance) == pytest.approx(min(1, ratio), rel=1e-4)


@pytest.mark.parametrize("n", [6, 12, 50])
def test_the_sequential_interval_ends_where_p_is_alpha(n):
    assert sequential_p(n, sequential_critical(n, 0.05)) == pytest.approx(0.05)


@pytest.mark.large
def test_looking_after_every_seed_does_not_raise_the_error():
    generator = np.random.default_rng(9)
    critical = np.array([sequential_critical(n) for n in range(5, 61)])
    wrong = 0
    for _ in range(1000):
        draws = generator.standard_normal(60)
        counts = np.arange(5, 61)
        t = [abs(draws[:n].mean()) / (draws[:n].std(ddof=1) / math.sqrt(n)) for n in counts]
        wrong += bool((np.array(t) > critical).any())
    assert wrong <= 50


def test_a_sequential_comparison_is_wider_and_says_how_many_more():
    rows = noise(2, 10, scale=0.002)
    [once], [looked] = compare(table(*rows), margin=0.001), compare(table(*rows), margin=0.001, sequential=True)
    assert looked.low < once.low < once.high < looked.high and looked.p > once.p
    n, deviation = 10, (rows[1] - rows[0]).std(ddof=1)
    while sequential_critical(n) * deviation / math.sqrt(n) > 0.0005:
        n += 1
    assert looked.further == n - 10


@pytest.mark.parametrize(("first", "other"), [(3, 0), (2, 5), (9, 1)])
def test_sequential_divergence_is_the_mixture_of_all_rates(first, other):
    n = first + other
    mixture = integrate.quad(lambda rate: rate**first * (1 - rate) ** other, 0, 1)[0] * 2.0**n
    assert sequential_mcnemar(first, other) == pytest.approx(min(1, 1 / mixture))


def test_crossed_error_of_known_variances():
    generator = np.random.default_rng(10)
    seeds, examples = 12, 400
    errors = [
        crossed_error(
            generator.normal(0, 0.03, (seeds, 1)) + generator.normal(0, 0.4, (1, examples))
            + generator.normal(0, 0.5, (seeds, examples))
        )[0]
        for _ in range(200)
    ]  # fmt: skip
    expected = 0.03**2 / seeds + 0.4**2 / examples + 0.5**2 / (seeds * examples)
    assert np.mean(np.square(errors)) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("seeds", [5, 10])
@pytest.mark.parametrize(
    ("seed", "example", "rest"), [(0.0, 0.0, 1.0), (0.4, 0.0, 0.6), (0.1, 0.3, 0.6), (0.5, 0.4, 0.1), (0.0, 0.9, 0.1)]
)
def test_the_crossed_interval_of_known_variances(seeds, example, seed, rest):
    """The parts are shares of the variance of the mean."""
    generator, examples, times, held = np.random.default_rng(14), 80, 1500, 0
    for _ in range(times):
        differences = (
            generator.normal(0, math.sqrt(seed * seeds), (seeds, 1))
            + generator.normal(0, math.sqrt(example * examples), (1, examples))
            + generator.normal(0, math.sqrt(rest * seeds * examples), (seeds, examples))
        )
        error, freedom = crossed_error(differences)
        held += abs(differences.mean()) <= t_critical(freedom, 0.05) * error
    assert held / times == pytest.approx(0.95, abs=0.016)


def test_where_examples_add_nothing_the_crossed_interval_is_that_of_the_seeds():
    differences = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1.0]])  # no example is better than another
    error, freedom = crossed_error(differences)
    assert error == pytest.approx(scipy_stats.sem(differences.mean(axis=1))) and freedom == pytest.approx(3)


def test_a_difference_on_these_images_only():
    """All seeds agree, on a handful of examples: sure here, not elsewhere."""
    generator = np.random.default_rng(11)
    first = {seed: np.ones(200, dtype=bool) for seed in range(10)}
    other = {}
    for seed in range(10):
        other[seed] = first[seed].copy()
        other[seed][:2] = False
        other[seed][generator.integers(2, 200)] ^= seed % 2 == 0
    correct = {"a": first, "b": other}
    values = {name: {seed: bits.mean() for seed, bits in seeds.items()} for name, seeds in correct.items()}
    [found] = compare(values, correct=correct)
    assert found.high < 0 and found.crossed_low <= 0 <= found.crossed_high and found.only_here
    assert "on these 200 test examples only" in note(found, Unit())
    assert "on these 200 test examples only" in conclusion(values, [found], subject="MNIST", metric="m")
    [plain] = compare(values)
    assert not plain.only_here and plain.examples == 0


def test_the_best_is_among_those_that_nothing_beats():
    rows = noise(5, 10) + np.array([0, 0.01, 0.0101, -0.01, 0.002])[:, None]
    assert sorted(best_among(table(*rows))) == ["b", "c"]
    assert best_among(table(*noise(3, 3))) == best_among(table(*noise(3, 3)))
    assert len(best_among(table(*noise(3, 3)))) == 3  # too few seeds: nothing is beaten


def test_one_that_diverged_in_every_seed_is_not_the_best():
    rows = np.vstack([noise(2, 10), np.full(10, NAN)])
    assert sorted(best_among(table(*rows))) == ["a", "b"]
    assert best_among(table([NAN], [NAN])) == ["a", "b"]


def test_all_pairs_may_hold_at_every_look():
    rows = noise(3, 9)
    for (*_, low, high, _), (*_, wide, wider, _) in zip(
        all_pairs(table(*rows)), all_pairs(table(*rows), sequential=True), strict=True
    ):
        assert wide < low < high < wider


@pytest.mark.large
def test_the_best_is_rarely_left_out():
    generator = np.random.default_rng(12)
    lost = sum("a" not in best_among(table(*generator.standard_normal((4, 9)))) for _ in range(400))
    assert lost <= 30  # equal ones: each is the best


def test_all_pairs_are_those_of_every_two():
    rows = noise(4, 9)
    found = all_pairs(table(*rows))
    assert [(first, other) for first, other, *_ in found] == list(itertools.combinations("abcd", 2))
    for first, other, difference, low, high, n in found:
        expected = rows["abcd".index(other)] - rows["abcd".index(first)]
        assert difference == pytest.approx(expected.mean()) and low < difference < high and n == 9


def test_improvement_counts_ties_as_half():
    [found] = compare(table([0.1] * 5, [0.2, 0.2, 0.1, 0.0, 0.2]))
    assert found.improvement == pytest.approx(0.7)


def test_visible_is_found_four_times_in_five():
    generator = np.random.default_rng(13)
    first = generator.normal(0, 0.001, 10)
    [found] = compare(table(np.zeros(10), first))
    furthest = max(found.high - found.difference, found.difference - found.low)  # where it is skewed
    critical = furthest / (first.std(ddof=1) / math.sqrt(10))
    effect = (critical - scipy_stats.t.ppf(0.2, 9)) * first.std(ddof=1) / math.sqrt(10)
    assert found.visible == pytest.approx(effect)


def said(values, subject="MNIST", metric="test accuracy", margin=0.0, **more):
    return conclusion(values, compare(values, margin=margin), subject=subject, metric=metric, **more)


def test_conclusion_begins_with_the_data_and_gives_the_numbers():
    rows = noise(3, 10)
    rows[1] -= 0.0052
    values = table(*rows, names=["relu", "tanh", "leaky_relu"])
    worse, open_ = compare(values, margin=0.0002)
    assert said(values, margin=0.0002, seconds_a_seed=10) == (
        f"On MNIST, with 10 seeds, by test accuracy: tanh is worse than relu: tanh {100 * worse.difference:+.2f} "
        f"[{100 * worse.low:+.2f}, {100 * worse.high:+.2f}]. leaky_relu against relu is undecided; {open_.further} "
        f"more seeds would settle it (about {10 * open_.further / 3600:.1f} hours in one process)."
    )


def test_a_rough_estimate_has_two_digits_at_most():
    found = [more_seeds(n) for n in (1, 2, 999, 1000, 5369, 99999)]
    assert found == ["1 more seed", "2 more seeds", "999 more seeds", "about 1,000 more seeds",
                     "about 5,400 more seeds", "about 100,000 more seeds"]  # fmt: skip


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
    assert text.startswith("On digits, because MNIST could not be had, with 10 seeds, by test accuracy: arm1,")
    assert "and 7 more" in text and len(text) < 700


def test_the_methods_say_how_intervals_were_made():
    few, many = compare(table(*noise(3, 6))), compare(table(*noise(3, 12)))
    assert "over all 2 comparisons" in intervals_said(many) and "all sign patterns" in intervals_said(many)
    assert "Bonferroni" in intervals_said(few) and "Bonferroni" not in intervals_said(few[:1])


def test_signs_come_in_blocks_of_bounded_size_and_are_those_that_were_drawn_at_once():
    drawn = np.random.default_rng(0).choice([-1.0, 1.0], size=(DRAWN, 17))
    assert np.array_equal(np.concatenate([*sign_blocks(17)]), drawn)
    assert next(sign_blocks(50_000)).nbytes <= 32 * 50_000 * 8


@pytest.mark.parametrize("seeds", [9, 18])
def test_all_baselines_at_once_are_each_one_by_itself(seeds):
    values_SA = np.random.default_rng(1).normal(size=(seeds, 5))
    values_SA[0, 1] = values_SA[2:, 4] = math.nan  # a hole, and an arm with too few seeds
    for arm, largest_P in enumerate(largest_of_each(values_SA)):
        differences_SA = np.delete(values_SA, arm, axis=1) - values_SA[:, [arm]]
        alone, together = simultaneous(differences_SA), simultaneous(differences_SA, largest_P=largest_P)
        np.testing.assert_allclose(alone.critical_A, together.critical_A, rtol=1e-14)
        np.testing.assert_array_equal(alone.p_A, together.p_A)
