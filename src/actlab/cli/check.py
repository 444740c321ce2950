"""`actlab check`: the battery, as a table, JSON or JUnit."""

import contextlib
import glob
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actlab.cli.app import Learn, Param, app
from actlab.cli.options import filled, parse_list, parse_whole
from actlab.errors import UserError

if TYPE_CHECKING:
    from actlab.checks import Verdict


@app.command(epilog='Example: actlab check "x * tanh(softplus(x))"')
def check(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TARGET]...",
            help="a name, file.py:name, file.py (all of it), package.module:Name, or a formula in quotes",
            show_default=False,
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="the whole catalogue")] = False,
    reference: Annotated[str | None, typer.Option(help="what it is meant to be: a name or a formula")] = None,
    param: Param = None,
    learn: Learn = None,
    not_elementwise: Annotated[
        bool, typer.Option("--not-elementwise", help="it works on whole rows, such as a gate")
    ] = False,
    width: Annotated[str | None, typer.Option(metavar="N", help="it is made for rows of N features")] = None,
    channels: Annotated[bool, typer.Option("--channels", help="its features are dimension 1: (N, C, T)")] = False,
    gradient: Annotated[
        str | None, typer.Option(metavar="FORMULA", help="the gradient it is meant to have: a surrogate, or 1")
    ] = None,
    only: Annotated[str | None, typer.Option(help="checks to run: value,kinks")] = None,
    allow: Annotated[
        str | None, typer.Option(help="what may fail: portability, or names of checks", show_default="nothing")
    ] = None,
    inductor: Annotated[
        bool | None,
        typer.Option("--inductor/--no-inductor", help="compile with Inductor too", show_default="for one target"),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="nothing that compiles")] = False,
    exhaustive: Annotated[bool, typer.Option("--exhaustive", help="all 2^32 float32 numbers: minutes")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the verdicts as JSON, a line each")] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="the verdicts as JUnit XML")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="what passed and was skipped, too")] = False,
) -> None:
    """Put activations through the battery: values, gradients, tails, kinks, dtypes, shapes, state, vmap, compile.

    The status is 0 where all passes, 1 where something fails, 2 where a target cannot be checked at all.
    """
    from rich.console import Console
    from rich.markup import escape

    from actlab import catalogue
    from actlab.checks import check as battery, junit as as_junit

    if junit is not None and not junit.expanduser().absolute().parent.is_dir():
        raise UserError(f"--junit {junit}: there is no folder {junit.parent}.")
    named, broken, left = _expanded(targets or [])
    named = [*(catalogue.facts() if all_ else []), *filled(named, param, learn)]
    if len(broken) == 1 and not named:
        raise UserError(broken[0][1])
    if not named and not broken:
        raise UserError("Name an activation to check, for example `actlab check relu`, or --all for the catalogue.")
    allowed = _allowed(parse_list(allow))
    many = len(named) + len(broken) > 1
    verdicts, unusable = [], []
    for target, why in broken:
        unusable.append((target, why))
        _cannot(as_json, target, why)
    status = Console(stderr=True).status("")
    for target in named:
        try:
            # no spinner where standard error is no terminal; what an activation prints is no part of the verdict
            with status, contextlib.redirect_stdout(sys.stderr):
                verdict = battery(
                    target,
                    reference=reference,
                    gradient=gradient,
                    elementwise=not not_elementwise,
                    width=parse_whole("--width", width),
                    channels=channels,
                    inductor=not many if inductor is None else inductor,
                    quick=quick,
                    exhaustive=exhaustive,
                    only=parse_list(only),
                    progress=lambda name, target=target: status.update(escape(f"{target}: {name}")),
                )
        except UserError as error:
            if not many:
                raise
            unusable.append((target, str(error)))
            _cannot(as_json, target, str(error))
            continue
        verdicts.append(verdict)
        if as_json:
            print(verdict.as_json(), flush=True)
        elif many:
            print(_row(verdict, allowed), flush=True)
    for target, why in left:
        _cannot(as_json, target, why, "not checked", "unchecked")
    if junit is not None:
        junit.write_text(as_junit(verdicts, allowed, unusable, left), encoding="utf-8")
    if not many and not as_json:
        _print(verdicts[0], verbose, allowed)
    if many and not as_json:
        sound = sum(v.passes(allowed) for v in verdicts)
        print(
            f"{sound} of {len(named) + len(broken)} pass"
            + (f", {len(unusable)} cannot be checked." if unusable else ".")
            + (
                " Check one alone to see where, and how to mend it."
                if sound + len(unusable) < len(named) + len(broken)
                else ""
            )
        )
    if unusable:
        raise typer.Exit(2)
    raise typer.Exit(0 if all(v.passes(allowed) for v in verdicts) else 1)


def _allowed(names: list[str]) -> list[str]:
    from actlab.checks import CHECKS
    from actlab.errors import one_of

    for name in names:
        if name != "portability" and name not in CHECKS:
            raise one_of("check", name, ["portability", *CHECKS])
    return names


def _expanded(targets: list[str]) -> tuple[list[str], list[tuple[str, str]], list[tuple[str, str]]]:
    """A file without a name, or a pattern of files, stands for the activations in it.

    Then files that hold none, and what else can be called in a file, each with why.
    """
    found: list[str] = []
    broken: list[tuple[str, str]] = []
    left: list[tuple[str, str]] = []
    for target in targets:
        if not target.strip().endswith(".py"):
            found.append(target)
            continue
        for file in sorted(glob.glob(target)) or [target]:
            try:
                found += _in_file(file, left)
            except UserError as error:
                broken.append((file, str(error)))
    return found, broken, left


def _in_file(file: str, left: list[tuple[str, str]]) -> list[str]:
    """The activations defined in a file: blocks, modules, autograd Functions, whatever is called with one argument."""
    from actlab.checks import activations_in

    with contextlib.redirect_stdout(sys.stderr):
        names, unfit = activations_in(file)
    left += [(f"{file}:{name}", why) for name, why in unfit.items()]
    if not names:
        raise UserError(f"{file} defines no activation: no block, module class, autograd Function or function of x.")
    return [f"{file}:{name}" for name in names]


def _cannot(as_json: bool, target: str, why: str, words: str = "cannot be checked", key: str = "unusable") -> None:
    print(json.dumps({"label": target, key: why}) if as_json else f"{target}: {words}. {why}", flush=True)


def _row(verdict: "Verdict", allowed: list[str]) -> str:
    failures = verdict.failures
    state = "pass" if verdict.passes(allowed) else "FAIL"
    what = ", ".join(f.check for f in failures) or verdict.identity
    return f"{state}  {verdict.label:<24}  {verdict.seconds:5.1f} s  {what}"


def _print(verdict: "Verdict", verbose: bool, allowed: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False, soft_wrap=False)
    console.print(f"[bold]{_safe(verdict.label)}[/bold]: {_safe(verdict.identity)}")
    console.print(f"Measured against {_safe(verdict.truth)}.\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("check", "", "measured", "limit", "input", "finding"):
        table.add_column(column, overflow="fold", no_wrap=column in ("check", ""))
    failed = verdict.failures_but(allowed)
    colours = {"pass": "green", "fail": "red", "note": "cyan", "skip": "bright_black", "allowed": "yellow"}
    for f in verdict.findings:
        if f.outcome == "skip" and not verbose:
            continue
        says = f.says if verbose or f.outcome != "pass" or f.check == "kinks" else ""
        told = " ".join([says, f"Mend: {f.mend}" if f.mend and f.outcome != "pass" else ""]).strip()
        outcome = "allowed" if f.outcome == "fail" and f not in failed else f.outcome
        colour = colours[outcome]
        table.add_row(
            f.check,
            f"[{colour}]{outcome}[/{colour}]",
            _number(f.measured) if f.outcome != "note" else "",
            _number(f.limit),
            _safe(f.where),
            _safe(told),
        )
    console.print(table)
    counts = {s: sum(f.severity == s for f in failed) for s in ("wrong", "portability")}
    ended = " and ".join(f"{n} {severity}" for severity, n in counts.items() if n)
    colour, said = ("red", f"Failed: {ended}") if failed else ("green", "All checks pass")
    if not failed and verdict.failures:
        said = "All pass but what is allowed to fail"
    console.print(f"\n[bold {colour}]{said}[/] in {verdict.seconds:.1f} s.")
    if verdict.properties is not None:
        for name, value in verdict.properties.as_rows():
            console.print(f"  {name:<16}{_safe(value)}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _safe(text: str) -> str:
    from rich.markup import escape

    return escape(text)
