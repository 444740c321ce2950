"""Pages that teach: made by what they show. Exercises: right answers pass, typical wrong ones get their own hint."""

import pytest

from actlab.errors import UserError
from actlab.learn import PAGES, checked, lay, named

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
    "hands on": (answer(slope="dy.clone()"), "backward: it hands dy on as it came"),
    "f for f'": (answer(slope=f"dy * {VALUE}"), "backward: it multiplies dy by f(x)"),
    "upside down": (
        answer(slope="torch.where(x > 0, ALPHA * dy, dy)"),
        "backward: at x = 0.7 it gives 0.3; dL/dx, dy times the slope, is 3.",
    ),
    "one number": (answer(slope="dy.sum()"), "backward: it gives the shape ()"),
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
SMALL = {"gap", "closed gate", "forgets what comes in"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.large] * (n != "where")) for n in RIGHT])
def test_right_answers_pass(tmp_path, name):
    file = tmp_path / "mine.py"
    file.write_text(RIGHT[name], encoding="utf-8")
    findings = checked(named(3), file)
    assert [one.says for one in findings if not one.right] == [] and len(findings) == 3


@pytest.mark.whole
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.large] * (n not in SMALL)) for n in WRONG])
def test_a_wrong_answer_gets_its_own_hint(tmp_path, name):
    text, hint = WRONG[name]
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    wrong = [one.says for one in checked(named(3), file) if not one.right]
    assert wrong and hint in wrong[0]


def test_a_file_that_loops_for_ever_is_stopped(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("while True:\n    pass\n", encoding="utf-8")
    [finding] = checked(named(3), file, seconds=1)
    assert not finding.right and "stopped after 1 s" in finding.says


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
    (tmp_path / "mine.py").write_text(RIGHT["prints"], encoding="utf-8")
    done = actlab_command("learn", "3", "--check", "mine.py")
    assert done.returncode == 0 and done.stdout.endswith("All of it is right.\n") and "hello" not in done.stdout
    help_text = " ".join(actlab_command("learn", "--help").stdout.split())
    assert "--check runs FILE" in help_text and "check only what you would run yourself" in help_text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--start"], "Say which page"),
        (["9"], "There is no page with exercises '9'. Allowed: 3"),
        (["3", "--exercise", "7"], "There is no exercise on page 3 '7'. Allowed: 1"),
        (["3", "--start", "--check", "x.py"], "exclude each other"),
        (["3", "--check", "nowhere.py"], "There is no file nowhere.py. `actlab learn 3 --start`"),
    ],
)
@pytest.mark.whole
def test_a_mistake_of_the_command_is_told(tmp_path, actlab_command, words, says):
    done = actlab_command("learn", *words, cwd=tmp_path)
    assert done.returncode == 2 and says in done.stderr
