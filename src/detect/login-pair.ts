import type { Flow } from '../flow/flow.ts';
import { LeakyBucket } from './leaky-bucket.ts';

/** Sizes that the spread is computed of. */
const maxSizes = 16;
const maxExamples = 8;

/** Short sessions of one source with one service. */
export class LoginPair {
  slot = -1;
  sessions = 0;
  firstAt = 0;
  lastAt = Number.NEGATIVE_INFINITY;
  /** At how many sessions the finding is renewed; undefined while none was made. */
  renewAt: number | undefined;
  /** Whether a session was told that looks like a success. */
  isLetIn = false;
  /** Whether it was counted among those that guess at its service, and whether it is told with the others alone. */
  isTold = false;
  isAmongMany = false;
  /** The first flows of those that are in the bucket. */
  examples: Flow[] = [];
  readonly fast: LeakyBucket;
  readonly slow: LeakyBucket;
  readonly #sizes: number[] = [];

  constructor(leakMs: number, slowLeakMs: number) {
    this.fast = new LeakyBucket(leakMs);
    this.slow = new LeakyBucket(slowLeakMs);
  }

  /** Forgets all but the pair itself. */
  begin(): void {
    this.sessions = 0;
    this.renewAt = undefined;
    this.isLetIn = false;
    this.examples = [];
    this.#sizes.length = 0;
    this.fast.empty();
    this.slow.empty();
  }

  /** Takes a session that ended at a time (ms), of so many bytes both ways. */
  add(flow: Flow, at: number, bytes: number): void {
    // The buckets had run empty: what was before has nothing to do with this.
    if (this.slow.pour(at) <= 1 && this.renewAt === undefined) {
      this.begin();
      this.slow.pour(at);
    }
    this.fast.pour(at);
    if (this.sessions === 0) this.firstAt = at;
    this.sessions++;
    this.lastAt = Math.max(this.lastAt, at);
    this.#sizes[(this.sessions - 1) % maxSizes] = bytes;
    if (this.examples.length < maxExamples) this.examples.push(flow);
  }

  /** Median of the latest sizes, bytes. */
  get median(): number {
    return medianOf(this.#sizes);
  }

  /** Median of their deviations from it, as a share of it. */
  get spread(): number {
    const median = this.median;
    return median === 0 ? 0 : medianOf(this.#sizes.map((size) => Math.abs(size - median))) / median;
  }

  /** Approximate bytes held. */
  get bytes(): number {
    return 400 + this.#sizes.length * 8 + this.examples.length * 500;
  }
}

function medianOf(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
