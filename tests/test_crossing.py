"""What comes back of executors when things go wrong in odd ways: words, and the rest is done."""

import pickle
import threading
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from actlab.errors import UserError
from actlab.running import crossing, sharing
from actlab.running.dispatch import TRIES, dispatch
from actlab.running.executors import Given, WorkerProcesses


class NotBack(Exception):
    """Is packed, and cannot be unpacked: by its argument it is made anew, and wants two."""

    def __init__(self, first, second):
        super().__init__(first)


class NotPacked(Exception):
    def __init__(self):
        super().__init__("locked", threading.Lock())


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Empty(Exception):
    def __len__(self):
        return 0


class Unread:
    """A result as of another version: it cannot be unpacked."""

    def __reduce__(self):
        return (int, ("no number",))


ODD = {
    "not back": (lambda: NotBack("lost", 2), "NotBack: lost"),
    "not packed": (NotPacked, "NotPacked: "),
    "mute": (Mute, "Mute: it fails to say what it is"),
    "empty": (Empty, "Empty"),
    "memory": (MemoryError, "MemoryError"),
    "exit": (lambda: SystemExit(3), "SystemExit: 3"),
    "time": (lambda: TimeoutError("late"), "TimeoutError: late"),
    "cancelled": (CancelledError, "CancelledError"),
    "broken": (lambda: BrokenExecutor("of its own"), "BrokenExecutor: of its own"),
    "several": (
        lambda: ExceptionGroup("two", [ValueError("one"), Mute()]),
        r"ExceptionGroup: two \(2 sub",
    ),
    "long": (lambda: ValueError("x" * 10**6), "ValueError: x{300}$"),
    "lines": (lambda: ValueError("one\n two"), "ValueError: one two$"),
}


def odd(task, send):
    if task in ODD:
        raise ODD[task][0]()
    if task == "unread":
        return Unread()
    if task == "unsent":
        return threading.Lock()
    return task


@pytest.mark.parametrize("what", ODD)
def test_what_goes_wrong_comes_back_as_words(what):
    reply = crossing.answer(crossing.call(odd, what), print)
    assert [type(part) for part in pickle.loads(pickle.dumps(reply))] == [str, str, str]
    with pytest.raises(crossing.Failed, match=ODD[what][1]) as failed:
        crossing.opened(reply)
    where = crossing.trace(failed.value)
    assert len(where) <= 20_000 and ("in odd" in where or what == "long"), "where it was, or the end of what it says"
    assert crossing.said(failed.value) == str(failed.value)


def test_results_that_cannot_be_packed_or_unpacked_are_failures_too():
    for what, told in (
        ("unread", "What a worker sent back cannot be read here: ValueError: inv"),
        ("unsent", "TypeErr"),
    ):
        with pytest.raises(crossing.Failed, match=told):
            crossing.opened(crossing.answer(crossing.call(odd, what), print))
    with pytest.raises(crossing.Failed, match="ModuleNotFoundError: No module named 'elsewhere'"):
        crossing.opened(crossing.answer(b"celsewhere\nname\n.", print))
    with pytest.raises(UserError, match=r"^mend it$"):
        crossing.opened(crossing.answer(crossing.call(refuse, 1), print))


def refuse(task, send):
    raise UserError("mend it")


def outcomes(pool, tasks, function=odd, **how):
    aside = {}
    done = list(dispatch(pool, function, tasks, print, lambda task, error: aside.update({task: error}), **how))
    return done, aside


@pytest.mark.large
def test_odd_errors_in_real_processes_break_nothing():
    """One pool, which is not made anew, for all of them."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        for what in (*ODD, "unread", "unsent"):
            done, aside = outcomes(Given(pool, None), [1, what, 2])
            assert sorted(done) == [1, 2] and [*aside] == [what]
            assert isinstance(aside[what], crossing.Failed)


@pytest.mark.large
def test_odd_errors_kill_no_worker_of_our_own():
    done, aside = outcomes(WorkerProcesses(1), [1, "not back", 2, "unread", 3])
    assert sorted(done) == [1, 2, 3]
    assert "NotBack: lost" in str(aside["not back"]) and "cannot be read here" in str(aside["unread"])


class Futures(Executor):
    """Whose futures hold what a test says."""

    def __init__(self, errors):
        self.errors = errors

    def submit(self, function, /, *arguments):
        future, error = Future(), self.errors.get(crossing_task(arguments))
        if error is None:
            future.set_result(function(*arguments))
        else:
            future.set_exception(error)
        return future

    def shutdown(self, wait=True):  # as Dask's and loky's: no more arguments
        self.ended = True


def crossing_task(arguments):
    return pickle.loads(arguments[0])[1]


ERRORS = [Mute(), NotPacked(), Empty(), CancelledError(), TimeoutError(), MemoryError("no more"), SystemExit(1)]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_futures_with_odd_errors_are_set_aside_and_the_rest_is_done(error):
    executor = Futures({2: error})
    done, aside = outcomes(Given(lambda: executor, 1), range(6))
    assert sorted(done) == [0, 1, 3, 4, 5] and aside == {2: error}
    assert executor.ended


def test_one_that_takes_nothing_ends_in_words_and_not_never():
    """A function that makes executors and gives the same one, shut down, again and again."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(UserError, match=r"Nothing can be trained: RuntimeError: cannot schedule .* is kept"):
        outcomes(Given(lambda: pool, None), range(3))
    with pytest.raises(UserError, match=r"ThreadPoolExecutor that was given is broken: RuntimeError: .*kept"):
        outcomes(Given(pool, None), range(3))


def test_what_is_under_way_in_one_that_somebody_shuts_down_is_kept():
    pool = ThreadPoolExecutor(2)
    results = []

    def shut(task, send):
        if task == 1:
            pool.shutdown(wait=False)
        return task

    # threads need no packing: the function is this very one
    given = Given(pool, None)
    given.submit = lambda function, task: pool.submit(lambda: ("done", pickle.dumps(shut(task, None)), ""))
    with pytest.raises(UserError, match="is broken: RuntimeError: cannot schedule"):
        for result in dispatch(given, shut, range(50), print, print):
            results.append(result)
    assert {0, 1} <= set(results)


class Breaking(Executor):
    """Breaks with the third task; the results of the others have come already."""

    def submit(self, function, /, *arguments):
        future = Future()
        if crossing_task(arguments) == 2:
            future.set_exception(BrokenExecutor())
        else:
            threading.Timer(0.05, lambda: future.set_result(function(*arguments))).start()
        return future

    def shutdown(self, wait=True): ...


def test_results_that_came_before_it_broke_are_kept():
    results = []
    with pytest.raises(UserError, match=r"Breaking that was given is broken: BrokenExecutor\. What"):
        for result in dispatch(Given(Breaking(), 4), odd, range(6), print, print):
            results.append(result)
    assert sorted(results) == [0, 1, 3, 4, 5]


def test_a_maker_that_fails_later_is_said():
    made = []

    def make():
        made.append(1)
        if len(made) > 1:
            raise OSError("the scheduler is gone")
        return Breaking()

    with pytest.raises(UserError, match=r"makes executors failed: OSError: the scheduler is gone\. .*kept"):
        outcomes(Given(make, 4), range(6))


def test_more_slots_than_tasks():
    done, aside = outcomes(Given(Futures({}), 50), range(3))
    assert sorted(done) == [0, 1, 2] and not aside
    assert outcomes(Given(Futures({}), 50), []) == ([], {})


def test_silence_is_said_with_what_is_under_way():
    class Slow(Futures):
        def submit(self, function, /, *arguments):
            future = Future()
            heard.append(lambda: future.set_result(function(*arguments)))
            return future

    heard, said = [], []
    given = Given(Slow({}), 1)
    given.patience = given.silence = 0.01

    def silent(tasks, seconds):
        said.append((tasks, seconds))
        if len(said) == 3:
            for come in heard:
                come()

    done, _ = outcomes(given, [7, 8], silent=silent)
    assert sorted(done) == [7, 8]
    assert said == [([7, 8], 0.01), ([7, 8], 0.02), ([7, 8], 0.04)], "less and less often"


def test_a_client_that_has_lost_its_scheduler_ends_the_run_in_words():
    """Its futures never do."""

    class Lost(Futures):
        _client = type("Client", (), {"status": "running"})

        def submit(self, function, /, *arguments):
            if crossing_task(arguments) < 2:
                return super().submit(function, *arguments)
            self._client.status = "closing"
            return Future()

    given, results = Given(Lost({}), 1), []
    given.patience = 0.01
    with pytest.raises(UserError, match=r"Lost that was given is broken: .*closing.* lost its scheduler\. What"):
        for result in dispatch(given, odd, range(6), print, print):
            results.append(result)
    assert sorted(results) == [0, 1]


def test_two_runs_in_threads_of_one_process_share_no_data(monkeypatch):
    """One look for what is held: between two another thread may have put its own there."""

    class Moving(dict):
        def __contains__(self, key):
            raise AssertionError("a second look may find nothing")

    monkeypatch.setattr(sharing, "_KNOWN", Moving(a=1))
    assert sharing.Sent("a").held() == 1 and sharing.Sent("b").held() is None


def test_three_set_aside_in_vain_say_the_last():
    with pytest.raises(UserError, match=r"Nothing can be trained: Mute: it fails to say what it is. What was"):
        outcomes(Given(Futures(dict.fromkeys(range(9), Mute())), 1), range(9))
    assert TRIES == 3
