"""What the verdicts are worth on networks trained for real, where the truth is known: nothing differs but chance.

    python studies/verdicts_trained.py            # about 40 minutes of one core; goes on where it was ended
    python studies/verdicts_trained.py --quick    # seconds, to see that it runs; nothing is written

Three parts. "trained": experiments of a baseline and six arms of the same activation on digits (`trained_networks.py`),
read as `actlab compare` reads them; how many claim a difference. "drawn": many more experiments, drawn with the
covariance that was measured there, or from those networks. "other images": whether the crossed interval, of a few
seeds on some of the test images, holds for other seeds on the others (`other_images.py`).

Writes records/verdicts_trained.json and docs/verdicts.md. The environment is that of the readings.
"""

import argparse
import dataclasses
import datetime
import json
import time
from collections.abc import Iterator, Sequence

import false_verdicts
import numpy as np
import other_images
import trained_networks
import verdicts_page
from false_verdicts import COUNTS, GROUPS, differences
from trained_networks import JOBS, NULL, Job

from actlab.data import defaults
from actlab.engine.machine import environment

RECORD = verdicts_page.TRAINED
EXAMPLES = 360  # in digits' test set
MARGIN = defaults("digits").margin
DRAWN = 10_000
SPLITS = 1000  # of seeds and images
HALF, TENTH = 0.5, 0.1


def measured(accuracy_ESA: np.ndarray) -> dict:
    """What chance does in the null: accuracies of E experiments, in points."""
    rows_RA = 100 * accuracy_ESA.reshape(-1, accuracy_ESA.shape[2])
    d_RD = differences(rows_RA)
    assert d_RD.any(axis=0).all(), "an arm without any difference is no null worth looking at"
    of = {name: d_RD[:, [arm - 1 for arm in arms]] for name, arms in GROUPS.items()}
    return {
        "arms": list(NULL),
        "experiments": len(accuracy_ESA),
        "seeds": accuracy_ESA.shape[1],
        "accuracy": round(float(rows_RA.mean()), 3),
        "deviation": {name: round(float(d.std(axis=0, ddof=1).mean()), 3) for name, d in of.items()},
        "ties": {name: round(float((d == 0).mean()), 4) for name, d in of.items()},
        "mean_difference": np.round(d_RD.mean(axis=0), 4).tolist(),
        "its_error": np.round(d_RD.std(axis=0, ddof=1) / np.sqrt(len(d_RD)), 4).tolist(),
        "covariance": np.round(np.cov(rows_RA.T), 4).tolist(),
        "correlation": np.round(np.corrcoef(rows_RA.T), 3).tolist(),
        "correlation_of_differences": np.round(np.corrcoef(d_RD.T), 3).tolist(),
    }


def drawn_rows(
    accuracy_RA: np.ndarray, longer_RA: np.ndarray, times: int, counts: Sequence[int] = COUNTS
) -> Iterator[dict]:
    """Three forms: normal with the measured covariance, that of longer training too, and trained ones drawn anew."""
    forms = {
        "normal": false_verdicts.normal(accuracy_RA, EXAMPLES),
        "resampled": false_verdicts.resampled(accuracy_RA),
        "normal, 25 epochs": false_verdicts.normal(longer_RA, EXAMPLES),
    }
    for form, draw in forms.items():
        for seeds in counts:
            yield {"form": form} | false_verdicts.drawn(draw, times, seeds)
        for row in false_verdicts.drawn_looks(draw, times, max(counts), MARGIN):
            yield {"form": form} | row


def image_rows(
    pools: dict[tuple[str, str], other_images.Pool], times: int, counts: Sequence[int] = COUNTS
) -> Iterator[dict]:
    """Halves of the test images; on a large set also a tenth, where other images weigh more."""
    for (data, pair), pool in pools.items():
        images = pool.arm_NI.shape[1]
        for part in (HALF, TENTH) if data == "mnist" else (HALF,):
            for seeds in counts:
                yield {"data": data, "pair": pair} | other_images.coverage(pool, seeds, int(images * part), times)


def pools(null_ASI: np.ndarray, tanh_SI: np.ndarray, mnist_ASI: np.ndarray) -> dict[tuple[str, str], other_images.Pool]:
    return {
        ("digits", "relu, own order"): other_images.Pool(null_ASI[0], null_ASI[1]),
        ("digits", "tanh"): other_images.Pool(null_ASI[0, : len(tanh_SI)], tanh_SI),
        ("mnist", "relu, own order"): other_images.Pool(mnist_ASI[0], mnist_ASI[1]),
        ("mnist", "tanh"): other_images.Pool(mnist_ASI[0], mnist_ASI[2]),
    }


def misses(rows: list[dict]) -> list[str]:
    """The rows that are not as demanded, in words."""
    names = ("part", "data", "form", "pair", "arms", "reading", "seeds", "images")
    return [
        ", ".join(f"{name} {row[name]}" for name in names if name in row) + f": {row['share']:.2%}, demanded {said}"
        for row in rows
        if (said := _missed(row))
    ]


def _missed(row: dict) -> str:
    share = row["share"]
    if row["part"] == "other images":
        return "" if 0.93 <= share <= 0.97 else "95% +- 2%"
    if row["seeds"] in ("until decided", "any look"):
        return "" if row["low"] <= 0.05 else "at most 5%"
    most = 0.07 if row["part"] == "trained" else 0.055
    if share > most:
        return f"at most {most:.1%}"
    alone = row.get("reading", "seeds alone") == "seeds alone"
    return "at least 3%" if alone and share < 0.03 else ""


def of_job(job: Job) -> dict:
    """What a job trains, for the record."""
    kept = dataclasses.asdict(job.setting) | {"batch_size": 64, "arms": [arm.activation for arm in job.arms]}
    return kept | {"networks": job.pieces * job.seeds * len(job.arms)}


def measure(jobs: Sequence[Job], *, drawn: int, splits: int, keep: bool = True) -> Iterator[dict]:
    """First what is measured of chance, then row after row."""
    null, tanh, longer, mnist = (list(trained_networks.train(job, keep=keep)) for job in jobs)
    accuracy_ESA, longer_ESA = (np.stack([right_ASI.mean(axis=2).T for right_ASI in found]) for found in (null, longer))
    yield {"5 epochs": measured(accuracy_ESA), "25 epochs": measured(longer_ESA)}
    counts = [count for count in COUNTS if count <= accuracy_ESA.shape[1]]
    yield from false_verdicts.trained(null, MARGIN, counts)
    tanh_SI = np.concatenate(tanh, axis=1)[0]
    first = -(-len(tanh_SI) // accuracy_ESA.shape[1])  # experiments that have the seeds of tanh
    found = pools(np.concatenate(null[:first], axis=1), tanh_SI, np.concatenate(mnist, axis=1))
    yield from image_rows(found, splits, counts)
    rows_RA, longer_RA = (found.reshape(-1, len(NULL)) for found in (accuracy_ESA, longer_ESA))
    yield from drawn_rows(rows_RA, longer_RA, drawn, counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a little of everything; nothing is written")
    quick = parser.parse_args().quick
    jobs = [job.small() for job in JOBS] if quick else JOBS
    found, began = [], time.perf_counter()
    for row in measure(jobs, drawn=20 if quick else DRAWN, splits=20 if quick else SPLITS, keep=not quick):
        found.append(row)
        print(f"{time.perf_counter() - began:6.0f} s  {row}", flush=True)
    if quick:
        return
    chance, *rows = found
    record = {
        "command": "python studies/verdicts_trained.py",
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "interval": "Wilson's 95% interval of a share",
        "margin": MARGIN,
        "networks": {job.name: of_job(job) for job in jobs},
        "measured": chance,
        "missed": misses(rows),
        "rows": rows,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    verdicts_page.write()
    print(f"Record: {RECORD}, {verdicts_page.PAGE}", *record["missed"], sep="\n")


if __name__ == "__main__":
    main()
