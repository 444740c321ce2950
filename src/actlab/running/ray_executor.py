"""A cluster of Ray's as an executor: a stack is a task of Ray's, and all stacks of a seed go to nodes of one kind.

Equal bits are promised on equal CPUs, torch and accelerators: that is a node's kind. Ray knows no seeds, so that the node
is chosen here: the least loaded of the kind. Ray does a task once; a lost one goes back to `dispatch`, which counts, but
for one that had not begun when its node went: that is sent on at once.
"""

import functools
import os
import socket
import threading
import time
import weakref
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any

import torch

from actlab.engine import cpu_name
from actlab.errors import UserError, extra

_LOOK = 2.0  # seconds between two looks at the cluster
_GONE = 20.0  # seconds without an answer after which a head is gone; after 60 Ray would end this process
_PROBED = 600.0  # seconds that the first nodes have to say what they are, which begins with loading torch
_AWAITED = 120.0  # seconds that a stack waits for a node of its kind
_QUIET = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
_WORDS = {
    "OutOfMemoryError": "its node was out of memory: more CPUs a stack make fewer at once, a stack size smaller ones",
    "WorkerCrashedError": "the process that trained it died",
    "NodeDiedError": "its node died",
    "LocalRayletDiedError": "its node died",
    "OwnerDiedError": "what it needed died with its owner",
    "ObjectLostError": "what it needed or left was lost with a node",
}
_PUTS: "weakref.WeakSet[_Put]" = weakref.WeakSet()

Kind = tuple[str, ...]  # CPU, torch, accelerators


class LostInRay(RuntimeError):
    """What Ray did not finish, through no fault of its own that is known."""


class _Put:
    """Bytes that travel as a reference to what was put into the cluster once; into the next one, if it dies."""

    def __init__(self, ray: Any, content: bytes) -> None:
        self.content, self.ref = content, ray.put(content)
        _PUTS.add(self)

    def __reduce__(self) -> tuple[Any, ...]:
        import ray

        return functools.partial, (ray.get, self.ref)


class _Node:
    """A node that is alive. Its kind is not known until a task on it has said it."""

    kind: Kind | None = None
    load = 0

    def __init__(self, room: int, accelerators: Kind, probe: Any) -> None:
        self.room, self.accelerators, self.probe = room, accelerators, probe


class _Work:
    """What was submitted, and where it is: nowhere, as long as it has no `ref`."""

    ref: Any = None
    node: _Node | None = None

    def __init__(self, call: tuple[Any, ...]) -> None:
        self.call, self.future, self.since = call, Future[Any](), time.monotonic()
        self.seeds: tuple[int, ...] = getattr(call[1][-1], "seeds", ()) if call[1] else ()


class RayExecutor(Executor):
    """Trains on a Ray cluster, so many CPUs and GPUs a stack.

    `address` is HOST:PORT of the cluster's head; without one it is what RAY_ADDRESS says, as in a job of Ray's, or a
    Ray that begins on this machine, listens to it alone, and ends with this executor.
    """

    def __init__(self, address: str | None = None, cpus: float = 1, gpus: float = 0) -> None:
        if not (cpus > 0 and gpus >= 0):
            raise UserError(f"A stack takes {cpus:g} CPUs and {gpus:g} GPUs; it must be more than 0, and 0 or more.")
        self.needs = {"CPU": cpus} | ({"GPU": gpus} if gpus else {})
        self.device = "cuda" if gpus else "cpu"
        self.homes: dict[int, Kind] = {}  # CPU and torch that have trained a seed
        self._nodes: dict[str, _Node] = {}
        self._works: dict[int, _Work] = {}
        self._lock, self._news, self._broken, self._why = threading.RLock(), threading.Event(), "", ""
        self._ray, self._mine = _connected(address or os.environ.get("RAY_ADDRESS") or "local")
        self._head = self._ray.get_runtime_context().gcs_address
        self._task = self._ray.remote(max_retries=0, num_cpus=cpus, num_gpus=gpus)(_do)
        self._probe = self._ray.remote(max_retries=0, num_cpus=0)(_kind)
        try:
            self._first_look()
        except BaseException:
            self._disconnect()
            raise
        for put in list(_PUTS):
            put.ref = self._ray.put(put.content)
        threading.Thread(target=self._watch, name="actlab-ray", daemon=True).start()

    @property
    def slots(self) -> int:
        """How many stacks the cluster trains at once, now."""
        with self._lock:
            return max(1, sum(node.room for node in self._nodes.values() if node.kind))

    def put(self, content: bytes) -> _Put:
        return _Put(self._ray, content)

    def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        work = _Work((function, arguments, named))
        with self._lock:
            if self._broken:
                raise BrokenExecutor(self._broken)
            self._works[id(work)] = work
            self._place(work)
        work.future.add_done_callback(lambda future: self._cancel(work) if future.cancelled() else None)
        self._news.set()
        return work.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for work in list(self._works.values()):
            if cancel_futures:
                work.future.cancel()
            elif wait:
                work.future.exception()
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
        while any(not node.kind for node in self._nodes.values()) and time.monotonic() < end:
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
            if node["Alive"] and (room := int(min(has.get(name, 0) / most for name, most in self.needs.items()))):
                found[node["NodeID"]] = room, tuple(sorted(n for n in has if "GPU" in self.needs and n[:12] == "accelerator_"))
        with self._lock:
            for name in self._nodes.keys() - found.keys():
                del self._nodes[name]
            for name, (room, accelerators) in found.items():
                if name not in self._nodes:
                    self._nodes[name] = _Node(room, accelerators, self._on(name, self._probe).remote())
        for node in list(self._nodes.values()):
            if not node.kind and node.probe and self._ray.wait([node.probe], timeout=0)[0]:
                self._probed(node)
