"use strict";
// f and its slope, in forms that stay right where e^x is too large or next to nothing. A test compares them with actlab's.
const sigmoid = (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const density = (x) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);

// The probability that a standard normal is below x.
function normal(x) {
  if (Math.abs(x) < 3) {  // a series of one sign
    let term = x, sum = x;
    for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) sum += term *= x * x / n;
    return 0.5 + density(x) * sum;
  }
  let rest = 0;  // a continued fraction of the tail
  for (let n = 100; n > 0; n--) rest = n / (Math.abs(x) + rest);
  const tail = density(x) / (Math.abs(x) + rest);
  return x < 0 ? tail : 1 - tail;
}

const CURVES = {
  relu: { f: (x) => (x > 0 ? x : 0), slope: (x) => (x > 0 ? 1 : 0), corner: [0, 1] },
  leaky_relu: { f: (x) => (x > 0 ? x : 0.01 * x), slope: (x) => (x > 0 ? 1 : 0.01), corner: [0.01, 1] },
  tanh: { f: Math.tanh, slope: (x) => 4 * sigmoid(2 * x) * sigmoid(-2 * x) },
  sigmoid: { f: sigmoid, slope: (x) => sigmoid(x) * sigmoid(-x) },
  softplus: {  // x itself from 20 on, as PyTorch has it
    f: (x) => (x > 20 ? x : Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
    slope: (x) => (x > 20 ? 1 : sigmoid(x)),
  },
  elu: { f: (x) => (x > 0 ? x : Math.expm1(x)), slope: (x) => (x > 0 ? 1 : Math.exp(x)) },
  silu: { f: (x) => x * sigmoid(x), slope: (x) => sigmoid(x) * (1 + x * sigmoid(-x)) },
  gelu: { f: (x) => x * normal(x), slope: (x) => normal(x) + x * density(x) },
};
