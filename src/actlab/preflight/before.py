"""Before a run trains: look once at its data and its networks, say what is amiss, and stop at an error."""

from typing import Any

from actlab.data import Dataset, margin_points
from actlab.preflight.findings import ERROR, WARNING, Finding, refuse
from actlab.preflight.look import check_data, preflight
from actlab.spec import Experiment

_SEEN: dict[tuple[str, str, str], list[Finding]] = {}  # what was found in the data of this process, by what they are


def look_before(
    dataset: Dataset, experiment: Experiment, known: dict[str, Any], *, force: bool
) -> tuple[dict[str, Any], list[str]]:
    """What a run's folder keeps of it, the activations looked at and the findings; and what is to be said.

    `known` is what the folder keeps already: where all activations are in there, nothing is looked at again.

    Raises:
        UserError: an error was found, and `force` does not say to go on in spite of it.
    """
    activations = sorted(experiment.layers)
    if set(activations) <= set(known.get("activations", ())):
        return known, []
    key = (dataset.content, experiment.split, experiment.pipeline)
    if key not in _SEEN:
        _SEEN[key] = check_data(dataset)
    found = preflight(dataset, experiment, _SEEN[key])
    refuse(found, force)
    said = [_question(dataset, experiment)] if len(experiment.labels) > 1 and not known else []
    said += [f"Before training: {finding}" for finding in found if finding.level in (WARNING, ERROR)]
    return {"activations": activations, "findings": [finding.as_dict() for finding in found]}, said


def _question(dataset: Dataset, experiment: Experiment) -> str:
    """Baseline and margin, which are fixed from here on."""
    examples = len((dataset.test or dataset.valid).y)
    margin = margin_points(experiment.data, experiment.margin, examples)
    raised = " (two test examples)" if experiment.margin and margin > experiment.margin else ""
    return (
        f"Compared with {experiment.baseline_label}, paired by seed; differences below {margin:.3g} points{raised} "
        "count as none. Both are fixed before training."
    )
