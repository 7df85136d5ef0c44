import type { Flow } from '../flow/flow.ts';
import type { BeaconRecord } from './beacon-score.ts';

/** Connections that are kept of one pair, and for how many there is room at first. */
const maxKept = 128;
const firstKept = 8;
const hourMs = 3_600_000;
const hoursKept = 24;
/** In the place of bytes that nobody counted. */
const uncounted = -1;

/** What is remembered of the connections between one source and one service outside. */
export class BeaconPair {
  /** When it is looked at next; event time, ms. */
  scoreAt = Number.NEGATIVE_INFINITY;
  /** Since when its score has been high enough at each look. */
  aboveSince = Number.POSITIVE_INFINITY;
  isReported = false;
  slot = -1;
  /** The first of the last day, and the last. */
  first: Flow;
  latest: Flow;
  /** A ring: the last connections. */
  #times = new Float64Array(firstKept);
  #bytes = new Float64Array(firstKept);
  #kept = 0;
  #next = 0;
  /** A ring by hour since the epoch. */
  readonly #hours = new Uint32Array(hoursKept);
  #hour = Number.NEGATIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;
  #oldest = Number.POSITIVE_INFINITY;

  constructor(flow: Flow) {
    this.first = flow;
    this.latest = flow;
  }

  /** Connections of the last 24 hours. */
  get count(): number {
    return this.#hours.reduce((sum, count) => sum + count, 0);
  }

  /** Connections that are kept. */
  get kept(): number {
    return this.#kept;
  }

  add(flow: Flow): void {
    const { openedAt, sent } = flow;
    this.#turnTo(Math.floor(openedAt / hourMs));
    const hour = Math.floor(openedAt / hourMs);
    if (hour > this.#hour - hoursKept) this.#hours[mod(hour)]!++;
    if (openedAt >= this.#newest) this.latest = flow;
    this.#newest = Math.max(this.#newest, openedAt);
    this.#oldest = Math.min(this.#oldest, openedAt);
    if (this.#kept === this.#times.length && this.#kept < maxKept) this.#grow();
    this.#times[this.#next] = openedAt;
    this.#bytes[this.#next] = sent?.bytes ?? uncounted;
    this.#next = (this.#next + 1) % this.#times.length;
    this.#kept = Math.min(this.#kept + 1, this.#times.length);
  }

  /** What a score is made of. */
  record(): BeaconRecord {
    const hours = new Uint32Array(hoursKept);
    for (let at = 0; at < hoursKept; at++) hours[at] = this.#hours[mod(this.#hour - hoursKept + 1 + at)]!;
    return {
      times: this.#times.slice(0, this.#kept).sort(),
      bytes: this.#bytes.slice(0, this.#kept).filter((bytes) => bytes !== uncounted),
      hours,
      spanMs: this.#newest - Math.max(this.#oldest, (this.#hour - hoursKept + 1) * hourMs),
    };
  }

  /** Approximate bytes held. */
  get bytes(): number {
    return 1300 + this.#times.byteLength + this.#bytes.byteLength + this.#hours.byteLength;
  }

  /** Hours that went by are empty. */
  #turnTo(hour: number): void {
    if (hour <= this.#hour) return;
    const gone = Math.min(hour - this.#hour, hoursKept);
    for (let at = 0; at < gone; at++) this.#hours[mod(hour - at)] = 0;
    if (hour - this.#hour >= hoursKept) this.#oldest = Number.POSITIVE_INFINITY;
    this.#hour = hour;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const bytes = new Float64Array(times.length);
    times.set(this.#times);
    bytes.set(this.#bytes);
    this.#next = this.#kept;
    this.#times = times;
    this.#bytes = bytes;
  }
}

function mod(hour: number): number {
  return ((hour % hoursKept) + hoursKept) % hoursKept;
}
