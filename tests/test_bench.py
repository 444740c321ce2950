"""The studies of speed: peers train what the engine trains, the floor is its products, records say what they are."""

import json
import os
from functools import partial

import numpy as np
import pytest
import torch
from studies.speed import engine, record, scaling, workload
from studies.speed.__main__ import main
from studies.speed.floor import FORMS, Floor, products
from studies.speed.peers import BatchLoaderLoop, LoaderLoop, Loop, StackedAutograd, Vmap

from actlab.engine.training import Arrays, Trainer

EPOCHS = 3
captured = partial(torch.compile, backend="eager", dynamic=False)  # Inductor takes half a minute

PEERS = {
    "loop": Loop,
    "batch loader": BatchLoaderLoop,
    "loader": LoaderLoop,
    "stacked": StackedAutograd,
    "vmap": Vmap,
}


def toy(networks=5, rate=0.1, **settings):
    """203 samples in batches of 64 leave one of 11; 5 networks are 3 activations with 2, 2 and 1 seeds."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(280, 20, generator=generator)
    y = x[:, :3].argmax(dim=1)
    arrays = Arrays(x[:203], y[:203], x[203:], y[203:], None, None, 3)
    return workload.workload(arrays, "-", networks, rate=rate, hidden=(16, 8), **settings)


@pytest.fixture(scope="module")
def expected():
    """Loss and accuracy, training and validation, of each network and epoch, by the engine."""
    work = toy()
    trainer = Trainer(work.stack, work.arrays)
    return [trainer.epoch() for _ in range(EPOCHS)]


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_trains_the_same_networks(name, expected):
    peer = PEERS[name](toy())
    for measured in expected:
        np.testing.assert_allclose(peer.epoch(), measured, atol=5e-6)


@pytest.mark.large
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_captured_peer_goes_on_training(expected):
    """The captured step changes the parameters themselves: the second epoch begins where the first ended."""
    peer = StackedAutograd(toy(1), captured)
    for measured in expected[:2]:
        np.testing.assert_allclose(peer.epoch(), measured[:1], atol=5e-6)


@pytest.mark.large
def test_jax_trains_the_same_networks(expected):
    jax_peer = pytest.importorskip("studies.speed.jax_peer", exc_type=ImportError)
    peer = jax_peer.Jax(toy())
    for measured in expected:
        np.testing.assert_allclose(peer.epoch(), measured, atol=5e-6)


def test_the_comparison_sees_a_rate_that_is_off_by_a_hundredth(expected):
    peer = StackedAutograd(toy(rate=0.101))
    assert not np.allclose(peer.epoch(), expected[0], atol=5e-6)


@pytest.mark.parametrize("networks", [1, 2, 5, 8, 9])
@pytest.mark.parametrize("form", FORMS)
def test_the_floor_has_all_products_and_no_other(form, networks, monkeypatch):
    work = toy(networks)
    done = []
    bmm = torch.bmm

    def counted(a, b, out):
        done.append(a.shape[0] * a.shape[1] * a.shape[2] * b.shape[2])
        return bmm(a, b, out=out)

    floor = Floor(work, form)
    monkeypatch.setattr(torch, "bmm", counted)
    floor.epoch()
    assert sum(done) == products(work)
    forward = 20 * 16 + 16 * 8 + 8 * 3  # by hand, for one sample
    step = forward + forward + 16 * 8 + 8 * 3  # weight gradients are as large; the input's own gradient is not needed
    assert products(work) == networks * (203 * step + 77 * forward)


def test_the_wide_form_is_the_same_product():
    """Two seeds with three activations, one with two: the wide product's columns are the networks' own products."""
    work = toy(8)
    wide = Floor(work, "wide")
    (memory, _), *_ = wide.steps
    (x,) = memory["x"]
    out = torch.empty(8, 64, 16)
    wide._first(x, wide.weights[0], out)
    first, last = wide._sharing(x)  # the third seed's two networks come after the six of the first two
    assert [first[1], last[1]] == [slice(0, 6), slice(6, 8)]
    for inputs, places in (first, last):
        count, parts = inputs.shape[0], (places.stop - places.start) // inputs.shape[0]
        weights = wide.weights[0][places].view(count, 20, parts * 16)
        got = out[places].view(count, 64, parts * 16)
        torch.testing.assert_close(got, torch.einsum("sbi,sih->sbh", inputs, weights))


def test_eight_networks_are_nine_but_one():
    groups = toy(8).groups
    assert groups == {"relu": [0, 1, 2], "tanh": [0, 1, 2], "leaky_relu": [0, 1]}


def test_a_part_of_the_work_keeps_the_networks():
    part = toy().part(0.5)
    assert part.trials == toy().trials
    assert (len(part.arrays.y_train), len(part.arrays.y_valid)) == (102, 39)


def test_candidates_take_turns():
    """Each once in a round, every other round backwards; the first round is not counted."""
    order = []

    def candidate(name, seconds):
        return lambda: (order.append(name), seconds)[1]

    found = engine.in_turns({"a": candidate("a", 1.0), "b": candidate("b", 2.0)}, rounds=2)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert found == {"a": [1.0, 1.0], "b": [2.0, 2.0]}


def test_ratios_are_of_the_same_round():
    assert engine._ratio([2.0, 4.0, 9.0], [1.0, 4.0, 3.0]) == {"median": 2.0, "lowest": 1.0, "highest": 3.0}


def test_the_peak_of_memory_is_what_the_system_counts():
    mine = scaling.peak_bytes(os.getpid())
    if mine is None:
        pytest.skip("no /proc here")
    resource = pytest.importorskip("resource")
    assert mine == pytest.approx(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, rel=0.05)


@pytest.mark.large
@pytest.mark.parametrize("name", ["engine", "scaling", "startup"])
def test_quick_forms_leave_a_record_and_a_picture(name, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("sys.argv", ["speed", name, "--quick", "--out", str(tmp_path)])
    assert main() == 0
    kept = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert kept["command"].startswith(f"python -m studies.speed {name} --quick")
    assert kept["quick"] and kept["n"] >= 1 and kept["interval"] and kept["rows"] and kept["environment"]["torch"]
    assert not any(row.get("asked") for row in kept["rows"]), "what is asked is asked of MNIST"
    assert record.table(kept) in capsys.readouterr().out
    assert (tmp_path / f"{name}.png").read_bytes()[1:4] == b"PNG"


def test_the_page_is_that_of_the_records():
    assert (record.ROOT / "docs" / "bench.md").read_text(encoding="utf-8") == record.page(record.RECORDS)
