"""The networks of an experiment as they begin: each activation's loss, gradients and dead units, and a small lesson."""

import dataclasses
import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from actlab.data import Dataset
from actlab.engine import Slice, initial_parameters, one_thread
from actlab.experiment import Experiment, Trial
from actlab.making import Applied, ByModule, resolve
from actlab.nn import as_module
from actlab.preflight.findings import ERROR, NOTE, OK, WARNING, Finding

_SAMPLES = 512  # for loss, gradients and dead units
_LESSON, _STEPS = 32, 300
_RATE, _SMALL_RATE = 3e-3, 1e-4  # the second where the first fails: sine, of frequency 30, needs it
_KNOWN = 0.9  # of them: two of them may be alike
_PARAMETERS = 1_000_000  # a larger network learns the lesson with narrower layers, so that it takes a second
_FLAT = 1e-4  # a slope below this lets nothing through
_FADED = 1e-4  # the weakest layer's gradient, in multiples of the strongest's


@dataclasses.dataclass(frozen=True)
class Start:
    """A network at seed 0, and the samples that it is shown."""

    label: str
    trial: Trial
    layers: tuple[Applied, ...]
    x: Tensor
    y: Tensor  # int64 (n,), or numbers (n, targets)
    outputs: int
    targets: str

    def network(self, hidden: tuple[int, ...]) -> nn.Sequential:
        """Linear, activation, Linear, ..., from the weights that the engine begins with."""
        sizes = (self.x.shape[1], *hidden, self.outputs)
        initial = initial_parameters([self.trial], [Slice(0, 1, self.layers, (0,))], sizes, self.x.dtype)
        modules: list[nn.Module] = []
        for place, (inputs, outputs) in enumerate(pairwise(sizes)):
            linear = nn.Linear(inputs, outputs, dtype=self.x.dtype)
            weight, bias = initial.linear(place, 0)
            linear.load_state_dict({"weight": weight, "bias": bias})
            modules += [linear, *(as_module(layer).to(self.x.dtype) for layer in self.layers[place : place + 1])]
        return nn.Sequential(*modules)

    @property
    def of_classes(self) -> bool:
        return self.targets == "classes"

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(outputs, y) if self.of_classes else nn.functional.mse_loss(outputs, y)

    def known(self, outputs: Tensor, y: Tensor) -> float:
        """The share of samples that are right, or of their targets' variance that is explained."""
        if self.of_classes:
            return (outputs.argmax(dim=1) == y).double().mean().item()
        spread = y.double().var(dim=0, correction=0)
        left = (outputs.double() - y).square().mean(dim=0) / torch.where(spread > 0, spread, 1.0)
        return max(0.0, 1 - left.mean().item())  # 0 for NaN too


def loss_at_start(start: Start) -> Finding:
    """Against ln(classes), the loss of a network that knows nothing and claims nothing; of numbers against 1, since
    they are standardised: that of guessing their mean."""
    guessing = math.log(start.outputs) if start.of_classes else 1.0
    with torch.no_grad():
        loss = start.loss(start.network(start.trial.hidden)(start.x), start.y).item()
    what = "guessing" if start.of_classes else "guessing the mean"
    told = f"the loss at the start is {loss:.3g}, that of {what} {guessing:.3g}"
    if not math.isfinite(loss):
        return _about(start, "start", ERROR, loss, f"{told}: see to the scale of the inputs and to the activation.")
    if loss > 3 * guessing:
        return _about(start, "start", WARNING, loss, f"{told}: see to inputs, activation and --init.")
    if loss > 1.25 * guessing:
        return _about(start, "start", NOTE, loss, f"{told}: the first steps will be spent on getting down to it.")
    return _about(start, "start", OK, loss, f"{told}.")


def gradients(start: Start) -> Finding:
    """Whether each layer hears of the loss."""
    network = start.network(start.trial.hidden)
    weights = [module.weight for module in network if isinstance(module, nn.Linear)]
    loss = start.loss(network(start.x), start.y)
    grads = torch.autograd.grad(loss, weights, materialize_grads=True)
    sizes = [grad.double().square().mean().sqrt().item() for grad in grads]
    weakest = int(np.argmin(sizes))
    ratio = sizes[weakest] / max(sizes) if max(sizes) > 0 else 0.0
    where = f"linear layer {weakest + 1} of {len(sizes)}"
    if not all(map(math.isfinite, sizes)):
        says = "a gradient is not finite: see to the activation's derivative."
        return _about(start, "gradients", ERROR, math.nan, says)
    if ratio == 0:
        silent = f"{sizes.count(0.0)} of {len(sizes)} linear layers"
        advice = "the activation's derivative is 0 wherever it was used. Run `actlab check`."
        return _about(start, "gradients", ERROR, 0.0, f"no gradient reaches {silent}, which will not learn: {advice}")
    if ratio < _FADED:
        advice = "fewer layers, --init gain, or another activation."
        says = f"the gradient of {where} is {ratio:.1g} of the strongest, so that it will hardly learn: {advice}"
        return _about(start, "gradients", WARNING, ratio, says)
    return _about(start, "gradients", OK, ratio, f"the weakest layer's gradient is {ratio:.2g} of the strongest's.")


def dead_units(start: Start) -> Finding:
    """Hidden units whose activation is flat at every one of the samples, so that no sample can move them."""
    shares, x = [], start.x
    for module in start.network(start.trial.hidden):
        if isinstance(module, nn.Linear):
            x = module(x).detach()
            continue
        z = x.requires_grad_()
        x = module(z.clone())  # a clone: an activation may work in place
        (slope,) = torch.autograd.grad(x.sum(), z, materialize_grads=True)
        shares.append((slope.abs() < _FLAT).all(dim=0).double().mean().item())
        x = x.detach()
    share = max(shares, default=0.0)
    if share <= 0.1:
        return _about(start, "dead", OK, share, f"{share:.1%} of the units of a layer are dead at the start, at most.")
    level = ERROR if share > 0.95 else WARNING if share > 0.5 else NOTE
    advice = "" if level == NOTE else ": look at where the activation is flat, or try --init gain"
    where = f"hidden layer {shares.index(share) + 1}"
    says = f"{share:.0%} of the units of {where} are flat for all of {len(start.x)} samples"
    return _about(start, "dead", level, share, f"{says}{advice}.")


def by_heart(start: Start) -> Finding:
    """Whether a few samples can be learned by heart: what cannot do that will learn nothing from many."""
    hidden = start.trial.hidden
    made = any(isinstance(layer, ByModule) for layer in start.layers)  # for its layer's width
    while not made and _parameters(start, hidden) > _PARAMETERS and max(hidden, default=1) > 32:
        hidden = tuple(min(units, max(hidden) // 2) for units in hidden)
    x, y = start.x[:_LESSON], start.y[:_LESSON]
    steps, right = _learn(start, hidden, x, y, _RATE)
    if right < _KNOWN:
        steps, right = _learn(start, hidden, x, y, _SMALL_RATE)
    of, always, they = ("", "the same class", "them") if start.of_classes else ("the variance of ", "the mean", "it")
    told = f"{right:.0%} of {of}{len(y)} samples after {steps} steps of Adam"
    if right >= _KNOWN:
        return _about(start, "by heart", OK, right, f"{told}.")
    most = torch.bincount(y).max().item() / len(y) if start.of_classes else 0.0  # by saying always the same
    if right <= most + 2 / len(y):
        says = f"{told}, where always {always} has {most:.0%}: nothing is learned. See to inputs and activation."
        return _about(start, "by heart", ERROR, right, says)
    advice = "See to the inputs, the activation and its gradient."
    says = f"{told}: a network that learns would have {they} all. {advice}"
    return _about(start, "by heart", WARNING, right, says)


def _learn(start: Start, hidden: tuple[int, ...], x: Tensor, y: Tensor, rate: float) -> tuple[int, float]:
    """Adam, written out: torch.optim takes a second to load. Steps taken and what is known after them."""
    network, enough = start.network(hidden), 1.0 if start.of_classes else 0.99
    parameters = [p for p in network.parameters() if p.requires_grad]
    means, squares = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    step = 0
    while True:
        logits = network(x)
        right = start.known(logits, y)
        if right >= enough or step == _STEPS or not logits.isfinite().all():
            return step, right
        step += 1
        grads = torch.autograd.grad(start.loss(logits, y), parameters, materialize_grads=True)
        with torch.no_grad():
            for p, g, m, s in zip(parameters, grads, means, squares, strict=True):
                m.lerp_(g, 0.1)
                s.lerp_(g * g, 0.001)
                unbiased = m / (1 - 0.9**step)
                p -= rate * unbiased / ((s / (1 - 0.999**step)).sqrt() + 1e-8)


def _parameters(start: Start, hidden: tuple[int, ...]) -> int:
    return sum(inputs * outputs for inputs, outputs in pairwise((start.x.shape[1], *hidden, start.outputs)))


CHECKS: tuple[Callable[[Start], Finding], ...] = (loss_at_start, gradients, dead_units, by_heart)


def check_networks(dataset: Dataset, experiment: Experiment) -> list[Finding]:
    """Every activation through every check. What is well is told in one line a check, the rest by itself."""
    found = []
    # the caller's random numbers go on as if nothing had happened; two threads of small products wait for each other
    with torch.random.fork_rng(devices=[]), one_thread():
        starts = _starts(dataset, experiment)
        for check in CHECKS:
            findings = [check(start) for start in starts]
            well = [finding for finding in findings if finding.level == OK]
            found += [*_joined(well), *(finding for finding in findings if finding.level != OK)]
    return found


def _starts(dataset: Dataset, experiment: Experiment) -> list[Start]:
    """A start for each activation and initialisation."""
    chosen = np.random.default_rng(0).permutation(len(dataset.train.y))[:_SAMPLES]
    x = torch.from_numpy(dataset.train.x[chosen]).to(getattr(torch, experiment.dtype))
    y = torch.from_numpy(dataset.train.y[chosen])
    y = y.long() if dataset.targets == "classes" else y.to(x.dtype)
    trials = {(trial.activation, trial.initialisation): trial for trial in experiment.trials()}
    several = len(experiment.initialisation) > 1
    found = []
    for (identity, initialisation), trial in trials.items():
        pairs = zip(experiment.layers[identity], trial.hidden, strict=False)  # more names, no layers
        layers = tuple(resolve(target, width) for target, width in pairs)
        label = f"{trial.label}, {initialisation}" if several else trial.label
        found.append(Start(label, dataclasses.replace(trial, seed=0), layers, x, y, dataset.outputs, dataset.targets))
    return found


def _joined(findings: list[Finding]) -> list[Finding]:
    """What holds for several activations as one finding, with the figures of the least and the most."""
    if len(findings) < 2:
        return findings
    low, high = (pick(findings, key=lambda finding: finding.measured) for pick in (min, max))
    told = [f"{one.says.rstrip('.')} ({one.about})" for one in (low, high)]
    says = low.says if low.says == high.says else f"{'; '.join(told)}."
    return [Finding(low.check, OK, low.measured, says, ", ".join(finding.about for finding in findings))]


def _about(start: Start, check: str, level: str, measured: float, says: str) -> Finding:
    return Finding(check, level, measured, says, start.label)
