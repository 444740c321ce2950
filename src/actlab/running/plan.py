"""Which trials are trained together, in how many processes, in how much memory, and how long that takes.

A short measurement decides: the seconds of a training step in stacks of some sizes (`costs.step_seconds`). Large stacks
share the cost of a call, small ones stay in the cache; every process saves time, and costs some to start.
"""

import dataclasses
import math
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from actlab.data import Dataset
from actlab.engine import EVALUATION_BATCH, MEASURED_STEPS, PROBE, Stack, cores, memory_bytes
from actlab.errors import UserError
from actlab.experiment import Experiment, Trial
from actlab.naming import Target
from actlab.running.checkpoints import Saved

WORKER_START_SECONDS = 2.0  # measured: 1.3 by bench/records/scaling.json, with 30 networks
SIZES = {"cpu": (1, 4, 8, 16, 32), "cuda": (1, 64, 1024)}  # of stacks, among which the measurement chooses
WORKER_BYTES = 300e6  # Python, torch and its libraries
OWN_BYTES = 470e6  # of the process that was started: pandas, the run's tables, what the allocator keeps in pieces
REPORT_BYTES = 560e6  # while the report is drawn, when nothing is trained any more
ALIKE = 8  # networks of a stack whose activation's cost is measured: enough to share the cost of calls
_SAME = 1.03  # plans whose times differ by less are equal: the one with fewer parts is taken
_PLAIN_SLOWER = 4.0  # the plain loop against a stack, for the estimate alone
_UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


@dataclasses.dataclass(frozen=True)
class Limits:
    """What the person allows; None where the plan may choose."""

    workers: int | None = None
    stack_size: int | None = None
    memory: float | None = None  # bytes, of all processes together
    apart: bool = False  # the workers are on machines of their own: memory is what each has

    @property
    def bytes(self) -> float:
        return self.memory if self.memory is not None else memory_bytes() / 2

    @staticmethod
    def checked(workers: int | None, stack_size: int | None, memory: str | float | None) -> "Limits":
        if workers is not None and not 1 <= workers <= 1024:
            raise UserError(f"workers is {workers}; it must be from 1 to 1024 (this machine has {cores()} cores).")
        if stack_size is not None and stack_size < 1:
            raise UserError(f"stack size is {stack_size}; it must be 1 or more networks.")
        return Limits(workers, stack_size, None if memory is None else parse_bytes(memory))


@dataclasses.dataclass(frozen=True)
class Plan:
    """Stacks, the processes that train them, the seconds that takes and the memory that all of it needs at most."""

    stacks: list[Stack]
    workers: int
    seconds: float
    bytes: float


@dataclasses.dataclass(frozen=True)
class Needs:
    """Bytes of what is in memory once, of what each process that trains has of its own, and of each network."""

    shared: float
    process: float
    network: float

    @classmethod
    def of(cls, experiment: Experiment, dataset: Dataset) -> "Needs":
        parts = sum(part.x.nbytes for part in (dataset.train, dataset.valid, dataset.test) if part is not None)
        each = network_bytes(experiment, dataset.train.x.shape[1], dataset.outputs, len(dataset.train.y))
        process = 2 * parts if experiment.dtype == "float64" else 0  # inputs in twice the size
        if dataset.pool is None:
            shown = 0 if dataset.test_images is None else dataset.test_images.nbytes
            return cls(parts + shown, process, each)
        raw = dataset.pool.x.nbytes  # a process has a seed's parts, and on their way the raw samples of one
        return cls(parts + 2 * raw, process + parts + raw, each)  # what was pooled lies beside its pool for a moment

    def fixed(self, workers: int) -> float:
        """What so many processes need before a network is trained."""
        return self.shared + OWN_BYTES + workers * (self.process + (WORKER_BYTES if workers > 1 else 0.0))

    def room(self, limits: Limits, workers: int) -> int:
        """Networks that each of so many processes may train at once."""
        workers = 1 if limits.apart else workers
        return int((limits.bytes - self.fixed(workers)) / workers / self.network)

    def refuse(self, limits: Limits) -> None:
        """UserError where not one network fits."""
        workers = (not limits.apart and limits.workers) or 1
        needed = max(REPORT_BYTES, self.fixed(workers) + workers * self.network)
        if needed <= limits.bytes:
            return
        given = f"memory is {size_text(limits.bytes)}" + (" (half of the machine's)" if limits.memory is None else "")
        what = "the data and a network need" if workers == 1 else f"the data and {workers} processes need"
        way = "allow more" if workers == 1 else "allow more, or fewer --workers"
        raise UserError(f"{given}; {what} {size_text(needed)} with Python, torch and the report: {way}.")

    def sizes(self, limits: Limits, device: str) -> tuple[int, ...]:
        """Sizes of stacks to measure, that fit into memory side by side."""
        found: list[int] = []
        for size in (limits.stack_size,) if limits.stack_size else reversed(SIZES[device]):
            if sum(found) + size <= self.room(limits, 1):
                found.append(size)
        return tuple(sorted(found)) or (max(1, min(limits.stack_size or 1, self.room(limits, 1))),)


def size_text(size: float) -> str:
    """
    >>> size_text(1), size_text(4e6), size_text(1.5e9)
    ('1 byte', '4 MB', '1.50 GB')
    """
    if size < 1e6:
        return "1 byte" if size == 1 else f"{size:,.0f} bytes"
    return f"{size / 1e6:.0f} MB" if size < 1e9 else f"{size / 1e9:.2f} GB"


def parse_bytes(text: str | float) -> float:
    """
    >>> parse_bytes("1.5GB")
    1500000000.0
    """
    found = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([KMGT]?)(?:i?B)?\s*", str(text), re.IGNORECASE)
    if found is None or float(found[1]) == 0:
        raise UserError(f"memory is {text!r}; it must be a size such as 8GB or 500MB.")
    return float(found[1]) * _UNITS[found[2].upper()]


def network_bytes(experiment: Experiment, inputs: int, outputs: int, samples: int) -> float:
    """What one network of a stack keeps in memory: weights, their best copy and one to measure, the optimizer's state,
    buffers, labels."""
    sizes = (inputs, *experiment.hidden, outputs)
    weights = sum((a + 1) * b for a, b in pairwise(sizes))
    copies = {"sgd": 3, "momentum": 4, "adamw": 6}[experiment.optimizer]
    # one to look inside; and while a checkpoint is written, up to twice what it holds
    copies += 1 + 2 * {"sgd": 3, "momentum": 4, "adamw": 5}[experiment.optimizer]
    # a layer's z, y and dL/dx, and what an activation may make on its way; the logits of some steps
    units = sum(6 * width for width in experiment.hidden) + outputs
    activations = units * (experiment.batch_size + EVALUATION_BATCH + PROBE)
    activations += 2 * outputs * experiment.batch_size * MEASURED_STEPS
    labels = 2 * 8 * samples  # of an epoch, and while they are ordered
    return (weights * copies + activations) * (8 if experiment.dtype == "float64" else 4) + labels


def plan(
    experiment: Experiment, missing: Sequence[Trial], dataset: Dataset, limits: Limits, step_seconds: dict[int, float],
    *, device: str = "cpu", begun: Sequence[Saved] = (), here: bool = False,
) -> Plan:  # fmt: skip
    """The fastest of the plans that are allowed. `here`: what is trained cannot travel to another process."""
    needs = Needs.of(experiment, dataset)
    needs.refuse(limits)
    side_by_side = len(experiment.layers) * alike(experiment, dataset, limits)
    least = max(REPORT_BYTES, needs.fixed(1) + side_by_side * needs.network)
    plans = []
    for workers in (
        [1]
        if here or (device != "cpu" and not limits.apart)
        else [limits.workers]
        if limits.workers
        else sorted({1, cores()})
    ):
        room = needs.room(limits, workers)
        if room < 1:
            continue
        for size in [limits.stack_size] if limits.stack_size else sorted(step_seconds):
            stacks = make_stacks(missing, experiment.layers, workers, min(size, room), begun)
            seconds = _seconds(experiment, dataset, stacks, workers, step_seconds, begun)
            largest = max(len(stack.trials) for stack in stacks)
            count = min(workers, len(stacks))
            beside = 1 if limits.apart else count
            needed = needs.fixed(beside) + beside * largest * needs.network
            plans.append(Plan(stacks, count, seconds, max(least, needed)))
    fastest = min(p.seconds for p in plans)
    return min((p for p in plans if p.seconds <= _SAME * fastest), key=lambda p: (p.workers, len(p.stacks)))


def alike(experiment: Experiment, dataset: Dataset, limits: Limits) -> int:
    """Networks of each activation, trained side by side to measure the cost of a step; 0: there is no room for it."""
    return min(ALIKE, Needs.of(experiment, dataset).room(limits, 1) // len(experiment.layers))


def _seconds(
    experiment: Experiment, dataset: Dataset, stacks: Sequence[Stack], workers: int, step_seconds: dict[int, float],
    begun: Sequence[Saved],
) -> float:  # fmt: skip
    """The time until the last of these stacks is trained."""
    train, valid = len(dataset.train.y), len(dataset.valid.y)
    steps = math.ceil(train / min(experiment.batch_size, train))
    # a sample costs a third in evaluation: one product of three
    epoch_steps = steps * (1 + valid / train / 3) * (_PLAIN_SLOWER if experiment.engine == "plain" else 1.0)
    done = {item.keys: item.done for item in begun}
    busy = [0.0] * min(workers, len(stacks))
    for stack in stacks:
        count = len(stack.trials)
        each = float(np.interp(count, list(step_seconds), list(step_seconds.values())))
        epochs = experiment.epochs - done.get(tuple(stack.keys), 0)
        busy[busy.index(min(busy))] += each * count * epoch_steps * epochs
    return max(busy) + (WORKER_START_SECONDS if len(busy) > 1 else 0.0)


def make_stacks(
    missing: Sequence[Trial], layers: dict[str, tuple[Target, ...]], workers: int, size: int,
    begun: Sequence[Saved] = (),
) -> list[Stack]:  # fmt: skip
    """Stacks for the missing trials: those with a checkpoint as they were, the rest in even parts, seeds together."""
    stacks = []
    left = {trial.key: trial for trial in missing}
    for checkpoint in begun:
        if left.keys() >= set(checkpoint.keys):
            stacks.append(_stack([left.pop(key) for key in checkpoint.keys], layers))
    groups: dict[tuple, list[Trial]] = {}
    for trial in left.values():
        groups.setdefault(Stack.group(trial), []).append(trial)
    order = {name: place for place, name in enumerate(layers)}
    for trials in groups.values():
        limit = 1 if trials[0].engine == "plain" else size
        trials.sort(key=lambda trial: trial.seed)  # those of a seed together: they share its batches
        # where each seed is a group of its own, the seeds are what processes share out
        among = 1 if trials[0].split == "resplit" and len(groups) >= workers else workers
        count = among * math.ceil(len(trials) / (among * limit))
        bounds = np.linspace(0, len(trials), min(count, len(trials)) + 1).round().astype(int)
        for start, stop in pairwise(bounds):
            part = sorted(trials[start:stop], key=lambda trial: (order[trial.activation], trial.learning_rate))
            stacks.append(_stack(part, layers))
    return stacks


def _stack(trials: Sequence[Trial], layers: dict[str, tuple[Target, ...]]) -> Stack:
    """With its own activations alone: it travels to a worker, and others' sources may be large."""
    return Stack(tuple(trials), {name: layers[name] for name in dict.fromkeys(t.activation for t in trials)})
