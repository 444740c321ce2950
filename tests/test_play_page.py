"""The playground's packer, with planted mistakes, its page, and the command that writes it."""

import base64
import hashlib
import posixpath
import re
import subprocess
import sys
import webbrowser
from importlib import resources
from pathlib import Path

import pytest
from javascript import NODE, ran, with_node

from actlab.cli import main
from actlab.play import embedded, packing, page

ROOT = Path(__file__).parents[1]
SMALL = {
    "worker.js": 'import { one } from "./low.js";\n\nexport const JOBS = { add: (two) => one + two };\n',
    "low.js": "const made = 1;\nexport const one = made;\n",
    "main.js": 'import { shown } from "./panel.js";\nimport { JOBS } from "./worker.js";\nsaid(shown(JOBS.add(2)));\n',
    "panel.js": 'import { one } from "./low.js";\nconst made = "=";\nexport const shown = (sum) => made + sum + one;\n',
}


def written(command: list[str], capsys, monkeypatch) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["actlab", *command])
    with pytest.raises(SystemExit) as ended:
        main()
    return (ended.value.code or 0, *capsys.readouterr())


@with_node
def test_modules_become_two_scripts_in_which_each_keeps_its_own_names():
    pure, shown = packing.scripts(SMALL.__getitem__)
    assert [name for name in pure if name in ("low", "worker")] == ["low", "worker"]
    assert [name for name in shown if name in ("panel", "main")] == ["panel", "main"]
    source = "".join([*pure.values(), *shown.values(), "said(Object.keys(worker_js).join());"])
    told = subprocess.run(
        [NODE, "-e", f"const said = console.log;\n{source}"], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["=31", "JOBS"]


@pytest.mark.parametrize(
    ("module", "old", "new", "words"),
    [
        ("panel.js", "{ one }", "{ one, two }", "panel.js imports two, which low.js does not export"),
        ("panel.js", "{ one }", "{ made }", "imports made, which"),
        ("panel.js", "{ one }", "{ one as two }", "imports one as two, which"),
        ("low.js", "const made = 1;", 'const made = "</SCRIPT>";', "low.js has '</SCRIPT', which cannot be packed"),
        ("low.js", "const made = 1;", 'const made = "<!--";', "has '<!--'"),
        ("low.js", "const made", 'import all from "./panel.js";\nconst made', "has 'import'"),
        (
            "low.js",
            "const made",
            'import { shown } from "./panel.js";\nconst made',
            "panel.js imports low.js, which imp",
        ),
        ("low.js", "export const one", "export default one;\nexport const one", "has 'export '"),
        ("low.js", "export const one", "export { made };\nexport const one", "has 'export '"),
    ],
)
def test_what_cannot_be_packed_is_refused(module, old, new, words):
    assert old in SMALL[module]
    changed = SMALL | {module: SMALL[module].replace(old, new, 1)}
    with pytest.raises(ValueError, match=re.escape(words)):
        packing.scripts(changed.__getitem__)


def test_the_packer_is_as_short_as_it_was_asked_to_be():
    with open(packing.__file__, encoding="utf-8") as file:
        assert len(file.readlines()) <= 60


def test_the_page_allows_its_own_scripts_and_styles_and_nothing_else():
    text = page({"text": "</script><b>", "forms": None})
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)[0]
    assert policy.startswith("default-src 'none';")
    styles, scripts = (
        re.findall(r"<style>(.*?)</style>", text, re.S),
        re.findall(r"<script[^>]*>(.*?)</script>", text, re.S),
    )
    assert (
        len(styles) == 1 and len(scripts) == 3 and scripts[0] == '{"text": "\\u003c/script>\\u003cb>", "forms": null}'
    )
    hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in [*scripts[1:], *styles]]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes
    assert not re.search(
        r"https?://(?!www\.w3\.org/2000/svg)|@import|\bsrc=|\bimport\s*\(|\beval\b|new Function|innerHTML", text
    )
    assert not re.search(r"\sstyle=|\son\w+=\"", text)
    assert len(text.encode()) <= 600_000


FLOWS = ["language", "numbers", "properties", "training", "judging", "page", "curves", "trainer", ""]


def test_modules_import_from_before_them():
    """Nothing reached from a worker touches the page, and a folder has no more than 20 files."""
    play = resources.files("actlab.play")
    modules = {
        f"{folder}/{file.name}".strip("/"): file.read_text(encoding="utf-8")
        for folder in FLOWS
        for file in (play / folder).iterdir()
        if file.name.endswith(".js")
    }
    assert len(modules) > 50
    for name, text in modules.items():
        for place in re.findall(r'from "([^"]+)"', text):
            folder = posixpath.normpath(f"{name}/../{place}").rpartition("/")[0]
            assert FLOWS.index(folder) <= FLOWS.index(name.rpartition("/")[0]), (name, place)
    assert max(sum(name.startswith(f"{folder}/") for name in modules) for folder in FLOWS[:-1]) <= 20
    pure, _ = packing.scripts(lambda name: (play / name).read_text(encoding="utf-8"))
    assert not [name for name, text in pure.items() if re.search(r"\b(document|window)\b[.\[]", text)]


def test_each_part_weighs_what_it_may():
    allowed = (ROOT / "docs/play.md").read_text(encoding="utf-8").partition("\n## What it weighs")[0]
    said = re.findall(r"\| ([^|]*) \| (\d+) \|", allowed)
    here = resources.files("actlab.play")
    pure, shown = packing.scripts(lambda name: (here / name).read_text(encoding="utf-8"))
    both = sum(len(text.encode()) for text in [*pure.values(), *shown.values()])
    generated = {name: len(text.encode()) for name, text in (pure | shown).items() if "`make play`" in text[:300]}
    weighs = {
        "catalogue": sum(generated.values()),
        "workers": sum(len(text.encode()) for name, text in pure.items() if name not in generated),
        "page:": sum(len(text.encode()) for name, text in shown.items() if name not in generated),
        "and": len(page().encode()) - both,
    }
    assert (
        "language/catalogue" in generated
        and sum(weighs.values()) <= sum(1000 * int(most) for _, most in said) <= 600_000
    )
    for (part, most), (name, found) in zip(said, weighs.items(), strict=True):
        assert name in part and found <= 1000 * int(most), (part, found)


def test_the_command_writes_the_page_and_opens_it(tmp_path, capsys, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    monkeypatch.chdir(tmp_path)
    code, told, _ = written(["play"], capsys, monkeypatch)
    assert (code, opened) == (0, [(tmp_path / "playground.html").as_uri()])
    assert re.fullmatch(r"Wrote playground\.html, \d+ kB: it opens offline, in any browser\.\n", told)
    assert (tmp_path / "playground.html").read_text(encoding="utf-8") == page()
    code, _, _ = written(
        ["play", "x*sigmoid(b*x)", "--param", "b=2", "--out", "a/b.html", "--no-open"], capsys, monkeypatch
    )
    assert code == 0 and len(opened) == 1
    assert '"text": "x*sigmoid(b*x) where b=2"' in (tmp_path / "a/b.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("x*tahn(x)", "no function 'tahn'. Did you mean 'tanh'?\n    x*tahn(x)\n      ^\n"),
        ("rleu", "actlab: There is no activation 'rleu'. Did you mean 'relu'?"),
        ("torch.nn:GELU", "is code, and the page runs none"),
    ],
)  # fmt: skip
def test_a_formula_is_checked_before_anything_is_written(formula, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, told, wrong = written(["play", formula, "--no-open"], capsys, monkeypatch)
    assert (code, told) == (2, "") and words in wrong
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_a_formula_loads_nothing_slow():
    code = "import sys; from actlab.play import page; page(); assert not {'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_embedded_is_what_python_found():
    assert embedded("Leaky_ReLU(0.2)") == {"text": "leaky_relu(0.2)", "forms": None}
    found = embedded("x * sigmoid(beta*x) where beta=1.5 learned")
    assert found["text"] == "x*sigmoid(beta*x) where beta=1.5 learned" and set(found["forms"]["slopes"]) == {
        "x",
        "beta",
    }


@with_node
def test_an_address_gives_back_the_state_it_was_made_of():
    found = ran(
        """
        const { fromHash, toHash } = await import("./page/state.js");
        const whole = { default: 3, read: (text) => (/^[0-9]+$/.test(text) ? Number(text) : undefined), write: String };
        const curves = { default: ["a"], short: "f", read: (text) => text.split(";"), write: (all) => all.join(";") };
        const fields = { whole, curves }, there = (hash) => fromHash(hash, fields);
        const both = (state) => [toHash(state, fields), there(toHash(state, fields))];
        return data.map((one) => (typeof one === "string" ? there(one) : both(one)));
        """,
        [
            {"whole": 3, "curves": ["a"]},
            {"whole": 12, "curves": ["x + 1 & 2%3#<b>", "u=v where a=1, b=2 é😀"]},
            "#v=1&whole=1e3",
            "#v=2&whole=4",
            "#whole=4",
            "#v=1&__proto__=1&constructor=2&whole=5",
            "#v=1&whole=%E0%A4%A",
            "#v=1&f=<img src=x onerror=alert(1)>",
            "#" + "v=1&" * 300_000,
        ],
    )
    default = {"whole": 3, "curves": ["a"]}
    assert found[0] == ["", {"values": default, "told": ""}]
    assert found[1][0].startswith("#v=1&whole=12&f=") and found[1][1]["told"] == "" and " " not in found[1][0]
    assert found[1][1]["values"] == {"whole": 12, "curves": ["x + 1 & 2%3#<b>", "u=v where a=1, b=2 é😀"]}
    assert found[2] == {"values": default, "told": "Of the address, whole could not be read: the default stands there."}
    for at, words in ((3, "is of version 2"), (4, "names no version"), (8, "has 1,200,000 characters")):
        assert found[at]["values"] == default and words in found[at]["told"]
    assert found[5]["values"] == default | {"whole": 5} and "__proto__, constructor" in found[5]["told"]
    assert found[6]["values"] == default and "could not be read" in found[6]["told"]
    assert found[7] == {"values": {"whole": 3, "curves": ["<img src=x onerror=alert(1)>"]}, "told": ""}
