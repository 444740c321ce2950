"""What is left in the store: of a trained stack its rows, predictions and seconds; of a run its artefacts."""

import numpy as np
import torch

from actlab.data import Dataset
from actlab.experiment import CURVES, Experiment, Run, Store, packed, write_bytes
from actlab.making import Applied
from actlab.results import differing, right_shares
from actlab.running.work import Outcome

_IMAGES, _BYTES = 64, 1_000_000


def enter(store: Store, outcome: Outcome, keep: str) -> None:
    """What a stack left: its parameters as a file, then its rows in one transaction."""
    r = outcome.result
    file = keep_parameters(store, outcome) if keep == "best" else None
    outcomes, curves, predictions, inside = [], [], [], []
    for i, trial in enumerate(outcome.trials):
        measured = [dict(zip(CURVES, map(float, values), strict=True)) for values in r.curves[i]]
        best = int(r.best_epoch[i])
        at_best = measured[best - 1] if best else {}
        kinds = {outcome.gradients[name] for name in trial.activations} or {"by hand"}
        outcomes.append(
            outcome.where
            | {f"final_{name}": value for name, value in measured[-1].items()}
            | {
                "key": trial.key,
                "status": "diverged" if r.diverged_epoch[i] else "finished",
                "diverged_epoch": int(r.diverged_epoch[i]) or None,
                "best_epoch": best or None,
                "best_valid_loss": at_best.get("valid_loss"),
                "best_valid_metric": at_best.get("valid_metric"),
                "test_loss": float(r.test_loss[i]),
                "test_metric": float(r.test_metric[i]),
                "gradient": "by hand" if kinds == {"by hand"} else "by autograd",
                "engine": trial.engine,
                "parameters": file,
            }
        )
        whose = {"key": trial.key, "activation": trial.label, "seed": trial.seed, "learning_rate": trial.learning_rate}
        curves += [whose | {"epoch": epoch} | values for epoch, values in enumerate(measured, start=1)]
        inside += [{"key": trial.key} | row for row in (r.inside[i] if r.inside else ())]
        predicted, scores = r.predictions[i], r.scores[i]
        if predicted is not None and scores is not None:
            predictions.append({"key": trial.key, "predicted": packed(predicted), "scores": scores.tobytes()})
    store.add_stack(outcome.name, outcomes, curves, predictions, r.seconds, inside)


def keep_parameters(store: Store, outcome: Outcome) -> str:
    """The best parameters of a stack as a file of the run; its name in there."""
    from safetensors.numpy import save

    tensors = {
        f"{trial.key}/{name}": np.ascontiguousarray(array)
        for trial, named in zip(outcome.trials, outcome.result.parameters, strict=True)
        for name, array in named.items()
    }
    file = f"parameters/{outcome.name}.safetensors"
    write_bytes(store.path / file, save(tensors, metadata={"format": "pt"}))
    return file


def add_artefacts(store: Store, experiment: Experiment, dataset: Dataset, applied: dict[str, Applied]) -> None:
    """Samples of the data, and each activation's curve and slope, for whoever draws them."""
    samples = {"images": dataset.images, "labels": dataset.labels, "licence": np.array(dataset.licence)}
    samples |= {"classes": np.array(dataset.classes), "valid_samples": np.array(len(dataset.valid.y))}
    samples |= {"targets": np.array(dataset.targets), "outputs": np.array(dataset.outputs)}
    if dataset.class_names:
        samples["class_names"] = np.array(dataset.class_names)
    if dataset.targets == "numbers":
        samples |= {"target_mean": dataset.target_mean, "target_deviation": dataset.target_deviation}
    if dataset.pool is not None:  # each seed has test samples of its own
        samples |= {"pool_labels": dataset.pool.y, "sizes": np.array(dataset.pool.sizes)}
    elif dataset.test is not None:
        samples["test_labels"] = _own_units(dataset, dataset.test.y)
    else:
        samples["valid_labels"] = _own_units(dataset, dataset.valid.y)
    store.add_artefact("samples", samples)
    x = torch.from_numpy(np.linspace(-6, 6, 601)).float()  # 0 is 0 in it, and 1 is 1, where kinks are
    functions = {"x": x.double().numpy()}
    for target in experiment.all_targets.values():
        chosen = applied[target.identity]
        y, saved = chosen.forward(x.unsqueeze(0), torch.tensor([chosen.initial]))
        functions[f"f/{target.label}"] = y[0].double().numpy()
        functions[f"df/{target.label}"] = chosen.backward(saved)[0].double().numpy()
    store.add_artefact("functions", functions)


def add_disagreements(store: Store, dataset: Dataset) -> None:
    """The raw test images on which the shares of seeds that are right differ most between two activations; ties by
    index. Where each seed has a test set of its own none: few seeds test a sample, and luck would choose.
    """
    if dataset.test is None or dataset.test_images is None:
        return
    index = differing(right_shares(Run(store.path)), _IMAGES)
    label, images = dataset.test.y[index], _thinned(dataset.test_images[index])
    store.add_artefact("disagreements", {"images": images, "index": index, "label": label})


def _thinned(images: np.ndarray) -> np.ndarray:
    """Bytes as they are, all else as float32; of large ones every second, third, ... pixel, so that all fit."""
    images = images if images.dtype == np.uint8 else images.astype(np.float32)
    sides, step = images.shape[1:], 1
    while (
        thin := images[:, *(slice(None, None, step if side > 4 else 1) for side in sides)]
    ).nbytes > _BYTES:  # 4: colours
        step += 1
    return np.ascontiguousarray(thin)


def _own_units(dataset: Dataset, y: np.ndarray) -> np.ndarray:
    """Classes as they are; numbers as they were before they were standardised."""
    return y * dataset.target_deviation + dataset.target_mean if dataset.targets == "numbers" else y
