"""A formula taken apart: the steps of its derivative, and the block of Python that computes both."""

import dataclasses
import keyword
from collections.abc import Iterable, Mapping

from actlab import naming
from actlab.activations import Activation
from actlab.errors import UserError, one_of
from actlab.formula import read
from actlab.making import code, symbolic
from actlab.making.written import written


@dataclasses.dataclass(frozen=True)
class Derivation:
    """What `actlab derive` prints, of a `formula`, as it was read.

    `steps` and `derivatives` (SymPy's, simplified) are with respect to x and to each parameter, by name; `block` is
    Python that computes value and derivatives, `activation` the same, ready to be checked.

    >>> found = derivation("wavy = x + sin(beta*x) where beta=2")
    >>> found.steps["beta"][0], found.activation.facts.parameters
    ("Constant factor: (beta*x)' = x", {'beta': 2.0})
    """

    formula: str
    steps: dict[str, list[str]]
    derivatives: dict[str, str]
    block: str
    activation: Activation


def derivation(
    text: str, parameters: Mapping[str, float] | None = None, learned: Iterable[str] = (), name: str = "formula"
) -> Derivation:
    """The derivation of a formula, step by step, and a block of Python that computes it.

    Args:
        text: the formula, of x and numbers: "x*tanh(x)", "x*sigmoid(beta*x) where beta=1.5", "name = formula".
        parameters: their values, where the text gives none.
        learned: names of those that training changes.
        name: of the function in the block.

    Returns:
        A Derivation: `steps`, `derivatives`, `block` and `activation`.

    Raises:
        UserError: the text is no formula, has no such parameter, or Python does not take the name.

    >>> found = derivation("x*exp(-x)")
    >>> found.derivatives["x"]
    '(1 - x)*exp(-x)'
    >>> print(found.block.partition("@formula.")[2])
    derivative(wrt="x")
    def _(x):
        u1 = torch.exp(-x)
        return u1 - x * u1
    <BLANKLINE>
    """
    given, text = naming.apart(text)
    name = given or name
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UserError(f"{name!r} cannot be the name of a function in Python: take letters, digits and _.")
    learned = tuple(learned)
    reading = read(text, parameters, learned)
    for given in (*(parameters or {}), *learned):
        if given not in reading.node.names:
            raise one_of("parameter", given, sorted(reading.node.names) or ["none"])
    activation = written(str(reading))
    return Derivation(
        formula=str(reading),
        steps={wrt: symbolic.steps(reading.node, wrt) for wrt in ("x", *reading.parameters)},
        derivatives={wrt: symbolic.derivative(reading.node, wrt) for wrt in ("x", *reading.parameters)},
        block=code.block(reading, activation.forms, activation.facts.kinks, name),
        activation=activation,
    )
