"""Whether an arm learned at all. Where its networks are no better than guessing, a difference compares nothing.

Guessing gives every input the same answer, the best one there is: always the most frequent class, always the mean. An
arm did not learn where all of this holds:

- its values are not shown to be above guessing's, by a one-sided t test at 5% over its seeds; the standard error of the
  mean includes that of guessing's value over test examples;
- its last training losses are not shown to be more than 2% below guessing's, by the same test over seeds;
- no network of it ended with a training loss a tenth below guessing's: one that learned speaks for the arm.

Networks as they start pass as such, although some are better than guessing by chance: the tests are of the mean.
"""

import dataclasses
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from actlab.stats.intervals import ALPHA, LEAST_PAIRS, mean_and_error, t_critical
from actlab.stats.verdicts import Comparison

NEITHER, ARM_ALONE, BASELINE_ALONE = "neither learned", "did not learn", "the baseline did not learn"
_SHOWN_BELOW, _ONE_BELOW = 0.98, 0.9  # of guessing's loss


@dataclass(frozen=True)
class Guessing:
    """What always giving the same answer reaches."""

    value: float  # of what is compared, of which more is better
    error: float  # its standard error over test examples
    loss: float  # in training


def learned(values: Sequence[float], losses: Sequence[float], guessing: Guessing) -> bool:
    """Whether an arm is better than guessing, by the values and the last training losses of its finished networks.

    With fewer than 5 there is no verdict that it could take back: then it is taken to have learned.

    >>> guessing = Guessing(value=0.1, error=0.016, loss=2.303)
    >>> learned([0.10, 0.11, 0.10, 0.09, 0.10], [2.304, 2.303, 2.31, 2.303, 2.29], guessing)
    False
    >>> learned([0.2, 0.22, 0.24, 0.21, 0.19], [2.30] * 5, guessing), learned([0.1] * 5, [2.3] * 4 + [1.2], guessing)
    (True, True)
    """
    if len(values) < LEAST_PAIRS:
        return True
    reach = t_critical(len(values) - 1, 2 * ALPHA)  # one side of two
    mean, error = mean_and_error(np.asarray(values))
    loss, loss_error = mean_and_error(np.asarray(losses))
    return bool(
        mean - guessing.value > reach * math.hypot(error, guessing.error)
        or _SHOWN_BELOW * guessing.loss - loss > reach * loss_error
        or min(losses) < _ONE_BELOW * guessing.loss
    )


def nothing_compared(comparisons: Sequence[Comparison], unlearned: Collection[str]) -> list[Comparison]:
    """With a verdict that says so where one of the two did not learn, or both; divergence and few seeds go before."""
    found = []
    for item in comparisons:
        arm, baseline = item.name in unlearned, item.baseline in unlearned
        if (arm or baseline) and item.verdict not in ("unstable", "stabler", "too few seeds"):
            verdict = NEITHER if arm and baseline else ARM_ALONE if arm else BASELINE_ALONE
            item = dataclasses.replace(item, verdict=verdict, further=None, crossed_low=math.nan, crossed_high=math.nan)
        found.append(item)
    return found
