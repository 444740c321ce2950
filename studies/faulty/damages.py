"""Runs that are damaged, or no runs at all: they are told in words, and others are listed beside them."""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from studies.faulty.ground import Row, Whole, actlab, copied, in_words, over, quietly


def _sql(*statements: str) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        database = sqlite3.connect(run / "run.db", isolation_level=None)
        for statement in statements:
            database.execute(statement)
        database.close()

    return damage


def _cut(name: str, share: float) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        for file in run.glob(name):
            content = file.read_bytes()
            file.write_bytes(content[: int(len(content) * share)])

    return damage


def _flipped(name: str, rng: random.Random) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        for file in run.glob(name):
            content = bytearray(file.read_bytes())
            for _ in range(rng.choice([1, 8, 64])):
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            file.write_bytes(content)

    return damage


def _database(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        (run / "run.db").unlink()
        make(run / "run.db")

    return damage


def _foreign(file: Path) -> None:
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE letters (text TEXT)")
    database.commit()
    database.close()


def _array(run: Path) -> None:
    np.savez(run / "artefacts" / "samples.npz", images=np.array([{}, []], dtype=object))


_FREE = ("CREATE TABLE free AS SELECT * FROM trials", "DROP TABLE trials", "ALTER TABLE free RENAME TO trials")
_TABLES = ("trials", "curves", "predictions", "times", "costs", "inside")
_COLUMNS = ("activation", "seed", "status", "spec", "test_loss")
_NEEDED = ("activation", "seed", "status", "spec", "learning_rate", "test_metric")
_NUMBERS = ("seed", "status", "spec", "test_metric", "best_epoch")
_ARRAYS = ("samples", "functions", "disagreements")


def _trials(column: str, value: str) -> Callable[[Path], None]:
    """A value that the table would refuse: the columns are without their types and rules."""
    return _sql(*_FREE, f"UPDATE trials SET {column} = {value}")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "run.db is empty": _database(lambda file: file.touch()),
    "run.db is text": _database(lambda file: file.write_text("dear " * 100)),
    "run.db is another database": _database(_foreign),
    "run.db is a folder": _database(lambda file: file.mkdir()),
    "run.db is a dangling link": _database(lambda file: file.symlink_to("nothing")),
    **{f"the table {name} is missing": _sql(f"DROP TABLE {name}") for name in _TABLES},
    "there is no trial": _sql("DELETE FROM trials"),
    **{f"trials has no {name}": _sql(f"ALTER TABLE trials DROP COLUMN {name}") for name in _COLUMNS},
    **{f"{name} is NULL": _trials(name, "NULL") for name in _NEEDED},
    **{f"{name} is a word": _trials(name, "'word'") for name in _NUMBERS},
    "activation is bytes": _trials("activation", "x'00ff'"),
    "spec is no trial": _sql("UPDATE trials SET spec = '[1]'"),
    "spec has another metric": _sql('UPDATE trials SET spec = \'{"metric": "beauty"}\''),
    "curves hold words": _sql("UPDATE curves SET valid_loss = 'word'"),
    "curves hold an epoch that is a word": _sql("UPDATE curves SET epoch = 'a' || rowid"),
    "predictions are text": _sql("UPDATE predictions SET predicted = 'word', scores = 'word'"),
    "predictions are short": _sql("UPDATE predictions SET predicted = x'00', scores = x'00'"),
    "predictions are NULL": _sql("UPDATE predictions SET predicted = NULL, scores = NULL"),
    "inside holds words": _sql("UPDATE inside SET histogram = 'word', dead = 'word'"),
    "times hold words": _sql("UPDATE times SET seconds = 'word'"),
    "costs hold words": _sql("UPDATE costs SET seconds = 'word'"),
    "experiment.toml is missing": lambda run: (run / "experiment.toml").unlink(),
    "experiment.toml is half": _cut("experiment.toml", 0.5),
    "experiment.toml is empty": _cut("experiment.toml", 0),
    "environment.json is half": _cut("environment.json", 0.5),
    "preflight.json is half": _cut("preflight.json", 0.5),
    "preflight.json is another thing": lambda run: (run / "preflight.json").write_text('{"findings": 3}'),
    **{f"{name}.npz is half": _cut(f"artefacts/{name}.npz", 0.5) for name in _ARRAYS},
    **{f"{name}.npz is empty": _cut(f"artefacts/{name}.npz", 0) for name in _ARRAYS},
    "samples.npz holds objects": _array,
    "artefacts are missing": lambda run: shutil.rmtree(run / "artefacts"),
    "parameters are half": _cut("parameters/*", 0.5),
    "parameters are empty": _cut("parameters/*", 0),
    "parameters are missing": lambda run: shutil.rmtree(run / "parameters"),
}


def rows(whole: Whole, folder: Path, few: bool) -> Iterator[Row]:
    yield _read(whole, folder, f"each of {len(DAMAGES)} damages", list(DAMAGES.values())[:: 4 if few else 1])
    for name in ("run.db", "artefacts/*", "parameters/*"):
        yield _read(whole, folder, f"{name} is cut", [_cut(name, n / 50) for n in range(0, 50, 10 if few else 1)])
        rng = random.Random(0)
        flips = [_flipped(name, rng) for _ in range(5 if few else 300 if name == "run.db" else 60)]
        yield _read(whole, folder, f"bits of {name} are flipped", flips)
    for name in list(DAMAGES)[:: 12 if few else 1]:
        if over():
            return
        yield _by_commands(whole, folder, name, DAMAGES[name])


def _by_commands(whole: Whole, folder: Path, name: str, damage: Callable[[Path], object]) -> Row:
    row = Row("a damaged run", f"{name}: runs, report, export, load_model", 0)
    copied(whole.path, folder / "good")
    run = copied(whole.path, folder / "run")
    damage(run)
    done = actlab(["runs", folder], folder)
    row.times += 1
    row.need(not done.status and str(folder / "good") in done.out, f"runs: {done.err[-300:]}")
    row.need("Traceback" not in done.err, done.err[-600:])
    for command in (["report", run], ["export", run, "--out", folder / "exported"]):
        done = actlab(command, folder)
        row.times += 1
        in_words(row, done, (0, 2))
    row.lost += _surprises(run)
    shutil.rmtree(run)
    return row


def _read(whole: Whole, folder: Path, name: str, damages: list[Callable[[Path], None]]) -> Row:
    row = Row("a damaged run", f"{name}: all of it is read", len(damages))
    for place, damage in enumerate(damages):
        run = copied(whole.path, folder / "run")
        damage(run)
        row.lost += [f"{place}: {surprise}" for surprise in _surprises(run)]
    return row


def _surprises(run: Path) -> list[str]:
    """What is raised that is no word to a user, where all of a run is read from Python."""
    from actlab import load_model, load_run, summarise
    from actlab.errors import UserError
    from actlab.experiment import status

    def read() -> None:
        found = load_run(run)
        tables = (found.trials, found.curves, found.times, found.costs, found.inside)
        [found.predictions(key) for key in tables[0]["key"]]
        found.scores(), found.artefact("functions"), found.artefact("disagreements")

    reads = {"status": lambda: status(run), "load_run": read, "summarise": lambda: str(summarise(load_run(run))),
             "load_model": lambda: load_model(run, "relu", 0)}  # fmt: skip
    raised = {name: quietly(what) for name, what in reads.items()}
    return [f"{name} raised {type(error).__name__}: {str(error)[:100]}" for name, error in raised.items()
            if error is not None and not isinstance(error, UserError)]  # fmt: skip
