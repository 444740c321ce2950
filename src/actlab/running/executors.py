"""Where tasks are done: in this process, in worker processes, or wherever an executor that was given does them.

A task is a picklable value, the function a module-level one: function(task, send) -> result. What it sends while it
works (progress) arrives at `on_message` in this process, is never stored, and no result depends on it; an executor that
was given has no way back, and sends nothing. Training uses one thread in each process: two threads of one process wait
for each other, and give other bits.
"""

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import torch

from actlab.errors import UserError
from actlab.running import processes

Send = Callable[[Any], None]
Function = Callable[[Any, Send], Any]


class Pool:
    """Where tasks are done, so many at once."""

    slots: int
    tells = True  # of progress
    patience: float | None = None  # seconds between two looks at what has arrived

    @property
    def window(self) -> int:
        """Tasks under way: two a slot, so that none is idle while results are entered."""
        return 2 * self.slots

    def begin(self, on_message: Send) -> None:
        """Before the first task."""

    def submit(self, function: Function, task: Any) -> Future[Any]:
        raise NotImplementedError

    def listen(self, finished: int) -> None:
        """Pass on what has arrived; so many tasks have finished since it was called last."""

    def renew(self, futures: Sequence[Future[Any]], error: BaseException) -> None:
        """After `error`, by which the futures under way are lost."""
        raise NotImplementedError

    def end(self, futures: Sequence[Future[Any]]) -> None:
        """After the last task, or in the middle of these futures."""

    def given_up(self, error: BaseException) -> str:
        """In words, when tasks are set aside one after the other and none is finished."""
        return f"Nothing can be trained: {type(error).__name__}: {error}."


class InProcess(Pool):
    """Tasks one after the other, here."""

    slots = window = 1  # a task is done when it is sent, and entered before the next

    def begin(self, on_message: Send) -> None:
        self._on_message = on_message

    def submit(self, function: Function, task: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(task, self._on_message))
        except Exception as error:
            future.set_exception(error)
        return future


class WorkerProcesses(Pool):
    """Tasks over worker processes, one thread each. Workers that are killed are replaced."""

    patience = 0.1

    def __init__(self, workers: int) -> None:
        self.slots = workers
        self._ends: list[int | None] = []  # of the last workers: their statuses

    def begin(self, on_message: Send) -> None:
        self._on_message = on_message
        self._open()

    def _open(self) -> None:
        context = processes.context()
        self._messages = context.Queue()
        self._awaited = 0  # tasks that have finished and whose last message has not come
        self._pool = ProcessPoolExecutor(
            self.slots, mp_context=context, initializer=_begin_worker, initargs=(self._messages,)
        )

    def submit(self, function: Function, task: Any) -> Future[Any]:
        with processes.sigint_held():  # it may begin a worker
            return self._pool.submit(_work, function, task)

    def listen(self, finished: int) -> None:
        self._awaited += finished - self._drain()
        while self._awaited > 0:  # what a task sent arrives before its result is passed on
            arrived = self._drain(seconds=2.0)
            if not arrived:  # its worker died between the two
                self._awaited = 0
            self._awaited -= arrived

    def renew(self, futures: Sequence[Future[Any]], error: BaseException) -> None:
        self.end(futures)
        if processes.UNGUARDED in self._ends:
            raise UserError(processes.GUARD) from None
        self._open()

    def end(self, futures: Sequence[Future[Any]]) -> None:
        """End the workers now: after an error or Ctrl-C their tasks are of no use, checkpoints hold what is."""
        workers = list((self._pool._processes or {}).values())  # the public way (3.14's kill_workers) is this
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in workers:
            process.terminate()
        for process in workers:
            process.join()
        self._ends = [process.exitcode for process in workers]
        self._messages.close()
        self._messages.join_thread()

    def given_up(self, error: BaseException) -> str:
        if not isinstance(error, BrokenProcessPool):
            return super().given_up(error)
        ends = [code for code in self._ends if code and code > 0]  # of those that nobody killed
        why = "each of an error that it has printed" if ends else "perhaps for lack of memory"
        return f"Worker processes died again and again, {why}: --workers 1 needs less memory."

    def _drain(self, seconds: float = 0.0) -> int:
        """Pass on what has arrived, waiting so long for a first message; returns how many tasks have ended."""
        ended = 0
        with contextlib.suppress(queue.Empty):
            while True:
                message, end = self._messages.get(block=seconds > 0, timeout=seconds or None)
                if end == _END:
                    ended += 1
                    seconds = 0.0
                else:
                    self._on_message(message)
        return ended


class Given(Pool):
    """An executor of somebody else's, or what makes one: another is made where its workers have died.

    One that was handed over is left open, one that was made here is shut down. `put`, where it has it, takes bytes to
    where its workers are, once, and returns a function that gets them there.
    """

    tells = False

    def __init__(self, given: Any, slots: int | None) -> None:
        self._make = given if callable(given) and not hasattr(given, "submit") else None
        if self._make is None and not hasattr(given, "submit"):
            raise UserError(
                f"executor is {given!r}; it must be a concurrent.futures.Executor (a ProcessPoolExecutor, Dask's "
                "client.get_executor(), ...), or a function that makes one."
            )
        self._executor = given if self._make is None else self._made()
        slots = getattr(self._executor, "_max_workers", None) if slots is None else slots
        if slots is None:
            raise UserError(
                f"{self.name} does not say how many tasks it does at once: add slots, the number of its workers."
            )
        if isinstance(slots, bool) or not isinstance(slots, int) or slots < 1:
            raise UserError(f"slots is {slots!r}; it must be the number of tasks that are done at once, 1 or more.")
        self.slots = slots

    @property
    def name(self) -> str:
        return type(self._executor).__name__

    @property
    def put(self) -> Callable[[bytes], Callable[[], bytes]] | None:
        return getattr(self._executor, "put", None)

    def begin(self, on_message: Send) -> None:
        if self._executor is None:  # it has been shut down after the networks of another step
            self._executor = self._made()

    def submit(self, function: Function, task: Any) -> Future[Any]:
        return self._executor.submit(_elsewhere, function, task)

    def renew(self, futures: Sequence[Future[Any]], error: BaseException) -> None:
        if self._make is None:
            raise UserError(
                f"The {self.name} that was given is broken: {error or type(error).__name__}. What was finished is "
                "kept: the same call with a new one continues. With a function that makes one, executor=lambda: ..., "
                "that is done here."
            ) from None
        self.end(futures)
        self._executor = self._made()

    def end(self, futures: Sequence[Future[Any]]) -> None:
        for future in futures:
            future.cancel()
        if self._make is not None and self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    def _made(self) -> Any:
        assert self._make is not None
        executor = self._make()
        if not hasattr(executor, "submit"):
            raise UserError(f"executor makes {executor!r}; it must make a concurrent.futures.Executor.")
        return executor


def local(workers: int) -> Pool:
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


def _elsewhere(function: Function, task: Any) -> Any:
    torch.set_num_threads(1)
    return function(task, lambda message: None)
