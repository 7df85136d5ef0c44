import type { Observed, RawEvent, RawValue } from '../../../event/raw-event.ts';

/** An event of the ring buffer. Its time is put together when it is asked for: of few events it is. */
export class SensedEvent implements RawEvent {
  readonly type: number;
  readonly cpu: number;
  readonly tid: number;
  readonly params: readonly (RawValue | undefined)[];
  readonly observed: Observed;
  readonly #high: number;
  readonly #low: number;
  readonly #offset: bigint;

  /** `high`, `low`: nanoseconds of the monotonic clock; `offset`: from it to the epoch. */
  constructor(
    type: number,
    cpu: number,
    tid: number,
    high: number,
    low: number,
    offset: bigint,
    params: readonly (RawValue | undefined)[],
    observed: Observed,
  ) {
    this.type = type;
    this.cpu = cpu;
    this.tid = tid;
    this.params = params;
    this.observed = observed;
    this.#high = high;
    this.#low = low;
    this.#offset = offset;
  }

  get time(): bigint {
    return (BigInt(this.#high) << 32n) + BigInt(this.#low) + this.#offset;
  }
}
