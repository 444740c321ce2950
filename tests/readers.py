"""A reader's answer to an exercise of docs/learn, checked as the command checks it."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from actlab.learn import checked, named


def answered(page: int, text: str, folder: Path, number: int = 1) -> tuple[list[str], int]:
    """What is not right yet, in words, and how many things were looked at."""
    file = folder / "mine.py"
    file.write_text(text, encoding="utf-8")
    findings = checked(named(page, number), file, seconds=300)
    return [one.says for one in findings if not one.right], len(findings)


def judged(page: int, text: str, number: int = 2) -> list[tuple[bool, str]]:
    """What is right and what is not, in this process: faster, where the reader's own process is not the point."""
    exercise, module = named(page, number), ModuleType("answer")
    exec(compile(text, exercise.file, "exec"), module.__dict__)
    return list(import_module(f"actlab.learn.exercises.{exercise.name}").check(module))


def mistakes(page: int, text: str, number: int = 2) -> list[str]:
    """Of that what is not right yet."""
    return [says for right, says in judged(page, text, number) if not right]
