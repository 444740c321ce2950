"""What it costs: notes, never a limit."""

import math
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from actlab.checks.battery.findings import NOTE, Finding
from actlab.checks.battery.registry import check, noted, skipped
from actlab.checks.battery.subject import Subject

_ELEMENTS = 2**18
_ROUNDS = 7


@check(NOTE, needs=("elementwise", "float32"))
def ulp(s: Subject) -> Finding:
    """The largest error of f in float32, in units of the last place, and where."""
    sample = s.truth.centre
    if s.truth.exact is None:
        return skipped("no formula is known")
    got = s.value(sample.points, torch.float32).to(torch.float64).numpy()
    true = sample.value
    with np.errstate(all="ignore"):
        rounded = true.astype(np.float32)
        unit = np.abs(np.spacing(rounded)).astype(np.float64)
        usable = np.isfinite(rounded) & (np.abs(true) >= torch.finfo(torch.float32).tiny)
        off = np.where(usable, np.abs(got - true) / unit, 0.0)
    place = int(np.nan_to_num(off, nan=np.inf).argmax())
    worst, where = float(off[place]), f"x = {sample.points[place]:.6g}"
    return noted(f"{worst:.3g} units in the last place.", measured=worst, where=where)


@check(NOTE, needs=("float32",))
def saved_bytes(s: Subject) -> Finding:
    """What forward keeps for backward, in bytes an element of float32."""
    ours = bytes_saved(s.fresh(), s.rows(1)[1:])
    beside = f"; PyTorch's own keeps {bytes_saved(s.native):g}" if s.native is not None else ""
    return noted(f"{ours:g} bytes an element{beside}.", measured=ours)


@check(NOTE, needs=("float32",))
def speed(s: Subject) -> Finding:
    """Forward and backward beside a copy of the tensor and beside PyTorch's own, in turns."""
    contenders: dict[str, Callable[[Tensor], Tensor]] = {"ours": s.fresh(), "copy": torch.clone}
    if s.native is not None:
        contenders["native"] = s.native
    times: dict[str, list[float]] = {name: [] for name in contenders}
    shape = s.rows(max(1, _ELEMENTS // math.prod(s.rows(1))))
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)).requires_grad_()
    for _ in range(_ROUNDS):
        for name, f in contenders.items():
            times[name].append(_seconds(f, x))
    middle = {name: statistics.median(found) for name, found in times.items()}
    beside = f", {middle['ours'] / middle['native']:.2f} times PyTorch's own" if "native" in middle else ""
    ratio = middle["ours"] / middle["copy"]
    return noted(f"{ratio:.2f} times a copy{beside} ({x.numel():,} float32 elements).", measured=ratio)


def _seconds(f: Callable[[Tensor], Tensor], x: Tensor) -> float:
    start = time.perf_counter()
    y = f(x)
    if y.requires_grad:
        y.backward(torch.ones_like(y))
    seconds = time.perf_counter() - start
    x.grad = None
    return seconds


def bytes_saved(f: Callable[[Tensor], Tensor], row: tuple[int, ...] = (8,)) -> float:
    """Bytes an element of float32 that are kept for backward, on ctx too; a storage kept twice is counted once."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    size = math.prod(row)
    count = max(1, 4096 // size)
    x = torch.linspace(-3, 3, count * size).reshape(count, *row).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        y = f(x)
    nodes = [y.grad_fn]
    for node in nodes:  # it grows while it is walked: what follows each node comes behind it
        for value in getattr(node, "__dict__", {}).values():
            for tensor in value if isinstance(value, list | tuple) else [value]:
                if isinstance(tensor, Tensor):
                    keep(tensor)
        nodes += [after for after, _ in getattr(node, "next_functions", ()) if after not in nodes]
    return sum(kept.values()) / x.numel()
