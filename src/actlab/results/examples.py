"""Test examples of classes one by one: which class is taken for which, and which of them each arm gets right."""

from collections.abc import Mapping

import numpy as np

from actlab.experiment import DataFrame, Run
from actlab.results.summary import with_arms

MOST_CLASSES = 20


def confusions(run: Run) -> dict[str, np.ndarray]:
    """Arm -> how many test examples of a class (row) are taken for each (column), mean over the seeds that finished.

    None of numbers, of more than 20 classes, and without a test set.
    """
    found: dict[str, list[np.ndarray]] = {}
    for row in _finished(run).to_dict("records"):
        true, said = run.test_labels(row["seed"]), run.predictions(row["key"])
        if true is None or said is None:
            continue
        if max(true.max(), said.max()) >= MOST_CLASSES:
            return {}
        pairs = np.bincount(true * MOST_CLASSES + said, minlength=MOST_CLASSES**2)
        found.setdefault(row["arm"], []).append(pairs.reshape(MOST_CLASSES, MOST_CLASSES))
    means = {arm: np.mean(counts, axis=0) for arm, counts in found.items()}
    seen = [1 + np.flatnonzero(mean.sum(axis=axis)).max() for mean in means.values() for axis in (0, 1)]
    classes = int(run.artefact("samples").get("classes", max(seen, default=0)))
    return {arm: mean[:classes, :classes] for arm, mean in means.items()} if classes <= MOST_CLASSES else {}


def right_shares(run: Run) -> dict[str, np.ndarray]:
    """Arm -> the share of the seeds that finished which are right, of each test example.

    None of numbers, without a test set, and where each seed has a test set of its own: there few seeds test an example.
    """
    known = {} if run.sizes else run.correct()
    finished = _finished(run)
    by_arm = finished.loc[finished["key"].isin(list(known))].groupby("arm", sort=False)["key"]
    return {str(arm): np.mean([known[key] for key in keys], axis=0) for arm, keys in by_arm}


def differing(shares: Mapping[str, np.ndarray], most: int) -> np.ndarray:
    """The examples on which the shares of two arms differ most, at most so many; of equal ones the first.

    >>> differing({"relu": np.array([1, 1, 0, 0.5]), "tanh": np.array([1, 0, 1, 1])}, 2).tolist()
    [1, 2]
    """
    spread = np.round(np.ptp([*shares.values()], axis=0), 9) if shares else np.empty(0)  # 1 - 2/3 is 1/3
    order = np.argsort(-spread, kind="stable")[:most]
    return order[spread[order] > 0]


def answers(run: Run, index: np.ndarray) -> dict[str, np.ndarray]:
    """Arm -> the classes that its seeds say of these test examples, (seeds, examples)."""
    found: dict[str, list[np.ndarray]] = {}
    for arm, key in _finished(run)[["arm", "key"]].itertuples(index=False):
        if (said := run.predictions(key)) is not None:
            found.setdefault(arm, []).append(said[index])
    return {arm: np.array(said) for arm, said in found.items()}


def _finished(run: Run) -> DataFrame:
    """The trials of classes that finished, with their arms."""
    trials = with_arms(run)
    return trials.loc[(trials["status"] == "finished") & run.metric.is_share]
