"""What was measured of an activation, as a record that can be read, printed and written as JSON."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from actlab.checks.properties.grid import REACH, Interval


@dataclasses.dataclass(frozen=True)
class Extreme:
    """The lowest or highest `value`, and `at` which input it is taken, or (`taken` False) is only approached.

    >>> from actlab import show
    >>> show("sigmoid").items[0].measured.highest
    Extreme(value=1.0, at=inf, taken=False)
    """

    value: float
    at: float
    taken: bool


@dataclasses.dataclass(frozen=True)
class Kink:
    """The input `x` where f bends (its slope jumps), or jumps itself, or has a pole, or an infinite slope.

    >>> from actlab import show
    >>> show("relu").items[0].measured.kinks
    (Kink(x=0.0, jump=False, pole=False, steep=False),)
    """

    x: float
    jump: bool
    pole: bool = False
    steep: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Properties:
    """What `properties` measured. Infinite numbers say unbounded; NaN that a number does not exist.

    `depth` and `chi`: in a deep, wide network whose weights keep the activations' mean square at 1 (variance
    gain^2 over the number of inputs, z normal), the mean square of a gradient is multiplied by
    chi = gain^2 E f'^2 at each layer.

    >>> from actlab import show
    >>> found = show("relu").items[0].measured
    >>> found.range, found.monotone, round(found.gain, 4), round(found.chi, 4), found.as_rows()[3]
    ('from 0 at x = 0, unbounded above', 'increasing', 1.4142, 1.0, ('bounded', 'below only'))
    """

    lowest: Extreme  # value
    highest: Extreme  # value
    monotone: str  # "increasing", "decreasing", "constant" or "neither"
    strictly: bool  # monotone without a flat part
    parity: str  # "odd", "even" or "neither"
    at_zero: float  # f(0)
    zero_centred: bool  # |E f| < 1e-6 for x normal
    bounded: str  # "both", "below", "above" or "no"
    lipschitz: float  # the largest |f'|
    lipschitz_at: float  # where that is
    fixed_points: tuple[float | Interval, ...]  # where f(x) = x
    more_fixed_points: int  # of those in [-50, 50] that are not listed
    kinks: tuple[Kink, ...]  # where the slope jumps, or f
    vanishing: tuple[Interval, ...]  # where |f'| < 0.1
    more_vanishing: int  # of those in [-50, 50] that are not listed
    undefined: tuple[Interval, ...]  # where f is NaN
    more_undefined: int  # of those in [-50, 50] that are not listed
    mean: float  # E f for x normal
    second: float  # E f^2
    slope_second: float  # E f'^2
    gain: float  # 1/sqrt(E f^2)
    chi: float
    depth: str  # "explodes", "vanishes", "keeps" or "undecided"

    def as_dict(self) -> dict[str, Any]:
        """Plain values; what is not finite as text."""
        return plain(dataclasses.asdict(self))

    def as_rows(self) -> list[tuple[str, str]]:
        """Name and text of each property, as a card shows them."""
        strictly = "strictly " if self.strictly else ""
        return [
            ("range", self.range),
            ("monotone", f"{strictly}{self.monotone}" if self.monotone != "neither" else "no"),
            ("symmetry", self.parity if self.parity != "neither" else "none"),
            ("bounded", {"both": "yes", "no": "no"}.get(self.bounded, f"{self.bounded} only")),
            ("zero-centred", f"{'yes' if self.zero_centred else 'no'}; f(0) = {_number(self.at_zero)}"),
            ("steepest", self._steepest()),
            *([("undefined", _listed(self.undefined, self.more_undefined))] if self.undefined else []),
            ("kinks", _kinks(self.kinks)),
            ("fixed points", _listed(self.fixed_points, self.more_fixed_points)),
            ("|f'| < 0.1", _listed(self.vanishing, self.more_vanishing)),
            (
                "at N(0, 1)",
                f"E f {_moment(self.mean)}, E f^2 {_moment(self.second)}, E f'^2 {_moment(self.slope_second)}",
            ),
            ("gain", f"1/sqrt(E f^2) {_moment(self.gain)}"),
            ("depth", self._depth()),
        ]

    @property
    def range(self) -> str:
        """An interval, with where its ends are taken or approached."""
        if math.isnan(self.lowest.value) or math.isnan(self.highest.value):
            return "nothing in [-50, 50] is finite"
        open_below, open_above = math.isinf(self.lowest.value), math.isinf(self.highest.value)
        if open_below and open_above:
            return "unbounded below and above"
        low = "unbounded below" if open_below else f"from {_end(self.lowest)}"
        return f"{low}, unbounded above" if open_above else f"{low} to {_end(self.highest)}"

    def _steepest(self) -> str:
        if math.isinf(self.lipschitz):
            kinds = {_kind(kink) for kink in self.kinks}
            why = (
                "f has a pole"
                if " (a pole)" in kinds
                else "f jumps"
                if " (a jump)" in kinds
                else "|f'| grows without end"
            )
            return f"no Lipschitz constant: {why}"
        where = "as x ->" if math.isinf(self.lipschitz_at) else "at x ="
        return f"Lipschitz constant {_number(self.lipschitz)}, {where} {_number(self.lipschitz_at)}"

    def _depth(self) -> str:
        if math.isnan(self.gain):
            return f"undecided: no gain keeps E f^2, which {_moment(self.second).replace('=', 'is')}"
        if not math.isfinite(self.chi):
            return f"undecided: E f'^2 {_moment(self.slope_second)}"
        told = "keeps its size" if self.depth == "keeps" else self.depth
        ten = 50 * math.log10(self.chi) if self.chi > 0 else 0.0
        many = f"{self.chi**50:.2g}" if ten < 300 else f"1e+{ten:.0f}"  # beyond the largest float
        factors = f"{_number(self.chi)} a layer, by {many} in 50 layers"
        return f"a gradient {told}: at this gain its mean square is multiplied by {factors}"


def _number(value: float) -> str:
    return f"{value:.6g}"


def _moment(value: float) -> str:
    if math.isnan(value):
        return "does not exist"
    return "is infinite" if math.isinf(value) else f"= {_number(value)}"


def _kinks(kinks: Sequence[Kink]) -> str:
    most = 12
    shown = [f"at {_number(kink.x)}{_kind(kink)}" for kink in sorted(kinks, key=lambda kink: abs(kink.x))[:most]]
    return ", ".join(shown + [f"and {len(kinks) - most} more"] * (len(kinks) > most)) or "none"


def _kind(kink: Kink) -> str:
    return " (a pole)" if kink.pole else " (a jump)" if kink.jump else " (an infinite slope)" if kink.steep else ""


def _end(end: Extreme) -> str:
    return f"{_number(end.value)} {'at x =' if end.taken else 'as x ->'} {_number(end.at)}"


def _listed(items: Sequence[float | Interval], more: int) -> str:
    texts = [_interval(item) if isinstance(item, tuple) else _number(item) for item in items]
    if more:
        texts.append(f"and {more} more in [-{REACH:g}, {REACH:g}]")
    return ", ".join(texts) or "none"


def _interval(ends: Interval) -> str:
    low, high = ends
    if low == high:
        return _number(low)
    if math.isinf(low) and math.isinf(high):
        return "everywhere"
    if math.isinf(high):
        return f"x > {_number(low)}"
    return f"x < {_number(high)}" if math.isinf(low) else f"{_number(low)} to {_number(high)}"


def plain(value: Any) -> Any:
    """Values for JSON: what is not finite as text, "inf", "-inf" or "nan"."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
