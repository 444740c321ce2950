"""Write src/actlab/catalogue.json, the torch-free index of the catalogue, from the blocks."""

import dataclasses
import json
from pathlib import Path

from actlab.activations import BLOCKS

TARGET = Path(__file__).parents[1] / "src" / "actlab" / "catalogue.json"


def text() -> str:
    entries = {name: dataclasses.asdict(block.facts) for name, block in BLOCKS.items()}
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
