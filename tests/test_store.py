"""A run's folder: whole or not at all."""

import dataclasses
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np
import pytest

from actlab import load_run
from actlab.errors import UserError
from actlab.experiment import Run, Store, is_free, list_runs, status, trial_from_row
from actlab.experiment.disk import packed, write_bytes
from actlab.experiment.spec import Experiment

EXPERIMENT = Experiment(activations=("relu", "tanh"), seeds=(0, 1), epochs=2, data="digits", content="c")


def filled(path, experiment=EXPERIMENT) -> Store:
    store = Store.create(path, experiment, experiment.trials())
    trials = [t for t in experiment.trials() if t.seed == 0]
    outcomes = [{"key": t.key, "status": "finished", "final_valid_metric": 0.5, "best_epoch": 2} for t in trials]
    curves = [
        {"key": t.key, "activation": t.label, "seed": 0, "learning_rate": 0.01, "epoch": e, "valid_loss": float("nan")}
        for t in trials
        for e in (1, 2)
    ]
    predictions = [{"key": t.key, "predicted": packed(np.arange(5, dtype=np.uint8)), "scores": b"\x80"} for t in trials]
    store.add_stack("s", outcomes, curves, predictions, [0.1, 0.2])
    return store


def test_what_goes_in_comes_out(tmp_path):
    with filled(tmp_path / "run") as store:
        store.add_artefact("samples", {"labels": np.arange(3)})
        store.add_costs([{"activation": "relu", "round": 0, "networks": 4, "seconds": 0.5}])
    run = load_run(tmp_path / "run")
    assert run.experiment == EXPERIMENT
    assert list(run.trials["status"]) == ["finished", "planned", "finished", "planned"]
    assert run.activations == ["relu", "tanh"]
    assert len(run.curves) == 4 and run.curves["valid_loss"].isna().all()
    assert run.trials["best_epoch"].dtype == "Int64" and run.trials["test_accuracy"].isna().all()
    key = run.trials["key"][0]
    assert run.predictions(key).tolist() == [0, 1, 2, 3, 4] and run.predictions("none") is None
    assert run.artefact("samples")["labels"].tolist() == [0, 1, 2] and run.artefact("none") == {}
    assert run.costs["seconds"].tolist() == [0.5] and run.times["networks"].tolist() == [2, 2]
    assert {trial_from_row(spec) for spec in run.trials["spec"]} == set(EXPERIMENT.trials())


def test_a_copied_folder_is_whole(tmp_path):
    with filled(tmp_path / "run"):  # while the writer still has it open
        shutil.copytree(tmp_path / "run", tmp_path / "copy")
    assert len(load_run(tmp_path / "copy").curves) == 4
    with sqlite3.connect(tmp_path / "copy" / "run.db") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def test_a_stack_enters_whole_or_not_at_all(tmp_path):
    with filled(tmp_path / "run") as store:
        trial = EXPERIMENT.trials()[1]
        with pytest.raises(UserError):
            store.add_stack("t", [{"key": trial.key, "status": "finished"}], [{"key": None}], [], [])
    assert list(load_run(tmp_path / "run").trials["status"]) == ["finished", "planned", "finished", "planned"]


def test_a_run_grows_and_keeps_the_order_of_the_command(tmp_path):
    with filled(tmp_path / "run") as store:
        more = Experiment(activations=("elu", "relu", "tanh"), seeds=(0, 1, 2), epochs=2, data="digits", content="c")
        store.plan(more, more.trials())
        assert len(store.keys(["finished"])) == 2 and len(store.keys(["planned"])) == 7
    assert load_run(tmp_path / "run").activations == ["elu", "relu", "tanh"]
    assert load_run(tmp_path / "run").experiment == more


def test_the_same_plan_again_writes_nothing_to_the_database(tmp_path):
    """A command that has nothing to train, and is killed, leaves no journal: nobody who comes after it would write."""
    named = dataclasses.replace(EXPERIMENT, baseline="relu")
    with filled(tmp_path / "run") as store:
        store.plan(EXPERIMENT, EXPERIMENT.trials())
        before = (tmp_path / "run" / "run.db").read_bytes()
        for asked in (EXPERIMENT, named, named):
            store.plan(asked, asked.trials())
            assert (tmp_path / "run" / "run.db").read_bytes() == before
    assert load_run(tmp_path / "run").experiment == named


def test_a_changed_environment_is_told(tmp_path):
    with filled(tmp_path / "run") as store:
        assert store.add_environment({"torch": "2.13", "started": "a"}) == []
        assert store.add_environment({"torch": "2.13", "started": "b"}) == []
        assert store.add_environment({"torch": "2.14", "started": "c"}) == ["torch: 2.13 then, 2.14 now"]
    assert [e["torch"] for e in load_run(tmp_path / "run").environments] == ["2.13", "2.14"]


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be one" * 100])
def test_a_damaged_database_is_told(tmp_path, content):
    (tmp_path / "run.db").write_bytes(content)
    with pytest.raises(UserError, match=r"run\.db"):
        _ = Run(tmp_path).trials


@pytest.mark.parametrize("old", [b"CREATE TABLE", b"curvescurves", b"times"])
def test_a_damaged_schema_is_told_in_words_though_its_name_is_none(tmp_path, old):
    filled(tmp_path / "run").__exit__()
    file = tmp_path / "run" / "run.db"
    file.write_bytes(file.read_bytes().replace(old, b"\xd5" + old[1:], 1))
    for read in (status, lambda path: Run(path).trials, Store):
        with pytest.raises(UserError, match="and whole"):
            read(tmp_path / "run")


def test_what_is_no_run_is_told(tmp_path):
    with pytest.raises(UserError, match="is not a run"):
        load_run(tmp_path)
    filled(tmp_path / "near").__exit__()
    with pytest.raises(UserError, match=r"no folder.*Runs there: near"):
        load_run(tmp_path / "neer")


def test_a_crash_while_a_folder_is_made_leaves_nothing_half(tmp_path):
    """Killed at any moment of `create`, the next command can begin again."""
    path = tmp_path / "run"
    assert is_free(path)
    path.mkdir()
    for name in ("lock", "lock-journal", "run.db.new", "run.db.new-journal", "experiment.toml"):
        (path / name).write_bytes(b"")
        assert is_free(path)
    with filled(path):
        assert not is_free(path)
        assert {file.name for file in path.iterdir() if "journal" in file.name} <= {
            "lock-journal",
            "run.db.new-journal",
        }
    assert len(load_run(path).trials) == 4
    (tmp_path / "file").write_text("")
    assert not is_free(tmp_path / "file") and not is_free(tmp_path)


def test_a_crash_while_a_run_grows_leaves_a_question_that_has_all_its_trials(tmp_path, monkeypatch):
    """Seeds that a look adds are no part of the command: it finds them in experiment.toml, or refuses its own run."""
    more = Experiment(activations=("relu", "tanh"), seeds=(0, 1, 2), epochs=2, data="digits", content="c")
    with filled(tmp_path / "run") as store:
        monkeypatch.setattr(store, "_transaction", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.plan(more, more.trials())
    assert store.path == tmp_path / "run" and load_run(tmp_path / "run").experiment == more
    with Store(tmp_path / "run") as store:
        assert store.keys() < {trial.key for trial in more.trials()}
        store.plan(more, more.trials())
        assert store.keys() == {trial.key for trial in more.trials()}


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no folder in memory")
def test_a_run_in_a_folder_in_memory_replaces_its_files(tmp_path):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for content in (b"old", b"new"):
            write_bytes(Path(folder) / "f", content)
        assert (Path(folder) / "f").read_bytes() == b"new"


def test_what_crashes_leave_is_removed_at_the_end(tmp_path):
    with filled(tmp_path / "run") as store:
        store.add_stack(
            "t", [{"key": EXPERIMENT.trials()[1].key, "parameters": "parameters/t.safetensors"}], [], [], []
        )
        for name in ("parameters/t.safetensors", "parameters/lost.safetensors", "artefacts/samples.npz.new"):
            (tmp_path / "run" / name).write_bytes(b"")
        (tmp_path / "run" / "experiment.toml.new").write_bytes(b"")
        store.tidy()
        assert not store.has_costs(["relu"]) and store.has_costs([])
    left = {file.relative_to(tmp_path / "run").as_posix() for file in (tmp_path / "run").rglob("*") if file.is_file()}
    assert left == {"run.db", "lock", "experiment.toml", "parameters/t.safetensors"}


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    write_bytes(tmp_path / "f", b"old")
    script = textwrap.dedent(f"""
        import resource, signal
        from pathlib import Path
        from actlab.errors import UserError
        from actlab.experiment.disk import write_bytes
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            write_bytes(Path({str(tmp_path / "f")!r}), b"x" * 5000)
        except UserError as error:
            print("refused")
        """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
    assert (tmp_path / "f").read_bytes() == b"old" and list(tmp_path.iterdir()) == [tmp_path / "f"]


def test_a_folder_for_which_there_is_no_room_has_nothing_half(tmp_path):
    script = textwrap.dedent(f"""
        import resource, signal
        from pathlib import Path
        from actlab.errors import UserError
        from actlab.experiment import Experiment, Store
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
        experiment = Experiment(data="digits", content="c")
        try:
            Store.create(Path({str(tmp_path / "run")!r}), experiment, experiment.trials())
        except UserError as error:
            print("refused")
        """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
    assert {file.name for file in (tmp_path / "run").iterdir() if file.is_file()} <= {"lock"}


def test_a_full_disk_is_told_and_finished_work_kept(tmp_path):
    """The operating system refuses files over a size, as a full disk would: at SQLite's own write."""
    filled(tmp_path / "run").__exit__()
    script = textwrap.dedent(f"""
        import resource, signal
        from pathlib import Path
        from actlab.errors import UserError
        from actlab.experiment.store import Store
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        size = Path({str(tmp_path / "run" / "run.db")!r}).stat().st_size
        store = Store(Path({str(tmp_path / "run")!r}))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        rows = [dict(activation="relu" * 1000, round=i, networks=1, seconds=1.0) for i in range(1000)]
        try:
            store.add_costs(rows)
        except UserError as error:
            print(error)
        """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "cannot be written" in done.stdout and "What was finished is kept" in done.stdout
    assert len(load_run(tmp_path / "run").curves) == 4


def test_runs_are_listed_with_a_line_each(tmp_path):
    assert list_runs(tmp_path / "none") == []
    filled(tmp_path / "b").__exit__()
    filled(tmp_path / "a").__exit__()
    (tmp_path / "other").mkdir()
    assert {path.name for path in list_runs(tmp_path)} == {"a", "b"}
    line = status(tmp_path / "a")
    assert "digits" in line and "relu, tanh" in line and "2 of 4 networks" in line


def another_opens(path: Path) -> str:
    """What another process is told that opens the folder to write."""
    code = f"from pathlib import Path; from actlab.experiment import Store; Store(Path({str(path)!r}))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr


def test_a_second_store_of_a_process_ends_no_lock_of_the_first(tmp_path):
    with filled(tmp_path / "run"):
        with pytest.raises(UserError, match="Another actlab is training"):
            Store(tmp_path / "run")
        assert "Another actlab is training" in another_opens(tmp_path / "run")
    assert another_opens(tmp_path / "run") == ""


def test_an_error_that_is_kept_keeps_no_folder(tmp_path, monkeypatch):
    """As a notebook keeps its last one."""
    filled(tmp_path / "run").__exit__()
    database = tmp_path / "run" / "run.db"
    whole = database.read_bytes()
    database.write_bytes(b"x" * 100 + whole[100:])
    with pytest.raises(UserError, match="not a database") as _kept:
        Store(tmp_path / "run")
    database.write_bytes(whole)
    Store(tmp_path / "run").__exit__()
    with monkeypatch.context() as full:
        full.setattr(Experiment, "to_toml", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError) as _also_kept:
            filled(tmp_path / "new")
    filled(tmp_path / "new").__exit__()


def test_who_reads_in_the_process_that_writes_lets_nobody_else_undo_it(tmp_path):
    """In a thread of its own, say, or a notebook's next cell."""
    look = f"from pathlib import Path; from actlab.experiment import status; status(Path({str(tmp_path / 'run')!r}))"
    with filled(tmp_path / "run") as store:
        store._database.execute("PRAGMA cache_size = 1")  # what is written goes to the file before it is committed
        with store._transaction():
            store._insert("times", [{"stack": "s" * 100_000, "epoch": 1, "networks": 1, "seconds": 1.0}])
            Run(tmp_path / "run")
            seen = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True)
        assert "locked" in seen.stderr
    assert len(Run(tmp_path / "run").times) == 3


def test_a_database_that_another_program_holds_is_told(tmp_path):
    with filled(tmp_path / "run") as store:
        store._database.execute("PRAGMA busy_timeout = 0")
        other = sqlite3.connect(tmp_path / "run" / "run.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        asks = (store.keys, store.identities, store.homes, store.tidy, lambda: store.has_costs(["relu"]))
        for ask in (*asks, lambda: store.plan(EXPERIMENT, EXPERIMENT.trials())):
            with pytest.raises(UserError, match="Another program holds it"):
                ask()
        other.close()
        assert store.keys()
