"""An exercise: NAME.txt, with which a reader begins, and NAME.py, whose `check` looks at what became of it."""
