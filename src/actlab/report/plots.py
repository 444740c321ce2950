"""The pictures as PNG files: drawn into figures of their own, without pyplot and without a window."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from actlab.errors import need_extra
from actlab.experiment import Run
from actlab.report.curves import (
    MOST_BANDS,
    Curve,
    arm_colours,
    colours,
    curves_of,
    function_colours,
    function_limits,
    is_log,
    sampled,
    shortened,
)
from actlab.results import POINTS, Summary, Tuning
from actlab.stats import Comparison, Table, Unit, paired_differences

try:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator
except ImportError:
    raise need_extra("lab", "matplotlib") from None

_DPI = 110
TRAIN_SAID = "running mean over the epoch, each sample before its update"
VALID_SAID = "after the epoch"


def draw_plots(run: Run, summary: Summary, folder: Path) -> list[str]:
    """Write the PNG files; returns the names of those that could be drawn."""
    figures = {
        "loss.png": loss_figure(run),
        "accuracy.png": accuracy_figure(run),
        "differences.png": differences_figure(summary),
        "tuning.png": tuning_figure(summary.tuning, arm_colours(run)),
        "functions.png": functions_figure(run),
        "samples.png": samples_figure(run),
    }
    drawn = {name: figure for name, figure in figures.items() if figure is not None}
    for name, figure in drawn.items():
        _save(figure, folder / name)
    return list(drawn)


def loss_figure(run: Run) -> Figure:
    """Training and validation loss by epoch."""
    train, valid = curves_of(run, "train_loss"), curves_of(run, "valid_loss")
    figure, axes = _curve_axes(train, valid, 1.0, arm_colours(run))
    axes.set_ylabel("cross-entropy loss")
    if is_log([*train, *valid]):
        axes.set_yscale("log")
    return figure


def accuracy_figure(run: Run) -> Figure:
    """Training and validation accuracy by epoch."""
    train, valid = curves_of(run, "train_accuracy"), curves_of(run, "valid_accuracy")
    figure, axes = _curve_axes(train, valid, 100.0, arm_colours(run))
    axes.set_ylabel("accuracy, %")
    return figure


def differences_figure(summary: Summary) -> Figure:
    """The difference of each arm from the baseline: a dot a seed, and the interval."""
    arms = list(summary.table["arm"])
    return paired_figure(summary.comparisons, summary.values, arms, summary.metric, POINTS)


def paired_figure(
    comparisons: Sequence[Comparison], values: Table, arms: Sequence[str], metric: str, unit: Unit
) -> Figure:
    """Differences from the baseline, of any metric in its unit."""
    figure = _figure(8.5, 1.5 + 0.55 * max(1, len(comparisons)))
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
    _name_rows(axes, [item.name for item in comparisons])
    word = ", percentage points" if unit.word == POINTS.word else ""
    _literal(axes.set_xlabel(f"{metric} minus that of {shortened(baseline)}{word}"))
    judged = any(np.isfinite(item.low) for item in comparisons)
    line = "Diamond and line: mean, simultaneous 95% interval." if judged else "Diamond: mean. Too few seeds."
    band = " Grey: the margin." if margin else ""
    _caption(figure, f"To the right is better. Dots: seeds. {line}{band}")
    return figure


def tuning_figure(tuning: Tuning | None, tint: dict[str, str]) -> Figure | None:
    """Validation accuracy over the learning rate; a ring around what was chosen."""
    if tuning is None or len(tuning.rates) < 2:
        return None
    figure = _figure(8.0, 4.6)
    axes = figure.subplots()
    for name in tuning.names:
        points = {rate: 100 * item.accuracy for rate, item in tuning.by_rate[name].items() if not item.diverged}
        axes.plot(list(points), list(points.values()), ".-", color=tint[name], linewidth=2)
        own = tuning.setting(name)["learning_rate"]
        if own in points:
            axes.plot(own, points[own], "o", fillstyle="none", color=tint[name], markersize=12, markeredgewidth=2)
    axes.set_xscale("log")
    axes.set_xticks(tuning.rates, [f"{rate:g}" for rate in tuning.rates])
    axes.minorticks_off()
    axes.set_ylim(*tuning.limits)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("validation accuracy, %")
    axes.grid(color="0.92")
    axes.spines[["top", "right"]].set_visible(False)
    _legend(figure, axes, {name: tint[name] for name in tuning.names}, len(tuning.names) > 8)
    _caption(figure, "Means over the tuning seeds; rings: what was chosen. Left out: what diverged, what is far below.")
    return figure


def functions_figure(run: Run) -> Figure | None:
    """f and its derivative of each activation."""
    functions = sampled(run)
    if not functions:
        return None
    count = len(functions)
    columns = {1: 1, 2: 2, 4: 2}.get(count, 3 if count <= 9 else 4)
    rows = -(-count // columns)
    figure = _figure(max(3.0 * columns, 4.2), 2.6 * rows + 0.5)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    tint = function_colours(run, list(functions))
    x = next(iter(functions.values()))[0]
    grid[0, 0].set_ylim(*function_limits(x, [v for _, *both in functions.values() for v in both]))
    for axes, (name, (x, value, slope)) in zip(grid.flat, functions.items(), strict=False):
        axes.plot(x, value, color=tint[name], linewidth=2)
        axes.plot(x, slope, color=tint[name], linewidth=1.3, linestyle=(0, (4, 2)))
        axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
        axes.axvline(0, color="0.6", linewidth=0.6, zorder=0)
        _literal(axes.set_title(shortened(name), fontsize=10))
    for axes in grid.flat[count:]:
        axes.set_visible(False)
    for axes in grid.flat[max(0, count - columns) : count]:
        axes.tick_params(labelbottom=True)  # also above a place that stays empty
    _caption(figure, "Solid: f(x). Dashed: its derivative, f'(x).")
    return figure


def samples_figure(run: Run) -> Figure | None:
    """The first training samples, with their labels."""
    arrays = run.artefact("samples")
    if len(arrays.get("images", ())) == 0:
        return None
    images, labels = arrays["images"], arrays["labels"]
    if images.ndim == 2:
        return _samples_as_rows(images, labels)
    columns = min(8, len(images))
    rows = -(-len(images) // columns)
    mosaic, height, width = _mosaic([_as_image(image) for image in images], rows, columns)
    figure = _figure(0.85 * columns, 0.85 * rows * height / width)
    axes = figure.subplots()
    axes.imshow(mosaic, cmap="gray", interpolation="nearest")
    axes.set_axis_off()
    for place, label in enumerate(labels):
        row, column = divmod(place, columns)
        axes.text((column + 0.5) * width, row * height + 0.5, str(label), ha="center", va="top", fontsize=8)
    return figure


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained", dpi=_DPI)
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, file: Path) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font lacks
        figure.savefig(file, facecolor="white")


def _literal(text):
    """Show a text as it is: `$` in a name begins no formula."""
    text.set_parse_math(False)
    return text


def _caption(figure: Figure, text: str) -> None:
    figure.supxlabel(text, fontsize=8.5, color="0.35", x=0.02, ha="left")


def _said(figure: Figure, axes: Axes, text: str) -> Figure:
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color="0.35", transform=axes.transAxes)
    return figure


def _name_rows(axes: Axes, names: list[str]) -> None:
    """The arms down the vertical axis, the first on top."""
    axes.set_yticks(range(len(names)), [shortened(name) for name in names])
    for text in axes.get_yticklabels():
        _literal(text)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x", color="0.9")
    axes.spines[["top", "right"]].set_visible(False)


def _curve_axes(train: list[Curve], valid: list[Curve], scale: float, tint: dict[str, str]) -> tuple[Figure, Axes]:
    """Training dashed, validation solid, with the range over seeds as a band where it can be told apart."""
    many = len(valid) > 8
    figure = _figure(10.5 if many else 9.0, 5.6)
    axes = figure.subplots()
    axes.set_xlabel("epoch")
    if not valid:
        return figure, _said(figure, axes, "No trial has finished.").axes[0]
    for one, other in zip(train, valid, strict=True):
        _draw_curve(axes, one, scale, tint[one.arm], (0, (4, 2)), len(valid))
        _draw_curve(axes, other, scale, tint[other.arm], "solid", len(valid))
    last = max(len(curve.epochs) for curve in valid)
    if last < 3:
        axes.set_xlim(0.5, last + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
    axes.grid(color="0.92")
    axes.spines[["top", "right"]].set_visible(False)
    _legend(figure, axes, {curve.arm: tint[curve.arm] for curve in valid}, many)
    _caption(figure, _curve_caption(valid))
    return figure, axes


def _draw_curve(axes: Axes, curve: Curve, scale: float, colour: str, style, arms: int) -> None:
    marker = "o" if len(curve.epochs) < 3 else None
    axes.plot(
        curve.epochs,
        scale * curve.mean,
        color=colour,
        linestyle=style,
        linewidth=2 if style == "solid" else 1.3,
        marker=marker,
        fillstyle="full" if style == "solid" else "none",
    )
    if arms <= MOST_BANDS and curve.seeds > 1:
        low, high = scale * curve.low, scale * curve.high
        axes.fill_between(curve.epochs, low, high, color=colour, alpha=0.16 if style == "solid" else 0.08, linewidth=0)


def _curve_caption(valid: list[Curve]) -> str:
    seeds = max(curve.seeds for curve in valid)
    said = "Lines: means over the seeds that finished." if seeds > 1 else "One seed."
    if seeds > 1:
        said += " Bands: lowest to highest seed." if len(valid) <= MOST_BANDS else " Bands are left out: too many."
    short = max(len(curve.epochs) for curve in valid) < 3
    dashed, solid = ("Hollow", "Full") if short else ("Dashed", "Solid")
    return f"{dashed}: training, {TRAIN_SAID}. {solid}: validation, {VALID_SAID}.\n{said}"


def _legend(figure: Figure, axes: Axes, tint: dict[str, str], many: bool) -> None:
    handles = [axes.plot([], [], color=colour, linewidth=2.4)[0] for colour in tint.values()]
    names = [shortened(name) for name in tint]
    places = [str(place) for place in range(len(names))]  # a legend would leave out a name that begins with "_"
    where = {"loc": "outside right upper"} if many else {"loc": "outside upper left", "ncols": min(4, len(names))}
    legend = figure.legend(handles, places, frameon=False, fontsize=9, **where)
    for text, name in zip(legend.get_texts(), names, strict=True):
        _literal(text).set_text(name)


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


def _samples_as_rows(images: np.ndarray, labels: np.ndarray) -> Figure:
    figure = _figure(7.5, 1.2 + 0.13 * len(images))
    axes = figure.subplots()
    picture = axes.imshow(images, aspect="auto", interpolation="nearest", cmap="viridis")
    axes.set_yticks(range(len(labels)), [str(label) for label in labels], fontsize=6)
    axes.set_ylabel("label of each training sample")
    axes.set_xlabel("feature")
    figure.colorbar(picture, ax=axes, label="value")
    return figure
