"""Formulas as text, tree, exact numbers, tensors and derivations. Reading one needs neither torch nor SymPy."""

from actlab.formula.derivative import differentiate
from actlab.formula.grammar import parse
from actlab.formula.nodes import Apply, Name, Node, Number

__all__ = ["Apply", "Name", "Node", "Number", "differentiate", "parse"]
