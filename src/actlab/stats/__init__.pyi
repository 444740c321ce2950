from .best import all_pairs as all_pairs, best_among as best_among
from .critical import Progress as Progress
from .diagnosis import FINE as FINE, Diagnosis as Diagnosis, diagnose as diagnose
from .images import Correct as Correct
from .intervals import (
    LEAST_PAIRS as LEAST_PAIRS,
    Interval as Interval,
    mean_interval as mean_interval,
    median_interval as median_interval,
)
from .learning import (
    ARM_ALONE as ARM_ALONE,
    NEITHER as NEITHER,
    Guessing as Guessing,
    learned as learned,
    nothing_compared as nothing_compared,
)
from .pairs import Table as Table, paired_differences as paired_differences
from .verdicts import (
    Comparison as Comparison,
    compare as compare,
    compare_tasks as compare_tasks,
    whichever as whichever,
)
from .words import (
    NOTHING as NOTHING,
    Unit as Unit,
    best_lies as best_lies,
    conclusion as conclusion,
    correction as correction,
    count as count,
    estimate as estimate,
    here as here,
    intervals_said as intervals_said,
    listed as listed,
    more_seeds as more_seeds,
    note as note,
    pairs_of as pairs_of,
)
