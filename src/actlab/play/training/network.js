// Fully connected networks with one output: forward, backward by hand, and the rules that change weights.

// widths: of the hidden layers; gains: of the functions before each layer, for the start "gain".
// All weights and biases lie in one array, so that a rule is one loop; layers hold views of it.
export function createNetwork({ inputs, widths, start, gains }, random) {
  const sizes = [inputs, ...widths, 1];
  const count = widths.concat(1).reduce((sum, width, n) => sum + width * (sizes[n] + 1), 0);
  const [parameters, gradients] = [new Float64Array(count), new Float64Array(count)];
  let at = 0;
  const layers = widths.concat(1).map((outputs, n) => {
    const from = at, rows = from + outputs * sizes[n];
    at = rows + outputs;
    const views = (all) => [all.subarray(from, rows), all.subarray(rows, at)];
    const [[weights, biases], [dWeights, dBiases]] = [views(parameters), views(gradients)];
    drawWeights(start, { weights, biases, inputs: sizes[n], gain: n ? gains[n - 1] : 1 }, random);
    return { inputs: sizes[n], outputs, weights, biases, dWeights, dBiases };
  });
  return { layers, parameters, gradients };
}

// As PyTorch's Linear draws them; or normals of variance gain^2 / inputs: 2 / inputs everywhere (kaiming), or by the
// function's own gain, 1 before the first layer, as `--init gain`.
function drawWeights(start, { weights, biases, inputs, gain }, random) {
  const edge = 1 / Math.sqrt(inputs), scale = (start === "kaiming" ? Math.SQRT2 : gain) * edge;
  const even = () => edge * (2 * random.even() - 1), normal = () => scale * random.normal();
  for (let n = 0; n < weights.length; n++) weights[n] = start === "pytorch" ? even() : normal();
  for (let n = 0; n < biases.length; n++) biases[n] = start === "pytorch" ? even() : 0;
}

// 1 / sqrt(E f(z)^2) for z ~ N(0, 1), as the engine's `gain` has it; 1 where that is no number.
export function startGain(curve) {
  const zs = Float64Array.from({ length: 24001 }, (_, n) => n / 1000 - 12);
  const ys = curve.values(zs, new Float64Array(zs.length));
  let square = 0;
  for (let n = 0; n < zs.length; n++) {
    square += ys[n] * ys[n] * Math.exp(-0.5 * zs[n] * zs[n]) * (n % (zs.length - 1) ? 1 : 0.5);
  }
  square /= 1000 * Math.sqrt(2 * Math.PI);
  return square > 0 && Number.isFinite(square) ? 1 / Math.sqrt(square) : 1;
}

// What n samples need on their way: z, y and slope of each layer, and what comes back.
export function createRoom({ layers }, n) {
  return {
    n,
    places: layers.map(({ outputs }, at) => {
      const keys = at < layers.length - 1 ? ["z", "y", "slope", "d"] : ["z", "d"];
      return Object.fromEntries(keys.map((key) => [key, new Float64Array(n * outputs)]));
    }),
  };
}

// The outputs of n rows of xs; `curves` has the function of each hidden layer.
export function forwardThrough({ layers }, curves, xs, room) {
  let x = xs;
  layers.forEach((layer, at) => {
    const { z, y } = room.places[at];
    linearForward(layer, x, room.n, z);
    if (y) curves[at].values(z, y);
    x = y;
  });
  return room.places.at(-1).z;
}

function linearForward({ inputs, outputs, weights, biases }, x, n, z) {
  for (let s = 0; s < n; s++) {
    for (let o = 0; o < outputs; o++) {
      let sum = biases[o];
      for (let i = 0, w = o * inputs, at = s * inputs; i < inputs; i++) sum += weights[w + i] * x[at + i];
      z[s * outputs + o] = sum;
    }
  }
}

// Gradients of the mean loss, from its slope to the outputs, which stands in the last place's d.
export function backwardThrough({ layers }, curves, xs, room) {
  for (let at = layers.length - 1; at >= 0; at--) {
    const layer = layers[at], { d } = room.places[at], before = room.places[at - 1];
    linearGradients(layer, before ? before.y : xs, room.n, d);
    if (!before) return;
    linearBackward(layer, d, room.n, before.d);
    curves[at - 1].slopes(before.z, before.slope);
    for (let n = 0; n < before.d.length; n++) before.d[n] *= before.slope[n];
  }
}

function linearGradients({ inputs, outputs, dWeights, dBiases }, x, n, d) {
  dWeights.fill(0);
  dBiases.fill(0);
  for (let s = 0; s < n; s++) {
    for (let o = 0; o < outputs; o++) {
      const come = d[s * outputs + o];
      dBiases[o] += come;
      for (let i = 0, w = o * inputs, at = s * inputs; i < inputs; i++) dWeights[w + i] += come * x[at + i];
    }
  }
}

function linearBackward({ inputs, outputs, weights }, d, n, dx) {
  dx.fill(0);
  for (let s = 0; s < n; s++) {
    for (let o = 0; o < outputs; o++) {
      const come = d[s * outputs + o];
      for (let i = 0, w = o * inputs, at = s * inputs; i < inputs; i++) dx[at + i] += come * weights[w + i];
    }
  }
}

// Of one sample: the loss, and its slope with respect to the output.
export const LOSSES = {
  entropy: {  // of a class, 0 or 1, the output being a logit
    value: (z, y) => Math.max(z, 0) - z * y + Math.log1p(Math.exp(-Math.abs(z))),
    slope: (z, y) => logistic(z) - y,
  },
  squared: { value: (z, y) => (z - y) ** 2, slope: (z, y) => 2 * (z - y) },
};

export function logistic(z) {
  const small = Math.exp(-Math.abs(z));
  return (z < 0 ? small : 1) / (1 + small);
}

export function meanLoss({ value }, outputs, ys) {
  let sum = 0;
  for (let n = 0; n < ys.length; n++) sum += value(outputs[n], ys[n]);
  return sum / ys.length;
}

// The slope of the mean loss goes into the last place's d.
export function lossSlopes({ slope }, ys, room) {
  const { z, d } = room.places.at(-1);
  for (let n = 0; n < ys.length; n++) d[n] = slope(z[n], ys[n]) / ys.length;
}

// Rules as torch.optim has them: each makes a function that changes the parameters by the gradients.
export const OPTIMIZERS = {
  sgd: ({ parameters, gradients }, rate) => () => {
    for (let n = 0; n < parameters.length; n++) parameters[n] -= rate * gradients[n];
  },
  adam: ({ parameters, gradients }, rate) => {
    const [first, second] = [new Float64Array(parameters.length), new Float64Array(parameters.length)];
    let step = 0;
    return () => {
      step += 1;
      const size = rate / (1 - 0.9 ** step), root = Math.sqrt(1 - 0.999 ** step);
      for (let n = 0; n < parameters.length; n++) {
        const g = gradients[n];
        first[n] = 0.9 * first[n] + (1 - 0.9) * g;
        second[n] = 0.999 * second[n] + (1 - 0.999) * g * g;
        parameters[n] -= (size * first[n]) / (Math.sqrt(second[n]) / root + 1e-8);
      }
    };
  },
};
