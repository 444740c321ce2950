"""One thread in each test process: two processes of two threads would wait for each other on two cores."""

import torch

torch.set_num_threads(1)
