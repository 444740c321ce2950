"""The second source of chance where each seed splits the same data anew: other data.

Such seeds share samples, so that their results go together, and their spread shows less than results on other data
would have. Nadeau and Bengio (2003, Inference for the Generalization Error, Machine Learning 52, 239-281; its abstract
was opened, the factor is held by a simulation in the tests) take 1/n + tested/others for 1/n in the variance of a mean.
That is exact where two seeds correlate as the samples they test on do, by their share of all; initial weights, fresh in
each seed, make it wider than need be.
"""

import math


def resplit_error(error: float, n: int, overlap: float) -> float:
    """The standard error of a mean over n seeds for other data, from that for other splits of the same data.

    Args:
        overlap: test samples for each sample of the other parts.

    >>> round(resplit_error(0.001, n=10, overlap=10_000 / 60_000), 5)
    0.00163
    """
    return error * math.sqrt(1 + n * overlap)
