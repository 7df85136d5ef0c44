import { expect, test } from 'vitest';
import type { Status } from '../agent/status.ts';
import { testIo } from './io.fixture.ts';
import { Narrator } from './narrator.ts';

test('alerts that an output has not taken are told at the end', () => {
  const io = testIo();
  const output = { kind: 'http', target: 'http://198.51.100.7/', waiting: 0, dropped: 0 };
  const status = (outputs: readonly object[]) =>
    ({
      flows: { total: 0, allowed: 0, denied: 0, unknown: 0 },
      alerts: { total: 0 },
      sensors: [],
      rules: { sources: [], alerts: 3, outputs },
      startedAt: 0,
      now: 1_000,
    }) as unknown as Status;
  const narrator = new Narrator(io, { flows: false, json: false });
  narrator.summary(status([output]));
  expect(io.written.err).not.toContain('warning');
  narrator.summary(status([output, { ...output, waiting: 3 }]));
  expect(io.written.err).toContain(
    'warning: http (http://198.51.100.7/) has not taken 3 alerts; 0 more were dropped\n',
  );
});

test('what became of flows that were sent on', () => {
  const io = testIo();
  const well = {
    target: 'udp://198.51.100.7:4739',
    isConnected: false,
    sent: 1,
    waiting: 0,
    dropped: { queue: 0, unwritable: 0, returned: 3 },
    failed: 0,
  };
  const lossy = { ...well, sent: 20, dropped: { ...well.dropped, queue: 2 }, failed: 1, problem: 'gone' };
  new Narrator(io, { flows: false, json: false }).exported([well, lossy]);
  expect(io.written.err).toBe(
    'sent 1 flow to udp://198.51.100.7:4739, 0 lost\n' +
      'warning: sent 20 flows to udp://198.51.100.7:4739, 3 lost (gone)\n',
  );
});

test('what others said tells the terminal nothing', () => {
  const io = testIo();
  new Narrator(io, { flows: false, json: false }).say('\nanswer: \u001b]0;owned\u0007\u009b2J\r ok');
  expect(io.written.err).toBe('\nanswer: \\x1b]0;owned\\x07\\x9b2J\\x0d ok\n');
});
