"""The pages and their exercises, and the file that an exercise begins with."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actlab.errors import UserError


@dataclass(frozen=True)
class Page:
    """A page of docs/learn, and the modules of its exercises."""

    number: int
    title: str
    exercises: tuple[str, ...]


@dataclass(frozen=True)
class Exercise:
    page: int
    number: int
    name: str  # of its module in `exercises`

    @property
    def label(self) -> str:
        return f"{self.page}.{self.number}"

    @property
    def file(self) -> str:
        return f"exercise_{self.page}_{self.number}.py"

    @property
    def title(self) -> str:
        return self.module.TITLE

    @property
    def module(self) -> Any:
        return importlib.import_module(f"actlab.learn.exercises.{self.name}")


PAGES = (Page(3, "ReLU by hand", ("leaky_relu",)),)


def named(page: int, number: int = 1) -> Exercise:
    """An exercise by its page and its number there.

    >>> named(3).file
    'exercise_3_1.py'
    """
    pages = {one.number: one for one in PAGES}
    if page not in pages:
        raise UserError(f"There is no page {page} with an exercise. Allowed: {', '.join(map(str, pages))}.")
    names = pages[page].exercises
    if not 1 <= number <= len(names):
        allowed = ", ".join(str(n) for n in range(1, len(names) + 1))
        raise UserError(f"Page {page} has no exercise {number}. Allowed: --exercise {allowed}.")
    return Exercise(page, number, names[number - 1])


def lay(exercise: Exercise, folder: Path) -> Path:
    """Write the file that an exercise begins with into a folder; what stands there is never overwritten."""
    file = folder / exercise.file
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(exercise.module.START)
    except FileExistsError:
        raise UserError(
            f"{file.name} is there already, and is not overwritten: it may hold your work. Move it away or delete it "
            f"to begin again, or check it: `actlab learn {exercise.page} --exercise {exercise.number} "
            f"--check {file.name}`."
        ) from None
    return file
