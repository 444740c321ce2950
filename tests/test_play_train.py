"""Training in the playground: networks beside torch's autograd, verdicts beside actlab.stats, streams, data."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest
import torch
from javascript import PLAY, ran, with_node

from actlab.engine.models import gain
from actlab.making.resolution import resolve
from actlab.naming import targets
from actlab.stats import compare

pytestmark = with_node

CURVES = """
const { randomStream } = await import("./training/random.js");
const { DATA_SETS, dataOf, pointsRead, pointsWritten } = await import("./training/sets2d.js");
const { LOSSES, OPTIMIZERS, backwardThrough, createNetwork, createRoom, forwardThrough, lossSlopes, meanLoss } =
  await import("./training/network.js");
const { createPair, insideOf, outputsOf, scoresOf, stepPair } = await import("./training/training.js");
const { judgedPairs, sequentialCritical } = await import("./training/sequential.js");
const curve = (f, slope) => ({
  values: (xs, out) => { for (let n = 0; n < xs.length; n++) out[n] = f(xs[n]); return out; },
  slopes: (xs, out) => { for (let n = 0; n < xs.length; n++) out[n] = slope(xs[n]); return out; },
});
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), sigmoid = (x) => 1 / (1 + Math.exp(-x));
const curves = {
  relu: curve((x) => (x > 0 ? x : 0), (x) => (x > 0 ? 1 : 0)),
  tanh: curve(Math.tanh, (x) => 1 - Math.tanh(x) ** 2),
  mish: curve((x) => x * Math.tanh(softplus(x)),
    (x) => Math.tanh(softplus(x)) + x * (1 - Math.tanh(softplus(x)) ** 2) * sigmoid(x)),
};
const side = (...names) => ({ label: names[0], curves: names.map((one) => curves[one]), gains: names.map(() => 1.5) });
const usual = { widths: [8, 8], start: "pytorch", rate: 0.03, rule: "sgd", batch: 32, seed: 1 };
"""

TRAINED = """
return data.map(([name, set, rule, start]) => {
  const settings = { ...usual, widths: [7, 5], rule, start, batch: 48 };
  const points = dataOf({ set, noise: 0.1, seed: 1, drawn: [] });
  const pair = createPair(settings, points, [side(name, "mish"), side("relu", "relu")]);
  const shapes = pair.sides[0].network.layers.map((one) => [one.outputs, one.inputs]);
  const begun = pair.sides.map((one) => [...one.network.parameters]);
  const inside = pair.sides.map((one) => insideOf(pair, one));
  const gradients = pair.sides.map((one) => [...one.network.gradients]);
  const orders = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((pass) => randomStream(1, "batches", pass).order(points.learned.n));
  stepPair(pair, 50);
  const ended = pair.sides.map((one) => [...one.network.parameters]);
  const scores = pair.sides.map((one) => scoresOf(pair, one));
  return { shapes, begun, inside, gradients, orders, ended, scores, history: pair.history, points };
});
"""
ASKED = [
    ("tanh", "spirals", "sgd", "pytorch"),
    ("relu", "moons", "adam", "gain"),
    ("mish", "sine", "adam", "pytorch"),
    ("tanh", "bumps", "sgd", "kaiming"),
]
TORCH = {"relu": torch.relu, "tanh": torch.tanh, "mish": torch.nn.functional.mish}


class Oracle:
    """One of the two networks as one writes it with torch."""

    def __init__(self, shapes, parameters, names, is_curve):
        flat, self.layers, self.names, self.is_curve = (
            torch.tensor(parameters, dtype=torch.float64),
            [],
            names,
            is_curve,
        )
        for outputs, inputs in shapes:
            weight, bias, flat = flat.split(
                [outputs * inputs, outputs, len(flat) - outputs * inputs - outputs]
            )  # weights first, row by row
            self.layers += [(weight.reshape(outputs, inputs).clone(), bias.clone())]
        self.parameters = [one.requires_grad_() for layer in self.layers for one in layer]

    def __call__(self, x):
        for (weight, bias), name in zip(self.layers, (*self.names, ""), strict=True):
            x = torch.nn.functional.linear(x, weight, bias)
            x = TORCH[name](x) if name else x[:, 0]
        return x

    def loss(self, x, y):
        lost = torch.nn.functional.mse_loss if self.is_curve else torch.nn.functional.binary_cross_entropy_with_logits
        return lost(self(x), y)

    def flat(self, gradient=False):
        return torch.cat([(one.grad if gradient else one).flatten() for one in self.parameters]).detach()


def part(points, name):
    found = points[name]
    y = torch.tensor(found["ys"], dtype=torch.float64)
    return torch.tensor(found["xs"], dtype=torch.float64).reshape(len(y), points["inputs"]), y


def close(ours, theirs):
    np.testing.assert_allclose(np.array(ours), theirs.numpy(), rtol=1e-10, atol=1e-12)


def by_torch(rule, parameters):
    return {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[rule](parameters, lr=0.03).step


def as_published(rule, parameters):
    """Without torch.optim, which is seconds to import."""
    first, second, t = [0.0] * len(parameters), [0.0] * len(parameters), 0

    @torch.no_grad()
    def step():
        nonlocal t
        t += 1
        for n, one in enumerate(parameters):
            change = one.grad
            if rule == "adam":
                first[n] = 0.9 * first[n] + 0.1 * one.grad
                second[n] = 0.999 * second[n] + 0.001 * one.grad**2
                change = first[n] / (1 - 0.9**t) / ((second[n] / (1 - 0.999**t)).sqrt() + 1e-8)
            one -= 0.03 * change

    return step


def check_beside_torch(asked, all_found, rules, count=50):
    for (name, _, rule, _), found in zip(asked, all_found, strict=True):
        x, y = part(found["points"], "learned")
        held_x, held_y = part(found["points"], "held")
        for which, names in enumerate([(name, "mish"), ("relu", "relu")]):
            oracle = Oracle(found["shapes"], found["begun"][which], names, found["points"]["isCurve"])
            loss = oracle.loss(x, y)
            loss.backward()
            close(found["gradients"][which], oracle.flat(gradient=True))
            close(found["history"][0]["sides"][which]["learnedLoss"], loss.detach())
            norms = torch.stack([weight.grad.square().mean().sqrt() for weight, _ in oracle.layers])
            close([layer["gradient"] for layer in found["inside"][which]], norms)
            change = rules(rule, oracle.parameters)
            batches = [batch for order in found["orders"] for batch in torch.tensor(order).split(48)]
            for batch in batches[:count]:
                for one in oracle.parameters:
                    one.grad = None
                oracle.loss(x[batch], y[batch]).backward()
                change()
            close(found["ended"][which], oracle.flat())
            score, output = found["scores"][which], oracle(held_x).detach()
            close(score["heldLoss"], oracle.loss(held_x, held_y).detach())
            right = ((output > 0) == (held_y == 1)).double().mean()
            close(score["score"], (output - held_y).square().mean().sqrt() if found["points"]["isCurve"] else right)


def test_both_networks_learn_as_torchs_do():
    few = ASKED[1:3]
    check_beside_torch(
        few, ran(CURVES + TRAINED.replace("stepPair(pair, 50)", "stepPair(pair, 9)"), few), as_published, 9
    )


@pytest.mark.large
def test_both_networks_learn_as_torchs_do_with_every_rule_and_start():
    check_beside_torch(ASKED, ran(CURVES + TRAINED, ASKED), by_torch)


def test_a_start_is_the_same_for_both_and_is_drawn_as_said():
    code = """return ["pytorch", "kaiming", "gain"].map((start) => {
      const own = { ...side("tanh", "tanh"), gains: [1.6, 1.7] }, settings = { ...usual, widths: [70, 60], start };
      const points = dataOf({ set: "xor", noise: 0, seed: 3, drawn: [] });
      const pair = createPair(settings, points, [own, side("relu", "relu")]);
      return pair.sides.map(({ network }) => network.layers.map(({ weights, biases }) => [weights, biases]));
    });"""
    found = dict(zip(("pytorch", "kaiming", "gain"), ran(CURVES + code), strict=True))
    fan_in = [2, 70, 60]
    for start in ("pytorch", "kaiming"):
        assert found[start][0] == found[start][1]
    for own, relus, ratio in zip(*found["gain"], (1, 1.6 / 1.5, 1.7 / 1.5), strict=True):
        np.testing.assert_allclose(own[0], np.array(relus[0]) * ratio, rtol=1e-12)
    sizes = {"pytorch": (3**-0.5,) * 3, "kaiming": (2**0.5,) * 3, "gain": (1, 1.6, 1.7)}
    for start, (own, _) in found.items():
        for (weights, biases), inputs, size in zip(own, fan_in, sizes[start], strict=True):
            w = np.array(weights) * math.sqrt(inputs)
            assert np.sqrt((w**2).mean()) == pytest.approx(size, rel=5 / math.sqrt(len(w)))
            assert abs(w.mean()) < 4 * size / math.sqrt(len(w))
            if start == "pytorch":
                assert 0.9 < np.abs(w).max() < 1 and 0 < np.abs(biases).max() < 1 / math.sqrt(inputs)
            else:
                assert not np.any(biases)


def test_slopes_are_those_of_finite_differences():
    code = """
    return ["moons", "bumps"].map((set) => {
      const points = dataOf({ set, noise: 0.1, seed: 1, drawn: [] });
      const pair = createPair({ ...usual, widths: [4, 3] }, points, [side("mish", "tanh")]), [own] = pair.sides;
      insideOf(pair, own);
      const { parameters, gradients } = own.network, h = 1e-5, found = [...gradients];
      const at = (n, value) => { parameters[n] = value; return scoresOf(pair, own).learnedLoss; };
      return found.map((gradient, n) => {
        const old = parameters[n], slope = (at(n, old + h) - at(n, old - h)) / (2 * h);
        parameters[n] = old;
        return Math.abs(slope - gradient);
      });
    });"""
    assert max(max(one) for one in ran(CURVES + code)) < 1e-9


MISTAKES = [
    ("sum += weights[w + i] * x[at + i]", "sum += weights[i * outputs + o] * x[at + i]"),  # transposed
    ("dx[at + i] += come * weights[w + i]", "dx[at + i] += come * weights[i * outputs + o]"),
    ("before.d[n] *= before.slope[n]", "before.d[n] *= 1"),
    ("dBiases[o] += come", "dBiases[o] = come"),
    ("before ? before.y : xs", "before ? before.z : xs"),
    ("2 * (z - y)", "(z - y)"),
    ("logistic(z) - y", "logistic(z) - y * 0.99"),
    ("size = rate / (1 - 0.9 ** step)", "size = rate"),
    ("from = (steps % passLength) * batch", "from = 0"),
    ("linearGradients(layer, before ? before.y : xs, room.n, d);\n", ""),
]


@pytest.mark.large
def test_planted_mistakes_are_seen(tmp_path):
    texts = {file.relative_to(PLAY): file.read_text() for file in PLAY.rglob("*.js*")}
    for number, (right, wrong) in enumerate(MISTAKES):
        [where] = [name for name in texts if name.name in ("network.js", "training.js") and right in texts[name]]
        for name, text in texts.items():
            (tmp_path / str(number) / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / str(number) / name).write_text(text.replace(right, wrong) if name == where else text)
    made = (CURVES + TRAINED).replace('import("./', 'import(folder + "/')
    code = f"""
    const found = [];
    for (const folder of data.folders) found.push(await (async (data) => {{ {made} }})(data.asked));
    return found;"""
    folders = [(tmp_path / str(number)).as_uri() for number in range(len(MISTAKES))]
    for found, (right, wrong) in zip(ran(code, {"folders": folders, "asked": ASKED}), MISTAKES, strict=True):
        try:
            check_beside_torch(ASKED, found, by_torch)
        except AssertionError:
            continue
        pytest.fail(f"not seen: {wrong} in place of {right}")


def test_streams_are_those_of_sfc32():
    """Written anew with whole numbers of Python, and even: the same numbers in every engine, one stream a purpose."""
    asked = [[0, "weights"], [1, "weights"], [0, "batches", 3]]
    found = ran(f"{CURVES} return data.map((one) => Array.from({{ length: 9 }}, randomStream(...one).even));", asked)
    mask = 2**32 - 1

    def word(text, h):
        for letter in text:
            h = (h ^ ord(letter)) * 0x01000193 & mask
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            h = (h ^ h >> shift) * factor & mask
        return h ^ h >> 16

    for one, numbers in zip(asked, found, strict=True):
        a, b, c, d = (word("/".join(map(str, one)), h) for h in (0x811C9DC5, 0x1234567, 0x9E3779B9, 0x7F4A7C15))
        made = []
        for _ in range(16 + 9):
            t = a + b + d & mask
            a, b, c, d = b ^ b >> 9, c + (c << 3) & mask, (c << 21 | c >> 11) + t & mask, d + 1 & mask
            made += [t / 2**32]
        assert numbers == made[16:]


def test_normals_and_orders():
    numbers, orders = ran(f"""{CURVES} const s = randomStream(5, "x");
      return [Array.from({{ length: 20000 }}, s.normal), Array.from({{ length: 3000 }}, () => s.order(4))];""")
    assert abs(np.mean(numbers)) < 0.03 and np.std(numbers) == pytest.approx(1, abs=0.03)
    assert np.mean(np.array(numbers) ** 4) == pytest.approx(3, abs=0.3)
    seen, counts = np.unique(np.array(orders), axis=0, return_counts=True)
    assert len(seen) == 24 and counts.min() > 80 and counts.max() < 180


def test_gains_are_those_of_the_engine():
    names = ["relu", "tanh", "mish", "gelu", "leaky_relu(0.2)", "x*sin(x)", "0*x", "x/0"]
    found = ran(
        """
      const { startGain } = await import("./training/network.js");
      const { made, understood } = await import("./numbers/functions.js");
      return data.map((one) => startGain(made(understood(one))));""",
        names,
    )
    for name, ours in zip(names, found, strict=True):
        assert ours == pytest.approx(gain(resolve(targets.parse(name))), rel=1e-9), name


@pytest.mark.large
def test_seeds_go_on_until_the_verdict_stands():
    """As a loop over pairs has it: the same networks, each with its own seed, judged after each."""
    code = """
    const { overSeeds, sideOf } = await import("./training/seeds.js");
    return data.map(([set, texts, most]) => {
      const told = [], points = { set, noise: 0.1, seed: 1, drawn: [] };
      const sides = texts.map((one) => sideOf(one, [one], "gain")), sign = set === "sine" ? -1 : 1;
      const asked = { settings: { ...usual, seed: 3, widths: [4], start: "gain" }, data: points, steps: 200, most };
      const { seeds, verdict } = overSeeds(asked, sides, (one) => told.push(one.seeds.length));
      const again = seeds.map(({ seed }) => {
        const pair = createPair({ ...asked.settings, seed }, dataOf(points), sides);
        stepPair(pair, 200);
        return pair.sides.map((one) => (one.divergedAt === null ? sign * scoresOf(pair, one).score : NaN));
      });
      return { seeds, verdict, told, again };
    });"""
    asked = [
        ("xor", ["0*x", "relu"], 20),
        ("sine", ["tanh", "relu"], 7),
        ("moons", ["1/0*x", "relu"], 20),
        ("xor", ["relu", "relu"], 9),
    ]
    found = ran(CURVES + code, asked)
    for one in found:
        np.testing.assert_array_equal([[item["own"], item["other"]] for item in one["seeds"]], one["again"])
        assert [item["seed"] for item in one["seeds"]] == [3 + n for n in range(len(one["seeds"]))]
        assert one["told"] == [n + 1 for n in range(len(one["seeds"]))]
        table = {key: {item["seed"]: item[key] for item in one["seeds"]} for key in ("other", "own")}
        [known] = compare(table, margin=0.01, sequential=True)
        assert one["verdict"]["verdict"] == known.verdict and one["verdict"]["further"] == known.further
    assert found[0]["verdict"]["verdict"].startswith("worse") and 5 <= len(found[0]["seeds"]) < 20
    assert found[1]["verdict"]["decided"] or len(found[1]["seeds"]) == 7
    assert found[2]["verdict"]["verdict"] == "unstable" and len(found[2]["seeds"]) < 20
    assert found[3]["verdict"]["verdict"] == "the same function" and len(found[3]["seeds"]) == 5


def test_settings_go_into_the_address_and_back():
    code = """
    const { TRAIN_FIELDS } = await import("./trainer/train_fields.js");
    const { fromHash, toHash } = await import("./page/state.js");
    const begun = fromHash("", TRAIN_FIELDS).values;
    return data.map((hash) => {
      const { values, told } = fromHash(hash, TRAIN_FIELDS);
      return [toHash(values, TRAIN_FIELDS), told, Object.keys(values).filter((key) => values[key] !== begun[key])];
    });"""
    right = [
        "", "#v=1&data=rings&noise=0.3&layers=3,4,16&each=;tanh;swish(beta%3D2)", "#v=1&data=drawn&points=A_AA__._AKh",
        "#v=1&rate=1000&rule=sgd&batch=1&start=gain&seed=0&steps=20",
    ]  # fmt: skip
    for hash_, (again, told, _) in zip(right, ran(code, right), strict=True):
        assert told == "" and again.replace("%3B", ";") == hash_.replace("%3D", "="), (hash_, again)
    wrong = [
        "data=__proto__", "data=constructor", "noise=-1", "noise=", "rate=0", "rate=NaN", "rate=Infinity", "rate=1e9",
        "noise=0.6", "layers=", "layers=17", "layers=1,1,1,1,1", "layers=1.5", "seed=1e7",
        "batch=0x10", "steps=1e9", "start=x", "rule=on", "points=<script>", "each=" + "a" * 3000, "each=;;;;;",
    ]  # fmt: skip
    for words, (_, told, changed) in zip(wrong, ran(code, [f"#v=1&{one}" for one in wrong]), strict=True):
        assert "could not be read" in told and changed == [], words


def test_a_network_that_diverges_stays_where_it_is_and_the_other_goes_on():
    code = """
    const square = curve((x) => x * x, (x) => 2 * x);
    const points = dataOf({ set: "moons", noise: 0.1, seed: 1, drawn: [] });
    const nan = curve(() => NaN, () => NaN);
    return [square, nan].map((one) => {
      const own = { label: "own", curves: [one, one], gains: [1, 1] };
      const pair = createPair({ ...usual, rate: 3 }, points, [own, side("tanh", "tanh")]);
      stepPair(pair, 40);
      const at = pair.sides.map((one) => one.divergedAt), kept = [...pair.sides[0].network.parameters];
      stepPair(pair, 20);
      const same = kept.every((value, n) => Object.is(value, pair.sides[0].network.parameters[n]));
      return [at, same, pair.sides.map((one) => scoresOf(pair, one)), insideOf(pair, pair.sides[0])[0]];
    });"""
    grown, broken = ran(CURVES + code)
    assert 1 < grown[0][0] < 40 and broken[0][0] == 1
    for at, same, (own, other), inside in (grown, broken):
        assert same and at[1] is None and math.isfinite(other["heldLoss"])
        assert not math.isfinite(own["learnedLoss"]) and not math.isfinite(own["heldLoss"])
        assert math.isnan(own["score"]) or not math.isfinite(own["heldLoss"])
        assert not math.isfinite(inside["gradient"])


def test_where_a_function_makes_no_number_is_found():
    code = """
    const { holeOf } = await import("./training/training.js");
    const points = dataOf({ set: "moons", noise: 0.1, seed: 1, drawn: [] });
    const log = { ...curve(Math.log, (x) => 1 / x), label: "log(x)" }, tanh = { ...curves.tanh, label: "tanh" };
    return [[tanh, log], [tanh, tanh]].map((both) => {
      const pair = createPair(usual, points, [{ label: "own", curves: both, gains: [1, 1] }]);
      return [holeOf(pair, pair.sides[0]), Number.isFinite(scoresOf(pair, pair.sides[0]).score)];
    });"""
    (hole, is_right), none = ran(CURVES + code)
    assert hole["label"] == "log(x)" and hole["x"] < 0 and math.isnan(hole["y"]) and not is_right
    assert none == [None, True]


def test_dead_units_are_those_that_are_flat_on_all_samples():
    code = """
    const points = dataOf({ set: "moons", noise: 0.1, seed: 1, drawn: [] });
    const pair = createPair(usual, points, [side("relu", "tanh"), side("tanh", "relu")]);
    for (const { network } of pair.sides) {
      network.layers[0].biases.fill(-100, 0, 3);  // relu is 0 there, tanh is 1 - 1e-80
      network.layers[1].biases.fill(100, 0, 2);  // relu is not flat there, tanh is
    }
    return pair.sides.map((one) => insideOf(pair, one).map(({ units, dead }) => [units, dead]));"""
    own, other = ran(CURVES + code)
    assert own == [[8, 3], [8, 2], [1, None]]
    assert other == [[8, 3], [8, 0], [1, None]]


def test_steps_taken_one_by_one_or_all_at_once_are_the_same():
    code = """
    const points = dataOf({ set: "rings", noise: 0.1, seed: 1, drawn: [] });
    const made = () => createPair({ ...usual, widths: [4], batch: 8 }, points, [side("tanh"), side("relu")], 1);
    const [slow, fast] = [made(), made()];
    for (let n = 0; n < 310; n++) {
      stepPair(slow, 1);
      if (n % 7 === 0) outputsOf(slow.sides[0], points.held.xs, 400);
    }
    stepPair(fast, 310);
    return [slow, fast].map((one) => [one.history, one.sides.map((side) => side.network.parameters)]);"""
    slow, fast = ran(CURVES + code)
    assert slow == fast
    steps = [one["step"] for one in fast[0]]
    assert steps[0] == 0 and 150 < len(steps) <= 301 and {b - a for a, b in pairwise(steps)} == {2}
    assert fast[0][-1]["sides"][0]["learnedLoss"] < fast[0][0]["sides"][0]["learnedLoss"]


def test_data_sets():
    code = """return Object.keys(DATA_SETS).filter((set) => set !== "drawn").map((set) => {
      const made = (noise, seed) => dataOf({ set, noise, seed, drawn: [] });
      const again = JSON.stringify(made(0.1, 1)) === JSON.stringify(made(0.1, 1));
      return [set, again, JSON.stringify(made(0.1, 1)) === JSON.stringify(made(0.1, 2)), made(0, 1)];
    });"""
    for name, again, other, points in ran(CURVES + code):
        assert again and not other, name
        for part_ in ("learned", "held"):
            n, xs, ys = (points[part_][key] for key in ("n", "xs", "ys"))
            assert n == len(ys) == len(xs) // points["inputs"] == {"learned": 200, "held": 400}[part_]
            assert np.abs(xs).max() <= 2 and np.abs(ys).max() <= 1
            assert points["isCurve"] or sum(ys) == n / 2, name
        if not points["isCurve"]:  # without noise the classes lie apart: the nearest learned point has the class
            known = np.array(points["learned"]["xs"]).reshape(-1, 2)
            asked = np.array(points["held"]["xs"]).reshape(-1, 2)
            nearest = ((asked[:, None] - known) ** 2).sum(axis=2).argmin(axis=1)
            assert (np.array(points["learned"]["ys"])[nearest] == points["held"]["ys"]).mean() > 0.95, name


def test_points_drawn_by_hand_go_into_the_address_and_back():
    points = [[-2, 2, 0], [2, -2, 1], [10 / 63 * 4 - 2, 33 / 63 * 4 - 2, 1], [-2, -2, 0], [2, 2, 0]]
    bad = ["A", "AAA.", "AA.A", "AA.AA.AA", "A?.", "<>.", "AA" * 401 + ".", "\n\n."]
    text, again, parts, read = ran(
        f"""{CURVES} const text = pointsWritten(data.points), again = pointsRead(text);
      return [text, again, dataOf({{ set: "drawn", noise: 0.3, seed: 1, drawn: again }}), data.bad.map(pointsRead)];""",
        {"points": points, "bad": bad},
    )
    assert text == "A_AA__._AKh" and sorted(again) == sorted(points)
    assert parts["learned"]["n"] == 4 and parts["held"]["n"] == 1
    assert read == [None] * len(bad)


def differences(random_):
    """Two columns as they come: few and many, skewed, equal, tied, some diverged."""
    n = random_.choice([0, 1, 2, 4, 5, 6, 7, 8, 10, 14, 20, 40])
    size = 10 ** random_.uniform(-4, 0)
    centre = random_.choice([0, 0, 0.003, -0.02, 0.3, size, -size, 2 * size, -2 * size])
    kind = random_.choice(["normal", "skewed", "left", "equal", "zero", "shares", "far"])
    draw = {
        "normal": lambda: random_.gauss(0, 1),
        "skewed": lambda: random_.expovariate(1) - 1,
        "left": lambda: 1 - random_.expovariate(1) ** 2,
        "equal": lambda: 1.0,
        "zero": lambda: 0.0,
        "shares": lambda: random_.randrange(-3, 4) / 400 / size,
        "far": lambda: random_.gauss(0, 0.01) + 5 * (random_.random() < 0.1),
    }[kind]
    base = [0.9 + 0.01 * random_.gauss(0, 1) for _ in range(n)]
    own = [b + (centre if kind not in ("zero", "equal") else 0) + size * draw() for b in base]
    lost = random_.choice([0, 0, 0, 0.1, 0.9])
    own = [math.nan if random_.random() < lost else value for value in own]
    lost = random_.choice([0, 0, 0, 0.1, 0.5])
    base = [math.nan if random_.random() < lost else value for value in base]
    return own, base, random_.choice([0.01, 0.001, 0.0])


@pytest.mark.parametrize("count", [120, pytest.param(3000, marks=pytest.mark.large)])
def test_verdicts_are_those_of_until_decided(count):
    random_ = random.Random(18)
    sets = [differences(random_) for _ in range(count)]
    found = ran(f"{CURVES} return data.map((one) => judgedPairs(...one));", sets)
    seen, largest = set(), 0.0
    for (own, base, margin), ours in zip(sets, found, strict=True):
        table = {"relu": dict(enumerate(base)), "own": dict(enumerate(own))}
        [known] = compare(table, margin=margin, sequential=True)
        for name in ("difference", "low", "high", "p", "pDiverged"):
            mine, theirs = ours[name], getattr(known, name.replace("pD", "p_d"))
            assert math.isnan(mine) == math.isnan(theirs) and math.isinf(mine) == math.isinf(theirs), name
            if math.isfinite(mine):
                largest = max(largest, abs(mine - theirs))
        for name in ("n", "seeds", "verdict", "decided", "further", "diverged"):
            assert ours[name] == getattr(known, name), name
        assert ours["otherDiverged"] == known.baseline_diverged
        seen |= {known.verdict, "further" if known.further else ""}
    assert largest <= 1e-9
    assert seen >= {
        "undecided", "too few seeds", "better", "worse", "practically equal", "better, perhaps slightly",
        "worse, perhaps slightly", "the same function", "unstable", "stabler", "further",
    }, seen  # fmt: skip
