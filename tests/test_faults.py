"""What may go wrong around a run, one by one: disks, clocks, folders, locks, signals. Whole ones: studies/faults.py."""

import contextlib
import errno
import fcntl
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from children import child
from test_store import filled

from actlab.errors import UserError
from actlab.experiment import disk, list_runs
from actlab.experiment.disk import write_by, write_text
from actlab.experiment.run import Run
from actlab.experiment.store import Store, is_free
from actlab.learn import lay, named
from actlab.running import open_store
from actlab.running.sharing import Held, content, share

ROOT = Path(__file__).parents[1]


@pytest.fixture
def full(monkeypatch):
    """A disk on which a hundred bytes have room, in each file."""
    write = disk._File.write

    def refuse(self, content):
        if self.tell() + len(content) > 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, content)

    monkeypatch.setattr(disk._File, "write", refuse)


def test_a_full_disk_is_told_whatever_a_library_makes_of_it(tmp_path, full):
    """torch.save raises a RuntimeError of its own, `unexpected pos`, and leaves what it has written."""
    with pytest.raises(UserError, match=r"No space left on device.*make room"):
        write_by(tmp_path / "state.pt", lambda handle: torch.save({"x": torch.zeros(1000)}, handle))
    with pytest.raises(UserError, match="No space left"):
        lay(named(3, 1), tmp_path)  # half an exercise would be taken for somebody's work
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, ValueError])
def test_whatever_stops_it_half_a_file_is_not_left(tmp_path, stopped):
    def write(handle):
        handle.write(b"half")
        raise stopped

    write_text(tmp_path / "page", "old")
    with pytest.raises(stopped):
        write_by(tmp_path / "page", write)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("page", "old")]


def test_a_device_takes_what_it_is_given_and_stays(tmp_path):
    reader, writer = os.pipe()
    write_text(Path(f"/dev/fd/{writer}"), "told")  # as a shell's >(...) is named
    assert os.read(reader, 10) == b"told"
    os.close(reader), os.close(writer)
    os.mkfifo(tmp_path / "pipe")
    write_text(tmp_path / "pipe", "told")  # in somebody's folder: it would be waited for without an end
    assert (tmp_path / "pipe").read_text() == "told"
    write_text(Path("/dev/null"), "nobody")
    assert Path("/dev/null").is_char_device()
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    write_text(tmp_path / "link", "mine")
    assert not (tmp_path / "secret").exists(), "what a link leads to is not written"


def test_data_that_cannot_be_shared_leave_nothing(tmp_path, monkeypatch):
    x = torch.zeros(4, 2)
    from actlab.engine import Arrays

    held: Held = Arrays(x, x[:, 0].long(), x, x[:, 0].long(), None, None, outputs=1)
    monkeypatch.setattr("actlab.running.sharing.write_text", lambda *_: (_ for _ in ()).throw(UserError("full")))
    with pytest.raises(UserError):
        share(held, tmp_path, content(held))
    assert list(tmp_path.iterdir()) == []


def test_a_page_is_known_by_the_results_it_shows_and_by_no_clock(tmp_path):
    """A clock that has jumped back makes what is old newer than what is new."""
    store = filled(tmp_path / "run")
    (tmp_path / "run" / "report").mkdir()
    page = tmp_path / "run" / "report" / "index.html"
    write_text(page, f'<meta name="actlab-results" content="{Run(tmp_path / "run").state}">')
    os.utime(page, (0, 0))
    assert Run(tmp_path / "run").is_drawn
    store.add_costs([{"activation": "relu", "round": 0, "networks": 1, "seconds": 1.0}])
    store.__exit__()
    os.utime(page, (4e9, 4e9))
    assert not Run(tmp_path / "run").is_drawn
    page.unlink()
    assert not Run(tmp_path / "run").is_drawn


def test_another_who_writes_is_noticed_where_locks_keep_nobody_out(tmp_path):
    store = filled(tmp_path / "run")
    other = sqlite3.connect(tmp_path / "run" / "run.db", isolation_level=None)
    other.execute("UPDATE trials SET status = 'planned'")
    other.close()
    before = (tmp_path / "run" / "run.db").read_bytes()
    with pytest.raises(UserError, match=r"locks fail there\. Let one of the two train"):
        store.add_costs([{"activation": "relu", "round": 0, "networks": 1, "seconds": 1.0}])
    store.__exit__()
    assert (tmp_path / "run" / "run.db").read_bytes() == before


def test_a_system_without_locks_is_told_from_one_who_has_the_lock(tmp_path, monkeypatch):
    """SQLite says `database is locked` of both."""
    with filled(tmp_path / "run"):
        with pytest.raises(UserError, match="Another actlab is training"):
            Store(tmp_path / "run")

        def refuse(*_):
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(fcntl, "lockf", refuse)
        with pytest.raises(UserError, match="its file system has no locks"):
            Store(tmp_path / "run")


def test_a_folder_that_another_is_making_is_neither_foreign_nor_made_again(tmp_path, monkeypatch):
    with filled(tmp_path / "run") as store:
        experiment, trials = Run(tmp_path / "run").experiment, Run(tmp_path / "run").experiment.trials()
        monkeypatch.setattr("actlab.experiment.store._lock", lambda path: sqlite3.connect(":memory:"))
        kept = store.keys()
        with pytest.raises(UserError, match=r"has made .* just now: the same command goes on"):
            Store.create(tmp_path / "run", experiment, trials)
        monkeypatch.undo()
        seen = iter([False, True])  # it was not there, and then it was
        exists = Path.exists
        monkeypatch.setattr(Path, "exists", lambda p: next(seen, True) if p.name == "run.db" else exists(p))
        with pytest.raises(UserError, match="Another actlab is training"):
            open_store(tmp_path / "run", experiment)
        assert store.keys() == kept
    (tmp_path / "new").mkdir()
    for name in ("lock", "lock-journal", "run.db.new", "run.db.new-journal"):
        (tmp_path / "new" / name).touch()
    assert is_free(tmp_path / "new")


@pytest.mark.parametrize("moved", ["moved", "deleted", "replaced"])
def test_a_folder_that_has_moved_is_told_and_what_is_in_it_kept(tmp_path, moved):
    store = filled(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "other")
    if moved == "replaced":
        filled(tmp_path / "run").__exit__()
    with pytest.raises(UserError, match="moved, deleted or made read-only"):
        store.add_costs([{"activation": "relu", "round": 0, "networks": 1, "seconds": 1.0}])
    store.__exit__()
    assert Run(tmp_path / "other").costs.empty and len(Run(tmp_path / "other").curves) == 4


def test_runs_that_are_none_stand_beside_runs(tmp_path):
    filled(tmp_path / "run").__exit__()
    for name in ("folder", "link"):
        (tmp_path / name).mkdir()
    (tmp_path / "folder" / "run.db").mkdir()
    (tmp_path / "link" / "run.db").symlink_to("nothing")
    assert tmp_path / "run" in list_runs(tmp_path)


ENDS = {
    "once": "os.kill(os.getpid(), N)",
    "twice": "\ntry:\n    os.kill(os.getpid(), N)\nfinally:\n    os.kill(os.getpid(), N)",
    "where a library makes another error of it": (
        "\ntry:\n    os.kill(os.getpid(), N)\nexcept KeyboardInterrupt:\n    raise RuntimeError('C++') from None"),
    "where it is lost": (
        "\nclass Lost:\n    def __del__(self):\n        os.kill(os.getpid(), N)\nstart._PATIENCE_SECONDS = 0.1\n"
        "Lost()\ntime.sleep(100)"),
    "where a library goes on": (
        "\ntry:\n    os.kill(os.getpid(), N)\nexcept BaseException:\n    pass"),
}  # fmt: skip


@pytest.mark.parametrize("where", ENDS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_a_command_as_a_shell_expects_and_once(number, where):
    code = "import os, sys, time\nfrom actlab.cli import start, entry\nsys.argv = ['actlab', 'compare']\n"
    body = re.sub(r"\bN\b", str(int(number)), ENDS[where]).strip()
    code += f"def run():\n{textwrap.indent(body, '    ')}\n    return 0\n"
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with child("-c", f"{code}\nentry.run = run\nstart.main()", **how) as process:
        out, err = process.communicate()
    said = "Stopped. The last 20 seconds of training may be lost: the same command continues."
    # another thread can end a process, but not as the signal would: what a shell makes of it is the same
    ended = 128 + number if where == "where it is lost" else -number
    assert (process.returncode, out, err.strip()) == (ended, "", said)


def test_the_cursor_is_shown_at_the_end_though_a_bar_still_stands():
    """In a terminal of its own: the bar stands in the place of standard error, and lets no such sign through."""
    code = "import os\nfrom rich.console import Console\nfrom rich.progress import Progress\n"
    code += "from actlab.cli import start, entry\n"
    code += "bar = Progress(console=Console(stderr=True))\n"
    code += f"entry.run = lambda: (bar.start(), os.kill(os.getpid(), {signal.SIGTERM:d}))\n"
    ours, theirs = pty.openpty()
    with child("-c", f"{code}start.main()", stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # how a terminal says that all have left it
            while more := os.read(ours, 4096):
                seen += more
        assert process.wait() == -signal.SIGTERM
    os.close(ours)
    assert b"Stopped." in seen and -1 < seen.rfind(b"\x1b[?25l") < seen.rfind(b"\x1b[?25h")


def test_where_others_train_the_end_says_what_is_lost_there():
    code = "import os\nfrom actlab.cli import start, entry\nsys.argv = ['actlab', 'compare', '--executor', 'ray']\n"
    code = f"import sys\n{code}entry.run = lambda: os.kill(os.getpid(), {int(signal.SIGTERM)})\nstart.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == "Stopped. What was under way elsewhere is lost: the same command continues."


def test_what_was_ignored_before_stays_so():
    """nohup actlab compare ..."""
    code = "import os\nfrom actlab.cli import start, entry\n"
    code += "entry.run = lambda: os.kill(os.getpid(), 1) or 0\nstart.main()"
    done = subprocess.run(["nohup", sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "Stopped" not in done.stderr


@pytest.mark.large
def test_faults_done_to_real_runs_are_told_and_lose_nothing(tmp_path):
    command = [sys.executable, ROOT / "studies" / "faults.py", "--few", "--out", tmp_path / "faults"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "faults").read_text())["faults"]
    assert {row["kind"] for row in rows} == {"signals", "disks", "folders", "damages"}
    assert {row["done"]: row["lost"] for row in rows if row["lost"] != "nothing"} == {}


def test_what_goes_to_standard_output_is_not_written_over(tmp_path):
    """`> out.xml`: a file that is opened twice has two places."""
    code = "import sys\nfrom pathlib import Path\nfrom actlab.experiment import write_text\n"
    code += "print('before')\nwrite_text(Path('/dev/stdout'), 'told\\n')\nprint('after')"
    with open(tmp_path / "out", "w") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "before\ntold\nafter\n"
