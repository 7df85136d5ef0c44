import fc from 'fast-check';
import { expect, test } from 'vitest';
import { protocolName } from '../net/protocol.ts';
import { flow } from './flow.fixture.ts';
import type { Flow } from './flow.ts';
import { endOf, FlowSummary } from './flow-summary.ts';

const bytesOf = ({ sent, received }: Flow) => (sent?.bytes ?? 0) + (received?.bytes ?? 0);
const small = flow.map(
  (one): Flow => ({
    ...one,
    ...(one.sent && { sent: { ...one.sent, bytes: one.sent.bytes % 1e6 } }),
    ...(one.received && { received: { ...one.received, bytes: one.received.bytes % 1e6 } }),
  }),
);

test('sums are those of adding up one by one', () => {
  fc.assert(
    fc.property(fc.array(small, { minLength: 1, maxLength: 20 }), (flows) => {
      const summary = new FlowSummary();
      for (const one of flows) summary.add(one, one);
      const whole = flows.filter(({ part }) => (part ?? 1) === 1).length;
      const total = flows.reduce((sum, one) => sum + bytesOf(one), 0);
      expect(summary.total).toMatchObject({ flows: whole, bytes: total });
      for (const groups of [summary.byProtocol, summary.byState, summary.byVerdict]) {
        const amounts = [...groups.values()];
        expect(amounts.reduce((sum, { flows }) => sum + flows, 0)).toBe(whole);
        expect(amounts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total);
      }
      const first = flows[0]!;
      const same = flows.filter(({ protocol }) => protocol === first.protocol);
      expect(summary.byProtocol.get(protocolName(first.protocol))?.bytes).toBe(
        same.reduce((sum, one) => sum + bytesOf(one), 0),
      );
      expect(summary.from).toBe(Math.min(...flows.map(({ openedAt }) => openedAt)));
      expect(summary.until).toBe(Math.max(...flows.map(endOf)));
    }),
    { numRuns: 100 },
  );
});

test('reasons of denials are bounded', () => {
  const [one] = fc.sample(small, { seed: 1, numRuns: 1 });
  const summary = new FlowSummary();
  for (let number = 0; number < 1_000; number++) {
    const reason = { layer: 'x', direction: 'ingress', outcome: 'deny', text: `reason ${number}` } as const;
    summary.add({ ...one!, verdict: { outcome: 'deny', reasons: [reason] } }, one!);
  }
  expect(summary.denied.size).toBe(65);
});
