"""What the pictures draw, still without a picture: means and bands over seeds, colours."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actlab.experiment import LOSSES, DataFrame, Run
from actlab.naming import label
from actlab.results import is_the_loss, with_arms
from actlab.stats import listed

MOST_BANDS = 6  # bands of more arms than these hide each other
ALIKE = 0.004  # of an axis: lines that nobody tells apart

# Okabe and Ito's colours, which colour-blind people can tell apart; the blue lighter, to be seen on black as well, and
# without the yellow, which white paper swallows
_FEW = ("#2b8cc4", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
_MANY = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
    "#7aa6d6", "#c49c00", "#5fb75f", "#ff6f69", "#a98fc9", "#a57a71", "#ce6dbd", "#637939", "#8c6d31", "#3182bd",
)  # fmt: skip


@dataclass(frozen=True)
class Quantity:
    """What is drawn by epoch."""

    column: str  # of a run's curves, behind the part that it is of
    title: str  # of the picture
    axis: str
    scale: float
    digits: int

    def said(self, value: float) -> str:
        """With its digits; three that count where these would show less, or a hundred."""
        usual = value == 0 or 10 ** (1 - self.digits) <= abs(value) < 1e6
        return f"{value:.{self.digits}f}" if usual else f"{value:.3g}"


def quantities(run: Run) -> dict[str, Quantity]:
    """The metric and the loss, or one of them where they are the same: by the name of its picture."""
    metric, loss = run.metric, LOSSES[run.experiment.loss].words
    axis = f"{metric.words}, %" if metric.is_share else metric.words
    title = f"{metric.words[0].upper()}{metric.words[1:]} by epoch"
    if is_the_loss(run.experiment):
        return {"loss": Quantity("loss", title, f"{metric.words}, {metric.unit.word}", 1.0, 4)}
    return {
        metric.name: Quantity(metric.name, title, axis, metric.unit.scale, metric.unit.digits),
        "loss": Quantity("loss", "Loss by epoch", f"{loss} loss" if metric.is_share else loss, 1.0, 4),
    }


@dataclass(frozen=True, eq=False)
class Curve:
    """One quantity of one arm by epoch, as it is drawn: mean, lowest and highest over the seeds that finished."""

    arm: str
    seeds: int
    epochs: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    each: dict[int, np.ndarray]  # by seed


def colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name; beyond twenty they come round again."""
    palette = _FEW if len(names) <= len(_FEW) else _MANY
    return {name: palette[place % len(palette)] for place, name in enumerate(names)}


def curves_of(run: Run, quantity: Quantity) -> list[tuple[Curve, Curve]]:
    """Training and validation, a pair for each arm in which a trial finished."""
    trials = with_arms(run)
    finished = trials.loc[trials["status"] == "finished", ["key", "arm"]]
    rows = run.curves.merge(finished, on="key")
    by_arm = {arm: rows.loc[rows["arm"] == arm] for arm in dict.fromkeys(finished["arm"])}
    return [(_curve(arm, own, "train", quantity), _curve(arm, own, "valid", quantity)) for arm, own in by_arm.items()]


def _curve(arm: str, rows: DataFrame, part: str, quantity: Quantity) -> Curve:
    each = quantity.scale * rows.pivot(index="epoch", columns="seed", values=f"{part}_{quantity.column}")
    mean, low, high = (np.asarray(found) for found in (each.mean(axis=1), each.min(axis=1), each.max(axis=1)))
    seeds = {int(str(seed)): each[seed].to_numpy() for seed in each.columns}
    return Curve(arm, len(seeds), np.asarray(each.index), mean, low, high, seeds)


def is_log(curves: Sequence[tuple[Curve, Curve]], quantity: Quantity) -> bool:
    """Whether losses span so much that a linear axis would hide most of them."""
    values = np.concatenate([np.empty(0), *(curve.mean for pair in curves for curve in pair)])
    values = values[np.isfinite(values) & (values > 0)]
    return quantity.column == "loss" and len(values) > 0 and values.max() / values.min() > 30


def predicted(run: Run) -> dict[str, tuple[int, np.ndarray, np.ndarray]]:
    """Arm -> seed, true and predicted targets of the test samples, of the first trial that finished; none of classes.

    One target is in its own unit; of several each is in its deviations from its mean.
    """
    trials, found = with_arms(run), {}
    if run.metric.is_share:
        return {}
    for row in trials.loc[trials["status"] == "finished"].drop_duplicates("arm").to_dict("records"):
        true, said = run.test_labels(row["seed"]), run.predictions(row["key"])
        if true is None or said is None:
            continue
        if true.shape[1] > 1:
            mean, deviation = true.mean(axis=0), true.std(axis=0)
            deviation[deviation == 0] = 1  # all are equal
            true, said = (true - mean) / deviation, (said - mean) / deviation
        found[row["arm"]] = (row["seed"], true, said)
    return found


def arm_colours(run: Run) -> dict[str, str]:
    """The colour of each arm, the same in every picture."""
    return colours(list(dict.fromkeys(with_arms(run)["arm"])))


def sampled(run: Run) -> tuple[np.ndarray, dict[str, list[np.ndarray]]]:
    """x, then f and f' of each function that was sampled; `relu/tanh`, one for each layer, has two."""
    arrays = {
        name: np.where(np.isfinite(values), values, np.nan).astype(np.float64)
        for name, values in run.artefact("functions").items()
    }
    names = [name.removeprefix("f/") for name in arrays if name.startswith("f/")]
    if len(run.activations) < len(run.experiment.activations):  # a part of very many
        layers = {label(identity): targets for identity, targets in run.experiment.layers.items()}
        known = {target.label for name in run.activations for target in layers.get(name, ())}
        names = [name for name in names if name in known]
    return arrays.get("x", np.empty(0)), {name: [arrays[f"f/{name}"], arrays[f"df/{name}"]] for name in names}


def function_colours(run: Run, names: Sequence[str]) -> dict[str, str]:
    """The colour of each function: that of its first arm, where one arm is made of it alone."""
    first = with_arms(run).drop_duplicates("activation")
    arms = dict(zip(first["activation"], first["arm"], strict=True))
    tint, spare = arm_colours(run), colours([*arms.values(), *names])
    return {name: tint[arms[name]] if name in arms else spare[name] for name in names}


def not_told_apart(names: Sequence[str], lines: Sequence[np.ndarray] | np.ndarray) -> str:
    """Whose lines hide each other, in sentences; `lines` in shares of their axis."""
    said, left = "", [*range(len(names))]
    while left:
        first, *left = left
        alike = [n for n in left if len(lines[n]) == len(lines[first])]
        same = [n for n in alike if np.allclose(lines[n], lines[first], rtol=0, atol=ALIKE)]
        said += f" {listed([names[n] for n in (first, *same)])} lie on each other." * bool(same)
        left = [n for n in left if n not in same]
    return said


def shortened(name: str, most: int = 34) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
