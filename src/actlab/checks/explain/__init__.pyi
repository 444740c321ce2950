from .gradient import gradient_example as gradient_example
from .show import (
    Shown as Shown,
    Sketch as Sketch,
    as_dict as as_dict,
    card as card,
    fact_rows as fact_rows,
    one as one,
    shown as shown,
    sketches as sketches,
    what_it_is as what_it_is,
)
