import { communityId } from '../community-id.ts';
import type { EndReason, Flow, FlowNames, Observation } from '../flow.ts';
import { Bit, type FlowRows, numbersPerFlow, Place } from './flow-rows.ts';

/** What flows are said to be beside what was counted of them. */
export interface FlowTellerOptions {
  /** The id of the flow with this number, counted from 1; it must be a function of the number. Default the number as text. */
  readonly flowId?: (number: number) => string;
  /** Whether flows get their Community ID. Default true. */
  readonly communityId?: boolean;
  /** Where all flows are said to have been observed. */
  readonly observation?: Observation;
  /** Name of an interface of the capture, for {@link Observation.input}. */
  readonly interfaceName?: (number: number) => string | undefined;
}

/** Names of flows by row. */
export interface NamesOfFlows {
  of(slot: number): FlowNames | undefined;
}

type Writable<T> = { -readonly [key in keyof T]: T[key] };

/** Makes of rows the objects that leave the table. */
export class FlowTeller {
  readonly #rows: FlowRows;
  readonly #names: NamesOfFlows | undefined;
  readonly #options: FlowTellerOptions;
  readonly #flowId: (number: number) => string;
  readonly #hasCommunityId: boolean;

  constructor(rows: FlowRows, names: NamesOfFlows | undefined, options: FlowTellerOptions) {
    this.#rows = rows;
    this.#names = names;
    this.#options = options;
    this.#flowId = options.flowId ?? String;
    this.#hasCommunityId = options.communityId !== false;
  }

  /**
   * The flow, or its part, as it is now; all counters are of this part, `openedAt` and `lastAt` are its first and last packet. `endReason`
   * is why it is told, undefined while it goes on.
   */
  flow(slot: number, endReason: EndReason | undefined): Flow {
    const rows = this.#rows;
    const { observation, interfaceName } = this.#options;
    const { numbers } = rows;
    const place = slot * numbersPerFlow;
    const flags = rows.flags(slot);
    const protocol = rows.protocol(slot);
    const source = { address: rows.address(slot, true), port: rows.port(slot, true) };
    const destination = { address: rows.address(slot, false), port: rows.port(slot, false) };
    const lastAt = numbers[place + Place.Last]!;
    const openedAt = numbers[place + Place.Opened]!;
    const establishedAt = numbers[place + Place.Established]!;
    const closedAt = numbers[place + Place.Closed]!;
    const parts = rows.parts(slot);
    // Made for every flow: what is seldom there is added to it, which costs much less than spreading objects into one.
    const flow: Writable<Flow> = {
      id: this.id(slot),
      protocol,
      source,
      destination,
      state: rows.state(slot),
      seenBy: 'network',
      openedAt: Number.isNaN(openedAt) ? lastAt : openedAt,
      reachedDestination: (flags & Bit.Answered) !== 0,
      preexisting: (flags & Bit.Preexisting) !== 0,
      lastAt,
      sent: rows.traffic(slot, true),
      received: rows.traffic(slot, false),
    };
    if (!Number.isNaN(establishedAt)) flow.establishedAt = establishedAt;
    if (!Number.isNaN(closedAt)) flow.closedAt = closedAt;
    const icmp = rows.icmp(slot);
    if (icmp !== undefined) flow.icmp = icmp;
    const vlans = rows.vlans(slot);
    if (vlans !== undefined) flow.vlans = vlans;
    const tunnel = rows.tunnel(slot);
    if (tunnel !== undefined) flow.tunnel = tunnel;
    const names = (flags & Bit.Named) === 0 ? undefined : this.#names?.of(slot);
    if (names !== undefined) flow.names = names;
    if (observation !== undefined) {
      const input = interfaceName?.(rows.interface(slot));
      flow.observation = input === undefined ? observation : { ...observation, input };
    }
    if (endReason !== undefined) flow.endReason = endReason;
    if (parts > 0 || endReason === 'active') flow.part = parts + 1;
    if (this.#hasCommunityId) flow.communityId = communityId(protocol, source, destination, icmp);
    return flow;
  }

  /** Id of the flow, the same for all its parts. */
  id(slot: number): string {
    return this.#flowId(this.#rows.number(slot));
  }
}
