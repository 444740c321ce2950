"""Tables from elsewhere: the same verdicts as compare's, what is missing told, what cannot be read refused in words."""

import gzip
import json
import math
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow
import pytest
from scipy import stats as scipy_stats

import actlab
from actlab.errors import UserError
from actlab.results.judgement import Origin, judged
from actlab.stats import Unit, compare


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
    assert "We compared 1 activation function with relu on 2 tasks of the table (easy and hard), by" in found.methods
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


@pytest.mark.parametrize("left", ["seed", "random_seed", "random_state"])
def test_seeds_are_no_metric_where_the_metric_was_named_as_seeds(left):
    table = TABLE.rename(columns={"seed": left})
    with pytest.raises(UserError, match=f"'{left}' alone.*sounds like seeds.*--seed names 'test_accuracy'.*--metric"):
        actlab.judge(table, seed="test_accuracy")
    assert actlab.judge(table, seed="test_accuracy", metric=left).metric.startswith(left)  # where it is asked for


@pytest.mark.parametrize("option", ["group", "task"])
@pytest.mark.parametrize("others", [["activation"], ["activation", "machine"], []])
def test_a_metric_that_is_given_as_something_else_is_named(option, others):
    table = TABLE.assign(machine="one", run="all")[["run", "seed", "test_accuracy", *others]]
    with pytest.raises(UserError, match="^Numbers are in 'test_accuracy', which --" + option) as refused:
        actlab.judge(table, **{"group": "run"} | {option: "test_accuracy"})
    assert all(name in str(refused.value) for name in others)


def test_a_metric_that_is_no_number_is_named_beside_a_group_of_numbers():
    table = TABLE.assign(activation=TABLE.seed / 10, test_accuracy="00:05:00")
    with pytest.raises(UserError, match=r"'activation', which --group names.*'test_accuracy' of the table holds text"):
        actlab.judge(table)


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


RECORD = Path(__file__).parents[1] / "records" / "sklearn_digits.csv"
PAGE = Path(__file__).parents[1] / "docs" / "judge.md"


def test_the_table_in_the_documentation_is_that_of_its_record():
    found = actlab.judge(RECORD, baseline="relu", seed="random_state", metric="test_accuracy", margin=0.5)
    text = PAGE.read_text(encoding="utf-8")
    for name, against, pairs, difference, interval, plain, verdict, told in found.text_rows:
        said = f"{verdict}; {told}" if verdict == "undecided" else verdict
        assert f"| {name} | {against} | {pairs} | {difference} | {interval} | {plain} | {said} |" in text
    assert "initial weights" not in found.methods


def written(tmp_path, text: str, name: str = "results.csv", encoding: str = "utf-8") -> Path:
    file = tmp_path / name
    file.write_bytes(gzip.compress(text.encode(encoding)) if name.endswith(".gz") else text.encode(encoding))
    return file


CSV = TABLE.to_csv(index=False)


@pytest.mark.parametrize("name", ["None", "null", "NA", "nan", "n/a", "-", "007", "1e5", "True"])
def test_a_group_is_called_what_is_written(tmp_path, name):
    found = actlab.judge(written(tmp_path, CSV.replace("tanh", name)), baseline="relu")
    assert found.frame.comparison.tolist() == [name, "gelu"] and not found.told


BIG = 2**60


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json", "parquet"])
def test_seeds_of_64_bits_are_told_apart_beside_a_row_without_one(tmp_path, suffix):
    table = TABLE.assign(seed=TABLE.seed + BIG).astype({"seed": "Int64"})
    table.loc[len(table)] = ["swish", pd.NA, 0.5]
    file = tmp_path / f"results.{suffix}"
    match suffix:
        case "csv":
            table.to_csv(file, index=False)
        case "parquet":
            table.to_parquet(file)
        case _:
            rows = [
                dict(zip(table.columns, (a, None if s is pd.NA else int(s), v), strict=True))
                for a, s, v in table.itertuples(index=False)
            ]
            text = json.dumps(rows) if suffix == "json" else "\n".join(map(json.dumps, rows))
            file.write_text(text)
    found = actlab.judge(file)
    assert sorted(found.tables[""]["tanh"]) == [BIG + seed for seed in range(10)]
    assert found.told == ("1 row without a value in activation or seed, left out", "no result is left of swish")


def test_seeds_that_were_rounded_are_refused_in_a_frame_and_in_text(tmp_path):
    rounded = TABLE.assign(seed=(TABLE.seed + BIG).astype(float))
    for table in (rounded, written(tmp_path, rounded.to_csv(index=False))):
        with pytest.raises(UserError, match=r"holds 1\.15.*e\+18: a seed that was rounded"):
            actlab.judge(table)


@pytest.mark.parametrize(
    "seeds",
    [
        lambda seed: seed if seed < 5 else str(seed),
        lambda seed: float(seed),
        lambda seed: [seed, "fold"],
        lambda seed: f"run-{seed}",
        lambda seed: {"init": seed},
    ],
)
def test_any_seed_pairs_by_what_is_written(seeds):
    written = [seeds(seed) for seed in TABLE.seed]
    table = TABLE.assign(seed=[str(seed) if row % 20 < 10 else seed for row, seed in enumerate(written)]).astype(object)
    assert actlab.judge(table).frame.pairs.tolist() == [10, 10]


def test_seeds_written_with_zeros_are_not_numbers(tmp_path):
    seeds = ["07", "7", "007"]
    text = "activation,seed,acc\n" + "".join(f"{a},{seed},0.5\n" for a in "ab" for seed in seeds)
    assert list(actlab.judge(written(tmp_path, text)).tables[""]["a"]) == seeds


def decimal_commas(text: str) -> str:
    return re.sub(r"(\d)\.(\d)", r"\1,\2", text.replace(",", ";"))


@pytest.mark.parametrize(
    ("change", "name", "encoding"),
    [
        (str, "results.csv.gz", "utf-8"),
        (str, "results.csv", "utf-16"),
        (str, "results.tsv.gz", "utf-8-sig"),
        (lambda text: text.replace(",", ";"), "results.csv", "utf-8"),
        (lambda text: text.replace(",", "|"), "results.csv", "utf-16"),
        (lambda text: text.replace(",", ", ") + "\n\n", "results.csv", "utf-8"),
        (decimal_commas, "results.csv", "utf-8"),
        (lambda text: re.sub(r"0\.\d+", lambda found: f"{100 * float(found[0]):.13f}%", text), "results.csv", "utf-8"),
        (lambda text: "".join(f"{i},{line}" for i, line in enumerate(text.splitlines(True))).replace("0,a", ",a", 1),
         "results.csv", "utf-8"),
    ],
)  # fmt: skip
def test_files_as_people_have_them(tmp_path, change, name, encoding):
    found = actlab.judge(written(tmp_path, change(CSV), name, encoding), margin=0.2)
    expected = actlab.judge(TABLE, margin=0.2)
    assert found.frame.verdict.tolist() == expected.frame.verdict.tolist()
    assert found.frame.low.tolist() == pytest.approx(expected.frame.low.tolist())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("activation,seed,acc\na,0,0,9\n", "Line 2 of .* has 4 fields with ',' between them, the first line 3"),
        ("activation;seed;acc\na;0;0.9\nb;0\n", "Line 3 of .* has 2 fields with ';'"),
        ("activation seed acc\na 0 0.9\n", "names of columns are expected, with one of ',', ';', a tab, '|'"),
        ("activation;seed;n\na;0;1,234\nb;0;2,345\n", "'1,234': a decimal comma, or thousands"),
        ("activation;seed;n\na;0;1.234,5\nb;0;1.235,5\n", "'1.234,5' in row 1 is no number"),
        ("activation,seed,acc\na,0,91%\nb,0,0.92\n", "numbers with % and without"),
        ("activation,seed,acc\na,0,1_0\nb,0,1_1\n", "'1_0' in row 1 is no number"),
    ],
)
def test_what_is_ambiguous_is_named(tmp_path, text, told):
    with pytest.raises(UserError, match=told):
        actlab.judge(written(tmp_path, text))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (pd.to_timedelta(TABLE.test_accuracy, unit="s"), "times .*such as seconds"),
        (pd.Timestamp("2026-01-01") + pd.to_timedelta(TABLE.test_accuracy, unit="D"), "times"),
        (TABLE.test_accuracy.astype(complex), "complex numbers, which have no order"),
        (TABLE.test_accuracy.map(lambda value: [value]), "holds list: a metric is one number"),
    ],
)
def test_what_is_no_number_is_no_metric(values, told):
    with pytest.raises(UserError, match=told):
        actlab.judge(TABLE.assign(test_accuracy=values))


def test_frames_as_people_have_them():
    expected = actlab.judge(TABLE).frame.low.tolist()
    levels = TABLE.set_axis(pd.MultiIndex.from_tuples([("params", "act"), ("params", "seed"), ("acc", "")]), axis=1)
    text = TABLE.astype({"test_accuracy": str})
    tables = [
        (TABLE.set_index(["activation", "seed"]), {}),
        (levels, {"group": "params_act", "seed": "params_seed"}),
        (text, {}),
        (TABLE.convert_dtypes(), {}),
        (TABLE.astype({"activation": "category"}), {}),
        (TABLE.rename(columns={"test_accuracy": 0}), {"metric": 0, "unit": "share"}),
        (pyarrow.Table.from_pandas(TABLE), {}),
        (TABLE.pivot(index="seed", columns="activation", values="test_accuracy")[["relu", "tanh", "gelu"]],
         {"wide": True, "metric": "acc"}),
        (TABLE.pivot(index="activation", columns="seed", values="test_accuracy").loc[["relu", "tanh", "gelu"]],
         {"wide": True, "metric": "acc"}),
    ]  # fmt: skip
    for table, options in tables:
        assert actlab.judge(table, **options).frame.low.tolist() == pytest.approx(expected), options


def test_a_frame_is_read_column_by_column():
    """What polars offers, lazily too, without polars here."""
    columns = [SimpleNamespace(name=name, to_list=TABLE[name].tolist) for name in TABLE]
    frame = SimpleNamespace(get_columns=lambda: columns)
    lazy = SimpleNamespace(collect=lambda: frame)
    for given in (frame, lazy):
        pd.testing.assert_frame_equal(actlab.judge(given).frame, actlab.judge(TABLE).frame)


def test_a_column_that_stands_twice_is_refused_where_it_is_asked_for():
    for column in TABLE:
        with pytest.raises(UserError, match=f"2 columns '{column}'"):
            actlab.judge(pd.concat([TABLE, TABLE[[column]]], axis=1))
    twice = pd.concat([TABLE.assign(note="a"), TABLE.assign(note="b")[["note"]]], axis=1)
    assert actlab.judge(twice).frame.pairs.tolist() == [10, 10]


def test_a_baseline_may_be_a_number_and_a_wide_table_is_told_how():
    table = TABLE.assign(activation=TABLE.activation.map({"relu": 0.1, "tanh": 0.2, "gelu": 0.3}))
    assert actlab.judge(table, baseline=0.2).frame.against.tolist() == ["0.2", "0.2"]
    with pytest.raises(UserError, match=r"It has: seed, gelu, relu, tanh.*--wide: each group is a column"):
        actlab.judge(TABLE.pivot(index="seed", columns="activation", values="test_accuracy").reset_index())


@pytest.mark.parametrize(
    ("column", "finished", "other"),
    [
        ("state", "COMPLETE", "PRUNED"),
        ("state", "COMPLETE", "RUNNING"),
        ("status", "FINISHED", "FAILED"),
        ("State", "finished", "crashed"),
        ("trial_status", "TERMINATED", "ERROR"),
        ("state", "TrialState.COMPLETE", "TrialState.FAIL"),
        ("runStatus", "COMPLETED", "OUT OF MEMORY"),
    ],
)
def test_rows_that_are_no_result_are_left_out_and_counted(column, finished, other):
    unfinished = (TABLE.activation == "tanh") & (TABLE.seed < 3)
    table = TABLE.assign(test_accuracy=TABLE.test_accuracy.mask(unfinished, 0.1))
    table[column] = np.where(unfinished, other, finished)
    found = actlab.judge(table, metric="test_accuracy")
    assert repr(found.comparisons) == repr(actlab.judge(TABLE[~unfinished]).comparisons)
    assert found.told[0].startswith(f"3 rows are no result by {column}, left out: 3 {other}")


def test_failed_runs_count_as_diverged_where_asked_and_a_run_tried_again_counts_once():
    failed = TABLE[TABLE.activation == "tanh"].assign(status="FAILED", test_accuracy=0.1)
    table = TABLE[TABLE.activation != "tanh"].assign(status="FINISHED")
    both = pd.concat([table, failed])
    assert actlab.judge(both, failed_diverged=True).frame.verdict[1] == "unstable"
    with pytest.raises(UserError, match=r"no activation 'tanh'.*10 FAILED.*no result is left of tanh"):
        actlab.judge(both, baseline="tanh")
    with pytest.raises(UserError, match=r"No row of the table is a result \(10 rows are no result by status"):
        actlab.judge(failed)
    again = pd.concat([failed, TABLE.assign(status="FINISHED")])
    assert actlab.judge(again, baseline="relu").comparisons[""][0].n == 10


def test_a_column_of_other_states_is_let_be_and_an_unknown_one_beside_known_ones_is_named():
    california = TABLE.assign(state=["CA", "NY"] * 15)
    assert actlab.judge(california).frame.pairs.tolist() == [10, 10]
    with pytest.raises(UserError, match="says CA in row 1, which is no state"):
        actlab.judge(california, state="state")
    with pytest.raises(UserError, match="says half done in row 1"):
        actlab.judge(TABLE.assign(state=["half done", *["COMPLETE"] * 29]))


METRICS = {  # the side that is better, and whether it is shown in points
    "accumulated_loss": ("lower", False), "running_loss": ("lower", False), "recall_loss": ("lower", False),
    "dice_loss": ("lower", False), "glaucoma": ("", False), "accuracy_loss": ("lower", False),
    "dice": ("higher", True), "val_iou": ("higher", True), "mIoU": ("higher", True), "success_rate": ("higher", True),
    "metrics.valAcc": ("higher", True), "acc@1": ("higher", True), "top5": ("higher", True),
    "roc_auc_score": ("higher", True), "precision_at_recall": ("higher", True), "error_rate": ("lower", True),
    "WER": ("lower", True), "neg_log_loss": ("higher", False), "negative_log_likelihood": ("lower", False),
    "R2": ("higher", False), "fraction": ("", False), "paucity": ("", False), "map": ("higher", True),
    "heatmap": ("", False), "test_loss": ("lower", False), "time_to_accuracy": ("lower", False),
    "learning_rate": ("", False), "blossom": ("", False), "f1": ("higher", True), "perplexity": ("lower", False),
}  # fmt: skip


@pytest.mark.parametrize("metric", METRICS)
def test_words_say_what_a_metric_is(metric):
    side, in_points = METRICS[metric]
    table = TABLE.rename(columns={"test_accuracy": metric})
    for lower in (False, True):
        found = actlab.judge(table, lower_is_better=lower)
        taken = "lower" if lower else "higher"
        assert (found.unit.word == "points") == in_points
        assert bool(found.told) == (side not in ("", taken))
        assert {row["direction"] for row in found.as_json()["comparisons"]} == {f"{taken} is better"}


def test_the_side_that_is_better_stands_in_each_verdict_and_is_never_turned_round():
    table = runs(relu=2.0, tanh=2.5, gelu=1.999).rename(columns={"test_accuracy": "loss"})
    found = actlab.judge(table, lower_is_better=True, margin=0.01)
    assert [row[-2] for row in found.text_rows] == ["worse (higher)", "practically equal"]
    assert "lower, less than matters" in found.frame.note[1] and "lower, less than matters" in found.conclusion
    assert "tanh is worse (higher) than relu" in found.conclusion
    turned = actlab.judge(table, margin=0.01)
    assert turned.text_rows[0][-2] == "better (higher)" and "add --lower-is-better" in turned.told[0]


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        (lambda a, s: 100 if a == "tanh" else 1, {}, "shares of one and others of a hundred"),
        (lambda a, s: 100 if s < 3 else 1, {}, "say --unit percent"),
        (lambda a, s: 100, {"unit": "share"}, "--unit share, but test_accuracy goes up to"),
    ],
)
def test_mixed_units_are_refused(change, options, told):
    scale = [change(*row) for row in TABLE[["activation", "seed"]].itertuples(index=False)]
    with pytest.raises(UserError, match=told):
        actlab.judge(TABLE.assign(test_accuracy=TABLE.test_accuracy * scale), **options)


def test_a_unit_that_is_named_is_taken():
    chance = TABLE.assign(test_accuracy=TABLE.test_accuracy.where(TABLE.activation != "tanh", 0.1 / 95) * 100)
    assert actlab.judge(chance, unit="percent").frame.difference[0] == pytest.approx(-95, abs=0.5)
    assert "difference, dB" in actlab.judge(TABLE, unit="dB").headers
    table = TABLE.rename(columns={"test_accuracy": "value"})
    assert actlab.judge(table, unit="share").frame.low.tolist() == actlab.judge(TABLE).frame.low.tolist()


def test_progress_goes_from_nothing_to_the_whole():
    table, shares = runs(20, relu=0.95, tanh=0.94, gelu=0.95), []
    actlab.judge(table, progress=shares.append)
    compared, best = shares[: shares.index(1) + 1], shares[shares.index(1) + 1 :]
    for part in (compared, best):
        assert len(part) > 2 and part == sorted(part) and part[-1] == 1


@pytest.mark.parametrize("seeds", [1, 5, 8, 200])
@pytest.mark.parametrize("names", [("relu", "tanh"), ("relu", "tanh", "gelu")])
def test_sentences_for_a_paper_are_whole_whatever_was_compared(seeds, names):
    """What is not known of a table leaves no hole in them, and one is not several."""
    means = dict(zip(names, (0.99, 0.95, 0.92), strict=False))
    found = actlab.judge(runs(seeds, **means).rename(columns={"activation": "loss"}), group="loss")
    assert f"paired by random seed ({seeds} pair{'s' * (seeds > 1)}). " in found.methods
    assert f"We compared {'1 other loss' if len(names) == 2 else '2 other losses'} with relu on" in found.methods
    assert found.caption.startswith(f"n = {seeds} pair{'s' * (seeds > 1)} of seeds; ")
    for text in (found.methods, found.caption):
        assert not re.search(
            r"\b1 (pairs|comparisons|losses)|all 1|comparisons?\b" if len(names) == 2 else r"\b1 pairs", text
        )
    assert ("best" in found.conclusion) == (seeds > 1 and len(names) > 2)
    assert "best" not in found.conclusion or found.conclusion.endswith("The best is relu (95%).")


def test_of_what_was_trained_here_the_methods_say_more():
    table = {name: dict(zip(part.seed, part.test_accuracy, strict=True)) for name, part in TABLE.groupby("activation")}
    here = Origin(selection="the last epoch", split="standard", margin="0.1 points, asked for", versions="actlab 0.1.0")
    found = judged({"": table}, "relu", metric="accuracy", unit=Unit(), subject="MNIST", margin=0.1, origin=here)
    for told in ("2 activation functions with relu on MNIST", "10 pairs; equal seeds share", "with the last epoch",
                 "0.10 points, fixed before training", "on this split", "Software: actlab 0.1.0."):  # fmt: skip
        assert told in found.methods
    assert "margin 0.1 points, asked for; " in found.caption
    elsewhere = judged({"": table}, "relu", metric="accuracy", unit=Unit(), subject="MNIST", margin=0.1)
    assert "fixed" not in elsewhere.methods and "share" not in elsewhere.methods and "split" not in elsewhere.caption


def test_what_was_found_in_a_table_stands_before_the_verdicts():
    text = str(actlab.judge(TABLE.rename(columns={"test_accuracy": "val_loss"})))
    assert text.index("lower-is-better if lower is") < text.index("comparison  against") < text.index("On the table")


@pytest.mark.parametrize("first", ["sep=;\n", "sep=;\r\n", "\n sep=;\n"])
def test_the_first_line_that_excel_writes_is_no_header(tmp_path, first):
    (tmp_path / "t.csv").write_text(first + TABLE.to_csv(index=False, sep=";", decimal=","), newline="")
    assert actlab.judge(tmp_path / "t.csv").frame["pairs"].tolist() == [10, 10]
