"""What is missing of an experiment is trained: trials -> stacks -> executor -> store."""

import dataclasses
from pathlib import Path
from typing import Any

from actlab import data, engine
from actlab.data import Dataset
from actlab.engine import products
from actlab.errors import UserError
from actlab.experiment import DATABASE, EXPERIMENT, Experiment, Store, is_free, made
from actlab.naming import label
from actlab.running import executors
from actlab.running.checkpoints import remove, saved
from actlab.running.entries import enter
from actlab.running.plan import Limits, Needs, alike, plan
from actlab.running.sharing import arrays_of, share
from actlab.running.work import Epoch, Task, run_task, travels


@dataclasses.dataclass(frozen=True)
class Begun:
    """What is about to be trained, and how long that will take."""

    path: Path
    experiment: Experiment
    title: str
    missing: int
    finished: int
    resumed: int  # of the missing: trained in part already
    epochs_left: int  # of all missing networks together
    stacks: int
    workers: int
    device: str
    seconds: float
    bytes: float  # of memory, in all processes together, at most


class Progress:
    """What is told of a run while it goes on. Nothing comes of it, but in a subclass."""

    def say(self, text: str) -> None: ...
    def download(self, name: str, done: int, total: int) -> None: ...
    def begin(self, begun: Begun) -> None: ...
    def epoch(self, epoch: Epoch) -> None: ...
    def end(self) -> None: ...


def open_store(path: Path, experiment: Experiment) -> Store:
    """The folder's store, new or grown; refused where the folder holds what the command does not ask for."""
    trials = experiment.trials()
    if not (path / DATABASE).exists():
        if not is_free(path) and not (path / DATABASE).exists():  # else another has just made it
            raise UserError(f"{path} is no run and not empty: choose another folder with --out.")
        return Store.create(path, experiment, trials)
    store = Store(path)
    try:
        if not store.keys() <= {trial.key for trial in trials}:
            known = Experiment.read(path / EXPERIMENT)
            found = known.differences(experiment) or _changed_sources(store, experiment)
            raise UserError(
                f"{path} holds another experiment. {'; '.join(found)}. A run can grow by activations, seeds and "
                "learning rates, beside those it has; for another experiment choose another --out."
            )
        store.plan(same_question(Experiment.read(path / EXPERIMENT), experiment), trials)
    except BaseException:
        store.__exit__()
        raise
    return store


def same_question(known: Experiment, wanted: Experiment) -> Experiment:
    """With the baseline and margin that were chosen before training; a run of one activation has compared nothing."""
    if known.max_seeds:  # looked at more than once: no interval of a single look holds any more
        wanted = dataclasses.replace(wanted, max_seeds=max(known.max_seeds, wanted.max_seeds, len(wanted.seeds)))
    if wanted.margin == data.margin_of(known):  # named or not, the default is the same
        wanted = dataclasses.replace(wanted, margin=known.margin)
    chosen = {"margin": known.margin} | ({"baseline": known.baseline_label} if len(known.labels) > 1 else {})
    for name, old in chosen.items():
        new = getattr(wanted, name) and (wanted.baseline_label if name == "baseline" else wanted.margin)
        if new and new != old:
            raise UserError(
                f"The {name} of this run, chosen before training, is "
                f"{old or data.margin_of(known)}; the command says {new}. Repeat it without --{name}, "
                "or train anew with another --out."
            )
    return dataclasses.replace(wanted, **chosen)


def _changed_sources(store: Store, experiment: Experiment) -> list[str]:
    gone = store.identities() - set(experiment.layers)
    names = ", ".join(sorted(label(name) for name in gone))
    return [f"the source of {names} has changed since"] if names else ["the engine's numerics have changed since"]


def train_missing(
    store: Store, experiment: Experiment, dataset: Dataset, device: str, limits: Limits, keep: str, progress: Progress,
    inside: str = "none",
) -> int:  # fmt: skip
    """Train what is missing, measured inside or not; returns how many networks that were."""
    done = store.keys(["finished", "diverged"])
    missing = [trial for trial in experiment.trials() if trial.key not in done]
    if not missing:
        progress.begin(Begun(store.path, experiment, dataset.title, 0, len(done), 0, 0, 0, 0, device, 0.0, 0.0))
        progress.end()
        return 0
    arrays = arrays_of(dataset)
    held = dataset.pool or arrays
    with engine.one_thread():
        sizes = Needs.of(experiment, dataset).sizes(limits, device)
        seconds = engine.step_seconds(experiment, missing, arrays, device, sizes)
    working = store.path / "working"
    made(working)
    begun = [item for item in saved(working) if not done & set(item.keys)]
    here = not all(travels(target) for target in experiment.all_targets.values())
    chosen = plan(experiment, missing, dataset, limits, seconds, device=device, begun=begun, here=here)
    if limits.workers and chosen.workers < limits.workers:
        why = "what cannot be packed stays in this one" if here else "--stack-size makes parts"
        progress.say(f"Of {limits.workers} processes {chosen.workers} have something to do: {why}.")
    alone = chosen.workers == 1
    if alone and not products.hold():
        progress.say(products.TOLD_LATE)
    if not alone:
        share(held, working)
    tasks = [Task(s, store.path, held if alone else None, device, keep, inside) for s in chosen.stacks]
    resumed = sum(len(item.keys) for item in begun)
    epochs_left = len(missing) * experiment.epochs - sum(len(item.keys) * item.done for item in begun)
    counts = (len(missing), len(done), resumed, epochs_left, len(chosen.stacks), chosen.workers)
    progress.begin(Begun(store.path, experiment, dataset.title, *counts, device, chosen.seconds, chosen.bytes))
    try:
        for outcome in executors.executor(chosen.workers).map(run_task, tasks, progress.epoch):
            enter(store, outcome, device)
            remove(working, outcome.name)
    finally:
        progress.end()
    return len(missing)


def measured_costs(experiment: Experiment, dataset: Dataset, device: str, limits: Limits) -> list[dict[str, Any]]:
    """The cost of a step with each activation, in stacks for which there is room."""
    with engine.one_thread():
        return engine.measure_costs(experiment, arrays_of(dataset), device, alike(experiment, dataset, limits))
