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
    (
        FINE,
        DIFFER,
    ): "look at which of the two is ahead, and how far apart they are at the end.",
}


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """One finding a run."""
    given = getattr(module, "DIAGNOSIS", None)
    if not isinstance(given, Mapping):
        yield False, "There is no dictionary DIAGNOSIS: keep its name, and a cause for each run."
        return
    for run, true in _TRUE.items():
        named = given.get(run, ...)
        if named is ...:
            yield False, f"{run}: the gap is still there: put one of CAUSES in the place of the dots."
        elif named not in CAUSES:
            yield False, f"{run}: {named!r} is none of the causes: {'; '.join(CAUSES)}."
        elif named == true:
            yield True, f"{run}: {named}."
        else:
            yield False, f"{run}: not {named!r}: {_CONFUSED.get((true, named), _LOOKS[named])}"
