import { expect, test } from 'vitest';
import { flowOf, named } from '../../detect/flow.fixture.ts';
import { HostDays } from './host-days.ts';

const hour = 3_600_000;
const flow = flowOf('10.0.0.1', '198.51.100.1', 443, { seenBy: 'network' });

test('each hour in which a host of ours was seen counts once', () => {
  const days = new HostDays([], 0);
  for (const at of [0, 10, hour - 1, hour, 5 * hour, 5 * hour + 1]) days.add(flow, at);
  expect([days.hosts, days.days]).toEqual([1, 3 / 24]);
});

test('of ours alone: private, named by the user, or declared', () => {
  const days = new HostDays(['203.0.113.0/24'], 0);
  days.add(flowOf('198.51.100.1', '203.0.113.9', 22, { seenBy: 'network' }), 0);
  days.add(flowOf('198.51.100.1', '198.51.100.2', 22, { seenBy: 'network' }), 0);
  days.add(named({ ...flow, source: flowOf('198.51.100.3', '10.0.0.1', 1).source }, 'shop/web', ''), 0);
  days.add(flowOf('10.0.0.1', '224.0.0.251', 5353), 0);
  expect(days.hosts).toBe(4);
});

test('the time in which a host is learned does not count', () => {
  const days = new HostDays([], 2 * hour);
  for (let at = 0; at < 6; at++) days.add(flow, at * hour);
  expect(days.days).toBe(4 / 24);
});
