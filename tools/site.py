"""The documents as a site: laid out in build/site from where they stand, with the reference, and rendered by Sphinx."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools import reference

from actlab.play import page as playground

ROOT = Path(__file__).parents[1]
ELSEWHERE = {  # what stands outside of docs, and where the site has it
    "ARCHITECTURE.md": "design/architecture.md",
    "CONTRIBUTING.md": "design/contributing.md",
    "CHANGELOG.md": "design/changelog.md",
    "records/README.md": "records/index.md",
    "records/tutorial.md": "records/tutorial.md",
    "records/engine.md": "records/engine.md",
    "README.md": "readme.md",
}
PLAYGROUND = "playground.html"  # a page as it is, whose name becomes a link
FENCED = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[([^\[\]]*)\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def places(root: Path) -> dict[Path, str]:
    """Every document, and where the site has it."""
    docs = root / "docs"
    pages = [*sorted(docs.glob("*.md")), *sorted((docs / "learn").glob("*.md"))]
    known = {page: page.relative_to(docs).as_posix() for page in pages}
    return known | {root / name: place for name, place in ELSEWHERE.items()}


def moved(text: str, page: Path, at: Path, known: dict[Path, str], site: Path) -> str:
    """A page's text, its links leading from where the site has it: to pages of the site, or to the files themselves."""

    def link(found: re.Match[str]) -> str:
        picture, words, target, anchor = found.groups(default="")
        file = (page.parent / target).resolve()
        if file.is_dir():  # which is no page
            return words
        if file.match("docs/learn/live/*.html"):  # pages as they are, beside those of Learn
            return f'<a class="live" href="{target}">{words}</a>'
        to = site / known[file] if file in known else file
        return f"{picture}[{words}]({Path(os.path.relpath(to, at.parent)).as_posix()}{anchor})"

    parts = FENCED.split(text)
    return "".join(part if part.startswith("```") else LINK.sub(link, part) for part in parts)


def contents(index: str, learn: list[Path], site: Path) -> str:
    """The index with its lists as the site's navigation, and with what is made: Learn, and the reference."""
    first, *sections = re.split(r"^## ", index, flags=re.MULTILINE)
    if learn:
        sections.insert(0, "Learn\n\n" + "".join(f"- [{title(page)}](learn/{page.name})\n" for page in learn))
    made = "".join(f"- [{title(site / f'reference/{name}.md')}](reference/{name}.md)\n" for name in reference.PAGES)
    for number, section in enumerate(sections):
        if section.startswith("Reference\n"):
            section = f"{section.rstrip()}\n{made}"
        entries = [f"{words} <{target}>" for _, words, target, _ in LINK.findall(section)]
        tree = ["```{toctree}", ":hidden:", f":caption: {section.splitlines()[0]}", "", *entries, "```"]
        sections[number] = "\n".join([f"## {section.rstrip()}", "", *tree, "\n"])
    return first + "".join(sections)


def title(page: Path) -> str:
    """A page's first heading."""
    return re.findall("^# (.*)", page.read_text(encoding="utf-8"), re.MULTILINE)[0]


def lay(site: Path, root: Path = ROOT) -> None:
    """All pages, into an empty folder."""
    shutil.rmtree(site, ignore_errors=True)
    known = places(root)
    for page, place in known.items():
        target = site / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(moved(page.read_text(encoding="utf-8"), page, target, known, site), encoding="utf-8")
    for name, make in reference.PAGES.items():
        target = site / f"reference/{name}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(make(), encoding="utf-8")
    shutil.copytree(root / "docs/learn/live", site / "learn/live")
    (site / PLAYGROUND).write_text(playground(), encoding="utf-8")
    for page in site.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(f"`{PLAYGROUND}`", f'<a href="{PLAYGROUND}">{PLAYGROUND}</a>'), encoding="utf-8")
    index = site / "index.md"
    learn = sorted((site / "learn").glob("*.md"))
    index.write_text(contents(index.read_text(encoding="utf-8"), learn, site), encoding="utf-8")


def render(site: Path, pages: Path) -> subprocess.CompletedProcess[str]:
    """What was laid out, as HTML; a warning is a failure."""
    shutil.rmtree(pages, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "-n", "-c", ROOT / "docs", site, pages]
    done = subprocess.run([*command, "-d", f"{pages}.cache", "-E"], text=True, capture_output=True)
    if (live := site / "learn/live").exists():
        shutil.copytree(live, pages / "learn/live", dirs_exist_ok=True)
        shutil.copy(site / PLAYGROUND, pages)
    return done


if __name__ == "__main__":
    lay(ROOT / "build" / "site")
    done = render(ROOT / "build" / "site", ROOT / "build" / "docs")
    print(done.stderr or "build/docs/index.html")
    sys.exit(done.returncode)
