"""The data of a run: held once, mapped by all workers; and out of them what the trials of a seed are trained on."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from actlab.data import KEPT, Dataset, Part, Pool
from actlab.engine import Arrays
from actlab.experiment import Experiment, told, write_by, write_text

Held = Arrays | Pool  # the same for all seeds, or what each seed cuts its own from


def arrays_for(seed: int, held: Held) -> Arrays:
    """What the trials of a seed are trained and tested on."""
    return as_arrays(held.parts(seed), held.outputs) if isinstance(held, Pool) else held


def as_arrays(parts: Sequence[Part | None], outputs: int) -> Arrays:
    """Training, validation and test part for the engine; the test part may be missing."""
    tensors: list[Any] = []
    for part in parts:
        tensors += [None, None] if part is None else [torch.from_numpy(part.x), torch.from_numpy(part.y)]
    return Arrays(*tensors, outputs=outputs)


def arrays_of(dataset: Dataset) -> Arrays:
    return as_arrays((dataset.train, dataset.valid, dataset.test), dataset.outputs)


def with_arrays(experiment: Experiment, dataset: Dataset, path: Path) -> Experiment:
    """Data that were given in Python go by the file that the run in `path` keeps them in."""
    return experiment if dataset.arrays is None else dataclasses.replace(experiment, data=str(path / KEPT))


def keep_arrays(path: Path, dataset: Dataset) -> None:
    """Keep data that were given in Python, so that they can be loaded, and the run continued, from its folder."""
    file = path / KEPT
    arrays = dataset.arrays
    if arrays is not None and not file.is_file():  # a run takes no other data: what is there holds these
        write_by(file, lambda handle: np.savez(handle, **arrays))  # pyright: ignore[reportArgumentType]  # one may be called allow_pickle


def share(held: Held, working: Path) -> None:
    """The data as files that all workers map into memory: one copy, whatever their number."""
    others = {}
    with told(working.parent):
        for field in dataclasses.fields(held):
            value = getattr(held, field.name)
            if isinstance(value, torch.Tensor | np.ndarray):
                np.save(working / f"{field.name}.npy", np.asarray(value))
            elif value is not None:
                others[field.name] = value
        write_text(working / "shared", json.dumps(others))


def load_shared(working: Path) -> Held:
    others = json.loads((working / "shared").read_text(encoding="utf-8"))

    def read(name: str) -> Any:
        file = working / f"{name}.npy"
        # "c": torch wants to be able to write, and what it writes would stay in this process
        return np.asarray(np.load(file, mmap_mode="c")) if file.is_file() else None

    if "sizes" in others:
        return Pool(read("x"), read("y"), **others | {"sizes": tuple(others["sizes"])})
    names = [field.name for field in dataclasses.fields(Arrays) if field.name != "outputs"]
    found = {name: read(name) for name in names}
    return Arrays(**{n: a if a is None else torch.from_numpy(a) for n, a in found.items()}, **others)
