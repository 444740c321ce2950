"""What is said and drawn of the inside of networks is what was measured there."""

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from test_docs import study
from test_report import fake_run

from actlab.experiment import Run, inside
from actlab.experiment.inside import MEASURED
from actlab.report.inside import MEASURES, inside_drawings
from actlab.results import by_layer, inside_said
from actlab.results.insides import SHOWN, _faint
from actlab.workflows.comparison import compare

EPOCHS = (0, 1, 2, 4, 8)
FINE = "No layer is dead or saturated, no gradient vanishes."


def planted(path, values, *, seeds=2, learned=None, hidden=(9, 9, 9), **choices) -> Run:
    """A run with these measurements: arm -> measure -> an array that fits seeds, epochs and layers; others: small."""
    run = fake_run(path, tuple(values), seeds=seeds, epochs=EPOCHS[-1], hidden=hidden, **choices)
    rows = []
    for trial in run.trials.to_dict("records"):
        for at, epoch in enumerate(EPOCHS):
            for layer in range(len(hidden)):
                row = {"key": trial["key"], "activation": trial["activation"], "seed": trial["seed"]}
                row |= {"epoch": epoch, "layer": layer + 1, **dict.fromkeys(MEASURED, 0.01), "learned": None}
                row["histogram"] = np.array([layer + 1] * 64 + [20, 40, 60], inside.COUNTS)  # below, above, NaN
                for name, array in values[trial["activation"]].items():
                    shape = (seeds, len(EPOCHS), len(hidden))
                    row[name] = float(np.broadcast_to(array, shape)[trial["seed"], at, layer])
                if learned and trial["activation"] in learned:
                    row["learned"] = np.array(learned[trial["activation"]][layer][at])
                rows.append(row)
    run.__dict__["inside"] = pd.DataFrame(rows)
    return run


def by_epoch(*values):
    """The same in every layer and seed."""
    return np.reshape(values, (1, -1, 1))


def by_place(*values):
    """The same in every epoch and seed."""
    return np.reshape(values, (1, 1, -1))


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Run:
    out = tmp_path_factory.mktemp("insides") / "run"
    names, shape = ("relu", "prelu", "sigmoid"), {"hidden": (12, 9), "seeds": 3, "epochs": 3}
    return compare(*names, data="digits", out=out, report=False, workers=1, **shape)


def test_the_numbers_are_those_of_the_run(real):
    table = by_layer(real)
    assert list(table["arm"].unique()) == ["relu", "prelu", "sigmoid"] and len(table) == 3 * 2 * 4
    for row in table.to_dict("records"):
        chosen = (real.inside[name] == row[other] for name, other in
                  (("activation", "arm"), ("layer", "layer"), ("epoch", "epoch")))  # fmt: skip
        own = real.inside[np.logical_and.reduce([*chosen])]
        assert (row["networks"], row["lost"]) == (3, 0) and sorted(own["seed"]) == [0, 1, 2]
        for name in SHOWN:
            right = [sum(own[name]) / 3, min(own[name]), max(own[name])]
            assert [row[name], row[f"{name}_low"], row[f"{name}_high"]] == pytest.approx(right, nan_ok=True), name


def test_a_dead_layer_is_said_with_its_share_spread_and_epoch(tmp_path):
    dead = by_epoch(0.0, 0.12, 0.05, 0.1, 0.2) * by_place(1.0, 2.0, 0.5) * np.reshape([0.5, 1.5], (-1, 1, 1))
    run = planted(tmp_path / "run", {"relu": {"dead": dead}, "tanh": {}})
    assert inside_said(run) == [
        "40% of relu's units in layer 2, the worst of 3, are dead at the end (20% to 60% over 2 seeds); 10% or more "
        "from epoch 1 on."
    ]


@pytest.mark.parametrize(
    ("name", "arm", "shares", "said"),
    [
        ("dead", "relu", (0.5, 0.5, 0.5, 0.5, 0.099), ""),  # no more at the end
        ("dead", "relu", (0.0, 0.5, 0.0, 0.0, 0.1), "10% or more from epoch 8 on."),
        ("dead", "relu", (0.0, 0.5, 0.0, 0.3, 0.2), "10% or more from epoch 4 on."),
        ("dead", "relu", (0.1, 0.2, 0.2, 0.2, 0.2), "10% or more from the start."),
        ("saturated", "tanh", (0.0, 0.9, 0.9, 0.9, 0.49), ""),
        ("saturated", "tanh", (0.0, 0.1, 0.2, 0.6, 0.5), "50% or more from epoch 4 on."),
        ("saturated", "relu", (0.5, 0.6, 0.7, 0.8, 0.9), ""),  # by design
    ],
)
def test_what_is_said_from_when(tmp_path, name, arm, shares, said):
    run = planted(tmp_path / "run", {arm: {name: by_epoch(*shares)}}, hidden=(9,), seeds=1)
    [told] = inside_said(run)
    if not said:
        assert told == FINE
    else:
        what = {"dead": "units", "saturated": "values"}[name]
        assert told == f"{shares[-1]:.0%} of {arm}'s {what} in layer 1 are {name} at the end; {said}"


def test_of_mixed_layers_those_flat_by_design_are_not_saturated(tmp_path):
    x = np.linspace(-6, 6, 601)
    run = planted(tmp_path / "run", {"relu/tanh": {"saturated": by_place(0.9, 0.6)}}, hidden=(9, 9))
    run.artefact = lambda name: {"x": x, "df/relu": (x > 0) * 1.0, "df/tanh": 1 - np.tanh(x) ** 2}
    [told] = inside_said(run)
    assert told.startswith("60% of relu/tanh's values in layer 2 are saturated")


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ((1e-3, 1.0), (2e-3, 1.0), ""),  # not below 1e-3
        ((9e-9, 3.0), (0.4, 4.0), "vanishes: at layer 1 it is 3e-9 of that at layer 3 at the start, 0.1 at the end."),
        ((1.0, 1.0), (0.0, 4.0), "vanishes: at layer 1 it is 1 of that at layer 3 at the start, 0 at the end."),
        ((900.0, 1.0), (3.0, 1.0), ""),
        ((9e4, 1.0), (5.0, 1.0), "explodes: at layer 1 it is 9e4 times that at layer 3 at the start, 5 at the end."),
        ((9e-5, 1.0), (0.0, 0.0), "vanishes: at layer 1 it is 9e-5 of that at layer 3 at the start."),  # 0 of 0
    ],
)
def test_vanishing_and_exploding_gradients(tmp_path, start, end, said):
    sizes = np.ones((1, len(EPOCHS), 3))
    sizes[0, 0, [0, 2]], sizes[0, -1, [0, 2]] = start, end
    assert inside_said(planted(tmp_path / "run", {"tanh": {"gradient_z": sizes}})) == [
        f"tanh's gradient {said}" if said else FINE
    ]


def test_what_diverged_is_left_out_and_said(tmp_path):
    """A slope that is flat at NaN looks like death; epochs before it count. `diverged` is at epoch 4."""
    dead = np.array([0.2, 1.0])[:, None, None] * (np.array(EPOCHS) >= 4)[None, :, None]
    values = {"relu": {"dead": dead}, "tanh": {"gradient_z": np.nan}, "elu": {}}
    run = planted(tmp_path / "run", values, diverged={("relu", 1), ("tanh", 0), ("tanh", 1)})
    assert inside_said(run) == [
        "1 of 2 networks of relu diverged, the first by epoch 4; they are left out.",
        "20% of relu's units in layer 1, the worst of 3, are dead at the end; 10% or more from epoch 4 on.",
        "All 2 networks of tanh diverged, the first by epoch 4.",
    ]
    table = by_layer(run)
    lost = table[(table["arm"] == "relu") & (table["layer"] == 2)]
    assert lost["lost"].tolist() == [0, 0, 0, 1, 1] and lost["dead_high"].tolist() == [0, 0, 0, 0.2, 0.2]


def test_no_more_than_two_sentences_an_arm_the_gravest_first(tmp_path):
    bad = {"dead": 0.5, "saturated": 0.9, "gradient_z": by_place(1e-9, 1.0, 1.0)}
    values = {"tanh": bad, "sigmoid": bad, "elu": {"dead": 0.5, "saturated": 0.9}}
    said = inside_said(planted(tmp_path / "run", values, diverged={("sigmoid", 0)}, seeds=3))
    found = [re.search("dead|vanishes|diverged|saturated", line)[0] for line in said]
    assert found == ["dead", "vanishes", "diverged", "dead", "dead"]  # what is dead is saturated, too


def test_where_learned_parameters_went(tmp_path):
    slopes = [[[0.25 - at / 100] for at in range(5)], [[0.25 + 0.1 * at] for at in range(5)], [[0.25]] * 5]
    three = [[[1.0, 0.25, 1.0 - 0.1 * at] for at in range(5)], [[1.0, 0.25, 1.0]] * 5, []]
    three[2] = [[1.0 + 0.05 * at, 0.25 + 0.05 * at, 1.0 + 0.05 * at] for at in range(5)]
    learned = {"prelu": slopes, "acon_c": three, "torch.nn:PReLU": slopes}
    run = planted(tmp_path / "run", {name: {} for name in learned}, learned=learned)
    assert inside_said(run) == [
        FINE,
        "prelu learned: weight went from 0.25 to 0.65 (0.65 to 0.65 over 2 seeds) in layer 2, furthest of 3.",
        "acon_c learned: beta went from 1 to 0.6 (0.6 to 0.6 over 2 seeds) in layer 1, furthest of 3.",
        "torch.nn:PReLU learned: its parameter went from 0.25 to 0.65 (0.65 to 0.65 over 2 seeds) in layer 2, furthest "
        "of 3.",
    ]


def test_a_real_run_says_what_its_table_holds(real):
    """Of relu's few units some die or none do: the sentence follows the table, not a guess."""
    said, end = inside_said(real), real.inside[real.inside["epoch"] == 3]
    means = end.groupby(["activation", "layer"])[["dead", "saturated"]].mean()
    assert any("relu's units" in line for line in said) == (means.loc["relu", "dead"].max() >= 0.1)
    assert any("sigmoid's values" in line for line in said) == (means.loc["sigmoid", "saturated"].max() >= 0.5)
    learned = end[end["activation"] == "prelu"].groupby("layer")["learned"].apply(lambda own: np.mean(np.stack(own)))
    furthest = (learned - 0.25).abs().idxmax()
    assert f"prelu learned: weight went from 0.25 to {learned[furthest]:.3g}" in said[-1]
    assert f"in layer {furthest}, furthest of 2." in said[-1]


def test_of_a_run_that_was_not_measured_nothing_is_said_or_drawn(tmp_path):
    run = fake_run(tmp_path / "run", seeds=1, epochs=2)
    assert inside_said(run) == inside_drawings(run) == [] and by_layer(run).empty


def tips(drawing) -> list[str]:
    """Of each mark, of a drawing that is read as XML."""
    return [mark.get("data-tip") for mark in ET.fromstring(drawing.__html__()).iter() if mark.get("data-tip")]


def test_the_panels_show_the_table(real):
    drawn, table = inside_drawings(real), by_layer(real)
    assert [title for title, _, _ in drawn] == [measure.title for measure in MEASURES]
    for (_, _, drawing), measure in zip(drawn, MEASURES, strict=True):
        said = tips(drawing)
        assert len(said) == 2 * 4 and drawing.width == 440
        for row in table.to_dict("records"):
            [tip] = [tip for tip in said if tip.startswith(f"layer {row['layer']}, epoch {row['epoch']}\n")]
            line = next(line for line in tip.split("\n") if line.startswith(f"{row['arm']}\t"))
            scale = 1 if measure.is_log else 100
            numbers = [float(number) / scale for number in re.findall(r"[\d.]+(?:e-?\d+)?", line.split("\t")[1])]
            right = [row[measure.column + part] for part in ("", "_low", "_high")]
            assert numbers == pytest.approx(right[: len(numbers)], rel=0.06, abs=1e-12), line
        lines = [group for group in ET.fromstring(drawing.__html__()).iter("g") if group.get("data-arm")]
        assert [group.get("data-arm") for group in lines] == 2 * ["relu", "prelu", "sigmoid"]


def test_a_line_stands_where_its_values_are(real):
    """Pixels of a panel against the table, by the scale that two of them give."""
    (_, _, drawing), table = inside_drawings(real)[1], by_layer(real)
    groups = [group for group in ET.fromstring(drawing.__html__()).iter("g") if group.get("data-arm")]
    places, values = [], []
    for n, group in enumerate(groups):
        places += [(float(dot.get("cx")), float(dot.get("cy"))) for dot in group.iter("circle")]
        own = table[(table["arm"] == group.get("data-arm")) & (table["layer"] == 1 + n // 3)]
        values += own["saturated"].tolist()
    x, y = np.array(places).T
    fit = np.polyfit(values, y, 1)
    assert np.polyval(fit, values) == pytest.approx(y, abs=0.15) and fit[0] < 0
    first = x[:4] - x[0]
    assert first / first[-1] == pytest.approx(np.log2([1, 2, 3, 4]) / 2, abs=0.01)


def test_deep_networks_are_maps(tmp_path):
    hidden = (5,) * 8
    sizes = 10.0 ** -np.arange(1, 9)[None, None, ::-1] * (1 + np.arange(5))[None, :, None]
    values = {"tanh": {"gradient_z": sizes, "dead": np.linspace(0, 0.9, 8)[None, None]}, "relu": {"dead": np.nan}}
    run = planted(tmp_path / "run", values, hidden=hidden)
    for (_, caption, drawing), measure in zip(inside_drawings(run), MEASURES, strict=True):
        cells = [mark for mark in ET.fromstring(drawing.__html__()).iter() if mark.get("data-tip")]
        assert len(cells) == 2 * 8 * 5 and "lie on each other" not in caption
        own = {cell.get("data-tip").split(":")[0]: float(cell.get("fill-opacity")) for cell in cells}
        for layer in range(2, 9):
            one, other = (own[f"tanh\tlayer {n}, epoch 4"] for n in (layer - 1, layer))
            assert (one < other) == (measure.column != "saturated")
        if measure.column == "dead":
            assert {own[f"relu\tlayer {n}, epoch 8"] for n in range(1, 9)} == {0.0}


def test_lines_on_each_other_are_said_and_names_are_text(tmp_path):
    name = "'<script>alert(1)</script>'"
    values = {"tanh": {}, "elu": {}, "relu": {"dead": 0.5, "saturated": 0.7, "gradient_z": 0.3}}
    drawn = inside_drawings(planted(tmp_path / "run", values))
    assert all("tanh and elu lie on each other." in caption for _, caption, _ in drawn)
    run = planted(tmp_path / "hostile", {"tanh": {}, "relu": {"dead": 0.5}})
    for table in (run.__dict__["inside"], run.trials):
        table["activation"] = table["activation"].replace("relu", name)
    for _, _, drawing in inside_drawings(run, legend=True):
        assert "<script" not in drawing.__html__() and ET.fromstring(drawing.__html__()) is not None


def test_what_was_not_measured_what_diverged_and_what_overflowed_are_told_apart(tmp_path):
    values = {"tanh": {"gradient_z": np.where(np.array(EPOCHS) == 2, np.inf, 0.5)[None, :, None]}, "relu": {}}
    run = planted(tmp_path / "run", values | {"elu": {}}, diverged={("relu", 0), ("elu", 0), ("elu", 1)})
    table = run.__dict__["inside"]
    run.__dict__["inside"] = table[(table["activation"] != "tanh") | (table["epoch"] != 1)]
    said = [tip.split("\n") for tip in tips(inside_drawings(run)[2][2])]
    by_epoch = {int(first.split("epoch ")[1]): rest for first, *rest in said}
    assert by_epoch[1] == ["relu\t0.01", "elu\t0.01"]
    assert by_epoch[2] == ["tanh\tinf", "relu\t0.01", "elu\t0.01"]
    assert by_epoch[4] == ["tanh\t0.5", "relu\t0.01, 1 of 2 diverged", "elu\tdiverged"]


def test_a_gradient_that_explodes_leaves_the_others_to_be_seen(tmp_path):
    sizes = {"relu": 0.01 * (1 + np.arange(5)), "tanh": 0.01 * 10.0 ** (5 * np.arange(5)), "elu": np.full(5, 0.02)}
    values = {arm: {"gradient_z": own[None, :, None]} for arm, own in sizes.items()}
    drawing = inside_drawings(planted(tmp_path / "run", values, hidden=(3,)))[2][2]
    groups = [group for group in ET.fromstring(drawing.__html__()).iter("g") if group.get("data-arm")]
    y = {group.get("data-arm"): [float(dot.get("cy")) for dot in group.iter("circle")] for group in groups}
    assert max(y["relu"]) - min(y["relu"]) > 12 and min(y["tanh"]) < 0
    assert "tanh\t1e18\n" in tips(drawing)[-1]


def test_many_epochs_are_thinned(tmp_path, monkeypatch):
    monkeypatch.setattr("test_insides.EPOCHS", tuple(range(201)))
    run = planted(tmp_path / "run", {"relu": {}}, seeds=1, hidden=(3,))
    for _, _, drawing in inside_drawings(run):
        said = tips(drawing)
        assert len(said) <= 40 and said[0].startswith("layer 1, epoch 0\n") and "epoch 200\n" in said[-1]


def test_the_examples_page_is_that_of_its_record_and_its_answers_hold():
    examples = study("examples")
    record = json.loads(examples.RECORD.read_text(encoding="utf-8"))
    assert examples.PAGE.read_text(encoding="utf-8") == examples.page(record)
    parts = {part["part"]: part for part in record["parts"]}
    assert list(parts) == list(examples.PARTS)
    ends, verdicts, rows = {}, {}, {}
    for name, part in parts.items():
        assert part["seconds"] < 180 and part["n"] == 10 and (examples.IMAGES / f"{name}.png").is_file()
        last = max(row["epoch"] for row in part["layers"])
        ends[name] = {row["arm"]: row for row in part["layers"] if row["epoch"] == last}
        verdicts[name] = {one["name"]: one["verdict"] for one in part["comparisons"]}
        rows[name] = {row["arm"]: row for row in part["table"]}
    dying, slower, vanishing, gain = parts
    relu, elu = ends[dying]["relu"], ends[dying]["elu"]
    assert np.mean(relu["dead"]) > 0.5 and max(elu["dead"]) < 0.02 and rows[dying]["leaky_relu"]["diverged"] > 5
    assert verdicts[dying]["elu"] == "better"
    assert rows[dying]["relu"]["test_accuracy"] < 0.55 * rows[dying]["elu"]["test_accuracy"]
    assert all(row["test_accuracy"] > 0.9 and row["n"] == 10 for row in rows[slower].values())
    assert max(ends[slower]["relu"]["dead"]) < 0.2 and verdicts[slower] == {"leaky_relu": "undecided", "elu": "better"}
    for row in ends[vanishing].values():
        assert row["gradient_z"][0] / row["gradient_z"][-1] < 1e-3
    assert set(verdicts[vanishing].values()) == {"neither learned"}
    assert verdicts[gain] == {"relu": "undecided", "sigmoid": "did not learn"}
    assert [rows[gain][arm]["test_accuracy"] > 0.9 for arm in ("tanh", "relu", "sigmoid")] == [True, True, False]


def test_a_gradient_that_starts_faint_beside_anothers_is_named():
    rows = [("relu", 1.0), ("tanh", 0.11), ("sigmoid", 0.05), ("far", 1e-4), ("none", np.nan)]
    table = pd.DataFrame(
        [
            (arm, epoch, layer, size if (epoch, layer) == (0, 1) else 1.0)
            for arm, size in rows
            for epoch in (0, 1)
            for layer in (1, 2)
        ],
        columns=["arm", "epoch", "layer", "gradient_z"],
    )
    assert list(_faint(table)) == ["sigmoid's gradient at layer 1 starts at 5% of relu's."], "far vanishes"
