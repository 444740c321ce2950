"""Modules of the playground, run by Node: what they make of data, beside what Python makes of the same."""

import json
import math
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PLAY = Path(__file__).parents[1] / "src/actlab/play"
NODE = shutil.which("node")
with_node = pytest.mark.skipif(NODE is None and os.environ.get("REQUIRE_BROWSER") != "1", reason="no Node")

_FRAME = """
import {{ readFileSync }} from "node:fs";
const special = {{ nan: NaN, inf: Infinity, "-inf": -Infinity }};
const data = JSON.parse(readFileSync(0, "utf8"),
  (key, value) => (value && value.$ in special ? special[value.$] : value));
const result = await (async () => {{
{code}
}})();
const told = (value) => ({{ $: Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf" }});
console.log(JSON.stringify(result ?? null, (key, value) => {{
  if (typeof value === "number" && !Number.isFinite(value)) return told(value);
  return ArrayBuffer.isView(value) ? [...value] : value;
}}));
"""


def ran(code: str, data: Any = None, seconds: float = 120) -> Any:
    """What `code` returns, where `data` is; modules are imported by `await import("./language/tree.js")`.

    Numbers cross whole: inf and nan as {"$": "inf"}, in and out.
    """
    command = [NODE or "node", "--input-type=module", "-e", _FRAME.format(code=code)]
    done = subprocess.run(
        command, input=json.dumps(_told(data)), cwd=PLAY, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout, object_hook=lambda found: float(found["$"]) if set(found) == {"$"} else found)


def _told(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"$": str(value)}
    if isinstance(value, dict):
        return {key: _told(one) for key, one in value.items()}
    return [_told(one) for one in value] if isinstance(value, list | tuple) else value
