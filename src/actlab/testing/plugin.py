"""`pytest --actlab mine.py`: a test an activation. pytest loads this at every start, so what is slow waits."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actlab.errors import UserError


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("actlab").addoption(
        "--actlab", action="store_true", help="check each activation of the files named, such as mine.py"
    )


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A file that was named itself, and not as tests are, is one of activations."""
    if not parent.config.getoption("--actlab") or not parent.session.isinitpath(module_path):
        return None
    if any(module_path.match(pattern) for pattern in parent.config.getini("python_files")):
        return None
    return Activations.from_parent(parent, path=module_path)


class Activations(pytest.File):
    """A file: its activations, and what else can be called in it, which is skipped with the reason."""

    def collect(self) -> Iterator[pytest.Item]:
        from actlab.checks import activations_in

        try:
            names, unfit = activations_in(str(self.path))
        except UserError as error:
            raise self.CollectError(str(error)) from None
        if not names:
            raise self.CollectError(f"{self.path.name} defines no activation.")
        for name in names:
            yield Battery.from_parent(self, name=name)
        for name, why in unfit.items():
            item = Battery.from_parent(self, name=name)
            item.add_marker(pytest.mark.skip(reason=f"{name} is not checked. {why}"))
            yield item


class Battery(pytest.Item):
    """All checks of one activation, but for Inductor, which takes longer than the others together."""

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name

    def runtest(self) -> None:
        from actlab.testing.assertion import assert_activation

        try:
            assert_activation(f"{self.path}:{self.name}", inductor=False)
        except (AssertionError, UserError) as error:
            pytest.fail(str(error), pytrace=False)
