"""Pass or fail of numbers: |error| <= a * scale + r * |true|, with the truth rounded to the dtype first."""

import dataclasses
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from actlab.checks.battery.findings import Finding
from actlab.checks.battery.registry import failed, passed

# how many units of the last place an implementation of a few operations may be off; a and r alike
_UNITS = {torch.float64: 32, torch.float32: 32, torch.float16: 8, torch.bfloat16: 8}
_GROSS = 100.0  # times the limit: beyond it one place is as bad as another, and the one that shows it best is told
_COMMON = 1e4  # what is wrong within is told before what is wrong beyond
RELATIVE = 1e-3  # of the value in float32 and float64, wherever the true value is a normal number


def tolerance(dtype: torch.dtype) -> float:
    return _UNITS[dtype] * torch.finfo(dtype).eps


@dataclasses.dataclass(frozen=True, eq=False)
class Errors:
    """Errors at many points, each as a multiple of its limit: above 1 it fails."""

    points: np.ndarray
    got: np.ndarray
    true: np.ndarray
    error: np.ndarray
    limit: np.ndarray
    dtype: torch.dtype

    @cached_property
    def excess(self) -> np.ndarray:
        """error / limit; infinite where only one of the two is a number."""
        with np.errstate(all="ignore"):
            ratio = self.error / self.limit
        return np.where(np.isnan(ratio), np.inf, ratio)

    @cached_property
    def worst(self) -> int:
        """The worst place; of many, the one nearest to 0 where no number comes out, else that of the largest truth."""
        near = (self.excess > 1) & (np.abs(self.points) <= _COMMON)
        excess = np.where(near, self.excess, -1.0) if near.any() else self.excess
        none = np.isinf(excess.max())
        excess = excess if none else np.minimum(excess, _GROSS)
        key = -np.abs(self.points) if none else np.nan_to_num(np.abs(self.true))
        return int(np.where(excess >= 0.99 * excess.max(), key, -np.inf).argmax())

    def rank(self) -> tuple[bool, float, float]:
        """How two parts compare: common inputs first, then the excess, then how well the place shows it."""
        if not len(self.points):
            return (False, -1.0, 0.0)
        excess, size = float(self.excess[self.worst]), abs(float(self.points[self.worst]))
        common = excess > 1 and size <= _COMMON
        if np.isinf(excess):
            return (common, excess, -size)
        return (common, min(excess, _GROSS), abs(float(self.true[self.worst])))


def compare(
    points: np.ndarray, got: Tensor, true: np.ndarray, sensitivity: np.ndarray, dtype: torch.dtype, slack: float = 0.0
) -> Errors:
    """Errors of `got` against the truth. `sensitivity` is |x f'(x)|: what a rounding of x itself would change."""
    share = tolerance(dtype) + slack
    rounded = torch.as_tensor(np.array(true)).to(dtype).to(torch.float64).numpy()
    numbers = got.detach().to(dtype).to(torch.float64).numpy()  # a wider dtype is another check's finding
    largest = torch.finfo(dtype).max
    with np.errstate(all="ignore"):
        scale = 1 + np.nan_to_num(np.abs(sensitivity), nan=0.0, posinf=largest)
        error = np.abs(numbers - rounded)
        size = np.nan_to_num(np.abs(rounded), posinf=largest)
        limit = share * scale + share * size
        if dtype in (torch.float32, torch.float64):  # what a rounding of an exponent (x**(1/3)) changes far out
            limit = limit + torch.finfo(dtype).eps * np.nan_to_num(np.abs(np.log(size)), posinf=0.0) * size
        same = (numbers == rounded) | np.isnan(rounded)  # where nothing is true nothing is wrong
        # a number within rounding of the largest may come out as infinity
        overflowed = np.isinf(numbers) & (np.sign(numbers) == np.sign(true)) & (np.abs(true) * (1 + share) >= largest)
    return Errors(points, numbers, rounded, np.where(same | overflowed, 0.0, error), limit, dtype)


def compare_relative(
    points: np.ndarray, got: Tensor, true: np.ndarray, sensitivity: np.ndarray, dtype: torch.dtype, slack: float = 0.0
) -> Errors:
    """Relative errors where the truth is a normal number; the limit grows with the truth's own conditioning.

    Normal with room for a factor x: of x sigmoid(x), the gate is subnormal a little before the product is.
    """
    info = torch.finfo(dtype)
    numbers = got.detach().to(torch.float64).numpy()
    with np.errstate(all="ignore"):
        size = np.abs(true)
        normal = (size >= 4 * info.tiny * np.maximum(1, np.abs(points))) & (size <= info.max / 2)
        condition = tolerance(dtype) * np.nan_to_num(np.abs(sensitivity), nan=0.0) / size
        error = np.where(normal, np.abs(numbers - true) / size, 0.0)
        limit = RELATIVE + slack + np.nan_to_num(condition, nan=0.0, posinf=1e300)
    return Errors(points, numbers, np.array(true), error, limit, dtype)


def judge(parts: list[Errors], what: str, otherwise: str) -> Finding:
    """The finding of the worst place in all parts; `otherwise` is the mend where the number itself tells none."""
    part = max(parts, key=Errors.rank)
    if not len(part.points):
        return passed("No input is left to compare.")
    place = part.worst
    got, true = part.got[place], part.true[place]
    shown = {
        "measured": float(part.error[place]),
        "limit": float(part.limit[place]),
        "where": f"{str(part.dtype).removeprefix('torch.')}, x = {part.points[place]:.9g}",
    }
    if part.excess[place] <= 1:
        return passed(f"The largest error of {what}, relative to its limit.", **shown)
    count = sum(int((p.excess > 1).sum()) for p in parts)
    total = sum(len(p.points) for p in parts)
    return failed(
        f"{what} is {_told(got, true)}, true is {_told(true, got)}; wrong at {count} of {total}.",
        mend_of(got, true, otherwise),
        **shown,
    )


def mend_of(got: float, true: float, otherwise: str) -> str:
    """What to do about a wrong number, by how it is wrong."""
    if np.isnan(got):
        return (
            "NaN comes of inf - inf, 0 * inf or inf / inf: clamp the argument of exp or of a square, also in the "
            "branch of torch.where that is not taken, or use expm1, sigmoid, softplus."
        )
    if np.isinf(got):
        return "An intermediate overflows: clamp it, or take out the large factor (log1p, softplus, sigmoid)."
    if got == 0 and true != 0:
        return "All digits cancel: use a form without a difference, such as expm1, log1p, erfc, sigmoid(-x)."
    return otherwise


def _told(value: float, other: float) -> str:
    """In as many digits as tell it from the other."""
    texts = ((f"{value:.{digits}g}", f"{other:.{digits}g}") for digits in (6, 9, 12, 17))
    return next((text for text, beside in texts if text != beside), f"{value:.17g}")
