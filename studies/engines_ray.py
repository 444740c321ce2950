"""Ray clusters of three nodes on this machine, and what dies in them: the tables are those of a run in one process.

python studies/engines_ray.py [NAME ...]       # about 10 minutes on two quiet cores; writes records/ray.json
"""

import contextlib
import datetime
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]
from studies.ray_cluster import FAKED, LOOPBACK, RayCluster, command, descendants, end, gone, listening
from test_run import contents

import actlab
from actlab.engine.machine import environment

RECORD = Path(__file__).parents[1] / "records" / "ray.json"
KINDS = ({FAKED: "one kind"}, {FAKED: "another"}, {FAKED: "another"})
SETTINGS: dict[str, Any] = {"data": "digits", "seeds": 6, "epochs": 20, "stack_size": 1}
NAMES = ("relu", "prelu", "elu")


class Driver:
    """A process that trains, and its run's folder: `actlab compare --executor ray`."""

    def __init__(self, folder: Path, env: dict[str, str], address: str | None, **settings: Any) -> None:
        self.out = folder / "run"
        settings = SETTINGS | settings
        options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        where = [] if address is None else [f"--address={address}"]
        self.command = [
            sys.executable, "-m", "actlab", "compare", *NAMES, "--executor=ray", *where, *options, "--quiet",
            f"--out={self.out}",
        ]  # fmt: skip
        self.env, self.file = env, folder / "said"
        self.start()

    def start(self) -> None:
        with self.file.open("a") as said:
            self.process = subprocess.Popen(
                self.command, env=self.env, stdout=said, stderr=said, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def finished(self) -> int:
        """How many networks are in the store."""
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(f"file:{self.out / 'run.db'}?mode=ro", uri=True, timeout=10)) as store,
        ):
            return store.execute("SELECT count(*) FROM trials WHERE status != 'planned'").fetchone()[0]
        return 0

    def reach(self, count: int) -> None:
        """Wait until so many are finished."""
        until = time.monotonic() + 900  # to end some time, no measure of speed
        while self.finished() < count:
            assert self.process.poll() is None, f"it ended too soon:\n{self.said[-3000:]}"
            assert time.monotonic() < until, "waited in vain"
            time.sleep(0.05)

    def wait(self) -> int:
        return self.process.wait(timeout=900)

    def rows(self) -> dict[str, tuple[Any, ...]]:
        """When each stack was entered: by key, what only training it anew would change."""
        with contextlib.closing(sqlite3.connect(self.out / "run.db")) as store:
            done = store.execute("SELECT key, rowid, parameters, cpu FROM trials WHERE status != 'planned'").fetchall()
        return {key: rest for key, *rest in done}


def here(folder: Path, **settings: Any) -> list[bytes]:
    """All numbers of the same run in this process."""
    run = actlab.compare(
        *NAMES, out=folder / "here", workers=1, report=False, **(SETTINGS | {"stack_size": None} | settings)
    )
    return contents(run)


def kinds_of(out: Path) -> dict[int, set[str]]:
    trials = actlab.load_run(out).trials
    return {int(seed): set(rows) for seed, rows in trials.groupby("seed")["cpu"]}


def a_node_dies(driver: Driver, cluster: RayCluster) -> str:
    driver.reach(2)
    cluster.kill(2)
    return "one of two nodes of a kind, all of its processes"


def workers_die(driver: Driver, cluster: RayCluster) -> str:
    for node in (0, 1, 2):
        driver.reach(2 + 2 * node)
        end(cluster.workers(node))
    return "the workers of each node, one node after the other"


def a_node_joins_and_one_dies(driver: Driver, cluster: RayCluster) -> str:
    driver.reach(1)
    cluster.add({FAKED: "another"})
    driver.reach(5)
    cluster.kill(1)
    return "a fourth node joined, then one of the first three died"


def the_driver_dies(driver: Driver, cluster: RayCluster) -> str:
    driver.reach(4)
    driver.process.kill()
    driver.process.wait()
    before = driver.rows()
    driver.start()
    driver.wait()
    after = driver.rows()
    assert before.items() <= after.items() and len(after) > len(before)
    return "the driver, by SIGKILL; then the same command"


def ctrl_c(driver: Driver, cluster: RayCluster) -> str:
    return _told_to_end(driver, cluster, signal.SIGINT, "Ctrl-C")


def sigterm(driver: Driver, cluster: RayCluster) -> str:
    return _told_to_end(driver, cluster, signal.SIGTERM, "the driver, by SIGTERM")


def _told_to_end(driver: Driver, cluster: RayCluster, number: int, what: str) -> str:
    driver.reach(3)
    driver.process.send_signal(number)
    assert driver.wait() in (128 + number, -number), driver.said
    assert "Stopped." in driver.said
    idle(cluster)
    driver.start()
    return f"{what}; then the same command"


def the_head_dies(driver: Driver, cluster: RayCluster) -> str:
    driver.reach(3)
    cluster.kill(0)
    status = driver.wait()
    print(status, driver.said)
    assert status == 2 and "is kept" in driver.said
    with RayCluster(KINDS) as other:
        driver.command = [f"--address={other.address}" if "--address" in word else word for word in driver.command]
        driver.start()
        driver.wait()
    return "the head's node, all of its processes; then the same command with another cluster"


def idle(cluster: RayCluster) -> None:
    """Wait until no worker does a task."""
    until = time.monotonic() + 120
    while any(cluster.workers(node) for node in range(3)):
        assert time.monotonic() < until, "a task goes on"
        time.sleep(0.2)


_ALL = (a_node_dies, workers_die, a_node_joins_and_one_dies, the_driver_dies, ctrl_c, sigterm, the_head_dies)
ACCIDENTS: dict[str, Callable[[Driver, RayCluster], str]] = {accident.__name__: accident for accident in _ALL}


def tried(
    accident: Callable[[Driver, RayCluster], str], reference: list[bytes], **settings: Any
) -> dict[str, Any]:  # fmt: skip
    """What became of a run in which this happened."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        with RayCluster(KINDS) as cluster:
            driver = Driver(Path(name), cluster.environment, cluster.address, **settings)
            try:
                what = accident(driver, cluster)
                sockets = set(listening([*cluster.all(), driver.process.pid]))
                status = driver.wait()
            finally:
                end([driver.process.pid, *descendants(driver.process.pid)])
        kinds = kinds_of(driver.out)
        return {
            "accident": accident.__name__.replace("_", " "),
            "killed": what,
            "status": status,
            "equal_tables": status == 0 and contents(actlab.load_run(driver.out)) == reference,
            "one_kind_a_seed": all(len(found) == 1 for found in kinds.values()),
            "kinds": sorted({kind for found in kinds.values() for kind in found}),
            "listened_beyond_loopback": sorted(sockets - LOOPBACK),
            "processes_left": len(cluster.left),
            "seconds": round(time.monotonic() - began, 1),
            "said": driver.said.splitlines()[-12:] if status else [],
        }


def a_ray_of_its_own_is_killed(reference: list[bytes]) -> dict[str, Any]:
    """Without a cluster: Ray begins with the driver, and ends with it even by SIGKILL."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory(prefix="r") as short:
        env = os.environ | {"RAY_TMPDIR": short, "RAY_AUTH_MODE": "disabled", "OMP_NUM_THREADS": "1"}
        driver = Driver(Path(name), env, None)
        driver.reach(3)
        sockets = set(listening([driver.process.pid, *descendants(driver.process.pid)]))
        processes = descendants(driver.process.pid)
        driver.process.kill()
        driver.process.wait()
        ended = time.monotonic()
        left = gone(processes, seconds=180)
        ended = time.monotonic() - ended
        names = [command(pid) for pid in left]
        driver.start()
        status = driver.wait()
        return {
            "accident": "a Ray of its own is killed",
            "killed": "the driver, by SIGKILL, with Ray on this machine; then the same command",
            "status": status,
            "equal_tables": status == 0 and contents(actlab.load_run(driver.out)) == reference,
            "listened_beyond_loopback": sorted(sockets - LOOPBACK),
            "processes_left": len(left),
            "their_names": names,
            "said": driver.said.splitlines()[-12:] if status else [],
            "seconds_until_they_had_ended": round(ended, 1),
            "seconds": round(time.monotonic() - began, 1),
        }


def enter(row: dict[str, Any]) -> None:
    """Into the record, in the place of an earlier one of the same accident."""
    import ray

    print(json.dumps(row, indent=1), flush=True)
    known = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    about = environment("cpu")
    rows = {each["accident"]: each for each in known.get("accidents", [])}
    rows[row["accident"]] = row | {"commit": about["commit"], "load": round(os.getloadavg()[0], 1)}
    record = known | {
        "command": "python studies/engines_ray.py",
        "date": datetime.date.today().isoformat(),
        "environment": about,
        "ray": ray.__version__,
        "nodes": [each[FAKED] for each in KINDS],
        "networks": f"{' '.join(NAMES)} on digits, 6 seeds, 20 epochs, one network a stack",
        "accidents": list(rows.values()),
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    wanted = sys.argv[1:] or [*ACCIDENTS, "own"]
    with tempfile.TemporaryDirectory() as name:
        reference = here(Path(name))
    for accident in wanted:
        enter(a_ray_of_its_own_is_killed(reference) if accident == "own" else tried(ACCIDENTS[accident], reference))


if __name__ == "__main__":
    main()
