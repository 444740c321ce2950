"""What people write in other languages and notations, and how it is written here: no more than words for a refusal."""

import re
from typing import NamedTuple


class Foreign(NamedTuple):
    """The first of a text that is not written like this here: where, why not, and the whole as it is written here."""

    at: int
    shown: str
    why: str  # "" where what the parser says of it is better
    text: str


_CODE = (
    r"^[ \n]*(?:def +\w+ *\( *x[^()]*\)[^:()]*:[ \n]*(?:return\b)?|(?:\w+ *= *)?lambda +x *:|return\b"
    r"|\(? *x *\)? *=>|[^ ()=]+ *\( *x *\) *=(?!=)|y *=(?!=))[ \n]*"
)
_MODULES = r"\b(?:(?:torch|nn|functional|F|special|np|numpy|scipy|math|Math|jnp|jax|lax|tf|keras|activations|self)\.)+"
_OWN = r"(?!(?:and|or|not|if|else|where)\b)"
_NUMBER_OR_X = r"(?<![\w.])(?:\d+\.?\d*|\.\d+|x\b)"
_RULES = [  # pattern, replacement, why
    (_CODE, "", "it is not needed"),
    (_MODULES, "", "functions stand without it"),
    (r"\bx\.pow\( *(-?[\w.]+) *\)", r"x**\1", "power is written **"),
    (r"\bx\.([A-Za-z]\w*)\(\)", r"\1(x)", "the input stands in the brackets"),
    (r"\(\)(?=\()|(?<=\w)\(\) *(?![\s\S])", "", ""),  # ReLU()(x), ReLU()
    (r"\b(?:pow|power)\( *([\w.]+) *, *(-?[\w.]+) *\)", r"\1**\2", "power is written **"),
    (r"\btensor\(([^()]*)\)", r"\1", "numbers stand alone"),
    (r"\bzeros_like\(x\)", "0", "numbers stand alone"),
    (r"\bones_like\(x\)", "1", "numbers stand alone"),
    (r"\bmaximum(?=\()", "max", "it is called max here"),
    (r"\bminimum(?=\()", "min", "it is called min here"),
    (r"\bclamp(?=\()", "clip", "it is called clip here"),
    (r"\b(?:fabs|absolute)(?=\()", "abs", "it is called abs here"),
    (r"\bexpit(?=\()", "sigmoid", "it is called sigmoid here"),
    (r"(?<![\w)])[\[{]", "(", "brackets are round here"),
    (r"[\]}]", ")", "brackets are round here"),
    (r"&&", "&", "it is written &"),
    (r"\|\|", "|", "it is written |"),
    (r"(?<![\w.)])(?<![\w.)] )\|([^|]+)\|", r"abs(\1)", "|x| is abs(x) here"),
    (r"[\u00d7\u00b7\u22c5]", "*", "times is written *"),
    (r"\u00f7", "/", "divided by is written /"),
    (r"[\u2212\u2013]", "-", "minus is written -"),
    (r"\u2264", "<=", "it is written <="),
    (r"\u2265", ">=", "it is written >="),
    (r"\u2260", "!=", "it is written !="),
    (r"\u00b2", "**2", "power is written **"),
    (r"\u00b3", "**3", "power is written **"),
    (r"\^", "**", "power is written **"),
    (r"\u03c0", "pi", "it is written pi"),
    (r"\u221a(?=\()", "sqrt", "a root is written sqrt(x)"),
    (r"\u221a([\w.]+)", r"sqrt(\1)", "a root is written sqrt(x)"),
    (rf"({_NUMBER_OR_X}|\)) *(?![eE][+-]?\d){_OWN}(?=[A-Za-z(])", r"\1*", ""),  # 2x, x(1 - x), (x)(x)
    (rf"\b{_OWN}([A-Za-z]\w*) +x\b(?! *\()", r"\1(x)", ""),  # tanh x
]
_CODES = (_CODE, rf"^ *{_MODULES}[^:]*(?![\s\S])", r"\?[^?:]*:")
_CHOICE = re.compile(r"\bif\b|\?")
ABSENT: dict[str, str] = {}
ABSENT |= dict.fromkeys(
    ("softmax", "log_softmax", "logsoftmax", "softmin"),
    "it is of several numbers at once, and an activation here of one; of one number it is sigmoid(x)",
) | dict.fromkeys(
    ("floor", "ceil", "round", "trunc", "rint"),
    "its slope is 0 everywhere, and nothing learns through it; one step is written where(x > 0, 1, 0)",
)  # fmt: skip


def is_code(text: str) -> bool:
    """Whether a text begins as Python's or JavaScript's functions do, is a choice, or a call by a library's name."""
    return any(re.search(pattern, text, re.ASCII) for pattern in _CODES)


def foreign(text: str) -> Foreign | None:
    """What of a text is not written like this here, or None.

    >>> foreign("torch.relu(x) if x > -1 else 2x^2").text
    'where(x > -1, relu(x), 2*x**2)'
    """
    first, translated = None, text
    for pattern, replacement, why in _RULES:
        if (match := re.search(pattern, text, re.ASCII)) and why and (first is None or match.start() < first[0]):
            first = (match.start(), match[0].strip(" \n"), why)
        translated = re.sub(pattern, replacement, translated, flags=re.ASCII)
    if (match := _CHOICE.search(text)) and (first is None or match.start() < first[0]):
        first = (match.start(), match[0], "a choice is written where(condition, one, other)")
    translated = _chosen(translated).strip(" \n")
    return Foreign(*(first or (0, "", "")), translated) if translated != text.strip(" \n") or first else None


def _chosen(text: str) -> str:
    """With where(c, a, b) for `a if c else b` and `c ? a : b`."""
    while match := _CHOICE.search(text):
        start, end = _around(text, match.start())
        before, behind = text[start : match.start()].strip(" "), text[match.end() : end]
        inner, sign, other = behind.partition("else" if match[0] == "if" else ":")
        if not sign:
            break
        condition, one = (inner.strip(" "), before) if match[0] == "if" else (before, inner.strip(" "))
        gap = " " * (text[start - 1 : start] == ",")
        text = f"{text[:start]}{gap}where({condition}, {one}, {other.strip(' ')}){text[end:]}"
    return text


def _around(text: str, at: int) -> tuple[int, int]:
    """From where to where the argument or the brackets around a place reach."""
    ends = []
    for step, opens, closes in ((-1, ")", "("), (1, "(", ")")):
        depth, here = 0, at
        while 0 <= here < len(text) and not (depth == 0 and text[here] in (closes, ",")):
            depth += (text[here] == opens) - (text[here] == closes)
            here += step
        ends.append(here)
    return ends[0] + 1, ends[1]
