"""Tables from elsewhere: the same verdicts as compare's, what is missing told, what cannot be read refused in words."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

import actlab
from actlab.errors import UserError
from actlab.stats import compare


def runs(seeds: int = 10, noise: int = 0, **means: float) -> pd.DataFrame:
    """Accuracies around these means; what varies from seed to seed is mostly shared."""
    generator = np.random.default_rng(noise)
    shared = generator.normal(0, 0.002, seeds)
    rows = [
        {"activation": name, "seed": seed, "test_accuracy": mean + shared[seed] + generator.normal(0, 0.0005)}
        for name, mean in means.items()
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows)


TABLE = runs(relu=0.95, tanh=0.94, gelu=0.95)


def test_the_verdicts_are_those_of_compare():
    found = actlab.judge(TABLE, baseline="relu", margin=0.2)
    values = {
        name: dict(zip(part.seed, part.test_accuracy, strict=True))
        for name, part in TABLE.groupby("activation", sort=False)
    }
    expected = compare(values, "relu", margin=0.002)
    assert repr(found.comparisons[""]) == repr(expected)
    assert list(found.frame["verdict"]) == [item.verdict for item in expected] and "worse" in set(
        found.frame["verdict"]
    )
    assert found.frame["low"].tolist() == pytest.approx([100 * item.low for item in expected])
    assert "tanh is worse (lower) than relu" in found.conclusion and "10 pairs" in found.methods


def test_the_plain_interval_of_one_comparison_is_scipys():
    [item] = actlab.judge(runs(relu=0.95, tanh=0.94)).comparisons[""]
    wide = runs(relu=0.95, tanh=0.94).pivot(index="seed", columns="activation", values="test_accuracy")
    interval = scipy_stats.ttest_rel(wide["tanh"], wide["relu"]).confidence_interval()
    assert (item.plain_low, item.plain_high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "jsonl", "parquet"])
def test_files_say_what_the_table_says(tmp_path, suffix):
    file = tmp_path / f"results.{suffix}"
    if suffix == "json":
        TABLE.to_json(file)
    elif suffix == "jsonl":
        TABLE.to_json(file, orient="records", lines=True)
    elif suffix == "parquet":
        TABLE.to_parquet(file)
    else:
        TABLE.to_csv(file, index=False, sep="\t" if suffix == "tsv" else ",")
    pd.testing.assert_frame_equal(actlab.judge(file).frame, actlab.judge(TABLE).frame)


def test_seeds_of_one_only_are_told_and_left_out():
    table = TABLE[~((TABLE.activation == "tanh") & (TABLE.seed < 2))]
    found = actlab.judge(table)
    assert found.comparisons[""][0].n == 8
    assert found.told == ("tanh and relu: 2 seeds of one of the two only, left out (0, 1)",)
    assert "2 seeds" in str(found)


def test_results_without_common_seeds_are_not_paired_by_their_order():
    table = TABLE.assign(seed=TABLE.seed + 100 * (TABLE.activation == "tanh"))
    found = actlab.judge(table)
    assert found.frame["verdict"].tolist()[0] == "too few seeds" and found.comparisons[""][0].n == 0
    assert "20 seeds of one of the two only" in found.told[0]


def test_a_run_without_a_result_has_diverged():
    table = TABLE.copy()
    table.loc[(table.activation == "tanh") & (table.seed < 9), "test_accuracy"] = [np.nan, np.inf, *[np.nan] * 7]
    found = actlab.judge(table)
    assert found.frame["verdict"].tolist()[0] == "unstable" and "9 of 10 diverged" in found.conclusion


def test_of_a_loss_the_lower_is_the_better():
    table = runs(relu=2.0, tanh=2.5).rename(columns={"test_accuracy": "loss"})
    worse, better = (actlab.judge(table, lower_is_better=True, baseline=name) for name in ("relu", "tanh"))
    assert (worse.frame.verdict[0], better.frame.verdict[0]) == ("worse", "better")
    assert worse.frame.difference[0] == pytest.approx(-0.5, abs=0.01) and "points" not in str(worse)


def test_tasks_are_compared_each_by_itself_and_corrected_together():
    easy, hard = runs(relu=0.95, tanh=0.94), runs(noise=1, relu=0.6, tanh=0.6)
    table = pd.concat([easy.assign(task="easy"), hard.assign(task="hard")])
    found = actlab.judge(table, task="task")
    assert found.frame[["task", "comparison", "pairs"]].to_numpy().tolist() == [
        ["easy", "tanh", 10],
        ["hard", "tanh", 10],
    ]
    alone = actlab.judge(easy).comparisons[""][0]
    assert found.comparisons["easy"][0].high - found.comparisons["easy"][0].low > alone.high - alone.low
    assert "On easy, with 10 seeds" in found.conclusion and "On hard" in found.conclusion


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"group": "activatoin"}, r"no column 'activatoin'.*Did you mean 'activation'"),
        ({"seed": "run"}, r"no column 'run' in the table.*It has: activation, seed, test_accuracy"),
        ({"metric": "test_acc"}, r"no column 'test_acc'"),
        ({"metric": "activation"}, r"--group and --metric both name the column 'activation'"),
        ({"baseline": "rleu"}, r"no activation 'rleu' in the table.*Did you mean 'relu'"),
        ({"task": "data"}, r"no column 'data'"),
    ],
)
def test_what_is_not_there_is_named(options, told):
    with pytest.raises(UserError, match=told):
        actlab.judge(TABLE, **options)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (TABLE.assign(valid=1.0), "numbers in test_accuracy, valid: say which one is compared with --metric"),
        (TABLE.drop(columns="test_accuracy"), "no column of numbers"),
        (TABLE.head(0), "the table has no rows"),
        (TABLE.assign(test_accuracy="00:05:00"), "'test_accuracy' of the table holds text: '00:05:00'"),
        (pd.concat([TABLE, TABLE.head(1)]), "relu has seed 0 twice: keep one row a run, or name the column"),
        (TABLE[TABLE.activation == "relu"], "nothing to compare it with"),
        ([1, 2], "a DataFrame or a file, not list"),
        ("results.xlsx", "no table that can be read: .csv"),
        ("nowhere.csv", "There is no file nowhere.csv"),
    ],
)
def test_tables_that_cannot_be_judged(table, told):
    with pytest.raises(UserError, match=told):
        actlab.judge(table)


def test_shares_of_a_hundred_are_points_too():
    one, hundred = actlab.judge(TABLE, margin=0.2), actlab.judge(TABLE.assign(test_accuracy=100 * TABLE.test_accuracy))
    assert one.frame.difference.tolist() == pytest.approx(hundred.frame.difference.tolist())
    assert "difference, points" in hundred.headers and hundred.unit.word == "points"
    assert "points" not in str(actlab.judge(TABLE.rename(columns={"test_accuracy": "bleu"}), metric="bleu"))


def test_the_plain_interval_is_a_column_of_its_own():
    found = actlab.judge(TABLE)
    assert "plain 95% t interval" in found.headers
    wide = TABLE.pivot(index="seed", columns="activation", values="test_accuracy")
    expected = scipy_stats.ttest_rel(wide["tanh"], wide["relu"]).confidence_interval()
    row = found.frame.iloc[0]
    assert (row.plain_low, row.plain_high) == pytest.approx((100 * expected.low, 100 * expected.high))
    assert 0 <= row.improvement <= 1 and found.as_json()["comparisons"][0]["plain_low"] == pytest.approx(row.plain_low)


def test_a_missing_seed_is_no_divergence():
    found = actlab.judge(TABLE[~((TABLE.activation == "tanh") & (TABLE.seed < 2))])
    assert "that both have" in found.frame.note[0] and "finished" not in found.frame.note[0] + found.conclusion


def test_a_baseline_that_diverged_is_the_unstable_one():
    table = TABLE.copy()
    table.loc[(table.activation == "relu") & (table.seed < 2), "test_accuracy"] = np.nan
    assert actlab.judge(table).frame.note[0].startswith("relu is the unstable one: 2 of 10 diverged, none of these")


@pytest.mark.parametrize("column", ["seed", "activation"])
def test_rows_that_do_not_say_what_they_are_of_are_told_and_left_out(column):
    table = TABLE.astype({"seed": object})
    table.loc[[4, 14], column] = np.nan
    found = actlab.judge(table)
    assert found.told[0] == "2 rows without a value in activation or seed, left out"
    assert set(found.frame.comparison) == {"tanh", "gelu"} and found.comparisons[""][0].n >= 8


def test_equal_results_make_functions_the_same_and_nothing_else():
    table = TABLE.assign(test_accuracy=0.5)
    assert set(actlab.judge(table).frame.verdict) == {"the same function"}
    found = actlab.judge(table.rename(columns={"activation": "optimizer"}), group="optimizer")
    assert set(found.frame.verdict) == {"the same results"} and "function" not in found.conclusion + found.methods
    assert "We compared 2 other optimizers with relu" in found.methods


def test_with_three_seeds_nothing_is_claimed():
    found = actlab.judge(runs(3, relu=0.95, tanh=0.94, gelu=0.96))
    assert "lies among" not in found.conclusion and "5 pairs are needed" in found.conclusion
    assert "--seeds" not in found.conclusion and "no interval" in found.methods


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"margin": -1}, "--margin is -1; it must be a number from 0 on"),
        ({"margin": math.nan}, "--margin is nan"),
        ({"metric": "seed"}, "--seed and --metric both name the column 'seed'"),
    ],
)
def test_options_without_sense_are_refused(options, told):
    with pytest.raises(UserError, match=told):
        actlab.judge(TABLE, **options)


def test_the_command_and_its_page(tmp_path, actlab_command):
    def command(*arguments, status: int = 0) -> str:
        ran = actlab_command("judge", *arguments)
        assert ran.returncode == status, ran.stderr
        return ran.stdout + ran.stderr

    file, page = tmp_path / "results.csv", tmp_path / "page.html"
    TABLE.assign(name=["<b>"] * len(TABLE)).to_csv(file, index=False)
    said = command(str(file), "--baseline", "relu", "--margin", "0.2", "--out", str(page))
    assert "tanh" in said and "worse" in said and "margin 0.20 points" in said and str(page) in said
    text = page.read_text()
    assert "tanh is worse (lower) than relu" in text and "We compared 2 activation functions with relu" in text
    assert not re.search(r"(src|href)=[\"']https?:", text)
    told = json.loads(command(str(file), "--json"))
    assert told["comparisons"][0]["verdict"] == "worse"
    assert "Did you mean 'relu'" in command(str(file), "--baseline", "rleu", status=2)
    assert "ends in .html" in command(str(file), "--out", str(tmp_path / "page.pdf"), status=2)


RECORD = Path(__file__).parents[1] / "bench" / "records" / "sklearn_digits.csv"
PAGE = Path(__file__).parents[1] / "docs" / "judge.md"


def test_the_table_in_the_documentation_is_that_of_its_record():
    found = actlab.judge(RECORD, baseline="relu", seed="random_state", metric="test_accuracy", margin=0.5)
    text = PAGE.read_text(encoding="utf-8")
    for name, against, pairs, difference, interval, plain, verdict, told in found.text_rows:
        said = f"{verdict}; {told}" if verdict == "undecided" else verdict
        assert f"| {name} | {against} | {pairs} | {difference} | {interval} | {plain} | {said} |" in text
    assert "initial weights" not in found.methods
