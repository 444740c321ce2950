// Numbers in few digits, as Python's format codes .3g, .6g and .17g write them.

// %.{digits}g of Python: half goes to even, no zeros at the end.
export function general(value, digits) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa, exponent] = roundedToEven(value, digits);
  const power = Number(exponent);
  if (power < -4 || power >= digits) {
    return `${withoutZeros(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return withoutZeros(Number(`${mantissa}e${power}`).toFixed(Math.max(0, digits - 1 - power)));
}

// Two numbers in as many digits as tell them apart.
export function toldApart(value, other) {
  const both = (digits) => [general(value, digits), general(other, digits)];
  return [6, 9, 12].map(both).find(([one, beside]) => one !== beside) ?? both(17);
}

function roundedToEven(value, digits) {
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const [longer, power] = value.toExponential(digits).split("e");
  if (!longer.endsWith("5") || Number(`${longer}e${power}`) !== value) return [mantissa, exponent];
  const below = longer.slice(0, -1).replace(/\.$/, "");  // a tie, which JavaScript takes away from 0
  return "02468".includes(below.at(-1)) ? [below, power] : [mantissa, exponent];
}

const withoutZeros = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
