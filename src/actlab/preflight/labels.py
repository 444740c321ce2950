"""The labels before training: whole numbers from 0 to below the number of classes, and an example of each."""

import numpy as np

from actlab.data import Dataset
from actlab.preflight.findings import ERROR, NOTE, OK, WARNING, Finding
from actlab.preflight.inputs import listed, parts

_UNEVEN, _VERY_UNEVEN = 3, 10  # samples of the most frequent class for one of the rarest


def labels(dataset: Dataset) -> list[Finding]:
    """Whether each label names a class."""
    found = []
    for name, part in parts(dataset).items():
        wrong = ~np.isin(part.y, np.arange(dataset.classes))
        if wrong.any():
            first = wrong.argmax()
            says = (
                f"{wrong.sum()} of {len(wrong)} {name} labels are no whole number from 0 to {dataset.classes - 1}, the "
                f"first is {part.y[first]} of sample {first}: number the {dataset.classes} classes from 0."
            )
            found.append(Finding("labels", ERROR, int(wrong.sum()), says, name))
    told = f"every label is a whole number from 0 to {dataset.classes - 1}."
    return found or [Finding("labels", OK, 0, told)]


def balance(dataset: Dataset) -> list[Finding]:
    """Classes without an example, and how uneven the others are."""
    every = range(dataset.classes)  # labels that name none do not count here
    counts = {name: np.array([(part.y == label).sum() for label in every]) for name, part in parts(dataset).items()}
    found = []
    for name, count in counts.items():
        missing = np.flatnonzero(count == 0)
        if missing.size:
            training = name == "training"
            why = "a network cannot learn them" if training else f"accuracy on the {name} part leaves them out"
            shown = listed(dataset.class_names, missing)
            says = f"the {name} part has no sample of {missing.size} of {dataset.classes} classes ({shown}): {why}."
            found.append(Finding("balance", ERROR if training else WARNING, int(missing.size), says, name))
    train = counts["training"]
    if not train.all():
        return found
    ratio, most = float(train.max() / train.min()), train.max() / train.sum()
    level = WARNING if ratio > _VERY_UNEVEN else NOTE if ratio > _UNEVEN else OK
    advice = "" if level == OK else ": judge accuracy by that."
    says = f"from {train.min()} to {train.max()} training samples a class; the most frequent has {most:.1%}"
    return [*found, Finding("balance", level, ratio, says + (advice or "."))]
