"""A file an exercise: TITLE, START (the file to begin with, a gap in it), and `check` of the reader's module."""
