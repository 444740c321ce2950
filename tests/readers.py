"""A reader's answer to an exercise of docs/learn, checked as the command checks it."""

import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import torch

from actlab.learn import checked, named
from actlab.learn.checking import look


def answered(page: int, text: str, folder: Path, number: int = 1, apart: bool = False) -> tuple[list[str], int]:
    """What is not right yet, in words, and how many things were looked at; `apart`: in a process of its own."""
    file, told = folder / "mine.py", folder / "told.json"
    file.write_text(text, encoding="utf-8")
    if apart:
        findings = [(one.right, one.says) for one in checked(named(page, number), file, seconds=300)]
    else:  # what that process does, without the seconds that it takes to begin
        path, threads = [*sys.path], torch.get_num_threads()
        look(str(page), str(number), str(file), str(told))
        sys.path[:] = path
        torch.set_num_threads(threads)
        findings = [tuple(one.values()) for one in json.loads(told.read_text(encoding="utf-8"))]
    return [says for right, says in findings if not right], len(findings)


def judged(page: int, text: str, number: int = 2) -> list[tuple[bool, str]]:
    """What its check finds right and what not."""
    exercise, module = named(page, number), ModuleType("answer")
    exec(compile(text, exercise.file, "exec"), module.__dict__)
    return list(import_module(f"actlab.learn.exercises.{exercise.name}").check(module))


def mistakes(page: int, text: str, number: int = 2) -> list[str]:
    """Of that what is not right yet."""
    return [says for right, says in judged(page, text, number) if not right]
