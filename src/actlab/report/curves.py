"""What the pictures draw, still without a picture: means and bands over seeds, colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from actlab.experiment import Run
from actlab.results import with_arms

if TYPE_CHECKING:
    import pandas as pd

MOST_BANDS = 6  # bands of more arms than these hide each other

# Okabe and Ito's colours, which colour-blind people can tell apart; the blue lighter, to be seen on black as well, and
# without the yellow, which white paper swallows
_FEW = ("#2b8cc4", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
_MANY = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
    "#7aa6d6", "#c49c00", "#5fb75f", "#ff6f69", "#a98fc9", "#a57a71", "#ce6dbd", "#637939", "#8c6d31", "#3182bd",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Curve:
    """One quantity of one arm by epoch: mean, lowest and highest over the seeds that finished."""

    arm: str
    seeds: int
    epochs: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name; beyond twenty they come round again."""
    palette = _FEW if len(names) <= len(_FEW) else _MANY
    return {name: palette[place % len(palette)] for place, name in enumerate(names)}


def curves_of(run: Run, quantity: str) -> list[Curve]:
    """The curves of a quantity, an arm each; arms in which no trial finished have none."""
    trials = with_arms(run)
    finished = trials.loc[trials["status"] == "finished", ["key", "arm"]]
    rows = run.curves.merge(finished, on="key")
    return [_curve(arm, rows[rows["arm"] == arm], quantity) for arm in dict.fromkeys(finished["arm"])]


def _curve(arm: str, rows: "pd.DataFrame", quantity: str) -> Curve:
    by_epoch = rows.groupby("epoch")[quantity].agg(["mean", "min", "max"])
    arrays = [by_epoch[name].to_numpy() for name in ("mean", "min", "max")]
    return Curve(arm, rows["key"].nunique(), by_epoch.index.to_numpy(), *arrays)


def is_log(curves: Sequence[Curve]) -> bool:
    """Whether the values span so much that a linear axis would hide most of them."""
    values = np.concatenate([curve.mean for curve in curves]) if curves else np.empty(0)
    values = values[np.isfinite(values) & (values > 0)]
    return len(values) > 0 and values.max() / values.min() > 30


def arm_colours(run: Run) -> dict[str, str]:
    """The colour of each arm, the same in every picture."""
    return colours(list(dict.fromkeys(with_arms(run)["arm"])))


def sampled(run: Run) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """x, f and f' of each function that was sampled; `relu/tanh`, one for each layer, has two."""
    arrays = run.artefact("functions")
    names = [name.removeprefix("f/") for name in arrays if name.startswith("f/")]
    return {
        name: (arrays["x"], _finite(arrays[f"f/{name}"]), _finite(arrays[f"df/{name}"]))
        for name in names
        if f"df/{name}" in arrays
    }


def function_colours(run: Run, names: Sequence[str]) -> dict[str, str]:
    """The colour of each function: that of its first arm, where one arm is made of it alone."""
    arms = with_arms(run).drop_duplicates("activation").set_index("activation")["arm"]
    tint, spare = arm_colours(run), colours([*arms, *names])
    return {name: tint[arms[name]] if name in arms else spare[name] for name in names}


def function_limits(x: np.ndarray, values: Sequence[np.ndarray]) -> tuple[float, float]:
    """Limits of the vertical axis that show all functions, but never more than the horizontal axis reaches."""
    reach = float(np.abs(x).max())
    everything = np.concatenate([value[np.isfinite(value)] for value in values] + [np.zeros(1)])
    low, high = max(everything.min(), -reach), min(everything.max(), reach)
    room = 0.06 * max(high - low, 1e-3)
    return float(low - room), float(high + room)


def shortened(name: str, most: int = 34) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan).astype(np.float64)
