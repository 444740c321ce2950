from .costs import COST_HEADERS as COST_HEADERS
from .differences import PAIR_HEADERS as PAIR_HEADERS
from .judgement import (
    COMPARISON_HEADERS as COMPARISON_HEADERS,
    COMPARISON_NOTES as COMPARISON_NOTES,
    Judgement as Judgement,
)
from .judging.judge import judge as judge
from .latex import write_latex as write_latex
from .numbers import NO_TEST as NO_TEST, POINTS as POINTS, number as number, percent as percent
from .summary import (
    HEADER_NOTES as HEADER_NOTES,
    HEADERS as HEADERS,
    Summary as Summary,
    summarise as summarise,
    with_arms as with_arms,
)
from .tuned import CHOSEN_HEADERS as CHOSEN_HEADERS, Tuning as Tuning
