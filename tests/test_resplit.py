"""A split for each seed: parts the same for every activation, bits that know no company, fair words."""

import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from children import child, wait_for
from hypothesis import given, settings, strategies as st

import actlab
from actlab import data
from actlab.data import fetch, npz, sets
from actlab.data.resplit import Pool
from actlab.data.split import Source, cut, sizes_of
from actlab.engine import plain
from actlab.engine.training import Arrays, Stack, Trainer, train
from actlab.errors import UserError
from actlab.experiment import Run
from actlab.experiment.spec import Experiment
from actlab.experiment.split import indices_of
from actlab.report import draw
from actlab.results.summary import summarise
from actlab.running.plan import Limits, Needs, make_stacks, plan
from actlab.running.sharing import Sent, arrays_for, content, share
from actlab.stats import compare as judge, note
from actlab.stats.words import Unit
from actlab.workflows.comparison import compare

SMALL = {"data": "digits", "split": "resplit", "epochs": 2, "hidden": [16, 12], "report": False}
needs_mnist = pytest.mark.skipif(
    not os.environ.get("ACTLAB_DATA") or not fetch.search(Path(os.environ["ACTLAB_DATA"]), sets.MNIST),
    reason="the environment variable ACTLAB_DATA names no folder with MNIST",
)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return data.load("digits", split="resplit").pool


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Run:
    """Two activations, three seeds, in this process."""
    return compare("relu", "prelu", seeds=3, out=tmp_path_factory.mktemp("run") / "run", workers=1, **SMALL)


def numbers(run: Run) -> list[bytes]:
    """All numbers of a run, as bytes, in the order of keys."""
    trials = run.trials.sort_values("key")[["key", "final_train_loss", "final_valid_loss", "test_loss", "best_epoch"]]
    curves = run.curves.sort_values(["key", "epoch"]).drop(columns=["activation"])
    predicted = [run.predictions(key).tobytes() for key in trials["key"]]
    return [trials.to_csv(index=False).encode(), curves.to_csv(index=False).encode(), *predicted]


# Parts


@settings(deadline=None)  # a busy machine is no failure
@given(
    counts=st.lists(st.integers(6, 40), min_size=2, max_size=8),
    fractions=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 2**63 - 1),
)
def test_parts_are_exact_disjoint_and_in_proportion(counts, fractions, seed):
    y = np.repeat(np.arange(len(counts)), counts)
    valid, test = (max(1, fraction * len(y) // 20) for fraction in fractions)
    sizes = (len(y) - valid - test, valid, test)
    parts = indices_of(y, sizes, seed)
    assert tuple(map(len, parts)) == sizes
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(y))), "each sample once"
    for part, size in zip(parts, sizes, strict=True):
        share = np.bincount(y[part], minlength=len(counts))
        assert np.all(np.abs(share - np.array(counts) * size / len(y)) < 2), "every class in proportion"
    assert np.bincount(y[parts[0]], minlength=len(counts)).min() >= 1
    assert all(np.array_equal(*both) for both in zip(parts, indices_of(y, sizes, seed), strict=True))


def test_other_seeds_have_other_parts_that_share_what_chance_shares(pool):
    parts = {seed: indices_of(pool.y, pool.sizes, seed) for seed in range(6)}
    assert len({part[2].tobytes() for part in parts.values()}) == 6
    standard = data.load("digits").test.y
    assert not any(np.array_equal(pool.y[part[2]], standard) for part in parts.values())
    both = [len(np.intersect1d(parts[0][2], parts[seed][2])) for seed in range(1, 6)]
    expected = 360 * 360 / 1797
    assert np.abs(np.mean(both) - expected) < 4 * math.sqrt(expected / 5)


def test_the_split_of_a_seed_is_fixed_for_good():
    """Results on disk are compared with new ones only if the parts are the same: this must never need a change."""
    digits = data.load("digits", split="resplit", seed=7)
    assert digits.test.y[:20].tolist() == [2, 5, 6, 0, 7, 3, 3, 9, 4, 0, 1, 4, 4, 4, 9, 3, 6, 3, 9, 5]


def by_hand(seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The parts of a seed from scikit-learn's arrays, with numpy's own mean and deviation."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    index = indices_of(raw.target, (1078, 359, 360), seed)
    mean, deviation = raw.data[index[0]].mean(), raw.data[index[0]].std()
    return [(((raw.data[i] - mean) / deviation).astype(np.float32), raw.target[i]) for i in index]


@pytest.mark.parametrize("seed", [0, 3])
def test_digits_are_standardised_by_the_seeds_own_training_part(seed):
    found = data.load("digits", split="resplit", seed=seed)
    for part, (x, y) in zip((found.train, found.valid, found.test), by_hand(seed), strict=True):
        np.testing.assert_array_equal(part.x, x)
        np.testing.assert_array_equal(part.y, y)
        assert part.x.dtype == np.float32 and part.y.dtype == np.int64 and part.x.flags.c_contiguous
    assert found.content == data.load("digits").content
    assert found.images.shape == (64, 8, 8) and np.array_equal(found.labels, found.train.y[:64])


def rows(count: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples of which no two are alike."""
    return np.arange(first, first + count, dtype=np.float64)[:, None] * [1.0, -1.0], np.arange(count) % 3


@pytest.mark.parametrize("given", [(), ("valid",), ("test",), ("valid", "test")])
def test_a_file_with_given_parts_is_pooled_and_cut_into_the_standard_sizes(tmp_path, given):
    arrays = dict(zip(("x", "y"), rows(90, 0), strict=True))
    for place, name in enumerate(given, start=1):
        arrays[f"x_{name}"], arrays[f"y_{name}"] = rows(20 + place, 1000 * place)
    np.savez(tmp_path / "own.npz", **arrays)
    source = npz.read(tmp_path / "own.npz")
    standard = data.load(tmp_path / "own.npz")
    lengths = tuple(len(part.y) for part in (standard.train, standard.valid, standard.test))
    assert sizes_of(source) == lengths == tuple(len(part.y) for part in cut(source, "standard"))
    found = data.load(tmp_path / "own.npz", split="resplit", seed=5)
    assert tuple(len(part.y) for part in (found.train, found.valid, found.test)) == lengths
    whole = np.concatenate([arrays[name] for name in arrays if name.startswith("x")])
    index = indices_of(found.pool.y, found.pool.sizes, 5)
    mean, deviation = whole[index[0]].mean(), whole[index[0]].std()
    seen = np.concatenate([part.x for part in (found.train, found.valid, found.test)])
    np.testing.assert_allclose(
        np.sort(seen[:, 0] * deviation + mean), np.sort(whole[:, 0]), atol=1e-3
    )  # each sample of the file once, whichever part it came in
    if given:
        assert {"valid": 1000, "test": 1000 * len(given)}[given[-1]] <= (found.train.x[:, 0] * deviation + mean).max()


def test_a_pipeline_that_goes_by_files_is_refused():
    uint8 = np.zeros((30, 28, 28), np.uint8), np.arange(30) % 2
    source = Source("images", "none", uint8, None, None, 2)
    with pytest.raises(UserError, match="use pipeline 'standard', or another split"):
        data.dataset._prepare("images.npz", source, "resplit", "published", 0)


@pytest.mark.large
@needs_mnist
def test_real_mnist():
    found = data.load("mnist", split="resplit", seed=1)
    assert [len(part.y) for part in (found.train, found.valid, found.test)] == [55_000, 5_000, 10_000]
    assert found.content == data.load("mnist").content
    whole = np.bincount(found.pool.y)
    for part in (found.train, found.valid, found.test):
        assert np.abs(np.bincount(part.y) - whole * len(part.y) / 70_000).max() < 2
    index = indices_of(found.pool.y, found.pool.sizes, 1)
    assert 0.5 < (index[2] < 60_000).mean() < 0.95, "the test part is of both files"
    assert abs(found.train.x.mean(dtype=np.float64)) < 1e-6 and abs(found.train.x.std(dtype=np.float64) - 1) < 1e-6
    np.testing.assert_array_equal(found.images, found.pool.x[index[0][:64]])


# The engine


def experiment(*activations: str, seeds: int = 2, **fields) -> Experiment:
    settings = {"learning_rate": (0.1,), "data": "digits", "content": "-", "epochs": 2, "hidden": (16, 12)}
    names = activations or ("relu", "tanh")
    return Experiment(activations=names, seeds=tuple(range(seeds)), **(settings | {"split": "resplit"} | fields))


def test_a_stack_is_of_one_seed(pool):
    e = experiment(seeds=3)
    groups = [Stack.group(trial) for trial in e.trials()]
    assert len(set(groups)) == 3 and len({Stack.group(t) for t in experiment(split="standard").trials()}) == 1
    with pytest.raises(AssertionError):
        Trainer(Stack(tuple(e.trials()), e.layers), arrays_for(0, pool))


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_a_trial_has_the_same_bits_in_any_company(pool, dropout):
    e = experiment("relu", "gelu", "prelu", "tanh", dropout=(dropout,), batch_size=50)
    mine = [trial for trial in e.trials() if trial.seed == 1]
    together = train(Stack(tuple(mine), e.layers), arrays_for(1, pool))
    for i, trial in enumerate(mine):
        alone = train(Stack((trial,), e.layers), arrays_for(1, pool))
        assert together.curves[i].tobytes() == alone.curves[0].tobytes()
        assert together.predictions[i].tobytes() == alone.predictions[0].tobytes()
        for name, value in alone.parameters[0].items():
            assert together.parameters[i][name].tobytes() == value.tobytes()


def test_the_plain_loop_on_parts_made_by_hand_has_the_numbers_of_the_engine(tmp_path):
    run = compare("relu", "tanh", seeds=2, out=tmp_path / "run", dtype="float64", learning_rate=[0.1], **SMALL)
    checked = 0
    for trial in run.experiment.trials():
        (x, y), (x_valid, y_valid), (x_test, y_test) = (map(torch.from_numpy, part) for part in by_hand(trial.seed))
        arrays = Arrays(x, y, x_valid, y_valid, x_test, y_test, 10)
        mine = plain.run_trial(trial, arrays, [plain.ACTIVATIONS[name] for name in trial.activations])
        row = run.trials[run.trials["key"] == trial.key].iloc[0]
        curve = run.curves[run.curves["key"] == trial.key].sort_values("epoch")
        names = ["train_loss", "train_accuracy", "valid_loss", "valid_accuracy"]
        np.testing.assert_allclose(mine.curves[0], curve[names].to_numpy(), rtol=1e-9)
        np.testing.assert_allclose([row["test_loss"], row["test_accuracy"]], [mine.test_loss[0], mine.test_metric[0]])
        np.testing.assert_array_equal(run.predictions(trial.key), mine.predictions[0])
        checked += 1
    assert checked == 4


@pytest.mark.large
@pytest.mark.parametrize(
    "how",
    [
        {"workers": 2},
        {"workers": 1, "stack_size": 1},
        {"workers": 2, "stack_size": 1},
    ],
    ids=str,
)
def test_stacks_and_workers_do_not_show(tmp_path, trained, how):
    again = compare("prelu", "relu", seeds=[2, 0, 1], out=tmp_path / "run", **how, **SMALL)
    assert numbers(again) == numbers(trained)
    assert not (again.path / "working").exists()


@pytest.mark.large
def test_a_run_grows_with_the_same_bits(tmp_path, trained):
    compare("relu", seeds=2, out=tmp_path / "run", **SMALL)
    assert numbers(compare("relu", "prelu", seeds=3, out=tmp_path / "run", **SMALL)) == numbers(trained)


def test_the_plain_engine_splits_alike(tmp_path, trained):
    found = compare("relu", "prelu", seeds=3, out=tmp_path / "run", engine="plain", **SMALL)
    np.testing.assert_allclose(found.curves["valid_loss"], trained.curves["valid_loss"], rtol=1e-3)


def test_the_split_is_part_of_what_a_trial_is():
    standard = {trial.key for trial in experiment(split="standard").trials()}
    assert standard.isdisjoint(trial.key for trial in experiment().trials())


@pytest.mark.large
def test_a_killed_run_goes_on_with_the_same_bits(tmp_path):
    """SIGKILL while two workers are within their stacks; what one process makes of the rest is what was to be."""
    out, script = tmp_path / "killed", tmp_path / "killed.py"
    longer = SMALL | {"seeds": 3, "epochs": 15, "optimizer": "adamw", "dropout": [0.1], "learning_rate": [0.001]}
    script.write_text(textwrap.dedent(SCRIPT.format(out=str(out), settings=longer)))
    with child(script) as process:
        wait_for(lambda: list((out / "working").glob("*.json")), process)
    assert process.returncode == -signal.SIGKILL
    assert not (Run(out).trials["status"] == "finished").all()
    assert [file.name for file in (out / "working").glob("*/x.npy")] == ["x.npy"]
    again, whole = (compare("relu", "prelu", out=path, workers=1, **longer) for path in (out, tmp_path / "whole"))
    assert numbers(again) == numbers(whole)


SCRIPT = """
    import actlab.running.checkpoints
    from actlab.workflows import compare
    actlab.running.checkpoints._SECONDS = 0.05
    if __name__ == "__main__":
        compare("relu", "prelu", out={out!r}, workers=2, **{settings!r})
"""


def test_what_workers_map_is_what_was_shared(tmp_path, pool):
    share(pool, tmp_path, name := content(pool))
    found = Sent(name, tmp_path).held()
    assert isinstance(found, Pool) and (found.sizes, found.classes) == (pool.sizes, pool.classes)
    for mine, theirs in zip(found.parts(4), pool.parts(4), strict=True):
        assert mine.x.tobytes() == theirs.x.tobytes() and mine.y.tobytes() == theirs.y.tobytes()
        assert type(mine.x) is np.ndarray
    (tmp_path / "other").mkdir()
    arrays = dataclasses.replace(arrays_for(0, pool), x_test=None, y_test=None)
    share(arrays, tmp_path / "other", name := content(arrays))
    again = Sent(name, tmp_path / "other").held()
    assert again.x_test is None and again.outputs == 10 and torch.equal(again.x_train, arrays.x_train)


# Plan and memory


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_processes_share_out_the_seeds(workers):
    e = experiment("relu", "tanh", "elu", seeds=5)
    stacks = make_stacks(e.trials(), e.layers, workers, 16)
    assert [len({trial.seed for trial in stack.trials}) for stack in stacks] == [1] * 5
    one = experiment("relu", "tanh", "elu", seeds=1)
    assert len(make_stacks(one.trials(), one.layers, workers, 16)) == workers, "one seed is shared out by activation"


def test_each_process_is_counted_with_its_seeds_copy(pool):
    resplit, standard = data.load("digits", split="resplit"), data.load("digits")
    inputs = sum(part.x.nbytes for part in (standard.train, standard.valid, standard.test))
    for dtype, own in (("float32", inputs), ("float64", 3 * inputs)):
        needs = Needs.of(experiment(dtype=dtype), resplit)
        assert needs.process == own + pool.x.nbytes
        assert needs.fixed(3) - needs.fixed(2) >= needs.process
    assert Needs.of(experiment(split="standard"), standard).process == 0


def test_memory_bounds_the_processes():
    e, resplit = experiment(seeds=8), data.load("digits", split="resplit")
    needs = Needs.of(e, resplit)
    enough = needs.fixed(2) + 2 * needs.network
    chosen = plan(e, e.trials(), resplit, Limits(workers=2, memory=enough), {1: 1e-4, 2: 1e-4})
    assert chosen.bytes <= enough and {len(stack.trials) for stack in chosen.stacks} == {1}
    with pytest.raises(UserError, match="fewer --workers"):
        plan(e, e.trials(), resplit, Limits(workers=2, memory=needs.fixed(2)), {1: 1e-4})


PEAK = """
    import numpy as np
    from actlab.workflows import compare
    from actlab.running import Progress

    class Told(Progress):
        def begin(self, begun):
            self.begun = begun

    if __name__ == "__main__":
        told, y = Told(), np.arange(60_000) % 10
        x = np.random.default_rng(0).random((60_000, 500), np.float32).astype(np.{kind})
        np.savez({file!r}, x=x[:40_000], y=y[:40_000], x_test=x[40_000:], y_test=y[40_000:])
        del x
        open("/proc/self/clear_refs", "w").write("5")  # the peak from here on
        compare("relu", data={file!r}, seeds=3, epochs=1, hidden=[8], split="resplit", batch_size=500, workers=1,
                out={out!r}, dtype={dtype!r}, progress=told, report=False)
        peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
        print(told.begun.bytes, 1024 * int(peak.split()[1]))
"""


@pytest.mark.large
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(("kind", "dtype"), [("float64", "float32"), ("float32", "float64")])
def test_the_memory_that_is_stated_is_what_a_process_needs_at_most(tmp_path, kind, dtype):
    script, names = tmp_path / "run.py", {"file": str(tmp_path / "own.npz"), "out": str(tmp_path / "run")}
    script.write_text(textwrap.dedent(PEAK.format(kind=kind, dtype=dtype, **names)))
    said = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True).stdout
    stated, peak = map(float, said.split())
    assert 0.4 * stated < peak < stated


# What is read of a run


def test_test_examples_are_the_seeds_own(trained):
    assert trained.examples == 360 and trained.sizes == (1078, 359, 360)
    assert "test_labels" not in trained.artefact("samples"), "no labels that are the same for all seeds"
    bits = trained.correct()
    for trial in trained.trials.itertuples():
        own = data.load("digits", split="resplit", seed=trial.seed).test
        assert np.array_equal(trained.test_labels(trial.seed), own.y)
        predicted = trained.predictions(trial.key)
        assert (predicted == own.y).mean() == trial.test_accuracy
        assert np.array_equal(bits[trial.key], predicted == own.y)
        model = actlab.load_model(trained, trial.activation, trial.seed)
        assert np.array_equal(model(torch.from_numpy(own.x)).argmax(1).numpy(), predicted)
    assert not np.array_equal(trained.test_labels(0), trained.test_labels(1))


def test_a_standard_run_has_the_same_labels_for_every_seed(tmp_path):
    run = compare("relu", seeds=1, out=tmp_path / "run", **(SMALL | {"split": "standard"}))
    assert (run.examples, run.sizes) == (360, ())
    assert np.array_equal(run.test_labels(0), data.load("digits").test.y)
    tutorial = compare("relu", seeds=1, out=tmp_path / "tutorial", **(SMALL | {"split": "tutorial"}))
    assert (tutorial.examples, tutorial.test_labels(0)) == (0, None)


def test_seeds_are_added_with_splits_of_their_own(tmp_path):
    run = compare("relu", "softplus", out=tmp_path / "run", max_seeds=7, margin=0.6, **SMALL)
    assert len(run.experiment.seeds) == 7 and len(run.correct()) == 14
    key = run.trials[run.trials["seed"] == 6]["key"].iloc[0]
    assert np.array_equal(run.correct()[key], run.predictions(key) == run.test_labels(6))


@pytest.mark.large
def test_tuning_seeds_have_splits_of_their_own_too(tmp_path):
    run = compare("relu", "tanh", seeds=2, out=tmp_path / "run", learning_rate=[0.1, 0.2], **(SMALL | {"epochs": 1}))
    assert set(run.experiment.tuned) == {"relu", "tanh"} and len(run.trials) == 4
    assert {json.loads(spec)["split"] for spec in run.tuning.trials["spec"]} == {"resplit"}
    for trial in run.trials.itertuples():
        assert np.array_equal(run.correct()[trial.key], run.predictions(trial.key) == run.test_labels(trial.seed))


@pytest.fixture(scope="module")
def eight(tmp_path_factory) -> Run:
    return compare("relu", "tanh", seeds=8, out=tmp_path_factory.mktemp("eight") / "run", **SMALL)


def test_different_examples_are_never_crossed(eight):
    [item] = summarise(eight).comparisons
    assert item.examples == 0
    ratio = math.sqrt(1 + 8 * 360 / (1078 + 359))
    assert item.crossed_high - item.difference == pytest.approx(ratio * (item.high - item.difference))
    assert "test examples" not in note(item, Unit())


@pytest.mark.large
def test_every_text_says_which_question_was_answered(eight, tmp_path):
    summary = summarise(eight)
    page = draw(eight).read_text(encoding="utf-8")
    flat = " ".join(summary.as_text().split())
    for text in (flat, summary.caption, summary.methods, page.replace("&#39;", "'")):
        assert "splits of the same data" in text and "somewhat too narrow" in text and "Nadeau and Bengio" in text
    assert "equal seeds share initial weights, split and batch order" in summary.methods
    assert "each seed cuts all samples anew" in page and "split resplit" in summary.caption
    assert json.loads(json.dumps(summary.as_json()))["asked"] == summary.asked
    standard = compare("relu", "tanh", seeds=8, out=tmp_path / "run", **(SMALL | {"split": "standard"}))
    other = summarise(standard)
    for text in (" ".join(other.as_text().split()), other.caption, other.methods):
        assert "other initial weights and batch orders, on this split" in text and "Nadeau" not in text
    assert other.comparisons[0].examples == 360 and "crossed interval" in other.asked
    assert not summarise(compare("relu", seeds=1, out=tmp_path / "one", **SMALL)).asked


# The interval for other data


@pytest.mark.large
def test_the_wider_interval_covers_the_truth_where_only_samples_matter():
    """Seeds test parts of one pool of differences: their own interval finds the pool, the wider one the truth."""
    generator, seeds, whole, tested, times = np.random.default_rng(4), 10, 600, 150, 400
    held = {"pool": 0, "truth": 0, "wider": 0}
    for _ in range(times):
        pooled = generator.standard_normal(whole)  # the truth is 0
        means = [generator.permutation(pooled)[:tested].mean() for _ in range(seeds)]
        table = {"a": dict.fromkeys(range(seeds), 0.0), "b": dict(enumerate(means))}
        [item] = judge(table, overlap=tested / (whole - tested))
        held["pool"] += item.plain_low < pooled.mean() < item.plain_high
        held["truth"] += item.plain_low < 0 < item.plain_high
        wide = (item.plain_high - item.difference) * math.sqrt(1 + seeds * tested / (whole - tested))
        held["wider"] += abs(item.difference) < wide
        factor = (item.high - item.difference) * math.sqrt(1 + seeds * tested / (whole - tested))
        assert item.crossed_high == pytest.approx(item.difference + factor)
    shares = {name: count / times for name, count in held.items()}
    assert shares["pool"] == pytest.approx(0.95, abs=0.035), shares
    assert shares["wider"] == pytest.approx(0.95, abs=0.035), shares
    assert shares["truth"] < 0.85, shares  # too narrow, as the caption says


@pytest.mark.large
def test_a_difference_on_these_data_only_is_told():
    values = {"a": dict.fromkeys(range(8), 0.90), "b": {seed: 0.906 + 0.004 * (seed % 3) for seed in range(8)}}
    [near] = judge(values, margin=0.001, overlap=2.0)
    assert near.low > 0 and near.only_here and "on splits of these data only" in note(near, Unit())
    [far] = judge(values, margin=0.001, overlap=0.01)
    assert not far.only_here
    [unknown] = judge(values, margin=0.001)
    assert math.isnan(unknown.crossed_low) and not unknown.only_here
