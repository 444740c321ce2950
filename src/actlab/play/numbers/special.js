// Functions that JavaScript lacks, to the last digits of a double: erf and its tail, and those made of exp.
import { ERF_NEAR, TAIL, TAIL_FIRST, TAIL_WIDTH } from "./coefficients.js";

const BEYOND = 27.5;  // erfc is 0 from here on
const SCALE = 128;  // e^-SCALE is multiplied last, so that no part is rounded as a denormal

export function erf(x) {
  if (Math.abs(x) < 0.5) return erfNear(x);
  return x > 0 ? 1 - erfcRight(x) : x < 0 ? erfcRight(-x) - 1 : NaN;
}

export function erfc(x) {
  if (Math.abs(x) < 0.5) return 1 - erfNear(x);
  return x > 0 ? erfcRight(x) : x < 0 ? 2 - erfcRight(-x) : NaN;
}

function erfNear(x) {
  const square = x * x;
  let sum = 0;
  for (let k = ERF_NEAR.length - 1; k >= 0; k--) sum = sum * square + ERF_NEAR[k];
  return x + x * sum;
}

// exp(-x^2) by a polynomial, for x >= 0.5; the square is split, for its rounding would be multiplied by x^2.
function erfcRight(x) {
  if (x >= BEYOND) return 0;
  const s = 2 / (2 + x), row = TAIL[Math.min(Math.floor((s - TAIL_FIRST) / TAIL_WIDTH), TAIL.length - 1)];
  const offset = s - row[0];
  let sum = 0;
  for (let k = row.length - 1; k > 0; k--) sum = sum * offset + row[k];
  const short = Math.fround(x), d = (short - x) * (short + x);  // below 1e-4
  const rest = (1 + d * (1 + d * (1 / 2 + d / 6))) * (sum * s);
  return x < 20 ? Math.exp(-short * short) * rest : Math.exp(SCALE - short * short) * rest * Math.exp(-SCALE);
}

export function sigmoid(x) {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const small = Math.exp(x);
  return small / (1 + small);
}

export const softplus = (x) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)));
export const logsigmoid = (x) => -softplus(-x);
export const relu = (x) => (x <= 0 ? 0 : x);  // NaN stays NaN
export const sign = (x) => (x > 0 ? 1 : x < 0 ? -1 : 0);  // of NaN 0, as PyTorch has it

const LARGEST_OF = { 4: 3.4028234663852886e38, 8: Number.MAX_VALUE };  // by the bytes of a number

// x, where it has overflowed the largest number: a sine of it is not NaN.
export function finite(x, bytes = 8) {
  if (Math.abs(x) !== Infinity) return x;
  return x > 0 ? LARGEST_OF[bytes] : -LARGEST_OF[bytes];
}
