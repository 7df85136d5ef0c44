import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4, ipv6, parseAddress } from '../net/address.ts';
import type { End, Flow, FlowChange } from './flow.ts';
import { FlowJoiner, type FlowJoinerOptions } from './join-process.ts';

const noon = 1_700_000_000_000;
const end = (address: string, port: number): End => ({ address: parseAddress(address)!, port });
const curl = { pid: 4711, comm: 'curl' };

function seen(id: string, change: Partial<Flow> = {}): Flow {
  return {
    id,
    protocol: 6,
    source: end('198.51.100.2', 40000),
    destination: end('203.0.113.2', 443),
    state: 'established',
    seenBy: 'network',
    openedAt: noon,
    reachedDestination: false,
    preexisting: false,
    ...change,
  };
}
const ofNetwork = (id: string, change: Partial<Flow> = {}): Flow =>
  seen(id, { observation: { by: 'conntrack' }, reachedDestination: true, lastAt: noon, ...change });
const ofSocket = (id: string, change: Partial<Flow> = {}): Flow => {
  const flow = seen(id, { seenBy: 'source', ...change });
  return { ...flow, source: { ...flow.source, process: curl } };
};
const closed = { state: 'closed', closedAt: noon + 500 } as const;
const counts = { sent: { packets: 5, bytes: 500 }, received: { packets: 4, bytes: 4000 } } as const;

/** A joiner, and what it handed on. */
function joiner(options: Partial<FlowJoinerOptions> = {}) {
  const told: { flow: Flow; change: FlowChange; at: number }[] = [];
  const it = new FlowJoiner({ maxFlows: 100, ...options });
  let now = noon;
  const emit = (flow: Flow, change: FlowChange) => void told.push({ flow, change, at: now - noon });
  return {
    told,
    stats: () => it.stats(),
    awaitsCounts: (id: string) => it.awaitsCounts(id),
    socket: (at: number, flow: Flow, change: FlowChange) => {
      now = noon + at;
      it.socket(flow, change, now, emit);
    },
    network: (at: number, flow: Flow, change: FlowChange) => {
      now = noon + at;
      it.network(flow, change, now, emit);
    },
    tick: (at: number) => {
      now = noon + at;
      it.tick(now, emit);
    },
    brief: () => told.map(({ flow, change, at }) => `${at} ${flow.id} ${change} ${flow.state}`),
  };
}

describe('both sides', () => {
  test.each(['network first', 'socket first'])(
    '%s: one flow under the id of the socket, with process and counts',
    (order) => {
      const it = joiner();
      const network = () => it.network(10, ofNetwork('n'), 'decided');
      const socket = () => it.socket(50, ofSocket('s'), 'decided');
      if (order === 'network first') network();
      socket();
      if (order === 'socket first') it.network(60, ofNetwork('n'), 'decided');
      it.socket(500, ofSocket('s', closed), 'closed');
      it.network(120_000, ofNetwork('n', { ...closed, ...counts, endReason: 'end' }), 'closed');
      it.tick(400_000);
      expect(it.brief()).toEqual([
        '50 s decided established',
        '500 s closed closed',
        '120000 s counted closed',
      ]);
      expect(it.told[1]!.flow.sent).toBeUndefined();
      expect(it.told[2]!.flow).toMatchObject({
        source: { process: curl },
        seenBy: 'source',
        reachedDestination: true,
        endReason: 'end',
        ...counts,
      });
      expect(it.stats()).toMatchObject({ flows: 0, joined: 1, joinedLate: 0, uncounted: 0 });
    },
  );

  test('the end that the network saw first is kept for that of the socket', () => {
    const it = joiner();
    const refused = { state: 'refused', closedAt: noon + 1 } as const;
    it.network(5, ofNetwork('n', { ...refused, ...counts, endReason: 'end' }), 'decided');
    it.socket(50, ofSocket('s', refused), 'decided');
    it.tick(1000);
    expect(it.brief()).toEqual(['50 s decided refused']);
    expect(it.told[0]!.flow).toMatchObject({ source: { process: curl }, ...counts });
    expect(it.stats()).toMatchObject({ flows: 0, joined: 1 });
  });

  test.each([
    ['before NAT', '198.51.100.2:40000', '203.0.113.2:443'],
    ['source after NAT', '203.0.113.1:50000', '203.0.113.2:443'],
    ['destination after NAT', '198.51.100.2:40000', '198.18.0.9:8443'],
    ['both after NAT', '203.0.113.1:50000', '198.18.0.9:8443'],
    ['a socket of both families', '::ffff:198.51.100.2:40000', '::ffff:203.0.113.2:443'],
  ])('the socket may know the ends as %s', (_, source, destination) => {
    const at = (text: string) =>
      end(text.slice(0, text.lastIndexOf(':')), Number(text.slice(text.lastIndexOf(':') + 1)));
    const translated = { source: end('203.0.113.1', 50000), destination: end('198.18.0.9', 8443) };
    for (const networkFirst of [true, false]) {
      const it = joiner();
      const network = () => it.network(10, ofNetwork('n', { translated }), 'decided');
      if (networkFirst) network();
      it.socket(20, ofSocket('s', { source: at(source), destination: at(destination) }), 'decided');
      if (!networkFirst) network();
      it.socket(
        500,
        ofSocket('s', { source: at(source), destination: at(destination), ...closed }),
        'closed',
      );
      it.network(600, ofNetwork('n', { translated, ...closed, ...counts }), 'closed');
      expect(it.told.at(-1)!.flow).toMatchObject({ id: 's', translated, ...counts });
      expect(it.told.at(-1)!.flow.source).toEqual({ ...end('198.51.100.2', 40000), process: curl });
      expect(it.told.at(-1)!.flow.destination).toEqual(end('203.0.113.2', 443));
      expect(it.stats()).toMatchObject({ flows: 0, joined: 1 });
    }
  });

  test('attempts of which the socket does not know its port: the oldest of about that time', () => {
    const it = joiner();
    const attempt = { state: 'attempted' } as const;
    for (const [n, port] of [
      [1, 40001],
      [2, 40002],
    ] as const)
      it.network(n, ofNetwork(`n${n}`, { ...attempt, source: end('198.51.100.2', port) }), 'attempted');
    it.socket(50, ofSocket('s1', { ...attempt, source: end('198.51.100.2', 0) }), 'attempted');
    it.socket(51, ofSocket('s2', { ...attempt, source: end('198.51.100.2', 0) }), 'attempted');
    it.tick(1000);
    expect(it.told.map(({ flow }) => [flow.id, flow.source.port])).toEqual([
      ['s1', 40001],
      ['s2', 40002],
    ]);
    // The other way round.
    it.socket(
      5000,
      ofSocket('s3', { ...attempt, source: end('198.51.100.2', 0), openedAt: noon + 5000 }),
      'attempted',
    );
    it.network(
      5010,
      ofNetwork('n3', { ...attempt, source: end('198.51.100.2', 40003), openedAt: noon + 5000 }),
      'attempted',
    );
    const final = { state: 'unanswered', openedAt: noon + 5000, closedAt: noon + 6000 } as const;
    it.socket(6000, ofSocket('s3', { ...final, source: end('198.51.100.2', 0) }), 'decided');
    expect(it.told.at(-1)!.flow).toMatchObject({ id: 's3', source: { port: 40003, process: curl } });
    expect(it.stats()).toMatchObject({ joined: 3, joinedLate: 0 });
  });

  test('parts have the counts of the network; what the socket closes without them is counted later', () => {
    const it = joiner();
    it.network(10, ofNetwork('n'), 'decided');
    it.socket(20, ofSocket('s'), 'decided');
    it.network(60_000, ofNetwork('n', { ...counts, part: 1, endReason: 'active' }), 'part');
    it.socket(70_000, ofSocket('s', { state: 'closed', closedAt: noon + 70_000 }), 'closed');
    it.network(190_000, ofNetwork('n', { ...closed, ...counts, part: 2, endReason: 'end' }), 'closed');
    expect(it.told.map(({ flow }) => [flow.id, flow.part, flow.state, flow.sent?.packets])).toEqual([
      ['s', undefined, 'established', undefined],
      ['s', 1, 'established', 5],
      ['s', 2, 'closed', undefined],
      ['s', 2, 'closed', 5],
    ]);
  });

  test('parts that the network tells of a connection that has closed are counted with its end, once', () => {
    for (const partsBefore of [0, 1]) {
      const it = joiner();
      it.socket(0, ofSocket('s'), 'decided');
      it.network(10, ofNetwork('n'), 'decided');
      if (partsBefore > 0)
        it.network(60_000, ofNetwork('n', { ...counts, part: 1, endReason: 'active' }), 'part');
      it.socket(61_000, ofSocket('s', { ...closed, closedAt: noon + 61_000 }), 'closed');
      const part = (number: number) =>
        ofNetwork('n', { ...counts, openedAt: noon + number, part: number, endReason: 'active' });
      it.network(120_000, part(partsBefore + 1), 'part');
      it.network(180_000, part(partsBefore + 2), 'part');
      const last = { ...counts, part: partsBefore + 3, endReason: 'end', openedAt: noon + 9 } as const;
      it.network(190_000, ofNetwork('n', { ...closed, ...last }), 'closed');
      it.tick(500_000);
      const own = partsBefore === 0 ? undefined : 2;
      expect(
        it.told.slice(1 + partsBefore).map(({ flow, change }) => [change, flow.part, flow.sent]),
      ).toEqual([
        ['closed', own, undefined],
        ['counted', own, { packets: 15, bytes: 1500 }],
      ]);
      expect(it.told.at(-1)!.flow).toMatchObject({
        endReason: 'end',
        openedAt: noon + (own ?? 0),
        received: { packets: 12, bytes: 12_000 },
      });
    }
  });

  test('the Community ID is that of the network', () => {
    const it = joiner();
    it.socket(0, ofSocket('s'), 'decided');
    it.network(10, ofNetwork('n', { communityId: '1:x' }), 'decided');
    it.socket(500, ofSocket('s', closed), 'closed');
    expect(it.told.at(-1)!.flow.communityId).toBe('1:x');
  });

  test('that counts will follow is known, also when the network turned up after the end of the socket', () => {
    const it = joiner();
    it.socket(0, ofSocket('s'), 'decided');
    it.socket(500, ofSocket('s', closed), 'closed');
    expect(it.awaitsCounts('s')).toBe(false);
    it.network(600, ofNetwork('n'), 'decided');
    expect(it.awaitsCounts('s')).toBe(true);
    it.network(700, ofNetwork('n', { ...counts, part: 1, endReason: 'active' }), 'part');
    it.tick(Number.POSITIVE_INFINITY);
    expect(it.told.map(({ flow, change }) => [change, flow.id, flow.sent?.packets])).toEqual([
      ['decided', 's', undefined],
      ['closed', 's', undefined],
      ['counted', 's', 5],
    ]);
    expect(it.awaitsCounts('s')).toBe(false);
  });

  test('when nobody tells its end, a closed connection is counted with the parts that were told', () => {
    const it = joiner();
    it.socket(0, ofSocket('s'), 'decided');
    it.network(10, ofNetwork('n'), 'decided');
    it.socket(500, ofSocket('s', closed), 'closed');
    it.network(60_000, ofNetwork('n', { ...counts, part: 1, endReason: 'active' }), 'part');
    it.tick(Number.POSITIVE_INFINITY);
    expect(it.told.map(({ flow, change }) => [change, flow.part, flow.sent?.packets])).toEqual([
      ['decided', undefined, undefined],
      ['closed', undefined, undefined],
      ['counted', undefined, 5],
    ]);
    expect(it.told.at(-1)!.flow.endReason).toBeUndefined();
  });

  test('what waits for its counts and has to give way is told with what there is', () => {
    const it = joiner({ maxFlows: 1 });
    it.socket(0, ofSocket('s'), 'decided');
    it.network(10, ofNetwork('n', counts), 'decided');
    it.socket(500, ofSocket('s', closed), 'closed');
    it.socket(600, ofSocket('t', { source: end('198.51.100.2', 40001) }), 'decided');
    expect(it.brief()).toEqual([
      '0 s decided established',
      '500 s closed closed',
      '600 s counted closed',
      '600 t decided established',
    ]);
    expect(it.told[2]!.flow.sent).toEqual(counts.sent);
  });

  test('an entry that goes while the socket lives, and is picked up again: counts go on', () => {
    const it = joiner();
    it.network(10, ofNetwork('n1'), 'decided');
    it.socket(20, ofSocket('s'), 'decided');
    it.network(1000, ofNetwork('n1', { ...closed, ...counts, endReason: 'forced' }), 'closed');
    it.network(2000, ofNetwork('n2', { preexisting: true }), 'decided');
    it.socket(3000, ofSocket('s', closed), 'closed');
    it.network(
      4000,
      ofNetwork('n2', { ...closed, ...counts, preexisting: true, endReason: 'end' }),
      'closed',
    );
    expect(it.told.at(-1)!.flow).toMatchObject({
      id: 's',
      sent: { packets: 10, bytes: 1000 },
      received: { packets: 8, bytes: 8000 },
    });
    expect(new Set(it.told.map(({ flow }) => flow.id))).toEqual(new Set(['s']));
    expect(it.stats().flows).toBe(0);
  });

  test('the same ends again are another conversation', () => {
    const it = joiner();
    for (const [n, at] of [
      [1, 0],
      [2, 10_000],
    ] as const) {
      const times = { openedAt: noon + at };
      it.network(at + 10, ofNetwork(`n${n}`, times), 'decided');
      it.socket(at + 20, ofSocket(`s${n}`, times), 'decided');
      it.socket(at + 500, ofSocket(`s${n}`, { ...times, ...closed }), 'closed');
      if (n === 2) it.network(at + 600, ofNetwork('n1', { ...closed, ...counts }), 'closed');
    }
    it.network(20_000, ofNetwork('n2', { ...closed, ...counts }), 'closed');
    expect(it.told.filter(({ flow }) => flow.sent).map(({ flow }) => flow.id)).toEqual(['s1', 's2']);
  });
});

describe('one side', () => {
  test('of the network alone: held back, then under its own id', () => {
    const it = joiner({ holdMs: 300 });
    it.network(10, ofNetwork('n'), 'decided');
    it.tick(309);
    expect(it.told).toEqual([]);
    it.tick(310);
    it.network(5000, ofNetwork('n', { ...closed, ...counts }), 'closed');
    expect(it.brief()).toEqual(['310 n decided established', '5000 n closed closed']);
    expect(it.stats()).toMatchObject({ flows: 0, networkAlone: 1 });
  });

  test('other protocols pass through', () => {
    const it = joiner();
    it.network(10, ofNetwork('n', { protocol: 17 }), 'attempted');
    expect(it.brief()).toEqual(['10 n attempted established']);
    expect(it.stats().flows).toBe(0);
  });

  test('of sockets alone: at once, and forgotten soon after its end', () => {
    const it = joiner({ lateMs: 1000 });
    it.socket(10, ofSocket('s'), 'decided');
    it.socket(500, ofSocket('s', closed), 'closed');
    it.tick(1499);
    expect(it.stats().flows).toBe(1);
    it.tick(1500);
    expect(it.brief()).toEqual(['10 s decided established', '500 s closed closed']);
    expect(it.stats()).toMatchObject({ flows: 0, socketAlone: 1 });
  });

  test('a socket that turns up late joins the flow that was handed on', () => {
    const it = joiner();
    it.network(10, ofNetwork('n'), 'decided');
    it.tick(400);
    it.socket(2000, ofSocket('s'), 'decided');
    it.socket(3000, ofSocket('s', closed), 'closed');
    it.network(4000, ofNetwork('n', { ...closed, ...counts }), 'closed');
    expect(it.brief()).toEqual([
      '400 n decided established',
      '2000 n decided established',
      '3000 n closed closed',
      '4000 n counted closed',
    ]);
    expect(it.told.at(-1)!.flow).toMatchObject({ source: { process: curl }, ...counts });
    expect(it.stats()).toMatchObject({ joined: 1, joinedLate: 1 });
  });

  test('the network that turns up after the end of the socket still counts for it, up to a time', () => {
    const it = joiner({ lateMs: 5000, lingerMs: 10_000 });
    it.socket(10, ofSocket('s', closed), 'decided');
    it.network(4000, ofNetwork('n'), 'decided');
    it.tick(13_999);
    expect(it.stats().flows).toBe(1);
    it.tick(14_000);
    expect(it.stats()).toMatchObject({ flows: 0, uncounted: 1 });
    it.network(15_000, ofNetwork('n', { ...closed, ...counts }), 'closed');
    it.tick(16_000);
    expect(it.brief()).toEqual(['10 s decided closed', '14000 s counted closed', '16000 n closed closed']);
  });
});

test('any number of conversations: the first is forgotten, and what was held back of it is told', () => {
  const it = joiner({ maxFlows: 10 });
  for (let n = 0; n < 1000; n++) {
    const source = { address: ipv6(0x20010db8, 0, 0, n), port: n & 1 ? 0 : 1000 };
    if (n % 3 === 0) it.socket(n, ofSocket(`s${n}`, { source }), 'attempted');
    else it.network(n, ofNetwork(`n${n}`, { source: { ...source, port: 7 } }), 'decided');
    expect(it.stats().flows).toBeLessThanOrEqual(10);
  }
  it.tick(10_000);
  expect(new Set(it.told.map(({ flow }) => flow.id)).size).toBe(1000);
  expect(it.stats().evicted).toBeGreaterThan(900);
});

test('in whatever order both tell within the time, each conversation is one flow that has both (property)', () => {
  const conversation = fc.record({
    begin: fc.nat(1000),
    socketLag: fc.nat(200),
    networkLag: fc.nat(200),
    length: fc.nat(3000),
    destroyed: fc.nat(100_000),
    refused: fc.boolean(),
    nat: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(conversation, { minLength: 1, maxLength: 30, size: 'max' }), (all) => {
      const it = joiner();
      const steps: { at: number; run: () => void }[] = [];
      for (const [n, one] of all.entries()) {
        const source = { address: ipv4(0xc6336400 + (n % 3)), port: 1024 + n };
        const openedAt = noon + one.begin;
        const over = one.begin + one.length;
        const final = {
          state: one.refused ? ('refused' as const) : ('closed' as const),
          closedAt: noon + over,
          source,
          openedAt,
        };
        const counted = { sent: { packets: n + 1, bytes: n }, received: { packets: 1, bytes: 2 } };
        const translated = one.nat ? { translated: { source: end('203.0.113.1', 20_000 + n) } } : {};
        const at = (when: number, run: (at: number) => void) =>
          void steps.push({ at: when, run: () => run(when) });
        if (one.refused) {
          at(over + one.socketLag, (t) => it.socket(t, ofSocket(`s${n}`, final), 'decided'));
          at(over + one.networkLag, (t) =>
            it.network(t, ofNetwork(`n${n}`, { ...final, ...counted, ...translated }), 'decided'),
          );
          continue;
        }
        at(one.begin + one.socketLag, (t) =>
          it.socket(t, ofSocket(`s${n}`, { source, openedAt }), 'decided'),
        );
        at(one.begin + one.networkLag, (t) =>
          it.network(t, ofNetwork(`n${n}`, { source, openedAt, ...translated }), 'decided'),
        );
        at(over + 200, (t) => it.socket(t, ofSocket(`s${n}`, final), 'closed'));
        at(over + 200 + one.destroyed, (t) =>
          it.network(t, ofNetwork(`n${n}`, { ...final, ...counted, ...translated }), 'closed'),
        );
      }
      for (const { run } of steps.toSorted((x, y) => x.at - y.at)) run();
      it.tick(1_000_000);
      const last = new Map(it.told.map(({ flow }) => [flow.id, flow]));
      expect([...last.keys()].sort()).toEqual(all.map((_, n) => `s${n}`).sort());
      for (const [n, one] of all.entries()) {
        const flow = last.get(`s${n}`)!;
        expect(flow.source.process).toEqual(curl);
        // A refused one is over for the sockets, and for the network too, whichever came first.
        expect(flow.sent?.packets).toBe(n + 1);
        expect(flow.translated !== undefined).toBe(one.nat);
        const decided = it.told.filter((told) => told.flow.id === flow.id && told.change === 'decided');
        expect(decided).toHaveLength(1);
      }
      expect(it.stats()).toMatchObject({ flows: 0, joined: all.length, joinedLate: 0 });
    }),
  );
});
