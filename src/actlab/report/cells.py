"""What a notebook's cell shows of a result: the page's own parts, in colours and a style that are theirs alone."""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

from actlab.checks import Shown, Verdict, explain
from actlab.report.figures import forest_of, kind
from actlab.report.idea import CHECK_HEADERS, row_of
from actlab.report.judged import pictures_of
from actlab.report.shapes import shape_drawings
from actlab.report.svg import sheet
from actlab.report.templates import Markup, template
from actlab.results import Judgement, Summary, summarise

Parts = dict[str, Any]  # for cell.html
# these say that a notebook is dark; what the reader's system prefers has no say in it
_DARK = '[data-jp-theme-light="false"] .actlab, .vscode-dark .actlab, html[theme="dark"] .actlab'


def as_html(thing: Any) -> str:
    parts = next(_PARTS[base.__name__](thing) for base in type(thing).__mro__ if base.__name__ in _PARTS)
    drawn = template("cell.html").render(style=_style(), kind=kind, **parts)
    # without the page's script a mark's values are its title
    return re.sub(r'<(\w+)([^<>]*) data-tip="([^"]*)"([^<>]*)/>', r"<\1\2\4><title>\3</title></\1>", drawn)


@functools.cache
def _style() -> str:
    light, dark = re.findall(r":root \{.*?\}", sheet("colours.css"), re.DOTALL)[:2]
    colours = light.replace(":root", ".actlab") + dark.replace(":root", _DARK)
    return sheet("drawing.css") + sheet("cell.css") + Markup(colours)


def _summary(found: Summary) -> Parts:
    few = found.only(found.shown)
    notes = [found.shown_said, *found.warned, found.mixed, found.unfinished]
    said = [found.conclusion, found.best_said]
    return {"said": said, "drawings": {"": forest_of(few)}, "table": few.answers, "notes": notes}


def _judgement(found: Judgement) -> Parts:
    table, notes = [found.headers, *found.text_rows], [*found.told, found.caption]
    return {"said": [found.conclusion], "drawings": pictures_of(found), "table": table, "notes": notes}


def _verdict(found: Verdict) -> Parts:
    failed, others = ([CHECK_HEADERS, *(row_of(f.as_dict()) for f in found.findings if (f.outcome == "fail") == fails)]
                      for fails in (True, False))  # fmt: skip
    folds = {"What passed, was noted or left out": others}
    notes = [f"Measured against {found.truth}."]
    return {"said": [found.said], "table": failed if failed[1:] else [], "notes": notes, "folds": folds}


def _activations(items: Sequence[Shown]) -> Parts:
    """f, f', f'' of all beside each other, and what is known of each."""
    shapes = shape_drawings(explain.sketches(items))
    texts = {item.label: explain.card(item) for item in items}
    return {"legend": shapes.tint, "row": shapes.drawings, "notes": [shapes.caption, shapes.said], "texts": texts}


_PARTS: dict[str, Callable[[Any], Parts]] = {
    "Run": lambda run: _summary(summarise(run)),
    "Summary": _summary,
    "Judgement": _judgement,
    "Verdict": _verdict,
    "Activation": lambda block: _activations([explain.shown(block)]),
    "Cards": lambda cards: _activations(cards.items),
    "Drawing": lambda drawing: {"drawings": {"": drawing}},
}
