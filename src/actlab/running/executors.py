"""Where tasks are done: in this process, in worker processes, or wherever an executor that was given does them.

A task is a picklable value, the function a module-level one: function(task, send) -> result. What it sends while it
works (progress) arrives at `on_message` in this process, is never stored, and no result depends on it; an executor that
was given has no way back, and sends nothing. Training uses one thread in each process: two threads of one process wait
for each other, and give other bits.
"""

import contextlib
import functools
import math
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import torch

from actlab.errors import UserError, need_one_of
from actlab.running import crossing, processes
from actlab.running.crossing import Function, Send


class Pool:
    """Where tasks are done, so many at once."""

    slots: int
    tells = True  # of progress
    patience: float | None = None  # seconds between two looks at what has arrived
    silence = math.inf  # seconds in which nothing arrives, and after which that is told

    @property
    def window(self) -> int:
        """Tasks under way: two a slot, so that none is idle while results are entered."""
        return 2 * self.slots

    def begin(self, on_message: Send) -> None:
        """Before the first task."""

    def submit(self, function: Function, task: Any) -> Future[Any]:
        raise NotImplementedError

    def opened(self, reply: Any) -> Any:
        """The result of a task, of what its future holds; raises what went wrong."""
        return crossing.opened(reply)

    def listen(self, finished: int) -> None:
        """Pass on what has arrived; so many tasks have finished since it was called last."""

    def renew(self, futures: Sequence[Future[Any]], error: BaseException) -> None:
        """After `error`, by which the futures under way are lost."""
        raise NotImplementedError

    def end(self, futures: Sequence[Future[Any]]) -> None:
        """After the last task, or in the middle of these futures."""

    def given_up(self, error: BaseException) -> str:
        """In words, when tasks are set aside one after the other and none is finished."""
        return f"Nothing can be trained: {crossing.said(error)}."


class InProcess(Pool):
    """Tasks one after the other, here."""

    slots = 1

    @property
    def window(self) -> int:
        return 1  # a task is done when it is sent, and entered before the next

    def begin(self, on_message: Send) -> None:
        self._on_message = on_message

    def submit(self, function: Function, task: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(task, self._on_message))
        except Exception as error:
            future.set_exception(error)
        return future

    def opened(self, reply: Any) -> Any:
        return reply


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
            return self._pool.submit(_work, crossing.call(function, task))

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
        with contextlib.suppress(OSError):  # one that breaks at this moment has closed the pipe of its own thread
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
        why = "each of an error that it has printed" if ends else "perhaps of memory: --workers 1 needs less"
        return f"Worker processes died again and again, {why}."

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


_ENDED = ("closing", "closed")  # as a client of Dask says


class Given(Pool):
    """An executor of somebody else's, or what makes one: another is made where its workers have died.

    One that was handed over is left open, one that was made here is shut down. `put`, where it has it, takes bytes to
    where its workers are, once, and returns a function that gets them there. `submit_for`, where it has it, is told
    whose seeds a task trains, and `begun` before that which machines have trained some networks of a seed.
    """

    tells = False
    patience, silence = 5.0, 300.0
    homes: Callable[[], dict[int, tuple[str, ...]]] | None = None  # seed -> CPU and torch

    def __init__(self, given: Any, slots: int | None) -> None:
        if isinstance(given, str):
            need_one_of("executor", given, ("ray",))
            from actlab.running.ray_executor import RayExecutor as given
        makes = isinstance(given, type) or (callable(given) and not hasattr(given, "submit"))
        self._make = given if makes else None
        if self._make is None:
            _need_executor(given, "executor is", " or a function that makes one")
        self._executor: Any = given if self._make is None else self._made()
        self.name = type(self._executor).__name__  # when it has been shut down, too
        self._slots = slots
        if (slots := self.slots) is None:
            raise UserError(
                f"{self.name} does not say how many tasks it does at once: add slots, the number of its workers."
            )
        if isinstance(slots, bool) or not isinstance(slots, int) or slots < 1:
            raise UserError(f"slots is {slots!r}; it must be the number of tasks that are done at once, 1 or more.")

    @property
    def slots(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Now: those of a cluster come and go."""
        own = getattr(self._executor, "slots", getattr(self._executor, "_max_workers", None))
        return own if self._slots is None else self._slots

    @property
    def device(self) -> str:
        """Of a stack that may be trained anywhere."""
        return getattr(self._executor, "device", "cpu")

    @property
    def _status(self) -> str:
        return getattr(getattr(self._executor, "_client", None), "status", "")

    @property
    def put(self) -> Callable[[bytes], Callable[[], bytes]] | None:
        return getattr(self._executor, "put", None)

    def begin(self, on_message: Send) -> None:
        if self._executor is None:  # it has been shut down after the networks of another step
            self._executor = self._made()
        self._tell()

    def _tell(self) -> None:
        if self.homes and hasattr(self._executor, "begun"):
            self._executor.begun(self.homes())

    def submit(self, function: Function, task: Any) -> Future[Any]:
        submit = self._executor.submit
        if hasattr(self._executor, "submit_for"):
            submit = functools.partial(self._executor.submit_for, getattr(task, "seeds", ()))
        future = submit(_elsewhere, crossing.call(function, task), os.getpid())
        if not isinstance(future, Future):
            raise UserError(
                f"{self.name}.submit gives {type(future).__name__}, which is no concurrent.futures.Future: it is no "
                "executor that can be used here."
            )
        return future

    def listen(self, finished: int) -> None:
        """Futures of a client of Dask that has lost its scheduler never end (distributed 2026.8)."""
        if (status := self._status) in _ENDED:
            raise BrokenExecutor(f"its client is {status}: it was closed, or has lost its scheduler")

    def renew(self, futures: Sequence[Future[Any]], error: BaseException) -> None:
        if self._make is None:
            raise UserError(
                f"The {self.name} that was given is broken: {crossing.said(error)}. What was finished is kept: the "
                "same call with a new one continues. With a function that makes one, executor=lambda: ..., that is "
                "done here."
            ) from None
        self.end(futures)
        self._executor = self._made()
        self._tell()

    def end(self, futures: Sequence[Future[Any]]) -> None:
        for future in () if self._status in _ENDED else futures:
            future.cancel()
        if self._make is not None and self._executor is not None:
            executor, self._executor = self._executor, None
            processes_ = list((getattr(executor, "_processes", None) or {}).values())
            with contextlib.suppress(Exception):  # it may be broken; what went wrong before is what is told
                executor.shutdown(wait=False)  # nothing else: older and other executors know no more
            for process in processes_ if any(future.running() for future in futures) else ():
                process.terminate()  # what it does is of no use, and Python would wait for it before it ends

    def _made(self) -> Any:
        assert self._make is not None
        try:
            executor = self._make()
        except UserError as error:
            raise UserError(f"{error} What was finished is kept.") from None
        except Exception as error:
            raise UserError(
                f"The function that makes executors failed: {crossing.said(error)}. What was finished is kept."
            ) from error
        _need_executor(executor, "executor makes")
        return executor


def _need_executor(what: Any, words: str, more: str = "") -> None:
    if hasattr(what, "get_executor"):  # a client of Dask, whose futures are others
        raise UserError(f"{words} a {type(what).__name__}; take its executor: client.get_executor().")
    if not hasattr(what, "submit"):
        raise UserError(
            f"{words} {what!r}; it must be a concurrent.futures.Executor (a ProcessPoolExecutor, Dask's "
            f"client.get_executor(), ...){more}."
        )


def local(workers: int) -> Pool:
    return InProcess() if workers <= 1 else WorkerProcesses(workers)


_messages: Any = None


def _begin_worker(messages: Any) -> None:
    global _messages
    _messages = messages
    messages.cancel_join_thread()  # progress that nobody reads must not keep a worker alive
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    _guard()


def _die_with_parent() -> None:
    """A parent that is killed cannot end its workers: they notice."""
    parent, begun_by = multiprocessing.parent_process(), os.getppid()
    if getattr(parent, "_sentinel", None) is None:  # as loky begins its own: there is nothing to wait for
        while os.getppid() == begun_by:
            time.sleep(1.0)
    else:
        assert parent is not None
        parent.join()
    os._exit(1)


_END = "the task has ended"


def _work(called: bytes) -> crossing.Reply:
    reply = crossing.answer(called, lambda message: _messages.put((message, None)))
    _messages.put((None, _END))
    return reply


def _elsewhere(called: bytes, driver: int) -> crossing.Reply:
    """In a process of somebody else's, which is not to outlive the one that began it."""
    if multiprocessing.parent_process() and os.getpid() != driver:
        _guard()
    torch.set_num_threads(1)
    return crossing.answer(called, lambda message: None)


@functools.cache
def _guard() -> None:
    threading.Thread(target=_die_with_parent, daemon=True).start()
