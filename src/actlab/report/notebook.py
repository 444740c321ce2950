"""How results show themselves in a notebook: by the page's own parts. Nothing is loaded before one is shown.

`register` enters in IPython's own table what shows what, by name: the rooms below know nothing of it.
"""

import functools
import html
import re
import sys
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from actlab.errors import UserError

if TYPE_CHECKING:
    from actlab.activations import Activation
    from actlab.checks import Shown, Verdict
    from actlab.experiment import Run
    from actlab.results import Judgement, Summary

Parts = dict[str, Any]  # for notebook.html
# these say that a notebook is dark; what the reader's system prefers has no say in it
_DARK = '[data-jp-theme-light="false"] .actlab, .vscode-dark .actlab, html[theme="dark"] .actlab'


def shell() -> Any:
    """IPython's shell, of a notebook or a terminal; None where there is none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def is_notebook() -> bool:
    """Whether this is one: IPython's terminal has no output that could be written over."""
    return hasattr(shell(), "kernel")


def register() -> None:
    if (found := shell()) is not None:
        printers = found.display_formatter.formatters["text/html"]
        for name, parts_of in _SHOWN.items():
            module, _, kind = name.rpartition(".")
            printers.for_type_by_name(module, kind, functools.partial(_shown, parts_of))


class Line:
    """A line of a cell's output that is written over."""

    def __init__(self) -> None:
        self._known, self._id = False, uuid.uuid4().hex

    def write(self, text: str) -> None:
        where = {"display_id": self._id}
        shell().display_pub.publish(data={"text/plain": text}, metadata={}, transient=where, update=self._known)
        self._known = True


def as_html(**parts: Any) -> str:
    """`parts` as a cell shows them, in colours that are theirs alone."""
    from actlab.report.figures import kind
    from actlab.report.templates import template

    drawn = template("notebook.html").render(style=_style(), kind=kind, **parts)
    # without the page's script a mark's values are its title
    return re.sub(r'<(\w+)([^<>]*) data-tip="([^"]*)"([^<>]*)/>', r"<\1\2\4><title>\3</title></\1>", drawn)


@functools.cache
def _style() -> str:
    from actlab.report.svg import sheet
    from actlab.report.templates import Markup

    light, dark = re.findall(r":root \{.*?\}", sheet("colours.css"), re.DOTALL)[:2]
    colours = light.replace(":root", ".actlab") + dark.replace(":root", _DARK)
    return sheet("drawing.css") + sheet("notebook.css") + Markup(colours)


def _shown(parts_of: Callable[[Any], Parts], thing: Any) -> str:
    try:
        return as_html(**parts_of(thing))
    except UserError as error:
        return f"<p>{html.escape(str(error))}</p>"


def _of_run(run: "Run") -> Parts:
    from actlab.results import summarise

    return _of_summary(summarise(run))


def _of_summary(summary: "Summary") -> Parts:
    from actlab.report.drawing import forest_of

    notes = [*summary.warned, summary.cost_said, summary.mixed, summary.unfinished]
    said = [summary.conclusion, summary.best_said]
    return {"said": said, "drawings": {"": forest_of(summary)}, "table": summary.answers, "notes": notes}


def _of_judgement(found: "Judgement") -> Parts:
    from actlab.report.judged import pictures_of

    table = [found.headers, *found.text_rows]
    return {
        "said": [found.conclusion],
        "drawings": pictures_of(found),
        "table": table,
        "notes": [*found.told, found.caption],
    }


def _of_verdict(verdict: "Verdict") -> Parts:
    from actlab.report.idea import CHECK_HEADERS, row_of

    found = [finding.as_dict() for finding in verdict.findings]
    failed = [row_of(f) for f in found if f["outcome"] == "fail"]
    others = [row_of(f) for f in found if f["outcome"] != "fail"]
    said = [verdict.said]
    fold = {"What passed, was noted or left out": [CHECK_HEADERS, *others]}
    return {"said": said, "table": [CHECK_HEADERS, *failed] if failed else [], "folds": fold,
            "notes": [f"Measured against {verdict.truth}."]}  # fmt: skip


def _of_activations(items: "Sequence[Shown]") -> Parts:
    """f, f', f'' of all beside each other, and what is known of each."""
    from actlab.checks import explain
    from actlab.report.shapes import shape_drawings

    shapes = shape_drawings(explain.sketches(items))
    texts = {item.label: explain.card(item) for item in items}
    return {"legend": shapes.tint, "row": shapes.drawings, "notes": [shapes.caption, shapes.said], "texts": texts}


def _of_block(block: "Activation") -> Parts:
    from actlab.checks import explain

    return _of_activations([explain.shown(block)])


_SHOWN: dict[str, Callable[[Any], Parts]] = {
    "actlab.experiment.run.Run": _of_run,
    "actlab.results.summary.Summary": _of_summary,
    "actlab.results.judgement.Judgement": _of_judgement,
    "actlab.checks.battery.findings.Verdict": _of_verdict,
    "actlab.activations.core.Activation": _of_block,
    "actlab.report.run.Cards": lambda cards: _of_activations(cards.items),
    "actlab.report.svg.Drawing": lambda drawing: {"drawings": {"": drawing}},
}
