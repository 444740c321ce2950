"""The pictures as PNG files: drawn into figures of their own, without pyplot and without a window."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from actlab.errors import need_extra
from actlab.experiment import Run
from actlab.report.curves import (
    MOST_BANDS,
    Curve,
    Quantity,
    arm_colours,
    colours,
    curves_of,
    function_colours,
    function_limits,
    is_log,
    predicted,
    quantities,
    sampled,
    shortened,
)
from actlab.results import Summary, Tuning
from actlab.stats import Comparison, Table, Unit, paired_differences

try:
    import matplotlib
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.ticker import MaxNLocator
except ImportError:
    raise need_extra("lab", "matplotlib") from None

# the same picture is the same file, and a small one
_SVG: dict[Any, Any] = {"svg.hashsalt": "actlab", "path.simplify_threshold": 0.5}
TRAIN_SAID = "running mean over the epoch, each sample before its update"
VALID_SAID = "after the epoch"
_MOST_TARGETS = 2  # written beside a sample


def draw_plots(run: Run, summary: Summary, folder: Path) -> list[str]:
    """Write the PNG files; returns the names of those that could be drawn."""
    figures = {
        **{f"{name}.png": curves_figure(run, quantity) for name, quantity in quantities(run).items()},
        "predicted.png": predicted_figure(run),
        "differences.png": differences_figure(summary),
        "tuning.png": tuning_figure(summary.tuning, arm_colours(run)),
        "functions.png": functions_figure(run),
        "samples.png": samples_figure(run),
    }
    drawn = {name: figure for name, figure in figures.items() if figure is not None}
    for name, figure in drawn.items():
        save(figure, folder / name)
    return list(drawn)


def curves_figure(run: Run, quantity: Quantity) -> Figure:
    """The metric or the loss by epoch: training dashed, validation solid, the range over seeds a band where few are."""
    curves, tint = curves_of(run, quantity), arm_colours(run)
    many = len(curves) > 8
    figure = new_figure(10.5 if many else 9.0, 5.6)
    axes = figure.subplots()
    axes.set_xlabel("epoch")
    axes.set_ylabel(quantity.axis)
    if is_log(curves, quantity):
        axes.set_yscale("log")
    if not curves:
        return _said(figure, axes, "No trial has finished.")
    for train, valid in curves:
        _draw_curve(axes, train, tint[train.arm], False, len(curves) <= MOST_BANDS)
        _draw_curve(axes, valid, tint[valid.arm], True, len(curves) <= MOST_BANDS)
    last = max(len(valid.epochs) for _, valid in curves)
    if last < 3:
        axes.set_xlim(0.5, last + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
    axes.grid(color="0.92")
    axes.spines[["top", "right"]].set_visible(False)
    _legend(figure, axes, {valid.arm: tint[valid.arm] for _, valid in curves}, many)
    said = "One seed."
    if max(valid.seeds for _, valid in curves) > 1:
        bands = "Bands: lowest to highest seed." if len(curves) <= MOST_BANDS else "Bands are left out: too many."
        said = f"Lines: means over the seeds that finished. {bands}"
    dashed, solid = ("Hollow", "Full") if last < 3 else ("Dashed", "Solid")
    _caption(figure, f"{dashed}: training, {TRAIN_SAID}. {solid}: validation, {VALID_SAID}.\n{said}")
    return figure


def differences_figure(summary: Summary) -> Figure:
    """The difference of each arm from the baseline: a dot a seed, and the interval."""
    arms = list(summary.table["arm"])
    return paired_figure(summary.comparisons, summary.values, arms, summary.metric, summary.measure.unit)


def paired_figure(
    comparisons: Sequence[Comparison], values: Table, arms: Sequence[str], metric: str, unit: Unit
) -> Figure:
    """Differences from the baseline, of any metric in its unit."""
    figure = new_figure(8.5, 1.5 + 0.55 * max(1, len(comparisons)))
    axes = figure.subplots()
    if not comparisons:
        return _said(figure, axes, "One activation: there is nothing to compare it with.")
    baseline, margin = comparisons[0].baseline, unit.scale * comparisons[0].margin
    tint = colours(list(arms))
    axes.axvline(0, color="0.35", linewidth=1)
    axes.axvspan(-margin, margin, color="0.92", zorder=0)
    for place, item in enumerate(comparisons):
        pairs = paired_differences(values[baseline], values[item.name])
        spread = np.linspace(-0.16, 0.16, len(pairs)) if len(pairs) > 1 else np.zeros(len(pairs))
        dots = unit.scale * np.array([*pairs.values()])
        axes.plot(dots, place + spread, "o", color=tint[item.name], alpha=0.45, ms=4.5)
        axes.plot([unit.scale * item.low, unit.scale * item.high], [place] * 2, color="0.15", linewidth=2.2)
        axes.plot(unit.scale * item.difference, place, "D", color="0.15", markersize=5.5)
        verdict = unit.stated(item.verdict)
        axes.annotate(verdict, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=9)
    axes.set_yticks(range(len(comparisons)), [shortened(item.name) for item in comparisons])
    for text in axes.get_yticklabels():
        literal(text)
    axes.set_ylim(len(comparisons) - 0.5, -0.5)  # the first on top
    axes.grid(axis="x", color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    word = ", percentage points" if unit.word == Unit.word else unit.word and f", {unit.word}"
    literal(axes.set_xlabel(f"{unit.against(metric)} that of {shortened(baseline)}{word}"))
    judged = any(np.isfinite(item.low) for item in comparisons)
    line = "Diamond and line: mean, simultaneous 95% interval." if judged else "Diamond: mean. Too few seeds."
    band = " Grey: the margin." if margin else ""
    _caption(figure, f"To the right is better. Dots: seeds. {line}{band}")
    return figure


def tuning_figure(tuning: Tuning | None, tint: dict[str, str]) -> Figure | None:
    """The metric of validation over the learning rate; a ring around what was chosen."""
    if tuning is None or len(tuning.rates) < 2:
        return None
    figure = new_figure(8.0, 4.6)
    axes = figure.subplots()
    for name in tuning.names:
        points = tuning.points(name)
        axes.plot(list(points), list(points.values()), ".-", color=tint[name], linewidth=2)
        own = tuning.setting(name)["learning_rate"]
        if own in points:
            axes.plot(own, points[own], "o", fillstyle="none", color=tint[name], markersize=12, markeredgewidth=2)
    axes.set_xscale("log")
    axes.set_xticks(tuning.rates, [f"{rate:g}" for rate in tuning.rates])
    axes.minorticks_off()
    axes.set_ylim(*tuning.limits)
    axes.set_xlabel("learning rate")
    axes.set_ylabel(tuning.axis)
    axes.grid(color="0.92")
    axes.spines[["top", "right"]].set_visible(False)
    _legend(figure, axes, {name: tint[name] for name in tuning.names}, len(tuning.names) > 8)
    far = "above" if tuning.metric.unit.better == "lower" else "below"
    _caption(
        figure, f"Means over the tuning seeds; rings: what was chosen. Left out: what diverged, what is far {far}."
    )
    return figure


def functions_figure(run: Run) -> Figure | None:
    """f and its derivative of each activation."""
    x, functions = sampled(run)
    count = len(functions)
    if not count:
        return None
    columns = {1: 1, 2: 2, 4: 2}.get(count, 3 if count <= 9 else 4)
    rows = -(-count // columns)
    figure = new_figure(max(3.0 * columns, 4.2), 2.6 * rows + 0.5)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    tint = function_colours(run, list(functions))
    grid[0, 0].set_ylim(*function_limits(x, [values for both in functions.values() for values in both]))
    for axes, (name, (value, slope)) in zip(grid.flat, functions.items(), strict=False):
        axes.plot(x, value, color=tint[name], linewidth=2)
        axes.plot(x, slope, color=tint[name], linewidth=1.3, linestyle=(0, (4, 2)))
        axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
        axes.axvline(0, color="0.6", linewidth=0.6, zorder=0)
        literal(axes.set_title(shortened(name), fontsize=10))
    for axes in grid.flat[count:]:
        axes.set_visible(False)
    for axes in grid.flat[max(0, count - columns) : count]:
        axes.tick_params(labelbottom=True)  # also above a place that stays empty
    _caption(figure, "Solid: f(x). Dashed: its derivative, f'(x).")
    return figure


def predicted_figure(run: Run) -> Figure | None:
    """What a network of each arm predicts for the test samples, over what is true; None of classes."""
    panels = predicted(run)
    if not panels:
        return None
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(max(3.2 * columns, 4.5), 3.0 * rows + 0.4)
    grid, tint = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True), arm_colours(run)
    for axes, (arm, (seed, true, said)) in zip(grid.flat, panels.items(), strict=False):
        axes.plot(true.ravel(), said.ravel(), "o", color=tint[arm], alpha=0.6, ms=4, markeredgewidth=0)
        axes.axline((float(true.mean()),) * 2, slope=1, color="0.35", linewidth=1, zorder=0)
        literal(axes.set_title(f"{shortened(arm)}, seed {seed}", fontsize=10))
        axes.set_xlabel("true")
        axes.grid(color="0.92")
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    several = any(true.shape[1] > 1 for _, true, _ in panels.values())
    unit = ", each in its deviations from its mean" * several
    figure.supylabel("predicted", fontsize=10)
    _caption(figure, f"Predicted over true targets of the test samples{unit}. Line: what is right.")
    return figure


def samples_figure(run: Run) -> Figure | None:
    """The first training samples, with their labels or targets."""
    arrays = run.artefact("samples")
    if len(arrays.get("images", ())) == 0:
        return None
    images, labels = arrays["images"], [_written(label) for label in arrays["labels"]]
    if images.ndim == 2:
        return _samples_as_rows(images, labels, "label" if run.metric.is_share else "target")
    columns = min(8, len(images))
    rows = -(-len(images) // columns)
    mosaic, height, width = _mosaic([_as_image(image) for image in images], rows, columns)
    figure = new_figure(0.85 * columns, 0.85 * rows * height / width)
    axes = figure.subplots()
    axes.imshow(mosaic, cmap="gray", interpolation="nearest")
    axes.set_axis_off()
    for place, label in enumerate(labels):
        row, column = divmod(place, columns)
        axes.text((column + 0.5) * width, row * height + 0.5, label, ha="center", va="top", fontsize=8)
    return figure


def new_figure(width: float, height: float, dpi: int = 110) -> Figure:
    """A figure that belongs to no window."""
    figure = Figure(figsize=(width, height), layout="constrained", dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, file: Path | io.StringIO, kind: str | None = None) -> None:
    """Write a figure, as the ending of the file's name says."""
    with warnings.catch_warnings(), matplotlib.rc_context(_SVG):
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font lacks
        figure.savefig(file, format=kind, facecolor="white", metadata={"Date": None})


def svg_text(figure: Figure) -> str:
    """A figure as an element to put into a page."""
    held = io.StringIO()
    save(figure, held, "svg")
    text = held.getvalue()
    return text[text.index("<svg") :]


def literal(text: Text) -> Text:
    """Show a text as it is: `$` in a name begins no formula."""
    text.set_parse_math(False)
    return text


def _caption(figure: Figure, text: str) -> None:
    figure.supxlabel(text, fontsize=8.5, color="0.35", x=0.02, ha="left")


def _said(figure: Figure, axes: Axes, text: str) -> Figure:
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color="0.35", transform=axes.transAxes)
    return figure


def _draw_curve(axes: Axes, curve: Curve, colour: str, solid: bool, band: bool) -> None:
    axes.plot(
        curve.epochs,
        curve.mean,
        color=colour,
        linestyle="solid" if solid else (0, (4, 2)),
        linewidth=2 if solid else 1.3,
        marker="o" if len(curve.epochs) < 3 else None,
        fillstyle="full" if solid else "none",
    )
    if band and curve.seeds > 1:
        alpha = 0.16 if solid else 0.08
        axes.fill_between(curve.epochs, curve.low, curve.high, color=colour, alpha=alpha, linewidth=0)


def _legend(figure: Figure, axes: Axes, tint: dict[str, str], many: bool) -> None:
    handles = [axes.plot([], [], color=colour, linewidth=2.4)[0] for colour in tint.values()]
    names = [shortened(name) for name in tint]
    places = [str(place) for place in range(len(names))]  # a legend would leave out a name that begins with "_"
    where, columns = ("outside right upper", 1) if many else ("outside upper left", min(4, len(names)))
    legend = figure.legend(handles, places, frameon=False, fontsize=9, loc=where, ncols=columns)
    for text, name in zip(legend.get_texts(), names, strict=True):
        literal(text).set_text(name)


def _as_image(image: np.ndarray) -> np.ndarray:
    """Height, width and perhaps 3 colours, from 0 to 1."""
    if image.ndim == 3 and image.shape[0] in (1, 3) and image.shape[-1] not in (1, 3):
        image = np.moveaxis(image, 0, -1)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    if image.ndim > 3 or (image.ndim == 3 and image.shape[-1] != 3):
        image = image.reshape(image.shape[0], -1)
    image = np.nan_to_num(image.astype(np.float64), posinf=0, neginf=0)
    low, high = image.min(), image.max()
    return (image - low) / (high - low if high > low else 1)


def _mosaic(images: list[np.ndarray], rows: int, columns: int) -> tuple[np.ndarray, int, int]:
    """All images in one, each below a white strip for its label."""
    high, wide = images[0].shape[:2]
    gap = max(1, round(0.08 * wide))
    strip = max(1, round(0.26 * wide))
    height, width = high + strip + gap, wide + 2 * gap
    mosaic = np.ones((rows * height, columns * width, *images[0].shape[2:]))
    for place, image in enumerate(images):
        row, column = divmod(place, columns)
        top, left = row * height + strip, column * width + gap
        mosaic[top : top + high, left : left + wide] = image
    return mosaic, height, width


def _written(label: np.ndarray) -> str:
    """A class, or numbers with as many digits as there is room for."""
    if label.ndim == 0 and not isinstance(label, np.floating):
        return str(label)
    shown = [f"{number:.3g}" for number in np.ravel(label)]
    return " ".join([*shown[:_MOST_TARGETS], *["…"] * (len(shown) > _MOST_TARGETS)])


def _samples_as_rows(images: np.ndarray, labels: list[str], what: str) -> Figure:
    figure = new_figure(7.5, 1.2 + 0.13 * len(images))
    axes = figure.subplots()
    picture = axes.imshow(images, aspect="auto", interpolation="nearest", cmap="viridis")
    axes.set_yticks(range(len(labels)), labels, fontsize=6)
    axes.set_ylabel(f"{what} of each training sample")
    axes.set_xlabel("feature")
    figure.colorbar(picture, ax=axes, label="value")
    return figure
