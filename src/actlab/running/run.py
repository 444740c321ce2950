"""What is missing of an experiment is trained: trials -> stacks -> executor -> store."""

import contextlib
import dataclasses
import functools
from pathlib import Path
from typing import Any

from actlab import data, engine
from actlab.data import Dataset
from actlab.engine import products
from actlab.errors import UserError, need_one_of
from actlab.experiment import DATABASE, EXPERIMENT, Experiment, Store, is_free, made, told
from actlab.naming import label, path_of
from actlab.running.aside import Aside
from actlab.running.checkpoints import remove, saved
from actlab.running.dispatch import Again, dispatch
from actlab.running.entries import enter
from actlab.running.executors import Given, InProcess, Pool, local
from actlab.running.plan import Limits, Needs, Plan, alike, plan
from actlab.running.sharing import Held, Sent, arrays_of, bring, content, packed, share
from actlab.running.work import Epoch, Lacking, Outcome, Task, epochs_of, run_task, travels
from actlab.stats import count


@dataclasses.dataclass(frozen=True)
class How(contextlib.AbstractContextManager["How"]):
    """Where networks are trained: on which device, within which limits, by whose executor, which ends with it if it was
    made here.
    """

    device: str = "cpu"
    limits: Limits = dataclasses.field(default_factory=Limits)
    given: Given | None = None  # None: in this process, or in several of this machine
    shared: Path | None = None  # a folder that all who train can read

    def __exit__(self, *_: object) -> None:
        if self.given:
            self.given.end(())

    @property
    def here(self) -> str:
        """The device of this process that is most like it: measurements are taken here."""
        return engine.choose_device("cpu" if self.device == "cpu" else "auto")

    @staticmethod
    def checked(
        device: str, workers: int | None, stack_size: int | None, memory: str | float | None, executor: Any = None,
        slots: int | None = None, shared: str | Path | None = None,
    ) -> "How":  # fmt: skip
        if executor is None:
            for name, value in (("slots", slots), ("shared", shared)):
                if value is not None:
                    raise UserError(f"{name} is {value!r}, but no executor is given: it says how that one is used.")
            return How(engine.choose_device(device), Limits.checked(workers, stack_size, memory))
        if workers is not None:
            raise UserError("workers are processes of this machine, an executor has its own: name one of the two.")
        need_one_of("device", device, engine.DEVICES)
        alone = Limits.checked(None, stack_size, memory)
        given = Given(executor, slots)  # last: a function makes one here
        limits = dataclasses.replace(alone, workers=given.slots, apart=True)
        folder = None if shared is None else path_of(shared).absolute()
        return How(given.device if device == "auto" else device, limits, given, folder)


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
    where: str = ""  # the executor that was given


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
    store: Store, experiment: Experiment, dataset: Dataset, how: How, progress: Progress, *, keep: str = "best",
    inside: str = "none",
) -> int:  # fmt: skip
    """Train what is missing, measured inside or not; returns how many networks that were."""
    device = how.device
    done = store.keys(["finished", "diverged"])
    missing = [trial for trial in experiment.trials() if trial.key not in done]
    if not missing:
        progress.begin(Begun(store.path, experiment, dataset.title, 0, len(done), 0, 0, 0, 0, device, 0.0, 0.0))
        progress.end()
        return 0
    held = dataset.pool or arrays_of(dataset)
    with engine.one_thread():
        sizes = Needs.of(experiment, dataset).sizes(how.limits, how.here)
        seconds = engine.step_seconds(experiment, missing, arrays_of(dataset), how.here, sizes)
    working = store.path / "working"
    made(working)
    begun = [] if how.given else [item for item in saved(working) if not done & set(item.keys)]
    here = not all(travels(target) for target in experiment.all_targets.values())
    if here and how.given:
        raise UserError(f"What cannot be packed cannot be sent to {how.given.name}: name it file.py:name.")
    chosen = plan(experiment, missing, dataset, how.limits, seconds, device=device, begun=begun, here=here,
                  homes=store.homes() if how.given else None)  # fmt: skip
    if not how.given and how.limits.workers and chosen.workers < how.limits.workers:
        why = "what cannot be packed stays in this one" if here else "--stack-size makes parts"
        progress.say(f"Of {how.limits.workers} processes {chosen.workers} have something to do: {why}.")
    resumed = sum(len(item.keys) for item in begun)
    epochs_left = len(missing) * experiment.epochs - sum(len(item.keys) * item.done for item in begun)
    counts = (len(missing), len(done), resumed, epochs_left, len(chosen.stacks), chosen.workers)
    where = how.given.name if how.given else ""
    what = Begun(store.path, experiment, dataset.title, *counts, device, chosen.seconds, chosen.bytes, where)
    try:
        progress.begin(what)  # a Ctrl-C may come while it begins
        _train(store, chosen, held, how, keep, inside, progress)
    finally:
        progress.end()
    return len(missing)


def _train(
    store: Store, chosen: Plan, held: Held, how: How, keep: str, inside: str, progress: Progress
) -> None:  # fmt: skip
    working, pool = store.path / "working", how.given or local(chosen.workers)
    if how.given:
        how.given.homes = store.homes
    data, send_along = _placed(held, working, pool, how)
    where = how.given.name if how.given else ""
    checkpoints = None if how.given else working
    tasks = [
        Task(stack, data, how.device, inside, checkpoints, tuple(stack.keys) if how.given else ())
        for stack in chosen.stacks
    ]  # fmt: skip
    aside = Aside(store.path, progress.say)
    told_late = False

    def silent(under_way: list[Task], seconds: float) -> None:
        which = "; ".join(task.told() for task in under_way[:2]) + "; ..." * (len(under_way) > 2)
        progress.say(
            f"Nothing has come back for {seconds / 60:.0f} minutes; {count(len(under_way), 'stack')} under way "
            f"({which}). Has {where} workers that run? Ctrl-C keeps what is finished."
        )

    with engine.one_thread():
        for outcome in dispatch(pool, run_task, tasks, progress.epoch, aside.add, send_along, silent):
            if not (outcome.held or told_late):
                told_late = True
                progress.say(products.TOLD_LATE)
            for epoch in () if pool.tells else epochs_of(outcome):
                progress.epoch(epoch)
            enter(store, outcome, keep)
            remove(working, outcome.name)
    aside.refuse()


def _placed(held: Held, working: Path, pool: Pool, how: How) -> tuple[Held | Sent, Again]:
    """The data as tasks carry them, and what is sent to a worker that turns out not to have them."""
    if isinstance(pool, InProcess):
        return held, lambda task, result: None
    name = content(held)
    folder = how.shared if how.given else working
    if folder is not None:
        with told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            share(held, folder, name)

    @functools.cache
    def along() -> Sent:
        return Sent(name, fetch=(how.given.put if how.given and how.given.put else bring)(packed(held)))

    def again(task: Task, result: Outcome | Lacking) -> Task | None:
        return dataclasses.replace(task, data=along()) if isinstance(result, Lacking) else None

    return Sent(name, folder), again


def measured_costs(experiment: Experiment, dataset: Dataset, how: How) -> list[dict[str, Any]]:
    """The cost of a step with each activation, in stacks for which there is room."""
    with engine.one_thread():
        return engine.measure_costs(experiment, arrays_of(dataset), how.here, alike(experiment, dataset, how.limits))
