"""The second source of chance: other test examples. Seeds fix initial weights and order, not the test set.

With the differences d (+1 the arm alone is right, -1 the baseline alone) of S seeds on I examples, both drawn at random
and crossed, the variance of their mean is (MS_seed + MS_example - MS_rest) / (S I), by the mean squares of the two-way
table (Owen 2007, The pigeonhole bootstrap, Annals of Applied Statistics 1, for the crossed case).
"""

from collections.abc import Mapping

import numpy as np

Correct = Mapping[str, Mapping[int, np.ndarray]]  # arm -> seed -> bool (I,): which test examples were right


def crossed_error(differences_SI: np.ndarray) -> tuple[float, float]:
    """Standard error of the mean over other seeds and other examples, and its degrees of freedom (Satterthwaite).

    >>> error, freedom = crossed_error(np.array([[1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, -1.0]]))
    >>> round(error, 4), round(freedom, 1)
    (0.2152, 2.9)
    """
    seeds, examples = differences_SI.shape
    by_seed, by_example = differences_SI.mean(axis=1), differences_SI.mean(axis=0)
    mean = by_seed.mean()
    total = ((differences_SI - mean) ** 2).sum()
    seed_squares = examples * ((by_seed - mean) ** 2).sum()
    example_squares = seeds * ((by_example - mean) ** 2).sum()
    freedom = (seeds - 1, examples - 1, (seeds - 1) * (examples - 1))
    parts = np.array([seed_squares, example_squares, max(0.0, total - seed_squares - example_squares)]) / freedom
    whole = max(parts[0] + parts[1] - parts[2], parts[0], parts[1])  # never below either source alone
    spread = (parts[:2] ** 2 / freedom[:2]).sum()
    return float(np.sqrt(whole / (seeds * examples))), float(whole**2 / spread) if spread else float(seeds - 1)
