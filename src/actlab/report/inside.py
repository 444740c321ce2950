"""What went on inside the networks, drawn: small multiples, a panel a hidden layer, or maps of layer by epoch."""

from typing import NamedTuple

import numpy as np

from actlab.experiment import Run
from actlab.experiment.inside import BINS, EDGES
from actlab.results import with_arms


class Fed(NamedTuple):
    """What training fed an activation, of all values of z that were numbers."""

    edges: np.ndarray  # of the bins
    share: np.ndarray  # of each bin
    below: float  # share below the first edge
    above: float  # and from the last one on


def histograms(run: Run) -> dict[str, Fed]:
    """The distribution of z by arm, over layers and finished trials at the last epoch measured; else none."""
    rows = run.inside.loc[run.inside["epoch"] == run.inside["epoch"].max(), ["key", "histogram"]]
    found = {}
    trials = with_arms(run)
    finished = trials.loc[trials["status"] == "finished", ["key", "arm"]]
    for arm, own in rows.merge(finished, on="key").groupby("arm", sort=False):
        counts = np.sum([*own["histogram"]], axis=0, dtype=np.float64)[:-1]  # the last: NaN
        if counts.any():
            share = counts / counts.sum()
            found[str(arm)] = Fed(EDGES, share[:BINS], float(share[BINS]), float(share[BINS + 1]))
    return found
