"""The page of `actlab try`: one file that says what an activation is, whether it is sound, and how it trained."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actlab.checks import Sketch
from actlab.experiment import write_text
from actlab.report.figures import forest_of
from actlab.report.shapes import shape_drawings
from actlab.report.svg import sheet
from actlab.report.templates import template
from actlab.results import Summary

_LEFT_OUT = ("best", "final training", "final validation loss", "gradient")  # of a run's columns: it has its own page
CHECK_HEADERS = ("check", "", "measured", "limit", "input", "finding")


@dataclasses.dataclass(frozen=True, eq=False)
class Idea:
    """What the page shows; the verdict as `Verdict.as_dict` gives it."""

    label: str
    verdict: dict[str, Any]
    nearest: list[tuple[str, float, float]]  # name, largest difference, at x
    rows: list[tuple[str, str]]
    sketches: Sequence[Sketch]
    summary: Summary | None
    report: str | None  # the run's page, relative to this one
    untrained: str
    command: str


def draw_idea(idea: Idea, file: Path) -> Path:
    """Write the page; all is in it, no network is needed."""
    findings, identity, summary = idea.verdict["findings"], idea.verdict["identity"], idea.summary
    failed = [f for f in findings if f["outcome"] == "fail"]
    names = ", ".join(f["check"] for f in failed)
    trained = (summary.conclusion, summary.cost_said) if summary else ("Not trained.", idea.untrained)
    conclusions = [
        f"It {identity}." if identity.startswith("equals") else f"{identity[:1].upper()}{identity[1:]}.",
        f"The battery finds {len(failed)} faults: {names}." if failed else "It passes the battery.",
        " ".join(filter(None, trained)),
    ]
    headers, words = ([*summary.headers], summary.measure.words) if summary else ([], "")
    shown = [place for place, name in enumerate(headers) if not name.startswith(_LEFT_OUT)]
    page = template("idea.html").render(
        idea=idea,
        trained_headers=[headers[place].replace(f"validation {words}", "validation") for place in shown],
        trained=[[row[place] for place in shown] for row in summary.rows] if summary else [],
        failed=[row_of(f) for f in failed],
        others=[row_of(f) for f in findings if f["outcome"] != "fail"],
        passed=sum(f["outcome"] == "pass" for f in findings),
        headers=CHECK_HEADERS,
        shapes=shape_drawings(idea.sketches),
        forest=summary and forest_of(summary),
        conclusions=conclusions,
        sheet=sheet,
    )
    write_text(file, page)
    return file


def row_of(finding: dict[str, Any]) -> list[str]:
    """A finding as `as_dict` gives it, as text, by CHECK_HEADERS."""
    numbers = [finding["measured"], finding["limit"]]
    told = ["" if n is None else f"{n:.2g}" if isinstance(n, float) else str(n) for n in numbers]
    mend = f" Mend: {finding['mend']}" if finding["mend"] and finding["outcome"] != "pass" else ""
    return [finding["check"], finding["outcome"], *told, finding["where"], finding["says"] + mend]
