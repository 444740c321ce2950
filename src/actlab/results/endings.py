"""What a reader has to know of how it went: found before training, and told from the curves after it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from actlab.experiment import METRICS, DataFrame, Run
from actlab.stats import FINE, Diagnosis, diagnose, listed

_MOST_SAID = 20  # arms of a state


def said(found: dict[str, Diagnosis]) -> list[str]:
    """A sentence for each state but "fine", and the figures of each arm in it."""
    return [
        f"After training, {listed(arms)}: {state}. "
        + " ".join(f"{arm}: {found[arm].says}" if len(arms) > 1 else found[arm].says for arm in arms[:_MOST_SAID])
        + f" And {len(arms) - _MOST_SAID:,} more." * (len(arms) > _MOST_SAID)
        for state, arms in _states(found).items()
    ]


def in_short(found: dict[str, Diagnosis]) -> list[str]:
    """Each state but "fine" with its arms."""
    told = [f"{state} ({', '.join(_first(arms))})" for state, arms in _states(found).items()]
    return [f"After training: {'; '.join(told)}."] if told else []


def _first(arms: list[str]) -> list[str]:
    return arms if len(arms) <= _MOST_SAID else [*arms[:_MOST_SAID], f"and {len(arms) - _MOST_SAID:,} more"]


def _states(found: dict[str, Diagnosis]) -> dict[str, list[str]]:
    """State -> arms, without "fine"."""
    states: dict[str, list[str]] = {}
    for arm, diagnosis in found.items():
        if diagnosis.state != FINE:
            states.setdefault(diagnosis.state, []).append(arm)
    return states


def of_run(run: Run, trials: DataFrame) -> dict[str, Diagnosis]:
    """`trials` with their arms. Runs of before keep no number of classes: that of the labels seen is taken.

    Where numbers were learned, accuracy is R²: what is explained of the training part's variance, which is 1.
    """
    finished = trials.loc[trials["status"] == "finished", ["key", "arm"]]
    samples = run.artefact("samples")
    classes = int(samples["classes"]) if "classes" in samples else 1 + int(np.max(samples.get("labels", 9)))
    curves, metric = run.curves.merge(finished, on="key"), run.metric
    if not metric.is_share:
        classes, metric = 0, METRICS["r2"]
        curves = curves.assign(train_r2=1 - curves["train_loss"], valid_r2=1 - curves["valid_loss"])
    means: Any = curves.groupby(["arm", "epoch"], sort=False)[list(metric.curves)].mean()
    return {str(arm): diagnose(*np.asarray(own).T, classes=classes)
            for arm, own in means.groupby("arm", sort=False)}  # fmt: skip


def found_before(findings: Sequence[dict[str, Any]]) -> list[str]:
    """The warnings and errors of preflight, a sentence each."""
    return [
        f"Before training, {f['level']}: {f['check']}{' (' + f['about'] + ')' if f['about'] else ''}: {f['says']}"
        for f in findings
        if f["level"] in ("warning", "error")
    ]


def before_in_short(findings: Sequence[dict[str, Any]]) -> list[str]:
    """The names of preflight's errors, then those of its warnings."""
    told = [
        f"{level} {', '.join(names)}"
        for level in ("error", "warning")
        if (names := [f["check"] + (f" ({f['about']})" if f["about"] else "") for f in findings if f["level"] == level])
    ]
    return [f"Before training: {'; '.join(told)}."] if told else []
