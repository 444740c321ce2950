"""Errors that teach: what was given, what is allowed, the nearest valid name, the next step."""

import contextlib
import importlib.util
import itertools
import json
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

_LONGEST = 1500  # characters of a line of an error; the longest with a list of what is allowed has 1,100
_NAME = 200  # of a name


class UserError(ValueError):
    """A mistake of the user's, or a state of their files, that they can mend: one line, no traceback.

    What was given, what is allowed, the nearest name, the next step. As a ValueError it can be caught as one. What was
    given may be anything: it is legible, and shortened.

    Args:
        words: what is said.

    >>> import actlab
    >>> actlab.Experiment(optimizer="adam")
    Traceback (most recent call last):
    actlab.errors.UserError: There is no optimizer 'adam'. Did you mean 'adamw'? Allowed: sgd, momentum, adamw.
    """

    def __init__(self, words: str = "") -> None:
        first, *pointed = legible(str(words)).replace("\t", " ").split("\n")
        if not (len(pointed) == 2 and pointed[1].strip() == "^"):  # a formula, and a mark under what is wrong in it
            first, pointed = " ".join(filter(None, map(str.strip, [first, *pointed]))), []
        super().__init__("\n".join([_short(first), *pointed]))


class MissingExtra(UserError, ImportError):
    """A part of actlab needs packages that `pip install actlab` leaves out."""


def legible(text: str) -> str:
    """A text with everything written out that would do something where it is shown, or show nothing.

    >>> print(legible("a\\x1b[2J \\u202e b"))
    a\\u001b[2J \\u202e b
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t\xa0" else json.dumps(c)[1:-1] for c in text)


def _short(line: str) -> str:
    """The middle of a line is what it can spare: the next step stands at its end."""
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 500]} ... {line[-490:]}"


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
    wanted = given.lower()[:_NAME]  # to compare takes time by the product of the lengths
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
