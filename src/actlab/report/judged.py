"""The page of `actlab judge`: verdicts, intervals and a picture of somebody's results, in one file."""

from pathlib import Path
from typing import TYPE_CHECKING

from actlab.errors import UserError
from actlab.experiment import write_text
from actlab.report.figures import forest
from actlab.report.svg import Drawing, sheet
from actlab.report.templates import template

if TYPE_CHECKING:
    from actlab.results import Judgement


def draw_judgement(found: "Judgement", file: Path) -> Path:
    """Write the page; all is in it, no network is needed."""
    if file.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"{file} is no page: name a file that ends in .html.")
    if not file.parent.is_dir():
        raise UserError(f"There is no folder {file.parent} for {file.name}: make it first, or name another.")
    write_text(file, template("judged.html").render(found=found, pictures=pictures_of(found).items(), sheet=sheet))
    return file


def pictures_of(found: "Judgement") -> dict[str, Drawing | None]:
    """The differences by task."""
    return {
        task: forest(found.comparisons[task], table, list(table), found.metric, found.unit)
        for task, table in found.tables.items()
    }
