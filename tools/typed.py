"""What pyright says: of the source in standard mode, and whether all that is public has a type."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PUBLIC = ("actlab.nn.", "actlab.functional.", "actlab.testing.")  # and what stands in actlab itself
BIN = Path(sys.executable).parent
PYRIGHT = [str(BIN / "pyright"), "--outputjson"]
HERE = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}  # it asks the first python for its packages


def told(*arguments: str) -> dict:
    """What pyright has to say, as JSON."""
    done = subprocess.run([*PYRIGHT, *arguments], cwd=ROOT, env=HERE, capture_output=True, text=True)
    return json.loads(done.stdout)


def public(name: str) -> bool:
    """Whether people may write this name: in a module with a front door, and no file behind it.

    >>> public("actlab.compare"), public("actlab.nn.ReLU"), public("actlab.engine.models.Stack")
    (True, True, False)
    """
    return name.startswith(PUBLIC) or name.count(".") == 1


def main() -> int:
    errors = [one for one in told("src")["generalDiagnostics"] if one["severity"] == "error"]
    for error in errors:
        file, line = Path(error["file"]).relative_to(ROOT), error["range"]["start"]["line"] + 1
        print(f"{file}:{line}: {error['message']} ({error.get('rule', 'syntax')})")
    symbols = told("--verifytypes", "actlab", "--ignoreexternal")["typeCompleteness"]["symbols"]
    seen = [symbol for symbol in symbols if public(symbol["name"])]
    untyped = [symbol for symbol in seen if not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"]]
    for symbol in untyped:
        why = [one["message"] for one in symbol["diagnostics"] if "docstring" not in one["message"]]
        print(f"{symbol['name']}: {'; '.join(why) or 'a part of it has no type'}")
    print(f"{len(errors)} errors; {len(untyped)} of {len(seen)} public names lack a type")
    return int(bool(errors) or bool(untyped) or not seen)


if __name__ == "__main__":
    sys.exit(main())
