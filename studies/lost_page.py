"""docs/lost.md, from the records of kills.py, power.py, faults.py, engines.py, engines_ray.py and the fuzzing.

python studies/lost_page.py
"""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "lost.md"

TEXT = """# What may go wrong, and what is lost

**What was finished is kept, whatever dies.** A killed command loses what was trained since the last checkpoint, 20
seconds at most in each process; by an executor of other people's, the stacks that were under way. The same command
goes on, and leaves the same tables. Nothing of a stranger's file or folder is run when it is read, and no more of it
is read than there is room for.

What that rests on: a stack's rows enter in one transaction, after its file of parameters; files are written aside and
renamed, both brought to the disk; a run's folder is held by one process; `run.db` is looked at before it is read.
Each line below is from a record of real runs; "equal" means that all tables, parameters and artefacts are those of a
run that nobody disturbed, byte for byte, but for measured times and where it was trained.
"""

PROMISES = """
## What is not promised

- Bits are equal on one kind of CPU and version of torch alone; rows say which, and pairs of two kinds are left out of
  a comparison.
- A disk that says it has written what it has not can lose what was finished. So can a file system whose locks exclude
  nobody, if two commands train in one folder: the one that notices stops, in words.
- A function of your own runs with your rights. A run's folder that somebody sent you may hold such functions: they
  run only where you train or load them, and that is said first.
- A CSV cell that begins with `=` is exported as it is: a spreadsheet may take a name for a formula.
"""


def record(name: str) -> dict[str, Any] | None:
    file = ROOT / "records" / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def cited(name: str, found: dict[str, Any]) -> str:
    return f"[this record](../records/{name}.json) of `{found['command'].split(' (')[0]}`"


def table(headers: list[str], rows: list[list[Any]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def kills(found: dict[str, Any]) -> str:
    struck = ", ".join(f"{what} {count}" for what, count in sorted(found["while"].items(), key=lambda item: -item[1]))
    return (
        f"\n## Killed\n\n{found['n']} times `kill -9` in {found['runs']} runs ({found['of_command_lines']} of a whole "
        f"command line), of the driver, a worker or both: {found['equal_runs']} of {found['runs']} runs equal, no "
        f"stack that was entered trained twice. What went on when it struck: {struck}. From {cited('kills', found)}.\n"
    )


def power(found: dict[str, Any]) -> str:
    return (
        f"\n## Power lost\n\nWhat was written and synced is logged, and what a disk may hold after each call is made: "
        f"what was synced, and of the rest anything. {found['n']:,} such folders: {found['faulty']} lost what had been "
        f"entered or could not be continued. From {cited('power', found)}, which also finds planted mistakes.\n"
    )


_SHARED = (
    ": runs, report, export, load_model", ": all of it is read", ", before it and after it",
    ", where 0, 4 and 12 kB are left",
)  # fmt: skip


def faults(found: dict[str, Any]) -> str:
    """What was done in the same way is a line, with how many there were."""
    lines: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in found["faults"]:
        how = next((end for end in _SHARED if one["done"].endswith(end)), "")
        lines.setdefault((one["fault"], how or one["done"], str(one["lost"])), []).append(one)
    rows = []
    for (fault, how, lost), alike in lines.items():
        heads = [one["done"].removesuffix(how) for one in alike] if how in _SHARED else [how]
        more = f" and {len(heads) - 4} more" if len(heads) > 5 else ""
        shown = f"{', '.join(heads[:4] if more else heads)}{more}{how if how in _SHARED else ''}"
        rows.append([fault, shown, sum(one["times"] for one in alike), lost])
    head = f"\n## Disks, signals, folders, clocks\n\nEach fault is in {cited('faults', found)}.\n\n"
    return head + table(["fault", "what was done", "times", "lost"], rows)


def engines(found: dict[str, Any], ray: dict[str, Any] | None) -> str:
    rows = [[one["executor"], ", ".join(one["killed"]) or "nothing", "yes" if one["equal"] else "no", one["left_over"]]
            for one in found["rows"]]  # fmt: skip
    if ray:
        nodes = f"Ray, {len(ray['nodes'])} nodes"
        rows += [[nodes, f"{one['accident']}: {one['killed']}", "yes" if one["equal_tables"] else "no",
                  one["processes_left"]] for one in ray["accidents"]]  # fmt: skip
    source = f"From {cited('engines', found)}" + (f", and {cited('ray', ray)}" if ray else "")
    head = f"\n## Executors\n\nReal processes, really killed, on one machine. {source}.\n\n"
    return head + table(["trained by", "killed", "equal tables", "processes left over"], rows)


def fuzzed(found: dict[str, Any]) -> str:
    rows = [[one["title"].partition(":")[0], one["by"], f"{one['executions']:,}", f"{one['covered']} of {one['lines']}",
             f"{one['grew']:,}", one["became"].get("fault", 0)] for one in found["targets"]]  # fmt: skip
    mended = "\n".join(f"- {text}" for text in dict.fromkeys(m for one in found["targets"] for m in one["mended"]))
    return (
        f"\n## Hostile input\n\nEach input has a limit of time and memory; it is answered, or refused in one line. "
        "Inputs are made by changes that know what is read (cuts, copies, numbers, lengths, odd characters), kept "
        "where they reach a new line, and by [Atheris](https://github.com/google/atheris), libFuzzer for Python. "
        f"From {cited('fuzz', found)}. Lines are those of the code that reads it.\n\n"
        + table(["input", "made by", "executions", "lines reached", "last new step at", "faults, mended since"], rows)
        + f"\nFound on the way, and mended:\n\n{mended}\n"
    )


def page() -> str:
    found = {name: record(name) for name in ("kills", "power", "faults", "engines", "ray", "fuzz")}
    parts = [TEXT]
    for name, part in {"kills": kills, "power": power, "faults": faults}.items():
        parts += [part(known)] if (known := found[name]) else []
    parts += [engines(found["engines"], found["ray"])] if found["engines"] else []
    parts += [fuzzed(found["fuzz"])] if found["fuzz"] else []
    return "".join([*parts, PROMISES])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
