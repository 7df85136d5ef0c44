import { AddressSet } from '../../net/address-set.ts';
import type { ReachEnd } from '../reach/end.ts';
import type { ProtocolPorts, ReachRow } from '../reach/matrix.ts';

type Ports = readonly ProtocolPorts[];

/** Addresses outside that all have the same answer with one partner. */
export interface Piece {
  readonly range: AddressSet;
  readonly ports: Ports;
}

/** What has a name of its own; addresses have none. */
export type NamedEnd = Exclude<ReachEnd, { kind: 'external' }>;

/** The answers between one named end and the addresses outside, in one direction. */
export interface Outside {
  readonly partner: number;
  /** Whether the addresses are the source. */
  readonly inbound: boolean;
  readonly pieces: Piece[];
}

/** Numbers for ends, the same for the same end of several matrices. */
export class EndNumbers {
  readonly #numbers = new Map<string, number>();

  of(key: string): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(key, number);
    }
    return number;
  }
}

/** Above every number of an end; a pair of numbers stays an exact integer. */
const width = 2 ** 26;

/** Returns the number of a pair of ends. */
export function pairOf(source: number, destination: number): number {
  return source * width + destination;
}

/** Returns the ends of a pair. */
export function endsOf(pair: number): readonly [number, number] {
  return [Math.floor(pair / width), pair % width];
}

/** One matrix, taken apart for comparing: named pairs by number, addresses by partner. */
export class Side {
  readonly ends = new Map<number, NamedEnd>();
  readonly pairs = new Map<number, Ports>();
  readonly outside = new Map<number, Outside>();

  constructor(rows: Iterable<ReachRow>, numbers: EndNumbers) {
    const known = new Map<unknown, number>();
    const taken = new Map<string, number>();
    const number = (end: NamedEnd): number => {
      const identity = end.kind === 'workload' ? end.workload : `${end.kind} ${end.text}`;
      let found = known.get(identity);
      if (found === undefined) {
        const key = keyOf(end);
        // Objects that share kind and name (pods with a generated name) are told apart by their order.
        const turn = taken.get(key) ?? 0;
        taken.set(key, turn + 1);
        found = numbers.of(`${key} ${turn}`);
        known.set(identity, found);
        this.ends.set(found, end);
      }
      return found;
    };
    for (const { source, destination, ports } of rows) {
      if (source.kind !== 'external' && destination.kind !== 'external') {
        this.pairs.set(pairOf(number(source), number(destination)), ports);
        continue;
      }
      const [end, range, inbound] =
        source.kind === 'external'
          ? [destination, source.range, true]
          : [source, rangeOf(destination), false];
      if (end.kind === 'external') continue;
      const partner = number(end);
      const key = partner * 2 + (inbound ? 1 : 0);
      const known = this.outside.get(key);
      if (known === undefined) this.outside.set(key, { partner, inbound, pieces: [{ range, ports }] });
      else known.pieces.push({ range, ports });
    }
  }
}

function rangeOf(end: ReachEnd): AddressSet {
  return end.kind === 'external' ? end.range : AddressSet.empty;
}

function keyOf(end: NamedEnd): string {
  if (end.kind !== 'workload') return `${end.kind} ${end.text}`;
  const { kind, namespace, name } = end.workload;
  return `workload ${kind}/${namespace.name}/${name}`;
}

/** Returns the union of many sets, pair by pair, so that none is copied more than log n times. */
export function unionOf(sets: readonly AddressSet[]): AddressSet {
  let round = [...sets];
  while (round.length > 1) {
    const next: AddressSet[] = [];
    for (let at = 0; at < round.length; at += 2) {
      const [first, second] = [round[at] as AddressSet, round[at + 1]];
      next.push(second === undefined ? first : first.union(second));
    }
    round = next;
  }
  return round[0] ?? AddressSet.empty;
}
