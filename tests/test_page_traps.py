"""What the page might get wrong without anyone noticing: each test stands for a mistake that was found or planted."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest
from test_figures import SVG, forest_of, of_class, parsed, scale_of
from test_insides import FINE, planted
from test_report import fake_run

from actlab.experiment import METRICS, Experiment, Run, Tried
from actlab.report import draw, figures
from actlab.report.curves import arm_colours, predicted, quantities
from actlab.report.drawing import parts_of, pictures_of
from actlab.report.svg import Drawing, beside, path, sheet, text, tick_texts
from actlab.results import Summary, Tuning, confusions, inside_said, summarise
from actlab.stats import Unit, compare


def tips_of(drawing):
    return [node.get("data-tip") for node in of_class(parsed(drawing), "hit")]


def test_samples_are_read_once_not_for_each_trial(tmp_path, monkeypatch):
    read, artefact = [], Run.artefact
    monkeypatch.setattr(Run, "artefact", lambda run, name: (read.append(name), artefact(run, name))[1])
    confusions(fake_run(tmp_path / "run", seeds=20, epochs=1))
    assert len(read) < 10


def test_looks_end_with_the_last_seed_that_is_trained(tmp_path):
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=12, epochs=2, max_seeds=20)
    run.trials.loc[run.trials["seed"] >= 8, "status"] = "planned"
    summary = summarise(run)
    tips = tips_of(figures.looks_drawing(summary, "tanh"))
    assert [tip.partition(" ")[0] for tip in tips] == ["5", "6", "7", "8"]
    [item] = summary.comparisons
    assert item.n == 8 and summary.measure.unit.bracketed(item.low, item.high) in tips[-1]


def test_lines_decades_apart_do_not_lie_on_each_other(tmp_path):
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=2, epochs=30)
    late = np.where(run.curves["activation"] == "relu", 1e-3, 1e-5)
    for part in ("train", "valid"):
        run.curves[f"{part}_loss"] = np.where(run.curves["epoch"] < 3, 1.0, late)
    quantity = quantities(run)["loss"]
    assert "lie on each other" not in figures.curves_said(run, quantity)
    drawing = figures.curve_drawing(run, quantity)
    assert "tanh ends at 1e-05" in drawing.label and "tanh\t1e-05 (" in tips_of(drawing)[-1], "and not at 0.0000"
    lines = {node.get("data-arm"): node for node in parsed(drawing).iter() if node.get("data-arm")}
    last = [float(of_class(lines[arm], "valid")[-1].get("d").split()[-1]) for arm in ("relu", "tanh")]
    assert last[1] - last[0] > 80
    run.curves["valid_loss"] = run.curves["train_loss"] = np.where(run.curves["epoch"] < 3, 1.0, 1e-3)
    assert "relu and tanh lie on each other." in figures.curves_said(run, quantity)


def test_numbers_beside_an_axis_leave_room_for_its_title():
    assert max(len(said) for _, said in tick_texts([0.0001, 0.00025, 0.001, 10.0, -0.0002])) <= 6


def test_a_look_says_what_the_verdict_says(tmp_path):
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=12, epochs=2, max_seeds=20, effects={"tanh": -0.9})
    summary = summarise(run)
    [item] = summary.comparisons
    assert "learn" in item.verdict, "the case"
    assert tips_of(figures.looks_drawing(summary, "tanh"))[-1].endswith(f", {item.verdict}")


def test_what_a_forest_cuts_off_is_marked(tmp_path):
    arms = ("relu", "tanh", "elu", "silu", "softplus")
    run = fake_run(tmp_path / "run", arms, seeds=40, epochs=1, effects=dict.fromkeys(arms, 0.0))
    lost = (run.trials["activation"] == "elu") & (run.trials["seed"] == 3)
    run.trials.loc[lost, "test_accuracy"] -= 0.06
    root = parsed(forest_of(run))
    _, start = scale_of(root)
    assert abs(start) < 2, "one seed does not squeeze the others"
    assert len(of_class(root, "dot")) == 159
    [mark] = [node for node in root.iter() if node.text == "◄"]
    [item] = [item for item in summarise(run).comparisons if item.name == "elu"]
    values = run.trials.set_index(["activation", "seed"])["test_accuracy"]
    least = 100 * min(item.low, values["elu", 3] - values["relu", 3])
    assert mark.get("data-tip") == f"elu: as far as {least:.2f} points"


def test_what_was_not_measured_inside_is_not_said_to_be_well(tmp_path):
    run = planted(tmp_path / "run", {"relu": {}, "tanh": {}, "elu": {}}, seeds=3)
    assert inside_said(run) == [FINE]
    gone = (run.inside["activation"] == "relu") | ((run.inside["activation"] == "elu") & (run.inside["seed"] == 1))
    run.__dict__["inside"] = run.inside.loc[~gone]
    assert inside_said(run) == [FINE, "Not all networks were measured: 0 of 3 of relu and 2 of 3 of elu."]


def test_a_name_that_xml_does_not_know_can_be_drawn(tmp_path):
    drawing = Drawing(40, 20, "\x01", (text(1, 10, "a\x01\ufffe\N{GRINNING FACE}\tb"),))
    drawing.save(tmp_path / "a.png")
    assert ET.fromstring(drawing.as_file).find("{*}text").text == "a\\u0001\\ufffe\N{GRINNING FACE}\tb"


def test_targets_that_are_all_equal_are_drawn_as_they_are(tmp_path, monkeypatch):
    run = fake_run(tmp_path / "run", seeds=2, epochs=2)
    true = np.array([[0.0, 5.0], [2.0, 5.0]])
    run.__dict__ |= {"experiment": run.experiment, "metric": METRICS["r2"]}
    monkeypatch.setattr(Run, "test_labels", lambda run, seed: true)
    monkeypatch.setattr(Run, "predictions", lambda run, key: np.add(true, [[1.0, 0.5], [0.0, 0.0]]))
    with np.errstate(all="raise"):
        _, shown, said = predicted(run)["tanh"]
    assert shown.tolist() == [[-1, 0], [1, 0]] and said.tolist() == [[0, 0.5], [1, 0]]


def test_looks_are_taken_once_for_all_arms_and_begin_before_each_has_seeds(tmp_path, monkeypatch):
    run = fake_run(tmp_path / "run", ("relu", "tanh", "elu", "silu"), seeds=9, epochs=1, max_seeds=20)
    run.trials.loc[(run.trials["activation"] == "tanh") & (run.trials["seed"] < 6), "status"] = "planned"
    summary, taken = summarise(run), []
    monkeypatch.setattr(figures, "compare", lambda *given, **more: (taken.append(1), compare(*given, **more))[1])
    drawn = {item.name: tips_of(figures.looks_drawing(summary, item.name)) for item in summary.comparisons}
    assert len(taken) == 5
    assert drawn["tanh"][0] == "5 seeds: – –, too few seeds" and "[" in drawn["silu"][0]


def test_bands_are_those_of_validation_from_the_lowest_to_the_highest_seed(tmp_path):
    run = fake_run(tmp_path / "run", seeds=6, epochs=25)
    root = parsed(figures.curve_drawing(run, quantities(run)["accuracy"]))
    slope, start = scale_of(root, across=False)
    [arm] = [node for node in root.iter() if node.get("data-arm") == "tanh"]
    [band] = of_class(arm, "band")
    drawn = start + slope * np.array(re.findall(r"[ML][\d.]+ ([\d.]+)", band.get("d")), float)
    by_epoch = run.curves.query("activation == 'tanh'").groupby("epoch")["valid_accuracy"]
    outline = np.concatenate([by_epoch.max(), by_epoch.min()[::-1]])
    assert np.allclose(drawn, 100 * outline, atol=abs(slope))


def test_looks_before_the_last_are_sequential(tmp_path):
    summary = summarise(fake_run(tmp_path / "run", ("relu", "tanh"), seeds=12, epochs=2, max_seeds=20))
    tips = tips_of(figures.looks_drawing(summary, "tanh"))
    unit, [item] = summary.measure.unit, summary.comparisons
    table = {arm: {seed: values[seed] for seed in range(8)} for arm, values in summary.values.items()}
    [then], [fixed] = (compare(table, "relu", margin=item.margin, sequential=looks) for looks in (True, False))
    assert unit.bracketed(then.low, then.high) != unit.bracketed(fixed.low, fixed.high)
    assert unit.bracketed(then.low, then.high) in tips[3]


class Marks(HTMLParser):
    """Every element of a page: tag, attributes, own text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        assert len({name for name, _ in attributes}) == len(attributes), "an attribute twice"
        self.found.append((tag, dict(attributes), []))

    def handle_data(self, data):
        if self.found:
            self.found[-1][2].append(data)

    def of(self, tag, **wanted):
        wanted = {key.replace("_", "-"): value for key, value in wanted.items()}.items()
        return [(given, "".join(said).strip()) for name, given, said in self.found
                if name == tag and wanted <= given.items()]  # fmt: skip


def test_the_page_colours_what_it_names(tmp_path):
    """A verdict has its own colour and stands below its header; an activation has its own dot."""
    effects = {"relu": 0.0, "tanh": 0.02, "elu": -0.02, "silu": 0.0001}
    run = fake_run(tmp_path / "run", tuple(effects), effects=effects, epochs=12)
    page = draw(run).read_text(encoding="utf-8")
    marks, summary, both = Marks(page), summarise(run), ("better", "worse")
    verdicts = {item.name: item.verdict for item in summary.comparisons}
    assert (verdicts["tanh"], verdicts["elu"]) == both, "the case"
    cells = [(given.get("data-label"), given.get("class"), said) for given, said in marks.of("td")]
    for verdict in both:
        assert cells.count(("verdict", verdict, verdict)) == 2, "in both tables"
    assert {label for label, kind, _ in cells if kind in both} == {"verdict"}
    tips = {given.get("data-tip") or "": given["style"] for given, _ in marks.of("circle") if given.get("style")}
    for name, colour in arm_colours(run).items():
        [chip] = [given for given, _ in marks.of("button") if given.get("data-arm") == name]
        assert chip["style"] == f"--tint: {colour}"
        dots = re.findall(rf'<td title="{name}"><span class="dot" style="background: ([^"]+)"', page)
        assert len(dots) >= 2 and set(dots) == {colour}
        own = {style for tip, style in tips.items() if tip.startswith(f"{name}, seed 0:")}
        assert own == ({f"color:{colour}"} if name in verdicts else set())
    badges = {said: given["class"] for given, said in marks.of("text") if said in both}
    assert badges == {"better": "better", "worse": "worse"}


def test_the_page_says_all_that_is_to_be_known(tmp_path, monkeypatch):
    run = fake_run(tmp_path / "run", diverged=[("tanh", 1)], epochs=12)
    told = ["The first warning.", "The second one."]
    monkeypatch.setattr(Summary, "warned", told)
    monkeypatch.setattr(Summary, "warned_in_short", "Two warnings.")
    said = draw(run).read_text(encoding="utf-8")
    for sentence in (*told, "Two warnings.", "1 of 30 trials diverged"):
        assert said.count(sentence) == 1, sentence


def test_ids_are_unique_and_everything_is_closed(tmp_path):
    page = draw(fake_run(tmp_path / "run", learning_rate=(0.1, 0.01), seeds=6, epochs=3)).read_text(encoding="utf-8")
    named = [given["id"] for _, given, _ in Marks(page).found if given.get("id")]
    assert len(named) == len(set(named)) > 10
    markup, opened = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL), []
    for close, tag, end in re.findall(r"<(/?)([a-z]\w*)[^<>]*?(/?)>", markup):
        if close:
            assert opened.pop() == tag
        elif not end and tag not in ("meta", "link", "br"):
            assert not (tag in ("div", "table", "ul", "figure", "details", "pre", "p") and "p" in opened), "within p"
            opened.append(tag)
    assert opened == []


def test_files_have_the_drawing_that_their_name_says(tmp_path):
    run = fake_run(tmp_path / "run", seeds=6, epochs=3)
    found = pictures_of(run, summarise(run))
    assert found["accuracy.png"].label.startswith("Accuracy by epoch,")
    assert found["loss.png"].label.startswith("Loss by epoch,")
    for name in ("accuracy.png", "loss.png"):
        assert ">leaky_relu</text>" in found[name].as_file, "with a legend"


def test_a_line_is_broken_where_there_is_no_number():
    drawn = path(np.arange(5.0), np.array([1, 2, np.nan, 4, 5.0]))
    assert 'd="M0 1L1 2M3 4L4 5"' in drawn


def test_drawings_beside_each_other_lie_in_rows():
    one = Drawing(100, 50, "one", (text(0, 0, "x"),))
    both = beside([one, one, one], 2, "title")
    assert (both.width, both.height) == (200, 130)
    moved = [node.get("transform") for node in parsed(both).iter(SVG + "g")]
    assert moved == ["translate(0 30)", "translate(100 30)", "translate(0 80)"]


@pytest.mark.parametrize("lower", [False, True])
def test_to_the_right_is_better(tmp_path, lower):
    values = {"relu": {}, "tanh": {}}
    for seed in range(8):
        values["relu"][seed], values["tanh"][seed] = 0.9 + 0.001 * (seed % 3), 0.93 + 0.002 * (seed % 2)
    unit = Unit(1.0, "", 4, "lower") if lower else Unit()  # what is compared is such that more is better
    [item] = compare(values, "relu", margin=0.001)
    root = parsed(figures.forest([item], values, ["relu", "tanh"], "the metric", unit))
    [zero], [mean] = of_class(root, "axis"), of_class(root, "mark")
    assert float(mean.get("d")[1:].split()[0]) > float(zero.get("d")[1:].split()[0]) + 50
    words = " ".join(node.text for node in root.iter(SVG + "text"))
    assert "to the right is better" in words and ("better (lower)" if lower else "better") in words
    assert ("how far the metric lies below that of relu" if lower else "the metric minus that of relu") in words


def test_each_dot_of_a_forest_names_its_own_seed(run_with_a_lost_seed):
    run = run_with_a_lost_seed
    values = run.trials.query("status == 'finished'").set_index(["activation", "seed"])["test_accuracy"]
    tips = {node.get("data-tip") for node in of_class(parsed(forest_of(run)), "dot")}
    for seed in (0, 1, 2, 4, 5):
        difference = 100 * (values["tanh", seed] - values["relu", seed])
        assert f"tanh, seed {seed}: {difference:+.2f} points" in tips
    assert len(tips) == 5


def test_each_strip_lies_at_its_epoch(run_with_a_lost_seed):
    root = parsed(figures.curve_drawing(run_with_a_lost_seed, quantities(run_with_a_lost_seed)["loss"]))
    slope, start = scale_of(root)
    [frame] = [node for node in root if node.tag == SVG + "svg"]
    assert frame.get("viewBox").split()[:2] == [frame.get("x"), frame.get("y")], "marks stand in pixels of the whole"
    for epoch, strip in enumerate(of_class(root, "hit"), start=1):
        assert strip.get("data-tip").startswith(f"epoch {epoch}\n")
        left, wide = float(strip.get("x")), float(strip.get("width"))
        assert start + slope * left <= epoch + 0.01 and start + slope * (left + wide) >= epoch - 0.01


@pytest.fixture
def run_with_a_lost_seed(tmp_path):
    return fake_run(tmp_path / "run", ("relu", "tanh"), seeds=6, epochs=4, diverged=[("tanh", 3)])


def test_looks_have_mean_margin_and_seeds_where_they_are(tmp_path):
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=9, epochs=2, max_seeds=20)
    summary = summarise(run)
    root, [item] = parsed(figures.looks_drawing(summary, "tanh")), summary.comparisons
    slope, start = scale_of(root, across=False)
    [shade], [band] = of_class(root, "shade"), of_class(root, "band")
    top, tall = float(shade.get("y")), float(shade.get("height"))
    assert np.allclose([start + slope * top, start + slope * (top + tall)],
                       [100 * item.margin, -100 * item.margin], atol=abs(slope))  # fmt: skip
    [line] = [node for node in root.iter(SVG + "path") if node.get("class") is None]
    means = [
        100 * np.mean([summary.values["tanh"][s] - summary.values["relu"][s] for s in range(n)]) for n in range(5, 10)
    ]
    drawn = np.array(re.findall(r"[ML]([\d.]+) ([\d.]+)", line.get("d")), float)
    assert np.allclose(start + slope * drawn[:, 1], means, atol=abs(slope))
    ends = np.array(re.findall(r"[ML]([\d.]+) ([\d.]+)", band.get("d")), float)
    last = [start + slope * y for x, y in ends if x == ends[:, 0].max()]
    assert np.allclose(sorted(last), [100 * item.low, 100 * item.high], atol=abs(slope))


def test_predicted_is_upwards_and_true_to_the_right(tmp_path, monkeypatch):
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=2, epochs=2)
    found = {"tanh": (1, np.array([[0.0], [10.0]]), np.array([[2.0], [3.0]]))}
    monkeypatch.setattr(figures, "predicted", lambda run: found)
    root = parsed(figures.predicted_drawings(run)["tanh"])
    (across, left), (up, low) = scale_of(root), scale_of(root, across=False)
    dots = [(float(node.get("cx")), float(node.get("cy"))) for node in of_class(root, "dot")]
    assert np.allclose([(left + across * x, low + up * y) for x, y in dots], [(0, 2), (10, 3)], atol=0.1)


def test_files_are_light():
    assert f"stroke: {re.search('--ink: (.*?);', sheet('colours.css'))[1]}" in Drawing(9, 9, "", ("x",)).as_file


def test_rates_have_points_rings_and_words_where_they_are():
    setting = {"learning_rate": 0.1, "weight_decay": 0.0, "dropout": 0.0, "initialisation": "pytorch"}
    chosen = {"relu": setting, "tanh": setting | {"learning_rate": 1.0}}
    experiment = Experiment(activations=("relu", "tanh"), learning_rate=(0.01, 0.1, 1.0), tuned=chosen, data="digits")
    values = {("relu", 0.01): 0.93, ("relu", 0.1): 0.97, ("relu", 1.0): None, ("tanh", 0.1): 0.94, ("tanh", 1.0): 0.96}
    tried = [
        Tried(name, setting | {"learning_rate": rate}, value or np.inf, value or np.nan, 3, 0 if value else 3)
        for (name, rate), value in values.items()
    ]
    tint = {"relu": "#111111", "tanh": "#222222"}
    root = parsed(figures.tuning_drawing(Tuning(experiment, tried), tint))
    tips = [node.get("data-tip") for node in of_class(root, "hit")]
    assert tips == [
        "learning rate 0.01\nrelu\t93.00\ntanh\tnot tried",
        "learning rate 0.1\nrelu\t97.00, chosen\ntanh\t94.00",
        "learning rate 1\nrelu\tdiverged\ntanh\t96.00, chosen",
    ]
    slope, start = scale_of(root, across=False)
    places = [float(strip.get("data-x")) for strip in of_class(root, "hit")]
    for arm, at, value in (("relu", 1, 97), ("tanh", 2, 96)):
        [lines] = [node for node in root.iter() if node.get("data-arm") == arm]
        assert lines.get("style") == f"color:{tint[arm]}"
        [ring] = of_class(lines, "circled")
        assert abs(float(ring.get("cx")) - places[at]) < 0.11
        assert abs(start + slope * float(ring.get("cy")) - value) < abs(slope)
        assert len(of_class(lines, "fill")) == 2


def test_looks_stand_on_the_page_where_seeds_were_added(tmp_path):
    run, arms = fake_run(tmp_path / "run", seeds=7, epochs=2, max_seeds=20), ("tanh", "leaky_relu")
    shown = parts_of(run, summarise(run))["looks"]
    assert [drawing.label.partition(":")[0] for drawing in shown] == [*arms]
