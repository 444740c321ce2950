"""What went wrong, told from the curves of a training: by rules that are stated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FINE, OVERFITTING, UNDERFITTING, DIVERGED = "fine", "overfitting", "underfitting", "diverged"
UNLIKE = "validation inputs do not look like training inputs"

_LEARNED = 0.05  # accuracy above chance in the first epoch from which it is more than luck
_FALLS_SHORT = 0.75  # of training's accuracy above chance, that validation stays below
_RISE = 1.1  # validation loss at the end, in multiples of its least
_GAP, _WIDE_GAP = 0.05, 0.15  # of accuracy at the end, training minus validation
_HALF_WAY = 0.5  # training loss at the end, in multiples of guessing's


@dataclass(frozen=True)
class Diagnosis:
    """One of the five states, and the figures that show it with what to do.

    >>> diagnose([2.0, float("nan")], [0.1, 0.1], [2.0, 2.0], [0.1, 0.1])
    Diagnosis(state='diverged', says='epoch 2 has a value that is not finite: lower the learning rate.')
    """

    state: str  # "fine", "overfitting", "underfitting", "diverged", or that validation is unlike training
    says: str


def diagnose(
    train_loss: Sequence[float], train_accuracy: Sequence[float], valid_loss: Sequence[float],
    valid_accuracy: Sequence[float], classes: int = 10,
) -> Diagnosis:  # fmt: skip
    """Tell what a training ended in, from its curves: a value an epoch, from the first on; accuracies as fractions.

    Of numbers (classes = 0), standardised on the training part, R² stands in place of accuracy: chance, which is to
    guess the mean, has a loss of 1 and an R² of 0; 5 points of accuracy are 0.05 of R².

    Training figures are taken as actlab takes them, before the update that a sample takes part in. So those of the
    first epoch are of samples never seen before, as validation's are: learning by heart cannot part the two there, only
    a difference between the samples can. By these rules, the first that holds:

    diverged      a value that is not finite, or a training loss that ends above guessing's and above its start.
    unlike        training is above chance by 5 points in the first epoch, and validation's accuracy above chance stays
                  under three quarters of training's, in that epoch and in all others.
    overfitting   validation loss ends a tenth above its least, with accuracy 5 points below training's; or accuracy
                  ends 15 points below.
    underfitting  training loss ends above half of guessing's, which is ln(classes), or 1 of numbers.

    >>> diagnose([2.1, 1.7, 1.5], [0.25, 0.42, 0.49], [2.2, 2.7, 3.2], [0.11, 0.17, 0.17]).state
    'validation inputs do not look like training inputs'
    >>> diagnose([1.0, 0.2, 0.01], [0.7, 0.95, 1.0], [0.6, 0.5, 0.9], [0.8, 0.85, 0.84]).state
    'overfitting'
    >>> diagnose([0.9, 0.5, 0.3], [0.1, 0.5, 0.7], [0.7, 0.5, 0.35], [0.3, 0.5, 0.65], classes=0).says
    'R² ends at 0.70 in training and 0.65 in validation.'
    """
    guessing, chance = (math.log(classes), 1 / classes) if classes else (1.0, 0.0)
    accuracy, brief, exact = ("accuracy", ".0%", ".1%") if classes else ("R²", ".2f", ".2f")
    curves = [np.asarray(c, float) for c in (train_loss, train_accuracy, valid_loss, valid_accuracy)]
    losses, rights, valid_losses, valid_rights = curves
    whole = np.isfinite(curves).all(axis=0)
    if not whole.all():
        says = f"epoch {whole.argmin() + 1} has a value that is not finite: lower the learning rate."
        return Diagnosis(DIVERGED, says)
    last, best = losses[-1], valid_losses.min()
    if last > max(guessing, losses[0]):
        says = f"training loss went from {losses[0]:.2f} to {last:.2f}, above the {guessing:.2f} of guessing"
        return Diagnosis(DIVERGED, f"{says}: lower the learning rate.")
    learned, carried = rights - chance, valid_rights - chance
    if learned[0] > _LEARNED and (carried < _FALLS_SHORT * learned).all():
        first = f"{rights[0]:{brief}} right" if classes else f"R² is {rights[0]:{brief}}"
        says = (
            f"{first} in training and {valid_rights[0]:{brief}} in validation in the first epoch already, "
            f"{rights[-1]:{brief}} and {valid_rights[-1]:{brief}} at the end. Nothing can be known by heart in "
            "a first epoch: the parts differ. Run `actlab preflight`, and send all parts through one pipeline."
        )
        return Diagnosis(UNLIKE, says)
    gap = rights[-1] - valid_rights[-1]
    ends = f"{accuracy} ends at {rights[-1]:{exact}} in training and {valid_rights[-1]:{exact}} in validation"
    if gap > _WIDE_GAP or (gap > _GAP and valid_losses[-1] > _RISE * best):
        says = f"{ends}; validation loss was least, {best:.2f}, in epoch {valid_losses.argmin() + 1}"
        return Diagnosis(OVERFITTING, f"{says}: stop there, or use more samples, dropout or weight decay.")
    if last > _HALF_WAY * guessing:
        falling = len(losses) > 1 and last < 0.98 * losses[-2]
        advice = "it still falls: train longer" if falling else "try another learning rate or a larger network"
        if not classes:  # which noise may keep any network from
            advice += ", unless the inputs tell no more than this"
        return Diagnosis(UNDERFITTING, f"training loss ends at {last:.2f}, guessing has {guessing:.2f}; {advice}.")
    return Diagnosis(FINE, f"{ends}.")
