"""What is asked for, by names and settings: an experiment, its data, its activations ready to train."""

import dataclasses
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from actlab import data
from actlab.errors import UserError
from actlab.experiment import ADAMW_RATE, GRID, LOSSES, RATES, Experiment, Run, held_keys, list_runs, loss_for
from actlab.making import resolve
from actlab.naming import code_in, held, shown
from actlab.running import Progress, processes
from actlab.stats import LEAST_PAIRS

RUNS = Path("runs")
_NAMED = (
    ("margin", "above 0 and below 100 percentage points", "that of the data set (digits 0.6, others 0.1)"),
    ("baseline", "one of the activations", "the first of them"),
)


def planned(
    spec: str | Path | Experiment | None, activations: Sequence[Any], settings: dict[str, Any], folder: Path | None,
    data_dir: str | Path | None, progress: Progress, *, options: Collection[str], tune: bool = False,
) -> tuple[Experiment, Any, Any]:  # fmt: skip
    """The experiment that is asked for, its data, and its activations ready to train. `options`: settings besides."""
    processes.need_guard()
    settings, arrays = data.named(settings)
    wanted = _settings(spec, activations, settings)
    if tune:
        wanted = _with_grid(wanted, "learning_rate" in settings and settings["learning_rate"] is not None)
    # bad names and values are told here, before anything is fetched
    experiment = Experiment.from_dict(wanted | {"data": "mnist"}, also=options)
    if spec is not None and not isinstance(spec, Experiment) and not activations:
        say_code(Path(spec), [name for what in experiment.activations for name in code_in(what)])
    placed, _ = experiment.placed, experiment.baseline_label
    applied = {target.identity: resolve(target, units) for target, units in placed}
    wanted = _settle_data(wanted, folder, data_dir, progress)
    dataset = data.load(
        arrays or wanted["data"],
        target=wanted.get("target"),
        loss=wanted.get("loss", ""),
        split=wanted.get("split", "standard"),
        pipeline=wanted.get("pipeline", "standard"),
        seed=Experiment.from_dict(wanted).seeds[0],  # whose parts a report shows, and preflight looks at
        data_dir=data_dir,
        progress=progress.download,
    )
    loss = loss_for(dataset.targets)
    wanted = {"loss": loss.name, "metric": loss.metrics[0]} | wanted | {"content": dataset.content}
    experiment = Experiment.from_dict(wanted | {"margin_used": 0.0})
    margin = data.margin_of(experiment, len((dataset.test or dataset.valid).y))
    return dataclasses.replace(experiment, margin_used=margin), dataset, applied


def say_code(where: Path, names: Sequence[str]) -> None:
    """Say on standard error that code is run which somebody else may have written, and what names it."""
    if names:
        named = ", ".join(dict.fromkeys(map(repr, names)))
        print(f"{where} names code of its own, which runs now, on this machine: {named}.", file=sys.stderr)


def _settings(
    spec: str | Path | Experiment | None, activations: Sequence[Any], settings: dict[str, Any]
) -> dict[str, Any]:
    """All settings asked for, as a dict; what is absent takes its default."""
    base: dict[str, Any] = {}
    if spec is not None:
        experiment = spec if isinstance(spec, Experiment) else Experiment.read(spec)
        base = experiment.settings()
        base.pop("content")
    given = {name: value for name, value in settings.items() if value is not None}
    for name, allowed, usual in _NAMED:
        if name in given and given[name] in (0, ""):  # what an Experiment holds where none was named
            raise UserError(f"{name} is {given[name]!r}; it must be {allowed}. Left out, it is {usual}.")
    if activations:
        given["activations"] = [held(what) for what in activations]  # once: what it holds may change when it is called
    if given.keys() & set(GRID) or (activations and {*map(shown, given["activations"])} - base.get("tuned", {}).keys()):
        base.pop("tuned", None)  # those of a file were chosen from its grid, for its activations
    if "data" in given and given["data"] != base.get("data"):
        base.pop("data_note", None)
        base.pop("target", None)
    if "loss" in given or "metric" in given:
        base = {name: value for name, value in base.items() if name not in ("loss", "metric")}
        given = _both(given)
    if given.get("max_seeds") and "seeds" not in base | given:
        given["seeds"] = min(LEAST_PAIRS, given["max_seeds"])  # to begin with
    return base | given


def _both(given: dict[str, Any]) -> dict[str, Any]:
    """A loss and a metric, where one of the two is named."""
    for loss in LOSSES.values():
        if given.get("loss") == loss.name or (given.get("metric") in loss.metrics and "loss" not in given):
            return {"loss": loss.name, "metric": loss.metrics[0]} | given
    return given


def _with_grid(wanted: dict[str, Any], named: bool) -> dict[str, Any]:
    """With the usual learning rates of the optimizer, where none were named."""
    if not named:
        optimizer = wanted.get("optimizer", "sgd")
        return wanted | {"learning_rate": RATES.get(optimizer, RATES["sgd"]), "tuned": {}}
    if not Experiment.from_dict(wanted | {"data": "mnist"}).tunes:
        raise UserError("--tune with one learning rate has nothing to choose: name several with --lr, or none.")
    return wanted


def _settle_data(
    wanted: dict[str, Any], folder: Path | None, data_dir: str | Path | None, progress: Progress
) -> dict[str, Any]:
    """Decide what `data = "auto"` is, once: an unfinished run of the same command is not asked again."""
    if wanted.get("data", "auto") == "auto":
        name, note = _begun_before(wanted, folder) or data.resolve_auto(data_dir=data_dir, progress=progress.download)
        if note:
            progress.say(f"Comparing on {name}, {note}. With the files at hand: --data-dir, or ACTLAB_DATA.")
        wanted = wanted | {"data": name, "data_note": note}
    if "learning_rate" not in wanted:
        usual = ADAMW_RATE if wanted.get("optimizer") == "adamw" else data.defaults(wanted["data"]).learning_rate
        wanted = {"learning_rate": [usual]} | wanted
    return wanted


def _begun_before(wanted: dict[str, Any], folder: Path | None) -> tuple[str, str] | None:
    """What a run in this folder, or an unfinished one of the same command in runs/, took for auto."""
    for path in [folder] if folder else list_runs(RUNS):
        try:
            run = Run(path)
            known = run.experiment
            finished = "planned" not in set(run.trials["status"])
        except UserError:
            continue
        if folder is not None:
            return known.data, known.data_note
        rate = {"learning_rate": known.learning_rate} | wanted
        same = known == Experiment.from_dict(
            rate
            | {"data": known.data, "data_note": known.data_note, "content": known.content}
            | {"margin_used": known.margin_used}
        )
        if same and not finished:
            return known.data, known.data_note
    return None


def default_folder(experiment: Experiment, progress: Progress) -> Path:
    """runs/<data>-<key>, and a word where another run holds part of these trials."""
    path = RUNS / f"{Path(experiment.data).stem}-{experiment.key}"
    if path.exists():
        return path
    wanted = {trial.key for trial in experiment.trials()}
    for other in list_runs(RUNS):
        try:
            held = held_keys(other)
        except UserError:  # somebody's damaged folder is no concern of this run
            continue
        if held and held <= wanted:
            missing = len(wanted) - len(held)
            rest = f"would train only the other {missing}" if missing else "shows them at once"
            progress.say(f"{other} holds {len(held)} of these {len(wanted)} networks: --out {other} {rest}.")
    return path
