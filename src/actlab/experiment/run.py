"""A run's folder, to read: tables as pandas DataFrames, artefacts as arrays. No torch here."""

import contextlib
import datetime
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from actlab.errors import UserError, extra
from actlab.experiment.bounded import toml, toml_text
from actlab.experiment.inside import COUNTS, LEARNED
from actlab.experiment.metrics import METRICS, Metric
from actlab.experiment.schema import DATABASE, ENVIRONMENT, EXPERIMENT, TABLES, TUNING, DataFrame, head_of, reading
from actlab.experiment.spec import GRID, Experiment, Trial
from actlab.experiment.split import indices_of
from actlab.experiment.strange import array_of, arrays_of, is_counted, json_of, json_said, unfit

_MOST_NAMED = 8  # activations, in a line


class Run:
    """A finished or unfinished run, to read: tables as pandas DataFrames, artefacts as arrays.

    `trials` has a row a trial, `curves` a row a trial and epoch, `inside` one for each hidden layer of these, `times`
    the seconds of each stack's epochs, `costs` those of a training step of uniform stacks, measured in turns. Columns
    of the metric have its name (`test_accuracy`). Accuracies are fractions; errors are in the target's variance. NaN is
    "none".

    Args:
        path: the run's folder.

    Raises:
        UserError: there is no run in it.

    >>> run = Run("runs/wave")
    >>> run.activations, run.examples, len(run.test_labels(seed=0)), run.tuning, run.artefact("none of this name")
    (['relu', 'identity'], 80, 80, None, {})
    >>> key = run.trials["key"][0]
    >>> run.predictions(key).shape, run.scores()[key].dtype, run.test_labels(0).dtype
    ((80,), dtype('bool'), dtype('int64'))
    """

    def __init__(self, path: str | Path) -> None:
        self.path: Path = Path(path)
        if not (self.path / DATABASE).is_file():
            raise UserError(_no_run(self.path))
        self.state: str = _state(self.path)  # of the results: what is read later is no older

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @cached_property
    def experiment(self) -> Experiment:
        """What was asked: experiment.toml, read; UserError where it is damaged, or another run's."""
        found = Experiment.read(self.path / EXPERIMENT)
        if len(self.trials) and found.metric != self.metric.name:
            raise UserError(f"{self.path / EXPERIMENT} has the metric {found.metric}, the results {self.metric.name}.")
        return found

    @cached_property
    def metric(self) -> Metric:
        """What its trials are compared by; UserError where the database is damaged."""
        with reading(self.path) as database:
            row = database.execute("SELECT spec FROM trials LIMIT 1").fetchone()
        return METRICS[trial_from_row(row[0]).metric if row else "accuracy"]

    @cached_property
    def environments(self) -> list[dict[str, Any]]:
        """Where it was trained, oldest first: commands, machines and versions; none where that cannot be read, and no
        UserError."""
        return environments_of(self.path)

    @cached_property
    def trials(self) -> DataFrame:
        """A row a trial: its key, what it was, and what came out: losses and metric at the last and the best epoch."""
        frame = self._table("trials")
        if not self.metric.is_share and "test_r2" not in frame:
            variance = {seed: self._test_variance(seed) for seed in frame["seed"].unique()}
            frame["test_r2"] = 1 - frame["test_loss"] / frame.loc[:, "seed"].map(variance)
        return frame

    @cached_property
    def curves(self) -> DataFrame:
        """A row a trial and epoch: losses and metric of training and validation part."""
        frame = self._table("curves")
        order = {name: place for place, name in enumerate(self.activations)}
        return frame.sort_values(
            ["activation", "learning_rate", "seed", "epoch"],
            key=lambda column: column.map(order) if column.name == "activation" else column,
            ignore_index=True,
        )

    @cached_property
    def times(self) -> DataFrame:
        """A row a stack and epoch: seconds, and how many networks shared them."""
        return self._table("times")

    @cached_property
    def costs(self) -> DataFrame:
        """A row a round and activation: seconds of a training step of a stack of its own, measured in turns."""
        return self._table("costs")

    @cached_property
    def activations(self) -> list[str]:
        """The activations as tables show them, in the order in which they were named."""
        return list(dict.fromkeys(self.trials["activation"]))

    @property
    def tuning(self) -> "Self | None":
        """The run that this one's settings were chosen by; None where nothing was chosen."""
        return type(self)(self.path / TUNING) if (self.path / TUNING / DATABASE).is_file() else None

    @property
    def is_drawn(self) -> bool:
        """Whether the report is there, and of the results as they stand; no clock is asked, which may jump."""
        file = self.path / "report" / "index.html"
        if not file.is_file():  # nor is a pipe waited for
            return False
        try:
            with open(file, encoding="utf-8", errors="replace") as page:
                return f'content="{_state(self.path)}"' in page.read(1000)
        except OSError:
            return False

    def predictions(self, key: str) -> np.ndarray | None:
        """What the best parameters of the trial `key` say of the test samples: classes, int (n,), or numbers, float64
        (n, targets), in the targets' own units; None where there is no test set.
        """
        with reading(self.path) as database:
            query = "SELECT predicted, seed FROM predictions JOIN trials USING (key) WHERE key = ?"
            found = database.execute(query, (key,)).fetchone()
        if found is None or not (self.metric.is_share or self.sizes or "target_mean" in self._samples):
            return None  # a run that was stopped has no artefacts yet
        try:
            said = array_of(found[0] or b"")
        except ValueError as why:
            raise self._unfit(f"predictions of {key} ({why})") from None
        shape = (self.examples,) if self.metric.is_share else (self.examples, len(self._target_scale(found[1])[0]))
        if (self.examples and said.shape != shape) or (self.metric.is_share and not is_counted(said)):
            raise self._unfit(f"predictions of {key}")
        if self.metric.is_share:
            return said
        mean, deviation = self._target_scale(found[1])
        return said * deviation + mean

    @cached_property
    def _samples(self) -> dict[str, np.ndarray]:
        return self.artefact("samples")

    @cached_property
    def sizes(self) -> tuple[int, int, int] | tuple[()]:
        """How many samples each seed trains, validates and tests on, where each has a split of its own; else none."""
        return tuple(self._samples.get("sizes", np.empty(0, int)).tolist())

    @cached_property
    def examples(self) -> int:
        """The number of test examples; 0 without a test set."""
        return self.sizes[2] if self.sizes else len(self._samples.get("test_labels", ()))

    def test_labels(self, seed: int) -> np.ndarray | None:
        """The true classes, int (n,), or numbers, float64 (n, targets), of the examples that a `seed` was tested on;
        None where there is no test set.
        """
        samples = self._samples
        return samples["pool_labels"][self._indices(seed)[2]] if self.sizes else samples.get("test_labels")

    @cached_property
    def inside(self) -> DataFrame:
        """What went on inside: a row a trial, epoch measured (0: the start) and hidden layer (from 1).

        On the first 256 validation samples: shares of `dead` units (|f'| < 0.001 on all of them) and `saturated` values
        (|f'| < 0.1); means and deviations of z and y = f(z); `gradient_z` and `gradient_weights`, root mean squares of
        dL/dz and dL/dW of the mean loss; `update`, the size of the last step's change of the weights over theirs;
        `histogram`, counts of z in 64 bins from -8 to 8, below, above and NaN; `learned`, the activation's parameters
        (None: it learns none). NaN is "has no meaning". A trial that was not measured has no row.
        """
        import pandas as pd

        with reading(self.path) as database:
            known = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'inside'").fetchone()
        frame = self._table("inside") if known else pd.DataFrame(columns=list(TABLES["inside"]))
        for name, kind in (("histogram", COUNTS), ("learned", LEARNED)):
            frame[name] = [None if packed is None else np.frombuffer(packed, kind) for packed in frame[name]]
        return self.trials[["key", "activation", "seed"]].merge(frame.sort_values(["epoch", "layer"]), on="key")

    def _indices(self, seed: int) -> list[np.ndarray]:
        """Where a seed's parts lie in the pool that each seed splits anew."""
        y = self._samples["pool_labels"]
        assert self.sizes
        return indices_of(y if self.metric.is_share else np.zeros(len(y), int), self.sizes, seed)

    def _target_scale(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of the numbers that a seed's trials learned from: they were taught in these units."""
        samples = self._samples
        if not self.sizes:
            return samples["target_mean"], samples["target_deviation"]
        learned = samples["pool_labels"][self._indices(seed)[0]]
        return learned.mean(axis=0), learned.std(axis=0)

    def _test_variance(self, seed: int) -> float:
        """Of the test targets, as the loss has them."""
        y = self.test_labels(seed)
        return np.nan if y is None else float(np.mean(y.var(axis=0) / self._target_scale(seed)[1] ** 2))

    def scores(self) -> dict[str, np.ndarray]:
        """Trial's key -> the metric of each test example, float32 (n,), at its best epoch; empty without a test set.

        Of accuracy whether it is right, bool (n,). Where each seed has a split of its own (`sizes`), equal places of
        two seeds are different examples.
        """
        with reading(self.path) as database:
            names = [row[1] for row in database.execute("PRAGMA table_info(predictions)")]
            query = f"SELECT key, {names[2]} FROM predictions"  # of format 1: correct
            rows = database.execute(query).fetchall() if self.examples else []
        bytes_each = (self.examples + 7) // 8 if self.metric.is_share else 4 * self.examples
        if wrong := [key for key, values in rows if len(values or b"") != bytes_each]:
            raise self._unfit(f"scores of {wrong[0]}")
        if not self.metric.is_share:
            return {key: np.frombuffer(values, dtype=np.float32) for key, values in rows}
        raw = {key: np.frombuffer(bits, dtype=np.uint8) for key, bits in rows}
        return {key: np.unpackbits(bits, count=self.examples).astype(bool) for key, bits in raw.items()}

    def correct(self) -> dict[str, np.ndarray]:
        """Of accuracy `scores`, bool (n,); empty for other metrics, where no example is right or wrong."""
        return self.scores() if self.metric.is_share else {}

    def artefact(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of artefacts/`name`.npz, by name, each of its own shape and dtype; none where it is not there.
        UserError where it is damaged, or does not fit the run.
        """
        file = self.path / "artefacts" / f"{name}.npz"
        if not file.is_file():
            return {}
        arrays = arrays_of(file)
        wrong = unfit(name, arrays, self.metric.is_share)
        if wrong or ("index" in arrays and name == "disagreements" and (arrays["index"] >= self.examples).any()):
            raise UserError(f"{file}: {wrong or 'index'} in it does not fit the run.")
        return arrays

    def _unfit(self, what: str) -> UserError:
        return UserError(f"{self.path / DATABASE}: the {what} do not fit the run's test samples.")

    def _table(self, name: str) -> DataFrame:
        with extra("lab", "pandas"):
            import pandas as pd
        with reading(self.path) as database:
            frame = pd.read_sql_query(f"SELECT * FROM {name} ORDER BY rowid", database)
        frame = frame.rename(columns=self.metric.named)
        whole = {"diverged_epoch", "best_epoch"} & set(frame.columns)
        numbers = [self.metric.named(c) for c, kind in TABLES[name].items() if kind.startswith("REAL")]
        return frame.astype(dict.fromkeys(whole, "Int64") | dict.fromkeys(numbers, "float64"))


def _state(path: Path) -> str:
    """What changes with each transaction: SQLite counts them, and pages, in the file's head."""
    return head_of(path)[24:].hex()


def environments_of(path: Path) -> list[dict[str, Any]]:
    """Where a run was trained, oldest first; none where that cannot be read: results do not depend on it."""
    with contextlib.suppress(UserError, TypeError):
        return [entry for entry in json_of(path / ENVIRONMENT) if isinstance(entry, dict)]
    return []


def trial_from_row(spec: str) -> Trial:
    """The trial that a row's `spec` tells; UserError where it tells none."""
    values = json_said(spec, "What a trial was")
    if not isinstance(values, dict) or not {"activation", "seed", "learning_rate", "data", "content"} <= set(values):
        raise UserError(f"What a trial was is not {spec[:40]!r}.")
    single = {"activation": "activations", "seed": "seeds", **dict.fromkeys(GRID)}
    shaped = Experiment.from_dict({single.get(n) or n: [v] if n in single else v for n, v in values.items()})
    return Trial(**{n: getattr(shaped, single.get(n) or n)[0] if n in single else getattr(shaped, n) for n in values})


def held_keys(path: Path) -> set[str]:
    """The keys of all trials of a run."""
    with reading(path) as database:
        return {key for (key,) in database.execute("SELECT key FROM trials")}


def list_runs(folder: Path) -> list[Path]:
    """The runs inside a folder, oldest first."""
    found = {}
    for file in folder.glob(f"*/{DATABASE}"):
        with contextlib.suppress(OSError):  # it may have gone since
            if file.is_file():
                found[file.parent] = file.stat().st_mtime
    return sorted(found, key=lambda path: (found[path], path))


def _no_run(path: Path) -> str:
    if not path.exists():
        near = [run.name for run in list_runs(path.parent)]
        hint = f" Runs there: {', '.join(near[-5:])}." if near else ""
        return f"There is no folder {path}.{hint} `actlab runs` lists the runs in runs/."
    return f"{path} is not a run: it holds no {DATABASE}. `actlab runs` lists the runs in runs/."


def status(path: Path) -> str:
    """A run in one line, without pandas: folder, data, activations, how far it is."""
    with reading(path, only="trials") as database:
        counted = "SELECT activation, status, COUNT(*) FROM trials GROUP BY activation, status ORDER BY MIN(rowid)"
        rows = database.execute(counted).fetchall()
        when = (path / DATABASE).stat().st_mtime
    names, total = list(dict.fromkeys(name for name, *_ in rows)), sum(many for *_, many in rows)
    shown = ", ".join(names if len(names) <= _MOST_NAMED + 1 else names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED:,} more" * (len(names) > _MOST_NAMED + 1)
    done = sum(many for _, state, many in rows if state != "planned")
    diverged = sum(many for _, state, many in rows if state == "diverged")
    try:
        asked = toml(toml_text(path / EXPERIMENT), EXPERIMENT)  # without its activations, which may be hundreds
        e = Experiment.from_dict({name: asked[name] for name in ("data", "epochs") if name in asked})
        where = f"{e.data}, {e.epochs} epoch{'s' * (e.epochs != 1)}"
    except UserError:
        where = "?"
    far = f"{done} of {total} networks" if done < total else f"{done} networks"
    blown = f", {diverged} diverged" if diverged else ""
    kept = list(_checkpoints(path)) if done < total else []
    begun = f", {sum(n for n, _ in kept)} under way, at epoch {max(at for _, at in kept)} at most" if kept else ""
    day = datetime.datetime.fromtimestamp(when).strftime("%Y-%m-%d %H:%M")
    return f"{path}  {day}  {where}  {shown}{more}  {far}{blown}{begun}"


def _checkpoints(path: Path) -> Iterator[tuple[int, int]]:
    """Of each stack that a checkpoint is kept of: networks, epochs done. What cannot be read is left out."""
    for file in (path / "working").glob("*.json"):
        with contextlib.suppress(ValueError, KeyError, TypeError, OverflowError):  # an infinite epoch
            entry = json_of(file)
            yield len(entry["keys"]), int(entry["done"])
