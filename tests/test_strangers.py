"""A run's folder that a stranger made: opening it runs nothing, reads and writes nothing outside, and ends."""

import contextlib
import copy
import json
import os
import pickle
import random
import sqlite3
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from studies.fuzz import run_folders, run_parameters, stranger

from actlab import compare, load_model, load_run
from actlab.engine import Arrays, Stack, train
from actlab.errors import UserError
from actlab.experiment import Experiment, Run, Store, list_runs, status, strange
from actlab.naming.sources import fingerprint
from actlab.results import inside_said, summarise
from actlab.running.checkpoints import Checkpoints
from actlab.workflows import confirmation


@pytest.fixture
def folder(tmp_path) -> Path:
    return stranger.made(tmp_path / "run")


def sql(folder: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(folder / "run.db")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def test_a_run_as_it_should_be_is_read_drawn_and_loaded(folder):
    assert stranger.refusals(folder) == []
    assert [type(layer).__name__ for layer in load_model(folder, "prelu")][1::2] == ["PReLU", "PReLU"]


class Command:
    """What runs as soon as it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return exec, (stranger.PLANTED.format(mark=str(self.mark)),)


def test_opening_it_runs_nothing_of_it(folder, tmp_path, monkeypatch):
    """Planted: modules, a package that experiment.toml and run.db name, pickles, object arrays."""
    mark = tmp_path / "ran"
    stranger.planted(folder, mark)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    code = pickle.dumps(Command(mark))
    for name in ("0123456789ab.cpython-311.pickle", "0123456789ab.txt"):
        (folder / "sources" / name).write_bytes(code)
    (folder / "working" / "stack.pt").write_bytes(code)
    (folder / "working" / "stack.json").write_text(json.dumps({"keys": ["a"], "done": 1}))
    stranger.change(folder, json.dumps(["toml", "activations", ["stranger_planted.inner:f", "wave#0123456789ab"]]))
    sql(
        folder,
        "UPDATE trials SET identity = 'stranger_planted.inner:f#0123456789ab' WHERE activation = 'relu'",
        "UPDATE trials SET identity = 'wave#0123456789ab' WHERE activation = 'prelu'",
        "UPDATE trials SET spec = replace(spec, '\"relu\"', '\"stranger_planted.inner:f\"')",
    )
    found = stranger.refusals(folder)
    assert (folder / "report" / "index.html").exists() and not found
    np.savez(folder / "artefacts" / "samples.npz", images=np.array([Command(mark)], dtype=object))
    found = stranger.refusals(folder)
    assert found and all("samples.npz" in str(error) for error in found)
    assert not mark.exists()
    with pytest.raises(ValueError, match="allow_pickle"), np.load(folder / "artefacts" / "samples.npz") as planted:
        planted["images"]  # the plant would grow
    with np.load(folder / "artefacts" / "samples.npz", allow_pickle=True) as planted:
        planted["images"]
    assert mark.exists()


def kept_source(folder: Path, text: str) -> str:
    """The run's relu as a file that the folder keeps; its name there."""
    hash_ = fingerprint(text.encode())
    (folder / "sources").mkdir(exist_ok=True)
    (folder / "sources" / f"{hash_}.py").write_text(text)
    sql(folder, f"UPDATE trials SET identity = 'mine.py:f#{hash_}', spec = replace(spec, '\"relu\"', "
                f"'\"mine.py:f#{hash_}\"') WHERE activation = 'relu'")  # fmt: skip
    return hash_


SOURCE = "import sys\nprint('it runs', file=sys.stderr)\ndef f(x):\n    return x\n"


def test_code_of_a_run_is_said_before_it_runs(folder, capfd):
    hash_ = kept_source(folder, SOURCE)
    stranger.refusals(folder, drawn=False)
    assert capfd.readouterr().err == ""
    load_model(folder, "relu", seed=1)
    said = capfd.readouterr().err.splitlines()
    assert said[1] == "it runs" and "mine.py:f" in said[0] and str(folder) in said[0]
    (folder / "sources" / f"{hash_}.py").write_text(SOURCE + "# another\n")
    with pytest.raises(UserError, match="not here any more as it was"):
        load_model(folder, "relu", seed=1)
    assert "it runs" not in capfd.readouterr().err


def test_the_code_that_a_specification_names_is_said_before_it_runs(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("import sys\nprint('it runs', file=sys.stderr)\ndef f(x):\n    raise ValueError\n")
    Path("sent.toml").write_text('activations = ["relu", "mine.py:f"]\ndata = "digits"\n')
    with pytest.raises(UserError):
        compare(spec="sent.toml")
    said = capfd.readouterr().err.splitlines()
    assert said[1] == "it runs" and "sent.toml" in said[0] and "mine.py:f" in said[0]


def test_a_copy_of_a_source_is_looked_for_in_the_folder_alone(folder, tmp_path, capfd):
    (tmp_path / "other'.py").write_text(SOURCE)
    hash_ = kept_source(folder, SOURCE)  # slashes part layers, but not between quotes
    sql(folder, f"UPDATE trials SET spec = replace(spec, 'mine.py:f#{hash_}', '''mine.py:f#../../other''')")
    with pytest.raises(UserError, match="not here any more"):
        load_model(folder, "relu")
    assert "it runs" not in capfd.readouterr().err


def test_an_own_file_that_has_gone_is_not_needed_to_read_a_run(folder):
    """What is said of layers comes from the results, not from what would have to be looked up."""
    gone = "activation = 'gone.py:f'"
    stranger.change(folder, json.dumps(["toml", "activations", ["gone.py:f", "relu"]]))
    sql(folder, f"UPDATE curves SET {gone} WHERE activation = 'prelu'",
        f"UPDATE trials SET {gone}, identity = 'gone.py:f#0123456789ab' WHERE activation = 'prelu'")  # fmt: skip
    assert stranger.refusals(folder, drawn=False) == []
    assert any("gone.py:f learned" in said for said in inside_said(load_run(folder)))


def journal_that_names(file: Path, victim: Path) -> bytes:
    """A journal that is to be played back, of a transaction over several databases whose list is in `victim`."""
    held = sqlite3.connect(file, isolation_level=None)
    held.executescript("PRAGMA cache_size = 1; CREATE TABLE IF NOT EXISTS more (x); BEGIN IMMEDIATE")
    held.execute("INSERT INTO more VALUES (zeroblob(200000))")
    journal = file.with_name(file.name + "-journal").read_bytes()
    held.execute("ROLLBACK")
    held.execute("DROP TABLE more")
    held.close()
    name = str(victim).encode()
    lock_page = 0x40000000 // 4096 + 1
    return journal + struct.pack(f">I{len(name)}sII", lock_page, name, len(name), sum(name)) + journal[:8]


@pytest.mark.parametrize("name", ["run.db", "lock"])
def test_a_journal_deletes_no_file_that_it_names(folder, tmp_path, name):
    victim = tmp_path / "victim"
    victim.write_text("not yours\n")
    journal = journal_that_names(folder / name, victim)

    def planted() -> None:
        (folder / f"{name}-journal").write_bytes(journal)

    planted()
    with pytest.raises(UserError, match="names another file"):
        Store(folder)
    if name == "run.db":
        with pytest.raises(UserError, match="names another file"):
            _ = Run(folder).trials
    assert victim.exists()
    with contextlib.closing(sqlite3.connect(folder / name)) as opened:  # the plant would grow
        opened.execute("SELECT * FROM sqlite_master").fetchall()
    assert not victim.exists()


LINKS = ("report", "report/index.html", "report/trials.csv", "export", "working", "tuning", "artefacts/samples.npz.new",
         "run.db-journal", "run.db-wal", "lock-journal")  # fmt: skip


@pytest.mark.parametrize("name", LINKS)
def test_nothing_is_written_through_a_link(folder, tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.json").write_text("kept")
    (folder / name).parent.mkdir(exist_ok=True)
    if (folder / name).is_dir():
        (folder / name).rmdir()
    is_file = "." in name or "-" in name
    (folder / name).symlink_to(outside / "kept.json" if is_file else outside)
    with pytest.raises(UserError, match=f"{Path(name).name} is "):
        Store(folder)
    with pytest.raises(UserError, match=f"{Path(name).name} is "):
        load_run(folder).report()
    assert [file.read_text() for file in outside.iterdir()] == ["kept"]


def test_no_run_inside_a_run_is_made_through_a_link(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(confirmation, "leader", lambda run: "prelu")
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "run2").mkdir()
    (tmp_path / "run2" / "tuning").symlink_to(outside)
    with pytest.raises(UserError, match="tuning is a link out of"):
        compare("relu", data="digits", learning_rate=(0.1, 0.3), epochs=1, force=True, out=tmp_path / "run2")
    (folder / "confirmation").symlink_to(outside)
    with pytest.raises(UserError, match="confirmation is a link out of"):
        confirmation.confirm(load_run(folder))
    assert not list(outside.iterdir())


WRONG = {
    "UPDATE trials SET seed = 'one'": "seed",
    "UPDATE trials SET learning_rate = 9e999": "learning_rate",
    "UPDATE trials SET status = 'odd'": "status",
    "UPDATE trials SET key = x'00' WHERE seed = 0 AND activation = 'relu'": "key",
    "UPDATE trials SET test_loss = 'low'": "test_loss",
    "UPDATE trials SET seed = 0": "do not fit",
    "UPDATE curves SET epoch = -epoch": "epoch",
    "UPDATE curves SET seed = 7": "do not fit",
    "UPDATE inside SET histogram = x'0000'": "histogram",
    "UPDATE inside SET learned = x'0000'": "learned",
    "UPDATE times SET seconds = -1": "seconds",
    "CREATE TRIGGER more AFTER INSERT ON trials BEGIN DELETE FROM curves; END": "trigger",
    "CREATE INDEX more ON trials (hex(activation))": "index",
    "ALTER TABLE trials ADD COLUMN more AS (zeroblob(1000000000))": "table",
    "ALTER TABLE costs ADD COLUMN more": "table",
    "DROP TABLE times": "times",
    "UPDATE predictions SET scores = x'00'": "scores",
    "UPDATE predictions SET predicted = x'00'": "predictions",
    "UPDATE trials SET spec = '['": "What a trial was",
    """UPDATE trials SET spec = replace(spec, '"seed"', '"sead"')""": "What a trial was",
}  # fmt: skip


@pytest.mark.whole
@pytest.mark.parametrize("statement", WRONG)
def test_a_database_that_is_not_as_actlab_makes_it_is_refused(folder, statement):
    sql(folder, statement)
    found = stranger.refusals(folder, summed=False, drawn=False)
    assert found and WRONG[statement] in str(found[-1]), found
    assert all(str(folder) in str(error) or "What a trial was" in str(error) for error in found)


@pytest.mark.parametrize("made", [
    "CREATE VIEW {} AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS key FROM c",
    "CREATE VIRTUAL TABLE {} USING fts5(key, epoch)",
])  # fmt: skip
def test_what_only_looks_like_a_table_is_never_asked(folder, made):
    sql(folder, "DROP TABLE curves", made.format("Curves"))
    for read in (lambda: Run(folder).curves, lambda: status(folder), lambda: Store(folder)):
        with pytest.raises(UserError, match="curves is not as actlab makes it"):
            read()


def page(cells: list[bytes], kind: int, right: int, first: int) -> bytes:
    """A page of a b-tree of SQLite's, of 512 bytes; `first`: where its header begins."""
    places, content, end = [], b"", 512
    for cell in cells:
        content, end = cell + content, end - len(cell)
        places.append(end)
    head = struct.pack(">BHHHB", kind, 0, len(cells), end, 0) + (struct.pack(">I", right) if kind == 5 else b"")
    head += b"".join(struct.pack(">H", place) for place in places)
    assert len(head) <= end - first, "it is full"
    return bytes(first) + head + bytes(end - first - len(head)) + content


def test_a_schema_of_pages_that_lead_to_themselves_has_an_end(tmp_path):
    """Seven levels of pages, each of which names the next sixty times: 10^12 rows of sqlite_master in 5 kB."""
    file = tmp_path / "run.db"
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.executescript("PRAGMA page_size = 512; CREATE TABLE odd (a TEXT PRIMARY KEY); PRAGMA user_version = 2")
        values = database.execute("SELECT type, name, tbl_name, rootpage FROM sqlite_master").fetchall()
    kept = file.read_bytes()
    rows = []
    for row, text in zip(values, (b"CREATE TABLE odd (a TEXT PRIMARY KEY)", None), strict=True):
        parts = [part.encode() for part in row[:3]]
        types = [13 + 2 * len(part) for part in parts] + [1, 0 if text is None else 13 + 2 * len(text)]
        coded = b"".join(bytes([t]) if t < 128 else bytes([128 | t >> 7, t & 127]) for t in types)
        record = bytes([1 + len(coded)]) + coded + b"".join(parts) + bytes([row[3]]) + (text or b"")
        rows.append(bytes([len(record), len(rows) + 1]) + record)
    count = len(kept) // 512
    pages = [page(rows[:1], 13, 0, 0), page(rows[1:], 13, 0, 0)]  # the table's row, its index's
    below = count + 2
    for _ in range(6):
        pages.append(page([struct.pack(">I", below) + b"\2"] * 60, 5, below, 0))
        below = count + len(pages)
    root = page([struct.pack(">I", count + 1) + b"\1"] + [struct.pack(">I", below) + b"\2"] * 40, 5, below, 100)
    head = bytearray(kept[:100])
    head[28:32] = struct.pack(">I", count + len(pages))
    file.write_bytes(bytes(head) + root[100:] + kept[512:] + b"".join(pages))
    with pytest.raises(UserError, match=r"run\.db cannot be read: interrupted"):
        status(tmp_path)


def test_a_table_of_pages_that_lead_to_each_other_is_refused(folder):
    """Each of a table's pages named twice: twice the rows in the same file, and a million times with more levels."""
    key = Run(folder).trials["key"][0]
    sql(folder, f"INSERT INTO times SELECT 's', 1, 1, 0.5 FROM curves a, curves b, curves c WHERE '{key}' = '{key}'")
    with contextlib.closing(sqlite3.connect(folder / "run.db")) as database:
        root, size = (database.execute(q).fetchone()[0] for q in (
            "SELECT rootpage FROM sqlite_master WHERE name = 'times'", "PRAGMA page_size"))  # fmt: skip
    content = bytearray((folder / "run.db").read_bytes())
    at = (root - 1) * size
    assert content[at] == 5
    cells = [struct.unpack(">H", content[at + 12 + 2 * n : at + 14 + 2 * n])[0] for n in range(2)]
    content[at + cells[1] : at + cells[1] + 4] = content[at + cells[0] : at + cells[0] + 4]
    (folder / "run.db").write_bytes(content)
    with pytest.raises(UserError, match=r"run\.db is damaged"):
        _ = Run(folder).times


def header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    line = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(line)) + line


@pytest.mark.whole
@pytest.mark.parametrize("content", [
    header((10**12,)), header((2**62, 2**62)), header((-1, 8)) + bytes(64), header((10**18, 0)),
    header((10**12,), "|V0"), header((3,), "|O") + bytes(24), header((1,), "<U268435456"), header((1,)) + bytes(16),
    b"\x93NUMPY\3\0" + bytes(200), b"\x93NUMPY\1\0\x88\x13" + b"(" * 5000, header((1,), "<c16") + bytes(16),
    b"\x93NUMPY\1\0", header((2,)) + bytes(8), b"",
    header((-1, -8)) + bytes(64), header((1,), "<U1") + bytes([255] * 4),
])  # fmt: skip
def test_an_array_takes_no_more_than_it_has(folder, content):
    with pytest.raises(ValueError):
        strange.array_of(content)
    with zipfile.ZipFile(folder / "artefacts" / "samples.npz", "w") as archive:
        archive.writestr("images.npy", content)
    with pytest.raises(UserError, match=r"samples\.npz is damaged"):
        Run(folder).artefact("samples")


def test_an_archive_that_grows_is_refused_before_it_does(folder, monkeypatch):
    file = folder / "artefacts" / "functions.npz"
    monkeypatch.setattr(strange, "MOST_BYTES", 10**6)
    np.savez_compressed(file, x=np.zeros(10**6))
    with pytest.raises(UserError, match="8,000,128 bytes"):
        Run(folder).artefact("functions")
    size = struct.pack("<I", 8_000_128)
    file.write_bytes(file.read_bytes().replace(size, struct.pack("<I", 1000)))  # a lie about its size
    with pytest.raises(UserError, match=r"functions\.npz is damaged"):
        Run(folder).artefact("functions")
    with zipfile.ZipFile(file, "w") as archive:
        for place in range(30):
            archive.writestr(f"{place:0150}.npy", b"")
    monkeypatch.setattr(strange, "_DIRECTORY", 5000)
    with pytest.raises(UserError, match="list of contents"):
        Run(folder).artefact("functions")


@pytest.mark.parametrize("name", ["experiment.toml", "environment.json", "preflight.json", "working/a.json"])
def test_a_pipe_is_not_waited_for_and_what_has_no_end_not_read(folder, name):
    sql(folder, "UPDATE trials SET status = 'planned'")  # what is under way is asked for then
    for make in (os.mkfifo, lambda file: file.symlink_to("/dev/zero")):
        (folder / name).unlink(missing_ok=True)
        make(folder / name)
        found = stranger.refusals(folder, drawn=False)
        assert not found or name == "experiment.toml"


def test_a_pipe_where_a_page_or_a_checkpoint_belongs_is_not_waited_for(folder):
    stack = SimpleNamespace(name="s", keys=("a",))
    for name in ("report/index.html", "working/s.pt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)
    assert not Run(folder).is_drawn and Checkpoints(folder / "working", stack).load() is None


def test_a_journal_of_any_size_is_no_matter_of_memory(folder):
    (folder / "run.db-journal").touch()
    os.truncate(folder / "run.db-journal", 2**40)
    assert stranger.refusals(folder, drawn=False) == []


@pytest.mark.parametrize(
    ("name", "text"), [("preflight.json", '["abc"]'), ("working/a.json", '{"keys": [], "done": Infinity}')]
)
def test_json_of_another_kind_is_passed_over(folder, name, text):
    sql(folder, "UPDATE trials SET status = 'planned'")
    (folder / name).write_text(text)
    assert stranger.refusals(folder, drawn=False) == []


def test_one_folder_that_cannot_be_read_hides_no_other(folder, tmp_path):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "run.db").symlink_to(tmp_path / "nowhere")
    assert list_runs(tmp_path) == [folder]


def test_parameters_are_those_of_the_folder_and_of_the_network(folder, tmp_path):
    secret = tmp_path / "secret.safetensors"
    (folder / "parameters" / "stack.safetensors").rename(secret)
    for stored in ("../secret.safetensors", str(secret), "parameters/../../secret.safetensors"):
        sql(folder, f"UPDATE trials SET parameters = '{stored}'")
        with pytest.raises(UserError, match="no file"):
            load_model(folder, "relu")


def test_an_unfinished_run_of_numbers_is_drawn(tmp_path):
    """Stopped after its first stack it has predictions, and nothing yet that says in which units."""
    folder = stranger.made(tmp_path / "run", numbers=True)
    for file in (folder / "artefacts").iterdir():
        file.unlink()
    assert stranger.refusals(folder) == []
    run = load_run(folder)
    assert run.predictions(run.trials["key"][0]) is None and summarise(run).total == 6


@pytest.mark.parametrize("change", [
    ["array", "samples", "targets", None, [], 0],  # what says that these are numbers is gone
    ["array", "samples", "sizes", "i8", [2], 1],
    ["array", "samples", "sizes", "i8", [4], 1],
])  # fmt: skip
def test_what_the_samples_are_is_known_before_they_are_counted(tmp_path, change):
    folder = stranger.made(tmp_path / "numbers", numbers=True)
    stranger.change(folder, json.dumps(change))
    for read in (lambda: Run(folder).examples, lambda: Run(folder).scores(), lambda: summarise(Run(folder))):
        with pytest.raises(UserError, match=f"{change[2]} in it does not fit the run"):
            read()


def test_a_checkpoint_of_another_stack_is_no_beginning():
    """Whatever it holds, the stack is trained anew, and comes to what it would have without."""
    e = Experiment(activations=("relu",), seeds=(0, 1), data="toy", content="-", epochs=2, hidden=(3,))
    x, y = torch.linspace(-1, 1, 40).reshape(20, 2), torch.arange(20) % 2
    stack, arrays, states = Stack(tuple(e.trials()), e.layers), Arrays(x, y, x, y, None, None, 2), []
    whole = train(stack, arrays, checkpoint=lambda trainer: states.append(copy.deepcopy(trainer.state())))
    state = states[0]
    wrong = [
        {}, {"done": 0}, state | {"done": 10**9}, state | {"done": -5}, state | {"done": "1"}, state | {"held": []},
        state | {"curves": torch.zeros(1)}, state | {"held": [torch.zeros(7)] * len(state["held"])},
        state | {"records": None}, state | {"modules": [1]}, state | {"seconds": 3},
    ]  # fmt: skip
    for other in (state, *wrong):
        assert np.array_equal(train(stack, arrays, state=other).curves, whole.curves), other.keys()


def test_findings_that_are_none_are_not_said(folder):
    right = {"level": "warning", "check": "labels", "about": "", "says": "They are few."}
    for findings in ([right, {"level": "error"}, 3, {**right, "says": [1]}], 7):
        (folder / "preflight.json").write_text(json.dumps({"activations": [1, "relu"], "findings": findings}))
        said = summarise(folder).warned
        assert len([one for one in said if "Before training" in one]) == (findings != 7)


@pytest.mark.large
@pytest.mark.parametrize("target", [run_folders, run_parameters])
def test_fuzzed_in_short(target):
    """The long form: python -m studies.fuzz run_folders."""
    target.prepare()
    chance, became = random.Random(19), {"answered": 0, "refused": 0}
    for _ in range(60):
        try:
            target.run(target.make(chance))
            became["answered"] += 1
        except UserError:
            became["refused"] += 1
    assert min(became.values()) > 5, became
