"""Numbers of the playground: what JavaScript computes, beside 50 digits."""

import math
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import torch
from formulas import FORMULAS
from javascript import ran, with_node
from test_written import POINTS, mistakes
from tools import playground

from actlab import catalogue
from actlab.checks.identity.bank import entries
from actlab.formula import Exact, kinks, parse, read
from actlab.making.portable import portable

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
