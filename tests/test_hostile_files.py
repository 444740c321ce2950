"""Files of strangers: data, an experiment, a judgement, or one line, and memory bounded before it is taken."""

import gzip
import io
import os
import resource
import struct
import subprocess
import sys
import warnings
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from studies.fuzz import experiment_files, idx_files, judged_tables, npz_files, packed_files, refusal
from studies.fuzz.driver import fuzz

from actlab import data
from actlab.errors import UserError, did_you_mean
from actlab.experiment import Experiment, content, free_memory
from actlab.results import judge
from actlab.results.judging import reading

X = np.arange(180.0).reshape(60, 3) % 7
HEADER = b"activation,seed,accuracy\n"
ROWS = b"".join(b"%s,%d,0.%d\n" % (name, seed, seed + 3) for name in (b"relu", b"elu") for seed in range(6))


def npy(descr: str, shape: str, held: bytes = b"") -> bytes:
    words = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(words)) + words + held


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, held in members.items():
            file.writestr(f"{name}.npy", held)
    return path


def refused(call, *given, **how) -> str:
    """The one line by which it is refused, without a warning before it."""
    with pytest.raises(UserError) as caught, warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        call(*given, **how)
    assert not refusal.unclear(str(caught.value)), str(caught.value)
    return str(caught.value)


def test_errors_are_one_line_that_a_terminal_may_see():
    for given in ("\x1b]0;owned\x07", "\u202eabc", "a\nb", "\ud800", "x" * 10**6, "\u202e" * 10**4, "\x85\u2028"):
        assert not refusal.unclear(str(UserError(f"There is no {given}.")))
    pointed = "At 1:\n    x+\n      ^"
    assert str(UserError(pointed)) == pointed and str(UserError("a  b")) == "a  b"
    assert did_you_mean("relu" * 10**5, ["relu" * 10**5]) == "" and "relu" in did_you_mean("rleu", ["relu"] * 10**5)


LABELS = {
    "text": (npy("'<U1'", "(60,)", b"\xff\xff\xff\x7f" * 60), "characters that there are not"),
    "text of the other order": (npy("'>U1'", "(60,)", b"\x7f\xff\xff\xff" * 60), "characters that there are not"),
    "bytes": (npy("'|S2'", "(60,)", b"\xff\xfe" * 60), "no text in UTF-8"),
    "claimed": (npy("'<i8'", "(1000000000000,)", bytes(480)), "more than the file holds"),
    "claimed text": (npy("'<U500000000'", "(60,)", bytes(480)), "more than the file holds"),
    "records": (npy("[('a','<f8',(1000,1000))]", "(60,)"), "more than the file holds"),
    "objects": (npy("'|O'", "(60,)", b"cos\nsystem\n(S'false'\ntR."), "could run code"),
    "no array": (b"hello", "damaged"),
    "negative": (npy("'<i8'", "(-60,)", bytes(480)), "damaged"),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_that_are_none(tmp_path, kind):
    held, told = LABELS[kind]
    path = archive(tmp_path / "own.npz", x=npy("'<f8'", "(60, 3)", X.tobytes()), y=held)
    assert told in refused(data.load, str(path))


def test_labels_in_odd_types_are_taken_without_a_warning(tmp_path):
    labels = np.arange(60) % 3
    for y in (labels.astype(np.float16), np.array([b"a", b"b", "ü".encode()])[labels], labels.astype(">u2")):
        np.savez(tmp_path / "own.npz", x=X, y=y)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert data.load(str(tmp_path / "own.npz")).classes == 3


def test_arrays_without_room_are_not_unpacked(tmp_path, monkeypatch):
    path = archive(
        tmp_path / "own.npz", x=npy("'|u1'", "(60, 100000)", bytes(6 * 10**6)), y=npy("'|u1'", "(60,)", bytes(60))
    )
    monkeypatch.setattr("actlab.data.npz.free_memory", lambda: 17e6)
    assert "GB of memory are free" in refused(data.load, str(path))
    monkeypatch.setattr("actlab.data.tables.free_memory", lambda: 1e6)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"p,y\n" + b"1,2\n" * 10**6))
    assert "more than 0 MB unpacked" in refused(data.load, str(tmp_path / "t.csv.gz"), target="y")
    (tmp_path / "t.csv").write_bytes(b"p,y\n" + b"1,2\n" * 10**4)
    assert "no room" in refused(data.load, str(tmp_path / "t.csv"), target="y")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b",".join([b"p"] * 20000) + b",y\n" + b"1," * 20000 + b"1\n", "several columns called p"),
        (b"p,y\n0" + b"9" * 400 + b",1\n2,3\n", "infinite"),
        (b'"a,b","a,c",y\n1,2,3\n', "All labels"),  # no name stands twice
        (b"Unnamed: 0,y\na,1\nb,2\n", "no numbers"),
        (b"p,y\n" + b"1," + b"8" * 5000 + b"\n2,3\n", "inf"),
    ],
)
def test_tables_that_cannot_be_learned_from(tmp_path, text, told):
    (tmp_path / "t.csv").write_bytes(text)
    assert told in refused(data.load, str(tmp_path / "t.csv"), target="y")


def test_whole_numbers_and_fractions_beyond_floats_are_refused_in_words():
    for huge in (10**400, -(10**400), Fraction(10**400, 3)):
        column = np.array([huge, *range(1, 60)], object)
        refused(data.load, (X, column), loss="mean_squared_error")
        refused(data.load, (column[:, None], np.arange(60) % 3))
        refused(data.load, (X, np.append(column[:-1], 0.5)))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.json", "a.parquet", "experiment.toml"])
def test_only_files_are_read_and_no_pipe_is_waited_for(tmp_path, name):
    read = Experiment.read if name.endswith("toml") else judge
    os.mkfifo(tmp_path / name)
    assert "is no file" in refused(read, tmp_path / name)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    assert "is no file" in refused(read, tmp_path / name)
    (tmp_path / name).unlink()
    assert "There is no file" in refused(read, tmp_path / name)
    (tmp_path / name).mkdir()
    assert "is no file" in refused(read, tmp_path / name)


@pytest.mark.parametrize("extra", [b"", b"x" * 9, gzip.compress(b"x" * 9, mtime=0)], ids=["none", "more", "packed"])
def test_content_is_bounded_packed_or_not(tmp_path, extra):
    (tmp_path / "a").write_bytes(gzip.compress(b"y" * 100) + extra)
    if extra[:1] == b"x":
        assert "cannot be read" in refused(content, tmp_path / "a", 1000, "")
        return
    whole = b"y" * 100 + (b"x" * 9 if extra else b"")
    assert content(tmp_path / "a", len(whole), "") == whole
    assert "Fewer." in refused(content, tmp_path / "a", len(whole) - 1, "Fewer.")


EXPERIMENTS = {
    "lists": (b"seeds=" + b"[" * 10**5, "too deep"),
    "parts": (b"a" + b".a" * 10**5 + b"=1", "many parts"),
    "quoted parts": (b'x={"a"' + b'."a"' * 10**5 + b"=1}", "many parts"),
    "table of parts": (b"[" + b"a. " * 10**5 + b"a]", "many parts"),
    "digits": (b"epochs=" + b"9" * 5000, "thousands of digits"),
    "hexadecimal": (b"epochs=0x" + b"f" * 5000, "thousands of digits"),
    "beyond floats": (b"epsilon=" + b"9" * 400, "epsilon is inf"),
    "trials": (
        b"seeds=100000\nlearning_rate=[" + b",".join(b"0.%04d" % k for k in range(1, 9)) + b"]",
        "2,400,000 trials",
    ),
    "layers": (b"hidden=[" + b"1," * 2000 + b"]", "2,000 layers"),
    "margin": (b"margin_used=nan", "margin_used is nan"),
    "text": (b"#" * 2_000_001, "more than 2 MB"),
    "UTF-16": ("epochs=1".encode("utf-16"), "UTF-8"),
    "escape": (b'"\\u001b[31m"=1', "There is no setting"),
    "long": (b"optimizer='" + b"a" * 10**5 + b"'", "There is no optimizer"),
}


@pytest.mark.parametrize("kind", EXPERIMENTS)
def test_experiments_that_are_none(tmp_path, kind):
    text, told = EXPERIMENTS[kind]
    (tmp_path / "experiment.toml").write_bytes(text)
    assert told in refused(Experiment.read, tmp_path / "experiment.toml")


def test_an_experiment_with_the_mark_of_windows_and_dots_in_texts(tmp_path):
    (tmp_path / "e.toml").write_bytes(b"\xef\xbb\xbfdata = 'run.1.2.3.4.5.6.7.8.9.10.11.12.npz'\nseeds = [1]\n")
    found = Experiment.read(tmp_path / "e.toml")
    assert found.data == "run.1.2.3.4.5.6.7.8.9.10.11.12.npz" and Experiment.from_toml(found.to_toml()) == found


TABLES = {
    "lists": (".json", b"[" * 10**5, "too deep"),
    "objects": (".json", b'{"a":' * 10**5, "too deep"),
    "lines of lists": (".jsonl", b"[" * 10**5, "too deep"),
    "names": (".json", b"[" + b",".join(b'{"%d":1}' % k for k in range(4000)) + b"]", "16,000,000 cells"),
    "first line": (".csv", b"a" * 200_000 + b"\n1\n", "names of columns are expected"),
    "first field": (".csv", b"a,b," + b"c" * 200_000 + b"\n", "names of columns are expected"),
    "field": (".csv", HEADER + ROWS + b'"' + b"a" * 200_000, "field larger"),
    "packed": (".csv", gzip.compress(bytes(10**8 + 1), 1), "more than 100 MB unpacked"),
    "empty lines": (".csv", b"a," * 20 + b"\n" * 10**6, "cells"),
    "groups": (".csv", HEADER + b"".join(b"%d,1,0.5\n" % k for k in range(2001)), "at most 2,000 groups"),
    "no Parquet": (".parquet", b"PAR1" * 9, "cannot be read as Parquet"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_that_cannot_be_read(tmp_path, kind):
    ending, held, told = TABLES[kind]
    (tmp_path / f"t{ending}").write_bytes(held)
    assert told in refused(judge, tmp_path / f"t{ending}")


def test_a_wide_table_and_a_seed_of_many_digits_are_read(tmp_path):
    wide = b"".join(line + b",1" * 70_000 + b"\n" for line in (HEADER + ROWS).splitlines()[1:])
    names = b"".join(b",c%d" % k for k in range(70_000))
    (tmp_path / "t.csv").write_bytes(HEADER.strip() + names + b"\n" + wide)
    assert judge(tmp_path / "t.csv", metric="accuracy").frame["pairs"].tolist() == [6]
    seed = b"9" * 5000
    (tmp_path / "s.csv").write_bytes(HEADER + ROWS + b"relu,%s,0.5\nelu,%s,0.4\n" % (seed, seed))
    assert judge(tmp_path / "s.csv").frame["pairs"].tolist() == [7]


def test_numbers_without_a_square_are_divergence_and_no_warning(tmp_path):
    (tmp_path / "t.csv").write_bytes(HEADER.replace(b"accuracy", b"loss") + ROWS + b"relu,9,1e308\nelu,9,-1.7e308\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "diverged" in str(judge(tmp_path / "t.csv", lower_is_better=True))


def test_parquet_with_one_long_value_for_all_rows_is_not_unpacked(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    monkeypatch.setattr(reading, "_MOST", 1_000_000)
    long, rows = "x" * 50_000, 100
    of_bytes = (pyarrow.binary(), pyarrow.large_binary(), pyarrow.binary_view(), pyarrow.binary(len(long)))
    for kind in (pyarrow.string(), pyarrow.large_string(), pyarrow.string_view(), *of_bytes):
        column = pyarrow.array([long if kind not in of_bytes else long.encode()] * rows, kind)
        parquet.write_table(pyarrow.table({"group": column}), tmp_path / "t.parquet")
        assert "more than 1 MB" in refused(judge, tmp_path / "t.parquet"), kind


def test_parquet_is_bounded_by_its_own_words_and_by_what_its_texts_are(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    many = {
        "activation": pyarrow.array(["a"] * 10**6),
        **{f"c{k}": pyarrow.nulls(10**6, pyarrow.int8()) for k in range(10)},
    }
    text = {"activation": pyarrow.array(["a" * 10**6]).take(pyarrow.array([0] * 300)), "seed": list(range(300))}
    spoiled = {"activation": pyarrow.array([b"\xff\xfe"] * 4).view(pyarrow.string()), "seed": [1, 2, 3, 4]}
    odd = {"activation": ["a", "b"], "seed": pyarrow.array([2**62, 1], pyarrow.timestamp("us")), "accuracy": [0.1, 0.2]}
    tolds = ("11,000,000 cells", "MB of text in column 'activation'", "as Parquet", "as Parquet")
    for columns, told in zip((many, text, spoiled, odd), tolds, strict=True):
        parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
        assert told in refused(judge, tmp_path / "t.parquet")


LIMITED = """
import resource, sys
from actlab import data
from actlab.errors import UserError
from actlab.experiment import free_memory
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
most = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + 2**29
resource.setrlimit(resource.RLIMIT_AS, (most, most))
assert free_memory() <= 2**29, free_memory()
try:
    data.load(sys.argv[1])
except UserError as error:
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, error)
"""


@pytest.mark.large
def test_a_bomb_takes_no_memory_in_a_process_that_has_little(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for name, shape in (("x", "(60, 5000000)"), ("y", "(60,)")):
            with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.write(npy("'|u1'", shape))
                for _ in range(60 if name == "x" else 0):
                    member.write(bytes(5_000_000))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "bomb.npz")]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "GB of memory are free" in said and int(said.split()[0]) < 100, said


def test_free_memory_knows_the_limit_of_its_process():
    most = resource.getrlimit(resource.RLIMIT_AS)
    assert 0 < free_memory() < 2**60
    if most[0] == resource.RLIM_INFINITY:
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + 10**9, most[1]))
        try:
            assert free_memory() < 1.2e9
        finally:
            resource.setrlimit(resource.RLIMIT_AS, most)


@pytest.mark.large
@pytest.mark.whole
@pytest.mark.parametrize(
    ("target", "executions"),
    [(idx_files, 500), (packed_files, 400), (npz_files, 120), (experiment_files, 120), (judged_tables, 60)],
    ids=lambda given: getattr(given, "__name__", str(given)),
)
def test_inputs_without_end_find_nothing(target, executions):
    found = fuzz(target.__name__, executions=executions, seconds=600)
    assert found["faults"] == [] and found["count"] == executions, found["faults"]
    assert found["became"]["answered"] > 0 < found["became"]["refused"]


def test_an_oracle_of_the_targets_finds_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    intact = idx_files.SEEDS[0]
    idx_files.run(intact)
    monkeypatch.setattr(idx_files.idx, "read", lambda *given: np.zeros(10, np.uint8))
    with pytest.raises(AssertionError, match="another array"):
        idx_files.run(intact)
    monkeypatch.setattr(packed_files, "content", lambda path, most, advice: path.read_bytes())
    with pytest.raises(AssertionError, match="another content"):
        packed_files.run(gzip.compress(b"a"))
    kept = io.BytesIO()
    np.savez(kept, x=X, y=np.arange(60) % 3)
    npz_files.run(kept.getvalue())
    monkeypatch.setattr(Experiment, "to_toml", lambda self: "epochs = 7")
    with pytest.raises(AssertionError, match="another experiment"):
        experiment_files.run(b"seeds = [1]")


def test_a_nan_that_signals_is_one_that_is_missing():
    signals = np.frombuffer(bytes.fromhex("0100a07f"), np.float32).repeat(20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x, y in ((np.arange(20.0), signals), (signals, np.arange(20.0))):
            with pytest.raises(UserError, match="NaN"):
                data.load((x[:, None], y), loss="mean_squared_error")


def test_a_value_far_beyond_the_others_is_refused_without_a_warning(tmp_path):
    x, y = np.arange(40.0)[:, None], np.arange(40) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserError, match="lie so far from the training samples"):
            data.load(((x, y), (np.array([[1e308]]), np.array([0]))))
