"""build/notebooks: each page of docs/learn as a notebook, with what its cells print and draw.

Prose is the committed page's, with its values; code is the source's, each hidden block a cell whose code is folded.
"""

import os
import re
import sys
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbformat import NotebookNode
from tools import learn, site

FOLDER = learn.ROOT / "build" / "notebooks"
SECONDS = 300  # for a cell, on a machine with other things to do
FOLDED = '```python tags=["hide-input"] jupyter={"source_hidden": true}'
BEGINNING = '''\
import json
from pathlib import Path

import torch

from actlab.play.figures import trees  # for data of figures that have a page of their own

torch.set_num_threads(1)  # as where the page was made


def record(name):
    """A file of records/."""
    text = Path("../../records", name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else text
'''


def notebook(source: Path) -> NotebookNode:
    """Of a page, nothing of it run yet."""
    page = (learn.PAGES / source.name).read_text(encoding="utf-8")
    blocks = [*learn.BLOCK.finditer(source.read_text(encoding="utf-8"))]
    cells = [f"{FOLDED}\n{BEGINNING}```\n"]
    for place, prose in enumerate(filled(source, page)):
        if prose:  # a region: commands in it are to be read, not run
            cells.append(f"<!-- #region -->\n{site.LINK.sub(moved, prose)}\n<!-- #endregion -->\n")
        if place < len(blocks):
            fence = FOLDED if "hidden" in blocks[place]["words"] else "```python"
            quiet = ";" * ("live=" in blocks[place]["words"])  # data of a figure that has a page of its own
            cells.append(f"{fence}\n{blocks[place]['code'].rstrip()}{quiet}\n```\n")
    cells.insert(0, cells.pop(1))  # the title comes first
    made = jupytext.reads("\n".join(cells), fmt="md")
    made.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return made


def filled(source: Path, page: str) -> tuple[str, ...]:
    """A source's prose before, between and after its blocks, with the values that the page has."""
    text, at, pattern = source.read_text(encoding="utf-8"), 0, "<!--[^>]*-->"
    for block in [*learn.BLOCK.finditer(text), None]:
        parts = learn.PLACE.split(text[at : block.start() if block else None].strip())[::2]
        pattern += rf"\s*({'.*?'.join(map(re.escape, parts))})\s*"
        if block:
            shown = "" if "hidden" in block["words"] else f"```python\n{block['code']}```"
            pattern += rf"{re.escape(shown)}(?:\s*```text\n.*?\n```)?(?:\s*!\[[^]]*\]\(images/\w+\.svg\))?"
            at = block.end()
    if found := re.fullmatch(pattern, page, re.DOTALL):
        return found.groups()
    raise ValueError(f"{source.name} is not what the page was made from: `make learn`")


def moved(link: re.Match[str]) -> str:
    """A link as it leads from build/notebooks: to other notebooks, or to the files themselves."""
    picture, words, target, anchor = link.groups(default="")
    file = learn.PAGES / target
    if learn.PAGES / "source" / target in learn.SOURCES:
        return f"[{words}]({file.stem}.ipynb)"
    return f"{picture}[{words}]({os.path.relpath(file, FOLDER)}{anchor})"


def executed(made: NotebookNode, folder: Path) -> NotebookNode:
    """With outputs, run from top to bottom in a folder below build."""
    where, quiet = {"metadata": {"path": str(folder)}}, ["--log-level=ERROR"]  # it warns of its own ports
    return NotebookClient(made, timeout=SECONDS, resources=where, extra_arguments=quiet).execute()


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for source in learn.SOURCES:
        file = FOLDER / f"{source.stem}.ipynb"
        jupytext.write(executed(notebook(source), FOLDER), file)
        print(file.relative_to(learn.ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
