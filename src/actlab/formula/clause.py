"""A formula with the values of its parameters, as one text: `x*sigmoid(beta*x) where beta=1.5 learned`."""

import dataclasses
import re
from collections.abc import Collection, Mapping

from actlab.errors import UserError, did_you_mean
from actlab.formula.grammar import LONGEST, constant, parse
from actlab.formula.nodes import Node

_CLAUSE = re.compile(r"(?P<formula>.*?)\bwhere\b(?!\s*\()(?P<values>.*)", re.DOTALL)
_VALUE = re.compile(r"\s*(?P<name>[A-Za-z][A-Za-z0-9_]*)\s*=\s*(?P<value>[^=]+?)(?P<learned>\s+learned)?\s*")


@dataclasses.dataclass(frozen=True)
class Reading:
    """A formula, the value of each parameter, and which of them training changes."""

    node: Node
    parameters: dict[str, float]
    learned: tuple[str, ...]

    def __str__(self) -> str:
        """One text for all ways of writing it, whatever the spaces."""
        given = [
            f"{name}={repr(value).removesuffix('.0')}{' learned' if name in self.learned else ''}"
            for name, value in sorted(self.parameters.items())
        ]
        return f"{self.node} where {', '.join(given)}" if given else str(self.node)


def read(text: str, values: Mapping[str, float] | None = None, learn: Collection[str] = ()) -> Reading:
    """The formula and parameters of a text; `values` and `learn` add to what it says, and come first.

    >>> str(read("x * sigmoid( beta*x )  where beta = 1.5 learned"))
    'x*sigmoid(beta*x) where beta=1.5 learned'

    Raises: UserError for a text that is no formula of x, or a parameter without a value.
    """
    match = _CLAUSE.fullmatch(text)
    node = parse(match["formula"] if match else text)
    if "x" not in node.symbols:
        raise UserError(f"{node} has no x in it: the input is called x, for example x*tanh({node}).")
    said, learned = _clause(match["values"], node) if match else ({}, [])
    parameters = said | {name: float(value) for name, value in (values or {}).items() if name in node.names}
    missing = sorted(node.names - set(parameters))
    if missing:
        known = did_you_mean(missing[0], ["x", "pi"])
        raise UserError(
            f"{missing[0]} has no value in {node}.{known} Give it one: --param {missing[0]}=1, or "
            f'"{node} where {", ".join(f"{name}=1" for name in missing)}".'
        )
    chosen = {*learned, *(name for name in learn if name in node.names)}
    ordered = {name: parameters[name] for name in sorted(parameters)}
    return Reading(node, ordered, tuple(name for name in ordered if name in chosen))


def parameters(text: str) -> frozenset[str]:
    """The names of a formula's parameters, whether they have values or not."""
    match = _CLAUSE.fullmatch(text)
    return parse(match["formula"] if match else text).names


def _clause(text: str, node: Node) -> tuple[dict[str, float], list[str]]:
    if len(text) > LONGEST:
        raise UserError(f"What stands behind where has at most {LONGEST:,} characters, here {len(text):,}.")
    values: dict[str, float] = {}
    learned = []
    for part in text.split(","):
        match = _VALUE.fullmatch(part)
        if match is None:
            raise UserError(
                f"{part.strip()!r} gives no parameter a value: write where beta=1.5, or where beta=1.5 learned."
            )
        name = match["name"]
        if name not in node.names:
            has = f"it has {', '.join(sorted(node.names))}" if node.names else "it has none"
            raise UserError(f"{node} has no parameter {name!r}: {has}.{did_you_mean(name, sorted(node.names))}")
        if name in values:
            raise UserError(f"{name} is given twice.")
        values[name] = number(match["value"])
        if match["learned"]:
            learned.append(name)
    return values, learned


def number(text: str) -> float:
    """The number that a text of digits and + - * / is: 1.5, -2, 1/3."""
    found = constant(parse(text))
    if found is None or not abs(found) <= 1e30:
        raise UserError(f"{text.strip()!r} is not a number: a parameter is a number, such as 1.5 or 1/3.")
    return found + 0.0  # there is one zero
