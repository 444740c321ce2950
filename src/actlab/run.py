"""A run: the trials that are missing -> stacks -> executor -> store, then artefacts and the report."""

import dataclasses
import datetime
import hashlib
import json
import math
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from actlab import costs, data, executors, plain
from actlab.activations.resolve import Applied, resolve
from actlab.data import Dataset
from actlab.errors import UserError, one_of
from actlab.spec import Experiment, Trial
from actlab.store import Run, Store, list_runs, packed, trial_from_row, write_bytes, write_text
from actlab.targets import Target, label
from actlab.train import CURVES, Arrays, Result, Stack, Trainer, train

RUNS = Path("runs")
KEEP = ("best", "none")
_CHECKPOINT_SECONDS = 20.0
_STACK_NETWORKS = {"cpu": 16, "cuda": 512}  # on a CPU more networks than this leave the cache
_STACK_BYTES = {"cpu": 512e6, "cuda": 16e9}  # weights of a stack, their best copy included
_WORKER_START_SECONDS = 4.0


@dataclasses.dataclass(frozen=True)
class Begun:
    """What is about to be trained, and how long that will take."""

    path: Path
    experiment: Experiment
    title: str
    missing: int
    finished: int
    stacks: int
    workers: int
    device: str
    seconds: float | None


@dataclasses.dataclass(frozen=True)
class Epoch:
    """An epoch of a stack has ended."""

    labels: tuple[str, ...]
    seeds: tuple[int, ...]
    epoch: int
    epochs: int
    seconds: float
    measured: np.ndarray  # (M, 4), in the order of train.CURVES


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


@dataclasses.dataclass(frozen=True)
class Task:
    """A stack to train, as it travels to a worker."""

    stack: Stack
    name: str
    folder: Path
    arrays: Arrays | None  # None: read from the folder's working files
    device: str
    keep: str


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a worker sends back of a trained stack; its parameters are in the run's folder already."""

    name: str
    trials: tuple[Trial, ...]
    result: Result
    file: str
    gradients: dict[str, str]


def compare(
    *activations: str | Callable[..., Any],
    spec: str | Path | Experiment | None = None,
    out: str | Path | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    workers: int | None = None,
    keep: str = "best",
    progress: Progress | None = None,
    report: bool = True,
    **settings: Any,
) -> Run:
    """Train networks with each activation, paired by seed, and leave a run to read.

    Args:
        activations: names, `name(parameter)`, `file.py:name`, `package.module:Name`, callables; default relu, tanh,
            leaky_relu.
        spec: an Experiment or its TOML file; names and settings given beside it replace what it says.
        out: the run's folder; default runs/<data>-<key>. An existing one is continued.
        settings: fields of Experiment: data, seeds, epochs, learning_rate, hidden, batch_size, split, ...

    Raises:
        UserError: what cannot be used, in one line.

    >>> run = compare("relu", "tanh", data="digits", seeds=2, epochs=1, out=getfixture("tmp_path") / "run")
    >>> len(run.trials), len(run.curves)
    (4, 4)
    """
    progress = progress or Silent()
    if keep not in KEEP:
        raise one_of("way to keep parameters", keep, KEEP)
    chosen = _device(device)
    wanted = _settings(spec, activations, settings)
    folder = Path(out).expanduser() if out is not None else None
    wanted = _settle_data(wanted, folder, data_dir, progress)
    dataset = data.load(
        wanted["data"],
        split=wanted.get("split", "standard"),
        pipeline=wanted.get("pipeline", "standard"),
        data_dir=data_dir if wanted["data"] not in ("digits",) else None,
        progress=progress.download,
    )
    experiment = Experiment.from_dict(wanted | {"content": dataset.content})
    applied = {t.identity: resolve(t) for layers in experiment.layers.values() for t in layers}
    path = folder or _default_folder(experiment, progress)
    store = _open(path, experiment)
    with store:
        for change in store.add_environment(environment(chosen)):
            progress.say(f"Since this run began the machine has changed: {change}.")
        _train_missing(store, experiment, dataset, applied, chosen, workers, keep, progress)
        _add_artefacts(store, experiment, dataset, applied)
    shutil.rmtree(path / "working", ignore_errors=True)
    run = Run(path)
    if report:
        from actlab.report import draw

        draw(run)
    return run


def environment(device: str) -> dict[str, Any]:
    """Versions, hardware and commit, as a run notes them."""
    import actlab

    return {
        "actlab": actlab.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "device": _device_name(device),
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def load_model(run: str | Path | Run, activation: str, seed: int = 0, **settings: Any) -> torch.nn.Sequential:
    """The best parameters of a trial in a plain torch.nn.Sequential: Linear, activation, Linear, ...

    It takes inputs as the run's pipeline makes them, (n, features).

    Args:
        activation: as the run's tables show it; settings: learning_rate and other columns, where several were tried.

    Raises:
        UserError: the run has no such trial, or kept no parameters.
    """
    run = run if isinstance(run, Run) else Run(run)
    rows = run.trials[(run.trials["activation"] == activation) & (run.trials["seed"] == seed)]
    for name, value in settings.items():
        rows = rows[rows[name] == value]
    if len(rows) != 1:
        known = ", ".join(run.activations)
        raise UserError(
            f"{run.path} has {len(rows)} trials of {activation!r} with seed {seed}. It holds {known}; "
            f"seeds {sorted(set(run.trials['seed']))}. Name learning_rate= too where several were tried."
        )
    row = rows.iloc[0]
    if not isinstance(row["parameters"], str):
        raise UserError(f"{run.path} has no parameters of {activation}, seed {seed}: unfinished, or --keep none.")
    from safetensors.torch import safe_open

    with safe_open(run.path / row["parameters"], framework="pt") as file:
        prefix = row["key"] + "/"
        named = {k.removeprefix(prefix): file.get_tensor(k) for k in file.keys() if k.startswith(prefix)}  # noqa: SIM118
    return _sequential(run, trial_from_row(row["spec"]), named)


def _sequential(run: Run, trial: Trial, named: dict[str, torch.Tensor]) -> torch.nn.Sequential:
    from actlab.nn import as_module

    layers: list[torch.nn.Module] = []
    targets = run.experiment.layers[trial.activation] if trial.hidden else ()
    for place in range(len(trial.hidden) + 1):
        weight = named[f"{2 * place}.weight"]
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
        linear.load_state_dict({"weight": weight, "bias": named[f"{2 * place}.bias"]})
        layers.append(linear)
        if place < len(trial.hidden):
            layers.append(as_module(resolve(targets[place]), named.get(f"{2 * place + 1}.learned")))
    return torch.nn.Sequential(*layers).eval()


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
    if isinstance(given.get("seeds"), int) and not isinstance(given["seeds"], bool):
        count = given["seeds"]
        if not 1 <= count <= 100_000:
            raise UserError(f"seeds is {count}; it must be a count from 1 to 100000, or a list such as 0,1,2.")
        given["seeds"] = list(range(count))
    if activations:
        given["activations"] = list(activations)
    if "data" in given and given["data"] != base.get("data"):
        base.pop("data_note", None)
    wanted = base | given
    Experiment.from_dict(wanted | {"data": "mnist"})  # bad values are told before anything is fetched
    _ = Experiment.from_dict(wanted | {"data": "mnist"}).layers
    return wanted


def _settle_data(
    wanted: dict[str, Any], folder: Path | None, data_dir: str | Path | None, progress: Progress
) -> dict[str, Any]:
    """Decide what `data = "auto"` is, once: an unfinished run of the same command is not asked again."""
    if wanted.get("data", "auto") == "auto":
        name, note = _begun_before(wanted, folder) or data.resolve_auto(data_dir=data_dir, progress=progress.download)
        if note:
            progress.say(f"Comparing on {name}, {note}.")
        wanted = wanted | {"data": name, "data_note": note}
    defaults = data.defaults(wanted["data"])
    if "learning_rate" not in wanted:
        progress.say(f"Learning rate {defaults.learning_rate:g}, the default for {wanted['data']}.")
        wanted = {"learning_rate": [defaults.learning_rate]} | wanted
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
        same = Experiment.from_dict(
            rate | {"data": known.data, "data_note": known.data_note, "content": known.content}
        ) == dataclasses.replace(known)
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
        with Store(other) as store:
            held = store.keys()
        if held and held <= wanted:
            missing = len(wanted) - len(held)
            progress.say(f"{other} holds {len(held)} of these trials: --out {other} would train only {missing}.")
    return path


def _open(path: Path, experiment: Experiment) -> Store:
    """The folder's store, new or grown; refused where the folder holds what the command does not ask for."""
    trials = experiment.trials()
    if not (path / "run.db").exists():
        if path.is_dir() and any(path.iterdir()) and not (path / "run.db.new").exists():
            raise UserError(f"{path} is no run and not empty: choose another folder with --out.")
        return Store.create(path, experiment, trials)
    store = Store(path)
    held = store.keys()
    if not held <= {trial.key for trial in trials}:
        known = Experiment.read(path / "experiment.toml")
        found = known.differences(experiment) or _changed_sources(store, experiment)
        store.__exit__()
        raise UserError(
            f"{path} holds another experiment. {'; '.join(found)}. Ask for these too, or choose another --out."
        )
    store.plan(experiment, trials)
    return store


def _changed_sources(store: Store, experiment: Experiment) -> list[str]:
    gone = store.identities() - set(experiment.layers)
    names = ", ".join(sorted(label(name) for name in gone))
    return [f"the source of {names} has changed since"] if names else ["the engine's numerics have changed since"]


def _train_missing(
    store: Store,
    experiment: Experiment,
    dataset: Dataset,
    applied: dict[str, Applied],
    device: str,
    workers: int | None,
    keep: str,
    progress: Progress,
) -> None:
    done = store.keys(["finished", "diverged"])
    missing = [trial for trial in experiment.trials() if trial.key not in done]
    if not missing:
        progress.begin(Begun(store.path, experiment, dataset.title, 0, len(done), 0, 0, device, 0.0))
        progress.end()
        return
    arrays = _arrays(dataset)
    seconds = _measure_costs(store, experiment, arrays, device)
    wanted_workers = _workers(workers, device, missing, seconds)
    if any(not _travels(target) for layers in experiment.layers.values() for target in layers):
        wanted_workers = 1
    working = store.path / "working"
    working.mkdir(exist_ok=True)
    stacks = plan_stacks(missing, experiment.layers, wanted_workers, device, working, _trial_bytes(experiment, dataset))
    count = min(wanted_workers, len(stacks))
    if count > 1:
        _share(arrays, working)
    tasks = [Task(s, _stack_name(s), store.path, None if count > 1 else arrays, device, keep) for s in stacks]
    total = sum(seconds) / count * 1.1 + (_WORKER_START_SECONDS if count > 1 else 0) if seconds else None
    shown = Begun(store.path, experiment, dataset.title, len(missing), len(done), len(stacks), count, device, total)
    progress.begin(shown)
    try:
        for outcome in executors.executor(count).map(run_task, tasks, progress.epoch):
            _enter(store, outcome, device)
            for suffix in ("pt", "json"):
                (working / f"{outcome.name}.{suffix}").unlink(missing_ok=True)
    finally:
        progress.end()


def _measure_costs(store: Store, experiment: Experiment, arrays: Arrays, device: str) -> list[float]:
    """Measure the step's cost anew, and return the estimated seconds of each missing trial."""
    with executors.one_thread():
        rows = costs.measure(experiment, arrays, device)
    store.add_costs(rows)
    step = costs.network_step_seconds(rows)
    done = store.keys(["finished", "diverged"])
    steps = math.ceil(len(arrays.y_train) / min(experiment.batch_size, len(arrays.y_train)))
    # a sample costs a third in evaluation: one product of three
    share = 1 + len(arrays.y_valid) / len(arrays.y_train) / 3
    slower = 4.0 if experiment.engine == "plain" else 1.0
    return [
        step[trial.label] * steps * share * experiment.epochs * slower
        for trial in experiment.trials()
        if trial.key not in done
    ]


def _workers(asked: int | None, device: str, missing: Sequence[Trial], seconds: Sequence[float]) -> int:
    if asked is not None:
        if not 1 <= asked <= 1024:
            raise UserError(f"workers is {asked}; it must be from 1 to 1024 (this machine has {os.cpu_count()} cores).")
        return asked
    if device != "cpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    saved = sum(seconds) * (1 - 1 / cores)
    return cores if saved > _WORKER_START_SECONDS else 1


def _travels(target: Target) -> bool:
    """Whether a worker can be told of this activation: a lambda or a function of a notebook stays here."""
    import pickle

    if target.kind != "callable":
        return True
    if getattr(target.object, "__module__", "") == "__main__":
        return False
    try:
        pickle.dumps(target.object)
    except Exception:
        return False
    return True


def plan_stacks(
    missing: Sequence[Trial],
    layers: dict[str, tuple[Target, ...]],
    workers: int,
    device: str = "cpu",
    working: Path | None = None,
    trial_bytes: float = 1e6,
) -> list[Stack]:
    """Stacks for the missing trials: those with a checkpoint as they were, the rest in even parts, seeds together."""
    stacks = []
    left = {trial.key: trial for trial in missing}
    for keys in _checkpointed(working):
        if all(key in left for key in keys):
            stacks.append(Stack(tuple(left.pop(key) for key in keys), layers))
    groups: dict[tuple, list[Trial]] = {}
    for trial in left.values():
        groups.setdefault(Stack.group(trial), []).append(trial)
    limit = max(1, min(_STACK_NETWORKS[device], int(_STACK_BYTES[device] / trial_bytes)))
    order = {name: place for place, name in enumerate(layers)}
    for trials in groups.values():
        if trials[0].engine == "plain":
            limit = 1
        trials.sort(key=lambda trial: trial.seed)  # those of a seed together: they share its batches
        count = workers * math.ceil(len(trials) / (workers * limit))
        bounds = np.linspace(0, len(trials), min(count, len(trials)) + 1).round().astype(int)
        for start, stop in zip(bounds[:-1], bounds[1:], strict=True):
            part = sorted(trials[start:stop], key=lambda trial: (order[trial.activation], trial.learning_rate))
            stacks.append(Stack(tuple(part), layers))
    return stacks


def _checkpointed(working: Path | None) -> list[list[str]]:
    found = []
    for file in sorted(working.glob("*.json")) if working else []:
        if file.with_suffix(".pt").is_file():
            found.append(json.loads(file.read_text(encoding="utf-8")))
    return found


def _stack_name(stack: Stack) -> str:
    return hashlib.sha256("".join(trial.key for trial in stack.trials).encode()).hexdigest()[:12]


def _trial_bytes(experiment: Experiment, dataset: Dataset) -> float:
    sizes = (dataset.train.x.shape[1], *experiment.hidden, dataset.classes)
    weights = sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))
    copies = {"sgd": 2, "momentum": 4, "adamw": 7}[experiment.optimizer]
    return weights * copies * (8 if experiment.dtype == "float64" else 4)


def run_task(task: Task, send: executors.Send) -> Outcome:
    """Train one stack, in whatever process; its parameters go straight into the run's folder."""
    stack, first = task.stack, task.stack.trials[0]
    arrays = task.arrays or _shared(task.folder / "working")
    labels = tuple(trial.label for trial in stack.trials)
    seeds = tuple(trial.seed for trial in stack.trials)

    def on_epoch(epoch: int, seconds: float, measured: np.ndarray) -> None:
        send(Epoch(labels, seeds, epoch, first.epochs, seconds, measured))

    if first.engine == "plain":
        result = _run_plain(stack, arrays, on_epoch)
    else:
        saver = _Checkpoints(task.folder / "working", task.name, stack)
        result = train(
            stack, arrays, device=task.device, state=saver.load(), on_epoch=on_epoch, checkpoint=saver.maybe_save
        )
    file = _save_parameters(task, result) if task.keep == "best" else ""
    light = dataclasses.replace(result, parameters=[])
    targets = {t.identity: t for trial in stack.trials for t in stack.layers[trial.activation]}
    gradients = {name: resolve(target).gradient for name, target in targets.items()}
    return Outcome(task.name, stack.trials, light, file, gradients)


def _run_plain(stack: Stack, arrays: Arrays, on_epoch: Callable[[int, float, np.ndarray], None]) -> Result:
    from actlab.nn import as_module

    (trial,) = stack.trials
    chosen = []
    for target in stack.layers[trial.activation][: len(trial.hidden)]:
        by_hand = plain.ACTIVATIONS.get(target.identity)
        chosen.append(by_hand or as_module(resolve(target), None))
    return plain.run_trial(trial, arrays, chosen, on_epoch)


class _Checkpoints:
    """A stack's state on disk, written every 20 seconds: what a crash may cost."""

    def __init__(self, folder: Path, name: str, stack: Stack) -> None:
        self.file = folder / f"{name}.pt"
        self.keys = [trial.key for trial in stack.trials]
        self.unsaved = 0.0

    def load(self) -> dict[str, Any] | None:
        if not self.file.is_file():
            return None
        return torch.load(self.file, weights_only=True, map_location="cpu")

    def maybe_save(self, trainer: Trainer) -> None:
        self.unsaved += trainer.seconds[-1]
        if self.unsaved < _CHECKPOINT_SECONDS:
            return
        self.unsaved = 0.0
        import io

        buffer = io.BytesIO()
        torch.save(trainer.state(), buffer)
        write_bytes(self.file, buffer.getvalue())
        write_text(self.file.with_suffix(".json"), json.dumps(self.keys))


def _save_parameters(task: Task, result: Result) -> str:
    from safetensors.numpy import save

    tensors = {
        f"{trial.key}/{name}": np.ascontiguousarray(array)
        for trial, named in zip(task.stack.trials, result.parameters, strict=True)
        for name, array in named.items()
    }
    file = f"parameters/{task.name}.safetensors"
    write_bytes(task.folder / file, save(tensors, metadata={"format": "pt"}))
    return file


def _enter(store: Store, outcome: Outcome, device: str) -> None:
    """A stack's rows into the store."""
    r = outcome.result
    here = {"device": _device_name(device), "cpu": _cpu(), "torch": torch.__version__, "engine": None}
    outcomes, curves, predictions = [], [], []
    for i, trial in enumerate(outcome.trials):
        last = dict(zip(CURVES, map(float, r.curves[i, -1]), strict=True))
        best = int(r.best_epoch[i])
        at_best = dict(zip(CURVES, map(float, r.curves[i, best - 1]), strict=True)) if best else {}
        kinds = {outcome.gradients[name] for name in trial.activations} or {"by hand"}
        outcomes.append(
            here
            | {f"final_{name}": last[name] for name in CURVES}
            | {
                "key": trial.key,
                "status": "diverged" if r.diverged_epoch[i] else "finished",
                "diverged_epoch": int(r.diverged_epoch[i]) or None,
                "best_epoch": best or None,
                "best_valid_loss": at_best.get("valid_loss"),
                "best_valid_accuracy": at_best.get("valid_accuracy"),
                "test_loss": float(r.test_loss[i]),
                "test_accuracy": float(r.test_accuracy[i]),
                "gradient": "by hand" if kinds == {"by hand"} else "by autograd",
                "engine": trial.engine,
                "parameters": outcome.file or None,
            }
        )
        for epoch, values in enumerate(r.curves[i], start=1):
            curves.append(
                {"key": trial.key, "activation": trial.label, "seed": trial.seed, "epoch": epoch}
                | {"learning_rate": trial.learning_rate}
                | dict(zip(CURVES, map(float, values), strict=True))
            )
        predicted, correct = r.predictions[i], r.correct[i]
        if predicted is not None and correct is not None:
            predictions.append({"key": trial.key, "predicted": packed(predicted), "correct": correct.tobytes()})
    store.add_stack(outcome.name, outcomes, curves, predictions, r.seconds)


def _add_artefacts(store: Store, experiment: Experiment, dataset: Dataset, applied: dict[str, Applied]) -> None:
    samples = {"images": dataset.images, "labels": dataset.labels}
    if dataset.test is not None:
        samples["test_labels"] = dataset.test.y
    store.add_artefact("samples", samples)
    functions: dict[str, np.ndarray] = {"x": np.linspace(-6, 6, 601)}
    x = torch.linspace(-6, 6, 601)
    for layers in experiment.layers.values():
        for target in layers:
            chosen = applied[target.identity]
            y, saved = chosen.forward(x.unsqueeze(0), torch.tensor([chosen.initial]))
            functions[f"f/{target.label}"] = y[0].double().numpy()
            functions[f"df/{target.label}"] = chosen.backward(saved)[0].double().numpy()
    store.add_artefact("functions", functions)


def _arrays(dataset: Dataset) -> Arrays:
    test = dataset.test
    return Arrays(
        x_train=torch.from_numpy(dataset.train.x),
        y_train=torch.from_numpy(dataset.train.y),
        x_valid=torch.from_numpy(dataset.valid.x),
        y_valid=torch.from_numpy(dataset.valid.y),
        x_test=None if test is None else torch.from_numpy(test.x),
        y_test=None if test is None else torch.from_numpy(test.y),
        classes=dataset.classes,
    )


def _share(arrays: Arrays, working: Path) -> None:
    """The arrays as files that all workers map into memory: one copy, whatever their number."""
    for field in dataclasses.fields(arrays):
        value = getattr(arrays, field.name)
        if isinstance(value, torch.Tensor):
            np.save(working / f"{field.name}.npy", value.numpy())
    write_text(working / "classes", str(arrays.classes))


def _shared(working: Path) -> Arrays:
    def read(name: str) -> torch.Tensor | None:
        file = working / f"{name}.npy"
        # "c": torch wants to be able to write, and what it writes would stay in this process
        return torch.from_numpy(np.load(file, mmap_mode="c")) if file.is_file() else None

    names = [field.name for field in dataclasses.fields(Arrays) if field.name != "classes"]
    return Arrays(**{name: read(name) for name in names}, classes=int((working / "classes").read_text()))


def _device(asked: str) -> str:
    if asked not in ("auto", "cpu", "cuda"):
        raise one_of("device", asked, ("auto", "cpu", "cuda"))
    if asked == "cuda" and not torch.cuda.is_available():
        raise UserError("device is cuda, but torch finds no GPU here: --device cpu, or auto.")
    return "cuda" if asked != "cpu" and torch.cuda.is_available() else "cpu"


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    """The commit of actlab's own checkout; None where it was installed from a package."""
    here = Path(__file__).resolve()
    if not (here.parents[2] / ".git").exists():
        return None
    try:
        said = subprocess.run(
            ["git", "-C", str(here.parent), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.strip()
