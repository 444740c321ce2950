"""Names that are markup, code, control characters or commands are text in pages, pictures, tables and files."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
from test_report import fake_run

from actlab import naming
from actlab.checks import explain
from actlab.experiment import Experiment, export
from actlab.play import embedded, page as playground
from actlab.report import draw, draw_card, draw_judgement
from actlab.results import judge, summarise, write_latex

HOSTILE = (
    "<script>alert(1)<!--", "]]><svg onload=alert(1)>", "'\"><img src=x onerror=alert(1)>", 
    "{{7*7}}${alert(1)}%s{%if%}",
    "\x1b]0;owned\x07\x1b[2J\x9b2J", "\u202egnp\u2066\u200b", "=cmd|' 'C'!A1", "\\input{x}$_{&#^~",
    "'; DROP TABLE trials; --",
)  # fmt: skip
ANYWHERE = (*HOSTILE, "</script><script>alert(1)</script>", "</style><b>", "a\nb", "&lt;b&gt;&amp;")


class Elements(HTMLParser):
    """The kinds of elements with their attributes, and what the scripts are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.kinds: set[tuple[str, ...]] = set()
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.kinds.add((tag, *sorted(name for name, _ in attributes)))
        self.scripts += tag == "script"


def same_elements(hostile: str, plain: str) -> None:
    found, expected = Elements(hostile), Elements(plain)
    assert found.kinds <= expected.kinds and found.scripts == expected.scripts
    assert "\x1b" not in hostile and "\u202e" not in hostile


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A file of each name, and one of a plain name for each."""
    monkeypatch.chdir(tmp_path)
    names = [f"{name}.py" for name in HOSTILE], [f"plain{place}.py" for place in range(len(HOSTILE))]
    for place, name in ((place, name) for both in names for place, name in enumerate(both)):
        (tmp_path / name).write_text(f"def f(x):\n    return {place} * x.tanh()\n")
    return [[f"{name}:f" for name in both] for both in names]


@pytest.mark.large
def test_a_report_with_hostile_names(files, tmp_path):
    runs = [fake_run(tmp_path / str(i), ("relu", *names), seeds=3, epochs=2) for i, names in enumerate(files)]
    pages = [draw(run, hiplot=True) for run in runs]
    for name in ("index.html", "hiplot.html"):
        same_elements(*(page.with_name(name).read_text(encoding="utf-8") for page in pages))
    run = runs[0]
    labels = [naming.parse(name).label for name in files[0]]
    assert set(run.trials["activation"]) == {"relu", *labels} and all(label.isprintable() for label in labels)
    assert Experiment.read(run.path / "experiment.toml").labels == ["relu", *labels]
    for kind in ("csv", "json"):
        export(run, kind, tmp_path / kind)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "csv" / "trials.csv").read_text(encoding="utf-8"))))
    assert {row["activation"] for row in rows} == {"relu", *labels}
    assert {row["activation"] for row in json.loads((tmp_path / "json" / "trials.json").read_text())} == {
        "relu",
        *labels,
    }
    table = write_latex(summarise(run), tmp_path).read_text(encoding="utf-8")
    body = table.split("\\midrule")[1].split("\\bottomrule")[0].strip().splitlines()
    assert len(body) == len(HOSTILE) + 1 and "\\input" not in table
    assert len({len(re.findall(r"(?<!\\)&", line)) for line in body}) == 1


def test_a_card_with_hostile_names(files, tmp_path):
    for names, out in zip(files, ("hostile", "plain"), strict=True):
        sketches = explain.sketches([explain.shown(name) for name in names[:4]])
        for ending in ("html", "svg"):
            draw_card(sketches, tmp_path / f"{out}.{ending}")
    same_elements(*((tmp_path / f"{out}.html").read_text(encoding="utf-8") for out in ("hostile", "plain")))
    kinds = [
        {(node.tag, *sorted(node.attrib)) for node in ElementTree.parse(tmp_path / f"{out}.svg").iter()}
        for out in ("hostile", "plain")
    ]
    assert kinds[0] <= kinds[1]


def test_a_judgement_of_hostile_groups(tmp_path):
    pages = []
    for out, names in (("hostile", ANYWHERE), ("plain", [f"plain{place}" for place in range(len(ANYWHERE))])):
        with (tmp_path / f"{out}.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["activation", "seed", "accuracy"])
            table.writerows(
                [name, seed, 0.5 + 0.01 * seed * place] for place, name in enumerate(names) for seed in range(4)
            )
        found = judge(tmp_path / f"{out}.csv", metric="accuracy")
        draw_judgement(found, tmp_path / f"{out}.html")
        pages.append((tmp_path / f"{out}.html").read_text(encoding="utf-8"))
        json.dumps(found.as_json(), allow_nan=False)
    same_elements(*pages)


def test_the_playground_with_a_comparison():
    for text in ("where(x < 0, x, -x)", "mine=where(x<1,x,2)"):
        same_elements(playground(embedded(text)), playground(None))
