"""Disks that are full, at each stage of a run, and places that cannot be written to."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from studies.faulty.ground import Row, Whole, actlab, copied, disk, in_words, no_file_over, train
from studies.faulty.signals import often_saved

_WRITES = {  # commands that write one thing, where it is to go
    "export": ["export", "RUN", "--out", "PLACE/export"],
    "export --format json": ["export", "RUN", "--format", "json", "--out", "PLACE/export"],
    "export --format parquet": ["export", "RUN", "--format", "parquet", "--out", "PLACE/export"],
    "export --format latex": ["export", "RUN", "--format", "latex", "--out", "PLACE/export"],
    "show --out .png": ["show", "relu", "--out", "PLACE/card.png"],
    "show --out .pdf": ["show", "relu", "--out", "PLACE/card.pdf"],
    "show --out .html": ["show", "relu", "--out", "PLACE/card.html"],
    "play --out": ["play", "--no-open", "--out", "PLACE/play.html"],
    "check --junit": ["check", "relu", "--quick", "--only", "value", "--junit", "PLACE/check.xml"],
    "judge --out": ["judge", "RUN/report/trials.csv", "--metric", "test_accuracy", "--out", "PLACE/judged.html"],
    "compare": ["compare", "relu", "--data", "digits", "--quiet", "--workers", "1", "--out", "PLACE/run"],
    "try": ["try", "x*tanh(x)", "--seeds", "2", "--quiet", "--workers", "1", "--out", "PLACE/try"],
}


def rows(whole: Whole, folder: Path, few: bool) -> Iterator[Row]:
    if os.geteuid() == 0:
        yield from _full(whole, folder, few)
        yield from _report_to_full(whole, folder, few)
        yield from _read_only(whole, folder, few)
    yield _too_large(whole, folder, few)
    yield from _standard_output(whole, folder)
    yield from _no_places(whole, folder, few)


def _full(whole: Whole, folder: Path, few: bool) -> Iterator[Row]:
    size = sum(file.stat().st_size for file in whole.path.rglob("*") if file.is_file()) // 1000
    sizes = [60, 200, size // 2] if few else sorted({*range(4, size + 400, max(1, size // 16))})
    row = Row("a full disk", "a run on a tmpfs of 4 kB to the whole run's size, which fills; then room is made", 0)
    for kilobytes in sizes:
        with disk(folder, kilobytes) as made:
            if made is None:
                return
            place, remount = made
            done = train(place / "run", folder, before=often_saved)
            row.times += 1
            in_words(row, done, (2, 0))
            remount("size=64m")
            row.lost += whole.missing(place / "run", folder, drawn=kilobytes > 200)
    yield row


def _report_to_full(whole: Whole, folder: Path, few: bool) -> Iterator[Row]:
    chosen = ("export", "show --out .png", "check --junit") if few else _WRITES
    for name in chosen:
        row = Row("a full disk", f"actlab {name}, where 0, 4 and 12 kB are left", 0)
        for left in (4,) if few else (0, 4, 12):
            with disk(folder, 400) as made:
                if made is None:
                    return
                place, remount = made
                _fill(place / "filler", left)
                here = [part.replace("RUN", str(whole.path)).replace("PLACE", str(place)) for part in _WRITES[name]]
                done = actlab(here, folder)
                row.times += 1
                in_words(row, done, (2, 0))
                half = [f.name for f in place.rglob("*") if f.is_file() and f.name.endswith(".new")]
                row.need(not half, f"half a file: {half}")
                remount("size=64m")
                done = actlab(here, folder)
                row.need(done.status in (0, 1), f"with room: {done.err[-300:]}")
        yield row
    row = Row("a full disk", "actlab report, where 0 to 200 kB are left; the page that was there stays whole", 0)
    for left in (40,) if few else range(0, 200, 40):
        with disk(folder, 4000) as made:
            assert made is not None
            place, remount = made
            run = copied(whole.path, place / "run")
            shutil.rmtree(run / "report")
            _fill(place / "filler", left)
            done = actlab(["report", run, "--hiplot"], folder)
            row.times += 1
            in_words(row, done)
            row.need(not (run / "report" / "index.html").exists(), "half a page")
            remount("size=64m")
            row.lost += whole.missing(run, folder)
    yield row


def _fill(file: Path, leave_kilobytes: int) -> None:
    free = shutil.disk_usage(file.parent).free
    file.write_bytes(bytes(max(0, free - leave_kilobytes * 1024)))


def _too_large(whole: Whole, folder: Path, few: bool) -> Row:
    row = Row("files over a size are refused", "RLIMIT_FSIZE of 1 to 400 kB, with 1 and 2 workers", 0)
    for place, size in enumerate((40_000,) if few else (1000, 10_000, 30_000, 50_000, 60_000, 100_000)):
        out = folder / f"large-{size}"
        done = train(out, folder, 1 + place % 2, no_file_over(size), drawn=size >= 60_000)
        row.times += 1
        in_words(row, done)
        row.lost += whole.missing(out, folder)
    return row


def _standard_output(whole: Whole, folder: Path) -> Iterator[Row]:
    """Python complains at its end, in its own way, of what it could not write."""
    row = Row("standard output is full, or a device", "list, runs and export > /dev/full; --out /dev/stdout", 0)

    def to_full() -> None:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)

    for command in (["list"], ["runs", whole.path.parent], ["export", whole.path, "--out", folder / "exported"]):
        done = actlab(command, folder, to_full)
        row.times += 1
        in_words(row, done, (2,))
    done = actlab(["check", "relu", "--quick", "--only", "value", "--junit", "/dev/stdout"], folder)
    row.times += 1
    row.need(not done.status and "<testsuite" in done.out and "pass" in done.out, done.out + done.err)
    yield row


def _read_only(whole: Whole, folder: Path, few: bool) -> Iterator[Row]:
    with disk(folder, 8000) as made:
        if made is None:
            return
        place, remount = made
        copied(whole.path, place / "run")
        remount("ro")
        row = Row("a read-only disk", "a finished run is listed, read and exported elsewhere; a new one is refused", 0)
        reads = ["runs", place], ["export", place / "run", "--out", folder / "read"]
        for command in reads:
            done = actlab(command, folder)
            row.times += 1
            row.heard(done.err)
            row.need(not done.status and "cannot" not in done.err, done.err[-300:])
        for command in ([], ["report", place / "run"], *(_WRITES[n] for n in ("export", "play --out", "compare"))):
            here = [str(part).replace("RUN", str(whole.path)).replace("PLACE", str(place)) for part in command]
            done = actlab(here, folder) if here else train(place / "run", folder)
            row.times += 1
            in_words(row, done)
        remount("rw")
        row.lost += whole.missing(place / "run", folder)
        yield row


def _no_places(whole: Whole, folder: Path, few: bool) -> Iterator[Row]:
    (folder / "file").write_text("dear")
    (folder / "dangling").symlink_to(folder / "nothing" / "here")
    (folder / "linked").symlink_to(folder / "target")
    long = folder / ("a" * 300)
    places = {"a file": folder / "file", "in a file": folder / "file" / "run", "a dangling link": folder / "dangling",
              "a name of 300 letters": long, "/proc": Path("/proc/none/run")}  # fmt: skip
    for name, out in list(places.items())[: 2 if few else None]:
        row = Row("a place that is none", f"compare, export, show and play --out, which is {name}", 0)
        for command in (None, ["export", whole.path, "--out", out], ["show", "relu", "--out", out / "a.svg"],
                        ["play", "--no-open", "--out", out / "a.html"]):  # fmt: skip
            done = train(out, folder, drawn=False) if command is None else actlab(command, folder)
            row.times += 1
            in_words(row, done)
        yield row
    row = Row("a missing parent, and a link to a folder", "compare --out makes it, or goes through it", 2)
    (folder / "target").mkdir()
    for out in (folder / "deep" / "er" / "run", folder / "linked"):
        row.lost += whole.missing(out, folder)
    row.need((folder / "linked").is_symlink(), "the link is gone")
    if not few:
        yield row
