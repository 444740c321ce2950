"""The catalogue as modules, in PyTorch's manner: arguments, repr, state_dict, device and dtype.

>>> import torch, actlab
>>> actlab.nn.LeakyReLU(0.2)
LeakyReLU(negative_slope=0.2)
>>> torch.nn.Sequential(torch.nn.Linear(3, 2), actlab.nn.Mish())(torch.zeros(5, 3)).shape
torch.Size([5, 2])
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
