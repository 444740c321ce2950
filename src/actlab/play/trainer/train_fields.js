// What training depends on, as it stands in the state and in the address.
import { DATA_SETS, pointsRead, pointsWritten } from "../training/sets2d.js";

export const MOST_LAYERS = 4;
export const MOST_UNITS = 16;

const within = (least, most, isWhole = true) => (text) => {
  const value = /^[\d.e+-]+$/i.test(text) ? Number(text) : NaN;
  return value >= least && value <= most && (!isWhole || Number.isInteger(value)) ? value : undefined;
};
const oneOf = (choices) => (text) => (choices.includes(text) ? text : undefined);
const numberField = (value, read) => ({ default: value, read, write: String });

// What each field takes, said beside it.
export const ALLOWED = {
  rate: "0.00001 to 1000", batch: "1 to 400", seed: "0 to 999,999", units: `1 to ${MOST_UNITS}`, steps: "10 to 20,000",
};
export const readUnits = within(1, MOST_UNITS);
const readWidths = (text) => {
  const widths = text.split(",").map(readUnits);
  return widths.length <= MOST_LAYERS && widths.every(Boolean) ? widths : undefined;
};

export const TRAIN_FIELDS = {
  data: { default: "spirals", read: oneOf(Object.keys(DATA_SETS)), write: String },
  noise: numberField(0.1, within(0, 0.5, false)),
  points: { default: [], read: pointsRead, write: pointsWritten },
  layers: { default: [8, 8], read: readWidths, write: (widths) => widths.join(",") },
  // The function of each hidden layer, "" being THE function.
  each: {
    default: ["", "", "", ""],
    read: (text) => (text.length <= 2000 ? padded(text.split(";").map((one) => one.trim())) : undefined),
    write: (texts) => texts.join(";").replace(/;+$/, ""),
  },
  rate: numberField(0.01, within(1e-5, 1000, false)),
  rule: { default: "adam", read: oneOf(["adam", "sgd"]), write: String },
  batch: numberField(32, within(1, 400)),
  start: { default: "pytorch", read: oneOf(["pytorch", "kaiming", "gain"]), write: String },
  seed: numberField(1, within(0, 999999)),
  steps: numberField(1000, within(10, 20000)),
};

const padded = (texts) => (texts.length <= MOST_LAYERS ? [...texts, "", "", "", ""].slice(0, MOST_LAYERS) : undefined);
