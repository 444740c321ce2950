"""Paired comparisons: values by arm and seed in, estimates with interval, correction and verdict out.

An arm is what is compared: an activation, with its learning rate and the like where those vary. Equal seeds are paired:
the same initial weights and the same batches, so that what differs between the two trials is the arm.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actlab.errors import need_extra

LEAST_PAIRS = 5  # below, an interval is too wide to mean much, and no verdict is given
ALPHA = 0.05
_LEFT_OUT = "left out"

Table = Mapping[str, Mapping[int, float]]  # arm -> seed -> value; NaN: the trial diverged


@dataclass(frozen=True)
class Interval:
    """A mean and its confidence interval, of n values."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Comparison:
    """One arm against the baseline; differences are arm minus baseline, so above 0 is better.

    `low` and `high` are the plain 95 % interval. The corrected interval is the one at the level at which Holm decides
    this comparison: it leaves out 0 if and only if the verdict is "better" or "worse". NaN: too few pairs to say.
    """

    name: str
    baseline: str
    n: int  # pairs
    difference: float
    low: float
    high: float
    corrected_low: float
    corrected_high: float
    p: float  # two-sided
    p_corrected: float
    verdict: str  # "better", "worse", "undecided", "too few seeds" or "the same"
    note: str = ""


def mean_interval(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> Interval:
    """The mean of the finite values and its Student t interval.

    >>> mean_interval([0.5, 0.5, 0.5])
    Interval(mean=0.5, low=0.5, high=0.5, n=3)
    >>> mean_interval([0.5])
    Interval(mean=0.5, low=nan, high=nan, n=1)
    """
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    mean, error = _mean_and_error(array)
    return Interval(mean, *_bounds(mean, error, len(array), 1 - confidence), len(array))


def paired_differences(first: Mapping[int, float], other: Mapping[int, float]) -> dict[int, float]:
    """Other minus first, by seed, where both are finite.

    >>> paired_differences({0: 1.0, 1: 2.0, 2: float("nan")}, {2: 1.0, 1: 2.5})
    {1: 0.5}
    """
    return {
        seed: float(other[seed] - first[seed])
        for seed in sorted(first.keys() & other.keys())
        if math.isfinite(first[seed]) and math.isfinite(other[seed])
    }


def compare_to_first(table: Table) -> list[Comparison]:
    """Each further arm against the first, paired by seed, corrected over all of them by Holm's method.

    The test is the paired t test, which takes differences to be roughly normal: on few seeds and skewed or very coarse
    differences (a handful of test samples) its error rate is higher than stated. Holm's step-down method (Holm 1979, A
    simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6) keeps the probability
    of any false verdict at 5 % at most: of k comparisons the one with the smallest p is judged at 5 %/k, the next at
    5 %/(k-1), and so on until one fails; those after it are judged at its level, where they fail too. Every comparison
    counts in k, judged or not.
    """
    if not table:
        return []
    baseline, *others = table
    raw = [_Raw.of(name, paired_differences(table[baseline], table[name])) for name in others]
    judged = _holm(raw)
    return [_comparison(item, baseline, judged.get(item.name), _left_out(table, baseline, item)) for item in raw]


def winner(comparisons: Sequence[Comparison]) -> str | None:
    """The one arm that the comparisons single out, or None.

    It is the only arm better than the baseline, and no seed was left out of that; or the baseline itself, where every
    other arm is worse. Arms that are all better than the baseline have not been compared with each other, so that none
    of them is called the winner.
    """
    better = [item.name for item in comparisons if item.verdict == "better"]
    if len(better) == 1:
        (only,) = (item for item in comparisons if item.name == better[0])
        return None if _LEFT_OUT in only.note else only.name
    if comparisons and all(item.verdict == "worse" for item in comparisons):
        return comparisons[0].baseline
    return None


def conclusion(table: Table, comparisons: Sequence[Comparison], *, subject: str, metric: str) -> str:
    """What the comparisons say, in plain sentences that begin with the data.

    Args:
        subject: the data, "MNIST" or "digits, because MNIST could not be had".
        metric: what the values are, "test accuracy".
    """
    seeds = len(set().union(*table.values())) if table else 0
    said = f"On {subject}, with {_count(seeds, 'seed')}, by {metric}: "
    if table and all(values and all(map(math.isnan, values.values())) for values in table.values()):
        return said + "every network diverged. A lower learning rate (--lr) may help."
    if not comparisons:
        return said + _alone(table)
    groups = {verdict: [c for c in comparisons if c.verdict == verdict] for verdict in _SENTENCES}
    sentences = [_SENTENCES[verdict](group) for verdict, group in groups.items() if group]
    if few := [item for item in comparisons if item.verdict == "too few seeds"]:
        sentences.append(_too_few(few, len(few) == len(comparisons), seeds))
    sentences += _diverged(table)
    if sentences[0].startswith(_OPENINGS):  # not a name: names stay as they are
        sentences[0] = sentences[0][0].lower() + sentences[0][1:]
    return said + " ".join(sentences)


@dataclass(frozen=True)
class _Raw:
    """A comparison before any correction."""

    name: str
    n: int
    difference: float
    error: float  # standard error; NaN below two pairs
    same: bool

    @classmethod
    def of(cls, name: str, differences: Mapping[int, float]) -> "_Raw":
        array = np.array(list(differences.values()))
        same = len(array) > 0 and not array.any()
        return cls(name, len(array), *_mean_and_error(array), same)

    @property
    def p(self) -> float:
        if self.same:
            return 1.0
        if self.error == 0:  # equal differences leave no spread to judge by: as for signs alone, all of them the same
            return 2.0 ** (1 - self.n)
        if math.isnan(self.error):
            return math.nan
        return float(2 * _special().stdtr(self.n - 1, -abs(self.difference / self.error)))

    def bounds(self, level: float) -> tuple[float, float]:
        return _bounds(self.difference, self.error, self.n, level)


def _special():
    try:
        from scipy import special  # not scipy.stats: it takes a second to import
    except ImportError:
        raise need_extra("lab", "scipy") from None
    return special


def _mean_and_error(array: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error; exact where all values are equal."""
    if len(array) == 0:
        return math.nan, math.nan
    if np.ptp(array) == 0:
        return float(array[0]), 0.0 if len(array) > 1 else math.nan
    return float(array.mean()), float(array.std(ddof=1) / math.sqrt(len(array)))


def _bounds(mean: float, error: float, n: int, level: float) -> tuple[float, float]:
    if math.isnan(error):
        return math.nan, math.nan
    if error == 0:
        return mean, mean
    reach = -float(_special().stdtrit(n - 1, level / 2)) * error
    return mean - reach, mean + reach


@dataclass(frozen=True)
class _Judged:
    low: float
    high: float
    p: float
    rejected: bool


def _holm(raw: Sequence[_Raw]) -> dict[str, _Judged]:
    """Interval, p and decision of each comparison that has pairs enough."""
    able = sorted((item for item in raw if item.n >= LEAST_PAIRS), key=lambda item: item.p)
    found: dict[str, _Judged] = {}
    level, p, rejecting = ALPHA, 0.0, True
    for rank, item in enumerate(able):
        remaining = len(raw) - rank
        p = max(p, min(1.0, remaining * item.p))
        if rejecting:
            level = ALPHA / remaining
        low, high = item.bounds(level)
        # the interval decides, so that it can never disagree with the verdict by a rounding error; where it has no
        # width, p does
        rejecting = rejecting and not low <= 0 <= high and (item.error > 0 or item.p <= level)
        if not rejecting:
            low, high = min(low, 0.0), max(high, 0.0)
        found[item.name] = _Judged(low, high, p, rejecting)
    return found


def _comparison(raw: _Raw, baseline: str, judged: _Judged | None, left_out: str) -> Comparison:
    low, high = raw.bounds(ALPHA)
    corrected = (judged.low, judged.high) if judged else (math.nan, math.nan)
    verdict, note = _verdict(raw, judged)
    return Comparison(
        name=raw.name,
        baseline=baseline,
        n=raw.n,
        difference=raw.difference,
        low=low,
        high=high,
        corrected_low=corrected[0],
        corrected_high=corrected[1],
        p=raw.p,
        p_corrected=judged.p if judged else math.nan,
        verdict=verdict,
        note="; ".join(part for part in (note, left_out) if part),
    )


def _verdict(raw: _Raw, judged: _Judged | None) -> tuple[str, str]:
    if judged is None:
        return "too few seeds", f"{_count(raw.n, 'pair')} of seeds; {LEAST_PAIRS} are needed"
    if raw.same:
        return "the same", "the same results in every seed"
    if not judged.rejected:
        return "undecided", ""
    return ("better" if raw.difference > 0 else "worse"), ""


def _left_out(table: Table, baseline: str, raw: _Raw) -> str:
    seeds = len(table[baseline].keys() | table[raw.name].keys())
    if seeds == raw.n:
        return ""
    return f"{seeds - raw.n} of {_count(seeds, 'seed')} {_LEFT_OUT}: diverged or missing in one of the two"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _points(value: float) -> str:
    """A difference of fractions, in percentage points.

    >>> _points(-0.0013), _points(-1e-9)
    ('-0.13', '0.00')
    """
    text = f"{100 * value:+.2f}"
    return "0.00" if float(text) == 0 else text


def _listed(names: Sequence[str], most: int = 8) -> str:
    """Names as one lists them in a sentence.

    >>> _listed(["a", "b", "c"]), _listed(["a", "b", "c", "d"], most=3)
    ('a, b and c', 'a, b and 2 more')
    """
    comma = "; " if any("," in name for name in names) else ", "
    if len(names) > most:
        return f"{comma.join(names[: most - 1])} and {len(names) - most + 1} more"
    return " and ".join(filter(None, (comma.join(names[:-1]), names[-1])))


def _decided(group: Sequence[Comparison]) -> str:
    """Those that are better, or those that are worse."""
    verdict, baseline = group[0].verdict, group[0].baseline
    if len(group) > 2:
        shown = [f"{item.name} ({_points(item.difference)})" for item in sorted(group, key=lambda c: -c.difference)]
        return f"{verdict.capitalize()} than {baseline}, in points, Holm-corrected at 95%: {_listed(shown)}."
    parts = [
        f"{item.name} is {verdict} than {baseline} ({_points(item.difference)} points, 95% interval "
        f"{_points(item.corrected_low)} to {_points(item.corrected_high)}, Holm-corrected){_among(item)}"
        for item in group
    ]
    return "; ".join(parts) + "."


def _among(item: Comparison) -> str:
    """Which seeds a comparison speaks of, where not all of them have both results."""
    return f" among the {_count(item.n, 'seed')} in which both finished" if _LEFT_OUT in item.note else ""


def _undecided(group: Sequence[Comparison]) -> str:
    verb = "is" if len(group) == 1 else "are"
    return f"{_listed([item.name for item in group])} against {group[0].baseline} {verb} undecided."


def _same(group: Sequence[Comparison]) -> str:
    verb = "gives" if len(group) == 1 else "give"
    return f"{_listed([item.name for item in group])} {verb} the same results as {group[0].baseline} in every seed."


_OPENINGS = ("Better than ", "Worse than ", "Too few ")
_SENTENCES = {"better": _decided, "worse": _decided, "undecided": _undecided, "the same": _same}


def _too_few(group: Sequence[Comparison], is_all: bool, seeds: int) -> str:
    names = [item.name for item in group]
    if seeds < LEAST_PAIRS:
        them = "them" if is_all and len(group) > 8 else _listed([group[0].baseline, *names])
        verb = "is" if seeds == 1 else "are"
        return f"{_count(seeds, 'seed')} {verb} too few to tell {them} apart: run with --seeds {LEAST_PAIRS} or more."
    pairs = [f"{item.name} ({item.n} of {seeds})" for item in group]
    return (
        f"Too few seeds have a result of both {group[0].baseline} and {_listed(pairs)}: {LEAST_PAIRS} are needed "
        "for a verdict."
    )


def _diverged(table: Table) -> list[str]:
    lost = {name: sum(math.isnan(value) for value in values.values()) for name, values in table.items()}
    shown = [f"{name} in {count} of {_count(len(table[name]), 'seed')}" for name, count in lost.items() if count]
    return [f"Diverged: {_listed(shown)}."] if shown else []


def _alone(table: Table) -> str:
    if not table:
        return "nothing has been trained yet."
    [(name, values)] = table.items()
    found = mean_interval(list(values.values()))
    if found.n == 0:
        said = f"{name} has no result."
    elif found.n == 1:
        said = f"{name} reaches {found.mean:.2%}; one value has no interval."
    else:
        said = f"{name} reaches {found.mean:.2%} (95% interval {found.low:.2%} to {found.high:.2%})."
    return " ".join([said, "There is nothing to compare it with.", *_diverged(table)])
