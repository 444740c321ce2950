"""Runs of very many trials: what they cost grows with them and no faster; what is shown of them stays readable."""

import collections
import pickle
import sys

import numpy as np
import pytest
import torch
from studies import large

from actlab import data, stats
from actlab.experiment import Run, Store, status
from actlab.report import draw, judged
from actlab.report.drawing import part_of
from actlab.results import FEW, judge, summarise, summary, with_arms
from actlab.running import entries
from actlab.running.plan import make_stacks
from actlab.running.sharing import arrays_of
from actlab.running.work import Task, run_task
from actlab.stats import critical
from actlab.stats.pairs import side_by_side


def kinds(value):
    """The types of a value, the shapes and dtypes of its arrays."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape
    if isinstance(value, list | tuple):
        return type(value), [kinds(item) for item in value]
    if isinstance(value, dict):
        return {key: len(item) if isinstance(item, bytes) else kinds(item) for key, item in value.items()}
    return type(value)


def test_what_is_made_up_is_as_large_as_what_is_trained(tmp_path):
    torch.set_num_threads(1)
    arrays, found = arrays_of(data.load("digits")), {}
    [stack] = large.stacks_of(large.experiment_of(3, 1, epochs=2), 3)
    for name, work in {"trained": run_task, "made up": large.stubbed}.items():
        sent = []
        outcome = work(Task(stack, arrays, "cpu", "doubling"), sent.append)
        whole = {field: kinds(value) for field, value in vars(outcome.result).items()}
        told = [kinds(vars(message)) for message in sent]
        found[name] = (whole, outcome.name, set(outcome.gradients), set(outcome.where), told)
    assert found["trained"] == found["made up"]
    assert pickle.loads(pickle.dumps(large.stubbed)) is large.stubbed  # it can be sent to a worker


def test_a_stack_takes_along_its_own_activations_alone():
    few, many = (large.experiment_of(count, 4) for count in (8, 64))
    sizes = [max(len(pickle.dumps(s)) for s in make_stacks(e.trials(), e.layers, 1, 8)) for e in (few, many)]
    assert sizes[1] < 1.2 * sizes[0]


def table(arms, seeds, spread=0.0, holes=0):
    generator = np.random.default_rng(4)
    values = generator.normal(size=(arms, seeds)) + spread * generator.normal(size=(arms, 1))
    values[generator.choice(arms, holes, replace=False), 0] = np.nan
    return {f"arm{n}": dict(enumerate(own)) for n, own in enumerate(values)}


@pytest.mark.parametrize("seeds", [6, 12, 20])
def test_the_best_are_those_that_no_interval_puts_below_another(seeds):
    arms = table(9, seeds, spread=0.8, holes=2)
    names, values_SA = list(arms), side_by_side(list(arms.values()), arms)
    expected = set()
    for arm, name in enumerate(names):
        together = critical.simultaneous(np.delete(values_SA, arm, axis=1) - values_SA[:, [arm]], alpha=0.1)
        if not any(together.interval(other)[0] > 0 for other in range(len(names) - 1)):
            expected.add(name)
    assert set(stats.best_among(arms)) == expected and 0 < len(expected) < 9


def test_few_patterns_say_about_what_all_say(monkeypatch):
    arms = table(30, 20, holes=3)
    exact = stats.compare(arms)
    monkeypatch.setattr(critical, "_WORK", 1)
    assert critical.pattern_count(20, 29) == critical.LEAST_DRAWN
    few = stats.compare(arms)
    for one, other in zip(exact, few, strict=True):
        assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.03) and other.low != one.low
    assert "4,096 random sign patterns" in stats.intervals_said(few)


def test_many_patterns_are_taken_for_as_many_comparisons_as_people_make():
    assert [critical.pattern_count(20, n) for n in (1, 499, 1300)] == [100_000] * 3
    assert [critical.pattern_count(12, n) for n in (1, 10_000)] == [2048] * 2


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of 50 and of 100 activations with 5 seeds."""
    folder, found = tmp_path_factory.mktemp("large"), {}
    for count in (50, 100):
        experiment = large.experiment_of(count, 5)
        counted = collections.Counter()
        with Store.create(folder / str(count), experiment, experiment.trials()) as store:
            store._database.set_trace_callback(lambda text, verbs=counted: verbs.update([text.split()[0]]))
            for stack in large.stacks_of(experiment, 25):
                entries.enter(store, large.stubbed(large.task_of(stack), lambda message: None), "none")
            store._database.set_trace_callback(None)
            store.add_costs(large.costs(experiment))
            x = np.linspace(-6, 6, 601)
            functions = {f"{part}{label}": x for label in experiment.labels for part in ("f/", "df/")}
            store.add_artefact("functions", {"x": x} | functions)
            labels, _ = large._samples()
            store.add_artefact("samples", {"test_labels": labels, "classes": np.array(10), "labels": labels[:8],
                                           "images": np.zeros((8, 8, 8)), "targets": np.array("classes")})  # fmt: skip
        found[count] = folder / str(count), counted
    return found


def calls(work) -> int:
    """How many functions of Python are called."""
    count = 0

    def called(frame, event, argument):
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.large
def test_twice_the_trials_are_twice_the_statements(runs):
    (_, few), (_, many) = runs.values()
    assert few["INSERT"] > 0 and all(many[verb] <= 2 * few[verb] for verb in many)


@pytest.mark.large
def test_twice_the_trials_are_at_most_twice_the_calls(runs, monkeypatch):
    few, many = (path for path, _ in runs.values())
    summarise(few)  # what is loaded on first use is loaded
    counts = [calls(lambda path=path: summarise(path)) for path in (few, many)]
    monkeypatch.setattr(summary, "MOST_PAIRED", 0)  # of 50 every two are compared, of 100 not
    linear = [calls(lambda path=path: summarise(path)) for path in (few, many)]
    assert linear[1] <= 2.2 * linear[0] and counts[1] <= 2.2 * counts[0]
    monkeypatch.setattr(summary, "MOST_PAIRED", 1000)
    assert calls(lambda: summarise(many)) > 1.2 * linear[1]  # what grows with the square would be seen


@pytest.mark.large
def test_a_page_of_many_has_all_in_its_table_and_the_best_in_its_figures(runs):
    path, _ = runs[100]
    page = draw(path)
    found, text = summarise(path), page.read_text(encoding="utf-8")
    means = {arm: np.nanmean([*seeds.values()]) for arm, seeds in found.values.items()}
    baseline = found.comparisons[0].baseline
    baseline_first, *best = found.shown  # of equal means either may be first
    highest = sorted((means[arm] for arm in means.keys() - {baseline}), reverse=True)[: FEW - 1]
    assert baseline_first == baseline and [means[arm] for arm in best] == pytest.approx(highest, abs=1e-12)
    assert "Drawn are relu and the 19 best of 99 others" in text
    answer = text.partition('<table id="answer">')[2].partition("</table>")[0]
    assert answer.count("<tr>") == 101 and answer.index(best[0]) < answer.index(best[1]) < answer.index(best[-1])
    forest = text.partition('<figure id="forest">')[2].partition("</figure>")[0]
    assert forest.count('class="mark"') == FEW - 1 and text.count('aria-pressed="true" data-arm') == FEW
    assert page.stat().st_size < 2_000_000
    part, shown = part_of(Run(path), found)
    assert part.activations == found.shown == shown.table["arm"].tolist() and len(part.trials) == 5 * FEW
    assert len(found.in_short().splitlines()) < 60 and "and 80 more, not among the 19 best" in found.in_short()
    assert with_arms(part)["arm"].nunique() == FEW and len(status(path)) < 300


@pytest.mark.large
def test_a_page_of_judged_groups_stays_small(tmp_path):
    import pandas as pd

    rows = [(name, seed, value) for name, own in table(200, 60, spread=1.0).items() for seed, value in own.items()]
    found = judge(pd.DataFrame(rows, columns=["activation", "seed", "value"]))
    page = judged.draw_judgement(found, tmp_path / "page.html")
    text = page.read_text(encoding="utf-8")
    assert (
        page.stat().st_size < 1_000_000
        and text.count("<tr>") == 200
        and "groups and more the 19 with the best means" in text
    )
    assert text.count('class="mark"') == FEW - 1
