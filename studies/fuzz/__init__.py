"""Hostile input: what reads text and files of strangers gets inputs until no new line of it is reached.

A target is a module here, by its name, with

    TITLE            what is fuzzed, in one line
    MODULES          files and folders of src/actlab whose lines count: ("formula/grammar.py", "naming")
    SEEDS            inputs to begin with: str, bytes, or list of str
    make(random)     a new input, from a random.Random
    run(input)       asks the thing; AssertionError where what it says is wrong
    SECONDS, BYTES   what one input may take: processor time, and memory beyond what was there before
    MENDED           what was found by it and mended, a sentence each

and where needed `prepare()`, once in each process, `change(random, input)` in place of the usual mutations, and
ALLOWED, the errors by which an input may be refused: else UserError alone, in words that `refusal` finds clear.
"""

import importlib
from types import ModuleType

TARGETS = (
    "formulas_read", "formulas_computed", "activation_names", "command_lines", "idx_files", "npz_files", "packed_files",
    "csv_data", "experiment_files", "judged_tables", "run_folders", "run_parameters",
)  # fmt: skip


def target(name: str) -> ModuleType:
    """A target's module; one that is kept elsewhere is named with its package."""
    return importlib.import_module(name if "." in name else f"studies.fuzz.{name}")
