"""An activation from the text of a formula: its value and derivatives, in sound forms, node by node in torch."""

import dataclasses
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from actlab.activations import Activation
from actlab.catalogue import Facts
from actlab.formula import Node, edges, read
from actlab.making.floats.forms import Forms, forms
from actlab.making.tensors import compiled


@dataclasses.dataclass(frozen=True, eq=False)
class Written(Activation):
    """An activation that knows its text, by which it is pickled and identified."""

    formula_text: str = ""
    forms: Forms = dataclasses.field(kw_only=True)

    @property
    def by_value(self) -> bool:
        return False  # its text is enough

    def __reduce__(self) -> tuple[Any, ...]:
        return written, (self.formula_text,)


def written(formula: str | Node, parameters: Mapping[str, float] | None = None, learned: Iterable[str] = ()) -> Written:
    """The activation of a formula, its parameters with their values, learned or fixed.

    >>> import torch
    >>> swish = written("x*sigmoid(beta*x)", {"beta": 1.5}, learned=["beta"])
    >>> swish(torch.tensor([-1.0, 2.0]))
    tensor([-0.1824,  1.9051])
    >>> swish.facts.learned, str(swish.forms.derivatives["beta"])
    (('beta',), 'x*(sigmoid(beta*x)*sigmoid(-(beta*x))*x)')

    Raises: UserError, which points at the character that cannot be read.
    """
    return _made(str(read(str(formula), parameters, tuple(learned))))


@lru_cache(maxsize=256)
def _made(text: str) -> Written:
    """One activation for one text: torch.compile and the engine see the same object again."""
    reading = read(text)
    found = forms(reading.node, reading.parameters)
    names = tuple(reading.parameters)
    formula = str(reading.node)
    facts = Facts(
        name=formula if len(formula) <= 40 else f"{formula[:39]}…", summary=f"The formula {reading}.",
        family="formula", formula=formula, parameters=dict(reading.parameters), learned=reading.learned,
        kinks=edges(reading), range="?", reference="a formula", checked="no: a formula of the user's",
    )  # fmt: skip
    derivatives = {wrt: compiled(node, names, tails=False) for wrt, node in found.derivatives.items()}
    wants = dict.fromkeys(derivatives, ("x", *names))
    value = compiled(found.value, names)
    block = Written(facts, value, derivatives, wants, oracle=None, apply=[], formula_text=text, forms=found)
    object.__setattr__(block, "__doc__", f"f(x) = {text}")
    return block
