// What depth does to the sizes of signal and gradient at the start, in the limit of wide layers: the length map of Poole
// et al. 2016 (arXiv:1606.05340, Exponential expressivity in deep neural networks through transient chaos) and the
// gradient's of Schoenholz et al. 2017 (arXiv:1611.01232, Deep Information Propagation).
import { gainOf, gradedFor, momentsOf, onArrays, slopeOf } from "./moments.js";

const SURE = 0.005;  // this near to 1 a factor of size keeps it: chi, its square, within 0.01

// `start`: "pytorch" (weights of variance 1/(3 inputs)), "gain" (gain^2/inputs, by the activation's own gain), or a gain of
// one's own. The first layer takes inputs of mean square 1, by weights of variance 1/inputs unless PyTorch draws them, whose
// biases, of variance 1/(3 inputs) too, weigh nothing in the limit, but keep the signal of layers of a finite `width` alive.
// Of each layer from 1 on: `signals`, the root of the mean square of f(z); `gradients`, that of dL/dz as a share of the
// last layer's; and `factor`, what a layer multiplies the gradient's size by, in the geometric mean.
export function depthOf(curve, layers, start, width = Infinity) {
  const f = onArrays((xs, out) => curve.values(xs, out)), slope = slopeOf(curve);
  const kinks = [...curve.kinks], graded = gradedFor(curve), own = momentsOf(f, slope, kinks, 1, graded);
  const bias = start === "pytorch" ? 1 / (3 * width) : 0;
  const weight = { pytorch: 1 / 3, gain: gainOf(own).gain ** 2 }[start] ?? start ** 2;
  const signals = [], factors = [];
  for (let layer = 0, q = start === "pytorch" ? 1 / 3 + bias : 1; layer < layers; layer++) {
    const { second, slopeSecond } = q === 1 ? own : momentsOf(f, slope, kinks, q, graded);
    signals.push(Math.sqrt(second));
    factors.push(Math.sqrt(weight * slopeSecond));
    q = start === "gain" ? 1 : weight * second + bias;  // the gain keeps it: rounding would leave where that is unstable
  }
  const gradients = [1], passed = layers > 1 ? factors.slice(0, -1) : factors;
  for (const factor of factors.slice(0, -1).reverse()) gradients.unshift(gradients[0] * factor);
  // by logarithms: the product may be no double
  const factor = Math.exp(passed.reduce((sum, one) => sum + Math.log(one), 0) / passed.length);
  return { signals, gradients, isKept: start !== "gain" || Number.isFinite(weight), factor };
}

// What a layer does to the gradient, as one says it: `factor` is what its size (the root of its mean square) is multiplied by.
export function gradientInWords(factor) {
  if (!Number.isFinite(factor)) return "What depth does to the gradient is undecided: its mean square does not exist.";
  if (Math.abs(factor - 1) <= SURE) return "Each layer keeps the gradient's size.";
  return `Each layer multiplies the gradient's size by ${Number(factor.toPrecision(3))}.`;
}
