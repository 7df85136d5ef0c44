import { AddressSet } from '../../net/address-set.ts';
import { hostPrefix } from '../../net/prefix.ts';
import { addressesOf } from '../../segmentation/endpoint.ts';
import { reachRows } from '../diff/rows.ts';
import type { Declared } from '../posture.ts';
import type { ReachEnd } from '../reach/end.ts';
import type { ProtocolPorts, ReachRow } from '../reach/matrix.ts';

/** Answers of one destination, by number of the source. */
export type Answers = ReadonlyMap<number, readonly ProtocolPorts[]>;

/** A matrix, to be asked for pairs: read once for all assertions. */
export class ReachIndex {
  readonly declared: Declared;
  readonly ends: readonly ReachEnd[];
  /** Addresses of declared pods: whoever names one of them means the pod, not something outside. */
  readonly podAddresses: AddressSet;
  readonly #byDestination = new Map<number, Map<number, readonly ProtocolPorts[]>>();

  /** `step` is called for every row. */
  constructor(
    declared: Declared,
    step: () => void = () => {},
    rows: Iterable<ReachRow> = reachRows(declared),
  ) {
    this.declared = declared;
    const ends: ReachEnd[] = [];
    const known = new Map<unknown, number>();
    const number = (end: ReachEnd): number => {
      const identity = identityOf(end);
      let found = known.get(identity);
      // Two sets of the same addresses are one end.
      if (found === undefined && end.kind === 'external') found = known.get(`external ${end.range}`);
      if (found === undefined) {
        found = ends.push(end) - 1;
        if (end.kind === 'external') known.set(`external ${end.range}`, found);
      }
      known.set(identity, found);
      return found;
    };
    for (const workload of declared.inventory.workloads) {
      if (!workload.finished) number({ kind: 'workload', workload });
    }
    for (const { source, destination, ports } of rows) {
      step();
      const to = number(destination);
      let answers = this.#byDestination.get(to);
      if (answers === undefined) {
        answers = new Map();
        this.#byDestination.set(to, answers);
      }
      answers.set(number(source), ports);
    }
    this.ends = ends;
    const addresses = declared.inventory.workloads.flatMap(addressesOf);
    this.podAddresses = AddressSet.ofPrefixes(addresses.map(hostPrefix));
  }

  /** Returns what reaches this end, by number of the source; pairs that are no connection are absent. */
  to(destination: number): Answers {
    return this.#byDestination.get(destination) ?? new Map();
  }
}

function identityOf(end: ReachEnd): unknown {
  if (end.kind === 'workload') return end.workload;
  return end.kind === 'external' ? end.range : `${end.kind} ${end.text}`;
}
