"""`actlab list` and `actlab show`: the catalogue and the card of an activation."""

import json
from typing import Annotated

import typer

from actlab.cli.app import app


@app.command("list", epilog="Example: actlab list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="all facts as JSON")] = False) -> None:
    """List the catalogue: name, what it is, kinks, what is learned, other names."""
    import dataclasses

    from actlab import catalogue

    facts = catalogue.facts().values()
    if as_json:
        print(json.dumps([dataclasses.asdict(fact) for fact in facts], indent=1, ensure_ascii=False))
        return
    width = max(len(fact.name) for fact in facts)
    for fact in facts:
        notes = [f"kink at {', '.join(f'{k}' for k in fact.kinks)}"] if fact.kinks else []
        notes += [f"learned: {', '.join(fact.learned)}"] if fact.learned else []
        notes += [f"also {', '.join(fact.aliases)}"] if fact.aliases else []
        print(f"{fact.name:<{width}}  {fact.summary}" + (f"  [{'; '.join(notes)}]" if notes else ""))


@app.command(epilog="Example: actlab show relu --gradient")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="one activation")],
    gradient: Annotated[bool, typer.Option("--gradient", help="follow a gradient through it in numbers")] = False,
) -> None:
    """Show an activation: its facts, or with --gradient how a gradient passes through it.

    With --gradient the status is 1 where the hand-written derivative disagrees with autograd or finite differences.
    """
    from actlab import show as shows

    if not gradient:
        print(shows.card(name))
        return
    example = shows.gradient_example(name)
    print(example.render())
    raise typer.Exit(0 if example.agrees else 1)
