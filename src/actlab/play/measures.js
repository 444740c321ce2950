// What a worker measures of a function for the page: what it is like, where digits are lost, what depth does.
import { depthOf } from "./properties/depth.js";
import { made, understood } from "./numbers/functions.js";
import { properties } from "./properties/properties.js";
import { lostIn } from "./curves/sampling.js";

// Of { text }, seen from low to high.
export function measureFunction({ text, low, high }) {
  const curve = made(understood(text));
  return { ...properties(curve), lost: lostIn(curve, low, high) };
}

// For each start, what `depthOf` gives.
export function measureDepth({ text, layers, starts }) {
  const curve = made(understood(text));
  return starts.map((start) => depthOf(curve, layers, start));
}
