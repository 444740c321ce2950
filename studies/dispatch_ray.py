"""Ten thousand networks through Ray without training them, beside studies/dispatch.py, whose stand-in is sent.

python studies/dispatch_ray.py          # clusters of one and of two nodes; into records/ray.json
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from studies import dispatch
from studies.engines_ray import RECORD
from studies.ray_cluster import RayCluster

from actlab.engine.machine import environment
from actlab.running import RayExecutor
from actlab.running.run import How


@contextlib.contextmanager
def ray(nodes: int, folder: Path) -> Iterator[How]:
    with RayCluster([{}] * nodes) as cluster:
        os.environ.update(cluster.environment)
        with RayExecutor(cluster.address) as executor:
            yield How.checked("cpu", None, None, None, executor)


def main() -> None:
    if len(sys.argv) == 3:  # in a process of its own, whose memory is measured
        dispatch.POOLS[sys.argv[1]] = functools.partial(ray, int(sys.argv[1][-1]))
        print(json.dumps(dispatch.measured(sys.argv[1], Path(sys.argv[2]), dispatch.ACTIVATIONS)))
        return
    for name in sys.argv[1:] or ("ray_1", "ray_2"):
        with tempfile.TemporaryDirectory() as folder:
            dispatch.train_one(Path(folder) / "template.pickle")
            command = [sys.executable, __file__, name, folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            row = json.loads(done.stdout.splitlines()[-1])
        row |= {"load": round(os.getloadavg()[0], 1), "commit": environment("cpu")["commit"]}
        print(json.dumps(row), flush=True)
        record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
        rows = {each["pool"]: each for each in record.get("ten_thousand", [])} | {name: row}
        RECORD.write_text(json.dumps(record | {"ten_thousand": [*rows.values()]}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
