"""docs/catalogue.md is what the catalogue's facts and measurements give."""

from pathlib import Path

import pytest
from tools import catalogue_page

from actlab import catalogue

ROOT = Path(__file__).parents[1]


@pytest.mark.large
def test_the_page_is_up_to_date():
    written = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    assert written == catalogue_page.text(), "run `make catalogue`"


def test_each_family_has_its_picture():
    families = {fact.family for fact in catalogue.facts().values()}
    assert {file.stem for file in catalogue_page.PICTURES.glob("*.svg")} == families


def test_every_row_has_as_many_cells_as_its_table():
    """No formula breaks its table."""
    for line in (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| **"):
            assert line.replace("\\|", "").count("|") in (4, 7), line
