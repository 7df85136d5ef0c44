import { expect, test } from 'vitest';
import { ipv4, ipv6 } from '../net/address.ts';
import { describeFlow } from './describe.ts';
import type { Flow } from './flow.ts';

const flow: Flow = {
  id: 'f1',
  protocol: 6,
  source: {
    address: ipv4(0xc6336407),
    port: 40000,
    identity: { kind: 'workload', name: 'shop/frontend' },
    process: { pid: 1234, comm: 'curl' },
  },
  destination: { address: ipv4(1), port: 3000, identity: { kind: 'workload', name: 'shop/backend' } },
  state: 'established',
  seenBy: 'both',
  openedAt: 1,
  reachedDestination: true,
  preexisting: false,
  verdict: { outcome: 'allow', reasons: [] },
};

test('one line: process, names, protocol, state, verdict', () => {
  expect(describeFlow(flow)).toBe('curl[1234] shop/frontend → shop/backend:3000 tcp established allow');
});

test('addresses where nothing is declared, and no verdict when there is none', () => {
  const { verdict: _, ...unjudged } = flow;
  const destination = {
    address: ipv6(0x20010db8, 0, 0, 1),
    port: 443,
    identity: { kind: 'unknown', name: 'x' },
  } as const;
  expect(describeFlow({ ...unjudged, source: { address: ipv4(0xc6336407), port: 1 }, destination })).toBe(
    '198.51.100.7 → [2001:db8::1]:443 tcp established',
  );
});
