"""What the comparisons say, in plain sentences."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from actlab.stats.critical import ALL_PATTERNS, DRAWN, LEAST_SIGNED
from actlab.stats.intervals import LEAST_PAIRS, mean_interval
from actlab.stats.pairs import Table
from actlab.stats.skew import SEEN
from actlab.stats.verdicts import Comparison

_MOST_NAMED = 8


@dataclass(frozen=True)
class Unit:
    """How a metric is written: accuracies are fractions, shown in percentage points."""

    scale: float = 100.0
    word: str = "points"
    digits: int = 2
    better: str = ""  # which values are, "higher" or "lower", where that is to be said; differences above 0 always are

    def side(self, is_better: bool) -> str:
        return "higher" if is_better == (self.better != "lower") else "lower"

    def stated(self, verdict: str) -> str:
        """
        >>> Unit(better="lower").stated("better, perhaps slightly"), Unit().stated("worse")
        ('better (lower), perhaps slightly', 'worse')
        """
        word, comma, rest = verdict.partition(",")
        told = self.better and word in ("better", "worse")
        return f"{word} ({self.side(word == 'better')}){comma}{rest}" if told else verdict

    def difference(self, value: float) -> str:
        """
        >>> Unit().difference(-0.0013), Unit().difference(-1e-9), Unit(1, "", 3).difference(0.25)
        ('-0.13', '0.00', '+0.250')
        """
        text = f"{self.scale * value:+.{self.digits}f}"
        return text.lstrip("+-") if float(text) == 0 else text

    def size(self, value: float) -> str:
        """Without sign, with its word: '0.10 points'."""
        return " ".join(filter(None, (f"{self.scale * abs(value):.{self.digits}f}", self.word)))


def winner(comparisons: Sequence[Comparison]) -> str | None:
    """The one arm that the comparisons single out, or None.

    It is the only arm better than the baseline, and no seed was lost in that; or the baseline itself, where every other
    arm is worse. Arms that are all better than the baseline have not been compared with each other.
    """
    better = [item for item in comparisons if item.verdict.startswith("better")]
    if len(better) == 1:
        return better[0].name if better[0].n == better[0].seeds else None
    if comparisons and all(item.verdict.startswith("worse") for item in comparisons):
        return comparisons[0].baseline
    return None


def conclusion(
    table: Table, comparisons: Sequence[Comparison], *, subject: str, metric: str, unit: Unit = Unit(),
    seconds_a_seed: float = math.nan, advice: str = f"run with --seeds {LEAST_PAIRS} or more",
) -> str:  # fmt: skip
    """What the comparisons say, in sentences that begin with the data.

    Args:
        subject: the data, "MNIST" or "digits, because MNIST could not be had".
        metric: what the values are, "test accuracy".
        seconds_a_seed: what one more seed of all arms takes, for the time that further seeds would.
        advice: what to do about too few seeds.
    """
    seeds = len(set().union(*table.values())) if table else 0
    said = f"On {subject}, with {count(seeds, 'seed')}, by {metric}: "
    if table and all(values and all(map(math.isnan, values.values())) for values in table.values()):
        return said + "every network diverged. A lower learning rate (--lr) may help."
    if not comparisons:
        return said + _alone(table)
    groups: dict[str, list[Comparison]] = {}
    for item in comparisons:
        groups.setdefault(item.verdict, []).append(item)
    sentences = [
        _SENTENCES[verdict](groups[verdict], unit) for verdict in _SENTENCES if verdict in groups
    ]  # fmt: skip
    if undecided := groups.get("undecided"):
        sentences.append(_undecided(undecided, seconds_a_seed))
    if few := groups.get("too few seeds"):
        sentences.append(_too_few(few, len(few) == len(comparisons), seeds, advice))
    return said + " ".join([*sentences, *_diverged(table)])


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 'es' if noun.endswith('s') else 's'}"


def best_lies(names: Sequence[str], where: str = "") -> str:
    """The best is relu; the best on MNIST lies among: relu, tanh."""
    return f"The best {where and f'{where} '}{'is' if len(names) == 1 else 'lies among:'} {', '.join(names)}"


def pairs_of(comparisons: Sequence[Comparison]) -> str:
    """How many pairs they rest on: 1 pair, 8 pairs, 5 to 8 pairs."""
    pairs = sorted({item.n for item in comparisons})
    return count(pairs[-1], "pair") if len(pairs) == 1 else f"{pairs[0]} to {pairs[-1]} pairs"


def listed(names: Sequence[str], most: int = _MOST_NAMED) -> str:
    """Names as one lists them in a sentence.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c", "d"], most=3)
    ('a, b and c', 'a, b and 2 more')
    """
    comma = "; " if any("," in name for name in names) else ", "
    if len(names) > most:
        return f"{comma.join(names[: most - 1])} and {len(names) - most + 1} more"
    return " and ".join(filter(None, (comma.join(names[:-1]), names[-1])))


def interval(item: Comparison, unit: Unit) -> str:
    return f"{unit.difference(item.difference)} [{unit.difference(item.low)}, {unit.difference(item.high)}]"


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
    if item.verdict.startswith("the same"):
        said.append("the same results in every seed")
    if item.verdict == "practically equal" and (item.low > 0 or item.high < 0):
        said.append(f"reliably {unit.size(item.difference)} {unit.side(item.low > 0)}, less than matters")
    if item.verdict.endswith("slightly"):
        said.append(f"perhaps by less than {unit.size(item.margin)}")
    if item.only_here:
        said.append(_here(item))
    if item.further:
        said.append(f"{count(item.further, 'more seed')} would settle it")
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
        f"{item.name} {interval(item, unit)}{_among(item)}{_only_here(item)}"
        for item in sorted(group, key=lambda c: -c.difference)
    ]
    return listed(shown)


def _decided(group: Sequence[Comparison], unit: Unit) -> str:
    """Those beyond the margin, or on one side of 0."""
    word, baseline, margin = group[0].verdict, group[0].baseline, group[0].margin
    side, _, slightly = word.partition(",")
    but = f", perhaps by less than {unit.size(margin)}" if slightly else ""
    verb = "is" if len(group) == 1 else "are"
    names = listed([item.name for item in sorted(group, key=lambda c: -c.difference)])
    return f"{names} {verb} {unit.stated(side)} than {baseline}{but}: {_estimates(group, unit)}."


def _equal(group: Sequence[Comparison], unit: Unit) -> str:
    verb = "is" if len(group) == 1 else "are"
    names = listed([item.name for item in group])
    said = f"{names} {verb} practically equal to {group[0].baseline}, within {unit.size(group[0].margin)}: "
    said += f"{_estimates(group, unit)}."
    sure = [item for item in group if item.low > 0 or item.high < 0]
    told = [f"{item.name} is reliably {unit.size(item.difference)} {unit.side(item.low > 0)}" for item in sure]
    return said + (f" {listed(told)}, less than matters." if told else "")


def _same(group: Sequence[Comparison], unit: Unit) -> str:
    verb = "gives" if len(group) == 1 else "give"
    names, baseline = listed([item.name for item in group]), group[0].baseline
    if group[0].verdict == "the same results":
        return f"{names} {verb} the same results as {baseline} in every seed."
    be = "is" if len(group) == 1 else "are"
    return f"{names} {be} the same function as {baseline}, as far as its results tell: equal in every seed."


def _unstable(group: Sequence[Comparison], unit: Unit) -> str:
    shown = [
        f"{item.name} is {item.verdict}: {item.diverged} of {item.seeds} diverged, {item.baseline_diverged} of "
        f"{item.baseline}'s"
        for item in group
    ]
    return "; ".join(shown) + "."


_SENTENCES = {
    "unstable": _unstable,
    "stabler": _unstable,
    "better": _decided,
    "better, perhaps slightly": _decided,
    "practically equal": _equal,
    "worse, perhaps slightly": _decided,
    "worse": _decided,
    "the same function": _same,
    "the same results": _same,
}


def _among(item: Comparison) -> str:
    """Which seeds a comparison speaks of, where not all of them have both results."""
    return f" among the {count(item.n, 'seed')} {_which(item)}" if item.n < item.seeds else ""


def _which(item: Comparison) -> str:
    """What was asked of a pair: where nothing diverged, others were lost for want of a result."""
    return "in which both finished" if item.diverged or item.baseline_diverged else "that both have"


def _only_here(item: Comparison) -> str:
    return f" {_here(item)}" if item.only_here else ""


def _here(item: Comparison) -> str:
    return f"on these {count(item.examples, 'test example')} only" if item.examples else "on splits of these data only"


def _undecided(group: Sequence[Comparison], seconds_a_seed: float) -> str:
    verb = "is" if len(group) == 1 else "are"
    said = f"{listed([item.name for item in group])} against {group[0].baseline} {verb} undecided"
    further = [item.further for item in group if item.further]
    if not further:
        return said + "."
    time = f" (about {duration(max(further) * seconds_a_seed)} in one process)" if math.isfinite(seconds_a_seed) else ""
    more = count(max(further), "more seed")
    return f"{said}; {more} would settle {'it' if len(group) == 1 else 'them'}{time}."


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


def asked(*, resplit: bool, examples: int) -> str:
    """Which question the intervals answer, in sentences.

    >>> asked(resplit=False, examples=0)
    'Intervals speak of other initial weights and batch orders, on this split.'
    """
    if resplit:
        return (
            "Each seed has a split of its own, so that intervals speak of other initial weights, batch orders and "
            "splits of the same data. The seeds share samples: for other data the intervals are somewhat too narrow, "
            "and what Nadeau and Bengio's (2003) wider one leaves open is said to hold on splits of these data only."
        )
    said = "Intervals speak of other initial weights and batch orders, on this split"
    if not examples:
        return f"{said}."
    return f"{said}; what a crossed interval leaves open for other test examples is said to hold on these only."


def methods(
    comparisons: Sequence[Comparison], *, subject: str, metric: str, selection: str, unit: Unit = Unit(),
    sequential: bool = False, versions: str = "", shared: str = "equal seeds share initial weights and batch order",
    thing: str = "activation function", when: str = ", fixed before training,", question: str = "",
) -> str:  # fmt: skip
    """A paragraph for a paper: how the comparisons were made.

    Args:
        shared: what equal seeds have in common; "" where it is not known.
        thing: what was compared, in the singular.
        when: the margin was fixed; "" where it is not known.
        question: which one the intervals answer, as `asked` says it.
        selection: how epoch and the like were chosen: "the epoch of the lowest validation loss", or "".
    """
    if not comparisons:
        return ""
    baseline, margin = comparisons[0].baseline, comparisons[0].margin
    several, n = len(comparisons) > 1, max(item.n for item in comparisons)
    corrected = f", Bonferroni-corrected over the {len(comparisons)} comparisons" * several
    patterns = "all" if n <= ALL_PATTERNS else f"{DRAWN:,} random"
    if n < LEAST_PAIRS:
        how = f"With fewer than {LEAST_PAIRS} pairs there is no interval and no verdict."
    elif sequential:
        how = (
            "Seeds were added until every comparison was decided or the most that was planned was reached; intervals "
            "are 95% confidence sequences (a t test with a normal mixture over effect sizes: Wang and Ramdas 2023)"
            f"{corrected}."
        )
    elif n >= LEAST_SIGNED:
        how = (
            f"Intervals are {f'simultaneous at 95% over all {len(comparisons)} comparisons' if several else 'at 95%'}, "
            f"by the distribution of the {'largest ' * several}absolute t statistic under {patterns} sign patterns of "
            "the residuals, one sign a seed."
        )
    else:
        how = f"Intervals are Student's at 95%{corrected}."
    if n >= LEAST_PAIRS:
        how += (
            " On the side to which differences are skewed they are longer, by the leading term of Johnson's (1978) "
            f"modified t{' with the skewness of all comparisons together' * several}"
            f"{_unseen({item.n for item in comparisons if item.n >= LEAST_PAIRS})}."
        )
    equal = f" Differences within {unit.size(margin)}{when} were taken as practically equal." if margin else ""
    return (
        f"We compared {count(len(comparisons), thing)} with {baseline} on {subject}, by {metric}, paired by random "
        f"seed ({pairs_of(comparisons)}{shared and f'; {shared}'}){selection and f', with {selection}'}. "
        f"{how}{question and f' {question}'}{equal} Diverged runs were counted as outcomes (exact McNemar test) and "
        "entered no mean." + (f" Software: {versions}." if versions else "")
    )
