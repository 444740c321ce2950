"""Results in a notebook: what shows itself there, and a line that is written over. Nothing is loaded before its use.

`register` enters by name, in IPython's own table, what `cells` shows: the rooms below know nothing of it.
"""

import html
import sys
import uuid
from typing import Any

from actlab.errors import UserError

SHOWN = (
    "actlab.experiment.run.Run",
    "actlab.results.summary.Summary",
    "actlab.results.judgement.Judgement",
    "actlab.checks.battery.findings.Verdict",
    "actlab.activations.core.Activation",
    "actlab.report.run.Cards",
    "actlab.report.svg.Drawing",
)


def register() -> None:
    if (found := _shell()) is not None:
        for name in SHOWN:
            found.display_formatter.formatters["text/html"].for_type_by_name(*name.rsplit(".", 1), _as_html)


def is_notebook() -> bool:
    """Whether this is one: IPython's terminal has no output that could be written over."""
    return hasattr(_shell(), "kernel")


class Line:
    """A line of a cell's output that is written over."""

    def __init__(self) -> None:
        self._known, self._id = False, uuid.uuid4().hex

    def write(self, text: str) -> None:
        where = {"display_id": self._id}
        _shell().display_pub.publish(data={"text/plain": text}, metadata={}, transient=where, update=self._known)
        self._known = True


def _shell() -> Any:
    """IPython's, of a notebook or a terminal; None where there is none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _as_html(thing: Any) -> str:
    try:
        from actlab.report import cells

        return cells.as_html(thing)
    except UserError as error:  # a package is missing, or the run is gone
        return f"<p>{html.escape(str(error))}</p>"
