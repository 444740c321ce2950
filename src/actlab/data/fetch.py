"""The four files of an IDX set: found on this machine, or downloaded into the cache."""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from actlab.data.idx import Broken, decode, most_packed
from actlab.data.sets import IdxFile, IdxSet
from actlab.errors import UserError, extra
from actlab.naming import path_of

_SLOWEST = 1000  # bytes a second: from what is slower nobody gets a file
Progress = Callable[[str, int, int], None]  # file name, bytes done, bytes in all (0 when unknown)


class Unavailable(UserError, OSError):
    """A set is not on this machine and could not be fetched; `reason` is the message without the advice."""

    reason: str = ""


def obtain(
    idx_set: IdxSet, *, data_dir: str | Path | None, download: bool, timeout_seconds: float = 20.0, probe: bool = False,
    progress: Progress | None = None,
) -> list[Path]:  # fmt: skip
    """The paths of the set's files: in `data_dir` if given, else in ACTLAB_DATA, in the cache, or from a mirror.

    Args:
        timeout_seconds: how long to wait for a connection, and for each next piece of data.
        probe: ask all mirrors at once before, so that a machine without a network waits once and not at each mirror.
    """
    if data_dir is not None:
        return _in_folder(idx_set, path_of(data_dir))
    cache = cache_folder()
    given = named_folder()
    if found := (given and search(given, idx_set)) or search(cache, idx_set):
        return found
    if not download:
        places = f"ACTLAB_DATA ({os.environ.get('ACTLAB_DATA') or 'not set'}) or the cache ({cache})"
        raise _unavailable(idx_set, f"it is not in {places} and download=False", "Allow the download.")
    mirrors: Sequence[str] = idx_set.mirrors
    if probe:
        verdicts = mirrors_say(idx_set, timeout_seconds)
        mirrors = [mirror for mirror, failure in verdicts.items() if not failure]
        if not mirrors:
            raise _no_mirror(idx_set, f"{idx_set.files[0].name}.gz", verdicts)
    return _download_all(idx_set, cache / idx_set.name, mirrors, timeout_seconds, progress)


def cache_folder() -> Path:
    """Where downloads are kept: ACTLAB_CACHE, or the user's cache folder as the operating system has it."""
    given = os.environ.get("ACTLAB_CACHE")
    return path_of(given) if given else Path(_pooch().os_cache("actlab"))


def named_folder() -> Path | None:
    """The folder that ACTLAB_DATA names. UserError where it is none."""
    given = os.environ.get("ACTLAB_DATA")
    folder = path_of(given) if given else None
    if folder is not None and not folder.is_dir():
        raise UserError(f"ACTLAB_DATA is {given}, which is no folder: correct it, or unset it to use the cache.")
    return folder


def search(root: Path, idx_set: IdxSet) -> list[Path] | None:
    """The set's files in the first folder under `root` that has all four, gzipped or not."""
    for folder in _places(root, idx_set):
        found = [path for file in idx_set.files if (path := _existing(folder, file))]
        if len(found) == len(idx_set.files):
            return found
    return None


def _places(root: Path, idx_set: IdxSet) -> list[Path]:
    """Torchvision's folder first: the last, the folder itself, may hold another set under the same file names."""
    return [root / idx_set.folder / "raw", root / idx_set.name, root / idx_set.folder, root]


def _existing(folder: Path, file: IdxFile) -> Path | None:
    # The .gz first: of KMNIST it alone can be checked in full.
    paths = (folder / f"{file.name}.gz", folder / file.name)
    return next((path for path in paths if path.is_file()), None)


def _in_folder(idx_set: IdxSet, root: Path) -> list[Path]:
    if found := search(root, idx_set):
        return found
    reason = f"the folder {root} does not exist"
    if root.is_dir():
        names = ", ".join(file.name for file in idx_set.files)
        folders = ", ".join(map(str, _places(root, idx_set)))
        reason = f"the folder {root} lacks it: looked for {names}, with or without .gz, together in one of {folders}"
    raise _unavailable(idx_set, reason, "Put the files there, or leave data_dir out to download them.")


def _download_all(
    idx_set: IdxSet, folder: Path, mirrors: Sequence[str], timeout_seconds: float, progress: Progress | None
) -> list[Path]:
    paths = []
    for file in idx_set.files:
        path = _existing(folder, file)
        if path is None:
            path, good = _download(idx_set, file, folder, mirrors, timeout_seconds, progress)
            mirrors = [good, *(mirror for mirror in mirrors if mirror != good)]  # what answered once is asked first
        paths.append(path)
    return paths


def _download(
    idx_set: IdxSet, file: IdxFile, folder: Path, mirrors: Sequence[str], timeout_seconds: float,
    progress: Progress | None,
) -> tuple[Path, str]:  # fmt: skip
    """The checked file under its final name, and the mirror that had it."""
    _pooch()
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    target = folder / f"{file.name}.gz"
    failures = {}
    for mirror in mirrors:
        try:
            _download_one(mirror + target.name, file, target, timeout_seconds, progress)
        except (RequestException, HTTPError) as problem:  # before OSError, which the first is too
            failures[mirror] = _plain(problem, timeout_seconds)
        except Broken as problem:
            failures[mirror] = f"sent another file, {problem}"
        except OSError as problem:
            advice = "Set ACTLAB_CACHE to a folder with room that you may write to."
            raise _unavailable(idx_set, f"it cannot be stored in {folder}: {problem}", advice) from problem
        else:
            return target, mirror
    raise _no_mirror(idx_set, target.name, failures)


def _download_one(url: str, file: IdxFile, target: Path, timeout_seconds: float, progress: Progress | None) -> None:
    """Download into a folder beside the target, check, and only then give the file its name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as folder:
        arrived = Path(folder) / target.name
        with open(arrived, "wb") as stored:
            for piece in _pieces(url, target.name, most_packed(file), timeout_seconds, progress):
                stored.write(piece)
        decode(arrived, file)
        os.replace(arrived, target)


def _pieces(
    url: str, name: str, most: int, timeout_seconds: float, progress: Progress | None
) -> Iterator[bytes]:  # fmt: skip
    """What a server sends, as it sends it: a server may call the .gz packed, and to unpack that may take any memory.

    Raises: Broken where it is longer than such a file can be, another length than was said, or has no end.
    """
    import requests

    done, began = 0, time.monotonic()
    with requests.get(url, timeout=timeout_seconds, stream=True, headers={"Accept-Encoding": "identity"}) as answer:
        answer.raise_for_status()
        said = answer.headers.get("Content-Length", "")
        whole = int(said) if said.isdecimal() and len(said) < 20 else 0
        if whole > most:
            raise Broken(f"of {whole:,} bytes where at most {most:,} are expected")
        while piece := answer.raw.read1(1 << 16):
            done, seconds = done + len(piece), time.monotonic() - began
            if done > most:
                raise Broken(f"of more than the {most:,} bytes that are expected")
            if seconds > timeout_seconds and done < _SLOWEST * seconds:
                raise requests.Timeout
            if progress is not None:
                progress(name, done, max(whole, done) if whole else 0)
            yield piece
    if whole and done != whole:
        raise Broken(f"{done:,} bytes of {whole:,}")


def mirrors_say(idx_set: IdxSet, timeout_seconds: float) -> dict[str, str]:
    """Each mirror, and why it cannot be reached within the time, or nothing; all are asked at once.

    In threads, since looking up a host's name has no time limit of its own.
    """
    _pooch()
    import requests

    verdicts = dict.fromkeys(idx_set.mirrors, f"no answer within {timeout_seconds:g} s")
    name = f"{idx_set.files[0].name}.gz"

    def ask(mirror: str) -> None:
        try:
            requests.head(mirror + name, timeout=timeout_seconds)
        except requests.RequestException as problem:
            verdicts[mirror] = _plain(problem, timeout_seconds)
        else:
            verdicts[mirror] = ""

    threads = [threading.Thread(target=ask, args=(mirror,), daemon=True) for mirror in idx_set.mirrors]
    end = time.monotonic() + timeout_seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return dict(verdicts)  # a thread that comes late changes nothing any more


def _plain(problem: Exception, timeout_seconds: float) -> str:
    """A network failure in a few words."""
    import requests
    from urllib3.exceptions import TimeoutError as SilentError

    if isinstance(problem, requests.Timeout | SilentError):
        return f"no answer within {timeout_seconds:g} s"
    if isinstance(problem, requests.HTTPError) and problem.response is not None:
        return f"HTTP status {problem.response.status_code}"
    if isinstance(problem, requests.ConnectionError):
        return "no connection"
    return f"the download broke off ({type(problem).__name__})"


def _no_mirror(idx_set: IdxSet, name: str, failures: dict[str, str]) -> Unavailable:
    tried = "; ".join(f"{mirror} ({failure})" for mirror, failure in failures.items())
    advice = "Check the network, or name a folder that holds the files with data_dir or ACTLAB_DATA, or use 'digits'."
    return _unavailable(idx_set, f"no mirror gave {name}, tried {tried}", advice)


def _unavailable(idx_set: IdxSet, reason: str, advice: str) -> Unavailable:
    error = Unavailable(f"{idx_set.title} could not be had: {reason}. {advice}")
    error.reason = reason
    return error


def _pooch() -> Any:  # it annotates what it takes more narrowly than its documentation
    """The pooch module, told to keep quiet: it would print the hash of each file it was given no hash for."""
    with extra("lab", "pooch"):
        import pooch
    pooch.get_logger().setLevel("WARNING")
    return pooch
