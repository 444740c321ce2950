"""`pytest --actlab mine.py`: a test an activation, in the words of the verdict."""

import functools
import importlib.metadata
import subprocess
import sys

import pytest

import actlab.testing.assertion
from actlab.checks import check

pytest_plugins = ["pytester"]
QUICK = functools.partial(check, only=["value", "nan"])  # one that half passes, one that it fails
MINE = """
import torch

def softened(x):
    return x * torch.sigmoid(x)

def half(x):
    return torch.where(x > 0, x, 0.0)

def mixed(a, b):
    return a + b
"""


@pytest.fixture
def checked(pytester, monkeypatch):
    """Run pytest with --actlab in this process, with two checks of the battery."""
    monkeypatch.setattr(actlab.testing.assertion, "check", lambda what, **options: QUICK(what))
    pytester.makepyfile(mine=MINE)
    return lambda *arguments: pytester.runpytest_inprocess("--actlab", "-p", "no:xdist", "-v", "-rs", *arguments)


def test_the_plugin_is_found_by_its_entry_point():
    found = {entry.value for entry in importlib.metadata.entry_points(group="pytest11") if entry.name == "actlab"}
    assert found == {"actlab.testing.plugin"}, "install again: pip install -e ."


def test_an_activation_is_a_test_and_fails_in_the_verdicts_words(checked, pytester):
    done = checked("mine.py")
    done.assert_outcomes(passed=1, failed=1, skipped=1)
    done.stdout.fnmatch_lines(["mine.py::softened PASSED*", "mine.py::half FAILED*", "mine.py::mixed SKIPPED*"])
    said = str(QUICK(f"{pytester.path}/mine.py:half"))
    assert "NaN becomes 0" in said and said in done.stdout.str()
    assert "mixed is not checked. It takes 2 arguments" in done.stdout.str()
    assert "Traceback" not in done.stdout.str() and "plugin.py" not in done.stdout.str()


def test_one_is_chosen_by_name_beside_tests_as_ever(checked, pytester):
    pytester.makepyfile(test_other="def test_one():\n    assert True")
    done = checked("mine.py::softened", "test_other.py")
    done.assert_outcomes(passed=2)
    checked().assert_outcomes(passed=1)  # a file that nobody names is not looked at


def test_a_file_that_holds_none_is_an_error(checked, pytester):
    pytester.makepyfile(empty="x = 1", torn="def f(x:", lost="import nowhere_at_all")
    done = checked("empty.py", "torn.py", "lost.py")
    done.assert_outcomes(errors=3)
    told = done.stdout.str()
    assert "empty.py defines no activation" in told and "torn.py" in told and "nowhere_at_all" in told
    assert "Traceback" not in told


def test_without_the_option_nothing_is_loaded_or_checked(pytester):
    pytester.makepyfile(mine=MINE.replace("import torch", "torch = None"))
    code = "import sys, pytest; pytest.main(['mine.py']); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=pytester.path, capture_output=True, text=True)
    assert done.returncode == 0 and "no tests ran" in done.stdout
