"""`python -m studies.speed engine [--quick]`: what training, activations and starting cost, beside floors and peers."""

import argparse
import sys
from pathlib import Path

from studies.speed import benchmarks, record

from actlab.errors import UserError


def main() -> int:
    """Measure, write a record and a picture. Nothing else should run on the machine meanwhile."""
    known = benchmarks()
    width = max(map(len, known))
    listed = "\n".join(f"{b.name:<{width}}  {b.sentence} (about {b.takes})" for b in known.values())
    parser = argparse.ArgumentParser(
        prog="python -m studies.speed", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=listed
    )
    parser.add_argument("name", choices=list(known))
    parser.add_argument("--quick", action="store_true", help="small data and few rounds: that it runs, no result")
    parser.add_argument("--out", type=Path, help="folder of the record; default records, bench-records if quick")
    asked = parser.parse_args()
    # where the record goes is no part of what was measured
    command = f"python -m studies.speed {asked.name}" + (" --quick" if asked.quick else "")
    try:
        found = record.measured(asked.name, asked.quick, command)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    files = record.write(found, asked.out or record.default_folder(asked.quick))
    print(f"{found['title']}\n\n{record.table(found)}\n\n{found['limits']}\n\nRecord: {files[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
