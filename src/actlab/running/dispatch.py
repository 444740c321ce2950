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
from actlab.running.crossing import Function, Send
from actlab.running.executors import Pool

TRIES = 3
_SETTLES = 10.0  # seconds at most, in which all futures of a broken executor end

SetAside = Callable[[Any, BaseException], None]
Again = Callable[[Any, Any], Any]
Silent = Callable[[list[Any], float], None]


def dispatch(
    pool: Pool, function: Function, tasks: Iterable[Any], on_message: Send, set_aside: SetAside,
    again: Again = lambda task, result: None, silent: Silent = lambda tasks, seconds: None,
) -> Iterator[Any]:  # fmt: skip
    """The results of function(task, send), in the order in which they come.

    `set_aside` is told of a task that has failed three times, `silent` of those under way when nothing has come of a
    pool that tells no progress for so many seconds. `again` may take a result as a question: what it returns
    is sent in the task's place. A UserError of a task ends all.
    """
    sending = _Sending(pool, function, tasks, set_aside)
    pool.begin(on_message)
    quiet, told = 0.0, pool.silence  # seconds: since something came, and after which that is told
    try:
        while sending.fill():
            done, _ = wait(sending.under_way, timeout=pool.patience, return_when=FIRST_COMPLETED)
            quiet, told = (0.0, pool.silence) if done else (quiet + (pool.patience or 0.0), told)
            if quiet >= told:
                silent([item.task for item in sending.under_way.values()], quiet)
                told *= 2
            if any(isinstance(_lost(future), BrokenExecutor) for future in done):
                done, _ = wait(sending.under_way, timeout=_SETTLES)  # what came before it broke is kept
            failed = {future: error for future in done if (error := _lost(future)) is not None}
            replied = done - set(failed)
            try:
                pool.listen(len(replied))
            except BrokenExecutor as error:  # of which its futures know nothing
                failed |= dict.fromkeys(sending.under_way.keys() - done, error)
            for future in replied:
                try:
                    result = pool.opened(future.result())
                except Exception as error:
                    failed[future] = error
                    continue
                item = sending.under_way.pop(future)
                if (instead := again(item.task, result)) is not None:
                    item.task = instead
                    sending.waiting.appendleft(item)
                    continue
                sending.in_vain = 0
                yield result
            sending.failed(failed)  # a failure counts when what succeeded beside it is safe
    finally:
        pool.end(list(sending.under_way))


def _lost(future: Future[Any]) -> BaseException | None:
    """Why no reply comes of a future that is done."""
    return CancelledError("It was cancelled.") if future.cancelled() else future.exception()


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
            except UserError:
                raise
            except Exception as error:  # broken, or somebody has shut it down
                self.waiting.appendleft(item)
                if self.under_way:
                    break  # of what is under way some may still come
                self._broken(error)
        return bool(self.under_way or self.waiting)

    def failed(self, errors: dict[Future[Any], BaseException]) -> None:
        broken = None
        for future, error in errors.items():
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
