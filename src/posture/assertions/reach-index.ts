import { AddressSet } from '../../net/address-set.ts';
import { hostPrefix } from '../../net/prefix.ts';
import { addressesOf } from '../../segmentation/endpoint.ts';
import { reachRows } from '../diff/rows.ts';
import type { Piece } from '../diff/side.ts';
import type { Declared } from '../posture.ts';
import type { ReachEnd } from '../reach/end.ts';
import type { ProtocolPorts, ReachRow } from '../reach/matrix.ts';

/** What has a name of its own; addresses have none. */
export type NamedEnd = Exclude<ReachEnd, { kind: 'external' }>;

/** Answers by number of the other end. */
export type Answers = ReadonlyMap<number, readonly ProtocolPorts[]>;

/** A matrix, to be asked for pairs: read once for all assertions. */
export class ReachIndex {
  readonly declared: Declared;
  readonly ends: readonly NamedEnd[];
  /** Addresses of declared pods: whoever names one of them means the pod, not something outside. */
  readonly podAddresses: AddressSet;
  readonly #byDestination = new Map<number, Map<number, readonly ProtocolPorts[]>>();
  readonly #inbound = new Map<number, Piece[]>();
  readonly #outbound = new Map<number, Piece[]>();

  /** `step` is called for every row. */
  constructor(
    declared: Declared,
    step: () => void = () => {},
    rows: Iterable<ReachRow> = reachRows(declared),
  ) {
    this.declared = declared;
    const ends: NamedEnd[] = [];
    const known = new Map<unknown, number>();
    const number = (end: NamedEnd): number => {
      const identity = end.kind === 'workload' ? end.workload : `${end.kind} ${end.text}`;
      const found = known.get(identity) ?? ends.push(end) - 1;
      known.set(identity, found);
      return found;
    };
    for (const workload of declared.inventory.workloads) {
      if (!workload.finished) number({ kind: 'workload', workload });
    }
    for (const { source, destination, ports } of rows) {
      step();
      if (destination.kind === 'external') {
        if (source.kind !== 'external')
          listAt(this.#outbound, number(source)).push({ range: destination.range, ports });
      } else if (source.kind === 'external') {
        listAt(this.#inbound, number(destination)).push({ range: source.range, ports });
      } else {
        const to = number(destination);
        const answers = this.#byDestination.get(to) ?? new Map();
        this.#byDestination.set(to, answers);
        answers.set(number(source), ports);
      }
    }
    this.ends = ends;
    const addresses = declared.inventory.workloads.flatMap(addressesOf);
    this.podAddresses = AddressSet.ofPrefixes(addresses.map(hostPrefix));
  }

  /** Returns what reaches this end from named ones, by number of the source; pairs that are no connection are absent. */
  to(destination: number): Answers {
    return this.#byDestination.get(destination) ?? new Map();
  }

  /** Returns what reaches this end from outside; addresses that no piece has are closed. */
  inbound(destination: number): readonly Piece[] {
    return this.#inbound.get(destination) ?? [];
  }

  /** Returns what this end reaches outside, likewise. */
  outbound(source: number): readonly Piece[] {
    return this.#outbound.get(source) ?? [];
  }
}

function listAt(map: Map<number, Piece[]>, key: number): Piece[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}
