"""`actlab learn`: pages, exercises, and what is right in an answer."""

from pathlib import Path
from typing import Annotated

import typer

from actlab.cli.app import app
from actlab.errors import UserError


@app.command(epilog="Example: actlab learn 3 --start; then actlab learn 3 --check exercise_3_1.py")
def learn(
    page: Annotated[int | None, typer.Argument(metavar="[PAGE]", help="its number", show_default=False)] = None,
    start: Annotated[bool, typer.Option("--start", help="lay the exercise's file into this folder")] = False,
    check: Annotated[
        Path | None, typer.Option(metavar="FILE", help="run FILE, and say what is right in it and what is not yet")
    ] = None,
    exercise: Annotated[int, typer.Option(metavar="N", help="which of the page's exercises")] = 1,
) -> None:
    """List the pages that teach (docs/learn) and their exercises; lay an exercise's file; check an answer.

    --check runs FILE, in a process of its own that is stopped after a minute: check only what you would run yourself.
    The status is 0 where all is right, 1 where something is not yet.
    """
    from actlab.learn import PAGES, checked, lay, named

    if page is None:
        if start or check is not None:
            raise UserError("Say which page: `actlab learn 3 --start`, `actlab learn 3 --check exercise_3_1.py`.")
        for one in PAGES:
            _listed(one.number)
        print("\nBegin:  actlab learn 3 --start\nCheck:  actlab learn 3 --check exercise_3_1.py  (which runs the file)")
    elif start and check is not None:
        raise UserError("--start and --check exclude each other: lay the file first, check it when it is written.")
    elif start:
        asked = named(page, exercise)
        print(f"Wrote {lay(asked, Path.cwd()).name}: {asked.title}.")
        print(f"Do what it says, then: {asked.words} --check {asked.file}")
    elif check is not None:
        findings = checked(named(page, exercise), check)
        for finding in findings:
            print(f"{'right   ' if finding.right else 'not yet '} {finding.says}")
        is_right = all(finding.right for finding in findings)
        print("All of it is right." if is_right else "Mend what is not yet right, and check again.")
        raise typer.Exit(0 if is_right else 1)
    else:
        named(page, exercise)
        _listed(page)


def _listed(number: int) -> None:
    """A page with its exercises."""
    from actlab.learn import PAGES

    [page] = (one for one in PAGES if one.number == number)
    print(f"Page {page.number}: {page.title}")
    for place, title in enumerate(page.exercises.values(), start=1):
        print(f"  exercise {number}.{place}  {title}")
