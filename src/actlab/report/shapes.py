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
from actlab.report import svg
from actlab.report.curves import colours, shortened
from actlab.report.functions import stretches
from actlab.report.svg import Drawing, Frame, area, beside, element, group, text, width_of
from actlab.report.templates import template
from actlab.stats import listed

FORMATS = (*svg.FORMATS, ".html")
Histograms = Mapping[str, tuple[np.ndarray, np.ndarray]]  # label -> edges of bins, share of the inputs in each
_PANELS = (("f(x)", "value"), ("f'(x)", "slope"), ("f''(x)", "curvature"))
_PAGE, _FILE, _SMALL = (440.0, 300.0), (340.0, 270.0), (230.0, 190.0)  # a panel's width and height
_TALL = 0.4  # of a panel: the highest bar of a histogram
_ALIKE = 0.004  # of an axis: lines that nobody tells apart
_LEAST = 0.05  # of the x axis: shorter parts on which two functions are the same are not said


@dataclass(frozen=True)
class Shapes:
    """What a page shows of functions."""

    drawings: tuple[Drawing, ...]  # f, f', f''
    caption: str
    said: str  # which of them are the same, and where
    tint: Mapping[str, str]


def shape_drawings(
    sketches: Sequence[Sketch], histograms: Histograms | None = None, *, tint: Mapping[str, str] | None = None,
    arms: Mapping[str, str] | None = None,
) -> Shapes:  # fmt: skip
    """Three panels with values beside the mouse. `arms` names the arm with which a function is hidden, where that is
    not its label; histograms of what training fed the functions stand behind f and f'.
    """
    known = {
        sketch.label: (histograms or {})[sketch.label] for sketch in sketches if sketch.label in (histograms or {})
    }
    tint = tint or colours([sketch.label for sketch in sketches])
    arms = {sketch.label: sketch.label for sketch in sketches} if arms is None else arms
    drawings = tuple(_panel(sketches, place, _PAGE, tint, arms, known) for place in range(3))
    return Shapes(drawings, _caption(sketches, known), alike(sketches), tint)


def card_drawing(sketches: Sequence[Sketch]) -> Drawing:
    """One picture that stands alone: title or legend, the panels beside each other, a note."""
    tint = colours([sketch.label for sketch in sketches])
    row = beside([_panel(sketches, place, _FILE, tint) for place in range(3)], 3)
    head, top = _legend(sketches, tint, row.width)
    lines = textwrap.wrap(f"{_caption(sketches, {})} {alike(sketches)}", int(row.width / width_of("x", 11.5)))
    note = [text(12, top + row.height + 14 + 16 * n, line, class_="soft") for n, line in enumerate(lines)]
    height = top + row.height + 16 * len(lines) + 8
    return Drawing(row.width, height, row.label, (head, group(*row.parts, transform=f"translate(0 {top:g})"), *note))


def overview_drawing(sketches: Sequence[Sketch], columns: int = 4) -> Drawing:
    """Many functions, a small panel each: f solid, f' dashed, the vanishing region shaded."""
    solid, dashed, panels = *colours(["f", "f'"]).values(), []
    for sketch in sketches:
        frame = _frame(_SMALL, sketch.x, [sketch.value, sketch.slope])
        corners = [x for x, *_ in sketch.kinks]
        lines = [frame.smooth(sketch.x, sketch.value, corners, style=f"color:{solid}"),
                 frame.smooth(sketch.x, sketch.slope, corners, class_="train", style=f"color:{dashed}")]  # fmt: skip
        title = text(frame.x.start, 16, shortened(sketch.label, 24), class_="title")
        parts = (*_shades(frame, sketch), frame.axes(zero=True), frame.inside(*lines), title)
        panels.append(Drawing(*_SMALL, f"f and f' of {sketch.label}.", parts))
    return beside(panels, columns)


def draw_card(sketches: Sequence[Sketch], file: Path) -> Path:
    """Write the picture; the ending of the file's name says as what.

    Raises UserError for an ending that is not .svg, .png, .pdf or .html.
    """
    check_file(file)
    if file.suffix.lower() != ".html":
        card_drawing(sketches).save(file)
        return file
    title = ", ".join(sketch.label for sketch in sketches)
    page = template("card.html").render(shapes=shape_drawings(sketches), title=title, sheet=svg.sheet)
    file.write_text(page, encoding="utf-8")
    return file


def check_file(file: Path) -> None:
    """Refuse, before anything is measured, a file that could not be written."""
    if file.suffix.lower() not in FORMATS:
        raise UserError(
            f"--out is {file.name!r}: it must end with .svg, .png, .pdf or .html, which says what is drawn."
        )
    if not file.parent.is_dir():
        raise UserError(f"There is no folder {file.parent} for {file.name}: make it first, or name another.")


def alike(sketches: Sequence[Sketch]) -> str:
    """Which functions are the same, and where; or so near everywhere that one line hides the other."""
    found: list[tuple[str, list[str]]] = []
    for place, one in enumerate(sketches):
        for other in sketches[place + 1 :]:
            x, here, there = np.intersect1d(one.x, other.x, return_indices=True)
            y, gap = one.value[here], np.abs(one.value[here] - other.value[there])
            parts = [
                f"are the same {_where(x, start, end)}"
                for start, end in stretches(gap <= 1e-6 * (1 + np.abs(y)))
                if x[end - 1] - x[start] > _LEAST * (x[-1] - x[0])
            ]
            near = len(x) > 0 and np.all(gap < _ALIKE * np.subtract(*_limits([y], x)[::-1]))
            for said in parts or ["lie on each other"] * bool(near):
                names = next(
                    (names for known, names in found if known == said and {one.label, other.label} & {*names}), None
                )
                if names is None:
                    found.append((said, names := []))
                names += [label for label in (one.label, other.label) if label not in names]
    return " ".join(f"{listed([shortened(name) for name in names])} {said}." for said, names in found)


def _where(x: np.ndarray, start: int, end: int) -> str:
    low, high = (f"{round(float(x[at]), 4) + 0.0:.3g}" for at in (start, end - 1))
    if start == 0:
        return "everywhere" if end == len(x) else f"for x < {high}"
    return f"for x > {low}" if end == len(x) else f"for {low} < x < {high}"


def _caption(sketches: Sequence[Sketch], histograms: Histograms) -> str:
    alone, kinked = len(sketches) == 1, any(sketch.kinks for sketch in sketches)
    said = [f"{'Shaded' if alone else 'Bars'}: |f'| < 0.1, where a gradient vanishes."] * any(
        sketch.vanishing for sketch in sketches
    )
    said += ["Dashed: a kink."] * (alone and kinked)
    said += ["Dot: the value taken at a kink; ring: one that is not."] * kinked
    if histograms:
        most, wide = max((shares.max(), edges[1] - edges[0]) for edges, shares in histograms.values())
        said.append(f"Behind: what training fed it; the highest bar, {wide:g} wide, has {most:.0%} of the inputs.")
    for sketch in sketches:
        if sketch.label in histograms:
            edges, shares = histograms[sketch.label]
            below = np.interp(sketch.x[[0, -1]], edges, np.concatenate([[0], np.cumsum(shares)]))
            beyond = 1 - (below[1] - below[0])
            said += [f"{beyond:.0%} of what {shortened(sketch.label)} was fed lies outside."] * bool(beyond >= 0.005)
    return " ".join(said)


def _panel(
    sketches: Sequence[Sketch], place: int, size: tuple[float, float], tint: Mapping[str, str],
    arms: Mapping[str, str] | None = None, histograms: Histograms | None = None,
) -> Drawing:  # fmt: skip
    """One of f, f', f''; in a page (`arms`) with what answers the mouse."""
    (title, part), x, alone = _PANELS[place], sketches[0].x, len(sketches) == 1
    pitch = 0.0 if alone or place != 1 else min(6.0, 70 / len(sketches))
    frame = _frame(size, x, [getattr(sketch, part) for sketch in sketches], pitch * len(sketches))
    behind, lines = _shades(frame, sketches[0]) if alone else [], []
    most = max((shares.max() for _, shares in (histograms or {}).values()), default=1.0)
    for row, sketch in enumerate(sketches):
        own = {"data_arm": (arms or {}).get(sketch.label), "style": f"color:{tint[sketch.label]}"}
        if histograms and place < 2 and sketch.label in histograms:
            edges, shares = histograms[sketch.label]
            foot = np.full(2 * len(shares), frame.y.start)
            top = foot - np.repeat(shares, 2) / most * _TALL * (frame.y.start - frame.y.end)
            behind.append(group(area(frame.x(np.repeat(edges, 2)[1:-1]), foot, top, class_="band"), **own))
        # what comes later is thinner: two functions that agree are both seen
        width = 2.2 if alone else 2.8 - 1.5 * row / (len(sketches) - 1)
        corners = [kink[0] for kink in sketch.kinks]
        marks = [frame.smooth(sketch.x, getattr(sketch, part), corners, style=f"stroke-width:{width:.3g}")]
        for kink, y, taken in _marks(sketch, place):
            marks.append(element("circle", cx=frame.x.at(kink), cy=frame.y.at(y), r=4 if alone else 3.5,
                                 class_="fill" if taken else "ring"))  # fmt: skip
        if pitch:
            foot = frame.y.start - pitch * (len(sketches) - row)
            for low, high in frame.x(np.array(sketch.vanishing).reshape(-1, 2)).tolist():
                marks.append(element("rect", x=low, y=foot, width=high - low, height=0.6 * pitch, class_="fill"))
        lines.append(group(*marks, **own))
    hits = [] if arms is None else [_hits(frame, sketches, place, arms)]
    dashes = [
        f"M{frame.x.at(kink):.1f} {frame.y.end:.1f}V{frame.y.start:.1f}" for kink, *_ in sketches[0].kinks if alone
    ]
    kinks = element("path", d="".join(dashes), class_="axis dashed") if dashes else ""
    names = listed([sketch.label for sketch in sketches])
    label = f"{title} of {names}, x from {x[0]:.3g} to {x[-1]:.3g}."
    head = text(frame.x.start, 18, title, class_="title")
    inside = [frame.inside(part) for part in ("".join(behind),) if part]
    return Drawing(*size, label, (*inside, frame.axes("x", zero=True), head, frame.inside(kinks, *lines, *hits)))


def _frame(size: tuple[float, float], x: np.ndarray, values: Sequence[np.ndarray], foot: float = 0.0) -> Frame:
    """Limits that show what is drawn, above a foot of so many pixels."""
    low, high = _limits(values, x)
    inner = size[1] - 28 - 42
    low -= (high - low) * foot / (inner - foot)
    return Frame.of(*size, (float(x[0]), float(x[-1])), (low, high), left=40, top=28, bottom=42)


def _limits(values: Sequence[np.ndarray], x: np.ndarray) -> tuple[float, float]:
    """Limits that show all functions, but not the far end of what grows fast; a flat line stands amid a unit."""
    finite = [value[np.isfinite(value)] for value in values]
    reach = max([float(np.abs(x).max()), *(2 * float(np.median(np.abs(value))) for value in finite if len(value))])
    known = np.concatenate([*finite, np.zeros(1)])
    low, high = max(known.min(), -reach), min(known.max(), reach)
    room = 0.07 * (high - low) if high - low > 0.05 else 0.5
    return float(low - room), float(high + room)


def _shades(frame: Frame, sketch: Sketch) -> list[str]:
    ends = frame.x(np.array(sketch.vanishing).reshape(-1, 2)).tolist()
    top, height = frame.y.end, frame.y.start - frame.y.end
    return [element("rect", x=low, y=top, width=high - low, height=height, class_="shade") for low, high in ends]


def _marks(sketch: Sketch, place: int) -> list[tuple[float, float, bool]]:
    """x, y and whether it is taken: at each kink the value of f or f', and the one-sided limits that are not taken."""
    values, marks = getattr(sketch, _PANELS[place][1]), []
    for x, *taken in sketch.kinks:
        y_taken = taken[place] if place < 2 else np.nan  # f'' is nowhere taken at a kink
        if place < 2 and not np.isfinite(y_taken):
            continue  # between two samples, or where f has no value: nobody knows which limit is taken
        here = int(np.searchsorted(sketch.x, x))
        limits = [values[side] for side in (here - 1, here + 1) if 0 <= side < len(values)]
        marks += [(x, float(y), False) for y in limits if np.isfinite(y) and not abs(y - y_taken) <= 1e-3]
        marks += [(x, y_taken, True)] if np.isfinite(y_taken) else []
    return marks


def _hits(frame: Frame, sketches: Sequence[Sketch], place: int, arms: Mapping[str, str]) -> str:
    """The values of all functions at round numbers."""
    at = frame.x.ticks(125)
    lines = [[f"x = {x:g}" for x in at]]
    for sketch in sketches:
        values = np.interp(at, sketch.x, getattr(sketch, _PANELS[place][1]))
        for x, *taken in sketch.kinks:
            values[np.abs(np.array(at) - x) < 1e-9] = taken[place] if place < 2 else np.nan
        name = f"{arms[sketch.label]}\t" if sketch.label in arms else f"{shortened(sketch.label)}: "
        lines.append([f"{name}{value + 0.0:.4g}" if np.isfinite(value) else f"{name}no value" for value in values])
    return frame.columns(at, ["\n".join(tip) for tip in zip(*lines, strict=True)])


def _legend(sketches: Sequence[Sketch], tint: Mapping[str, str], width: float) -> tuple[str, float]:
    """One name as a title; several with their colours, in rows: and how much room they take."""
    if len(sketches) == 1:
        return text(width / 2, 20, shortened(sketches[0].label, 80), anchor="middle", class_="title"), 28.0
    found, left, down = [], 40.0, 18.0
    for label in tint:
        wide = 52 + width_of(shortened(label))
        if left + wide > width and left > 40:
            left, down = 40.0, down + 20
        line = element("path", d=f"M{left:.1f} {down - 4:.1f}h24", style=f"color:{tint[label]}; stroke-width:3")
        found += [line, text(left + 30, down, shortened(label))]
        left += wide
    return group(*found), down + 10
