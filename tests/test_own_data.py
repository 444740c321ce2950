"""Data of one's own: in whichever form they come the same numbers are the same data; what cannot be used is said."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.preprocessing import LabelEncoder, StandardScaler

import actlab
from actlab import compare, data
from actlab.errors import UserError
from actlab.experiment.spec import Experiment
from actlab.experiment.split import indices_of
from actlab.report import draw
from actlab.running.run import Progress
from actlab.running.sharing import Sent, content, share

G = np.random.default_rng(0)
X = G.normal(size=(90, 3)) * [1, 1000, 0.01] + [0, 5000, 0]
Y = G.permutation(np.arange(90) % 3)
NAMES = np.array(["cat", "None", "NA"])  # two of them are missing values to who guesses
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(kind=NAMES[Y])
SMALL = {
    "seeds": 1,
    "epochs": 1,
    "hidden": [4],
    "batch_size": 16,
    "report": False,
    "pipeline": "features",
    "force": True,
}


class Told(Progress):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


def csv(path: Path, frame: pd.DataFrame = FRAME, **how) -> Path:
    frame.to_csv(path, **({"index": False} | how))
    return path


# Forms


def test_content_and_keys_are_those_that_they_were(tmp_path):
    x, y = np.arange(120, dtype=np.uint8).reshape(30, 2, 2), (np.arange(30) % 3).astype(np.uint8)
    np.savez(tmp_path / "a.npz", x=x, y=y, x_test=x[:6] / 2.0, y_test=y[:6])
    assert data.load(tmp_path / "a.npz").content.startswith("af932baa431aaf98")
    assert data.load("digits").content.startswith("e91c0cf5349d71d5")
    keys = [Experiment(data="digits", content="-", pipeline=p).trials()[0].key for p in ("standard", "published")]
    assert keys == ["93edcd6534c12c92", "eea5741b399cad35"]
    named = Experiment(data="a.csv", content="-", target="kind")
    assert named.trials()[0].key == keys[0], "what a column is called is no part of a result"


ARRAYS = {
    "lists": lambda x, y: (x.tolist(), y.tolist()),
    "tensors": lambda x, y: (torch.tensor(x, requires_grad=True), torch.tensor(y)),
    "frame and series": lambda x, y: (pd.DataFrame(x), pd.Series(y, dtype="Int64")),
    "names of Keras": lambda x, y: {"x_train": x, "y_train": y},
    "in columns": lambda x, y: (np.asfortranarray(x), y[:, None]),
    "objects": lambda x, y: (x.astype(object), y.astype(object)),
    "one-hot": lambda x, y: (x, np.eye(3, dtype=np.int64)[y]),
}


@pytest.mark.parametrize("form", ARRAYS)
def test_the_same_numbers_are_the_same_data(form):
    plain, found = data.load((X, Y)), data.load(ARRAYS[form](X, Y))
    assert found.content == plain.content and found.said == () == found.class_names
    assert found.train.x.tobytes() == plain.train.x.tobytes(), "bits, which the layout in memory must not change"


def test_parts_that_are_given_stay_parts(tmp_path):
    pair = (X[:20], Y[:20])
    two, three = data.load(((X, Y), pair)), data.load(((X, Y), pair, pair))
    assert [len(p.y) for p in (two.train, two.valid, two.test)] == [72, 18, 20]
    assert [len(p.y) for p in (three.train, three.valid, three.test)] == [90, 20, 20]
    np.savez(tmp_path / "k.npz", X_train=X, Y_train=Y, x_val=X[:20], y_val=Y[:20], x_test=X[:20], y_test=Y[:20], w=X)
    file = data.load(tmp_path / "k.npz")
    assert file.content == three.content and "not used: w" in file.said[0]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.csv", {}),
        ("a.tsv", {"sep": "\t"}),
        ("a.csv.gz", {}),
        ("a.csv", {"sep": ";", "decimal": ","}),
        ("a.csv", {"encoding": "utf-16"}),
        ("a.csv", {"index": True}),
    ],
)
def test_a_table_is_the_data_frame_that_it_was_written_from(tmp_path, name, how):
    frame, file = data.load(FRAME, target="kind"), data.load(csv(tmp_path / name, **how), target="kind")
    assert file.content == frame.content and file.class_names == ("NA", "None", "cat")
    assert file.train.x.tobytes() == frame.train.x.tobytes()
    assert ("counts the rows" in file.said[0]) == bool(how.get("index"))


def test_polars_and_other_frames_are_read_column_by_column():
    class Frame:  # as polars has it: no index, no dtypes of pandas
        columns = tuple(FRAME.columns)

        def __getitem__(self, name):
            return FRAME[name].to_numpy()

    assert data.load(Frame(), target="kind").content == data.load(FRAME, target="kind").content


# Labels


@pytest.mark.parametrize(
    "labels",
    [NAMES[Y], 2 * Y - 1, Y + 10**9, NAMES[Y].astype("S"), pd.Categorical(NAMES[Y]), Y * 0.5 * 4, (NAMES[Y]).tolist()],
    ids=["text", "gaps", "large", "bytes", "categories", "floats", "list"],
)
def test_labels_become_classes_and_that_is_said(labels):
    found = data.load({"x": X, "y": labels, "x_valid": X, "y_valid": labels, "x_test": X, "y_test": labels})
    plain = np.asarray(labels).astype(str) if np.asarray(labels).dtype.kind in "SUO" else np.asarray(labels)
    assert np.array_equal(found.train.y, LabelEncoder().fit_transform(plain))
    assert found.class_names == tuple(
        np.unique(plain).astype(plain.dtype if plain.dtype.kind == "U" else int).astype(str)
    )
    assert "become classes 0 to 2" in found.said[-1]


@pytest.mark.parametrize("labels", [Y > 0, Y.astype(float), Y.astype(np.uint8)])
def test_labels_that_are_classes_already_need_no_word(labels):
    found = data.load((X, labels))
    assert found.said == () and found.classes == len(np.unique(labels))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["01", "1", "02", "2"], ("01", "02", "1", "2")),
        (["007", "7", "8", "9"], ("007", "7", "8", "9")),
        (["1_0", "10", "2", "3"], ("10", "1_0", "2", "3")),  # both are ten to float()
        (["-1", "+2", "3.0", "1e1"], ("-1", "2", "3", "10")),
        ([str(2**53 + i) for i in range(4)], tuple(str(2**53 + i) for i in range(4))),
        ([str(2**70 + i) for i in range(4)], tuple(str(2**70 + i) for i in range(4))),
    ],
)
def test_labels_that_look_like_numbers_stay_apart(tmp_path, labels, classes):
    frame = FRAME[:80].assign(kind=labels * 20)
    assert data.load(csv(tmp_path / "a.csv", frame), target="kind").class_names == classes
    if classes == tuple(labels) and labels[0].isdecimal() and labels[0][0] != "0":
        large = np.array([int(label) for label in labels * 20], object)
        given = {"x": X[:80], "y": large, "x_test": X[:80], "y_test": large if large[0] > 2**64 else large.astype("u8")}
        assert data.load(given).class_names == classes, "beyond what a float holds, and of another dtype in the test"


# What cannot be used


MISSING = FRAME.assign(a=np.where(np.arange(90) == 3, np.nan, X[:, 0]), b=np.where(np.arange(90) < 2, np.inf, X[:, 1]))


@pytest.mark.parametrize(
    ("given", "target", "told"),
    [
        (FRAME, None, r"--target COLUMN \(target=\).* Its columns are a, b, c, kind"),
        (FRAME, "knd", r"no column 'knd'\. Did you mean 'kind'\?"),
        (FRAME, "a", r"1 of 3 feature columns .* kind \(such as '\w+'\).*get_dummies"),
        (FRAME.assign(d=pd.Timestamp("2020")), "kind", r"1 of 4 feature columns .* hold no numbers: d"),
        (FRAME[["a"]], "a", "no column beside a"),
        (MISSING, "kind", r"3 of 90 rows of data .* a \(1\), b \(2\)\. Drop .* fill"),
        (FRAME.set_axis(["a", "a", "c", "kind"], axis=1), "kind", "several columns called a"),
        ((X, Y), "kind", r"target='kind' names a column of a table; these data are a tuple"),
        (X, None, r"data is a ndarray; allowed are .*data=\(x, y\)"),
        ((X, X, Y, Y), None, r"a tuple of 4; allowed are .*\(\(x_train, y_train\), \(x_test, y_test\)\)"),
        ((X, Y[1:]), None, "90 samples but y has 89 labels"),
        ((X, None), None, "y has no labels"),
        ((np.ma.masked_less(X, 0), Y), None, r"x holds \d+ NaN"),
        ((X, np.ma.masked_equal(Y, 2)), None, "lacks 30 of 90 labels"),
        ((X, [None, *NAMES[Y[1:]]]), None, "lacks 1 of 90 labels, the first of sample 0"),
        ((X, [float("nan"), *NAMES[Y[1:]]]), None, "lacks 1 of 90 labels"),
        ((X, [1, *NAMES[Y[1:]]]), None, "text and other values"),
        ({"x": X, "y": Y.astype(str), "x_test": X, "y_test": Y}, None, "some of y, y_test are text"),
        ((X, ["only"] * 90), None, "All labels in data are 'only'"),
        (
            (X, np.arange(90) * 7),
            None,
            r"90 different values \(0, 7, 14, .* in 90 samples: .* --loss mean_squared_error",
        ),
        ((X, pd.date_range("2020", periods=90)), None, "holds dates, such as 2020"),
        ((X, Y + 2.0**53), None, r"holds real numbers, such as 9007199254740992\.0, in 90"),
        ((X, np.full((90, 3), 2)), None, r"shape \(90, 3\) and is not one-hot.* --loss mean_squared_error"),
        (([[1.0, 2.0], [3.0]], [0, 1]), None, "are its rows of one length"),
        ((X[:, 0], Y), None, r"x\.reshape\(-1, 1\)"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(given, target, told):
    with pytest.raises(UserError, match=told) as caught:
        data.load(given, target=target)
    assert "\n" not in str(caught.value) and "astype" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("5.1,3.5,u\n4.9,3.0,v\n", r"Its columns are 5\.1, 3\.5, u\. If these are values: the first line"),
        ("a,b,k\n1,2,u\n3,4,v,9\n", "cannot be read as a table with ',' between columns"),
        ("a,b,k\n1,?,u\n2,3,v\n", r"1 of 2 rows .* b \(1\)"),
        ("a,b,k\n1,2,u\n2,3,\n", "lacks 1 of 2 labels"),
        ("", r"t\.csv is empty\. Needed is a CSV file whose first line names its columns\.$"),
        (" \n\n", r"t\.csv is empty\."),
        ("a,b;k\n1,2;u\n", r"line of .*t\.csv is 'a,b;k': ',' and ';' may each .* Write the file with one of them"),
    ],
)
def test_a_file_that_is_no_whole_table_is_a_sentence(tmp_path, text, told):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UserError, match=told) as caught:
        data.load(tmp_path / "t.csv", target="k")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["a,b,k\n{}", "a;b;k\n{}", "sep=;\na;b;k\n{}", "\n \nsep=;\r\n\na;b;k\n{}", '"a, m";"b, c, d";k\n{}', "\tb\tk\n{}"],
)
def test_the_separator_is_what_makes_most_of_the_first_line(tmp_path, text):
    separator = next(each for each in ";\t," if each in text)
    rows = [[f"{place / 8}", f"{place % 5}", "uv"[place % 2]] for place in range(20)]
    file = tmp_path / "t.csv"
    file.write_text(text.format("".join(f"{separator.join(row)}\n" for row in rows)))
    found = data.load(file, target="k")
    assert found.shape == (2,) and found.class_names == ("u", "v") and len(found.feature_names) == 2
    if separator == ";":  # then numbers may have a decimal comma
        file.write_text(file.read_text().replace(".", ","))
        assert data.load(file, target="k").content == found.content


def test_a_table_of_another_encoding_is_told_as_judge_tells_it(tmp_path):
    (tmp_path / "t.csv").write_bytes("a,activation,seed\n1,ä,0\n".encode("latin-1"))
    for read in (lambda: data.load(tmp_path / "t.csv", target="activation"), lambda: actlab.judge(tmp_path / "t.csv")):
        with pytest.raises(UserError, match=r"t\.csv is neither UTF-8 nor UTF-16 with its mark: save it as UTF-8"):
            read()


# Each feature by itself


def test_features_are_standardised_by_the_training_part_alone():
    still = np.c_[X, np.full(90, 0.1)]  # the deviation of 90 times .1 is not computed as 0
    test = np.c_[X[:30] + 1e6, np.arange(30.0)]
    found = data.load({"x": still, "y": Y, "x_valid": test, "y_valid": Y[:30], "x_test": test, "y_test": Y[:30]},
                      pipeline="features")  # fmt: skip
    scaler = StandardScaler().fit(still)
    np.testing.assert_allclose(found.train.x[:, :3], scaler.transform(still)[:, :3], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.test.x[:, :3], scaler.transform(test)[:, :3], rtol=1e-5)
    assert not found.train.x[:, 3].any()
    np.testing.assert_allclose(found.test.x[:, 3], np.arange(30) - 0.1, rtol=1e-6)
    images = data.load("digits", pipeline="features")
    np.testing.assert_allclose(images.train.x.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.unique(images.train.x.std(axis=0).round(4)), [0, 1])


def test_each_seed_standardises_by_its_own_training_part_in_workers_too(tmp_path):
    found = data.load((X, Y), split="resplit", pipeline="features", seed=4)
    index = indices_of(Y, (54, 18, 18), 4)
    for part, own in zip((found.train, found.valid, found.test), index, strict=True):
        np.testing.assert_allclose(part.x, StandardScaler().fit(X[index[0]]).transform(X[own]), rtol=1e-4, atol=1e-5)
    share(found.pool, tmp_path, name := content(found.pool))
    for part, again in zip((found.train, found.valid, found.test), Sent(name, tmp_path).held().parts(4), strict=True):
        assert part.x.tobytes() == again.x.tobytes()


@pytest.mark.parametrize(("x", "feature"), [(X * 0 + 3, 0), (np.c_[X, np.where(Y > 0, 1e300, -1e300)], 3)])
def test_features_that_cannot_be_standardised_are_named(x, feature):
    with pytest.raises(UserError, match=rf"in feature {feature} mean .* cannot be standardised"):
        data.load((x, Y), pipeline="features")


# Runs


def test_a_run_keeps_what_it_was_given_and_goes_on_from_its_folder(tmp_path):
    told = Told()
    run = compare("relu", data=FRAME, target="kind", out=tmp_path / "run", progress=told, **SMALL)
    assert "'NA', 'None', 'cat'" in told.said[0] and run.experiment.target == ""
    moved = tmp_path / "elsewhere"
    shutil.move(run.path, moved)
    run = actlab.load_run(moved)
    kept = data.load(run.experiment.data, pipeline="features")
    assert kept.content == run.experiment.content and kept.class_names == ("NA", "None", "cat")
    scores = actlab.load_model(run, "relu")(torch.from_numpy(kept.test.x)).argmax(1).numpy() == kept.test.y
    assert scores.mean() == run.trials["test_accuracy"][0]
    key = run.trials["key"][0]
    again = compare("relu", "tanh", spec=moved / "experiment.toml", out=moved, progress=told, force=True)
    assert again.trials["key"][0] == key and len(again.trials) == 2
    same = compare("relu", "tanh", data=FRAME, target="kind", out=moved, **SMALL)
    assert set(same.trials["key"]) == set(again.trials["key"])
    with pytest.raises(UserError, match="holds another experiment"):
        compare("relu", "tanh", data=(X, Y + 0.0 * Y), out=moved, **(SMALL | {"pipeline": "standard"}))


@pytest.mark.large
def test_a_file_with_its_column_is_part_of_the_experiment(tmp_path):
    file = csv(tmp_path / "pets.csv")
    run = compare("relu", data=file, target="kind", out=tmp_path / "run", **SMALL)
    assert (run.experiment.data, run.experiment.target) == (str(file), "kind")
    assert actlab.summarise(run).conclusion.startswith("On pets.csv")
    assert (
        actlab.summarise(run.path).as_text()
        == actlab.summarise(run).as_text()
        == actlab.summarise(f"{run.path}").as_text()
    )
    assert draw(str(run.path)) == draw(run)
    assert (
        actlab.load_model(run, actlab.nn.ReLU).state_dict().keys() == actlab.load_model(run, "relu").state_dict().keys()
    )
    with pytest.raises(UserError, match="seed is a whole number, not '0'"):
        actlab.load_model(run, "relu", seed="0")
    with pytest.raises(UserError, match="no run"):
        actlab.summarise(tmp_path)
    again = compare(spec=run.path / "experiment.toml", out=run.path, force=True)
    assert list(again.trials["key"]) == list(run.trials["key"])
    assert list(again.trials["key"]) == list(
        compare("relu", data=FRAME, target="kind", out=tmp_path / "b", **SMALL).trials["key"]
    )
    csv(file, FRAME.assign(a=FRAME["a"] + 1e-9))
    with pytest.raises(UserError, match=r"content: .* in the folder"):
        compare(spec=run.path / "experiment.toml", out=run.path, force=True)
    other = compare(spec=run.path / "experiment.toml", data=(X, Y), out=tmp_path / "other", force=True)
    assert other.experiment.target == ""


def test_the_command_says_the_layout_and_takes_a_table(actlab_command, tmp_path, monkeypatch):
    monkeypatch.setenv("ACTLAB_CACHE", str(tmp_path / "cache"))
    for command in ("compare", "preflight", "try"):
        shown = actlab_command(command, "--help").stdout
        for word in ("x_train", "y_train", "x_valid", "y_valid", "x_test", "y_test", "--target", "features"):
            assert word in shown, (command, word)
    csv(tmp_path / "pets.csv")
    asked = ["preflight", "relu", "--data", "pets.csv", "--target", "kind", "--hidden", "8"]
    plain = actlab_command(*asked, cwd=tmp_path)
    assert "--standardise features" in plain.stdout and "'cat') become classes 0 to 2" in plain.stderr
    assert "drowns" not in actlab_command(*asked, "--standardise", "features", cwd=tmp_path).stdout
    for more, said in ((["--standardise", "feature"], "Did you mean 'features'"),
                       (["--standardise", "features", "--pipeline", "standard"], "leave one out"),
                       (["--data", "digits", "--target", "kind"], "names a column of a table")):  # fmt: skip
        done = actlab_command(*asked, *more, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1) and said in done.stderr
