"""The comparisons as text: rows for the page, lines for a terminal."""

import math
from collections.abc import Sequence

from actlab.results.costs import Cost
from actlab.results.numbers import NO_TEST, POINTS, number, p_text, percent, points, span
from actlab.stats import Comparison, note

COMPARISON_HEADERS = (
    "activation", "against", "pairs", "difference, points", "simultaneous 95% interval", "plain 95% t interval", "p",
    "probability of improvement", "smallest visible, points", "verdict", "note",
)  # fmt: skip
COMPARISON_NOTES = {
    "pairs": "seeds in which both finished",
    "difference, points": "mean over the pairs, in percentage points; above 0 is better",
    "simultaneous 95% interval": "of the difference, in points, for all comparisons together; it decides",
    "plain 95% t interval": "Student's, of this comparison alone",
    "p": "two-sided, corrected for the number of comparisons",
    "probability of improvement": "the share of pairs in which it is better, ties counted half",
    "smallest visible, points": "the true difference that so many pairs tell from 0 four times in five",
}
PAIR_HEADERS = ("first", "second", "pairs", "second minus first", "simultaneous 95% interval")


def bracketed(low: float, high: float) -> str:
    """
    >>> bracketed(-0.001, 0.002), bracketed(float("nan"), 0.0)
    ('[-0.10, +0.20]', '–')
    """
    return f"[{points(low)}, {points(high)}]" if math.isfinite(low) and math.isfinite(high) else NO_TEST


def difference_lines(comparisons: Sequence[Comparison], metric: str) -> list[str]:
    """Each comparison that has an interval, with its verdict and how far that goes."""
    judged = [item for item in comparisons if math.isfinite(item.low)]
    if not judged:
        return []
    rows = [
        [
            item.name, points(item.difference), bracketed(item.low, item.high),
            bracketed(item.plain_low, item.plain_high), verdict_said(item),
        ]
        for item in judged
    ]  # fmt: skip
    title = f"Differences in {metric} to {judged[0].baseline}, points, paired by seed:"
    return [title, *aligned([["", "mean", "simultaneous 95%", "plain 95% t", "verdict"], *rows], "  "), ""]


def verdict_said(item: Comparison) -> str:
    """The verdict, with what bounds it: divergence, pairs that were lost, other test examples."""
    bounds = []
    if item.diverged and item.verdict != "unstable":
        bounds.append(f"unstable: {item.diverged} of {item.seeds} diverged")
    if item.only_here:
        bounds.append(f"on these {item.examples:,} test examples only")
    return "; ".join([item.verdict, *bounds])


def cost_lines(costs: Sequence[Cost], baseline: str) -> list[str]:
    """Cost beside quality."""
    if not costs:
        return []
    rows = [
        [
            item.name, f"{item.relative:.2f}×", epochs_said(item), f"{item.reached} of {item.seeds}",
            f"{points(item.equal_time.difference)} {bracketed(item.equal_time.low, item.equal_time.high)}",
            item.equal_time.verdict,
        ]
        for item in costs
    ]  # fmt: skip
    headers = ["", "step", "epochs more", "got there", "at equal time", "verdict at equal time"]
    title = f"Cost beside quality: epochs until {baseline}'s last validation accuracy; that accuracy at equal time:"
    return [title, *aligned([headers, *rows], "  "), ""]


def epochs_said(item: Cost) -> str:
    """Epochs more than the baseline took, with Student's interval."""
    more = item.epochs
    if not more.n:
        return NO_TEST
    return f"{more.mean:+.1f}" + (f" [{more.low:+.1f}, {more.high:+.1f}]" if math.isfinite(more.low) else "")


def aligned(rows: list[list[str]], indent: str = "") -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [indent + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def comparison_row(item: Comparison) -> list[str]:
    """In the order of COMPARISON_HEADERS."""
    return [
        item.name,
        item.baseline,
        str(item.n),
        points(item.difference),
        span(item.low, item.high),
        span(item.plain_low, item.plain_high),
        p_text(item.p),
        percent(item.improvement, 0),
        number(100 * item.visible, 2),
        item.verdict,
        note(item, POINTS),
    ]


def cost_row(item: Cost) -> list[str]:
    """In the order of the HEADERS of costs."""
    return [
        item.name,
        f"{item.relative:.2f}×",
        epochs_said(item),
        f"{item.reached} of {item.seeds} seeds",
        f"{item.epochs_at_equal_time} beside {item.baseline_epochs}",
        f"{points(item.equal_time.difference)} [{span(item.equal_time.low, item.equal_time.high)}]",
        item.equal_time.verdict,
    ]


def pair_row(item: tuple[str, str, float, float, float, int]) -> list[str]:
    """In the order of PAIR_HEADERS."""
    first, other, mean, low, high, n = item
    return [first, other, str(n), points(mean), span(low, high)]
