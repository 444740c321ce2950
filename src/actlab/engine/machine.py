"""This machine: its device, its cores, and the environment that a run notes."""

import contextlib
import datetime
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from actlab import __version__
from actlab.errors import UserError, need_one_of

DEVICES = ("auto", "cpu", "cuda")


def choose_device(asked: str) -> str:
    need_one_of("device", asked, DEVICES)
    if asked == "cuda" and not torch.cuda.is_available():
        raise UserError("device is cuda, but torch finds no GPU here: --device cpu, or auto.")
    return "cuda" if asked != "cpu" and torch.cuda.is_available() else "cpu"


def environment(device: str) -> dict[str, Any]:
    """Versions, hardware and commit, as a run notes them."""
    return {
        "actlab": __version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "device": device_name(device),
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def device_name(device: str) -> str:
    """The device as rows name it; with TF32, which rounds the factors of products to 10 bits, it is another device."""
    if device != "cuda":
        return "cpu"
    return torch.cuda.get_device_name() + (", TF32" if torch.backends.cuda.matmul.allow_tf32 else "")


def cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_bytes() -> float:
    """The memory of this machine, or 8 GB where it does not say."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # Windows
        return 8e9


def _commit() -> str | None:
    """The commit of actlab's own checkout; None where it was installed from a package."""
    here = Path(__file__).resolve()
    if not (here.parents[3] / ".git").exists():
        return None
    command = ["git", "-C", str(here.parent), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.check_output(command, stderr=subprocess.DEVNULL, text=True, timeout=10).strip()
    except (OSError, subprocess.SubprocessError):
        return None


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch in this process, and what was before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
