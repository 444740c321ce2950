// The derivative of a function in steps, and the Python of both, as `actlab derive` prints them.
import { differentiate } from "../language/derivative.js";
import { made } from "../numbers/functions.js";
import { block, plainPython } from "../language/python.js";
import { steps } from "../language/steps.js";
import { text } from "../language/tree.js";

// The block is of the form that the page computes.
export function derivationOf(meaning) {
  const { node, learned } = meaning, curve = made(meaning);
  const slopes = Object.fromEntries(["x", ...learned].map((name) => [name, curve.trees.by(name)]));
  return {
    isPlain: curve.form === "plain", lines: steps(node), slope: text(differentiate(node)),
    plain: plainPython({ reading: meaning, value: curve.trees.value }),
    python: block({ reading: meaning, value: curve.trees.value, slopes, kinks: [...curve.kinks] }),
  };
}
