"""A Ray cluster on this machine, on loopback alone, to kill. It is in a process of its own, and a driver in another.

    with RayCluster([{}, {}, {"ACTLAB_FAKED_CPU": "other"}]) as cluster:     # its first node is the head
        run_something(cluster.address)
        cluster.kill(2)

A node whose environment has ACTLAB_FAKED_CPU says that this is its CPU: `sitecustomize`, which Python loads by itself,
answers for /proc/cpuinfo.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FAKED = "ACTLAB_FAKED_CPU"
_SITE = f"""
import os, pathlib
if "{FAKED}" in os.environ:
    read = pathlib.Path.read_text
    pathlib.Path.read_text = lambda self, *how, **named: (
        "model name : " + os.environ["{FAKED}"] if str(self) == "/proc/cpuinfo" else read(self, *how, **named))
"""
_HEALTH = {
    "health_check_initial_delay_ms": 5000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 5000,  # a busy machine answers late
    "health_check_failure_threshold": 5,
}


def environment(folder: Path) -> dict[str, str]:
    """Of all processes of a cluster, and of what trains on it: nothing leaves this machine, nothing goes to HOME."""
    paths = [str(folder / "site"), *filter(None, sys.path), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
        "RAY_TMPDIR": str(folder),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(paths),
    }


class RayCluster:
    """Nodes with a CPU each; the first is the head. `environments`: what each has beside the usual."""

    def __init__(self, environments: Sequence[dict[str, str]] = ({}, {}, {})) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="r"))  # a short path: sockets lie in it
        (self.folder / "site").mkdir()
        (self.folder / "site" / "sitecustomize.py").write_text(_SITE, encoding="utf-8")
        self.environment = environment(self.folder)
        self._log = (self.folder / "log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=self.environment, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        self.address = ""
        for each in environments:
            self.add(each)

    def _ask(self, what: str, *arguments: Any) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps([what, *arguments]) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("answer "):
                return json.loads(line.removeprefix("answer "))
        raise RuntimeError(f"The cluster's process has ended:\n{(self.folder / 'log').read_text()[-2000:]}")

    def add(self, extra: dict[str, str] | None = None) -> None:
        """One more node."""
        self.address = self._ask("add", extra or {})

    def pids(self, node: int) -> list[int]:
        """Of a node: raylet and agents, of the head its server, and all workers."""
        return [pid for own in self._ask("pids", node) for pid in (own, *descendants(own))]

    def workers(self, node: int) -> list[int]:
        """The processes of a node that do tasks now."""
        return [pid for pid in self.pids(node) if "_do" in command(pid)]

    def kill(self, node: int) -> None:
        """All of a node's processes at once, by SIGKILL."""
        end(self.pids(node))

    def all(self) -> list[int]:
        return [self._process.pid, *descendants(self._process.pid)]

    def close(self) -> list[int]:
        """End it; returns what was left over, which is ended too."""
        before = self.all()
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=120)
        left = gone(before, seconds=60)
        end(left)
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()  # pyright: ignore[reportOptionalMemberAccess]
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return left

    def __enter__(self) -> "RayCluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.left = self.close()


def command(pid: int) -> str:
    """What it is called; of a process that has ended, nothing."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _status(pid: int) -> tuple[str, int]:
    """State and parent."""
    with contextlib.suppress(OSError):
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
        return state, int(parent)
    return "X", 0


def descendants(pid: int) -> list[int]:
    """All that it began, and what these began."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parents.setdefault(_status(int(entry.name))[1], []).append(int(entry.name))
    found = list(parents.get(pid, ()))
    for child in found:
        found += parents.get(child, ())
    return found


def end(pids: Sequence[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def gone(pids: Sequence[int], seconds: float) -> list[int]:
    """Those that are still there after so long."""
    until = time.monotonic() + seconds
    while left := [pid for pid in pids if _status(pid)[0] not in "XZ"]:
        if time.monotonic() > until:
            break
        time.sleep(0.1)
    return left


def listening(pids: Sequence[int]) -> Iterator[str]:
    """The addresses, in the kernel's hexadecimal, on which these processes listen by TCP."""
    sockets = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for handle in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    sockets.add(os.readlink(handle))
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                yield fields[1].rpartition(":")[0]


LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}


def serve() -> None:
    """The cluster's own process: answers what is asked on its standard input, and ends with it."""
    from ray.cluster_utils import Cluster

    cluster, nodes = Cluster(), []
    for line in sys.stdin:
        what, argument = json.loads(line)
        answer: Any = None
        if what == "add":
            usual: dict[str, Any] = {"num_cpus": 1, "env_vars": argument, "include_dashboard": False}
            if not nodes:
                usual["_system_config"] = _HEALTH
            nodes.append(cluster.add_node(**usual))
            answer = cluster.address
        if what == "pids":
            processes = nodes[argument].all_processes.values()
            answer = [info.process.pid for kind in processes for info in kind if info.process.poll() is None]
        print(f"answer {json.dumps(answer)}", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    serve()
