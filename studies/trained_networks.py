"""Networks trained for `verdicts_trained.py`: which of their test examples were right, in pieces in build/trained.

    python studies/trained_networks.py    # about 25 minutes of one core; an ended run goes on

Nothing differs between the arms of NULL but chance: a baseline, three arms that begin with its initial weights and see
the samples in orders of their own, and three with weights and orders of their own. In the engine a trial's seed fixes
both, order and start. So an arm of the second kind is built of trials with seeds of its own, and before training the
initial weights of the baseline's seeds are copied over those it was built with (`begin_from`).
"""

import argparse
import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from actlab.data import load
from actlab.engine.machine import one_thread
from actlab.engine.models import initial_parameters
from actlab.engine.training import Arrays, Stack, Trainer
from actlab.experiment.disk import packed, write_bytes
from actlab.experiment.spec import Experiment, Trial

FOLDER = Path(__file__).parents[1] / "build" / "trained"
APART = 1_000_000  # between the seeds of two arms
NULL = ("baseline", *("same start, own order",) * 3, *("own start, own order",) * 3)


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is trained, and for how long; the first samples of training and validation part, 0: all of them."""

    data: str
    learning_rate: float
    epochs: int
    samples: int = 0
    validation: int = 0
    hidden: tuple[int, ...] = (128, 64)

    def experiment(self, activation: str, seeds: Sequence[int], content: str) -> Experiment:
        return Experiment(
            activations=(activation,),
            seeds=tuple(seeds),
            learning_rate=(self.learning_rate,),
            data=self.data,
            content=content,
            epochs=self.epochs,
            hidden=self.hidden,
        )


DIGITS = Setting("digits", learning_rate=0.1, epochs=5)  # 500 experiments of the default 25 take two hours of a core
DIGITS_25 = dataclasses.replace(DIGITS, epochs=25)  # a few, for what differences are like then
MNIST = Setting("mnist", learning_rate=0.01, epochs=2, samples=10_000, validation=1000, hidden=(32,))


@dataclasses.dataclass(frozen=True)
class Arm:
    """Trials of one activation; `order` and `start` are added to the number of a seed."""

    activation: str
    order: int
    start: int


def null_arms(activation: str = "relu") -> tuple[Arm, ...]:
    starts = [0 if "same start" in name else APART * place for place, name in enumerate(NULL)]
    return tuple(Arm(activation, APART * place, start) for place, start in enumerate(starts))


def arrays_of(setting: Setting) -> tuple[Arrays, str]:
    """The data as the engine takes them, and the name of their content."""
    found = load(setting.data)
    assert found.test is not None
    cuts = ((found.train, setting.samples), (found.valid, setting.validation), (found.test, 0))
    parts = [array[: count or len(array)] for part, count in cuts for array in (part.x, part.y)]
    return Arrays(*map(torch.from_numpy, parts), outputs=found.outputs), found.content


def trainer_of(setting: Setting, arm: Arm, numbers: Sequence[int], arrays: Arrays, content: str) -> Trainer:
    """A stack with a network for each number, ready to train."""
    experiment = setting.experiment(arm.activation, [arm.order + n for n in numbers], content)
    trainer = Trainer(Stack(tuple(experiment.trials()), experiment.layers), arrays)
    begin_from(trainer, [arm.start + n for n in numbers])
    return trainer


def begin_from(trainer: Trainer, seeds: Sequence[int]) -> None:
    """Each network begins with the initial weights of the seed given; the order stays that of its own."""
    trials: list[Trial] = [dataclasses.replace(t, seed=s) for t, s in zip(trainer.trials, seeds, strict=True)]
    start = initial_parameters(trials, trainer.slices, trainer.sizes, trainer.dtype)
    for parameters in (trainer.parameters, trainer.best):
        for mine, given in zip(parameters.tensors(), start.tensors(), strict=True):
            mine.copy_(given)


def right_bits(trainer: Trainer) -> np.ndarray:
    """Train to the end: which test examples the best parameters get right, (M, bytes) as numpy.packbits has them."""
    while trainer.done < trainer.trials[0].epochs:
        trainer.epoch()
    found = trainer.result()
    assert not found.diverged_epoch.any(), "a diverged network has no place in this null"
    return np.stack(found.scores)


def piece(setting: Setting, arms: Sequence[Arm], numbers: Sequence[int], arrays: Arrays, content: str) -> np.ndarray:
    """(A, S, bytes). One arm at a time: small stacks stay in the cache, and bits do not depend on company."""
    return np.stack([right_bits(trainer_of(setting, arm, numbers, arrays, content)) for arm in arms])


@dataclasses.dataclass(frozen=True)
class Job:
    """Networks that are wanted: so many pieces, each of all arms on so many seeds."""

    name: str
    setting: Setting
    arms: tuple[Arm, ...]
    pieces: int
    seeds: int

    def small(self) -> "Job":
        """The same in a second."""
        setting = dataclasses.replace(self.setting, epochs=1, samples=min(self.setting.samples or 1000, 1000))
        return dataclasses.replace(self, setting=setting, pieces=2, seeds=8)

    def folder(self, content: str) -> Path:
        """Named by the key of the first trial, so that nothing is taken from another engine or other data."""
        s = self.setting
        [first] = s.experiment(self.arms[0].activation, [self.arms[0].order], content).trials()
        return FOLDER / f"{self.name}-{s.samples}-{s.validation}-{first.key}"


# tanh and relu of equal numbers begin alike and see the same batches
JOBS = (
    Job("digits-null", DIGITS, null_arms(), pieces=500, seeds=20),
    Job("digits-tanh", DIGITS, (Arm("tanh", 0, 0),), pieces=20, seeds=50),
    Job("digits-null-25", DIGITS_25, null_arms(), pieces=10, seeds=20),
    Job("mnist", MNIST, (Arm("relu", 0, 0), Arm("relu", APART, 0), Arm("tanh", 0, 0)), pieces=16, seeds=25),
)


def train(job: Job, *, keep: bool = True) -> Iterator[np.ndarray]:
    """Every piece of a job, those on disk from there: which test examples were right, (A, S, I)."""
    arrays, content = arrays_of(job.setting)
    folder = job.folder(content)
    for number in range(job.pieces):
        file = folder / f"{number:03}.npy"
        if keep and file.is_file():
            bits = np.load(file)
        else:
            with one_thread():
                bits = piece(
                    job.setting, job.arms, range(number * job.seeds, (number + 1) * job.seeds), arrays, content
                )
            if keep:
                folder.mkdir(parents=True, exist_ok=True)
                write_bytes(file, packed(bits))
        yield unpacked(bits, len(arrays.y_test))


def unpacked(bits: np.ndarray, examples: int) -> np.ndarray:
    return np.unpackbits(bits, axis=-1, count=examples).astype(bool)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", nargs="*", choices=[*JOBS, []], help="default: all of them")
    parser.parse_args()
    began, spent = time.perf_counter(), time.process_time()
    for job in JOBS:
        for number, _ in enumerate(train(job)):
            wall, cpu = time.perf_counter() - began, time.process_time() - spent
            print(f"{wall:6.0f} s, {cpu:6.0f} s of a core  {job.name} {number}", flush=True)


if __name__ == "__main__":
    main()
