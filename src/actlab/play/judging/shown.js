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

// What to do about a wrong number, by how it is wrong.
export function mendOf(got, should, what) {
  if (Number.isNaN(got)) {
    return "NaN comes of inf - inf, 0 * inf or inf / inf: clamp the argument of exp or of a square, also in the " +
      "branch of torch.where that is not taken, or use expm1, sigmoid, softplus.";
  }
  if (!Number.isFinite(got)) {
    return "An intermediate overflows: clamp it, or take out the large factor (log1p, softplus, sigmoid).";
  }
  if (what !== "f") {
    return "Digits of the slope cancel: write f without a difference, or take the form that actlab derives.";
  }
  return `${got === 0 && should !== 0 ? "All digits" : "Digits"} cancel: ` +
    "use a form without a difference, such as expm1, log1p, erfc, sigmoid(-x).";
}

// Where bad places lie among those that were judged: "from x = 17 on", "at x = 0", "from x = -10 to -87".
export function runsIn(points, bad, judged) {
  const isBad = new Set(bad), places = [...judged.keys()].filter((place) => isBad.has(judged[place]));
  const at = (place) => points[judged[place]] + 0;
  const hull = (side) => {
    const [near, far] = [side[0], side.at(-1)], isEnd = far === 0 || far === judged.length - 1;
    const isDense = 2 * side.length > Math.abs(far - near);
    return { near: at(near), far: at(far), isEnd, isDense, count: side.length };
  };
  const right = places.filter((place) => at(place) >= 0), left = places.filter((place) => at(place) < 0).reverse();
  if (!left.length || !right.length) return hullText(hull(left.length ? left : right));
  const [one, other] = [hull(right), hull(left)];
  const isEven = one.far === -other.far && (one.near === -other.near || Math.max(one.near, -other.near) < TINIEST);
  if (isEven && one.far !== 0) return hullText(one, "|x|");
  const both = [one, other].sort((a, b) => Math.abs(a.near) - Math.abs(b.near));
  return [...new Set(both.map((side) => hullText(side)))].join(" and ");
}

const TINIEST = 1e-30;

function hullText({ near, far, isEnd, isDense, count }, x = "x") {
  const [from, to] = [near, far].map((value) => general(value, 4));
  if (count === 1 && !isEnd) return `at ${x} = ${from}`;
  const size = Math.abs(near), here = isDense ? "" : "here and there ";
  if (isEnd && size < TINIEST) return here + (x === "|x|" ? "everywhere" : `${far > 0 ? "above" : "below"} x = 0`);
  if (isEnd) return `${here}from ${x} = ${from} ${near > 0 ? "on" : "down"}`;
  return size < TINIEST ? `${here}between ${x} = 0 and ${to}` : `${here}from ${x} = ${from} to ${to}`;
}
