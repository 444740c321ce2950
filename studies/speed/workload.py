"""What every candidate trains: the same networks on the same batches from the same start.

Legend: M networks, S seeds, B samples of a batch, I inputs, H units, C classes.
"""

import dataclasses
import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from actlab import data
from actlab.engine import Arrays, Stack
from actlab.experiment import Experiment, Trial, stream_seed
from actlab.naming import Target

ACTIVATIONS = ("relu", "tanh", "leaky_relu")
_MODULES: dict[str, Callable[[], nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "leaky_relu": nn.LeakyReLU}
_EPOCHS = 10_000  # more than any benchmark runs: a stack in training is measured again and again


@dataclasses.dataclass(frozen=True)
class Workload:
    """Networks to train on arrays; those of one activation next to each other, each with the first seeds."""

    arrays: Arrays
    trials: tuple[Trial, ...]
    layers: dict[str, tuple[Target, ...]]

    @property
    def stack(self) -> Stack:
        return Stack(self.trials, self.layers)

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self.arrays.x_train.shape[1], *self.trials[0].hidden, self.arrays.outputs)

    @property
    def batch(self) -> int:
        return self.trials[0].batch_size

    @property
    def rate(self) -> float:
        return self.trials[0].learning_rate

    @property
    def seeds(self) -> list[int]:
        return sorted({trial.seed for trial in self.trials})

    @property
    def groups(self) -> dict[str, list[int]]:
        """The seeds of each activation. They are the first of all seeds: a group's batches are the first of all."""
        found: dict[str, list[int]] = {}
        for trial in self.trials:
            found.setdefault(trial.label, []).append(trial.seed)
        assert all(seeds == self.seeds[: len(seeds)] for seeds in found.values())
        return found

    def order(self, seed: int, epoch: int) -> Tensor:
        """The permutation of the training samples that every candidate follows."""
        generator = torch.Generator().manual_seed(stream_seed(seed, "order", epoch))
        return torch.randperm(len(self.arrays.y_train), generator=generator)

    def network(self, activation: str, seed: int) -> nn.Sequential:
        """A network as one writes it with torch.nn, at the start that every candidate has."""
        layers: list[nn.Module] = []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stream_seed(seed, "init"))
            for inputs, outputs in pairwise(self.sizes):
                layers += [nn.Linear(inputs, outputs), _MODULES[activation]()]
        return nn.Sequential(*layers[:-1])

    def part(self, share: float) -> "Workload":
        """The same networks on the first so many of the training and validation samples."""
        a = self.arrays
        train, valid = (math.ceil(len(y) * share) for y in (a.y_train, a.y_valid))
        samples = {name: getattr(a, name)[:train] for name in ("x_train", "y_train")}
        samples |= {name: getattr(a, name)[:valid] for name in ("x_valid", "y_valid")}
        few = dataclasses.replace(a, **samples)
        return dataclasses.replace(self, arrays=few)

    def one_of_each(self) -> "Workload":
        """One network of each activation, for what trains one network after the other."""
        first = {trial.label: trial for trial in reversed(self.trials)}
        return dataclasses.replace(self, trials=tuple(first[name] for name in self.groups))


def workload(arrays: Arrays, content: str, networks: int, *, rate: float = 0.01, **settings: object) -> Workload:
    """So many networks, relu, tanh and leaky_relu in turn, seeds as few as that takes."""
    names = ACTIVATIONS[:networks]
    experiment = Experiment(
        activations=names, seeds=tuple(range(-(-networks // len(names)))), content=content,
        learning_rate=(rate,), epochs=_EPOCHS, **settings,
    )  # fmt: skip
    by_seed = sorted(experiment.trials(), key=lambda trial: (trial.seed, names.index(trial.activation)))
    chosen = sorted(by_seed[:networks], key=lambda trial: names.index(trial.activation))
    return Workload(arrays, tuple(chosen), experiment.layers)


def arrays_of(name: str) -> tuple[Arrays, str]:
    """A data set, standard split, as the engine wants it, and its content's hash."""
    dataset = data.load(name)
    pairs = {}
    for part in ("train", "valid"):
        pairs |= {f"{axis}_{part}": torch.from_numpy(getattr(getattr(dataset, part), axis)) for axis in "xy"}
    return Arrays(**pairs, x_test=None, y_test=None, outputs=dataset.outputs), dataset.content
