"""The pictures of benchmarks' records: lines and bars, by the report's own drawings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actlab.report.curves import colours
from actlab.report.svg import Drawing, Frame, dots, element, group, limits, text, width_of

WIDTH, HEIGHT = 640.0, 380.0
_ROW = 26.0


@dataclass(frozen=True)
class Line:
    """Points in order; `asked` is a place on the x axis that is marked in the line's colour."""

    x: Sequence[float]
    y: Sequence[float]
    width: float = 2.0
    dashed: bool = False
    asked: float | None = None


def lines(
    series: Mapping[str, Line], x_title: str, y_title: str, *, log_y: bool = False, x_ticks: Sequence[float] = ()
) -> Drawing:
    """Lines over a logarithmic x axis, names below."""
    tint = colours(list(series))
    x_values = [np.log(np.array(line.x, float)) for line in series.values()]
    y_values = [np.array(line.y, float) for line in series.values()]
    low, high = limits(x_values, 0.03)
    y_limits = limits([np.log(y) for y in y_values]) if log_y else limits(y_values)
    y_limits = tuple(np.exp(y_limits)) if log_y else y_limits
    frame = Frame.of(WIDTH, HEIGHT, (float(np.exp(low)), float(np.exp(high))), y_limits, log_x=True, log_y=log_y)
    marks, names = [], []
    for place, (name, line) in enumerate(series.items()):
        x, y = frame.x(np.array(line.x, float)), frame.y(np.array(line.y, float))
        style = f"stroke-width:{line.width:g}" + ";stroke-dasharray:6 4" * line.dashed
        parts = [frame.line(np.array(line.x), np.array(line.y), style=style), dots(x, y, 2.5, class_="fill")]
        if line.asked is not None:
            at = frame.x.at(line.asked)
            parts.append(element("path", d=f"M{at:.1f} {frame.y.end:.1f}V{frame.y.start:.1f}", class_="dashed thin"))
        marks.append(group(*parts, style=f"color:{tint[name]}"))
        down = HEIGHT + 14 + 20 * place
        names.append(element("circle", cx=60, cy=down - 4, r=5, class_="fill", style=f"color:{tint[name]}"))
        names.append(text(72, down, name))
    ticks = [(tick, f"{tick:g}") for tick in x_ticks if frame.x.low <= tick <= frame.x.high] or None
    parts = (frame.axes(x_title, y_title, x_ticks=ticks), frame.inside(*marks), *names)
    return Drawing(WIDTH, HEIGHT + 20 * len(series) + 6, f"{y_title} by {x_title}: {', '.join(series)}", parts)


def bars(values: Mapping[str, float], asked: Mapping[str, float], title: str) -> Drawing:
    """A bar a name, and a line at what was asked."""
    height = _ROW * len(values) + 60
    most = max([*values.values(), *asked.values()]) * 1.05
    left = 14 + max(map(width_of, values))
    frame = Frame.of(WIDTH, height, (0, most), (len(values), 0), left=left)
    marks = []
    for place, (name, value) in enumerate(values.items()):
        top = frame.y.at(place) + 4
        marks.append(text(left - 8, top + 14, name, anchor="end"))
        wide = frame.x.at(value) - frame.x.start
        marks.append(element("rect", x=frame.x.start, y=top, width=wide, height=_ROW - 8, class_="fill",
                             style="color:#2b8cc4"))  # fmt: skip
        if name in asked:
            at = frame.x.at(asked[name])
            marks.append(element("path", d=f"M{at:.1f} {top - 3:.1f}v{_ROW - 2:.1f}", class_="rule"))
    said = "; ".join(f"{name}: {value:.3g}" for name, value in values.items())
    return Drawing(WIDTH, height, f"{title}: {said}", (frame.axes(title, y_ticks=[]), *marks))
