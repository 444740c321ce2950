"""What is generated of the playground: the catalogue as the page carries it."""

import json
from pathlib import Path

from actlab import catalogue
from actlab.making import of_catalogue

PLAY = Path(__file__).parents[1] / "src" / "actlab" / "play"


def files() -> dict[Path, str]:
    """Every file, and what stands in it."""
    return {PLAY / "catalogue.js": _catalogue()}


def _catalogue() -> str:
    rows = ",\n".join(
        json.dumps(of_catalogue(facts), ensure_ascii=False, separators=(",", ":"))
        for facts in catalogue.facts().values()
    )
    return f"// The catalogue with its sound forms, written by `make play`.\nexport const CATALOGUE = [\n{rows},\n];\n"


if __name__ == "__main__":
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")
