"""A run: the trials that are missing -> stacks -> executor -> store, then artefacts and the report."""

import dataclasses
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from actlab import costs, data, executors, looked, products
from actlab.activations.resolve import Applied, resolve
from actlab.checkpoints import remove, saved
from actlab.data import Dataset
from actlab.entries import add_artefacts, enter
from actlab.errors import UserError, one_of, require
from actlab.machine import choose_device, cores, environment
from actlab.plan import Limits, Needs, alike, plan
from actlab.preflight import look_before
from actlab.sharing import arrays_of, keep_arrays, share, with_arrays
from actlab.spec import Experiment
from actlab.stats import LEAST_PAIRS
from actlab.store import DATABASE, EXPERIMENT, TUNING, Run, Store, held_keys, is_free, list_runs
from actlab.targets import held, label
from actlab.tuning import ADAMW_RATE, RATES, tuned
from actlab.work import Epoch, Task, run_task, stack_name, travels

if TYPE_CHECKING:
    import pandas as pd

RUNS = Path("runs")
KEEP = ("best", "none")
_NETWORKS_A_LOOK = 8  # for each core: fewer share too little of the cost of a step
_DRAWN = ("matplotlib", "plotly", "jinja2")
_LAB = ("scipy", "pandas", "sklearn", "pooch", "safetensors", "cloudpickle", "tomli_w", *_DRAWN)


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


class Progress(Protocol):
    """Who is told of a run while it goes on."""

    def say(self, text: str) -> None: ...
    def download(self, name: str, done: int, total: int) -> None: ...
    def begin(self, begun: Begun) -> None: ...
    def epoch(self, epoch: Epoch) -> None: ...
    def end(self) -> None: ...


class Silent:
    """Tells nobody."""

    def say(self, text: str) -> None: ...
    def download(self, name: str, done: int, total: int) -> None: ...
    def begin(self, begun: Begun) -> None: ...
    def epoch(self, epoch: Epoch) -> None: ...
    def end(self) -> None: ...


def compare(
    *activations: str | Callable[..., Any],
    spec: str | Path | Experiment | None = None,
    out: str | Path | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    workers: int | None = None,
    stack_size: int | None = None,
    memory: str | float | None = None,
    keep: str = "best",
    progress: Progress | None = None,
    report: bool = True,
    command: str | None = None,
    tune: bool = False,
    force: bool = False,
    **settings: Any,
) -> Run:
    """Train networks with each activation, paired by seed, and leave a run to read.

    Several learning rates, weight decays, dropouts or starts are a grid, from which each activation gets its own.

    Args:
        activations: names, `name(parameter)`, `file.py:name`, `package.module:Name`, callables; default relu, tanh,
            leaky_relu.
        spec: an Experiment or its TOML file; names and settings given beside it replace what it says.
        out: the run's folder; default runs/<data>-<key>. An existing one is continued.
        workers, stack_size: processes, and networks trained together; by default what a short measurement finds best.
        memory: bytes for all processes together, or "8GB"; by default half of the machine's.
        command: how this was asked for, kept with the run's environment.
        tune: choose a learning rate for each activation from the usual ones, where none are given.
        force: train although preflight found an error.
        settings: fields of Experiment: data, seeds, epochs, learning_rate, hidden, batch_size, split, ...

    Raises:
        UserError: what cannot be used, in one line.

    >>> run = compare("relu", "tanh", data="digits", seeds=2, epochs=1, out=getfixture("tmp_path") / "run")
    >>> len(run.trials), len(run.curves)
    (4, 4)
    """
    require("lab", _LAB)
    progress = progress or Silent()
    limits = Limits.checked(workers, stack_size, memory)
    if keep not in KEEP:
        raise one_of("way to keep parameters", keep, KEEP)
    chosen = choose_device(device)
    folder = Path(out).expanduser() if out is not None else None
    experiment, dataset, applied = _planned(spec, activations, settings, folder, data_dir, progress, tune=tune)
    Needs.of(experiment, dataset).refuse(limits)  # before there is a folder
    path = folder or _default_folder(experiment, progress)
    experiment = with_arrays(experiment, dataset, path)
    found, said = look_before(dataset, experiment, looked.read(path), force=force)
    begun = environment(chosen) | {"command": command}

    def train_grid(grid: Experiment) -> "pd.DataFrame":
        with _open(path / TUNING, grid) as store:
            store.add_environment(begun)
            _train_missing(store, grid, dataset, chosen, limits, "none", progress)
            shutil.rmtree(store.path / "working", ignore_errors=True)
        return Run(path / TUNING).trials

    experiment = tuned(experiment, _known(path), train_grid, progress.say)
    experiment = _with_added_seeds(path, experiment, progress)
    store = _open(path, experiment)
    with store:
        looked.keep(path, found)
        keep_arrays(path, dataset)
        changes = store.add_environment(begun)
        changed = (f"Since this run began the machine has changed: {change}." for change in changes)
        for line in (*dataset.said, *said, *changed):
            progress.say(line)
        for target in experiment.all_targets.values():
            store.add_sources(target.files)
        trained = _train_missing(store, experiment, dataset, chosen, limits, keep, progress)
        if trained:
            store.add_costs(_measured_costs(experiment, dataset, chosen, limits))
        if trained or not store.has_artefact("functions"):  # a crash may have come between the two
            add_artefacts(store, experiment, dataset, applied)
        while added := _seeds_to_add(path, experiment, progress):
            experiment = dataclasses.replace(experiment, seeds=experiment.seeds + added)
            store.plan(_same_question(Experiment.read(path / "experiment.toml"), experiment), experiment.trials())
            _train_missing(store, experiment, dataset, chosen, limits, keep, progress)
            store.add_costs(_measured_costs(experiment, dataset, chosen, limits))
        shutil.rmtree(path / "working", ignore_errors=True)
    run = Run(path)
    if report and not run.is_drawn:
        from actlab.report import draw

        draw(run)
    return run


def refuse_early(
    *activations: str | Callable[..., Any], out: Path, data_dir: str | Path | None, progress: Progress, **settings: Any
) -> None:
    """UserError where `compare` would refuse the same, known before anything is trained."""
    experiment, _, _ = _planned(None, activations, settings, out, data_dir, progress)
    if (out / "run.db").exists():
        _open(out, experiment).__exit__(None, None, None)


def _planned(
    spec: str | Path | Experiment | None,
    activations: Sequence[Any],
    settings: dict[str, Any],
    folder: Path | None,
    data_dir: str | Path | None,
    progress: Progress,
    *,
    tune: bool = False,
) -> tuple[Experiment, Any, Any]:
    """The experiment that is asked for, its data, and its activations ready to train."""
    settings, arrays = data.named(settings)
    wanted = _settings(spec, activations, settings)
    if tune:
        wanted = _with_grid(wanted, "learning_rate" in settings and settings["learning_rate"] is not None)
    applied = _resolve_all(wanted)
    wanted = _settle_data(wanted, folder, data_dir, progress)
    dataset = data.load(
        arrays or wanted["data"],
        target=wanted.get("target"),
        split=wanted.get("split", "standard"),
        pipeline=wanted.get("pipeline", "standard"),
        seed=Experiment.from_dict(wanted).seeds[0],  # whose parts a report shows, and preflight looks at
        data_dir=data_dir,
        progress=progress.download,
    )
    return Experiment.from_dict(wanted | {"content": dataset.content}), dataset, applied


def _settings(
    spec: str | Path | Experiment | None, activations: Sequence[Any], settings: dict[str, Any]
) -> dict[str, Any]:
    """All settings asked for, as a dict; what is absent takes its default."""
    base: dict[str, Any] = {}
    if spec is not None:
        experiment = spec if isinstance(spec, Experiment) else Experiment.read(spec)
        base = {f.name: getattr(experiment, f.name) for f in dataclasses.fields(experiment)}
        base.pop("content")
    given = {name: value for name, value in settings.items() if value is not None}
    if activations:
        given["activations"] = [held(what) for what in activations]  # once: what it holds may change when it is called
    if "data" in given and given["data"] != base.get("data"):
        base.pop("data_note", None)
        base.pop("target", None)
    if given.get("max_seeds") and "seeds" not in base | given:
        given["seeds"] = min(LEAST_PAIRS, given["max_seeds"])  # to begin with
    return base | given


def _with_grid(wanted: dict[str, Any], named: bool) -> dict[str, Any]:
    """With the usual learning rates of the optimizer, where none were named."""
    if not named:
        optimizer = wanted.get("optimizer", "sgd")
        return wanted | {"learning_rate": RATES.get(optimizer, RATES["sgd"]), "tuned": {}}
    if not Experiment.from_dict(wanted | {"data": "mnist"}).tunes:
        raise UserError("--tune with one learning rate has nothing to choose: name several with --lr, or none.")
    return wanted


def _known(path: Path) -> Experiment | None:
    """What a run's folder holds already."""
    return Experiment.read(path / EXPERIMENT) if (path / DATABASE).exists() else None


def _resolve_all(wanted: dict[str, Any]) -> dict[str, Applied]:
    """Every activation, ready to train; bad names and values are told here, before anything is fetched."""
    experiment = Experiment.from_dict(wanted | {"data": "mnist"}, also=compare.__kwdefaults__)
    found, _ = experiment.placed, experiment.baseline_label
    return {target.identity: resolve(target, units) for target, units in found}


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
            finished = (run.trials["status"] != "planned").all()
        except UserError:
            continue
        if folder is not None:
            return known.data, known.data_note
        rate = {"learning_rate": known.learning_rate} | wanted
        same = known == Experiment.from_dict(
            rate | {"data": known.data, "data_note": known.data_note, "content": known.content}
        )
        if same and not finished:
            return known.data, known.data_note
    return None


def _default_folder(experiment: Experiment, progress: Progress) -> Path:
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


def _open(path: Path, experiment: Experiment) -> Store:
    """The folder's store, new or grown; refused where the folder holds what the command does not ask for."""
    trials = experiment.trials()
    if not (path / "run.db").exists():
        if not is_free(path):
            raise UserError(f"{path} is no run and not empty: choose another folder with --out.")
        return Store.create(path, experiment, trials)
    store = Store(path)
    try:
        if not store.keys() <= {trial.key for trial in trials}:
            known = Experiment.read(path / "experiment.toml")
            found = known.differences(experiment) or _changed_sources(store, experiment)
            raise UserError(
                f"{path} holds another experiment. {'; '.join(found)}. A run can grow by activations, seeds and "
                "learning rates, beside those it has; for another experiment choose another --out."
            )
        store.plan(_same_question(Experiment.read(path / "experiment.toml"), experiment), trials)
    except BaseException:
        store.__exit__()
        raise
    return store


def _same_question(known: Experiment, wanted: Experiment) -> Experiment:
    """With the baseline and margin that were chosen before training; a run of one activation has compared nothing."""
    if known.max_seeds:  # looked at more than once: no interval of a single look holds any more
        wanted = dataclasses.replace(wanted, max_seeds=max(known.max_seeds, wanted.max_seeds, len(wanted.seeds)))
    if wanted.margin == data.margin_points(known.data, known.margin, 0):  # named or not, the default is the same
        wanted = dataclasses.replace(wanted, margin=known.margin)
    chosen = {"margin": known.margin} | ({"baseline": known.baseline_label} if len(known.labels) > 1 else {})
    for name, old in chosen.items():
        new = getattr(wanted, name) and (wanted.baseline_label if name == "baseline" else wanted.margin)
        if new and new != old:
            raise UserError(
                f"The {name} of this run, chosen before training, is "
                f"{old or data.margin_points(known.data, 0.0, 0)}; the command says {new}. Repeat it without --{name}, "
                "or train anew with another --out."
            )
    return dataclasses.replace(wanted, **chosen)


def _with_added_seeds(path: Path, experiment: Experiment, progress: Progress) -> Experiment:
    """With the seeds that earlier looks have added: the command names those to begin with."""
    if not (path / "run.db").exists():
        return experiment
    known = Experiment.read(path / "experiment.toml")
    if not experiment.max_seeds:
        if not known.max_seeds and set(known.seeds) < set(experiment.seeds) and len(known.labels) > 1:
            progress.say(
                "Seeds that are added after a look at the results make false verdicts likelier than stated; with "
                "--until-decided the intervals allow for it."
            )
        return experiment
    added = tuple(seed for seed in known.seeds if seed not in experiment.seeds) if known.max_seeds else ()
    return dataclasses.replace(experiment, seeds=experiment.seeds + added)


def _seeds_to_add(path: Path, experiment: Experiment, progress: Progress) -> tuple[int, ...]:
    """The next seeds, where they were asked for until every comparison is decided, and one is not."""
    room = experiment.max_seeds - len(experiment.seeds)
    if room <= 0:
        return ()
    from actlab.report.summary import summarise  # draws nothing

    waiting = [item.name for item in summarise(Run(path)).comparisons if not item.decided]
    if not waiting:
        return ()
    arms = len(experiment.trials()) // len(experiment.seeds)
    count = min(room, max(1, round(_NETWORKS_A_LOOK * cores() / arms)))
    progress.say(f"After {len(experiment.seeds)} seeds undecided: {', '.join(waiting)}. {count} more.")
    first = max(experiment.seeds) + 1
    return tuple(range(first, first + count))


def _changed_sources(store: Store, experiment: Experiment) -> list[str]:
    gone = store.identities() - set(experiment.layers)
    names = ", ".join(sorted(label(name) for name in gone))
    return [f"the source of {names} has changed since"] if names else ["the engine's numerics have changed since"]


def _train_missing(
    store: Store,
    experiment: Experiment,
    dataset: Dataset,
    device: str,
    limits: Limits,
    keep: str,
    progress: Progress,
) -> int:
    """Train what is missing; returns how many networks that were."""
    done = store.keys(["finished", "diverged"])
    missing = [trial for trial in experiment.trials() if trial.key not in done]
    if not missing:
        progress.begin(Begun(store.path, experiment, dataset.title, 0, len(done), 0, 0, 0, 0, device, 0.0, 0.0))
        progress.end()
        return 0
    arrays = arrays_of(dataset)
    held = dataset.pool or arrays
    with executors.one_thread():
        sizes = Needs.of(experiment, dataset).sizes(limits, device)
        looked = costs.step_seconds(experiment, missing, arrays, device, sizes)
    working = store.path / "working"
    working.mkdir(exist_ok=True)
    begun = [item for item in saved(working) if not done & set(item.keys)]
    here = not all(travels(target) for target in experiment.all_targets.values())
    chosen = plan(experiment, missing, dataset, limits, looked, device=device, begun=begun, here=here)
    if limits.workers and chosen.workers < limits.workers:
        why = "what cannot be packed stays in this one" if here else "--stack-size makes parts"
        progress.say(f"Of {limits.workers} processes {chosen.workers} have something to do: {why}.")
    alone = chosen.workers == 1
    if alone and not products.hold():
        progress.say(products.TOLD_LATE)
    if not alone:
        share(held, working)
    tasks = [Task(s, stack_name(s), store.path, held if alone else None, device, keep) for s in chosen.stacks]
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


def _measured_costs(experiment: Experiment, dataset: Dataset, device: str, limits: Limits) -> list[dict[str, Any]]:
    """The cost of a step with each activation, in stacks for which there is room."""
    with executors.one_thread():
        return costs.measure(experiment, arrays_of(dataset), device, alike(experiment, dataset, limits))
