"""Targets that are numbers: read in whichever form they come, standardised by the training part, looked at before."""

import dataclasses
import json
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import ks_2samp
from sklearn.datasets import load_diabetes
from sklearn.feature_selection import r_regression
from sklearn.preprocessing import StandardScaler

from actlab import data
from actlab.data import Dataset, Part
from actlab.data.split import sizes_of
from actlab.errors import UserError
from actlab.experiment import LOSSES, METRICS
from actlab.experiment.spec import Experiment
from actlab.experiment.split import indices_of, stratified
from actlab.preflight import before, inputs, networks, preflight, targets
from actlab.preflight.look import check_data
from actlab.results.judgement import _as_compared

G = np.random.default_rng(0)
X = G.normal(size=(90, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3 * G.normal(size=90) + 7
TWO = np.c_[Y, 100 * X[:, 0] ** 2]
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(price=Y)
DIABETES = data.load("diabetes")
SQUARED = "mean_squared_error"


def experiment(*activations, **settings) -> Experiment:
    given = {"activations": list(activations or ["relu"]), "hidden": [32, 16], "content": "-", "data": "diabetes"}
    return Experiment.from_dict(given | settings)


def levels(findings, check, about=None) -> list[str]:
    return [f.level for f in findings if f.check == check and about in (None, f.about)]


def planted(part="train", dataset=DIABETES, x=None, y=None) -> Dataset:
    """Diabetes with another part."""
    was = getattr(dataset, part)
    new = Part(was.x if x is None else x, was.y if y is None else np.asarray(y, np.float32))
    return dataclasses.replace(dataset, **{part: new})


# Diabetes


def test_diabetes_is_scikit_learns_in_parts_and_standardised():
    x, y = load_diabetes(return_X_y=True)
    index = stratified(np.zeros(442, int), (265, 88, 89))
    scale_x, scale_y = x[index[0]].std(), StandardScaler().fit(y[index[0], None])
    for part, own in zip((DIABETES.train, DIABETES.valid, DIABETES.test), index, strict=True):
        np.testing.assert_allclose(part.y, scale_y.transform(y[own, None]), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(part.x, (x[own] - x[index[0]].mean()) / scale_x, rtol=1e-5, atol=1e-5)
        assert (part.x.dtype, part.y.dtype, part.y.shape[1]) == (np.float32, np.float32, 1)
        assert part.y.flags.c_contiguous and part.y.flags.writeable
    np.testing.assert_allclose((DIABETES.target_mean, DIABETES.target_deviation), (scale_y.mean_, scale_y.scale_))
    assert (DIABETES.targets, DIABETES.outputs, DIABETES.classes, DIABETES.shape) == ("numbers", 1, 0, (10,))
    assert np.array_equal(DIABETES.labels, y[index[0][:64], None]) and DIABETES.feature_names[2] == "bmi"
    assert abs(DIABETES.train.y.mean(dtype=float)) < 1e-6 and abs(DIABETES.train.y.std(dtype=float) - 1) < 1e-6
    assert DIABETES.content.startswith("58f496da3eb921ed"), "results are kept under it"


def test_the_default_rate_learns_and_does_not_diverge():
    """With plain torch: 128 and 64 units, batches of 64, 25 epochs."""
    x, y, x_valid, y_valid = (torch.from_numpy(a) for p in (DIABETES.train, DIABETES.valid) for a in (p.x, p.y))
    rate = data.defaults("diabetes").learning_rate
    for activation in (torch.nn.ReLU, torch.nn.Tanh):
        torch.manual_seed(0)
        layers = torch.nn.Linear(10, 128), activation(), torch.nn.Linear(128, 64), activation(), torch.nn.Linear(64, 1)
        network, least, best = torch.nn.Sequential(*layers), 9.0, 0
        optimizer = torch.optim.SGD(network.parameters(), lr=rate)
        for epoch in range(25):
            for rows in torch.randperm(len(y)).split(64):
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(network(x[rows]), y[rows]).backward()
                optimizer.step()
            loss = torch.nn.functional.mse_loss(network(x_valid), y_valid).item()
            if loss < least:
                least, best = loss, epoch
        assert least < 0.6 and best > 3


# Forms


FORMS = {
    "lists": lambda x, y: (x.tolist(), y.tolist()),
    "tensors": lambda x, y: (torch.tensor(x), torch.tensor(y, requires_grad=True)),
    "frame and series": lambda x, y: (pd.DataFrame(x), pd.DataFrame(y)),
    "objects": lambda x, y: (x, np.array([[Decimal(float(v)) for v in np.atleast_1d(row)] for row in y], object)),
    "in Fortran's order": lambda x, y: (x, np.asfortranarray(y)),
    "big-endian": lambda x, y: (x, y.astype(">f8")),
    "a dict": lambda x, y: {"X_train": x, "Y_train": y},
}


@pytest.mark.parametrize("y", [Y, TWO], ids=["one", "two"])
@pytest.mark.parametrize("form", FORMS)
def test_the_same_numbers_are_the_same_data(form, y):
    plain, found = data.load((X, y)), data.load(FORMS[form](X, y))
    assert found.content == plain.content and found.train.y.tobytes() == plain.train.y.tobytes()
    assert found.outputs == y.ndim and found.class_names == ()
    assert len(found.said) == 1 and "--loss mean_squared_error" in found.said[0]
    assert data.load(FORMS[form](X, y), loss=SQUARED).said == ()


def test_each_target_has_mean_0_and_deviation_1_in_training_alone():
    found = data.load(((X[:60], TWO[:60]), (X[60:75], TWO[60:75]), (X[75:], TWO[75:])))
    scaler = StandardScaler().fit(TWO[:60])
    for part, own in zip((found.train, found.valid, found.test), np.split(TWO, [60, 75]), strict=True):
        np.testing.assert_allclose(part.y, scaler.transform(own), rtol=1e-5, atol=1e-5)
    assert np.array_equal(found.labels, TWO[:60])
    raw = found.test.y * found.target_deviation + found.target_mean
    np.testing.assert_allclose(raw, TWO[75:], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    "how", [{}, {"sep": "\t"}, {"sep": ";", "decimal": ","}, {"index": True}, {"encoding": "utf-16"}], ids=str
)
def test_a_table_names_the_column_of_its_numbers(tmp_path, how):
    FRAME.to_csv(tmp_path / "t.csv", **({"index": False} | how))
    file, frame = data.load(tmp_path / "t.csv", target="price"), data.load(FRAME, target="price")
    assert file.content == frame.content == data.load((X, Y)).content
    assert file.feature_names == ("a", "b", "c") and file.targets == "numbers"


def test_whole_numbers_are_classes_until_the_loss_says_otherwise(tmp_path):
    whole = np.round(Y)
    classes, numbers = data.load((X, whole)), data.load((X, whole), loss=SQUARED)
    assert (classes.targets, numbers.targets) == ("classes", "numbers") and numbers.said == ()
    assert classes.content != numbers.content
    np.testing.assert_allclose(numbers.labels[:, 0], np.r_[whole][stratified(np.zeros(90, int), (54, 18, 18))[0]])
    FRAME.assign(price=whole).to_csv(tmp_path / "t.csv", sep=";", decimal=",", index=False)
    assert data.load(tmp_path / "t.csv", target="price", loss=SQUARED).content == numbers.content
    assert data.load(tmp_path / "t.csv", target="price").class_names == tuple(sorted({f"{v:.1f}".replace(".", ",")
                                                                                     for v in whole}))  # fmt: skip
    one_hot = data.load((X, np.eye(3)[np.arange(90) % 3]), loss=SQUARED)
    assert one_hot.outputs == 3
    assert data.load((X, Y > 7), loss=SQUARED).outputs == 1


def test_what_was_read_before_the_loss_was_known_is_read_anew():
    settings, source = data.named({"data": (X, np.round(Y))})
    assert source.targets == "classes"
    found = data.load(source, loss=SQUARED)
    assert found.content == data.load((X, np.round(Y)), loss=SQUARED).content and settings["data"] == data.KEPT
    _, source = data.named({"data": (X, np.arange(90)), "loss": SQUARED})
    assert data.load(source, loss=SQUARED).outputs == 1
    kept = data.load(source).arrays
    assert data.load(kept, loss=SQUARED).content == data.load(source).content and kept["y"].shape == (90, 1)


@pytest.mark.parametrize("split", ["standard", "tutorial", "resplit"])
@pytest.mark.parametrize("given", [(), ("valid",), ("test",), ("valid", "test")])
def test_every_split_has_every_sample_once(split, given):
    x = np.arange(150.0)[:, None] * [1, -1]
    arrays = {"x": x[:90], "y": x[:90, 0] + 0.5}
    for place, name in enumerate(given):
        rows = slice(90 + 30 * place, 120 + 30 * place)
        arrays |= {f"x_{name}": x[rows], f"y_{name}": x[rows, 0] + 0.5}
    found = data.load(arrays, split=split, seed=3)
    parts = [part for part in (found.train, found.valid, found.test) if part is not None]
    raw = np.concatenate([part.y * found.target_deviation + found.target_mean for part in parts])[:, 0]
    np.testing.assert_allclose(np.sort(raw), 0.5 + np.arange(90 + 30 * len(given)), atol=1e-3)
    seen = np.concatenate([part.x for part in parts])[:, 0]
    assert np.corrcoef(seen, raw)[0, 1] > 0.999999, "each target with its sample"
    np.testing.assert_allclose(found.train.y.std(), 1, rtol=1e-5)


def test_each_seed_standardises_by_its_own_training_part():
    found = data.load("diabetes", split="resplit", seed=4)
    _, y = load_diabetes(return_X_y=True)
    pool = found.pool
    assert (pool.targets, pool.outputs, pool.classes, pool.y.shape) == ("numbers", 1, 0, (442, 1))
    assert pool.sizes == (265, 88, 89) == sizes_of(data.dataset._shipped("diabetes"))
    for seed in (4, 9):
        index = indices_of(np.zeros(442, np.int64), pool.sizes, seed)
        scaler = StandardScaler().fit(y[index[0], None])
        for part, own in zip(pool.parts(seed), index, strict=True):
            np.testing.assert_allclose(part.y, scaler.transform(y[own, None]), rtol=1e-5, atol=1e-6)
        if seed == 4:
            np.testing.assert_allclose(found.target_mean, scaler.mean_)
            assert np.array_equal(found.labels, y[index[0][:64], None])
            assert found.train.y.tobytes() == pool.parts(4)[0].y.tobytes()


# What cannot be used


GAP = np.where(np.arange(90) == 4, np.nan, Y)


@pytest.mark.parametrize(
    ("given", "loss", "told"),
    [
        ((X, GAP), "", r"y in data holds 1 missing \(NaN\) and 0 infinite targets in 1 of 90 samples.* is sample 4"),
        ((X, np.where(np.arange(90) > 87, -np.inf, Y)), "", r"0 missing \(NaN\) and 2 infinite targets in 2 of 90"),
        ((X, [None, *Y[1:].tolist()]), "", r"1 missing \(NaN\)"),
        ((X, np.ma.masked_less(Y, 6)), "", r"y in data holds \d+ missing"),
        ((X, np.arange(90) % 3 > np.nan), SQUARED, "In training the target is 0 in each of 54 samples"),
        ((X, np.full((90, 3), 1 / 3)), "", r"In training target 0 is 0\.333333 in each of 54"),
        ((X, np.c_[Y, np.full(90, 2.5)]), "", r"target 1 is 2\.5 in each"),
        ((X, Y * 1e306), SQUARED, r"In training the target has deviation (inf|nan) over all of 54 samples"),
        ((X, Y[1:]), "", "x has 90 samples but y has 89 labels"),
        ((X, Y[:, None, None]), "", r"y in data has shape \(90, 1, 1\); needed is .*\(samples, targets\)"),
        ((X, np.empty((90, 0))), SQUARED, r"shape \(90, 0\)"),
        ((X, ["low", *["1.5"] * 89]), SQUARED, r"holds text or other .* no numbers, the first is 'low' of sample 0"),
        ((X, [*["1.5"] * 89, "n/a"]), SQUARED, r"the first is 'n/a' of sample 89, and the loss mean_squared_error"),
        ((X, np.array(["cat", "dog"])[np.arange(90) % 2]), SQUARED, r"'cat' of sample 0"),
        ((X, pd.date_range("2020", periods=90)), SQUARED, r"no numbers, the first is '2020"),
        ((X, Y + 1j), SQUARED, r"no numbers, the first is '\(8"),
        ((X, np.array([10**400] * 90, object)), SQUARED, r"numbers beyond 1e308"),
        ({"x": X, "y": TWO, "x_test": X, "y_test": Y}, "", r"several numbers of targets a sample \(y 2, y_test 1\)"),
        ({"x": X, "y": Y, "x_test": X, "y_test": Y.astype(str)}, SQUARED, "y_test in data holds text or"),
        ({"x": X, "y": Y, "x_test": X, "y_test": GAP}, "", r"y_test in data holds 1 missing"),
        ((X[:4], Y[:4]), "", "4 samples are too few to be cut into a training, a validation and a test part"),
        ((X, Y), "cross_entropy", r"holds real numbers, such as .* in 90 samples: .* --loss mean_squared_error"),
        ((X, np.round(100 * Y)), "", r"different values .* 90 samples: .* as they are with --loss mean_squared_error"),
        (load_diabetes(return_X_y=True), "", r"214 different values.*--loss mean_squared_error"),
        ((X, Y), "mse", r"There is no loss 'mse'.* Allowed: cross_entropy, mean_squared_error"),
        ("digits", SQUARED, r"The targets of digits are classes, .* takes numbers"),
        ("diabetes", "cross_entropy", r"targets of diabetes are numbers.* or name mean_squared_error"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_a_sentence(given, loss, told):
    with pytest.raises(UserError, match=told) as caught:
        data.load(given, loss=loss)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["1.5", "", "2.5"], r"1 missing \(NaN\) .* sample 1"),
        (["1.5", "unknown", "2.5"], r"'unknown' of sample 1"),
        (["1.5", "nan", "2.5"], r"1 missing"),
    ],
)
def test_a_column_with_a_gap_is_a_sentence(tmp_path, cells, told):
    (tmp_path / "t.csv").write_text("a,k\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells)))
    with pytest.raises(UserError, match=told):
        data.load(tmp_path / "t.csv", target="k", loss=SQUARED)


def test_a_column_of_text_may_still_be_classes_with_a_gap(tmp_path):
    (tmp_path / "t.csv").write_text("a,k\n1,2\n2,\n3,3\n")
    with pytest.raises(UserError, match="lacks 1 of 3 labels, the first of sample 1"):
        data.load(tmp_path / "t.csv", target="k")


def test_losses_and_kinds_of_targets_go_together():
    assert {loss.targets for loss in LOSSES.values()} == {"classes", "numbers"}
    assert data.defaults("diabetes").margin == METRICS[SQUARED].margin


# Before training: right data


def test_diabetes_passes_without_a_warning():
    found = preflight(DIABETES, experiment("relu", "tanh", "leaky_relu", "gelu"))
    assert {f.level for f in found} <= {"ok", "note"}
    assert {f.check for f in found} == {
        "finite", "targets", "constant", "scale", "duplicates", "alike", "outliers", "values", "given away", "start",
        "gradients", "dead", "by heart",
    }  # fmt: skip
    for finding in found:
        assert "\n" not in str(finding) and finding.says.endswith(".") and ".." not in finding.says, finding
        assert not any(word in finding.says for word in ("label", "classes", "accuracy")), finding


@pytest.mark.large
@pytest.mark.parametrize("seed", range(3))
def test_data_of_chance_pass_without_a_warning(seed):
    g = np.random.default_rng(seed)
    x = g.normal(size=(400, 4))
    for y in (g.normal(size=(400, 2)), x @ [1, 2, 3, 4] + g.exponential(size=400), g.random(400)):
        found = check_data(data.load((x, y)))
        assert {f.level for f in found} <= {"ok", "note"}, [str(f) for f in found if f.level not in ("ok", "note")]


# Planted in the targets


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_targets_that_are_not_finite_are_found_and_shown_to_no_network(value):
    y = DIABETES.train.y.copy()
    y[[5, 8]] = value
    found = preflight(planted(y=y), experiment())
    [bad] = [f for f in found if f.check == "targets"]
    assert (bad.level, bad.measured, bad.about) == ("error", 2, "training") and "sample 5" in bad.says
    assert not levels(found, "start") and not levels(found, "outliers")


def test_targets_that_never_change_are_found():
    found = targets.targets(planted(y=np.full((265, 1), 0.5)))
    assert levels(found, "targets") == ["error"] and "194.9 in every training sample" in found[0].says
    found = targets.targets(planted("test", y=np.zeros((89, 1))))
    assert [(f.level, f.about) for f in found] == [("warning", "test")] and "156.88 in every test" in found[0].says


@pytest.mark.parametrize(
    ("y", "level"),
    [
        (G.normal(size=2000), "ok"),
        (G.exponential(size=2000), "ok"),
        (np.exp(G.normal(size=2000)), "note"),
        (np.exp(2 * G.normal(size=2000)), "warning"),
        (np.r_[G.normal(size=1999), 200.0], "warning"),
    ],
    ids=["normal", "exponential", "lognormal", "heavy", "one wrong"],
)
def test_samples_that_make_the_variance_are_found(y, level):
    x = G.normal(size=(2000, 2))
    found = data.load(((x, y), (x[:99], y[:99]), (x[:99], y[:99])))
    [outlier] = targets.outliers(found)
    far = np.sort((y - y.mean()) ** 2)[-20:].sum() / ((y - y.mean()) ** 2).sum()
    assert outlier.level == level and outlier.measured == pytest.approx(far, rel=1e-4)
    if level == "warning":
        assert f"the farthest is {y[np.abs(y - y.mean()).argmax()]:.5g}:" in outlier.says
    assert levels(targets.outliers(data.load((X[:60], Y[:60]))), "outliers") == ["note"], "too few"


def test_values_that_many_share_and_targets_that_may_be_classes_are_found():
    for share, level in ((0.1, "ok"), (0.3, "note"), (0.7, "warning")):
        y = np.where(np.arange(265) < share * 265, 0.25, DIABETES.train.y[:, 0])[:, None]
        [found] = targets.values(planted(y=y))
        assert (found.level, round(found.measured, 1)) == (level, share)
        assert ("175.89" in found.says) == (level != "ok")
    [found] = targets.values(data.load((X, np.arange(90) % 4), loss=SQUARED))
    assert (found.level, found.measured) == ("note", 4) and "if these are classes" in found.says


@pytest.mark.parametrize(
    ("shift", "times", "level"), [(0, 1, "ok"), (0.8, 1, "warning"), (2, 1, "error"), (0, 1000, "error")]
)
def test_targets_of_another_kind_in_a_part_are_found(shift, times, level):
    y = DIABETES.train.y[:80] * times + shift
    found = targets.alike(planted("test", y=y))
    assert [(f.level, f.about) for f in found] == [("ok", "validation targets"), (level, "test targets")]
    expected = ks_2samp(DIABETES.train.y[:, 0], y[:, 0].astype(np.float32)).statistic
    assert found[1].measured == pytest.approx(expected, abs=1e-3)


def test_parts_cut_from_sorted_targets_are_found():
    order = np.argsort(Y)
    found = data.load(
        ((X[order][:60], Y[order][:60]), (X[order][60:75], Y[order][60:75]), (X[order][75:], Y[order][75:]))
    )
    assert [f.level for f in targets.alike(found)] == ["error", "error"]


def test_a_feature_that_is_the_target_is_found():
    x = np.c_[DIABETES.train.x, 3 * DIABETES.train.y + 1].astype(np.float32)
    named = dataclasses.replace(planted(x=x), feature_names=(*DIABETES.feature_names, "progress"))
    [found] = targets.given_away(named)
    assert found.level == "warning" and "feature 'progress' has a correlation of 1.0000 with the target" in found.says
    [found] = targets.given_away(DIABETES)
    expected = np.abs(r_regression(DIABETES.train.x, DIABETES.train.y[:, 0])).max()
    assert found.level == "ok" and found.measured == pytest.approx(expected, rel=1e-4)


def test_equal_rows_with_different_targets_are_what_cannot_be_learned():
    x = np.repeat(X[:45], 2, axis=0).astype(np.float32)
    y = np.repeat(Y[:45], 2) + np.tile([-0.5, 0.5], 45)
    train = (y - y.mean()) / y.std()
    found = inputs.duplicates(
        dataclasses.replace(DIABETES, train=Part(x, train[:, None].astype(np.float32)), test=None)
    )
    [torn] = [f for f in found if f.about == "targets"]
    assert torn.level == "warning" and torn.measured == pytest.approx(0.25 / y.var(), rel=1e-4)
    assert "of the targets' variance cannot be learned" in torn.says
    same = Part(x, np.repeat(Y[:45], 2)[:, None].astype(np.float32))
    assert not levels(inputs.duplicates(dataclasses.replace(DIABETES, train=same)), "duplicates", "targets")


def test_unlike_inputs_are_said_to_spoil_the_error():
    found = inputs.alike(planted("test", x=DIABETES.test.x + 5))
    assert "and the error on them does not show" in found[1].says and found[1].level == "error"


# Planted in the networks


def faint(x):
    return 1e-9 * torch.tanh(x)


def steep(x):
    return 1e4 * x


def bare(x):
    return torch.log(x)


@pytest.mark.parametrize(
    ("activation", "check", "level"),
    [
        ("heaviside", "gradients", "error"),
        (faint, "by heart", "error"),
        (steep, "start", "warning"),
        (bare, "start", "error"),
        (bare, "gradients", "error"),
        (bare, "by heart", "error"),
    ],
)
def test_planted_activations_are_found(activation, check, level):
    found = networks.check_networks(DIABETES, experiment("relu", activation))
    assert levels(found, check, "relu") in (["ok"], [])
    [wrong] = [f for f in found if f.check == check and f.level != "ok"]
    assert (wrong.level, wrong.about) == (level, getattr(activation, "__name__", activation))


def test_the_loss_at_the_start_and_what_is_known_by_heart_are_those_of_plain_torch():
    [start] = networks._starts(DIABETES, experiment("tanh"))
    loss = torch.nn.functional.mse_loss(start.network(start.trial.hidden)(start.x), start.y).item()
    found = networks.loss_at_start(start)
    assert found.measured == loss and f"is {loss:.3g}, that of guessing the mean 1." in found.says
    outputs = torch.randn(32, 1)
    from sklearn.metrics import r2_score

    y = start.y[:32]
    assert start.known(y + 0.1 * outputs, y) == pytest.approx(r2_score(y, y + 0.1 * outputs), rel=1e-5)
    assert start.known(torch.full_like(y, torch.nan), y) == 0 == start.known(9 * outputs, y)
    found = networks.by_heart(start)
    assert found.level == "ok" and found.measured >= 0.9 and "of the variance of 32 samples" in found.says


def test_several_targets_are_learned_by_heart_too():
    found = networks.check_networks(data.load((X, TWO)), experiment("relu", dtype="float64"))
    assert {f.level for f in found} <= {"ok", "note"}


# What a run does with it


def test_the_margin_is_told_in_the_targets_variance(tmp_path, monkeypatch):
    monkeypatch.setenv("ACTLAB_CACHE", str(tmp_path))
    wanted = experiment("relu", "tanh")
    object.__setattr__(wanted, "metric", SQUARED)
    said = before._question(DIABETES, wanted)
    assert "a difference within 0.01 of the target's variance is too small to matter" in said
    object.__setattr__(wanted, "margin", 0.05)
    assert "a difference within 0.05 of the target's variance" in before._question(DIABETES, wanted)
    kept, _ = before.look_before(DIABETES, wanted, {}, force=False)
    again, _ = before.look_before(DIABETES, wanted, {}, force=False)
    assert json.dumps(kept) == json.dumps(again), "from the cache"


def test_who_is_not_told_apart_from_the_best_is_among_them():
    pairs = [("tanh", -0.1, 0.2), ("elu", 0.1, 0.3), ("silu", -0.4, -0.1), ("gelu", -0.2, 0.1)]
    found = [SimpleNamespace(name=name, baseline="relu", low=low, high=high) for name, low, high in pairs]
    assert _as_compared(["tanh"], found) == ["tanh", "relu"], "elu and gelu are open against relu alone"
    assert _as_compared(["relu"], found) == ["relu", "tanh", "gelu"]
    assert _as_compared(["elu"], found) == ["elu"]
