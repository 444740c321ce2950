"""A run's folder made by a stranger, opened in every way that runs nothing of it."""

import random
import shutil
import tempfile
from pathlib import Path

from studies.fuzz import stranger

TITLE = "a run's folder made by a stranger: read, summarised, one of 16 and one of 320 drawn; nothing of it runs"
MODULES = ("experiment/run.py", "experiment/schema.py", "experiment/strange.py", "experiment/looked.py")
SEEDS = [[], ["numbers"]]
SECONDS, BYTES = 30.0, 2**30
MENDED = (
    "A journal beside run.db or lock that named any file as its list of databases had SQLite delete that file.",
    "A report imported the package of package.module:Name that experiment.toml named, and failed where an own file had "
    "gone.",
    "Reports, exports, checkpoints and files half-written went through links to wherever they led.",
    "Views that never end, pages that name themselves, computed columns and triggers of run.db were obeyed.",
    "Cells of other kinds, keys that fit nothing, arrays of other shapes, NaN where an epoch was: tracebacks.",
    "Arrays whose headers claimed terabytes, archives that grow, pipes, devices: no bound, no end.",
    "A report of a run of numbers that was stopped early ended in a KeyError.",
    "Numbers not said to be some, a split of other than three sizes, tables whose names are no text: tracebacks.",
)

_PLACE = Path(tempfile.gettempdir())
_made: dict[bool, Path] = {}


def prepare() -> None:
    global _PLACE
    _PLACE = Path(tempfile.mkdtemp(prefix="strangers-"))
    for numbers in (False, True):
        _made[numbers] = stranger.made(_PLACE / f"made-{numbers}", numbers=numbers)


def make(chance: random.Random) -> list[str]:
    changes = [stranger.a_change(chance) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
    return ["numbers"] * chance.randrange(2) + changes


def change(chance: random.Random, what: list[str]) -> list[str]:
    return [*what, stranger.a_change(chance)][-6:]


def run(what: list[str]) -> None:
    """AssertionError where code of it ran, or somebody else's file is another one."""
    home = Path(tempfile.mkdtemp(dir=_PLACE))
    try:
        folder, mark, outside = home / "run", home / "ran", home / "outside"
        shutil.copytree(_made["numbers" in what], folder)
        stranger.planted(folder, mark)
        outside.mkdir()
        (outside / "kept").write_text("as it was", encoding="utf-8")
        for line in what:
            stranger.change(folder, line)
        chance = sum(map(len, what))  # what takes longer is done with some
        found = stranger.refusals(folder, summed=chance % 16 == 0, drawn=chance % 320 == 0)
        assert not mark.exists(), "code of it ran"
        assert [*outside.iterdir()] == [outside / "kept"], "something was written outside"
        assert (outside / "kept").read_text(encoding="utf-8") == "as it was", "a file outside was changed"
        if found:
            raise found[0]
    finally:
        shutil.rmtree(home, ignore_errors=True)
