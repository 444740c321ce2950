from . import inside as inside, looked as looked
from .bounded import content as content, free_memory as free_memory
from .disk import (
    packed as packed,
    told as told,
    write_by as write_by,
    write_bytes as write_bytes,
    write_text as write_text,
)
from .inside import WHEN as WHEN
from .metrics import (
    CURVES as CURVES,
    LOSSES as LOSSES,
    METRICS as METRICS,
    Metric as Metric,
    loss_for as loss_for,
)
from .run import (
    Run as Run,
    held_keys as held_keys,
    list_runs as list_runs,
    status as status,
    trial_from_row as trial_from_row,
)
from .schema import DATABASE as DATABASE, EXPERIMENT as EXPERIMENT, TUNING as TUNING, DataFrame as DataFrame
from .spec import GRID as GRID, TUNING_SEEDS as TUNING_SEEDS, Experiment as Experiment, Trial as Trial
from .split import indices_of as indices_of, stratified as stratified
from .store import Store as Store, is_free as is_free
from .strange import (
    MOST_TEXT as MOST_TEXT,
    json_of as json_of,
    refuse_links as refuse_links,
)
from .streams import stream_seed as stream_seed
from .tables import export as export, made as made
from .tuning import (
    ADAMW_RATE as ADAMW_RATE,
    RATES as RATES,
    WORDS as WORDS,
    Setting as Setting,
    Tried as Tried,
    chosen as chosen,
    said as said,
    tried as tried,
    tuned as tuned,
    united as united,
)
