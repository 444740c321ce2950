"""A target of fuzzing with a mistake of each kind in it, which fuzzing must find."""

import os
import random
import signal

from actlab.errors import UserError

TITLE = "planted mistakes"
MODULES = ("errors.py",)
KINDS = ("fine", "refuse", "escape", "lines", "crash", "hang", "memory", "wrong", "empty", "exit")
SEEDS = [f"{kind} and more" for kind in ("die", *KINDS)]
SECONDS, BYTES = 0.3, 2**28
MENDED: tuple[str, ...] = ()
_SAID = {"escape": "\x1b[2J", "lines": "one\ntwo", "empty": " "}


def make(chance: random.Random) -> str:
    return chance.choice(KINDS) + " and more"


def run(text: str) -> None:
    kind = text.split(" ")[0]
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind in ("refuse", "escape", "lines", "empty"):
        raise UserError(_SAID.get(kind, "It is not read."))
    if kind == "exit":
        raise SystemExit(1)
    assert kind != "wrong"
    _odd(kind)


def _odd(kind: str) -> None:
    while kind == "hang":
        pass
    if kind == "crash":
        raise ZeroDivisionError
    if kind == "memory":
        bytearray(2**30)
