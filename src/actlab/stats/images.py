"""The second source of chance: other test examples. Seeds fix initial weights and order, not the test set.

The differences d (+1 the arm alone is right, -1 the baseline alone) of S seeds on I examples, both drawn at random and
crossed, are d = mean + seed + example + rest. The mean squares of the two-way table have the expectations

    MS_seed     I var_seed                  + var_rest
    MS_example              S var_example   + var_rest
    MS_rest                                   var_rest

and S I times the variance of the mean is I var_seed + S var_example + var_rest (Owen 2007, The pigeonhole bootstrap,
Annals of Applied Statistics 1, for the crossed case): MS_seed and what MS_example has above MS_rest. An excess below 0
is chance, and 0 is taken: where examples add nothing the interval is Student's for the seeds. A floor at MS_example
too makes it needlessly wide there (tests/test_stats.py: coverage where the variances are known).
"""

from collections.abc import Mapping

import numpy as np

Correct = Mapping[str, Mapping[int, np.ndarray]]  # arm -> seed -> bool (I,): which test examples were right


def crossed_error(differences_SI: np.ndarray) -> tuple[float, float]:
    """Standard error of the mean over other seeds and other examples, and its degrees of freedom (Satterthwaite).

    >>> error, freedom = crossed_error(np.array([[1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, -1.0]]))
    >>> round(error, 4), round(freedom, 1)
    (0.1667, 4.6)
    """
    seeds, examples = differences_SI.shape
    by_seed, by_example = differences_SI.mean(axis=1), differences_SI.mean(axis=0)
    mean = by_seed.mean()
    total = ((differences_SI - mean) ** 2).sum()
    seed_squares = examples * ((by_seed - mean) ** 2).sum()
    example_squares = seeds * ((by_example - mean) ** 2).sum()
    rest = max(0.0, total - seed_squares - example_squares) / ((seeds - 1) * (examples - 1))
    by_seeds = seed_squares / (seeds - 1)
    excess = max(0.0, example_squares / (examples - 1) - rest)
    spread = by_seeds**2 / (seeds - 1) + excess**2 / (examples - 1)
    whole = by_seeds + excess
    return float(np.sqrt(whole / (seeds * examples))), float(whole**2 / spread) if spread else float(seeds - 1)
