"""Dtypes: every 16-bit number, float32 over all its exponents, the dtype that comes out, autocast."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from actlab.checks.battery import sampling
from actlab.checks.battery.findings import WRONG, Finding
from actlab.checks.battery.limits import compare, judge
from actlab.checks.battery.registry import check, fail, failing, skipped
from actlab.checks.battery.subject import Subject

_MEND = "Compute in float32 and round once: f(x.float()).to(x.dtype); squares overflow and small constants vanish here."
_ALL = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
_CHUNK = 2**22
_SHARES = (1.0, -1.0, 0.618, -0.618, 0.31, -0.31, 0.87, -0.87)  # several: an oscillation may come back to where it was


@check(WRONG, needs=("elementwise", "float64"))
def float16(s: Subject) -> Finding:
    """All float16 numbers, value and gradient, against float64."""
    return _sweep(s, sampling.every(torch.float16))


@check(WRONG, needs=("elementwise", "float64"))
def bfloat16(s: Subject) -> Finding:
    """All bfloat16 numbers, value and gradient, against float64."""
    return _sweep(s, sampling.every(torch.bfloat16))


@check(WRONG, needs=("elementwise", "float64", "float32"))
def float32(s: Subject) -> Finding:
    """float32 numbers of every exponent, value and gradient, against float64."""
    return _sweep(s, sampling.strata())


def exhaustive(s: Subject, progress: Callable[[float], None]) -> Finding:
    """All 2^32 float32 numbers, value and gradient, against float64; takes minutes. `progress` is told the share."""

    def findings() -> Iterator[Finding]:
        for start in range(-(2**31), 2**31, _CHUNK):
            x = torch.arange(start, start + _CHUNK, dtype=torch.int64).to(torch.int32).view(torch.float32)
            x = x[torch.isfinite(x)]
            if len(x):
                yield _sweep(s, x, _SHARES[:2])  # neighbours are dense here: two nudges will do
            progress((start + _CHUNK + 2**31) / 2**32)

    return max(findings(), key=_excess)


@check(WRONG)
def dtype(s: Subject) -> None:
    """What goes in as float64, float32, float16 or bfloat16 comes out so, and its gradient too."""
    for kind in _ALL:
        name = str(kind).removeprefix("torch.")
        mend = "Make constants with x.new_tensor, or as Python numbers, and keep tensors as buffers."
        with failing("It fails", mend, where=name):
            y, slope = s.value_and_slope(s.grid(2, 2.0), kind)
        for what, tensor in (("f", y), ("the gradient", slope)):
            if tensor.dtype != kind:
                got = str(tensor.dtype).removeprefix("torch.")
                fail(f"{what} comes out as {got}.", "Return .to(x.dtype).", where=name)


@check(WRONG, needs=("elementwise", "float32"))
def autocast(s: Subject) -> None:
    """Under torch.autocast it runs, and its numbers are those of bfloat16 at worst."""
    x = torch.linspace(-6, 6, 241)
    plain, slope = (t.to(torch.float64) for t in s.value_and_slope(x, torch.float32))
    f = s.fresh()
    for given in (x, x.to(torch.bfloat16)):
        leaf = given.clone().requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = f(leaf.clone())
        if y.requires_grad:
            torch.autograd.grad(y.sum(), leaf, allow_unused=True)
        name = str(given.dtype).removeprefix("torch.")
        if y.dtype not in (torch.float32, torch.bfloat16):
            fail(f"Under autocast it gives {y.dtype}.", "Return .to(x.dtype).", where=name)
        rounded = plain if given is x else s.value(given, torch.float64)
        scale = 1 + rounded.abs() + x.abs() * (1 + slope.abs().nan_to_num())  # with what a rounding of x changes
        plainly = s.value(given, torch.bfloat16).to(torch.float64)  # what bfloat16 does to it without autocast
        answer = y.detach().to(torch.float64)
        error = torch.fmin((answer - rounded).abs(), (answer - plainly).abs()) / scale
        error[(answer == rounded) | (answer == plainly) | rounded.isnan()] = 0  # inf as without it, or nothing is true
        if not error.max() <= 0.0625:
            place = int(error.nan_to_num(nan=torch.inf).argmax())
            fail(
                f"Under autocast f is {y[place].item():.4g}, without it {rounded[place].item():.4g}.",
                "Decorate forward with torch.amp.custom_fwd, or compute in float32.",
                measured=error[place].item(), limit=0.0625, where=f"{name}, x = {given[place].item():g}",
            )  # fmt: skip


def _sweep(s: Subject, x: Tensor, shares: tuple[float, ...] = _SHARES) -> Finding:
    """Value and gradient at x in its own dtype against float64."""
    if not s.takes(x.dtype):
        return skipped(f"it does not compute in {str(x.dtype).removeprefix('torch.')} (see dtype)")
    points = x.to(torch.float64)
    nudge = 8 * torch.finfo(x.dtype).eps
    true = _in_float64(s, points)
    moved = [_in_float64(s, points * (1 + nudge * share)) for share in shares]
    got = s.value_and_slope(x, x.dtype)
    findings = []
    for place, what in enumerate(("f", "f'")):
        with np.errstate(all="ignore"):  # what a rounding of x would change: of f at a peak, more than its slope says
            swings = np.fmax.reduce([np.abs(other[place] - true[place]) for other in moved])
            swing = _highest_near(swings, len(shares)) / nudge
        keep = ~np.isnan(true[place])  # where float64 itself is no number another check says so
        for kink in s.slope_kinks if what == "f'" else ():
            info = torch.finfo(x.dtype)
            keep &= np.abs(points.numpy() - kink) > 4 * info.eps * abs(kink) + info.tiny
        where, value, exact, swing = points.numpy()[keep], got[place][keep], true[place][keep], swing[keep]
        errors = compare(where, value, exact, swing, x.dtype, s.truth.value_slack)
        findings.append(judge([errors], what, _MEND))
    return max(findings, key=_excess)


def _highest_near(values: np.ndarray, reach: int) -> np.ndarray:
    """The maximum over neighbours: a few nudges may by chance all land near where an oscillation was."""
    padded = np.pad(values, reach, mode="edge")
    return np.fmax.reduce([padded[shift : shift + len(values)] for shift in range(2 * reach + 1)])


def _in_float64(s: Subject, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """f and f' to be relied on: the formula's own block, or itself in float64."""
    wide = s.truth.wide(x)
    y, slope = wide if wide is not None else (t.numpy() for t in s.value_and_slope(x, torch.float64))
    return y, slope if s.truth.gradient is None else s.truth.gradient.at(x).numpy()


def _excess(finding: Finding) -> float:
    if finding.measured is None or not finding.limit:  # nothing was left to compare, or nothing was off
        return 0.0
    ratio = finding.measured / finding.limit
    return np.inf if np.isnan(ratio) or (finding.outcome == "fail" and ratio <= 1) else ratio
