"""From text to tree: a tokenizer, a parser by precedence, and nothing that could run what was typed.

What may stand in a formula is listed here and in the catalogue; lengths, depths, sizes and exponents are bounded.
"""

import contextlib
import dataclasses
import math
import re
from collections.abc import Callable
from functools import cache, partial, reduce

from actlab import catalogue
from actlab.errors import UserError, did_you_mean
from actlab.formula.nodes import (
    ARITHMETIC,
    COMPARISONS,
    PI,
    RESERVED,
    TRUE,
    UNARY,
    Apply,
    E,
    Name,
    Node,
    Number,
    X,
    substitute,
)
from actlab.formula.notation import ABSENT, foreign

LONGEST, DEEPEST, LARGEST, STEEPEST = 2000, 50, 500, 64  # characters, levels, nodes, exponent
_SHOWN = 60  # characters of a suggestion

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|<=|>=|==|!=|[-+*/()<>,=&|^]))"
)
_LEFT = {"or": 10, "|": 10, "and": 20, "&": 20, "+": 50, "-": 50, "*": 60, "/": 60, "**": 80}
_LEFT |= dict.fromkeys(COMPARISONS, 40)
_NOT, _NEGATIVE = 30, 70
_SAME = {"Abs": "abs", "ln": "log", "arctan": "atan", "arcsinh": "asinh", "logistic": "sigmoid"}
_RELATIONS = {"Eq": "==", "Ne": "!=", "Gt": ">", "Ge": ">=", "Lt": "<", "Le": "<=", "And": "and", "Or": "or"}
_OTHER = ("min", "max", "Min", "Max", "Piecewise", "where", "clip", "Not", *_RELATIONS)
FUNCTIONS = (*UNARY, *_SAME, *_OTHER)
_MISPLACED = {
    "": "something is missing: a number, x, a parameter or a function",  # the end
    "=": "write == to compare; a parameter gets its value behind `where`",
    ")": "a value is missing before it, or there is one ) too many",
}
_WORDS = {"pi": PI, "e": E, "E": E, "True": TRUE, "x": X}


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str  # "number", "name", "sign" or "end"
    text: str
    at: int


def parse(text: str) -> Node:
    """The tree of a formula in x and parameters.

    >>> node = parse("x * sigmoid(beta*x)")
    >>> str(node), sorted(node.names)
    ('x*sigmoid(beta*x)', ['beta'])
    >>> parse("x*tahn(x)")
    Traceback (most recent call last):
    actlab.errors.UserError: At character 3, 'tahn': there is no function 'tahn'. Did you mean 'tanh'?
        x*tahn(x)
          ^

    Raises: UserError, which points at the character.
    """
    if len(text) > LONGEST:
        raise UserError(f"A formula has at most {LONGEST:,} characters, this one {len(text):,}.")
    try:
        return _Parser(text).whole()
    except UserError:
        found = foreign(text)
        if found is None or not found.why:
            raise
        write = f": write {found.text}" if len(found.text) <= _SHOWN and _is_read(found.text) else ""
        raise _pointed(text, found.at, found.shown, found.why + write) from None


def _is_read(text: str) -> bool:
    """Whether a text is right: what is suggested is."""
    with contextlib.suppress(UserError):
        return catalogue.is_name(text) or bool(_Parser(text).whole())
    return False


def _pointed(text: str, at: int, shown: str, why: str) -> UserError:
    words = f"At character {at + 1}, {shown!r}: {why}" if shown else f"At the end: {why}"
    words += "" if words[-1] in ".?" else "."
    start = max(0, at - 50)  # a long text is shown in part
    part = text[start : start + 100]
    if "\n" in part or not part.isprintable():
        return UserError(words)
    return UserError(f"{words}\n    {part}\n    {' ' * (at - start)}^")


class _Parser:
    """Parsing by precedence: each method reads one thing and leaves `place` at the token behind it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.place = 0
        self.level = 0

    def whole(self) -> Node:
        if self.next.kind == "end":
            raise UserError("A formula is empty: write for example x * tanh(softplus(x)).")
        node = self.value(0)
        if self.next.kind != "end":
            raise self.unexpected()
        return node

    # tokens

    def _tokens(self) -> list[Token]:
        found, at, end = [], 0, len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at)
            if match is None:
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                raise self.error(at, self.text[at], _why_not(self.text[at]))
            kind = match.lastgroup or ""
            found.append(Token(kind, match[kind], match.start(kind)))
            at = match.end()
        return [*found, Token("end", "", len(self.text))]

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.next
        self.place += token.kind != "end"
        return token

    def took(self, sign: str) -> bool:
        met = self.next.text == sign
        self.place += met
        return met

    def expect(self, sign: str, opened: Token) -> None:
        if not self.took(sign):
            if self.next.kind == "end":
                raise self.error(opened.at, opened.text, "this is not closed: there is no ) behind it")
            raise self.unexpected()

    def error(self, at: int, shown: str, why: str) -> UserError:
        return _pointed(self.text, at, shown, why)

    def unexpected(self) -> UserError:
        token = self.next
        if token.kind in ("number", "name") or token.text == "(":
            why = f"an operator is missing before it: {self.product()}"
        else:
            why = _MISPLACED.get(token.text, "it does not belong here")
        return self.error(token.at, token.text, why)

    def product(self) -> str:
        """The question whether a product is meant, of what stands before and behind `place`."""
        before, behind = self.tokens[self.place - 1].text, self.next.text
        asked = f"{before}*{behind}".replace(")*", "(...)*").replace("*(", "*(...)")
        return f"multiplication is written *; is {asked} meant?"

    # expressions

    def value(self, binding: int) -> Node:
        start = self.next
        node = self.expression(binding)
        if node.is_condition:
            raise self.error(start.at, start.text, "this is a condition; it may stand only in Piecewise or where")
        return node

    def condition(self, binding: int = 0, why: str = "a condition is needed here") -> Node:
        start = self.next
        node = self.expression(binding)
        if not node.is_condition:
            raise self.error(start.at, start.text, f"{why}, such as x > 0, not {node}")
        return node

    def expression(self, binding: int) -> Node:
        self.level += 1
        start = self.next
        if self.level > DEEPEST + 10:
            raise self.error(start.at, start.text, f"this is nested more than {DEEPEST} deep")
        node = self.bounded(self.prefix(), start)
        while _LEFT.get(self.next.text, -1) > binding:
            token = self.take()
            node = self.power(node, token) if token.text == "**" else self.infix(node, token)
            self.bounded(node, token)
        self.level -= 1
        return node

    def bounded(self, node: Node, token: Token) -> Node:
        if node.depth > DEEPEST:
            raise self.error(token.at, token.text, f"this makes the formula more than {DEEPEST} deep")
        if node.size > LARGEST:
            raise self.error(token.at, token.text, f"this makes the formula larger than {LARGEST} parts")
        return node

    def prefix(self) -> Node:
        token = self.next
        if token.kind == "number":
            value = float(self.take().text)
            if math.isinf(value):
                raise self.error(token.at, token.text, "this number is too large")
            return Number(value)
        if token.kind == "name":
            return self.word(self.take())
        if self.took("("):
            node = self.expression(0)
            self.expect(")", token)
            return node
        if self.took("-"):
            return -self.value(_NEGATIVE)
        if self.took("+"):
            return self.value(_NEGATIVE)
        raise self.unexpected()

    def infix(self, left: Node, token: Token) -> Node:
        op = {"&": "and", "|": "or"}.get(token.text, token.text)
        if op in COMPARISONS:
            return self.comparison(left, token)
        right = self.expression(_LEFT[token.text])
        logical = op in ("and", "or")
        for side in (left, right):
            if side.is_condition != logical:
                what = "conditions, such as x > 0" if logical else "values, not conditions"
                raise self.error(token.at, token.text, f"it stands between two {what}")
        return Apply(op, left, right)

    def comparison(self, left: Node, token: Token) -> Node:
        """a < b, or a chain: a < b < c."""
        parts = []
        while True:
            right = self.expression(_LEFT[token.text])
            if left.is_condition or right.is_condition:
                raise self.error(token.at, token.text, "it compares two values, not conditions")
            parts.append(Apply(token.text, left, right))
            left = right
            if self.next.text not in COMPARISONS:
                return _chained("and", parts)
            token = self.take()

    def power(self, base: Node, token: Token) -> Node:
        exponent = self.value(_NEGATIVE)
        if base.is_condition:
            raise self.error(token.at, token.text, "a condition has no power")
        number = 0.0 if base == E else constant(exponent)  # of e any power is exp
        if number is None:
            raise self.error(token.at, "**", f"an exponent is a number: write exp({exponent}*log({base}))")
        if not abs(number) <= STEEPEST:
            raise self.error(token.at, "**", f"an exponent is at most {STEEPEST} in size")
        return Apply("**", base, exponent)

    # names and calls

    def word(self, token: Token) -> Node:
        name = token.text
        if name == "not":
            return Apply("not", self.condition(_NOT, "not stands before a condition"))
        if self.next.text == "(":
            return self.call(token)
        if name in _WORDS:
            return _WORDS[name]
        is_parameter = any(name in fact.parameters for fact in catalogue.facts().values())  # `threshold` is both
        if name in FUNCTIONS or (catalogue.is_name(name) and not is_parameter):
            raise self.error(token.at, name, f"{name} is a function: write {name}(x)")
        if name in RESERVED:
            raise self.error(token.at, name, f"a parameter cannot be called {name}: take another word")
        return Name(name)

    def call(self, token: Token) -> Node:
        name = _SAME.get(token.text, token.text)
        if name in _WORDS:
            raise self.error(token.at, name, f"{name} is no function: {self.product()}")
        opened = self.take()
        if name == "Piecewise":
            return self.piecewise(token, opened)
        if name == "where":
            return self.where(opened)
        if name in _RELATIONS or name == "Not":
            return self.relation(token, opened)
        if name not in FUNCTIONS and not catalogue.is_name(name):
            raise self.error(token.at, token.text, f"there is no function {name!r}{_instead(name)}")
        given, named = self.arguments(opened)
        if named and not catalogue.is_name(name):
            raise self.error(token.at, token.text, f"{name} takes nothing by name")
        if name in FUNCTIONS and not (named or (name == "softplus" and len(given) > 1)):
            return self.function(name, given, token)
        return self.expanded(name, given, named, token)

    def arguments(self, opened: Token) -> tuple[list[Node], dict[str, Node]]:
        given: list[Node] = []
        named: dict[str, Node] = {}
        while not self.took(")"):
            if given or named:
                self.expect(",", opened)
            if self.next.kind == "name" and self.tokens[self.place + 1].text == "=":
                token = self.take()
                self.take()
                if token.text in named:
                    raise self.error(token.at, token.text, "it is given twice")
                named[token.text] = self.value(0)
            elif named:
                raise self.error(self.next.at, self.next.text, "what has a name comes last")
            else:
                given.append(self.value(0))
        return given, named

    def function(self, name: str, given: list[Node], token: Token) -> Node:
        if name in UNARY:
            if len(given) != 1:
                raise self.error(token.at, token.text, f"{name} takes one argument, not {len(given)}")
            return Apply(name, given[0])
        if name == "clip":
            if len(given) != 3:
                raise self.error(token.at, token.text, "clip takes three arguments: clip(x, lowest, highest)")
            return Apply("min", Apply("max", given[0], given[1]), given[2])
        if len(given) < 2:
            raise self.error(token.at, token.text, f"{name} takes two arguments or more: {name}(x, 0)")
        return _chained(name.lower(), given)

    def expanded(self, name: str, given: list[Node], named: dict[str, Node], token: Token) -> Node:
        """A function of the catalogue, by its formula."""
        facts = catalogue.lookup(name)
        example = f"{name}(x{''.join(f', {n}={v:g}' for n, v in facts.parameters.items())})"
        names = list(facts.parameters)
        if not given:
            raise self.error(token.at, token.text, f"it needs what it is applied to: {example}")
        if len(given) - 1 > len(names) or set(named) - set(names[len(given) - 1 :]):
            takes = f"takes {', '.join(names)}" if names else "takes no parameters"
            raise self.error(token.at, token.text, f"{name} {takes}: {example}")
        values = dict(zip(names, given[1:], strict=False)) | named
        for key, value in values.items():
            if "x" in value.symbols:
                raise self.error(token.at, token.text, f"{key} is a parameter of {name} and cannot hold x: {example}")
        if facts.name == "softplus" and "threshold" not in values:  # exactly, without the threshold's small error
            beta = values.get("beta")
            return Apply("softplus", beta * given[0]) / beta if beta else Apply("softplus", given[0])
        node = _catalogue_tree(facts.name)
        if node is None:
            raise self.error(token.at, token.text, f"{name} is not a function of one number and cannot stand here")
        filled = {key: Number(value) for key, value in facts.parameters.items()} | values | {"x": given[0]}
        return substitute(node, filled)

    def piecewise(self, token: Token, opened: Token) -> Node:
        """Piecewise((value, condition), ..., (value, True))."""
        arguments: list[Node] = []
        while not self.took(")"):
            if arguments:
                self.expect(",", opened)
            inner = self.next
            if not self.took("("):
                raise self.error(inner.at, inner.text, "Piecewise is written Piecewise((x, x > 0), (0, True))")
            value = self.value(0)
            self.expect(",", inner)
            arguments += [value, self.condition()]
            self.expect(")", inner)
        if not arguments or arguments[-1] != TRUE:
            raise self.error(token.at, token.text, "its last piece needs the condition True: (0, True)")
        return Apply("Piecewise", *arguments)

    def where(self, opened: Token) -> Node:
        condition = self.condition()
        self.expect(",", opened)
        yes = self.value(0)
        self.expect(",", opened)
        no = self.value(0)
        self.expect(")", opened)
        return Apply("Piecewise", yes, condition, no, TRUE)

    def relation(self, token: Token, opened: Token) -> Node:
        """SymPy's words for comparisons: Eq(x, 0), And(x > 0, x < 1)."""
        read: Callable[[], Node] = self.condition if token.text in ("And", "Or", "Not") else lambda: self.value(0)
        parts = [read()]
        while self.took(","):
            parts.append(read())
        self.expect(")", opened)
        least, most = {"Not": (1, 1), "And": (2, math.inf), "Or": (2, math.inf)}.get(token.text, (2, 2))
        if not least <= len(parts) <= most:
            raise self.error(token.at, token.text, f"{token.text} does not take {len(parts)} arguments")
        return Apply("not", *parts) if token.text == "Not" else _chained(_RELATIONS[token.text], parts)


def _chained(op: str, parts: list[Node]) -> Node:
    """a op b op c."""
    return reduce(partial(Apply, op), parts)


@cache
def _catalogue_tree(name: str) -> Node | None:
    """The formula of a block as a tree, or None where it is not a function of x and its parameters."""
    facts = catalogue.facts()[name]
    node = parse(facts.formula)
    return node if node.names <= set(facts.parameters) else None


def constant(node: Node) -> float | None:
    """The number that a tree of numbers is, or None."""
    if node.op == "number":
        return float(node.value)  # type: ignore[arg-type]
    values = [constant(argument) for argument in node.arguments]
    if None in values or node.op not in ARITHMETIC or (node.op == "/" and values[1] == 0):
        return None
    return ARITHMETIC[node.op](*values)


def _instead(name: str) -> str:
    """Why there is no such function, or the nearest that gives a value; letters that changed places count as near."""
    if name.lower() in ABSENT:
        return f": {ABSENT[name.lower()]}"
    names = [n for n in (*FUNCTIONS, *catalogue.facts()) if n not in _RELATIONS and n != "Not"]
    near = [n for n in names if sorted(n) == sorted(name)]
    return f". Did you mean {near[0]!r}?" if near else f".{did_you_mean(name, names) or ' See `actlab list`.'}"


def _why_not(character: str) -> str:
    if character in "._[]{}'\"@;:\\`$%!~#?":
        return "it has no meaning in a formula"
    if character.isalpha():
        return "names are written in plain letters, such as beta"
    return "it is not read here: write * for times, / for divided by, ** for power"
