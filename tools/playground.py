"""What is generated of the playground: the catalogue as the page carries it, coefficients, and helpers of blocks."""

import json
from pathlib import Path
from typing import Any

from mpmath import mp, mpf

from actlab import catalogue
from actlab.catalogue import Facts
from actlab.making.code import HELPERS
from actlab.making.portable import of_catalogue

PLAY = Path(__file__).parents[1] / "src" / "actlab" / "play"
PIECES, DEGREE = 8, 12  # of what approximates the tail of erfc
FIRST = mpf(2) / (2 + mpf("27.5"))  # 2/(2 + x) where erfc(x) is 0 in every float
LAST = mpf(2) / (2 + mpf("0.5"))  # ... and where erf is computed instead


def files() -> dict[Path, str]:
    """Every file, and what stands in it."""
    made = {
        "language/catalogue.js": _catalogue(),
        "language/helpers.js": _helpers(),
        "numbers/coefficients.js": coefficients(),
    }
    return {PLAY / name: text for name, text in made.items()}


def _catalogue() -> str:
    rows = "".join(f"{row(facts)},\n" for facts in catalogue.facts().values())
    return f"// The catalogue with its sound forms, written by `make play`.\nexport const CATALOGUE = [\n{rows}];\n"


def row(facts: Facts) -> str:
    """One activation."""
    return json.dumps(of_catalogue(facts), ensure_ascii=False, separators=(",", ":"))


def _helpers() -> str:
    first = "// Functions that a block of Python brings along, written by `make play`.\n"
    return f"{first}export const HELPERS = {json.dumps(HELPERS, indent=2)};\n"


def coefficients() -> str:
    """Of erf near 0, and of its tail: exp(x**2)*erfc(x) in s = 2/(2 + x), divided by s, in pieces of equal width."""
    with mp.workdps(50):
        near = [2 / mp.sqrt(mp.pi) * (-1) ** k / mp.factorial(k) / (2 * k + 1) for k in range(14)]
        near[0] -= 1  # x + x*(...): the small part is rounded, not x
        width = (LAST - FIRST) / PIECES
        pieces = [_polynomial(_tail, FIRST + (k + mpf(1) / 2) * width, width / 2) for k in range(PIECES)]
        ends = [float(FIRST), float(width)]
    rows = [f"  [{', '.join(map(_numeral, piece))}]," for piece in pieces]
    return (
        "// Coefficients of erf and erfc, computed at 50 digits by `make play`: see tools/playground.py.\n"
        f"export const ERF_NEAR = [{', '.join(map(_numeral, near))}];\n"
        f"export const [TAIL_FIRST, TAIL_WIDTH] = {ends};\n"
        "export const TAIL = [\n" + "\n".join(rows) + "\n];\n"
    )


def _tail(s: Any) -> Any:
    x = 2 / s - 2
    return mp.exp(x**2) * mp.erfc(x) / s


def _polynomial(function: Any, middle: Any, half: Any) -> list[Any]:
    """Coefficients in s - middle, by interpolation at Chebyshev's points; the middle is a float, exactly."""
    middle = mpf(float(middle))
    nodes = [half * mp.cos(mp.pi * (2 * k + 1) / (2 * DEGREE + 2)) for k in range(DEGREE + 1)]
    powers = mp.matrix([[node**k for k in range(DEGREE + 1)] for node in nodes])
    return [middle, *mp.lu_solve(powers, mp.matrix([function(middle + node) for node in nodes]))]


def _numeral(value: Any) -> str:
    return repr(float(value))


if __name__ == "__main__":
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")
