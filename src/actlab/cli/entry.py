"""Commands by their names; a user's mistake is one line on standard error and status 2."""

import contextlib
import io
import os
import re
import sys
from functools import partial
from typing import Any

import typer

from actlab.cli import check, compare, derive, idea, judge, learn, look, play, preflight, runs
from actlab.cli.app import app
from actlab.errors import UserError, did_you_mean, legible

_COMMANDS = (
    idea,
    check,
    derive,
    preflight,
    compare,
    judge,
    look,
    play,
    runs,
    learn,
)  # importing them enters their commands
_ORDER = [module.__name__ for module in _COMMANDS]  # that of the help
app.registered_commands.sort(key=lambda command: _ORDER.index(command.callback.__module__))


def run() -> int:
    """Run the command of `sys.argv`; its status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character must not lose a result
            stream.write = partial(_write, stream)
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="actlab", standalone_mode=False)
        if sys.stdout is not None:  # it was closed before this began
            sys.stdout.flush()
        return code or 0
    except UserError as error:
        return _fail(str(error))
    except typer.TyperException as error:
        return _fail(_usage(error))
    except BrokenPipeError:  # the reader of a pipe has had enough
        _no_more_output()
        return 0
    except OSError as error:
        code = _fail(f"{error.filename or 'The system'}: {error.strerror or error}.")
        _no_more_output()
        return code


def _no_more_output() -> None:
    """What is still to be written goes nowhere, and Python has no complaint at its end."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_OURS = re.compile(r"(\x1b\[(?:[\d;]*m|\d*[AKG]|\?25[lh])|\r)")  # colours, and what moves and clears a bar's line


def _write(stream: io.TextIOWrapper, text: str) -> int:
    """Write what a terminal only shows: names and files of others may hold what would move its cursor, or more."""
    parts = _OURS.split(text) if stream.isatty() else [text]
    type(stream).write(stream, "".join(p if _OURS.fullmatch(p) else legible(p) for p in parts))
    return len(text)


_OPTIONS = {
    "max_seeds": "--max-seeds",
    "learning_rate": "--lr", "batch_size": "--batch-size", "weight_decay": "--weight-decay", "data_dir": "--data-dir",
}  # fmt: skip


def _fail(text: str) -> int:
    if "--spec" not in sys.argv:  # settings by the names that were typed
        for name, option in _OPTIONS.items():
            text = re.sub(rf"\b{name}\b", option, text)
    words, *pointed = str(UserError(text)).split("\n")
    print("\n".join([f"actlab: {' '.join(words.split())}", *pointed]), file=sys.stderr)
    return 2


def _usage(error: Any) -> str:
    """A parser's complaint in one line, with the nearest command or option."""
    text = error.format_message().strip()
    context = getattr(error, "ctx", None)
    if "No such command" in text and context is not None:
        names = list(context.command.commands)
        given = text.split("'")[1] if "'" in text else ""
        return f"There is no command {given!r}.{did_you_mean(given, names)} Allowed: {', '.join(names)}."
    path = context.command_path if context is not None else "actlab"
    return f"{text.rstrip('.')}. See `{path} --help`."
