"""What crosses to another process and back: bytes and words, so that whatever goes wrong there can be read here.

An executor that has to pack an exception or a result by itself breaks where it cannot, and then nobody knows which.
"""

import pickle
import traceback
from collections.abc import Callable
from typing import Any

from actlab.errors import UserError

Send = Callable[[Any], None]
Function = Callable[[Any, Send], Any]
_LONGEST = 20_000  # characters

Reply = tuple[str, Any, str]


class Failed(Exception):
    """What went wrong where a task was done, in words, and its traceback as text."""

    def __init__(self, said: str, trace: str) -> None:
        super().__init__(said)
        self.trace = trace


def call(function: Function, task: Any) -> bytes:
    return pickle.dumps((function, task), protocol=5)


def answer(called: bytes, send: Send) -> Reply:
    """Do it: what came of it, or what went wrong."""
    try:
        function, task = pickle.loads(called)
        return "done", pickle.dumps(function(task, send), protocol=5), ""
    except UserError as error:
        return "refused", str(error), ""
    except BaseException as error:  # an activation that ends its process, too
        return "failed", said(error), trace(error)


def opened(reply: Reply) -> Any:
    """The result; what went wrong is raised."""
    how, content, its_trace = reply
    if how == "refused":
        raise UserError(content)
    if how == "failed":
        raise Failed(content, its_trace)
    try:
        return pickle.loads(content)
    except Exception as error:
        raise Failed(f"What a worker sent back cannot be read here: {said(error)}", trace(error)) from None


def said(error: BaseException) -> str:
    """An exception in a line, whatever it is."""
    if isinstance(error, Failed):
        return str(error)
    try:
        text = " ".join(str(error).split())[:300]
    except Exception:
        text = "it fails to say what it is"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def trace(error: BaseException) -> str:
    """Its traceback; of a very long one the end."""
    return error.trace if isinstance(error, Failed) else "".join(traceback.format_exception(error))[-_LONGEST:]
