from . import fetch as fetch, sets as sets, twosample as twosample
from .dataset import (
    Dataset as Dataset,
    Part as Part,
    Pool as Pool,
    defaults as defaults,
    load as load,
    margin_of as margin_of,
    named as named,
    names as names,
    resolve_auto as resolve_auto,
)
from .fetch import cache_folder as cache_folder
from .labels import is_missing as is_missing, some as some
from .own import KEPT as KEPT
from .twosample import distinguishable as distinguishable
