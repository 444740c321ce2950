"""Exercise 6.1. What is told apart: which run is named right; a hint says what the named cause would look like."""

from collections.abc import Iterator, Mapping
from types import ModuleType

OVERFITTING, DIFFER, RATE, SHUFFLED, FINE = CAUSES = (
    "overfitting",
    "inputs of validation differ from training",
    "learning rate too high",
    "labels shuffled",
    "fine",
)
_TRUE = {"A": OVERFITTING, "B": SHUFFLED, "C": FINE, "D": DIFFER, "E": RATE, "F": DIFFER}
_LOOKS = {  # of a cause that was named wrongly, so that nothing is said of the true one
    OVERFITTING: "then validation would rise with training at first, both well above guessing, and stay behind later.",
    DIFFER: "then training would learn soundly from the first epochs on, with validation far behind in all.",
    RATE: "then the loss would jump up and down, or stand above guessing's 2.30, in training too.",
    SHUFFLED: "then training would begin as guessing does and creep, and validation stay at guessing for ever.",
    FINE: "then training and validation would end near each other, and well above guessing.",
}
_CONFUSED = {
    (DIFFER, OVERFITTING): "look at the first epochs, not at the last: what can be known by heart of samples just met?",
    (SHUFFLED, OVERFITTING): "who overfits has learned something of use first. Was validation ever above guessing?",
    (SHUFFLED, RATE): "look at the training loss: does it jump, or stand above where it began?",
    (RATE, SHUFFLED): "look at validation: does it ever know more than who guesses? And is the training loss steady?",
    (DIFFER, SHUFFLED): "look at training in the first three epochs: by heart, one sample at a time, goes slowly.",
    (FINE, DIFFER): "look at which of the two is ahead, and how far apart they are at the end.",
}


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """One finding a run."""
    return told(module, "DIAGNOSIS", "CAUSES", _TRUE, CAUSES, _LOOKS, _CONFUSED)


def told(
    module: ModuleType,
    name: str,
    choices: str,
    true: Mapping[str, str],
    allowed: tuple[str, ...],
    looks: Mapping[str, str],
    confused: Mapping[tuple[str, str], str],
) -> Iterator[tuple[bool, str]]:
    """What is named right of a dictionary; where not, a hint by what is true and what was named, or by that alone."""
    given = getattr(module, name, None)
    if not isinstance(given, Mapping):
        yield False, f"There is no dictionary {name}: keep its name, and one of {choices} for each letter."
        return
    for letter, right in true.items():
        named = given.get(letter, ...)
        if named is ...:
            yield False, f"{letter}: the gap is still there: put one of {choices} in the place of the dots."
        elif not isinstance(named, str) or named not in allowed:
            yield False, f"{letter}: {named!r} is none of the {choices.lower()}: {'; '.join(allowed)}."
        elif named == right:
            yield True, f"{letter}: {named}."
        else:
            yield False, f"{letter}: not {named!r}: {confused.get((right, named), looks[named])}"
