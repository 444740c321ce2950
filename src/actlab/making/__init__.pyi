from .applied import Applied as Applied, ByHand as ByHand, Called as Called, Unlearned as Unlearned
from .derive import derivation as derivation
from .floats.forms import forms as forms
from .modules import ByModule as ByModule, Copies as Copies, saved as saved
from .portable import portable as portable
from .probing import (
    State as State,
    begun as begun,
    copied as copied,
    guarded as guarded,
    materialised as materialised,
    probe as probe,
    same as same,
)
from .resolution import (
    construct as construct,
    has_own_backward as has_own_backward,
    load_file as load_file,
    locate as locate,
    resolve as resolve,
)
from .tensors import compiled as compiled
from .written import Written as Written
