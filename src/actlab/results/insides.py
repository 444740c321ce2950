"""What went on inside the networks, layer by layer: means over seeds, and by stated rules what is to be said of it."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from actlab import catalogue, naming
from actlab.experiment import Run, inside
from actlab.results.numbers import percent
from actlab.results.summary import with_arms
from actlab.stats import listed

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ("dead", "saturated", "gradient_z", "gradient_weights", "update")
MUCH_DEAD = 0.1  # from this share of a layer's units on it is said: of the mean over seeds at the last epoch measured
MUCH_SATURATED = 0.5  # of a layer's values, likewise
# A gradient vanishes where dL/dz of the first hidden layer is less than this of the last one's, at the start or at the
# last epoch measured, in the mean over seeds; it explodes where it is more than one over this.
LEAST_GRADIENT = 1e-3
# A function whose slope is flat (saturated) on this share of [-1, 1] is so by design, as relu is for half of what it is
# given: of its layers only is said what is dead.
FLAT_BY_DESIGN = 0.1
FAINT = 0.1  # of the largest gradient that an arm starts with at its first layer
MOST_SAID = 2  # sentences an arm
RULES = (
    f"A unit is dead where |f'| < {inside.DEAD:g} on all of 256 validation samples, a value saturated where |f'| < "
    f"{inside.SATURATED:g}. Said are layers with {percent(MUCH_DEAD, 0)} of their units dead or "
    f"{percent(MUCH_SATURATED, 0)} of their values saturated at the last epoch measured, in the mean over seeds (of "
    "relu and its like, flat for half of their values by design, what is dead alone); and gradients, root mean squares "
    f"of dL/dz, of which the first hidden layer has less than {LEAST_GRADIENT:g} of the last one's, or more than "
    f"{1 / LEAST_GRADIENT:g} times it."
)


def by_layer(run: Run) -> "pd.DataFrame":
    """A row an arm, hidden layer and epoch measured: of each of SHOWN the mean over networks, `_low` and `_high`.

    `networks` were measured; those of them that are `lost`, for they diverged, are in no mean.
    """
    groups = _measured(run).groupby(["arm", "layer", "epoch"], sort=False)
    found = groups.size().to_frame("networks")
    found["lost"] = found["networks"] - groups["dead"].count()
    for name in SHOWN:
        found[[name, f"{name}_low", f"{name}_high"]] = groups[name].agg(["mean", "min", "max"])
    return found.reset_index()


def inside_said(run: Run) -> list[str]:
    """At most two sentences an arm; one for all where nothing is amiss; none where nothing was measured."""
    measured, amiss, learned = _measured(run), [], []
    # by what the results say they are of: to look a user's file or package up could run it, and it may be gone
    named = zip(run.trials["activation"], map(naming.split_identity, run.trials["identity"]), strict=True)
    layers = {arm: own * (len(run.experiment.hidden) if len(own) == 1 else 1) for arm, own in named}
    table = by_layer(run)
    for arm, own in measured.groupby("arm", sort=False):
        of_layers = layers[own["activation"].iloc[0]]
        wrong = [*_amiss(str(arm), table.loc[table["arm"] == arm], _flat_by_design(run, of_layers))][:MOST_SAID]
        amiss += wrong
        learned += [*_learned(str(arm), own, of_layers)][: MOST_SAID - len(wrong)]
    fine = ["No layer is dead or saturated, no gradient vanishes."]
    return [*(amiss or fine), *_faint(table), *learned, *_not_measured(run, measured)] if len(measured) else []


def _faint(table: "pd.DataFrame") -> Iterator[str]:
    """Whose first layer starts with a gradient far smaller than another arm's."""
    start = table.loc[(table["epoch"] == 0) & (table["layer"] == 1)].set_index("arm")["gradient_z"].dropna()
    for arm, value in start.items():
        if LEAST_GRADIENT * start.max() < value < FAINT * start.max():
            yield f"{arm}'s gradient at layer 1 starts at {percent(value / start.max(), 0)} of {start.idxmax()}'s."


def _not_measured(run: Run, measured: "pd.DataFrame") -> Iterator[str]:
    """Of which arms networks were trained without looking inside."""
    trials = with_arms(run).query("status != 'planned'")
    counts = trials.assign(seen=trials["key"].isin(measured["key"])).groupby("arm", sort=False)["seen"]
    less = [f"{seen:.0f} of {n} of {arm}" for arm, seen, n in counts.agg(["sum", "size"]).itertuples() if seen < n]
    if less:
        yield f"Not all networks were measured: {listed(less)}."


def _measured(run: Run) -> "pd.DataFrame":
    """With arms, and NaN from where a trial diverged: a flat slope at NaN is no death."""
    rows = run.inside.merge(with_arms(run)[["key", "arm", "diverged_epoch"]], on="key")
    rows.loc[rows["epoch"] >= rows["diverged_epoch"].astype(float), list(SHOWN)] = np.nan
    return rows


def _flat_by_design(run: Run, identities: Sequence[str]) -> set[int]:
    """The layers, from 1 on."""
    functions = run.artefact("functions")
    near = np.abs(functions.get("x", np.empty(0))) <= 1
    if not near.any():  # a run that was stopped has none yet
        return set()
    slopes = [functions.get(f"df/{naming.label(name)}", np.ones(len(near))) for name in identities]
    flat = [np.mean(np.abs(slope[near]) < inside.SATURATED) >= FLAT_BY_DESIGN for slope in slopes]
    return {layer for layer, is_flat in enumerate(flat, start=1) if is_flat}


def _amiss(arm: str, rows: "pd.DataFrame", flat: set[int]) -> Iterator[str]:
    """What is wrong inside an arm's networks, the gravest first."""
    lost = rows.loc[rows["lost"] > 0]
    if len(lost):
        most, networks = lost["lost"].max(), lost["networks"].max()
        who, left = ("All", "") if most == networks else (f"{most} of", "; they are left out")
        yield f"{who} {networks} networks of {arm} diverged, the first by epoch {lost['epoch'].min()}{left}."
    yield from (dead := [*_share(arm, rows, "dead", "units", MUCH_DEAD)])
    yield from _gradient(arm, rows.pivot(index="epoch", columns="layer", values="gradient_z"))
    if not dead:  # all values of a dead unit are saturated
        yield from _share(arm, rows.loc[~rows["layer"].isin([*flat])], "saturated", "values", MUCH_SATURATED)


def _share(arm: str, rows: "pd.DataFrame", name: str, what: str, much: float) -> Iterator[str]:
    """Of the worst layer at the end, and since when it has been so."""
    end = rows.loc[rows["epoch"] == rows["epoch"].max()]
    if not (end[name] >= much).any():
        return
    worst = end.loc[end[name].idxmax()]
    own = rows.loc[rows["layer"] == worst["layer"]]
    before = own.loc[~(own[name] >= much), "epoch"].max()  # NaN where it never was less
    since = own.loc[~(own["epoch"] <= before), "epoch"].min()
    seeds = worst["networks"] - worst["lost"]
    low, high = (percent(worst[f"{name}_{side}"], 0) for side in ("low", "high"))
    place = f"layer {worst['layer']}" + f", the worst of {len(end)}," * (len(end) > 1)
    spread = f" ({low} to {high} over {seeds} seeds)" * bool(seeds > 1)
    when = f"from epoch {since} on" if since else "from the start"
    yield (
        f"{percent(worst[name], 0)} of {arm}'s {what} in {place} are {name} at the end{spread}; {percent(much, 0)} or "
        f"more {when}."
    )


def _gradient(arm: str, by_epoch: "pd.DataFrame") -> Iterator[str]:
    """`by_epoch`: a column a layer."""
    first, last = by_epoch.columns[[0, -1]]
    start, end = ratios = (by_epoch[first] / by_epoch[last]).iloc[[0, -1]].tolist()
    vanishes = any(ratio < LEAST_GRADIENT for ratio in ratios)
    if vanishes or any(ratio > 1 / LEAST_GRADIENT for ratio in ratios):
        verb, times = ("vanishes", "of that") if vanishes else ("explodes", "times that")
        told = f"at layer {first} it is {_power(start)} {times} at layer {last} at the start"
        yield f"{arm}'s gradient {verb}: {told}" + (f", {_power(end)} at the end." if np.isfinite(end) else ".")


def _learned(arm: str, rows: "pd.DataFrame", identities: Sequence[str]) -> Iterator[str]:
    """Of the parameter that went furthest, in the mean over seeds."""
    known = rows.loc[rows["learned"].notna() & rows["dead"].notna()]
    start, end = (
        {layer: np.stack([*own]) for layer, own in known.loc[known["epoch"] == epoch].groupby("layer")["learned"]}
        for epoch in (0, rows["epoch"].max())
    )  # (seeds, parameters) each
    went = {layer: np.abs(end[layer].mean(axis=0) - start[layer].mean(axis=0)) for layer in {*start} & {*end}}
    if not went:
        return
    layer = max(went, key=lambda layer: went[layer].max())
    place = int(went[layer].argmax())
    before, after = start[layer][:, place], end[layer][:, place]
    spread = f" ({after.min():.3g} to {after.max():.3g} over {len(after)} seeds)" * (len(after) > 1)
    where = f"layer {layer}" + f", furthest of {len(went)}" * (len(went) > 1)
    name = _parameter(identities[int(layer - 1) % len(identities)], place, len(went[layer]))
    yield f"{arm} learned: {name} went from {before.mean():.3g} to {after.mean():.3g}{spread} in {where}."


def _parameter(identity: str, place: int, count: int) -> str:
    known = re.fullmatch(r"(\w+)(@\d+)?(\(.*\))?", identity)  # in the catalogue, and no file, formula or package
    learned = catalogue.lookup(known[1]).learned if known and catalogue.is_name(known[1]) else ()
    names = [name for name in learned if not re.search(rf"\b{name}=", identity)]
    return (
        names[place] if len(names) == count else f"parameter {place + 1} of {count}" if count > 1 else "its parameter"
    )


def _power(value: float) -> str:
    """
    >>> _power(2.3e-17), _power(0.31), _power(1234)
    ('2e-17', '0.3', '1e3')
    """
    return re.sub(r"e([+-])0*", lambda found: "e" + found[1].strip("+"), f"{value:.1g}")
