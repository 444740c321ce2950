"""The command line as a person meets it: output, real processes, wrong input, one line and status 2."""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from children import child, wait_for

from actlab.cli import main, terminal
from actlab.experiment import Run
from actlab.running import duration

SMALL = ["--data", "digits", "--seeds", "2", "--epochs", "2"]


def actlab(*args: object, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "actlab", *map(str, args)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=os.environ | env, timeout=300)


WRONG = [
    (["compare", "rleu"], "There is no activation 'rleu'. Did you mean 'relu'?"),
    (["compare", "relu", "relu"], "named twice|free of repetitions"),
    (["compare", "relu/tanh/elu"], "names 3 activations, the network has 2"),
    (["compare", "elu(y)"], "parameters are numbers, for example elu"),
    (["compare", "x*tahn(x)"], "At character 3, 'tahn': there is no function 'tahn'. Did you mean 'tanh'?"),
    (["compare", "x*sigmoid(beta*x)"], "beta has no value .* --param beta=1"),
    (["compare", "x*beta", "--param", "gamma=1"], "--param gamma: no formula here has it; they have beta"),
    (["compare", "x*beta", "--param", "beta"], "--param is 'beta'"),
    (["compare", "relu", "--learn", "beta"], "none of them has a parameter"),
    (["derive", "x^2"], "power is written \\*\\*: write x\\*\\*2"),
    (["derive", "2"], "no x in it"),
    (["compare", "relu", "tanh", "--tune", "--lr", "0.1", "--data", "digits"], "has nothing to choose: name several"),
    (["compare", "no.py:f"], "There is no file no.py"),
    (["compare", "no_module:f"], "There is no module 'no_module'"),
    (["compare", "torch.nn:GELUU"], "Did you mean 'GELU'"),
    (["compare", "torch.nn:GLU"], "changes the width"),
    (["compare", "--epochs", "-1"], "epochs is -1"),
    (["compare", "--until-decided", "--max-seeds", "0"], "--max-seeds is 0; a verdict takes 5"),
    (["compare", "--max-seeds", "9"], "--max-seeds bounds --until-decided"),
    (["compare", "--epochs", "many"], "--epochs is 'many'"),
    (["compare", "--lr", "nan"], "--lr is nan"),
    (["compare", "--lr", "0.1;0.2"], "--lr is '0.1;0.2'"),
    (["compare", "--hidden", "0"], "hidden is 0"),
    (["compare", "--hidden", "many"], "--hidden is 'many'"),
    (["compare", "--seeds", "0"], "seeds is 0"),
    (["compare", "--seeds", "x"], "--seeds is 'x'"),
    (["compare", "--batch-size", "0"], "--batch-size is 0"),
    (["compare", "--split", "tutrial"], "Did you mean 'tutorial'"),
    (["compare", "--split", "tutorial", "--resplit"], "--split tutorial and --resplit both name a split"),
    (["compare", "--resplit", "--split", "standard"], "leave one out"),
    (["compare", "--pipeline", "publishd"], "Did you mean 'published'"),
    (["compare", "--data", "mnits"], "Did you mean 'mnist'"),
    (["compare", "--data", "nowhere.npz"], r"nowhere\.npz"),
    (["compare", "--device", "gpu"], "Allowed: auto, cpu, cuda"),
    (["compare", "--workers", "0"], "workers is 0"),
    (["compare", "--keep", "all"], "Allowed: best, none"),
    (["compare", "--engine", "plane"], "Did you mean 'plain'"),
    (["compare", "--ephocs", "3"], "--ephocs.*--epochs"),
    (["compare", "--spec", "nowhere.toml"], "There is no file nowhere"),
    (["compare", "--data", "digits", "--pipeline", "published"], "published"),
    (["compare", "--data", "mnist", "--data-dir", "nowhere"], "nowhere"),
    (["compare", "--data", "digits", "--out", "/proc/no/run"], "cannot be written|cannot be made"),
    (["comapre"], "Did you mean 'compare'"),
    (["show", "rleu"], "Did you mean 'relu'"),
    (["show", "torch.nn:GLU", "--gradient"], "changes the width"),
    (["report", "nowhere"], "There is no folder nowhere"),
    (["export", "nowhere"], "There is no folder nowhere"),
    (["runs", "nowhere"], "There is no folder nowhere"),
    (["reproduce", "tutorail"], "Did you mean 'tutorial'"),
]


@pytest.mark.parametrize(("args", "told"), WRONG, ids=[" ".join(args) for args, _ in WRONG])
def test_wrong_input_is_one_line_and_status_2(tmp_path, monkeypatch, capsys, args, told):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["actlab", *args])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    said = err.splitlines()
    assert end.value.code == 2, err
    pointed = len(said) == 3 and said[2].strip() == "^"  # a formula, and a mark under the mistake
    assert (len(said) == 1 or pointed) and said[0].startswith("actlab: ") and out == ""
    assert re.search(told, said[0]), said[0]
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.large
def test_wrong_input_in_a_process_of_its_own(tmp_path):
    done = actlab("compare", "rleu", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


one_process = pytest.mark.xdist_group("finished")  # what shares a run: it is trained once


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", ["actlab", "compare", "relu", "tanh", *SMALL, "--out", "run", "--json"])
        patch.chdir(folder)
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code, err.getvalue()
    (folder / "out.json").write_text(out.getvalue())
    (folder / "err.txt").write_text(err.getvalue())
    return folder


@one_process
def test_json_is_one_object_alone_on_standard_output(finished):
    told = json.loads((finished / "out.json").read_text())
    trials = Run(finished / "run").trials
    assert told["run"] == "run"
    assert [row["name"] for row in told["activations"]] == ["relu", "tanh"]
    for row in told["activations"]:
        mine = trials[trials["activation"] == row["name"]]
        assert row["n"] == 2
        for name in (
            "final_valid_accuracy",
            "final_train_accuracy",
            "final_train_loss",
            "final_valid_loss",
            "test_accuracy",
        ):
            assert row[name] == pytest.approx(mine[name].mean(), rel=1e-12), name
    assert "about" in (finished / "err.txt").read_text(), "it says beforehand how long it will take"


@pytest.mark.large
def test_nan_is_null_in_json(tmp_path, actlab_command):
    args = ["compare", "relu", *SMALL, "--split", "tutorial", "--lr", "1e9", "--out", "run", "--json", "--quiet"]
    done = actlab_command(*args, cwd=tmp_path)
    (row,) = json.loads(done.stdout, parse_constant=lambda text: pytest.fail(text))["activations"]
    assert row["n"] == 0 and row["test_accuracy"] is None and row["final_valid_accuracy"] is None
    assert done.stderr == ""


@one_process
def test_the_table_and_the_report(finished, actlab_command):
    done = actlab_command("compare", "relu", "tanh", *SMALL, "--out", "run", cwd=finished)
    assert done.returncode == 0 and "trained already" in done.stderr
    assert "2 seeds" in done.stdout and "too few" in done.stdout and "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) <= 12
    more = actlab_command("compare", "relu", "tanh", *SMALL, "--out", "run", "--details", cwd=finished)
    assert "best validation" in more.stdout and "best validation" not in done.stdout
    page = Path(done.stdout.strip().splitlines()[-1].removeprefix("Report: "))
    assert (finished / page).is_file()


def test_verdicts_have_their_colour_at_a_terminal_alone(monkeypatch):
    def in_short(paint=lambda verdict, text: text):
        return paint("worse, perhaps slightly", "word")

    summary, shown = SimpleNamespace(in_short=in_short), []
    for is_terminal, no_colour in ((True, ""), (True, "1"), (False, "")):
        monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda answer=is_terminal: answer))
        monkeypatch.setenv("NO_COLOR", no_colour)
        shown.append(terminal.said(summary, details=False))
    assert shown[1:] == ["word", "word"] and re.fullmatch(r"\x1b\[31m.*word\x1b\[0m", shown[0])


def test_without_a_terminal_lines_say_how_far_it_is(tmp_path, actlab_command, monkeypatch):
    monkeypatch.setattr("actlab.cli.terminal._EVERY_SECONDS", 0.0)
    options = ["--data", "digits", "--seeds", "1", "--epochs", "4", "--hidden", "4", "--workers", "1", "--out", "run"]
    done = actlab_command("compare", "relu", *options, "--force", cwd=tmp_path)
    told = re.findall(r"(\d+)% done, about \d+ s left", done.stderr)
    assert told == ["25", "50", "75", "100"]


@pytest.mark.large
def test_epoch_lines_with_verbose(tmp_path, actlab_command):
    done = actlab_command("compare", "relu", *SMALL, "--out", "run", "--verbose", cwd=tmp_path)
    lines = [line for line in done.stderr.splitlines() if "train loss" in line]
    assert len(lines) == 4 and "relu (seed 0)  epoch 1/2" in lines[0] and "valid loss" in lines[0]


@one_process
@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_export(finished, kind, actlab_command):
    import pandas as pd

    done = actlab_command("export", "run", "--format", kind, "--out", f"tables-{kind}", cwd=finished)
    assert done.returncode == 0, done.stderr
    files = [finished / line for line in done.stdout.split()]
    read = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}[kind]
    curves = read(next(f for f in files if f.stem == "curves"))
    expected = Run(finished / "run").curves
    assert list(curves.columns) == list(expected.columns)
    np.testing.assert_allclose(curves["valid_loss"], expected["valid_loss"], rtol=1e-12)
    assert actlab_command("export", "run", "--format", "xml", cwd=finished).returncode == 2
    assert actlab_command("export", "run", "--format", "latex", cwd=finished).stdout.strip().endswith("verdicts.tex")


@pytest.mark.large
@one_process
def test_report_draws_again_without_torch(finished):
    (finished / "run" / "report" / "index.html").unlink()
    code = (
        "import sys; sys.argv = ['actlab', 'report', 'run']\nfrom actlab.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=finished, capture_output=True)
    assert (finished / "run" / "report" / "index.html").is_file()


@one_process
def test_runs_list_and_show(finished, actlab_command):
    assert "digits" in actlab_command("runs", ".", cwd=finished).stdout
    listed = actlab_command("list", cwd=finished).stdout
    assert "relu" in listed and "kink at 0" in listed
    assert json.loads(actlab_command("list", "--json", cwd=finished).stdout)[0]["name"] == "identity"
    assert "arXiv:1511.07289" in actlab_command("show", "elu", cwd=finished).stdout
    shown = actlab_command("show", "relu", "--gradient", cwd=finished)
    assert shown.returncode == 0 and "They agree" in shown.stdout
    assert actlab_command("--version", cwd=finished).stdout.startswith("actlab ")


@pytest.mark.parametrize("command", ["compare", "list", "show", "report", "export", "runs", "reproduce"])
def test_every_command_has_help_with_an_example(tmp_path, command, actlab_command):
    done = actlab_command(command, "--help", cwd=tmp_path)
    assert done.returncode == 0 and f"Example: actlab {command}" in done.stdout


@pytest.mark.large
def test_ctrl_c_is_told_and_the_same_command_continues(tmp_path, actlab_command):
    """Where the tests themselves were begun by a shell that has them ignore it."""
    command = ["compare", "relu", "--data", "digits", "--seeds", "3", "--out", "run"]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    how = {"cwd": tmp_path, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    try:
        with child("-m", "actlab", *command, "--epochs", 40_000, "--workers", 2, **how) as process:
            wait_for(lambda: list((tmp_path / "run" / "working").glob("*/others.json")), process)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
            _, said = process.communicate()
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.returncode == -signal.SIGINT
    assert said.endswith("the same command continues.\n") and "Traceback" not in said
    again = actlab_command(*command, "--epochs", "5", cwd=tmp_path)
    assert again.returncode == 2 and "epochs: 40000 in the folder, 5 in the command" in again.stderr


@pytest.mark.large
def test_a_full_disk_is_told_at_the_first_write(tmp_path):
    """Files over 200 kB are refused by the system, as on a full disk."""
    code = (
        "import resource, signal, sys\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "sys.argv = 'actlab compare relu --data digits --seeds 40 --epochs 1 --hidden 300'.split()\n"
        "sys.argv += '--out run --workers 1'.split()\n"
        "from actlab.cli import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr and "File too large" in done.stderr.splitlines()[-1]
    assert (Run(tmp_path / "run").trials["status"] == "planned").all()


def test_nan_in_the_data_is_told_with_counts(tmp_path, actlab_command):
    x = np.random.default_rng(0).normal(size=(60, 4))
    x[3, 1] = x[7, 2] = np.nan
    np.savez(tmp_path / "bad.npz", x=x, y=np.arange(60) % 3)
    done = actlab_command("compare", "relu", "--data", "bad.npz", cwd=tmp_path)
    assert done.returncode == 2 and "2 NaN" in done.stderr and "2 of 60" in done.stderr


@pytest.mark.large
def test_a_missing_extra_is_named_with_its_command(tmp_path):
    code = (
        "import sys, importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'vl_convert' else find(name, *a)\n"
        "sys.argv = ['actlab', 'compare', '--data', 'digits', '--workers', '1']\nfrom actlab.cli import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "actlab: This needs vl_convert, which is not installed: pip install 'actlab[lab]'\n"


def test_durations():
    assert [duration(s) for s in (0.2, 59.4, 60, 3599, 3600, 7320)] == [
        "1 s", "59 s", "1 min 0 s", "59 min 59 s", "1 h 0 min", "2 h 2 min",
    ]  # fmt: skip


@pytest.mark.large
def test_derive_prints_steps_and_a_block_that_runs(tmp_path, actlab_command):
    formula = ["x*tanh(beta*x)", "--param", "beta=2", "--learn", "beta"]
    done = actlab_command("derive", *formula, "--unchecked", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for told in ("Chain rule", "Product rule", "df/dbeta", "# Not checked", "@activation("):
        assert told in done.stdout
    block = done.stdout[done.stdout.index("import torch") :]
    (tmp_path / "mine.py").write_text(block)
    other = actlab_command("compare", "mine.py:formula", *formula, *SMALL, "--json", "--quiet", cwd=tmp_path)
    assert other.returncode == 0, other.stderr
    first, second = json.loads(other.stdout)["activations"]
    scores = [key for key in first if "test" in key]
    assert scores and all(first[key] == second[key] for key in scores)  # the block trains as the formula does


@pytest.mark.large
def test_a_formula_beside_a_name_layer_by_layer(tmp_path, actlab_command):
    done = actlab_command("compare", "relu/'x/(1 + abs(x))'", "x/(1+abs(x))", *SMALL, "--json", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [row["name"] for row in told["activations"]] == ["relu/'x/(1 + abs(x))'", "x/(1 + abs(x))"]
    again = actlab_command("compare", "--spec", f"{told['run']}/experiment.toml", "--json", "--quiet", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
