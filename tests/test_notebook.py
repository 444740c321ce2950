"""What results show of themselves in a notebook: a real IPython shell formats each; nothing is loaded for it before."""

import atexit
import html
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import pandas as pd
import pytest
import torch
from test_report import fake_run, rows_of
from test_report_browser import CHROME, FLAGS

import actlab
from actlab.activations import get
from actlab.checks import Finding, Verdict
from actlab.errors import UserError
from actlab.experiment import Run
from actlab.report import notebook, register
from actlab.results import Judgement
from actlab.stats import paired_differences

NASTY = "a<img src=x onerror=alert(1)>.py:f"
TAGS = {"div", "p", "b", "span", "style", "svg", "g", "path", "rect", "circle", "text", "tspan", "title", "table",
        "thead", "tbody", "tr", "th", "td", "details", "summary", "pre"}  # fmt: skip


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """IPython as a notebook has it, without a kernel."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # a shell puts its own there
        found = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
        register()
        yield found
        atexit.unregister(found.atexit_operations)
        found.atexit_operations()
        InteractiveShell.clear_instance()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("notebook") / "run"
    fake_run(path, seeds=8, epochs=6, diverged=[("leaky_relu", 3)])
    return actlab.load_run(path)


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nasty")
    (folder / NASTY.removesuffix(":f")).write_text("def f(x):\n    return x\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fake_run(folder / "run", ("relu", NASTY), seeds=5, epochs=2)
        return actlab.load_run(folder / "run")


def shown(shell, thing) -> tuple[str, str]:
    """Its text and its HTML."""
    found, _ = shell.display_formatter.format(thing)
    return found["text/plain"], found["text/html"]


class Read(HTMLParser):
    """Tags, attributes, the text of cells by table, and all text that is not style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.tables, self.said, self.folded = [], [], [], "", ""
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        self._inside.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self._inside.pop() == tag

    def handle_data(self, data):
        if "style" in self._inside:
            return
        if "details" in self._inside:
            self.folded += data
        else:
            self.said += data
        if self._inside and self._inside[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_a_run_and_its_summary_show_sentence_forest_and_table(shell, run):
    summary = actlab.summarise(run)
    for thing in (run, summary):
        read = Read(shown(shell, thing)[1])
        assert summary.conclusion in squeezed(read.said)
        header, *rows = read.tables[0]
        assert header[0] == "activation" and len(header) == 5
        for name, mean in rows_of(
            run, "SELECT activation, AVG(test_metric) FROM trials WHERE status = 'finished' GROUP BY activation"
        ):
            [row] = [row for row in rows if row[0] == name]
            assert row[1].startswith(f"{100 * mean:.2f}%")
    text, _ = shown(shell, summary)
    assert squeezed(text).startswith(summary.conclusion) and len(text) < 700
    assert shown(shell, run)[0] == f"Run({str(run.path)!r})"


def test_a_mark_says_its_value_without_a_script(shell, run):
    _, page = shown(shell, run)
    assert "data-tip" not in page and "<script" not in page
    summary = actlab.summarise(run)
    told = dict(re.findall(r"<title>tanh, seed (\d+): (\S+)", page))
    differences = paired_differences(summary.values["relu"], summary.values["tanh"])
    assert {int(seed): float(value) for seed, value in told.items()} == {
        seed: pytest.approx(100 * value, abs=0.0051) for seed, value in differences.items()
    }


def test_a_judgement_shows_sentence_forests_and_table(shell, run):
    values = actlab.summarise(run).values
    rows = [{"activation": arm, "seed": seed, "accuracy": value, "task": task}
            for task in ("one", "two") for arm, found in values.items() for seed, value in found.items()]  # fmt: skip
    found = actlab.judge(pd.DataFrame(rows), task="task")
    text, page = shown(shell, found)
    read = Read(page)
    assert squeezed(text) == squeezed(found.conclusion) and found.conclusion in squeezed(read.said)
    assert read.tags.count("svg") >= 2 and [len(table) for table in read.tables] == [1 + 4]
    assert {row[0] for row in read.tables[0][1:]} == {"one", "two"}


def finding(name, outcome, says="") -> Finding:
    return Finding(outcome, says, mend="mend it", check=name, severity="wrong", measured=2.0, limit=1.0, where="x = 3")


def verdict_of(label, findings, identity="is new") -> Verdict:
    about = {"label": label, "identity": identity, "truth": "its formula", "properties": None, "seconds": 1.0}
    return Verdict(findings=tuple(findings), **about)


def test_a_verdict_shows_what_failed_and_folds_the_rest(shell):
    found = (finding("tails", "pass"), finding("slope", "fail", "f' is wrong"), finding("kinks", "skip"))
    text, page = shown(shell, verdict_of("mine", found))
    assert text == "mine: is new. 1 checks passed, 1 failed: slope."
    read = Read(page)
    assert "1 checks passed, 1 failed" in read.said and "slope" in read.said and "its formula" in read.said
    assert "tails" not in read.said and "tails" in read.folded and "kinks" in read.folded
    assert read.tables[0][1:] == [["slope", "fail", "2", "1", "x = 3", "f' is wrong Mend: mend it"]]
    assert len(Read(shown(shell, verdict_of("mine", found[:1]))[1]).tables) == 1, "what passed, alone"


def test_an_activation_shows_its_card(shell):
    text, page = shown(shell, get("leaky_relu"))
    assert text.startswith("<Activation leaky_relu(x, negative_slope=0.01): Leaky") and len(text) < 200
    read = Read(page)
    assert read.tags.count("svg") >= 3 and "negative_slope = 0.01" in read.folded


def test_cards_of_several(shell, tmp_path):
    cards = actlab.show("silu", "x * tanh(softplus(x))", torch.tanh)
    text, page = shown(shell, cards)
    assert text.startswith("silu\n")
    for label in [item.label for item in cards.items]:
        assert f"\n{label}\n" in f"\n{text}" and f"<summary>{html.escape(label)}</summary>" in page
    for ending in (".svg", ".html"):
        assert cards.save(tmp_path / f"cards{ending}").stat().st_size > 5000
    with pytest.raises(UserError, match="Name what is to be shown"):
        actlab.show()
    with pytest.raises(UserError, match="Did you mean 'silu'"):
        actlab.show("sliu")


def test_plots_show_themselves_and_are_saved(shell, run, tmp_path):
    drawn = {kind: run.plot(kind) for kind in ("metric", "accuracy", "loss", "differences")}
    assert drawn["metric"] == drawn["accuracy"] != drawn["loss"] and run.plot() == drawn["metric"]
    for kind, drawing in drawn.items():
        found, _ = shell.display_formatter.format(drawing)
        assert Read(found["text/html"]).tags.count("svg") >= 1 and found["image/svg+xml"].startswith("<svg")
        assert len(found["text/plain"]) < 400 and drawing.label in found["text/plain"]
        for ending, begins in ((".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF")):
            drawing.save(str(tmp_path / f"{kind}{ending}"))
            assert (tmp_path / f"{kind}{ending}").read_bytes().startswith(begins)
    with pytest.raises(UserError, match="Did you mean 'loss'"):
        run.plot("los")
    with pytest.raises(UserError, match=r"one of \.svg"):
        drawn["loss"].save("loss.jpg")


def test_a_run_draws_its_report(run):
    assert run.report() == run.path / "report" / "index.html" and run.is_drawn
    assert [*run.report(hiplot=True).parent.glob("hiplot*")] == [run.path / "report" / "hiplot.html"]


def test_names_are_text(shell, nasty):
    hostile = '"><script>alert(1)</script>'
    summary = actlab.summarise(nasty)
    table = pd.DataFrame([{"activation": arm, "seed": seed, "accuracy": 0.1 * seed + 0.01 * len(arm)}
                          for arm in ("relu", hostile) for seed in range(6)])  # fmt: skip
    x = "<b onmouseover=alert(1)>x</b>"
    verdict = verdict_of(hostile, [finding(x, "fail", x), finding(x, "pass", x)], x)
    block = actlab.activation(formula="x")(named("f", f"{hostile}\n\nIts notes: {x}"))
    drawn = [nasty.plot("loss"), nasty.plot("differences")]
    for thing in (nasty, summary, actlab.judge(table), verdict, block, *drawn):
        read = Read(shown(shell, thing)[1])
        assert set(read.tags) <= TAGS, type(thing)
        names = {name for name, _ in read.attributes}
        assert not {name for name in names if name.startswith("on") or name in ("src", "href")}, type(thing)
    assert NASTY in Read(shown(shell, nasty)[1]).said


def named(name, doc):
    def value(x):
        return x

    value.__name__, value.__doc__ = name, doc
    return value


def test_its_style_is_for_its_own_alone(shell, run):
    style = re.findall(r"<style>(.*?)</style>", shown(shell, run)[1], re.DOTALL)[0]
    assert "&" not in style and "var(--paper)" in style
    rules = re.sub(r"/\*.*?\*/", "", style)
    for selectors in re.findall(r"([^{}]+)\{", rules):
        for selector in selectors.split(","):
            assert ".actlab" in selector or selector.strip().startswith(".drawing"), selector


def test_what_cannot_be_shown_says_why(shell, run, tmp_path):
    shutil.copytree(run.path, tmp_path / "copy")
    copy = actlab.load_run(tmp_path / "copy")
    (tmp_path / "copy" / "run.db").write_bytes(b"<b>not a database</b>" * 100)
    text, page = shown(shell, copy)
    assert text.startswith("Run(") and "cannot be read" in page and "<b>" not in page


def test_compare_tells_a_notebook_how_far_it_is(shell, tmp_path, monkeypatch):
    from IPython.utils.capture import capture_output

    monkeypatch.setattr("actlab.workflows.watched._EVERY_SECONDS", 0.0)
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    small = {"data": "digits", "seeds": 2, "epochs": 3, "hidden": [4], "workers": 1, "report": False, "force": True}
    with capture_output() as told:
        run = actlab.compare("relu", "tanh", **small, out=tmp_path / "run")
    assert isinstance(run, actlab.Run) and "= 4 networks" in told.stdout
    lines = [output.data["text/plain"] for output in told.outputs]
    shares = [int(line.split("%")[0]) for line in lines[:-1]]
    assert shares == sorted(shares) and shares[-1] == 100 and len(shares) >= 3
    assert "valid accuracy" in lines[0] and lines[-1].startswith("4 networks trained in")
    assert len({output.transient["display_id"] for output in told.outputs}) == 1
    assert [output.update for output in told.outputs] == [False] + [True] * (len(lines) - 1)
    with capture_output() as told:
        actlab.compare("relu", "tanh", **small, out=tmp_path / "run")
    assert "trained already" in told.stdout and told.outputs == []
    monkeypatch.delattr(shell, "kernel")
    with capture_output() as told:
        actlab.compare("relu", **small, out=tmp_path / "other")
    assert told.stdout == "" and told.outputs == [], "IPython in a terminal is told nothing, as before"


def test_a_download_is_told_in_its_line(shell):
    from IPython.utils.capture import capture_output

    from actlab.workflows.watched import Watched

    with capture_output() as told:
        watched = Watched()
        watched.download("mnist", 0, 0)
        watched.download("mnist", 10, 10)
    assert [output.data["text/plain"] for output in told.outputs][-1] == "Downloading mnist: 100%"


def lines_of(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


LOADED = "print(sorted({'IPython', 'torch', 'pandas', 'jinja2', 'actlab.report', 'actlab.results'} & set(sys.modules)))"


def test_without_ipython_nothing_of_it_is_loaded():
    assert lines_of(f"import sys, actlab\n{LOADED}") == ["[]"]
    assert lines_of(f"import sys, IPython, actlab\n{LOADED}") == ["['IPython', 'actlab.report']"], "a library's import"


def test_in_ipython_an_import_registers_and_loads_no_more(tmp_path):
    code = f"""
import os, sys
os.environ["IPYTHONDIR"] = {str(tmp_path)!r}
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("import actlab")
{LOADED}
shell.run_cell("from actlab.activations import get")
sys.modules["jinja2"] = None
print(shell.display_formatter.format(shell.user_ns["get"]("relu"))[0]["text/html"])
del sys.modules["jinja2"]
print(*shell.display_formatter.format(shell.user_ns["get"]("relu"))[0])
"""
    loaded, missing, formats = lines_of(code)
    assert loaded == "['IPython', 'actlab.report']" and formats == "text/plain text/html"
    assert "jinja2" in missing and "pip install &#x27;actlab[lab]&#x27;" in missing


def test_the_names_that_are_registered_are_those_of_the_classes(shell, run):
    """A class that moves would be dumped again, and nothing would say so."""
    summary = actlab.summarise(run)
    shown_here = (summary, get("relu"), actlab.show("relu"), run.plot())
    kinds = {Run, Judgement, Verdict, *map(type, shown_here)}
    assert {f"{kind.__module__}.{kind.__name__}" for kind in kinds} == set(notebook.SHOWN)


def test_short_words_for_a_terminal(run):
    summary = actlab.summarise(run)
    for thing in (summary, get("relu"), run.plot(), run):
        assert len(repr(thing)) < 800 and repr(thing).count("\n") < 8


@pytest.mark.large
@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.skipif(CHROME is None and os.environ.get("REQUIRE_BROWSER") != "1", reason="no Chromium")
@pytest.mark.parametrize(("theme", "paper"), [("true", "rgb(255, 255, 255)"), ("false", "rgb(20, 23, 27)")])
def test_a_cell_is_light_or_dark_as_the_notebook_is(shell, run, tmp_path, theme, paper):
    """Whatever the reader's system prefers; and what else stands in the notebook keeps its looks."""
    from playwright.sync_api import sync_playwright

    own = "<table><tr><td>mine</td></tr></table><svg width=9 height=9><path d='M0 0H9' fill='red'/></svg>"
    cells = "".join(shown(shell, thing)[1] for thing in (run, run.plot(), actlab.show("relu", "tanh")))
    looks = "JSON.stringify(['td', 'path'].map((name) => { const s = getComputedStyle(document.querySelector(name));" \
            " return [s.fill, s.stroke, s.padding, s.color, s.textAlign, s.fontSize, s.borderBottom] }))"  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROME, args=FLAGS)
        found = []
        for text in (own, own + cells):
            page = browser.new_context(offline=True, color_scheme="dark").new_page()
            page.set_content(f"<!doctype html><body data-jp-theme-light={theme}>{text}</body>")
            found.append(page.evaluate(looks))
        assert page.locator(".actlab").count() == 3
        colours = page.locator(".actlab").evaluate_all("(all) => all.map((n) => getComputedStyle(n).backgroundColor)")
        assert colours == [paper] * 3 and found[0] == found[1]
        for drawing in page.locator(".actlab svg.drawing").all():
            box = drawing.bounding_box()
            assert box["width"] > 200 and box["x"] + box["width"] <= 1280
        browser.close()
