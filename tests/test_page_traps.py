"""What the page might get wrong without anyone noticing: each test stands for a mistake that was found or planted."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from test_figures import forest_of, of_class, parsed, scale_of
from test_report import fake_run

from actlab.experiment import Run
from actlab.report import figures
from actlab.report.curves import arm_colours, quantities
from actlab.report.svg import tick_texts
from actlab.results import confusions, summarise


def tips_of(drawing):
    return [node.get("data-tip") for node in of_class(parsed(drawing), "hit")]


def test_samples_are_read_once_not_for_each_trial(tmp_path, monkeypatch):
    read, artefact = [], Run.artefact
    monkeypatch.setattr(Run, "artefact", lambda run, name: (read.append(name), artefact(run, name))[1])
    confusions(fake_run(tmp_path / "run", seeds=20, epochs=1))
    assert len(read) < 10


def test_looks_end_with_the_last_seed_that_is_trained(tmp_path):
    run = fake_run(tmp_path / "run", ("relu", "tanh"), seeds=12, epochs=2, max_seeds=20)
    run.trials.loc[run.trials["seed"] >= 8, "status"] = "planned"
    summary = summarise(run)
    tips = tips_of(figures.looks_drawing(summary, "tanh"))
    assert [tip.partition(" ")[0] for tip in tips] == ["5", "6", "7", "8"]
    [item] = summary.comparisons
    assert item.n == 8 and summary.measure.unit.bracketed(item.low, item.high) in tips[-1]
