"""How worker processes begin: on Linux forked from a process that has loaded torch and trained nothing, else anew.

Loading torch takes seconds. A server process (Python's "forkserver") loads it once, while this process does, and each
worker is a copy of the server: it begins at once and shares the memory of what was loaded. The server never opens a
thread or a device, so that a copy is as good as a new process; elsewhere ("spawn") each worker loads torch itself.
"""

import contextlib
import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing.context import BaseContext

METHOD = "forkserver" if sys.platform == "linux" else "spawn"  # macOS: its frameworks do not survive a fork


def context() -> BaseContext:
    """Where to take Process, Pipe and Queue from; what is begun from it ignores Ctrl-C on Linux."""
    prepare()
    return multiprocessing.get_context(METHOD)


def prepare(*modules: str) -> None:
    """Let the server begin, if it has not, and load what workers need and these modules; nothing with "spawn"."""
    if METHOD == "forkserver":
        from multiprocessing import forkserver  # not on Windows

        forkserver.set_forkserver_preload(["actlab.work", *modules])
        with sigint_ignored():
            forkserver.ensure_running()


@contextlib.contextmanager
def sigint_ignored() -> Iterator[None]:
    """Processes begun in here ignore Ctrl-C from their first moment on: it is this process's to answer."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may change it
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
