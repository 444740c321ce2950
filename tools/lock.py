"""Turn a `pip install --report` into constraints: name==version, local labels (+cpu) off, this project left out."""

import json
import sys
from pathlib import Path

rows = {}
for item in json.loads(Path(sys.argv[1]).read_text())["install"]:
    if "dir_info" in item["download_info"]:  # a local folder: this project
        continue
    meta = item["metadata"]
    rows[meta["name"].lower().replace("_", "-")] = meta["version"].split("+")[0]
print("# Tested set for CPython 3.11, x86-64 Linux. Written by `make lock`; do not edit.")
print("\n".join(f"{name}=={version}" for name, version in sorted(rows.items())))
