"""How worker processes begin: on Linux forked from a process that has loaded torch and trained nothing, else anew.

Loading torch takes seconds. A server process (Python's "forkserver") loads it once, while this process does, and each
worker is a copy of the server: it begins at once and shares the memory of what was loaded. The server never opens a
thread or a device, so that a copy is as good as a new process; elsewhere ("spawn") each worker loads torch itself.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from actlab.errors import UserError

METHOD = "forkserver" if sys.platform == "linux" else "spawn"  # macOS: its frameworks do not survive a fork
UNGUARDED = 78  # the status of a worker that trains while it imports the script that began it
GUARD = (
    "Each worker process imports this script, which trains again when it is imported: put what it does under "
    '`if __name__ == "__main__":`, or train in one process with workers=1.'
)
_Base: Any = type(multiprocessing.get_context(METHOD))


class ActlabWorker(_Base.Process):
    """A process known by its name, which it has before it imports the script."""


class _Context(_Base):
    Process = ActlabWorker


def context() -> Any:
    """Where to take Process, Pipe and Queue from; what is begun from it ignores Ctrl-C on Linux."""
    prepare()
    return _Context()


def need_guard() -> None:
    """End here, if this process has been begun by a script and is still importing it: UserError, or a worker's end."""
    process = multiprocessing.current_process()
    if getattr(process, "_inheriting", False):
        if process.name.startswith(ActlabWorker.__name__):
            os._exit(UNGUARDED)  # without a word: the process that has begun this one says it
        raise UserError(GUARD)


def prepare(*modules: str) -> None:
    """Let the server begin, if it has not, and load what workers need and these modules; nothing with "spawn"."""
    if METHOD == "forkserver":
        from multiprocessing import forkserver, resource_tracker  # not on Windows

        # it ignores what ends a command, but not that a terminal has closed, and another would complain of what it knew
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            resource_tracker.ensure_running()  # when it begins it lets SIGINT through again, whatever held it before
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP} - mask)
        forkserver.set_forkserver_preload(["actlab.running.work", *modules])
        with sigint_held():
            forkserver.ensure_running()


@contextlib.contextmanager
def sigint_held() -> Iterator[None]:
    """A Ctrl-C that comes in here is answered at the end; processes begun in here are never told of one.

    So are other signals that this process answers: the command those that end it.
    """
    came: list[int] = []
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():  # no other may say what a signal does
        names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        for number in (getattr(signal, name) for name in names):
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, lambda number, _: came.append(number))
    mask = None
    if hasattr(signal, "pthread_sigmask"):  # not on Windows, whose processes are told all the same
        # for the children, who inherit it; here another thread of this process may still be given the signal
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, answer in before.items():
            signal.signal(number, answer)
        if came:
            signal.raise_signal(came[0])
