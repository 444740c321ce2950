"""Paired comparisons: values by arm and seed in, estimates with interval and verdict out. No torch."""

from actlab.stats.best import all_pairs, best_among
from actlab.stats.diagnosis import Diagnosis, diagnose
from actlab.stats.intervals import ALPHA, LEAST_PAIRS, Interval, mean_interval
from actlab.stats.pairs import Table, paired_differences
from actlab.stats.verdicts import VERDICTS, Comparison, compare, compare_tasks, further_seeds, mcnemar
from actlab.stats.words import Unit, asked, conclusion, correction, listed, methods, note, winner

__all__ = [
    "ALPHA",
    "LEAST_PAIRS",
    "VERDICTS",
    "Comparison",
    "Diagnosis",
    "Interval",
    "Table",
    "Unit",
    "all_pairs",
    "asked",
    "best_among",
    "compare",
    "compare_tasks",
    "conclusion",
    "correction",
    "diagnose",
    "further_seeds",
    "listed",
    "mcnemar",
    "mean_interval",
    "methods",
    "note",
    "paired_differences",
    "winner",
]
