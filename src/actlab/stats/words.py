"""What the comparisons say, in plain sentences."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from actlab.stats.critical import LEAST_SIGNED, is_drawn, pattern_count
from actlab.stats.intervals import LEAST_PAIRS, mean_interval
from actlab.stats.learning import ARM_ALONE, BASELINE_ALONE, NEITHER
from actlab.stats.pairs import Table
from actlab.stats.skew import SEEN
from actlab.stats.verdicts import Comparison

_MOST_NAMED, _MOST_BEST = 8, 20
_MANY, _OF_MANY = 30, 3  # of so many arms of one verdict so few are named
NOTHING = "–"  # in place of a number that there is not


@dataclass(frozen=True)
class Unit:
    """How a metric is written: accuracies are fractions, shown in percentage points.

    What is compared is such that more is better: where lower values are, it is their negative.
    """

    scale: float = 100.0
    word: str = "points"
    digits: int = 2
    better: str = ""  # which values are, "higher" or "lower", where that is to be said; differences above 0 always are

    @property
    def direction(self) -> str:
        """Which values are better, in words, and what the sign of a difference means where that might mislead.

        >>> Unit(better="lower").direction, Unit().direction
        ('lower is better: a positive difference is an improvement', '')
        """
        turned = ": a positive difference is an improvement" * (self.better == "lower")
        return f"{self.better} is better{turned}" if self.better else ""

    def against(self, metric: str) -> str:
        """What a difference of a `metric` is, before "that of" the other one.

        >>> Unit().against("accuracy"), Unit(better="lower").against("loss")
        ('accuracy minus', 'how far loss lies below')
        """
        return f"how far {metric} lies below" if self.better == "lower" else f"{metric} minus"

    def side(self, is_better: bool) -> str:
        """Where the better values lie, or (`is_better` False) the worse ones: "higher" or "lower"."""
        return "higher" if is_better == (self.better != "lower") else "lower"

    def stated(self, verdict: str) -> str:
        """A `verdict` with the side that it means, where that has to be said.

        >>> Unit(better="lower").stated("better, perhaps slightly"), Unit().stated("worse")
        ('better (lower), perhaps slightly', 'worse')
        """
        word, comma, rest = verdict.partition(",")
        told = self.better and word in ("better", "worse")
        return f"{word} ({self.side(word == 'better')}){comma}{rest}" if told else verdict

    def difference(self, value: float) -> str:
        """A difference, `value`, as it is shown.

        >>> Unit().difference(-0.0013), Unit().difference(-1e-9), Unit(1, "", 3).difference(0.25)
        ('-0.13', '0.00', '+0.250')
        """
        if not math.isfinite(value):
            return NOTHING
        text = f"{self.scale * value:+.{self.digits}f}"
        return text.lstrip("+-") if float(text) == 0 else text

    def span(self, low: float, high: float) -> str:
        """An interval of differences, from `low` to `high`.

        >>> Unit().span(-0.001, 0.002), Unit().span(math.nan, math.nan)
        ('-0.10 to +0.20', '–')
        """
        return f"{self.difference(low)} to {self.difference(high)}" if math.isfinite(low + high) else NOTHING

    def bracketed(self, low: float, high: float) -> str:
        """The same from `low` to `high`, in brackets."""
        return f"[{self.difference(low)}, {self.difference(high)}]" if math.isfinite(low + high) else NOTHING

    def size(self, value: float) -> str:
        """A `value` without sign, with its word; a small one with more digits, where rounding changed it by a quarter.

        >>> Unit().size(-0.001), Unit().size(0.00004), Unit(1, "", 4, "lower").size(0.01)
        ('0.10 points', '0.004 points', '0.0100')
        """
        shown, digits = self.scale * abs(value), self.digits
        while abs(round(shown, digits) - shown) > shown / 4:
            digits += 1
        return " ".join(filter(None, (f"{shown:.{digits}f}", self.word)))

    def level(self, value: float) -> str:
        """A `value` that is compared, of which more is better, as it was measured.

        >>> Unit().level(0.97824), Unit(1, "", 4, "lower").level(-0.482)
        ('97.82%', '0.4820')
        """
        measured = -value if self.better == "lower" else value
        return f"{self.scale * measured:.{self.digits}f}{'%' * (self.word == Unit.word)}"


def conclusion(
    table: Table, comparisons: Sequence[Comparison], *, subject: str, metric: str, unit: Unit = Unit(),
    seconds_a_seed: float = math.nan, advice: str = f"run with --seeds {LEAST_PAIRS} or more",
    unlearned: Collection[str] = (),
) -> str:  # fmt: skip
    """What the comparisons say, in sentences that begin with the data.

    Args:
        subject: the data, "MNIST" or "digits, because MNIST could not be had".
        metric: what the values are, "test accuracy".
        seconds_a_seed: what one more seed of all arms takes, for the time that further seeds would.
        advice: what to do about too few seeds.
        unlearned: the arms that did not learn, for an arm alone; comparisons have a verdict that says so.
    """
    seeds = len(set().union(*table.values())) if table else 0
    said = f"On {subject}, with {count(seeds, 'seed')}, by {metric}: "
    if table and all(values and all(map(math.isnan, values.values())) for values in table.values()):
        return said + "every network diverged. A lower learning rate (--lr) may help."
    if not comparisons:
        return said + _alone(table, unit, unlearned)
    groups: dict[str, list[Comparison]] = {}
    for item in comparisons:
        groups.setdefault(item.verdict, []).append(item)
    sentences = [say(groups[verdict], unit) for verdict, say in _SENTENCES.items() if verdict in groups]
    if groups.keys() == {NEITHER}:
        sentences.append(_OTHERWISE)
    if undecided := groups.get("undecided"):
        sentences.append(_undecided(undecided, seconds_a_seed))
    if few := groups.get("too few seeds"):
        sentences.append(_too_few(few, len(few) == len(comparisons), seeds, advice))
    return said + " ".join([*sentences, *_diverged(table)])


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 'es' if noun.endswith('s') else 's'}"


def more_seeds(further: int) -> str:
    """44 more seeds; about 5,400 more seeds: so rough an estimate has no more digits."""
    return count(further, "more seed") if further < 1000 else f"about {float(f'{further:.1e}'):,.0f} more seeds"


def best_lies(names: Sequence[str], where: str = "") -> str:
    """The best is relu; the best on MNIST lies among: relu, tanh."""
    shown = [*names[:_MOST_BEST], f"and {len(names) - _MOST_BEST} more"] if len(names) > _MOST_BEST + 1 else names
    return f"The best {where and f'{where} '}{'is' if len(names) == 1 else 'lies among:'} {', '.join(shown)}"


def pairs_of(comparisons: Sequence[Comparison]) -> str:
    """How many pairs they rest on: 1 pair, 8 pairs, 5 to 8 pairs."""
    pairs = sorted({item.n for item in comparisons})
    return count(pairs[-1], "pair") if len(pairs) == 1 else f"{pairs[0]} to {pairs[-1]} pairs"


def listed(names: Sequence[str], most: int = 0) -> str:
    """Names as one lists them in a sentence: at most so many, by default 8, of very many 3.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c", "d"], most=3)
    ('a, b and c', 'a, b and 2 more')
    """
    most = most or (_OF_MANY if len(names) > _MANY else _MOST_NAMED)
    comma = "; " if any("," in name for name in names) else ", "
    if len(names) > most:
        return f"{comma.join(names[: most - 1])} and {len(names) - most + 1} more"
    return " and ".join(filter(None, (comma.join(names[:-1]), names[-1])))


def estimate(item: Comparison, unit: Unit) -> str:
    """-0.13 [-0.21, -0.05]."""
    return f"{unit.difference(item.difference)} {unit.bracketed(item.low, item.high)}"


def note(item: Comparison, unit: Unit) -> str:
    """What is to be said of a comparison beside its verdict."""
    said = []
    if item.diverged:
        said.append(
            f"unstable: {item.diverged} of {item.seeds} diverged, {item.baseline_diverged} of {item.baseline}'s "
            f"(McNemar p {item.p_diverged:.2g})"
        )
    elif item.baseline_diverged:
        said.append(
            f"{item.baseline} is the unstable one: {item.baseline_diverged} of {item.seeds} diverged, none of these "
            f"(McNemar p {item.p_diverged:.2g})"
        )
    if item.n < item.seeds:
        said.append(f"the {count(item.n, 'pair')} {_which(item)}")
    if item.verdict == "too few seeds":
        said.append(f"{LEAST_PAIRS} pairs of seeds are needed")
    if item.verdict in (NEITHER, ARM_ALONE, BASELINE_ALONE):
        said.append(_NO_BETTER)
    if item.verdict.startswith("the same"):
        said.append("the same results in every seed")
    if item.verdict == "practically equal" and (item.low > 0 or item.high < 0):
        said.append(f"reliably {unit.size(item.difference)} {unit.side(item.low > 0)}, less than matters")
    if item.verdict.endswith("slightly"):
        said.append(f"perhaps by less than {unit.size(item.margin)}")
    if item.only_here:
        said.append(here(item))
    if item.further:
        said.append(f"{more_seeds(item.further)} would settle it")
    return "; ".join([*said, *_shape(item, unit)])


def _shape(item: Comparison, unit: Unit) -> list[str]:
    """What its differences look like, where that bears on the interval."""
    said = []
    if item.far_out:
        named = listed([f"seed {seed} ({unit.difference(value)})" for seed, value in item.far_out])
        said.append(f"far out: {named}")
    if item.skewed:
        said.append(f"skewed to {unit.side(item.skewed > 0)} values, to where the interval reaches further")
    return said


def _estimates(group: Sequence[Comparison], unit: Unit) -> str:
    shown = [
        f"{item.name} {estimate(item, unit)}"
        # which seeds it speaks of, where not all of them have both results
        + (f" among the {count(item.n, 'seed')} {_which(item)}" if item.n < item.seeds else "")
        + (f" {here(item)}" if item.only_here else "")
        for item in sorted(group, key=lambda c: -c.difference)
    ]
    return listed(shown)


def _are(group: Sequence[Comparison]) -> str:
    """Their names, and the verb: relu and tanh are."""
    return f"{listed([item.name for item in group])} {'is' if len(group) == 1 else 'are'}"


def _decided(group: Sequence[Comparison], unit: Unit) -> str:
    """Those beyond the margin, or on one side of 0."""
    side, _, slightly = group[0].verdict.partition(",")
    but = f", perhaps by less than {unit.size(group[0].margin)}" if slightly else ""
    who = _are(sorted(group, key=lambda c: -c.difference))
    return f"{who} {unit.stated(side)} than {group[0].baseline}{but}: {_estimates(group, unit)}."


def _equal(group: Sequence[Comparison], unit: Unit) -> str:
    said = f"{_are(group)} practically equal to {group[0].baseline}, within {unit.size(group[0].margin)}: "
    said += f"{_estimates(group, unit)}."
    sure = [item for item in group if item.low > 0 or item.high < 0]
    told = [f"{item.name} is reliably {unit.size(item.difference)} {unit.side(item.low > 0)}" for item in sure]
    return said + (f" {listed(told)}, less than matters." if told else "")


def _same_results(group: Sequence[Comparison], unit: Unit) -> str:
    verb = "gives" if len(group) == 1 else "give"
    names = listed([item.name for item in group])
    return f"{names} {verb} the same results as {group[0].baseline} in every seed."


def _same_function(group: Sequence[Comparison], unit: Unit) -> str:
    return f"{_are(group)} the same function as {group[0].baseline}, as far as its results tell: equal in every seed."


def _unstable(group: Sequence[Comparison], unit: Unit) -> str:
    shown = [
        f"{item.name} is {item.verdict}: {item.diverged} of {item.seeds} diverged, {item.baseline_diverged} of "
        f"{item.baseline}'s"
        for item in group
    ]
    return "; ".join(shown) + "."


_OTHERWISE = "Another learning rate or start, fewer layers or more epochs may help."
_NO_BETTER = "by one-sided t tests at 5% of what is compared and of the training loss"


def _neither_learned(group: Sequence[Comparison], unit: Unit) -> str:
    names = listed([group[0].baseline, *(item.name for item in group)])
    return f"{names} did not learn: they do no better than guessing, so that nothing was compared ({_NO_BETTER})."


def _one_learned(group: Sequence[Comparison], unit: Unit) -> str:
    names, baseline = listed([item.name for item in group]), group[0].baseline
    lost, other = (names, baseline) if group[0].verdict == ARM_ALONE else (baseline, names)
    do = "they do" if lost == names and len(group) > 1 else "it does"
    return (
        f"{lost} did not learn: {do} no better than guessing, so that nothing was compared with {other}, which "
        f"learned: {_estimates(group, unit)} ({_NO_BETTER})."
    )


_SENTENCES = {
    NEITHER: _neither_learned,
    ARM_ALONE: _one_learned,
    BASELINE_ALONE: _one_learned,
    "unstable": _unstable,
    "stabler": _unstable,
    "better": _decided,
    "better, perhaps slightly": _decided,
    "practically equal": _equal,
    "worse, perhaps slightly": _decided,
    "worse": _decided,
    "the same function": _same_function,
    "the same results": _same_results,
}


def _which(item: Comparison) -> str:
    """What was asked of a pair: where nothing diverged, others were lost for want of a result."""
    return "in which both finished" if item.diverged or item.baseline_diverged else "that both have"


def here(item: Comparison) -> str:
    return f"on these {count(item.examples, 'test example')} only" if item.examples else "on splits of these data only"


def _undecided(group: Sequence[Comparison], seconds_a_seed: float) -> str:
    verb = "is" if len(group) == 1 else "are"
    said = f"{listed([item.name for item in group])} against {group[0].baseline} {verb} undecided"
    further = [item.further for item in group if item.further]
    if not further:
        return said + "."
    time = f" (about {duration(max(further) * seconds_a_seed)} in one process)" if math.isfinite(seconds_a_seed) else ""
    return f"{said}; {more_seeds(max(further))} would settle {'it' if len(group) == 1 else 'them'}{time}."


def duration(seconds: float) -> str:
    """
    >>> duration(0.3), duration(20), duration(200), duration(20_000)
    ('1 second', '20 seconds', '3 minutes', '5.6 hours')
    """
    if seconds < 90:
        return count(max(1, round(seconds)), "second")
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _too_few(group: Sequence[Comparison], is_all: bool, seeds: int, advice: str) -> str:
    names = [item.name for item in group]
    if seeds < LEAST_PAIRS:
        them = "them" if is_all and len(group) > _MOST_NAMED else listed([group[0].baseline, *names])
        verb = "is" if seeds == 1 else "are"
        return f"{count(seeds, 'seed')} {verb} too few to tell {them} apart: {advice}."
    shown = [f"{item.name} ({item.n} of {seeds})" for item in group]
    return (
        f"Too few seeds have a result of both {group[0].baseline} and {listed(shown)}: {LEAST_PAIRS} are needed "
        "for a verdict."
    )


def _diverged(table: Table) -> list[str]:
    lost = {name: sum(math.isnan(value) for value in values.values()) for name, values in table.items()}
    shown = [f"{name} in {number} of {count(len(table[name]), 'seed')}" for name, number in lost.items() if number]
    return [f"Unstable, diverged: {listed(shown)}."] if shown else []


def _alone(table: Table, unit: Unit, unlearned: Collection[str]) -> str:
    if not table:
        return "nothing has been trained yet."
    [(name, values)] = table.items()
    found = mean_interval(list(values.values()))
    if found.n == 0:
        said = f"{name} has no result."
    elif found.n == 1:
        said = f"{name} reaches {unit.level(found.mean)}; one value has no interval."
    else:
        ends = (found.high, found.low) if unit.better == "lower" else (found.low, found.high)
        low, high = map(unit.level, ends)
        said = f"{name} reaches {unit.level(found.mean)} (95% interval {low} to {high})."
    if name in unlearned:
        said += f" It did not learn: it does no better than guessing ({_NO_BETTER}). {_OTHERWISE}"
    return " ".join([said, "There is nothing to compare it with.", *_diverged(table)])


def correction(comparisons: Sequence[Comparison], *, sequential: bool = False) -> str:
    """How the intervals were made to hold together, for a caption."""
    together, several = count(len(comparisons), "comparison"), len(comparisons) > 1
    corrected = f", Bonferroni-corrected for {together}" * several
    pairs = {item.n for item in comparisons if item.n >= LEAST_PAIRS}
    signed = f"{f'largest |t| of {together}' if several else '|t|'} under random signs of the residuals"
    student = f"Student's t{corrected}"
    if sequential:
        said = f"t-mixture confidence sequence{corrected}, valid at every look"
    elif not pairs:
        return "none: too few seeds"
    elif min(pairs) >= LEAST_SIGNED:
        said = signed
    else:
        said = student if max(pairs) < LEAST_SIGNED else f"{signed}; {student} below {LEAST_SIGNED} pairs"
    return f"{said}; longer on the side to which differences are skewed{_unseen(pairs)}"


def _unseen(pairs: Collection[int]) -> str:
    """What is assumed of differences that are too few to show it."""
    few = pairs and min(pairs) < SEEN
    return f", which fewer than {SEEN} pairs hardly show: they are taken for nearly symmetric" if few else ""


def intervals_said(comparisons: Sequence[Comparison], *, sequential: bool = False) -> str:
    """How the intervals were made, in a sentence for a paper."""
    several, n = len(comparisons) > 1, max(item.n for item in comparisons)
    corrected = f", Bonferroni-corrected over the {len(comparisons)} comparisons" * several
    taken = pattern_count(n, len(comparisons))
    patterns = f"{taken:,} random" if is_drawn(n, taken) else "all"
    if n < LEAST_PAIRS:
        return f"With fewer than {LEAST_PAIRS} pairs there is no interval and no verdict."
    if sequential:
        how = (
            "Seeds were added until every comparison was decided or the most that was planned was reached; intervals "
            "are 95% confidence sequences (a t test with a normal mixture over effect sizes: Wang and Ramdas 2023)"
            f"{corrected}."
        )
    elif n < LEAST_SIGNED:
        how = f"Intervals are Student's at 95%{corrected}."
    else:
        how = (
            f"Intervals are {f'simultaneous at 95% over all {len(comparisons)} comparisons' if several else 'at 95%'}, "
            f"by the distribution of the {'largest ' * several}absolute t statistic under {patterns} sign patterns of "
            "the residuals, one sign a seed."
        )
    return (
        f"{how} On the side to which differences are skewed they are longer, by the leading term of Johnson's (1978) "
        f"modified t{' with the skewness of all comparisons together' * several}"
        f"{_unseen({item.n for item in comparisons if item.n >= LEAST_PAIRS})}."
    )
