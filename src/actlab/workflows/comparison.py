"""Networks with each activation, trained, judged and drawn: what `compare` does, from its words to the report."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actlab import running
from actlab.engine import cores, environment
from actlab.errors import need_one_of, require
from actlab.experiment import (
    DATABASE,
    EXPERIMENT,
    TUNING,
    WHEN,
    DataFrame,
    Experiment,
    looked,
    refuse_links,
    tuned,
    united,
)
from actlab.naming import path_of
from actlab.preflight import look_before
from actlab.report import Run
from actlab.results import summarise
from actlab.workflows.asked import default_folder, planned
from actlab.workflows.watched import usual

KEEP = ("best", "none")
_NETWORKS_A_LOOK = 8  # for each core: fewer share too little of the cost of a step
_DRAWN = ("vl_convert", "jinja2")
_LAB = ("scipy", "pandas", "sklearn", "pooch", "safetensors", "cloudpickle", "tomli_w", *_DRAWN)


def compare(
    *activations: str | Callable[..., Any], spec: str | Path | Experiment | None = None, out: str | Path | None = None,
    data_dir: str | Path | None = None, device: str = "auto", workers: int | None = None, stack_size: int | None = None,
    memory: str | float | None = None, keep: str = "best", inside: str = "doubling",
    progress: running.Progress | None = None, report: bool = True, command: str | None = None, tune: bool = False,
    force: bool = False, executor: Any = None, slots: int | None = None, shared: str | Path | None = None,
    **settings: Any,
) -> Run:  # fmt: skip
    """Train networks with each activation, paired by seed, and leave a run to read.

    Several learning rates, weight decays, dropouts or starts are a grid, from which each activation gets its own.

    Args:
        activations: names, `name(parameter)`, `file.py:name`, `package.module:Name`, callables; default relu, tanh,
            leaky_relu.
        spec: an Experiment or its TOML file; names and settings given beside it replace what it says.
        out: the run's folder; default runs/<data>-<key>. An existing one is continued.
        data_dir: where the data files are; as of `actlab.data.load`.
        device: "auto", "cpu" or "cuda".
        workers, stack_size: processes, and networks trained together; by default what a short measurement finds best.
        memory: bytes for all processes together, or "8GB"; by default half of the machine's. An executor's workers have
            as much each.
        executor: a concurrent.futures.Executor that trains on other machines or processes, or a function that makes
            one, which is called again when its workers die; only this process writes the run.
        slots: how many stacks the executor trains at once, where it does not say.
        shared: a folder that its workers can read too, for the data; without one they are sent along.
        keep: the parameters of each network's "best" epoch (by validation loss), or "none".
        inside: when hidden layers are measured (`run.inside`; no result depends on it): "doubling", at the start and
            after 1, 2, 4, 8, ... epochs and the last, "every" epoch, or "none".
        progress: is told how far it is; by default a notebook's cell is, and nobody elsewhere.
        report: whether its page is drawn at the end.
        command: how this was asked for, kept with the run's environment.
        tune: choose a learning rate for each activation from the usual ones, where none are given.
        force: train although preflight found an error.
        settings: fields of Experiment: data, seeds, epochs, learning_rate, hidden, batch_size, split, ...

    Returns:
        A Run: `actlab.summarise(run)` says what it found, `run.trials` and `run.curves` are pandas DataFrames.

    Raises:
        UserError: what cannot be used, in one line.

    >>> run = compare("relu", "tanh", data="digits", seeds=2, epochs=1)
    >>> len(run.trials), len(run.curves)
    (4, 4)
    """
    require("lab", _LAB)
    progress = progress or usual()
    need_one_of("way to keep parameters", keep, KEEP)
    need_one_of("way to measure inside", inside, WHEN)
    with running.How.checked(device, workers, stack_size, memory, executor, slots, shared) as how:
        folder = path_of(out) if out is not None else None
        experiment, dataset, applied = planned(
            spec, activations, settings, folder, data_dir, progress, options=_OPTIONS, tune=tune
        )
        running.Needs.of(experiment, dataset).refuse(how.limits)  # before there is a folder
        path = folder or default_folder(experiment, progress)
        experiment = running.with_arrays(experiment, dataset, path)
        found, said = look_before(dataset, experiment, looked.read(path), force=force)
        begun = environment(how.here) | {"command": command}

        def train_grid(grid: Experiment) -> DataFrame:
            refuse_links(path)  # the inner run's folder may be one
            inner = path / TUNING  # it may have more than is asked: rates beyond an edge, a wider grid that was refused
            held = Experiment.read(inner / EXPERIMENT) if (inner / DATABASE).exists() else grid
            with running.open_store(inner, united(held, grid)) as store:
                store.add_environment(begun)
                running.train_missing(store, grid, dataset, how, progress, keep="none")
                store.tidy()
            return Run(inner).trials

        known = Experiment.read(path / EXPERIMENT) if (path / DATABASE).exists() else None
        experiment = tuned(experiment, known, train_grid, progress.say)
        experiment = _with_added_seeds(known, experiment, progress)
        with running.open_store(path, experiment) as store:
            looked.keep(path, found)
            running.keep_arrays(path, dataset)
            changes = store.add_environment(begun)
            changed = (f"Since this run began the machine has changed: {change}." for change in changes)
            for line in (*dataset.said, *said, *changed):
                progress.say(line)
            for target in experiment.all_targets.values():
                store.add_sources(target.files)
            if store.keys(["planned"]) or not store.has_artefact("functions"):  # before training: a crash may follow it
                running.add_artefacts(store, experiment, dataset, applied)
            trained = running.train_missing(store, experiment, dataset, how, progress, keep=keep, inside=inside)
            if trained or not store.has_costs(experiment.labels):
                store.add_costs(running.measured_costs(experiment, dataset, how))
            while added := _seeds_to_add(path, experiment, progress):
                experiment = dataclasses.replace(experiment, seeds=experiment.seeds + added)
                store.plan(running.same_question(Experiment.read(path / EXPERIMENT), experiment), experiment.trials())
                running.train_missing(store, experiment, dataset, how, progress, keep=keep, inside=inside)
                store.add_costs(running.measured_costs(experiment, dataset, how))
            running.add_disagreements(store, dataset)
            store.tidy()
    run = Run(path)
    if report and not run.is_drawn:
        run.report()
    return run


_OPTIONS = tuple(compare.__kwdefaults__ or ())  # what is given by a keyword, and no setting


def refuse_early(
    *activations: str | Callable[..., Any], out: Path, data_dir: str | Path | None, progress: running.Progress,
    **settings: Any,
) -> None:  # fmt: skip
    """UserError where `compare` would refuse the same, known before anything is trained."""
    experiment, _, _ = planned(None, activations, settings, out, data_dir, progress, options=())
    if (out / DATABASE).exists():
        running.open_store(out, experiment).__exit__(None, None, None)


def _with_added_seeds(known: Experiment | None, experiment: Experiment, progress: running.Progress) -> Experiment:
    """With the seeds that earlier looks have added: the command names those to begin with."""
    if known is None:
        return experiment
    if not experiment.max_seeds:
        if not known.max_seeds and set(known.seeds) < set(experiment.seeds) and len(known.labels) > 1:
            progress.say(
                "Seeds that are added after a look at the results make false verdicts likelier than stated; with "
                "--until-decided the intervals allow for it."
            )
        return experiment
    added = tuple(seed for seed in known.seeds if seed not in experiment.seeds) if known.max_seeds else ()
    return dataclasses.replace(experiment, seeds=experiment.seeds + added)


def _seeds_to_add(path: Path, experiment: Experiment, progress: running.Progress) -> tuple[int, ...]:
    """The next seeds, where they were asked for until every comparison is decided, and one is not."""
    room = experiment.max_seeds - len(experiment.seeds)
    if room <= 0:
        return ()
    waiting = [item.name for item in summarise(Run(path)).comparisons if not item.decided]
    if not waiting:
        return ()
    arms = len(experiment.trials()) // len(experiment.seeds)
    count = min(room, max(1, round(_NETWORKS_A_LOOK * cores() / arms)))
    progress.say(f"After {len(experiment.seeds)} seeds undecided: {', '.join(waiting)}. {count} more.")
    first = max(experiment.seeds) + 1
    return tuple(range(first, first + count))
