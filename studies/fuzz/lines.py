"""Which lines of some files run, cheaply: only code of those files is traced, and only where a caller asks for it."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "src" / "actlab"
_IS_FUNCTION = 0x2  # CO_NEWLOCALS, and no body of a class

Step = tuple[str, int, int]  # file, from line, to line


def files_of(modules: tuple[str, ...]) -> list[Path]:
    """The files that are named, and those in the folders that are named."""
    found = []
    for name in modules:
        path = SOURCE / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
        assert path.exists(), f"there is no {name} in src/actlab"
    return found


def lines_of(file: Path) -> set[int]:
    """The lines inside a file's functions that can run."""

    def inner(code: CodeType) -> Iterator[int]:
        if code.co_flags & _IS_FUNCTION and code.co_flags & 0x1:
            yield from (line for *_, line in code.co_lines() if line and line != code.co_firstlineno)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from inner(constant)

    return set(inner(compile(file.read_text(encoding="utf-8"), str(file), "exec")))


class Steps:
    """The steps from line to line that were taken in some files."""

    def __init__(self, files: list[Path]) -> None:
        self.seen: set[Step] = set()
        self._possible = {str(file): lines_of(file) for file in files}
        self._short = {str(file): file.relative_to(SOURCE).as_posix() for file in files}
        self.lines = sum(map(len, self._possible.values()))

    @property
    def covered(self) -> int:
        """How many lines of functions have run."""
        ran = {(file, line) for file, _, line in self.seen}
        known = {self._short[file]: lines for file, lines in self._possible.items()}
        return sum(line in known[file] for file, line in ran if file in known)

    def missed(self) -> dict[str, list[int]]:
        """The lines that have not run, by file."""
        ran = {(file, line) for file, _, line in self.seen}
        all_ = {self._short[file]: lines for file, lines in self._possible.items()}
        return {name: sorted(line for line in lines if (name, line) not in ran) for name, lines in all_.items()}

    @contextlib.contextmanager
    def traced(self) -> Iterator[set[Step]]:
        """The steps that what stands inside takes."""
        taken: set[Step] = set()
        short = self._short

        def enter(frame: FrameType, event: str, argument: Any) -> Any:
            name = short.get(frame.f_code.co_filename)
            if name is None:
                return None
            before = 0

            def step(frame: FrameType, event: str, argument: Any) -> Any:
                nonlocal before
                if event == "line":
                    taken.add((name, before, frame.f_lineno))
                    before = frame.f_lineno
                return step

            return step

        sys.settrace(enter)
        try:
            yield taken
        finally:
            sys.settrace(None)
