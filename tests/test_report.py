"""The report: the numbers on the page are the run's, names are only text, and nothing is fetched."""

import contextlib
import html
import json
import math
import re
import sqlite3
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from scipy import stats as scipy_stats

from actlab.experiment import CURVES, Run, Store
from actlab.experiment.spec import Experiment
from actlab.report import draw
from actlab.report.curves import curves_of, quantities
from actlab.results import summarise


def fake_run(
    path,
    activations=("relu", "tanh", "leaky_relu"),
    *,
    seeds=10,
    epochs=25,
    diverged=(),
    planned=0,
    has_test=True,
    shape=(28, 28),
    effects=None,
    **choices,
) -> Run:
    """A run with made-up numbers. `diverged` holds (label, seed); the last `planned` trials stay untrained."""
    choices = {"data": "mnist", "content": "c0ffee" * 10, **choices}
    experiment = Experiment(activations=activations, seeds=tuple(range(seeds)), epochs=epochs, **choices)
    trials = experiment.trials()
    generator = np.random.default_rng(1)
    luck = 0.001 * generator.standard_normal(seeds)
    done = trials[: len(trials) - planned]
    with Store.create(path, experiment, trials) as store:
        results = [
            _result(trial, generator, luck, (effects or {}).get(trial.label), (trial.label, trial.seed) in diverged)
            for trial in done
        ]
        for _, outcome, _ in results:
            outcome |= {} if has_test else {"test_metric": None, "test_loss": None}
        if results:
            curves = [row for r in results for row in r[2]]
            store.add_stack("stack", [r[1] for r in results], curves, [], [1.5] * epochs)
        store.add_artefact("samples", _samples(generator, shape, has_test))
        store.add_artefact("functions", _functions(experiment.labels))
        store.add_costs(_costs(experiment.labels, generator))
        store.add_environment(
            {
                "started": "2026-01-02T03:04:05+00:00",
                "actlab": "0.1.0",
                "torch": "2.13.0",
                "python": "3.11.9",
                "cpu": "A CPU",
                "command": "actlab compare relu tanh leaky_relu",
            }
        )
    return Run(path)


def _result(trial, generator, luck, effect, diverged):
    """One trial's key, outcome and curves."""
    order = sum(map(ord, trial.label)) % 7
    top = 0.978 + luck[trial.seed] + (0.0008 * order - 0.003 if effect is None else effect)
    top += 0.0004 * generator.standard_normal() - 0.01 * abs(np.log10(trial.learning_rate / 0.01))
    epoch = np.arange(1, trial.epochs + 1)
    rate = 0.5 + 0.05 * order
    valid = top - 0.09 * epoch ** (-rate) + 0.0006 * generator.standard_normal(len(epoch))
    train = np.minimum(0.9999, top + 0.015 - 0.13 * epoch ** (-rate))
    valid_loss = 3.2 * (1 - valid) + 0.0015 * np.maximum(0, epoch - 15)
    train_loss = 3.2 * (1 - train) + 0.005
    when = max(1, trial.epochs // 2) if diverged else None
    if when:
        for column in (valid, train, valid_loss, train_loss):
            column[when - 1 :] = np.nan
    best = 0 if when == 1 else int(np.nanargmin(valid_loss))
    end = {"final_train_loss": train_loss[-1], "final_train_metric": train[-1]}
    end |= {"final_valid_loss": valid_loss[-1], "final_valid_metric": valid[-1]}
    outcome = {
        "key": trial.key,
        "status": "diverged" if when else "finished",
        "diverged_epoch": when,
        **{name: None if np.isnan(value) else float(value) for name, value in end.items()},
        "best_epoch": best + 1,
        "best_valid_loss": float(valid_loss[best]),
        "best_valid_metric": float(valid[best]),
        "test_loss": 0.08,
        "test_metric": round(float(valid[best]) + 0.0007 * generator.standard_normal(), 4),
        "gradient": "by autograd" if ":" in trial.label else "by hand",
        "engine": "stacked",
        "device": "cpu",
        "cpu": "A CPU",
        "torch": "2.13.0",
    }
    names = {"key": trial.key, "activation": trial.label, "seed": trial.seed, "learning_rate": trial.learning_rate}
    columns = zip(epoch.tolist(), train_loss, train, valid_loss, valid, strict=True)
    keys = ("epoch", *CURVES)
    return trial.key, outcome, [{**names, **dict(zip(keys, row, strict=True))} for row in columns]


def _samples(generator, shape, has_test):
    labels = generator.integers(0, 10, 64)
    images = generator.integers(0, 60, (64, *shape)).astype(np.float64)
    if len(shape) == 2:  # something to look at: a stroke whose slope tells the label
        y, x = np.mgrid[: shape[0], : shape[1]] / shape[0] - 0.5
        angle = labels[:, None, None] * np.pi / 10
        images += 190 * np.exp(-200 * (x * np.cos(angle) + y * np.sin(angle)) ** 2) * (np.hypot(x, y) < 0.4)
    arrays = {"images": images.astype(np.uint8), "labels": labels}
    return arrays | ({"test_labels": generator.integers(0, 10, 1000)} if has_test else {})


def _functions(labels):
    x = np.linspace(-6, 6, 601)
    shapes = {
        "relu": np.maximum(x, 0),
        "tanh": np.tanh(x),
        "sigmoid": 1 / (1 + np.exp(-x)),
        "silu": x / (1 + np.exp(-x)),
        "softplus": np.log1p(np.exp(x)),
        "elu": np.where(x > 0, x, np.expm1(x)),
    }
    arrays = {"x": x}
    for place, label in enumerate(labels):
        value = shapes.get(label, np.where(x > 0, x, 0.02 * place * x))
        arrays |= {f"f/{label}": value, f"df/{label}": np.gradient(value, x)}
    return arrays


def _costs(labels, generator):
    return [
        {
            "activation": label,
            "round": r,
            "networks": 10,
            "seconds": (1 + 0.1 * place) * (1 + 0.02 * generator.random()),
        }
        for r in range(7)
        for place, label in enumerate(labels)
    ]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A run of three activations, with one diverged trial, and its page."""
    run = fake_run(tmp_path_factory.mktemp("report") / "run", diverged=[("leaky_relu", 3)])
    return run, draw(run).read_text(encoding="utf-8")


class Cells(HTMLParser):
    """The texts of a table's cells, by row; and every address that the page names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self._open = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        self.addresses += [v for name, v in attributes if name in ("src", "href", "action", "srcset") and v]
        if tag == "table":
            self._rows = self.tables.setdefault(values.get("id", "?"), [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
            self._open = True
        elif tag == "br" and self._open:
            self._rows[-1][-1] += " "

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._open = False

    def handle_data(self, data):
        if self._open:
            self._rows[-1][-1] += data


def column(cells: Cells, table: str, name: str) -> list[str]:
    header, *rows = cells.tables[table]
    return [row[header.index(name)] for row in rows]


def rows_of(run: Run, query: str) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(run.path / "run.db")) as database:
        return database.execute(query).fetchall()


def test_numbers_on_the_page_are_those_of_the_database(drawn):
    run, page = drawn
    cells = Cells(page)
    for place, name in enumerate(run.activations):
        values = [v for (v,) in rows_of(run, f"SELECT test_metric FROM trials WHERE activation = '{name}'"
                                             " AND status = 'finished'")]  # fmt: skip
        low, high = scipy_stats.t.interval(0.95, len(values) - 1, np.mean(values), scipy_stats.sem(values))
        shown = column(cells, "results", "test accuracy")[place]
        assert shown == f"{100 * np.mean(values):.2f}% [{100 * low:.2f}, {100 * high:.2f}]"
        losses = rows_of(run, f"SELECT final_train_loss FROM trials WHERE activation = '{name}' AND status='finished'")
        assert column(cells, "results", "final training loss")[place] == f"{np.mean(losses):.4f}"
    assert column(cells, "results", "diverged") == ["0 of 10", "0 of 10", "1 of 10"]
    assert column(cells, "results", "trials") == ["10", "10", "9"]


@pytest.mark.large
def test_relative_cost_is_the_median_ratio_within_rounds(drawn):
    run, page = drawn
    seconds = {(a, r): s for a, r, s in rows_of(run, "SELECT activation, round, seconds FROM costs")}
    rounds = 1 + max(number for _, number in seconds)
    assert rounds >= 6
    shown = column(Cells(page), "results", "step cost")
    assert shown[0] == "1.00×"
    for name, cell in zip(run.activations[1:], shown[1:], strict=True):
        ratios = sorted(seconds[name, r] / seconds["relu", r] for r in range(rounds))
        outside = int(scipy_stats.binom.ppf(0.025, rounds, 0.5))
        ends = f"[{ratios[outside - 1]:.2f}, {ratios[-outside]:.2f}]"
        assert cell == f"{np.median(ratios):.2f}× {ends}"


def test_comparison_on_the_page_is_that_of_the_rows(drawn):
    run, page = drawn
    found = dict(rows_of(run, "SELECT activation || seed, test_metric FROM trials WHERE status = 'finished'"))
    pairs = [(found[f"relu{s}"], found[f"tanh{s}"]) for s in range(10)]
    expected = scipy_stats.ttest_rel([b for _, b in pairs], [a for a, _ in pairs])
    cells = Cells(page)
    assert column(cells, "differences", "difference, points")[0] == f"{100 * np.mean([b - a for a, b in pairs]):+.2f}"
    comparison = summarise(run).comparisons[0]
    interval = expected.confidence_interval()
    assert (comparison.plain_low, comparison.plain_high) == pytest.approx((interval.low, interval.high))
    expected = f"{100 * comparison.low:+.2f} to {100 * comparison.high:+.2f}"
    assert column(cells, "differences", "simultaneous 95% interval")[0] == expected
    assert column(cells, "differences", "pairs") == ["10", "9"]
    assert column(cells, "differences", "verdict")[0] == comparison.verdict


def test_conclusion_comes_first_and_names_the_data(drawn):
    run, page = drawn
    summary = summarise(run)
    assert summary.conclusion.startswith("On MNIST, with 10 seeds, by test accuracy: ")
    assert page.index(html.escape(summary.conclusion)) < page.index("<table")


def test_diverged_trials_are_marked_and_not_hidden(drawn):
    run, page = drawn
    cells = Cells(page)
    assert len(cells.tables["trials"]) == 31
    states = [row[:3] for row in cells.tables["trials"] if "diverged" in row[2]]
    assert states == [["leaky_relu", "3", "diverged in epoch 12"]]
    assert page.count('class="diverged"') == 1
    assert "1 of 30 trials diverged" in page
    assert math.isnan(summarise(run).values["leaky_relu"][3])  # though it had reached an accuracy before


def test_page_needs_nothing_from_elsewhere(drawn):
    run, page = drawn
    folder = run.path / "report"
    for address in Cells(page).addresses:
        assert address.startswith("data:") or (folder / address).is_file(), address
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert len(page) < 1_500_000


def test_all_files_are_there(drawn):
    folder = drawn[0].path / "report"
    expected = {"index.html", "table.csv", "trials.csv", "curves.csv"}
    pictures = {f"{name}.png" for name in ("loss", "accuracy", "differences", "functions")}
    assert {file.name for file in folder.iterdir()} == expected | pictures
    for name in pictures:
        image = Image.open(folder / name)
        assert min(image.size) > 200 and len(image.convert("L").getcolors()) > 20


def test_curves_are_means_over_the_seeds_that_finished(drawn):
    run, _ = drawn
    [curve] = [valid for _, valid in curves_of(run, quantities(run)["accuracy"]) if valid.arm == "leaky_relu"]
    rows = rows_of(run, "SELECT AVG(valid_metric), MIN(valid_metric), MAX(valid_metric) FROM curves"
                        " WHERE activation = 'leaky_relu' AND seed != 3 GROUP BY epoch ORDER BY epoch")  # fmt: skip
    assert curve.seeds == 9
    assert np.c_[curve.mean, curve.low, curve.high] == pytest.approx(100 * np.array(rows))


def test_summary_as_text_and_as_json(drawn):
    summary = summarise(drawn[0])
    text = summary.as_text()
    assert "leaky_relu  9       1 of 10" in text and "relu        10      0 of 10" in text
    assert " ".join(text.split()).count(" ".join(summary.conclusion.split())) == 1
    values = json.loads(json.dumps(summary.as_json(), allow_nan=False))
    assert [row["n"] for row in values["table"]] == [10, 10, 9]
    assert values["comparisons"][0]["difference"] == summary.comparisons[0].difference


def test_the_answer_in_short(drawn):
    """Three arms, one of them unstable, in 11 lines, to which the path is added; paint moves nothing."""
    summary = summarise(drawn[0])
    lines = summary.in_short().splitlines()
    assert len(lines) <= 11 and max(map(len, lines)) <= 120
    assert " ".join(lines).startswith(summary.conclusion[:60])
    for item in summary.comparisons:
        [line] = [line for line in lines if line.startswith(f"  {item.name} ")]
        assert summary.measure.unit.difference(item.difference) in line and item.verdict in line
    painted = summary.in_short(lambda verdict, text: f"<{verdict}>{text}</>")
    assert re.sub(r"<[^>]*>", "", painted) == summary.in_short()
    assert painted.count("</>") == len(summary.comparisons)


NASTY = "a<b>.py:f"


@pytest.fixture
def nasty(tmp_path, monkeypatch):
    """A run with a name that is markup to HTML and Plotly, and one that is no file name."""
    monkeypatch.chdir(tmp_path)
    for name in ("a<b>.py", "$x_{.py"):
        (tmp_path / name).write_text("def f(x):\n    return x\n")
    return fake_run(tmp_path / "run", ("relu", NASTY, "$x_{.py:f"), seeds=5, epochs=3)


def test_names_are_text_everywhere(nasty):
    page = draw(nasty).read_text(encoding="utf-8")
    cells = Cells(page)
    assert column(cells, "results", "activation")[1] == NASTY
    assert "b" not in cells.tags and "a<b>" not in page.replace("a<b>.py", "", 0).split("<script>")[0]
    assert 'data-arm="a&lt;b&gt;.py:f"' in page


CASES = {
    "one seed": {"seeds": 1},
    "one epoch": {"epochs": 1, "seeds": 2},
    "no hidden layer": {"hidden": (), "seeds": 2, "epochs": 2},
    "one activation": {"activations": ("relu",), "seeds": 3},
    "all diverged": {"diverged": [("tanh", s) for s in range(6)], "seeds": 6},
    "all diverged at once": {"diverged": [("tanh", s) for s in range(6)], "seeds": 6, "epochs": 1},
    "baseline diverged": {"diverged": [("relu", s) for s in range(6)], "seeds": 6},
    "everything diverged": {"diverged": [(a, s) for a in ("relu", "tanh") for s in range(2)], "seeds": 2,
                            "activations": ("relu", "tanh")},
    "unfinished": {"planned": 7},
    "nothing trained": {"planned": 30},
    "several rates": {"learning_rate": (0.01, 0.1), "dropout": (0.0, 0.2), "seeds": 2, "epochs": 2},
    "one for each layer": {"activations": ("relu/tanh", "relu"), "seeds": 2, "epochs": 2},
    "table data": {"shape": (13,), "data": "mine.npz", "seeds": 2, "epochs": 2},
    "colours": {"shape": (3, 16, 16), "seeds": 2, "epochs": 2},
    "odd shape": {"shape": (2, 3, 4, 5), "seeds": 2, "epochs": 2},
}  # fmt: skip


@pytest.mark.large
@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_run_can_be_drawn(tmp_path, case):
    run = fake_run(tmp_path / "run", **CASES[case])
    page = draw(run).read_text(encoding="utf-8")
    said = re.sub(r"<script.*?</script>|<style.*?</style>|data:[^\"]*", "", page, flags=re.DOTALL)
    assert "nan" not in said, "NaN is the name of a lane"
    if case in ("unfinished", "several rates"):  # and again
        assert draw(run).read_text(encoding="utf-8") == page
    summarise(run).as_text()
    json.dumps(summarise(run).as_json(), allow_nan=False)


def test_one_seed_gets_no_verdict(tmp_path):
    summary = summarise(fake_run(tmp_path / "run", seeds=1))
    assert {item.verdict for item in summary.comparisons} == {"too few seeds"}
    assert summary.conclusion.endswith("1 seed is too few to tell relu, tanh and leaky_relu apart: "
                                       "run with --seeds 5 or more.")  # fmt: skip
    assert summary.rows[0][3].endswith("%")  # no interval


def test_unfinished_run_says_so(tmp_path):
    run = fake_run(tmp_path / "run", planned=7)
    assert summarise(run).unfinished == "7 of 30 trials are still to be trained."
    page = draw(run).read_text(encoding="utf-8")
    assert "7 of 30 trials are still to be trained." in page
    assert column(Cells(page), "results", "trials") == ["10", "10", "3"]
    assert page.count('class="planned"') == 7


def test_arms_are_named_by_what_varies(tmp_path):
    run = fake_run(tmp_path / "run", ("relu", "tanh"), learning_rate=(0.1, 0.01), seeds=2, epochs=2)
    assert list(summarise(run).table["arm"]) == ["relu, lr 0.1", "relu, lr 0.01", "tanh, lr 0.1", "tanh, lr 0.01"]
    first = summarise(run).comparisons[0]
    assert (first.baseline, first.name) == ("relu, lr 0.1", "relu, lr 0.01")


@pytest.mark.large
def test_tutorial_split_has_no_test_accuracy(tmp_path):
    run = fake_run(tmp_path / "run", split="tutorial", has_test=False)
    summary = summarise(run)
    assert summary.metric == "final validation accuracy"
    assert "no independent judge" in summary.metric_note
    assert summary.values["relu"][0] == rows_of(run, "SELECT final_valid_metric FROM trials LIMIT 1")[0][0]
    page = draw(run).read_text(encoding="utf-8")
    assert column(Cells(page), "results", "test accuracy") == ["–"] * 3
    assert "no independent judge" in page


def test_substituted_data_are_named(tmp_path):
    note = "because MNIST could not be had: no network."
    run = fake_run(tmp_path / "run", data="digits", data_note=note, shape=(8, 8), seeds=5, epochs=2)
    assert summarise(run).conclusion.startswith("On digits, because MNIST could not be had, with 5 seeds")
    run.__dict__["environments"] = [*run.environments[:-1], run.environments[-1] | {"command": "actlab compare"}]
    page = draw(run).read_text(encoding="utf-8")
    assert note in page and "actlab compare --data digits</pre>" in page, "else it would ask for MNIST again"


@pytest.mark.large
@pytest.mark.parametrize("package", ["vl_convert", "jinja2"])
def test_a_missing_package_is_named_with_the_command(tmp_path, package):
    fake_run(tmp_path / "run", seeds=1, epochs=1)
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from actlab import load_run\nfrom actlab.errors import MissingExtra\n"
        "try:\n    from actlab.report import draw\n    draw(load_run('run'))\n"
        "except MissingExtra as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert package in done.stdout and "actlab[lab]" in done.stdout


@pytest.mark.large
def test_drawing_needs_no_torch(tmp_path):
    fake_run(tmp_path / "run", seeds=2, epochs=2)
    code = (
        "import sys\nfrom actlab.report import draw\nfrom actlab.experiment import Run\ndraw(Run('run'))\n"
        "print([name for name in ('torch', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
