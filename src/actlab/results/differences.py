"""The comparisons as text: rows for the page, lines for a terminal."""

import math
from collections.abc import Sequence

from actlab.experiment import Metric
from actlab.results.costs import Cost
from actlab.results.numbers import NO_TEST, aligned, times
from actlab.stats import Comparison, Unit, estimate, here


def difference_lines(comparisons: Sequence[Comparison], metric: str, unit: Unit) -> list[str]:
    """Each comparison that has an interval, with its verdict and how far that goes."""
    judged = [item for item in comparisons if math.isfinite(item.low)]
    if not judged:
        return []
    rows = [
        [
            item.name, unit.difference(item.difference), unit.bracketed(item.low, item.high),
            unit.bracketed(item.plain_low, item.plain_high), verdict_said(item, unit),
        ]
        for item in judged
    ]  # fmt: skip
    title = ", ".join(filter(None, (f"Differences in {metric} to {judged[0].baseline}", unit.word, "paired by seed:")))
    return [title, *aligned([["", "mean", "simultaneous 95%", "plain 95% t", "verdict"], *rows], "  "), ""]


def verdict_said(item: Comparison, unit: Unit) -> str:
    """The verdict, with what bounds it: divergence, pairs that were lost, other test examples."""
    bounds = []
    if item.diverged and item.verdict != "unstable":
        bounds.append(f"unstable: {item.diverged} of {item.seeds} diverged")
    if item.only_here:
        bounds.append(here(item))
    return "; ".join([unit.stated(item.verdict), *bounds])


def cost_lines(costs: Sequence[Cost], baseline: str, metric: Metric) -> list[str]:
    """Cost beside quality."""
    if not costs:
        return []
    rows = []
    for item in costs:
        name, step, more, reached, _, equal, verdict = cost_row(item, metric.unit)
        rows.append([name, step, more, reached.removesuffix(" seeds"), equal, verdict])
    headers = ["", "step", "epochs more", "got there", "at equal time", "verdict at equal time"]
    words = metric.words
    title = f"Cost beside quality: epochs until {baseline}'s last validation {words}; that {words} at equal time:"
    return [title, *aligned([headers, *rows], "  "), ""]


def epochs_said(item: Cost) -> str:
    """Epochs more than the baseline took, with Student's interval."""
    more = item.epochs
    if not more.n:
        return NO_TEST
    return f"{more.mean:+.1f}" + (f" [{more.low:+.1f}, {more.high:+.1f}]" if math.isfinite(more.low) else "")


def cost_row(item: Cost, unit: Unit) -> list[str]:
    """In the order of `cost_headers`."""
    return [
        item.name,
        times(item.relative, item.relative_low, item.relative_high),
        epochs_said(item),
        f"{item.reached} of {item.seeds} seeds",
        f"{item.epochs_at_equal_time} beside {item.baseline_epochs}",
        estimate(item.equal_time, unit),
        unit.stated(item.equal_time.verdict),
    ]
