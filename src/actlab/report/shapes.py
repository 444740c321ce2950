"""Pictures of activations: f, f' and f'' in three panels, for pages and for files. Sketches in, drawings out.

One colour a function. Kinks: a dashed line, a dot at the value that is taken, a ring at a limit that is not. Shaded:
where |f'| < 0.1, so that a gradient vanishes; with several functions a bar each at the foot of the middle panel.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actlab.checks import Sketch
from actlab.errors import UserError
from actlab.experiment import Run, write_text
from actlab.report import svg
from actlab.report.curves import colours, function_colours, shortened
from actlab.report.figures import legend_of
from actlab.report.functions import alike, arms_of, fed, run_shapes
from actlab.report.svg import Drawing, Frame, area, beside, element, group, path, text, width_of
from actlab.report.templates import template
from actlab.stats import listed

FORMATS = (*svg.FORMATS, ".html")
Histograms = Mapping[str, tuple[np.ndarray, np.ndarray]]  # label -> edges of bins, share of the inputs in each
_PANELS = (("f(x)", "value"), ("f'(x)", "slope"), ("f''(x)", "curvature"))
_SIZE, _SMALL = (340.0, 270.0), (230.0, 190.0)  # a panel's width and height
_TALL = 0.4  # of a panel: the highest bar of a histogram


@dataclass(frozen=True)
class Shapes:
    """What a page shows of functions."""

    drawings: tuple[Drawing, ...]  # f, f', f''
    caption: str
    said: str  # which of them are the same, and where
    tint: Mapping[str, str]


def run_drawings(run: Run) -> Shapes | None:
    """The functions of a run over what training fed them; none where it has not kept any."""
    sketches = run_shapes(run)
    tint = function_colours(run, [sketch.label for sketch in sketches])
    return shape_drawings(sketches, fed(run), tint, arms_of(run)) if sketches else None


def shape_drawings(
    sketches: Sequence[Sketch], histograms: Histograms | None = None, tint: Mapping[str, str] | None = None,
    arms: Mapping[str, str] | None = None,
) -> Shapes:  # fmt: skip
    """Three panels with values beside the mouse. Histograms of what training fed the functions stand behind f and f';
    `arms`: label -> the arm with which it is shown and hidden, by default its own.
    """
    labels = [sketch.label for sketch in sketches]
    tint, arms = tint or colours(labels), dict(zip(labels, labels, strict=True)) if arms is None else arms
    drawings = tuple(_panel(sketches, place, tint, arms, histograms or {}) for place in range(3))
    return Shapes(drawings, _caption(sketches, histograms or {}), alike(sketches), tint)


def card_drawing(sketches: Sequence[Sketch]) -> Drawing:
    """One picture that stands alone: title or legend, the panels beside each other, a note."""
    labels = [sketch.label for sketch in sketches]
    tint = colours(labels)
    row = beside([_panel(sketches, place, tint) for place in range(3)], 3)
    head, top = legend_of(labels, tint, row.width) if len(labels) > 1 else (
        text(row.width / 2, 20, shortened(labels[0], 80), anchor="middle", class_="title"), 28.0
    )  # fmt: skip
    lines = textwrap.wrap(f"{_caption(sketches, {})} {alike(sketches)}", int(row.width / width_of("x", 11.5)))
    note = [text(12, top + row.height + 14 + 16 * n, line, class_="soft") for n, line in enumerate(lines)]
    parts = (head, group(*row.parts, transform=f"translate(0 {top:g})"), *note)
    return Drawing(row.width, top + row.height + 16 * len(lines) + 8, row.label, parts)


def overview_drawing(sketches: Sequence[Sketch], columns: int = 4) -> Drawing:
    """Many functions, a small panel each: f solid, f' dashed, the vanishing region shaded."""
    solid, dashed, panels = *(f"color:{colour}" for colour in colours(["f", "f'"]).values()), []
    for sketch in sketches:
        frame = _frame(_SMALL, sketch.x, [sketch.value, sketch.slope])
        lines = [frame.smooth(sketch.x, sketch.value, style=solid),
                 frame.smooth(sketch.x, sketch.slope, class_="train", style=dashed)]  # fmt: skip
        title = text(frame.x.start, 16, shortened(sketch.label, 24), class_="title")
        parts = (*_shades(frame, sketch), frame.axes(zero=True), frame.inside(*lines), title)
        panels.append(Drawing(*_SMALL, f"f and f' of {sketch.label}.", parts))
    return beside(panels, columns)


def draw_card(sketches: Sequence[Sketch], file: Path) -> Path:
    """Write the picture; the ending of the file's name says as what.

    Raises UserError for an ending that is not .svg, .png, .pdf or .html.
    """
    check_file(file)
    if file.suffix.lower() == ".html":
        page = template("card.html").render(shapes=shape_drawings(sketches), sheet=svg.sheet)
        write_text(file, page)
    else:
        card_drawing(sketches).save(file)
    return file


def check_file(file: Path) -> None:
    """Refuse, before anything is measured, a file that could not be written."""
    if file.suffix.lower() not in FORMATS:
        raise UserError(f"--out is {file.name!r}: it must end with .svg, .png, .pdf or .html: it says what is drawn.")
    if not file.parent.is_dir():
        raise UserError(f"There is no folder {file.parent} for {file.name}: make it first, or name another.")


def _caption(sketches: Sequence[Sketch], histograms: Histograms) -> str:
    alone, kinked = len(sketches) == 1, any(sketch.kinks for sketch in sketches)
    flat = any(sketch.vanishing for sketch in sketches)
    said = [f"{'Shaded' if alone else 'Bars'}: |f'| < 0.1, where a gradient vanishes."] * flat
    said += ["Dashed: a kink."] * (alone and kinked)
    said += ["Dot: the value taken at a kink; ring: one that is not."] * kinked
    if histograms:
        most, wide = max((shares.max(), edges[1] - edges[0]) for edges, shares in histograms.values())
        ends = sketches[0].x[[0, -1]]
        shown = [np.ptp(np.interp(ends, edges, np.cumsum([0, *shares]))) for edges, shares in histograms.values()]
        said.append(f"Behind: the inputs in training; the highest bar, {wide:g} wide, has {most:.0%} of them.")
        said += [f"Up to {1 - min(shown):.0%} lie outside."] * bool(min(shown) < 0.995)
    return " ".join(said)


def _panel(
    sketches: Sequence[Sketch], place: int, tint: Mapping[str, str],
    arms: Mapping[str, str] | None = None, histograms: Histograms | None = None,
) -> Drawing:  # fmt: skip
    """One of f, f', f''; in a page (`arms`) with what answers the mouse."""
    (title, part), x, alone = _PANELS[place], sketches[0].x, len(sketches) == 1
    pitch = 0.0 if alone or place != 1 else min(6.0, 70 / len(sketches))  # of the bars
    frame = _frame(_SIZE, x, [getattr(sketch, part) for sketch in sketches], pitch * len(sketches))
    behind, lines, bars = _shades(frame, sketches[0]) if alone else [], [], histograms if place < 2 else {}
    most = max((shares.max() for _, shares in (histograms or {}).values()), default=1.0)
    for row, sketch in enumerate(sketches):
        own = {"data_arm": (arms or {}).get(sketch.label), "style": f"color:{tint[sketch.label]}"}
        if bars and sketch.label in bars:
            edges, shares = bars[sketch.label]
            across, foot = frame.x(np.repeat(edges, 2)[1:-1]), frame.y.start - pitch * len(sketches)
            top = foot - _TALL * (frame.y.start - frame.y.end) / most * np.repeat(shares, 2)
            steps = path(across, top, class_="thin", style="stroke-opacity:.5")
            behind.append(group(area(across, np.full_like(top, foot), top, class_="band"), steps, **own))
        # what comes later is thinner: two functions that agree are both seen
        width = 2.2 if alone else 2.8 - 1.5 * row / (len(sketches) - 1)
        marks = [frame.smooth(sketch.x, getattr(sketch, part), style=f"stroke-width:{width:.3g}")]
        if pitch:
            marks += _shades(frame, sketch, (frame.y.start - pitch * (len(sketches) - row), 0.6 * pitch))
        lines.append(group(*marks, *_marks(frame, sketch, place), **own))
    ends = np.array([frame.y.low, frame.y.high])
    kinks = [frame.line(np.full(2, at), ends, class_="axis dashed") for at, *_ in sketches[0].kinks if alone]
    hits = [] if arms is None else [_hits(frame, sketches, place, arms)]
    label = f"{title} of {listed([sketch.label for sketch in sketches])}, x from {x[0]:.3g} to {x[-1]:.3g}."
    head = (text(frame.x.start, 18, title, class_="title"), frame.axes("x", zero=True))
    return Drawing(*_SIZE, label, (frame.inside(*behind), *head, frame.inside(*kinks, *lines, *hits)))


def _frame(size: tuple[float, float], x: np.ndarray, values: Sequence[np.ndarray], foot: float = 0.0) -> Frame:
    """Limits that show all, but no far end of what grows fast, above a foot of so many pixels; a flat line amid 1."""
    finite = [value[np.isfinite(value)] for value in values]
    reach = max([float(np.abs(x).max()), *(2 * float(np.median(np.abs(value))) for value in finite if len(value))])
    known = np.concatenate([*finite, np.zeros(1)])
    low, high = max(float(known.min()), -reach), min(float(known.max()), reach)
    room = 0.07 * (high - low) if high - low > 0.05 else 0.5
    below = (high - low + 2 * room) * foot / (size[1] - 70 - foot)
    return Frame.of(*size, (x[0], x[-1]), (low - room - below, high + room), left=44, top=28, bottom=42)


def _shades(frame: Frame, sketch: Sketch, bar: tuple[float, float] | None = None) -> list[str]:
    """Where its gradient vanishes: over the whole height of a panel, or a bar from so far down, so high."""
    top, tall = bar or (frame.y.end, frame.y.start - frame.y.end)
    ends, kind = frame.x(np.array(sketch.vanishing).reshape(-1, 2)).tolist(), "fill" if bar else "shade"
    return [element("rect", x=low, y=top, width=high - low, height=tall, class_=kind) for low, high in ends]


def _marks(frame: Frame, sketch: Sketch, place: int) -> list[str]:
    """At each kink a dot at the value of f or f', a ring at the one-sided limits that are not taken."""
    values, marks = getattr(sketch, _PANELS[place][1]), []
    for x, *taken in sketch.kinks:
        here, known = int(np.searchsorted(sketch.x, x)), [*taken, np.nan][place]  # f'' is nowhere taken at a kink
        if place == 2 or np.isfinite(known):  # of a kink between two samples nobody knows which limit is taken
            limits = values[max(here - 1, 0) : here + 2 : 2].tolist()
            marks += [(x, y, "ring") for y in limits if not abs(y - known) <= 1e-3] + [(x, known, "fill")]
    seen = [(frame.x.at(x), frame.y.at(y), kind) for x, y, kind in marks if frame.y.low <= y <= frame.y.high]
    return [element("circle", cx=left, cy=down, r=3.8, class_=kind) for left, down, kind in seen]


def _hits(frame: Frame, sketches: Sequence[Sketch], place: int, arms: Mapping[str, str]) -> str:
    """The values of all functions at round numbers."""
    at = np.array(frame.x.ticks(125))
    lines = [[f"x = {x:g}" for x in at]]
    for sketch in sketches:
        values = np.interp(at, sketch.x, getattr(sketch, _PANELS[place][1]))
        for x, *taken in sketch.kinks:
            if np.isfinite(known := [*taken, np.nan][place]):
                values[np.abs(at - x) < 1e-9] = known
        own = " ".join(arms.get(sketch.label, sketch.label).split())  # a line is one function's
        name = f"{own}\t" if sketch.label in arms else f"{shortened(own)}: "
        lines.append([f"{name}{round(value, 6) + 0.0:.4g}" if np.isfinite(value) else f"{name}–" for value in values])
    return frame.columns(at.tolist(), ["\n".join(tip) for tip in zip(*lines, strict=True)])
