"""Executors of other people's, whose processes are really killed: the tables of one process, and nothing left behind.

One cluster of Dask in each run of the larger size; all others with ACTLAB_ENGINES=1, and in studies/engines.py, which
has the cases. Each is a process of its own with processes of its own.
"""

import os
import socket
import subprocess
import sys

import pytest
from studies import engines

ALL = pytest.mark.skipif(not os.environ.get("ACTLAB_ENGINES"), reason="without ACTLAB_ENGINES: studies/engines.py")
pytestmark = [pytest.mark.large, pytest.mark.whole, pytest.mark.xdist_group("engines")]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("here") / "run"
    engines.case("here", folder)
    return engines.contents(folder)


@pytest.mark.parametrize(
    "name",
    [case.__name__ if case is engines.dask_local else pytest.param(case.__name__, marks=ALL) for case in engines.CASES],
)
def test_killed_in_the_middle_with_equal_tables_and_nothing_left(name, here, tmp_path):
    seen = engines.case(name, tmp_path / name)
    assert engines.contents(tmp_path / name) == here
    assert len(seen["killed"]) == 1 + (name == "dask_cluster"), "it was killed"
    assert not seen["left_over"]
    assert seen.get("listening", [engines.LOCAL]) == [engines.LOCAL], "nobody outside can reach it"
    assert seen.get("made", 2) == 2, "another executor was made, once"
    assert "is kept" in seen.get("said", "is kept")
    assert 2 <= seen.get("kept", 3) < engines.NETWORKS


def test_what_listens_elsewhere_and_what_is_left_is_found():
    """The two looks at processes can fail."""

    with socket.create_server(("127.0.0.1", 0)):
        assert engines.LOCAL in engines.listening()
    code = "import time; print('up', flush=True); time.sleep(600)"
    how = {"stdout": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen([sys.executable, "-c", code], **how) as process:
        assert process.stdout.readline() == "up\n"
        assert engines.of_session(process.pid) == [process.pid]
        process.kill()
        process.wait()
        assert not engines.of_session(process.pid)
