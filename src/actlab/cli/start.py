"""Where a command begins, and how a signal ends it: in order, in words, and for a shell as the signal itself would."""

import _thread
import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from typing import Any

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]  # of Windows two
_PATIENCE_SECONDS = 10.0  # in which what was begun is ended in order
_TRAINING = ("compare", "try", "reproduce")
_came: list[int] = []


def main() -> None:
    """Run a command; a user's mistake is one line on standard error and status 2."""
    answered = [
        number for number in _ENDING if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)
    ]
    _answer_by(signal.SIG_DFL, answered)  # while it is loaded nothing has begun: the signal may end it
    from actlab.cli.entry import run

    try:
        _answer_by(_answer, answered)
        code = run()
        _answer_by(signal.SIG_DFL, answered)  # all is said: Python's own end may be cut short
    except BaseException:
        if not _came:  # else, whatever a KeyboardInterrupt has become on its way up through libraries
            raise
        code = 0
    if _came:
        _end(_came[0])
    sys.exit(code)


def _answer_by(how: Any, numbers: list[int]) -> None:
    for number in numbers:
        signal.signal(number, how)


def _answer(number: int, _: object) -> None:
    if _came:  # people press it more than once
        return
    _came.append(number)
    if any(getattr(module.__spec__, "_initializing", False) for module in _slow_to_load()):
        _end(number)  # torch does not survive an exception in its import
    _thread.start_new_thread(_end_later, (number,))  # not by threading: it may be in the middle of what it locks
    sys.unraisablehook = lambda unraisable: None if _came else sys.__unraisablehook__(unraisable)
    raise KeyboardInterrupt


def _end_later(number: int) -> None:
    """Where the exception is lost, in a __del__ or in a library that goes on, the end comes all the same."""
    time.sleep(_PATIENCE_SECONDS)
    _end(number)


def _slow_to_load() -> list[Any]:
    names = ("torch", "numpy", "pandas", "scipy", "sklearn", "vl_convert")
    return [sys.modules[name] for name in names if name in sys.modules]


def _end(number: int) -> None:
    """End by the signal, with what this process has begun; what a shell's loop sees is the signal."""
    if threading.get_ident() == threading.main_thread().ident:
        _answer_by(signal.SIG_IGN, _ENDING)
    with contextlib.suppress(Exception):  # a terminal that has been closed takes no word
        sys.stdout.flush()
        elsewhere = any(word.partition("=")[0] == "--executor" for word in sys.argv)
        lost = "What was under way elsewhere is" if elsewhere else "The last 20 seconds of training may be"
        kept = f" {lost} lost: the same command continues."
        trains = sys.argv[1:2] and sys.argv[1] in _TRAINING
        stream = sys.__stderr__ or sys.stderr  # a bar that still stands has put another in its place
        shown = "\x1b[?25h" if stream.isatty() else ""  # and has hidden the cursor
        print(f"{shown}\nStopped.{kept if trains else ''}", file=stream, flush=True)
    with contextlib.suppress(Exception):
        if "multiprocessing" in sys.modules:
            for process in sys.modules["multiprocessing"].active_children():
                process.kill()
        sys.excepthook = sys.unraisablehook = lambda *_: None
        atexit._run_exitfuncs()  # temporary folders, semaphores
    if threading.get_ident() == threading.main_thread().ident:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
    os._exit(128 + number)  # where another thread had to: what a shell makes of the signal
