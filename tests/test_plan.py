"""Which trials are trained together: covered once, within what is allowed, the fastest by what was measured."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from actlab.data import Dataset
from actlab.errors import UserError
from actlab.experiment.spec import Experiment
from actlab.running.plan import Limits, Needs, alike, network_bytes, parse_bytes, plan


class Part:
    def __init__(self, samples: int) -> None:
        self.x, self.y = np.zeros((samples, 784), np.float32), np.zeros(samples, np.int64)


class Images(Dataset):
    """As large as MNIST, where only sizes matter."""

    train, valid, test, classes = Part(5500), Part(500), None, 10

    def __init__(self) -> None: ...


DATA = Images()
STEPS = {1: 500e-6, 4: 300e-6, 16: 200e-6, 32: 260e-6}


def experiment(seeds: int, **fields) -> Experiment:
    return Experiment(activations=("relu", "tanh"), seeds=tuple(range(seeds)), content="x", **fields)


def planned(e: Experiment, limits: Limits = Limits(workers=2), steps=STEPS):  # noqa: B008 - frozen
    return plan(e, e.trials(), DATA, limits, steps)


def test_the_size_that_was_fastest_is_chosen():
    assert 12 < max(len(stack.trials) for stack in planned(experiment(100)).stacks) <= 16
    faster_alone = {1: 100e-6, 4: 300e-6}
    assert {len(stack.trials) for stack in planned(experiment(3), steps=faster_alone).stacks} == {1}


def test_sizes_and_workers_of_the_person_are_kept():
    e = experiment(100)
    chosen = planned(e, Limits(workers=3, stack_size=7))
    assert chosen.workers == 3 and max(len(stack.trials) for stack in chosen.stacks) == 7
    keys = [trial.key for stack in chosen.stacks for trial in stack.trials]
    assert sorted(keys) == sorted(trial.key for trial in e.trials())


def test_starting_processes_must_save_more_than_it_costs():
    assert plan(experiment(1), experiment(1).trials(), DATA, Limits(), {2: 1e-6}).workers == 1


def test_memory_bounds_the_stacks():
    e = experiment(500)
    free, bound = planned(e), planned(e, Limits(workers=2, memory=1.25e9))
    assert free.bytes > 1.25e9 >= bound.bytes
    assert max(len(s.trials) for s in bound.stacks) < max(len(s.trials) for s in free.stacks)
    with pytest.raises(UserError, match=r"is 300 MB; the data and 2 processes need 1\.1\d GB .* fewer --workers"):
        planned(e, Limits(workers=2, memory=0.3e9))
    with pytest.raises(UserError, match=r"memory is 1 byte; the data and a network need .*: allow more\.$"):
        planned(e, Limits(workers=1, memory=1))


def test_what_is_measured_before_and_after_fits_too():
    wide = experiment(4, hidden=(3000, 3000))
    needs = Needs.of(wide, DATA)
    tight, roomy = Limits(memory=1.2e9), Limits(memory=60e9)
    assert sum(needs.sizes(tight, "cpu")) * needs.network + needs.fixed(1) <= 1.2e9
    assert needs.sizes(roomy, "cpu") == (1, 4, 8, 16, 32)
    assert [alike(wide, DATA, limits) for limits in (tight, roomy)] == [0, 8]


@pytest.mark.parametrize("text", ["lots", "-1GB", "0", "8 apples", ""])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(UserError, match="it must be a size such as 8GB"):
        parse_bytes(text)


def test_units_of_memory():
    assert [parse_bytes(text) for text in ("8GB", "500 mb", "2", "1.5G", "1TiB")] == [
        8e9, 5e8, 2, 1.5e9, 1e12
    ]  # fmt: skip


def test_an_optimizer_with_more_state_needs_more():
    needs = [network_bytes(experiment(1, optimizer=o), 784, 10, 1000) for o in ("sgd", "momentum", "adamw")]
    assert needs == sorted(needs) and needs[0] < needs[2]


SCRIPT = """
    import actlab.running.checkpoints
    from actlab.workflows import compare
    from actlab.running import Progress

    actlab.running.checkpoints._SECONDS = 0.2  # what a checkpoint needs is in it too

    class Told(Progress):
        def begin(self, begun):
            self.begun = begun

    if __name__ == "__main__":
        told = Told()
        compare("relu", "mish", data="digits", seeds={seeds}, epochs=2, optimizer="adamw", hidden=[512, 256],
                stack_size={size}, workers=1, out={out!r}, progress=told, report={report})
        # not ru_maxrss, which a process inherits from the one that started it
        peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
        print(told.begun.bytes, 1024 * int(peak.split()[1]))
"""


@pytest.mark.large
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(("seeds", "size", "report"), [(12, 24, False), (4, 1, True)])
def test_the_memory_that_is_stated_is_what_a_process_needs_at_most(tmp_path, seeds, size, report):
    script = tmp_path / "run.py"
    script.write_text(textwrap.dedent(SCRIPT.format(out=str(tmp_path / "run"), seeds=seeds, size=size, report=report)))
    said = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True).stdout
    stated, peak = map(float, said.split())
    assert 0.5 * stated < peak < stated
