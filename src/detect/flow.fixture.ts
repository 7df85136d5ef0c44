import type { Flow, Identity } from '../flow/flow.ts';
import type { Reason } from '../flow/verdict.ts';
import { parseAddress } from '../net/address.ts';

let ids = 0;

/** A decided flow for tests: from and to as addresses, everything else as a refused TCP attempt seen from both ends. */
export function flowOf(from: string, to: string, port: number, changes: Partial<Flow> = {}): Flow {
  return {
    id: `flow-${++ids}`,
    protocol: 6,
    source: { address: parseAddress(from)!, port: 40_000 },
    destination: { address: parseAddress(to)!, port },
    state: 'refused',
    seenBy: 'both',
    openedAt: 1000,
    reachedDestination: true,
    preexisting: false,
    ...changes,
  };
}

/** The same flow with names for its ends. */
export function named(flow: Flow, source: string, destination: string): Flow {
  const workload = (name: string): Identity => ({ kind: 'workload', name });
  return {
    ...flow,
    source: { ...flow.source, identity: workload(source) },
    destination: { ...flow.destination, identity: workload(destination) },
  };
}

const place = { line: 12, column: 3, offset: 200 };

/** A reason for a deny that stands in a file. */
export const deniedBy: Reason = {
  layer: 'networkpolicy',
  direction: 'ingress',
  outcome: 'deny',
  text: 'NetworkPolicy shop/db isolates shop/db for ingress, and no rule allows TCP 5432 from shop/guest',
  object: { kind: 'NetworkPolicy', name: 'db', namespace: 'shop' },
  rule: 1,
  span: { file: 'policies.yaml', start: place, end: place },
};
