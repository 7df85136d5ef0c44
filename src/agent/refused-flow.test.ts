import { expect, test } from 'vitest';
import type { LogObservation } from '../event/service-log/log-observation.ts';
import { parseAddress } from '../net/address.ts';
import { refusedFlow } from './refused-flow.ts';

const seen: LogObservation = {
  at: 5000,
  service: 'firewall',
  source: parseAddress('203.0.113.7')!,
  sourcePort: 40_000,
  outcome: 'refused',
  target: { address: parseAddress('198.51.100.1')!, port: 22, protocol: 6 },
  host: 'edge',
};

test('a refused packet is a flow that came to nothing; all else in logs is none', () => {
  const flow = refusedFlow(seen, () => 'a');
  expect(flow).toMatchObject({
    id: 'a',
    protocol: 6,
    source: { address: seen.source, port: 40_000 },
    destination: { address: seen.target!.address, port: 22 },
    state: 'timed-out',
    openedAt: 5000,
    closedAt: 5000,
    reachedDestination: false,
    observation: { by: 'firewall-log', exporter: 'edge' },
  });
  expect(refusedFlow({ ...seen, isRejected: true }, () => 'b')!.state).toBe('refused');
  const { target: _, ...login } = seen;
  expect(refusedFlow({ ...login, service: 'ssh', outcome: 'failed' }, () => 'c')).toBeUndefined();
});
