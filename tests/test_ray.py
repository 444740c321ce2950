"""Ray: seeds stay on one kind of node, what is lost is sent again; and a cluster of three of which one is killed."""

import gc
import signal
import sys
import time
import weakref
from concurrent.futures import BrokenExecutor, wait as all_done
from types import SimpleNamespace

import pytest
from hypothesis import given, settings, strategies as st

from actlab.errors import UserError
from actlab.experiment import Experiment
from actlab.running import RayExecutor, ray_executor
from actlab.running.plan import make_stacks

pytestmark = pytest.mark.xdist_group("ray")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """What is set for Ray goes again."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"):
        monkeypatch.setenv(name, "0")


class Faked:
    """In place of Ray: tasks that a test finishes, on nodes that it names."""

    class exceptions:
        RayError = type("RayError", (Exception,), {})
        TaskUnschedulableError = type("TaskUnschedulableError", (RayError,), {})
        WorkerCrashedError = type("WorkerCrashedError", (RayError,), {})

    def __init__(self, kinds):
        self.kinds, self.done, self.sent, self.cancelled = dict(kinds), {}, [], []

    def get_runtime_context(self):
        return SimpleNamespace(gcs_address="faked:1")

    def nodes(self):
        return [{"NodeID": name, "Alive": True, "Resources": {"CPU": 2}} for name in self.kinds]

    def remote(self, **how):
        return lambda function: _Remote(self, function)

    def wait(self, refs, num_returns=1, timeout=None):
        time.sleep(0.001)
        return [ref for ref in refs if ref in self.done][:num_returns], []

    def get(self, ref):
        if isinstance(self.done[ref], Exception):
            raise self.done[ref]
        return self.done[ref]

    def cancel(self, ref, force):
        self.cancelled.append(ref)

    def shutdown(self):
        pass

    def put(self, content):
        return content


class _Remote:
    def __init__(self, ray, function, node=""):
        self.ray, self.function, self.node = ray, function, node

    def options(self, scheduling_strategy):
        return _Remote(self.ray, self.function, scheduling_strategy)

    def remote(self, *arguments):
        ref = object()
        if self.function is ray_executor._kind:
            kind = self.ray.kinds[self.node]
            self.ray.done[ref] = (kind, "2.0") if kind else self.ray.exceptions.RayError("No module named 'actlab'")
        else:
            self.ray.sent.append((ref, self.node, *arguments))
        return ref


@pytest.fixture
def faked(monkeypatch):
    """An executor on nodes of these kinds, and what stands in for Ray."""
    begun = []

    def begin(**kinds):
        ray = Faked(kinds)
        monkeypatch.setattr(ray_executor, "_connected", lambda address: (ray, True))
        executor = RayExecutor()
        begun.append(executor)
        return ray, executor

    monkeypatch.setattr(ray_executor, "_only", lambda node: node)
    monkeypatch.setattr(ray_executor, "_answers", lambda address: True)
    monkeypatch.setattr(ray_executor, "_LOOK", 0.01)
    yield begin
    for executor in begun:
        executor.shutdown(cancel_futures=True)


def until(reached):
    end = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_all_of_a_seed_goes_to_one_kind_and_all_kinds_are_used(faked):
    ray, executor = faked(a="x", b="y", c="y")
    assert executor.slots == 6
    for _ in range(4):
        for seed in range(6):
            executor.submit_for((seed,), pow, seed)
    places = {}
    for _, node, call in ray.sent:
        places.setdefault(call[1], []).append(node)
    assert all(len({ray.kinds[node] for node in nodes}) == 1 for nodes in places.values())
    loads = [sum(nodes.count(name) for nodes in places.values()) for name in "abc"]
    assert sum(loads) == 24 and min(loads) >= 4


def test_seeds_that_a_run_has_begun_go_on_where_they_were(faked):
    ray, executor = faked(a="x", b="y")
    executor.begun(dict.fromkeys(range(5), ("y", "2.0")) | {7: ("gone", "2.0")})
    for seed in (0, 1, 2, 3, 4, 7):
        executor.submit_for((seed,), pow)
    assert [node for _, node, _ in ray.sent] == ["b"] * 5 + ["a"]


def test_what_had_not_begun_on_a_dead_node_is_sent_on_and_what_had_counts(faked):
    ray, executor = faked(a="x", b="x")
    waits, runs = executor.submit_for((0,), pow), executor.submit_for((1,), pow)
    (first, node, _), (second, *_) = ray.sent
    del ray.kinds[node]
    ray.done[first] = ray.exceptions.TaskUnschedulableError("its node is dead")
    ray.done[second] = ray.exceptions.WorkerCrashedError("crashed")
    with pytest.raises(ray_executor.LostInRay, match=r"the process that trained it died \(WorkerCrashedError\)"):
        runs.result(60)
    until(lambda: len(ray.sent) == 3)
    third, elsewhere, _ = ray.sent[2]
    assert elsewhere != node and not waits.done()
    ray.done[third] = "a result"
    assert waits.result(60) == "a result"
    until(lambda: executor.slots == 2)


def test_nothing_is_kept_of_what_is_finished(faked):
    """Not until Python looks for circles: results are large."""
    ray, executor = faked(a="x")
    futures = [executor.submit_for((seed,), pow) for seed in range(3)]
    for ref, *_ in ray.sent:
        ray.done[ref] = "a result"
    all_done(futures, 60)
    until(lambda: not executor._works)
    kept = [weakref.ref(future) for future in futures]
    gc.disable()
    try:
        futures.clear()
        until(lambda: sum(each() is not None for each in kept) <= 1)  # the watcher's last
    finally:
        gc.enable()


def test_who_waits_for_what_is_cancelled_is_told(faked):
    ray, executor = faked(a="x")
    future = executor.submit_for((0,), pow)
    assert future.cancel() and all_done([future], 60).done == {future}
    until(lambda: ray.cancelled == [ray.sent[0][0]])
    executor.submit_for((0,), pow)
    ray.done[ray.sent[0][0]] = "too late"
    ray.done[ray.sent[1][0]] = "a result"
    until(lambda: not executor._works)


def test_a_seed_waits_for_its_kind_and_a_node_that_joins_takes_it(faked):
    ray, executor = faked(a="x", b="y")
    executor.begun({0: ("y", "2.0")})
    del ray.kinds["b"]
    until(lambda: executor.slots == 2)
    waits = executor.submit_for((0,), pow)
    assert ray.sent == []
    ray.kinds["c"] = "y"
    until(lambda: ray.sent)
    assert ray.sent[0][1] == "c"
    waits.cancel()
    assert ray.cancelled == [ray.sent[0][0]]


def test_a_kind_that_does_not_come_back_is_said(faked, monkeypatch):
    monkeypatch.setattr(ray_executor, "_AWAITED", 0.05)
    ray, executor = faked(a="x", b="y")
    executor.begun({3: ("y", "2.0")})
    del ray.kinds["b"]
    until(lambda: executor.slots == 2)
    with pytest.raises(
        UserError, match=r"^No node with y, torch 2\.0, which began seed 3, is left in the Ray cluster: add"
    ):
        executor.submit_for((3,), pow).result(60)


def test_a_head_that_is_gone_breaks_the_executor_in_words(faked, monkeypatch):
    _, executor = faked(a="x")
    future = executor.submit_for((0,), pow)
    monkeypatch.setattr(ray_executor, "_GONE", 0.05)
    monkeypatch.setattr(ray_executor, "_answers", lambda address: False)
    with pytest.raises(BrokenExecutor, match="head of the Ray cluster, faked:1, does not answer any more"):
        future.result(60)
    with pytest.raises(BrokenExecutor, match="does not answer"):
        executor.submit_for((0,), pow)


def test_a_node_that_cannot_load_actlab_is_not_used(faked):
    _, executor = faked(a="", b="x")
    assert executor.slots == 2
    with pytest.raises(UserError, match=r"can train: RayError: No module named 'actlab'. It needs the same actlab"):
        faked(a="")


def test_a_cluster_that_cannot_train_is_said(faked):
    with pytest.raises(UserError, match=r"No node of the Ray cluster at faked:1 can train: none has the 1 CPU that"):
        faked()


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    arms=st.integers(1, 5), seeds=st.integers(1, 9), workers=st.integers(1, 8), size=st.integers(1, 12),
    homes=st.dictionaries(st.integers(0, 8), st.sampled_from("xy"), max_size=9),
)  # fmt: skip
def test_stacks_that_share_a_seed_share_all_and_were_begun_on_one_kind(arms, seeds, workers, size, homes):
    names = ["relu", "tanh", "elu", "gelu", "mish"][:arms]
    experiment = Experiment(activations=tuple(names), seeds=tuple(range(seeds)), content="x")
    trials = experiment.trials()
    stacks = make_stacks(trials, experiment.layers, workers, size, homes=homes)
    assert sorted(key for stack in stacks for key in stack.keys) == sorted(trial.key for trial in trials)
    sets = [frozenset(trial.seed for trial in stack.trials) for stack in stacks]
    assert all(one == other or not one & other for one in sets for other in sets)
    assert all(len({homes.get(seed) for seed in one}) == 1 for one in sets)
    assert max(len(stack.trials) for stack in stacks) <= size
    assert len(stacks) >= min(workers, len(trials)) or homes


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--executor", "foo"], "There is no executor 'foo'. Allowed: ray."),
        (["--address", "a:1"], "--address says how Ray is used: add --executor ray"),
        (["--gpus-per-stack", "1"], "--gpus-per-stack says how Ray is used"),
        (
            ["--executor", "ray", "--address", "127.0.0.1:1"],
            "No Ray cluster answers at 127.0.0.1:1: name its HOST:PORT",
        ),
        (["--executor", "ray", "--address", "ray://a:1"], "Ray's client is not used. Run the command on a machine of"),
        (["--executor", "ray", "--cpus-per-stack", "0"], "A stack takes 0 CPUs and 0 GPUs; it must be more than 0"),
        (["--executor", "ray", "--workers", "2"], "workers are processes of this machine, an executor has its own"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_line(actlab_command, tmp_path, options, told):
    done = actlab_command("compare", "relu", "tanh", "--data", "digits", "--out", tmp_path / "run", *options)
    assert done.returncode == 2 and told in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_ray_does_not_change_how_sigterm_is_answered(monkeypatch):
    import ray

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(ray, "init", lambda **how: signal.signal(signal.SIGTERM, signal.SIG_IGN))
    assert ray_executor._connected("local") == (ray, True)
    assert signal.getsignal(signal.SIGTERM) == before
    monkeypatch.setattr(ray, "init", lambda **how: [][0])
    with pytest.raises(IndexError):
        ray_executor._connected("local")


def test_without_ray_the_extra_is_named(actlab_command, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    done = actlab_command("compare", "relu", "tanh", "--data", "digits", "--executor", "ray", "--out", tmp_path / "run")
    assert done.returncode == 2 and "pip install 'actlab[ray]'" in done.stderr


@pytest.mark.large
def test_a_node_of_three_is_killed_and_the_tables_are_those_of_one_process(tmp_path):
    """Real processes, really killed: `actlab compare --executor ray` beside the same in this process."""
    from studies.engines_ray import a_node_dies, here, tried

    small = {"seeds": 3, "epochs": 10}
    found = tried(a_node_dies, here(tmp_path, **small), **small)
    assert found["status"] == 0, found["said"]
    assert found["equal_tables"] and found["one_kind_a_seed"] and len(found["kinds"]) == 2
    assert found["listened_beyond_loopback"] == [] and found["processes_left"] == 0
