"""Whole command lines, odd options, values, order and characters: a status of 0, 1 or 2, and one line that is clear.

Nothing is trained: what would be is refused as a mistake is, after all that comes before it.
"""

import contextlib
import io
import os
import random
import shutil
import sys
import tempfile
import webbrowser
from functools import cache
from pathlib import Path
from typing import Any

import typer
from studies.fuzz import written_formulas
from studies.fuzz.activation_names import make as activation
from studies.fuzz.inputs import ODD
from studies.fuzz.refusal import unclear

from actlab import catalogue, running
from actlab.cli import main
from actlab.cli.app import app
from actlab.errors import UserError

TITLE = "whole command lines: options, values, order, control characters, very long words"
MODULES = ("cli", "errors.py")
SEEDS = [
    [], ["--version"], ["-h"], ["list", "--json"], ["list", "--same-as", "relu"], ["list", "--kinked", "--smooth"],
    ["show", "relu", "--json"], ["show", "x*tanh(x)", "--gradient"], ["show", "relu", "--out", "card.svg"],
    ["check", "mine.py", "--quick", "--only", "value"],
    ["check", "relu", "--quick", "--only", "value", "--json"],
    ["check", "mine.py:f", "--quick", "--only", "value", "--junit", "j.xml"],
    ["derive", "x*tanh(x)", "--unchecked"], ["derive", "x*b where b=2", "--learn", "b", "--unchecked"], ["learn"],
    ["play", "x*tanh(x)", "--no-open"], ["judge", "table.csv"], ["judge", "table.csv", "--json", "--out", "j.html"],
    ["judge", "odd.csv", "--group", "g", "--metric", "m"], ["runs"], ["runs", "."], ["report", "run"],
    ["export", "run"],
    ["export", "run", "--format", "latex"],
    ["compare", "relu", "tanh", "--seeds", "2", "--data", "digits", "--out", "new"],
    ["compare", "--spec", "experiment.toml"], ["try", "x*tanh(x)", "--seeds", "2"], ["learn", "3", "--start"],
    ["doctor", "-h"],
    ["reproduce", "run"], ["preflight", "--data", "digits", "--json"], ["compare", "re\x1b[2Jlu"], ["\x1b]0;owned\x07"],
    ["judge", "a\u202eb.csv"], ["show", "x" * 200_000], ["check", "a/" * 100_000, "--quick"],
    ["compare"] + ["relu"] * 3000, ["--" * 50_000],
    ["compare", "relu", "--hidden", "9" * 5000], ["compare", "relu", "--seeds", "9" * 30],
    ["compare", "relu", "--seeds", "1e9"],
    ["compare", "relu", "--hidden", "99999999999,99999999999"], ["compare", "relu", "--lr", "nan,inf,-1"],
    ["show", "~nobody/a.py:f"],
    ["compare", "relu", "--data-dir", "~nobody"], ["compare", "relu", "--out", "\x00"], ["judge", "\ud800.csv"],
    ["check", "[" * 9, "--quick"],
]  # fmt: skip
SECONDS, BYTES = 20.0, 2**32
MENDED: tuple[str, ...] = (
    "errors, tables and lists printed escape sequences and marks of direction that names and files held",
)
_ODD = (
    *ODD, "0", "1e9", "9" * 30, "0.1,,", ",", "none", "None", "10101010", "0,0", "-0", "\N{VULGAR FRACTION ONE HALF}",
    "\N{ARABIC-INDIC DIGIT THREE}", "1,2,3",
)  # fmt: skip


def prepare() -> None:
    """A folder of things to name; nothing trains, opens a browser, or waits for a network."""
    os.chdir(tempfile.mkdtemp(dir=os.getcwd()))
    Path("mine.py").write_text("import torch\n\n\ndef f(x):\n    return x * torch.tanh(x)\n", encoding="utf-8")
    rows = [f"{arm},{seed},{0.1 * seed + len(arm)}" for arm in ("relu", "tanh") for seed in range(5)]
    Path("table.csv").write_text("\n".join(["activation,seed,accuracy", *rows]) + "\n", encoding="utf-8")
    odd = [f'"{arm}",{seed},{0.1 * seed}' for arm in ("=1+1", "\x1b[2J<script>", "\u202eabc") for seed in range(5)]
    Path("odd.csv").write_text("\n".join(["g,seed,m", *odd]) + "\n", encoding="utf-8")
    Path("experiment.toml").write_text(
        'activations = ["relu", "x*tanh(x)"]\nseeds = 2\ndata = "digits"\n', encoding="utf-8"
    )
    Path("a\x1b[31mb").mkdir()

    def refused(*_: Any, **__: Any) -> Any:
        raise UserError("Nothing is trained while command lines are fuzzed.")

    running.train_missing = refused  # type: ignore[assignment]
    webbrowser.open = lambda *_, **__: True  # type: ignore[assignment]
    os.environ.pop("ACTLAB_DATA", None)
    os.environ["ACTLAB_CACHE"] = os.getcwd()


@cache
def _commands() -> dict[str, list[str]]:
    """The options of each command."""
    found = typer.main.get_command(app)
    return {
        name: [option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)]
        for name, command in found.commands.items()  # type: ignore[attr-defined]
    }


def make(chance: random.Random) -> list[str]:
    commands = _commands()
    name = chance.choice([name for name in commands if name != "doctor"])
    words = [_word(chance, name) for _ in range(chance.choice((0, 1, 1, 1, 2, 3)))]
    for _ in range(chance.choice((0, 1, 1, 2, 2, 4))):
        option = chance.choice([one for one in commands[name] if one.startswith("-")] or ["--json"])
        if chance.random() < 0.05:
            option = chance.choice((option[:-1], option + "\x1b", "--no-" + option[2:], "--" + chance.choice(ODD)))
        words += [option, *([_value(chance, option)] if chance.random() < 0.8 else [])]
        if chance.random() < 0.1:
            words[-1] = f"{option}={_value(chance, option)}"
    if chance.random() < 0.2:
        chance.shuffle(words)
    if name == "check" and chance.random() < 0.95:
        words += ["--quick", "--only", chance.choice(("value", "kinks", "dtypes"))]
    if name == "derive" and chance.random() < 0.9:
        words.append("--unchecked")
    return [name if chance.random() < 0.97 else chance.choice(ODD), *words]


def _word(chance: random.Random, name: str) -> str:
    if chance.random() < 0.1:
        return chance.choice(_ODD)
    if name in ("judge",):
        return chance.choice(("table.csv", "odd.csv", "mine.py", ".", "no.csv", "experiment.toml"))
    if name in ("report", "export", "runs", "reproduce"):
        return chance.choice(("run", ".", "mine.py", "nowhere", "a\x1b[31mb"))
    if name == "learn":
        return chance.choice(("1", "3", "99", "-1", "x"))
    kind = chance.randrange(4)
    if kind == 0:
        return chance.choice(("mine.py:f", "mine.py", "math:sin", "torch.nn:GELU", "mine.py:g"))
    if kind == 1:
        return activation(chance)
    return written_formulas.text(chance, 0.05) if kind == 2 else chance.choice([*catalogue.facts()])


def _value(chance: random.Random, option: str) -> str:
    if chance.random() < 0.5:
        return chance.choice(_ODD)
    known = {
        "--out": ("new", "card.svg", "card.html", "card.png", "no/where/x.svg", "mine.py"), "--data": ("digits",
        "mine.py", "table.csv"),
        "--param": ("beta=1.5", "alpha=0", "beta", "=1"), "--learn": ("beta", "alpha"), "--target": ("accuracy",
        "seed"),
        "--spec": ("experiment.toml", "mine.py", "nowhere"), "--seeds": ("2", "0,1"), "--hidden": ("4", "4,4", "none"),
        "--group": ("g", "activation", "seed"), "--metric": ("m", "accuracy"), "--only": ("value",),
        "--junit": ("j.xml",),
    }  # fmt: skip
    return chance.choice(known.get(option, ("1", "2", "0.1", "relu", "x*tanh(x)", "standard", "resplit")))


def change(chance: random.Random, words: list[str]) -> list[str]:
    """One word of it by another."""
    words = list(words)
    place = chance.randrange(len(words) + 1)
    words[place : place + chance.randrange(2)] = [_word(chance, words[0] if words else "list")]
    return words


def run(words: list[str]) -> None:
    if {"--exhaustive", "--timeout"} & {word.partition("=")[0] for word in words} or words[:1] == ["doctor"]:
        return  # what is asked for takes its time
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    before, sys.argv = sys.argv, ["actlab", *words]
    try:
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            status: Any = "none"
            try:
                main()
            except SystemExit as ended:
                status = ended.code
    finally:
        sys.argv = before
    out, err = (stream.buffer.getvalue().decode() for stream in streams)
    assert status in (0, 1, 2), f"status {status!r}"
    for text in (out, err):
        odd = [character for character in text if not (character.isprintable() or character in "\n\t\xa0")]
        assert not odd, f"{odd[0]!r} is printed"
    assert "Traceback" not in err, err[-500:]
    if status == 2 and words[:1] != ["check"]:
        said = err[err.rfind("actlab: ") :].strip("\n")
        assert said.startswith("actlab: ") and not unclear(said.removeprefix("actlab: ")), f"said {said[:300]!r}"
    if Path("run").is_dir() and not Path("run/experiment.toml").exists():
        shutil.rmtree("run")
