"""Cost beside quality: what a step takes, how soon an arm is where the baseline ends, and the verdict at equal time."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actlab.stats import Comparison, Interval, compare, mean_interval

if TYPE_CHECKING:
    import pandas as pd

COST_HEADERS = (
    "activation", "cost of a step", "more epochs to the baseline's accuracy", "reached it", "epochs in equal time",
    "at equal time, points", "verdict at equal time",
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """One arm against the baseline. Epochs are those until the validation accuracy is that of the baseline's last epoch
    in the same seed; their difference is over the seeds in which both got there, with Student's 95% interval.
    """

    name: str
    relative: float  # time of a training step, relative to the baseline's
    epochs: Interval
    reached: int
    seeds: int
    epochs_at_equal_time: int  # of its own, in the time that both have had
    baseline_epochs: int  # the baseline's in that time: all of them, unless the arm's steps are the cheaper ones
    equal_time: Comparison  # of validation accuracies after those epochs


def costs_beside(
    curves: "pd.DataFrame",
    relative: dict[str, float],
    baseline: str,
    epochs: int,
    margin: float,
    *,
    sequential: bool = False,
) -> list[Cost]:
    """Args:
    curves: columns arm, seed, epoch, valid_accuracy.
    relative: arm -> time of a step, relative to the baseline's.
    margin: the smallest difference that matters, as a fraction.
    sequential: whether seeds were added until the comparisons were decided.
    """
    by_arm = {
        arm: {seed: part.set_index("epoch")["valid_accuracy"].to_dict() for seed, part in group.groupby("seed")}
        for arm, group in curves.groupby("arm", sort=False)
    }
    if baseline not in by_arm or not all(math.isfinite(relative.get(arm, math.nan)) for arm in by_arm):
        return []
    first = by_arm[baseline]
    targets = {seed: curve.get(epochs, math.nan) for seed, curve in first.items()}
    share = {arm: epochs_at_equal_time(epochs, relative[arm]) for arm in by_arm}
    values = {baseline: dict.fromkeys(first, 0.0)}  # differences already: each arm has an equal time of its own
    for arm, seeds in by_arm.items():
        if arm != baseline:
            own, of_baseline = share[arm]
            both = sorted(seeds.keys() & first.keys())
            values[arm] = {s: seeds[s].get(own, math.nan) - first[s].get(of_baseline, math.nan) for s in both}
    equal = {item.name: item for item in compare(values, baseline, margin=margin, sequential=sequential)}
    found = []
    for arm, item in equal.items():
        seeds = sorted(targets.keys() & by_arm[arm].keys())
        reached = [seed for seed in seeds if math.isfinite(_reached(by_arm[arm][seed], targets[seed]))]
        more = [_reached(by_arm[arm][seed], targets[seed]) - _reached(first[seed], targets[seed]) for seed in reached]
        found.append(Cost(arm, relative[arm], mean_interval(more), len(reached), len(seeds), *share[arm], item))
    return found


def epochs_at_equal_time(epochs: int, relative: float) -> tuple[int, int]:
    """Epochs of an arm and of the baseline in the time that the one with the cheaper steps takes; one at least.

    >>> epochs_at_equal_time(20, 1.6), epochs_at_equal_time(20, 0.8), epochs_at_equal_time(20, 1.01)
    ((12, 20), (20, 16), (20, 20))
    """
    if relative >= 1:
        return max(1, round(epochs / relative)), epochs
    return epochs, max(1, round(epochs * relative))


def _reached(curve: dict[int, float], target: float) -> float:
    """The first epoch at which a curve is at the target; NaN: never."""
    return next((float(epoch) for epoch, value in sorted(curve.items()) if value >= target), math.nan)
