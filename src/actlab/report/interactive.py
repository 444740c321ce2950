"""The charts that answer the mouse: Plotly figures, which the page draws with one inlined copy of plotly.js.

Every trace has `meta`: the arms that it belongs to, and whether it is a band; the page shows and hides traces by it.
"""

from html import escape

import numpy as np

from actlab.errors import need_extra
from actlab.experiment import Run
from actlab.report.curves import (
    Curve,
    Quantity,
    arm_colours,
    curves_of,
    function_colours,
    function_limits,
    is_log,
    quantities,
    sampled,
    shortened,
)
from actlab.results import Summary, Tuning, with_arms
from actlab.stats import paired_differences

try:
    import plotly.graph_objects as go
    from plotly.offline import get_plotlyjs as get_plotlyjs
except ImportError:
    raise need_extra("lab", "plotly") from None

_LAYOUT = {
    "template": {},  # "none" would measure the margins anew at every change
    "margin": {"l": 58, "r": 10, "t": 8, "b": 48},
    "showlegend": False,
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "hoverlabel": {"namelength": -1},
}


def charts(run: Run, summary: Summary) -> dict[str, str]:
    """The figures by name, as far as there is something to draw; JSON that no `<` can end within a script element."""
    tint = arm_colours(run)
    found = {name: curve_chart(run, quantity, tint) for name, quantity in quantities(run).items()}
    if summary.comparisons:
        found["differences"] = differences_chart(summary, tint)
    if summary.tuning and len(summary.tuning.rates) > 1:
        found["tuning"] = tuning_chart(summary.tuning, tint)
    found |= function_charts(run)
    return {name: str(figure.to_json()).replace("<", "\\u003c") for name, figure in found.items() if figure.data}


def curve_chart(run: Run, quantity: Quantity, tint: dict[str, str]) -> go.Figure:
    """The metric or the loss by epoch: a line of training and one of validation for each arm, with bands of seeds."""
    figure = go.Figure()
    curves = curves_of(run, quantity)
    digits = f".{quantity.digits}f"
    for train, valid in curves:
        _add_curve(figure, train, "training", "dash", digits, tint[train.arm])
        _add_curve(figure, valid, "validation", "solid", digits, tint[valid.arm])
    longest = max((len(valid.epochs) for _, valid in curves), default=0)
    figure.update_xaxes(title="epoch", rangemode="tozero" if longest > 3 else "normal", zeroline=False)
    if longest <= 12:
        figure.update_xaxes(dtick=1)
    figure.update_yaxes(title=quantity.axis)
    if is_log(curves, quantity):
        figure.update_yaxes(type="log", dtick=1, exponentformat="none")
    return figure.update_layout(_LAYOUT, height=420)


def _add_curve(figure: go.Figure, curve: Curve, part: str, dash: str, digits: str, colour: str) -> None:
    solid, several = dash == "solid", curve.seeds > 1
    if several:
        keep = np.isfinite(curve.low) & np.isfinite(curve.high)
        x = curve.epochs[keep].tolist()
        red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
        figure.add_scatter(
            x=[*x, *reversed(x)],
            y=[*_rounded(curve.high[keep], 5), *reversed(_rounded(curve.low[keep], 5))],
            fill="toself",
            fillcolor=f"rgba({red},{green},{blue},{0.18 if solid else 0.09})",
            mode="lines",
            line={"width": 0},
            hoverinfo="skip",
            meta={"arms": [curve.arm], "band": True},
        )
    spread = " (%{customdata[0]:" + digits + "} to %{customdata[1]:" + digits + "})" if several else ""
    figure.add_scatter(
        x=curve.epochs.tolist(),
        y=_rounded(curve.mean, 6),
        customdata=list(zip(_rounded(curve.low, 5), _rounded(curve.high, 5), strict=True)),
        mode="lines" if len(curve.epochs) > 2 else "lines+markers",
        marker={"symbol": "circle" if solid else "circle-open", "size": 8},
        line={"color": colour, "dash": dash, "width": 2.4 if solid else 1.5},
        name=escape(f"{shortened(curve.arm, 40)}, {part}"),
        hovertemplate="%{y:" + digits + "}" + spread,
        meta={"arms": [curve.arm]},
    )


def differences_chart(summary: Summary, tint: dict[str, str]) -> go.Figure:
    """A dot a seed, and the interval; the rows run from top to bottom."""
    figure = go.Figure()
    baseline, unit = summary.comparisons[0].baseline, summary.measure.unit
    form, word = f"+.{unit.digits}f", unit.word and f" {unit.word}"
    for place, item in enumerate(summary.comparisons):
        pairs = paired_differences(summary.values[baseline], summary.values[item.name])
        spread = np.linspace(-0.14, 0.14, len(pairs)) if len(pairs) > 1 else np.zeros(len(pairs))
        figure.add_scatter(
            x=[unit.scale * value for value in pairs.values()],
            y=(place + spread).tolist(),
            customdata=list(pairs),
            mode="markers",
            marker={"color": tint[item.name], "size": 7, "opacity": 0.5},
            hovertemplate="seed %{customdata}: %{x:" + form + "}" + word,
            name=escape(item.name),
            meta={"arms": [item.name]},
        )
        if pairs:
            low, mean, high = (unit.scale * value for value in (item.low, item.difference, item.high))
            known = np.isfinite(low)
            text = f"{mean:{form}}{word}" + (f", 95% interval {low:{form}} to {high:{form}}" if known else "")
            figure.add_scatter(
                x=[low, mean, high] if known else [mean],
                y=[place] * (3 if known else 1),
                mode="lines+markers",
                marker={"symbol": "diamond", "size": [0, 10, 0] if known else 10, "line": {"width": 0}, "opacity": 1},
                line={"width": 3},
                text=[escape(f"{text}: {unit.stated(item.verdict)}")] * (3 if known else 1),
                hovertemplate="%{text}",
                name=escape(item.name),
                meta={"arms": [item.name], "ink": True},
            )
        # the names stand above their rows: beside them they would leave a phone no room
        name = escape(shortened(item.name, 40))
        figure.add_annotation(
            text=name, x=0, xref="paper", xanchor="left", y=place - 0.34, yanchor="middle", showarrow=False
        )
    word = "percentage points" if summary.measure.is_share else unit.word
    title = ", ".join(filter(None, ("difference", word)))
    figure.update_xaxes(title=title, zeroline=True, zerolinewidth=2, rangemode="tozero")
    count = len(summary.comparisons)
    figure.update_yaxes(range=[count - 0.6, -0.62], showgrid=False, zeroline=False, showticklabels=False, ticks="")
    return figure.update_layout(_LAYOUT, height=80 + 54 * count, hovermode="closest", margin_l=10)


def tuning_chart(tuning: Tuning, tint: dict[str, str]) -> go.Figure:
    """The metric of validation over the learning rate, a line an activation; a ring around what was chosen."""
    figure = go.Figure()
    for name in tuning.names:
        points = tuning.points(name)
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
            hovertemplate="%{y:." + str(tuning.metric.unit.digits) + "f}",
            meta={"arms": [name]},
        )
    ticks = [f"{rate:g}" for rate in tuning.rates]
    figure.update_xaxes(title="learning rate", type="log", tickvals=tuning.rates, ticktext=ticks)
    figure.update_yaxes(title=tuning.axis, range=list(tuning.limits))
    return figure.update_layout(_LAYOUT, height=360)


def function_charts(run: Run) -> dict[str, go.Figure]:
    """f, and f', of all activations."""
    x, functions = sampled(run)
    if not functions:
        return {}
    tint, arms = function_colours(run, list(functions)), _arms_by_function(run)
    step = max(1, len(x) // 300)
    found = {}
    for which, (name, title) in enumerate((("function", "f(x)"), ("derivative", "f'(x)"))):
        figure = go.Figure()
        for label, values in functions.items():
            figure.add_scatter(
                x=_rounded(x[::step], 4),
                y=_rounded(values[which][::step], 6),
                mode="lines",
                line={"color": tint[label], "width": 2},
                name=escape(shortened(label, 40)),
                hovertemplate="%{y:.4f}",
                meta={"arms": arms.get(label, [])},
            )
        limits = function_limits(x, [values[which] for values in functions.values()])
        figure.update_xaxes(title="x", zeroline=True)
        figure.update_yaxes(title=title, range=list(limits), zeroline=True)
        found[name] = figure.update_layout(_LAYOUT, height=340)
    return found


def _arms_by_function(run: Run) -> dict[str, list[str]]:
    """The arms in which each function is used."""
    found: dict[str, list[str]] = {}
    for activation, arm in with_arms(run)[["activation", "arm"]].drop_duplicates().itertuples(index=False):
        for name in {activation, *activation.split("/")}:
            found.setdefault(name, []).append(arm)
    return found


def _rounded(values: np.ndarray, digits: int) -> list[float | None]:
    return [round(float(value), digits) if np.isfinite(value) else None for value in values]
