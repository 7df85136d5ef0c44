import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Flow } from '../flow.ts';
import { flowOf } from './flow-of.ts';
import { anyFlow } from './flows.fixture.ts';
import { IpfixDecoder } from './ipfix.ts';
import { IpfixWriter } from './ipfix-writer.ts';

const now = 1_790_000_000_000;

/** What is told of a flow: the rest is the decoder's to say. */
function told(flow: Flow): Partial<Flow> {
  const { protocol, source, destination, openedAt, lastAt, sent, received, icmp, vlans } = flow;
  const { input, output } = flow.observation ?? {};
  const nat = flow.translated?.source;
  // Port 0 is read as one that was not told.
  const translated = nat && { ...nat, port: nat.port || source.port };
  const unchanged = JSON.stringify(translated) === JSON.stringify({ ...source });
  return {
    protocol,
    source,
    destination,
    openedAt,
    lastAt: lastAt!,
    ...(sent && { sent: { tcpFlags: 0, ...sent } }),
    ...(received && { received: { tcpFlags: 0, ...received } }),
    ...(icmp && { icmp }),
    ...(vlans && { vlans }),
    ...(translated && !unchanged && { translated: { source: translated } }),
    ...(input !== undefined && { observation: { by: '', input, output: output! } }),
    endReason: flow.endReason!,
  };
}

test('what is written both ways is read back as it was', () => {
  const options = fc.record({
    maxMessage: fc.integer({ min: 512, max: 4000 }),
    messages: fc.integer({ min: 0, max: 5 }),
    flushEvery: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(
      fc.array(anyFlow, { maxLength: 60 }),
      options,
      (flows, { maxMessage, messages, flushEvery }) => {
        const decoder = new IpfixDecoder();
        const read: Flow[] = [];
        const writer = new IpfixWriter(
          { domain: 3, biflow: true, maxMessage, templatesEvery: { messages, seconds: 0 } },
          (message) =>
            decoder.decode(message, '192.0.2.1', now, (record) => read.push(flowOf(record, '1')), 9),
        );
        for (const [at, flow] of flows.entries()) {
          writer.add(flow, now);
          if (at % flushEvery === 0) writer.flush(now);
        }
        writer.flush(now);
        expect(read.map(told)).toEqual(flows.map(told));
        for (const { counters } of decoder.exporters()) {
          expect(counters).toMatchObject({ lost: 0, refused: 0, unknownTemplates: 0, dropped: {} });
          expect(counters.records).toBe(writer.counters.records);
        }
      },
    ),
    { numRuns: 60 },
  );
});
