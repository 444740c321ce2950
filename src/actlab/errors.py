"""Errors that teach: what was given, what is allowed, the nearest valid name, the next step."""

import contextlib
import importlib.util
import itertools
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches


class UserError(ValueError):
    """A mistake of the user's, or a state of their files, that they can mend: one line, no traceback.

    What was given, what is allowed, the nearest name, the next step. As a ValueError it can be caught as one.

    >>> import actlab
    >>> actlab.Experiment(optimizer="adam")
    Traceback (most recent call last):
    actlab.errors.UserError: There is no optimizer 'adam'. Did you mean 'adamw'? Allowed: sgd, momentum, adamw.
    """

    def __init__(self, words: str = "") -> None:
        super().__init__(_legible(words))


_LONGEST = 1900  # characters: what was given may be a book
_NAME = 200


def _legible(words: str) -> str:
    """As one line without what a terminal would obey, and not too long; a formula with a mark under it stays three.

    >>> _legible("There is\\n no \\x1b[31m.")
    'There is no \\\\x1b[31m.'
    """
    lines = words.split("\n")
    pointed = len(lines) == 3 and lines[2].strip() == "^"
    if not pointed:
        lines = [" ".join(filter(None, map(str.strip, words.splitlines())))]
    text = "\n".join("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line) for line in lines)
    if len(text) > _LONGEST and not pointed:
        text = f"{text[: _LONGEST * 2 // 3]} ... {text[-_LONGEST // 4 :]}"
    return text


class MissingExtra(UserError, ImportError):
    """A part of actlab needs packages that `pip install actlab` leaves out."""


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """A suggestion to append to a message, or nothing.

    >>> did_you_mean("rleu", ["relu", "tanh"])
    " Did you mean 'relu'?"
    >>> did_you_mean("lr", ["layers", "learning_rate"])
    " Did you mean 'learning_rate'?"
    >>> did_you_mean("xyzzy", ["relu", "tanh"])
    ''
    """
    lowered = {name.lower(): name for name in itertools.islice(allowed, 10_000) if len(name) < _NAME}
    wanted = given.lower()
    if len(wanted) >= _NAME:  # to compare takes time by the product of the lengths
        return ""
    close = [name for name in lowered if len(wanted) > 2 and name.startswith(wanted)]
    close += [name for name in lowered if "".join(word[:1] for word in name.split("_")) == wanted]
    close += get_close_matches(wanted, lowered, n=1, cutoff=0.6)
    return f" Did you mean {lowered[close[0]]!r}?" if close else ""


def one_of(what: str, given: str, allowed: Iterable[str]) -> UserError:
    """The error for a name that is not in a list.

    >>> str(one_of("optimizer", "sdg", ("sgd", "momentum", "adamw")))
    "There is no optimizer 'sdg'. Did you mean 'sgd'? Allowed: sgd, momentum, adamw."
    """
    allowed = list(allowed)
    return UserError(f"There is no {what} {given!r}.{did_you_mean(given, allowed)} Allowed: {', '.join(allowed)}.")


def need_one_of(what: str, given: str, allowed: Collection[str]) -> None:
    """Refuse a name that is not in a list."""
    if given not in allowed:
        raise one_of(what, given, allowed)


@contextlib.contextmanager
def extra(name: str, package: str) -> Iterator[None]:
    """Around the import of a package that an extra brings: an error has the command that adds it."""
    try:
        yield
    except ImportError:
        raise MissingExtra(f"This needs {package}, which is not installed: pip install 'actlab[{name}]'") from None


def require(name: str, packages: Iterable[str]) -> None:
    """Refuse at the start, in one line, what would fail at the end for want of a package."""
    for package in packages:
        with extra(name, package):
            if importlib.util.find_spec(package) is None:
                raise ImportError
