import type { DnsMessage } from '../dns-message.ts';
import type { EndReason, Flow, FlowNames } from '../flow.ts';
import { type FlowRowBuffers, FlowRows } from './flow-rows.ts';
import { FlowTeller, type FlowTellerOptions } from './flow-teller.ts';
import type { PacketFlows } from './packet-flows.ts';

/** Flows, or messages of DNS, in one batch at most. */
export const mostTold = 1024;

const reasons: readonly EndReason[] = ['idle', 'active', 'end', 'forced', 'no-room'];

/** Flows that were told, in their order, as another thread is given them: numbers in memory that is handed over, and what are no numbers. */
export interface ToldBatch {
  readonly count: number;
  readonly buffers: FlowRowBuffers;
  /** Why each was told, as a place in the list of reasons. */
  readonly reasons: Uint8Array<ArrayBuffer>;
  /** Names by row, of those that have any. */
  readonly names: ReadonlyMap<number, FlowNames>;
  /** Messages of DNS, each with the number of flows that were told before it. */
  readonly dns: readonly (readonly [number, DnsMessage])[];
}

/** Collects flows that a table tells. */
export class ToldFlows {
  #rows = new FlowRows(mostTold);
  #reasons = new Uint8Array(mostTold);
  #names = new Map<number, FlowNames>();
  #dns: (readonly [number, DnsMessage])[] = [];
  #count = 0;

  /** Whether there is room for no more: {@link take} comes before the next. */
  get isFull(): boolean {
    return this.#count === mostTold || this.#dns.length === mostTold;
  }

  get isEmpty(): boolean {
    return this.#count === 0 && this.#dns.length === 0;
  }

  /** Adds what `ended` of a table's sink is called with. */
  add(table: PacketFlows, slot: number, reason: EndReason): void {
    const names = table.copy(slot, this.#rows, this.#count);
    if (names !== undefined) this.#names.set(this.#count, names);
    this.#reasons[this.#count++] = reasons.indexOf(reason);
  }

  addDns(message: DnsMessage): void {
    this.#dns.push([this.#count, message]);
  }

  /** Returns all that was added, and begins anew in other memory. */
  take(): ToldBatch {
    const batch = {
      count: this.#count,
      buffers: this.#rows.buffers,
      reasons: this.#reasons,
      names: this.#names,
      dns: this.#dns,
    };
    this.#rows = new FlowRows(mostTold);
    this.#reasons = new Uint8Array(mostTold);
    this.#names = new Map();
    this.#dns = [];
    this.#count = 0;
    return batch;
  }
}

/** Returns the memory of a batch that is to be transferred with it. */
export function transferOf({ buffers, reasons: why }: ToldBatch): ArrayBuffer[] {
  const { rows, first, outer } = buffers;
  return outer === undefined ? [rows, first, why.buffer] : [rows, first, why.buffer, outer];
}

/** Hands out what a batch holds, in the order in which the table told it, as the table itself would have made it of its rows. */
export function tellBatch(
  batch: ToldBatch,
  options: FlowTellerOptions,
  told: (flow: Flow) => void,
  dns: ((message: DnsMessage) => void) | undefined,
): void {
  const { count, dns: messages } = batch;
  const names = { of: (row: number) => batch.names.get(row) };
  const teller = new FlowTeller(new FlowRows(mostTold, batch.buffers), names, options);
  let next = 0;
  for (let row = 0; row <= count; row++) {
    for (; next < messages.length && messages[next]![0] === row; next++) dns?.(messages[next]![1]);
    if (row < count) told(teller.flow(row, reasons[batch.reasons[row]!]));
  }
}
