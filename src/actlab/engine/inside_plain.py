"""The plain loop measured inside: its network's parameters are put into a stack of one, which the engine measures."""

from typing import Any

from torch import nn

from actlab.engine.inside import Inside
from actlab.engine.plain import Network
from actlab.engine.training import Arrays, Stack, Trainer
from actlab.making import State, saved


class InsidePlain:
    """To be called after each epoch of the plain loop, whose start is that of the stack."""

    def __init__(self, stack: Stack, arrays: Arrays, when: str) -> None:
        self.trainer = Trainer(stack, arrays)
        self.inside = Inside(self.trainer, when)
        self.inside.measure()

    def __call__(self, epoch: int, network: Network) -> None:
        trainer, rate = self.trainer, self.trainer.trials[0].learning_rate
        trainer.done = epoch
        for layer, linear in enumerate(network.linears):
            assert isinstance(linear, nn.Linear) and linear.weight.grad is not None
            weight, bias = trainer.parameters.linear(layer, 0)
            weight.copy_(linear.weight.detach())
            bias.copy_(linear.bias.detach())
            before, _ = self.inside.copy.linear(layer, 0)
            # plain SGD: the last step was the rate times the gradient that it has left
            before.copy_(linear.weight.detach() + rate * linear.weight.grad)
        for layer, f in enumerate(network.activations):
            kept = saved(f) if isinstance(f, nn.Module) else {}
            if "learned" in kept:
                trainer.parameters.learned[layer][0][0] = kept["learned"].detach()
            if copies := trainer.parameters.modules[layer][0]:
                state: State = {name.removeprefix("state."): value for name, value in kept.items() if name != "learned"}
                copies.restore([state])
        self.inside.compare()
        self.inside.measure()

    def rows(self) -> list[list[dict[str, Any]]]:
        return self.inside.rows()
