"""What is written where an activation is named: read without importing or running anything, and told apart again."""

import builtins
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from studies.fuzz import written_formulas
from studies.fuzz.inputs import ODD

from actlab import catalogue, naming
from actlab.experiment import Experiment

TITLE = "names of activations, files, modules, layers: nothing is imported, and what is read is told apart again"
MODULES = ("naming/targets.py", "formula/clause.py", "catalogue.py")
_PLACES = (
    "mine.py",
    "a b.py",
    "it's.py",
    'say "x".py',
    "a\x1b[2Jb.py",
    "\u202eevil.py",
    "x=1.py",
    "a#b@2.py",
    "ü.py",
    "-rf.py",
)
_MODULES = (
    "torch.nn",
    "math",
    "os.path",
    "mymodule",
    "my.package",
    "antigravity",
    "this",
    "no.such",
    "..",
    "builtins",
    "__main__",
)
SEEDS = [
    "relu", "leaky_relu(0.2)", "relu/tanh", "relu/'x*tanh(x)'/leaky_relu(0.1)", "mine=x*tanh(x)", "mine.py:f",
    "os:system",
    "torch.nn:GELU", "wave#0123456789ab", "a/b/mine.py:Cls.method", "relu/mine.py:f", "'x*tanh(x)'", "mine='x' / relu",
    "__import__('os').system('touch owned')", "leaky_relu(__import__('os'))", "leaky_relu(1e999)", "leaky_relu(**{})",
    "leaky_relu(" + "-" * 5000 + "1)", "leaky_relu(" + "(" * 5000, "leaky_relu(" + "9" * 5000 + ")", "relu/" * 5000,
    "a.py:" * 2000, "leaky_relu(0.2" + ",0.2" * 5000 + ")",
    "'" * 5001, "x" + "'x'" * 3000, "relu(" * 3000, "a=" * 3000 + "x",
    "/dev/zero.py:f", "/proc/self/mem:f", "mine.py:" + "a" * 100_000, "a" * 100_000 + ".py:f", "a." * 5000 + "b:c",
    "a" * 100_000,
    "~root/mine.py:f", "~nobody" * 500 + ".py:f", "folder.py:f", "\x00.py:f", "\ud800.py:f", "\ud800:f",
    "torch\x00:f", "1:2", ":",
]  # fmt: skip
SECONDS, BYTES = 2.0, 2**28
MENDED: tuple[str, ...] = (
    "a name of 100,000 characters hung in patterns that give back what they took; now 10,000 characters, in one pass",
    "5,000 signs or brackets in a parameter ended with a RecursionError of Python's parser",
    "~nobody/mine.py:f ended with a RuntimeError, so did ~nobody as a folder of data or results",
    "package.module:Name imported its packages where it was only read, from a file of settings too",
    "a quote, #, @ or a control character in a file's name made two identities of one, or a label of another",
    "a zero byte or half a character behind ~ ended with an error of Python's, of files and of folders",
    "two layers of one name and different formulas were shown as one activation",
)
_ALLOWED_IMPORTS = {"encodings", "actlab", "torch", "flint", "mpmath"}


class Owned(BaseException):
    """What was only to be read has run."""


def prepare() -> None:
    """A folder of files that raise when they are run, and a watch over what is done."""
    os.chdir(tempfile.mkdtemp(dir=os.getcwd()))
    trap = 'raise __import__("builtins").Owned("run")\n'
    for name in (*_PLACES, "mymodule.py"):
        Path(name).write_text(trap, encoding="utf-8")
    Path("folder.py").mkdir()
    Path("my/package").mkdir(parents=True)
    for name in ("my/__init__.py", "my/package/__init__.py"):
        Path(name).write_text(trap, encoding="utf-8")
    sys.path.insert(0, os.getcwd())
    builtins.Owned = Owned  # type: ignore[attr-defined]
    sys.addaudithook(_watch)


_FORBIDDEN = {"os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "socket.connect", "os.remove", "os.mkdir"}


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in (
        "os.system",
        "subprocess.Popen",
        "os.exec",
        "os.posix_spawn",
        "socket.connect",
        "os.remove",
        "os.mkdir",
    ):
        raise Owned(event)


def make(chance: random.Random) -> str:
    layers = [_one(chance) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
    return "/".join(layers)


def _one(chance: random.Random) -> str:
    kind = chance.randrange(8)
    name = chance.choice((*catalogue.facts(), "rleu", "ReLU", "x", "softmax"))
    if kind < 2:
        numbers = (
            "0.2",
            "-1",
            "1e3",
            "inf",
            "True",
            "'a'",
            "1/3",
            "1_0",
            "0x1",
            "1j",
            "[1]",
            "beta=1",
            "alpha=2",
            "2**9",
        )
        given = ", ".join(chance.choice(numbers) for _ in range(chance.randrange(4)))
        return f"{name}({given})" if given or chance.random() < 0.3 else name
    if kind == 2:
        return f"{chance.choice(_PLACES)}:{chance.choice(('f', 'Cls.f', '__import__', '', 'ü', '1'))}"
    if kind == 3:
        return f"{chance.choice(_MODULES)}:{chance.choice(('f', 'system', 'a.b', '__class__'))}"
    quote = chance.choice("''\"")
    written = written_formulas.text(chance, 0.0) if kind < 6 else chance.choice(ODD)
    named = chance.choice(("", "", "mine=", "relu=", "größe = "))
    return f"{named}{quote}{written}{quote}" if chance.random() < 0.7 else f"{named}{written}"


def run(text: str) -> None:
    before = set(sys.modules)
    try:
        targets = naming.parse_layers(text)
        told = naming.identity(targets)
        one = len({target.identity for target in targets}) == 1
        apart = naming.split_identity(told)
        assert apart == [target.identity for target in targets][: 1 if one else None], f"{told!r} is split into {apart}"
        labels = [naming.label(identity) for identity in apart]
        shown = [target.label for target in targets][: 1 if one else None]
        assert labels == shown, f"{shown} are labelled {labels}"
        assert all(label.isprintable() for label in labels), f"a label {labels}"
        assert naming.shown(text) == "/".join(labels), f"{labels} are shown as {naming.shown(text)}"
        again = naming.parse_layers("/".join(_kept(target) for target in targets))
        assert naming.identity(again) == told, f"{told!r} is read again as {naming.identity(again)!r}"
        kept = Experiment(activations=[text])
        assert Experiment.from_toml(kept.to_toml()) == kept
    finally:
        new = {name.partition(".")[0] for name in set(sys.modules) - before} - _ALLOWED_IMPORTS
        assert not {"mymodule", "antigravity", "this"} & new and "os.system" not in new, f"{new} imported"


def _kept(target: naming.Target) -> str:
    return f"'{target.text}'" if target.kind == "formula" and "'" not in target.text else target.text
