"""The page of `actlab try`: one file that says what an activation is, whether it is sound, and how it trained."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actlab.checks import Sketch
from actlab.report.cards import card_figure, svg_text
from actlab.report.plots import differences_figure
from actlab.report.templates import Markup, template
from actlab.results import Summary

_CHECK_HEADERS = ("check", "", "measured", "limit", "input", "finding")


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
    """Write the page; pictures are in it, no network and no script is needed."""
    findings = idea.verdict["findings"]
    file.write_text(
        template("idea.html").render(
            idea=idea,
            failed=[_row(f) for f in findings if f["outcome"] == "fail"],
            others=[_row(f) for f in findings if f["outcome"] != "fail"],
            passed=sum(f["outcome"] == "pass" for f in findings),
            headers=_CHECK_HEADERS,
            card=Markup(svg_text(card_figure(idea.sketches))),
            differences=Markup(_differences(idea.summary)),
            conclusions=_conclusions(idea),
        ),
        encoding="utf-8",
    )
    return file


def _conclusions(idea: Idea) -> list[str]:
    """Three sentences: what it is, whether it is sound, how it trained."""
    failed = [f for f in idea.verdict["findings"] if f["outcome"] == "fail"]
    names = ", ".join(f["check"] for f in failed)
    identity = idea.verdict["identity"]
    sound = f"The battery finds {len(failed)} faults: {names}." if failed else "It passes the battery."
    trained = idea.summary.conclusion if idea.summary is not None else f"Not trained. {idea.untrained}"
    return [
        f"It {identity}." if identity.startswith("equals") else f"{identity[:1].upper()}{identity[1:]}.",
        sound,
        trained,
    ]


def _row(finding: dict[str, Any]) -> dict[str, Any]:
    def number(value: Any) -> str:
        return "" if value is None else f"{value:.2g}" if isinstance(value, float) else str(value)

    mend = f" Mend: {finding['mend']}" if finding["mend"] and finding["outcome"] != "pass" else ""
    return {
        "outcome": finding["outcome"],
        "cells": [
            finding["check"], finding["outcome"], number(finding["measured"]), number(finding["limit"]),
            finding["where"], finding["says"] + mend,
        ],
    }  # fmt: skip


def _differences(summary: Summary | None) -> str:
    if summary is None or not summary.comparisons:
        return ""
    return svg_text(differences_figure(summary))
