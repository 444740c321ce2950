"""Pictures of samples: what is counted is recounted, what is chosen is chosen again by loops, pixels are the data's."""

import base64
import io
import itertools
import re
import shutil
import types
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn import datasets
from sklearn.metrics import confusion_matrix

from actlab import compare, data
from actlab.experiment import Experiment, Run, Store, packed
from actlab.report.images import as_pixels, confusion_drawings, disagreements_drawing, png, samples_drawing
from actlab.results import confusions, differing, right_shares
from actlab.running import Needs, add_disagreements

OLDER = Path(__file__).parent / "older" / "format1"
IMAGES = np.zeros((200, 6, 6), np.uint8)
NASTY = ["<script>alert(1)</script>", 'a "b" & c\nd', "x" * 200, "cat"]


def made_up(
    path, *, activations=("relu", "tanh", "elu"), seeds=3, classes=10, tests=200, diverged=(), **samples
) -> Run:
    """A run in which nothing was trained: labels and predictions are drawn by lot."""
    experiment = Experiment(activations=activations, seeds=tuple(range(seeds)), epochs=1, data="mine", content="c" * 64)
    generator, trials = np.random.default_rng(7), experiment.trials()
    true = generator.permutation(np.arange(tests) % classes)
    outcomes, predictions = [], []
    for trial in trials:
        said = np.where(generator.random(tests) < 0.6, true, generator.integers(0, classes, tests))
        failed = (trial.label, trial.seed) in diverged
        outcomes.append({"key": trial.key, "status": "diverged" if failed else "finished", "test_metric": 0.6})
        scores = np.packbits(said == true).tobytes()
        predictions.append({"key": trial.key, "predicted": packed(said), "scores": scores})
    with Store.create(path, experiment, trials) as store:
        store.add_stack("stack", outcomes, [], predictions, [1.0])
        known = {"images": np.zeros((1, 8, 8)), "labels": true[:1], "classes": np.array(classes), "test_labels": true}
        store.add_artefact("samples", known | samples)
    return Run(path)


def keep(run: Run, test_images: np.ndarray) -> dict[str, np.ndarray]:
    """What is kept of a run with these raw test images."""
    test = types.SimpleNamespace(y=run.test_labels(0))
    with Store(run.path) as store:
        add_disagreements(store, types.SimpleNamespace(test=test, test_images=test_images))
    return run.artefact("disagreements")


def counted(run: Run) -> dict[str, np.ndarray]:
    """Activation -> scikit-learn's confusion matrices of its seeds that finished, (seeds, classes, classes)."""
    every = range(int(run.artefact("samples")["classes"]))
    rows = [row for row in run.trials.to_dict("records") if row["status"] == "finished"]
    found = {row["activation"]: [] for row in rows}
    for row in rows:
        matrix = confusion_matrix(run.test_labels(row["seed"]), run.predictions(row["key"]), labels=every)
        found[row["activation"]].append(matrix)
    return {name: np.array(matrices) for name, matrices in found.items()}


def chosen_by_loops(run: Run, most: int = 64) -> list[int]:
    """The rule as it is stated, in whole numbers and fractions."""
    true = run.test_labels(0).tolist()
    right: dict[str, list[list[bool]]] = {}
    for row in run.trials.to_dict("records"):
        if row["status"] == "finished":
            said = run.predictions(row["key"]).tolist()
            right.setdefault(row["activation"], []).append([a == b for a, b in zip(said, true, strict=True)])
    ranked = []
    for place in range(len(true)):
        shares = [Fraction(sum(seed[place] for seed in seeds), len(seeds)) for seeds in right.values()]
        widest = max((abs(a - b) for a, b in itertools.combinations(shares, 2)), default=Fraction(0))
        if widest > 0:
            ranked.append((-widest, place))
    return [place for _, place in sorted(ranked)[:most]]


def elements(drawing, name: str) -> list[ElementTree.Element]:
    """As a strict parser sees the file; it fails where markup is broken."""
    return list(ElementTree.fromstring(drawing.as_file).iter(f"{{http://www.w3.org/2000/svg}}{name}"))


def tips(drawing) -> list[str]:
    """As a page has them: line breaks within an attribute are kept by HTML alone."""
    found = []

    class Marks(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.extend(value for name, value in attrs if name == "data-tip")

    Marks().feed(drawing.__html__())
    return found


def picture_in(drawing) -> np.ndarray:
    [image] = elements(drawing, "image")
    kind, _, content = image.attrib["href"].partition(",")
    assert kind == "data:image/png;base64"
    opened = Image.open(io.BytesIO(base64.b64decode(content)))
    opened.load()
    return np.asarray(opened)


def tiles_in(drawing) -> list[np.ndarray]:
    """The pictures between transparent gaps, row by row."""
    picture = picture_in(drawing)
    solid = picture[..., -1] == 255
    assert np.isin(picture[..., -1], (0, 255)).all()
    down, across = (runs(solid.any(axis=axis)) for axis in (1, 0))
    found = [picture[a:b, c:d] for (a, b), (c, d) in itertools.product(down, across)]
    return [tile[..., :-1] for tile in found if (tile[..., -1] == 255).all()]


def runs(known: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.r_[0, known.astype(int), 0]))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A run on digits, and what was kept of it before two seeds were added."""
    folder = tmp_path_factory.mktemp("digits") / "run"
    asked = {"data": "digits", "epochs": 3, "hidden": (16,), "out": folder, "report": False, "workers": 1}
    run = compare("relu", "tanh", "sigmoid", seeds=3, **asked)
    before, wanted = run.artefact("disagreements"), chosen_by_loops(run)
    again = (folder / "artefacts" / "disagreements.npz").read_bytes()
    compare("relu", "tanh", "sigmoid", seeds=3, **asked)
    assert (folder / "artefacts" / "disagreements.npz").read_bytes() == again, "the same run keeps the same"
    return compare("relu", "tanh", "sigmoid", seeds=5, **asked), before, wanted


# Pixels


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_a_png_is_read_by_others_as_it_was_written(channels, mode):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels)).astype(np.uint8)
    opened = Image.open(io.BytesIO(png(pixels)))
    assert opened.mode == mode and opened.size == (7, 5)
    assert np.array_equal(np.asarray(opened).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("shape", [(28, 28), (5, 9), (8, 8, 3), (3, 8, 8), (1, 6, 6), (40, 3)])
def test_the_samples_drawn_are_the_raw_samples(tmp_path, shape):
    images = np.random.default_rng(1).integers(0, 256, (21, *shape)).astype(np.uint8)
    images.flat[:2] = 0, 255
    drawing = samples_drawing(made_up(tmp_path / "run", images=images, labels=np.arange(21) % 10))
    tiles = tiles_in(drawing)
    wanted = np.moveaxis(images, 1, -1) if shape[0] in (1, 3) else images
    wanted = wanted.reshape(21, *tiles[0].shape[:2], -1)
    assert len(tiles) == 21 and all(np.array_equal(*pair) for pair in zip(tiles, wanted, strict=True))
    assert [mark.text for mark in elements(drawing, "text")] == [str(n % 10) for n in range(21)]
    labels = np.array([[float(mark.attrib[side]) for side in "xy"] for mark in elements(drawing, "text")])
    assert (np.diff(labels[:8, 0]) > 40).all() and (np.diff(labels[::8, 1]) > 15).all(), "over its own picture each"


def test_numbers_of_any_size_are_drawn_dark_to_bright_and_large_images_small():
    values = np.random.default_rng(2).normal(1e6, 1e4, (9, 8, 8))
    [low, top] = values.min(), values.max()
    assert np.array_equal(as_pixels(values)[..., 0], np.rint(255 * (values - low) / (top - low)))
    assert as_pixels(np.full((2, 4, 4), 3.0)).max() == 0 and as_pixels(np.full((2, 4, 4), np.nan)).max() == 0
    large = np.zeros((2, 3, 224, 112), np.uint8)
    large[:, 0, :112], large[:, 2] = 255, 100
    small = as_pixels(large)
    assert small.shape == (2, 44, 22, 3)
    assert (small[:, :22, :, 0] == 255).all() and (small[:, 23:, :, 0] == 0).all() and (small[..., 2] == 100).all()
    for shape in ((2, 1, 500), (2, 500, 1), (2, 2, 3, 4, 5), (1, 1, 1)):
        assert max(as_pixels(np.zeros(shape)).shape[1:3]) <= 60


@pytest.mark.parametrize("features", [1, 10, 3000])
def test_samples_that_are_no_images_are_rows(tmp_path, features):
    values = np.random.default_rng(3).normal(size=(64, features)) * 10.0 ** np.arange(features).clip(0, 9)
    labels = np.random.default_rng(4).normal(size=(64, 3))
    drawing = samples_drawing(made_up(tmp_path / "run", images=values, labels=labels))
    picture = picture_in(drawing)
    assert picture.shape == (32, min(features, 1000), 3)
    if features <= 10:
        for column in range(features):  # the brightest and the darkest of each feature, whatever its unit
            light, order = picture[:, column].sum(axis=1, dtype=int), values[:32, column]
            assert light.argmax() == order.argmax() and light.argmin() == order.argmin()
    said = [mark.text for mark in elements(drawing, "text")]
    assert f"{labels[0, 0]:.3g} {labels[0, 1]:.3g} …"[:9] in " ".join(said)
    assert len(drawing.as_file) < 200_000


def test_a_run_without_samples_has_no_picture(tmp_path):
    assert samples_drawing(made_up(tmp_path / "run", images=np.empty((0, 8, 8)), labels=np.empty(0, int))) is None


# Which class is taken for which


def test_confusions_are_those_that_scikit_learn_counts(tmp_path):
    run = made_up(tmp_path / "run", diverged=[("tanh", 1)])
    for name, matrices in counted(run).items():
        assert len(matrices) == 2 + (name != "tanh")
        assert confusions(run)[name] == pytest.approx(matrices.mean(axis=0))


def test_the_drawn_cells_say_what_was_counted(tmp_path):
    run = made_up(tmp_path / "run", diverged=[("tanh", 1)])
    found = confusion_drawings(run)
    assert list(found.drawings) == ["relu", "tanh", "elu"]
    for name, matrices in counted(run).items():
        mean, seen = matrices.mean(axis=0), {}
        for tip in tips(found.drawings[name]):
            pattern = r"true (\d), said (\d): ([\d.]+)% \(([\d.]+) of (\d+), mean over (\d) seeds\)"
            row, column, share, count, of, seeds = map(float, re.fullmatch(pattern, tip).groups())
            seen[int(row), int(column)] = count
            assert of == 20 and seeds == len(matrices) and share == pytest.approx(5 * count, abs=0.3)
        assert {place: round(value, 1) for place, value in np.ndenumerate(mean) if value} == pytest.approx(seen)


def test_the_sentence_names_the_pair_that_is_confused_most(tmp_path):
    run = made_up(tmp_path / "run", activations=("relu",), seeds=2)
    [mean] = [matrices.mean(axis=0) for matrices in counted(run).values()]
    pairs = {(a, b): mean[a, b] + mean[b, a] for a, b in itertools.combinations(range(10), 2)}
    (a, b), most = max(pairs.items(), key=lambda item: item[1])
    share = 100 * most / 40
    expected = f"Most often confused: {a} and {b} by relu ({share:.1f}% of their test examples)."
    assert confusion_drawings(run).said == expected


def test_more_errors_are_redder_and_right_ones_are_not_red(tmp_path):
    run = made_up(tmp_path / "run")
    shades = {}
    for name, drawing in confusion_drawings(run).drawings.items():
        for mark in elements(drawing, "rect")[1:]:  # the first one is the paper
            row, column = map(int, re.findall(r"(?:true|said) (\d)", mark.attrib["data-tip"]))
            assert (mark.attrib["class"] == "shade") == (row == column)
            if row != column:
                shades[name, row, column] = float(mark.attrib["style"].partition(":")[2])
    means = {name: matrices.mean(axis=0) for name, matrices in counted(run).items()}
    counts = {place: means[place[0]][place[1:]] for place in shades}
    ordered = sorted(shades, key=lambda place: counts[place])
    assert np.all(np.diff([shades[place] for place in ordered]) >= 0), "one scale for all activations"
    assert shades[ordered[-1]] > 3 * shades[ordered[0]]


def test_no_matrix_of_many_classes_and_a_bounded_number_of_cells(tmp_path):
    assert confusion_drawings(made_up(tmp_path / "many", classes=21)) is None
    names = tuple(f"leaky_relu(0.{n:02d})" for n in range(1, 13))
    found = confusion_drawings(made_up(tmp_path / "twelve", activations=names, classes=20, seeds=1, tests=4000))
    assert len(found.drawings) == 5 and "the first 5 of 12 activations" in found.caption
    assert sum(len(drawing.as_file) for drawing in found.drawings.values()) < 500_000


def test_a_run_in_which_all_are_right(tmp_path):
    run = made_up(tmp_path / "run", activations=("relu",), seeds=1, classes=3)
    with Store(run.path) as store:
        store.add_artefact("samples", run.artefact("samples") | {"test_labels": run.predictions(run.trials["key"][0])})
    found = confusion_drawings(Run(run.path))
    assert found.said == "There is no error." and len(tips(found.drawings["relu"])) == 3


def test_names_of_classes_are_only_text(tmp_path):
    names = np.array(NASTY)
    run = made_up(tmp_path / "run", classes=4, class_names=names, images=IMAGES[:4], labels=names)
    kept = keep(run, IMAGES)
    assert len(kept["index"]) == 64
    drawings = [
        samples_drawing(run),
        disagreements_drawing(run).drawings[""],
        *confusion_drawings(run).drawings.values(),
    ]
    for drawing in drawings:
        assert not elements(drawing, "script") and "<script" not in drawing.as_file
        said = [mark.text for mark in elements(drawing, "text")]
        assert any(text.startswith("<scri") for text in said), said
        assert max(map(len, said)) < 60
        assert all(len(line) <= 200 for tip in tips(drawing) for line in tip.split("\n"))


# Where activations differ


def test_the_rule_by_which_examples_are_chosen(tmp_path):
    for place, seeds in enumerate((1, 3, 7)):  # shares in thirds and sevenths, which floats only round
        run = made_up(tmp_path / str(place), seeds=seeds, diverged=[("relu", 1)] if seeds > 1 else ())
        assert differing(right_shares(run), 64).tolist() == chosen_by_loops(run)
        assert differing(right_shares(run), 5).tolist() == chosen_by_loops(run, 5)
    alone = made_up(tmp_path / "alone", activations=("relu",))
    assert differing(right_shares(alone), 64).tolist() == chosen_by_loops(alone) == []
    assert differing({}, 64).tolist() == []


def test_what_is_drawn_of_them_is_what_the_predictions_say(tmp_path):
    run = made_up(tmp_path / "run")
    images = np.random.default_rng(5).integers(0, 256, (200, 9, 9)).astype(np.uint8)
    images.flat[:2] = 0, 255
    kept = keep(run, images)
    index = chosen_by_loops(run)
    assert kept["index"].tolist() == index and np.array_equal(kept["images"], images[index])
    assert kept["images"].dtype == np.uint8 and np.array_equal(kept["label"], run.test_labels(0)[index])
    found = disagreements_drawing(run)
    drawing, true = found.drawings[""], run.test_labels(0)
    scaled = as_pixels(images[index])
    assert all(np.array_equal(*pair) for pair in zip(tiles_in(drawing), scaled, strict=True))
    assert [mark.text for mark in elements(drawing, "text")] == [str(true[place]) for place in index]
    keys = {name: run.trials.loc[run.trials["activation"] == name, "key"] for name in run.activations}
    said = {name: np.array([run.predictions(key) for key in own]) for name, own in keys.items()}
    for place, tip in zip(index, tips(drawing), strict=True):
        first, *lines = tip.split("\n")
        assert first == f"{true[place]}, test image {place}" and len(lines) == 3
        for name, line in zip(said, lines, strict=True):
            arm, told = line.split("\t")
            answers = said[name][:, place]
            assert arm == name and told.startswith(f"{(answers == true[place]).sum()} of 3 right")
            wrong = {int(b): int(a) for a, b in re.findall(r"(\d+) said (\d+)", told)}
            assert wrong == {n: int((answers == n).sum()) for n in set(answers.tolist()) - {int(true[place])}}
    pieces = re.compile(r"M([\d.]+) [\d.]+L([\d.]+) ")
    for arm in (mark for mark in elements(drawing, "g") if "data-arm" in mark.attrib):
        whole, part = (np.array(pieces.findall(line.attrib["d"]), float) for line in arm)
        share = np.diff(part, axis=1) / np.diff(whole, axis=1)
        assert share[:, 0] == pytest.approx(
            (said[arm.attrib["data-arm"]][:, index] == true[index]).mean(axis=0), abs=0.01
        )
    most = np.array([(answers == true).mean(axis=0) for answers in said.values()])
    split = sum(column.max() > 0.5 > column.min() for column in most.T)
    assert 0 < split < 200 and found.said.startswith(f"On {split} of 200 test images ")


@pytest.mark.parametrize(
    ("shape", "kind", "step"),
    [((224, 224, 3), np.uint8, 4), ((3, 130, 70), np.float64, 3), ((28, 28), np.int64, 1), ((4, 4, 4), bool, 1)],
)
def test_what_is_kept_is_bounded(tmp_path, shape, kind, step):
    run = made_up(tmp_path / "run", seeds=1, tests=100)
    images = (np.random.default_rng(6).random((100, *shape)) * 200).astype(kind)
    kept = keep(run, images)
    thin = images[kept["index"]][:, *(slice(None, None, step if side > 4 else 1) for side in shape)]
    assert len(kept["images"]) == len(kept["index"]) > 30 and np.array_equal(kept["images"], thin.astype(np.float32))
    assert kept["images"].nbytes <= 1_000_000
    assert (run.path / "artefacts" / "disagreements.npz").stat().st_size < 1_010_000
    assert len(disagreements_drawing(run).drawings[""].as_file) < 800_000


def test_twenty_activations_are_drawn_with_fewer_images(tmp_path):
    names = tuple(f"leaky_relu(0.{n:02d})" for n in range(1, 21))
    run = made_up(tmp_path / "run", activations=names, seeds=2)
    keep(run, np.zeros((200, 8, 8), np.uint8))
    drawing = disagreements_drawing(run).drawings[""]
    assert len(tiles_in(drawing)) == 40 and all(tip.count("\n") == 20 for tip in tips(drawing))
    assert len(drawing.as_file) < 200_000


def test_in_a_run_on_digits(digits):
    run, before, wanted_before = digits
    kept, source = run.artefact("disagreements"), datasets.load_digits()
    wanted = chosen_by_loops(run)
    assert before["index"].tolist() == wanted_before != wanted, "other seeds, other images"
    assert kept["index"].tolist() == wanted and len(wanted) == 64
    x = data.load("digits").test.x[wanted].reshape(-1).astype(float)
    raw = kept["images"].reshape(-1).astype(float)
    slope, start = np.polyfit(x, raw, 1)  # what was tested is what is kept, with mean and deviation taken out
    assert slope * x + start == pytest.approx(raw, abs=1e-4)
    for image, label in zip(kept["images"], kept["label"], strict=True):
        same = (source.images == image).all(axis=(1, 2))
        assert label in source.target[same]
    for name, matrices in counted(run).items():
        assert len(matrices) == 5 and confusions(run)[name] == pytest.approx(matrices.mean(axis=0))
    assert list(confusion_drawings(run).drawings) == ["relu", "tanh", "sigmoid"]
    assert len(tiles_in(disagreements_drawing(run).drawings[""])) == 64
    assert len(tiles_in(samples_drawing(run))) == 64


def test_drawn_as_a_file(digits, tmp_path):
    run, _, _ = digits
    drawing = disagreements_drawing(run).drawings[""]
    for ending in ("png", "pdf", "svg"):
        drawing.save(tmp_path / f"d.{ending}")
    picture = np.asarray(Image.open(tmp_path / "d.png").convert("L"))
    first = tiles_in(drawing)[0]
    assert picture.shape[1] == 880 and picture.min() < 30, "the images are in it"
    assert len(np.unique(picture)) > first.max() // 20
    assert (tmp_path / "d.pdf").stat().st_size > 5_000


@pytest.mark.large
def test_where_each_seed_has_a_test_set_of_its_own_no_image_is_kept(tmp_path):
    run = compare("relu", "tanh", data="digits", split="resplit", seeds=2, epochs=1, out=tmp_path / "run", report=False)
    assert right_shares(run) == {} and run.artefact("disagreements") == {} and disagreements_drawing(run) is None
    assert not np.array_equal(run.test_labels(0), run.test_labels(1))
    for name, matrices in counted(run).items():
        assert confusions(run)[name] == pytest.approx(matrices.mean(axis=0))
    assert len(confusion_drawings(run).drawings) == 2


@pytest.mark.large
def test_of_numbers_there_are_samples_alone(tmp_path):
    run = compare("relu", "tanh", data="diabetes", seeds=2, epochs=1, out=tmp_path / "run", report=False)
    assert run.artefact("disagreements") == {}
    assert confusion_drawings(run) is None and disagreements_drawing(run) is None and samples_drawing(run)


def test_of_a_table_with_named_classes_there_are_confusions_by_name(tmp_path):
    generator = np.random.default_rng(8)
    x, y = generator.normal(size=(300, 5)), np.array(NASTY)[generator.integers(0, 4, 300)]
    run = compare("relu", "tanh", data=(x, y), seeds=2, epochs=1, out=tmp_path / "run", report=False)
    assert run.artefact("disagreements") == {} and disagreements_drawing(run) is None
    assert run.artefact("samples")["class_names"].tolist() == sorted(NASTY)
    said = {mark.text for mark in elements(confusion_drawings(run).drawings["relu"], "text")}
    assert {"cat", 'a "b" & c d', "<script>ale…", "xxxxxxxxxxx…"} <= said


def test_raw_images_are_in_the_memory_that_is_stated():
    experiment, kept = Experiment(data="digits", activations=("relu",), seeds=(0,)), data.load("digits")
    plain = types.SimpleNamespace(
        **{name: getattr(kept, name) for name in ("train", "valid", "test", "pool", "outputs")}
    )
    plain.test_images = None
    more = Needs.of(experiment, kept).shared - Needs.of(experiment, plain).shared
    assert more == kept.test_images.nbytes == 360 * 64 * 8
    assert data.load("diabetes").test_images is None and data.load("digits", split="tutorial").test_images is None


def test_an_older_run_has_what_its_predictions_say(tmp_path):
    run = Run(shutil.copytree(OLDER, tmp_path / "run"))
    assert disagreements_drawing(run) is None, "its test images were not kept"
    found = confusions(run)
    for name in ("relu", "tanh"):
        keys = run.trials.loc[run.trials["activation"] == name, "key"]
        matrices = [confusion_matrix(run.test_labels(0), run.predictions(key), labels=range(10)) for key in keys]
        assert found[name] == pytest.approx(np.mean(matrices, axis=0))
    assert len(confusion_drawings(run).drawings) == 2 and len(tiles_in(samples_drawing(run))) == 64
