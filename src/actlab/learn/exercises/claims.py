"""Exercise 7.2. What is told apart: which sentence is judged right; a hint says where in the numbers to look."""

from collections.abc import Iterator
from types import ModuleType

from actlab.learn.exercises.diagnosis import told

ALLOWED, SEED, SMALL, UNDECIDED, RIVALS, MORE = JUDGEMENTS = (
    "allowed",
    "one seed speaks for all",
    "too small to matter",
    "undecided is called equal",
    "rivals were not treated alike",
    "says more than was tried",
)
_TRUE = {"A": SEED, "B": UNDECIDED, "C": ALLOWED, "D": RIVALS, "E": SMALL, "F": ALLOWED, "G": MORE, "H": ALLOWED}
_LOOKS = {  # of a judgement that does not fit: what would have to be so
    ALLOWED: "its numbers may be right. Ask it the page's questions: data, seeds, interval, margin, rival.",
    SEED: "then its numbers would be those of a single column. Which columns does it speak of?",
    SMALL: "then it would make much of an interval that lies within the margins, from -0.6 to 0.6.",
    UNDECIDED: "then an interval that reaches over a margin would be passed off as one that lies within both.",
    RIVALS: "then one of the two would have had more tries, and the sentence would keep silent about it.",
    MORE: "then it would speak of data, networks or rates that are not in the table.",
}
_CONFUSED = {
    (SEED, ALLOWED): "in how many of the eight columns is it so?",
    (SMALL, ALLOWED): "above 0, yes. How far, and what was said before about how far matters?",
    (UNDECIDED, ALLOWED): "look at the two ends of the interval, not at its middle.",
    (RIVALS, ALLOWED): "the interval is as it says. How did each of the two come to its learning rate?",
    (MORE, ALLOWED): "which data are in the table?",
    (UNDECIDED, SMALL): "the mean is small. Are both ends of the interval?",
}


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """One finding a sentence."""
    return told(module, "CLAIMS", "JUDGEMENTS", _TRUE, JUDGEMENTS, _LOOKS, _CONFUSED)
