"""What is public says what it is, takes, gives, refuses, and shows it: a list of what lacks some of that is empty.

The catalogue's functions and modules have a test of their own; doctests run with all others.
"""

import ast
import doctest
import functools
import inspect
import re
import textwrap
import types
from dataclasses import dataclass, is_dataclass
from pathlib import Path

import numpy as np
import pytest
from tools.public import bases, fields, member_function, members, public, roots

from actlab.errors import UserError, need_one_of

SHAPE = re.compile(r"\((n|64|targets)\b[^)]*\)|any shape|x's shape|own shape|shape that")
DTYPE = re.compile(r"\b(float\w*|floating|int\w*|bool|dtype)\b")
CITED = re.compile(r"^Sources?: .*\b(18|19|20)\d\d\b", re.M | re.S)
PUBLISHED = ("mean_interval", "Comparison")  # whose method is somebody's
NO_DOCTEST = {
    "native": "ATen's kernels are for actlab's own blocks: it would be no example for anybody",
    "report": "a whole page takes seconds to draw",
    **dict.fromkeys(("put", "begun", "submit", "submit_for", "shutdown"), "a cluster takes seconds to begin"),
}
REFUSE = {"UserError", "one_of", "need_one_of", "AssertionError"}


def heard(of, doc: str) -> str:
    """A docstring, with that of the public name which it says that it shares things with."""
    shared = re.findall(r"(?:those of|as in) `(?:actlab\.)?(\w+)`", doc)
    return "\n\n".join([doc, *(inspect.getdoc(public()[f"actlab.{name}"]) for name in shared)])


def under_args(doc: str) -> set[str]:
    """The names that a docstring lists under Args."""
    part = re.search(r"^Args:\n((?:    .*\n?)+)", doc, re.M)
    heads = re.findall(r"^    (?! )([\w, ]+): ", part[1], re.M) if part else []
    return {name.strip() for head in heads for name in head.split(",")}


def says(doc: str) -> bool:
    """Whether it begins with what it is, in a sentence that ends."""
    return bool(re.fullmatch(r"(?!Args:|Returns:|Raises:)[\w`].*[.:]", doc.partition("\n\n")[0], re.S))


def taken(function) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]


@functools.cache
def functions_of(file: str) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def refuses(function) -> bool:
    """Whether it, or what it calls in its own file, raises a user's error."""
    bodies = functions_of(inspect.getmodule(function).__file__)
    waiting, seen = [ast.parse(textwrap.dedent(inspect.getsource(function)))], set()
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Name) and node.id in REFUSE and node.id not in bodies:
                return True
            if isinstance(node, ast.Name) and node.id in bodies and node.id not in seen:
                seen.add(node.id)
                waiting.append(bodies[node.id])
    return False


def shown(doc: str) -> bool:
    """Whether a doctest has something to see."""
    return any(example.want for example in doctest.DocTestParser().get_examples(doc))


def of_function(function, doc: str, is_root: bool) -> list[str]:
    """What the docstring of a function or method lacks, but for a doctest."""
    whole = heard(function, doc)
    told = under_args(doc) if is_root else under_args(doc) | set(re.findall(r"`(\w+)`", doc))
    notes = str(inspect.signature(function))
    gives = inspect.signature(function).return_annotation not in (None, "None", inspect.Signature.empty)
    return [
        *(["a line"] if not says(doc) else []),
        *(f"argument {name}" for name in taken(function) if name not in told),
        *(["shape"] if re.search(r"\b(Tensor|ndarray)\b", notes) and not SHAPE.search(whole) else []),
        *(["dtype"] if re.search(r"\b(Tensor|ndarray)\b", notes) and not DTYPE.search(whole) else []),
        *(["Returns"] if is_root and gives and not re.search(r"^Returns:\n", doc, re.M) else []),
        *(["Raises"] if refuses(function) and not re.search(r"Raises:|UserError", doc) else []),
    ]


def of_class(kind) -> list[str]:
    """What a class lacks: words for its fields, for what it is called with, for its members, and a doctest."""
    doc = inspect.getdoc(kind) or ""
    lacks = [] if says(doc) else ["a line"]
    for base in bases(kind) if is_dataclass(kind) else []:
        for name, (note, comment) in fields(base).items():
            said = f"{comment} {re.sub(r'^ *>>>.*', '', heard(kind, doc), flags=re.M)}"  # an example explains nothing
            if not comment and not re.search(rf"`{name}`|\b{name}\b(?=[\w, ]*: )|\b{name}\b", said):
                lacks.append(f"field {name}")
            elif "ndarray" in note and not (SHAPE.search(said) and DTYPE.search(said)):
                lacks.append(f"shape and dtype of {name}")
    if not is_dataclass(kind) and "__init__" in vars(kind):
        lacks += [f"argument {name}" for name in taken(kind) if name not in under_args(doc)]
    docs = {name: inspect.getdoc(member_function(member)) or "" for name, member in members(kind).items()}
    for name, member in members(kind).items():
        function = member_function(member)
        lacks += [f"{name}: {what}" for what in of_function(function, docs[name], is_root=False)]
        if taken(function) and name not in NO_DOCTEST and not shown(docs[name]) and f".{name}(" not in doc:
            lacks.append(f"{name}: a doctest")
    return lacks if shown(doc) or any(map(shown, docs.values())) else [*lacks, "a doctest"]


def lacking(name: str, of) -> list[str]:
    doc = inspect.getdoc(of) or ""
    lacks = of_class(of) if inspect.isclass(of) else [*of_function(of, doc, True), *["a doctest"] * (not shown(doc))]
    return lacks + ["a source"] * (name.rpartition(".")[2] in PUBLISHED and not CITED.search(doc))


def test_nothing_public_lacks_what_its_reader_needs():
    found = {name: lacks for name, of in public().items() if (lacks := lacking(name, of))}
    assert not found, "\n".join(f"{name}: {', '.join(lacks)}" for name, lacks in found.items())


def test_public_is_what_is_listed_what_documents_import_and_what_these_give():
    assert {"actlab.compare", "actlab.testing.assert_activation", "actlab.data.load", "actlab.Trial"} <= set(roots())
    given = set(public()) - set(roots())
    assert {"actlab.checks.Verdict", "actlab.checks.Finding", "actlab.stats.Comparison", "actlab.data.Part"} <= given
    assert "test_labels" in members(public()["actlab.Run"])  # of the class that it is made of


def right(x: np.ndarray, where: str = "left") -> np.ndarray:
    """Half of each.

    Args:
        x: float64 (n,).
        where: "left" alone.

    Returns:
        The same shape and dtype.

    Raises:
        UserError: another side.

    Source: Half 1999.

    >>> right(np.ones(1))
    array([0.5])
    """
    need_one_of("side", where, ["left"])
    return x / 2


@dataclass
class Right:
    """Two numbers, of which `first` is named here.

    >>> Right(1, np.zeros(1)).sum(2)
    3
    """

    first: int
    second: np.ndarray  # float64 (n,)

    def sum(self, more: int) -> int:
        """With `more`; UserError for less."""
        if more < 0:
            raise UserError("more")
        return self.first + more


def altered(of, old: str, new: str):
    """The same with other words."""
    assert old in of.__doc__
    copy = types.FunctionType(of.__code__, of.__globals__, of.__name__, of.__defaults__)
    copy.__annotations__, copy.__module__ = of.__annotations__, of.__module__
    copy.__doc__ = of.__doc__.replace(old, new)
    return copy


def test_what_lacks_nothing_is_let_through():
    assert lacking("here.mean_interval", right) == lacking("here.Right", Right) == []


@pytest.mark.parametrize(
    ("old", "new", "lacks"),
    [
        ("Half of each.\n", "\n", "a line"),
        ("        x: float64 (n,).\n", "        y: float64 (n,).\n", "argument x"),
        ("float64 (n,)", "float64", "shape"),
        ("Returns:\n", "It gives:\n", "Returns"),
        ("    Raises:\n        UserError: another side.\n", "", "Raises"),
        ("Half 1999", "somebody", "a source"),
        (">>> right(np.ones(1))\n    array([0.5])", "", "a doctest"),
        (">>> right(np.ones(1))\n    array([0.5])", ">>> half = right(np.ones(1))", "a doctest"),
    ],
)
def test_a_planted_gap_is_found_in_a_function(old, new, lacks):
    assert lacking("here.mean_interval", altered(right, old, new)) == [lacks]


def test_a_dtype_that_is_not_said_is_found():
    bare = altered(altered(right, "float64 (n,)", "numbers (n,)"), "shape and dtype", "shape")
    assert lacking("here.mean_interval", bare) == ["dtype"]


@pytest.mark.parametrize(
    ("member", "old", "new", "lacks"),
    [
        (None, "Two numbers", "\n\n", "a line"),
        (None, "`first`", "the one", "field first"),
        (None, "of which `first` is named here.", "one on each side.\n\n    >>> first = 1", "field first"),
        (None, ".sum(2)", "", "sum: a doctest"),
        ("sum", "With `more`;", "With it;", "sum: argument more"),
        ("sum", "UserError for less", "nothing else", "sum: Raises"),
        ("sum", "With `more`; UserError for less.", "", "sum: a line"),
    ],
)
def test_a_planted_gap_is_found_in_a_class(monkeypatch, member, old, new, lacks):
    if member:
        monkeypatch.setattr(Right, member, altered(vars(Right)[member], old, new))
    else:
        monkeypatch.setattr(Right, "__doc__", Right.__doc__.replace(old, new))
    assert lacks in lacking("here.Right", Right)


def test_fields_are_read_with_the_comment_beside_or_above():
    assert fields(Right) == {"first": ("int", ""), "second": ("np.ndarray", "float64 (n,)")}
    assert fields(public()["actlab.data.Dataset"])["target_mean"][1].endswith("of the training part")
