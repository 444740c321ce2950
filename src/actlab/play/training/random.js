// Random numbers that a seed fixes, the same in every browser: a stream of its own for each purpose.

// The stream of a seed and purpose: `even()` in [0, 1), `normal()` of mean 0 and variance 1, `order(n)` a permutation.
export function randomStream(seed, ...purpose) {
  let [a, b, c, counter] = streamState([seed, ...purpose].join("/"));
  const even = () => {  // sfc32, as PractRand has it
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let n = 0; n < 16; n++) even();  // until seeds that differ by a bit have nothing in common
  const normal = () => Math.sqrt(-2 * Math.log(1 - even())) * Math.cos(2 * Math.PI * even());
  return { even, normal, order: (n) => permutation(n, even) };
}

// Four words of a text: FNV-1a from four beginnings, mixed as murmur3 ends.
function streamState(text) {
  return [0x811c9dc5, 0x1234567, 0x9e3779b9, 0x7f4a7c15].map((start) => {
    let hash = start;
    for (let n = 0; n < text.length; n++) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  });
}

function permutation(n, even) {
  const places = Int32Array.from({ length: n }, (_, at) => at);
  for (let at = n - 1; at > 0; at--) {
    const other = Math.floor(even() * (at + 1));
    [places[at], places[other]] = [places[other], places[at]];
  }
  return places;
}
