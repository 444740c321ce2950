"""What is wrong with the data or the networks, found before any time is spent on training; and after, from curves.

inputs      finite, not constant, on a usable scale, alike in all parts, equal rows in one part only
labels      whole numbers from 0, an example of each class
networks    loss, gradients and dead units at the start; a few samples learned by heart
curves      what a training ended in
doctor      the machine
"""

from actlab.data import Dataset
from actlab.preflight import inputs, labels
from actlab.preflight.curves import Diagnosis, diagnose
from actlab.preflight.findings import ERROR, LEVELS, Finding, refuse
from actlab.preflight.networks import check_networks
from actlab.spec import Experiment

__all__ = ["LEVELS", "Diagnosis", "Finding", "diagnose", "preflight", "refuse"]


def preflight(dataset: Dataset, experiment: Experiment | None = None) -> list[Finding]:
    """What is right and wrong about a data set, and about the networks of an experiment on it.

    A few seconds. Without an experiment the data alone are looked at; where they are unfit to be shown to a network at
    all, what is found says so and no network is made.

    >>> from actlab.data import load
    >>> {finding.level for finding in preflight(load("digits"))} <= {"ok", "note"}
    True
    """
    finite, named = inputs.finite(dataset), labels.labels(dataset)
    found = [*finite, *named, *labels.balance(dataset)]
    if not _has_error(finite):  # the others count with these values
        for check in (inputs.constant, inputs.scale, inputs.duplicates, inputs.alike):
            found += check(dataset)
    if experiment is not None and not _has_error(finite + named):
        found += check_networks(dataset, experiment)
    return found


def _has_error(findings: list[Finding]) -> bool:
    return any(finding.level == ERROR for finding in findings)
