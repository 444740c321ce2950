"""The charts that answer the mouse: Plotly figures, which the page draws with one inlined copy of plotly.js.

Every trace has `meta`: the arms that it belongs to, and whether it is a band; the page shows and hides traces by it.
"""

import json
from html import escape

import numpy as np

from actlab.errors import need_extra
from actlab.experiment import Run
from actlab.report.curves import (
    Curve,
    arm_colours,
    curves_of,
    function_colours,
    function_limits,
    is_log,
    sampled,
    shortened,
)
from actlab.results import Summary, Tuning, with_arms
from actlab.stats import paired_differences

try:
    import plotly.graph_objects as go
    from plotly.offline import get_plotlyjs
except ImportError:
    raise need_extra("lab", "plotly") from None

__all__ = ["as_json", "charts", "get_plotlyjs"]


def charts(run: Run, summary: Summary) -> dict[str, go.Figure]:
    """The figures by name: accuracy, loss, differences, f and its derivative, as far as there is something to draw."""
    found = {"accuracy": accuracy_chart(run), "loss": loss_chart(run)}
    if summary.comparisons:
        found["differences"] = differences_chart(summary, arm_colours(run))
    if summary.tuning and len(summary.tuning.rates) > 1:
        found["tuning"] = tuning_chart(summary.tuning, arm_colours(run))
    if sampled(run):
        found |= function_charts(run)
    return {name: figure for name, figure in found.items() if figure.data}


def loss_chart(run: Run) -> go.Figure:
    train, valid = curves_of(run, "train_loss"), curves_of(run, "valid_loss")
    figure = _curve_chart(train, valid, 1.0, ".4f", arm_colours(run))
    log = {"type": "log", "dtick": 1, "exponentformat": "none"} if is_log([*train, *valid]) else {}
    return figure.update_yaxes(title="cross-entropy loss", **log)


def accuracy_chart(run: Run) -> go.Figure:
    train, valid = curves_of(run, "train_accuracy"), curves_of(run, "valid_accuracy")
    return _curve_chart(train, valid, 100.0, ".2f", arm_colours(run)).update_yaxes(title="accuracy, %")


def differences_chart(summary: Summary, tint: dict[str, str]) -> go.Figure:
    """A dot a seed, and the interval; the rows run from top to bottom."""
    figure = go.Figure()
    baseline = summary.comparisons[0].baseline
    for place, item in enumerate(summary.comparisons):
        pairs = paired_differences(summary.values[baseline], summary.values[item.name])
        spread = np.linspace(-0.14, 0.14, len(pairs)) if len(pairs) > 1 else np.zeros(len(pairs))
        figure.add_scatter(
            x=[100 * value for value in pairs.values()],
            y=(place + spread).tolist(),
            customdata=list(pairs),
            mode="markers",
            marker={"color": tint[item.name], "size": 7, "opacity": 0.5},
            hovertemplate="seed %{customdata}: %{x:+.2f} points",
            name=escape(item.name),
            meta={"arms": [item.name]},
        )
        if pairs:
            figure.add_scatter(**_interval_trace(item, place))
    figure.update_xaxes(title="difference, percentage points", zeroline=True, zerolinewidth=2, rangemode="tozero")
    # the names stand above their rows: beside them they would leave a phone no room
    for place, item in enumerate(summary.comparisons):
        name = escape(shortened(item.name, 40))
        figure.add_annotation(
            text=name, x=0, xref="paper", xanchor="left", y=place - 0.34, yanchor="middle", showarrow=False
        )
    count = len(summary.comparisons)
    figure.update_yaxes(range=[count - 0.6, -0.62], showgrid=False, zeroline=False, showticklabels=False, ticks="")
    figure.update_layout(**_layout(height=80 + 54 * count), hovermode="closest")
    return figure.update_layout(margin_l=10)


def tuning_chart(tuning: Tuning, tint: dict[str, str]) -> go.Figure:
    """Validation accuracy over the learning rate, a line an activation; a ring around what was chosen."""
    figure = go.Figure()
    for name in tuning.names:
        points = {rate: 100 * item.accuracy for rate, item in tuning.by_rate[name].items() if not item.diverged}
        own = tuning.setting(name)["learning_rate"]
        figure.add_scatter(
            x=list(points),
            y=_rounded(np.array([*points.values()]), 4),
            mode="lines+markers",
            line={"color": tint[name], "width": 2.4},
            marker={
                "size": [14 if rate == own else 6 for rate in points],
                "symbol": ["circle-open" if rate == own else "circle" for rate in points],
                "line": {"width": 2.4},
            },
            name=escape(shortened(name, 40)),
            hovertemplate="%{y:.2f}",
            meta={"arms": [name]},
        )
    ticks = [f"{rate:g}" for rate in tuning.rates]
    figure.update_xaxes(title="learning rate", type="log", tickvals=tuning.rates, ticktext=ticks)
    figure.update_yaxes(title="validation accuracy, %", range=list(tuning.limits))
    return figure.update_layout(**_layout(height=360))


def function_charts(run: Run) -> dict[str, go.Figure]:
    """f, and f', of all activations."""
    functions = sampled(run)
    tint, arms = function_colours(run, list(functions)), _arms_by_function(run)
    found = {}
    for which, (name, title) in enumerate((("function", "f(x)"), ("derivative", "f'(x)"))):
        figure = go.Figure()
        for label, (x, *both) in functions.items():
            step = max(1, len(x) // 300)
            figure.add_scatter(
                x=_rounded(x[::step], 4),
                y=_rounded(both[which][::step], 6),
                mode="lines",
                line={"color": tint[label], "width": 2},
                name=escape(shortened(label, 40)),
                hovertemplate="%{y:.4f}",
                meta={"arms": arms.get(label, [])},
            )
        limits = function_limits(x, [values[1 + which] for values in functions.values()])
        figure.update_xaxes(title="x", zeroline=True)
        figure.update_yaxes(title=title, range=list(limits), zeroline=True)
        found[name] = figure.update_layout(**_layout(height=340))
    return found


def as_json(figure: go.Figure) -> str:
    """A figure as JSON that can stand inside a script element: no `<` can end it; NaN is null."""
    return json.dumps(json.loads(figure.to_json()), separators=(",", ":")).replace("<", "\\u003c")


def _curve_chart(train: list[Curve], valid: list[Curve], scale: float, digits: str, tint: dict[str, str]) -> go.Figure:
    figure = go.Figure()
    for one, other in zip(train, valid, strict=True):
        for curve, part, dash in ((one, "training", "dash"), (other, "validation", "solid")):
            if curve.seeds > 1:
                figure.add_scatter(**_band(curve, scale, tint[curve.arm], 0.18 if dash == "solid" else 0.09))
            figure.add_scatter(**_line(curve, part, dash, scale, digits, tint[curve.arm]))
    figure.update_xaxes(title="epoch", rangemode="tozero" if _longest(valid) > 3 else "normal", zeroline=False)
    if _longest(valid) <= 12:
        figure.update_xaxes(dtick=1)
    return figure.update_layout(**_layout(height=420))


def _longest(curves: list[Curve]) -> int:
    return max((len(curve.epochs) for curve in curves), default=0)


def _line(curve: Curve, part: str, dash: str, scale: float, digits: str, colour: str) -> dict:
    seeds = curve.seeds
    spread = " (%{customdata[0]:" + digits + "} to %{customdata[1]:" + digits + "})" if seeds > 1 else ""
    return {
        "x": curve.epochs.tolist(),
        "y": _rounded(scale * curve.mean, 6),
        "customdata": list(zip(_rounded(scale * curve.low, 5), _rounded(scale * curve.high, 5), strict=True)),
        "mode": "lines" if len(curve.epochs) > 2 else "lines+markers",
        "marker": {"symbol": "circle" if dash == "solid" else "circle-open", "size": 8},
        "line": {"color": colour, "dash": dash, "width": 2.4 if dash == "solid" else 1.5},
        "name": escape(f"{shortened(curve.arm, 40)}, {part}"),
        "hovertemplate": "%{y:" + digits + "}" + spread,
        "meta": {"arms": [curve.arm]},
    }


def _band(curve: Curve, scale: float, colour: str, opacity: float) -> dict:
    keep = np.isfinite(curve.low) & np.isfinite(curve.high)
    x = curve.epochs[keep].tolist()
    low, high = _rounded(scale * curve.low[keep], 5), _rounded(scale * curve.high[keep], 5)
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return {
        "x": [*x, *reversed(x)],
        "y": [*high, *reversed(low)],
        "fill": "toself",
        "fillcolor": f"rgba({red},{green},{blue},{opacity})",
        "mode": "lines",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "meta": {"arms": [curve.arm], "band": True},
    }


def _interval_trace(item, place: int) -> dict:
    low, high = (100 * value for value in (item.low, item.high))
    mean = 100 * item.difference
    known = np.isfinite(low)
    text = f"{mean:+.2f} points" + (f", 95% interval {low:+.2f} to {high:+.2f}" if known else "")
    return {
        "x": [low, mean, high] if known else [mean],
        "y": [place] * (3 if known else 1),
        "mode": "lines+markers",
        "marker": {"symbol": "diamond", "size": [0, 10, 0] if known else 10, "line": {"width": 0}, "opacity": 1},
        "line": {"width": 3},
        "text": [escape(f"{text}: {item.verdict}")] * (3 if known else 1),
        "hovertemplate": "%{text}",
        "name": escape(item.name),
        "meta": {"arms": [item.name], "ink": True},
    }


def _arms_by_function(run: Run) -> dict[str, list[str]]:
    """The arms in which each function is used."""
    found: dict[str, list[str]] = {}
    pairs = with_arms(run)[["activation", "arm"]].drop_duplicates().itertuples(index=False)
    for activation, arm in pairs:
        for name in dict.fromkeys([activation, *activation.split("/")]):
            found.setdefault(name, []).append(arm)
    return found


def _layout(height: int) -> dict:
    return {
        "template": {},  # "none" would measure the margins anew at every change
        "height": height,
        "margin": {"l": 58, "r": 10, "t": 8, "b": 48},
        "showlegend": False,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"namelength": -1},
    }


def _rounded(values: np.ndarray, digits: int) -> list[float | None]:
    return [round(float(value), digits) if np.isfinite(value) else None for value in values]
