"""The machine: what is installed, how much of it there is, and where data are or can be had."""

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from actlab import __version__
from actlab.data import fetch, sets
from actlab.engine import machine
from actlab.errors import MissingExtra, UserError
from actlab.experiment import free_memory
from actlab.naming import path_of
from actlab.preflight.findings import ERROR, NOTE, OK, WARNING, Finding

_EXTRAS = ("lab", "hiplot", "parquet")  # those that people install; the others are for who works on actlab
_REQUIRED = re.compile(r"([\w.-]+)[^;]*; extra == [\"'](\w+)[\"']")
_LITTLE_MEMORY, _LITTLE_DISK = 2e9, 5e8


def doctor(timeout_seconds: float = 2.0) -> list[Finding]:
    """What a run would find on this machine. The network is asked for at most `timeout_seconds`.

    >>> {finding.check for finding in doctor(timeout_seconds=0.01)} >= {"python", "torch", "memory", "data"}
    True
    """
    return [*software(), *extras(), *hardware(), *data_found(), *mirrors(timeout_seconds)]


def software() -> list[Finding]:
    """Python, torch and what it was built with."""
    cuda = f"CUDA {torch.version.cuda}" if torch.version.cuda else "no CUDA"
    libraries = {"MKL": torch.backends.mkl, "oneDNN": torch.backends.mkldnn}
    parts = [name for name, library in libraries.items() if library.is_available()]
    built = ", ".join([cuda, *parts, f"vectors {torch.backends.cpu.get_cpu_capability()}"])
    return [
        Finding("actlab", OK, __version__, f"{__version__} in {Path(__file__).parents[1]}."),
        Finding("python", OK, platform.python_version(), f"{platform.python_version()} ({sys.executable})."),
        Finding("torch", OK, torch.__version__, f"{torch.__version__}: {built}."),
    ]


def extras() -> list[Finding]:
    """Each extra: whole, or what it lacks and the command that adds it."""
    try:
        required = importlib.metadata.requires("actlab") or []
    except importlib.metadata.PackageNotFoundError:
        says = "actlab runs from its source and is not installed, so its extras are not known: pip install -e '.[lab]'"
        return [Finding("extras", NOTE, "unknown", says)]
    wanted = [match.groups() for match in map(_REQUIRED.match, required) if match]
    found = []
    for extra in _EXTRAS:
        packages = [package for package, of in wanted if of == extra]
        versions = {package: _version(package) for package in packages}
        missing = [package for package, version in versions.items() if not version]
        if missing:
            says = f"without {', '.join(missing)}: pip install 'actlab[{extra}]'"
            found.append(Finding("extras", WARNING if extra == "lab" else NOTE, len(missing), says, extra))
        else:
            shown = ", ".join(f"{package} {version}" for package, version in versions.items())
            found.append(Finding("extras", OK, 0, f"{shown}.", extra))
    return found


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def hardware() -> list[Finding]:
    """Device, cores and threads, memory, and room for runs where the command was given."""
    device = machine.choose_device("auto")
    cores, threads = machine.cores(), torch.get_num_threads()
    free = free_memory()
    room = float(shutil.disk_usage(".").free)
    told = f"{cores} for this process of {os.cpu_count()} in all, {threads} threads of torch"
    memory = f"{free / 1e9:.1f} GB free of {machine.memory_bytes() / 1e9:.1f} GB"
    crowded = "" if threads <= cores else ", which wait for each other: set OMP_NUM_THREADS"
    advice = ": end other programs, or bound it with --memory" if free < _LITTLE_MEMORY else ""
    disk = ": choose another folder with --out" if room < _LITTLE_DISK else ""
    return [
        Finding("device", OK, device, f"{machine.device_name(device)} ({machine.cpu_name()})."),
        Finding("cores", WARNING if crowded else OK, cores, f"{told}{crowded}."),
        Finding("memory", WARNING if advice else OK, free, f"{memory}{advice}."),
        Finding("disk", WARNING if disk else OK, room, f"{room / 1e9:.1f} GB free in {Path.cwd()}{disk}."),
    ]


def data_found() -> list[Finding]:
    """The cache, what ACTLAB_DATA names, and which sets lie there."""
    try:
        cache = fetch.cache_folder()
    except MissingExtra as error:
        return [Finding("data", WARNING, "none", str(error))]
    found = [Finding("cache", OK, str(cache), f"{cache}{'' if cache.is_dir() else ', not there yet'}.")]
    folder = None
    try:
        folder = fetch.named_folder()
    except UserError as error:
        found.append(Finding("data", ERROR, str(path_of(os.environ["ACTLAB_DATA"])), str(error)))
    for name, idx_set in sets.SETS.items():
        if files := (folder and fetch.search(folder, idx_set)) or fetch.search(cache, idx_set):
            found.append(Finding("data", OK, str(files[0].parent), f"in {files[0].parent}.", name))
        else:
            says = "not on this machine: it is downloaded when it is first named, or set ACTLAB_DATA to its folder."
            found.append(Finding("data", NOTE, "none", says, name))
    return found


def mirrors(timeout_seconds: float) -> list[Finding]:
    """Whether each set could be downloaded now; all mirrors are asked at once."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda idx_set: _mirrors_of(idx_set, timeout_seconds), sets.SETS.values()))


def _mirrors_of(idx_set: sets.IdxSet, timeout_seconds: float) -> Finding:
    try:
        verdicts = fetch.mirrors_say(idx_set, timeout_seconds)
    except UserError as error:
        return Finding("mirrors", NOTE, 0, str(error), idx_set.name)
    failures = "; ".join(f"{mirror} ({failure})" for mirror, failure in verdicts.items() if failure)
    reached = sum(not failure for failure in verdicts.values())
    told = f"{reached} of {len(verdicts)} answer{f', not {failures}' if failures else ''}"
    advice = "" if reached else ": without a network, name a folder with ACTLAB_DATA, or use digits"
    return Finding("mirrors", OK if reached else NOTE, reached, f"{told}{advice}.", idx_set.name)
