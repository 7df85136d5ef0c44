import { expect, test } from 'vitest';
import { FalcoAlerts } from './falco-alerts.ts';
import { KeptAlerts } from './sink.fixture.ts';

const alert = (rule: string) => ({
  hostname: 'edge-7',
  output: '14:13:20.123456789: Notice hello',
  priority: 'Notice',
  rule,
  source: 'syscall',
  time: '2026-09-21T14:13:20.123456789Z',
});

test('alerts go on as they came, with their hostname', () => {
  const sink = new KeptAlerts();
  const falco = new FalcoAlerts(sink);
  falco.inputs.add({
    status: () => ({ state: 'running', detail: 'at 127.0.0.1', lost: 0, undecodable: 2 }),
    stop: async () => {},
  });
  expect(falco.take(`${JSON.stringify(alert('a'))}\n{}\n`)).toMatchObject({
    events: 1,
    faults: [{ item: 2 }],
  });
  expect(sink.alerts).toMatchObject([{ hostname: 'edge-7', message: 'hello', rule: { name: 'a' } }]);
  expect(falco.status()).toEqual({
    id: 'falco',
    state: 'running',
    detail: 'at 127.0.0.1',
    rules: 0,
    events: 1,
    lost: 0,
    undecodable: 3,
  });
});

test('an alert of another Picket that is sent again is raised once; those of a Falco have nothing to tell them by', () => {
  const sink = new KeptAlerts();
  const falco = new FalcoAlerts(sink);
  const lines = [
    { id: '0123456789abcdef-7', ...alert('a') },
    { id: '0123456789abcdef-8', ...alert('a') },
    alert('b'),
    alert('b'),
  ];
  const text = lines.map((line) => JSON.stringify(line)).join('\n');
  expect([falco.take(text).events, falco.take(text).events]).toEqual([4, 4]);
  expect(sink.alerts.map(({ rule }) => rule.name)).toEqual(['a', 'a', 'b', 'b', 'b', 'b']);
  expect(sink.alerts[0]).not.toHaveProperty('id');
  expect(falco.repeated).toBe(2);
});
