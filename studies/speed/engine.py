"""The engine beside its floor, and beside other ways to train the same networks: in turns, in one run."""

import importlib.util
import logging
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import torch
from studies.speed import peers
from studies.speed.floor import FORMS, Floor
from studies.speed.picture import Line
from studies.speed.record import by_networks, markdown, summary
from studies.speed.workload import Workload, arrays_of, workload

from actlab.engine import Arrays, Trainer, cores, one_thread
from actlab.report.svg import Drawing
from actlab.running.processes import context

NAME = "engine"
TITLE = "The engine, its floor and its peers"

ROUNDS = 5
_SHARE = 8  # peers train this part of the samples, the engine beside them too: the slowest would take hours
_LIMITS = {"sgd": 1.25, "momentum": 1.6, "adamw": 1.6}  # times the floor, from 8 networks on
Candidates = dict[str, Callable[[], object]]

PEERS: dict[str, tuple[str, Callable[[Workload], Any]]] = {
    "loader": ("one by one, DataLoader as in tutorials", peers.LoaderLoop),
    "batch_loader": ("one by one, DataLoader of whole batches", peers.BatchLoaderLoop),
    "loop": ("one by one, tensors in memory", peers.Loop),
    "vmap": ("torch.func: vmap(grad)", peers.Vmap),
    "stacked": ("stacked, autograd", peers.StackedAutograd),
    "vmap_compiled": ("torch.func: vmap(grad), compiled", lambda work: peers.Vmap(work, peers.compiled)),
    "stacked_compiled": ("stacked, autograd, compiled", lambda work: peers.StackedAutograd(work, peers.compiled)),
    "jax": ("JAX: jit(vmap(scan))", lambda work: _jax(work)),
}
_OURS = {"engine": "this engine, one core", "engine_cores": "this engine, a process a core"}
_COMPILED = "_compiled"
_ONE_BY_ONE = ("loader", "batch_loader", "loop")


def measure(quick: bool) -> dict[str, Any]:
    """Rows of the engine against its floor, then of the peers against the engine."""
    name = "digits" if quick else "mnist"
    rounds = 2 if quick else ROUNDS
    settings: list[tuple[int, int, tuple[str, ...]]] = [
        (1, 1, ("sgd",)), (8, 1, ("sgd",)), (9, 1, ("sgd",)), (15, 1, ("sgd", "momentum", "adamw")), (30, 1, ("sgd",)),
    ]  # fmt: skip
    if cores() > 1:
        settings.append((15, cores(), ("sgd",)))
    if quick:
        settings = [(1, 1, ("sgd",)), (8, 1, ("sgd", "adamw"))]
    arrays, content = arrays_of(name)
    rows: list[dict[str, Any]] = []
    with one_thread():
        for networks, processes, optimizers in settings:
            _say(f"networks in a process: {networks}, processes: {processes}; beside the floor")
            rows += against_floor(name, networks, processes, optimizers, rounds)
            _say("; ".join(f"{r['optimizer']} {_times(r['ratio'])} times it" for r in rows[-len(optimizers) :]))
        chosen = [key for key in PEERS if not (quick and key.endswith(_COMPILED))]
        for networks in (3,) if quick else (1, 15):
            share = 1 if quick or networks == 1 else _SHARE
            tried = (1,) if quick else tuple(sorted({1, cores()}))
            team = None if quick or cores() == 1 else Team(cores(), name, networks, ("sgd",), 1 / share)
            try:
                found = against_peers(arrays, content, networks, chosen, rounds, share, tried, team)
            finally:
                if team is not None:
                    team.end()
            _say("; ".join(f"{r['candidate']} {_cell(r)}" for r in found))
            rows += found
    return {
        "rows": rows,
        "n": rounds,
        "interval": "smallest to largest of the ratios of the rounds",
        "limits": _limits(name, len(arrays.y_train), len(arrays.y_valid)),
        "peers": {"jax": version("jax")} if importlib.util.find_spec("jax") else {},
    }


def _limits(name: str, train: int, valid: int) -> str:
    return (
        f"{name}: {train:,} training and {valid:,} validation samples, hidden layers 128-64, batch 64, float32; relu, "
        "tanh and leaky_relu in turn. Seconds are of one epoch with validation and of one network, the engine with one "
        "thread a process. The floor is the fastest of three forms of the products alone; asked: at most 1.25 times "
        "the floor from 8 networks on, 1.6 for momentum and AdamW. Peers, and the engine beside them, train one part "
        f"in {_SHARE} of the samples from 15 networks on, times {_SHARE}; of what trains one by one, a network of each "
        "activation is timed. Each has one thread or all cores, whichever was faster before the rounds (JAX: its own, "
        "all cores); the engine's row of a process a core has so many networks in each and counts them all."
    )


def against_floor(
    name: str, networks: int, processes: int, optimizers: Sequence[str], rounds: int
) -> list[dict[str, Any]]:
    """The engine with each optimizer and the floor in each form, in as many processes at once."""
    team = Here(name, networks, optimizers) if processes == 1 else Team(processes, name, networks, optimizers)
    try:
        found = in_turns({key: lambda key=key: team.seconds(key) / networks for key in team.names}, rounds)
    finally:
        team.end()
    form = min(FORMS, key=lambda form: statistics.median(found[form]))
    rows = []
    for optimizer in optimizers:
        rows.append(
            {
                "part": "floor",
                "networks": networks,
                "processes": processes,
                "optimizer": optimizer,
                "seconds": summary(found[optimizer]),
                "floor_seconds": summary(found[form]),
                "floor": form,
                "ratio": _ratio(found[optimizer], found[form]),
                "asked": _LIMITS[optimizer] if networks >= 8 and name == "mnist" else None,
            }
        )
    return rows


def against_peers(
    arrays: Arrays,
    content: str,
    networks: int,
    chosen: Sequence[str],
    rounds: int,
    share: int,
    tried: Sequence[int],
    team: "Team | None" = None,
) -> list[dict[str, Any]]:
    """The engine and every peer on the same part of the samples. `team`: the engine in a process a core as well."""
    if any(key.endswith(_COMPILED) for key in chosen):  # Dynamo is slow to import
        logging.getLogger("torch._dynamo").setLevel(logging.ERROR)
        torch.compiler.reset()  # what was compiled for other shapes
    work = workload(arrays, content, networks).part(1 / share)
    alone = work.one_of_each()
    candidates = {"engine": _timed(Trainer(work.stack, work.arrays).epoch, 1, networks / share)}
    threads = {"engine": 1}
    if team is not None:  # so many networks in each process
        whole = len(team) * networks / share
        candidates["engine_cores"] = lambda: team.seconds("sgd") / whole
        threads["engine_cores"] = len(team)
    absent = []
    for key in chosen:
        mine = alone if key in _ONE_BY_ONE else work
        _say(f"networks: {networks}; {PEERS[key][0]}")
        try:
            peer = PEERS[key][1](mine)
        except ImportError:
            absent.append({"part": "peers", "networks": networks, "candidate": key, "absent": "not installed"})
            continue
        trained = len(mine.trials) / share
        best = 1 if key == "jax" else _best_threads(peer.epoch, tried)  # of torch's; JAX takes all cores by itself
        candidates[key], threads[key] = _timed(peer.epoch, best, trained), cores() if key == "jax" else best
    found = in_turns(candidates, rounds)
    rows = [
        {
            "part": "peers",
            "networks": networks,
            "candidate": key,
            "threads": threads[key],
            "seconds": summary(seconds),
            "times_engine": _ratio(seconds, found["engine"]),
            "share": f"1/{share}",
        }
        for key, seconds in found.items()
    ]
    return [*rows, *absent]


def in_turns(candidates: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each candidate in each round, after one that warms up; every other round goes backwards."""
    found: dict[str, list[float]] = {key: [] for key in candidates}
    for number in range(rounds + 1):
        for key in list(candidates)[:: -1 if number % 2 else 1]:
            seconds = candidates[key]()
            if number:
                found[key].append(seconds)
    return found


class Here:
    """Candidates in this process."""

    def __init__(self, name: str, networks: int, optimizers: Sequence[str], share: float = 1.0) -> None:
        self._candidates = _candidates(name, networks, optimizers, share)
        self.names = list(self._candidates)

    def seconds(self, name: str) -> float:
        return _timed(self._candidates[name], 1, 1)()

    def end(self) -> None: ...


class Team:
    """The same candidate in several processes at once; the slowest counts."""

    def __init__(self, count: int, *arguments: Any) -> None:
        place = context()
        self._members = []
        for _ in range(count):
            ours, theirs = place.Pipe()
            process = place.Process(target=_member, args=(theirs, *arguments), daemon=True)
            process.start()
            theirs.close()
            self._members.append((process, ours))
        self.names = [pipe.recv() for _, pipe in self._members].pop()

    def seconds(self, name: str) -> float:
        for _, pipe in self._members:
            pipe.send(name)
        return max(pipe.recv() for _, pipe in self._members)

    def __len__(self) -> int:
        return len(self._members)

    def end(self) -> None:
        for process, pipe in self._members:
            pipe.close()  # which ends its loop
            process.join()


def _member(pipe: Any, *arguments: Any) -> None:
    torch.set_num_threads(1)
    here = Here(*arguments)
    pipe.send(here.names)
    try:
        while True:
            pipe.send(here.seconds(pipe.recv()))
    except EOFError:
        pass


def _candidates(name: str, networks: int, optimizers: Sequence[str], share: float) -> Candidates:
    arrays, content = arrays_of(name)
    works = {kind: workload(arrays, content, networks, optimizer=kind).part(share) for kind in optimizers}
    found: Candidates = {kind: Trainer(work.stack, work.arrays).epoch for kind, work in works.items()}
    return found | {form: Floor(works[optimizers[0]], form).epoch for form in FORMS}


def _timed(epoch: Callable[[], object], threads: int, divisor: float) -> Callable[[], float]:
    def seconds() -> float:
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        began = time.perf_counter()
        epoch()
        return (time.perf_counter() - began) / divisor

    return seconds


def _best_threads(epoch: Callable[[], object], tried: Sequence[int]) -> int:
    """The number of threads that is fastest, each after an epoch that warms up (and compiles)."""
    taken = {}
    for threads in tried if len(tried) > 1 else ():
        once = _timed(epoch, threads, 1)
        once()
        taken[threads] = min(once(), once())
    return min(taken, key=taken.__getitem__, default=tried[0])


def _jax(work: Workload) -> Any:
    from studies.speed.jax_peer import Jax

    return Jax(work)


def _ratio(above: Sequence[float], below: Sequence[float]) -> dict[str, float]:
    return summary([a / b for a, b in zip(above, below, strict=True)], digits=3)


def _say(text: str) -> None:
    print(f"engine: {text}", file=sys.stderr, flush=True)


def table(record: dict[str, Any]) -> str:
    floor = [row for row in record["rows"] if row["part"] == "floor"]
    beside = [row for row in record["rows"] if row["part"] == "peers"]
    above = markdown(
        ["networks", "processes", "optimizer", "engine, s", "floor, s", "engine / floor", "asked"],
        [
            [
                str(row["networks"]),
                str(row["processes"]),
                row["optimizer"],
                f"{row['seconds']['median']:.3f}",
                f"{row['floor_seconds']['median']:.3f} ({row['floor']})",
                _times(row["ratio"], row["asked"]),
                f"{row['asked']:.2f}" if row["asked"] else "",
            ]
            for row in floor
        ],
    )
    counts = list(dict.fromkeys(row["networks"] for row in beside))
    titles = _OURS | {key: title for key, (title, _) in PEERS.items()}
    rows = []
    for key in dict.fromkeys(row["candidate"] for row in beside):
        cells = {row["networks"]: _cell(row) for row in beside if row["candidate"] == key}
        rows.append([titles[key], *(cells.get(count, "") for count in counts)])
    heads = [f"{count} network" + ("s" if count > 1 else "") for count in counts]
    return above + "\n\n" + markdown(["s, and times the engine", *heads], rows)


def _cell(row: dict[str, Any]) -> str:
    if "absent" in row:
        return row["absent"]
    threads = f"; {row['threads']} cores" if row["threads"] > 1 else ""
    times = "" if row["candidate"] == "engine" else f", {_times(row['times_engine'])}"
    return f"{row['seconds']['median']:.3f}{times}{threads}"


def _times(ratio: dict[str, float], asked: float | None = None) -> str:
    """The ratio and its range; bold above what was asked."""
    text = f"{ratio['median']:.2f}"
    if asked and round(ratio["median"], 2) > asked:
        text = f"**{text}**"
    return f"{text} ({ratio['lowest']:.2f} to {ratio['highest']:.2f})"


def plot(record: dict[str, Any]) -> Drawing:
    """Seconds of an epoch and network by the number of networks."""
    found: dict[str, list[tuple[int, float]]] = {}
    for row in record["rows"]:
        if row["part"] == "peers" and "absent" not in row:
            title = _OURS.get(row["candidate"]) or PEERS[row["candidate"]][0]
            found.setdefault(title, []).append((row["networks"], row["seconds"]["median"]))
        elif row["part"] == "floor" and row["processes"] == 1 and row["optimizer"] == "sgd":
            floor = found.setdefault("floor: its products alone, one core", [])
            floor.append((row["networks"], row["floor_seconds"]["median"]))
    series = {
        title: Line(*zip(*points, strict=True), 3 if title.startswith("this") else 1.5, title.startswith("floor"))
        for title, points in found.items()
    }
    return by_networks(series, "seconds for one epoch and network")
