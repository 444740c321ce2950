"""What a run says in the fewest lines: the sentence, a line an arm, what to beware of."""

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

from actlab.results.columns import columns, interval_text
from actlab.results.differences import verdict_said
from actlab.results.numbers import NO_TEST, aligned
from actlab.stats import Comparison, Unit, estimate, more_seeds

if TYPE_CHECKING:
    from actlab.results.summary import Summary

Paint = Callable[[str, str], str]
_WIDTH = 100


def brief(summary: "Summary", paint: Paint) -> list[str]:
    """Lines for a terminal; `paint`: (verdict, text) -> the text in the verdict's colour."""
    answer = textwrap.wrap(" ".join(filter(None, (summary.conclusion, summary.best_said))), _WIDTH)
    in_short = textwrap.shorten(summary.warned_in_short, 2 * _WIDTH - 20, placeholder=" ...")
    tuned = summary.tuning.sentence if summary.tuning else ""
    told = (tuned, in_short, summary.mixed, summary.unfinished)
    return [*answer, *_arms(summary, paint), *(line for text in told for line in textwrap.wrap(text, _WIDTH))]


def answers(summary: "Summary") -> list[list[str]]:
    """A header, then a row an arm: name, metric, difference from the baseline, verdict, step cost."""
    found, metric = {item.name: item for item in summary.comparisons}, summary.measure
    part = metric.named("test_metric" if summary.has_test else "final_valid_metric")
    beside = "below" if metric.unit.better == "lower" else "minus"
    header = [f"{beside} {summary.comparisons[0].baseline}", "verdict"] if found else []
    dear = ["step cost"] * (len(summary.table) > 1)  # of one beside another
    rows = [["activation", summary.metric, *header, *dear]]
    for row in summary.table.to_dict("records"):
        judged = ["baseline", ""] if found else []
        if item := found.get(row["arm"]):
            judged = [estimate(item, metric.unit) if item.n else NO_TEST, _verdict(item, metric.unit)]
        cost = [columns(summary.experiment)[name].cell(row) for name in dear]
        rows.append([row["arm"], interval_text(row, part, metric), *judged, *cost])
    return rows


def _arms(summary: "Summary", paint: Paint) -> list[str]:
    """Metric, difference and verdict of each; none where all of it stands in the sentence."""
    found = {item.name: item for item in summary.comparisons}
    if not found:
        return []
    header, *rows = answers(summary.only(summary.shown))
    verdicts = ["", *(paint(found[name].verdict, said) if name in found else "" for name, _, _, said, _ in rows)]
    shown = ([name, metric, beside if name in found else ""] for name, metric, beside, *_ in rows)
    lines = aligned([["", *header[1:3]], *shown], "  ")
    width = max(map(len, lines))
    more = len(summary.table) - len(rows)
    told = [f"  and {more:,} more, not among the {len(rows) - 1} best: the report has all"] * (more > 0)
    return [*(f"{line:{width}}  {said}".rstrip() for line, said in zip(lines, verdicts, strict=True)), *told]


def _verdict(item: Comparison, unit: Unit) -> str:
    verdict, semicolon, bounds = verdict_said(item, unit).partition(";")
    return verdict + (f": {more_seeds(item.further)}" if item.further else "") + semicolon + bounds
