"""Write src/actlab/catalogue.json, the torch-free index of the catalogue, from the blocks."""

import dataclasses
import json
from pathlib import Path

from actlab.activations import BLOCKS

FAMILIES = (  # the order of `actlab list`
    "linear", "rectified", "clipped", "shrinkage", "exponential", "soft", "sigmoidal", "gated", "oscillating", "bell",
    "learned",
)
TARGET = Path(__file__).parents[1] / "src" / "actlab" / "catalogue.json"


def text() -> str:
    blocks = sorted(BLOCKS.values(), key=lambda block: FAMILIES.index(block.facts.family))
    entries = {block.name: dataclasses.asdict(block.facts) for block in blocks}
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
