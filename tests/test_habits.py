"""What surrounds the program: extras, completion, the module as a command, the checks before a commit."""

import re
import runpy
import sys
import tomllib
from pathlib import Path

import pytest

from actlab.preflight import installation

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("package", "extra", "level"), [("jinja2", "lab", "warning"), ("hiplot", "hiplot", "note")])
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


def test_the_module_is_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["-m", "list", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "src" / "actlab" / "__main__.py"), run_name="__main__")  # as python -m does
    assert ended.value.code == 0 and "Usage: actlab list" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"), [("actlab pre", "preflight"), ("actlab compare --lea", "--learn"), ("actlab rel", "")]
)
def test_the_shell_completes_commands_and_options(monkeypatch, actlab_command, words, expected):
    monkeypatch.setenv("_ACTLAB_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    done = actlab_command()
    assert done.stdout.split() == expected.split() and done.returncode == 0


def test_a_commit_is_checked_as_make_lint_checks():
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    commands = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()]
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall("entry: (.*)", hooks) == commands
    assert hooks.count("language: system") == hooks.count("- id:") == len(commands) and "http" not in hooks
