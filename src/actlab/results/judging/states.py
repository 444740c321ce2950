"""Which rows are results: a column of states, as trackers of experiments write it."""

from collections import Counter

from actlab.errors import UserError
from actlab.results.judging.metric import words
from actlab.results.judging.reading import Sheet, names_of

# of Optuna, MLflow, W&B, Ray Tune, Ax, Keras Tuner, Sacred and Slurm
_KINDS = {
    "finished": "complete completed finished success succeeded successful terminated done",
    "failed": "fail failed error errored crashed dead died out_of_memory node_fail invalid",
    "diverged": "diverged",
    "neither": "pruned running waiting pending queued scheduled created candidate staged killed cancelled canceled "
    "stopped early_stopped aborted abandoned interrupted paused preempted suspended timeout timed_out skipped",
}
_KIND = {state: kind for kind, known in _KINDS.items() for state in known.split()}


def states(sheet: Sheet, columns: list[str], *, failed_diverged: bool) -> tuple[list[bool], list[bool], list[str]]:
    """Which rows are results by every one of these columns, which of them count as diverged, and a word on the others.

    Raises:
        UserError: a state that is not known.
    """
    rows = len(sheet.columns[0])
    kept, diverged, told = [True] * rows, [False] * rows, []
    for name in columns:
        left = Counter[str]()
        for place, text in enumerate(names_of(sheet.column(name))):
            kind = _kind(text)
            if kind is None:
                known = "; ".join(f"{kind}: {', '.join(sorted(states.split()))}" for kind, states in _KINDS.items())
                raise UserError(
                    f"Column {name!r} of {sheet.name} says {text or 'nothing'} in row {place + 1}, which is no state "
                    f"that is known ({known}). Rename it, or name another column with --state."
                )
            if kind == "diverged" or (kind == "failed" and failed_diverged):
                diverged[place] = True
            elif kind != "finished":
                kept[place] = False
                left[str(text)] += 1
        if left:
            counts = ", ".join(f"{number} {text}" for text, number in left.items())
            asked = " (--failed-diverged counts failed ones)" if "failed" in map(_kind, left) else ""
            told.append(f"{_rows(left.total())} no result by {name}, left out: {counts}{asked}")
    if any(diverged):
        told.append(f"{_rows(sum(diverged))} counted as diverged, by state")
    return kept, diverged, told


def state_columns(sheet: Sheet, others: set[str | None]) -> list[str]:
    """Those called state or status in which a state is found."""
    return [
        name
        for name, column in zip(sheet.names, sheet.columns, strict=True)
        if name not in others and {"state", "status"}.intersection(words(name)) and any(map(_kind, names_of(column)))
    ]


def _kind(text: str | None) -> str | None:
    """Finished, failed or neither; TrialState.PRUNED and "Out of memory" are known too."""
    return _KIND.get((text or "").rpartition(".")[2].lower().replace(" ", "_").replace("-", "_"))


def _rows(number: int) -> str:
    return f"{number:,} row{' is' if number == 1 else 's are'}"
