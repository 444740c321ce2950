"""The pages and their exercises, and the file that an exercise begins with."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from actlab.errors import UserError, one_of
from actlab.experiment import write_text


@dataclass(frozen=True)
class Page:
    """A page of docs/learn, and its exercises: their names in `exercises`, and their titles."""

    number: int
    title: str
    exercises: dict[str, str]


PAGES = (
    Page(
        1,
        "Why bend at all?",
        {
            "collapse": "two linear layers are one; with relu between they are not",
            "corners": "four corners that no line parts, and the weights of a relu layer, by hand",
        },
    ),
    Page(
        2,
        "Backwards through a curve",
        {
            "sum_backwards": "backwards through a sum, with two ways for x",
            "witness": "a test that no wrong backward passes",
        },
    ),
    Page(
        3,
        "ReLU by hand",
        {
            "leaky_relu": "leaky ReLU by hand, forward and backward",
            "kept": "two functions that keep as little as they can for backward",
        },
    ),
    Page(
        4,
        "tanh and leaky ReLU, and what goes wrong in depth",
        {
            "softplus": "softplus where e^x is too large",
            "sigmoid_start": "a start with which 20 layers of sigmoid do not fade",
        },
    ),
    Page(
        5,
        "MNIST, from files to verdict",
        {
            "verdict": "paired differences, their interval, the verdict",
            "wrong_thing": "mend a loop that keeps the wrong thing, in four places",
        },
    ),
    Page(
        6,
        "What went wrong in the published study",
        {
            "diagnosis": "tell from six runs' curves what is wrong",
            "look": "three looks at data that would have found it before training",
        },
    ),
    Page(
        7,
        "Your own",
        {
            "own_parameter": "a block with a parameter, and both of its derivatives",
            "claims": "which of eight sentences their numbers allow",
        },
    ),
)


@dataclass(frozen=True)
class Exercise:
    page: int
    number: int
    name: str
    title: str

    @property
    def file(self) -> str:
        return f"exercise_{self.page}_{self.number}.py"

    @property
    def words(self) -> str:  # of the command, that name it
        return f"actlab learn {self.page}{f' --exercise {self.number}' if self.number > 1 else ''}"

    @property
    def start(self) -> str:
        """The text that a reader begins with, gaps in it."""
        return files("actlab.learn.exercises").joinpath(f"{self.name}.txt").read_text(encoding="utf-8")


def named(page: int, number: int = 1) -> Exercise:
    """An exercise by its page and its number there.

    >>> named(3).file, named(3).words
    ('exercise_3_1.py', 'actlab learn 3')
    """
    found = {str(one.number): [*one.exercises.items()] for one in PAGES}
    if str(page) not in found:
        raise one_of("page with exercises", str(page), found)
    exercises = dict(enumerate(found[str(page)], start=1))
    if number not in exercises:
        raise one_of(f"exercise on page {page}", str(number), map(str, exercises))
    return Exercise(page, number, *exercises[number])


def every() -> Iterator[Exercise]:
    """All exercises of all pages."""
    return (named(page.number, number) for page in PAGES for number in range(1, 1 + len(page.exercises)))


def lay(exercise: Exercise, folder: Path) -> Path:
    """Write the file that an exercise begins with into a folder; what stands there is never overwritten."""
    file = folder / exercise.file
    if os.path.lexists(file):
        raise UserError(
            f"{file.name} is there already, and is not overwritten: it may hold your work. Check it: "
            f"`{exercise.words} --check {file.name}`, or move it away to begin again."
        )
    write_text(file, exercise.start)
    return file
