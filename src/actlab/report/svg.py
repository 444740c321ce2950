"""Drawings as SVG text: marks, scales, axes; the same text stands in a page and in a file (PNG and PDF by vl-convert).

Marks name what they are by a class (`ink`, `soft`, `grid`, `shade`, ...); `drawing.css` gives each its colour, by which
a page is light or dark; a file gets the same rules with the light colours.
"""

import functools
import html
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from actlab.errors import UserError, extra, legible
from actlab.experiment import write_bytes, write_text
from actlab.report.templates import Markup

FORMATS = (".svg", ".png", ".pdf")
_EM = 0.56  # width of a letter, on average, in heights
_SIZE = 13
_DENSITY = 2.0  # pixels of a PNG for one of the drawing
_KEPT = str.maketrans({"\n": "&#10;", "\t": "&#9;"})  # a parser of XML makes spaces of them
_NEAR = 0.03  # of a smooth line in pixels to its points, so that no joint is seen; rounding adds twice as much
_WIDEST = 1.3  # of a drawing in a page, to its own width


@dataclass(frozen=True)
class Drawing:
    """A finished drawing, `width` by `height` pixels; `label` says in words what it shows, to those who do not see it.

    `parts` are its marks, as SVG.

    >>> square = Drawing(20, 10, "a line", ('<path d="M0 0 L20 10"/>',))
    >>> square.save("line.svg")
    >>> square, square.as_file[:26]
    (<Drawing: a line>, '<svg viewBox="0 0 20 10" x')
    """

    width: float
    height: float
    label: str
    parts: tuple[str, ...]

    def __html__(self) -> str:
        return self._text(
            role="img", aria_label=self.label, class_="drawing", style=f"max-width: {_WIDEST * self.width:g}px"
        )

    def __repr__(self) -> str:
        return f"<Drawing: {self.label}>"

    def _repr_svg_(self) -> str:
        return self.as_file

    def save(self, file: str | Path) -> None:
        """Write it into `file`, as the ending of its name says: .svg, .png or .pdf; UserError for another."""
        file = Path(file)
        if file.suffix.lower() not in FORMATS:
            raise UserError(f"{file.name!r} must end with one of {', '.join(FORMATS)}: it says what is drawn.")
        if file.suffix.lower() == ".svg":
            write_text(file, self.as_file)
            return
        with extra("lab", "vl_convert"):
            import vl_convert
        if file.suffix.lower() == ".pdf":
            write_bytes(file, vl_convert.svg_to_pdf(self.as_file))
        else:
            write_bytes(file, vl_convert.svg_to_png(self.as_file, scale=_DENSITY))

    @property
    def as_file(self) -> str:
        """SVG that stands alone: with its colours, on paper."""
        paper = element("rect", width=self.width, height=self.height, class_="paper")
        said = self._text(f"<style>{_light_sheet()}</style>{paper}", xmlns="http://www.w3.org/2000/svg",
                          width=self.width, height=self.height, class_="drawing")  # fmt: skip
        return said

    def _text(self, first: str = "", **attributes: str | float) -> str:
        box = f"0 0 {_said(self.width)} {_said(self.height)}"
        return element("svg", first, *self.parts, viewBox=box, **attributes)


def beside(drawings: Sequence[Drawing], columns: int, title: str = "") -> Drawing:
    """Several as one, in rows of so many, below a title."""
    top, parts, rows = 30.0 * bool(title), [text(16, 20, title, class_="ink title")] * bool(title), []
    for row in (drawings[start : start + columns] for start in range(0, len(drawings), columns)):
        left = 0.0
        for one in row:
            parts.append(element("g", *one.parts, transform=f"translate({_said(left)} {_said(top)})"))
            left += one.width
        rows.append(left)
        top += max(one.height for one in row)
    return Drawing(max(rows, default=0), top, " ".join(one.label for one in drawings), tuple(parts))


def element(name: str, *inside: str, **attributes: str | float | None) -> str:
    """An element; `class_` is class, `aria_label` aria-label. What is inside is markup, what an attribute says is not.

    >>> element("circle", cx=1.25, class_="dot", data_tip='a "b"')
    '<circle cx="1.2" class="dot" data-tip="a &quot;b&quot;"/>'
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(legible(_said(value))).translate(_KEPT)}"'
        for key, value in attributes.items()
        if value is not None
    )
    body = "".join(inside)
    return f"<{name}{said}>{body}</{name}>" if body else f"<{name}{said}/>"


def text(x: float, y: float, words: str, *, anchor: str | None = None, **attributes: str | float | None) -> str:
    """Words at a place; `anchor`: start, middle or end of them there."""
    attributes = {"x": x, "y": y, "text_anchor": anchor, "class_": "ink"} | attributes
    return element("text", html.escape(legible(words)), **attributes)


def rotated(x: float, y: float, words: str, *, anchor: str = "middle", room: float = math.inf) -> str:
    """Soft words at a place, that run upwards; smaller where there is not so much room."""
    size, turned = min(12.0, 12 * room / width_of(words, 12)), f"translate({_said(x)} {_said(y)}) rotate(-90)"
    return text(0, 0, words, anchor=anchor, class_="soft", transform=turned, style=f"font-size: {_said(size)}px")


def path(x: np.ndarray, y: np.ndarray, **attributes: str | float | None) -> str:
    """A line through points in pixels, broken where one is not a number."""
    return element("path", d=_through(x, y), **attributes)


def smooth(x: np.ndarray, y: np.ndarray, **attributes: str | float | None) -> str:
    """A line through close points in pixels, x rising, in few cubic pieces that leave none by more than a tenth of a
    pixel: a corner is the end of one; broken where y is not a number.
    """
    found, known = [], np.isfinite(y)
    for part in np.split(np.arange(len(x)), np.flatnonzero(np.diff(known)) + 1):
        if not len(part) or not known[part[0]]:
            continue
        start, stop = part[0], part[-1]
        found.append(f"M{_said(float(x[start]))} {_said(float(y[start]))}")
        while start < stop:
            size = stop - start
            while not (piece := _cubic(x[start : start + size + 1], y[start : start + size + 1])):
                size = size * 3 // 4
            found.append(piece)
            start += size
    return element("path", d="".join(found), **attributes)


def area(x: np.ndarray, low: np.ndarray, high: np.ndarray, **attributes: str | float | None) -> str:
    """What lies between two lines, in pixels."""
    keep = np.isfinite(low) & np.isfinite(high)
    outline = _through(np.concatenate([x[keep], x[keep][::-1]]), np.concatenate([high[keep], low[keep][::-1]]))
    return element("path", d=outline and f"{outline}Z", **attributes)


def dots(x: np.ndarray, y: np.ndarray, radius: float, **attributes: str | float | None) -> str:
    """A circle at each place, in pixels; none where one is not a number."""
    places = np.column_stack([np.ravel(x), np.ravel(y)])
    known = places[np.isfinite(places).all(axis=1)].tolist()
    return "".join(element("circle", cx=left, cy=down, r=radius, **attributes) for left, down in known)


def group(*inside: str, **attributes: str | float | None) -> str:
    return element("g", *inside, **attributes)


def width_of(words: str, size: float = _SIZE) -> float:
    """Of a text, about; letters of East Asia and pictures are as wide as high.

    >>> round(width_of("ab", 100)), round(width_of("\u65e5\u672c", 100))
    (112, 200)
    """
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in words)
    return size * (_EM * (len(words) - wide) + wide)


@dataclass(frozen=True)
class Scale:
    """Numbers to pixels."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, values: np.ndarray) -> np.ndarray:
        values = np.asarray(values, dtype=np.float64)
        low, high = self.low, self.high
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.is_log:
                values, low, high = np.log(values), math.log(low), math.log(high)
            return self.start + (values - low) / ((high - low) or 1.0) * (self.end - self.start)

    def at(self, value: float) -> float:
        """One number."""
        return float(self(np.array(value)))

    def ticks(self, most: int = 6) -> list[float]:
        """Round numbers within it, at most about so many.

        >>> Scale(0, 25, 0, 100).ticks(), Scale(0.01, 3, 0, 100, is_log=True).ticks()
        ([0.0, 5.0, 10.0, 15.0, 20.0, 25.0], [0.01, 0.1, 1.0])
        """
        if self.is_log:
            return list(_decades(self.low, self.high, most))
        span = self.high - self.low
        if not span > 0:
            return [self.low]
        step = 10 ** math.floor(math.log10(span / most))
        step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= most)
        first = math.ceil(self.low / step - 1e-9)
        return [round(n * step, 12) + 0.0 for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class Frame:
    """Where marks go: a scale to the right, and one upwards."""

    x: Scale
    y: Scale

    @classmethod
    def of(
        cls, width: float, height: float, x: tuple[float, float], y: tuple[float, float], *, left: float | None = None,
        right: float = 12, top: float = 10, bottom: float = 42, log_x: bool = False, log_y: bool = False,
    ) -> "Frame":  # fmt: skip
        up = Scale(*y, height - bottom, top, log_y)
        if left is None:  # room for the numbers, and for a title that runs upwards
            left = max(52.0, 28 + max((width_of(said, 12) for _, said in tick_texts(up.ticks(8))), default=0))
        return cls(Scale(*x, left, width - right, log_x), up)

    def axes(
        self, x_title: str = "", y_title: str = "", *, x_ticks: Sequence[tuple[float, str]] | None = None,
        y_ticks: Sequence[tuple[float, str]] | None = None, zero: bool = False,
        whole: bool = False,
    ) -> str:  # fmt: skip
        """Grid, numbers and titles; `zero`: lines at 0 as well; `whole`: only whole numbers along x."""
        x, y = self.x, self.y
        room = max(2, min(7, int((x.end - x.start) / 55)))
        found = []
        along = [tick for tick in x.ticks(room) if not whole or tick == round(tick)]
        for value, said in tick_texts(along) if x_ticks is None else x_ticks:
            at = x.at(value)
            found += [element("path", d=f"M{_said(at)} {_said(y.end)}V{_said(y.start)}", class_="grid")]
            found += [text(at, y.start + 16, said, anchor="middle", class_="soft")]
        for value, said in tick_texts(y.ticks(8)) if y_ticks is None else y_ticks:
            at = y.at(value)
            found += [element("path", d=f"M{_said(x.start)} {_said(at)}H{_said(x.end)}", class_="grid")]
            found += [text(x.start - 6, at + 4, said, anchor="end", class_="soft")]
        if zero and x.low < 0 < x.high:
            found += [element("path", d=f"M{_said(x.at(0))} {_said(y.end)}V{_said(y.start)}", class_="zero")]
        if zero and y.low < 0 < y.high:
            found += [element("path", d=f"M{_said(x.start)} {_said(y.at(0))}H{_said(x.end)}", class_="zero")]
        if x_title:
            found += [text((x.start + x.end) / 2, y.start + 34, x_title, anchor="middle", class_="soft")]
        if y_title:
            found += [rotated(13, (y.start + y.end) / 2, y_title, room=y.start - y.end)]
        return group(*found, aria_hidden="true")

    def inside(self, *parts: str) -> str:
        """Marks, cut off at the frame's edges."""
        left, top = self.x.start, self.y.end
        width, height = self.x.end - left, self.y.start - top
        box = " ".join(map(_said, (left, top, width, height)))
        return element("svg", *parts, x=left, y=top, width=width, height=height, viewBox=box, overflow="hidden")

    def line(self, x: np.ndarray, y: np.ndarray, **attributes: str | float | None) -> str:
        return path(self.x(x), self.y(y), **attributes)

    def smooth(self, x: np.ndarray, y: np.ndarray, **attributes: str | float | None) -> str:
        """A smooth line; what is far outside is drawn no farther than one frame's height."""
        height = self.y.start - self.y.end
        down = np.clip(self.y(y), self.y.end - height, self.y.start + height)
        return smooth(self.x(x), down, **attributes)

    def columns(self, at: Sequence[float] | np.ndarray, tips: Sequence[str]) -> str:
        """An unseen strip for each place along x: the mouse over it, or an arrow key, shows what it says."""
        places = self.x(np.asarray(at, dtype=np.float64))
        edges = np.round([self.x.start, *((places[1:] + places[:-1]) / 2), self.x.end], 1).tolist()  # no gaps between
        height = self.y.start - self.y.end
        return group(
            *(
                element("rect", x=left, y=self.y.end, width=max(0.0, right - left), height=height, class_="hit",
                        data_tip=tip, data_x=place)
                for left, right, place, tip in zip(edges[:-1], edges[1:], places, tips, strict=True)
            )
        )  # fmt: skip


def limits(values: Sequence[np.ndarray], room: float = 0.06) -> tuple[float, float]:
    """That show all values that are numbers, with some room; a flat line stands amid a unit."""
    known = np.concatenate([np.ravel(value)[np.isfinite(np.ravel(value))] for value in values] or [np.empty(0)])
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    more = room * (high - low) or max(0.05 * abs(high), 1e-3)
    return low - more, high + more


def tick_texts(ticks: Sequence[float]) -> list[tuple[float, str]]:
    """Each number with its text, with as many digits as it needs.

    >>> tick_texts([0.0, 0.5, 1.0]), tick_texts([1.5e-04, 1.0])
    ([(0.0, '0'), (0.5, '0.5'), (1.0, '1')], [(0.00015, '1.5e-4'), (1.0, '1')])
    """
    small = [0 < abs(tick) < 1e-3 for tick in ticks]
    said = (np.format_float_scientific(t, 5, trim="-") if s else f"{t:.6g}" for t, s in zip(ticks, small, strict=True))
    return [(t, re.sub(r"e([+-])0*", lambda m: "e" + m[1].strip("+"), s)) for t, s in zip(ticks, said, strict=True)]


def _decades(low: float, high: float, most: int) -> Iterator[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first < 1:  # within one decade: 1, 2, 5
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        yield from (v for n in range(first, last + 1) for f in (1, 2, 5) if low <= (v := f * 10.0**n) <= high)
        return
    step = max(1, math.ceil((last - first + 1) / most))
    yield from (10.0**n for n in range(first, last + 1, step))


def _cubic(x: np.ndarray, y: np.ndarray) -> str:
    """The piece from the first to the last point that is nearest to the straight lines between; none if not near."""
    t = (x - x[0]) / (x[-1] - x[0])
    off = y - y[0] - t * (y[-1] - y[0])  # the chord
    t, off = (np.concatenate([values, (values[1:] + values[:-1]) / 2]) for values in (t, off))
    pulls = np.stack([3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2], axis=1)
    bend = np.linalg.lstsq(pulls, off, rcond=None)[0]  # how far the two control points lie off the chord
    if len(x) > 2 and np.abs(pulls @ bend - off).max() > _NEAR:
        return ""
    end = f"{_said(x[-1])} {_said(y[-1])}"
    if np.abs(bend).max() < _NEAR:
        return f"L{end}"
    thirds = np.array([1, 2]) / 3
    points = zip(x[0] + thirds * (x[-1] - x[0]), y[0] + thirds * (y[-1] - y[0]) + bend, strict=True)
    return f"C{' '.join(f'{_said(left)} {_said(down)}' for left, down in points)} {end}"


def _through(x: np.ndarray, y: np.ndarray) -> str:
    known = np.isfinite(x) & np.isfinite(y)
    found, pen = [], "M"
    for left, down, is_known in zip(np.asarray(x).tolist(), np.asarray(y).tolist(), known.tolist(), strict=True):
        if is_known:
            found.append(f"{pen}{_said(left)} {_said(down)}")
            pen = "L"
        else:
            pen = "M"
    return "".join(found)


def _said(value: str | float) -> str:
    """A number of pixels to a tenth."""
    return value if isinstance(value, str) else f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


@functools.cache
def sheet(name: str) -> Markup:
    """A style sheet or script that stands beside this file."""
    return Markup(files("actlab.report").joinpath(name).read_text(encoding="utf-8"))


@functools.cache
def _light_sheet() -> str:
    """The rules of drawings, with the light colours in place of their names."""
    colours = dict(re.findall(r"(--[\w-]+): ([^;]+);", sheet("colours.css").partition("@media")[0]))
    rules = re.sub(r"var\((--[\w-]+)\)", lambda found: colours[found[1]], sheet("drawing.css"))
    return re.sub(r"\s*\n\s*", "", re.sub(r"/\*.*?\*/", "", rules))
