"""The inputs before training: finite, on a usable scale, alike in all parts, and in one part only."""

import hashlib

import numpy as np

from actlab.data import Dataset, Part, distinguishable, some
from actlab.preflight.findings import ERROR, NOTE, OK, WARNING, Finding

_TOLD_APART, _PERHAPS = 0.9, 0.65  # AUC: sizes, not significance, for with enough samples any two files differ
_ADVICE = {
    OK: ": they look alike.",
    WARNING: " (like inputs give .5): see that all parts come from one source and one pipeline.",
    ERROR: " (like inputs give .5): they were made in different ways, and {} on them does not show what was "
    "learned. Send all parts through one pipeline, with the mean and deviation of the training part.",
}
_FEWEST = 20  # samples of a part from which an AUC says something
_SHARED, _MANY_SHARED = 0.01, 0.2  # of the samples of a part that are in the training part too
_ROWS = 5000  # are enough to see a feature's deviation
_UNEVEN = 30  # how many times what a third of the features vary by the largest may be


def parts(dataset: Dataset) -> dict[str, Part]:
    """The parts that there are, by name; the one trained on first."""
    found = {"training": dataset.train, "validation": dataset.valid, "test": dataset.test}
    return {name: part for name, part in found.items() if part is not None}


def name_of(names: tuple[str, ...], place: int) -> str:
    """What the data call it, in quotes, else its number."""
    return repr(names[place]) if names else str(place)


def listed(names: tuple[str, ...], places: np.ndarray) -> str:
    """The first of these features or classes."""
    return some([name_of(names, place) for place in places])


def finite(dataset: Dataset) -> list[Finding]:
    """NaN and infinite values: one of them makes the loss of its batch NaN, and with it the network."""
    found, samples = [], 0
    for name, part in parts(dataset).items():
        bad, samples = ~np.all(np.isfinite(part.x), axis=1), samples + len(part.x)
        if bad.any():
            says = f"{bad.sum()} of {len(bad)} {name} samples hold NaN or infinite values, the first is sample "
            says += f"{bad.argmax()}: drop them or fill them."
            found.append(Finding("finite", ERROR, int(bad.sum()), says, name))
    return found or [Finding("finite", OK, 0, f"all values of {samples} samples are finite.")]


def constant(dataset: Dataset) -> list[Finding]:
    """Inputs that say nothing: all of them, which is an error, or some features."""
    x = dataset.train.x
    still = (x == x[0]).all(axis=0)
    if still.all():
        says = "every training sample is the same: there is nothing to learn from. Look at x."
        return [Finding("constant", ERROR, x.shape[1], says)]
    count = int(still.sum())
    if not count:
        return [Finding("constant", OK, 0, f"each of the {x.shape[1]} features varies.")]
    others = [part.x for name, part in parts(dataset).items() if name != "training"]
    wakes = np.any([(other[:, still] != x[0, still]).any(axis=0) for other in others], axis=0).sum()
    moves = f", of which {wakes} vary in another part, where their weights are as they began" if wakes else ""
    named = f" ({listed(dataset.feature_names, np.flatnonzero(still))})" if dataset.feature_names else ""
    says = f"{count} of {x.shape[1]} features{named} are constant in training{moves}."
    return [Finding("constant", NOTE, count, says)]


def scale(dataset: Dataset) -> list[Finding]:
    """Mean and deviation of the training inputs, and whether one feature outweighs the others."""
    x = dataset.train.x
    mean, deviation = float(np.mean(x, dtype=np.float64)), float(np.std(x, dtype=np.float64))
    size = max(abs(mean), deviation)
    told = f"the training inputs have mean {mean:.3g} and deviation {deviation:.3g}"
    if size > 20:
        bytes_ = " (bytes, it seems)" if x.min() >= 0 and x.max() <= 255 else ""
        level, told = ERROR, f"{told}, from {x.min():.3g} to {x.max():.3g}{bytes_}: initial weights and learning rates"
        told += " are made for 0 and 1. Standardise them."
    elif abs(mean) > 0.5 or not 0.25 <= deviation <= 4:
        level, told = WARNING, f"{told}: far from the 0 and 1 that initial weights are made for. Standardise them."
    elif abs(mean) > 0.1 or not 0.5 <= deviation <= 2:
        level, told = NOTE, f"{told}, not quite 0 and 1: a learning rate found elsewhere need not fit."
    else:
        level, told = OK, f"{told}."
    found = [Finding("scale", level, round(size, 4), told)]
    spread = np.std(x[:: len(x) // _ROWS + 1], axis=0, dtype=np.float64)
    size_of = np.maximum(spread, np.abs(np.mean(x, axis=0, dtype=np.float64)))  # a large offset drowns others too
    varying = spread[spread > 0]
    # Not the least: in images some pixels at the border hardly vary. Of up to four features it is the least.
    uneven = float(size_of.max() / np.quantile(varying, 1 / 3, method="lower")) if varying.size else 0.0
    if uneven > _UNEVEN:
        name = name_of(dataset.feature_names, int(size_of.argmax()))
        says = f"feature {name} is {uneven:.0f} times as large as what a third of the features vary by,"
        says += " and drowns them: standardise each by itself with --standardise features (pipeline='features')."
        found.append(Finding("scale", WARNING, uneven, says))
    return found


def alike(dataset: Dataset) -> list[Finding]:
    """Whether a classifier can say from which part an input is: then one part measures nothing about the other."""
    found = []
    measure = "accuracy" if dataset.targets == "classes" else "the error"
    for name, part in list(parts(dataset).items())[1:]:
        if min(len(part.x), len(dataset.train.x)) < _FEWEST:
            says = f"{len(part.x)} {name} samples are too few to say whether they look like training samples."
            found.append(Finding("alike", NOTE, len(part.x), says, name))
            continue
        auc, chance = distinguishable(dataset.train.x, part.x)
        told = f"a classifier tells {name} inputs from training inputs with AUC {auc:.2f}"
        sure = auc > 0.5 + 3 * chance  # of few samples chance alone makes more than the limits
        level = ERROR if sure and auc > _TOLD_APART else WARNING if sure and auc > _PERHAPS else OK
        found.append(Finding("alike", level, round(auc, 3), told + _ADVICE[level].format(measure), name))
    return found


def duplicates(dataset: Dataset) -> list[Finding]:
    """Equal rows: between parts, where a test is of what was learned by heart, and with two labels or targets."""
    keys = {name: _keys(part.x) for name, part in parts(dataset).items()}
    y, classes = dataset.train.y, dataset.targets == "classes"
    labels: dict[bytes, set] = {}
    for key, label in zip(keys["training"], y.tolist() if classes else map(tuple, y.tolist()), strict=True):
        labels.setdefault(key, set()).add(label)
    found, seen = [], set(labels)
    for name, own in list(keys.items())[1:]:
        count = sum(key in seen for key in own)
        share = count / len(own)
        if count:
            level = ERROR if share > _MANY_SHARED else WARNING if share > _SHARED else NOTE
            says = f"{count} of {len(own)} {name} samples ({100 * share:.2g}%) are in an earlier part too"
            advice = "" if level == NOTE else ": they ask for what was seen in training. Keep equal rows in one part."
            found.append(Finding("duplicates", level, share, says + (advice or "."), name))
        seen |= set(own)
    samples = len(keys["training"])
    torn = sum(len(labels[key]) > 1 for key in keys["training"])
    if torn and not classes:
        found.append(_torn(keys["training"], y, torn))
    elif torn:
        says = f"{torn} of {samples} training samples ({100 * torn / samples:.2g}%) appear with several labels"
        level = WARNING if torn > _SHARED * samples else NOTE
        found.append(Finding("duplicates", level, torn / samples, f"{says}: none can get all right.", "labels"))
    if again := samples - len(labels):
        says = f"{again} of {samples} training samples ({100 * again / samples:.2g}%) repeat another."
        found.append(Finding("duplicates", NOTE, again / samples, says, "training"))
    return found or [Finding("duplicates", OK, 0, f"no two of {sum(map(len, keys.values()))} samples are equal.")]


def _torn(keys: list[bytes], y: np.ndarray, torn: int) -> Finding:
    """Equal rows with different targets: what no network can explain, as a share of the targets' variance."""
    _, group = np.unique(keys, return_inverse=True)
    sizes = np.bincount(group)
    left = 0.0
    for target in y.T.astype(np.float64):
        means = np.bincount(group, target) / sizes
        left += float(np.mean((target - means[group]) ** 2) / (np.var(target) or 1.0)) / y.shape[1]
    says = f"{torn} of {len(y)} training samples ({100 * torn / len(y):.2g}%) appear with several targets: "
    says += f"{left:.2g} of the targets' variance cannot be learned from these inputs."
    return Finding("duplicates", WARNING if left > _SHARED else NOTE, left, says, "targets")


def _keys(x: np.ndarray) -> list[bytes]:
    return [hashlib.blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(x)]
