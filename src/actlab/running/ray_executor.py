"""A cluster of Ray's as an executor: a stack is a task of Ray's, and all stacks of a seed go to nodes of one kind.

Equal bits are promised on equal CPUs, torch and accelerators: that is a node's kind. Ray knows no seeds, so the node is
chosen here: the least loaded of the kind. Ray does a task once; a lost one goes back to `dispatch`, which counts, but
for one that had not begun when its node went: that is sent on at once.
"""

import contextlib
import functools
import os
import signal
import socket
import threading
import time
import weakref
from concurrent.futures import BrokenExecutor, Executor, Future, InvalidStateError, wait as all_done
from typing import Any

import torch

from actlab.engine import cpu_name
from actlab.errors import UserError, extra

_LOOK = 2.0  # seconds between two looks at the cluster
_GONE = 20.0  # seconds without an answer after which a head is gone: Ray ends this process after 60
_PROBED = 600.0  # seconds that the first nodes have to say what they are, which begins with loading torch
_AWAITED = 120.0  # seconds that a stack waits for a node of its kind
_QUIET = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
_WORDS = {
    "OutOfMemoryError": "its node was out of memory: more CPUs a stack make fewer at once, a stack size smaller ones",
    "WorkerCrashedError": "the process that trained it died",
    "NodeDiedError": "its node died",
    "LocalRayletDiedError": "its node died",
    "OwnerDiedError": "what it needed died with its owner",
    "ObjectLostError": "what it needed, or left, was lost with a node",
}
_PUTS: "weakref.WeakSet[_Put]" = weakref.WeakSet()

Kind = tuple[str, ...]  # CPU, torch, accelerators


class LostInRay(RuntimeError):
    """What Ray did not finish, through no fault of its own that is known."""


class _Put:
    """Bytes that travel as a reference to what was put into the cluster once, and into the next one if that dies."""

    def __init__(self, ray: Any, content: bytes) -> None:
        self.content = content
        self.go_to(ray)
        _PUTS.add(self)

    def go_to(self, ray: Any) -> None:
        self.ref = ray.put(self.content)
        self.told = ray.cloudpickle.dumps(self.ref)  # alone: a task comes as bytes, in which Ray sees no references

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial, (_got, self.told)


class _Node:
    """A node that is alive. Its kind is not known until a task on it has said so."""

    def __init__(self, name: str, room: int, accelerators: Kind, probe: Any) -> None:
        self.name, self.room, self.accelerators, self.probe = name, room, accelerators, probe
        self.kind: Kind = ()
        self.load = 0

    @property
    def is_asked(self) -> bool:
        return not self.kind and self.probe is not None


class _Work:
    """What was submitted, and where it is: nowhere, as long as it has no `ref`."""

    def __init__(self, seeds: tuple[int, ...], *call: Any) -> None:
        self.seeds, self.call = seeds, call
        self.future: Future[Any] = Future()
        self.since = time.monotonic()
        self.ref: Any = None
        self.node: _Node | None = None


class RayExecutor(Executor):
    """Trains on a Ray cluster: the `executor` of `compare`.

    Args:
        address: HOST:PORT of the cluster's head; None is what RAY_ADDRESS says, as in a job of Ray's, or a Ray that
            begins on this machine, listens to it alone, and ends with this executor.
        cpus, gpus: so many a stack; with GPUs it is trained on one.

    Raises:
        UserError: there is no such cluster, or nothing in it that can train.

    >>> RayExecutor(cpus=0)
    Traceback (most recent call last):
    actlab.errors.UserError: A stack takes 0 CPUs and 0 GPUs; it must be more than 0, and 0 or more.
    """

    def __init__(self, address: str | None = None, cpus: float = 1, gpus: float = 0) -> None:
        if not (cpus > 0 and gpus >= 0):
            raise UserError(f"A stack takes {cpus:g} CPUs and {gpus:g} GPUs; it must be more than 0, and 0 or more.")
        self.needs = {"CPU": cpus} | ({"GPU": gpus} if gpus else {})
        self.device = "cuda" if gpus else "cpu"
        self._homes: dict[int, Kind] = {}  # of the seeds that have begun
        self._nodes: dict[str, _Node] = {}
        self._works: dict[int, _Work] = {}
        self._lock, self._news, self._broken, self._why = threading.RLock(), threading.Event(), "", ""
        self._ray, self._mine = _connected(address or os.environ.get("RAY_ADDRESS") or "local")
        self._head = self._ray.get_runtime_context().gcs_address
        self._task = self._ray.remote(max_retries=0, num_cpus=cpus, num_gpus=gpus)(_do)
        self._probe = self._ray.remote(max_retries=3, num_cpus=0)(_kind)
        try:
            self._first_look()
        except BaseException:
            self._disconnect()
            raise
        for put in list(_PUTS):
            put.go_to(self._ray)
        threading.Thread(target=self._watch, name="actlab-ray", daemon=True).start()

    @property
    def slots(self) -> int:
        """How many stacks the cluster trains at once, now."""
        with self._lock:
            return max(1, sum(node.room for node in self._nodes.values() if node.kind))

    def put(self, content: bytes) -> _Put:
        """What brings the bytes of `content` to a task: they are put into the cluster once."""
        return _Put(self._ray, content)

    def begun(self, homes: dict[int, Kind]) -> None:
        """Tell the `homes` of seeds, CPU and torch that have trained some of their networks; such a node goes on."""
        with self._lock:
            here = {node.kind[:2] for node in self._nodes.values()}
            self._homes |= {seed: kind for seed, kind in homes.items() if kind in here}

    def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        """A future of `function`, called with `arguments` and what is `named`, on some node."""
        return self.submit_for((), function, *arguments, **named)

    def submit_for(self, seeds: tuple[int, ...], function: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        """The same (`function`, `arguments`, `named`) for a stack of these `seeds`: it goes where they have begun."""
        work = _Work(seeds, function, arguments, named)
        with self._lock:
            if self._broken:
                raise BrokenExecutor(self._broken)
            self._works[id(work)] = work
            self._place(work)
        work.future.add_done_callback(functools.partial(self._cancelled, id(work)))
        self._news.set()
        return work.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End: `wait` for what is under way, or with `cancel_futures` cancel it. A Ray begun here ends too."""
        futures = [work.future for work in list(self._works.values())]
        if cancel_futures:
            for future in futures:
                future.cancel()
        elif wait:
            all_done(futures)
        self._break("It has been shut down.")
        self._disconnect()

    def _disconnect(self) -> None:
        if self._mine:  # Ray waits for a head that is gone: not longer than a while
            ending = threading.Thread(target=self._ray.shutdown, daemon=True)
            ending.start()
            ending.join(_GONE)

    def _first_look(self) -> None:
        """Until all nodes that are there have said what they are."""
        end = time.monotonic() + _PROBED
        self._look()
        while any(node.is_asked for node in self._nodes.values()) and time.monotonic() < end:
            time.sleep(0.1)
            self._look()
        if not any(node.kind for node in self._nodes.values()):
            wanted = " and ".join(f"{number:g} {name}" for name, number in self.needs.items())
            why = self._why or f"none has the {wanted} that a stack is to have"
            raise UserError(f"No node of the Ray cluster at {self._head} can train: {why}.")

    def _look(self) -> None:
        """Which nodes are there, for how many stacks each has room, and what those that came are."""
        found = {}
        for node in self._ray.nodes():
            has = node["Resources"]
            room = int(min(has.get(name, 0) / most for name, most in self.needs.items()))
            if node["Alive"] and room:
                found[node["NodeID"]] = room, tuple(sorted(name for name in has if name.startswith("accelerator_type")))
        with self._lock:
            for name in self._nodes.keys() - found.keys():
                del self._nodes[name]
            for name in found.keys() - self._nodes.keys():
                room, accelerators = found[name]
                probe = self._probe.options(scheduling_strategy=_only(name)).remote()
                self._nodes[name] = _Node(name, room, accelerators if "GPU" in self.needs else (), probe)
        for node in list(self._nodes.values()):
            if node.is_asked and self._ray.wait([node.probe], timeout=0)[0]:
                self._learn(node)

    def _learn(self, node: _Node) -> None:
        try:
            node.kind = (*self._ray.get(node.probe), *node.accelerators)
        except self._ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            self._why = f"{type(cause).__name__}: {_line(cause)}. It needs the same actlab and torch as this machine"
            node.probe = None  # it is not used, unless it goes and comes again

    def _place(self, work: _Work) -> None:
        """Send it to the least loaded node of its seeds' kind, if there is one now. The lock is held."""
        home = next((self._homes[seed] for seed in work.seeds if seed in self._homes), ())
        nodes = [node for node in self._nodes.values() if node.kind and node.kind[: len(home)] == home]
        if not nodes:
            return
        node = min(nodes, key=lambda node: node.load / node.room)
        self._homes |= dict.fromkeys(work.seeds, node.kind)
        node.load += 1
        work.node, work.ref = node, self._task.options(scheduling_strategy=_only(node.name)).remote(work.call)

    def _watch(self) -> None:
        """Pass on what is finished, follow the cluster; until all ends."""
        looked = answered = time.monotonic()
        try:
            while not self._broken:
                for work in self._arrived():
                    self._finish(work)
                if (now := time.monotonic()) - looked < _LOOK:
                    continue
                looked = now
                if _answers(self._head):
                    answered = now
                    self._look()
                    self._place_waiting()
                elif now - answered > _GONE:
                    self._break(f"The head of the Ray cluster, {self._head}, does not answer any more.")
        except BaseException as error:
            self._break(f"{type(error).__name__}: {_line(error)}")

    def _arrived(self) -> list[_Work]:
        with self._lock:
            works = {work.ref: work for work in self._works.values() if work.ref is not None}
        if not works:
            self._news.wait(_LOOK)
            self._news.clear()
            return []
        if not self._ray.wait([*works], timeout=0.2)[0]:  # what is submitted meanwhile is not waited for
            return []
        return [works[ref] for ref in self._ray.wait([*works], num_returns=len(works), timeout=0)[0]]

    def _finish(self, work: _Work) -> None:
        result, error = None, None
        try:
            result = self._ray.get(work.ref)
        except self._ray.exceptions.TaskUnschedulableError:  # its node went before it began
            with self._lock:
                assert work.node is not None
                self._nodes.pop(work.node.name, None)  # if it is there after all, the next look says so
                work.ref, work.since = None, time.monotonic()
                self._place(work)
            return
        except self._ray.exceptions.RayError as failure:
            name = type(failure).__name__
            error = LostInRay(f"{_WORDS.get(name, _line(failure))} ({name})")
        self._forget(work)
        _settle(work.future, result, error)

    def _place_waiting(self) -> None:
        with self._lock:
            waiting = [work for work in self._works.values() if work.ref is None]
            for work in waiting:
                self._place(work)
        for work in waiting:
            if work.ref is None and time.monotonic() - work.since > _AWAITED:
                self._forget(work)
                why = f"{self._lacking(work)} is left in the Ray cluster: add one. What was finished is kept."
                _settle(work.future, None, UserError(why))

    def _lacking(self, work: _Work) -> str:
        for seed in work.seeds:
            if seed in self._homes:
                return f"No node with {', torch '.join(self._homes[seed][:2])}, which began seed {seed},"
        return "No node"

    def _cancelled(self, name: int, future: Future[Any]) -> None:
        """By name: with the work in it, a future and its result would be a circle, and stay until one is looked for."""
        if future.cancelled():
            with contextlib.suppress(RuntimeError):  # it was told already
                future.set_running_or_notify_cancel()  # or whoever waits for it waits on
            if (work := self._works.get(name)) is not None:
                self._forget(work)

    def _forget(self, work: _Work) -> None:
        """It has ended, or it is of no use any more."""
        with self._lock:
            if self._works.pop(id(work), None) and work.node:
                work.node.load -= 1
        if work.future.cancelled() and work.ref is not None:
            with contextlib.suppress(Exception):
                self._ray.cancel(work.ref, force=True)

    def _break(self, why: str) -> None:
        with self._lock:
            self._broken = self._broken or why
            works, self._works = list(self._works.values()), {}
        for work in works:
            _settle(work.future, None, BrokenExecutor(self._broken))
        self._news.set()


def _settle(future: Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    with contextlib.suppress(RuntimeError, InvalidStateError):  # cancelled in this moment
        future.set_running_or_notify_cancel()
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def _connected(address: str) -> tuple[Any, bool]:
    """Ray, and whether it was connected here."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address == "local":
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # by which it listens on 127.0.0.1 alone
    with extra("ray", "ray"):
        import ray
    if ray.is_initialized():
        return ray, False
    if address.startswith("ray://"):
        raise UserError(
            f"--address is {address!r}: Ray's client is not used. Run the command on a machine of the cluster, as with "
            "`ray job submit`, and name its head's HOST:PORT."
        )
    if address not in ("local", "auto") and not _answers(address):
        raise UserError(
            f"No Ray cluster answers at {address}: name its HOST:PORT, as `ray start --head` prints it, or leave "
            "the address out for a Ray on this machine."
        )
    answer = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, **_QUIET)
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        ray.shutdown()
        raise UserError(f"Ray ({address}) cannot be used: {type(error).__name__}: {_line(error)}") from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, answer)  # Ray answers it by an end without a word
    return ray, True


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=5):
            return True
    except (OSError, ValueError, OverflowError):
        return False


def _only(node: str) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node, soft=False)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")


def _got(told: bytes) -> bytes:
    import ray
    from ray import cloudpickle

    return ray.get(cloudpickle.loads(told))


def _kind() -> Kind:
    return cpu_name(), torch.__version__


def _do(call: tuple[Any, ...]) -> Any:
    function, arguments, named = call
    return function(*arguments, **named)
