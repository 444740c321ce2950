"""Sound forms as Python in the catalogue's style: plain torch, with names for what is used twice."""

import inspect
import json
import textwrap
from collections.abc import Sequence
from itertools import count

from actlab.formula import COMPARISONS, PI, TRUE, Apply, E, Node, Number, Reading, X, pieces, postorder, rebuild
from actlab.making.floats.forms import Forms
from actlab.making.tensors import finite, sigmoid, softplus

_WIDE = 66  # characters of a part before it gets a name of its own
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = 1, 2, 3, 4, 5

HELPERS = {op: inspect.getsource(of) for op, of in (("sigmoid", sigmoid), ("sin", finite), ("softplus", softplus))}


def block(reading: Reading, forms: Forms, kinks: Sequence[float | str], name: str = "formula") -> str:
    """The Python of an activation: a decorated value and its derivatives."""
    value = _decorator(reading, kinks) + _value(reading, forms.value, name)
    slopes = [_derivative(reading, node, wrt, name) for wrt, node in forms.derivatives.items()]
    parts = postorder(forms.value, *forms.derivatives.values())
    used = {p.op for p in parts} - {"sigmoid", "sin"} | {p.op for p in postorder(forms.value) if p.op == "sigmoid"}
    used |= {"sin" for p in parts if p.op in ("sin", "cos") and p.arguments[0] != X}
    helpers = [text for op, text in HELPERS.items() if op in used]
    body = "\n\n".join([*helpers, value, *slopes])
    first = "import math\n\n" if "math." in body else ""
    return f"{first}import torch\nfrom torch import Tensor\n\nfrom actlab import activation\n\n\n{body}"


def _decorator(reading: Reading, kinks: Sequence[float | str]) -> str:
    facts = {"family": '"formula"', "formula": json.dumps(str(spelled(reading.node)))}
    if kinks:
        facts["kinks"] = repr(tuple(kinks))
    facts |= {"range": '"?"', "reference": '"a formula"', "checked": '"no: written by actlab derive"'}
    if reading.learned:
        facts["learned"] = f"({', '.join(map(json.dumps, reading.learned))},)"
    return "\n".join(["@activation(", *(f"    {key}={value}," for key, value in facts.items()), ")\n"])


def spelled(node: Node) -> Node:
    """A formula in the words that SymPy knows, as the catalogue has it, and in no others.

    >>> from actlab.formula import parse
    >>> spelled(parse("max(x, 0)*sigmoid(x)"))
    <Max(x, 0)*(1/(1 + exp(-x)))>
    """
    return rebuild(node, lambda part: _SPELLED[part.op](*part.arguments) if part.op in _SPELLED else part)


_SPELLED = {
    "sigmoid": lambda u: 1 / (1 + Apply("exp", -u)),
    "softplus": lambda u: Apply("log", 1 + Apply("exp", u)),
    "logsigmoid": lambda u: -Apply("log", 1 + Apply("exp", -u)),
    "relu": lambda u: Apply("Max", u, Number(0)),
    "log1p": lambda u: Apply("log", 1 + u),
    "expm1": lambda u: Apply("exp", u) - 1,
    "max": lambda u, v: Apply("Max", u, v),
    "min": lambda u, v: Apply("Min", u, v),
    "abs": lambda u: Apply("Abs", u),
    "e": lambda: Apply("exp", Number(1)),
    "and": lambda u, v: Apply("And", u, v),
    "or": lambda u, v: Apply("Or", u, v),
    "not": lambda u: Apply("Not", u),
    "==": lambda u, v: Apply("Eq", u, v),
    "!=": lambda u, v: Apply("Ne", u, v),
}


def _value(reading: Reading, node: Node, name: str) -> str:
    takes = ["x: Tensor", *(f"{key}: float | Tensor = {value!r}" for key, value in reading.parameters.items())]
    said = textwrap.wrap(f"f(x) = {reading.node}", 100, initial_indent="    ", subsequent_indent="           ")
    head = f"def {name}({', '.join(takes)}) -> Tensor:\n"
    if len(head) > 110:
        head = "\n    ".join([f"def {name}(", *(f"{one}," for one in takes)]) + "\n) -> Tensor:\n"
    doc = '    """A formula.\n\n' + "\n".join(said) + '\n    """\n'
    return head + doc + _body(node, reading, tails=True) + "\n"


def _derivative(reading: Reading, node: Node, wrt: str, name: str) -> str:
    used = ", ".join(["x", *(key for key in reading.parameters if key in node.symbols)])
    return f'@{name}.derivative(wrt="{wrt}")\ndef _({used}):\n{_body(node, reading)}\n'


def _body(node: Node, reading: Reading, tails: bool = False) -> str:
    return textwrap.indent("\n".join(_Printer(node, set(reading.parameters), tails).all_lines()), "    ")


class _Printer:
    """The lines that compute one tree."""

    def __init__(self, root: Node, taken: set[str], tails: bool) -> None:
        self.root = root
        self.tails = tails  # whether a sigmoid's far left counts: in a value, not in a slope
        self.taken = taken
        self.lines: list[str] = []
        self.texts: dict[Node, tuple[str, int]] = {}
        order = postorder(root)
        uses = [argument for part in order for argument in part.arguments]
        self.shared = {part for part in order if part.size > 2 and uses.count(part) > 1 and part.symbols}

    def all_lines(self) -> list[str]:
        for part in postorder(self.root):
            text, level = self.expression(part)
            wide = len(text) > _WIDE and part != TRUE
            if part is not self.root and (part in self.shared or wide):
                name = self.new_name()
                self.lines.append(f"{name} = {text}")
                text, level = name, _ATOM
            self.texts[part] = text, level
        text = self.texts[self.root][0] if "x" in self.root.symbols else self.filled(self.root)
        # autograd refuses a Function that returns its input
        return [*self.lines, "return x.clone()" if self.root == X else f"return {text}"]

    def new_name(self) -> str:
        name = next(name for number in count(1) if (name := f"u{number}") not in self.taken)
        self.taken.add(name)
        return name

    def inside(self, node: Node, level: int) -> str:
        text, own = self.texts[node]
        return text if own >= level else f"({text})"

    def filled(self, node: Node) -> str:
        """What does not depend on x, as a tensor like x."""
        if node == Number(0):
            return "torch.zeros_like(x)"
        if node == Number(1):
            return "torch.ones_like(x)"
        text = self.texts[node][0]
        return f"{self.inside(node, _PRODUCT)} * torch.ones_like(x)" if node.symbols else f"torch.full_like(x, {text})"

    def expression(self, node: Node) -> tuple[str, int]:
        if node.op == "number":
            return _number(node.value), _ATOM if node.value >= 0 else _SIGN  # type: ignore[operator,arg-type]
        if node.op == "name":
            return str(node.value), _ATOM
        if node in (PI, E, TRUE):
            return {PI: "math.pi", E: "math.e", TRUE: "True"}[node], _ATOM
        if node.op in _INFIX:
            return self.infix(node)
        if node.op == "neg":
            return f"-{self.inside(node.arguments[0], _POWER)}", _SIGN
        if node.op == "Piecewise":
            return self.pieces(node), _ATOM
        if node.op in ("min", "max"):
            return self.extreme(node), _ATOM
        return self.call(node), _ATOM

    def infix(self, node: Node) -> tuple[str, int]:
        if node == Apply("!=", X, X):
            return "x.isnan()", _ATOM
        sign, level, left, right = _INFIX[node.op]
        a, b = node.arguments
        if node.op == "**" and b.op == "number":
            return f"{self.inside(a, left)}**{self.inside(b, _ATOM)}", level
        return f"{self.inside(a, left)} {sign} {self.inside(b, right)}", level

    def pieces(self, node: Node) -> str:
        """torch.where, one in another; two numbers need one tensor among them."""
        (*most, (last, _)) = pieces(node)
        text, tensor = self.texts[last][0], "x" in last.symbols
        for value, condition in reversed(most):
            yes = self.texts[value][0]
            if not tensor and "x" not in value.symbols:
                yes = self.filled(value)
            holds = self.texts[condition][0]
            if "x" not in condition.symbols:
                holds = f"torch.as_tensor({holds}, device=x.device)"
            text, tensor = f"torch.where({holds}, {yes}, {text})", True
        return text

    def extreme(self, node: Node) -> str:
        a, b = node.arguments
        if "x" not in a.symbols:
            a, b = b, a
        if "x" in b.symbols or "x" not in a.symbols:
            pair = ", ".join(self.tensor(part) for part in (a, b))
            return f"torch.{'minimum' if node.op == 'min' else 'maximum'}({pair})"
        if node.op == "min" and a.op == "max" and b.op == a.arguments[1].op == "number" and a.arguments[0] == X:
            return f"x.clamp({self.texts[a.arguments[1]][0]}, {self.texts[b][0]})"
        side = "max" if node.op == "min" else "min"
        return f"{self.inside(a, _ATOM)}.clamp({side}={self.texts[b][0]})"

    def tensor(self, node: Node) -> str:
        text = self.texts[node][0]
        return text if "x" in node.symbols else f"torch.as_tensor({text}, dtype=x.dtype, device=x.device)"

    def call(self, node: Node) -> str:
        (u,) = node.arguments
        if not u.symbols and node.op not in ("abs", "sign", "sigmoid", "softplus", "logsigmoid", "relu"):
            return f"math.{node.op}({self.texts[u][0]})"
        if node.op == "not":
            return f"~({self.texts[u][0]})"
        if node.op == "abs" and "x" in u.symbols:
            return f"{self.inside(u, _ATOM)}.abs()"
        if node.op in ("sin", "cos") and "x" in u.symbols:
            return f"torch.{node.op}({self.texts[u][0]})" if u == X else f"torch.{node.op}(finite({self.texts[u][0]}))"
        if node.op in HELPERS and (self.tails or node.op != "sigmoid"):
            return f"{node.op}({self.tensor(u)})"
        name = "torch.nn.functional.logsigmoid" if node.op == "logsigmoid" else f"torch.{node.op}"
        return f"{name}({self.tensor(u)})"


def _number(value: float) -> str:
    """Large whole numbers as floats: their powers would not fit where torch wants a whole number."""
    if isinstance(value, float) or abs(value) < 1_000_000:
        return repr(value)
    short = f"{value:.3e}".replace(".000e+0", "e").replace(".000e+", "e")
    return short if float(short) == value else repr(float(value))


_INFIX = {
    "+": ("+", _SUM, _SUM, _PRODUCT),
    "-": ("-", _SUM, _SUM, _PRODUCT),
    "*": ("*", _PRODUCT, _PRODUCT, _SIGN),
    "/": ("/", _PRODUCT, _PRODUCT, _SIGN),
    "**": ("**", _POWER, _ATOM, _ATOM),
    "and": ("&", 0, _ATOM, _ATOM),
    "or": ("|", 0, _ATOM, _ATOM),
} | {op: (op, 0, _SUM, _SUM) for op in COMPARISONS}
