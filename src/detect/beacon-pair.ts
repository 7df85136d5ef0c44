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
  /** The first that is remembered, and the last. */
  first: Flow;
  latest: Flow;
  /** Made at the second connection: most pairs have one. */
  #calls: Calls | undefined;

  constructor(flow: Flow) {
    this.first = flow;
    this.latest = flow;
  }

  /** Connections of the last 24 hours. */
  get count(): number {
    return this.#calls?.count ?? 1;
  }

  /** Connections that are kept. */
  get kept(): number {
    return this.#calls?.kept ?? 1;
  }

  /** Takes one more than the first. */
  add(flow: Flow): void {
    if (this.#calls === undefined) {
      this.#calls = new Calls();
      this.#calls.add(this.first);
    }
    this.#calls.add(flow);
    if (flow.openedAt >= this.latest.openedAt) this.latest = flow;
  }

  /** What a score is made of. */
  record(): BeaconRecord {
    const calls = this.#calls ?? new Calls();
    if (this.#calls === undefined) calls.add(this.first);
    return calls.record();
  }

  /** Approximate bytes held. */
  get bytes(): number {
    return this.#calls === undefined ? 700 : 1200 + this.#calls.bytes;
  }
}

/** Times, sizes and hours of connections. */
class Calls {
  /** Rings: the last connections. */
  #times = new Float64Array(firstKept);
  #bytes = new Float64Array(firstKept);
  #kept = 0;
  #next = 0;
  /** A ring by hour since the epoch, and its sum. */
  readonly #hours = new Uint32Array(hoursKept);
  #count = 0;
  #hour = Number.NEGATIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;
  #oldest = Number.POSITIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  get kept(): number {
    return this.#kept;
  }

  get bytes(): number {
    return this.#times.byteLength + this.#bytes.byteLength + this.#hours.byteLength + 300;
  }

  add({ openedAt, sent }: Flow): void {
    const hour = Math.floor(openedAt / hourMs);
    if (hour > this.#hour) this.#turnTo(hour);
    if (hour > this.#hour - hoursKept) {
      this.#hours[mod(hour)]!++;
      this.#count++;
    }
    this.#newest = Math.max(this.#newest, openedAt);
    this.#oldest = Math.min(this.#oldest, openedAt);
    if (this.#kept === this.#times.length && this.#kept < maxKept) this.#grow();
    this.#times[this.#next] = openedAt;
    this.#bytes[this.#next] = sent?.bytes ?? uncounted;
    this.#next = this.#next + 1 === this.#times.length ? 0 : this.#next + 1;
    this.#kept = Math.min(this.#kept + 1, this.#times.length);
  }

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

  /** Hours that went by are empty. */
  #turnTo(hour: number): void {
    const gone = Math.min(hour - this.#hour, hoursKept);
    for (let at = 0; at < gone; at++) {
      const place = mod(hour - at);
      this.#count -= this.#hours[place]!;
      this.#hours[place] = 0;
    }
    if (gone === hoursKept) this.#oldest = Number.POSITIVE_INFINITY;
    this.#hour = hour;
  }

  /** A ring that is full begins at its first place. */
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
