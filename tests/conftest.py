"""One thread in each test process: two processes of two threads would wait for each other on two cores."""

import subprocess
import sys

import pytest
import torch

import actlab.engine.products

assert actlab.engine.products
torch.set_num_threads(1)


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
