"""Which interval of a mean holds where differences are skewed: what was tried, and what it costs.

    python studies/skew.py            # about 15 minutes on one core; writes records/skew.json
    python studies/skew.py --quick    # a look whether it runs, nothing is written

Differences have a deviation of .12 points (rare failures: as they are), the margin is .1. `skew_data.py` draws them,
`skew_methods.py` has the intervals, many experiments at a time; "before" is the largest |t| under signs alone, "now"
what the package does. Every share has Wilson's 95% interval.
"""

import argparse
import datetime
import json
import time
from collections.abc import Iterator

import numpy as np
import verdicts_page
from skew_data import EXPONENTIAL, FAMILIES, RARE, Draw, negative, one_of
from skew_methods import ALPHA, METHODS, Reaches, adopted, critical, leant, plain, summaries
from wilson import share

from actlab.engine.machine import environment
from actlab.stats.critical import simultaneous
from actlab.stats.sequential import sequential_critical
from actlab.stats.skew import leaning, reach

RECORD = verdicts_page.SKEWED
MARGIN, DEVIATION = 0.1, 0.12
FOUND, SPREAD = 0.2, 0.141  # the difference that is to be found, and the deviation there
SEEDS = (5, 6, 7, 8, 10, 12, 15, 20, 27, 30, 60)
WIDELY = ("normal", "t3", "gamma, skewness 1", "exponential", "lognormal, skewness 2", RARE)  # at 1, 6, 20 arms too
FORMS = {"before": plain, "now": adopted}


def drawn(family: str, seeds: int, arms: int, times: int) -> np.ndarray:
    """(E, S, A) differences, in points, whose true mean is 0."""
    scale = 1.0 if family == RARE else DEVIATION
    return scale * FAMILIES[family](np.random.default_rng([seeds, arms]), (times, seeds, arms))


def measured(x_ESA: np.ndarray, reaches: Reaches) -> dict:
    """What these intervals are worth. Equality at the margin: of its two sides the worse one."""
    mean, error = summaries(x_ESA)
    low, high = mean - reaches[0] * error, mean + reaches[1] * error
    if mean.shape[1] * 2.0 ** (1 - x_ESA.shape[1]) > ALPHA:  # equal differences, too few for signs to be sure of a side
        low, high = np.where(error == 0, np.minimum(mean, 0), low), np.where(error == 0, np.maximum(mean, 0), high)
    times, within = len(low), (low > -MARGIN) & (high < MARGIN)
    upper, lower = (high < 0) & (low > -2 * MARGIN), (low > 0) & (high < 2 * MARGIN)  # at a true .1, and at -.1
    deviation = x_ESA.std()
    found = mean - reaches[0] * error + FOUND * deviation / SPREAD > 0
    return {
        "together": share(int(((low <= 0) & (high >= 0)).all(axis=1).sum()), times),
        "false": share(int((((low > 0) | (high < 0)) & ~within).any(axis=1).sum()), times),
        "equal_at_margin": share(max(int(side.any(axis=1).sum()) for side in (upper, lower)), times),
        "one_equal_at_margin": max(float(side.mean()) for side in (upper, lower)),
        "equal_at_0": float(within.mean()),
        "power": float(found.mean()),
        "width": float(np.median(high - low) / 2),
    }


def coverage(times: int) -> Iterator[dict]:
    for family in FAMILIES:
        for arms in (1, 3, 6, 20) if family in WIDELY else (3,):
            for seeds in SEEDS:
                x_ESA = drawn(family, seeds, arms, max(20, times * 3 // max(arms, 3)))
                c = critical(x_ESA)
                row = {"part": "coverage", "family": family, "arms": arms, "seeds": seeds}
                still = np.broadcast_to(c, (len(c), arms))
                yield row | {"before": measured(x_ESA, (still, still)), "now": measured(x_ESA, leant(x_ESA, c))}


def methods(times: int) -> Iterator[dict]:
    for name, method in METHODS.items():
        for seeds in (10, 20):
            for family in ("exponential", "lognormal, skewness 2", "normal", "t3"):
                x_ESA = drawn(family, seeds, 3, times)
                row = {"part": "methods", "method": name, "family": family, "arms": 3, "seeds": seeds}
                yield row | measured(x_ESA, method(x_ESA))


def package(times: int) -> Iterator[dict]:
    """The package itself, an experiment at a time."""
    for family in ("exponential", "normal"):
        for seeds, share_of in ((5, 1), (8, 1), (10, 1), (20, 4)):
            x_ESA = drawn(family, seeds, 3, max(20, times // share_of))
            reaches = np.array([[found.reaches(arm) for arm in range(3)] for found in map(simultaneous, x_ESA)])
            row = {"part": "package", "family": family, "arms": 3, "seeds": seeds}
            yield row | measured(x_ESA, (reaches[..., 0], reaches[..., 1]))


def until_decided(times: int, most: int = 60) -> Iterator[dict]:
    """Looks after every seed from 5 on: an interval that ever leaves out the truth, and what is said where they end."""
    for family in ("normal", "t3", "exponential", "lognormal, skewness 2", "lognormal, skewness 4", RARE):
        for arms in (1, 3):
            x_ESA = drawn(family, most, arms, times)
            for truth in (0.0, MARGIN, -MARGIN):
                for form in FORMS:
                    low, high = _looks(truth + x_ESA, widened=form == "now")
                    sure, within = (low > 0) | (high < 0), (low > -MARGIN) & (high < MARGIN)
                    done = (sure | within).all(axis=2)
                    end = np.where(done.any(axis=1), done.argmax(axis=1), done.shape[1] - 1)
                    last = (np.arange(times), end)
                    wrong = within if truth else sure & ~within
                    missed = ((low > truth) | (high < truth)).any(axis=(1, 2))
                    row = {"part": "until decided", "family": family, "arms": arms, "truth": truth, "form": form}
                    row |= {"ever_missed": share(int(missed.sum()), times), "decided": float(done.any(axis=1).mean())}
                    yield row | {"wrong_at_end": share(int(wrong[last].any(axis=1).sum()), times),
                                 "seeds": float(np.median(end) + 5)}  # fmt: skip


def _looks(x_ESA: np.ndarray, *, widened: bool) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the intervals after 5, 6, ... seeds, (E, L, A) each, as `compare` gives them."""
    _, seeds, arms = x_ESA.shape
    n = np.arange(1, seeds + 1)[:, None]
    mean, square, cube = (np.cumsum(x_ESA**power, axis=1) / n for power in (1, 2, 3))
    variance = np.maximum(square - mean**2, 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        skew = (cube - 3 * mean * square + 2 * mean**3) / variance**1.5 * np.sqrt(n * (n - 1.0)) / (n - 2.0)
        error = np.sqrt(variance / (n - 1))
    critical_L1 = np.array([sequential_critical(count, ALPHA / arms) for count in range(5, seeds + 1)])[:, None]
    mean, error, skew, n = mean[:, 4:], error[:, 4:], skew[:, 4:], n[4:]
    k_low, k_high = leaning(skew, np.broadcast_to(n, skew.shape)) if widened else (0 * skew, 0 * skew)
    return mean - reach(critical_L1, k_low, n) * error, mean + reach(critical_L1, k_high, n) * error


def best(times: int) -> Iterator[dict]:
    """The best of 6 equal arms is not beaten by any, which would take it from among those that may be the best."""
    kinds: dict[str, Draw] = {
        "all normal": FAMILIES["normal"],
        "all exponential": EXPONENTIAL,
        "the best alone exponential": one_of(EXPONENTIAL),
        "the best alone exponential, to the other side": one_of(negative(EXPONENTIAL)),
        "the others exponential": one_of(FAMILIES["normal"], EXPONENTIAL),
    }
    for kind, draw in kinds.items():
        for seeds in (8, 10, 20):
            values = draw(np.random.default_rng(seeds), (times, seeds, 6))
            x_ESA = values[..., 1:] - values[..., :1]
            mean, error = summaries(x_ESA)
            c = critical(x_ESA, alpha=2 * ALPHA)
            for form, below in (("before", c), ("now", leant(x_ESA, c)[0])):
                kept = int((mean - below * error <= 0).all(axis=1).sum())
                yield {"part": "best", "family": kind, "arms": 6, "seeds": seeds, "form": form} | share(kept, times)


PARTS = {"coverage": (coverage, 4000), "methods": (methods, 2000), "package": (package, 2000),
         "until decided": (until_decided, 2000), "best": (best, 4000)}  # fmt: skip


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
        "command": "python studies/skew.py",
        "date": datetime.date.today().isoformat(),
        "environment": environment("cpu"),
        "interval": "Wilson's 95% interval of a share",
        "rows": rows,
    }
    write(record)
    verdicts_page.write()
    print(f"Record: {RECORD}, {verdicts_page.PAGE}")


def write(record: dict) -> None:
    """A row a line, five places of every share: it is a long one."""
    lines = [json.dumps(row) for row in _rounded(record.pop("rows"))]
    head = json.dumps(record, indent=1).removesuffix("\n}")
    RECORD.write_text(head + ',\n "rows": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n", encoding="utf-8")


def _rounded(value):
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return round(value, 5) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
