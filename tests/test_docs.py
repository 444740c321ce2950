"""What the documents show is run, and what they promise is there."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from tools import records

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_readme_is_short():
    assert len(README.splitlines()) <= 100


@pytest.mark.large
def test_readmes_python_runs(tmp_path):
    code = "\n".join(blocks(README, "python"))
    assert code
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


def test_every_command_in_the_readme_exists(actlab_command):
    """Each line is parsed by the command's own parser: unknown options and names fail."""
    lines = [line.split("#")[0].strip() for block in blocks(README, "sh") for line in block.splitlines()]
    commands = [line.removeprefix(".venv/bin/") for line in lines if re.match(r"(\.venv/bin/)?actlab ", line)]
    assert len(commands) >= 5
    for command in commands:
        name, *options = command.split()[1:]
        done = actlab_command(name, "--help")
        assert done.returncode == 0, command
        for option in [word for word in options if word.startswith("--")]:
            assert option in done.stdout, command


DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "records/README.md"]
made_from = ROOT / "docs" / "learn" / "source"  # whose links are those of the page made from it
DOCUMENTS += sorted(f.relative_to(ROOT).as_posix() for f in (ROOT / "docs").rglob("*.md") if f.parent != made_from)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_and_files_that_documents_name_are_there(document):
    """A record that is cited, too."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:\s]+)\)", text):
        assert (ROOT / document).parent.joinpath(target).exists(), target
    for target in re.findall(r"`((?:studies|records|docs|tools|tests|src)/[\w./-]+)`", text):
        assert (ROOT / target).exists(), target


def test_nothing_speaks_of_a_machine():
    """No path of somebody's machine in the project's files."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True)
    for name in listed.stdout.split("\n"):
        file = ROOT / name
        if name and file.is_file() and file.suffix in {".py", ".md", ".toml", ".json", ".html", ".txt", ".yml"}:
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"(?<![\w.])/(home|root|work|Users)/\w", text), name


def test_every_record_has_its_claim():
    assert records.PAGE.read_text(encoding="utf-8") == records.text(), "run `make records`"


def test_the_figures_of_the_readme_are_those_of_its_records():
    mnist = json.loads((ROOT / "records" / "mnist.json").read_text(encoding="utf-8"))
    for row in mnist["activations"]:
        shown = [
            f"{row[name]:.2%} [{100 * row[f'{name}_low']:.2f}, {100 * row[f'{name}_high']:.2f}]"
            for name in ("final_valid_accuracy", "test_accuracy")
        ]
        assert f"| {row['name']} | {' | '.join(shown)} | {row['relative_cost']:.2f} |" in README
    for one in mnist["comparisons"]:
        assert f"{100 * one['difference']:+.2f} [{100 * one['low']:+.2f}, {100 * one['high']:+.2f}]" in README
    for folder in (ROOT / "records", ROOT / "records" / "intel"):
        engine = json.loads((folder / "engine.json").read_text(encoding="utf-8"))
        ratios = [
            row["ratio"]["median"]
            for row in engine["rows"]
            if row["part"] == "floor" and row["optimizer"] == "sgd" and row["networks"] >= 8 and row["processes"] == 1
        ]
        assert f"{min(ratios):.2f} to {max(ratios):.2f}" in README
        job = json.loads((folder / "main_job.json").read_text(encoding="utf-8"))["rows"][1]
        seconds = sorted(job["seconds"])
        assert re.search(rf"{job['median']:.0f} s\s\({seconds[0]:.0f} to {seconds[-1]:.0f}\)", README)


def study(name: str) -> ModuleType:
    """A script of studies/."""
    sys.path.insert(0, str(ROOT / "studies"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.pop(0)


def test_the_page_of_the_verdicts_is_that_of_its_record():
    verdicts_page = study("verdicts_page")
    files = (verdicts_page.SIMULATED, verdicts_page.SKEWED, verdicts_page.TRAINED)
    known = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    assert verdicts_page.PAGE.read_text(encoding="utf-8") == verdicts_page.page(*known)


def test_the_page_of_preflight_is_that_of_its_record():
    preflight = study("preflight")
    record = json.loads(preflight.RECORD.read_text(encoding="utf-8"))
    assert preflight.PAGE.read_text(encoding="utf-8") == preflight.page(record)
    states = {case["pipeline"]: {found["state"] for found in case["endings"].values()} for case in record["trained"]}
    assert states == {"standard": {"fine"}, "published": {"validation inputs do not look like training inputs"}}


def test_the_page_of_drawing_libraries_is_that_of_its_record():
    drawing = study("drawing")
    record = json.loads(drawing.RECORD.read_text(encoding="utf-8"))
    assert drawing.PAGE.read_text(encoding="utf-8") == drawing.text(record)


def test_the_page_of_the_answers_is_that_of_its_record():
    answers = study("answers")
    record = json.loads(answers.RECORD.read_text(encoding="utf-8"))
    assert answers.PAGE.read_text(encoding="utf-8") == answers.page(record)
    assert [part["part"] for part in record["parts"]] == list(answers.PARTS)
    for part in record["parts"]:
        for one in part["comparisons"]:  # verdict and interval cannot disagree
            assert ("better" in one["verdict"]) <= (one["low"] > 0), one
            assert ("worse" in one["verdict"]) <= (one["high"] < 0), one


def test_the_page_of_the_battery_is_that_of_its_record():
    battery = study("battery")
    record = json.loads(battery.RECORD.read_text(encoding="utf-8"))
    assert battery.PAGE.read_text(encoding="utf-8") == battery.page(record)
    caught, right = sum(m["caught"] for m in record["mutants"]), len(record["right"])
    for words in (f"{caught} of {len(record['mutants'])}", f"0 of {right}", f"{len(record['catalogue'])} of"):
        assert words in README
