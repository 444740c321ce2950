"""Inputs as they are kept, and how one is made from another: cuts, copies, swaps, odd characters and numbers."""

import base64
import json
import random
from collections.abc import Callable
from typing import Any

Input = str | bytes | list[str]

ODD = (
    "\x00", "\x1b]0;owned\x07", "\x1b[2J", "\u202e", "\u2066", "\ufeff", "\ud800", "\x85", "\u2028", "\r", "\n", "\t",
    "\u0445", "\uff58", "\u0661", "\u00b2", "\U0001d4b3", "'", '"', "\\", "`", "$(id)", "${x}", "{{7*7}}", "{}", "%s",
    "<script>",
    "</style>", "]]>", "&amp;", "--", ";", "|", "*", "?", "~", "../", "://", "#", "@", "=", "9" * 400, "1e999", "-1",
    "1e-400", "nan", "inf", "0x10", "1_0", "9**9**9", "(" * 60, ")" * 60, "-" * 100,
)  # fmt: skip
LONGEST = 2**20  # characters, bytes or words of an input
NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63)


def packed(what: Input) -> str:
    return json.dumps({"bytes": base64.b64encode(what).decode()} if isinstance(what, bytes) else what)


def unpacked(text: str) -> Input:
    found = json.loads(text)
    return base64.b64decode(found["bytes"]) if isinstance(found, dict) else found


def changed(chance: random.Random, what: Input, others: list[Input]) -> Input:
    """Another input, from one to five changes."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        other = chance.choice(others) if others else what
        if isinstance(what, list):
            what = _changed_list(chance, what, other if isinstance(other, list) else [])
        elif isinstance(what, bytes):
            what = _changed_bytes(chance, what, other if isinstance(other, bytes) else b"")
        else:
            what = _changed_text(chance, what, other if isinstance(other, str) else "")
    return what[:LONGEST]


def _changed_list(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    words, at = list(words), chance.randrange(len(words) + 1)
    kind = chance.randrange(5)
    if kind == 0 and words:
        words.pop(min(at, len(words) - 1))
    elif kind == 1:
        words.insert(at, chance.choice(other or ["--help"]))
    elif kind == 2:
        chance.shuffle(words)
    elif words:
        place = chance.randrange(len(words))
        words[place] = _changed_text(chance, words[place], chance.choice(other or [""]))
    return words


def _changed_text(chance: random.Random, text: str, other: str) -> str:
    first, last = sorted((chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)))
    last = min(last, first + chance.choice((1, 1, 2, 4, 16, 10**6)))
    kind = chance.randrange(7)
    if kind == 0:
        return text[:first] + text[last:]
    if kind == 1:
        return text[:first] + chance.choice(ODD) + text[last:]
    if kind == 2:
        return text[:first] + chr(chance.choice((chance.randrange(32, 127), chance.randrange(0x500)))) + text[last:]
    if kind == 3:  # copied many times
        times = min(chance.choice((2, 2, 3, 10, 100, 1000)), 1 + LONGEST // (last - first + 1))
        return text[:first] + text[first:last] * times + text[last:]
    if kind == 4:  # a part of another
        start = chance.randrange(len(other) + 1)
        return text[:first] + other[start : start + chance.choice((1, 4, 16, 10**6))] + text[last:]
    if kind == 5:
        return text[:first] + text[last:] + text[first:last]
    return text[:first] + str(chance.choice(NUMBERS)) + text[last:]


def _changed_bytes(chance: random.Random, content: bytes, other: bytes) -> bytes:
    first, last = sorted((chance.randrange(len(content) + 1), chance.randrange(len(content) + 1)))
    last = min(last, first + chance.choice((1, 1, 2, 4, 8, 10**6)))
    kind = chance.randrange(7)
    if kind == 0:
        return content[:first] + content[last:]
    if kind == 1:  # a bit
        place = min(first, len(content) - 1)
        bit = bytes([content[place] ^ 1 << chance.randrange(8)]) if content else b""
        return content[:place] + bit + content[place + 1 :] if content else b"\0"
    if kind == 2:
        return content[:first] + chance.randbytes(last - first or 1) + content[last:]
    if kind == 3:
        times = min(chance.choice((2, 3, 10, 100)), 1 + LONGEST // (last - first + 1))
        return content[:first] + content[first:last] * times + content[last:]
    if kind == 4:
        start = chance.randrange(len(other) + 1)
        return content[:first] + other[start : start + chance.choice((1, 4, 16, 10**6))] + content[last:]
    if kind == 5:  # a number, of the width and order that headers have
        width, order = chance.choice((1, 2, 4, 8)), chance.choice(("little", "big"))
        number = (chance.choice(NUMBERS) % 256**width).to_bytes(width, order)
        return content[:first] + number + content[first + width :]
    return content[:first]


def smaller(what: Input, is_same: Callable[[Any], bool], tries: int) -> Input:
    """A smaller input for which the same holds: parts are taken out for as long as that goes, and `tries` last."""
    size = max(len(what) // 2, 1)
    while size and tries > 0:
        at = 0
        while at < len(what) and tries > 0:
            shorter = what[:at] + what[at + size :]
            tries -= 1
            if is_same(shorter):
                what = shorter
            else:
                at += size
        size //= 2
    return what
