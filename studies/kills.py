"""kill -9 at random moments of a run's life, then the same command: is what it leaves as if nobody had disturbed it?

    python studies/kills.py                    # 100 kills, about half an hour; writes records/kills.json
    python studies/kills.py --kills 10 --no-record

Moments: of time, evenly over the run's life; of storage calls (`disk_watch.c`), each as likely; aimed ones, where first
what is written is drawn, then a call of it. The driver, a worker, the server that workers are forked from, or all are
killed, before the call, half-way through a write or after it; what goes on is killed again, up to twice.
"""

import argparse
import collections
import dataclasses
import datetime
import json
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from disk_watch import HOWS, WHOMS, Call, Watch, marks
from run_contents import contents, differences, finished

RECORD = Path(__file__).parents[1] / "records" / "kills.json"
_SMALL = ["compare", "relu", "prelu", "--data", "digits", "--hidden", "8", "--epochs", "6", "--stack-size", "2"]
_NARROW = ["--max-seeds", "6", "--margin", "0.01"]
QUESTIONS = {
    "one process": [*_SMALL, "--workers", "1", "--seeds", "3"],
    "two workers": [*_SMALL, "--workers", "2", "--seeds", "3"],
    "tuned": [*_SMALL, "--workers", "1", "--seeds", "2", "--lr", "0.03,0.1", "--epochs", "3"],
    "until decided": [*_SMALL, "--workers", "2", "--seeds", "3", "--until-decided", *_NARROW],
}
PARTS = {  # of a path in the folder -> what is written there
    "working/": "checkpoint", "parameters/": "parameters", "artefacts/": "artefacts", "report/": "report",
    "run.db.new": "the folder's making", "lock": "the folder's making", "run.db": "transaction",
    "experiment.toml": "experiment.toml",
}  # fmt: skip


@dataclasses.dataclass
class Kill:
    """One kill, asked for; and what it hit."""

    kind: str  # time, call or aimed
    whom: str
    at: float  # seconds, or the number of the call
    how: str = ""


def part_of(path: str, root: Path) -> str:
    """What is written at a path, in words."""
    place = path.removeprefix(f"{root}/").removeprefix("tuning/")
    return next((said for begin, said in PARTS.items() if place.startswith(begin)), "other files")


@dataclasses.dataclass
class Undisturbed:
    """A run that nobody disturbed: what it left, how long it lived, what it wrote in which order."""

    left: dict[str, bytes]
    seconds: float
    calls: list[Call]
    root: Path


def undisturbed(watch: Watch, name: str, forked: bool) -> Undisturbed:
    root = watch.scratch / "run"
    shutil.rmtree(root, ignore_errors=True)
    begun = time.monotonic()
    command = watch.begin("undisturbed", root, [*QUESTIONS[name], "--out", str(root)], forked=forked)
    assert command.wait() == 0, command.said.read_text()
    seconds = time.monotonic() - begun
    command.left()
    left = contents(root)
    shutil.rmtree(root)
    return Undisturbed(left, seconds, command.calls, root)


def drawn(rng: random.Random, usual: Undisturbed, forked: bool, workers: bool) -> Kill:
    """A kill, at random."""
    kind = rng.choice(["time", "call", "aimed"])
    if kind == "time":
        whom = rng.choice(
            ["driver", "group", *(["worker", "worker"] if workers else []), *(["server"] * (workers and not forked))]
        )
        return Kill(kind, whom, rng.uniform(0, usual.seconds))
    counted = [call for call in usual.calls if call.call and call.op not in ("open", "close", "mark")]
    if kind == "aimed":
        part = rng.choice(sorted({part_of(call.path, usual.root) for call in counted}))
        counted = [call for call in counted if part_of(call.path, usual.root) == part]
    return Kill(kind, rng.choice(WHOMS), rng.choice(counted).call, rng.choice(HOWS))


def struck(watch: Watch, name: str, root: Path, kill: Kill, forked: bool) -> dict[str, Any]:
    """Run the command, kill; what was going on then. `hit` is false where it had ended before."""
    aimed = {"kill_at": int(kill.at), "how": kill.how, "whom": kill.whom} if kill.kind != "time" else {}
    command = watch.begin("struck", root, [*QUESTIONS[name], "--out", str(root)], forked=forked, **aimed)
    hit = False
    if kill.kind == "time":
        time.sleep(kill.at)
        hit = command.strike(kill.whom) if command.members().get(command.pid) else False
    status = command.wait()
    left = command.left()
    calls = command.calls
    killed = [call for call in calls if call.op == "killed"]
    counted = [call for call in calls if call.call and call.op not in ("open", "close", "mark", "killed")]
    going = "loading, before it touches the folder"
    if killed:
        pid, drove = killed[-1].pid, killed[-1].pid == command.pid
        what = next((c.op for c in counted if c.call == killed[-1].call and c.pid == pid), "call")
        going = f"{part_of(killed[-1].path, root)}: {kill.how} a {what}, by the {'driver' if drove else 'worker'}"
        hit = True
    elif counted:
        last = counted[-1]
        going = f"after {part_of(last.path, root)} ({last.op})"
    fault = f"status {status} after a kill of {kill.whom}: {command.said.read_text()[-600:]}"
    alone = kill.whom == "worker" or (kill.whom == "self" and killed and killed[-1].pid != command.pid)
    allowed = (0,) if not hit or alone else (-9, 0) if kill.whom == "server" else (-9,)
    return {
        "hit": hit, "going_on": going, "status": status, "calls": calls,
        "faults": [fault] * (status not in allowed) + [f"{role} outlived its driver" for role in left.values()],
    }  # fmt: skip


def trained_twice(calls: list[Call], before: set[str]) -> list[str]:
    """Keys that were begun although they had been committed, before this command or by it."""
    committed = {place: set(keys) for place, keys in marks(calls, "committed")}
    found = []
    for place, keys in marks(calls, "begun"):
        known = before.union(*(done for at, done in committed.items() if at < place))
        found += [f"trained twice: {key}" for key in keys if key in known]
    return found


def case(watch: Watch, rng: random.Random, name: str, usual: Undisturbed, forked: bool) -> dict[str, Any]:
    """A run, killed once or twice, then finished and compared."""
    root = watch.scratch / "run"
    workers = QUESTIONS[name][QUESTIONS[name].index("--workers") + 1] != "1"
    while True:  # until a kill has hit: a moment of time may lie behind the run's end
        shutil.rmtree(root, ignore_errors=True)
        kill = drawn(rng, usual, forked, workers)
        first = struck(watch, name, root, kill, forked)
        if first["hit"]:
            break
        if first["faults"]:
            break
    kills, faults, before = [], [], set()
    steps = [(kill, first)]
    faults += first["faults"] + trained_twice(first["calls"], set())
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        before = finished(root)
        kill = drawn(rng, usual, forked, workers)
        kill.at = kill.at * rng.random() if kill.kind == "time" else max(1, int(kill.at * rng.random()))
        again = struck(watch, name, root, kill, forked)
        faults += again["faults"] + trained_twice(again["calls"], before)
        steps += [(kill, again)] if again["hit"] else []
    before = finished(root)
    last = watch.begin("last", root, [*QUESTIONS[name], "--out", str(root)], forked=forked)
    status = last.wait()
    last.left()
    if status:
        faults.append(f"the command that goes on ends with {status}: {last.said.read_text()[-600:]}")
    else:
        faults += trained_twice(last.calls, before)
        try:
            faults += differences(contents(root), usual.left)
        except Exception as error:
            faults.append(f"what is left cannot be read: {error!r}")
    for kill, step in steps:
        at = round(kill.at, 3) if kill.kind == "time" else kill.at
        kills.append({"moment": kill.kind, "at": at, "killed": kill.whom, "going_on": step["going_on"]})
    return {
        "question": name, "begun": "fork" if forked else "command line", "kills": kills,
        "finished_before": len(before), "equal": not faults, "faults": faults,
    }  # fmt: skip


def run(
    watch: Watch, kills: int, seed: int, questions: list[str], typed: int, keep: Callable[[list[dict]], Any] = len
) -> list[dict]:  # fmt: skip
    """So many kills; one run in `typed`, if any, is a command line's own process, from its very start."""
    rng, rows, known, done = random.Random(seed), [], {}, 0
    while done < kills:
        forked = not typed or len(rows) % typed > 0
        among = questions if forked else questions[:2]
        name = among[len(rows) // (1 if forked else typed) % len(among)]
        if (name, forked) not in known:
            known[name, forked] = undisturbed(watch, name, forked)
        if (name, not forked) in known:
            assert differences(known[name, forked].left, known[name, not forked].left) == []
        rows.append(case(watch, rng, name, known[name, forked], forked))
        done += len(rows[-1]["kills"])
        print(done, json.dumps(rows[-1]), flush=True)
        keep(rows)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--questions", nargs="*", choices=[*QUESTIONS], default=[*QUESTIONS])
    parser.add_argument("--no-record", action="store_true")
    given = parser.parse_args()
    from actlab.engine.machine import environment

    begun, command = environment("cpu"), " ".join(["python studies/kills.py", *sys.argv[1:]])

    def keep(rows: list[dict]) -> None:
        """After each run: what is broken off leaves what it has found."""
        record = recorded(rows, {"command": command, "date": datetime.date.today().isoformat(), "environment": begun})
        if not given.no_record:
            lines = ",\n  ".join(json.dumps(row) for row in rows)
            head = json.dumps(record, indent=1).removesuffix("\n}")
            RECORD.write_text(f'{head},\n "rows": [\n  {lines}\n ]\n}}\n', encoding="utf-8")

    with tempfile.TemporaryDirectory() as scratch, Watch(Path(scratch)) as watch:
        rows = run(watch, given.kills, given.seed, given.questions, 4, keep)
    sys.exit(not all(row["equal"] for row in rows))


def recorded(rows: list[dict], about: dict[str, Any]) -> dict[str, Any]:
    every = [kill for row in rows for kill in row["kills"]]
    counted = {name: collections.Counter(kill[name] for kill in every) for name in ("killed", "moment")}
    going_on = collections.Counter(re.split("[:,(]", kill["going_on"])[0].strip() for kill in every)
    typed = sum(len(row["kills"]) for row in rows if row["begun"] == "command line")
    equal = sum(row["equal"] for row in rows)
    return {**about, "n": len(every), "of_command_lines": typed, "runs": len(rows), "equal_runs": equal} | {
        **counted, "while": going_on,
    }  # fmt: skip


if __name__ == "__main__":
    main()
