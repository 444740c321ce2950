"""Folders that move while a run is in them, two processes at once, locks that fail, clocks that jump."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from studies.faulty.ground import COMMAND, Ended, Forked, Row, Whole, copied, in_words, patched, train, undrawn

_NO_LOCKS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
static int answer(const char *name, int fd, int command, void *argument) {
    if (command == F_SETLK || command == F_SETLKW || command == F_GETLK) {
        if (ERROR) { errno = ERROR; return -1; }
        if (command == F_GETLK) ((struct flock *)argument)->l_type = F_UNLCK;
        return 0;
    }
    int (*real)(int, int, void *) = dlsym(RTLD_NEXT, name);
    return real(fd, command, argument);
}
#define SHIM(name) int name(int fd, int c, ...) { \\
    va_list a; va_start(a, c); void *p = va_arg(a, void *); return answer(#name, fd, c, p); }
SHIM(fcntl)
SHIM(fcntl64)
"""
_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <sys/time.h>
static long back = 0;  /* an hour at each look */
int clock_gettime(clockid_t id, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int r = real(id, t);
    if (id == CLOCK_REALTIME) t->tv_sec -= 3600 * ++back;
    return r;
}
time_t time(time_t *out) {
    struct timespec t; clock_gettime(CLOCK_REALTIME, &t); if (out) *out = t.tv_sec; return t.tv_sec;
}
int gettimeofday(struct timeval *v, void *z) {
    struct timespec t; clock_gettime(CLOCK_REALTIME, &t); v->tv_sec = t.tv_sec; v->tv_usec = t.tv_nsec / 1000; return 0;
}
"""


def rows(whole: Whole, folder: Path, few: bool) -> Iterator[Row]:
    yield from _moved(whole, folder, few)
    yield _two_at_once(whole, folder, 1 if few else 10)
    yield from _clock(whole, folder, few)
    if shutil.which("gcc") and not few:
        yield from _without_locks(whole, folder)


def _moved(whole: Whole, folder: Path, few: bool) -> Iterator[Row]:
    from actlab.experiment import store

    moves: dict[str, tuple[Callable[[Path, Path], Any], str]] = {
        "moved": (lambda out, other: os.rename(out, other), "other"),
        "deleted": (lambda out, other: shutil.rmtree(out), "out"),
        "copied": (lambda out, other: shutil.copytree(out, other), "other"),
        "moved, and a copy put in its place": (
            lambda out, other: (os.rename(out, other), shutil.copytree(other, out)), "both"),
    }  # fmt: skip
    moments = {"before a stack enters": (store.Store, "add_stack"), "in a transaction": (store.Store, "_insert"),
               "before an artefact": (store.Store, "add_artefact")}  # fmt: skip
    for name, (move, then) in list(moves.items())[: 2 if few else None]:
        row = Row(f"a folder is {name} while it is trained in", ", ".join(moments), 0)
        for (owner, method), workers in zip(list(moments.values())[: 1 if few else None], (1, 1, 2), strict=False):
            out, other = folder / f"{name[:6]}-{row.times}", folder / f"{name[:6]}-{row.times}-other"

            def before(owner=owner, method=method, out=out, other=other, move=move) -> None:
                done: list[bool] = []

                def hit(do: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
                    if not done and Path(out, "run.db").exists() and _counted(arguments):
                        done.append(True)
                        move(out, other)
                    return do(*arguments, **options)

                patched(owner, method, hit)

            done = train(out, folder, workers, before, drawn=False)
            row.times += 1
            in_words(row, done, (0,) if name == "copied" else (2,))
            for path in {"other": (other,), "out": (out,), "both": (out, other)}[then]:
                row.lost += whole.missing(path, folder)
            if name == "copied":
                row.lost += whole.missing(out, folder)
        yield row


def _counted(arguments: tuple[Any, ...]) -> bool:
    """Not while trials are planned: then the folder is being made."""
    return arguments[1] != "trials"


def _two_at_once(whole: Whole, folder: Path, times: int) -> Row:
    row = Row("two processes at once", "the same command twice at the same moment, with --out and without", times)
    for place in range(times):
        here = folder / f"two-{place}"
        here.mkdir()
        out = [] if place % 2 else ["--out", "run"]
        both = [Forked([*COMMAND, "--workers", 1, *out], here, undrawn) for _ in range(2)]
        ends = sorted((process.end() for process in both), key=lambda end: end.status)
        row.need(ends[0].status == 0, f"none has trained: {ends[0].err[-300:]}")
        in_words(row, ends[1])
        made = [path.parent for path in here.rglob("run.db")]
        row.need(len(made) == 1, f"{len(made)} runs")
        row.lost += whole.missing(made[0], here)
    return row


def _clock(whole: Whole, folder: Path, few: bool) -> Iterator[Row]:
    row = Row("the clock has jumped back a year", "the page is newer than all that comes: it is drawn again", 1)
    out = copied(whole.path, folder / "clock")
    for file in out.rglob("*"):
        os.utime(file, (4e9, 4e9))
    more = [*COMMAND, "--workers", "1", "--out", out]
    more[more.index("--seeds") + 1] = "3"
    done = Forked(more, folder).end()
    row.need(not done.status, done.err[-300:])
    os.utime(out / "run.db", (1e9, 1e9))
    row.need("3 seeds" in (out / "report" / "index.html").read_text(), "the page shows what was before")
    yield row
    if few or not (shim := _shim(folder, "clock", _CLOCK)):
        return
    row = Row("the clock jumps back an hour at each look", "a whole run, with 1 and 2 workers", 2)
    for workers in (1, 2):
        out = folder / f"jumps-{workers}"
        done = _under(shim, out, folder, workers)
        row.heard(done.err)
        row.need(not done.status, done.err[-300:])
        row.lost += whole.missing(out, folder)
    yield row


def _without_locks(whole: Whole, folder: Path) -> Iterator[Row]:
    shim = _shim(folder, "refused", _NO_LOCKS, "-DERROR=ENOLCK")
    if shim is None:
        return
    row = Row("a file system without locks", "fcntl says ENOLCK: a new run, and one that is there", 2)
    for out in (folder / "unlocked", copied(whole.path, folder / "unlocked-there")):
        in_words(row, _under(shim, out, folder))
        row.lost += whole.missing(out, folder)
    yield row
    shim = _shim(folder, "granted", _NO_LOCKS, "-DERROR=0")
    row = Row("a file system that grants each lock to all", "two processes at once", 6)
    for place in range(row.times):
        out = folder / f"granted-{place}"
        both = [_started(shim, out, folder, 1) for _ in range(2)]
        for process in both:
            said = process.communicate()[1]
            in_words(row, Ended(process.returncode, "", said), (0, 2))
        row.lost += whole.missing(out, folder)
    yield row


def _shim(folder: Path, name: str, code: str, *options: str) -> Path | None:
    """What stands before the system's own functions; None where nothing compiles it."""
    source, library = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text(code)
    command = ["gcc", "-shared", "-fPIC", "-O1", "-w", *options, "-o", library, source, "-ldl"]
    return library if shutil.which("gcc") and not subprocess.run(command).returncode else None


def _started(shim: Path | None, out: Path, folder: Path, workers: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "actlab", *COMMAND, "--workers", str(workers), "--out", str(out)]
    return subprocess.Popen(command, cwd=folder, env=os.environ | {"LD_PRELOAD": str(shim)}, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def _under(shim: Path, out: Path, folder: Path, workers: int = 1) -> Ended:
    process = _started(shim, out, folder, workers)
    texts = process.communicate()
    return Ended(process.returncode, *texts)
