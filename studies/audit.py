"""Put every activation of PyTorch and of five packages through the battery, and say what fails.

    python studies/audit.py
    python studies/audit.py --only torch.nn --limit 120

Two worker processes; a class that takes longer than the limit is noted as such, and its worker replaced. Writes
records/audit.json; `python studies/audit_page.py` makes docs/audit.md of it.
"""

import argparse
import contextlib
import dataclasses
import datetime
import importlib.metadata
import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import torch
from audit_lines import line
from audit_targets import PACKAGES, REFERENCES, Candidate, without_torchvision

from actlab.checks import check
from actlab.engine.machine import environment
from actlab.errors import UserError

RECORD = Path(__file__).parents[1] / "records" / "audit.json"
DISTRIBUTIONS = ("torch", "timm", "transformers", "torch-activation", "actix", "torchact", "mpmath", "numpy")


def look(candidate: Candidate) -> dict[str, Any]:
    """One class through the battery: what failed, or why it was left out."""
    try:
        module = candidate.make()
    except Exception as error:
        return {"status": "cannot be made", "why": _words(error)}
    module.eval()
    x = torch.linspace(-3, 3, 64)
    try:
        with torch.no_grad():
            y = module(x.clone())
    except Exception as error:
        return {"status": "cannot be called", "why": _words(error)}
    if not isinstance(y, torch.Tensor) or y.shape != x.shape:
        shape = tuple(y.shape) if isinstance(y, torch.Tensor) else type(y).__name__
        return {"status": "not elementwise", "why": f"64 values become {shape}"}
    try:
        with torch.no_grad():
            module(x[:1].clone())
    except Exception as error:
        return {"status": "not elementwise", "why": f"a single value: {_words(error)}"}
    try:
        first = check(module, only=["elementwise", "deterministic"])
        if (apart := first.finding("elementwise")).outcome == "fail":
            same = first.finding("deterministic").outcome == "pass"
            return {"status": "not elementwise" if same else "random in evaluation", "why": apart.says}
        verdict = check(module, reference=candidate.reference, inductor=False)
    except UserError as error:
        return {"status": "refused", "why": str(error)}
    found = [f.as_dict() for f in verdict.failures]
    return {
        "status": "checked",
        "identity": verdict.identity,
        "truth": verdict.truth,
        "seconds": round(verdict.seconds, 2),
        "findings": [f | {"reproduction": line(candidate, f)} for f in found],
    }


def worker() -> None:
    """Candidates in as lines of JSON, what was found out; what packages print goes nowhere."""
    torch.set_num_threads(1)
    without_torchvision()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers, open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        for asked in sys.stdin:
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                try:
                    answer = look(Candidate(**json.loads(asked)))
                except Exception as error:
                    answer = {"status": "the battery failed", "why": _words(error)}
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


class Worker:
    """A process that looks at one candidate after the other, and can be given up."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.process: subprocess.Popen[str] | None = None

    def ask(self, candidate: Candidate) -> dict[str, Any]:
        if self.process is None:
            command = [sys.executable, __file__, "--worker"]
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        process = self.process
        timer = threading.Timer(self.limit, process.kill)
        timer.start()
        began = time.perf_counter()
        try:
            process.stdin.write(json.dumps(dataclasses.asdict(candidate)) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        timer.cancel()
        if answer:
            return json.loads(answer)
        process.wait()
        self.process = None
        late = time.perf_counter() - began >= self.limit
        return {"status": "took too long" if late else "killed its process", "why": f"limit {self.limit:g} s"}

    def close(self) -> None:
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()


def enumerate_all(only: list[str]) -> tuple[list[Candidate], dict[str, str]]:
    """All candidates, and the packages that cannot be imported with the reason."""
    found, missing = [], {}
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        for package, classes in PACKAGES.items():
            if only and package not in only:
                continue
            try:
                named = REFERENCES.get(package, {})
                found += [Candidate(package, n, i, c, named.get(n)) for n, i, c in classes()]
            except ImportError as error:
                missing[package] = _words(error)
    return found, missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[], help="packages")
    parser.add_argument("--names", nargs="*", default=[], help="classes")
    parser.add_argument("--limit", type=float, default=90.0, help="seconds for a class")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--record", type=Path, default=RECORD)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker()
        return
    began = time.perf_counter()
    found, missing = enumerate_all(options.only)
    if options.names:
        found = [c for c in found if c.name in options.names]
    waiting: queue.SimpleQueue[Candidate] = queue.SimpleQueue()
    for candidate in found:
        waiting.put(candidate)
    answers: dict[tuple[str, str], dict[str, Any]] = {}

    def serve() -> None:
        hand = Worker(options.limit)
        while True:
            try:
                candidate = waiting.get_nowait()
            except queue.Empty:
                hand.close()
                return
            answer = hand.ask(candidate)
            answers[candidate.package, candidate.name] = answer
            failed = ", ".join(f["check"] for f in answer.get("findings", []))
            print(f"{len(answers):4}/{len(found)} {candidate.package} {candidate.name}: {answer['status']} {failed}")

    threads = [threading.Thread(target=serve) for _ in range(options.workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = [
        {"package": c.package, "name": c.name, "code": c.code, "reference": c.reference} | answers[c.package, c.name]
        for c in found
    ]
    record = {
        "command": " ".join(["python", "studies/audit.py", *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "versions": {name: importlib.metadata.version(name) for name in DISTRIBUTIONS},
        "torchvision": "a stand-in of empty classes" if without_torchvision() else "installed",
        "seconds": round(time.perf_counter() - began),
        "limit_seconds": options.limit,
        "n": len(rows),
        "not_importable": missing,
        "rows": rows,
    }
    options.record.parent.mkdir(exist_ok=True)
    options.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"Record: {options.record}")


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


if __name__ == "__main__":
    main()
