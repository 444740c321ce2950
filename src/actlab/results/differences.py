"""The comparisons as text: rows for the page, lines for a terminal."""

import math
from collections.abc import Sequence

from actlab.results.costs import Cost
from actlab.results.numbers import NO_TEST, POINTS, aligned, times
from actlab.stats import Comparison, estimate, here

PAIR_HEADERS = ("first", "second", "pairs", "second minus first", "simultaneous 95% interval")


def difference_lines(comparisons: Sequence[Comparison], metric: str) -> list[str]:
    """Each comparison that has an interval, with its verdict and how far that goes."""
    judged = [item for item in comparisons if math.isfinite(item.low)]
    if not judged:
        return []
    rows = [
        [
            item.name, POINTS.difference(item.difference), POINTS.bracketed(item.low, item.high),
            POINTS.bracketed(item.plain_low, item.plain_high), verdict_said(item),
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
        bounds.append(here(item))
    return "; ".join([item.verdict, *bounds])


def cost_lines(costs: Sequence[Cost], baseline: str) -> list[str]:
    """Cost beside quality."""
    if not costs:
        return []
    rows = []
    for item in costs:
        name, step, more, reached, _, equal, verdict = cost_row(item)
        rows.append([name, step, more, reached.removesuffix(" seeds"), equal, verdict])
    headers = ["", "step", "epochs more", "got there", "at equal time", "verdict at equal time"]
    title = f"Cost beside quality: epochs until {baseline}'s last validation accuracy; that accuracy at equal time:"
    return [title, *aligned([headers, *rows], "  "), ""]


def epochs_said(item: Cost) -> str:
    """Epochs more than the baseline took, with Student's interval."""
    more = item.epochs
    if not more.n:
        return NO_TEST
    return f"{more.mean:+.1f}" + (f" [{more.low:+.1f}, {more.high:+.1f}]" if math.isfinite(more.low) else "")


def cost_row(item: Cost) -> list[str]:
    """In the order of COST_HEADERS."""
    return [
        item.name,
        times(item.relative, item.relative_low, item.relative_high),
        epochs_said(item),
        f"{item.reached} of {item.seeds} seeds",
        f"{item.epochs_at_equal_time} beside {item.baseline_epochs}",
        estimate(item.equal_time, POINTS),
        item.equal_time.verdict,
    ]
