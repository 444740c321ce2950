"""The same networks in JAX: jit of one epoch, a scan over its steps, vmap over the networks of an activation."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from studies.speed.workload import Workload

_EVALUATION_BATCH = 500
_FUNCTIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "leaky_relu": jax.nn.leaky_relu}


class Jax:
    """Data on JAX's device, the parameters' memory given back to each step."""

    def __init__(self, work: Workload) -> None:
        self.work, self.done = work, 0
        a = work.arrays
        self.arrays = [jnp.asarray(t.numpy()) for t in (a.x_train, a.y_train, a.x_valid, a.y_valid)]
        self.parameters = [_start(work, name, seeds) for name, seeds in work.groups.items()]
        static = {"names": tuple(work.groups), "rate": work.rate, "batch": work.batch}
        self._epoch = jax.jit(partial(_epoch, **static), donate_argnums=0)

    def epoch(self) -> np.ndarray:
        order_SN = torch.stack([self.work.order(seed, self.done) for seed in self.work.seeds])
        self.parameters, measured = self._epoch(self.parameters, jnp.asarray(order_SN.numpy()), *self.arrays)
        self.done += 1
        return np.asarray(measured, dtype=np.float64)  # waits for it


def _start(work: Workload, name: str, seeds: list[int]) -> list[tuple[Any, Any]]:
    networks = [work.network(name, seed)[::2] for seed in seeds]
    return [
        (
            jnp.stack([jnp.asarray(layer.weight.detach().numpy().T) for layer in layers]),
            jnp.stack([jnp.asarray(layer.bias.detach().numpy()) for layer in layers]),
        )
        for layers in zip(*networks, strict=True)
    ]


def _loss(parameters: list, x_BI: Any, y_B: Any, name: str) -> tuple[Any, Any]:
    h = x_BI
    for weights, bias in parameters[:-1]:
        h = _FUNCTIONS[name](h @ weights + bias)
    weights, bias = parameters[-1]
    logits_BC = h @ weights + bias
    log_p_B = jnp.take_along_axis(jax.nn.log_softmax(logits_BC), y_B[:, None], axis=1)
    return -log_p_B.mean(), (logits_BC.argmax(axis=1) == y_B).sum()


def _step(parameters: list, x_SBI: Any, y_SB: Any, names: tuple[str, ...], rate: float) -> tuple[list, Any]:
    """One step of every network; sums of loss and right answers, (M, 2)."""
    stepped, measured = [], []
    for name, mine in zip(names, parameters, strict=True):
        count = mine[0][0].shape[0]
        one = jax.vmap(jax.value_and_grad(partial(_loss, name=name), has_aux=True))
        (loss, right), gradients = one(mine, x_SBI[:count], y_SB[:count])
        stepped.append(jax.tree.map(lambda p, g: p - rate * g, mine, gradients))
        measured.append(jnp.stack([loss * y_SB.shape[1], right.astype(loss.dtype)], axis=1))
    return stepped, jnp.concatenate(measured)


def _epoch(
    parameters: list, order_SN: Any, x: Any, y: Any, x_valid: Any, y_valid: Any,
    *, names: tuple[str, ...], rate: float, batch: int,
) -> tuple[list, Any]:  # fmt: skip
    seeds, samples = order_SN.shape
    full = samples // batch

    def step(carried: list, index_SB: Any) -> tuple[list, Any]:
        return _step(carried, x[index_SB], y[index_SB], names, rate)

    steps = order_SN[:, : full * batch].reshape(seeds, full, batch).swapaxes(0, 1)
    parameters, sums = jax.lax.scan(step, parameters, steps)
    train = sums.sum(axis=0)
    if samples % batch:
        parameters, last = step(parameters, order_SN[:, full * batch :])
        train += last
    valid = 0
    for start in range(0, len(y_valid), _EVALUATION_BATCH):
        part = slice(start, start + _EVALUATION_BATCH)
        valid += _look(parameters, x_valid[part], y_valid[part], names)
    return parameters, jnp.concatenate([train / samples, valid / len(y_valid)], axis=1)


def _look(parameters: list, x_BI: Any, y_B: Any, names: tuple[str, ...]) -> Any:
    found = []
    for name, mine in zip(names, parameters, strict=True):
        loss, right = jax.vmap(partial(_loss, name=name), in_axes=(0, None, None))(mine, x_BI, y_B)
        found.append(jnp.stack([loss * len(y_B), right.astype(loss.dtype)], axis=1))
    return jnp.concatenate(found)
