"""A reader's answer to an exercise of docs/learn, checked as the command checks it."""

from pathlib import Path

from actlab.learn import checked, named


def answered(page: int, text: str, folder: Path) -> tuple[list[str], int]:
    """What is not right yet, in words, and how many things were looked at."""
    file = folder / "mine.py"
    file.write_text(text, encoding="utf-8")
    findings = checked(named(page), file)
    return [one.says for one in findings if not one.right], len(findings)
