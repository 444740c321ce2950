"""What a comparison says: estimate, interval, verdict, and what would settle it.

The interval is read in this order, m being the margin, the smallest difference that matters: beyond m on one side
"better" or "worse"; within m on both sides "practically equal"; 0 outside "better" or "worse", perhaps slightly, that
is by less than m; otherwise "undecided". The interval decides, so that it cannot disagree with the verdict.
"""

import bisect
import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actlab.stats.critical import Progress, Simultaneous, simultaneous
from actlab.stats.images import Correct, crossed_error
from actlab.stats.intervals import ALPHA, LEAST_PAIRS, bounds, special, t_critical, t_level
from actlab.stats.outliers import FALSE_ALARMS, far_out, visibly_skewed
from actlab.stats.pairs import Table, paired_differences, side_by_side
from actlab.stats.sequential import sequential_critical, sequential_mcnemar
from actlab.stats.skew import reach, skewness
from actlab.stats.splits import resplit_error

POWER = 0.8
_MOST_SEEDS = 100_000  # more are not worth telling


@dataclass(frozen=True)
class Comparison:
    """One arm against the baseline; differences are arm minus baseline, so above 0 is better.

    `low` and `high` are the interval that decides, simultaneous over all comparisons; `plain_low` and `plain_high`
    Student's 95% interval of this comparison alone. NaN: too few pairs to say. Divergence is a result of its own,
    counted over the seeds that both were trained on; the interval is of the n pairs in which both finished.

    Sources: of skewed differences Johnson 1978, of splits of one's own Nadeau and Bengio 2003, of seeds that are added
    until a verdict stands Wang and Ramdas 2023; how often all of it holds: docs/verdicts.md.

    >>> two = {"relu": [0.1, 0.2, 0.0, 0.1, 0.1], "tanh": [2.2, 2.1, 2.0, 2.1, 2.0]}
    >>> [found] = compare({name: dict(enumerate(values)) for name, values in two.items()}, margin=0.5)
    >>> found.name, round(found.difference, 2), found.n, found.verdict, found.decided, found.only_here
    ('tanh', 1.98, 5, 'better', True, False)
    """

    name: str  # of the arm
    baseline: str  # what it is compared with
    n: int  # pairs in which both finished
    seeds: int  # that one of the two has, or both
    difference: float  # the mean over the pairs
    low: float
    high: float
    plain_low: float
    plain_high: float
    p: float  # two-sided, corrected for the number of comparisons
    margin: float  # the smallest difference that matters
    verdict: str  # of the interval, or: the same function or results, unstable, stabler, too few seeds
    improvement: float  # the share of pairs in which the arm is better, ties counted half
    visible: float  # the smallest true difference that so many pairs tell from 0 four times in five
    further: int | None  # seeds to add until the interval reaches half a margin to each side; None: none, or too many
    diverged: int  # seeds of the arm
    baseline_diverged: int  # and of the baseline
    p_diverged: float  # exact McNemar test, corrected for the number of comparisons
    crossed_low: float  # for other seeds and other test examples, or other data; NaN where that is not known
    crossed_high: float  # the other end
    examples: int  # in the test set; 0: not known, or others in each seed
    skewed: float  # the skewness of the differences where it is visible, else 0
    far_out: tuple[tuple[int, float], ...]  # seeds that the others do not account for, and their differences

    @property
    def decided(self) -> bool:
        """Whether more seeds are not needed to say it."""
        return self.verdict not in ("undecided", "too few seeds")

    @property
    def only_here(self) -> bool:
        """Whether a difference is sure on these test examples, or these data, and not on others like them."""
        return (self.low > 0 or self.high < 0) and self.crossed_low <= 0 <= self.crossed_high


def compare(
    table: Table, baseline: str | None = None, *, margin: float = 0.0, correct: Correct | None = None,
    overlap: float = 0.0, sequential: bool = False,
) -> list[Comparison]:  # fmt: skip
    """Each arm against the baseline (default: the first), paired by seed, at 95% over all comparisons together.

    Args:
        table: arm -> seed -> value; NaN where the trial diverged. Differences keep its unit.
        margin: the smallest difference that matters, in that unit; 0: any.
        correct: arm -> seed -> which test examples were right, where the values are their shares.
        overlap: where each seed splits the same data anew, test samples for each sample of the other parts.
        sequential: whether seeds were added until the comparisons were decided: intervals that hold at every look.

    Raises:
        KeyError: the baseline is not in the table.

    >>> wave = [0.2, -0.1, 0.4, 0.0, -0.3, 0.1, 0.3, -0.2]
    >>> table = {"relu": dict(enumerate([0.0] * 8)), "tanh": {seed: w - 5 for seed, w in enumerate(wave)}}
    >>> [found] = compare(table, margin=0.1)
    >>> found.verdict, found.n, round(found.difference, 2), found.low < -5 < found.high
    ('worse', 8, -4.95, True)
    """
    tables = {"": table}
    return compare_tasks(tables, baseline, margin=margin, correct=correct, overlap=overlap, sequential=sequential)[""]


def compare_tasks(
    tables: Mapping[str, Table], baseline: str | None = None, *, margin: float = 0.0, correct: Correct | None = None,
    overlap: float = 0.0, sequential: bool = False, progress: Progress | None = None,
) -> dict[str, list[Comparison]]:  # fmt: skip
    """As `compare`, of several tasks: each has its own comparisons, and all of all tasks hold together."""
    first = {task: next(iter(table), "") if baseline is None else baseline for task, table in tables.items()}
    arms = [(task, name) for task, table in tables.items() for name in table if name != first[task]]
    differences = [paired_differences(tables[task][first[task]], tables[task][name]) for task, name in arms]
    differences_SA = side_by_side(differences, *tables.values())
    together = simultaneous(differences_SA, sequential=sequential, progress=progress)
    found: dict[str, list[Comparison]] = {task: [] for task in tables}
    for place, (task, name) in enumerate(arms):
        found[task].append(
            _comparison(
                tables[task], first[task], name, differences[place], together, place, margin, correct or {}, overlap,
                sequential,
            )
        )  # fmt: skip
    return found


def _comparison(
    table: Table, baseline: str, name: str, paired: Mapping[int, float], together: Simultaneous, place: int,
    margin: float, correct: Correct, overlap: float, sequential: bool,
) -> Comparison:  # fmt: skip
    first, other, count = table[baseline], table[name], len(together.n_A)
    seeds, differences = list(paired), np.array([*paired.values()])
    n, mean, error = len(seeds), float(together.mean_A[place]), float(together.error_A[place])
    low, high = together.interval(place)
    reaches, critical = together.reaches(place), float(together.critical_A[place])
    k = max(float(together.low_A[place]), float(together.high_A[place]))
    lost = {seed for seed, value in other.items() if math.isnan(value)}
    baseline_lost = {seed for seed, value in first.items() if math.isnan(value)}
    alone, baseline_alone = len((lost - baseline_lost) & first.keys()), len((baseline_lost - lost) & other.keys())
    test = sequential_mcnemar if sequential else mcnemar
    p_diverged = min(1.0, count * test(alone, baseline_alone))
    verdict = _verdict(n, low, high, margin)
    rights, baseline_rights = correct.get(name, {}), correct.get(baseline, {})
    if error == 0 and mean == 0 and n >= LEAST_PAIRS and _same_rights(rights, baseline_rights, seeds):
        verdict = "the same function"
    if p_diverged <= ALPHA:
        verdict = "unstable" if alone > baseline_alone else "stabler"
    like = functools.partial(sequential_critical, alpha=ALPHA / count) if sequential else _reach_like(n, critical)

    def furthest(many: int) -> float:
        """Standard errors to the further end, were there so many pairs, skewed as these are."""
        return float(reach(like(many), k, many))

    skew = float(skewness(differences[:, None])[0]) if n >= LEAST_PAIRS else 0.0
    far = far_out(differences, FALSE_ALARMS / count) if n >= LEAST_PAIRS else []
    plain = bounds(mean, error, t_critical(n - 1, ALPHA))
    if overlap:  # the places of two seeds are different examples: there is nothing to cross
        crossed = *_around(mean, resplit_error(error, n, overlap), *reaches), 0
    else:
        crossed = _crossed(rights, baseline_rights, seeds, mean, reaches)
    return Comparison(
        name=name,
        baseline=baseline,
        n=n,
        seeds=len(other.keys() | first.keys()),
        difference=mean,
        low=low,
        high=high,
        plain_low=plain[0],
        plain_high=plain[1],
        p=float(together.p_A[place]),
        margin=margin,
        verdict=verdict,
        improvement=float(((differences > 0) + 0.5 * (differences == 0)).mean()) if n else math.nan,
        visible=_visible(n, error, max(reaches)),
        further=further_seeds(error, n, furthest, margin) if verdict == "undecided" else None,
        diverged=len(lost),
        baseline_diverged=len(baseline_lost),
        p_diverged=p_diverged,
        crossed_low=crossed[0],
        crossed_high=crossed[1],
        examples=crossed[2],
        skewed=skew if n >= LEAST_PAIRS and visibly_skewed(skew, n, FALSE_ALARMS / count) else 0.0,
        far_out=tuple((seeds[i], float(differences[i])) for i in far),
    )


def _same_rights(arm: Mapping[int, np.ndarray], baseline: Mapping[int, np.ndarray], seeds: list[int]) -> bool:
    """Whether the same examples were right in every seed, as far as that is known: equal shares may be chance."""
    return all(np.array_equal(arm[seed], baseline[seed]) for seed in seeds if seed in arm and seed in baseline)


def _crossed(
    arm: Mapping[int, np.ndarray], baseline: Mapping[int, np.ndarray], seeds: list[int], mean: float,
    reaches: tuple[float, float],
) -> tuple[float, float, int]:  # fmt: skip
    """The interval for other seeds and other examples at the levels of the one for seeds, and the number of examples.

    Each end has a level of its own, that of a Student interval that reaches as far: so skewness widens both alike.
    """
    if not all(map(math.isfinite, reaches)) or not all(seed in arm and seed in baseline for seed in seeds):
        return math.nan, math.nan, 0
    differences_SI = np.array([arm[seed].astype(float) - baseline[seed] for seed in seeds])
    error, freedom = crossed_error(differences_SI)
    below, above = (t_critical(freedom, t_level(len(seeds) - 1, reached)) for reached in reaches)
    return *_around(mean, error, below, above), differences_SI.shape[1]


def _around(mean: float, error: float, below: float, above: float) -> tuple[float, float]:
    """The ends that are so many standard errors away."""
    return bounds(mean, error, below)[0], bounds(mean, error, above)[1]


def _verdict(n: int, low: float, high: float, margin: float) -> str:
    if n < LEAST_PAIRS:
        return "too few seeds"
    if low > margin or high < -margin:
        return "better" if low > 0 else "worse"
    if -margin < low and high < margin:
        return "practically equal"
    if low > 0 or high < 0:
        return f"{'better' if low > 0 else 'worse'}, perhaps slightly"
    return "undecided"


def whichever(found: Sequence[Comparison]) -> Comparison:
    """The first of these, with the interval and the verdict that hold whichever of them is asked for."""
    if len(found) == 1:
        return found[0]
    low, high = min(item.low for item in found), max(item.high for item in found)
    verdicts = {item.verdict for item in found}
    verdict = verdicts.pop() if len(verdicts) == 1 else _verdict(found[0].n, low, high, found[0].margin)
    return dataclasses.replace(found[0], low=low, high=high, verdict=verdict, further=None)


def _visible(n: int, error: float, reached: float) -> float:
    """Of either sign: the further end counts."""
    if not math.isfinite(reached):
        return math.nan
    return (reached - float(special().stdtrit(n - 1, 1 - POWER))) * error


def further_seeds(error: float, n: int, critical: Callable[[int], float], margin: float) -> int | None:
    """Seeds to add until the interval reaches half a margin to each side, the deviation staying what it is.

    A function of the deviation alone: what the observed difference suggests would be believed too soon. `critical`
    gives the standard errors that the interval of so many pairs reaches.

    >>> further_seeds(error=0.0004, n=10, critical=lambda n: t_critical(n - 1, 0.05), margin=0.001)
    18
    """
    if not (margin > 0 and error > 0):
        return None
    deviation = error * math.sqrt(n)

    def enough(count: int) -> bool:
        return critical(count) * deviation / math.sqrt(count) <= margin / 2

    found = bisect.bisect_left(range(_MOST_SEEDS + 1), True, lo=n, key=enough)
    return found - n or None if found <= _MOST_SEEDS else None


def _reach_like(n: int, critical: float) -> Callable[[int], float]:
    """Student's t at the level at which the interval of n pairs reaches as far as it does."""
    level = t_level(n - 1, critical) if math.isfinite(critical) else math.nan
    return lambda count: t_critical(count - 1, level)


def mcnemar(first: int, other: int) -> float:
    """Two-sided exact p of McNemar's test, of what only the first did and what only the other did.

    >>> mcnemar(3, 0), mcnemar(6, 0), mcnemar(0, 0)
    (0.25, 0.03125, 1.0)
    """
    return min(1.0, 2 * float(special().bdtr(min(first, other), first + other, 0.5))) if first + other else 1.0
