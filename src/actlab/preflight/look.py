"""All checks before training, in their order."""

from actlab.data import Dataset
from actlab.experiment import Experiment
from actlab.preflight import inputs, labels, targets
from actlab.preflight.activations import check_activations
from actlab.preflight.findings import ERROR, Finding
from actlab.preflight.networks import check_networks


def preflight(
    dataset: Dataset, experiment: Experiment | None = None, found: list[Finding] | None = None
) -> list[Finding]:
    """What is right and wrong about a data set, and about the networks of an experiment on it: a few seconds.

    Args:
        dataset: what `actlab.data.load` gives.
        experiment: whose networks are looked at too; without it, or where the data are unfit to be shown to a network
            at all, none is made.
        found: what `check_data` has said already.

    Returns:
        A Finding a check, those of the data first; `level` is "ok", "note", "warning" or "error".

    Raises:
        UserError: the experiment names an activation that is not found.

    >>> from actlab.data import load
    >>> {finding.level for finding in preflight(load("digits"))} <= {"ok", "note"}
    True
    """
    found = list(check_data(dataset) if found is None else found)
    unfit = any(finding.level == ERROR and finding.check in ("finite", "labels", "targets") for finding in found)
    if experiment is None or unfit:
        return found
    found += check_activations(experiment)
    try:
        return found + check_networks(dataset, experiment)
    except Exception:
        if not any(finding.check == "battery" and finding.level == ERROR for finding in found):
            raise
        return found  # it fails in a network, too: that is no news


def check_data(dataset: Dataset) -> list[Finding]:
    """The data alone."""
    finite = inputs.finite(dataset)
    classes = dataset.targets == "classes"
    learned = [*labels.labels(dataset), *labels.balance(dataset)] if classes else targets.targets(dataset)
    found = [*finite, *learned]
    checks = [inputs.constant, inputs.scale, inputs.duplicates, inputs.alike]
    if not classes:
        checks += [targets.outliers, targets.values, targets.given_away, targets.alike]
    of_numbers = finite if classes else found  # what is counted with below
    if not any(finding.level == ERROR for finding in of_numbers):
        for check in checks:
            found += check(dataset)
    return found
