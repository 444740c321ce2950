"""Numbers of the playground: what JavaScript computes, beside 50 digits."""

import math
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import torch
from formulas import FORMULAS
from hypothesis import HealthCheck, given, settings, strategies as st
from javascript import ran, with_node
from test_formula import trees
from test_play_tree import told
from test_written import POINTS, mistakes
from tools import playground

from actlab import catalogue
from actlab.checks.identity.bank import entries
from actlab.formula import Exact, kinks, parse, read
from actlab.making.portable import portable
from actlab.making.tensors import compiled

pytestmark = with_node

CURVES = """
const { understood, made, embed } = await import("./functions.js");
const { points, asked } = data;
return asked.map(({ text, parameters, sound }) => {
  if (sound) embed(sound);
  const meaning = understood(text), curve = made(meaning, { ...meaning.parameters, ...parameters });
  const xs = Float64Array.from(points), of = (many) => many(xs, new Float64Array(xs.length));
  const trusted = points.map(curve.trusted);
  return {
    form: curve.form, label: curve.label, value: of(curve.values), slope: of(curve.slopes), second: of(curve.seconds),
    by: Object.fromEntries(curve.names.map((name) => [name, of(curve.slopesBy(name))])),
    trusted: trusted.map((one) => one.value), error: trusted.map((one) => one.error),
    kinks: curve.kinks, one: points.map(curve.value),
  };
});
"""


def curves(asked, points=POINTS):
    return ran(CURVES, {"points": points, "asked": asked})


def wrong(found, formula, parameters, breaks):
    """Where value, slope or second derivative are not what 50 digits say, by the rules of tests/test_written.py."""
    given = SimpleNamespace(parameters=parameters, kinks=breaks)
    numbers = {key: torch.tensor(found[key], dtype=torch.float64) for key in ("value", "slope")}
    function = SimpleNamespace(facts=given, value=lambda *_: numbers["value"], slope=lambda *_: numbers["slope"])
    return mistakes(function, formula, parameters, torch.float64) + seconds_wrong(found, formula, parameters, breaks)


def seconds_wrong(found, formula, parameters, breaks):
    true = Exact(parse(formula), parameters).slopes(POINTS, order=2)
    return [
        ("second", x, got, float(wanted))
        for x, got, wanted in zip(POINTS, found["second"], true, strict=True)
        if mpmath.isfinite(wanted) and all(abs(x - kink) > 1e-7 for kink in breaks)
        and got != float(wanted) and not abs(got - wanted) <= 1e-6 * (1 + abs(wanted))
    ]  # fmt: skip


BOUNDS = """
const { apply, number, name } = await import("./tree.js");
const { bounded } = await import("./bounds.js");
const { compiled } = await import("./evaluate.js");
const built = ([op, parts, value]) =>
  op === "number" ? number(value) : op === "name" ? name(value) : apply(op, ...parts.map(built));
return data.trees.map((told) => {
  const tree = built(told), f = bounded(tree, data.names), { one } = compiled(tree, data.names);
  return data.points.map((x) => ({ ...f(x, data.values), one: one(x, data.values) }));
});
"""
NAMED = {"beta": 1.5, "gamma_2": -0.75}


def found_off(nodes, points):
    """Where the bound does not hold, or PyTorch says something else than JavaScript."""
    asked = {"trees": [told(node) for node in nodes], "names": list(NAMED), "values": list(NAMED.values())}
    for node, found in zip(nodes, ran(BOUNDS, asked | {"points": points}), strict=True):
        truth = Exact(node, NAMED).values(points)
        torchs = compiled(node, list(NAMED))(torch.tensor(points, dtype=torch.float64), *NAMED.values()).tolist()
        for x, at, true, theirs in zip(points, found, truth, torchs, strict=True):
            value, error = at["value"], at["error"]
            if not math.isnan(value) or not math.isnan(at["one"]):
                assert value == at["one"], (node, x, at)
            if math.isfinite(error) and not mpmath.isnan(true) and math.isfinite(value):
                assert abs(true - value) <= error, (str(node), x, at, true)
            if error < 1e-3 * abs(value):
                assert abs(theirs - value) <= 4 * error, (str(node), x, at, theirs)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(trees, min_size=20, max_size=40), st.lists(st.floats(-30, 30), min_size=5, max_size=5))
def test_bounds_of_random_formulas_hold(nodes, points):
    found_off(nodes, [*points, 0.0, -1.0, 2.0, 1e4, -1e-8])
