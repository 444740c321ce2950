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
    """The distribution of z by arm, over all layers and seeds at the last epoch measured; arms without numbers: none."""
    rows = run.inside.loc[run.inside["epoch"] == run.inside["epoch"].max(), ["key", "histogram"]]
    rows = rows.merge(with_arms(run)[["key", "arm"]], on="key")
    counts = {str(arm): np.sum([*own], axis=0, dtype=float) for arm, own in rows.groupby("arm", sort=False)["histogram"]}
    shares = {arm: count[:-1] / count[:-1].sum() for arm, count in counts.items() if count[:-1].any()}  # last: NaN
    return {arm: Fed(EDGES, share[:BINS], float(share[BINS]), float(share[BINS + 1])) for arm, share in shares.items()}
