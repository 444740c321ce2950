"""The page: one HTML file with everything in it, to open, to send, to keep."""

import datetime
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from actlab.experiment import EXPERIMENT, LOSSES, DataFrame, Metric, Run, write_text
from actlab.report.figures import TRAIN_SAID, VALID_SAID, kind
from actlab.report.svg import sheet
from actlab.report.templates import template
from actlab.results import MOST_PAIRED, Summary, trial_columns, with_arms
from actlab.stats import count, listed

_MOST_TRIALS = 500  # in the page's list
_MOST_ROWS = 1000  # of its first table


def draw_page(run: Run, summary: Summary, folder: Path, parts: Mapping[str, Any], files: Sequence[str]) -> Path:
    """Write index.html of the drawings in `parts`; `files` lie beside it."""
    names, data = run.activations, summary.subject.partition(",")[0]
    others = f"{names[0]} and {len(names) - 1} other activations"
    trials, columns = with_arms(run), trial_columns(run.experiment)
    words, shown = run.metric.words, trials.head(_MOST_TRIALS)
    more, ranked = len(trials) - len(shown), summary.ranked
    page = template("page.html").render(
        parts,
        title=f"{listed(names) if len(names) <= 5 else others} on {data}",
        summary=summary,
        state=run.state,
        notes=_notes(summary, trials),
        answers=summary.only(ranked[:_MOST_ROWS]).answers,
        rows_left_out=f"{len(ranked) - _MOST_ROWS:,} more are in table.csv." if len(ranked) > _MOST_ROWS else "",
        most_paired=MOST_PAIRED,
        compared=run.metric.unit.against(summary.metric),
        several="accuracies" if run.metric.is_share else f"{words} values",
        verdict_column=[*summary.comparison_headers].index("verdict"),
        kind=kind,
        sheet=sheet,
        label="label" if run.metric.is_share else "target",
        licence=str(run.artefact("samples").get("licence", "")),
        train_said=TRAIN_SAID,
        valid_said=VALID_SAID,
        looked=[(f["check"], f["level"], f"{f['about'] and f['about'] + ': '}{f['says']}") for f in summary.preflight],
        measured=_measured(run, summary),
        command=_again(run),
        toml=(run.path / EXPERIMENT).read_text(encoding="utf-8"),
        files=files,
        trial_columns=columns,
        trial_rows=[(row["status"], [cell(row) for cell in columns.values()]) for row in shown.to_dict("records")],
        trials_left_out=f"{more:,} more are in trials.csv." if more else "",
    )
    file = folder / "index.html"
    write_text(file, page)  # whole or not at all, and last: where it is, the report is
    return file


def _notes(summary: Summary, trials: DataFrame) -> list[str]:
    """What a reader has to know before believing the numbers."""
    lost = list(trials["status"]).count("diverged")
    diverged = (
        f"{lost} of {len(trials)} trials diverged: their loss became infinite or not a number. They are counted, and "
        "marked in the list of trials; they have no part in the means."
    )
    notes = [summary.unfinished, diverged if lost else "", summary.mixed]
    return [note for note in notes if note]


def _again(run: Run) -> str:
    """The command that was given last, with the data where it had named none and others had to be taken."""
    command = next((known["command"] for known in reversed(run.environments) if known.get("command")), "")
    return f"{command} --data {run.experiment.data}" if command and run.experiment.reason else command


def _measured(run: Run, summary: Summary) -> list[tuple[str, str]]:
    """How the numbers came about, as pairs of words."""
    e = run.experiment
    rounds = len(set(run.costs["round"]))
    rates, decay, dropout = (
        ", ".join(f"{value:g}" for value in values) for values in (e.learning_rate, e.weight_decay, e.dropout)
    )
    optimizers = {
        "momentum": f"SGD with momentum {e.momentum:g}",
        "adamw": f"AdamW, betas {e.betas[0]:g} and {e.betas[1]:g}, epsilon {e.epsilon:g}",
    }
    pairs = [
        ("data", summary.subject.partition(",")[0] + (f", {e.data_note}" if e.data_note else "")),
        ("hash of the data", e.content[:16]),
        ("split", _SPLITS[e.split]),
        ("question", summary.asked),
        ("pipeline", _PIPELINES[e.pipeline]),
        ("network", _network(run)),
        ("initial weights", ", ".join(e.initialisation)),
        ("optimizer", optimizers.get(e.optimizer, "SGD")),
        ("learning rate", f"{'for each activation its own, of ' if e.tuned else ''}{rates}, {e.schedule}"),
        ("weight decay", decay if any(e.weight_decay) else ""),
        ("dropout", dropout if any(e.dropout) else ""),
        ("batch size", str(e.batch_size)),
        ("epochs", str(e.epochs)),
        ("seeds", f"{len(e.seeds)}: {_seeds(e.seeds)}; equal seeds start alike and see the same batches"),
        ("loss", LOSSES[e.loss].words),
        ("metric", _metric(run.metric)),
        ("engine", f"{e.engine}, {e.dtype}"),
        ("training time, all processes", _seconds(float(np.sum(run.times["seconds"])))),
        ("step cost", f"median ratio within {rounds} rounds, in which the activations took turns" if rounds else ""),
        *_environment(run),
    ]
    return [(name, value) for name, value in pairs if value]


def _metric(metric: Metric) -> str:
    """What trials are compared by, where that needs to be said."""
    unit = metric.unit
    return "" if metric.is_share else ", ".join(filter(None, (metric.words, unit.word, f"{unit.better} is better")))


_SPLITS = {
    "standard": "standard: training, validation and test samples are apart",
    "tutorial": "tutorial: the test samples serve as validation samples, and there is no test",
    "resplit": "resplit: each seed cuts all samples anew into training, validation and test samples, equal for all "
    "activations",
}
_PIPELINES = {
    "standard": "standard: mean 0 and deviation 1 over the training samples",
    "features": "features: each feature with mean 0 and deviation 1 over the training samples",
    "published": "published: as in the tutorial it is taken from, with its fault",
}


def _network(run: Run) -> str:
    images = run.artefact("samples").get("images")
    inputs = [f"{math.prod(images.shape[1:])} inputs"] if images is not None else ["inputs"]
    hidden = [str(units) for units in run.experiment.hidden] or ["no hidden layer"]
    outputs = "classes" if run.metric.is_share else count(int(run.artefact("samples").get("outputs", 1)), "number")
    return " – ".join([*inputs, *hidden, outputs])


def _seeds(seeds: tuple[int, ...]) -> str:
    if len(seeds) > 2 and seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))


def _seconds(seconds: float) -> str:
    """
    >>> _seconds(7.25), _seconds(3700), _seconds(0)
    ('7.2 s', '1:01:40 h', '')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds > 0 else ""
    return f"{datetime.timedelta(seconds=round(seconds))} h"


def _environment(run: Run) -> list[tuple[str, str]]:
    """Where the run was made; where it was continued elsewhere, each place in turn."""
    pairs: dict[str, list[str]] = {}
    for known in run.environments:
        for name, value in known.items():
            said = "" if value is None else str(value)
            if name != "command" and said and said not in pairs.setdefault(name, []):
                pairs[name].append(said)
    return [(name.replace("_", " "), "; then ".join(values)) for name, values in pairs.items()]
