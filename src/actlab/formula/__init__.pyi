from . import clause as clause
from .algebra import (
    ONE as ONE,
    TWO as TWO,
    ZERO as ZERO,
    minus as minus,
    negative as negative,
    over as over,
    plus as plus,
    power as power,
    times as times,
)
from .breaks import edges as edges
from .clause import Reading as Reading, number as number, read as read
from .derivative import differentiate as differentiate, outer as outer
from .exact import Exact as Exact, kinks as kinks
from .grammar import constant as constant, parse as parse
from .nodes import (
    ARITHMETIC as ARITHMETIC,
    COMPARISONS as COMPARISONS,
    PI as PI,
    RESERVED as RESERVED,
    TRUE as TRUE,
    Apply as Apply,
    E as E,
    Name as Name,
    Node as Node,
    Number as Number,
    X as X,
    pieces as pieces,
    postorder as postorder,
    rebuild as rebuild,
    substitute as substitute,
)
from .notation import ABSENT as ABSENT, is_code as is_code
