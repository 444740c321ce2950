"""Starts the process that is given inputs, and another where one dies or hangs; what became of them, as a record."""

import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from studies.fuzz import target
from studies.fuzz.child import Now

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "records" / "fuzz.json"
CORPUS = ROOT / "build" / "fuzz"
_PATIENCE = 90.0  # seconds without a new input, beyond what inputs may take: only a hang takes as long
_ENVIRONMENT = {  # no thread reserves memory of its own, and the same inputs are made whatever Python's hashes
    "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1",
    "PYTHONHASHSEED": "0", "TORCHINDUCTOR_COMPILE_THREADS": "1",
}  # fmt: skip


MAKERS = {"changes": "child", "atheris": "guided"}  # of inputs -> the module that gives them


def fuzz(
    name: str, *, executions: int, seconds: float, random_seed: int = 0, corpus: list[str] | None = None,
    by: str = "changes",
) -> dict[str, Any]:  # fmt: skip
    """Give a target inputs until `executions` were run, or `seconds` have passed: what was reached and found."""
    began = time.monotonic()
    lost: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        now = Now(folder / "now", fresh=True)
        while (left := seconds - (time.monotonic() - began)) > 0 and len(lost) < 20:
            asked = {"target": name, "executions": executions, "seconds": left, "random_seed": random_seed}
            (folder / "asked.json").write_text(json.dumps(asked | {"corpus": corpus or []}), encoding="utf-8")
            ended = _watched(folder, now, float(target(name).SECONDS), MAKERS[by])
            if not ended:
                break
            said = _said(folder)[-500:]
            lost.append({"kind": "died", "at": f"outside, {ended}", "words": said, "input": now.text[:100_000]})
        state = folder / "state.json"
        if not state.exists():
            raise RuntimeError(_said(folder)[-3000:])
        found = json.loads(state.read_text(encoding="utf-8"))
        return found | {
            "count": now.count,
            "faults": [*found.get("faults", []), *lost],
            "seconds": round(time.monotonic() - began, 1),
        }


def _watched(folder: Path, now: Now, seconds: float, maker: str) -> str:
    """Run a child to its end; how it ended where that was no good end, else nothing."""
    environment = os.environ | _ENVIRONMENT
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT), environment.get("PYTHONPATH", "")])
    with (folder / "said").open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", f"studies.fuzz.{maker}", str(folder)], cwd=folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    last, since = now.count, time.monotonic()
    try:
        while True:
            try:
                status = child.wait(1)
            except subprocess.TimeoutExpired:
                if now.count != last:
                    last, since = now.count, time.monotonic()
                elif time.monotonic() - since > _PATIENCE + 5 * seconds:
                    return "it hung, and could not be stopped by a signal"
                continue
            if status and now.count == 0:
                raise RuntimeError(_said(folder)[-3000:])
            return f"it ended with status {status}" if status else ""
    finally:
        child.kill()
        child.wait()


def _said(folder: Path) -> str:
    return (folder / "said").read_text(encoding="utf-8", errors="replace")


def row(name: str, found: dict[str, Any], command: str, by: str) -> dict[str, Any]:
    """What a record keeps of a target."""
    from actlab.engine.machine import environment

    module = target(name)
    return {
        "target": name,
        "by": by,
        "title": module.TITLE,
        "command": command,
        "date": datetime.date.today().isoformat(),
        "executions": found["count"],
        "seconds": found["seconds"],
        "became": found["became"],
        "covered": found["covered"],
        "lines": found["lines"],
        "grew": found["grew"],
        "inputs_kept": len(found["corpus"]),
        "limits": {"seconds": module.SECONDS, "bytes": module.BYTES},
        "peak_bytes": found["peak_bytes"],
        "found": [fault | {"input": fault["input"][:1000]} for fault in found["faults"]],
        "mended": list(module.MENDED),
        "environment": environment("cpu"),
    }


def write(new: dict[str, Any]) -> None:
    """The record with this target's row in place of its older one."""
    kept = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {"targets": []}
    others = [r for r in kept["targets"] if (r["target"], r["by"]) != (new["target"], new["by"])]
    rows = sorted([*others, new], key=lambda r: (r["target"], r["by"] != "changes", r["by"]))
    record = {
        "command": "python -m studies.fuzz TARGET",
        "n": {f"{r['target']}, by {r['by']}": r["executions"] for r in rows},
        "environment": new["environment"],
        "targets": rows,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
