"""A run's folder as a stranger may send it: a small one, made without training, and changes to it, each a line of JSON.

Planted in it is code that says so when it runs, and beside it is a file of somebody else's that is to stay as it is.
"""

import contextlib
import json
import os
import random
import shutil
import sqlite3
import tomllib
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from safetensors.numpy import save_file
from studies.fuzz.inputs import NUMBERS, ODD

from actlab.errors import UserError
from actlab.experiment import Experiment, Run, Store, export, inside, packed, status
from actlab.results import summarise

EXAMPLES, HIDDEN = 40, (3, 2)
PLANTED = "open({mark!r}, 'a').write('ran')\n"
_CODE = "stranger_planted.inner:f"  # a package in the working folder, which to look for alone would run


def made(path: Path, *, numbers: bool = False) -> Path:
    """A run of two activations and three seeds, of classes or of numbers with a split for each seed."""
    loss = {"loss": "mean_squared_error", "metric": "r2", "split": "resplit"} if numbers else {}
    e = Experiment(
        activations=("relu", "prelu"), seeds=(0, 1, 2), epochs=2, hidden=HIDDEN, data="digits", content="c", **loss
    )
    chance, trials = np.random.default_rng(0), e.trials()
    with Store.create(path, e, trials) as store:
        _add_artefacts(store, chance, numbers)
        rows = [_rows(trial, chance, numbers) for trial in trials]
        outcomes, predictions = [row[0] for row in rows], [row[1] for row in rows]
        curves, inner = ([one for row in rows for one in row[place]] for place in (2, 3))
        store.add_stack("stack", outcomes, curves, predictions, [0.1, 0.2], inner)
        store.add_costs([{"activation": t.label, "round": n, "networks": 2, "seconds": 0.1 + n / 50}
                         for t in trials[::3] for n in range(3)])  # fmt: skip
        store.add_environment({"torch": "2", "command": "actlab compare"})
    tensors: dict[str, np.ndarray] = {}
    for trial in trials:
        for place, (before, after) in enumerate(((4, 3), (3, 2), (2, 2))):
            tensors[f"{trial.key}/{2 * place}.weight"] = np.ones((after, before), np.float32)
            tensors[f"{trial.key}/{2 * place}.bias"] = np.ones(after, np.float32)
            if trial.label == "prelu" and place < 2:
                tensors[f"{trial.key}/{2 * place + 1}.learned"] = np.full(1, 0.25, np.float32)
    save_file(tensors, path / "parameters" / "stack.safetensors")
    return path


def _add_artefacts(store: Store, chance: np.random.Generator, numbers: bool) -> None:
    x = np.linspace(-6, 6, 101)
    functions = {"x": x} | {f"f/{n}": np.maximum(x, 0) for n in ("relu", "prelu")}
    store.add_artefact("functions", functions | {f"df/{n}": (x > 0) * 1.0 for n in ("relu", "prelu")})
    samples = {"licence": np.array("free"), "valid_samples": np.array(20), "classes": np.array(0 if numbers else 2)}
    samples |= {"outputs": np.array(1 if numbers else 2), "targets": np.array("numbers" if numbers else "classes")}
    if numbers:
        samples |= {"images": chance.random((8, 4)), "labels": chance.random((8, 1)), "target_mean": np.zeros(1)}
        samples |= {"target_deviation": np.ones(1), "sizes": np.array([60, 20, EXAMPLES])}
        samples |= {"pool_labels": chance.random((120, 1))}
    else:
        samples |= {"images": chance.random((8, 2, 2)), "labels": chance.integers(2, size=8)}
        samples |= {"test_labels": chance.integers(2, size=EXAMPLES), "class_names": np.array(["cat", "dog"])}
        kept = {"images": chance.random((8, 2, 2)), "index": np.arange(8), "label": chance.integers(2, size=8)}
        store.add_artefact("disagreements", kept)
    store.add_artefact("samples", samples)


def _rows(trial: Any, chance: np.random.Generator, numbers: bool) -> tuple[Any, ...]:
    value, key = float(chance.random()), {"key": trial.key}
    curve = {"train_loss": 0.5, "train_metric": value, "valid_loss": 0.6, "valid_metric": value}
    final = {f"final_{name}": number for name, number in curve.items()} | {"test_metric": value, "test_loss": 0.5}
    outcome = key | final | {"status": "finished", "best_epoch": 2, "best_valid_loss": 0.6, "best_valid_metric": value}
    outcome |= {"gradient": "by hand", "parameters": "parameters/stack.safetensors"}
    whose = key | {"activation": trial.label, "seed": trial.seed, "learning_rate": trial.learning_rate}
    scores = chance.random(EXAMPLES).astype(np.float32).tobytes() if numbers else chance.bytes(EXAMPLES // 8)
    said = chance.random((EXAMPLES, 1)) if numbers else chance.integers(2, size=EXAMPLES).astype(np.uint8)
    measured = dict.fromkeys(inside.MEASURED, 0.2) | {"histogram": np.ones(67, "<u4").tobytes()}
    measured["learned"] = np.full(1, 0.25).tobytes() if trial.label == "prelu" else None
    curves = [whose | {"epoch": epoch} | curve for epoch in (1, 2)]
    inner = [key | {"epoch": n, "layer": layer} | measured for n in (0, 1, 2) for layer in (1, 2)]
    return outcome, key | {"predicted": packed(said), "scores": scores}, curves, inner


def planted(path: Path, mark: Path) -> None:
    """Code wherever something may look for it: it writes into `mark`."""
    said = PLANTED.format(mark=str(mark))
    for name in ("sources/0123456789ab.py", "sitecustomize.py", "conftest.py", "report/__init__.py", "torch.py"):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(said, encoding="utf-8")
    package = path.parent / "stranger_planted"
    package.mkdir(exist_ok=True)
    for name in ("__init__.py", "inner.py"):
        (package / name).write_text(said + "def f(x):\n    return x\n", encoding="utf-8")


_CANNOT = (
    ValueError, TypeError, KeyError, OSError, sqlite3.Error, sqlite3.Warning, OverflowError, AttributeError, IndexError,
    zipfile.BadZipFile, EOFError, MemoryError, RecursionError,
)  # fmt: skip


def change(folder: Path, line: str) -> None:
    """What a line says, where it can be done."""
    with warnings.catch_warnings(), contextlib.suppress(*_CANNOT):
        warnings.simplefilter("ignore")  # of names that an archive has twice
        kind, *how = json.loads(line)
        _CHANGES[kind](folder, *how)


def _sql(folder: Path, statement: str, *values: Any) -> None:
    if not all(file.is_file() for file in folder.glob("run.db*")):
        return  # SQLite would wait for a pipe
    with contextlib.closing(sqlite3.connect(folder / "run.db", timeout=0)) as database:
        database.execute(statement, [bytes.fromhex(v["hex"]) if isinstance(v, dict) else v for v in values])
        database.commit()


def _cell(folder: Path, table: str, column: str, every: int, value: Any) -> None:
    where = f"rowid % {every} = 0" if every > 1 else "1"
    _sql(folder, f'UPDATE OR IGNORE {table} SET "{column}" = ? WHERE {where}', value)


def _array(folder: Path, name: str, key: str, dtype: str | None, shape: list[int], value: Any) -> None:
    file = folder / "artefacts" / f"{name}.npz"
    try:
        with np.load(file) as held:
            arrays = dict(held)
    except Exception:  # an earlier change has made it none that NumPy reads
        return
    arrays.pop(key, None)
    if dtype is not None:
        arrays[key] = np.full(shape, value, dtype) if np.prod(shape) < 1e5 else np.zeros(1)
    np.savez(file, **arrays)


def _claim(folder: Path, name: str, key: str, header: str, size: int) -> None:
    """An array whose header is a lie."""
    with zipfile.ZipFile(folder / "artefacts" / f"{name}.npz", "a", zipfile.ZIP_DEFLATED) as archive:
        line = header.encode() + b"\n"
        archive.writestr(f"{key}.npy", b"\x93NUMPY\1\0" + len(line).to_bytes(2, "little") + line + bytes(size % 10**6))


def _toml(folder: Path, key: str, value: Any) -> None:
    file = folder / "experiment.toml"
    file.write_text(tomli_w.dumps(tomllib.loads(file.read_text(encoding="utf-8")) | {key: value}), encoding="utf-8")


def _damage(folder: Path, name: str, place: float, bytes_: str) -> None:
    content, own = bytearray((folder / name).read_bytes()), bytes.fromhex(bytes_)
    at = int(place * len(content))
    content[at : at + len(own)] = own
    (folder / name).write_bytes(content)


def _inside(folder: Path, name: str) -> Path:
    file = folder / name
    assert not Path(name).is_absolute() and ".." not in Path(name).parts, name
    file.parent.mkdir(exist_ok=True)
    if file.is_dir() and not file.is_symlink():
        shutil.rmtree(file)
    else:
        file.unlink(missing_ok=True)
    return file


_CHANGES: dict[str, Callable[..., Any]] = {
    "sql": _sql, "cell": _cell, "array": _array, "claim": _claim, "toml": _toml, "damage": _damage,
    "text": lambda folder, name, text: _inside(folder, name).write_text(text, encoding="utf-8", errors="replace"),
    "gone": _inside,
    "pipe": lambda folder, name: os.mkfifo(_inside(folder, name)),
    "link": lambda folder, name, to: _inside(folder, name).symlink_to(to),
    "truncate": lambda folder, name, size: os.truncate(folder / name, size),
}  # fmt: skip


def steps(path: Path, *, summed: bool = True, drawn: bool = True) -> Iterator[Callable[[], Any]]:
    """All that opens a run, without a word that its own code may run."""
    yield lambda: status(path)
    run = Run(path)
    for name in ("trials", "curves", "inside", "times", "costs", "environments", "tuning", "experiment"):
        yield lambda name=name: getattr(run, name)
    yield run.scores
    yield lambda: [run.predictions(key) for key in run.trials["key"]]
    if summed:
        yield lambda: (found := summarise(run), found.as_text(), found.as_json(), found.in_short())
    if drawn:
        from actlab.report import draw

        yield lambda: draw(run)
        yield lambda: export(run, "csv", path / "export")


def refusals(path: Path, **how: bool) -> list[UserError]:
    """What opening a run comes to: an error for each step that was refused; any other is the caller's to see."""
    found, asked = [], steps(path, **how)
    while True:
        try:
            step = next(asked)
            step()
        except StopIteration:
            return found
        except UserError as error:
            found.append(error)


_TABLES = ("trials", "trials", "curves", "predictions", "inside", "times", "costs")
_FILES = ("run.db", "experiment.toml", "environment.json", "preflight.json", "artefacts/samples.npz",
          "artefacts/functions.npz", "artefacts/disagreements.npz", "parameters/stack.safetensors", "lock",
          "run.db-journal", "run.db-wal", "report", "report/index.html", "report/trials.csv", "export", "tuning",
          "tuning/run.db", "working", "sources", "artefacts", "artefacts/samples.npz.new")  # fmt: skip
_SQL = (
    "DELETE FROM {table}", "DELETE FROM {table} WHERE rowid % 2", "DROP TABLE {table}", "PRAGMA user_version = 1",
    "ALTER TABLE {table} RENAME TO other", "CREATE VIEW IF NOT EXISTS more AS SELECT * FROM {table}",
    "CREATE TRIGGER more AFTER UPDATE ON {table} BEGIN DELETE FROM curves; END", "PRAGMA journal_mode = WAL",
    "CREATE INDEX more ON {table} (hex(rowid))", "ALTER TABLE {table} ADD COLUMN more", "PRAGMA user_version = 77",
    "ALTER TABLE {table} ADD COLUMN more AS (randomblob(1000000000))",
    "CREATE VIEW {table} AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c",
    "CREATE VIRTUAL TABLE {table} USING fts5(key, activation, seed)", "CREATE TABLE {table} (key, seed)",
    "UPDATE OR REPLACE {table} SET key = 'one'", "UPDATE trials SET parameters = '../../secret'",
    "UPDATE trials SET seed = 0", "UPDATE trials SET activation = 'relu'", 
    "UPDATE trials SET spec = replace(spec, '0', '1')",
)  # fmt: skip


def a_change(chance: random.Random) -> str:
    return json.dumps(_CHANCES[chance.choices(range(len(_CHANCES)), (10, 4, 8, 2, 4, 2, 2, 1, 1))[0]](chance))


def _value(chance: random.Random) -> Any:
    odd = (None, -1, 0, 1, 2, 3, 0.5, -1.5, 1e308, 9e999, "", "relu", "planned", "finished", "diverged", "[", "{}",
           '{"metric": "r2"}', "[" * 3000, "x" * 3000, "<script>alert(1)</script>", _CODE, "m.py:f#0123456789ab",
           "relu/tanh", {"hex": ""}, {"hex": "00"}, {"hex": "ff" * 268}, {"hex": "93" * 400})  # fmt: skip
    return chance.choice((chance.choice(odd), chance.choice(odd), chance.choice(ODD), chance.choice(NUMBERS) % 2**63))


def _a_cell(chance: random.Random) -> list[Any]:
    from actlab.experiment.schema import TABLES

    table = chance.choice(_TABLES)
    return ["cell", table, chance.choice([*TABLES[table]]), chance.choice((1, 2, 3)), _value(chance)]


def _an_array(chance: random.Random) -> list[Any]:
    name = chance.choice(("samples", "samples", "functions", "disagreements"))
    keys = ("images", "labels", "classes", "outputs", "targets", "sizes", "test_labels", "pool_labels", "class_names",
            "licence", "valid_samples", "valid_labels", "target_mean", "target_deviation", "x", "f/relu", "df/relu",
            "f/other", "index", "label", "../../x")  # fmt: skip
    dtype = chance.choice((None, "i8", "i8", "f8", "f8", "u1", "U5", "?", "S3", "c16", "M8[s]", "f2"))
    shape = [chance.choice((0, 1, 1, 2, 3, 8, 8, 40, 101, 120)) for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 4)))]
    value = chance.choice((0, 1, 2, 3, 7, -1, 20, 10**6, 2**40, float("nan"), float("inf"), 1e300))
    return ["array", name, chance.choice(keys), dtype, shape, value]


def _a_claim(chance: random.Random) -> list[Any]:
    sides = [chance.choice((1, 8, 40, 10**6, 10**12, 2**62, 0, -1)) for _ in range(chance.randrange(1, 4))]
    descr = chance.choice(
        ("'<f8'", "'|O'", "'<U100000000'", "'|V0'", "[('a', '<i8')]", "'<i8'", "'|S0'", "('<f8', (9,))")
    )
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {tuple(sides)}}}"
    return ["claim", "samples", chance.choice(("images", "more")), chance.choice((header, header, "(" * 5000)), 320]


_SETTINGS = ("activations", "activations", "seeds", "epochs", "hidden", "data", "data_note", "metric", "loss", "margin",
             "margin_used", "baseline", "max_seeds", "split", "tuned", "target", "learning_rate", "other")  # fmt: skip


def _a_setting(chance: random.Random) -> list[Any]:
    key = chance.choice(_SETTINGS)
    lists = ([_CODE, "relu"], [], [0], [1, 2, 3], ["relu"], ["relu", "prelu"], [0.1, 0.2], [5] * 9)
    value = _value(chance)
    return ["toml", key, chance.choice((*lists, "" if value is None or isinstance(value, dict) else value))]


_LINKS = ("../outside", "../outside/kept", ".", "..", "/dev/zero", "report")
_TEXTS = ("[" * 10**5, "[1, {}]", '{"findings": [{"level": "error"}]}', "\0", '{"findings": 3}', "1" * 5000,
          '[{"torch": {"a": "\\u001b"}}]')  # fmt: skip
_CHANCES: tuple[Callable[[random.Random], list[Any]], ...] = (
    _a_cell,
    lambda chance: ["sql", chance.choice(_SQL).format(table=chance.choice(_TABLES))],
    _an_array,
    _a_claim,
    _a_setting,
    lambda chance: [
        "damage",
        chance.choice(_FILES[:8]),
        chance.random(),
        chance.randbytes(chance.choice((1, 4, 64))).hex(),
    ],
    lambda chance: [chance.choice(("gone", "pipe")), chance.choice(_FILES)],
    lambda chance: ["link", chance.choice(_FILES), chance.choice(_LINKS)],
    lambda chance: ["text", chance.choice(_FILES), chance.choice(_TEXTS)],
)
