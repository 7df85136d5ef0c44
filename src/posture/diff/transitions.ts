import type { Outcome } from '../../flow/verdict.ts';
import { PortSet } from '../../net/port-set.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import type { ProtocolPorts } from '../reach/matrix.ts';

/** Ports of one protocol. */
export interface PortsOf {
  readonly protocol: ApiProtocol;
  readonly ports: PortSet;
}

/** Ports of one pair of ends on which the answer went from one outcome to another. */
export interface Transition {
  readonly from: Outcome;
  readonly to: Outcome;
  /** Protocols with at least one such port. */
  readonly ports: readonly PortsOf[];
}

type Ports = readonly ProtocolPorts[];

const protocols = Object.keys(apiProtocols) as ApiProtocol[];
const steps: readonly (readonly [Outcome, Outcome])[] = [
  ['deny', 'allow'],
  ['unknown', 'allow'],
  ['allow', 'deny'],
  ['unknown', 'deny'],
  ['deny', 'unknown'],
  ['allow', 'unknown'],
];

/** The answer for a pair that is not there: nothing is allowed. */
export const closed: Ports = [];

/** Returns how the answers for one pair of ends differ, exactly; none when they are equal. */
export function transitions(before: Ports, after: Ports): Transition[] {
  if (before === after) return [];
  const changed = protocols.filter((protocol) => !same(of(before, protocol), of(after, protocol)));
  if (changed.length === 0) return [];
  return steps.flatMap(([from, to]) => {
    const ports = changed
      .map((protocol) => {
        const [old, now] = [outcomePorts(of(before, protocol), from), outcomePorts(of(after, protocol), to)];
        return { protocol, ports: old.intersect(now) };
      })
      .filter((one) => !one.ports.isEmpty);
    return ports.length === 0 ? [] : [{ from, to, ports }];
  });
}

/** Returns the ports of a protocol with this outcome; what is neither allowed nor unknown is denied. */
export function outcomePorts({ allowed, unknown }: Sets, outcome: Outcome): PortSet {
  if (outcome === 'allow') return allowed;
  return outcome === 'unknown' ? unknown : allowed.union(unknown).complement();
}

type Sets = Pick<ProtocolPorts, 'allowed' | 'unknown'>;

const none: Sets = { allowed: PortSet.empty, unknown: PortSet.empty };

function of(ports: Ports, protocol: ApiProtocol): Sets {
  return ports.find((entry) => entry.protocol === protocol) ?? none;
}

function same(a: Sets, b: Sets): boolean {
  return a.allowed.equals(b.allowed) && a.unknown.equals(b.unknown);
}

/** Compares answers, each pair of them once: rows of a matrix share their answers. */
export class TransitionCache {
  readonly #known = new WeakMap<Ports, WeakMap<Ports, readonly Transition[]>>();

  get(before: Ports, after: Ports): readonly Transition[] {
    let row = this.#known.get(before);
    if (row === undefined) {
      row = new WeakMap();
      this.#known.set(before, row);
    }
    let found = row.get(after);
    if (found === undefined) {
      found = transitions(before, after);
      row.set(after, found);
    }
    return found;
  }
}

/** Returns a text that two answers share exactly when they are equal. */
export function answerKey(ports: Ports): string {
  return protocols
    .map((protocol) => {
      const { allowed, unknown } = of(ports, protocol);
      return `${allowed} ${unknown}`;
    })
    .join('|');
}

/** Returns a text that two transitions share exactly when they are equal. */
export function transitionKey({ from, to, ports }: Transition): string {
  return `${from} ${to} ${ports.map((one) => `${one.protocol} ${one.ports}`).join(' ')}`;
}
