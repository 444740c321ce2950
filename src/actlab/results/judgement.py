"""What a table of results says, whatever made it: comparisons, in words, as a frame, as JSON."""

import dataclasses
import functools
import math
import platform
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from actlab import __version__, stats
from actlab.experiment import DataFrame
from actlab.results.numbers import aligned, number, p_text, percent, plain
from actlab.stats import Comparison, Correct, Progress, Unit

Tables = Mapping[str, Mapping[str, Mapping[Any, float]]]  # task -> arm -> seed -> value; NaN: the trial diverged
_MOST_FOR_BEST = 1000  # arms among which the best is looked for: each is compared with each other one
_NOT_SHOWN = ("p", "probability of improvement", "smallest visible")  # of a table from elsewhere


def comparison_headers(unit: Unit) -> dict[str, str]:
    """The headers of a table of comparisons, and what is to be said of each."""
    word = unit.word and f", {unit.word}"
    within, points = (", in percentage points", ", in points") if unit.word == Unit.word else (word, "")
    turned = " (lower)" if unit.better == "lower" else ""
    return {
        "activation": "",
        "against": "",
        "pairs": "seeds in which both finished",
        f"difference{word}": f"mean over the pairs{within}; above 0 is better{turned}",
        "simultaneous 95% interval": f"of the difference{points}, for all comparisons together; it decides",
        "plain 95% t interval": "Student's, of this comparison alone",
        "p": "two-sided, corrected for the number of comparisons",
        "probability of improvement": "the share of pairs in which it is better, ties counted half",
        f"smallest visible{word}": "the true difference that so many pairs tell from 0 four times in five",
        "verdict": "",
        "note": "",
    }


def _is_shown(header: str) -> bool:
    return header.partition(",")[0] not in _NOT_SHOWN


@dataclass(frozen=True)
class Origin:
    """What is known of how results came about."""

    selection: str = ""  # how epoch and settings were chosen; "": the results are from elsewhere
    split: str = ""
    margin: str = ""  # the smallest difference that matters, and since when, in words
    versions: str = f"actlab {__version__}, numpy {np.__version__}, python {platform.python_version()}"
    overlap: float = 0.0  # where each seed splits the same data anew, test samples for each sample of the other parts
    unlearned: frozenset[str] = frozenset()  # arms that did not learn
    correct: Correct | None = None  # which test examples were right, where the values are their shares
    sequential: bool = False  # whether seeds were added until the comparisons were decided
    seconds_a_seed: float = math.nan  # what one more seed of all arms takes
    advice: str = f"{stats.LEAST_PAIRS} pairs are needed for a verdict"  # about too few seeds


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a table of results says, task by task ("" where there is one task).

    `frame` has a row a comparison: comparison, against, pairs, difference, low and high (simultaneous 95%), plain_low
    and plain_high (Student's 95%, of this comparison alone), p (corrected), improvement (share of pairs in which it is
    better, ties counted half), verdict, direction (which values are better), note.

    >>> import pandas as pd
    >>> from actlab.results import judge
    >>> columns = {"optimizer": ["sgd"] * 5 + ["adamw"] * 5, "seed": [*range(5)] * 2}
    >>> losses = [3.1, 3.2, 3.0, 3.1, 3.3, 2.0, 2.2, 2.1, 2.0, 2.1]
    >>> found = judge(pd.DataFrame(columns | {"loss": losses}), group="optimizer", lower_is_better=True)
    >>> found
    On the table, with 5 seeds, by loss (lower is better: a positive difference is an improvement):
    adamw is better (lower) than sgd: adamw +1.060 [+0.918, +1.202].
    >>> found.as_json()["comparisons"][0]["verdict"], found.told
    ('better', ())
    """

    tables: Tables  # what was compared, by task, arm and seed
    comparisons: dict[str, list[Comparison]]  # by task
    best: dict[str, list[str]]  # among which arms the best one lies, of tasks where that was asked
    metric: str  # in words
    unit: Unit  # of it
    subject: str  # the data, as a sentence names them
    told: tuple[str, ...]  # what was found in the table, and what was done about it
    group: str  # what is compared
    origin: Origin  # what is known of how the results came about

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Those of `frame`."""
        scaled = ("difference", "low", "high", "plain_low", "plain_high")
        return [
            ({"task": task} if len(self.tables) > 1 else {})
            | {"comparison": c.name, "against": c.baseline, "pairs": c.n}
            | {name: self.unit.scale * getattr(c, name) for name in scaled}
            | {"p": c.p, "improvement": c.improvement, "verdict": c.verdict}
            | {"direction": f"{self.unit.better} is better", "note": stats.note(c, self.unit)}
            for task, found in self.comparisons.items()
            for c in found
        ]

    @property
    def frame(self) -> DataFrame:
        """The comparisons as a table of pandas', a row each."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    @property
    def every(self) -> list[Comparison]:
        """Those of all tasks."""
        return [c for found in self.comparisons.values() for c in found]

    @property
    def verdicts_said(self) -> str:
        """What the comparisons say, in sentences."""
        return " ".join(
            stats.conclusion(
                table, self.comparisons[task], subject=task or self.subject, metric=self.metric, unit=self.unit,
                seconds_a_seed=self.origin.seconds_a_seed, advice=self.origin.advice, unlearned=self.origin.unlearned,
            )
            for task, table in self.tables.items()
        )  # fmt: skip

    @property
    def best_said(self) -> str:
        """Among which arms the best one lies; "" where fewer than three are compared or nothing is judged."""
        return " ".join(
            f"{stats.best_lies(names, task and f'on {task}')} (95%)."
            for task, names in self.best.items()
            if len(found := self.comparisons[task]) > 1 and any(math.isfinite(c.low) for c in found)
        )

    @functools.cached_property
    def conclusion(self) -> str:
        """Both of these."""
        return " ".join(filter(None, (self.verdicts_said, self.best_said)))

    @property
    def question(self) -> str:
        """Which one the intervals answer, in sentences; "" where that is not known."""
        if not self.origin.selection:
            return ""
        if self.origin.overlap:
            return (
                "Each seed has a split of its own, so that intervals speak of other initial weights, batch orders and "
                "splits of the same data. The seeds share samples: for other data the intervals are somewhat too "
                "narrow, and what Nadeau and Bengio's (2003) wider one leaves open is said to hold on splits of these "
                "data only."
            )
        crossed = "; what a crossed interval leaves open for other test examples is said to hold on these only"
        known = any(item.examples for item in self.every)
        return f"Intervals speak of other initial weights and batch orders, on this split{crossed * known}."

    @property
    def caption(self) -> str:
        """What the numbers rest on."""
        every, origin = self.every, self.origin
        if not every:
            return ""
        how = f" with {origin.selection}; split {origin.split}" if origin.selection else ", as it was given"
        margin = origin.margin or (self.unit.size(every[0].margin) if every[0].margin else "")
        return (
            f"n = {stats.pairs_of(every)} of seeds; {self.metric}{how}{margin and f'; margin {margin}'}; "
            f"intervals: {stats.correction(every, sequential=origin.sequential)}; {origin.versions}. {self.question}"
        ).rstrip()

    @property
    def methods(self) -> str:
        """A paragraph for a paper."""
        every, origin = self.every, self.origin
        if not every:
            return ""
        shared = selected = when = ""
        if origin.selection:  # of results from elsewhere that is not known
            shared = f"; equal seeds share initial weights{', split' * (origin.overlap > 0)} and batch order"
            selected, when = f", with {origin.selection}", ", fixed before training,"
        others = len({item.name for item in every})  # each once, on however many tasks
        things = stats.count(others, "activation function" if self.group == "activation" else f"other {self.group}")
        tasks = [*self.tables]
        subject = f"{len(tasks)} tasks of {self.subject} ({stats.listed(tasks)})" if len(tasks) > 1 else self.subject
        within = self.unit.size(every[0].margin) if every[0].margin else ""
        sentences = (
            f"We compared {things} with {every[0].baseline} on {subject}, by {self.metric}, paired by random "
            f"seed ({stats.pairs_of(every)}{shared}){selected}.",
            stats.intervals_said(every, sequential=origin.sequential),
            self.question,
            within and f"Differences within {within}{when} were taken as practically equal.",
            "Diverged runs were counted as outcomes (exact McNemar test) and entered no mean.",
            origin.versions and f"Software: {origin.versions}.",
        )
        return " ".join(filter(None, sentences))

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values; what is not a number is None."""
        return {
            "metric": self.metric,
            "unit": self.unit.word,
            "direction": f"{self.unit.better} is better",
            "conclusion": self.conclusion,
            "caption": self.caption,
            "methods": self.methods,
            "told": list(self.told),
            "comparisons": plain(self.rows),
        }

    @property
    def headers(self) -> list[str]:
        """Of `text_rows`, with the unit."""
        shown = [*filter(_is_shown, comparison_headers(self.unit))][1:]
        return [*(["task"] if len(self.tables) > 1 else []), "comparison", *shown]

    @property
    def text_rows(self) -> list[list[str]]:
        """The comparisons as text."""
        return [
            ([task] if len(self.tables) > 1 else [])
            + [cell for name, cell in cells(c, self.unit).items() if _is_shown(name)]
            for task, found in self.comparisons.items()
            for c in found
        ]

    def __repr__(self) -> str:
        return textwrap.fill(self.conclusion, 100)

    def __str__(self) -> str:
        told, said = ("\n".join(textwrap.fill(text, 100) for text in texts)
                      for texts in (self.told, (self.conclusion, self.caption)))  # fmt: skip
        return "\n\n".join(filter(None, (told, "\n".join(aligned([self.headers, *self.text_rows])), said)))


def judged(
    tables: Tables, baseline: str | None, *, metric: str, unit: Unit, subject: str, margin: float,
    told: tuple[str, ...] = (), group: str = "activation", origin: Origin = Origin(), progress: Progress | None = None,
) -> Judgement:  # fmt: skip
    """Each arm of each task against the baseline, by default the first.

    Args:
        margin: the smallest difference that matters, in the unit of the differences that are shown.
        progress: is told the share that is done of the comparisons, then of each task's search for the best.
    """
    looks = origin.sequential
    comparisons = stats.compare_tasks(
        tables, baseline, margin=margin / unit.scale, correct=origin.correct, overlap=origin.overlap, sequential=looks,
        progress=progress,
    )  # fmt: skip
    comparisons = {task: stats.nothing_compared(item, origin.unlearned) for task, item in comparisons.items()}
    if group != "activation":  # equal results make no optimizer the same function
        comparisons = {task: [_no_function(item) for item in found] for task, found in comparisons.items()}
    if any(len(arms) > _MOST_FOR_BEST for arms in tables.values()):
        told += (f"among which the best one lies is not asked of more than {_MOST_FOR_BEST:,}",)
    least = 2 if origin.selection else 3  # of two arms of a table from elsewhere their comparison says it
    best = {
        task: _as_compared(stats.best_among(arms, sequential=looks, progress=progress), comparisons[task])
        for task, arms in tables.items()
        if least <= len(arms) <= _MOST_FOR_BEST and not origin.unlearned.issuperset(arms)
    }
    return Judgement(tables, comparisons, best, metric, unit, subject, told, group, origin)


def _as_compared(best: list[str], comparisons: list[Comparison]) -> list[str]:
    """With the baseline, or an arm, that is not told apart from one of them: both statements stand side by side."""
    open_pairs = [{item.name, item.baseline} for item in comparisons if item.low <= 0 <= item.high]
    return best + [name for pair in open_pairs if len(pair & {*best}) == 1 for name in pair - {*best}]


def _no_function(item: Comparison) -> Comparison:
    return dataclasses.replace(item, verdict="the same results") if item.verdict == "the same function" else item


def cells(item: Comparison, unit: Unit) -> dict[str, str]:
    """A comparison as text, by `comparison_headers`."""
    texts = (
        item.name,
        item.baseline,
        str(item.n),
        unit.difference(item.difference),
        unit.span(item.low, item.high),
        unit.span(item.plain_low, item.plain_high),
        p_text(item.p),
        percent(item.improvement, 0),
        number(unit.scale * item.visible, unit.digits),
        unit.stated(item.verdict),
        stats.note(item, unit),
    )
    return dict(zip(comparison_headers(unit), texts, strict=True))
