from .paths import path_of as path_of
from .sources import name_of as name_of, packed as packed, unpacked as unpacked
from .targets import (
    Held as Held,
    Target as Target,
    apart as apart,
    code_in as code_in,
    exact as exact,
    formula_parameters as formula_parameters,
    from_source as from_source,
    held as held,
    identity as identity,
    label as label,
    parse as parse,
    parse_layers as parse_layers,
    shown as shown,
    split_identity as split_identity,
    with_parameters as with_parameters,
)
