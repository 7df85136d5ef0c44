/**
 * Returns the largest mean of a Poisson distribution with which as few events as `count` still happen with the probability 1 - `confidence`: the one-sided
 * exact upper limit of the mean when so many were counted (Garwood, Biometrika 1936). 3.0 for none at 0.95.
 */
export function poissonUpperBound(count: number, confidence: number): number {
  let low = count;
  let high = count + 10 + 10 * Math.sqrt(count + 1);
  for (let step = 0; step < 60; step++) {
    const mean = (low + high) / 2;
    if (atMost(count, mean) > 1 - confidence) low = mean;
    else high = mean;
  }
  return high;
}

/** Probability of at most `count` events; summed from the last term down, which is the greatest where `mean` is larger. */
function atMost(count: number, mean: number): number {
  let logarithm = -mean;
  for (let k = 1; k <= count; k++) logarithm += Math.log(mean / k);
  let term = Math.exp(logarithm);
  let sum = term;
  for (let k = count; k > 0; k--) {
    term *= k / mean;
    sum += term;
    if (term < sum * 1e-17) break;
  }
  return sum;
}
