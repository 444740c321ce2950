"""The catalogue as modules, in PyTorch's manner: arguments, repr, state_dict, device and dtype.

>>> import torch, actlab
>>> actlab.nn.LeakyReLU(0.2)
LeakyReLU(negative_slope=0.2)
>>> torch.nn.Sequential(torch.nn.Linear(3, 2), actlab.nn.Mish())(torch.zeros(5, 3)).shape
torch.Size([5, 2])
"""

from actlab.nn import elementwise, gating, learned
from actlab.nn.elementwise import *  # noqa: F403
from actlab.nn.gating import *  # noqa: F403
from actlab.nn.learned import *  # noqa: F403
from actlab.nn.stacked import as_module

__all__ = ["as_module", *elementwise.__all__, *gating.__all__, *learned.__all__]
