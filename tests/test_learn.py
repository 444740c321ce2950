"""Pages that teach: made by what they show. Exercises: right answers pass, typical wrong ones get their own hint."""

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from readers import answered
from tools import learn

from actlab.errors import UserError
from actlab.learn import PAGES, checked, lay, named
from actlab.learn.exercises import diagnosis

VALUE = "torch.where(x > 0, x, ALPHA * x)"
SLOPE = "torch.where(x > 0, dy, ALPHA * dy)"


def answer(value: str = VALUE, slope: str = SLOPE) -> str:
    """The exercise's own file with its two gaps filled in, as a reader does it."""
    return named(3).start.replace("...", value, 1).replace("...", slope, 1)


RIGHT = {
    "where": answer(),
    "max and min": answer("x.clamp(min=0) + ALPHA * x.clamp(max=0)", "dy * (x > 0) + ALPHA * dy * (x <= 0)"),
    "1 at 0": answer("torch.where(x >= 0, x, ALPHA * x)", "torch.where(x >= 0, dy, ALPHA * dy)"),
    "prints": f"print('hello')\n{answer()}",
}
WRONG = {  # the hint says which mistake it is
    "gap": (named(3).start, "forward: the gap is still there"),
    "gap in backward": (answer(slope="..."), "backward: the gap is still there"),
    "relu": (answer("x.clamp(min=0)"), "forward: that is ReLU"),
    "another slope": (answer("torch.where(x > 0, x, 0.01 * x)"), "forward: at x = -3 it gives -0.03; f(x) is -0.3"),
    "not a tensor": (answer("0.1"), "forward: it gives a float"),
    "closed gate": (answer(slope="dy * (x > 0)"), "backward: where x is negative it gives 0"),
    "forgets what comes in": (
        answer(slope="torch.where(x > 0, 1.0, ALPHA)"),
        "backward: that is the slope alone",
    ),
    "gate by dy": (answer(slope="torch.where(dy > 0, dy, ALPHA * dy)"), "backward: its gate looks at dy"),
    "hands on": (answer(slope="dy.clone()"), "backward: it hands dy on as it came"),
    "f for f'": (answer(slope=f"dy * {VALUE}"), "backward: it multiplies dy by f(x)"),
    "upside down": (
        answer(slope="torch.where(x > 0, ALPHA * dy, dy)"),
        "backward: at x = 0.7 it gives 0.3; dL/dx, dy times the slope, is 3.",
    ),
    "one number": (answer(slope="dy.sum()"), "backward: it gives the shape ()"),
    "in dy's own place": (
        answer().replace(f"return {SLOPE}", "dy[x <= 0] *= 2 * ALPHA\n        return dy"),
        "backward: at x = -3 it gives 0.4; dL/dx, dy times the slope, is 0.2.",
    ),
    "0 at 0": (answer(slope="torch.where(x > 0, dy, torch.where(x < 0, ALPHA * dy, 0.0))"), "at x = 0 it takes 0"),
    "digits": (answer(slope="dy * torch.where(x > 0, 1.0, ALPHA)"), "backward: right, but in float64 to 7 digits"),
    "swallows NaN": (answer("torch.where(x > 0, x, ALPHA * x).nan_to_num()"), "battery, nan at float64, x = nan"),
    "no such class": (answer().replace("class LeakyReLU", "class Leaky"), "There is no class LeakyReLU"),
    "does not parse": (answer("x if x > 0 els x"), "Line 21 is not Python yet"),
    "fails": (answer("x + y"), "Line 21: NameError: name 'y' is not defined"),
    "exits": ("raise SystemExit(0)", "The file ends the program"),
    "dies": ("import os\nos._exit(0)", "ended its process, status 0"),
    "asks": ("input()", "Line 1: EOFError"),
}
DX = "dy * (A * slope_of_f(A * x + b) + slope_of_g(x))"
DB = "(dy * slope_of_f(A * x + b)).sum(axis=0)"


def sum_answer(dx: str = DX, db: str = DB) -> str:
    """The same of exercise 2.1."""
    return named(2).start.replace("...", dx, 1).replace("...", db, 1)


RIGHT_SUM = {
    "by the rules": sum_answer(),
    "with ones, in place": sum_answer(
        "A * (ds := dy * slope_of_f(A * x + b)) + dy * slope_of_g(x)", "np.ones(len(x)) @ ds"
    ),
    "scribbles": sum_answer().replace("    return dx, db", "    x *= 0\n    dy *= 0\n    return dx, db"),
}
WRONG_SUM = {
    "gap": (named(2).start, "dx, 4 rows: the gap is still there"),
    "gap in db": (sum_answer(db="..."), "db, 4 rows: the gap is still there"),
    "no inner factor": (sum_answer("dy * (slope_of_f(A * x + b) + slope_of_g(x))"), "the inner factor is missing"),
    "f of a sum split": (
        sum_answer("dy * (A * slope_of_f(A * x) + slope_of_g(x))"),
        "dx, 4 rows: f has its slope taken at another place",
    ),
    "slope at x": (sum_answer("dy * (A * slope_of_f(x) + slope_of_g(x))"), "as if f of a sum could be split"),
    "one way": (sum_answer("dy * A * slope_of_f(A * x + b)"), "What comes back by g is missing"),
    "product": (sum_answer("dy * A * slope_of_f(A * x + b) * slope_of_g(x)"), "the two ways are multiplied"),
    "one bracket short": (sum_answer("dy * slope_of_f(A * x + b) + slope_of_g(x)"), "dy is missing on g's way"),
    "A, one bracket short": (sum_answer("dy * A * slope_of_f(A * x + b) + slope_of_g(x)"), "dy is missing on g's way"),
    "A on both ways": (sum_answer("A * dy * (slope_of_f(A * x + b) + slope_of_g(x))"), "A is too much on g's way"),
    "forgets what comes in": (sum_answer(DX.replace("dy * ", "")), "dx, 4 rows: what comes in is missing"),
    "values": (sum_answer(DX.replace("slope_of_", "")), "dx, 4 rows: it is off by up to"),
    "another shape": (sum_answer(f"({DX})[0]"), "it has the shape (3,); the right one is (4, 3)"),
    "nan": (sum_answer(f"{DX} * np.nan"), "it is off by up to nan"),
    "no sum": (sum_answer(db=DB.removesuffix(".sum(axis=0)")), "it has the shape of x"),
    "wrong axis": (sum_answer(db=DB.replace("0", "1")), "summed over the wrong axis"),
    "all summed": (sum_answer(db=DB.replace("axis=0", "")), "it has the shape (); the right one is (3,)"),
    "mean": (sum_answer(db=DB.replace("sum", "mean")), "that is the mean over the rows"),
    "A in db": (sum_answer(db=f"A * {DB}"), "A is too much"),
    "dx summed": (sum_answer(db="dx.sum(axis=0)"), "that is dx, summed"),
    "slope at b": (sum_answer(db="(dy * slope_of_f(b)).sum(axis=0)"), "db, 4 rows: f has its slope taken at another"),
    "knows the batch": (sum_answer(db=f"{DB} * 4 / len(x)"), "db, 2 rows: it is off by"),
    "one back": (sum_answer().replace("return dx, db", "return dx"), "it has the shape (3,)"),
    "no function": (
        sum_answer().replace("def backward", "def back"),
        "There is no backward in the file: keep the names",
    ),
    "nothing back": (
        sum_answer().replace("    return dx, db", ""),
        "gives back something of another kind than asked: Type",
    ),
}
RIGHT = {(3, name): text for name, text in RIGHT.items()} | {(2, name): text for name, text in RIGHT_SUM.items()}
WRONG = {(3, name): both for name, both in WRONG.items()} | {(2, name): both for name, both in WRONG_SUM.items()}
SMALL = {
    (3, "closed gate"),
    (3, "forgets what comes in"),
    (2, "no inner factor"),
    (2, "f of a sum split"),
    (2, "no sum"),
}  # what "gap" and "prints" are asked of the command, too
APART = {"dies", "asks", "prints", "exits"}  # what would end the process of the tests, or ask them


@pytest.mark.large
@pytest.mark.parametrize("name", RIGHT, ids=str)
def test_right_answers_pass(tmp_path, name):
    assert answered(name[0], RIGHT[name], tmp_path) == ([], {2: 4, 3: 3}[name[0]])


@pytest.mark.whole
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.large] * (n not in SMALL), id=str(n)) for n in WRONG]
)
def test_a_wrong_answer_gets_its_own_hint(tmp_path, name):
    text, hint = WRONG[name]
    wrong, _ = answered(name[0], text, tmp_path, apart=name[1] in APART)
    assert wrong and hint in wrong[0]


TRUE = {
    "A": "overfitting", "B": "labels shuffled", "C": "fine", "E": "learning rate too high",
    "D": "inputs of validation differ from training", "F": "inputs of validation differ from training",
}  # fmt: skip


@pytest.mark.whole
@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({}, ""),
        ({"A": "..."}, "A: the gap is still there"),
        ({"A": "tired"}, "A: 'tired' is none of the causes: overfitting; inputs"),
        ({"A": ["fine"]}, "A: ['fine'] is none of the causes"),
        ({"D": "overfitting"}, "D: not 'overfitting': look at the first epochs, not at the last"),
        ({"B": "learning rate too high"}, "B: not 'learning rate too high': look at the training loss"),
        ({"B": "overfitting"}, "B: not 'overfitting': who overfits has learned"),
        ({"F": "labels shuffled"}, "F: not 'labels shuffled': look at training in the first three epochs"),
        ({"A": "fine"}, "A: not 'fine': then training and validation would end near"),
    ],
)
def test_a_diagnosis(wrong, hint):
    """One is wrong, the others are right, and the hint does not name the cause."""
    given = {run: ... if cause == "..." else cause for run, cause in (TRUE | wrong).items()}
    findings = list(diagnosis.check(SimpleNamespace(DIAGNOSIS=given)))
    assert [says.split(":")[0] for right, says in findings if not right] == list(wrong) and len(findings) == 6
    for right, says in findings:
        assert right or (hint in says and ("none of" in says or TRUE[says[0]] not in says))


def test_all_wrong_diagnoses_keep_the_cause_to_themselves():
    for cause in diagnosis.CAUSES:
        for right, says in diagnosis.check(SimpleNamespace(DIAGNOSIS=dict.fromkeys(TRUE, cause))):
            run, _, hint = says.partition(": ")
            assert right == (TRUE[run] == cause) and (right or TRUE[run] not in hint)


@pytest.mark.large
def test_the_diagnosis_of_a_reader_is_run(tmp_path):
    file, text = tmp_path / "mine.py", named(6).start
    file.write_text(text, encoding="utf-8")
    assert all(not one.right and "gap" in one.says for one in checked(named(6), file))
    for run, cause in TRUE.items():
        text = text.replace(f'"{run}": ...', f'"{run}": "{cause}"')
    file.write_text(text, encoding="utf-8")
    assert all(one.right for one in checked(named(6), file))
    file.write_text("DIAGNOSIS = 1", encoding="utf-8")
    [finding] = checked(named(6), file)
    assert finding.says.startswith("There is no dictionary DIAGNOSIS")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()", "There is no dictionary"),
        ("print('last words')", "There is no dictionary"),
        ("import os\nos._exit(3)", "ended its process, status 3"),
        ("\0", "The file is no text in UTF-8"),
    ],
)
def test_what_is_found_waits_for_nothing_and_leaves_nothing(tmp_path, monkeypatch, capfd, text, says):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    [finding] = checked(named(6), file, seconds=30)
    assert not finding.right and says in finding.says
    assert [one.name for one in tmp_path.iterdir()] == ["mine.py"]
    assert capfd.readouterr().err == "last words\n" * ("print" in text)


def test_a_file_that_loops_for_ever_is_stopped(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("while True:\n    pass\n", encoding="utf-8")
    [finding] = checked(named(3), file, seconds=1)
    assert not finding.right and "stopped after 1 s" in finding.says


@pytest.mark.large
def test_what_stands_beside_an_answer_hides_nothing(tmp_path):
    """A file named torch.py, the answer itself or a neighbour; but a neighbour of another name can be imported."""
    (tmp_path / "torch.py").write_text(f"import mine\n{answer()}", encoding="utf-8")
    (tmp_path / "mine.py").write_text("", encoding="utf-8")
    assert all(one.right for one in checked(named(3), tmp_path / "torch.py"))


def test_the_file_to_begin_with_is_laid_once(tmp_path):
    file = lay(named(3), tmp_path)
    assert file.name == "exercise_3_1.py" and file.read_text(encoding="utf-8") == named(3).start
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=r"exercise_3_1.py is there already.*learn 3 --check exercise_3_1.py"):
        lay(named(3), tmp_path)
    assert file.read_text(encoding="utf-8") == "mine"


def test_the_command(tmp_path, actlab_command):
    listed = actlab_command("learn").stdout
    for page in PAGES:
        assert f"Page {page.number}: {page.title}" in listed
        assert all(title in listed for title in page.exercises.values())
    assert actlab_command("learn", "3", "--start", cwd=tmp_path).returncode == 0
    done = actlab_command("learn", "3", "--check", "exercise_3_1.py")
    assert done.returncode == 1 and "not yet  forward: the gap" in done.stdout
    (tmp_path / "mine.py").write_text(RIGHT[3, "prints"], encoding="utf-8")
    done = actlab_command("learn", "3", "--check", "mine.py")
    assert done.returncode == 0 and done.stdout.endswith("All of it is right.\n") and "hello" not in done.stdout
    help_text = " ".join(actlab_command("learn", "--help").stdout.split())
    assert "--check runs FILE" in help_text and "check only what you would run yourself" in help_text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--start"], "Say which page"),
        (["9"], "There is no page with exercises '9'. Allowed: 1, 2, 3, 4, 5, 6, 7"),
        (["3", "--exercise", "7"], "There is no exercise on page 3 '7'. Allowed: 1"),
        (["3", "--start", "--check", "x.py"], "exclude each other"),
        (["3", "--check", "notes.txt"], "notes.txt is no file of Python"),
        (["3", "--check", "nowhere.py"], "There is no file nowhere.py. `actlab learn 3 --start`"),
        (["3", "--check", "."], ". is a folder. `actlab learn 3 --start` lays exercise_3_1.py"),
        (["3", "--check", "exercise_3_2.py"], "another exercise's: `actlab learn 3 --exercise 2 --check exercise_3_2"),
    ],
)
@pytest.mark.whole
def test_a_mistake_of_the_command_is_told(tmp_path, actlab_command, words, says):
    for name in ("notes.txt", "exercise_3_2.py"):
        (tmp_path / name).touch()
    done = actlab_command("learn", *words, cwd=tmp_path)
    assert done.returncode == 2 and says in done.stderr


ROOT = Path(__file__).parents[1]
SMALL_PAGE = """# Title

```python hidden
from actlab.report.svg import Drawing, text
part = 1 / 3
```

A part is {{ part:.3f}}, {{ len("ab") }} of {{ record("mnist.json")["trials"] }}.

```python
print(part)
```

```python figure=one alt="a third: {{ part:.2f}}"
Drawing(10, 10, f"{part:.2f}", (text(1, part, "third"),))
```
"""


@pytest.fixture
def small_page(tmp_path):
    source = tmp_path / "01-small.md"
    source.write_text(SMALL_PAGE, encoding="utf-8")
    return learn.made(source)


def test_a_page_is_made_by_running_it(small_page):
    head, _, text = str(small_page).partition("\n\n")
    assert head.startswith("<!-- made by tools/learn.py from source/01-small.md")
    assert (
        text
        == """# Title

A part is 0.333, 2 of 30.

```python
print(part)
```

```text
0.3333333333333333
```

```python
Drawing(10, 10, f"{part:.2f}", (text(1, part, "third"),))
```

![a third: 0.33](images/one.svg)
"""
    )
    assert ">third</text>" in small_page.files["images/one.svg"]


@pytest.mark.whole
@pytest.mark.parametrize(
    ("made", "committed", "is_same"),
    [
        ("0.333,", "0.334,", True),
        ("0.333,", "0.335,", False),
        ("0.333,", "one third,", False),
        ("0.3333333333333333", "0.3333333333333111", True),
        ("2 of 30", "3 of 30", False),  # a count
        ("A part", "A share", False),
        ("print(part)", "print(parts)", False),
        ("[a third: 0.33]", "[a third: 0.43]", False),
    ],
)
def test_a_committed_page_may_differ_by_rounding_alone(small_page, made, committed, is_same):
    assert made in str(small_page) and not small_page.differs(str(small_page))
    assert (not small_page.differs(str(small_page).replace(made, committed, 1))) == is_same


def test_pictures_are_compared_by_what_is_drawn():
    one = '<text x="10.2" y="4">0.33 of 3</text><path d="M1 2L3 4" data-tip="x = 1"/>'
    for other, is_same in (
        (one, True),
        (one.replace("10.2", "10.6"), True),
        (one.replace("L3 4", "L3 4.6"), False),
        (one.replace("0.33", "0.34"), True),
        (one.replace("0.33", "0.43"), False),
        (one.replace("of 3", "of 4"), False),
        (one.replace("x = 1", "x = 2"), False),
        (one + "<g/>", False),
    ):
        assert learn.same_picture(one, other) == is_same, other


def test_a_mistake_in_a_page_names_its_line(tmp_path):
    source = tmp_path / "01-wrong.md"
    source.write_text("# Title\n\n```python\nx = 1\ny = x + z\n```\n", encoding="utf-8")
    with pytest.raises(NameError) as raised:
        learn.made(source)
    last = raised.traceback[-1]
    assert (Path(last.path), last.lineno + 1) == (source, 5)


@pytest.mark.large
@pytest.mark.parametrize("source", learn.SOURCES, ids=lambda file: file.stem)
def test_what_is_committed_is_what_is_made(source):
    assert list(learn.complaints(source)) == []


@pytest.mark.large
@pytest.mark.parametrize("source", learn.SOURCES, ids=lambda file: file.stem)
def test_a_reader_can_run_what_a_page_shows(source):
    """In order, without the blocks that are hidden."""
    names = {}
    for block in learn.BLOCK.finditer(source.read_text(encoding="utf-8")):
        if "hidden" not in block["words"]:
            learn.run(block["code"], str(source), names)


def test_pages_sources_and_pictures_belong_together():
    pages = {file.name: file.read_text(encoding="utf-8") for file in learn.PAGES.glob("*.md")}
    assert set(pages) == {source.name for source in learn.SOURCES}
    shown = [name for text in pages.values() for name in re.findall(r"\]\(images/(.+?)\.svg\)", text)]
    assert sorted(shown) == sorted(file.stem for file in (learn.PAGES / "images").iterdir())
    for page in PAGES:
        [text] = (text for name, text in pages.items() if name.startswith(f"{page.number:02}-"))
        assert f"\n# {page.number}. {page.title}\n" in text
        for number in range(1, len(page.exercises) + 1):
            exercise = named(page.number, number)
            assert f"{exercise.words} --start" in text and f"{exercise.words} --check {exercise.file}" in text


def typed(source: str) -> set[str]:
    """Numbers in prose that look measured: with a decimal point, % or more than two digits."""
    prose = re.sub(
        r"^```.*?^```\n|^ {4}[^\n]*\n|^#[^\n]*\n|`[^`]*`|\{\{.*?\}\}|\]\([^)]*\)", " ", source, flags=re.M | re.S
    )
    found = re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?%?", prose)
    return {n.rstrip(",") for n in found if re.search(r"[.%e]|\d{3}|\d,\d", n)}


def test_no_measured_number_is_typed_by_hand():
    listed = tomllib.loads((ROOT / "tests" / "learn_numbers.toml").read_text(encoding="utf-8"))
    found = set().union(*(typed(source.read_text(encoding="utf-8")) for source in learn.SOURCES))
    assert found - set(listed) == set(), "by {{ }}, or, if it defines something, with its reason in learn_numbers.toml"
    assert set(listed) - found == set() and all(listed.values()) and len(listed) <= 40


def test_a_number_typed_by_hand_is_found():
    prose = "Loss 0.31 and 97%, 1,797 of 2000; 64 units, {{ 0.5 }}, `0.25`, [a](b/0.75)."
    assert typed(f"{prose}\n\n# 0.9\n\n```sh\n0.8\n```\n\nThen 123.\n") == {"0.31", "97%", "1,797", "2000", "123"}
