import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress } from '../../net/address.ts';
import { type PacketFields, packetOf } from './packet.fixture.ts';
import { type OracleFlow, OraclePacketFlows } from './packet-flows.oracle.ts';
import { PacketFlows, type PacketFlowsOptions } from './packet-flows.ts';

const times = { idleMs: 6000, tcpIdleMs: 20_000, singleIdleMs: 3000, lingerMs: 1500, activeMs: 9000 };

/** Runs packets through the table; returns what it tells, in the words of the oracle. */
function told(packets: readonly PacketFields[], options: PacketFlowsOptions = {}): OracleFlow[] {
  const all: OracleFlow[] = [];
  const flows = new PacketFlows(
    { ...times, lateMs: Number.POSITIVE_INFINITY, maxFlows: 64, names: false, ...options },
    {
      ended: (table, slot, reason) => {
        const flow = table.flow(slot);
        expect(flow.endReason).toBe(reason);
        const way = (traffic: typeof flow.sent) =>
          [traffic!.packets, traffic!.bytes, traffic!.tcpFlags ?? 0] as const;
        all.push({
          source: `${formatAddress(flow.source.address)} ${flow.source.port}`,
          destination: `${formatAddress(flow.destination.address)} ${flow.destination.port}`,
          protocol: flow.protocol,
          state: flow.state,
          reason,
          part: flow.part,
          preexisting: flow.preexisting,
          reached: flow.reachedDestination,
          openedAt: flow.openedAt,
          lastAt: flow.lastAt!,
          sent: way(flow.sent),
          received: way(flow.received),
        });
      },
    },
  );
  for (const one of packets) flows.add(packetOf(one));
  flows.end();
  expect(flows.stats().active).toBe(0);
  return all;
}

function naive(packets: readonly PacketFields[]): OracleFlow[] {
  const oracle = new OraclePacketFlows(times);
  for (const one of packets) oracle.add(packetOf(one));
  oracle.end();
  return oracle.told;
}

const sorted = (flows: readonly OracleFlow[]) => flows.map((flow) => JSON.stringify(flow)).sort();

const ends = ['192.0.2.1', '192.0.2.2'] as const;
const ends6 = ['2001:db8::1', '2001:db8::2'] as const;
const ports = fc.constantFrom(80, 443, 5000, 5001, 40_000);
const step = fc.oneof(fc.nat(400), fc.nat(400), fc.nat(4000), fc.integer({ min: -500, max: 12_000 }));
const flags = fc.constantFrom(
  ...['S', 'SA', 'A', 'A', 'PA', 'FA', 'F', 'R', 'RA', '', 'SF', 'SR', 'S', 'SA', 'A'],
);
const carried = fc.record(
  {
    vlans: fc.constantFrom([5], [0], [6, 5]),
    tunnel: fc.constantFrom(['vxlan', 7] as const, ['vxlan', 8] as const, ['gtp-u', 7] as const),
  },
  { requiredKeys: [] },
);

const packet = fc
  .record({
    swap: fc.boolean(),
    toItself: fc.nat(7).map((n) => n === 0),
    six: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    kind: fc.constantFrom('tcp', 'tcp', 'tcp', 'udp', 'echo', 'error', 'fragment', 'gre'),
    ports: fc.tuple(ports, ports),
    flags,
    sequence: fc.nat(2),
    payload: fc.boolean(),
    type: fc.constantFrom(0, 8, 13, 14, 11),
    code: fc.constantFrom(1, 4),
    length: fc.integer({ min: 20, max: 1500 }),
    carried: fc.oneof({ weight: 6, arbitrary: fc.constant({}) }, carried),
  })
  .filter(({ toItself, ports: [x, y] }) => !toItself || x !== y)
  .map(({ swap, toItself, six, kind, ports: [x, y], ...rest }): Omit<PacketFields, 'at'> => {
    const [a, other] = six ? ends6 : ends;
    const b = toItself ? a : other;
    const text = (address: string, port: number) => (six ? `[${address}]:${port}` : `${address}:${port}`);
    const [one, two] = swap ? [text(b, y), text(a, x)] : [text(a, x), text(b, y)];
    const common = {
      from: one,
      to: two,
      ipLength: rest.length,
      ...rest.carried,
      ...(rest.payload && { payload: new Uint8Array(3) }),
    };
    const [bareFrom, bareTo] = swap ? [b, a] : [a, b];
    const bare = (address: string) => (six ? `[${address}]` : address);
    switch (kind) {
      case 'tcp':
        return { ...common, tcp: rest.flags, sequence: rest.sequence };
      case 'udp':
        return common;
      case 'fragment':
        return { ...common, tcp: '', fragmentOffset: 1480 };
      case 'echo':
        return {
          ...common,
          from: bare(bareFrom),
          to: bare(bareTo),
          icmp: six ? [128 + (rest.type & 1), 0, x] : [rest.type, 0, x],
        };
      case 'error':
        return {
          ...common,
          from: bare(bareFrom),
          to: bare(bareTo),
          icmp: six ? [1, rest.code] : [3, rest.code],
          quoted: { protocol: rest.payload ? 6 : 17, from: two, to: one },
        };
      default:
        return { ...common, from: bare(bareFrom), to: bare(bareTo), protocol: 47 };
    }
  });

const sequence = fc.array(fc.tuple(step, packet), { minLength: 1, maxLength: 60 }).map((steps) => {
  let at = 1_000_000;
  return steps.map(([ms, fields]) => {
    at += ms;
    return { ...fields, at };
  });
});

test('the table tells the same flows as a Map of all packets', () => {
  fc.assert(
    fc.property(sequence, (packets) => {
      expect(sorted(told(packets))).toEqual(sorted(naive(packets)));
    }),
    { numRuns: 1500 },
  );
});

test('whatever the room, no packet and no byte is lost or counted twice', () => {
  fc.assert(
    fc.property(sequence, fc.integer({ min: 1, max: 6 }), (packets, maxFlows) => {
      const all = told(packets, { maxFlows });
      const sum = (of: (flow: OracleFlow) => number) => all.reduce((total, flow) => total + of(flow), 0);
      expect(sum(({ sent, received }) => sent[0] + received[0])).toBe(packets.length);
      expect(sum(({ sent, received }) => sent[1] + received[1])).toBe(
        packets.reduce((total, one) => total + one.ipLength!, 0),
      );
    }),
    { numRuns: 300 },
  );
});
