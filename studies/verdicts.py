"""What the verdicts are worth: error rates, coverage, power, looking again and again, where the truth is known.

    python studies/verdicts.py            # about 20 minutes on one core; writes records/verdicts.json
    python studies/verdicts.py --quick    # a look whether it runs, nothing is written

Differences are those of 6 arms against one baseline, in percentage points. "null": three arms that share the
baseline's initial weights (deviation of a difference .8) and three that do not (1.1), with the ties of 360 test
examples; these are assumptions, `verdicts_trained.py` measures them. Every figure has its 95% interval (Wilson's, of a
share).
"""

import argparse
import datetime
import json
import math
import time
from collections.abc import Callable, Iterator

import numpy as np
import verdicts_page
from wilson import share

from actlab.engine.machine import environment
from actlab.stats import best_among
from actlab.stats.critical import Simultaneous, sign_blocks, simultaneous
from actlab.stats.sequential import sequential_critical

RECORD = verdicts_page.SIMULATED
TIE = 100 / 360
SHAPES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda g, shape: g.standard_normal(shape),
    "t3": lambda g, shape: g.standard_t(3, shape) / math.sqrt(3),
    "skewed": lambda g, shape: g.exponential(1.0, shape) - 1.0,
}


def null(g: np.random.Generator, seeds: int, shape: str = "normal") -> np.ndarray:
    """(S, 6) differences, rounded to test examples: of arms with the baseline's initial weights, and of others."""
    draw = SHAPES[shape]
    baseline, shared = draw(g, (seeds, 1)), draw(g, (seeds, 1))
    own = draw(g, (seeds, 6))
    near = 0.8 / math.sqrt(2) * (own[:, :3] - baseline)
    far = 1.1 / math.sqrt(2) * (own[:, 3:] - 0.8 * baseline - 0.6 * shared)
    return np.round(np.hstack([near, far]) / TIE) * TIE


def differing(g: np.random.Generator, seeds: int, arms: int, shape: str, deviation: float) -> np.ndarray:
    draw = SHAPES[shape]
    return deviation / math.sqrt(2) * (draw(g, (seeds, arms)) - draw(g, (seeds, 1)))


def intervals(found: Simultaneous) -> np.ndarray:
    return np.array([found.interval(arm) for arm in range(len(found.n_A))])


def false_verdicts(times: int) -> Iterator[dict]:
    """At least one interval without 0, where nothing differs."""
    for shape in SHAPES:
        for seeds in (5, 8, 10, 20):
            g, wrong = np.random.default_rng(seeds), 0
            for _ in range(times):
                low, high = intervals(simultaneous(null(g, seeds, shape))).T
                wrong += bool(((low > 0) | (high < 0)).any())
            yield {"part": "false verdicts", "shape": shape, "seeds": seeds, "arms": 6} | share(wrong, times)


def false_equality(times: int) -> Iterator[dict]:
    """ "Practically equal" where the true difference is the margin."""
    for seeds in (5, 8, 10, 20):
        for deviation in (0.2, 0.5, 1.0):  # of a difference, in margins
            g, wrong = np.random.default_rng(seeds), 0
            for _ in range(times):
                low, high = intervals(simultaneous(1 + differing(g, seeds, 1, "normal", deviation)))[0]
                wrong += bool(low > -1 and high < 1)
            yield {"part": "false equality", "seeds": seeds, "deviation": deviation} | share(wrong, times)


def coverage(times: int) -> Iterator[dict]:
    """All intervals hold the truth. `raw`: by signs of the differences themselves, as is not done."""
    for shape in SHAPES:
        for seeds in (5, 8, 10, 14):
            for arms in (1, 10):
                for truth in (0.0, 0.2, 1.0):
                    g, held, held_raw = np.random.default_rng(seeds), 0, 0
                    for _ in range(times):
                        differences = truth + differing(g, seeds, arms, shape, 0.12)
                        found = simultaneous(differences)
                        low, high = intervals(found).T
                        held += bool(((low <= truth) & (truth <= high)).all())
                        if seeds >= 8:
                            reach = _raw_critical(differences) * found.error_A
                            held_raw += bool((np.abs(found.mean_A - truth) <= reach).all())
                    row = {"part": "coverage", "shape": shape, "seeds": seeds, "arms": arms, "truth": truth}
                    yield row | share(held, times) | ({"raw": held_raw / times} if seeds >= 8 else {})


def _raw_critical(differences_SA: np.ndarray) -> float:
    n = len(differences_SA)
    signs = np.concatenate([*sign_blocks(n)])
    squares, means = (differences_SA**2).sum(axis=0), signs @ differences_SA / n
    largest = np.sort(np.sqrt(means**2 * n * (n - 1) / np.maximum(squares - n * means**2, 1e-12 * squares)).max(axis=1))
    return float(largest[-int(0.05 * len(largest) + 1e-9)])


def power(times: int) -> Iterator[dict]:
    """A true difference of .2 points in one of so many comparisons, found."""
    for arms, seeds, deviation in (
        (2, 10, 0.116), (2, 10, 0.141), (20, 10, 0.141), (20, 11, 0.141), (20, 12, 0.141), (20, 14, 0.141),
    ):  # fmt: skip
        g, found = np.random.default_rng(seeds), 0
        for _ in range(times):
            differences = differing(g, seeds, arms, "normal", deviation)
            differences[:, 0] += 0.2
            found += intervals(simultaneous(differences))[0, 0] > 0
        yield {"part": "power", "arms": arms, "seeds": seeds, "deviation": deviation} | share(int(found), times)


def looking(times: int, most: int = 60) -> Iterator[dict]:
    """Looks after every seed from 5 on, until all comparisons are decided with a margin of .1, or the last seed."""
    for arms, truth, deviation in ((1, 0.0, 0.125), (6, 0.0, 0.125), (1, 0.1, 0.125), (2, 0.2, 0.125), (2, 0.2, 0.141)):
        g, counts = np.random.default_rng(arms), np.arange(5, most + 1)
        critical = np.array([sequential_critical(int(n), 0.05 / arms) for n in counts])[:, None]
        wrong = equal = ever = 0
        stops, detected = [], []
        for _ in range(times):
            d = np.round((truth + differing(g, most, arms, "normal", deviation)) / 0.01) * 0.01
            n = np.arange(1, most + 1)[:, None]
            means = d.cumsum(axis=0) / n
            variance = ((d**2).cumsum(axis=0) - n * means**2) / np.maximum(n - 1, 1)
            error = np.sqrt(np.maximum(variance, 1e-12) / n)[4:]
            low, high = means[4:] - critical * error, means[4:] + critical * error
            sure, within = (low > 0) | (high < 0), (low > -0.1) & (high < 0.1)
            done = (sure | within).all(axis=1)
            stop = int(done.argmax()) if done.any() else len(done) - 1
            stops.append(int(counts[stop]))
            wrong += bool(sure[stop].any())
            equal += bool(within[stop].any())
            ever += bool(sure.any())
            if sure.all(axis=1).any():
                detected.append(int(counts[sure.all(axis=1).argmax()]))
        row = {"part": "looking", "arms": arms, "truth": truth, "deviation": deviation, "most": most}
        row |= {"stopped_at": float(np.median(stops)), "found_at": float(np.median(detected)) if detected else None}
        yield row | {"ever_different": ever / times, "equal": share(equal, times)} | share(wrong, times)


def best(times: int) -> Iterator[dict]:
    """The best of 6 arms among those that are named, where one leads by little, and where all are equal."""
    for lead in (0.0, 0.1, 0.3):
        g, held, left = np.random.default_rng(1), 0, []
        for _ in range(times):
            values = 0.1 * (g.standard_normal((10, 6)) + g.standard_normal((10, 1)))
            values[:, 0] += lead
            named = best_among({str(arm): dict(enumerate(values[:, arm])) for arm in range(6)})
            held += "0" in named
            left.append(len(named))
        yield {"part": "best", "lead": lead, "named": float(np.mean(left))} | share(held, times)


PARTS = {
    "false verdicts": (false_verdicts, 10_000), "false equality": (false_equality, 10_000),
    "coverage": (coverage, 4_000), "power": (power, 4_000), "looking": (looking, 10_000), "best": (best, 1_000),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a hundredth of everything; nothing is written")
    given = parser.parse_args()
    rows, began = [], time.perf_counter()
    for part, times in PARTS.values():
        for row in part(max(20, times // 100) if given.quick else times):
            rows.append(row)
            print(f"{time.perf_counter() - began:6.0f} s  {row}", flush=True)
    if given.quick:
        return
    record = {
        "command": "python studies/verdicts.py",
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "interval": "Wilson's 95% interval of a share",
        "rows": rows,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    verdicts_page.write()
    print(f"Record: {RECORD}, {verdicts_page.PAGE}")


if __name__ == "__main__":
    main()
