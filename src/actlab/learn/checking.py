"""The reader's file, run and looked at in a process of its own; what is found comes back as JSON in a file."""

import importlib.util
import json
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from actlab.errors import UserError
from actlab.learn.pages import Exercise, every, named

# os._exit: what the file has begun, a thread, must not hold up what was found
_CHILD = "import os, sys; from actlab.learn import checking; checking.look(*sys.argv[1:]); os._exit(0)"


@dataclass(frozen=True)
class Finding:
    """Something that is right, or a hint at what is not yet."""

    right: bool
    says: str


def checked(exercise: Exercise, file: Path, seconds: float = 60) -> list[Finding]:
    """Run the reader's file, and say what is right in it and what is not yet.

    Raises UserError where there is no such file of Python.
    """
    if not file.is_file():
        what = f"{file} is a folder" if file.is_dir() else f"There is no file {file}"
        raise UserError(f"{what}. `{exercise.words} --start` lays {exercise.file} into this folder.")
    if other := next((one for one in every() if one.file == file.name != exercise.file), None):
        raise UserError(f"{file.name} is another exercise's: `{other.words} --check {file}`.")
    if file.suffix != ".py":
        raise UserError(f"{file.name} is no file of Python: its name must end with .py, as {exercise.file} does.")
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "findings.json"
        words = [exercise.page, exercise.number, file.resolve(), told]
        # -P: a torch.py of the reader's must not hide the real one; -B: no __pycache__ beside it;
        # -u: nothing printed is lost at the end. What the file prints goes to standard error, 2
        command = [sys.executable, "-PBu", "-c", _CHILD, *map(str, words)]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=2, timeout=seconds)
        except subprocess.TimeoutExpired:
            return [Finding(False, f"It was stopped after {seconds:g} s. Is there a loop in it that does not end?")]
        if not told.exists():
            return [Finding(False, f"The file ended its process, status {done.returncode}, before it was looked at.")]
        return [Finding(**one) for one in json.loads(told.read_text(encoding="utf-8"))]


def look(page: str, number: str, file: str, told: str) -> None:
    """The child: import the reader's file, look at it, write what is found."""
    findings: list[Finding] = []
    try:
        findings.extend(_found(named(int(page), int(number)), Path(file)))
    except BaseException as error:  # of the reader's file, or of what it was asked to do; SystemExit too
        findings.append(Finding(False, _words(error, file)))
    Path(told).write_text(json.dumps([asdict(one) for one in findings]), encoding="utf-8")


def _found(exercise: Exercise, file: Path) -> Iterator[Finding]:
    sys.path.append(str(file.parent))  # last: what stands beside the file hides nothing
    spec = importlib.util.spec_from_file_location("answer", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["answer"] = module  # by which what is defined in it finds its source
    spec.loader.exec_module(module)
    checks = importlib.import_module(f"actlab.learn.exercises.{exercise.name}")
    yield from (Finding(right, says) for right, says in checks.check(module))


def _words(error: BaseException, file: str) -> str:
    """What went wrong in one line, with the last line of the reader's that led there."""
    if isinstance(error, SystemExit):
        return "The file ends the program (exit): nothing after it can be looked at. Take that out."
    if isinstance(error, SyntaxError) and error.filename == file:
        return f"Line {error.lineno} is not Python yet: {error.msg}."
    if isinstance(error, SyntaxError) and "null bytes" in str(error):
        return "The file is no text in UTF-8: save it as such, which editors offer as encoding."
    if isinstance(error, AttributeError) and error.obj is sys.modules.get("answer"):
        return f"There is no {error.name} in the file: keep the names that it began with."
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    kind = "One of its functions gives back something of another kind than asked: "
    where = f"Line {lines[-1]}: " if lines else kind * isinstance(error, TypeError | ValueError)
    said = f"{where}{type(error).__name__}: {error}"
    return " ".join(said.split())[:400]
