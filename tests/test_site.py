"""The site of the documents: built from a copy with a made-up page of Learn, and opened from disk."""

import doctest
import importlib.util
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from test_report_browser import CHROME, PHONE, WIDE, browser as browser, visit as visit
from tools import public, reference, site

import actlab
import actlab.testing
from actlab import functional, nn

ROOT = Path(__file__).parents[1]
LEARN = """<!-- made by hand -->
# Page of the test

The gradient is $\\frac{\\partial L}{\\partial x}$, and in a line of its own:

$$ f'(x) = 1 - \\tanh^2 x $$

![a square](images/square.svg) and [the catalogue](../catalogue.md#gated), [a record](../../records/mnist.json).

```text
[no link](nowhere.md) is changed in code
```
"""
SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="440" height="40"><rect width="440" height="40"/></svg>'
built = [
    pytest.mark.large,
    pytest.mark.xdist_group("browser"),  # where the site is built once
    pytest.mark.skipif(
        importlib.util.find_spec("sphinx") is None and os.environ.get("REQUIRE_DOCS") != "1", reason="no Sphinx"
    ),
]
seen = [
    *built,
    pytest.mark.browser,
    pytest.mark.skipif(CHROME is None and os.environ.get("REQUIRE_BROWSER") != "1", reason="no Chromium"),
]


def marked(marks):
    """All of these marks."""

    def mark(test):
        for one in marks:
            test = one(test)
        return test

    return mark


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folder of the site."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("docs", "records", "studies"):
        shutil.copytree(ROOT / name, folder / "root" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.glob("*.md"):
        shutil.copy(file, folder / "root")
    (folder / "root/docs/learn/images").mkdir(parents=True, exist_ok=True)
    (folder / "root/docs/learn/images/square.svg").write_text(SQUARE)
    (folder / "root/docs/learn/99-test.md").write_text(LEARN)
    (folder / "root/docs/learn/source").mkdir(exist_ok=True)
    (folder / "root/docs/learn/source/99-test.md").write_text("# A source, which is no page\n")
    site.lay(folder / "laid", folder / "root")
    done = site.render(folder / "laid", folder / "pages")
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "pages"


class Page(HTMLParser):
    """What a page links to, and the names in it that can be linked to."""

    def __init__(self, file):
        super().__init__()
        self.links, self.names, self.tags = [], set(), []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.tags.append(tag)
        self.names.add(known.get("id"))
        for key in ("href", "src"):
            if known.get(key) is not None:
                self.links.append((tag, known[key]))


def text_of(file):
    return re.sub(r"<[^>]+>", "", file.read_text(encoding="utf-8")).replace("&lt;", "<").replace("&gt;", ">")


@marked(built)
def test_every_link_leads_somewhere_on_the_disk(pages):
    known = {file.resolve(): Page(file) for file in pages.rglob("*.html")}
    followed = 0
    for file, page in known.items():
        for tag, target in page.links:
            if re.match(r"https?:", target):
                assert tag == "a" or (tag, target) == ("link", target), (file.name, target)
                continue
            if target.startswith(("data:", "mailto:")):
                continue
            path, _, name = target.partition("#")
            to = (file.parent / unquote(path.partition("?")[0])).resolve() if path else file
            assert to.is_file(), (file.name, target)
            assert not name or to not in known or unquote(name) in known[to].names, (file.name, target)
            followed += 1
    assert followed > 1000


@marked(built)
def test_nothing_is_fetched_and_nothing_speaks_of_a_machine(pages):
    for file in pages.rglob("*"):
        if file.suffix in {".html", ".css", ".js"}:
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"url\(\s*['\"]?https?:|@import\s+['\"]https?:", text), file
            assert str(pages.parent) not in text and str(ROOT) not in text, file
        if file.suffix == ".html":
            sources = [target for tag, target in Page(file).links if tag in ("script", "img", "link", "iframe")]
            assert [target for target in sources if target.startswith(("http", "//"))] == [], file


@marked(built)
def test_all_documents_are_pages_and_sources_of_learn_are_not(pages):
    names = {file.relative_to(pages).as_posix() for file in pages.rglob("*.html")}
    documents = {f"{file.stem}.html" for file in (ROOT / "docs").glob("*.md")}
    assert documents | {"readme.html", "records/index.html", "design/architecture.html"} <= names
    learn = {f"learn/{file.stem}.html" for file in (ROOT / "docs/learn").glob("*.md")}
    live = {f"learn/live/{file.name}" for file in (ROOT / "docs/learn/live").iterdir()}
    assert {name for name in names if name.startswith("learn")} == {*learn, *live, "learn/99-test.html"}
    first = text_of(pages / "index.html")
    assert first.index("Page of the test") < first.index("Train activations of your own")


@marked(built)
def test_formulas_are_mathml_and_code_is_left_alone(pages):
    page = Page(pages / "learn/99-test.html")
    assert page.tags.count("math") == 2 and "mfrac" in page.tags and "msup" in page.tags
    assert [target for tag, target in page.links if tag == "script" and "math" in target.lower()] == []
    assert "[no link](nowhere.md) is changed in code" in text_of(pages / "learn/99-test.html")


@marked(built)
def test_the_reference_has_all_that_is_public(pages):
    for name, module in {"actlab": actlab, "functional": functional, "nn": nn, "testing": actlab.testing}.items():
        ids = Page(pages / f"reference/{name}.html").names
        listed = actlab.catalogue.facts() if name == "functional" else module.__all__
        elsewhere = {*actlab.catalogue.facts(), "functional", "nn", "__version__"} if name == "actlab" else set()
        assert {one for one in {*listed} - elsewhere if f"{module.__name__}.{one}" not in ids} == set()
    ids = set().union(*(Page(pages / f"reference/{name}.html").names for name in ("actlab", "testing", "rooms")))
    assert {name for name in public.public() if name not in ids} == set()
    assert {"actlab.Run.test_labels", "actlab.checks.Verdict.passes"} <= ids  # inherited; of what is given


@marked(built)
def test_the_command_line_is_that_of_its_help(pages, actlab_command):
    html = (pages / "reference/cli.html").read_text(encoding="utf-8")
    listed = re.findall(r"^  (\w+)  ", actlab_command("--help").stdout.partition("Commands:")[2], re.MULTILINE)
    assert len(listed) >= 13
    for name in listed:
        part = html.partition(f'<section id="actlab-{name}">')[2].partition("</section>")[0]
        for option in re.findall(r"^  (--[\w-]+)", actlab_command(name, "--help").stdout, re.MULTILINE):
            assert option in re.sub(r"<[^>]+>", "", part), (name, option)


@marked(built)
@pytest.mark.parametrize("fault", ["[a](nowhere.md)", "[a](#nowhere)", "[a](other.md#nowhere)", "![a](nowhere.svg)"])
def test_a_link_that_leads_nowhere_stops_the_build(tmp_path, fault):
    (tmp_path / "laid").mkdir()
    (tmp_path / "laid/other.md").write_text("# Other\n")
    for words, code in (("[a](other.md#other)", 0), (fault, 1)):
        (tmp_path / "laid/index.md").write_text(f"# Index\n\n{words}\n\n```{{toctree}}\nother\n```\n")
        done = site.render(tmp_path / "laid", tmp_path / "pages")
        assert done.returncode == code and ("nowhere" in done.stderr) == bool(code), done.stderr


def test_links_of_a_page_that_moves():
    root = Path("/checkout")
    known = {root / "docs/a.md": "a.md", root / "NEWS.md": "design/news.md"}
    text = "[a](docs/a.md#x), [t](tools), [w](https://x.org/a.md), ![p](docs/p.svg)\n```sh\n[a](docs/a.md)\n```\n"
    said = site.moved(text, root / "NEWS.md", Path("/site/design/news.md"), known, Path("/site"))
    assert said.startswith(
        "[a](../a.md#x), [t](../../checkout/tools), [w](https://x.org/a.md), ![p](../../checkout/docs/p.svg)"
    )
    assert said.endswith("```sh\n[a](docs/a.md)\n```\n")
    assert site.moved("[t](tools)", ROOT / "NEWS.md", Path("/site/news.md"), {}, Path("/site")) == "t"


def test_docstrings_become_markdown():
    assert doctest.testmod(reference) == (0, 1)
    assert (
        reference.prose("A *b* | c_d.\n\n>>> 1 < 2\nTrue") == "A \\*b\\* \\| c\\_d.\n\n```pycon\n>>> 1 < 2\nTrue\n```"
    )
    made = {name: make() for name, make in reference.PAGES.items()}
    assert made == {name: make() for name, make in reference.PAGES.items()}
    assert not [name for name, text in made.items() if " at 0x" in text]


SOME = ["index", "learn/99-test", "readme", "examples", "reference/testing"]
SOME += [f"learn/{file.stem}" for file in sorted((ROOT / "docs/learn").glob("*.md"))]
ALL = [*SOME, "audit", "catalogue", "data", "design/architecture", "reference/actlab", "reference/cli", "search"]
SPHINX = {  # not ours
    "definition-list": "arguments that stand one on a line are in a list without terms",
}


@marked(seen)
@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (400, "light"), (1200, "dark"), (1200, "light")])
def test_pages_fit_their_window_and_can_be_read_by_all(visit, pages, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    serious = {}
    size = PHONE if width < 600 else {"viewport": WIDE}
    page = visit(pages / "index.html", "article", color_scheme=scheme, **size)
    for name in ALL if (width, scheme) == (400, "light") else SOME:
        page.goto((pages / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        options = {"preload": False, "resultTypes": ["violations"], "iframes": False}  # of these: tests/test_live.py
        for one in Axe().run(page, options=options).response["violations"]:
            if one["impact"] in ("serious", "critical") and one["id"] not in SPHINX:
                serious.setdefault(one["id"], []).append((name, one["nodes"][0]["html"][:150]))
    assert serious == {}


@marked(seen)
def test_it_is_searched_from_the_disk(visit, pages):
    page = visit(pages / "index.html", "article", viewport=WIDE)
    page.get_by_placeholder("Search").fill("leaky slope")
    page.get_by_placeholder("Search").press("Enter")
    page.locator("#search-results li a", has_text=re.compile("catalogue", re.IGNORECASE)).first.wait_for()  # one by one
    assert "search.html?q=leaky" in page.url
    page.locator("#search-results li a").first.click()
    page.wait_for_selector("article h1")


@marked(seen)
def test_pictures_can_be_read_in_the_dark(visit, pages):
    page = visit(pages / "catalogue.html", "article", viewport=WIDE, color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.querySelector('.main')).backgroundColor")
    assert max(map(int, re.findall(r"\d+", dark)[:3])) < 60
    for picture in page.locator("article img").all():
        assert picture.evaluate("(img) => getComputedStyle(img).backgroundColor") == "rgb(255, 255, 255)"
        assert picture.evaluate("(img) => img.naturalWidth") > 0


@marked(seen)
def test_a_live_figure_takes_the_place_of_its_picture_and_is_as_dark_as_the_page(visit, pages):
    page = visit(pages / "learn/02-backwards.html", "article iframe", color_scheme="light", **PHONE)
    picture, frame = page.locator("article img[src$='/backwards_point.svg']"), page.locator("article iframe")
    inside = page.frames[1]
    inside.wait_for_function("document.documentElement.scrollHeight <= innerHeight && innerHeight != 560")
    assert frame.is_visible() and not picture.is_visible() and "point" in frame.get_attribute("title")
    assert inside.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    for theme, paper in (("dark", "rgb(20, 23, 27)"), ("light", "rgb(255, 255, 255)")):
        page.evaluate(f"document.body.dataset.theme = '{theme}'")
        inside.wait_for_function(f"getComputedStyle(document.body).backgroundColor === '{paper}'")
    page.emulate_media(media="print")
    assert picture.is_visible() and not frame.is_visible()
    bare = visit(pages / "learn/02-backwards.html", "article", java_script_enabled=False)
    assert bare.locator("article img[src$='/backwards_point.svg']").is_visible()
    assert bare.locator("iframe").count() == 0 and bare.locator("a.live").count() == 1


@marked(seen)
def test_on_a_phone_only_what_was_drawn_wide_is_pushed_about(visit, pages):
    page = visit(pages / "catalogue.html", "img.wide", **PHONE)
    assert page.locator("article img.wide").first.bounding_box()["width"] > 700
    region = page.locator("article p[role=region]").first
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('article p[role=region]').scrollLeft > 0")
    page.goto((pages / "learn/99-test.html").as_uri())
    assert page.locator("article img").bounding_box()["width"] < 400


@marked(seen)
def test_nothing_sticks_out_at_any_width(visit, pages):
    page = visit(pages / "readme.html", "article")
    for width in (320, 700, 900, 1010, 1100, 1313, 1400, 2000):  # where the theme shows and hides its columns
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
