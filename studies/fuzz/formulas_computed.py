"""What is computed of a formula: exact values and slopes, kinks, derivatives, forms for floats, Python, the page's."""

import math
import random

from mpmath import mp
from studies.fuzz import written_formulas

from actlab.formula import Exact, Reading, differentiate, edges, read
from actlab.making import code, portable, symbolic
from actlab.making.written import written

TITLE = "exact values, kinks, derivatives, steps, Python and the page's form of formulas"
MODULES = (
    "formula/exact.py", "formula/derivative.py", "formula/algebra.py", "formula/breaks.py", "making/written.py",
    "making/code.py", "making/symbolic.py", "making/portable.py", "making/tensors.py", "making/floats",
)  # fmt: skip
SEEDS = [seed for seed in written_formulas.SEEDS if len(seed) < 3000]
SECONDS, BYTES = 30.0, 2**31
MENDED: tuple[str, ...] = ()

_POINTS = (-1e4, -30.0, -1.0, 0.0, 0.3, 2.0, 1e300)
_STEP = mp.mpf(10) ** -25


def make(chance: random.Random) -> str:
    return written_formulas.text(chance, chance.choice((0.0, 0.0, 0.05)))


def run(text: str) -> None:
    reading = read(text)
    _exact(reading)
    edges(reading)
    activation = written(str(reading))
    block = code.block(reading, activation.forms, activation.facts.kinks, "formula")
    compile(block, "block", "exec")
    portable(reading)
    for wrt in ("x", *reading.parameters):
        symbolic.steps(reading.node, wrt)
        symbolic.derivative(reading.node, wrt)


def _exact(reading: Reading) -> None:
    """Slopes beside those of a difference of exact values, away from where it cannot be taken."""
    exact = Exact(reading.node, reading.parameters)
    values, slopes = exact.values(_POINTS), exact.slopes(_POINTS)
    assert len(str(differentiate(reading.node))) < 10**7
    with mp.workprec(400):
        for point, value, slope in zip(_POINTS[2:6], values[2:6], slopes[2:6], strict=True):
            below, above = exact.values([mp.mpf(point) - _STEP, mp.mpf(point) + _STEP])
            parts = [mp.mpf(part) for part in (value, slope, below, above)]
            if not all(map(mp.isfinite, parts)) or abs(value) > 1e6 or point == 0:
                continue
            one, other = (value - below) / _STEP, (above - value) / _STEP
            if abs(one - other) < 1e-4 * (1 + abs(one)) and abs(one) < 1e6:  # no kink, and not so bent
                assert math.isclose(slope, (one + other) / 2, rel_tol=1e-3, abs_tol=1e-3), f"slope {slope} at {point}"
