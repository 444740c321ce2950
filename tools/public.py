"""What people use of actlab, but for the catalogue: what it lists, what the documents import, and what these return."""

import ast
import importlib
import inspect
import re
import sys
import textwrap
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import actlab
import actlab.testing
from actlab import catalogue

ROOT = Path(__file__).parent.parent
INNER = {  # reached, and no part of what is promised
    "Kernels": "ATen's kernels, which only actlab's own blocks name",
    "Origin": "how results came about, from which Judgement makes its sentences",
    "Unit": "how a metric is written, from which Metric makes its words",
}


def imported(text: str) -> list[tuple[str, str]]:
    """Rooms and names that a document's blocks of Python import from actlab's rooms.

    >>> imported("```python\\nfrom actlab.data import load, names\\n```\\nfrom actlab.stats import compare\\n")
    [('actlab.data', 'load'), ('actlab.data', 'names')]
    """
    lines = [line for block in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()]
    nodes = [ast.parse(line).body[0] for line in lines if line.startswith("from actlab.")]
    return [(node.module, alias.name) for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]


def roots() -> dict[str, Any]:
    """What is listed as public or imported in a document, by its dotted name; functions and classes."""
    names = [("actlab", name) for name in actlab.__all__ if name not in catalogue.facts()]
    names += [("actlab.testing", name) for name in actlab.testing.__all__]
    for page in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("docs/learn/*.md"))):
        names += imported(page.read_text(encoding="utf-8"))
    found = {f"{room}.{name}": getattr(importlib.import_module(room), name) for room, name in names}
    return {name: of for name, of in found.items() if inspect.isclass(of) or inspect.isfunction(of)}


@cache
def public() -> dict[str, Any]:
    """The roots, and the classes that they and their members return or hold, by dotted names as tall as they can be."""
    found, waiting = {}, list(roots().items())
    while waiting:
        name, of = waiting.pop(0)
        if of in found.values() or of.__name__ in INNER:
            continue
        found[name] = of
        told = [member_function(member) for member in members(of).values()] if inspect.isclass(of) else [of]
        notes = [(function.__module__, _returns(function)) for function in told]
        notes += [(base.__module__, note) for base in bases(of) for note, _ in fields(base).values()]
        for module, note in notes:
            waiting += [(address(kind), kind) for kind in _classes(note, module)]
    return found


def address(of: Any) -> str:
    """Where people find it: at the door of its room, or in its file."""
    room = importlib.import_module(".".join(of.__module__.split(".")[:2]))
    return f"{room.__name__ if of.__name__ in getattr(room, '__all__', ()) else of.__module__}.{of.__name__}"


def bases(of: Any) -> list[type]:
    """A class and those of actlab that it is made of."""
    made = inspect.getmro(of) if inspect.isclass(of) else ()
    return [base for base in made if base is of or base.__module__.startswith("actlab.")]


def members(of: type) -> dict[str, Any]:
    """Public methods and properties, inherited ones too, by name."""
    kinds = (property, cached_property, classmethod, staticmethod)
    found = {}
    for base in bases(of):
        for name, value in vars(base).items():
            if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, kinds)):
                found.setdefault(name, value)
    return found


def member_function(member: Any) -> Any:
    """The function that a method or a property is."""
    if isinstance(member, property):
        return member.fget
    return member.func if isinstance(member, cached_property) else getattr(member, "__func__", member)


def fields(of: type) -> dict[str, tuple[str, str]]:
    """Annotation of each public field of a class itself, and the comment beside it, or above."""
    lines = textwrap.dedent(inspect.getsource(of)).splitlines()
    found = {}
    for node in ast.parse("\n".join(lines)).body[0].body:
        if isinstance(node, ast.AnnAssign) and not node.target.id.startswith("_"):
            beside = lines[node.end_lineno - 1][node.end_col_offset :].strip()
            above = lines[node.lineno - 2].strip()
            comment = beside if beside.startswith("#") else above if above.startswith("#") else ""
            found[node.target.id] = ast.unparse(node.annotation), comment.removeprefix("#").strip()
    return found


def _returns(function: Any) -> str:
    [node] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    return ast.unparse(node.returns) if isinstance(node, ast.FunctionDef) and node.returns else ""


def _classes(note: str, module: str) -> list[type]:
    """The classes of actlab that an annotation names."""
    found = [_resolved(word, module) for word in re.findall(r"(?:[a-z]\w*\.)?[A-Z]\w*", note)]
    return [of for of in found if inspect.isclass(of) and of.__module__.startswith("actlab.")]


def _resolved(word: str, module: str) -> Any:
    """What a word of an annotation means in a module, imports for type checkers included."""
    first, *rest = word.split(".")
    of = vars(sys.modules[module]).get(first)
    if of is None and first in (told := _imports(sys.modules[module].__file__ or "")):
        of = getattr(importlib.import_module(told[first]), first)
    return getattr(of, rest[0], None) if rest else of


@cache
def _imports(file: str) -> dict[str, str]:
    """Name -> where a file imports it from."""
    nodes = ast.walk(ast.parse(Path(file).read_text(encoding="utf-8")))
    found = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {alias.asname or alias.name: node.module for node in found for alias in node.names if node.module}
