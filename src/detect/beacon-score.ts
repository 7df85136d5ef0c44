/** Regularity of one series of numbers, and the quartiles that it rests on. */
export interface Spread {
  /** 0 for none, 1 where all numbers are the same. */
  readonly score: number;
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
  /** Median of the distances to the median. */
  readonly deviation: number;
}

/**
 * Where quartiles are nearer than this, their skew says nothing: of intervals in seconds as in RITA; of bytes what the headers of two packets
 * take, since it hangs on the moment whether the same words need an acknowledgement more.
 */
const leastRange = { seconds: 10, bytes: 144 } as const;

/**
 * Returns how regular numbers are: half by their quartiles' symmetry (Bowley's skewness), half by the median absolute deviation against the
 * median. The two measures and their limits are those of RITA 5 (`analysis/beacons.go`).
 */
export function spreadOf(numbers: Float64Array, unit: keyof typeof leastRange): Spread {
  const sorted = numbers.toSorted();
  const [lower, median, upper] = [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)];
  const range = upper - lower;
  const isFlat = range < leastRange[unit] || median === lower || median === upper;
  const skew = isFlat ? 0 : Math.abs((lower + upper - 2 * median) / range);
  const deviation = quantile(sorted.map((number) => Math.abs(number - median)).sort(), 0.5);
  const nearness = median > 0 ? Math.max(0, 1 - deviation / median) : deviation === 0 ? 1 : 0;
  return { score: (1 - skew + nearness) / 2, lower, median, upper, deviation };
}

/** What is known of the connections of one pair; times in ms. */
export interface BeaconRecord {
  /** Beginnings of the last connections, ascending. */
  readonly times: Float64Array;
  /** Bytes sent in each, of those of which somebody counted them. */
  readonly bytes: Float64Array;
  /** Connections by hour, the last 24, the oldest first. */
  readonly hours: Uint32Array;
  /** From the first to the last connection of these hours. */
  readonly spanMs: number;
}

/** The four parts, each 0 to 1, and their mean. */
export interface BeaconScore {
  readonly total: number;
  readonly intervals: Spread;
  /** Undefined where nobody counted bytes: the mean is of the others then. */
  readonly sizes: Spread | undefined;
  readonly duration: number;
  readonly evenness: number;
  /** Hours with connections. */
  readonly hoursSeen: number;
}

const dayMs = 86_400_000;
/** Hours with connections below which a duration says nothing, and in a row at which it is complete. */
const leastHours = 6;
const fullRun = 12;
const hourMs = 3_600_000;

/**
 * Returns how much like a beacon a pair's connections are, after RITA 5: regular intervals, equal sizes, for how long (share of the day, or hours
 * in a row), and how evenly over the hours (coefficient of variation), a quarter each. Evenness is of whole hours since the
 * first connection, of half a day at least: RITA looks at days that are over, and would else call uneven what began this morning.
 */
export function scoreBeacon({ times, bytes, hours, spanMs }: BeaconRecord): BeaconScore {
  const gaps = new Float64Array(Math.max(times.length - 1, 0));
  for (let at = 0; at < gaps.length; at++) gaps[at] = (times[at + 1]! - times[at]!) / 1000;
  const intervals = spreadOf(gaps, 'seconds');
  const sizes = bytes.length * 2 > times.length ? spreadOf(bytes, 'bytes') : undefined;
  const hoursSeen = hours.reduce((seen, count) => seen + (count > 0 ? 1 : 0), 0);
  const duration =
    hoursSeen < leastHours ? 0 : Math.min(1, Math.max(spanMs / dayMs, longestRun(hours) / fullRun));
  const evenness = evennessOf(wholeHours(hours, spanMs));
  const parts = [intervals.score, ...(sizes ? [sizes.score] : []), duration, evenness];
  const total = parts.reduce((sum, part) => sum + part, 0) / parts.length;
  return { total, intervals, sizes, duration, evenness, hoursSeen };
}

/** Hours over which evenness is asked: neither the last one, which is not over, nor the one in which it began. */
function wholeHours(hours: Uint32Array, spanMs: number): Uint32Array {
  const count = Math.min(hours.length, Math.max(fullRun, Math.floor(spanMs / hourMs))) - 1;
  return hours.subarray(hours.length - 1 - count, hours.length - 1);
}

function longestRun(hours: Uint32Array): number {
  let run = 0;
  let longest = 0;
  for (const count of hours) {
    run = count > 0 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

function evennessOf(hours: Uint32Array): number {
  const mean = hours.reduce((sum, count) => sum + count, 0) / hours.length;
  if (mean === 0) return 0;
  const variance = hours.reduce((sum, count) => sum + (count - mean) ** 2, 0) / hours.length;
  return Math.max(0, 1 - Math.sqrt(variance) / mean);
}

/** By linear interpolation; NaN of nothing. */
function quantile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const low = sorted[below]!;
  return low + (sorted[Math.min(below + 1, sorted.length - 1)]! - low) * (place - below);
}
