"""Before training: each planted fault is found by the check that is there for it, and right data pass."""

import dataclasses
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from actlab import data
from actlab.data import Dataset, Part
from actlab.errors import UserError
from actlab.experiment import looked
from actlab.experiment.spec import Experiment
from actlab.preflight import before, inputs, installation, labels, networks, preflight
from actlab.preflight.activations import check_activations
from actlab.preflight.findings import Finding, refuse
from actlab.preflight.look import check_data
from actlab.results import endings
from actlab.stats import Diagnosis, diagnose

MNIST = pytest.mark.skipif(not os.environ.get("ACTLAB_DATA"), reason="ACTLAB_DATA is not set: no MNIST here")
DIGITS = data.load("digits")


def experiment(*activations, **settings) -> Experiment:
    given = {"activations": list(activations or ["relu", "tanh"]), "hidden": [32, 16], "content": "-", "data": "digits"}
    return Experiment.from_dict(given | settings)


def first(dataset: Dataset, samples: int) -> Dataset:
    """The first so many samples of each part."""
    cut = {
        name: Part(part.x[:samples], part.y[:samples])
        for name in ("train", "valid", "test")
        if (part := getattr(dataset, name)) is not None
    }
    return dataclasses.replace(dataset, **cut)


def mixed(dataset: Dataset, samples: int) -> Dataset:
    """Some samples from all over each part: the first half of MNIST's test file is cleaner than the second."""
    cut = {}
    for name in ("train", "valid", "test"):
        if (part := getattr(dataset, name)) is not None:
            chosen = np.random.default_rng(1).permutation(len(part.y))[:samples]
            cut[name] = Part(part.x[chosen], part.y[chosen])
    return dataclasses.replace(dataset, **cut)


def changed(x=None, y=None, **others) -> Dataset:
    """Digits with another training part."""
    train = Part(DIGITS.train.x if x is None else x, DIGITS.train.y if y is None else y)
    return dataclasses.replace(DIGITS, train=train, **others)


def levels(findings: list[Finding], check: str, about: str | None = None) -> list[str]:
    return [f.level for f in findings if f.check == check and about in (None, f.about)]


def only(findings: list[Finding], check: str, about: str | None = None) -> Finding:
    [found] = [f for f in findings if f.check == check and about in (None, f.about)]
    return found


# Right data


def test_digits_pass_without_a_warning():
    found = preflight(DIGITS, experiment("relu", "tanh", "leaky_relu", "gelu"))
    assert {f.level for f in found} == {"ok", "note"}
    assert {f.check for f in found} == {
        "finite", "labels", "balance", "constant", "scale", "duplicates", "alike", "start", "gradients", "dead",
        "by heart",
    }  # fmt: skip
    for finding in found:
        assert "\n" not in str(finding) and finding.says.endswith(".") and ".." not in finding.says, finding
    refuse(found)


@pytest.mark.large
@MNIST
@pytest.mark.parametrize("split", ["standard", "tutorial"])
def test_mnist_passes_and_the_published_inputs_do_not(split):
    right = preflight(mixed(data.load("mnist", split=split), 3000), experiment() if split == "standard" else None)
    assert {f.level for f in right} == {"ok", "note"}
    wrong = mixed(data.load("mnist", split=split, pipeline="published"), 3000)
    other = "test" if split == "standard" else "validation"  # in the standard split both others are of one file
    found = only(inputs.alike(wrong), "alike", other)
    assert found.level == "error" and found.measured > 0.99


@pytest.mark.large
def test_small_parts_are_not_called_unlike_by_chance():
    found = [inputs.alike(first(changed(x), 25)) for x in (DIGITS.train.x[::-1], DIGITS.train.x[300:])]
    assert {f.level for part in found for f in part} == {"ok"}
    assert levels(inputs.alike(first(DIGITS, 10)), "alike") == ["note", "note"]


def test_the_callers_random_numbers_go_on():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    preflight(first(DIGITS, 100), experiment("relu"))
    assert torch.equal(torch.rand(1), expected)


# Planted in the data


def as_bytes(part: Part) -> Part:
    """What the published tutorial does: floats by the part's own mean and deviation, read as bytes."""
    x = ((part.x - part.x.mean()) / part.x.std()).astype("<f4")[:, : part.x.shape[1] // 4].copy()
    return Part(x.view(np.uint8) / np.float32(255), part.y)


def test_inputs_read_as_bytes_are_found():
    wrong = dataclasses.replace(DIGITS, train=as_bytes(DIGITS.train), valid=as_bytes(DIGITS.valid), test=None)
    [found] = inputs.alike(wrong)
    assert (found.level, found.about) == ("error", "validation") and found.measured > 0.9


def test_a_slight_difference_is_a_warning():
    valid = Part(DIGITS.valid.x + 0.25 * (np.arange(359) % 2)[:, None].astype(np.float32), DIGITS.valid.y)
    assert only(inputs.alike(changed(valid=valid)), "alike", "validation").level == "warning"


def test_repeated_rows_are_found():
    again = DIGITS.train.x[:200], DIGITS.train.y[:200]
    valid = Part(np.concatenate([DIGITS.valid.x, again[0]]), np.append(DIGITS.valid.y, again[1]))
    found = only(inputs.duplicates(changed(valid=valid)), "duplicates")
    assert (found.level, found.about) == ("error", "validation") and found.measured == 200 / 559
    x, y = np.concatenate([DIGITS.train.x] * 2), np.append(DIGITS.train.y, (DIGITS.train.y + 1) % 10)
    found = inputs.duplicates(changed(x, y))
    assert levels(found, "duplicates", "labels") == ["warning"] and levels(found, "duplicates", "training") == ["note"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_found(value):
    x = DIGITS.train.x.copy()
    x[[4, 9], 3] = value
    found = preflight(changed(x), experiment())
    bad = only(found, "finite")
    assert (bad.level, bad.measured) == ("error", 2) and "sample 4" in bad.says
    assert not levels(found, "by heart"), "no network is shown such inputs"


def test_constant_inputs_are_found():
    found = preflight(changed(np.zeros_like(DIGITS.train.x)), experiment("relu"))
    assert levels(found, "constant") == ["error"] and levels(found, "by heart") == ["error"]


@pytest.mark.parametrize(
    ("x", "level"),
    [
        (DIGITS.images[0] * 0 + np.arange(64).reshape(8, 8) * 4, "error"),
        (np.eye(64) * 8, "note"),
        (DIGITS.train.x + 1, "warning"),
        (DIGITS.train.x / 10, "warning"),
    ],
    ids=["0 to 255", "nearly", "shifted", "small"],
)
def test_the_scale_of_inputs_is_told(x, level):
    found = inputs.scale(changed(x.reshape(-1, 64).astype(np.float32)))
    assert found[0].level == level
    assert ("bytes" in found[0].says) == (level == "error")


def test_a_feature_on_another_scale_is_found():
    x = DIGITS.train.x.copy()
    x[:, 20] *= 500
    [found] = [f for f in inputs.scale(changed(x)) if "feature 20" in f.says]
    assert found.level == "warning" and "--standardise features" in found.says


@pytest.mark.parametrize(
    "columns",
    [
        lambda g: g.normal(size=(200, 2)) * [1, 1e5],  # of two the middle one lies between
        lambda g: g.normal(size=(200, 6)) * [1, 1, 1, 1e3, 1e3, 1e3],
        lambda g: np.c_[g.random((200, 2)), g.integers(2000, 2020, 200)],  # a year: it hardly varies, and is large
    ],
)
def test_features_on_scales_of_their_own_are_told_until_each_is_standardised(columns):
    x, y = columns(np.random.default_rng(0)), np.arange(200) % 2
    assert any("--standardise features" in f.says for f in inputs.scale(data.load((x, y))))
    assert [f.level for f in inputs.scale(data.load((x, y), pipeline="features"))] == ["ok"]


def test_features_and_classes_have_the_names_that_the_data_give_them(tmp_path):
    import pandas

    g = np.random.default_rng(0)
    frame = pandas.DataFrame({"width": g.normal(size=300), "year": g.normal(size=300) * 1e5, "still": 1.0})
    frame["kind"] = np.array(["rare", "plain", "plain"])[np.arange(300) % 3]
    frame.to_csv(tmp_path / "t.csv", index=False)
    for named in (data.load(tmp_path / "t.csv", target="kind"), data.load(frame, target="kind")):
        assert any("feature 'year' is" in found.says for found in inputs.scale(named))
        assert "1 of 3 features ('still') are constant" in only(inputs.constant(named), "constant").says
        lacking = dataclasses.replace(named, valid=Part(named.valid.x, np.zeros_like(named.valid.y)))
        assert any("of 1 of 2 classes ('rare')" in found.says for found in labels.balance(lacking))
    nameless = data.load((frame[["width", "year", "still"]].to_numpy(), frame["kind"]))
    assert any("feature 1 is" in found.says for found in inputs.scale(nameless))


def test_an_error_is_told_with_the_warning_that_may_be_its_cause():
    found = [Finding("by heart", "error", 0.5, "nothing is learned."), Finding("scale", "warning", 99.0, "uneven.")]
    with pytest.raises(UserError, match=r"An error was.*\(1\) by heart: .*\(2\) warning, scale: uneven\. Mend"):
        refuse(found)


def test_classes_without_a_sample_are_found():
    keep = DIGITS.train.y != 7
    found = labels.balance(changed(DIGITS.train.x[keep], DIGITS.train.y[keep]))
    assert levels(found, "balance", "training") == ["error"] and "(7)" in found[0].says
    rare = keep | (np.arange(len(keep)) < 50)
    assert only(labels.balance(changed(DIGITS.train.x[rare], DIGITS.train.y[rare])), "balance").level == "warning"


@pytest.mark.parametrize("label", [10, -1, 2.5, np.nan])
def test_labels_that_name_no_class_are_found(label):
    y = DIGITS.train.y.astype(type(label))
    y[5] = label
    found = preflight(changed(y=y), experiment())
    bad = only(found, "labels")
    assert (bad.level, bad.measured, bad.about) == ("error", 1, "training") and f"{label} of sample 5" in bad.says
    assert not levels(found, "start")


# Planted in the networks


def faint(x):
    return 1e-9 * torch.tanh(x)


def late(x):
    return torch.relu(x - 30)


def steep(x):
    return 1e4 * x


def bare(x):
    return torch.log(x)


PLANTED = [
    ("heaviside", "gradients", "error"),
    (late, "dead", "error"),
    (faint, "by heart", "error"),
    (steep, "start", "warning"),
    (bare, "start", "error"),
    (bare, "gradients", "error"),
]


@pytest.mark.parametrize(("activation", "check", "level"), PLANTED)
def test_planted_activations_are_found(activation, check, level):
    found = networks.check_networks(DIGITS, experiment("relu", activation))
    assert levels(found, check, "relu") in (["ok"], [])  # beside one that is well
    [wrong] = [f for f in found if f.check == check and f.level != "ok"]
    assert (wrong.level, wrong.about) == (level, getattr(activation, "__name__", activation))


def test_networks_learn_in_one_thread():
    """Two threads of small products wait for each other: on a busy machine fifty times as long."""
    seen, before = set(), torch.get_num_threads()

    def watched(x):
        seen.add(torch.get_num_threads())
        return torch.relu(x)

    torch.set_num_threads(2)
    try:
        networks.check_networks(first(DIGITS, 64), experiment(watched, hidden=[4]))
        assert torch.get_num_threads() == 2 and seen == {1}
    finally:
        torch.set_num_threads(before)


@pytest.mark.large
def test_gradients_that_fade_on_their_way_are_found():
    deep = experiment("sigmoid", "relu", hidden=[16] * 8)
    assert only(networks.check_networks(DIGITS, deep), "gradients", "sigmoid").level == "warning"


def test_a_network_begins_as_the_engine_begins_it():
    both = networks._starts(DIGITS, experiment("prelu", initialisation=["pytorch", "gain"]))
    assert [start.label for start in both] == ["prelu, pytorch", "prelu, gain"]
    plain, gained = (start.network(start.trial.hidden) for start in both)
    assert plain[0].weight.abs().max() <= 1 / 8 < gained[0].weight.abs().max()
    assert [type(module).__name__ for module in plain] == ["Linear", "PReLU", "Linear", "PReLU", "Linear"]


@pytest.mark.large
def test_without_hidden_layers_and_with_large_ones():
    for hidden in ([], [8192, 4096]):
        found = networks.check_networks(first(DIGITS, 64), experiment("relu", hidden=hidden))
        assert {f.level for f in found} == {"ok"}


# After training


CURVES = {
    # 3 epochs of `actlab compare relu tanh --data mnist --pipeline published --split tutorial`
    "relu, published": ([2.222, 1.896, 1.688], [0.202, 0.357, 0.451], [2.170, 2.542, 3.180], [0.125, 0.133, 0.173]),
    "tanh, published": ([2.148, 1.790, 1.616], [0.255, 0.426, 0.493], [2.214, 2.679, 3.156], [0.114, 0.169, 0.171]),
    "noise by heart": ([2.31, 1.5, 0.2], [0.11, 0.5, 0.99], [2.32, 3.0, 5.0], [0.10, 0.10, 0.10]),
    "overfitting": ([1.0, 0.3, 0.02], [0.7, 0.9, 1.0], [0.6, 0.5, 0.9], [0.8, 0.86, 0.85]),
    "underfitting": ([2.30, 2.28, 2.25], [0.11, 0.13, 0.15], [2.29, 2.27, 2.24], [0.12, 0.14, 0.16]),
    "nan": ([1.0, np.nan], [0.5, np.nan], [1.0, np.nan], [0.5, np.nan]),
    "blown up": ([2.5, 9.0], [0.2, 0.1], [3.0, 20.0], [0.1, 0.1]),
    # 3 epochs on right inputs
    "relu, right": ([0.841, 0.323, 0.264], [0.792, 0.906, 0.923], [0.376, 0.299, 0.257], [0.894, 0.912, 0.924]),
}
STATES = [
    *["validation inputs do not look like training inputs"] * 2,
    *["overfitting"] * 2,
    "underfitting",
    *["diverged"] * 2,
    "fine",
]


@pytest.mark.parametrize(("name", "state"), list(zip(CURVES, STATES, strict=True)))
def test_curves_tell_what_went_wrong(name, state):
    found = diagnose(*CURVES[name])
    assert found.state == state and found.says.endswith(".")


@pytest.mark.large
@pytest.mark.parametrize("wrong", [False, True])
def test_trained_networks_are_told_apart(tmp_path, wrong):
    from actlab.results.summary import summarise
    from actlab.workflows.comparison import compare

    file = tmp_path / "own.npz"
    parts = {"": DIGITS.train, "_valid": DIGITS.valid, "_test": DIGITS.test}
    arrays = {f"x{name}": part.x[:, ::-1] if wrong and name == "_valid" else part.x for name, part in parts.items()}
    np.savez(file, **arrays, **{f"y{name}": part.y for name, part in parts.items()})
    settings = {"learning_rate": 0.3, "batch_size": 16, "epochs": 6, "seeds": 1, "hidden": [32]}
    settings |= {"data": str(file), "out": tmp_path / "run", "report": False, "workers": 1, "stack_size": 1}
    if wrong:
        with pytest.raises(UserError, match=r"alike, validation.*--force"):
            compare("tanh", **settings)
        assert not (tmp_path / "run").exists()
    run = compare("tanh", force=wrong, **settings)
    curves = [run.curves[name] for name in ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")]
    assert diagnose(*curves).state == ("validation inputs do not look like training inputs" if wrong else "fine")
    summary = summarise(run)
    assert [f["level"] for f in summary.preflight if f["about"] == "validation"] == ["error" if wrong else "ok"]
    said = summary.as_text().replace("\n", " ")
    assert ("tanh: validation inputs do not look like training inputs" in said) == wrong
    assert ("Before training, error: alike (validation)" in said) == wrong
    assert summary.as_json()["endings"]["tanh"]["state"] == diagnose(*curves).state


# What a run does with it


def test_a_run_is_looked_at_before_it_trains_and_not_again(tmp_path, monkeypatch):
    from actlab.workflows.comparison import compare

    small = {"data": "digits", "seeds": 1, "epochs": 1, "hidden": [8], "report": False, "out": tmp_path / "run"}
    with pytest.raises(UserError, match=r"gradients, heaviside: .*--force \(force=True\)"):
        compare("relu", "heaviside", **small)
    assert not (tmp_path / "run").exists(), "nothing is left behind"
    run = compare("relu", **small)
    assert {f["check"] for f in looked.read(run.path)["findings"]} >= {"finite", "alike", "start", "by heart"}
    seen = []
    monkeypatch.setattr("actlab.preflight.before.preflight", lambda *a: seen.append(1) or [])
    compare("relu", **small)
    assert not seen, "the same command finishes at once"
    compare("relu", "tanh", **small)
    assert seen, "an activation that is new is looked at"


def test_an_error_stops_the_command_unless_forced(actlab_command, tmp_path):
    asked = [
        "compare",
        "relu",
        "heaviside",
        "--data",
        "digits",
        "--seeds",
        "1",
        "--epochs",
        "1",
        "--out",
        tmp_path / "r",
    ]
    done = actlab_command(*asked)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1) and "--force" in done.stderr
    done = actlab_command(*asked, "--force", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0 and "error    gradients (heaviside)" in done.stderr
    assert [f["check"] for f in told["preflight"] if f["level"] == "error"]
    page = (tmp_path / "r" / "report" / "index.html").read_text()
    assert "Before training, error: gradients (heaviside)" in page and 'id="preflight"' in page


# The refusal and the commands


def test_errors_refuse_unless_forced():
    found = [Finding("scale", "warning", 3.0, "large."), Finding("finite", "error", 2, "2 are NaN.", "training")]
    with pytest.raises(UserError, match=r"An error was found .* finite, training: 2 are NaN\. .* --force"):
        refuse(found)
    refuse(found, force=True)
    refuse(found[:1])


def test_the_command_tells_a_line_a_finding(actlab_command, tmp_path):
    done = actlab_command("preflight", "relu/tanh", "heaviside", "--data", "digits", "--hidden", "16,8")
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and "3 errors" in lines[-1]
    assert all(line.startswith(("ok ", "note ", "warning ", "error ")) for line in lines[1:-1])
    few = first(DIGITS, 150)
    np.savez(tmp_path / "few.npz", x=few.train.x, y=few.train.y)
    done = actlab_command("preflight", "relu", "--data", tmp_path / "few.npz", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["counts"]["error"]) == (0, 0)
    assert {"check", "level", "measured", "says", "about"} == set(told["findings"][0])


@pytest.mark.large
def test_an_experiment_is_read_and_its_settings_replaced(actlab_command, tmp_path):
    (tmp_path / "e.toml").write_text('data = "digits"\nactivations = ["heaviside"]\n')
    assert actlab_command("preflight", "--spec", tmp_path / "e.toml").returncode == 1
    assert actlab_command("preflight", "relu", "--spec", tmp_path / "e.toml").returncode == 0


def test_the_split_of_the_first_seed_is_looked_at(actlab_command, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("actlab.preflight.preflight", lambda dataset, _: seen.append(dataset) or [])
    (tmp_path / "e.toml").write_text('data = "digits"\nseeds = [4, 2]\n')
    done = actlab_command("preflight", "relu", "--resplit", "--spec", tmp_path / "e.toml")
    assert "split resplit by seed 4" in done.stdout and done.returncode == 0
    assert np.array_equal(seen[0].test.y, data.load("digits", split="resplit", seed=4).test.y)


def test_the_doctor_looks_at_the_machine(actlab_command, monkeypatch, tmp_path):
    monkeypatch.setenv("ACTLAB_DATA", str(tmp_path / "nowhere"))
    done = actlab_command("doctor", "--timeout", "0.2", "--json")
    found = json.loads(done.stdout)["findings"]
    by_check = {f["check"]: f for f in found}
    assert {"python", "torch", "extras", "device", "cores", "memory", "disk", "cache", "mirrors"} <= set(by_check)
    assert by_check["torch"]["measured"] == torch.__version__
    assert done.returncode == 1 and any("no folder" in f["says"] and f["level"] == "error" for f in found)


def test_the_doctor_names_what_is_missing(monkeypatch):
    version = installation._version
    monkeypatch.setattr(installation, "_version", lambda name: "" if name == "jinja2" else version(name))
    lab = next(f for f in installation.extras() if f.about in ("lab", ""))
    assert lab.level in ("warning", "note") and "pip install" in lab.says


WRONG = [
    (["preflight", "rleu"], "Did you mean 'relu'"),
    (["preflight", "relu", "--data", "digts"], "Did you mean 'digits'"),
    (["preflight", "relu/tanh/elu", "--data", "digits"], "names 3 activations"),
    (["preflight", "--data", "digits", "--pipeline", "published"], "uint8 images of 28 x 28"),
    (["preflight", "--data", "digits", "--split", "tutrial"], "Did you mean 'tutorial'"),
    (["preflight", "--split", "tutorial", "--resplit"], "both name a split"),
    (["preflight", "--hidden", "many"], "--hidden is 'many'"),
    (["preflight", "--spec", "nowhere.toml"], "There is no file nowhere"),
    (["preflight", "--data", "nowhere.npz"], r"There is no file nowhere\.npz"),
    (["doctor", "--timeout", "soon"], "--timeout is 'soon'"),
    (["doctor", "--timeout", "0"], "above 0"),
]


@pytest.mark.parametrize(("args", "told"), WRONG, ids=[" ".join(args) for args, _ in WRONG])
def test_wrong_input_is_one_line_and_status_2(actlab_command, args, told):
    done = actlab_command(*args)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert re.search(told, done.stderr)


def test_what_was_found_in_data_is_looked_up_by_their_content(tmp_path, monkeypatch):
    monkeypatch.setenv("ACTLAB_CACHE", str(tmp_path))
    looks = []
    monkeypatch.setattr(before, "check_data", lambda dataset: looks.append(dataset.content) or check_data(dataset))
    small = first(DIGITS, 200)
    of_data = {one.check for one in check_data(small)}

    def found(dataset: Dataset, wanted: Experiment) -> list[dict]:
        kept, _ = before.look_before(dataset, wanted, {}, force=True)
        return [one for one in kept["findings"] if one["check"] in of_data]

    assert found(small, experiment()) == found(small, experiment("relu", "gelu")) != []
    assert len(looks) == 1
    faulty = dataclasses.replace(small, content="other", train=Part(small.train.x * np.nan, small.train.y))
    assert found(faulty, experiment()) != found(small, experiment())  # other data have findings of their own
    assert looks == [small.content, "other"]
    for file in (tmp_path / "preflight").iterdir():
        file.write_text(file.read_text()[:50])
    found(small, experiment())  # a damaged file is as good as none
    found(small, experiment(split="tutorial"))  # another split, another look
    assert looks == [small.content, "other", small.content, small.content]


SURROGATE = """
import torch
from actlab import activation

class Plain(torch.autograd.Function):
    generate_vmap_rule = True
    @staticmethod
    def forward(x):
        return torch.where(x.isnan(), x, (x > 0).to(x.dtype))
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])
    @staticmethod
    def backward(ctx, gradient):
        return gradient / (1 + 25 * ctx.saved_tensors[0].abs()) ** 2
"""


def test_a_surrogate_is_declared_where_the_message_and_the_page_say(tmp_path):
    """The page's own block, whose value has no gradient that autograd could take, passes; the same undeclared fails."""
    page = (Path(__file__).parents[1] / "docs" / "own.md").read_text(encoding="utf-8")
    [block] = [code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "surrogate=" in code]
    (tmp_path / "mine.py").write_text(SURROGATE + block)
    found = check_activations(experiment("relu", f"{tmp_path / 'mine.py'}:spike"))
    assert not [finding for finding in found if finding.level == "error"]
    [error] = check_activations(experiment("relu", f"{tmp_path / 'mine.py'}:Plain"))
    assert error.level == "error" and "surrogate=FORMULA of a block (@activation)" in error.says
    assert "--gradient" not in error.says.replace("for `actlab check` alone --gradient", "")
    dead = block.replace("return 1 / (1 + 25 * x.abs()) ** 2", "return 2 / (1 + 25 * x.abs()) ** 2")
    (tmp_path / "mine.py").write_text(SURROGATE + dead)
    assert check_activations(experiment("relu", f"{tmp_path / 'mine.py'}:spike"))[0].level == "error"


def test_each_arm_of_an_ending_has_its_own_figures():
    said = endings.said({"a": Diagnosis("underfitting", "2.1."), "b": Diagnosis("underfitting", "2.3.")})
    assert said == ["After training, a and b: underfitting. a: 2.1. b: 2.3."]
