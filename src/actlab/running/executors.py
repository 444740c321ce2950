"""Where tasks run: in this process, or in worker processes. One `.map`, results as they come.

A task is a picklable value, the function a module-level one: function(task, send) -> result. What it sends while it
works (progress) arrives at `on_message` in this process, is never stored, and no result depends on it.
Training uses one thread in each process: two threads of one process wait for each other, and give other bits.
"""

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import torch

from actlab.engine import one_thread
from actlab.errors import UserError
from actlab.running import processes

Send = Callable[[Any], None]
Function = Callable[[Any, Send], Any]

_DEATHS = 3  # how often workers may die before the run gives up


class InProcess:
    """Tasks one after the other, here."""

    workers = 1

    def map(self, function: Function, tasks: Sequence[Any], on_message: Send) -> Iterator[Any]:
        with one_thread():
            for task in tasks:
                yield function(task, on_message)


class WorkerProcesses:
    """Tasks over worker processes, one thread each. A worker that is killed is replaced and its task begun again."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._ends: list[int | None] = []  # of the last workers: their statuses

    def map(self, function: Function, tasks: Sequence[Any], on_message: Send) -> Iterator[Any]:
        waiting = list(tasks)
        for _death in range(_DEATHS):
            finished: list[Any] = []
            try:
                for task, result in self._map_once(function, waiting, on_message):
                    finished.append(task)
                    yield result
                return
            except BrokenProcessPool:
                if processes.UNGUARDED in self._ends:
                    raise UserError(processes.GUARD) from None
                waiting = [task for task in waiting if not any(task is done for done in finished)]
        ends = [code for code in self._ends if code and code > 0]  # of those that nobody killed
        why = "each of an error that it has printed" if ends else "perhaps for lack of memory"
        raise UserError(
            f"Worker processes died {_DEATHS} times, {why}. What was finished is kept: "
            "the same command continues; --workers 1 needs less memory."
        )

    def _map_once(self, function: Function, tasks: Sequence[Any], on_message: Send) -> Iterator[tuple[Any, Any]]:
        context = processes.context()
        messages = context.Queue()
        count = min(self.workers, len(tasks))
        pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin_worker, initargs=(messages,))
        try:
            with processes.sigint_held():
                futures = {pool.submit(_work, function, task): task for task in tasks}
            pending, ended = set(futures), 0
            while pending:
                done, pending = wait(pending, timeout=0.1, return_when=FIRST_COMPLETED)
                ended += _drain(messages, on_message)
                good = [future for future in done if future.exception() is None]
                expected = len(futures) - len(pending) if len(good) == len(done) else 0
                while ended < expected:  # what a task sent arrives before its result is passed on
                    arrived = _drain(messages, on_message, seconds=2.0)
                    if not arrived:
                        break
                    ended += arrived
                for future in (*good, *(done - set(good))):  # a failure is raised when what succeeded beside it is safe
                    yield futures[future], future.result()
        finally:
            self._ends = _end(pool)
            messages.close()
            messages.join_thread()


def executor(workers: int) -> InProcess | WorkerProcesses:
    return InProcess() if workers <= 1 else WorkerProcesses(workers)


_messages: Any = None


def _begin_worker(messages: Any) -> None:
    global _messages
    _messages = messages
    messages.cancel_join_thread()  # progress that nobody reads must not keep a worker alive
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    """A parent that is killed cannot end its workers: they notice."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


_END = "the task has ended"


def _work(function: Function, task: Any) -> Any:
    result = function(task, lambda message: _messages.put((message, None)))
    _messages.put((None, _END))
    return result


def _drain(messages: Any, on_message: Send, seconds: float = 0.0) -> int:
    """Pass on what has arrived, waiting so long for a first message; returns how many tasks have ended."""
    ended = 0
    with contextlib.suppress(queue.Empty):
        while True:
            message, end = messages.get(block=seconds > 0, timeout=seconds or None)
            if end == _END:
                ended += 1
                seconds = 0.0
            else:
                on_message(message)
    return ended


def _end(pool: ProcessPoolExecutor) -> list[int | None]:
    """End the workers now: after an error or Ctrl-C their tasks are of no use, checkpoints hold what is."""
    workers = list((pool._processes or {}).values())  # the public way to end them (3.14's kill_workers) is this
    pool.shutdown(wait=False, cancel_futures=True)
    for process in workers:
        process.terminate()
    for process in workers:
        process.join()
    return [process.exitcode for process in workers]
