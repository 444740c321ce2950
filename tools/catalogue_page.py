"""Write docs/catalogue.md and its pictures, from the catalogue's facts and what is measured of them."""

from itertools import groupby
from pathlib import Path

from actlab import catalogue
from actlab.catalogue import Facts, GatedModule
from actlab.checks.explain.show import Shown, shown, sketches

DOCS = Path(__file__).parents[1] / "docs"
TARGET = DOCS / "catalogue.md"
PICTURES = DOCS / "images" / "catalogue"


def text() -> str:
    """The page: a section a family."""
    facts = list(catalogue.facts().values())
    families = [(family, list(members)) for family, members in groupby(facts, key=lambda fact: fact.family)]
    contents = ", ".join(f"[{family}](#{family})" for family, _ in families)
    parts = [
        "# The catalogue",
        f"{len(facts)} elementwise activations and {len(catalogue.GATING)} modules that gate. This page is written by "
        "`make catalogue` from the facts beside each function and from what is measured of it; "
        "`actlab show NAME` says more, and draws.",
        f"Families: {contents}, [modules](#modules).",
        "Pictures: f solid, f' dashed; shaded where |f'| < 0.1, so that a gradient vanishes. **Gain** is "
        "1/sqrt(E f²) at N(0, 1): weights of variance gain²/inputs keep the activations' mean square at 1. **χ** = "
        "gain² E f'² is what a layer then multiplies a gradient's mean square by: above 1 it explodes with depth, "
        "below 1 it vanishes. Both at the parameters shown.",
        *(_section(family, members) for family, members in families),
        _modules(),
    ]
    return "\n\n".join(parts) + "\n"


def draw() -> None:
    """The pictures, one a family."""
    from actlab.report.shapes import overview_drawing

    PICTURES.mkdir(parents=True, exist_ok=True)
    kept = set()
    for family, members in groupby(catalogue.facts().values(), key=lambda fact: fact.family):
        file = PICTURES / f"{family}.svg"
        overview_drawing([sketches([shown(fact.name)])[0] for fact in members]).save(file)
        kept.add(file)
    for file in set(PICTURES.glob("*.svg")) - kept:  # of a family that is no more
        file.unlink()


def _section(family: str, members: list[Facts]) -> str:
    rows = ["| name | f(x) | range | kinks | gain | χ |", "|---|---|---|---|---|---|"]
    rows += [_row(shown(fact.name)) for fact in members]
    return "\n\n".join(
        [
            f"## {family}",
            f"![{family}: {', '.join(fact.name for fact in members)}](images/catalogue/{family}.svg)",
            "\n".join(rows),
            "\n".join(_note(fact) for fact in members),
        ]
    )


def _row(item: Shown) -> str:
    facts, measured = item.facts, item.measured
    assert facts is not None
    given = ", ".join(f"{name} = {value:.6g}" for name, value in facts.parameters.items())
    kinks = ", ".join(f"{kink:g}" if isinstance(kink, float) else f"`{kink}`" for kink in facts.kinks)
    formula = f"`{facts.formula}`" + (f"<br>{given}" if given else "")
    cells = (f"**{facts.name}**", formula, facts.range, kinks or "none", f"{measured.gain:.3f}", f"{measured.chi:.3f}")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _note(fact: Facts) -> str:
    parts = [f"- **{fact.name}**: {fact.summary} {fact.reference.rstrip('.')}. *Checked: {fact.checked}.*"]
    parts += [f"Learned: {', '.join(fact.learned)}."] if fact.learned else []
    parts += [f"Also called {', '.join(fact.aliases)}."] if fact.aliases else []
    parts += [f"Where: {fact.domain}."] if fact.domain else []
    parts += [f"Not the same: {'; '.join(fact.namesakes)}."] if fact.namesakes else []
    return " ".join(parts)


def _modules() -> str:
    rows = ["| module | formula | width |", "|---|---|---|"]
    rows += [f"| **{m.module}** | `{m.formula}` | {m.widths} |".replace("||", "\\|\\|") for m in catalogue.GATING]
    return "\n\n".join(
        [
            "## modules",
            "These change the width of a layer (`actlab.nn`): no elementwise functions, so no part of comparisons.",
            "\n".join(rows),
            "\n".join(_module_note(module) for module in catalogue.GATING),
        ]
    )


def _module_note(module: GatedModule) -> str:
    note = f"- **{module.module}**: {module.summary} {module.reference.rstrip('.')}. *Checked: {module.checked}.*"
    return note + (f" Not the same: {'; '.join(module.namesakes)}." if module.namesakes else "")


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    draw()
