"""A run as one table: what the terminal prints and the page shows come from here, so that they cannot disagree."""

import dataclasses
import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actlab import data, stats
from actlab.data import sets
from actlab.experiment import METRICS, DataFrame, Experiment, Metric, Run, looked
from actlab.results import endings
from actlab.results.brief import Paint, answers, brief
from actlab.results.columns import beside, columns
from actlab.results.costs import NO_COST, Cost, StepCost, cost_headers, costs_beside, step_costs
from actlab.results.differences import cost_lines, cost_row, difference_lines
from actlab.results.guessing import unlearned
from actlab.results.judgement import Origin, cells, comparison_headers, judged
from actlab.results.kinds import of_one_kind
from actlab.results.numbers import aligned, plain, short, times
from actlab.results.tuned import Tuning, tuning_of

_PARTS = {"learning_rate": "lr", "weight_decay": "decay", "dropout": "dropout", "initialisation": "init"}
_DEAR = 1.2  # from where on the cost of a step is said beside a verdict
MOST_SHOWN, FEW = 30, 20  # arms: of more so few are drawn, whose colours one tells apart
MOST_PAIRED = 50  # arms of which every two are compared: 1,225 pairs
_PAIR = ("first", "other", "difference", "low", "high", "n")


@dataclass(frozen=True, eq=False)
class Summary:
    """What a run says.

    `table` has a row an arm: means over its finished trials with 95 % intervals, accuracies as fractions. `values` is
    what the comparisons compare, by arm and seed: the metric, negated where lower is better; NaN where the trial
    diverged. `conclusion` is what they say, in sentences, of the trials of `experiment`, `total` in all; `has_test`,
    whether there was a test set.

    >>> summary = summarise("runs/wave")
    >>> summary.best, summary.endings["relu"].state, summary.as_json()["trials"], summary.unfinished
    (['relu'], 'fine', 10, '')
    >>> print(summary.in_short())
    On arrays.npz, with 5 seeds, by test accuracy: identity is worse than relu...
    """

    experiment: Experiment
    table: DataFrame
    values: dict[str, dict[int, float]]
    comparisons: list[stats.Comparison]
    conclusion: str
    best: list[str]  # the arms among which the best one lies, at 95%
    best_said: str  # in words; "" where fewer than three are compared or nothing is judged
    caption: str  # what the numbers rest on
    methods: str  # a paragraph for a paper
    asked: str  # which question the intervals answer
    costs: list[Cost]  # cost beside quality, an arm each but the baseline
    tuning: Tuning | None  # how each activation's setting was chosen; None: it was given
    metric: str  # in words, with the part that it is of
    metric_note: str  # what is to be said of it, or ""
    subject: str  # the data, as a sentence names them
    mixed: str  # in words, where trials come from different kinds of machine, and what follows; or ""
    planned: int  # trials still to be trained
    total: int
    has_test: bool
    pairs: list[tuple[str, str, float, float, float, int]]  # of every two of few arms: other minus first, all together
    preflight: list[dict[str, Any]]  # what was found before training
    endings: dict[str, stats.Diagnosis]  # what each arm's training ended in

    @property
    def ranked(self) -> list[str]:
        """The arms as a table shows them: in the order in which they were named, or of very many the best first."""
        arms = self.table["arm"].tolist()
        if len(arms) <= MOST_SHOWN:
            return arms
        known = {arm: [v for v in self.values.get(arm, {}).values() if math.isfinite(v)] for arm in arms}
        return sorted(arms, key=lambda arm: -float(np.mean(known[arm])) if known[arm] else math.inf)

    @property
    def shown(self) -> list[str]:
        """The arms that are drawn: all, or of very many the baseline and the best of the others."""
        arms = self.ranked
        if len(arms) <= MOST_SHOWN:
            return arms
        baseline = self.comparisons[0].baseline if self.comparisons else arms[0]
        return [baseline, *(arm for arm in arms if arm != baseline)][:FEW]

    @property
    def shown_said(self) -> str:
        """Which those are; "" where they are all."""
        few, all_ = len(self.shown), len(self.table)
        if few == all_:
            return ""
        return (
            f"Drawn are {self.shown[0]} and the {few - 1} best of {all_ - 1:,} others by mean {self.metric}. They were "
            "chosen by looking at it, so that some of them are there by luck; the verdicts allow for all of them."
        )

    def only(self, arms: Sequence[str]) -> "Summary":
        """With the tables of these `arms`, in this order; what is said stays that of all.

        >>> summarise("runs/wave").only(["identity"]).table["arm"].tolist()
        ['identity']
        """
        place = {arm: n for n, arm in enumerate(arms)}
        table = self.table.loc[self.table["arm"].isin(place)]
        rows = table.sort_values("arm", key=lambda own: own.map(place), ignore_index=True)
        comparisons, costs = (
            sorted((item for item in items if item.name in place), key=lambda item: place[item.name])
            for items in (self.comparisons, self.costs)
        )
        names = set(rows["activation"])
        tuning = self.tuning and self.tuning.only(names)
        return dataclasses.replace(self, table=rows, comparisons=comparisons, costs=costs, tuning=tuning)

    @property
    def measure(self) -> Metric:
        """What the trials are compared by."""
        return METRICS[self.experiment.metric]

    @property
    def warned(self) -> list[str]:
        """What is to be known before the numbers are believed: found before training, and told from the curves."""
        return [*endings.found_before(self.preflight), *endings.said(self.endings)]

    @property
    def warned_in_short(self) -> str:
        """The same by names, and what costs more; or ""."""
        told = [*endings.before_in_short(self.preflight), *endings.in_short(self.endings), self.cost_said]
        return " ".join(filter(None, told))

    @property
    def unfinished(self) -> str:
        """In words, how much is still to be trained; "" where nothing is."""
        if not self.planned:
            return ""
        verb = "is" if self.planned == 1 else "are"
        noun = "trial" if self.total == 1 else "trials"
        return f"{self.planned} of {self.total} {noun} {verb} still to be trained."

    def __repr__(self) -> str:
        return textwrap.fill(" ".join(filter(None, (self.conclusion, self.best_said, self.unfinished))), 100)

    def in_short(self, paint: Paint = lambda verdict, text: text) -> str:
        """The sentence, a line an arm, warnings, for a terminal; `paint`: (verdict, text) -> the text in a colour."""
        return "\n".join(brief(self, paint))

    @property
    def answers(self) -> list[list[str]]:
        """The table in five columns: a header, then a row an arm."""
        return answers(self)

    def as_text(self) -> str:
        """All figures, and what they say, as text."""
        shown = {name: column for name, column in columns(self.experiment).items() if column.in_terminal}
        headers = [name.removesuffix(f" {self.measure.words}").removesuffix(" cost") for name in shown]
        rows = [[column.cell(row) for column in shown.values()] for row in self.table.to_dict("records")]
        lines = aligned([headers, *rows])
        tuned = self.tuning.sentence if self.tuning else ""
        caption = f"These differences rest on: {self.caption}" if self.caption else ""
        said = (self.conclusion, self.best_said, tuned, *self.warned, caption, self.metric_note, self.mixed,
                self.unfinished)  # fmt: skip
        brackets = "In brackets: 95% intervals of the mean over seeds. step: time of a training step, relative."
        if not self.measure.is_share:
            brackets += f" Figures: {', '.join(filter(None, (self.measure.words, self.measure.unit.word)))}."
        told = [line for text in said if text for line in textwrap.wrap(text, 100)]
        baseline = self.comparisons[0].baseline if self.comparisons else ""
        differences = difference_lines(self.comparisons, directed(self.metric, self.measure.unit), self.measure.unit)
        costs = cost_lines(self.costs, baseline, self.measure)
        return "\n".join([*lines, brackets, "", *differences, *costs, *told])

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values; what is not a number is None."""
        unit = self.measure.unit
        told = {
            "subject": self.subject,
            "metric": self.metric,
            "metric_note": self.metric_note,
            # of accuracies they need not be said
            **({"unit": unit.word, "direction": f"{unit.better} is better"} if unit.better else {}),
            "conclusion": self.conclusion,
            "best_among": self.best,
            "caption": self.caption,
            "methods": self.methods,
            "asked": self.asked,
            "trials": self.total,
            "still_to_be_trained": self.planned,
            "table": self.table.to_dict("records"),
            "tuning": self.tuning and self.tuning.as_json(),
            "costs": [dataclasses.asdict(item) for item in self.costs],
            "comparisons": [
                dataclasses.asdict(item) | {"only_here": item.only_here, "note": stats.note(item, unit)}
                for item in self.comparisons
            ],
            "all_pairs": [dict(zip(_PAIR, item, strict=True)) for item in self.pairs],
            "preflight": self.preflight,
            "endings": {arm: dataclasses.asdict(found) for arm, found in self.endings.items()},
        }
        return plain(told)

    @property
    def headers(self) -> dict[str, str]:
        """Those of the table, and what is to be said of each."""
        return {name: column.note for name, column in columns(self.experiment).items()}

    @property
    def rows(self) -> list[list[str]]:
        """The table as text, in the order of `headers`."""
        shown = columns(self.experiment).values()
        return [[column.cell(row) for column in shown] for row in self.table.to_dict("records")]

    @property
    def cost_said(self) -> str:
        """In words, of which arms a training step takes more than 1.2 times as long, for certain; or ""."""
        dear = [f"{item.name}'s takes {times(item.relative, item.relative_low, item.relative_high)} as long"
                for item in self.costs if item.relative > _DEAR and not item.relative_low <= 1]  # fmt: skip
        return f"A training step beside {self.comparisons[0].baseline}'s: {stats.listed(dear)}." if dear else ""

    @property
    def cost_table(self) -> list[list[str]]:
        """Cost beside quality as text: headers, then a row an arm."""
        return [cost_headers(self.measure), *(cost_row(item, self.measure.unit) for item in self.costs)]

    @property
    def pair_table(self) -> list[list[str]]:
        """Every two arms as text: headers, then a row a pair."""
        unit = self.measure.unit
        rows = ([first, other, str(n), unit.difference(mean), unit.span(low, high)]
                for first, other, mean, low, high, n in self.pairs)  # fmt: skip
        return [["first", "second", "pairs", f"{unit.against('second')} first", "simultaneous 95% interval"], *rows]

    @property
    def comparison_headers(self) -> dict[str, str]:
        """Those of the comparisons, and what is to be said of each."""
        return comparison_headers(self.measure.unit)

    @property
    def comparison_rows(self) -> list[list[str]]:
        """The comparisons as text, in the order of `comparison_headers`."""
        return [[*cells(item, self.measure.unit).values()] for item in self.comparisons]


def summarise(run: str | Path | Run) -> Summary:
    """The table, the comparisons and the conclusion of a run, finished or not.

    Args:
        run: a Run, or its folder.

    Returns:
        A Summary: `as_text()` and `as_json()` have all of it, `table` is a pandas DataFrame.

    Raises:
        UserError: there is no run in the folder, or its format is another.

    >>> [found] = summarise("runs/wave").comparisons
    >>> found.name, found.verdict, found.n, found.high < 0
    ('identity', 'worse', 5, True)
    """
    run = run if isinstance(run, Run) else Run(run)
    trials = with_arms(run)
    import pandas as pd  # what the trials were read with: Run says so where it is missing

    measure, unit = run.metric, run.metric.unit
    has_test = run.examples > 0 or bool(trials[measure.named("test_metric")].notna().any())
    experiment, data_set = run.experiment, sets.SETS.get(run.experiment.data)
    wanted = experiment.baseline_label  # or the first arm of it
    baseline = next((arm for arm in dict.fromkeys(trials["arm"]) if f"{arm}, ".startswith(f"{wanted}, ")), None)
    compared, mixed = of_one_kind(trials, baseline or "", experiment.mixed)
    values = _values(compared, measure.named("test_metric" if has_test else "final_valid_metric"), measure)
    metric = f"{'test' if has_test else 'final validation'} {measure.words}"
    subject = data_set.title if data_set else Path(experiment.data).name
    if experiment.reason:
        subject += f", {experiment.reason}"
    margin = data.margin_of(experiment, run.examples or int(run.artefact("samples").get("valid_samples", 0)))
    margin_said = f"{margin:.3g} {unit.word or f'of {measure.words}'}"
    if 0 < experiment.margin < margin:
        margin_said += f" (two test examples, above the {experiment.margin:g} asked for)"
    baseline = baseline if baseline in values else None
    selection = "the parameters of the epoch of the lowest validation loss" if has_test else "the last epoch"
    tuning = tuning_of(run)
    if tuning is not None:
        selection += f", and {tuning.selection}"
    looks = experiment.max_seeds > 0
    origin = Origin(
        selection=selection,
        split=experiment.split,
        margin=f"{margin_said}, fixed before training",
        versions=_versions(run),
        overlap=run.sizes[2] / sum(run.sizes[:2]) if run.sizes else 0.0,
        unlearned=frozenset(unlearned(run, compared, values)),
        correct=_correct(run, compared) if has_test and not run.sizes else None,
        sequential=looks,
        seconds_a_seed=float(np.sum(run.times["seconds"])) / len(experiment.seeds) or math.nan,
        advice=f"run with --seeds {stats.LEAST_PAIRS} or more",
    )
    found = judged(
        {"": values}, baseline, metric=directed(metric, unit), unit=unit, subject=subject, margin=margin, origin=origin
    )  # fmt: skip
    comparisons = found.comparisons[""]
    planned = trials["status"].tolist().count("planned")
    costs = step_costs(run.costs, run.activations[0]) if run.activations else {}
    return Summary(
        experiment=experiment,
        table=pd.DataFrame(_rows(trials, costs, experiment)),
        values=values,
        comparisons=comparisons,
        conclusion=found.verdicts_said + _limit_said(run, comparisons),
        best=found.best.get("", []),
        best_said=found.best_said,
        costs=_costs(run, compared, baseline, margin / unit.scale, origin.unlearned),
        tuning=tuning,
        caption=found.caption,
        methods=found.methods,
        asked=found.question if any(math.isfinite(item.low) for item in comparisons) else "",
        metric=metric,
        metric_note=_metric_note(run, has_test) if planned < len(trials) else "",
        subject=subject,
        mixed=mixed,
        planned=planned,
        total=len(trials),
        has_test=has_test,
        pairs=stats.all_pairs(values, sequential=looks) if 2 < len(values) <= MOST_PAIRED else [],
        preflight=looked.read(run.path).get("findings", []),
        endings=endings.of_run(run, trials),
    )


def directed(metric: str, unit: stats.Unit) -> str:
    """A metric in words, with its direction where that is to be said."""
    return f"{metric} ({unit.direction})" if unit.better else metric


def _limit_said(run: Run, comparisons: list[stats.Comparison]) -> str:
    """Why no more seeds were added, where they were asked for until all is decided."""
    most = run.experiment.max_seeds
    if not most or len(run.experiment.seeds) < most or all(item.decided for item in comparisons):
        return ""
    return f" The {most} seeds of --max-seeds are trained: a larger one goes on."


def _correct(run: Run, trials: DataFrame) -> dict[str, dict[int, np.ndarray]]:
    """Arm -> seed -> which test examples were right; of numbers the metric of each: a spread has no direction."""
    bits = run.scores()
    return {
        str(arm): {seed: bits[key] for seed, key in zip(rows["seed"], rows["key"], strict=True) if key in bits}
        for arm, rows in trials.groupby("arm", sort=False)
    }


def _costs(run: Run, trials: DataFrame, baseline: str | None, margin: float, unlearned: frozenset[str]) -> list[Cost]:
    finished = trials.loc[trials["status"] == "finished", ["key", "arm"]]
    if baseline is None or finished.empty:
        return []
    own = dict(zip(trials["arm"], trials["activation"], strict=True))
    by_activation = step_costs(run.costs, own[baseline])
    relative = {arm: by_activation[activation] for arm, activation in own.items() if activation in by_activation}
    curves = run.curves.merge(finished, on="key")
    looks = run.experiment.max_seeds > 0
    found = costs_beside(
        curves, relative, baseline, run.experiment.epochs, margin, metric=run.metric, sequential=looks
    )  # fmt: skip
    judged = stats.nothing_compared([item.equal_time for item in found], unlearned)
    return [dataclasses.replace(item, equal_time=told) for item, told in zip(found, judged, strict=True)]


def _versions(run: Run) -> str:
    known = run.environments[-1] if run.environments else {}
    return ", ".join(f"{name} {known[name]}" for name in ("actlab", "torch", "numpy", "python") if known.get(name))


def with_arms(run: Run) -> DataFrame:
    """The trials with a column `arm`: the activation, and those of its settings that vary.

    Of a grid, as a tuning run is, each combination is an arm of its own; a setting chosen for an activation belongs
    to it.
    """
    trials = run.trials.copy()
    if "arm" in trials:  # a part of a run, where less varies
        return trials
    vary = [] if run.experiment.tuned else [name for name in _PARTS if len(set(trials[name])) > 1]
    if not vary:
        return trials.assign(arm=trials["activation"])
    trials["arm"] = [
        ", ".join([row["activation"], *(f"{_PARTS[name]} {short(row[name])}" for name in vary)])
        for row in trials.loc[:, ["activation", *vary]].to_dict("records")
    ]
    return trials


def _metric_note(run: Run, has_test: bool) -> str:
    words = run.metric.words
    guessing = (
        " Targets have mean 0 and deviation 1 on the training part: guessing that mean has a mean squared error of "
        "about 1, and an R² of about 0."
    ) * (not run.metric.is_share)
    if has_test:
        return f"Test {words} is that of the parameters of the epoch with the lowest validation loss.{guessing}"
    if run.experiment.split == "tutorial":
        return (
            f"There is no test {words}: in the split 'tutorial' the test samples serve as validation samples. The "
            "comparison takes the last epoch, so that they have chosen nothing; but they are no independent judge of "
            "anything that was chosen by looking at them, such as a learning rate or the number of epochs."
            f"{guessing}"
        )
    return f"There is no test set: the comparison takes the validation {words} after the last epoch.{guessing}"


def _values(trials: DataFrame, column: str, metric: Metric) -> dict[str, dict[int, float]]:
    """Arm -> seed -> value, such that more is better; a diverged trial is NaN, whatever it had reached before; one that
    is planned is absent.
    """
    found: dict[str, dict[int, float]] = {arm: {} for arm in dict.fromkeys(trials["arm"])}
    tried = trials.loc[trials["status"] != "planned", ["arm", "seed", "status", column]]
    for arm, seed, status, value in tried.itertuples(index=False):
        found[arm][seed] = metric.improvement(float(value)) if status == "finished" else math.nan
    return {arm: values for arm, values in found.items() if values}


def _rows(trials: DataFrame, costs: dict[str, StepCost], experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Arrays, for a frame of each of very many arms takes most of the time."""
    whole = {"best_epoch": trials["best_epoch"].astype(float)}
    arrays = {name: whole.get(name, trials[name]).to_numpy() for name in trials}
    for arm, places in trials.groupby("arm", sort=False).indices.items():
        yield _row(str(arm), {name: values[places] for name, values in arrays.items()}, costs, experiment)


def _row(arm: str, own: dict[str, np.ndarray], costs: dict[str, StepCost], experiment: Experiment) -> dict[str, Any]:
    metric, is_finished = METRICS[experiment.metric], own["status"] == "finished"
    finished = {name: values[is_finished] for name, values in own.items()}
    activation = own["activation"][0]
    row = {"arm": arm, "activation": activation, **{name: own[name][0] for name in _PARTS}}
    row |= {"n": int(is_finished.sum()), "diverged": int((own["status"] == "diverged").sum())}
    with_interval = [("final_valid", metric), ("best_valid", metric), ("test", metric)]
    for part, each in with_interval + [("test", each) for each in beside(experiment)]:
        name = f"{part}_{each.name}"
        found = stats.mean_interval(finished[name])
        # Student's interval of a few values knows nothing of the ends of the scale
        low, high = np.clip((found.low, found.high), *each.limits)
        row |= {name: found.mean, f"{name}_low": low, f"{name}_high": high}
    epochs = finished["best_epoch"][np.isfinite(finished["best_epoch"])]
    row["best_epoch"] = float(np.median(epochs)) if len(epochs) else math.nan
    cost = costs.get(activation, NO_COST)
    row |= {"relative_cost": cost.median, "relative_cost_low": cost.low, "relative_cost_high": cost.high}
    row["gradient"] = ", ".join(dict.fromkeys(told for told in own["gradient"] if isinstance(told, str)))
    means = ("final_train_loss", metric.named("final_train_metric"), "final_valid_loss")
    return row | {name: stats.mean_interval(finished[name]).mean for name in means}
