"""What is trained: a Trial is everything a result may depend on, an Experiment the choices whose product is the trials.

Both are frozen values without torch. An Experiment is a TOML file and back, exactly.
"""

import dataclasses
import hashlib
import itertools
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from actlab import naming
from actlab.errors import UserError, extra, need_one_of, one_of
from actlab.experiment.bounded import toml, toml_text
from actlab.experiment.metrics import LOSSES, METRICS
from actlab.experiment.streams import stream_seed as stream_seed

NUMERICS = {"stacked": "stacked-4", "plain": "plain-2"}  # raised when an engine's bits change: other bits, other trials

CHOICES: dict[str, tuple[str, ...]] = {
    "split": ("standard", "tutorial", "resplit"),
    "pipeline": ("standard", "features", "published"),
    "initialisation": ("pytorch", "gain"),
    "optimizer": ("sgd", "momentum", "adamw"),
    "schedule": ("constant", "cosine"),
    "loss": tuple(LOSSES),
    "metric": tuple(METRICS),
    "dtype": ("float32", "float64"),
    "engine": tuple(NUMERICS),
}


GRID = ("learning_rate", "weight_decay", "dropout", "initialisation")  # what may be chosen for each activation
_MOST_TRIALS = 1_000_000
TUNING_SEEDS = (1_000_000, 1_000_001, 1_000_002)  # seeds of its own: they choose settings and judge nothing


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shared:
    """What all trials of an experiment have in common."""

    pipeline: str = "standard"
    split: str = "standard"
    hidden: tuple[int, ...] = (128, 64)
    optimizer: str = "sgd"
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    schedule: str = "constant"
    batch_size: int = 64
    epochs: int = 25
    loss: str = "cross_entropy"
    metric: str = "accuracy"
    dtype: str = "float32"
    engine: str = "stacked"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial(Shared):
    """One network, trained once. Its key names its result; fields at their default do not enter the key.

    Args:
        activation: the identity: one name, or one for each hidden layer joined by "/".
        seed: a number from 0 on; equal seeds have equal initial weights and batches, whatever the activation.
        learning_rate, weight_decay, dropout, initialisation: one value of each.
        data: its name, for people: not part of the key.
        content: the hash of the data.

    The others are those of `Experiment`.

    >>> trial = Trial(activation="elu(alpha=0.5)", seed=0, learning_rate=0.1, data="digits", content="-")
    >>> trial.label, trial.activations, trial.changed()["seed"], len(trial.key)
    ('elu(0.5)', ('elu(alpha=0.5)', 'elu(alpha=0.5)'), 0, 16)
    """

    activation: str
    seed: int
    learning_rate: float
    weight_decay: float = 0.0
    dropout: float = 0.0
    initialisation: str = "pytorch"
    data: str
    content: str

    @cached_property
    def key(self) -> str:
        """The name of this trial's result: a hash of its canonical form and of the engine's numerics version."""
        canonical = {name: value for name, value in self.changed().items() if name not in ("data", "engine")}
        canonical["numerics"] = NUMERICS[self.engine]
        text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """The activation as tables show it."""
        return naming.label(self.activation)

    @property
    def activations(self) -> tuple[str, ...]:
        """One identity for each hidden layer."""
        names = naming.split_identity(self.activation)
        return tuple(names) if len(names) > 1 else (self.activation,) * len(self.hidden)

    def changed(self) -> dict[str, Any]:
        """The fields that differ from their defaults, and those that have none."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.default is dataclasses.MISSING or getattr(self, field.name) != field.default
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment(Shared):
    """Choices whose product is the trials: activations x learning rates x ... x seeds; the settings of `compare`.

    Args:
        activations: as `compare` takes them; "relu/tanh" is one for each hidden layer.
        seeds: numbers from 0 on; for `compare` and in TOML also how many.
        learning_rate, weight_decay, dropout, initialisation: one of each, or several to choose from for each
            activation; initialisation is "pytorch", or "gain": variance gain^2 / inputs, by the activation's own gain.
        data, target, pipeline, split: as `actlab.data.load` takes them.
        data_note, content: why these data, where others were wanted; the hash of the data, once they are loaded.
        baseline: what the others are compared with; "": the first activation.
        margin, margin_used: the smallest difference that matters, as the metric is shown (percentage points of
            accuracy), 0: that of the data set; and what that is, once the data are loaded.
        max_seeds: up to which seeds are added until every comparison is decided; 0: none are added.
        mixed: whether networks of one seed are compared although machines of different kinds have trained them.
        tuned: activation -> what was chosen of learning_rate, weight_decay, dropout and initialisation.
        hidden: units of each hidden layer.
        optimizer: "sgd", "momentum" (SGD with `momentum`) or "adamw" (with `betas` and `epsilon`).
        momentum, betas, epsilon: numbers of the optimizers.
        schedule: of the learning rate, "constant" or "cosine".
        batch_size, epochs: samples a step, and passes over the training part.
        loss, metric: "cross_entropy" with "accuracy"; "mean_squared_error" with "mean_squared_error" or "r2".
        dtype: of parameters and inputs, "float32" or "float64".
        engine: "stacked", or "plain": the loop as one writes it by hand, of plain SGD alone.

    Raises:
        UserError: a value that cannot be trained with, and what is allowed.

    >>> small = Experiment(activations=("relu", "tanh"), seeds=(0, 1, 2), data="digits", content="-")
    >>> len(small.trials())
    6
    >>> other = Experiment.from_dict({"activations": ["relu", "tanh"], "seeds": 3, "data": "digits", "epochs": 5})
    >>> Experiment.from_toml(small.to_toml()) == small, small.differences(other)[-1]
    (True, 'epochs: 25 in the folder, 5 in the command')
    """

    activations: tuple[str, ...] = ("relu", "tanh", "leaky_relu")
    seeds: tuple[int, ...] = tuple(range(10))
    learning_rate: tuple[float, ...] = (0.01,)
    weight_decay: tuple[float, ...] = (0.0,)
    dropout: tuple[float, ...] = (0.0,)
    initialisation: tuple[str, ...] = ("pytorch",)
    data: str = "mnist"
    data_note: str = ""
    target: str = ""
    content: str = ""
    baseline: str = ""
    margin: float = 0.0
    margin_used: float = 0.0
    max_seeds: int = 0
    mixed: bool = False
    tuned: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "activations", tuple(naming.held(what) for what in self.activations))
        object.__setattr__(self, "baseline", naming.held(self.baseline))
        _validate(self)

    @cached_property
    def layers(self) -> dict[str, tuple[naming.Target, ...]]:
        """The targets of each activation, one for each hidden layer, by identity, in the order given.

        Raises: UserError for one that is named twice, or of another number of layers.
        """
        found: dict[str, tuple[naming.Target, ...]] = {}
        for text in self.activations:
            parsed = naming.parse_layers(text)
            if len(parsed) > 1 and len(parsed) != len(self.hidden):
                raise UserError(
                    f"{text} names {len(parsed)} activations, the network has {len(self.hidden)} hidden layers: "
                    "name one, or one for each layer."
                )
            full = parsed if len(parsed) > 1 else parsed * max(1, len(self.hidden))
            name = naming.identity(full)
            if name in found:
                raise UserError(f"{text} is named twice: as {naming.label(name)} it is already in the comparison.")
            found[name] = full
        shown = Counter(naming.label(name) for name in found)
        if twice := [name for name, times in shown.items() if times > 1]:
            raise UserError(
                f"Two different activations would both be shown as {twice[0]}: give one another name (a formula by "
                "name=formula, a callable by its __name__, a file by its own)."
            )
        return found

    @property
    def all_targets(self) -> dict[str, naming.Target]:
        """Every activation of a layer once, by identity."""
        return {target.identity: target for layers in self.layers.values() for target in layers}

    @property
    def placed(self) -> list[tuple[naming.Target, int]]:
        """Every activation with the width of each hidden layer that it stands in."""
        pairs = (pair for layers in self.layers.values() for pair in zip(layers, self.hidden or (1,), strict=False))
        return list({(target.identity, units): (target, units) for target, units in pairs}.values())

    @property
    def labels(self) -> list[str]:
        """The activations as tables show them."""
        return [naming.shown(what) for what in self.activations]

    @property
    def baseline_label(self) -> str:
        """The activation that all others are compared with, as tables show it; UserError where it is not among them."""
        if not self.baseline or self.baseline in self.labels:
            return self.baseline or self.labels[0]
        shown = naming.shown(self.baseline)
        if shown not in self.labels:
            raise one_of("baseline", self.baseline, self.labels)
        return shown

    @property
    def reason(self) -> str:
        """Why this data set, without what each mirror answered: "because MNIST could not be had", or nothing."""
        return self.data_note.partition(":")[0].strip().rstrip(".")

    @property
    def points(self) -> list[dict[str, Any]]:
        """Every setting of the grid."""
        values = itertools.product(*(getattr(self, name) for name in GRID))
        return [dict(zip(GRID, point, strict=True)) for point in values]

    @property
    def tunes(self) -> bool:
        """Whether a setting is to be chosen for each activation."""
        return len(self.points) > 1

    def for_tuning(self) -> "Experiment":
        """The whole grid, on seeds of its own."""
        return dataclasses.replace(self, seeds=TUNING_SEEDS, tuned={}, max_seeds=0)

    def trials(self) -> list[Trial]:
        """Every trial, seeds innermost: with the whole grid, or with what was chosen for each activation."""
        shared = {name: getattr(self, name) for name in ("data", "content", *_SHARED)}
        return [
            Trial(activation=activation, seed=seed, **point, **shared)
            for activation in self.layers
            for point in self._points(activation)
            for seed in self.seeds
        ]

    def _points(self, activation: str) -> list[dict[str, Any]]:
        if not self.tuned:
            return self.points
        name = naming.label(activation)
        if name not in self.tuned:
            raise UserError(f"tuned has no setting for {name}: it needs one for each activation, or none at all.")
        return [self.tuned[name]]

    @property
    def key(self) -> str:
        """The name of this experiment: a hash of its trials' keys."""
        return hashlib.sha256("".join(sorted(trial.key for trial in self.trials())).encode()).hexdigest()[:8]

    def settings(self) -> dict[str, Any]:
        """Every field's value, by its name."""
        return {name: getattr(self, name) for name in _DEFAULTS}

    def to_toml(self) -> str:
        """The experiment as TOML; fields at their default are written too, so that the file says all."""
        with extra("lab", "tomli-w"):
            import tomli_w
        return tomli_w.dumps(self.settings())

    @classmethod
    def from_toml(cls, text: str, *, where: str = "experiment.toml") -> "Experiment":
        """Read an experiment from `text`, which errors call `where`.

        Raises: UserError for what is no TOML, and for an unknown key, with the nearest one.
        """
        values = toml(text, where)
        try:
            return cls.from_dict(values)
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
        except ValueError:  # Python does not write it
            raise UserError(f"{where} has a whole number of thousands of digits. Write a smaller one.") from None

    @classmethod
    def from_dict(cls, values: dict[str, Any], *, also: Iterable[str] = ()) -> "Experiment":
        """The experiment of these settings; where one of `values` is unknown, UserError names them, and `also`."""
        for key in values:
            if key not in _DEFAULTS:
                raise one_of("setting", key, [*_DEFAULTS, *also])
        return cls(**{key: _shape(key, value) for key, value in values.items()})

    @classmethod
    def read(cls, path: str | Path) -> "Experiment":
        """The experiment of a TOML file; UserError where `path` cannot be read or holds something else.

        >>> Experiment.read("runs/wave/experiment.toml").hidden
        (16,)
        """
        found, beside = cls.from_toml(toml_text(Path(path)), where=str(path)), Path(path).parent
        if (beside / "sources").is_dir():
            kept = tuple(naming.held(what, beside / "sources") for what in found.activations)
            found = dataclasses.replace(found, activations=kept)
        data = beside / Path(found.data).name  # a run's folder that was moved has its data beside the text
        return dataclasses.replace(found, data=str(data)) if data.is_file() and not Path(found.data).exists() else found

    def differences(self, other: "Experiment") -> list[str]:
        """In words, where the trials of this experiment, a folder's, are not those of the `other`, a command's.

        Of activations, seeds and the grid, which may grow, only what the other lacks is told.
        """
        found = []
        for name, mine in self.settings().items():
            theirs = getattr(other, name)
            if name in _NOT_IDENTITY or mine == theirs or (name == "baseline" and not theirs):
                continue
            if name in ("activations", "seeds", *GRID):
                missing = [item for item in mine if item not in theirs]
                if name == "activations" and (same := set(map(naming.shown, missing)) & set(other.labels)):
                    found.append(f"the source of {_words(sorted(same))}, or what it holds, has changed since")
                elif missing:
                    found.append(f"{name}: {_words(missing)} is in the folder, not in the command")
            else:
                found.append(f"{name}: {_words(mine)} in the folder, {_words(theirs)} in the command")
        moved = [name for name, setting in self.tuned.items() if other.tuned.get(name, setting) != setting]
        return found + [f"tuned: {_words(moved)} has another setting in the folder than in the command"] * bool(moved)


_NOT_IDENTITY = ("data_note", "tuned", "margin_used", "mixed")
_SHARED = [field.name for field in dataclasses.fields(Shared)]
# an experiment's own fields before those that it shares with its trials
_FIELDS = sorted(dataclasses.fields(Experiment), key=lambda field: field.name in _SHARED)
_DEFAULTS: dict[str, Any] = {field.name: field.default for field in _FIELDS}


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _shape(key: str, value: Any) -> Any:
    """A TOML value in the type that the field has; a single value stands for a list of one."""
    if key == "tuned":
        return _shape_tuned(value)
    default: Any = _DEFAULTS[key]
    if key == "seeds" and type(value) is int:
        if not 1 <= value <= 100_000:
            raise UserError(f"seeds is {value}; it must be a count from 1 to 100000, or a list such as 0,1,2.")
        return tuple(range(value))
    if isinstance(default, tuple):
        if hasattr(value, "tolist"):  # an array of numpy's
            value = value.tolist()
        items = value if isinstance(value, list | tuple | range) else [value]
        kind = type(default[0])
        if isinstance(value, str) and kind is not str:
            word = "whole number" if kind is int else "number"
            raise UserError(f"{key} is a {word}, or a tuple such as {default[:2]}, not {value!r}.")
        return tuple(_convert(key, item, kind) for item in items)
    return _convert(key, value, type(default))


def _shape_tuned(value: Any) -> dict[str, dict[str, Any]]:
    """A table an activation, with a value for each name of the grid; what it leaves out is an error."""
    if not isinstance(value, dict) or not all(isinstance(setting, dict) for setting in value.values()):
        raise UserError("tuned is a table of activations, each a table of its settings.")
    found = {}
    for name, setting in value.items():
        if set(setting) != set(GRID):
            raise UserError(f"tuned.{name} has {_words(sorted(setting))}; it needs {', '.join(GRID)}.")
        found[name] = {key: _convert(f"tuned.{name}.{key}", setting[key], type(_DEFAULTS[key][0])) for key in GRID}
    return found


def _convert(key: str, value: Any, kind: type) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < 2**1023 else math.inf
    if callable(value) and key in ("activations", "baseline"):
        return value
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        words = {int: "a whole number", float: "a number", str: "text in quotes", bool: "true or false"}[kind]
        each = " Name them one by one: compare(one, other)." if key == "activations" and isinstance(value, list) else ""
        raise UserError(f"{key} is {words}, not {value!r}.{each}")
    return value


def _check(ok: bool, name: str, given: Any, allowed: str) -> None:
    if not ok:
        raise UserError(f"{name} is {given}; it must be {allowed}.")


_LIMITS: dict[str, tuple[Callable[[Any], bool], str]] = {  # of a value, or of each of several
    "learning_rate": (lambda v: 0 < v < math.inf, "a finite number above 0"),
    "weight_decay": (lambda v: 0 <= v < math.inf, "a finite number, 0 or more"),
    "dropout": (lambda v: 0 <= v < 1, "at least 0 and below 1"),
    "seeds": (lambda v: 0 <= v < 2**63, "0 or more, and below 2^63"),
    "hidden": (lambda v: 1 <= v <= 65536, "from 1 to 65536 units a layer (or none)"),
    "epochs": (lambda v: 1 <= v <= 100_000, "from 1 to 100000"),
    "batch_size": (lambda v: 1 <= v <= 1_000_000, "from 1 to 1000000"),
    "momentum": (lambda v: 0 <= v < 1, "at least 0 and below 1"),
    "max_seeds": (lambda v: 0 <= v <= 100_000, "from 0 to 100000"),
    "margin": (lambda v: 0 <= v < 100, "above 0 and below 100 (percentage points of accuracy)"),
    "margin_used": (lambda v: 0 <= v < math.inf, "a finite number, 0 or more"),
    "epsilon": (lambda v: 0 < v < math.inf, "a finite number above 0"),
}


def _validate(e: Experiment) -> None:
    """Refuse what cannot be trained, in words."""
    given = {name: value if isinstance(value, tuple) else (value,) for name, value in e.settings().items()}
    for name in ("activations", "seeds", *GRID):
        _check(len(given[name]) > 0, name, "empty", "one value or more")
        _check(len(set(given[name])) == len(given[name]), name, _words(given[name]), "free of repetitions")
    for name in GRID:
        given[name] += tuple(setting[name] for setting in e.tuned.values())
    for name, allowed in CHOICES.items():
        for value in given[name]:
            need_one_of(name, value, allowed)
    for name, (is_right, limits) in _LIMITS.items():
        for value in given[name]:
            _check(is_right(value), name, value, limits)
    _check(len(e.hidden) <= 1000, "hidden", f"of {len(e.hidden):,} layers", "of at most 1000")
    enough = not e.max_seeds or len(e.seeds) <= e.max_seeds
    trials = math.prod(len(given[name]) for name in ("activations", "seeds", *(() if e.tuned else GRID)))
    if trials > _MOST_TRIALS:
        sizes = ", ".join(f"{len(given[name]):,} of {name}" for name in ("activations", "seeds", *GRID))
        raise UserError(
            f"The choices make {trials:,} trials ({sizes}); an experiment has at most {_MOST_TRIALS:,}. Leave some out."
        )
    _check(enough, "max_seeds", e.max_seeds, f"no fewer than the {len(e.seeds)} seeds to begin with")
    _check(len(e.betas) == 2 and all(0 <= b < 1 for b in e.betas), "betas", e.betas, "two numbers from 0 to below 1")
    need_one_of(f"metric of the loss {e.loss}", e.metric, LOSSES[e.loss].metrics)
    if e.engine == "plain":
        simple = e.optimizer == "sgd" and e.schedule == "constant" and e.dropout == (0.0,) and e.weight_decay == (0.0,)
        simple = simple and e.initialisation == ("pytorch",) and e.loss == "cross_entropy"
        _check(simple, "engine", "plain", "used with plain SGD and cross-entropy alone, as it is written")
