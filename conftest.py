"""For doctests of src: what a reader has where they type it."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def folder_of_a_run(tmp_path_factory):
    """relu and identity on 400 points, those of one class above a wave: a line parts them badly."""
    from actlab import compare

    folder = tmp_path_factory.mktemp("doctests")
    x = np.random.default_rng(0).uniform(-1, 1, size=(400, 2))
    given = {"hidden": (16,), "seeds": 5, "epochs": 30, "learning_rate": 0.3, "batch_size": 16}
    data = (x, (x[:, 1] > np.sin(4 * x[:, 0]) / 2).astype(int))
    compare("relu", "identity", data=data, out=folder / "runs" / "wave", report=False, workers=1, **given)
    return folder


@pytest.fixture(autouse=True)
def _as_a_reader(request, monkeypatch):
    """Whoever reads runs/wave has it in the folder; whoever defines an activation is not in actlab's own files."""
    test = getattr(request.node, "dtest", None)
    if test is not None:  # what is written goes where nobody looks
        here = "folder_of_a_run" if "runs/wave" in test.docstring else "tmp_path"
        monkeypatch.chdir(request.getfixturevalue(here))
    if test is not None and "@activation(" in test.docstring:
        test.globs["__name__"] = "mine"
