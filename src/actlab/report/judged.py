"""The page of `actlab judge`: verdicts, intervals and a picture of somebody's results, in one file."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from actlab.errors import UserError
from actlab.experiment import write_text
from actlab.report.figures import forest
from actlab.report.svg import Drawing, sheet
from actlab.report.templates import template
from actlab.results import FEW, MOST_SHOWN
from actlab.stats import Comparison

if TYPE_CHECKING:
    from actlab.results import Judgement

_MOST_TASKS = 20  # of so many differences are drawn


def draw_judgement(found: "Judgement", file: Path) -> Path:
    """Write the page; all is in it, no network is needed."""
    if file.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"{file} is no page: name a file that ends in .html.")
    if not file.parent.is_dir():
        raise UserError(f"There is no folder {file.parent} for {file.name}: make it first, or name another.")
    write_text(
        file,
        template("judged.html").render(
            found=found, pictures=pictures_of(found).items(), left_out=_left_out(found), sheet=sheet
        ),
    )
    return file


def pictures_of(found: "Judgement") -> dict[str, Drawing | None]:
    """The differences by task, of very many groups those of the best, of very many tasks the first."""
    return {
        task: forest(_best(found.comparisons[task]), table, list(table), found.metric, found.unit)
        for task, table in list(found.tables.items())[:_MOST_TASKS]
    }


def _best(comparisons: Sequence[Comparison]) -> Sequence[Comparison]:
    ranked = sorted(comparisons, key=lambda item: -item.difference if math.isfinite(item.difference) else math.inf)
    return comparisons if len(comparisons) < MOST_SHOWN else ranked[: FEW - 1]


def _left_out(found: "Judgement") -> str:
    """What is not drawn, in words."""
    told = []
    if any(len(items) >= MOST_SHOWN for items in found.comparisons.values()):
        told.append(
            f"Of {MOST_SHOWN} groups and more the {FEW - 1} with the best means are drawn, some of them by luck."
        )
    if len(found.tables) > _MOST_TASKS:
        told.append(f"The first {_MOST_TASKS} of {len(found.tables):,} tasks are drawn.")
    return " ".join([*told, "The table has all."] if told else [])
