"""The page: one HTML file with everything in it, to open, to send, to keep."""

import base64
import datetime
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actlab.errors import need_extra
from actlab.experiment import EXPERIMENT, Run
from actlab.report import interactive
from actlab.report.curves import arm_colours
from actlab.report.plots import TRAIN_SAID, VALID_SAID
from actlab.report.templates import Markup, template
from actlab.results import (
    CHOSEN_HEADERS,
    COMPARISON_HEADERS,
    COMPARISON_NOTES,
    COST_HEADERS,
    HEADER_NOTES,
    HEADERS,
    NO_TEST,
    PAIR_HEADERS,
    Summary,
    number,
    percent,
    with_arms,
)
from actlab.stats import listed

if TYPE_CHECKING:
    import pandas as pd

_TRIAL_COLUMNS = (
    "arm", "seed", "status", "final training loss", "final training accuracy", "final validation loss",
    "final validation accuracy", "best epoch", "best validation accuracy", "test accuracy",
)  # fmt: skip
_CHART_TITLES = {
    "accuracy": "Accuracy by epoch",
    "loss": "Loss by epoch",
    "function": "Value, f(x)",
    "derivative": "Derivative, f'(x)",
    "differences": "Differences",
    "tuning": "Validation accuracy by learning rate",
}


def draw_page(
    run: Run,
    summary: Summary,
    folder: Path,
    pictures: list[str],
    tables: list[str],
    hiplot: list[tuple[str, str]] | None,
) -> Path:
    """Write index.html. `hiplot` holds (title, file) of the HiPlot pages, None where HiPlot is not installed."""
    names, data = run.activations, summary.subject.partition(",")[0]
    others = f"{names[0]} and {len(names) - 1} other activations"
    charts = {name: Markup(text) for name, text in interactive.charts(run, summary).items()}
    trials = with_arms(run)
    samples = base64.b64encode((folder / "samples.png").read_bytes()) if "samples.png" in pictures else b""
    page = template("page.html").render(
        title=f"{listed(names) if len(names) <= 5 else others} on {data}",
        summary=summary,
        notes=_notes(summary, trials),
        tint=arm_colours(run),
        headers=[(name, HEADER_NOTES.get(name, "")) for name in HEADERS],
        comparison_headers=[(name, COMPARISON_NOTES.get(name, "")) for name in COMPARISON_HEADERS],
        cost_headers=COST_HEADERS,
        pair_headers=PAIR_HEADERS,
        chosen_headers=CHOSEN_HEADERS,
        verdict_column=COMPARISON_HEADERS.index("verdict"),
        charts=charts,
        chart_titles=_CHART_TITLES,
        train_said=TRAIN_SAID,
        valid_said=VALID_SAID,
        samples=samples.decode(),
        licence=str(run.artefact("samples").get("licence", "")),
        measured=_measured(run, summary),
        command=next((known["command"] for known in reversed(run.environments) if known.get("command")), ""),
        toml=(run.path / EXPERIMENT).read_text(encoding="utf-8"),
        hiplot=hiplot,
        no_hiplot=need_extra("hiplot", "HiPlot"),
        tables=tables,
        pictures=pictures,
        trial_columns=_TRIAL_COLUMNS,
        trial_rows=[(row["status"], _trial_cells(row)) for row in trials.to_dict("records")],
        plotly=Markup(interactive.get_plotlyjs() if charts else ""),
    )
    file = folder / "index.html"
    file.write_text(page, encoding="utf-8")
    return file


def _notes(summary: Summary, trials: "pd.DataFrame") -> list[str]:
    """What a reader has to know before believing the numbers."""
    lost = list(trials["status"]).count("diverged")
    diverged = (
        f"{lost} of {len(trials)} trials diverged: their loss became infinite or not a number. They are counted, and "
        "marked in the list of trials; they have no part in the means."
    )
    notes = [summary.unfinished, *summary.warned, summary.metric_note, diverged if lost else "", summary.mixed]
    return [note for note in notes if note]


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
        ("loss", e.loss.replace("_", "-")),
        ("engine", f"{e.engine}, {e.dtype}"),
        ("training time, all processes", _seconds(run.times["seconds"].sum())),
        ("step cost", f"median ratio within {rounds} rounds, in which the activations took turns" if rounds else ""),
        *_environment(run),
    ]
    return [(name, value) for name, value in pairs if value]


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
    return " – ".join([*inputs, *hidden, "classes"])


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


def _trial_cells(row: dict[str, Any]) -> list[str]:
    status, best = row["status"], row["best_epoch"]
    return [
        row["arm"],
        str(row["seed"]),
        f"diverged in epoch {row['diverged_epoch']}" if status == "diverged" else status,
        number(row["final_train_loss"]),
        percent(row["final_train_accuracy"]),
        number(row["final_valid_loss"]),
        percent(row["final_valid_accuracy"]),
        str(best) if isinstance(best, int) else NO_TEST,  # pandas' NA
        percent(row["best_valid_accuracy"]),
        percent(row["test_accuracy"]),
    ]
