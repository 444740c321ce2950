"""Targets that are numbers, before training: finite, varying, not of a few samples, alike in all parts."""

import math

import numpy as np

from actlab.data import Dataset
from actlab.preflight.findings import ERROR, NOTE, OK, WARNING, Finding
from actlab.preflight.inputs import name_of, parts

_FEWEST = 50  # samples of which the farthest hundredth says something
_FAR, _VERY_FAR = (
    0.25,
    0.5,
)  # of the variance, made by the farthest hundredth: .08 of a normal, .22 of an exponential one
_OFTEN, _MOSTLY = 0.2, 0.5  # of the samples, with one and the same target
_FEW_VALUES = 10
_APART, _FAR_APART = 0.2, 0.45  # shares of two parts below one value; of normal ones a shift by .5 and 1.2 deviations
_SAME = 0.999  # the correlation of a feature that is the target


def targets(dataset: Dataset) -> list[Finding]:
    """Whether each target is a number, and varies where something is learned or measured."""
    found = []
    for name, part in parts(dataset).items():
        bad = ~np.all(np.isfinite(part.y), axis=1)
        if bad.any():
            says = (
                f"{bad.sum()} of {len(bad)} {name} samples have a target that is NaN or infinite, the first is sample "
                f"{bad.argmax()}: drop them."
            )
            found.append(Finding("targets", ERROR, int(bad.sum()), says, name))
            continue
        for place in np.flatnonzero((part.y == part.y[0]).all(axis=0)).tolist():
            training = name == "training"
            why = "there is nothing to learn" if training else "R² has no meaning there"
            says = (
                f"{_which(dataset, place)} is {_raw(dataset, place, part.y[0, place])} in every {name} sample: {why}."
            )
            found.append(Finding("targets", ERROR if training else WARNING, 0.0, says, name))
    return found or [Finding("targets", OK, 0, f"{_all(dataset)} finite, and vary in each part.")]


def outliers(dataset: Dataset) -> list[Finding]:
    """How much of the variance, which the squared error weighs, lies with the samples farthest from the mean."""
    samples = len(dataset.train.y)
    if samples < _FEWEST:
        return [Finding("outliers", NOTE, samples, f"{samples} training targets are too few to call one an outlier.")]
    few = math.ceil(samples / 100)
    found, shares = [], []
    for place, y in enumerate(dataset.train.y.T.astype(np.float64)):
        squares = (y - y.mean()) ** 2
        order = np.argsort(-squares, kind="stable")
        share = float(squares[order[:few]].sum() / (squares.sum() or 1.0))
        shares.append(share)
        if share > _FAR:
            says = (
                f"the {few} of {samples} training samples whose target is farthest from the mean make {share:.0%} of "
                f"the variance of {_which(dataset, place)} (of a normal one 8%), the farthest is "
                f"{_raw(dataset, place, y[order[0]])}: the squared error is about them. Are they right? If the target "
                "spans orders of magnitude, learn its logarithm."
            )
            found.append(Finding("outliers", WARNING if share > _VERY_FAR else NOTE, share, says, "training"))
    told = f"the farthest {few} of {samples} training targets make {max(shares):.0%} of the variance, at most."
    return found or [Finding("outliers", OK, max(shares), told)]


def values(dataset: Dataset) -> list[Finding]:
    """Targets of few values, which may be classes, or with one value that many samples share."""
    found, shares = [], []
    for place, y in enumerate(dataset.train.y.T):
        kinds, counts = np.unique(y, return_counts=True)
        share = float(counts.max() / len(y))
        shares.append(share)
        often = _raw(dataset, place, kinds[counts.argmax()])
        if len(kinds) <= min(_FEW_VALUES, len(y) // 2):
            says = f"{_which(dataset, place)} has {len(kinds)} different values in {len(y)} training samples: if these "
            says += "are classes, leave --loss mean_squared_error out, and write them as whole numbers or text."
            found.append(Finding("values", NOTE, len(kinds), says, "training"))
        elif share > _OFTEN:
            says = f"{share:.0%} of the training samples have the same value, {often}, of {_which(dataset, place)}: a "
            says += "gap that was filled, the end of a scale, or a class of its own?"
            found.append(Finding("values", WARNING if share > _MOSTLY else NOTE, share, says, "training"))
    most = max(shares)
    return found or [Finding("values", OK, most, f"no value is that of more than {most:.1%} of the training samples.")]


def alike(dataset: Dataset) -> list[Finding]:
    """Whether the other parts' targets are spread as those of training, by the distance of Kolmogorov and Smirnov."""
    found = []
    train = np.sort(dataset.train.y, axis=0)
    for name, part in list(parts(dataset).items())[1:]:
        other = np.sort(part.y, axis=0)
        size = len(other)
        chance = 1.95 * math.sqrt((size + len(train)) / (size * len(train)))  # which it passes once in a thousand times
        below = [_below(train[:, place], other[:, place]) for place in range(dataset.outputs)]
        place = int(np.argmax([distance for distance, *_ in below]))
        distance, at, there, here = below[place]
        told = f"{here:.0%} of the {name} targets are at or below {_raw(dataset, place, at)}, of the training targets "
        told = f"{told}{there:.0%}"
        if dataset.outputs > 1:
            told = f"of target {place}, {told}"
        if distance > max(_FAR_APART, chance):
            level = ERROR
            told += ": they were made or scaled in another way, and an error on them does not show what was learned. "
            told += "Give y in one unit in all parts, and divide the samples by chance."
        elif distance > max(_APART, chance):
            level = WARNING
            told += ": see that the samples are divided by chance, and not by time or in their order."
        else:
            level, told = OK, f"{told}: nowhere are they farther apart."
        found.append(Finding("alike", level, round(distance, 3), told, f"{name} targets"))
    return found


def given_away(dataset: Dataset) -> list[Finding]:
    """A feature that is the target, in another unit perhaps: then nothing is left to learn."""
    x, y = (values - values.mean(axis=0) for values in (dataset.train.x, dataset.train.y))
    sizes = np.outer(np.linalg.norm(x, axis=0), np.linalg.norm(y, axis=0))
    same = np.abs(x.T @ y) / np.where(sizes > 0, sizes, np.inf)
    found = []
    for place in range(dataset.outputs):
        feature, most = int(same[:, place].argmax()), float(same[:, place].max())
        if most > _SAME:
            says = f"feature {name_of(dataset.feature_names, feature)} has a correlation of {most:.4f} with "
            says += f"{_which(dataset, place)}: if it is known only after it, or made from it, leave it out."
            found.append(Finding("given away", WARNING, most, says, "training"))
    most = float(same.max())
    return found or [Finding("given away", OK, most, f"no feature has a correlation above {most:.2f} with a target.")]


def _below(train: np.ndarray, other: np.ndarray) -> tuple[float, float, float, float]:
    """The largest distance of two samples' cumulative shares, where it is, and the shares there; both are sorted."""
    points = np.concatenate((train, other))
    shares = [np.searchsorted(values, points, side="right") / len(values) for values in (train, other)]
    apart = np.abs(shares[0] - shares[1])
    place = int(apart.argmax())
    return float(apart[place]), float(points[place]), float(shares[0][place]), float(shares[1][place])


def _all(dataset: Dataset) -> str:
    samples = sum(len(part.y) for part in parts(dataset).values())
    return (
        f"all {samples} targets are"
        if dataset.outputs == 1
        else f"the {dataset.outputs} targets of {samples} samples are"
    )


def _which(dataset: Dataset, place: int) -> str:
    return "the target" if dataset.outputs == 1 else f"target {place}"


def _raw(dataset: Dataset, place: int, value: float) -> str:
    """A standardised target as it was given."""
    mean, deviation = dataset.target_mean[place], dataset.target_deviation[place]
    digits = 6 - math.floor(math.log10(deviation))  # more are not in float32, in which they are standardised
    return f"{round(float(value) * deviation + mean, digits) + 0.0:.5g}"
