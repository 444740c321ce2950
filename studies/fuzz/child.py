"""The process that is given inputs: `python -m studies.fuzz.child FOLDER`, started and watched by the driver.

Its folder holds `asked.json`, what is to be done; `now`, a mapped file with the number of inputs so far and the input
at hand, which the driver reads when this process has been killed or hangs; `state.json`, what was found.
"""

import contextlib
import json
import mmap
import random
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from studies.fuzz import inputs, target
from studies.fuzz.inputs import Input
from studies.fuzz.lines import SOURCE, Steps, files_of
from studies.fuzz.refusal import unclear

from actlab.errors import UserError

NOW_BYTES = 2**25
_ALL_TRACED = 2_000  # inputs; of later ones each eighth is traced, which takes most of the time
_SHOWN = 300
_SAVED_SECONDS = 15.0  # between two states that are written
_KEPT = 20_000  # the length of an input up to which others are made of it
_MOST = 30  # different faults that are kept


class TooLong(BaseException):
    """More processor time than an input may take; no Exception, so that nothing catches it."""


class Now:
    """What is being run, where it outlives this process."""

    def __init__(self, file: Path, *, fresh: bool = False) -> None:
        if fresh or not file.exists():
            with file.open("wb") as empty:
                empty.truncate(NOW_BYTES)
        with file.open("r+b") as opened:
            self._held = mmap.mmap(opened.fileno(), NOW_BYTES)

    def put(self, count: int, what: str) -> None:
        content = what.encode()[: NOW_BYTES - 16]
        self._held[:16] = count.to_bytes(8, "little") + len(content).to_bytes(8, "little")
        self._held[16 : 16 + len(content)] = content

    @property
    def count(self) -> int:
        return int.from_bytes(self._held[:8], "little")

    @property
    def text(self) -> str:
        return self._held[16 : 16 + int.from_bytes(self._held[8:16], "little")].decode()


def tried(module: ModuleType, what: Input) -> tuple[str, dict[str, Any] | None]:
    """What became of an input: "answered", "refused" in clear words, or "fault", and what is wrong."""
    try:
        with _limited(module.SECONDS):
            module.run(what)
        return "answered", None
    except getattr(module, "ALLOWED", UserError) as error:
        why = unclear(str(error))
        fault = _fault(error, f"an error that {why}: {str(error)[:_SHOWN]!r}") if why else None
    except KeyboardInterrupt:
        raise
    except TooLong as error:
        fault = _fault(error, f"more than {module.SECONDS} s of processor time")
    except BaseException as error:
        fault = _fault(error, str(error)[:_SHOWN])
    return "fault" if fault else "refused", fault


@contextlib.contextmanager
def _limited(seconds: float) -> Any:
    """TooLong after that much processor time: whatever else the machine has to do, the same inputs are too long."""

    def ring(number: int, frame: Any) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _fault(error: BaseException, words: str) -> dict[str, Any]:
    """A fault by its kind and the innermost place of ours where it showed; of what is too long the outermost.

    Where a target itself finds an answer wrong, by the line that says so.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f.filename.startswith(str(SOURCE))]
    place = ours[0 if isinstance(error, TooLong) else -1] if ours else None
    at = f"{Path(place.filename).relative_to(SOURCE).as_posix()}:{place.name}" if place else ""
    at = at or f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
    return {"kind": type(error).__name__, "at": at, "words": words}


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE


def limit_memory(more: int) -> None:
    """From here on an allocation that would take this process further is refused, before it is made."""
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + more, resource.RLIM_INFINITY))


class Work:
    """Inputs, one after the other, and what became of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
        self.module = target(self.asked["target"])
        self.now = Now(folder / "now")
        self.steps = Steps(files_of(self.module.MODULES))
        self.count = self.now.count
        state = folder / "state.json"
        kept = json.loads(state.read_text(encoding="utf-8")) if state.exists() else {}
        self.corpus = [inputs.unpacked(text) for text in kept.get("corpus", [])]
        self.faults: list[dict[str, Any]] = kept.get("faults", [])
        self.steps.seen = {tuple(step) for step in kept.get("steps", [])}
        self.grew = kept.get("grew", 0)
        self.became = kept.get("became", {"answered": 0, "refused": 0, "fault": 0})
        first = [*self.module.SEEDS, *map(inputs.unpacked, self.asked["corpus"])]
        self.waiting = first[self.count :][::-1]
        self.random = random.Random(f"{self.asked['random_seed']}:{self.count}")
        self._saved = time.monotonic()

    def next(self) -> Input:
        if self.waiting:
            return self.waiting.pop()  # the first is last
        if not self.corpus or self.random.random() < 0.4:
            return self.module.make(self.random)
        chosen = self.random.choice(self.corpus[-50:] if self.random.random() < 0.3 else self.corpus)
        own = getattr(self.module, "change", None)
        if own is not None and self.random.random() < 0.5:
            return own(self.random, chosen)
        return inputs.changed(self.random, chosen, self.corpus)

    def prepare(self) -> None:
        getattr(self.module, "prepare", lambda: None)()
        limit_memory(self.module.BYTES)

    def all(self) -> None:
        self.prepare()
        ends = time.monotonic() + self.asked["seconds"]
        while self.count < self.asked["executions"] and time.monotonic() < ends:
            self.take(self.next())
        self.save(done=True)

    def take(self, what: Input) -> None:
        if self.count % 500 == 0:
            limit_memory(self.module.BYTES)
        self.count += 1
        self.now.put(self.count, inputs.packed(what))
        self.one(what)
        if time.monotonic() > self._saved + _SAVED_SECONDS:
            self.save()

    def one(self, what: Input) -> None:
        if self.count > _ALL_TRACED and self.count % 8:
            became, fault = tried(self.module, what)
        else:
            with self.steps.traced() as taken:
                became, fault = tried(self.module, what)
            if fault is not None and fault["kind"] == "TooLong":  # or it is so for being traced
                became, fault = tried(self.module, what)
            if new := taken - self.steps.seen:
                self.steps.seen |= new
                self.grew = self.count
                if len(what) <= _KEPT:
                    self.corpus.append(what)
        self.became[became] += 1
        if fault is not None:
            self.note(fault, what)

    def note(self, fault: dict[str, Any], what: Input) -> None:
        """Keep a fault that is not known, with the smallest input that has it."""
        known = [(f["kind"], f["at"]) for f in self.faults]
        if (fault["kind"], fault["at"]) in known or len(known) >= _MOST:
            return

        def is_same(shorter: Input) -> bool:
            _, other = tried(self.module, shorter)
            return other is not None and (other["kind"], other["at"]) == (fault["kind"], fault["at"])

        slow = fault["kind"] in ("TooLong", "MemoryError")
        small = inputs.smaller(what, is_same, 15 if slow else 300)
        self.faults.append(fault | {"input": inputs.packed(small), "after": self.count})
        self.save()

    def save(self, done: bool = False) -> None:
        state = {
            "done": done,
            "count": self.count,
            "grew": self.grew,
            "became": self.became,
            "lines": self.steps.lines,
            "covered": self.steps.covered,
            "missed": self.steps.missed(),
            "corpus": [inputs.packed(what) for what in self.corpus],
            "faults": self.faults,
            "steps": sorted(self.steps.seen),
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        beside = self.folder / "state.new"
        beside.write_text(json.dumps(state), encoding="utf-8")
        beside.replace(self.folder / "state.json")
        self._saved = time.monotonic()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Work(Path(sys.argv[1])).all()
