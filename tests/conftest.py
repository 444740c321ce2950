"""Two sizes of the suite, and one thread in each test process: on two cores two of two would wait for each other."""

import signal
import subprocess
import sys

import pytest
import torch

import actlab.engine.products

assert actlab.engine.products
torch.set_num_threads(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """`make test` leaves to `make test-all` what is marked large, and the inner parameters of sweeps."""
    sweeps = {}
    for item in items:
        if hasattr(item, "callspec") and not item.get_closest_marker("whole"):
            sweeps.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for sweep in sweeps.values():
        for item in sweep[1:-1]:
            item.add_marker("large")


@pytest.fixture(autouse=True)
def _signals():
    """At its end a command leaves signals to the system: here they are answered as before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, answer in before.items():
        signal.signal(number, answer)


@pytest.fixture
def actlab_command(monkeypatch, capsys):
    """Run a command as the shell would, but in this process, which saves imports: what it prints, and its status."""

    def run(*arguments, cwd=None):
        from actlab.cli import main

        monkeypatch.setattr(sys, "argv", ["actlab", *map(str, arguments)])
        if cwd is not None:
            monkeypatch.chdir(cwd)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, ended.value.code, out, err)

    return run
