"""Cost beside quality: what a step takes, how soon an arm is where the baseline ends, and the verdict at equal time."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from actlab.experiment import METRICS, DataFrame, Metric
from actlab.stats import Comparison, Interval, compare, mean_interval, median_interval, whichever


def cost_headers(metric: Metric) -> list[str]:
    """Of cost beside quality."""
    return [
        "activation",
        "cost of a step",
        f"more epochs to the baseline's {metric.words}",
        "reached it",
        "epochs in equal time",
        ", ".join(filter(None, ("at equal time", metric.unit.word))),
        "verdict at equal time",
    ]


_MOST_LOOKS = 9  # at how many of the epochs that the cost of a step leaves open


@dataclass(frozen=True)
class StepCost:
    """The time of a training step relative to another one's: the median of the ratios within a round, and its 95%
    interval between two of them. NaN: not known.
    """

    median: float
    low: float
    high: float


NO_COST = StepCost(math.nan, math.nan, math.nan)


def step_costs(costs: DataFrame, first: str) -> dict[str, StepCost]:
    """Activation -> cost, relative to that of `first`; `costs` are the rounds in which the activations took turns.

    What else the machine does slows a part of the rounds, both or one of the two: few rounds hardly move a median, and
    many show in its interval.
    """
    rounds = costs.pivot_table(index="round", columns="activation", values="seconds", aggfunc="median")
    if first not in rounds:
        return {}
    ratios = rounds.div(rounds[first], axis="index")
    return {str(name): StepCost(*median_interval(ratios[name].dropna().to_numpy())) for name in ratios}


@dataclass(frozen=True)
class Cost:
    """One arm against the baseline. Epochs are those until the validation part's metric is that of the baseline's last
    epoch in the same seed; their difference is over the seeds in which both got there, with Student's 95% interval.

    >>> from actlab import summarise
    >>> [cost] = summarise("runs/wave").costs
    >>> cost.name, cost.reached, cost.seeds  # in no seed it gets where relu ends
    ('identity', 0, 5)
    """

    name: str  # of the arm
    relative: float  # time of a training step, relative to the baseline's
    relative_low: float  # the 95% interval of that; NaN: too few rounds
    relative_high: float  # the other end
    epochs: Interval  # its own less the baseline's
    reached: int  # seeds in which it got there
    seeds: int  # of all
    epochs_at_equal_time: int  # of its own, in the time that both have had
    baseline_epochs: int  # the baseline's in that time: all of them, unless the arm's steps are the cheaper ones
    equal_time: Comparison  # of the validation part's metric after those epochs; for every cost in the interval


def costs_beside(
    curves: DataFrame, relative: dict[str, StepCost], baseline: str, epochs: int, margin: float, *,
    metric: Metric = METRICS["accuracy"], sequential: bool = False,
) -> list[Cost]:  # fmt: skip
    """Args:
    curves: columns arm, seed, epoch, and the metric's of the validation part: valid_accuracy.
    relative: arm -> time of a step, relative to the baseline's.
    margin: the smallest difference that matters, as the metric has it: a fraction of accuracy.
    sequential: whether seeds were added until the comparisons were decided.
    """
    by_arm = _improving(curves, metric)
    if baseline not in by_arm or not all(arm in relative and math.isfinite(relative[arm].median) for arm in by_arm):
        return []
    first = by_arm[baseline]
    targets = {seed: curve.get(epochs, math.nan) for seed, curve in first.items()}
    shares = {arm: _shares(epochs, relative[arm]) for arm in by_arm}
    looks = []
    for look in range(max(map(len, shares.values()))):
        values = {baseline: dict.fromkeys(first, 0.0)}  # differences already: each arm has an equal time of its own
        for arm, seeds in by_arm.items():
            if arm != baseline:
                own, of_baseline = shares[arm][min(look, len(shares[arm]) - 1)]
                both = sorted(seeds.keys() & first.keys())
                values[arm] = {s: seeds[s].get(own, math.nan) - first[s].get(of_baseline, math.nan) for s in both}
        looks.append(compare(values, baseline, margin=margin, sequential=sequential))
    found = []
    for items in zip(*looks, strict=True):
        arm, cost = items[0].name, relative[items[0].name]
        item = whichever(items[: len(shares[arm])])
        if math.isnan(cost.low) and item.decided:
            item = dataclasses.replace(item, verdict="undecided")
        seeds = sorted(targets.keys() & by_arm[arm].keys())
        reached = [seed for seed in seeds if math.isfinite(_reached(by_arm[arm][seed], targets[seed]))]
        more = [_reached(by_arm[arm][seed], targets[seed]) - _reached(first[seed], targets[seed]) for seed in reached]
        found.append(
            Cost(
                arm, cost.median, cost.low, cost.high, mean_interval(more), len(reached), len(seeds), *shares[arm][0],
                item,
            )
        )  # fmt: skip
    return found


def _improving(curves: DataFrame, metric: Metric) -> dict[str, dict[Any, dict[int, float]]]:
    """Arm -> seed -> epoch -> the metric, such that more is better."""
    found: dict[str, dict[Any, dict[int, float]]] = {}
    whats = ["arm", "seed", "epoch", metric.named("valid_metric")]
    for arm, seed, epoch, value in zip(*(curves[name].tolist() for name in whats), strict=True):
        found.setdefault(arm, {}).setdefault(seed, {})[epoch] = metric.improvement(value)
    return found


def epochs_at_equal_time(epochs: int, relative: float) -> tuple[int, int]:
    """Epochs of an arm and of the baseline in the time that the one with the cheaper steps takes; one at least.

    >>> epochs_at_equal_time(20, 1.6), epochs_at_equal_time(20, 0.8), epochs_at_equal_time(20, 1.01)
    ((12, 20), (20, 16), (20, 20))
    """
    if relative >= 1:
        return max(1, round(epochs / relative)), epochs
    return epochs, max(1, round(epochs * relative))


def _shares(epochs: int, cost: StepCost) -> list[tuple[int, int]]:
    """Epochs of an arm and of the baseline at equal time: at the median of the cost, then over its interval.

    >>> _shares(20, StepCost(1.0, 0.9, 1.1)), _shares(20, StepCost(1.6, 1.5, 1.7))
    ([(20, 20), (20, 18), (20, 19), (19, 20), (18, 20)], [(12, 20), (13, 20)])
    """
    middle = epochs_at_equal_time(epochs, cost.median)
    if math.isnan(cost.low):
        return [middle]
    (own_at_low, of_baseline_at_low), (own_at_high, of_baseline_at_high) = (
        epochs_at_equal_time(epochs, end) for end in (cost.low, cost.high)
    )
    path = [(epochs, of_baseline) for of_baseline in range(of_baseline_at_low, of_baseline_at_high + 1)]
    path += [(own, epochs) for own in range(own_at_low, own_at_high - 1, -1)]
    if not cost.low < 1 <= cost.high:  # one of the two has all its epochs at every cost, the other at none
        path = path[1:] if cost.low >= 1 else path[:-1]
    places = np.linspace(0, len(path) - 1, min(len(path), _MOST_LOOKS)).round().astype(int)
    return list(dict.fromkeys([middle, *(path[place] for place in places)]))


def _reached(curve: dict[int, float], target: float) -> float:
    """The first epoch at which a curve is at the target; NaN: never."""
    return next((float(epoch) for epoch, value in sorted(curve.items()) if value >= target), math.nan)
