import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../net/address.ts';
import { communityId } from '../community-id.ts';
import type { Flow, FlowChange } from '../flow.ts';
import { ConntrackFlows, type ConntrackFlowsOptions } from './conntrack-flows.ts';
import { ConntrackDecoder } from './decoder.ts';
import { EntryKind, Status, TcpTrack } from './entry.ts';
import { type EntrySpec, entryMessage, type TupleSpec } from './message.fixture.ts';

const noon = 1_700_000_000_000;
const { New, Update, Destroy, Dump } = EntryKind;
const confirmed = Status.Confirmed;
const replied = confirmed | Status.SeenReply;
const assured = replied | Status.Assured;
const ns = (ms: number) => BigInt(noon + ms) * 1_000_000n;

const client = ipv4(0xc6336402);
const server = ipv4(0xcb007102);
const original: TupleSpec = {
  source: client,
  destination: server,
  protocol: 6,
  sourcePort: 40_000,
  destinationPort: 443,
};
const back = ({
  source,
  destination,
  sourcePort = 0,
  destinationPort = 0,
  ...rest
}: TupleSpec): TupleSpec => ({
  ...rest,
  source: destination,
  destination: source,
  sourcePort: destinationPort,
  destinationPort: sourcePort,
});
const udp: TupleSpec = { ...original, protocol: 17 };

/** A table, and what it handed on. */
function table(options: Partial<ConntrackFlowsOptions> = {}) {
  const told: { flow: Flow; change: FlowChange }[] = [];
  let [now, ids] = [noon, 0];
  const emit = (flow: Flow, change: FlowChange) => void told.push({ flow, change });
  const flows = new ConntrackFlows({ maxEntries: 100, newId: () => String(++ids), ...options });
  const decoder = new ConntrackDecoder({
    entry: (entry) => flows.push(entry, now, emit),
    dumped() {},
    refused() {},
    overrun() {},
  });
  return {
    flows,
    told,
    say(at: number, kind: number, spec: Partial<EntrySpec> = {}) {
      now = noon + at;
      const tuple = spec.original ?? original;
      const bytes = entryMessage({
        kind,
        original: tuple,
        reply: back(tuple),
        id: 1,
        status: confirmed,
        ...spec,
      });
      decoder.decode(bytes, 0, bytes.length);
    },
    begin(at: number) {
      now = noon + at;
      flows.beginDump(now);
    },
    end(at: number) {
      now = noon + at;
      return flows.endDump(now, emit);
    },
    tick(at: number) {
      now = noon + at;
      flows.tick(now, emit);
    },
    brief: () =>
      told.map(({ flow, change }) =>
        [change, flow.state, ...(flow.endReason ? [flow.endReason] : [])].join(' '),
      ),
  };
}

const counters = (sent: number, received: number): NonNullable<EntrySpec['counters']> => [
  BigInt(sent),
  BigInt(sent * 100),
  BigInt(received),
  BigInt(received * 1000),
];

describe('TCP', () => {
  test('from the handshake to the end: closed when TIME_WAIT came, told when the entry goes', () => {
    const it = table();
    it.begin(-1000);
    it.end(-900);
    it.say(0, New, { tcpState: TcpTrack.SynSent, timeout: 120 });
    it.say(1, Update, { tcpState: TcpTrack.SynReceived, status: replied, timeout: 60 });
    it.say(2, Update, { tcpState: TcpTrack.Established, status: assured, timeout: 432_000 });
    it.say(500, Update, { tcpState: TcpTrack.FinWait, status: assured, timeout: 120 });
    it.say(501, Update, { tcpState: TcpTrack.TimeWait, status: assured, timeout: 120 });
    it.tick(60_000);
    it.say(121_000, Destroy, {
      tcpState: TcpTrack.TimeWait,
      status: assured | Status.Dying,
      counters: counters(5, 4),
      start: ns(0),
      stop: ns(120_501),
    });
    expect(it.brief()).toEqual(['decided established', 'closed closed end']);
    expect(it.told[0]!.flow).toMatchObject({ openedAt: noon, establishedAt: noon + 2, preexisting: false });
    expect(it.told[0]!.flow.sent).toBeUndefined();
    expect(it.told[1]!.flow).toMatchObject({
      id: it.told[0]!.flow.id,
      closedAt: noon + 501,
      lastAt: noon + 501,
      sent: { packets: 5, bytes: 500 },
      received: { packets: 4, bytes: 4000 },
      reachedDestination: true,
      observation: { by: 'conntrack' },
    });
    expect(it.told[1]!.flow.translated).toBeUndefined();
    expect(it.flows.stats()).toMatchObject({ entries: 0, total: 1 });
  });

  test.each([
    ['refused', counters(1, 1)],
    ['refused', undefined],
    ['aborted', counters(2, 0)],
  ])('a RST that ends the first SYN: %s', (state, counted) => {
    const it = table();
    it.say(0, New, { tcpState: TcpTrack.SynSent, timeout: 120 });
    it.say(5, Destroy, {
      tcpState: TcpTrack.Close,
      timeout: 120,
      ...(counted && { counters: counted }),
    });
    expect(it.brief()).toEqual([`decided ${state} end`]);
    expect(it.told[0]!.flow).toMatchObject({ closedAt: noon + 5 });
  });

  test('without an answer: attempted, unanswered, timed out', () => {
    const it = table({ holdMs: 100, unansweredAfterMs: 1500 });
    it.say(0, New, { tcpState: TcpTrack.SynSent, timeout: 120 });
    it.tick(99);
    expect(it.told).toEqual([]);
    it.tick(100);
    it.tick(1499);
    expect(it.brief()).toEqual(['attempted attempted']);
    it.tick(1500);
    it.say(127_000, Destroy, { tcpState: TcpTrack.SynSent, counters: counters(3, 0) });
    expect(it.brief()).toEqual(['attempted attempted', 'decided unanswered', 'decided timed-out idle']);
    // The last SYN set the time to live anew, which was over at the end.
    expect(it.told[2]!.flow).toMatchObject({ lastAt: noon + 7000, closedAt: noon + 127_000 });
  });

  test('a handshake that nobody completes stays an attempt', () => {
    const it = table();
    it.say(0, New, { tcpState: TcpTrack.SynSent });
    it.say(1, Update, { tcpState: TcpTrack.SynReceived, status: replied });
    it.tick(100_000);
    it.say(100_001, Destroy, { tcpState: TcpTrack.SynReceived, status: replied });
    expect(it.brief()).toEqual(['attempted attempted', 'decided timed-out idle']);
  });

  test('picked up midway: it was there before', () => {
    const it = table();
    it.say(0, New, { tcpState: TcpTrack.Established, timeout: 432_000 });
    expect(it.brief()).toEqual(['decided established']);
    expect(it.told[0]!.flow.preexisting).toBe(true);
  });
});

describe('other protocols', () => {
  test('UDP: established by the first answer; idle since its last packet', () => {
    const it = table();
    it.say(0, New, { original: udp, timeout: 30 });
    it.say(3, Update, { original: udp, status: replied, timeout: 30 });
    it.say(33_500, Destroy, {
      original: udp,
      status: replied,
      counters: counters(2, 2),
      start: ns(0),
      stop: ns(33_000),
    });
    expect(it.brief()).toEqual(['decided established', 'closed closed idle']);
    expect(it.told[1]!.flow).toMatchObject({ closedAt: noon + 33_000, lastAt: noon + 3000 });
  });

  test('UDP without an answer ends unanswered; one that somebody removed ended by force', () => {
    const it = table();
    it.say(0, New, { original: udp, timeout: 30 });
    it.tick(2000);
    it.tick(2001);
    it.say(5000, Destroy, { original: udp, timeout: 28, counters: counters(2, 0) });
    expect(it.brief()).toEqual(['attempted attempted', 'decided unanswered', 'closed unanswered forced']);
    expect(it.told[2]!.flow.lastAt).toBe(noon + 3000);
  });

  test('ICMP: from the identifier to type and code, before and after NAT', () => {
    const it = table();
    const ping = (source = client, destination = server, type = 8, id = 77): TupleSpec => ({
      source,
      destination,
      protocol: 1,
      icmp: { type, code: 0, id },
    });
    const nat = ipv4(0xcb007101);
    it.say(0, New, { original: ping(), reply: ping(server, nat, 0, 99) });
    it.say(1, Update, { original: ping(), reply: ping(server, nat, 0, 99), status: replied });
    expect(it.told[0]!.flow).toMatchObject({
      protocol: 1,
      source: { address: client, port: 77 },
      destination: { address: server, port: 8 * 256 },
      icmp: { type: 8, code: 0 },
      communityId: communityId(
        1,
        { address: client, port: 0 },
        { address: server, port: 0 },
        { type: 8, code: 0 },
      ),
      translated: { source: { address: nat, port: 99 } },
    });
    expect(it.told[0]!.flow.translated!.destination).toBeUndefined();
  });
});

test('both ends translated', () => {
  const it = table();
  const reply: TupleSpec = {
    source: ipv4(0xc6120009),
    sourcePort: 8443,
    destination: ipv4(0xcb007101),
    destinationPort: 50_000,
    protocol: 6,
  };
  it.say(0, New, { reply, tcpState: TcpTrack.Established, status: assured });
  expect(it.told[0]!.flow.translated).toEqual({
    source: { address: reply.destination, port: 50_000 },
    destination: { address: reply.source, port: 8443 },
  });
  // That of the ends as they were called.
  expect(it.told[0]!.flow.communityId).toBe(
    communityId(6, { address: client, port: 40_000 }, { address: server, port: 443 }),
  );
});

describe('dumps', () => {
  test('what is there at the start was there before; what a later dump does not have is closed', () => {
    const it = table();
    it.begin(0);
    it.say(1, Dump, { tcpState: TcpTrack.Established, status: assured, counters: counters(9, 9) });
    it.say(1, Dump, { id: 2, original: udp, status: replied, start: ns(-5000), counters: counters(1, 1) });
    it.say(2, New, { id: 3, original: { ...udp, sourcePort: 1 } });
    expect(it.end(3)).toBe(0);
    expect(it.told.map(({ flow }) => [flow.preexisting, flow.openedAt - noon])).toEqual([
      [true, 1],
      [true, -5000],
    ]);
    it.begin(60_000);
    it.say(60_001, Dump, { id: 3, original: { ...udp, sourcePort: 1 } });
    // Made after the dump has passed by its place.
    it.say(60_002, New, { id: 4, original: { ...udp, sourcePort: 2 } });
    expect(it.end(60_003)).toBe(2);
    expect(it.brief().slice(2)).toEqual(['closed closed', 'closed closed']);
    expect(it.flows.stats()).toMatchObject({ entries: 2, vanished: 2, dumps: 2 });
  });

  test('a dump that did not come to its end closes nothing', () => {
    const it = table();
    it.begin(0);
    it.say(1, Dump, { original: udp, status: replied });
    it.end(2);
    it.begin(10);
    it.flows.abandonDump();
    expect(it.end(11)).toBe(0);
    expect(it.flows.stats().entries).toBe(1);
  });

  test('the end of an entry was lost, and another has its number and ends', () => {
    const it = table();
    it.say(0, New, { tcpState: TcpTrack.SynSent });
    it.say(1, Update, { tcpState: TcpTrack.Established, status: assured });
    it.say(60_000, New, { tcpState: TcpTrack.SynSent });
    it.say(60_001, Update, { tcpState: TcpTrack.Established, status: assured });
    expect(it.brief()).toEqual(['decided established', 'closed closed', 'decided established']);
    expect(new Set(it.told.map(({ flow }) => flow.id)).size).toBe(2);
    expect(it.flows.stats()).toMatchObject({ entries: 1, vanished: 1 });
  });

  test('a dump that meets an entry before the event of its making does not make two of it', () => {
    const it = table();
    it.begin(0);
    it.end(1);
    it.begin(10);
    it.say(11, Dump, { tcpState: TcpTrack.SynSent });
    it.say(12, New, { tcpState: TcpTrack.SynSent });
    expect(it.flows.stats()).toMatchObject({ entries: 1, vanished: 0 });
  });

  test('parts have counters of their own, also when somebody set those of the kernel to 0', () => {
    const it = table({ activeMs: 1000 });
    it.say(0, New, { original: udp });
    it.say(1, Update, { original: udp, status: replied });
    const dump = (at: number, sent: number) => {
      it.begin(at);
      it.say(at, Dump, { original: udp, status: replied, counters: counters(sent, sent) });
      it.end(at);
    };
    dump(500, 3);
    dump(1500, 10);
    dump(3000, 10);
    dump(4000, 4);
    dump(4500, 6);
    it.say(5000, Destroy, { original: udp, status: replied, counters: counters(7, 7) });
    expect(it.told.slice(1).map(({ flow }) => [flow.part, flow.sent!.packets, flow.endReason])).toEqual([
      [1, 10, 'active'],
      [2, 4, 'active'],
      [3, 3, 'idle'],
    ]);
    expect(it.told.map(({ flow }) => flow.openedAt - noon)).toEqual([0, 0, 1500, 4000]);
  });
});

test('at the end what was counted since the last part is told, of what was decided and of what was not', () => {
  const it = table({ activeMs: 1000 });
  const question: TupleSpec = { ...udp, sourcePort: 53_000 };
  const silent: TupleSpec = { ...udp, sourcePort: 53_001 };
  const dump = (at: number, sent: number) => {
    it.begin(at);
    it.say(at, Dump, { original: udp, status: replied, counters: counters(sent, sent) });
    if (at > 1500) {
      it.say(at, Dump, { id: 2, original: question, counters: counters(1, 0) });
      it.say(at, Dump, { id: 3, original: silent, counters: counters(0, 0) });
    }
    it.end(at);
  };
  dump(0, 2);
  dump(1500, 3);
  dump(1550, 7);
  it.told.length = 0;
  it.flows.tellRest(noon + 1600, (flow, change) => it.told.push({ flow, change }));
  expect(
    it.told
      .toSorted((one, other) => other.flow.sent!.packets - one.flow.sent!.packets)
      .map(({ flow, change }) => [change, flow.state, flow.part, flow.sent, flow.endReason]),
  ).toEqual([
    ['part', 'established', 2, { packets: 4, bytes: 400 }, 'active'],
    ['part', 'attempted', 1, { packets: 1, bytes: 100 }, 'active'],
  ]);
  it.told.length = 0;
  it.flows.tellRest(noon + 1700, (flow, change) => it.told.push({ flow, change }));
  expect(it.told).toEqual([]);
});

test('a flood: attempts give way before connections, and what gives way is told', () => {
  const it = table({ maxEntries: 50 });
  for (let n = 0; n < 40; n++)
    it.say(n, New, { id: n, original: { ...udp, sourcePort: n }, status: assured });
  for (let n = 0; n < 10_000; n++)
    it.say(100 + n / 100, New, {
      id: 1000 + n,
      original: { ...original, sourcePort: n },
      tcpState: TcpTrack.SynSent,
    });
  const { entries, capacity, evicted, total } = it.flows.stats();
  expect({ entries, capacity, total }).toEqual({ entries: 50, capacity: 50, total: 10_040 });
  expect(evicted).toBe(10_040 - 50);
  const gone = it.told.filter(({ flow }) => flow.endReason === 'no-room');
  expect(gone).toHaveLength(evicted);
  expect(gone.every(({ flow }) => flow.state === 'attempted')).toBe(true);
  expect([...it.flows.flows()].filter(({ state }) => state === 'established')).toHaveLength(40);
});

test('whatever was lost, after a dump the table has what the kernel has (property)', () => {
  const act = fc.record({
    entry: fc.nat(2),
    kind: fc.constantFrom('make', 'answer', 'remove', 'dump'),
    isLost: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 100, size: 'max' }), (acts) => {
      const it = table();
      // What the kernel has: port and whether there was an answer.
      const kernel = new Map<number, { answered: boolean; id: number }>();
      let [at, id] = [0, 0];
      const spec = (entry: number) => ({
        original: { ...udp, sourcePort: entry },
        id: kernel.get(entry)!.id,
        status: kernel.get(entry)!.answered ? replied : confirmed,
      });
      const dump = () => {
        it.begin(at);
        for (const entry of kernel.keys()) it.say(at, Dump, spec(entry));
        it.end(at);
        const ours = [...it.flows.flows()].map(({ source, state }) => [source.port, state === 'established']);
        const theirs = [...kernel].map(([entry, { answered }]) => [entry, answered]);
        expect(ours.sort()).toEqual(theirs.sort());
      };
      for (const { entry, kind, isLost } of acts) {
        at += 2000;
        if (kind === 'dump') dump();
        else if (kind === 'make') {
          if (kernel.has(entry)) continue;
          kernel.set(entry, { answered: false, id: id++ % 2 });
          if (!isLost) it.say(at, New, spec(entry));
        } else if (!kernel.has(entry)) continue;
        else if (kind === 'answer') {
          kernel.get(entry)!.answered = true;
          if (!isLost) it.say(at, Update, spec(entry));
        } else {
          if (!isLost) it.say(at, Destroy, spec(entry));
          kernel.delete(entry);
        }
      }
      at += 2000;
      dump();
      // Each flow that was told ends once, and nothing is told of it after that.
      const over = new Set<string>();
      for (const { flow } of it.told) {
        expect(over.has(flow.id)).toBe(false);
        if (flow.closedAt !== undefined) over.add(flow.id);
      }
    }),
  );
});
