"""A benchmark's record: what was measured, and all that the numbers depend on; as JSON, as a picture, as a page."""

import datetime
import importlib
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studies.speed import benchmarks
from studies.speed.picture import Line, lines

from actlab import data
from actlab.engine import machine
from actlab.errors import UserError
from actlab.experiment import write_text
from actlab.report.svg import Drawing, beside

Record = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / "records"


def default_folder(quick: bool) -> Path:
    """The records; what is quick is no record to keep."""
    return Path("bench-records") if quick else RECORDS


def measured(name: str, quick: bool, command: str) -> Record:
    """Measure, and put down what the numbers depend on."""
    if benchmarks()[name].needs_mnist and not quick:
        found, why = data.resolve_auto()
        if found != "mnist":
            raise UserError(
                f"{name} is measured on MNIST, and on digits only with --quick: {why.removeprefix('because ')}. "
                "Name a folder that holds its files in ACTLAB_DATA."
            )
    module = importlib.import_module(benchmarks()[name].module)
    about = machine.environment("cpu")
    found = module.measure(quick)
    return {
        "benchmark": name,
        "title": module.TITLE,
        "command": command,
        "quick": quick,
        "date": datetime.date.today().isoformat(),
        "environment": about | {"cores": machine.cores()},
        **found,
    }


def write(record: Record, folder: Path) -> list[Path]:
    """The record and its picture; among the records, the page of all of them too."""
    folder.mkdir(parents=True, exist_ok=True)
    name = record["benchmark"]
    module = importlib.import_module(benchmarks()[name].module)
    files = [folder / f"{name}.json", folder / f"{name}.png"]
    write_text(files[0], json.dumps(record, indent=1, allow_nan=False) + "\n")

    title = f"{record['title']} ({'quick, no result' if record['quick'] else record['date']})"
    beside([module.plot(record)], 1, title).save(files[1])
    if folder.resolve() == RECORDS:
        files.append(ROOT / "docs" / "bench.md")
        write_text(files[-1], page(folder))
    return files


def page(folder: Path) -> str:
    """docs/bench.md: every record's table, and where its numbers are from."""
    parts = [
        "# What it costs\n\nWritten by `python -m studies.speed`: side by side in one run; a ratio is the median of "
        "the rounds'.\n"
    ]
    for name in benchmarks():
        file = folder / f"{name}.json"
        if not file.is_file():
            continue
        record = json.loads(file.read_text(encoding="utf-8"))
        picture = f"![{record['title']}](../records/{name}.png)"
        parts.append(f"## {record['title']}\n\n{table(record)}\n\n{picture}\n\n{source(record)}\n")
    return "\n".join(parts)


def table(record: Record) -> str:
    return importlib.import_module(benchmarks()[record["benchmark"]].module).table(record)


def source(record: Record) -> str:
    """Where the numbers are from, in a paragraph."""
    e = record["environment"]
    versions = ", ".join(f"{package} {e[package]}" for package in ("torch", "numpy", "python"))
    versions += "".join(f", {package} {version}" for package, version in record.get("peers", {}).items())
    return (
        f"n = {record['n']}; interval: {record['interval']}. {record['limits']}\n"
        f"[Record](../records/{record['benchmark']}.json) of `{record['command']}`, {record['date']}, "
        f"commit {e['commit'] or 'unknown'}; {e['cpu']}, {e['cores']} cores, {e['platform']}; {versions}."
    )


def summary(values: Sequence[float], digits: int = 4) -> dict[str, float]:
    """Median, smallest and largest."""
    return {
        "median": round(statistics.median(values), digits),
        "lowest": round(min(values), digits),
        "highest": round(max(values), digits),
    }


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def by_networks(series: Mapping[str, Line], measured: str) -> Drawing:
    """Something measured at some numbers of networks."""
    counts = sorted({count for line in series.values() for count in line.x})
    return lines(series, "networks trained", measured, log_y=True, x_ticks=counts)
