// Means at a normal input, E f, E f^2 and E f'^2, by Gauss-Legendre between the kinks; and gain and chi, made of them.
const NORMAL_REACH = 14;  // beyond it the normal density is below 1e-43
const KEEPS = 0.01;  // chi this near to 1 neither explodes nor vanishes

// A function of arrays, from one that fills an array.
export const onArrays = (fill) => (xs) => {
  const out = new Float64Array(xs.length);
  fill(xs, out);
  return out;
};

// Nodes and weights on [-1, 1]: the roots of the Legendre polynomial P_n, by Newton's method.
export function legendre(count) {
  const nodes = new Float64Array(count), weights = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    let x = -Math.cos(Math.PI * (at + 0.75) / (count + 0.5)), slope = 0;
    for (let round = 0; round < 8; round++) {
      let before = 1, now = x;
      for (let n = 2; n <= count; n++) [before, now] = [now, ((2 * n - 1) * x * now - (n - 1) * before) / n];
      slope = count * (before - x * now) / (1 - x * x);
      x -= now / slope;
    }
    nodes[at] = x;
    weights[at] = 2 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

const GAUSS = legendre(16);
const inOrder = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);

// E f, E f^2 and E f'^2 of an input that is normal with variance `q`: halved until nothing changes. `f` and `slope` are
// functions of arrays.
export function momentsOf(f, slope, kinks = [], q = 1) {
  const wide = Math.sqrt(q), steps = Array.from({ length: 4 * NORMAL_REACH + 1 }, (_, n) => n / 2 - NORMAL_REACH);
  const places = [...steps, ...steps.map((x) => x / wide), ...kinks.map((x) => x / wide)].map((x) => x + 0);
  let edges = inOrder(places.filter((x) => Math.abs(x) <= NORMAL_REACH));
  let now = integrals(f, slope, edges, wide);
  for (let round = 0; round < 4; round++) {
    edges = inOrder([...edges, ...edges.slice(1).map((x, n) => (x + edges[n]) / 2)]);
    const before = now;
    now = integrals(f, slope, edges, wide);
    if (now.every((one, n) => isNear(before[n], one))) break;
  }
  const [mean, second, slopeSecond] = now;
  return { mean: Math.abs(mean) < 1e-12 ? 0 : mean, second, slopeSecond };
}

const isNear = (one, other) => Object.is(one, other) || Math.abs(one - other) <= 1e-12 + 1e-10 * Math.abs(other);

function integrals(f, slope, edges, wide) {
  const z = new Float64Array(GAUSS.nodes.length * (edges.length - 1)), weights = new Float64Array(z.length);
  for (let cell = 0, at = 0; cell < edges.length - 1; cell++) {
    const half = (edges[cell + 1] - edges[cell]) / 2, middle = (edges[cell + 1] + edges[cell]) / 2;
    for (let n = 0; n < GAUSS.nodes.length; n++, at++) {
      z[at] = middle + half * GAUSS.nodes[n];
      weights[at] = half * GAUSS.weights[n] * Math.exp(-z[at] * z[at] / 2) / Math.sqrt(2 * Math.PI);
    }
  }
  const x = z.map((one) => wide * one), values = f(x), slopes = slope(x);
  const sum = (term) => z.reduce((total, one, n) => {
    const value = term(n), isBrokenTail = !Number.isFinite(value) && Math.abs(one) > 9;  // all of it weighs below 1e-18
    return isBrokenTail ? total : total + value * weights[n];
  }, 0);
  return [sum((n) => values[n]), sum((n) => values[n] ** 2), sum((n) => slopes[n] ** 2)];
}

// The gain that keeps the activations' mean square at 1; what a layer then multiplies a gradient's mean square by; a word.
export function gainOf({ second, slopeSecond }) {
  const gain = second > 0 ? 1 / Math.sqrt(second) : NaN, chi = gain * gain * slopeSecond;
  return { gain, chi, depth: Math.abs(chi - 1) <= KEEPS ? "keeps" : chi > 1 ? "explodes" : "vanishes" };
}
