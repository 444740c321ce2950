"""Before a run trains: look once at its data and its networks, say what is amiss, and stop at an error."""

from collections.abc import Callable
from typing import Any

from actlab.data import Dataset
from actlab.preflight.findings import ERROR, WARNING, Finding, refuse
from actlab.preflight.look import check_data, preflight
from actlab.spec import Experiment

_SEEN: dict[tuple[str, str, str], list[Finding]] = {}  # what was found in the data of this process, by what they are


def look_before(
    dataset: Dataset, experiment: Experiment, known: dict[str, Any], *, force: bool, say: Callable[[str], None]
) -> dict[str, Any]:
    """What a run's folder keeps of it: the activations looked at, and the findings; `known` where all are in there.

    Raises:
        UserError: an error was found, and `force` does not say to go on in spite of it.
    """
    activations = sorted(experiment.layers)
    if set(activations) <= set(known.get("activations", ())):
        return known
    key = (dataset.content, experiment.split, experiment.pipeline)
    if key not in _SEEN:
        _SEEN[key] = check_data(dataset)
    found = preflight(dataset, experiment, _SEEN[key])
    refuse(found, force)
    for finding in found:
        if finding.level in (WARNING, ERROR):
            say(f"Before training: {finding}")
    return {"activations": activations, "findings": [finding.as_dict() for finding in found]}
