"""`python -m studies.fuzz TARGET --executions 1000000`: hostile input for one target; a row of records/fuzz.json."""

import argparse
import json
import sys

from studies.fuzz import TARGETS, driver, target

_WITHOUT = ("command_lines", "run_folders")


def main() -> int:
    """What was reached is kept in build/fuzz, where the next run begins; the status is 1 where a fault was found."""
    listed = "\n".join(f"{name:<18}{target(name).TITLE}" for name in TARGETS)
    parser = argparse.ArgumentParser(
        prog="python -m studies.fuzz", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=listed
    )
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--executions", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=1e6, help="stop then, whatever was run")
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--by", choices=driver.MAKERS, default="changes", help="what makes inputs")
    parser.add_argument("--fresh", action="store_true", help="without what earlier runs have kept")
    parser.add_argument("--no-record", action="store_true", help="say it, and write no record")
    asked = parser.parse_args()
    if asked.by == "atheris" and asked.target in _WITHOUT:
        parser.error(f"{asked.target} begins processes or needs folders: atheris makes texts and files alone")
    kept = driver.CORPUS / f"{asked.target}.json"
    corpus = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() and not asked.fresh else []
    found = driver.fuzz(
        asked.target, executions=asked.executions, seconds=asked.seconds, random_seed=asked.random_seed, corpus=corpus,
        by=asked.by,
    )  # fmt: skip
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(found["corpus"]), encoding="utf-8")
    command = f"python -m studies.fuzz {asked.target} --executions {asked.executions} --random-seed {asked.random_seed}"
    command += f" --by {asked.by}" if asked.by != "changes" else ""
    command += f" --seconds {asked.seconds:g}" if asked.seconds < 1e6 else ""
    if not asked.no_record:
        driver.write(driver.row(asked.target, found, command, asked.by))
    print(f"{found['count']:,} inputs in {found['seconds']:,.0f} s: {found['became']}, {len(found['faults'])} faults.")
    print(f"{found['covered']} of {found['lines']} lines, the last new step after {found['grew']:,} inputs.")
    for name, lines in found["missed"].items():
        if lines:
            print(f"  not reached: {name} {','.join(map(str, lines))}")
    for fault in found["faults"]:
        print(f"  {fault['kind']} at {fault['at']}: {fault['words']}\n    {fault['input'][:400]}")
    return bool(found["faults"])


if __name__ == "__main__":
    sys.exit(main())
