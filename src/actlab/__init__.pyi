__version__: str

from . import functional as functional, nn as nn
from .activations import Activation as Activation, activation as activation
from .checks import check as check
from .errors import UserError as UserError
from .experiment import Experiment as Experiment, Trial as Trial
from .functional import (
    elu as elu,
    gelu as gelu,
    gelu_tanh as gelu_tanh,
    identity as identity,
    leaky_relu as leaky_relu,
    mish as mish,
    prelu as prelu,
    relu as relu,
    sigmoid as sigmoid,
    silu as silu,
    softplus as softplus,
    tanh as tanh,
)
from .report import Run as Run, load_run as load_run, show as show
from .results import judge as judge, summarise as summarise
from .swapping import swap as swap
from .workflows import compare as compare, load_model as load_model
