"""Tasks by executors of somebody else's: sent again when lost, set aside when hopeless, never more than two a slot."""

import dataclasses
import multiprocessing
import os
import signal
import threading
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from test_run import contents

from actlab.errors import UserError
from actlab.experiment import Run
from actlab.running import Progress, run as run_module, sharing
from actlab.running.dispatch import TRIES, dispatch
from actlab.running.executors import Given
from actlab.running.work import run_task
from actlab.workflows.comparison import compare

SMALL = {"data": "digits", "seeds": 2, "epochs": 2, "stack_size": 1, "report": False}


class Scripted(Executor):
    """Does tasks when it is asked for a result to come, in an order and with accidents that a test has chosen."""

    def __init__(self, accidents):
        self.accidents, self.waiting, self.most, self.broken = accidents, [], 0, False
        self.ended = False

    def submit(self, function, /, *arguments):
        if self.broken:
            raise BrokenExecutor("broken")
        future = Future()
        self.waiting.append((future, function, arguments))
        self.most = max(self.most, len(self.waiting))
        threading.Thread(target=self.go_on, daemon=True).start()
        return future

    def go_on(self):
        if not self.waiting or self.broken:
            return
        future, function, arguments = self.waiting.pop(0)
        accident = self.accidents.pop(0) if self.accidents else None
        if accident == "die":
            self.broken = True
            for other in [future, *(each for each, *_ in self.waiting)]:
                other.set_exception(BrokenExecutor("a worker died"))
            self.waiting.clear()
        elif accident == "fail":
            future.set_exception(ValueError("an accident"))
        elif accident == "cancel":
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_result(function(*arguments))

    def shutdown(self, wait=True, *, cancel_futures=False):
        self.ended = True


def double(task, send):
    return 2 * task


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    count=st.integers(0, 12),
    slots=st.integers(1, 3),
    accidents=st.lists(st.sampled_from([None, None, None, "die", "fail", "cancel"]), max_size=20),
)
def test_whatever_happens_each_task_is_done_once_or_set_aside(count, slots, accidents):
    """Of a factory; where all ends, it is because three were set aside with nothing done between them."""
    made, aside, done = [], [], []

    def make():
        made.append(Scripted(accidents))
        return made[-1]

    pool = Given(make, slots)
    try:
        for result in dispatch(pool, double, range(count), print, lambda task, error: aside.append(task)):
            done.append(result // 2)
    except UserError as error:
        assert len(aside) >= TRIES and "is kept" in str(error)
    else:
        assert sorted([*done, *aside]) == list(range(count))
    assert len(set(done)) == len(done) and not set(done) & set(aside)
    assert max(executor.most for executor in made) <= 2 * slots
    assert all(executor.ended for executor in made), "one that was made here is shut down here"


def test_one_that_was_given_stays_open_and_a_broken_one_is_said():
    executor = Scripted([None, "die"])
    with pytest.raises(
        UserError, match=r"Scripted that was given is broken: .*: a worker died.*is kept.*executor=lambda"
    ):
        list(dispatch(Given(executor, 1), double, range(5), print, print))
    whole = Scripted([])
    assert sorted(dispatch(Given(whole, 2), double, range(5), print, print)) == [0, 2, 4, 6, 8]
    assert not whole.ended


class Client:
    """As Dask's: it has a submit, too, whose futures are not Python's."""

    def submit(self, function, *arguments): ...
    def get_executor(self): ...


class Jobs:
    """As submitit's: what it submits becomes a job."""

    def submit(self, function, *arguments):
        return "job 3"


def test_one_that_breaks_while_it_takes_a_task_is_replaced():
    """Python's own pool says so by an error of its pipe."""
    made = []

    class Closing(Scripted):
        def submit(self, function, /, *arguments):
            if len(made) == 1:
                raise OSError(9, "Bad file descriptor")
            return super().submit(function, *arguments)

    def make():
        made.append(Closing([]))
        return made[-1]

    assert sorted(dispatch(Given(make, 1), double, range(3), print, print)) == [0, 2, 4] and len(made) == 2


def test_executors_that_never_take_a_task_are_given_up():
    made = []

    def make():
        made.append(Scripted([]))
        made[-1].broken = True
        return made[-1]

    with pytest.raises(UserError, match="Nothing can be trained: BrokenExecutor: broken"):
        list(dispatch(Given(make, 1), double, range(5), print, print))
    assert len(made) == TRIES + 1  # the last was made, and never asked


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"executor": 3}, "executor is 3; it must be a concurrent.futures.Executor"),
        ({"executor": Scripted([])}, "Scripted does not say how many tasks it does at once: add slots"),
        ({"executor": Scripted([]), "slots": 0}, "slots is 0; it must be"),
        ({"executor": lambda: None}, "executor makes None; it must be a concurrent.futures.Executor"),
        ({"executor": int}, "executor makes 0; it must be a concurrent.futures.Executor"),
        ({"executor": Client()}, r"executor is a Client; take its executor: client.get_executor\(\)."),
        ({"executor": Jobs(), "slots": 1}, "Jobs.submit gives str, which is no concurrent.futures.Future"),
        ({"executor": lambda: 1 / 0}, "The function that makes executors failed: ZeroDivisionError: division by zero"),
        ({"executor": Scripted([]), "slots": 1, "workers": 2}, "name one of the two"),
        ({"slots": 2}, "slots is 2, but no executor is given"),
        ({"shared": "there"}, "shared is 'there', but no executor is given"),
    ],
)
def test_what_is_no_executor_is_refused_in_words(tmp_path, how, told):
    with pytest.raises(UserError, match=told):
        compare("relu", out=tmp_path / "run", **how, **SMALL)
    assert "submit gives" in told or not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong", [{"activation": "rleu"}, {"epochs": 0}, {"memory": "1MB"}, {"data": "minst"}])
def test_what_was_made_here_ends_when_something_else_is_refused(tmp_path, wrong):
    made = []

    def make():
        made.append(ThreadPoolExecutor(2))
        return made[-1]

    name, settings = wrong.get("activation", "relu"), {k: v for k, v in wrong.items() if k != "activation"}
    with pytest.raises(UserError):
        compare(name, out=tmp_path / "run", executor=make, **SMALL | settings)
    for executor in made:
        with pytest.raises(RuntimeError, match="shutdown"):
            executor.submit(print)


def test_one_that_is_made_for_each_step_keeps_its_name(tmp_path):
    named = []

    class Told(Progress):
        def begin(self, begun):
            named.append(begun.where)

    how = {**SMALL, "epochs": 1, "learning_rate": (0.01, 0.1), "hidden": [4], "force": True, "progress": Told()}
    compare("relu", out=tmp_path / "run", executor=lambda: ThreadPoolExecutor(1), tune=True, **how)
    assert len(named) > 1 and set(named) == {"ThreadPoolExecutor"}


def test_threads_give_the_same_bits_and_are_as_many_as_before(tmp_path):
    before = torch.get_num_threads()
    with ThreadPoolExecutor(2) as threads:
        there = compare("relu", "prelu", out=tmp_path / "there", executor=threads, **SMALL)
    assert torch.get_num_threads() == before
    assert contents(there) == contents(compare("relu", "prelu", out=tmp_path / "here", workers=1, **SMALL))
    assert not (there.path / "working").exists()


def spawned(workers=2):
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.large
def test_processes_that_share_no_folder_and_some_that_do_give_the_same_bits(tmp_path):
    here = compare("relu", "prelu", out=tmp_path / "here", workers=1, **SMALL)
    sent = compare("relu", "prelu", out=tmp_path / "sent", executor=spawned, **SMALL)
    shared = compare("relu", "prelu", out=tmp_path / "shared", executor=spawned, shared=tmp_path / "data", **SMALL)
    assert contents(here) == contents(sent) == contents(shared)
    [data] = (tmp_path / "data").iterdir()
    assert (data / "x_train.npy").is_file()


class Dying(ProcessPoolExecutor):
    """Kills one of its workers with the n-th task that it is given."""

    left = 3

    def submit(self, *arguments):
        future = super().submit(*arguments)
        Dying.left -= 1
        if Dying.left == 0:
            os.kill(next(iter(self._processes)), signal.SIGKILL)
        return future


@pytest.mark.large
def test_a_killed_worker_of_a_factorys_costs_nothing_but_time(tmp_path):
    Dying.left = 3
    made = []

    def make():
        made.append(Dying(2, mp_context=multiprocessing.get_context("spawn")))
        return made[-1]

    run = compare("relu", "prelu", out=tmp_path / "run", executor=make, **SMALL)
    assert len(made) == 2
    assert contents(run) == contents(compare("relu", "prelu", out=tmp_path / "here", workers=1, **SMALL))


def test_a_stack_that_fails_is_set_aside_with_its_traceback_and_the_rest_is_trained(tmp_path, monkeypatch):
    said, tried = [], []

    class Told(Progress):
        def say(self, text):
            said.append(text)

    def odd(task, send):
        if task.stack.trials[0].label == "elu" and task.stack.trials[0].seed == 1:
            tried.append(task.stack.name)
            raise RuntimeError("odd, by day")
        return run_task(task, send)

    monkeypatch.setattr(run_module, "run_task", odd)
    how = {"out": tmp_path / "run", "workers": 1, "progress": Told(), **SMALL}
    with pytest.raises(UserError, match=r"1 network failed three times and was set aside, the others are trained"):
        compare("relu", "elu", **how)
    trials = Run(tmp_path / "run").trials.set_index(["activation", "seed"])["status"]
    assert trials[trials == "planned"].index.tolist() == [("elu", 1)]
    assert len(tried) == TRIES
    kept = tmp_path / "run" / "set_aside.txt"
    assert all(text in kept.read_text() for text in ("elu, seed 1", "odd, by day", "Traceback"))
    assert "Set aside after three tries: elu, seed 1. RuntimeError: odd, by day" in said
    monkeypatch.undo()
    assert set(compare("relu", "elu", **how).trials["status"]) == {"finished"}
    assert not kept.exists()


def test_data_are_known_by_their_hash(tmp_path):
    rng = np.random.default_rng(0)
    x, y = torch.from_numpy(rng.normal(size=(6, 3))), torch.arange(6) % 2
    held = sharing.Arrays(x, y, x[:2], y[:2], None, None, outputs=2)
    name = sharing.content(held)
    assert name == sharing.content(sharing._unpacked(sharing.packed(held)))
    assert name != sharing.content(sharing.Arrays(x + 1e-9, y, x[:2], y[:2], None, None, outputs=2))
    sharing.share(held, tmp_path, name)
    sharing.share(held, tmp_path, name)  # another driver, with the same data
    [folder] = tmp_path.iterdir()
    (tmp_path / "made").mkdir()
    assert folder.name == name and folder.stat().st_mode == (tmp_path / "made").stat().st_mode, "others may read it"
    sharing._KNOWN.clear()
    assert sharing.Sent(name).held() is None
    read = sharing.Sent(name, folder=tmp_path).held()
    assert torch.equal(read.x_train, x) and read.x_test is None and read.outputs == 2
    file = tmp_path / name / "x_train.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    sharing._KNOWN.clear()
    for damage in (lambda: None, lambda: file.write_bytes(content[:140]), (tmp_path / name / "others.json").unlink):
        damage()
        assert sharing.Sent(name, folder=tmp_path).held() is None, "they are sent along"
    with pytest.raises(UserError, match=f"asked for was {name}"):
        sharing.Sent(name, fetch=sharing.bring(sharing.packed(dataclasses.replace(held, outputs=3)))).held()
