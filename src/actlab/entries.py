"""What a trained stack leaves in the store: a row a trial, a row a trial and epoch, predictions, seconds."""

import torch

from actlab.disk import packed
from actlab.machine import cpu_name, device_name
from actlab.store import Store
from actlab.train import CURVES
from actlab.work import Outcome


def enter(store: Store, outcome: Outcome, device: str) -> None:
    """A stack's rows into the store."""
    r = outcome.result
    here = {"device": device_name(device), "cpu": cpu_name(), "torch": torch.__version__}
    outcomes, curves, predictions = [], [], []
    for i, trial in enumerate(outcome.trials):
        last = dict(zip(CURVES, map(float, r.curves[i, -1]), strict=True))
        best = int(r.best_epoch[i])
        at_best = dict(zip(CURVES, map(float, r.curves[i, best - 1]), strict=True)) if best else {}
        kinds = {outcome.gradients[name] for name in trial.activations} or {"by hand"}
        outcomes.append(
            here
            | {f"final_{name}": last[name] for name in CURVES}
            | {
                "key": trial.key,
                "status": "diverged" if r.diverged_epoch[i] else "finished",
                "diverged_epoch": int(r.diverged_epoch[i]) or None,
                "best_epoch": best or None,
                "best_valid_loss": at_best.get("valid_loss"),
                "best_valid_accuracy": at_best.get("valid_accuracy"),
                "test_loss": float(r.test_loss[i]),
                "test_accuracy": float(r.test_accuracy[i]),
                "gradient": "by hand" if kinds == {"by hand"} else "by autograd",
                "engine": trial.engine,
                "parameters": outcome.file or None,
            }
        )
        for epoch, values in enumerate(r.curves[i], start=1):
            curves.append(
                {"key": trial.key, "activation": trial.label, "seed": trial.seed, "epoch": epoch}
                | {"learning_rate": trial.learning_rate}
                | dict(zip(CURVES, map(float, values), strict=True))
            )
        predicted, correct = r.predictions[i], r.correct[i]
        if predicted is not None and correct is not None:
            predictions.append({"key": trial.key, "predicted": packed(predicted), "correct": correct.tobytes()})
    store.add_stack(outcome.name, outcomes, curves, predictions, r.seconds)
