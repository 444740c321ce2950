"""Before a run trains: look once at its data and its networks, say what is amiss, and stop at an error."""

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from actlab.data import Dataset, cache_folder, margin_of, twosample
from actlab.errors import UserError
from actlab.experiment import METRICS, Experiment, write_text
from actlab.preflight import inputs, labels, targets
from actlab.preflight.findings import ERROR, WARNING, Finding, refuse
from actlab.preflight.look import check_data, preflight


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
    found = preflight(dataset, experiment, _of_data(dataset, experiment))
    refuse(found, force)
    said = [_question(dataset, experiment)] if len(experiment.labels) > 1 and not known else []
    said += [f"Before training: {finding}" for finding in found if finding.level in (WARNING, ERROR)]
    return {"activations": activations, "findings": [finding.as_dict() for finding in found]}, said


def _of_data(dataset: Dataset, experiment: Experiment) -> list[Finding]:
    """What the checks say of the data; they take seconds, and the same data and checks say the same: so it is kept."""
    seed = experiment.seeds[0] if dataset.pool else ""
    parts = [dataset.content, experiment.split, experiment.pipeline, str(seed)]
    parts += [str(names) for names in (dataset.feature_names, dataset.class_names) if names]
    parts += [Path(str(room.__file__)).read_text(encoding="utf-8") for room in (inputs, labels, targets, twosample)]
    file = cache_folder() / "preflight" / f"{hashlib.sha256('/'.join(parts).encode()).hexdigest()[:24]}.json"
    with contextlib.suppress(OSError, ValueError, TypeError):
        return [Finding(**one) for one in json.loads(file.read_text(encoding="utf-8"))]
    found = check_data(dataset)
    with contextlib.suppress(OSError, UserError):  # a cache that cannot be written costs time alone
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps([one.as_dict() for one in found]))
    return found


def _question(dataset: Dataset, experiment: Experiment) -> str:
    """Baseline and margin, which are fixed from here on."""
    metric = METRICS[experiment.metric]
    margin = margin_of(experiment, len((dataset.test or dataset.valid).y))
    raised = " (two test examples)" if 0 < experiment.margin < margin else ""
    least = f"{margin:.3g} {metric.unit.word or f'of {metric.words}'}{raised}"
    return (
        f"Compared with {experiment.baseline_label}, paired by seed; a difference within {least} is too small to "
        "matter. Both are fixed before training."
    )
