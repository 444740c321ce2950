"""docs/learn: each page and its pictures, made by running the blocks of source/NN-name.md in order, in one namespace.

    ```python                       shown and run; what it prints stands below it
    ```python hidden                run, not shown
    ```python figure=NAME alt="..." its last expression is a Drawing, saved as images/NAME.svg (also with `hidden`)
    ```python live=NAME title="..." its last expression is the data of live/NAME.html, which source/live/NAME.js draws
    {{ expression:format }}         in prose, and in alt: its value after the blocks above
`record(NAME)`: a file of records/; `trees(NAME)`: a function, for a live figure. `--check` makes all and compares.
"""

import argparse
import ast
import contextlib
import io
import json
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from actlab.play.figures import script, trees

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "learn"
SOURCES, LIVE = sorted((PAGES / "source").glob("*.md")), PAGES / "source" / "live"
BLOCK = re.compile(r"^```python(?P<words>[^\n]*)\n(?P<code>.*?)^```\n", re.MULTILINE | re.DOTALL)
PLACE, NUMBER = re.compile(r"\{\{(.+?)\}\}", re.DOTALL), re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
SAID = re.compile(r'(>[^<]*<|(?:data-tip|aria-label)="[^"]*")')  # what a drawing says; the rest is where its marks are
PIXELS, RELATIVE = 0.5, 1e-3


@dataclass
class Page:
    """A page in parts, each with whether it was measured (else it stands in the source); and the files it shows."""

    parts: list[tuple[str, bool]]
    files: dict[str, "str | Page"] = field(default_factory=dict)

    def __str__(self) -> str:
        return "".join(part for part, _ in self.parts)

    def differs(self, other: str) -> str:
        """Where a committed text is another: words must be equal, what was measured near."""
        pattern = "".join("(.*?)" if measured else re.escape(part) for part, measured in self.parts)
        if found := re.fullmatch(pattern, other, re.DOTALL):
            pairs = zip((part for part, measured in self.parts if measured), found.groups(), strict=True)
            return next((f"{a!r} is committed as {b!r}" for a, b in pairs if not near(a, b)), "")
        pairs = zip_longest(str(self).splitlines(), other.splitlines())
        return next((f"{a!r} is committed as {b!r}" for a, b in pairs if a != b), "its end is another")


def made(source: Path) -> Page:
    """Run a page."""
    text, at = "\n\n" + source.read_text(encoding="utf-8"), 0
    page = Page([(f"<!-- made by tools/learn.py from source/{source.name}: change that, then `make learn` -->", False)])
    sys.modules[source.stem] = module = ModuleType(source.stem)  # a module, so that what a page defines can be pickled
    module.record, module.trees, namespace = record, trees, vars(module)
    torch.set_num_threads(1)
    for block in BLOCK.finditer(text):
        page.parts += filled(text[at : block.start()], namespace)
        words = {key: value for key, _, value in (word.partition("=") for word in shlex.split(block["words"]))}
        above = "\n" * text[2 : block.start("code")].count("\n")  # so that tracebacks name the line
        last, printed = run(above + block["code"], str(source), namespace)
        shown = [] if "hidden" in words else [(f"```python\n{block['code']}```\n", False)]
        shown += [("\n```text\n" if shown else "```text\n", False), (printed, True), ("```\n", False)] * bool(printed)
        if name := words.get("figure"):
            page.files[f"images/{name}.svg"] = last.as_file
            alt = filled(words["alt"], namespace)
            shown += [("\n![" if shown else "![", False), *alt, (f"](images/{name}.svg)\n", False)]
        if name := words.get("live"):
            page.files[f"live/{name}.html"] = alive(name, words["title"], last)
        page.parts += shown
        at = block.end() + (not shown and text[block.end() : block.end() + 1] == "\n")  # no two empty lines
    return Page([*page.parts, *filled(text[at:], namespace)], page.files)


def alive(name: str, title: str, data: Any) -> Page:
    """A figure for the reader's hand: what source/live has of that name in its frame, with what it imports and data."""
    read = lambda file: (LIVE / file.replace("main.", f"{name}.")).read_text(encoding="utf-8")  # noqa: E731
    data = json.dumps(data).replace("<", r"\u003c")
    names = {"name": name, "title": title, "data": data, "read": read, "script": script(read)}
    return Page([(part, part == data) for part, _ in filled(read("frame.html"), names)])


def run(code: str, name: str, namespace: dict[str, Any]) -> tuple[Any, str]:
    """The value of a block's last expression, if it ends with one, and what it prints."""
    tree = ast.parse(code, name)
    last = ast.Expression(tree.body.pop().value if isinstance(tree.body[-1], ast.Expr) else ast.Constant(None))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, name, "exec"), namespace)
        return eval(compile(ast.fix_missing_locations(last), name, "eval"), namespace), printed.getvalue()


def filled(prose: str, namespace: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Prose, and the values in its places."""
    for place, part in enumerate(PLACE.split(prose)):
        yield (eval(f'f"""{{{part.strip()}}}"""', namespace), True) if place % 2 else (part, False)


def record(name: str) -> Any:
    text = (ROOT / "records" / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else text


def near(one: str, other: str, most: float | None = None) -> bool:
    """Whether words are equal and numbers near: within `most`, else within one of the last decimal; counts: equal."""
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    for a, b in zip(NUMBER.findall(one), NUMBER.findall(other), strict=True):
        room = RELATIVE * abs(float(a)) if {".", "e"} & set(a) else 0.0
        if decimals := re.search(r"\.(\d+)$", a):
            room = max(room, 1.001 * 10.0 ** -len(decimals[1]))
        if abs(float(a) - float(b)) > (room if most is None else most):
            return False
    return True


def same_picture(one: str, other: str) -> bool:
    """Whether two drawings say the same, with marks in the same places."""
    pairs = enumerate(zip_longest(SAID.split(one), SAID.split(other), fillvalue=""))
    return all(near(a, b, None if place % 2 else PIXELS) for place, (a, b) in pairs)


def complaints(source: Path) -> Iterator[str]:
    """Where what is committed is not what is made."""
    for name, one in {source.name: (page := made(source)), **page.files}.items():
        old = file.read_text(encoding="utf-8") if (file := PAGES / name).exists() else ""
        if differs := one.differs(old) if isinstance(one, Page) else not same_picture(one, old) and "another picture":
            yield f"{name}: {differs}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the pages of docs/learn.")
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    if parser.parse_args().check:
        found = [words for source in SOURCES for words in complaints(source)]
        print("\n".join([*found, "Run `make learn`."]) if found else f"{len(SOURCES)} pages are as made.")
        sys.exit(bool(found))
    for source in SOURCES:
        page = made(source)
        for name, one in {source.name: page, **page.files}.items():
            (PAGES / name).write_text(str(one), encoding="utf-8")
        print(f"{source.name}: {len(page.files)} figures")
