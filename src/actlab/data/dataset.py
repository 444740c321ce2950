"""A data set by name: source, split, pipeline, in this order."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from actlab.data import fetch, idx, npz, own, pipelines, sets, tables
from actlab.data.resplit import Pool
from actlab.data.split import SPLITS, Part, Source, cut
from actlab.errors import UserError, did_you_mean, need_extra, one_of
from actlab.experiment import indices_of

NAMES = (*sets.SETS, "digits")
_FILES = (".npz", *tables.FILES)
SAMPLE_IMAGES = 64


@dataclass(frozen=True, eq=False)
class Dataset:
    """All that training needs of a data set, and what a report shows of it."""

    name: str
    content: str  # SHA-256 of the raw arrays, whatever file they came from
    train: Part
    valid: Part
    test: Part | None  # None: the split has used it up
    classes: int
    shape: tuple[int, ...]  # of one sample; features = prod(shape)
    images: np.ndarray  # the first raw training samples, (64, *shape)
    labels: np.ndarray  # theirs, as they were given
    title: str
    licence: str
    pool: Pool | None = None  # of the split "resplit": what other seeds cut their parts from
    said: tuple[str, ...] = ()  # what was made of the data, in words
    class_names: tuple[str, ...] = ()  # the label of each class, where there are others than 0, 1, 2, ...
    feature_names: tuple[str, ...] = ()  # where they have names
    arrays: dict[str, np.ndarray] | None = None  # of what was given in Python: as an .npz file would have it


@dataclass(frozen=True)
class Defaults:
    """What suits a data set unless the user says otherwise."""

    learning_rate: float  # of SGD
    margin: float  # the smallest difference in accuracy that matters, as a fraction


def names() -> tuple[str, ...]:
    """The data sets that have a name; besides them, the path of an .npz or CSV file, or arrays."""
    return NAMES


def defaults(name: str) -> Defaults:
    """The learning rate and the margin for a data set.

    >>> defaults("digits")
    Defaults(learning_rate=0.1, margin=0.006)
    """
    _check_name(name)
    if name == "digits":
        return Defaults(learning_rate=0.1, margin=0.006)
    return Defaults(learning_rate=0.01, margin=0.001)


def margin_points(name: str, asked: float, examples: int) -> float:
    """The smallest difference that matters, in percentage points: what is asked for (0: the default of the data set),
    but never less than two of the examples that judge (0: not known how many).

    >>> margin_points("digits", 0.0, 360), margin_points("digits", 0.1, 400), margin_points("mnist", 0.0, 0)
    (0.6, 0.5, 0.1)
    """
    given = asked or 100 * defaults(name).margin
    return max(given, 200 / examples) if examples else given


def load(
    name: Any,
    *,
    target: Any = None,
    split: str = "standard",
    pipeline: str = "standard",
    seed: int = 0,
    data_dir: str | Path | None = None,
    download: bool = True,
    progress: fetch.Progress | None = None,
) -> Dataset:
    """A data set, split and ready to train on.

    Args:
        name: one of `names()`; the path of an .npz file with x, y and optionally x_valid, y_valid, x_test, y_test, or
            of a CSV file; or these arrays themselves: (x, y), ((x, y), (x_test, y_test)), a dict, a data frame.
        target: of a CSV file or a data frame: the column of the classes. All others are features.
        split: "standard" (training, validation and test part), "tutorial" (the test part used for validation) or
            "resplit" (parts of the same sizes, cut anew from all samples by each seed).
        pipeline: "standard" (mean 0 and deviation 1 on the training part), "features" (the same for each feature by
            itself) or "published" (a tutorial's fault).
        seed: whose parts, in the split "resplit".
        data_dir: the folder of the IDX files; without it ACTLAB_DATA, the cache and the network, in this order.
        download: whether the network may be used.
        progress: called with file name, bytes done, bytes in all.

    Raises:
        UserError: an unknown name or option, or a file that is missing, damaged or unfit.

    >>> digits = load("digits")
    >>> digits.train.x.shape, digits.valid.x.shape, digits.test.x.shape
    ((1078, 64), (359, 64), (360, 64))
    """
    _check_choice("split", split, SPLITS)
    _check_choice("pipeline", pipeline, pipelines.PIPELINES)
    if not isinstance(name, str | os.PathLike):
        source = name if isinstance(name, Source) else own.given(name, target)
        return replace(_prepare(own.KEPT, source, split, pipeline, seed), arrays=own.arrays_of(source))
    name = os.fspath(name)
    _check_name(name)
    source = _source(name, target or "", data_dir, download, progress)
    return _prepare(name, source, split, pipeline, seed)


def named(settings: dict[str, Any]) -> tuple[dict[str, Any], Source | None]:
    """Settings whose data and pipeline are names, and the data that were given instead, which `load` takes too."""
    given, standardise = settings.get("data"), settings.get("standardise")
    settings = {name: value for name, value in settings.items() if name != "standardise"}
    if standardise is not None:
        _check_choice("way to standardise", standardise, tuple(pipelines.STANDARDISE))
        if settings.get("pipeline") is not None:
            raise UserError("--pipeline and --standardise both say what is done to the inputs: leave one out.")
        settings["pipeline"] = pipelines.STANDARDISE[standardise]
    if given is None or isinstance(given, str | os.PathLike):
        return settings | {"data": given and os.fspath(given)}, None
    return settings | {"data": own.KEPT, "target": None}, own.given(given, settings.get("target"))


def resolve_auto(
    *, data_dir: str | Path | None = None, timeout_seconds: float = 5.0, progress: fetch.Progress | None = None
) -> tuple[str, str]:
    """The data set for who names none: ("mnist", "") if its files are here or can be fetched, else ("digits", why)."""
    try:
        fetch.obtain(
            sets.SETS["mnist"],
            data_dir=data_dir,
            download=True,
            timeout_seconds=timeout_seconds,
            probe=True,
            progress=progress,
        )
    except fetch.Unavailable as problem:
        return "digits", f"because MNIST could not be had: {problem.reason}"
    return "mnist", ""


def _is_file(name: str) -> bool:
    return name.lower().endswith(_FILES)


def _check_name(name: str) -> None:
    if name not in NAMES and not _is_file(name):
        told = f"There is no data set {name!r}.{did_you_mean(name, NAMES)}"
        if Path(name).is_dir():
            told = f"{name!r} is a folder, no data set: name a file in it, or the set that it holds and --data-dir."
        raise UserError(f"{told} Allowed: {', '.join(NAMES)}, or the path of a file that ends in {', '.join(_FILES)}.")


def _check_choice(what: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise one_of(what, given, allowed)


def _source(
    name: str, target: str, data_dir: str | Path | None, download: bool, progress: fetch.Progress | None
) -> Source:
    if name.lower().endswith(tables.FILES):
        frame, said = tables.read(Path(name).expanduser(), target)
        arrays, features = tables.arrays_of(frame, target, name)
        return own.source(arrays, name, Path(name).name.partition(".")[0], said, features)
    if target:
        raise UserError(f"--target {target} (target=) names a column of a table, and {name} is none: leave it out.")
    if _is_file(name):
        return npz.read(Path(name).expanduser())
    if name == "digits":
        return _digits()
    idx_set = sets.SETS[name]
    paths = fetch.obtain(idx_set, data_dir=data_dir, download=download, progress=progress)
    arrays = [idx.read(path, file, idx_set.title) for path, file in zip(paths, idx_set.files, strict=True)]
    return Source(
        title=idx_set.title,
        licence=idx_set.licence,
        train=(arrays[0], arrays[1]),
        valid=None,
        test=(arrays[2], arrays[3]),
        classes=sets.CLASSES,
        valid_one_in=12,  # 5,000 of 60,000
    )


def _digits() -> Source:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise need_extra("lab", "scikit-learn") from None
    found: Any = load_digits()  # a Bunch; its stub says a tuple too
    return Source(
        title="digits",
        licence="UCI Optical Recognition of Handwritten Digits, as scikit-learn ships it; said to be CC BY 4.0",
        train=(found.images, found.target.astype(np.int64)),  # int64: the content hash must not depend on the system
        valid=None,
        test=None,
        classes=10,
    )


def _prepare(name: str, source: Source, split: str, pipeline: str, seed: int) -> Dataset:
    raw, pool = source.train[0], None
    pipelines.check(pipeline, name, raw, split)
    if split == "resplit":
        pool = Pool.of(source, pipeline)
        parts, images = pool.parts(seed), pool.x[indices_of(pool.y, pool.sizes, seed)[0][:SAMPLE_IMAGES]]
    else:
        cuts = [part for part in cut(source, split) if part is not None]
        inputs = pipelines.apply(pipeline, cuts)
        parts = [Part(x, part.y.astype(np.int64)) for x, part in zip(inputs, cuts, strict=True)]
        images = cuts[0].x[:SAMPLE_IMAGES].copy()  # a copy: a view would keep the whole file in memory
    named = np.arange(source.classes) if source.values is None else source.values
    return Dataset(
        name=source.title if _is_file(name) else name,
        content=_content(source),
        train=parts[0],
        valid=parts[1],
        test=parts[2] if len(parts) == 3 else None,
        classes=source.classes,
        shape=raw.shape[1:],
        images=images,
        labels=named[parts[0].y[:SAMPLE_IMAGES]],
        title=source.title,
        licence=source.licence,
        pool=pool,
        said=source.said,
        class_names=() if source.values is None else tuple(map(str, source.values)),
        feature_names=source.features,
    )


def _content(source: Source) -> str:
    """SHA-256 of the raw arrays with their place, dtype and shape; path, compression and memory layout do not count."""
    digest = hashlib.sha256()
    for place, pair in source.pairs.items():
        for axis, array in zip("xy", pair, strict=True):
            little = array.astype(array.dtype.newbyteorder("<"), copy=False)
            digest.update(f"{place}.{axis} {little.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(little).view(np.uint8).data)
    return digest.hexdigest()
