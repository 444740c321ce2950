// Verdicts that hold at every look, for one comparison, as actlab/stats has them in sequential.py and skew.py.

export const LEAST_PAIRS = 5;
const TEST_LEVEL = 0.05, EFFECT_MIXTURE = 2, ROUNDING_SHARE = 1e-12, MOST_SEEDS = 100000;
const SKEW = { shown: 2, chance: 0.7, most: 1.25, sure: 2, outlying: 2 };  // as skew.py has them

// How many standard errors the interval of n pairs reaches; infinite while n is too small.
export function sequentialCritical(n, alpha = TEST_LEVEL) {
  if (n < LEAST_PAIRS) return Infinity;
  const grown = 1 + n * EFFECT_MIXTURE, ratio = (Math.sqrt(grown) / alpha) ** (2 / n);
  return ratio < grown ? Math.sqrt(((n - 1) * (ratio - 1)) / (1 - ratio / grown)) : Infinity;
}

function sequentialP(n, t) {
  const grown = 1 + n * EFFECT_MIXTURE, u = (t * t) / (n - 1);
  return Math.min(1, Math.sqrt(grown) * ((1 + u / grown) / (1 + u)) ** (n / 2));
}

// Of what only the first did and what only the other did.
function sequentialMcnemar(first, other) {
  const n = first + other;
  let ways = 1;
  for (let k = 1; k <= first; k++) ways = (ways * (n - first + k)) / k;
  return Math.min(1, ((n + 1) * ways) / 2 ** n);
}

// The comparison of two sides seed by seed: arrays of what is better when larger, NaN where a network diverged.
export function judgedPairs(own, other, margin) {
  const differences = own.map((value, at) => value - other[at]).filter((_, at) => bothFinished(own[at], other[at]));
  const n = differences.length, [mean, error] = meanAndError(differences);
  const skew = n >= LEAST_PAIRS && error > 0 ? skewnessOf(differences) : 0;
  const [leansLow, leansHigh] = n >= LEAST_PAIRS && error > 0 ? leaning(skew, n) : [0, 0];
  const p = pairedP(n, mean, error, mean > 0 ? leansLow : leansHigh);
  const [low, high] = pairedInterval(n, mean, error, p, leansLow, leansHigh);
  const alone = own.filter((value, at) => Number.isNaN(value) && !Number.isNaN(other[at])).length;
  const otherAlone = other.filter((value, at) => Number.isNaN(value) && !Number.isNaN(own[at])).length;
  const pDiverged = sequentialMcnemar(alone, otherAlone);
  let verdict = pairedVerdict(n, low, high, margin);
  if (error === 0 && mean === 0 && n >= LEAST_PAIRS) verdict = "the same function";
  if (pDiverged <= TEST_LEVEL) verdict = alone > otherAlone ? "unstable" : "stabler";
  const k = Math.max(leansLow, leansHigh);
  return {
    n, seeds: own.length, difference: mean, low, high, p, verdict, pDiverged,
    diverged: own.filter(Number.isNaN).length, otherDiverged: other.filter(Number.isNaN).length,
    decided: verdict !== "undecided" && verdict !== "too few seeds",
    further: verdict === "undecided" ? furtherSeeds(error, n, k, margin) : null,
  };
}

const bothFinished = (one, other) => Number.isFinite(one) && Number.isFinite(other);

function meanAndError(values) {
  const n = values.length;
  if (n === 0) return [NaN, NaN];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (most - least <= ROUNDING_SHARE * Math.max(Math.abs(least), Math.abs(most))) return [values[0], n > 1 ? 0 : NaN];
  const mean = values.reduce((sum, one) => sum + one, 0) / n;
  return [mean, Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (n - 1) / n)];
}

// Free of bias under a normal distribution; what is symmetric but for rounding has none.
function skewnessOf(values) {
  const n = values.length, mean = values.reduce((sum, one) => sum + one, 0) / n;
  const moment = (power) => values.reduce((sum, one) => sum + (one - mean) ** power, 0);
  const found = ((moment(3) / moment(2) ** 1.5) * n * Math.sqrt(n - 1)) / (n - 2);
  return Math.abs(found) > 1e-9 ? found : 0;
}

// k for the lower and for the upper end, of one comparison alone.
function leaning(skew, n) {
  const chance = (6 * n * (n - 1)) / ((n - 2) * (n + 1) * (n + 3));
  const beyond = Math.max(skew ** 2 - (1 + SKEW.chance) * chance, 0);
  const k = Math.max(Math.min(SKEW.shown * Math.sqrt(beyond), SKEW.most), 2 * (Math.abs(skew) - SKEW.outlying));
  const sure = SKEW.sure * Math.sqrt(chance);
  return [skew < 0 || skew < -sure ? k : 0, skew > 0 || skew > sure ? k : 0];
}

const reachSkewed = (critical, k, n) =>
  (k === 0 ? critical : critical + (k * (1 + 2 * critical ** 2)) / (6 * Math.sqrt(n)));

// The other way round.
function reachUnskewed(reach, k, n) {
  if (k === 0) return reach;
  const share = k / (6 * Math.sqrt(n)), rest = Math.max(reach - share, 0);
  return (2 * rest) / (1 + Math.sqrt(1 + 8 * share * rest));
}

function pairedP(n, mean, error, k) {
  if (n < LEAST_PAIRS) return NaN;
  if (error > 0) return sequentialP(n, reachUnskewed(Math.abs(mean / error), k, n));
  return mean === 0 ? 1 : 2 ** (1 - n);  // no spread to judge by: as for signs alone, all of them the same
}

function pairedInterval(n, mean, error, p, leansLow, leansHigh) {
  if (n < LEAST_PAIRS) return [NaN, NaN];
  if (error === 0) return p <= TEST_LEVEL ? [mean, mean] : [Math.min(mean, 0), Math.max(mean, 0)];
  const critical = sequentialCritical(n);
  return [mean - reachSkewed(critical, leansLow, n) * error, mean + reachSkewed(critical, leansHigh, n) * error];
}

function pairedVerdict(n, low, high, margin) {
  if (n < LEAST_PAIRS) return "too few seeds";
  if (low > margin || high < -margin) return low > 0 ? "better" : "worse";
  if (-margin < low && high < margin) return "practically equal";
  if (low > 0 || high < 0) return `${low > 0 ? "better" : "worse"}, perhaps slightly`;
  return "undecided";
}

// Seeds to add until the interval reaches half a margin to each side, the deviation staying what it is; null: none, or
// too many to tell.
function furtherSeeds(error, n, k, margin) {
  if (!(margin > 0 && error > 0)) return null;
  const deviation = error * Math.sqrt(n);
  const reach = (many) => (reachSkewed(sequentialCritical(many), k, many) * deviation) / Math.sqrt(many);
  const isEnough = (many) => reach(many) <= margin / 2;
  let [low, high] = [n, MOST_SEEDS + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle + 1;
  }
  return low <= MOST_SEEDS ? low - n || null : null;
}
