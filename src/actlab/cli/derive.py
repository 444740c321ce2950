"""`actlab derive`: the derivative of a formula, step by step, and the Python that computes both."""

import textwrap
from collections.abc import Callable
from typing import Annotated, Any

from typer import Argument, Option

from actlab.cli.app import Learn, Param, app
from actlab.cli.options import parse_names, parse_parameters


@app.command(epilog='Example: actlab derive "x * sigmoid(beta*x)" --param beta=1.5 --learn beta')
def derive(
    formula: Annotated[str, Argument(metavar="FORMULA", help='of x, in quotes: "x * tanh(softplus(x))"')],
    param: Param = None,
    learn: Learn = None,
    name: Annotated[str, Option(help="what the function is called")] = "formula",
    unchecked: Annotated[bool, Option("--unchecked", help="do not put it through the battery")] = False,
) -> None:
    """Derive a formula in steps, and print a block of Python in the catalogue's style, with what the battery found.

    All but the block are comments: the output is a file of Python.
    """
    from actlab.making import derivation

    found = derivation(formula, parse_parameters(param), parse_names(learn), name)
    told = [f"f(x) = {found.formula}", ""]
    for wrt, steps in found.steps.items():
        told.append(f"df/d{wrt}")
        told += [_wrapped(step, f"{number:4}. ") for number, step in enumerate(steps, start=1)]
        told += [_wrapped(f"df/d{wrt} = {found.derivatives[wrt]}", "   =  "), ""]
    # comments, so that all of it is a file of Python: actlab derive ... > mine.py
    print(textwrap.indent("\n".join([*told, _verdict(found.activation, unchecked)]), "# ", lambda line: True))
    print(found.block)


def _wrapped(text: str, first: str) -> str:
    return textwrap.fill(text, 116, initial_indent=first, subsequent_indent="      ")


def _verdict(activation: Callable[..., Any], unchecked: bool) -> str:
    """What the battery says, as comments above the block."""
    if unchecked:
        return "Not checked: --unchecked was given."
    from actlab.checks import check

    verdict = check(activation, inductor=False)
    if not verdict.failures:
        return f"The battery ({len(verdict.findings)} checks against {verdict.truth}) found nothing wrong."
    first = "The battery found, and this block is not right before it is mended:"
    return "\n".join([first, *(f"- {finding}" for finding in verdict.failures)])
