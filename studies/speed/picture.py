"""The picture of a benchmark's record: axes are made and saved here, what is on them is the benchmark's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def draw(file: Path, plot: Callable[[Any], None]) -> None:
    """A PNG of one pair of axes."""
    figure = Figure(figsize=(8, 5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    plot(figure.subplots())
    figure.savefig(file, facecolor="white")
