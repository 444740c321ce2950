"""The command line: parse, call one function, print. What is slow to import is imported inside the commands."""

from actlab.cli.main import main

__all__ = ["main"]
