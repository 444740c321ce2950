"""Text that is no name, no formula and no command: one clear line, nothing run, nothing for a terminal to obey."""

import io
import sys
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actlab import naming
from actlab.checks.battery.findings import junit
from actlab.cli.entry import _write
from actlab.data import load
from actlab.errors import UserError, legible
from actlab.experiment import Experiment, Run, write_text
from actlab.formula import read
from actlab.naming.targets import is_formula
from actlab.workflows.comparison import compare


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("a\x1b[2J\x07b", "a\\u001b[2J\\u0007b"),
        ("\u202eab\u200b", "\\u202eab\\u200b"),
        ("\ud800", "\\ud800"),
        ("a\nb\tc", "a b c"),
    ],
)
def test_an_error_is_one_legible_line(given, said):
    assert str(UserError(given)) == said
    assert str(UserError(str(UserError(given)))) == said  # as it crosses processes


def test_an_error_keeps_its_end_and_a_mark_its_line():
    long = UserError(f"There is no {'x' * 10**6}. See `actlab list`.")
    assert len(str(long)) < 1600 and str(long).endswith("x. See `actlab list`.")
    marked = "At character 1, '?': no.\n    ?x\n    ^"
    assert str(UserError(marked)) == marked and legible("ä \xa0 日本 😀") == "ä \xa0 日本 😀"


LONG = ("a" * 10**6, "relu/" * 10**5, "x" * 10**6, "f(" * 10**5, "a.py:" * 10**5, "a." * 10**5 + "b:c", " " * 10**6)


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:6])
def test_a_long_name_is_refused_before_any_pattern_sees_it(text):
    for ask in (naming.parse, naming.parse_layers, naming.shown, is_formula):
        with pytest.raises(UserError, match="at most 10,000 characters"):
            ask(text)


@pytest.mark.parametrize(
    "text",
    ["leaky_relu(" + "-" * 5000 + "1)", "leaky_relu(" + "(" * 5000, "leaky_relu(" + "9" * 9000 + ")",
     "~nobody-of-this-name/a.py:f", "\ud800.py:f", "\x00.py:f", "a" * 5000 + ".py:f", "a" * 5000 + ":f", "a" * 9000,
     "1" * 9000 + "a", "a1" * 4500 + "(0.2)"],
    ids=lambda text: ascii(text[:14]),
)  # fmt: skip
def test_what_has_brought_a_traceback_or_a_hang(text):
    with pytest.raises(UserError):
        naming.parse_layers(text)


@pytest.mark.parametrize("name", ["~\0", "a\0b", "~\ud800", "a\ud800b"])
def test_a_name_that_no_file_can_have_is_refused_in_words(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    once = {"data": "digits", "seeds": 1, "epochs": 1, "report": False}
    with ThreadPoolExecutor(1) as threads:
        for read in (
            lambda: naming.parse(f"{name}.py:f"),
            lambda: load(f"{name}.csv"),
            lambda: load(f"{name}.npz"),
            lambda: load("mnist", data_dir=name, download=False),
            lambda: Run(name),
            lambda: Experiment.read(name),
            lambda: compare("relu", spec=f"{name}.toml"),
            lambda: compare("relu", out=name, **once),
            lambda: compare("relu", out="run", executor=threads, shared=name, **once),
            lambda: write_text(Path(name), "text"),
        ):
            with pytest.raises(UserError):
                read()


def test_two_layers_that_are_shown_alike_and_are_not_are_refused():
    assert len(naming.parse_layers("mine='x*tanh(x)'/mine='x*tanh(x)'/relu/relu")) == 4
    with pytest.raises(UserError, match="Two layers would both be shown as mine"):
        naming.parse_layers("mine='x*tanh(x)'/mine='x*sin(x)'")


def test_naming_imports_no_package(tmp_path, monkeypatch):
    """Nor one that a file of settings names: finding its module runs nothing of it."""
    inner = tmp_path / "hostile_package" / "inner"
    inner.mkdir(parents=True)
    for file in (inner.parent / "__init__.py", inner / "__init__.py", inner / "module.py"):
        file.write_text("raise SystemExit('run')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("hostile_package.inner.module:f", "hostile_package.inner:f", "hostile_package:f"):
        assert naming.parse(name).kind == "module"
    with pytest.raises(UserError, match="no module"):
        naming.parse("hostile_package.inner.module.more:f")
    assert "hostile_package" not in sys.modules
    assert naming.parse("os.path:join").kind == "module" and naming.parse("torch.nn:GELU").kind == "module"


@pytest.mark.parametrize("name", ["it's.py", "a#b@2.py", "a#0123456789ab.py", "x='1'.py", "a\x1b[2J.py", "-rf.py"])
def test_a_files_name_is_told_apart_from_what_surrounds_it(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("def f(x):\n    return x\n")
    text = f"relu/{name}:f/'x*tanh(x)'"
    targets = naming.parse_layers(text)
    told = naming.split_identity(naming.identity(targets))
    assert told == [target.identity for target in targets]
    assert [naming.label(one) for one in told] == [target.label for target in targets]
    assert naming.shown(text) == "/".join(target.label for target in targets)


def test_a_formula_that_was_filled_in_is_read_again_as_itself():
    """sinc(e) has e**2 inside once it is filled in, and e**2 is read as exp(2)."""
    for text in ("x*sinc(e)", "x + serf(e)", "x*gelu(e)", "x*pau(e)", "softshrink(x, e)", "x*e**2"):
        reading = read(text)
        assert read(str(reading)) == reading, text


def test_a_terminal_gets_colours_and_nothing_else_to_obey():
    class Screen(io.TextIOWrapper):
        def isatty(self):
            return True

    hostile = "\x1b[32mgreen\x1b[0m \x1b[2K\x1b[1A\r \x1b]0;title\x07 \x1b[2J \x1b[10;10H \x9b2J \u202e"
    kept = "\x1b[32mgreen\x1b[0m \x1b[2K\x1b[1A\r \\u001b]0;title\\u0007 \\u001b[2J \\u001b[10;10H \\u009b2J \\u202e"
    for kind, expected in ((Screen, kept), (io.TextIOWrapper, legible(hostile))):
        stream = kind(io.BytesIO(), encoding="utf-8", write_through=True)
        assert _write(stream, hostile) == len(hostile)
        assert stream.buffer.getvalue().decode() == expected


def test_commands_echo_nothing_that_a_terminal_obeys(actlab_command, tmp_path):
    odd = "\x1b]0;owned\x07\u202e"
    (tmp_path / f"{odd}.csv").write_text(f"activation,seed,accuracy\n{odd}a,1,0.5\n{odd}a,2,0.6\nb,1,0.5\nb,2,0.7\n")
    for words, status in (
        ([odd], 2), (["show", odd], 2), (["list", f"--{odd}"], 2), (["compare", "relu", "--seeds", odd], 2),
        (["runs", odd], 2), (["show", "relu", "--param", f"{odd}=1"], 2), (["judge", f"{odd}.csv"], 0),
    ):  # fmt: skip
        done = actlab_command(*words, cwd=tmp_path)
        assert done.returncode == status, done.stderr
        assert all(c.isprintable() or c in "\n\t" for c in done.stdout + done.stderr)
        assert status != 2 or (done.stderr.startswith("actlab: ") and done.stderr.count("\n") == 1)


def test_junit_is_xml_whatever_a_file_is_called():
    odd = "a\x1b\x00\ud800\ufffe<b>.py:f"
    for text in (junit([], (), [(odd, odd)], [(odd, odd)]),):
        assert ElementTree.fromstring(text.encode()).tag == "testsuites"
