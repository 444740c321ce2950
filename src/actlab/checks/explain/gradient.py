"""An activation's gradient worked through on numbers small enough to follow.

Legend: B = 3 samples, I = 2 inputs, H = 4 hidden units, C = 2 classes, P elements in a row. Weights are
(outputs, inputs), as torch.nn.Linear keeps them.
"""

import dataclasses
from collections.abc import Callable, Sequence
from itertools import combinations, zip_longest
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from actlab.checks.explain.show import WIDTH, one, parameters, wrapped
from actlab.making import Applied, ByHand, resolve

WAYS = ("by hand", "by autograd", "by differences")
LIMIT = 1e-6  # in float64 and with this step, rounding and curvature together stay below 1e-9
_STEP = 1e-5

# two negative and two positive inputs; then numbers of two digits that bring no z near a kink anyone would choose
_X = ((-1.2, 0.7), (2.4, -0.4))
_INCOMING = ((0.5, -1.0), (2.0, 3.0))
_X_BI = ((0.52, -1.31), (-0.74, 0.43), (1.17, 0.86))
_LABELS_B = (0, 1, 1)
_W1_HI = ((0.61, -0.37), (-0.83, 0.29), (0.44, 0.92), (-0.26, -0.71))
_B1_H = (0.13, -0.13, 0.07, 0.24)
_W2_CH = ((0.73, -0.54, 0.38, -0.91), (-0.42, 0.87, -0.63, 0.35))
_B2_C = (0.11, -0.08)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class GradientExample:
    """An activation's gradient on fixed small numbers, alone and through a network; `weight` and `bias` by `WAYS`."""

    label: str
    written: bool  # whether a derivative is written for it; else f' too is autograd's
    parameters: str
    y: np.ndarray  # f of the fixed (2, 2) input
    gate: np.ndarray
    outgoing: np.ndarray
    z: np.ndarray  # (B, H): what the activation sees in the network
    slope: np.ndarray  # f'(z), as the engine takes it
    true_slope: np.ndarray  # f'(z), by finite differences
    loss: float
    weight: dict[str, np.ndarray]  # dL/dW1 (H, I)
    bias: dict[str, np.ndarray]  # dL/db1 (H,)
    learnable: dict[str, dict[str, float]]  # for each parameter that has a derivative: dL/dparameter by `WAYS`

    @property
    def gaps(self) -> dict[tuple[str, str], float]:
        """The largest absolute difference of each pair of ways, over the weight's and the bias's gradient."""
        return {
            (a, b): float(max(np.abs(part[a] - part[b]).max() for part in (self.weight, self.bias)))
            for a, b in combinations(WAYS, 2)
        }

    @property
    def wrong_parameters(self) -> list[str]:
        """The parameters with respect to which the written derivative is not that of the values."""
        hand, *others = WAYS
        return [
            name
            for name, by_way in self.learnable.items()
            if not all(abs(by_way[hand] - by_way[other]) <= LIMIT for other in others)  # True for NaN
        ]

    @property
    def agrees(self) -> bool:
        return all(gap <= LIMIT for gap in self.gaps.values()) and not self.wrong_parameters  # False for NaN

    @property
    def verdict(self) -> str:
        """The closing line: whether the three agree, and where they do not, which is the odd one and where."""
        if self.agrees:
            return f"They agree: no difference is above {LIMIT:g}."
        hand, autograd, differences = WAYS
        if all(gap <= LIMIT for gap in self.gaps.values()):
            name = self.wrong_parameters[0]
            given = ", ".join(f"{way} {value:.6g}" for way, value in self.learnable[name].items())
            return (
                f"They do NOT agree: the derivative written for {self.label} with respect to {name} is wrong. "
                f"dL/d{name}: {given}."
            )
        close = [pair for pair, gap in self.gaps.items() if gap <= LIMIT]
        place = np.unravel_index(np.nan_to_num(np.abs(self.slope - self.true_slope), nan=np.inf).argmax(), self.z.shape)
        worst = (
            f"Worst at z = {self.z[place]:.4g}: there f'(z) is given as {self.slope[place]:.4g}, "
            f"while the slope of f is {self.true_slope[place]:.4g}."
        )
        reasons = {
            (autograd, differences): f"The derivative written for {self.label} is wrong. {worst}",
            (hand, differences): f"The derivative written for {self.label} is the slope of its values; autograd sees "
            "another, as it does where an operation (detach, round, a cast) hides the input from it.",
            (hand, autograd): f"The gradient that autograd takes of {self.label} is not the slope of its values. "
            f"{worst}",
        }
        reason = reasons[close[0]] if len(close) == 1 else f"No two of the three ways are sure. {worst}"
        return f"They do NOT agree: a difference is above {LIMIT:g}. {reason}"

    def render(self) -> str:
        """Plain text of at most 88 columns."""
        return "\n\n".join([*self._alone(), *self._network(), *self._compared()])

    def _alone(self) -> list[str]:
        given = f", with {self.parameters}" if self.parameters else ""
        own = "" if self.written else " No derivative is written for it: its f' is taken by autograd."
        gate = ("f'(x) (2, 2)", self.gate)
        return [
            wrapped(f"The gradient of {self.label}{given}.{own}"),
            "Forward: every element by itself. The gate f'(x) is the slope at that element.",
            _beside([("x (2, 2)", _X), ("y = f(x) (2, 2)", self.y), gate]),
            wrapped(
                "Backward: dL/dy comes in, how the loss L changes with each output; what goes out is "
                "dL/dx = dL/dy * f'(x), element by element."
            ),
            _beside([("dL/dy (2, 2)", _INCOMING), gate, ("dL/dx (2, 2)", self.outgoing)], "*="),
        ]

    def _network(self) -> list[str]:
        return [
            wrapped(
                f"In a network: linear, {self.label}, linear, cross-entropy. 3 samples of 2 inputs, 4 hidden "
                "units, 2 classes; weights are (outputs, inputs)."
            ),
            _beside([("x (3, 2)", _X_BI), ("W1 (4, 2)", _W1_HI), ("W2 (2, 4)", _W2_CH)]),
            _beside([("b1 (4,)", [_B1_H]), ("b2 (2,)", [_B2_C]), ("labels (3,)", [_LABELS_B])]),
            "  z      = x W1^T + b1   (3, 4)\n"
            "  y      = f(z)           (3, 4)\n"
            "  logits = y W2^T + b2    (3, 2)\n"
            f"  L      = the mean of -log softmax(logits)[label] = {self.loss:.6g}",
            _beside([("z (3, 4)", self.z), ("f'(z) (3, 4)", self.slope)]),
            "  dL/dlogits = (softmax(logits) - one_hot(labels)) / 3  (3, 2)\n"
            "  dL/dy      = dL/dlogits W2                            (3, 4)\n"
            "  dL/dz      = dL/dy * f'(z)                            (3, 4)\n"
            "  dL/dW1     = (dL/dz)^T x                              (4, 2)\n"
            "  dL/db1     = dL/dz summed over the samples            (4,)",
        ]

    def _compared(self) -> list[str]:
        biases = _matrix(np.stack([self.bias[way] for way in WAYS]), decimals=6)
        rows = [f"  {way:<16}{row}" for way, row in zip(WAYS, biases, strict=True)]
        gaps = [f"  {f'{a} - {b}':<34}{gap:.1e}" for (a, b), gap in self.gaps.items()]
        learnable = [
            f"dL/d{name}\n" + "\n".join(f"  {way:<16}{value: .6f}" for way, value in by_way.items())
            for name, by_way in self.learnable.items()
        ]
        return [
            wrapped(
                "The gradients of the first layer, three ways, in float64: by the products above; by autograd, "
                f"from the values of f alone; by differences with h = {_STEP:g}: (L(p + h) - L(p - h)) / 2h."
            ),
            "dL/dW1 (4, 2)\n" + _beside([(way, self.weight[way]) for way in WAYS], decimals=6),
            "dL/db1 (4,)\n" + "\n".join(rows),
            *learnable,
            "Largest absolute difference\n" + "\n".join(gaps),
            wrapped(self.verdict),
        ]


def gradient_example(what: str | Callable[..., Any]) -> GradientExample:
    """The gradient of an activation by hand, by autograd and by finite differences, on fixed small numbers.

    >>> example = gradient_example("relu")
    >>> example.outgoing.tolist(), example.agrees
    ([[0.0, -1.0], [2.0, 0.0]], True)
    """
    target = one(what)
    applied = resolve(target)
    y, gate = _value_and_slope(applied, _tensor(_X))
    return GradientExample(
        label=target.label,
        written=isinstance(applied, ByHand),
        parameters=parameters(applied.block.facts, target) if isinstance(applied, ByHand) else "",
        y=y.numpy(),
        gate=gate.numpy(),
        outgoing=(_tensor(_INCOMING) * gate).numpy(),
        **_through_network(applied),
    )


def _through_network(applied: Applied) -> dict[str, Any]:
    """Linear, activation, linear, cross-entropy: the first layer's gradients in each of the three ways."""
    x_BI, w1_HI, b1_H, w2_CH, b2_C = map(_tensor, (_X_BI, _W1_HI, _B1_H, _W2_CH, _B2_C))
    labels_B = torch.tensor(_LABELS_B)

    def f(z: Tensor) -> Tensor:
        return _value_and_slope(applied, z)[0]

    def loss_of(y_BH: Tensor) -> Tensor:
        return cross_entropy(y_BH @ w2_CH.T + b2_C, labels_B)

    def loss(w1_HI: Tensor, b1_H: Tensor) -> Tensor:
        return loss_of(f(x_BI @ w1_HI.T + b1_H))

    # the chain rule, from the loss back to the first layer
    z_BH = x_BI @ w1_HI.T + b1_H
    y_BH, slope_BH = _value_and_slope(applied, z_BH)
    dlogits_BC = (torch.softmax(y_BH @ w2_CH.T + b2_C, dim=1) - one_hot(labels_B)) / len(labels_B)
    dy_BH = dlogits_BC @ w2_CH
    dz_BH = dy_BH * slope_BH
    by_hand = (dz_BH.T @ x_BI, dz_BH.sum(dim=0))

    w, b = w1_HI.clone().requires_grad_(), b1_H.clone().requires_grad_()
    traced = loss_of(_traced(applied, x_BI @ w.T + b))
    by_autograd = torch.autograd.grad(traced, (w, b), materialize_grads=True)
    by_differences = (_differences(lambda w: loss(w, b1_H), w1_HI), _differences(lambda b: loss(w1_HI, b), b1_H))

    weight, bias = zip(by_hand, by_autograd, by_differences, strict=True)
    return {
        "z": z_BH.numpy(),
        "slope": slope_BH.numpy(),
        "true_slope": ((f(z_BH + _STEP) - f(z_BH - _STEP)) / (2 * _STEP)).numpy(),
        "loss": loss(w1_HI, b1_H).item(),
        "weight": {way: tensor.numpy() for way, tensor in zip(WAYS, weight, strict=True)},
        "bias": {way: tensor.numpy() for way, tensor in zip(WAYS, bias, strict=True)},
        "learnable": _learnable(applied, z_BH, dy_BH, loss_of),
    }


def _learnable(
    applied: Applied, z_BH: Tensor, dy_BH: Tensor, loss_of: Callable[[Tensor], Tensor]
) -> dict[str, dict[str, float]]:
    """dL/dparameter in the three ways, for each parameter of a block that has a derivative."""
    if not isinstance(applied, ByHand):
        return {}
    block, constants = applied.block, list(applied.constants)
    y_BH = block.value(z_BH, *constants)
    found = {}
    for place, name in enumerate(block.facts.parameters):
        if name not in block.derivatives:
            continue

        def loss_at(value: Any, place: int = place) -> Tensor:
            return loss_of(block.value(z_BH, *constants[:place], value, *constants[place + 1 :]))

        leaf = _tensor(constants[place]).requires_grad_()
        by_hand = (dy_BH * block.slope(name, z_BH, y_BH, tuple(constants))).sum()
        (by_autograd,) = torch.autograd.grad(loss_at(leaf), leaf, materialize_grads=True)
        by_differences = (loss_at(constants[place] + _STEP) - loss_at(constants[place] - _STEP)) / (2 * _STEP)
        ways = (by_hand, by_autograd, by_differences)
        found[name] = {way: value.item() for way, value in zip(WAYS, ways, strict=True)}
    return found


def _value_and_slope(applied: Applied, z: Tensor) -> tuple[Tensor, Tensor]:
    """f(z) and f'(z) as the engine takes them: elements in a row, (1, P)."""
    y_1P, saved = applied.forward(z.reshape(1, -1), _tensor([applied.initial]))
    slope_1P = applied.backward(saved)
    return y_1P.detach().reshape(z.shape), slope_1P.detach().to(z.dtype).reshape(z.shape)


def _traced(applied: Applied, z: Tensor) -> Tensor:
    """f(z) in operations that autograd knows: of a block its value alone, not the derivative written beside it."""
    if isinstance(applied, ByHand):
        return applied.block.value(z, *applied.constants)
    return applied.function(z.flatten().clone(), _tensor(applied.initial)).reshape(z.shape)


def _differences(loss: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """(L(p + h) - L(p - h)) / 2h for each element p."""
    steps = _STEP * torch.eye(at.numel(), dtype=at.dtype).view(-1, *at.shape)
    return torch.stack([(loss(at + step) - loss(at - step)) / (2 * _STEP) for step in steps]).view(at.shape)


def _tensor(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _matrix(values: Any, decimals: int | None = None) -> list[str]:
    """The rows of a matrix in brackets; as few decimals as show it, at most 4, unless their number is given."""
    values = np.asarray(values) + 0.0  # no -0
    fits = (d for d in range(4) if np.allclose(values, values.round(d), rtol=0, atol=1e-12, equal_nan=True))
    form = f".{next(fits, 4) if decimals is None else decimals}f"
    if np.abs(values[np.isfinite(values)]).max(initial=0) >= 1000:
        form = ".2e"
    texts = [[f"{value:{form}}" for value in row] for row in values]
    width = max(len(text) for row in texts for text in row)
    return ["[ " + "  ".join(text.rjust(width) for text in row) + " ]" for row in texts]


def _beside(named: Sequence[tuple[str, Any]], signs: str = "", decimals: int | None = None) -> str:
    """Matrices side by side under their names, a sign between two; below each other where the page is too narrow."""
    blocks = [[name, *_matrix(values, decimals)] for name, values in named]
    widths = [max(map(len, block)) for block in blocks]
    lines = []
    for row, texts in enumerate(zip_longest(*blocks, fillvalue="")):
        between = (signs if row == 1 else "").ljust(len(blocks))
        cells = (f"{text:<{width}}  {sign}  " for text, width, sign in zip(texts, widths, between, strict=True))
        lines.append(f"  {''.join(cells)}".rstrip())
    if max(map(len, lines)) <= WIDTH:
        return "\n".join(lines)
    return "\n".join(f"  {row}" for block in blocks for row in block)
