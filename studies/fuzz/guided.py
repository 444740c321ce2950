"""The process that gives inputs that libFuzzer makes: `python -m studies.fuzz TARGET --by atheris`.

Atheris (pip install atheris: Linux and macOS) tells libFuzzer which branches of actlab an input has taken and what its
strings were compared with: another way to new lines than the changes of `inputs`. Its hooks
of patterns and strings stay off: they break re.match with a position (atheris 3.0).
"""

import contextlib
import os
import resource
import sys
import time
from pathlib import Path

import atheris

_instrumented = atheris.instrument_imports(include=["actlab"])
_instrumented.__enter__()  # to the end: rooms are loaded on first use

from studies.fuzz.child import Work, limit_memory  # noqa: E402  # what is imported before is not seen
from studies.fuzz.inputs import Input  # noqa: E402

_MADE = 200  # inputs to begin with, beside those that are kept
_OPTIONS = ("-max_len=200000", "-rss_limit_mb=0", "-timeout=600", "-verbosity=0", "-detect_leaks=0")


class Guided(Work):
    """Inputs as they come, until there were enough."""

    def all(self) -> None:
        self.ends = time.monotonic() + self.asked["seconds"]
        self.prepare()
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.waiting += [self.module.make(self.random) for _ in range(_MADE)]
        self.kind = type(self.waiting[0])
        for what in self.waiting[-20:]:  # what they load on first use is instrumented then, for which no input has time
            with contextlib.suppress(Exception):
                self.module.run(what)
        limit_memory(self.module.BYTES)
        seeds = self.folder / "corpus"
        seeds.mkdir(exist_ok=True)
        for number, what in enumerate(self.waiting):
            (seeds / str(number)).write_bytes(self.as_bytes(what))
        random_seed = f"-seed={self.asked['random_seed'] + self.count + 1}"  # 0 is another each time
        atheris.Setup([sys.argv[0], *_OPTIONS, random_seed, str(seeds)], self.given)
        atheris.Fuzz()

    def given(self, content: bytes) -> None:
        self.take(self.of_bytes(content))
        if self.count >= self.asked["executions"] or time.monotonic() > self.ends:
            self.save(done=True)
            os._exit(0)

    def of_bytes(self, content: bytes) -> Input:
        if self.kind is bytes:
            return content
        text = content.decode("utf-8", "replace")
        return text if self.kind is str else text.split("\n")

    def as_bytes(self, what: Input) -> bytes:
        if isinstance(what, bytes):
            return what
        return (what if isinstance(what, str) else "\n".join(what)).encode("utf-8", "replace")


if __name__ == "__main__":
    Guided(Path(sys.argv[1])).all()
