"""What is measured inside the networks of a run while they are trained: when, what, and how it is kept.

Each hidden layer of a network leaves a row at each epoch that is due, 0 being its start.
"""

import numpy as np

WHEN = ("doubling", "every", "none")  # epochs 0, 1, 2, 4, 8, ... and the last; each; not at all
MEASURED = (
    "dead",  # share of the units whose |f'| is below DEAD on the whole probe
    "saturated",  # share of the values whose |f'| is below SATURATED
    "z_mean",
    "z_deviation",
    "y_mean",
    "y_deviation",
    "gradient_z",  # root mean square of dL/dz, L the mean loss of the probe
    "gradient_weights",  # of dL/dW, without biases
    "update",  # norm of the epoch's last change of W over the norm of W, without biases
)
DEAD, SATURATED = 1e-3, 0.1
BINS, REACH = 64, 8  # of the histogram of z: bins from -REACH to REACH
EDGES = np.linspace(-REACH, REACH, BINS + 1)  # a bin holds its lower edge, not its upper
COUNTS = np.dtype("<u4")  # of each bin, then of what lies below, above, and is NaN
LEARNED = np.dtype("<f8")


def is_due(when: str, epoch: int, epochs: int) -> bool:
    """
    >>> [epoch for epoch in range(26) if is_due("doubling", epoch, 25)]
    [0, 1, 2, 4, 8, 16, 25]
    """
    return when == "every" or (when == "doubling" and (epoch == epochs or epoch & (epoch - 1) == 0))
