import type { RawEvent } from '../../../event/raw-event.ts';
import { clockOffset } from '../../../sensor/clock-offset.ts';
import { type EventSensor, type EventSensorOptions, openEventSensor } from '../../../sensor/event-sensor.ts';

/** Events that are taken at a time from a sensor that goes. */
const batchSize = 10_000;
/** How long after a change the new sensor's first events may still be of the time before it, ns. */
const overlapNs = 2_000_000_000n;

type Options = Omit<EventSensorOptions, 'types'>;
type Totals = Pick<EventSensor, 'events' | 'undecodable'> & { readonly lost: ReadonlyMap<string, number> };

const none: Totals = { events: 0, undecodable: 0, lost: new Map() };

/** A sensor whose types of events can be changed while it runs: no event is missed by that, and none comes twice. */
export class ChangingSensor {
  /** Why it is not the better one; undefined when it is. */
  readonly insteadBecause: string | undefined;
  readonly #options: Options;
  #types: ReadonlySet<string>;
  #current: EventSensor;
  /** Of the sensors before this one. */
  #before = none;
  /** Events before this time came from the sensor before; ns since the epoch, undefined when none comes any more. */
  #from: bigint | undefined;

  /** Throws an Error with a message for the user when the machine does not let it. */
  constructor(types: ReadonlySet<string>, options: Options) {
    const { sensor, insteadBecause } = openEventSensor({ ...options, types });
    this.#options = options;
    this.#types = types;
    this.#current = sensor;
    this.insteadBecause = insteadBecause;
  }

  get kind(): EventSensor['kind'] {
    return this.#current.kind;
  }

  get processes(): EventSensor['processes'] {
    return this.#current.processes;
  }

  get fill(): number {
    return this.#current.fill;
  }

  /** Since the start. */
  get events(): number {
    return this.#before.events + this.#current.events;
  }

  get undecodable(): number {
    return this.#before.undecodable + this.#current.undecodable;
  }

  lost(): ReadonlyMap<string, number> {
    const { lost } = this.#before;
    return lost.size === 0 ? this.#current.lost() : sum(lost, this.#current.lost());
  }

  read(most: number, take: (event: RawEvent) => void): number {
    const from = this.#from;
    if (from === undefined) return this.#current.read(most, take);
    return this.#current.read(most, (raw) => {
      if (raw.time >= from + overlapNs) this.#from = undefined;
      if (raw.time >= from) take(raw);
    });
  }

  /**
   * Gives events of these types from now on; what waits of the time before goes to `take`. Throws an Error when the machine does not let
   * it; then all is as it was.
   */
  change(types: ReadonlySet<string>, take: (event: RawEvent) => void): void {
    // Trace events are of the same types whatever is asked for.
    const isSame = types.size === this.#types.size && [...types].every((type) => this.#types.has(type));
    if (isSame || this.kind === 'tracefs') return;
    const old = this.#current;
    const { sensor } = openEventSensor({ ...this.#options, kind: old.kind, types });
    const now = clockOffset() + process.hrtime.bigint();
    // Both see the same calls for a moment: up to now they are the old one's.
    while (this.read(batchSize, (raw) => raw.time < now && take(raw)) > 0);
    this.#before = { events: this.events, undecodable: this.undecodable, lost: this.lost() };
    old.close();
    this.#current = sensor;
    this.#types = types;
    this.#from = now;
  }

  /** Leaves nothing behind in the kernel. Idempotent. */
  close(): void {
    this.#current.close();
  }
}

function sum(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): Map<string, number> {
  const total = new Map(a);
  for (const [type, count] of b) total.set(type, (total.get(type) ?? 0) + count);
  return total;
}
