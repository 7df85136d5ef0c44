/** Peaks that a tail is estimated from; the oldest go. */
const maxPeaks = 200;
/** Peaks that there is room for at first, and that the first threshold is estimated from at least. */
const firstRoom = 32;
const leastPeaks = 10;
/** Below this the shape is 0: the tail is that of an exponential distribution. */
const shapeless = 1e-6;
/** No tail is taken for heavier: its moments would not be those of a sample (Hosking and Wallis 1987), and what is on at times and off at others looks so. */
const heaviest = 0.5;
/** Approximate bytes beside the peaks. */
const fixedBytes = 250;

/** How a threshold is found. */
export interface ExtremeValueOptions {
  /** Probability with which a usual observation is above the threshold. */
  readonly risk: number;
  /** Share of the observations that are no peaks; the tail is made of what is above. */
  readonly level: number;
  /** Observations that are learned from before there is a threshold. */
  readonly learn: number;
  /** Observations that the running mean is taken over, about; 0 where nothing drifts. */
  readonly drift: number;
}

/**
 * The threshold that usual observations of one series exceed with a given probability, learned as they come (SPOT; with `drift` DSPOT: Siffer,
 * Fouque, Termier and Largouët, "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017). What is above a high quantile follows a
 * generalized Pareto distribution, whatever the distribution is; it is fitted by probability-weighted moments (Hosking and Wallis, Technometrics 1987,
 * who find them more reliable than the greatest likelihood below 500 observations), where the paper takes the latter. The first quantile is that of
 * the greatest observations, kept alone; the mean that drifts is exponentially weighted instead of a window. So a series costs at most 1.9 KB.
 */
export class ExtremeValue {
  readonly #options: ExtremeValueOptions;
  /** While learning, the greatest observations as they are, less the mean; then a ring of how far peaks were above the quantile. */
  #peaks = new Float64Array(firstRoom);
  #kept = 0;
  #next = 0;
  /** Observations learned from, and those of them that were peaks. */
  #observed = 0;
  #peaked = 0;
  #mean = 0;
  #meanOf = 0;
  /** The first quantile and the threshold, less the mean. */
  #quantile = Number.POSITIVE_INFINITY;
  #threshold = Number.POSITIVE_INFINITY;
  /** Whether peaks have come since the threshold was estimated, which is done only when somebody asks. */
  #isBehind = false;

  constructor(options: ExtremeValueOptions) {
    this.#options = options;
  }

  /** Whether there is no threshold yet. */
  get isLearning(): boolean {
    return this.#quantile === Number.POSITIVE_INFINITY;
  }

  /** What a usual observation is below of; infinite while learning. */
  get threshold(): number {
    if (this.#isBehind) this.#estimate();
    return this.#threshold + this.#mean;
  }

  /** The mean that drifts, about which all is judged; 0 without drift. */
  get mean(): number {
    return this.#mean;
  }

  /** Observations that the threshold rests on. */
  get observed(): number {
    return this.#observed;
  }

  /** Approximate bytes held. */
  get bytes(): number {
    return fixedBytes + this.#peaks.byteLength;
  }

  /**
   * Tells whether an observation is above the threshold. Only of one that is not anything is learned, so that an attack never becomes usual; the
   * price is that usual ones above are missed too, and a threshold that began too low stays so: it is exceeded several times as often as was asked
   * for. Who knows that one above was no attack hands it to {@link learn}, and then it is exceeded as often as was asked for.
   */
  observe(value: number): boolean {
    if (value - this.#mean > this.#quantile && value > this.threshold) return true;
    this.learn(value);
    return false;
  }

  /** Learns from an observation that is known to be usual, also where it is above the threshold. */
  learn(value: number): void {
    const { drift, learn } = this.#options;
    const isDrifting = drift > 0;
    // The mean comes first: what is judged about no mean yet would all be peaks.
    if (isDrifting && this.#meanOf < Math.min(drift, learn)) {
      this.#meanOf++;
      this.#mean += (value - this.#mean) / this.#meanOf;
      return;
    }
    const above = value - this.#mean;
    this.#observed++;
    if (this.isLearning) this.#calibrate(above);
    else if (above > this.#quantile) this.#peak(above - this.#quantile);
    if (isDrifting) this.#mean += (2 / (drift + 1)) * (value - this.#mean);
  }

  /** Keeps the greatest observations; after the last one, the least of them is the quantile and the others are peaks. */
  #calibrate(above: number): void {
    const { level, learn } = this.#options;
    const room = Math.min(maxPeaks, Math.max(leastPeaks, Math.ceil((1 - level) * learn))) + 1;
    const peaks = this.#withRoom(room);
    if (this.#kept < room) peaks[this.#kept++] = above;
    else {
      const least = leastOf(peaks, room);
      if (above > peaks[least]!) peaks[least] = above;
    }
    if (this.#observed < Math.max(learn, room)) return;
    const sorted = peaks.slice(0, room).sort();
    this.#quantile = sorted[0]!;
    for (let at = 1; at < room; at++) peaks[at - 1] = sorted[at]! - this.#quantile;
    this.#kept = room - 1;
    this.#peaked = this.#kept;
    this.#next = this.#kept % maxPeaks;
    this.#isBehind = true;
  }

  #peak(above: number): void {
    this.#withRoom(this.#next + 1)[this.#next] = above;
    this.#next = (this.#next + 1) % maxPeaks;
    this.#kept = Math.min(this.#kept + 1, maxPeaks);
    this.#peaked++;
    this.#isBehind = true;
  }

  /** The quantile of the fitted tail (Siffer 2017, eq. 1). */
  #estimate(): void {
    this.#isBehind = false;
    const { shape, scale } = fitTail(this.#peaks.slice(0, this.#kept).sort());
    const rarer = (this.#options.risk * this.#observed) / this.#peaked;
    const above = Math.abs(shape) < shapeless ? -Math.log(rarer) : (rarer ** -shape - 1) / shape;
    this.#threshold = this.#quantile + Math.max(0, scale * above);
  }

  #withRoom(room: number): Float64Array {
    if (room > this.#peaks.length) {
      const larger = new Float64Array(Math.min(maxPeaks + 1, Math.max(room, this.#peaks.length * 2)));
      larger.set(this.#peaks);
      this.#peaks = larger;
    }
    return this.#peaks;
  }
}

/** Shape and scale of a generalized Pareto distribution; the shape is above 0 where the tail is heavy. */
export interface Tail {
  readonly shape: number;
  readonly scale: number;
}

/**
 * Fits a generalized Pareto distribution to what is above a quantile, in ascending order, by probability-weighted moments (Hosking and Wallis 1987, eqs. 9
 * and 10, with plotting positions (i - 0.35) / n). The shape is 0.5 at most, and then the scale that of the mean. Where all are 0 the scale is 0.
 */
export function fitTail(sorted: ArrayLike<number>): Tail {
  const count = sorted.length;
  let mean = 0;
  let weighted = 0;
  for (let at = 0; at < count; at++) {
    const value = sorted[at]!;
    mean += value;
    weighted += (1 - (at + 0.65) / count) * value;
  }
  mean /= count;
  weighted /= count;
  const rest = mean - 2 * weighted;
  if (!(rest > 0)) return { shape: 0, scale: Math.max(0, mean) };
  const shape = 2 - mean / rest;
  return shape > heaviest
    ? { shape: heaviest, scale: mean * (1 - heaviest) }
    : { shape, scale: (2 * mean * weighted) / rest };
}

function leastOf(values: Float64Array, count: number): number {
  let least = 0;
  for (let at = 1; at < count; at++) if (values[at]! < values[least]!) least = at;
  return least;
}
