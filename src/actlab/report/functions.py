"""What a run knows of its functions: sketches of its samples of f and f', and what training fed them."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from actlab.checks import Sketch
from actlab.experiment import Run, inside
from actlab.report.curves import ALIKE, sampled, shortened
from actlab.results import with_arms
from actlab.stats import listed

_LEAST = 0.05  # of the x axis: shorter parts on which two functions are the same are not said
_HAIR = 1e-6  # so far beside a kink its one-sided limits are drawn
_SAME = 0.01  # of the distance of two samples: a kink so near to one is at it


def run_shapes(run: Run) -> list[Sketch]:
    """A sketch of each function; of `relu/tanh`, one for each layer, two."""
    x, functions = sampled(run)
    return [sketched(name, x, value, slope) for name, (value, slope) in functions.items()]


def fed(run: Run) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Function -> edges of bins, and the share of its inputs z in each: all layers and seeds together, each trial at
    the last epoch that was measured.
    """
    rows = run.inside.dropna(subset="histogram")
    last = rows["epoch"] == rows.groupby("key")["epoch"].transform("max")
    counts: dict[str, list[np.ndarray]] = defaultdict(list)
    for activation, layer, found in rows.loc[last, ["activation", "layer", "histogram"]].itertuples(index=False):
        names = activation.split("/")
        counts[names[(layer - 1) % len(names)]].append(found[:-1].astype(np.int64))  # without NaN
    sums = {name: np.sum(found, axis=0) for name, found in counts.items()}
    return {name: (inside.EDGES, found[: inside.BINS] / found.sum()) for name, found in sums.items() if found.any()}


def arms_of(run: Run) -> dict[str, str]:
    """Function -> its arm, where there is one arm of it alone."""
    arms = with_arms(run).groupby("activation")["arm"].unique()
    return {str(name): own[0] for name, own in arms.items() if len(own) == 1}


def sketched(label: str, x: np.ndarray, value: np.ndarray, slope: np.ndarray) -> Sketch:
    """From samples: f'' by differences, kinks as far as they show. What is taken at a kink is known where a sample was
    taken there; where f jumps between two, it is drawn amid them.
    """
    exact = np.array_equal(x, x.astype(np.float32))  # older runs keep an x that is only near to what f was given
    rows, parts, kinks, first = np.stack([x, value, slope]), [], [], 0
    broken = _broken(x, value, slope)
    for here in np.flatnonzero(broken).tolist():
        if broken[here - 1]:
            continue  # both sides of one sample, which was the kink
        before, at, after = _place(rows, here, bool(broken[here + 1]))
        if before - 1 < first:
            continue  # two kinks within three samples: not to be told apart
        left = _reaching(rows[:, before - 1], rows[:, before], at - _HAIR)
        right = _reaching(rows[:, after + 1], rows[:, after], at + _HAIR)
        joined = left[1] if abs(right[1] - left[1]) < 1e-2 else np.nan
        parts += [rows[:, first : before + 1], np.stack([left, [at, joined, np.nan], right], axis=1)]
        taken = rows[1:, before + 1].tolist() if exact and after - before == 2 else (np.nan, np.nan)
        kinks.append((at, *taken))
        first = after
    x, value, slope = np.concatenate([*parts, rows[:, first:]], axis=1)
    curvature = np.full_like(x, np.nan)
    for start, end in stretches(np.isfinite(slope)):
        if end - start > 2:
            curvature[start:end] = np.gradient(slope[start:end], x[start:end])
    flat = tuple((float(x[start]), float(x[end - 1])) for start, end in stretches(np.abs(slope) < 0.1))
    return Sketch(
        label, x, value, slope, curvature, tuple(kinks), tuple((low, high) for low, high in flat if low < high)
    )


def stretches(holds: np.ndarray) -> list[tuple[int, int]]:
    """Where it holds, from first to behind the last.

    >>> stretches(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def alike(sketches: Sequence[Sketch]) -> str:
    """Which functions are the same, and where; or so near everywhere that one line hides the other."""
    found: list[tuple[str, dict[str, None]]] = []
    for place, one in enumerate(sketches):
        for other in sketches[place + 1 :]:
            x, here, there = np.intersect1d(one.x, other.x, return_indices=True)
            y, gap = one.value[here], np.abs(one.value[here] - other.value[there])
            parts = [
                f"are the same {_where(x, start, end)}"
                for start, end in stretches(gap <= 1e-6 * (1 + np.abs(y)))
                if x[end - 1] - x[start] > _LEAST * (x[-1] - x[0])
            ]
            near = len(x) > 0 and gap.max() < ALIKE * np.ptp(y)
            for said in parts or ["lie on each other"] * bool(near):
                both = {one.label: None, other.label: None}
                known = next((names for told, names in found if told == said and names.keys() & both), None)
                if known is None:
                    found.append((said, both))
                else:
                    known |= both
    return " ".join(f"{listed([*map(shortened, names)])} {said}." for said, names in found)


def _where(x: np.ndarray, start: int, end: int) -> str:
    low, high = (f"{round(float(x[at]), 4) + 0.0:.3g}" for at in (start, end - 1))
    if start == 0:
        return "everywhere" if end == len(x) else f"for x < {high}"
    return f"for x > {low}" if end == len(x) else f"for {low} < x < {high}"


def _broken(x: np.ndarray, value: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Between which samples and the next f jumps farther than its slopes say, or f' far more than beside it."""
    steepest = np.maximum(np.abs(slope[1:]), np.abs(slope[:-1]))
    found = np.abs(np.diff(value)) > 3 * steepest * np.diff(x) + 1e-2
    leap = np.abs(np.diff(slope))
    found[2:-2] |= leap[2:-2] > 10 * np.maximum(leap[:-4], leap[4:]) + 1e-2
    found[:2] = found[-2:] = False  # nothing beside to compare with
    return found


def _place(rows: np.ndarray, here: int, is_next: bool) -> tuple[int, float, int]:
    """The last sample before a kink, the kink, and the first sample after it."""
    (x, next_x), (y, next_y), (slope, next_slope) = rows[:, here : here + 2]
    with np.errstate(all="ignore"):  # the two lines may be parallel
        along = (next_y - y - next_slope * (next_x - x)) / (slope - next_slope) / (next_x - x)  # where they meet
    if is_next or abs(along - 1) < _SAME:
        return here, float(next_x), here + 2
    if abs(along) < _SAME:
        return here - 1, float(x), here + 1
    return here, float(x + (along if 0 < along < 1 else 0.5) * (next_x - x)), here + 1


def _reaching(far: np.ndarray, near: np.ndarray, x: float) -> np.ndarray:
    """x, f and f' a little beyond two samples, on the parabola that they say."""
    step, bend = x - near[0], (near[2] - far[2]) / (near[0] - far[0])
    return np.array([x, near[1] + near[2] * step + bend * step**2 / 2, near[2] + bend * step])
