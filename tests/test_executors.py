"""Tasks in this process and in workers; real processes, really killed."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
import torch
from children import child, wait_for

from actlab.engine import one_thread
from actlab.errors import UserError
from actlab.running import processes
from actlab.running.dispatch import TRIES, dispatch
from actlab.running.executors import InProcess, WorkerProcesses, local


def never(task, error):
    raise AssertionError(f"{task} was set aside: {error}")


def square(task, send):
    send(("at", task))
    return task, task * task, torch.get_num_threads(), os.getpid()


def die_once(task, send):
    """Kill this very process the first time that task 3 is tried."""
    folder, number = task
    mark = Path(folder) / "died"
    if number == 3 and not mark.exists():
        mark.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_always(task, send):
    os.kill(os.getpid(), signal.SIGKILL)


def die_if_three(task, send):
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def fail(task, send):
    raise UserError("the disk is full")


@pytest.mark.parametrize("where", [InProcess(), WorkerProcesses(2)], ids=["here", "workers"])
def test_map_gives_every_result_and_every_message(where):
    messages = []
    torch.set_num_threads(2)  # so that one thread is a choice
    results = list(dispatch(where, square, [1, 2, 3, 4, 5], messages.append, never))
    assert sorted(r[:2] for r in results) == [(n, n * n) for n in range(1, 6)]
    assert sorted(messages) == [("at", n) for n in range(1, 6)]
    torch.set_num_threads(1)
    own = {r[3] for r in results} == {os.getpid()}
    assert own == isinstance(where, InProcess)
    assert own or {r[2] for r in results} == {1}, "one thread in a process that trains"


def test_here_a_result_is_there_before_the_next_task_begins():
    """What a crash may cost is what is under way."""
    begun = []
    results = dispatch(InProcess(), lambda task, send: begun.append(task) or task, [1, 2, 3], print, never)
    assert [(next(results), len(begun)) for _ in range(3)] == [(1, 1), (2, 2), (3, 3)]


def test_threads_are_as_before_afterwards():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.large
def test_a_killed_worker_is_replaced_and_its_task_begun_again(tmp_path):
    tasks = [(str(tmp_path), n) for n in range(6)]
    assert sorted(dispatch(WorkerProcesses(2), die_once, tasks, print, never)) == list(range(6))
    assert (tmp_path / "died").exists()


@pytest.mark.large
def test_workers_that_always_die_are_given_up_in_words():
    aside = []
    with pytest.raises(UserError, match="died again and again, perhaps of memory"):
        list(dispatch(WorkerProcesses(2), die_always, range(9), print, lambda task, error: aside.append(task)))
    assert len(aside) == TRIES, "not each of nine"


@pytest.mark.large
def test_the_task_that_kills_its_worker_is_set_aside_and_no_other(tmp_path):
    """Whatever was under way beside it when it did."""
    aside = []
    found = dispatch(WorkerProcesses(2), die_if_three, range(8), print, lambda task, error: aside.append(task))
    assert (sorted(found), aside) == ([0, 1, 2, 4, 5, 6, 7], [3])


@pytest.mark.parametrize("where", [InProcess(), WorkerProcesses(2)], ids=["here", "workers"])
def test_errors_come_through_as_they_are(where):
    with pytest.raises(UserError, match="the disk is full"):
        list(dispatch(where, fail, [1, 2], print, never))


def test_the_number_of_workers_chooses():
    assert isinstance(local(1), InProcess)
    assert local(3).slots == 3


@pytest.mark.large
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    """SIGKILL leaves the parent no time to end its workers: they must notice by themselves."""
    (tmp_path / "tasks.py").write_text(
        textwrap.dedent("""
        import os, time
        from pathlib import Path
        def wait(task, send):
            Path(task).write_text(str(os.getpid()))
            time.sleep(600)
        """)
    )
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import tasks
        from actlab.running.dispatch import dispatch
        from actlab.running.executors import WorkerProcesses
        if __name__ == "__main__":
            files = [{str(tmp_path / "a")!r}, {str(tmp_path / "b")!r}]
            list(dispatch(WorkerProcesses(2), tasks.wait, files, print, print))
        """)
    )
    files = [tmp_path / "a", tmp_path / "b"]
    with child(script) as parent:
        wait_for(lambda: all(f.exists() and f.read_text() for f in files), parent)
        pids = [int(f.read_text()) for f in files]
    wait_for(lambda: not any(alive(pid) for pid in pids))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("thread", ["this", "another"])
def test_ctrl_c_is_held_and_answered_afterwards(thread):
    """While a process begins: not lost, as it would be if it were ignored, and whichever thread the system tells."""
    reached = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    told, tells = os.pipe()
    os.set_blocking(tells, False)
    signal.set_wakeup_fd(tells)
    end = threading.Event()
    other = threading.Thread(target=end.wait, daemon=True)  # begun before, it holds nothing back
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):  # noqa: SIM117
            with processes.sigint_held():
                signal.pthread_kill(threading.get_ident() if thread == "this" else other.ident, signal.SIGINT)
                if thread == "another":
                    os.read(told, 1)  # it has come
                reached.append("the end")
        assert reached == ["the end"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        end.set()
        signal.set_wakeup_fd(-1)
        os.close(told)
        os.close(tells)
        signal.signal(signal.SIGINT, before)


@pytest.mark.large
@pytest.mark.skipif(processes.METHOD != "forkserver", reason="here each worker loads torch itself")
def test_workers_are_copies_of_a_process_that_has_loaded_torch():
    """A worker of a program that never imports torch, whose task does not either, has it; Ctrl-C does not end it."""
    code = (
        "import sys\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from actlab.running import processes\n"
        "with ProcessPoolExecutor(1, mp_context=processes.context()) as pool:\n"
        "    worker = pool.submit(eval, \"'torch' in __import__('sys').modules\").result()\n"
        "    told = 'import os, time; os.kill(os.getpid(), 2); time.sleep(0.01)'\n"
        "    pool.submit(exec, told).result()\n"
        "print('torch' in sys.modules, worker)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["False", "True"], "")


@pytest.mark.skipif(processes.METHOD != "forkserver", reason="Python begins none")
def test_what_keeps_the_list_of_semaphores_outlives_a_terminal():
    """Closed, it tells the whole group: a second keeper of the list would complain of each name on the first one's."""
    code = (
        "import os, signal, sys\n"
        "from multiprocessing import resource_tracker\n"
        "from actlab.running import processes\n"
        "signal.signal(signal.SIGHUP, lambda *_: print('told', flush=True))\n"
        "queue = processes.context().Queue()\n"
        "keeper = resource_tracker._resource_tracker._pid\n"
        "os.kill(keeper, signal.SIGHUP)\n"
        "signal.raise_signal(signal.SIGHUP)\n"
        "resource_tracker.ensure_running()\n"
        "print(resource_tracker._resource_tracker._pid == keeper)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["told", "True"], "")
