from .blocks import BLOCKS as BLOCKS, get as get
from .bridge import check_input as check_input
from .core import Activation as Activation, activation as activation
