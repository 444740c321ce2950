# ruff: noqa: E501 - the prose of a page
"""What the battery finds, and how long it takes: planted mistakes beside gradcheck, right ones, the whole catalogue.

    python studies/battery.py

Writes records/battery.json, and docs/battery.md from it.
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import torch

from actlab import catalogue
from actlab.checks import check
from actlab.checks.battery.run import ORDERED
from actlab.engine.machine import environment

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "records" / "battery.json"
PAGE = ROOT / "docs" / "battery.md"
sys.path.insert(0, str(ROOT / "tests"))
from mutants import MUTANTS  # noqa: E402
from right_ones import RIGHT  # noqa: E402


def gradcheck_catches(thing: Any) -> bool:
    """As people run it: seven points in float64 on [-2, 2]."""
    if isinstance(thing, torch.nn.Module):
        thing = thing.double().eval()
    call = thing.apply if isinstance(thing, type) else thing
    x = torch.linspace(-2, 2, 7, dtype=torch.float64, requires_grad=True)
    try:
        return not torch.autograd.gradcheck(lambda x: call(x.clone()), x, raise_exception=False)
    except Exception:
        return True


def of_mutants() -> list[dict[str, Any]]:
    rows = []
    for mutant in MUTANTS:
        wanted = [] if mutant.caught_by != "compile" else ["compile"]
        verdict = check(mutant.make(), reference=mutant.reference, **mutant.options, quick=True, only=wanted)
        finding = verdict.finding(mutant.caught_by)
        rows.append(
            {
                "name": mutant.name,
                "why": mutant.why,
                "named": mutant.caught_by,
                "caught": finding.outcome == "fail",
                "failed": [f.check for f in verdict.failures],
                "where": finding.where,
                "gradcheck": gradcheck_catches(mutant.make()),
            }
        )
    return rows


def of_right_ones() -> list[dict[str, Any]]:
    verdicts = [(p, check(p.make(), reference=p.reference, **p.options, inductor=False)) for p in RIGHT]
    return [{"name": p.name, "why": p.why, "failed": [f.check for f in v.failures]} for p, v in verdicts]


def of_catalogue() -> list[dict[str, Any]]:
    rows = []
    for name in catalogue.facts():
        verdict = check(name, inductor=False)
        rows.append({"name": name, "failed": [f.check for f in verdict.failures], "seconds": round(verdict.seconds, 2)})
        print(name, rows[-1], flush=True)
    return rows


def seconds_of(*arguments: str, repeat: int = 3) -> list[float]:
    """A command as a person starts it, each time in an empty folder with an empty compiler cache."""
    found = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "actlab", *arguments]
            environ = os.environ | {"TORCHINDUCTOR_CACHE_DIR": f"{folder}/cache"}
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environ, cwd=folder)
            found.append(round(time.perf_counter() - began, 1))
    return sorted(found)


def page(record: dict[str, Any]) -> str:
    mutants, right, all_ = record["mutants"], record["right"], record["catalogue"]
    caught, by_gradcheck = sum(m["caught"] for m in mutants), sum(m["gradcheck"] for m in mutants)
    false = sum(bool(r["failed"]) for r in right)
    passed = sum(not c["failed"] for c in all_)
    one, compiled, tried = record["seconds_one"], record["seconds_one_inductor"], record["seconds_try"]
    lines = [
        "# The battery",
        "",
        "`actlab check TARGET` runs these checks. `wrong` is about numbers, gradients and state; `portability` about vmap,",
        "compile, meta tensors and double backward; a `note` never fails.",
        "",
        "| check | severity | what it holds |",
        "|---|---|---|",
        *(f"| {c.name} | {c.severity} | {_cell(c.summary)} |" for c in ORDERED),
        "",
        "A number is wrong where `|error| > a * scale + r * |true|`. The truth is a formula at 50 digits where one is known",
        "(named with `--reference`, declared by a block, or that of the known function it equals to 1e-6), rounded to the",
        "dtype first; otherwise the function itself in float64. a = r = 32 units of the last place in float64 and float32,",
        "8 in the 16-bit dtypes; scale = 1 + what a rounding of the input would change. Beside it the value in float32 and",
        "float64 must be right to 1 in 1,000 wherever it is a normal number. At a kink any slope between the one-sided",
        "limits is right. Values at infinity are not judged; everything up to the dtype's largest number is.",
        "",
        "## What it finds",
        "",
        f"Of {len(mutants)} planted mistakes the battery catches {caught}, each by the check that is named for it;",
        f"`torch.autograd.gradcheck` on seven points of [-2, 2] fails on {by_gradcheck}. Of {len(right)} right ones, some of",
        f"which look suspicious, it rejects {false}. Of the {len(all_)} activations of the catalogue {passed} pass.",
        f"One check takes {statistics.median(one)} s ({one[0]} to {one[-1]}, n = {len(one)}) with the start of Python,",
        f"{statistics.median(compiled)} s ({compiled[0]} to {compiled[-1]}) with Inductor and an empty cache; the catalogue in",
        f"one process {record['seconds_catalogue']:.0f} s. `actlab try` takes {statistics.median(tried)} s ({tried[0]} to",
        f"{tried[-1]}). Record: records/battery.json, `{record['command']}`,",
        f"commit {record['environment'].get('commit', 'unknown')[:12]}, {record['environment']['cpu']},"
        f" {record['environment']['cores']} cores.",
        "",
        "| planted mistake | caught by | at | gradcheck |",
        "|---|---|---|---|",
        *(
            f"| {_cell(m['why'])} | {m['named'] if m['caught'] else 'NOT CAUGHT'} | {_cell(m['where'])} |"
            f" {'fails' if m['gradcheck'] else 'passes'} |"
            for m in mutants
        ),
        "",
    ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    mutants, right = of_mutants(), of_right_ones()
    began = time.perf_counter()
    rows = of_catalogue()
    seconds = time.perf_counter() - began
    record = {
        "command": "python studies/battery.py",
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "n": {"mutants": len(mutants), "right": len(right), "catalogue": len(rows)},
        "seconds_one": seconds_of("check", "gelu", "--no-inductor"),
        "seconds_one_inductor": seconds_of("check", "gelu", "--inductor"),
        "seconds_try": seconds_of("try", "x * tanh(softplus(x))"),
        "seconds_catalogue": round(seconds, 1),
        "mutants": mutants,
        "right": right,
        "catalogue": rows,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")
    print(f"Record: {RECORD}")


if __name__ == "__main__":
    main()
