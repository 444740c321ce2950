"""`actlab list` and `actlab show`: the catalogue, and the card and picture of an activation."""

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from actlab.cli.app import Learn, Param, app
from actlab.cli.options import filled
from actlab.errors import UserError, need_one_of

if TYPE_CHECKING:
    from actlab.catalogue import Facts


@app.command("list", epilog="Example: actlab list --smooth --bounded")
def list_(
    kinked: Annotated[
        bool | None, Option("--kinked/--smooth", help="only those with kinks or jumps, or without")
    ] = None,
    bounded: Annotated[bool, Option("--bounded", help="only those with both ends of their range finite")] = False,
    learned: Annotated[bool, Option("--learned", help="only those with parameters that training changes")] = False,
    family: Annotated[str | None, Option(help="only this family, for example gated")] = None,
    same_as: Annotated[
        str | None, Option(metavar="NAME", help="only what is the same function, at least up to scale and shift")
    ] = None,
    as_json: Annotated[bool, Option("--json", help="all facts as JSON")] = False,
) -> None:
    """List the catalogue by family: name, what it is, kinks, what is learned, other names."""
    import dataclasses

    from actlab import catalogue

    if {"--kinked", "--smooth"} <= set(sys.argv):
        raise UserError("--kinked and --smooth exclude each other: take one of them.")
    facts = list(catalogue.facts().values())
    families = dict.fromkeys(fact.family for fact in facts)
    if family is not None:
        need_one_of("family", family, families)
    found = [
        fact
        for fact in facts
        if (kinked is None or bool(fact.kinks) == kinked)
        and (not bounded or "inf" not in fact.range)
        and (not learned or fact.learned)
        and (family is None or fact.family == family)
    ]
    notes = {fact.name: _notes(fact) for fact in found}
    if same_as is not None:
        from actlab.checks import same_as as alike

        notes = {same.name: same.text for same in alike(same_as)}
        found = [fact for fact in found if fact.name in notes]
    if as_json:
        same = {fact.name: {"same": notes[fact.name]} if same_as is not None else {} for fact in found}
        rows = [dataclasses.asdict(fact) | same[fact.name] for fact in found]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    elif found:
        if same_as is not None:
            own = catalogue.lookup(same_as.partition("(")[0])
            also = f" (also {', '.join(own.aliases)})" if own.aliases else ""
            print(f"The same as {own.name}{also}, exactly or up to input and output scale and shift:\n")
        print(_by_family(found, notes))
        if len(found) == len(facts):
            print(_gated_modules())
    else:
        print("No activation of the catalogue is all of this.", file=sys.stderr)


@app.command(epilog="Example: actlab show silu gelu mish --out three.svg")
def show(
    names: Annotated[
        list[str], Argument(metavar="NAME...", help="a name, leaky_relu(0.2), file.py:name, package.module:Name")
    ],
    param: Param = None,
    learn: Learn = None,
    gradient: Annotated[bool, Option("--gradient", help="follow a gradient through it in numbers")] = False,
    out: Annotated[
        Path | None, Option(help="also draw f, f' and f'' of all in one picture: a .svg, .png, .pdf or .html file")
    ] = None,
    as_json: Annotated[bool, Option("--json", help="the cards as JSON")] = False,
) -> None:
    """Show activations: facts, properties and a picture, or with --gradient how a gradient passes through.

    With --gradient the status is 1 where the hand-written derivative disagrees with autograd or finite differences.
    """
    names = filled(names, param, learn)
    if gradient:
        _gradient(names, out, as_json)
    from actlab import report
    from actlab.checks import explain

    if out is not None:
        report.check_file(out)
    items = [explain.shown(name) for name in names]
    if out is not None:
        report.draw_card(explain.sketches(items), out)
    if as_json:
        print(json.dumps([explain.as_dict(item) for item in items], indent=1, ensure_ascii=False, allow_nan=False))
        return
    print("\n\n".join(explain.card(item) for item in items))
    given = " ".join(f"'{name}'" if set(name) & set(" ()*") else name for name in names)
    advice = f"A picture of it: actlab show {given} --out card.svg (or .png, .pdf, .html)"
    print(f"\nPicture: {out}" if out else f"\n{advice}")


def _gradient(names: list[str], out: Path | None, as_json: bool) -> None:
    """The worked example of each; ends the command."""
    from actlab.checks import gradient_example

    if out is not None or as_json:
        raise UserError("--gradient prints a worked example: it goes with neither --out nor --json.")
    examples = [gradient_example(name) for name in names]
    print("\n\n".join(example.render() for example in examples))
    raise typer.Exit(0 if all(example.agrees for example in examples) else 1)


def _notes(fact: "Facts") -> str:
    kinks = [f"{kink:g}" if isinstance(kink, float) else kink for kink in fact.kinks]
    told = {"kink at": kinks, "learned:": fact.learned, "also": fact.aliases}
    return "; ".join(f"{word} {', '.join(names)}" for word, names in told.items() if names)


def _gated_modules() -> str:
    from actlab.catalogue import GATING

    width = max(len(entry.module) for entry in GATING)
    lines = [f"  {entry.module:<{width}}  {entry.summary}  [{entry.widths}]" for entry in GATING]
    return "\n".join(["", "modules that change the width (actlab.nn; not to be compared as activations)", *lines])


def _by_family(facts: "list[Facts]", notes: dict[str, str]) -> str:
    width = max(len(fact.name) for fact in facts)
    lines = []
    for family, members in groupby(facts, key=lambda fact: fact.family):
        lines += ["", family]
        for fact in members:
            note = notes[fact.name]
            lines.append(f"  {fact.name:<{width}}  {fact.summary}" + (f"  [{note}]" if note else ""))
    return "\n".join(lines[1:])
