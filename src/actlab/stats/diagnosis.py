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
    """One of the five states, and the figures that show it with what to do."""

    state: str
    says: str


def diagnose(
    train_loss: Sequence[float],
    train_accuracy: Sequence[float],
    valid_loss: Sequence[float],
    valid_accuracy: Sequence[float],
    classes: int = 10,
) -> Diagnosis:
    """Tell what a training ended in, from its curves: a value an epoch, from the first on; accuracies as fractions.

    Training figures are taken as actlab takes them, before the update that a sample takes part in. So those of the
    first epoch are of samples never seen before, as validation's are: learning by heart cannot part the two there, only
    a difference between the samples can. By these rules, the first that holds:

    diverged      a value that is not finite, or a training loss that ends above ln(classes) and above its start.
    unlike        training is above chance by 5 points in the first epoch, and validation's accuracy above chance stays
                  under three quarters of training's, in that epoch and in all others.
    overfitting   validation loss ends a tenth above its least, with accuracy 5 points below training's; or accuracy
                  ends 15 points below.
    underfitting  training loss ends above half of ln(classes), which is the loss of guessing.

    >>> diagnose([2.1, 1.7, 1.5], [0.25, 0.42, 0.49], [2.2, 2.7, 3.2], [0.11, 0.17, 0.17]).state
    'validation inputs do not look like training inputs'
    >>> diagnose([1.0, 0.2, 0.01], [0.7, 0.95, 1.0], [0.6, 0.5, 0.9], [0.8, 0.85, 0.84]).state
    'overfitting'
    """
    guessing, chance = math.log(classes), 1 / classes
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
        says = (
            f"{rights[0]:.0%} right in training and {valid_rights[0]:.0%} in validation in the first epoch already, "
            f"{rights[-1]:.0%} and {valid_rights[-1]:.0%} at the end. Nothing can be known by heart in a first epoch: "
            "the parts differ. Run `actlab preflight`, and send all parts through one pipeline."
        )
        return Diagnosis(UNLIKE, says)
    gap = rights[-1] - valid_rights[-1]
    ends = f"accuracy ends at {rights[-1]:.1%} in training and {valid_rights[-1]:.1%} in validation"
    if gap > _WIDE_GAP or (gap > _GAP and valid_losses[-1] > _RISE * best):
        says = f"{ends}; validation loss was least, {best:.2f}, in epoch {valid_losses.argmin() + 1}"
        return Diagnosis(OVERFITTING, f"{says}: stop there, or use more samples, dropout or weight decay.")
    if last > _HALF_WAY * guessing:
        falling = len(losses) > 1 and last < 0.98 * losses[-2]
        advice = "it still falls: train longer" if falling else "try another learning rate or a larger network"
        return Diagnosis(UNDERFITTING, f"training loss ends at {last:.2f}, guessing has {guessing:.2f}; {advice}.")
    return Diagnosis(FINE, f"{ends}.")
