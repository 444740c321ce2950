"""Exercise 4.2. Told apart: a sum that grows with its inputs, the mean left in, the page's gain, one f's numbers."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from actlab.data import load

_MOST, _NEAR = 20.0, 0.1  # times that something may grow or fade in 20 layers; within which a mistake is told
_Z = torch.special.ndtri((torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000)
_CASES: tuple[tuple[str, Callable[[Tensor], Tensor], int], ...] = (
    ("sigmoid", torch.sigmoid, 32),
    ("sigmoid, 64 units a layer", torch.sigmoid, 64),
    ("tanh", torch.tanh, 32),
    ("3 + tanh(z)", lambda z: 3 + torch.tanh(z), 32),
    ("atan(z) - 2", lambda z: torch.atan(z) - 2, 32),
)
_MEAN = "f's mean is in each value of each image, and W adds it up, unit by unit. Let b take that away."
_FEW = "size and mean are right, if each unit mixes many. Draw all of W at random."
_SAME = "all units of a layer have the same weights, so they are one unit. Draw W at random."
_SUM = "with more inputs its sums change their size. Sums of n numbers scatter as √n: divide W by √n."
_GAIN = "that is the page's gain, by the mean of f². f's mean is in there, too; ask for what scatters about it."


def through(start: Any, f: Any, units: int = 32) -> list[float]:
    """How much images differ at layer 20, by layer 1; and the gradient at layer 1, by layer 20: over three starts."""
    pool = load("digits", split="resplit").pool
    assert pool is not None
    torch.set_num_threads(1)  # the products are small: on a busy machine two threads would wait for each other
    pixels, found = torch.tensor(pool.x[:256].reshape(256, -1)), []
    for seed in range(3):
        torch.manual_seed(seed)
        z = (pixels - pixels.mean()) / pixels.std() @ torch.randn(64, units, dtype=torch.float64) / 8
        met = [z.requires_grad_()]
        for _ in range(19):
            weights, bias = _pair(start(f, units, units))
            met.append(f(met[-1]) @ weights.T + bias)
        back = torch.autograd.grad(met[-1], (met[0], met[-1]), torch.randn(256, units, dtype=torch.float64))
        differ = [z.detach().var(dim=0).mean() for z in (met[-1], met[0])]
        found.append([differ[0] / differ[1], back[0].square().mean() / back[1].square().mean()])
    return torch.tensor(found, dtype=torch.float64).log().mean(dim=0).div(2).exp().tolist()


def check(module: ModuleType) -> Iterator[tuple[bool, str]]:
    """What 20 layers make of images and of a gradient, function by function; it ends with the first that is wrong."""
    for name, f, units in _CASES:
        if says := _unfit(module.start(f, 48, 32), (32, 48)):
            yield False, f"{name}: {says}"
            return
        differ, gradient = through(module.start, f, units)
        is_right = 1 / _MOST < differ < _MOST and 1 / _MOST < gradient < _MOST
        says = f"layer 20 has {differ:.2g} of layer 1's differences, layer 1 has {gradient:.2g} of layer 20's gradient"
        yield is_right, f"{name}: {says}{'.' if is_right else ': ' + _why(module.start, f)}"
        if not is_right:
            return


def _pair(given: Any) -> list[Tensor]:
    return [torch.as_tensor(one, dtype=torch.float64).detach() for one in given]


def _unfit(given: Any, shape: tuple[int, int]) -> str:
    if not isinstance(given, tuple | list) or len(given) != 2 or any(one is None or one is ... for one in given):
        return "start gives two things back, W and b."
    weights, bias = _pair(given)
    words = f"for {shape[1]} inputs and {shape[0]} units W has the shape {tuple(weights.shape)}, b {tuple(bias.shape)}"
    fits = weights.shape == shape and bias.shape in ((), (1,), shape[:1])
    return "" if fits else f"{words}. W wants a row a unit, b a number a unit."


def _why(start: Any, f: Any) -> str:
    """What 256 units make of f's mean, which all images share, and of what scatters about it."""
    (few, _), (weights, bias) = (_pair(start(f, units, units)) for units in (64, 256))
    small, size = (one.square().sum(dim=1).mean().sqrt().item() for one in (few, weights))
    values = f(_Z)
    if weights.std(dim=0).max() < 1e-9:
        return _SAME
    if abs(size / small - 1) > _NEAR:
        return _SUM
    if not (weights.sum(dim=1) * values.mean() + bias).square().mean().sqrt() <= 3 * _NEAR:  # NaN, too
        return _MEAN
    if abs((step := float(size * values.std())) - 1) < _NEAR:
        return _FEW
    if abs(size * values.square().mean().sqrt() - 1) < _NEAR:
        return _GAIN
    return f"W hands on {step:.2g} of f's scatter about its mean, and 20 layers make powers of that."
