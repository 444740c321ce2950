// A tree in float32 or float16, as PyTorch computes it: each step rounded to float32; float16 in float32, rounded once.
import { compiled } from "./evaluate.js";

export const DTYPES = ["float64", "float32", "float16"];

// As `compiled`, in one of DTYPES: inputs are rounded first, out come numbers of that dtype.
export function rounded(tree, names, dtype) {
  if (dtype === "float64") return compiled(tree, names);
  const { one, many } = compiled(tree, names, Float32Array);
  if (dtype === "float32") return { one, many };
  return {
    one: (x, values) => float16(one(float16(x), values)),
    many: (xs, values, out) => {
      const found = many(xs.map(float16), values, out);
      for (let i = 0; i < found.length; i++) found[i] = float16(found[i]);
      return found;
    },
  };
}

const double = new Float64Array(1), halves = new Uint32Array(double.buffer);

// The nearest number of the dtype.
export const nearestOf = { float64: (x) => x, float32: Math.fround, float16 };

export function float16(x) {
  const size = Math.abs(x);
  if (!(size < 65520)) return size >= 65520 ? Math.sign(x) * Infinity : x;
  double[0] = x;
  const exponent = Math.max(((halves[1] >>> 20) & 2047) - 1023, -14);  // below, steps are no finer
  const step = 1.5 * 2 ** (exponent + 42);  // of a number of this size the last bit is that of a float16
  return x === 0 ? x : x + step - step;
}
