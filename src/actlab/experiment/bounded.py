"""Files of strangers: only files are read, so that nothing waits for a pipe, and no more than there is room for."""

import contextlib
import gzip
import io
import os
import re
import tomllib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actlab.errors import UserError

_PIECE = 1 << 20
_MOST_TOML = 2_000_000
# A name of many parts takes the parser of TOML memory by the square of their number.
_DEEP = re.compile(r"""(?:^|[\[{,])[ \t]*+(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){9}""", re.MULTILINE)


def free_memory() -> float:
    """Bytes that this process may still have, without swapping; 8 GB where the system does not say."""
    return max(0.0, min(_limits(), default=8e9))


def _limits() -> Iterator[float]:
    """Of the machine, of the container or job, and of the process."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        yield next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        group = Path("/sys/fs/cgroup" + next(line[3:] for line in lines if line.startswith("0::")))
        yield float((group / "memory.max").read_text()) - float((group / "memory.current").read_text())
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # which Windows lacks

        if (most := resource.getrlimit(resource.RLIMIT_AS)[0]) != resource.RLIM_INFINITY:
            yield most - float(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def content(path: Path, most: float, advice: str) -> bytes:
    """The bytes of a file, unpacked where gzip has packed them.

    Raises:
        UserError: there is no such file, it cannot be read, or it has more than `most` bytes, with the advice.
    """
    found = io.BytesIO()
    try:
        if not path.is_file():
            raise UserError(f"{path} is no file." if path.exists() else f"There is no file {path}.")
        with open(path, "rb") as raw:
            packed = raw.peek(2)[:2] == b"\x1f\x8b"
            stream = gzip.GzipFile(fileobj=raw) if packed else raw
            while found.tell() <= most and (piece := stream.read(_PIECE)):
                found.write(piece)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} cannot be read: {error}.") from None
    if found.tell() > most:
        raise UserError(f"{path} has more than {most / 1e6:,.0f} MB{' unpacked' if packed else ''}. {advice}")
    return found.getvalue()


def toml_text(path: Path) -> str:
    """The text of a TOML file, as `content` reads it."""
    try:
        return content(path, _MOST_TOML, "Needed is an experiment's TOML file, a few lines.").decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text in UTF-8: save it as such.") from None


def toml(text: str, where: str) -> dict[str, Any]:
    """The values of a TOML text that errors call `where`. UserError where there are none, or where it is too deep."""
    if len(text) > _MOST_TOML:
        raise UserError(f"{where} has {len(text):,} characters; allowed are {_MOST_TOML:,}.")
    if deep := _DEEP.search(text):
        raise UserError(f"{where} has a name of many parts, {deep[0][:60]}...: those of an experiment have one.")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UserError(f"{where} has lists or tables in others, too deep to be read.") from None
    except ValueError as error:
        if "digits" in str(error):  # Python reads no such number
            error = ValueError("it has a whole number of thousands of digits")
        raise UserError(f"{where} is not TOML: {error}.") from None
