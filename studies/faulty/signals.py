"""Signals at any moment: random ones, and those where something is half done."""

import itertools
import os
import pty
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from studies.faulty.ground import COMMAND, Forked, Row, Whole, in_words, left_over, over, patched, train

_SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
_BEGUN = "import sys; from actlab.cli import start; print('begun', flush=True); start.main()"


def often_saved() -> None:
    """A checkpoint after each step."""
    from actlab.running import checkpoints

    checkpoints._SECONDS = 0.0


def rows(whole: Whole, folder: Path, few: bool) -> Iterator[Row]:
    rng = random.Random(0)
    for workers, times, share in ((1, 1 if few else 50, 0.35), (2, 1 if few else 25, 0.55)):
        yield _at_random(whole, folder, rng, workers, times, share)
    yield _at_the_start(whole, folder, rng, 1 if few else 25)
    yield _at_a_terminal(folder)
    yield from _aimed(whole, folder, few)


def _at_random(whole: Whole, folder: Path, rng: random.Random, workers: int, times: int, share: float) -> Row:
    what = "SIGINT, SIGTERM or SIGHUP, once or twice in a row, to the process or to its group, at a random moment"
    row = Row(f"a signal, {workers} worker{'s' * (workers > 1)}", what)
    seconds = whole.seconds * (1 if workers == 1 else 2)
    for place in range(times):
        if over(share):
            break
        row.times += 1
        out = folder / f"random-{workers}-{place}"
        number, twice = _SIGNALS[place % 3], rng.random() < 0.4
        process = Forked([*COMMAND, "--workers", workers, "--out", out], folder, often_saved)
        time.sleep(rng.uniform(0.1, seconds))
        send = rng.choice([os.kill, os.killpg])
        for _ in range(1 + twice):
            try:
                send(process.pid, number)
            except ProcessLookupError:
                break
            time.sleep(rng.choice([0, 0.05]))
        done = process.end()
        in_words(row, done, (-number, 0))
        row.need(not left_over(process.pid), f"processes left: {left_over(process.pid)}")
        row.lost += whole.missing(out, folder)
    return row


def _at_the_start(whole: Whole, folder: Path, rng: random.Random, times: int) -> Row:
    """A new process of Python each: typer, torch and pandas are being loaded."""
    row = Row("a signal while Python loads", "as above, to a new process, 0 to 4 s after actlab's first line")
    for place in range(times):
        if over(0.7):
            break
        row.times += 1
        out, number = folder / f"start-{place}", _SIGNALS[place % 3]
        arguments = [*COMMAND, "--workers", str(1 + place % 2), "--out", str(out)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
        process = subprocess.Popen([sys.executable, "-c", _BEGUN, *arguments], cwd=folder, **pipes)
        process.stdout.readline()
        time.sleep(rng.uniform(0, 4))
        os.killpg(process.pid, number)
        said = process.communicate()[1]
        row.heard(said)
        row.need("Traceback" not in said and "Exception ignored" not in said, f"a traceback: {said[-600:]}")
        row.need("leaked" not in said, f"semaphores: {said[-300:]}")
        row.need(process.returncode in (-number, 0), f"status {process.returncode}: {said[-300:]}")
        row.need(not left_over(process.pid), f"processes left: {left_over(process.pid)}")
        if out.exists() and place < 5:
            row.lost += whole.missing(out, folder)
    return row


def _moments() -> dict[str, tuple[int, Callable[[Callable[..., None]], Any]]]:
    """Where the signal comes: workers, and what puts it there."""
    import concurrent.futures

    import torch
    import vl_convert

    from actlab.experiment import disk, store
    from actlab.report import page
    from actlab.running import executors, processes

    return {
        "the folder is made": (1, lambda hit: patched(store, "write_text", hit)),
        "in a transaction": (1, lambda hit: patched(store.Store, "_insert", hit)),
        "a stack enters": (2, lambda hit: patched(store.Store, "add_stack", hit)),
        "a checkpoint is written": (1, lambda hit: (often_saved(), patched(torch, "save", hit))),
        "a file gets its name": (1, lambda hit: patched(disk.os, "replace", hit)),
        "the server of workers begins": (2, lambda hit: patched(processes, "prepare", hit)),
        "workers begin": (2, lambda hit: patched(concurrent.futures.ProcessPoolExecutor, "submit", hit)),
        "workers are ended": (2, lambda hit: patched(executors.WorkerProcesses, "end", hit)),
        "an artefact is written": (1, lambda hit: patched(store.Store, "add_artefact", hit)),
        "working files are removed": (1, lambda hit: patched(shutil, "rmtree", hit)),
        "a picture is drawn": (1, lambda hit: patched(vl_convert, "svg_to_png", hit)),
        "the page is drawn": (1, lambda hit: patched(page, "draw_page", hit)),
        "an object is deleted": (1, lambda hit: patched(store.Store, "keys", lambda b, *a: (_lost(hit), b(*a))[1])),
    }


def _lost(hit: Callable[..., None]) -> None:
    """A KeyboardInterrupt that Python drops."""

    class Deleted:
        def __del__(self) -> None:
            hit(lambda: None)

    Deleted()


def _aimed(whole: Whole, folder: Path, few: bool) -> Iterator[Row]:
    kept = ("in a transaction", "a checkpoint is written", "workers begin")
    chosen = {name: moment for name, moment in _moments().items() if not few or name in kept}
    numbers = itertools.cycle(_SIGNALS)
    for name, (workers, put) in chosen.items():
        if over():
            return
        row = Row("a signal where something is half done", f"when {name}, before it and after it", 1 if few else 2)
        for place in range(row.times):
            number, out = next(numbers), folder / f"aimed-{name.replace(' ', '-')}-{place}"

            def before(number=number, after=place % 2, put=put, place=place) -> None:
                def hit(do: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
                    if not after:
                        os.kill(os.getpid(), number)
                    result = do(*arguments, **options)
                    for _ in range(2):  # pressed twice
                        os.kill(os.getpid(), number)
                    return result

                put(hit)

            done = train(out, folder, workers, before, drawn=name.startswith(("a picture", "the page")))
            in_words(row, done, (-number,))
            row.lost += whole.missing(out, folder)
        yield row


def _at_a_terminal(folder: Path) -> Row:
    """Ctrl-C typed at a terminal while the bar moves: the cursor is shown again, and the line is as it was."""
    row = Row("Ctrl-C at a terminal", "typed, while the progress bar moves", 1)
    pid, terminal = pty.fork()
    arguments = [a for a in COMMAND if a != "--quiet"]
    arguments[arguments.index("--epochs") + 1] = "3000"
    if not pid:
        os.chdir(folder)
        os.environ["TERM"] = "xterm"
        os.execv(sys.executable, [sys.executable, "-c", _BEGUN, *arguments, "--out", "terminal", "--workers", "1"])
    seen, typed = b"", threading.Event()
    while True:
        try:
            seen += os.read(terminal, 4096)
        except OSError:
            break
        if b"epoch" in seen and not typed.is_set():
            typed.set()
            os.write(terminal, b"\x03")
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    text = seen.decode(errors="replace")
    row.heard(text)
    row.need(status == -signal.SIGINT, f"status {status}: {text[-300:]}")
    row.need("Traceback" not in text, f"a traceback: {text[-600:]}")
    row.need(text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l"), "the cursor stays hidden")
    return row
