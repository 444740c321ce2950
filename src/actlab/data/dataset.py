"""A data set by name: source, split, pipeline, in this order."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from actlab.data import fetch, idx, npz, own, pipelines, sets, tables, targets
from actlab.data.resplit import Pool
from actlab.data.split import SPLITS, Part, Source, cut
from actlab.errors import UserError, did_you_mean, extra, need_one_of
from actlab.experiment import LOSSES, METRICS, Experiment, loss_for
from actlab.naming import path_of

_SHIPPED = ("digits", "diabetes")
NAMES = (*sets.SETS, *_SHIPPED)
_FILES = (".npz", *tables.FILES)
SAMPLE_IMAGES = 64


@dataclass(frozen=True, eq=False)
class Dataset:
    """All that training needs of a data set, and what a report shows of it.

    >>> digits = load("digits")
    >>> digits.targets, digits.outputs, digits.shape, digits.images.shape, digits.content[:8]
    ('classes', 10, (8, 8), (64, 8, 8), 'e91c0cf5')
    """

    name: str  # as `load` takes it
    content: str  # SHA-256 of the raw arrays, whatever file they came from
    train: Part  # what is learned from
    valid: Part  # what settings and epochs are chosen by
    test: Part | None  # None: the split has used it up
    classes: int  # 0: the targets are numbers
    shape: tuple[int, ...]  # of one sample; features = prod(shape)
    images: np.ndarray  # the first raw training samples, (64, *shape), in their own dtype
    labels: np.ndarray  # theirs, (64,), or their targets, float64 (64, targets), as they were given
    title: str  # as sentences name it
    licence: str  # where one is known
    test_images: np.ndarray | None = None  # of classes: the raw test samples, (n, *shape), in their own dtype
    pool: Pool | None = None  # of the split "resplit": what other seeds cut their parts from
    said: tuple[str, ...] = ()  # what was made of the data, in words
    class_names: tuple[str, ...] = ()  # the label of each class, where there are others than 0, 1, 2, ...
    feature_names: tuple[str, ...] = ()  # where they have names
    # of what was given in Python: as an .npz file would have it, each of its own shape and dtype
    arrays: dict[str, np.ndarray] | None = None
    # of targets that are numbers, what is taken out: (targets,) float64, of the training part
    target_mean: np.ndarray = field(default_factory=lambda: np.empty(0))
    target_deviation: np.ndarray = field(default_factory=lambda: np.empty(0))  # the same: (targets,) float64

    @property
    def targets(self) -> str:
        """What y holds: "classes" or "numbers"."""
        return "classes" if self.classes else "numbers"

    @property
    def outputs(self) -> int:
        """How many outputs a network has: one a class, or one a target."""
        return self.classes or self.train.y.shape[1]


@dataclass(frozen=True)
class Defaults:
    """What suits a data set unless the user says otherwise."""

    learning_rate: float  # of SGD
    margin: float  # the smallest difference that matters, as a fraction: of accuracy, or of the targets' variance


_DEFAULTS = {
    "digits": Defaults(learning_rate=0.1, margin=0.006),
    # at .01 relu still learns after 25 epochs, from .1 it swings
    "diabetes": Defaults(learning_rate=0.03, margin=0.01),
}


def names() -> tuple[str, ...]:
    """The data sets that have a name; besides them, the path of an .npz or CSV file, or arrays."""
    return NAMES


def defaults(name: str) -> Defaults:
    """The learning rate and the margin for a data set.

    >>> defaults("digits")
    Defaults(learning_rate=0.1, margin=0.006)
    """
    _check_name(name)
    return _DEFAULTS.get(name, Defaults(learning_rate=0.01, margin=0.001))


def margin_points(name: str, asked: float, examples: int) -> float:
    """The smallest difference that matters, in percentage points: what is asked for (0: the default of the data set),
    but never less than two of the examples that judge (0: not known how many).

    >>> margin_points("digits", 0.0, 360), margin_points("digits", 0.1, 400), margin_points("mnist", 0.0, 0)
    (0.6, 0.5, 0.1)
    """
    given = asked or 100 * defaults(name).margin
    return max(given, 200 / examples) if examples else given


def margin_of(experiment: Experiment, examples: int = 0) -> float:
    """The smallest difference that matters in an experiment, as its metric is shown.

    >>> margin_of(Experiment(loss="mean_squared_error", metric="r2")), margin_of(Experiment(margin=0.3))
    (0.01, 0.3)
    """
    metric = METRICS[experiment.metric]
    if metric.is_share:
        return margin_points(experiment.data, experiment.margin, examples)
    return experiment.margin or metric.margin


def load(
    name: Any, *, target: Any = None, loss: str | None = "", split: str = "standard", pipeline: str = "standard",
    seed: int = 0, data_dir: str | Path | None = None, download: bool = True, progress: fetch.Progress | None = None,
) -> Dataset:  # fmt: skip
    """A data set, split and ready to train on.

    Returns:
        A Dataset: `train`, `valid` and `test` have x, float32 (n, features), and y: classes, int64 (n,), or numbers,
        float32 (n, targets), standardised.

    Args:
        name: one of `names()`; the path of an .npz file with x, y and optionally x_valid, y_valid, x_test, y_test, or
            of a CSV file; or these arrays themselves: (x, y), ((x, y), (x_test, y_test)), a dict, a data frame.
        target: of a CSV file or a data frame: the column to learn. All others are features.
        loss: "cross_entropy" (y are classes) or "mean_squared_error" (y are numbers, of one or several targets); where
            none is named, real numbers that are not whole are numbers, and all else is classes.
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
    need_one_of("split", split, SPLITS)
    need_one_of("pipeline", pipeline, pipelines.PIPELINES)
    loss = _loss(loss)
    if not isinstance(name, str | os.PathLike):
        source = name if isinstance(name, Source) else own.given(name, target, loss)
        if loss and LOSSES[loss].targets != source.targets:  # what was read before the loss was known
            source = own.source(own.arrays_of(source), "data", source.title, features=source.features, loss=loss)
        return replace(_prepare(own.KEPT, source, split, pipeline, seed), arrays=own.arrays_of(source))
    name = os.fspath(name)
    _check_name(name)
    source = _source(name, target or "", loss, data_dir, download, progress)
    return _prepare(name, source, split, pipeline, seed)


def named(settings: dict[str, Any]) -> tuple[dict[str, Any], Source | None]:
    """Settings whose data and pipeline are names, and the data that were given instead, which `load` takes too."""
    given, standardise = settings.get("data"), settings.get("standardise")
    settings = {name: value for name, value in settings.items() if name != "standardise"}
    if standardise is not None:
        need_one_of("way to standardise", standardise, pipelines.STANDARDISE)
        if settings.get("pipeline") is not None:
            raise UserError("--pipeline and --standardise both say what is done to the inputs: leave one out.")
        settings["pipeline"] = pipelines.STANDARDISE[standardise]
    if given is None or isinstance(given, str | os.PathLike):
        return settings | {"data": given and os.fspath(given)}, None
    source = own.given(given, settings.get("target"), _loss(settings.get("loss")))
    return settings | {"data": own.KEPT, "target": None}, source


def resolve_auto(
    *, data_dir: str | Path | None = None, timeout_seconds: float = 5.0, progress: fetch.Progress | None = None
) -> tuple[str, str]:
    """The data set for who names none: ("mnist", "") if its files are here or can be fetched, else ("digits", why)."""
    try:
        fetch.obtain(
            sets.SETS["mnist"], data_dir=data_dir, download=True, timeout_seconds=timeout_seconds, probe=True,
            progress=progress,
        )  # fmt: skip
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


def _loss(given: str | None) -> str:
    if given:
        need_one_of("loss", given, LOSSES)
    return given or ""


def _source(
    name: str, target: str, loss: str, data_dir: str | Path | None, download: bool, progress: fetch.Progress | None
) -> Source:
    if name.lower().endswith(tables.FILES):
        frame, said = tables.read(path_of(name), target, loss == loss_for("numbers").name)
        arrays, features = tables.arrays_of(frame, target, name)
        return own.source(arrays, name, Path(name).name.partition(".")[0], said, features, loss)
    if target:
        raise UserError(f"--target {target} (target=) names a column of a table, and {name} is none: leave it out.")
    if _is_file(name):
        return npz.read(path_of(name), loss)
    kind = "numbers" if name == "diabetes" else "classes"
    if loss and LOSSES[loss].targets != kind:
        raise UserError(
            f"The targets of {name} are {kind}, and the loss {loss} ({', '.join(LOSSES[loss].metrics)}) takes "
            f"{LOSSES[loss].targets}: leave --loss and --metric out, or name {loss_for(kind).name}."
        )
    if name in _SHIPPED:
        return _shipped(name)
    idx_set = sets.SETS[name]
    paths = fetch.obtain(idx_set, data_dir=data_dir, download=download, progress=progress)
    arrays = [idx.read(path, file, idx_set.title) for path, file in zip(paths, idx_set.files, strict=True)]
    train, test = (arrays[0], arrays[1]), (arrays[2], arrays[3])
    one_in = 12  # 5,000 of 60,000
    return Source(idx_set.title, idx_set.licence, train, test=test, classes=sets.CLASSES, valid_one_in=one_in)


def _shipped(name: str) -> Source:
    """One of scikit-learn's own."""
    with extra("lab", "scikit-learn"):
        from sklearn import datasets
    found: Any = getattr(datasets, f"load_{name}")()
    if name == "digits":
        licence = "UCI Optical Recognition of Handwritten Digits, as scikit-learn ships it; said to be CC BY 4.0"
        labels = found.target.astype(np.int64)  # int64: the content hash must not depend on the system
        return Source(name, licence, (found.images, labels), classes=10)
    licence = "Efron, Hastie, Johnstone and Tibshirani 2004, as scikit-learn ships it; no licence is stated"
    # scikit-learn computes the features' scale: rounded, so that the hash is the same whatever the last bits are
    train = (found.data.round(8), found.target.astype(np.float64)[:, None])
    return Source(name, licence, train, features=tuple(found.feature_names))


def _prepare(name: str, source: Source, split: str, pipeline: str, seed: int) -> Dataset:
    raw, pool, tested = source.train[0], None, None
    pipelines.check(pipeline, name, raw, split)
    if split == "resplit":
        pool = Pool.of(source, pipeline)
        index = pool.indices(seed)[0]
        parts, shown, learned = pool.parts(seed), pool.x[index[:SAMPLE_IMAGES]], pool.y[index]
        _, mean, deviation = targets.prepared([learned])
    else:
        cuts = [part for part in cut(source, split) if part is not None]
        inputs = pipelines.apply(pipeline, cuts)
        ys, mean, deviation = targets.prepared([part.y for part in cuts])
        parts = [Part(x, y) for x, y in zip(inputs, ys, strict=True)]
        shown = cuts[0].x[:SAMPLE_IMAGES].copy()  # a copy: a view would keep the whole file in memory
        learned = cuts[0].y
        if len(cuts) == 3 and source.classes and raw.ndim in (3, 4):
            tested = cuts[2].x
    labels = learned[:SAMPLE_IMAGES].copy()
    if source.classes:
        labels = (np.arange(source.classes) if source.values is None else source.values)[labels]
    return Dataset(
        name=source.title if _is_file(name) else name, content=_content(source),
        train=parts[0], valid=parts[1], test=parts[2] if len(parts) == 3 else None, pool=pool,
        classes=source.classes, shape=raw.shape[1:], images=shown, labels=labels, test_images=tested,
        title=source.title, licence=source.licence, said=source.said, feature_names=source.features,
        class_names=() if source.values is None else tuple(map(str, source.values)),
        target_mean=mean, target_deviation=deviation,
    )  # fmt: skip


def _content(source: Source) -> str:
    """SHA-256 of the raw arrays with their place, dtype and shape; path, compression and memory layout do not count."""
    digest = hashlib.sha256()
    for place, pair in source.pairs.items():
        for axis, array in zip("xy", pair, strict=True):
            little = array.astype(array.dtype.newbyteorder("<"), copy=False)
            digest.update(f"{place}.{axis} {little.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(little).view(np.uint8).data)
    return digest.hexdigest()
