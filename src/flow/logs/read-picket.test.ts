import { expect, test } from 'vitest';
import { jsonLines, readAll } from './read.fixture.ts';

const flow = {
  id: 'a',
  protocol: 'tcp',
  source: { address: '198.51.100.7', port: 4711 },
  destination: { address: '2001:db8::1', port: 443 },
  state: 'established',
  seenBy: 'both',
  openedAt: 1_700_000_000_000,
  reachedDestination: true,
  preexisting: false,
};

test('what picket flows and picket run print, alerts between them', () => {
  const { format, json, counts } = readAll(
    jsonLines(
      flow,
      { type: 'flow', change: 'closed', ...flow, closedAt: 1_700_000_000_001.5 },
      { type: 'alert', id: 'x' },
      { type: 'flow', change: 'attempted', ...flow },
    ),
  );
  expect(format).toBe('picket');
  expect(json).toEqual([flow, { ...flow, closedAt: 1_700_000_000_001.5 }]);
  expect(counts.skipped).toEqual({
    'other records': 1,
    'connections before their fate was decided': 1,
  });
});

test('what is no flow, and the form of another version', () => {
  const { flows, counts } = readAll(
    jsonLines(
      { type: 'picket-flows', schemaVersion: 2 },
      flow,
      { ...flow, state: 'open' },
      { ...flow, sent: { packets: -1, bytes: 1 } },
      { ...flow, source: { address: '198.51.100', port: 1 } },
      { ...flow, protocol: 'tpc' },
      { ...flow, id: 7 },
    ),
  );
  expect(flows).toHaveLength(1);
  expect(counts.dropped).toEqual({
    'flows in the form of another version of Picket': 1,
    'not a flow as Picket writes it': 3,
    'an address or a protocol that is none': 2,
  });
});
