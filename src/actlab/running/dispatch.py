"""Tasks sent to where they are done, results as they come: two a slot under way, what is lost is sent again.

A task that fails three times is set aside and the rest goes on. When a worker dies, all that was under way is
suspected; a task that was under way at two deaths is sent alone, so that only what kills its worker is set aside. Three
set aside with nothing finished between them: it is not the tasks, and all ends.
"""

import collections
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from typing import Any

from actlab.errors import UserError
from actlab.running.executors import Function, Pool, Send

TRIES = 3

SetAside = Callable[[Any, BaseException], None]
Again = Callable[[Any, Any], Any]


def dispatch(
    pool: Pool, function: Function, tasks: Iterable[Any], on_message: Send, set_aside: SetAside,
    again: Again = lambda task, result: None,
) -> Iterator[Any]:  # fmt: skip
    """The results of function(task, send), in the order in which they come.

    `set_aside` is told of a task that has failed three times. `again` may take a result as a question: what it returns
    is sent in the task's place. A UserError of a task ends all.
    """
    sending = _Sending(pool, function, tasks, set_aside)
    pool.begin(on_message)
    try:
        while sending.fill():
            done, _ = wait(sending.under_way, timeout=pool.patience, return_when=FIRST_COMPLETED)
            good = [future for future in done if not future.cancelled() and future.exception() is None]
            pool.listen(len(good))
            for future in good:
                item, result = sending.under_way.pop(future), future.result()
                if (instead := again(item.task, result)) is not None:
                    item.task = instead
                    sending.waiting.appendleft(item)
                    continue
                sending.in_vain = 0
                yield result
            sending.failed(done - set(good))  # a failure counts when what succeeded beside it is safe
    finally:
        pool.end(list(sending.under_way))


@dataclasses.dataclass(eq=False)
class _Item:
    """A task, and how often it has failed, alone or with the worker that had it."""

    task: Any
    failures: int = 0
    deaths: int = 0

    @property
    def alone(self) -> bool:
        """Whether it is suspected of killing its workers."""
        return self.deaths >= TRIES - 1


class _Sending:
    """What waits, and what is under way."""

    def __init__(self, pool: Pool, function: Function, tasks: Iterable[Any], set_aside: SetAside) -> None:
        self.pool, self.function, self.set_aside = pool, function, set_aside
        self.waiting = collections.deque(map(_Item, tasks))
        self.under_way: dict[Future[Any], _Item] = {}
        self.in_vain = 0  # set aside since something was finished

    def fill(self) -> bool:
        """Send what there is room for; False where nothing is left."""
        while self.waiting and len(self.under_way) < self.pool.window:
            item = next((item for item in self.waiting if not item.alone), self.waiting[0])
            if self.under_way and (item.alone or any(other.alone for other in self.under_way.values())):
                break
            self.waiting.remove(item)
            try:
                self.under_way[self.pool.submit(self.function, item.task)] = item
            except (BrokenExecutor, RuntimeError) as error:  # broken, or somebody has shut it down
                self.waiting.appendleft(item)
                self._broken(error)
        return bool(self.under_way or self.waiting)

    def failed(self, futures: set[Future[Any]]) -> None:
        broken = None
        for future in futures:
            error = CancelledError("It was cancelled.") if future.cancelled() else future.exception()
            assert error is not None
            if isinstance(error, UserError):
                raise error
            if isinstance(error, BrokenExecutor):
                broken = error
            else:
                self._again_or_never(self.under_way.pop(future), error)
        if broken is not None:
            self._broken(broken)

    def _broken(self, error: BaseException) -> None:
        """All that was under way is lost with its executor."""
        lost = list(self.under_way.values())
        self.pool.renew(list(self.under_way), error)
        self.under_way.clear()
        if not lost:  # it took none
            self._in_vain(error)
        for item in lost:
            item.deaths += 1
            self._again_or_never(item, error)

    def _again_or_never(self, item: _Item, error: BaseException) -> None:
        item.failures += 1
        if item.failures < TRIES:
            self.waiting.append(item)
            return
        self.set_aside(item.task, error)
        self._in_vain(error)

    def _in_vain(self, error: BaseException) -> None:
        self.in_vain += 1
        if self.in_vain == TRIES:
            raise UserError(f"{self.pool.given_up(error)} What was finished is kept: the same command continues.")
