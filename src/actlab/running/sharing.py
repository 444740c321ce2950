"""The data of a run: held once, mapped by all workers; and out of them what the trials of a seed are trained on."""

import contextlib
import dataclasses
import functools
import hashlib
import io
import json
import secrets
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from actlab.data import KEPT, Dataset, Part, Pool
from actlab.engine import Arrays
from actlab.errors import UserError
from actlab.experiment import Experiment, write_by, write_text

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


@dataclasses.dataclass(frozen=True)
class Sent:
    """Data as a task carries them to another process: their hash, and where they are."""

    hash: str
    folder: Path | None = None  # which the process that trains can read too
    fetch: Callable[[], bytes] | None = None  # where they have to travel

    def held(self) -> Held | None:
        """The data; None where they have to be sent along. A process keeps those it had last."""
        if (held := _KNOWN.get(self.hash)) is not None:  # one look: another thread may train with other data
            return held
        if self.fetch is not None:
            return remember(_unpacked(self.fetch()), self.hash)
        with contextlib.suppress(Exception):  # half, damaged, or not to be read here
            if self.folder is not None:
                return remember(_read(self.folder / self.hash), self.hash)
        return None


_KNOWN: dict[str, Held] = {}  # by hash, in this process


def remember(held: Held, name: str) -> Held:
    """Keep data in this process, if their hash is this `name`."""
    found = content(held)
    if found != name:
        raise UserError(f"The data that came to this process have the hash {found}, asked for was {name}.")
    _KNOWN.clear()
    _KNOWN[name] = held
    return held


def content(held: Held) -> str:
    """A hash of all that training sees of the data."""
    arrays, others = _parts(held)
    found = hashlib.sha256(json.dumps(others, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return found.hexdigest()[:24]


def share(held: Held, folder: Path, name: str) -> None:
    """The data as files, by their hash, that all workers map into memory: one copy, whatever their number."""
    if (folder / name).is_dir():
        return
    arrays, others = _parts(held)
    aside = folder / f"{name}.{secrets.token_hex(4)}"
    try:
        aside.mkdir()  # others may read it, as tempfile's they may not
        for field, array in arrays.items():
            write_by(
                aside / f"{field}.npy", lambda handle, array=array: np.save(handle, array)
            )  # on disk before its name
        write_text(aside / "others.json", json.dumps(others))
        aside.rename(folder / name)
    except BaseException as error:
        shutil.rmtree(aside, ignore_errors=True)
        if not isinstance(error, OSError) or not (folder / name).is_dir():  # unless another process was faster
            raise


def packed(held: Held) -> bytes:
    """The data as bytes to send."""
    arrays, others = _parts(held)
    buffer = io.BytesIO()
    with zipfile.ZipFile(
        buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1
    ) as archive:  # .npz, fast: MNIST's in a third
        for name, array in (arrays | {"others": np.array(json.dumps(others))}).items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return buffer.getvalue()


def bring(content: bytes) -> Callable[[], bytes]:
    """What brings these bytes along when it is pickled."""
    return functools.partial(bytes, content)


def _unpacked(content: bytes) -> Held:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        found = dict(arrays)
    return _whole(found, json.loads(str(found.pop("others"))))


def _read(folder: Path) -> Held:
    others = json.loads((folder / "others.json").read_text(encoding="utf-8"))
    # "c": torch wants to be able to write, and what it writes would stay in this process
    arrays = {file.stem: np.asarray(np.load(file, mmap_mode="c")) for file in folder.glob("*.npy")}
    return _whole(arrays, others)


def _parts(held: Held) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays, and all else."""
    values = {field.name: getattr(held, field.name) for field in dataclasses.fields(held)}
    arrays = {n: np.asarray(v) for n, v in values.items() if isinstance(v, torch.Tensor | np.ndarray)}
    return arrays, {name: value for name, value in values.items() if name not in arrays}


def _whole(arrays: dict[str, np.ndarray], others: dict[str, Any]) -> Held:
    if "sizes" in others:
        values: dict[str, Any] = arrays | others | {"sizes": tuple(others["sizes"])}
        return Pool(**values)
    return Arrays(**{name: torch.from_numpy(array) for name, array in arrays.items()}, **others)
