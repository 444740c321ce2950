"""The picture of a benchmark's record: axes are made and saved here, what is on them is the benchmark's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from actlab.errors import need_extra

try:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
except ImportError:
    raise need_extra("lab", "matplotlib") from None


def draw(file: Path, plot: Callable[[Any], None]) -> None:
    """A PNG of one pair of axes."""
    figure = Figure(figsize=(8, 5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    plot(figure.subplots())
    figure.savefig(file, facecolor="white")
