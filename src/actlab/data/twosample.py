"""Whether two sets of inputs can be told apart: by a classifier that has to say from which of them a sample is."""

import math

import numpy as np

from actlab.errors import extra

SAMPLES = 1000  # of each set: some tenths of a second, and an AUC of .5 within .013
_FOLDS = 3
_TREES = 50


def distinguishable(first: np.ndarray, second: np.ndarray, samples: int = SAMPLES) -> tuple[float, float]:
    """The AUC of a random forest on samples that it has not seen, and how far chance alone moves it (one deviation).

    .5 means that nothing tells the sets apart, 1 that every sample gives away its set. Trees, since they need no
    scaling and see a shifted value as well as one that only one of the sets has.

    >>> x = np.random.default_rng(0).normal(size=(600, 5))
    >>> distinguishable(x[:300], x[300:] + 2)[0] > 0.95, distinguishable(x[:300], x[300:])[0] < 0.6
    (True, True)
    """
    with extra("lab", "scikit-learn"):
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.metrics import roc_auc_score
        from sklearn.model_selection import StratifiedKFold, cross_val_predict
    size = min(samples, len(first), len(second))
    draw = np.random.default_rng(0)
    x = np.concatenate([part[draw.permutation(len(part))[:size]] for part in (first, second)])
    side = np.repeat([0, 1], size)
    forest = RandomForestClassifier(_TREES, min_samples_leaf=5, random_state=0)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    scores = np.asarray(cross_val_predict(forest, x, side, cv=folds, method="predict_proba"))[:, 1]
    return float(roc_auc_score(side, scores)), math.sqrt((2 * size + 1) / (12 * size * size))
