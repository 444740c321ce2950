"""Kinds of machine: bits are equal on one device, CPU model and version of torch, and a pair is to be of one kind."""

from actlab.experiment import DataFrame
from actlab.stats import count

_WORDS = {"device": "devices", "cpu": "CPU models", "torch": "versions of torch"}


def of_one_kind(trials: DataFrame, baseline: str, mixed: bool) -> tuple[DataFrame, str]:
    """The trials that may be compared with the `baseline`, arm by arm, and what is to be said of the others.

    Left out are those whose seed's baseline another kind of machine has trained, unless they were asked for (`mixed`).
    """
    rows = trials.loc[trials["status"] != "planned", [*_WORDS]].fillna("")
    differing = [name for name in _WORDS if rows[name].nunique() > 1]
    if not differing:
        return trials, ""
    kinds = dict(zip(rows.index, rows.itertuples(index=False, name=None), strict=True))
    arms = trials.loc[rows.index, ["arm", "seed"]]
    beside = {seed: kinds[at] for at, arm, seed in arms.itertuples(name=None) if arm == baseline}
    other = [at for at, arm, seed in arms.itertuples(name=None) if beside.get(seed, kinds[at]) != kinds[at]]
    listed = " and ".join(f"{_WORDS[name]} ({', '.join(sorted(map(str, set(rows[name]))))})" for name in differing)
    come = f"These trials come from different {listed}"
    if not other:
        return trials, f"{come}: each is compared with one of its own kind."
    if mixed:
        return trials, f"{come}. They are compared with each other, as was asked for (mixed)."
    left = f"{count(len(other), 'network')} of another kind of machine than {baseline}'s of the same seed"
    verb = "is" if len(other) == 1 else "are"
    return trials.drop(index=other), f"{come}. {left} {verb} left out; --mixed (mixed=True) compares all."
