"""The leader again, on fresh seeds: the best of many looks better than it is, in the results that made it the best."""

import dataclasses
from typing import Any

from actlab.experiment import Run, refuse_links
from actlab.results import Summary, summarise
from actlab.stats import ARM_ALONE, NEITHER
from actlab.workflows.comparison import compare


def leader(run: Run) -> str | None:
    """The activation of the highest mean, as it was named; None where the baseline leads all that learned."""
    experiment, summary = run.experiment, summarise(run)
    learned = [item for item in summary.comparisons if item.n and item.verdict not in (ARM_ALONE, NEITHER)]
    means = {item.name: item.difference for item in learned}
    best = max(means, key=lambda name: means[name], default=None)
    if best is None or means[best] <= 0:
        return None
    return experiment.activations[experiment.labels.index(best)]


def confirm(run: Run, **how: Any) -> Run | None:
    """Train the leader and the baseline on as many fresh seeds, into RUN/confirmation; None without a leader.

    Only this estimate of the leader's difference is free of the winner's curse. `how`: device, workers and the like, as
    `compare` takes them.
    """
    best, experiment = leader(run), run.experiment
    if best is None:
        return None
    refuse_links(run.path)
    first = max(experiment.seeds) + 1
    fresh = dataclasses.replace(
        experiment,
        activations=(experiment.activations[experiment.labels.index(experiment.baseline_label)], best),
        seeds=tuple(range(first, first + len(experiment.seeds))),
        max_seeds=0,
    )
    # the same data, and two of the same activations: what preflight said of them has not stopped the first run
    how["force"] = True
    return compare(spec=fresh, out=run.path / "confirmation", **how)


def confirmed(summary: Summary) -> str:
    """In words, what fresh seeds say."""
    [item] = summary.comparisons
    return (
        f"On fresh seeds, which chose nothing, so that this estimate alone is free of the winner's curse: "
        f"{summary.conclusion} ({item.name} led before.)"
    )
