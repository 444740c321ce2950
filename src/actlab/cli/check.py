"""`actlab check`: the battery, as a table, JSON or JUnit."""

import contextlib
import glob
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from actlab.cli.app import Learn, Param, app
from actlab.cli.options import filled, parse_names, parse_whole
from actlab.errors import UserError, need_one_of

if TYPE_CHECKING:
    from actlab.checks import Verdict


@app.command(epilog='Example: actlab check "x * tanh(softplus(x))"')
def check(
    targets: Annotated[
        list[str] | None,
        Argument(
            metavar="[TARGET]...",
            help="a name, file.py:name, file.py (all of it), package.module:Name, or a formula in quotes",
            show_default=False,
        ),
    ] = None,
    all_: Annotated[bool, Option("--all", help="the whole catalogue")] = False,
    reference: Annotated[str | None, Option(help="what it is meant to be: a name or a formula")] = None,
    param: Param = None,
    learn: Learn = None,
    not_elementwise: Annotated[
        bool, Option("--not-elementwise", help="it works on whole rows, such as a gate")
    ] = False,
    width: Annotated[str | None, Option(metavar="N", help="it is made for rows of N features")] = None,
    channels: Annotated[bool, Option("--channels", help="its features are dimension 1: (N, C, T)")] = False,
    gradient: Annotated[
        str | None, Option(metavar="FORMULA", help="the gradient it is meant to have: a surrogate, or 1")
    ] = None,
    only: Annotated[str | None, Option(help="checks to run: value,kinks")] = None,
    allow: Annotated[
        str | None, Option(help="what may fail: portability, or names of checks", show_default="nothing")
    ] = None,
    inductor: Annotated[
        bool | None, Option("--inductor/--no-inductor", help="compile with Inductor too", show_default="for one target")
    ] = None,
    quick: Annotated[bool, Option("--quick", help="nothing that compiles")] = False,
    exhaustive: Annotated[bool, Option("--exhaustive", help="all 2^32 float32 numbers: minutes")] = False,
    as_json: Annotated[bool, Option("--json", help="the verdicts as JSON, a line each")] = False,
    junit: Annotated[Path | None, Option(metavar="FILE", help="the verdicts as JUnit XML")] = None,
    verbose: Annotated[bool, Option("--verbose", "-v", help="what passed and was skipped, too")] = False,
) -> None:
    """Put activations through the battery: values, gradients, tails, kinks, dtypes, shapes, state, vmap, compile.

    The status is 0 where all passes, 1 where something fails, 2 where a target cannot be checked at all.
    """
    from rich.console import Console
    from rich.markup import escape

    from actlab import catalogue
    from actlab.checks import CHECKS, check as battery, junit as as_junit
    from actlab.experiment import write_text

    if junit is not None and not junit.parent.is_dir():
        raise UserError(f"--junit {junit}: there is no folder {junit.parent}.")
    named, unusable, left = _expanded(targets or [])
    named = [*(catalogue.facts() if all_ else []), *filled(named, param, learn)]
    if len(unusable) == 1 and not named:
        raise UserError(unusable[0][1])
    if not named and not unusable:
        raise UserError("Name an activation to check, for example `actlab check relu`, or --all for the catalogue.")
    allowed = parse_names(allow)
    for name in allowed:
        need_one_of("check", name, ["portability", *CHECKS])
    total = len(named) + len(unusable)
    many = total > 1
    verdicts = []
    for target, why in unusable:
        _cannot(as_json, target, why)
    status = Console(stderr=True).status("")
    for target in named:
        try:
            # no spinner where standard error is no terminal; what an activation prints is no part of the verdict
            with status, contextlib.redirect_stdout(sys.stderr):
                verdict = battery(
                    target, reference=reference, gradient=gradient, elementwise=not not_elementwise,
                    width=parse_whole("--width", width), channels=channels, quick=quick, exhaustive=exhaustive,
                    inductor=not many if inductor is None else inductor, only=parse_names(only),
                    progress=lambda name, target=target: status.update(escape(f"{target}: {name}")),
                )  # fmt: skip
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
        write_text(junit, as_junit(verdicts, allowed, unusable, left))
    sound = sum(v.passes(allowed) for v in verdicts)
    failed = total - len(unusable) - sound
    if not many and not as_json:
        _print(verdicts[0], verbose, allowed)
    elif not as_json:
        others = f", {len(unusable)} cannot be checked" if unusable else ""
        advice = " Check one alone to see where, and how to mend it." if failed else ""
        print(f"{sound} of {total} pass{others}.{advice}")
    raise typer.Exit(2 if unusable else 1 if failed else 0)


def _expanded(targets: list[str]) -> tuple[list[str], list[tuple[str, str]], list[tuple[str, str]]]:
    """A file without a name, or a pattern of files, stands for the activations in it.

    Then files that hold none, and what else can be called in a file, each with why.
    """
    from actlab.checks import activations_in

    found: list[str] = []
    broken: list[tuple[str, str]] = []
    left: list[tuple[str, str]] = []
    for target in targets:
        if not target.strip().endswith(".py"):
            found.append(target)
            continue
        for file in sorted(glob.glob(target)) or [target]:
            try:
                with contextlib.redirect_stdout(sys.stderr):
                    names, unfit = activations_in(file)
            except UserError as error:
                broken.append((file, str(error)))
                continue
            found += [f"{file}:{name}" for name in names]
            left += [(f"{file}:{name}", why) for name, why in unfit.items()]
            if not names:
                kinds = "no block, module class, autograd Function or function of x"
                broken.append((file, f"{file} defines no activation: {kinds}."))
    return found, broken, left


def _cannot(as_json: bool, target: str, why: str, words: str = "cannot be checked", key: str = "unusable") -> None:
    print(json.dumps({"label": target, key: why}) if as_json else f"{target}: {words}. {why}", flush=True)


def _row(verdict: "Verdict", allowed: list[str]) -> str:
    state = "pass" if verdict.passes(allowed) else "FAIL"
    what = ", ".join(f.check for f in verdict.failures) or verdict.identity
    return f"{state}  {verdict.label:<24}  {verdict.seconds:5.1f} s  {what}"


def _print(verdict: "Verdict", verbose: bool, allowed: list[str]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    console.print(f"[bold]{escape(verdict.label)}[/bold]: {escape(verdict.identity)}")
    console.print(f"Measured against {escape(verdict.truth)}.\n")
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
        measured, limit = ("" if n is None else f"{n:.2g}" for n in (f.measured, f.limit))
        table.add_row(
            f.check, f"[{colours[outcome]}]{outcome}[/]", measured if f.outcome != "note" else "", limit,
            escape(f.where), escape(told),
        )  # fmt: skip
    console.print(table)
    counts = {s: sum(f.severity == s for f in failed) for s in ("wrong", "portability")}
    ended = " and ".join(f"{n} {severity}" for severity, n in counts.items() if n)
    colour, said = ("red", f"Failed: {ended}") if failed else ("green", "All checks pass")
    if not failed and verdict.failures:
        said = "All pass but what is allowed to fail"
    console.print(f"\n[bold {colour}]{said}[/] in {verdict.seconds:.1f} s.")
    if verdict.properties is not None:
        for name, value in verdict.properties.as_rows():
            console.print(f"  {name:<16}{escape(value)}")
