"""Processes that a test starts: they answer Ctrl-C whatever this one inherited, and end when the test does."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def child(*arguments: object, **how) -> Iterator[subprocess.Popen]:
    """A process of Python with these arguments; killed at the end, in whatever way that comes."""
    # a signal that is ignored stays so in a child
    answers = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, answer) for number, answer in answers.items()}
    try:
        process = subprocess.Popen([sys.executable, *map(str, arguments)], **how)
    finally:
        for number, answer in before.items():
            signal.signal(number, answer)
    with process:  # which closes its pipes and waits
        try:
            yield process
        finally:
            process.kill()


def wait_for(reached: Callable[[], object], process: subprocess.Popen | None = None) -> None:
    """Wait for what a process brings about: long where the machine is busy, not longer than the process lives."""
    end = time.monotonic() + 1800  # no measure of speed: so that a fault ends some time
    while not reached():
        assert process is None or process.poll() is None, "it ended too soon"
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
