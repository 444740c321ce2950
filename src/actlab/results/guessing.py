"""What guessing reaches on a run's data, and which arms did no better."""

import math
from collections.abc import Mapping

import numpy as np

from actlab.experiment import DataFrame, Run
from actlab.stats import Guessing, Table, learned


def unlearned(run: Run, trials: DataFrame, values: Table) -> set[str]:
    """The arms that did not learn; `trials` with their arms, `values` of what is compared."""
    guessing = guessing_on(run.artefact("samples"), run.experiment.metric)
    finished = trials[trials["status"] == "finished"]
    losses = {arm: rows.tolist() for arm, rows in finished.groupby("arm")["final_train_loss"]}
    return {
        arm
        for arm, seeds in values.items()
        if arm in losses and not learned([v for v in seeds.values() if math.isfinite(v)], losses[arm], guessing)
    }


def guessing_on(samples: Mapping[str, np.ndarray], metric: str) -> Guessing:
    """Guessing's value, as comparisons take it, and its training loss.

    Both by the labels that a run keeps, as parts are alike: of the test samples, of all where each seed splits them
    anew, or of the validation samples. Runs of before that have none of these: as if classes were equally frequent.
    """
    known = (samples[name] for name in ("test_labels", "pool_labels", "valid_labels") if name in samples)
    labels = next(known, None)
    if samples.get("targets") == "numbers":
        if labels is None:  # as if the parts were exactly alike
            return Guessing(float(metric == "r2") - 1.0, 0.0, 1.0)
        targets = (labels - samples["target_mean"]) / samples["target_deviation"]
        squares = (targets**2).mean(axis=1)
        error, scale = squares.std() / math.sqrt(len(squares)), targets.var(axis=0).mean() if metric == "r2" else 1.0
        value = float(metric == "r2") - squares.mean() / scale
        return Guessing(float(value), float(error / scale), 1.0)
    if labels is None:
        classes = int(samples["classes"]) if "classes" in samples else 1 + int(np.max(samples.get("labels", 9)))
        shares, count = np.full(classes, 1 / classes), int(samples.get("valid_samples", 0))
    else:
        counts = np.bincount(labels)
        shares, count = counts[counts > 0] / counts.sum(), len(labels)
        if "sizes" in samples:
            count = int(samples["sizes"][2])
    share = float(shares.max())
    error = math.sqrt(share * (1 - share) / count) if count else 0.0
    return Guessing(share, error, float(-(shares * np.log(shares)).sum()))
