"""The picture of activations: f, f' and f'' in three panels, as PNG, SVG, or a page with hover. Arrays in, files out.

One colour a function. Kinks: a dashed line, a dot at the value that is taken, a ring at a limit that is not. Shaded:
where |f'| < 0.1, so that a gradient vanishes; with several functions a bar each at the foot of the middle panel.
"""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from actlab.checks import Sketch
from actlab.errors import UserError
from actlab.report.curves import colours, shortened
from actlab.report.plots import Axes, Figure, literal, new_figure, save, svg_text as svg_text

if TYPE_CHECKING:
    from actlab.report.interactive import go

FORMATS = (".png", ".svg", ".html")
_PANELS = (("f(x)", "value"), ("f'(x)", "slope"), ("f''(x)", "curvature"))
_SHADE = "0.93"
_NOTE = (
    "Shaded: |f'| < 0.1, where a gradient vanishes. Dashed: a kink. Dot: the value taken there; ring: one that is not."
)
_NOTE_MANY = "Bars: |f'| < 0.1, where a gradient vanishes. Dot: the value taken at a kink; ring: one that is not."


def draw_card(sketches: Sequence[Sketch], file: Path) -> Path:
    """Write the picture; the ending of the file's name says as what.

    Raises UserError for an ending that is not .png, .svg or .html.
    """
    check_file(file)
    if file.suffix.lower() == ".html":
        file.write_text(card_page(sketches), encoding="utf-8")
    else:
        save(card_figure(sketches), file)
    return file


def check_file(file: Path) -> None:
    """Refuse, before anything is measured, a file that could not be written."""
    if file.suffix.lower() not in FORMATS:
        raise UserError(f"--out is {file.name!r}: it must end with .png, .svg or .html, which says what is drawn.")
    if not file.parent.is_dir():
        raise UserError(f"There is no folder {file.parent} for {file.name}: make it first, or name another.")


def card_figure(sketches: Sequence[Sketch]) -> Figure:
    """The picture as a matplotlib figure of its own."""
    tint = colours([sketch.label for sketch in sketches])
    figure = new_figure(11.0, 3.7, dpi=130)
    for place, (axes, (title, part)) in enumerate(zip(figure.subplots(1, 3), _PANELS, strict=True)):
        _panel(axes, sketches, tint, place, part)
        axes.set_title(title, fontsize=11, style="italic")
    if len(sketches) > 1:
        handles, labels = figure.axes[0].get_legend_handles_labels()
        legend = figure.legend(
            handles, labels, loc="outside upper center", ncols=min(len(labels), 6), frameon=False, fontsize=10
        )
        for text in legend.get_texts():
            literal(text)
    else:
        literal(figure.suptitle(shortened(sketches[0].label), fontsize=13))
    figure.supxlabel(_NOTE if len(sketches) == 1 else _NOTE_MANY, fontsize=8.5, color="0.35", x=0.01, ha="left")
    return figure


def overview_figure(sketches: Sequence[Sketch], columns: int = 4) -> Figure:
    """Many functions, a small panel each: f solid, f' dashed, the vanishing region shaded."""
    rows = -(-len(sketches) // columns)
    figure = new_figure(2.5 * columns, 2.2 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, sketch in zip(grid.flat, sketches, strict=False):
        _frame(axes, sketch.x)
        for low, high in sketch.vanishing:
            axes.axvspan(low, high, color=_SHADE, linewidth=0, zorder=0)
        axes.plot(sketch.x, sketch.value, color=colours(["f"])["f"], linewidth=1.9)
        axes.plot(sketch.x, sketch.slope, color="#d55e00", linewidth=1.1, linestyle=(0, (4, 2)))
        axes.set_ylim(*_limits([sketch.value, sketch.slope], sketch.x))
        literal(axes.set_title(sketch.label, fontsize=9.5))
        axes.tick_params(labelsize=7.5)
    for axes in grid.flat[len(sketches) :]:
        axes.set_visible(False)
    return figure


def save_overview(sketches: Sequence[Sketch], file: Path) -> None:
    """Draw many functions into one file."""
    save(overview_figure(sketches), file)


def card_page(sketches: Sequence[Sketch]) -> str:
    """The picture as one page that needs no network: hover shows the values of all functions at an x."""
    from actlab.report.interactive import go

    tint = colours([sketch.label for sketch in sketches])
    titles = [title for title, _ in _PANELS]
    figure = go.Figure().set_subplots(rows=1, cols=3, subplot_titles=titles, horizontal_spacing=0.05)
    for place, (_, part) in enumerate(_PANELS):
        for sketch in sketches:
            _add_traces(figure, sketch, part, place, tint[sketch.label], len(sketches) > 1)
        low, high = _limits([getattr(sketch, part) for sketch in sketches], sketches[0].x)
        figure.update_yaxes(range=[low, high], col=place + 1)
    if len(sketches) == 1:
        for low, high in sketches[0].vanishing:
            figure.add_vrect(x0=low, x1=high, fillcolor="#000", opacity=0.07, line_width=0, layer="below")
        for x, *_ in sketches[0].kinks:
            figure.add_vline(x=x, line={"dash": "dash", "width": 1.4, "color": "#333"})
    axis = {"zeroline": True, "zerolinecolor": "#bbb", "zerolinewidth": 1, "gridcolor": "#eee"}
    figure.update_xaxes(**axis, title="x", hoverformat=".4f", matches="x")
    figure.update_yaxes(**axis)
    names = ", ".join(sketch.label for sketch in sketches)
    figure.update_layout(
        template={},
        height=460,
        hovermode="x unified",
        legend={"orientation": "h", "y": -0.2, "x": 0.5, "xanchor": "center"},  # below: a phone gives it several lines
        margin={"l": 45, "r": 15, "t": 40, "b": 50},
        paper_bgcolor="white",
        plot_bgcolor="white",
    )
    drawn = figure.to_html(full_html=False, include_plotlyjs=True, config={"displaylogo": False, "responsive": True})
    note = html.escape(_NOTE if len(sketches) == 1 else "Click a name to hide it.")
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(names)}</title>\n"
        "<style>body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 1200px; padding: 0 1rem }"
        "\nh1 { font-size: 1.3rem } p { color: #555 }</style>\n"
        f"<h1>{html.escape(names)}</h1>\n{drawn}\n<p>{note}</p>\n</html>\n"
    )


def _panel(axes: Axes, sketches: Sequence[Sketch], tint: dict[str, str], place: int, part: str) -> None:
    """One of f, f', f''."""
    _frame(axes, sketches[0].x)
    axes.set_xlabel("x", fontsize=9, color="0.35")
    alone = len(sketches) == 1
    for row, sketch in enumerate(sketches):
        colour = tint[sketch.label]
        # what comes later is thinner: two functions that agree are both seen
        width = 2.1 if alone else 2.8 - 1.5 * row / (len(sketches) - 1)
        axes.plot(sketch.x, getattr(sketch, part), color=colour, linewidth=width, label=shortened(sketch.label))
        if alone:
            for x, *_ in sketch.kinks:
                axes.axvline(x, color="0.2", linewidth=1.0, linestyle=(0, (5, 4)), zorder=1.5)
        size = 6.0 if alone else 5.0
        for x, y, taken in _marks(sketch, place):
            axes.plot(
                x, y, "o", color=colour, markersize=size, markerfacecolor=None if taken else "white", zorder=4 + taken
            )
        for low, high in sketch.vanishing:
            if alone:
                axes.axvspan(low, high, color=_SHADE, linewidth=0, zorder=0)
            elif place == 1:
                foot = 0.012 + 0.022 * (len(sketches) - 1 - row)
                axes.axvspan(low, high, foot, foot + 0.014, color=colour, linewidth=0, alpha=0.8)
    low, high = _limits([getattr(sketch, part) for sketch in sketches], sketches[0].x)
    bars = 0 if alone or place != 1 else 0.03 * len(sketches) * (high - low)
    axes.set_ylim(low - bars, high)


def _marks(sketch: Sketch, place: int) -> list[tuple[float, float, bool]]:
    """x, y and whether it is taken: at each kink the value of f or f', and the one-sided limits that are not taken."""
    values = (sketch.value, sketch.slope, sketch.curvature)[place]
    marks = []
    for x, *taken in sketch.kinks:
        y_taken = taken[place] if place < 2 else np.nan  # f'' is nowhere taken at a kink
        here = int(np.searchsorted(sketch.x, x))
        limits = [values[side] for side in (here - 1, here + 1) if 0 <= side < len(values)]
        marks += [(x, float(y), False) for y in limits if np.isfinite(y) and not abs(y - y_taken) <= 1e-3]
        marks += [(x, y_taken, True)] if np.isfinite(y_taken) else []
    return marks


def _frame(axes: Axes, x: np.ndarray) -> None:
    axes.set_xlim(x[0], x[-1])
    axes.axhline(0, color="0.75", linewidth=0.8, zorder=1)
    axes.axvline(0, color="0.75", linewidth=0.8, zorder=1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("0.6")
    axes.tick_params(color="0.6", labelsize=9)


def _limits(values: Sequence[np.ndarray], x: np.ndarray) -> tuple[float, float]:
    """Limits that show all functions, but not the far end of what grows fast; a flat line stands amid a unit."""
    finite = [value[np.isfinite(value)] for value in values]
    reach = max([float(np.abs(x).max()), *(2 * float(np.median(np.abs(value))) for value in finite if len(value))])
    known = np.concatenate([*finite, np.zeros(1)])
    low, high = max(known.min(), -reach), min(known.max(), reach)
    room = 0.07 * (high - low) if high - low > 0.05 else 0.5
    return float(low - room), float(high + room)


def _add_traces(figure: "go.Figure", sketch: Sketch, part: str, place: int, colour: str, several: bool) -> None:
    figure.add_scatter(
        x=np.round(sketch.x, 6).tolist(),
        y=[None if np.isnan(y) else float(f"{y:.6g}") for y in getattr(sketch, part)],
        mode="lines",
        line={"color": colour, "width": 2.2, "simplify": False},
        name=html.escape(shortened(sketch.label)),
        legendgroup=sketch.label,
        showlegend=place == 0 and several,
        hovertemplate="%{y:.5g}",
        row=1,
        col=place + 1,
    )
    marks = _marks(sketch, place)
    if marks:
        figure.add_scatter(
            x=[x for x, *_ in marks],
            y=[y for _, y, _ in marks],
            mode="markers",
            marker={
                "color": [colour if taken else "white" for *_, taken in marks],
                "size": 9,
                "line": {"color": colour, "width": 2},
            },
            legendgroup=sketch.label,
            showlegend=False,
            hoverinfo="skip",
            row=1,
            col=place + 1,
        )
