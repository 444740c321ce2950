"""Pages of docs/learn as notebooks: nothing of a page is lost, and a reader can run them from top to bottom."""

import re

import pytest
from tools import learn, notebooks

BY_NAME = pytest.mark.parametrize("source", learn.SOURCES, ids=lambda file: file.stem)
FENCED = re.compile(r"^```.*?^```\n|^!\[[^\n]*\n|<!--.*?-->\n", re.MULTILINE | re.DOTALL)


def words(text: str) -> list[str]:
    """Of prose, without blocks, pictures, and where links lead."""
    return re.sub(r"\]\([^)]*\)", "]", FENCED.sub("", text)).split()


@BY_NAME
def test_a_notebook_has_all_of_its_page(source):
    made, page = notebooks.notebook(source), (learn.PAGES / source.name).read_text(encoding="utf-8")
    prose = [cell.source for cell in made.cells if cell.cell_type == "markdown"]
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert prose[0].startswith("# ") and words("\n".join(f"{part}\n" for part in prose)) == words(page)
    commands = [line for part in prose for line in part.splitlines() if line.startswith("actlab ")]
    assert commands == re.findall(r"^actlab .*", page, re.MULTILINE) != []
    shown = [cell.source for cell in code if "jupyter" not in cell.metadata]
    assert shown == [block.strip() for block in re.findall(r"^```python\n(.*?)^```\n", page, re.M | re.S)]
    assert len(code) == 1 + len(learn.BLOCK.findall(source.read_text(encoding="utf-8")))
    for target in re.findall(r"\]\(([^)#:\s]+)[)#]", "".join(prose)):
        there = learn.PAGES / f"{target[:-6]}.md" if target.endswith(".ipynb") else notebooks.FOLDER / target
        assert there.resolve().exists(), target


def test_a_page_that_was_not_made_is_refused(tmp_path):
    page = (learn.PAGES / learn.SOURCES[0].name).read_text(encoding="utf-8")
    assert notebooks.filled(learn.SOURCES[0], page)
    with pytest.raises(ValueError, match="is not what the page was made from: `make learn`"):
        notebooks.filled(learn.SOURCES[0], page.replace("# 1.", "# 2."))


@pytest.mark.large
@pytest.mark.filterwarnings("default")  # of what runs notebooks
@pytest.mark.parametrize("source", learn.SOURCES[1:4:2], ids=lambda file: file.stem)  # all: `make notebooks`
def test_a_notebook_prints_and_draws_what_its_page_shows(source, tmp_path):
    page = (learn.PAGES / source.name).read_text(encoding="utf-8")
    folder = tmp_path / "build" / "notebooks"
    folder.mkdir(parents=True)
    (tmp_path / "records").symlink_to(learn.ROOT / "records")
    cells = [cell for cell in notebooks.executed(notebooks.notebook(source), folder).cells if cell.cell_type == "code"]
    printed = ["".join(out.text for out in cell.outputs if out.output_type == "stream") for cell in cells]
    committed = re.findall(r"^```text\n(.*?)^```\n", page, re.MULTILINE | re.DOTALL)
    for one, other in zip(filter(None, printed), committed, strict=True):
        assert learn.near(one, other), one
    drawn = [out for cell in cells for out in cell.outputs if "image/svg+xml" in out.get("data", {})]
    assert len(drawn) == len(re.findall(r"\]\(images/", page)) > 0
