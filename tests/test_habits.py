"""What surrounds the program: extras."""

import tomllib
from pathlib import Path

import pytest

from actlab.preflight import installation

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("package", "extra", "level"), [("plotly", "lab", "warning"), ("hiplot", "hiplot", "note")])
def test_the_doctor_names_the_extra_that_brings_what_is_missing(monkeypatch, package, extra, level):
    required = [
        f'{needed}; extra == "{name}"'
        for name, packages in PROJECT["project"]["optional-dependencies"].items()
        for needed in packages
    ]
    monkeypatch.setattr("importlib.metadata.requires", lambda name: required)
    monkeypatch.setattr(installation, "_version", lambda name: "" if name == package else "1.0")
    told = [(f.about, f.level, f.says) for f in installation.extras() if f.level != "ok"]
    assert told == [(extra, level, f"without {package}: pip install 'actlab[{extra}]'")]
