"""What was found before a run's training, kept in its folder: preflight.json."""

import contextlib
import json
from pathlib import Path
from typing import Any

from actlab.experiment.disk import write_text
from actlab.experiment.strange import json_of

_FILE = "preflight.json"


def read(path: Path) -> dict[str, Any]:
    """The activations that were looked at, and the findings; empty where there are none to read."""
    with contextlib.suppress(ValueError, TypeError):  # a UserError is the first
        found = dict(json_of(path / _FILE))
        named = [one for one in found.get("activations", ()) if isinstance(one, str)]
        told = [one for one in found.get("findings", ()) if isinstance(one, dict) and _is_said(one)]
        return {"activations": named, "findings": told}
    return {}


def _is_said(finding: dict[str, Any]) -> bool:
    return all(isinstance(finding.get(name), str) for name in ("level", "check", "about", "says"))


def keep(path: Path, looked: dict[str, Any]) -> None:
    """Write it, where it is another one."""
    if looked != read(path):
        write_text(path / _FILE, json.dumps(looked, indent=1) + "\n")
