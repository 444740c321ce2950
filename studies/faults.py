"""What may go wrong around a run, done to real runs: a row a fault, with what was said and what was lost.

python studies/faults.py            # about an hour: writes records/faults.json
python studies/faults.py --few --only disks --out FILE
"""

import argparse
import datetime
import json
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from studies.faulty import damages, disks, folders, ground, signals

from actlab.engine.machine import environment

RECORD = Path(__file__).parents[1] / "records" / "faults.json"
KINDS = {"signals": signals.rows, "disks": disks.rows, "folders": folders.rows, "damages": damages.rows}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--few", action="store_true", help="the short form, of the tests")
    parser.add_argument("--only", choices=KINDS, action="append", help="kinds of faults")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="for each kind, at most about")
    parser.add_argument("--out", type=Path, default=RECORD)
    given = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # what is ignored here would be ignored by all that is begun
    random.seed(0)
    about = environment("cpu")
    record = {"command": "python studies/faults.py (its rows say how)", "date": f"{datetime.date.today()}",
              "environment": about, "faults": []}  # fmt: skip
    asked = {"command": f"python studies/faults.py {' '.join(sys.argv[1:])}".strip(), "commit": about["commit"]}
    if given.out.exists() and given.only:  # the other kinds stay
        record["faults"] = [r for r in json.loads(given.out.read_text())["faults"] if r["kind"] not in given.only]
    ground.loaded()
    place = Path(tempfile.mkdtemp(prefix="faults-"))  # no TemporaryDirectory: copies of this process would remove it
    try:
        whole = ground.Whole(place)
        for kind in given.only or KINDS:
            folder = place / kind
            folder.mkdir()
            ground.begin(given.minutes)
            for row in KINDS[kind](whole, folder, given.few):
                lost = sorted(set(row.lost))
                record["faults"].append({"kind": kind, **vars(row), "lost": lost or "nothing", **asked})
                given.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
                print(f"{kind}: {row.fault}: {row.done}: {row.times} times, lost: {lost or 'nothing'}", flush=True)
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
