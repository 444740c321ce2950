from . import processes as processes
from .entries import add_artefacts as add_artefacts, add_disagreements as add_disagreements
from .plan import Needs as Needs
from .run import (
    Begun as Begun,
    How as How,
    Progress as Progress,
    measured_costs as measured_costs,
    open_store as open_store,
    same_question as same_question,
    train_missing as train_missing,
)
from .sharing import keep_arrays as keep_arrays, with_arrays as with_arrays
from .words import (
    Pace as Pace,
    duration as duration,
    epoch_said as epoch_said,
    measured_said as measured_said,
    plan_said as plan_said,
)
from .work import Epoch as Epoch
