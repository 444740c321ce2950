// A name of the catalogue with its parameters, as people write it: leaky_relu(0.2), swish(beta=2).
import { Refusal } from "./parse.js";
import { numeral } from "./tree.js";

const ARGUMENT = /^\s*(?:([A-Za-z_]\w*)\s*=)?\s*([-+]?\s*(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*$/;

export const valueText = (value) => numeral(value).replace(/\.0$/, "");

// leaky_relu(0.2): by position where what is given are the first parameters.
export function labelOf(facts, given) {
  const own = Object.keys(facts.parameters), keys = own.filter((one) => Object.hasOwn(given, one));
  if (!keys.length) return facts.name;
  const byPlace = keys.every((key, at) => key === own[at]);
  return `${facts.name}(${keys.map((key) => (byPlace ? "" : `${key}=`) + valueText(given[key])).join(", ")})`;
}

// The parameters in (0.2, beta=1.5) that differ from the defaults, or are learned unless given.
export function argumentsOf(facts, call, at) {
  const own = Object.keys(facts.parameters), values = new Map();
  const pairs = own.map((key) => `${key}=${valueText(facts.parameters[key])}`).join(", ");
  const example = own.length ? `${facts.name}(${pairs})` : facts.name;
  const refused = (why) => new Refusal(`${facts.name}${call}: ${why}, for example ${example}.`, at, call.length);
  const parts = call.slice(1, -1).replace(/,\s*$/, "").split(",");
  let isNamed = false;  // from here on
  for (const part of /^\s*$/.test(parts.join(",")) ? [] : parts) {
    const match = ARGUMENT.exec(part), value = match && Number(match[2].replace(/\s/g, ""));
    if (!match || !Number.isFinite(value) || (isNamed && !match[1])) throw refused("parameters are numbers");
    isNamed ||= Boolean(match[1]);
    const key = match[1] ?? own[values.size];
    if (!own.includes(key) || values.has(key)) {
      throw refused(own.length ? `${facts.name} takes ${own.join(", ")}` : `${facts.name} takes no parameters`);
    }
    values.set(key, value + 0);
  }
  const tells = (key) => values.get(key) !== facts.parameters[key] || facts.learned.includes(key);
  const kept = own.filter((key) => values.has(key) && tells(key));
  return Object.fromEntries(kept.map((key) => [key, values.get(key)]));
}
