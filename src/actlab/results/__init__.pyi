from .columns import is_the_loss as is_the_loss, trial_columns as trial_columns
from .examples import (
    answers as answers,
    confusions as confusions,
    differing as differing,
    right_shares as right_shares,
)
from .insides import RULES as RULES, by_layer as by_layer, inside_said as inside_said
from .judgement import Judgement as Judgement
from .judging.judge import judge as judge
from .latex import write_latex as write_latex
from .summary import (
    FEW as FEW,
    MOST_PAIRED as MOST_PAIRED,
    MOST_SHOWN as MOST_SHOWN,
    Summary as Summary,
    summarise as summarise,
    with_arms as with_arms,
)
from .tuned import Tuning as Tuning
