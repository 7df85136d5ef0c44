import { expect, test } from 'vitest';
import { formatAddress, ipv4 } from '../../net/address.ts';
import type { DnsMessage } from '../dns-message.ts';
import type { Flow } from '../flow.ts';
import { type PacketFields, packetOf } from './packet.fixture.ts';
import { PacketFlows, type PacketFlowsOptions } from './packet-flows.ts';

const client = '192.0.2.1:40000';
const server = '198.51.100.7:443';
const t0 = 1_700_000_000_000;

/** Runs packets, at `at` milliseconds after the beginning; returns what was told, and what the table says at the end. */
function run(
  packets: readonly (PacketFields | { tick: number })[],
  options: PacketFlowsOptions = {},
  isEnded = true,
) {
  const told: Flow[] = [];
  const heard: string[] = [];
  const note = (what: string) => (table: PacketFlows, slot: number) =>
    heard.push(`${what} ${table.flow(slot).state}`);
  const flows = new PacketFlows(
    { maxFlows: 64, communityId: false, ...options },
    {
      opened: note('opened'),
      updated: note('updated'),
      ended: (table, slot) => told.push(table.flow(slot)),
    },
  );
  for (const one of packets) {
    if ('tick' in one) flows.tick(Math.floor((t0 + one.tick) / 1000), ((t0 + one.tick) % 1000) * 1e6);
    else {
      const packet = packetOf({ ...one, at: t0 + (one.at ?? 0) });
      flows.add(packet, one.payload);
    }
  }
  if (isEnded) flows.end();
  return { told, heard, stats: flows.stats(), flows };
}

const there = (tcp: string, more: Partial<PacketFields> = {}) => ({ from: client, to: server, tcp, ...more });
const back = (tcp: string, more: Partial<PacketFields> = {}) => ({ from: server, to: client, tcp, ...more });
const handshake = [
  there('S', { at: 0, sequence: 100 }),
  back('SA', { at: 10 }),
  there('A', { at: 20, sequence: 101 }),
];
const ends = (flow: Flow) =>
  [flow.source, flow.destination].map(({ address, port }) => `${formatAddress(address)}:${port}`).join(' > ');
const payload = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

test('a TCP connection from SYN to FIN is one flow, with counters, flags and times each way', () => {
  const { told, heard } = run([
    ...handshake,
    there('PA', { at: 30, ipLength: 540 }),
    back('PA', { at: 40, ipLength: 1500 }),
    there('FA', { at: 50 }),
    back('FA', { at: 60 }),
    there('A', { at: 70 }),
    { tick: 6000 },
  ]);
  expect(heard).toEqual(['opened attempted', 'updated established', 'updated closed']);
  expect(told).toEqual([
    {
      id: '1',
      protocol: 6,
      source: { address: { family: 4, a: 0, b: 0, c: 0, d: 0xc0000201 }, port: 40000 },
      destination: { address: { family: 4, a: 0, b: 0, c: 0, d: 0xc6336407 }, port: 443 },
      state: 'closed',
      seenBy: 'network',
      openedAt: t0,
      establishedAt: t0 + 20,
      closedAt: t0 + 60,
      reachedDestination: true,
      preexisting: false,
      lastAt: t0 + 70,
      sent: { packets: 5, bytes: 700, tcpFlags: 0x1b },
      received: { packets: 3, bytes: 1580, tcpFlags: 0x1b },
      endReason: 'end',
    },
  ]);
});

test.each([
  ['no answer', [there('S'), there('S', { at: 1000 }), { tick: 70_000 }], 'timed-out', 'idle', false],
  ['answered by RST', [there('S'), back('RA', { at: 1 })], 'refused', 'end', false],
  [
    'given up after the answer: a half-open scan',
    [there('S'), back('SA'), there('R')],
    'aborted',
    'end',
    true,
  ],
  ['SYN+ACK that nobody confirms', [there('S'), back('SA'), { tick: 70_000 }], 'timed-out', 'idle', true],
  ['RST of an established one', [...handshake, back('R')], 'closed', 'end', true],
  ['not over yet', handshake, 'established', 'forced', true],
  ['FIN from one end only', [...handshake, there('FA')], 'established', 'forced', true],
  ['only the way there is seen', [there('S'), there('A')], 'established', 'forced', false],
  [
    'data in answer, the handshake is not seen whole',
    [there('S'), back('PA', { payload: payload('x') })],
    'established',
    'forced',
    true,
  ],
  ['a challenge to a SYN is no answer (RFC 5961)', [there('S'), back('A')], 'attempted', 'forced', true],
  ['a simultaneous open', [there('S'), back('S'), there('SA'), back('SA')], 'established', 'forced', true],
] as const)('%s', (_, packets, state, reason, reached) => {
  const { told } = run(packets);
  expect(told.map((flow) => [flow.state, flow.endReason, flow.reachedDestination, ends(flow)])).toEqual([
    [state, reason, reached, '192.0.2.1:40000 > 198.51.100.7:443'],
  ]);
});

test('the source is who asked, whatever is seen first', () => {
  const of = (packet: PacketFields) => ends(run([packet]).told[0]!);
  expect(of(back('SA'))).toBe('192.0.2.1:40000 > 198.51.100.7:443');
  expect(of(back('RA', { sequence: 0 }))).toBe('192.0.2.1:40000 > 198.51.100.7:443');
  expect(of(back('A'))).toBe('192.0.2.1:40000 > 198.51.100.7:443');
  expect(of(back('A', { from: '198.51.100.7:5432' }))).toBe('192.0.2.1:40000 > 198.51.100.7:5432');
  expect(of({ from: '198.51.100.7:53', to: '192.0.2.1:40000' })).toBe('192.0.2.1:40000 > 198.51.100.7:53');
  expect(of({ from: '198.51.100.7:5000', to: '192.0.2.1:40000' })).toBe(
    '198.51.100.7:5000 > 192.0.2.1:40000',
  );
  expect(of({ from: '198.51.100.7', to: '192.0.2.1', icmp: [0, 0, 77] })).toBe(
    '192.0.2.1:77 > 198.51.100.7:2048',
  );
});

test('what was picked up midway is marked, and established once both ends were seen, or data twice', () => {
  const state = (packets: PacketFields[]) => {
    const [flow] = run(packets).told;
    return [flow!.state, flow!.preexisting, flow!.establishedAt];
  };
  expect(state([there('A')])).toEqual(['attempted', true, undefined]);
  expect(state([there('A'), back('A')])).toEqual(['established', true, undefined]);
  const data = { payload: payload('x') };
  expect(state([there('A', data), there('A', data)])).toEqual(['established', true, undefined]);
  expect(state([there('A'), back('R')])).toEqual(['refused', true, undefined]);
  expect(state([there('R')])).toEqual(['closed', true, undefined]);
});

test('a SYN sent again is the same attempt, one with another number after the end is a new connection', () => {
  const over = [...handshake, back('RA', { at: 30 })];
  expect(run([...over, there('S', { at: 40, sequence: 100 })]).told).toHaveLength(1);
  const { told } = run([...over, there('S', { at: 40, sequence: 900 }), back('SA', { at: 50 })]);
  expect(told.map(({ id, state, sent }) => [id, state, sent!.packets])).toEqual([
    ['1', 'closed', 2],
    ['2', 'attempted', 1],
  ]);
});

test('echo requests and replies are one flow by their id; other messages have one by type and code', () => {
  const [a, b] = ['192.0.2.1', '192.0.2.2'];
  const { told } = run([
    { from: a, to: b, icmp: [8, 0, 5] },
    { from: b, to: a, icmp: [0, 0, 5] },
    { from: a, to: b, icmp: [8, 0, 6] },
    { from: b, to: a, icmp: [5, 1] },
  ]);
  expect(
    told.map((flow) => [ends(flow), flow.state, flow.sent!.packets, flow.received!.packets]).sort(),
  ).toEqual([
    ['192.0.2.1:5 > 192.0.2.2:2048', 'established', 1, 1],
    ['192.0.2.1:6 > 192.0.2.2:2048', 'attempted', 1, 0],
    ['192.0.2.2:0 > 192.0.2.1:1281', 'attempted', 1, 0],
  ]);
  expect(told.find(({ destination }) => destination.port === 1281)?.icmp).toEqual({ type: 5, code: 1 });
});

test('an ICMP error makes the flow that it quotes unreachable, unless that was answered or only has too large packets', () => {
  const error = (code: number) => ({
    from: '203.0.113.9',
    to: '192.0.2.1',
    icmp: [3, code] as const,
    quoted: { protocol: 6, from: client, to: server },
  });
  const state = (packets: PacketFields[]) => run(packets).told.find(({ protocol }) => protocol === 6)?.state;
  expect(state([there('S'), error(1)])).toBe('unreachable');
  expect(state([there('S'), error(4)])).toBe('attempted');
  expect(state([...handshake, error(1)])).toBe('established');
  expect(state([there('S'), error(1), back('SA'), there('A')])).toBe('established');
  expect(run([error(1)]).stats).toMatchObject({ quotesFound: 0, quotesUnknown: 1 });
});

test('the same ends in two VLANs or two networks of VXLAN are two flows; ids that differ by direction are no key', () => {
  const [to, from] = [
    { from: client, to: server },
    { from: server, to: client },
  ];
  const { told } = run([
    { ...to, vlans: [9, 5] },
    { ...from, vlans: [8, 5] },
    { ...to, vlans: [5, 9] },
    { ...to, tunnel: ['vxlan', 4_294_967_295, '203.0.113.1', '203.0.113.2'] },
    { ...to, tunnel: ['vxlan', 7] },
    { ...to, tunnel: ['gtp-u', 1] },
    { ...from, tunnel: ['gtp-u', 2] },
    { ...from, vlans: [0] },
    to,
  ]);
  expect(
    told.map(({ vlans, tunnel, sent, received }) => [vlans, tunnel, sent!.packets + received!.packets]),
  ).toEqual(
    expect.arrayContaining([
      [[9, 5], undefined, 2],
      [[5, 9], undefined, 1],
      [
        undefined,
        {
          kind: 'vxlan',
          id: 4_294_967_295,
          source: { family: 4, a: 0, b: 0, c: 0, d: 0xcb007101 },
          destination: { family: 4, a: 0, b: 0, c: 0, d: 0xcb007102 },
        },
        1,
      ],
      [undefined, { kind: 'vxlan', id: 7 }, 1],
      [undefined, { kind: 'gtp-u', id: 1 }, 2],
      [[0], undefined, 2],
    ]),
  );
  expect(told).toHaveLength(6);
});

test('a long flow is told in parts with one id, split before the packet that comes too late', () => {
  const { told } = run([
    ...handshake,
    there('A', { at: 59_999 }),
    there('A', { at: 60_000 }),
    { tick: 125_000 },
    there('FA', { at: 130_000 }),
    back('FA', { at: 130_001 }),
    { tick: 140_000 },
  ]);
  expect(
    told.map(({ id, part, openedAt, lastAt, sent, received, state, endReason }) => [
      id,
      part,
      openedAt - t0,
      lastAt! - t0,
      sent!.packets,
      received!.packets,
      state,
      endReason,
    ]),
  ).toEqual([
    ['1', 1, 0, 59_999, 3, 1, 'established', 'active'],
    ['1', 2, 60_000, 60_000, 1, 0, 'established', 'active'],
    ['1', 3, 130_000, 130_001, 1, 1, 'closed', 'end'],
  ]);
  expect(told[2]!.sent!.tcpFlags).toBe(0x11);
  const quiet = run([...handshake, { tick: 61_000 }, { tick: 400_000 }]).told;
  expect(quiet.map(({ part, sent, endReason }) => [part, sent!.packets, endReason])).toEqual([
    [1, 2, 'active'],
    [2, 0, 'idle'],
  ]);
  expect(run([...handshake, there('A', { at: 250_000 })], { activeMs: 0 }).told).toHaveLength(1);
  // What an ICMP error says after the part was over is of the next part.
  const late = {
    ...{ from: '203.0.113.9', to: '192.0.2.1', icmp: [3, 1] as const, at: 60_100 },
    quoted: { protocol: 6, from: client, to: server },
  };
  const refused = run([there('S'), there('S', { at: 14_000 }), there('S', { at: 40_000 }), late]).told;
  expect(refused.filter(({ protocol }) => protocol === 6).map(({ part, state }) => [part, state])).toEqual([
    [1, 'attempted'],
    [2, 'unreachable'],
  ]);
});

test('late packets are counted; a clock that was set back ends all flows once', () => {
  const { told, stats } = run([there('S', { at: 5000 }), back('SA', { at: 4000 })]);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ openedAt: t0 + 5000, lastAt: t0 + 5000, received: { packets: 1 } });
  expect(stats.late).toBe(1);

  const after = Array.from({ length: 300 }, (_, i) => there('A', { at: i }));
  const stepped = run([there('S', { at: 3_600_000 }), ...after], {}, false);
  expect(stepped.stats).toMatchObject({ clockSteps: 1, active: 1, packets: 301 });
  expect(stepped.told).toHaveLength(1);
});

test('without room, attempts go before conversations, and the oldest of them first', () => {
  const talks = Array.from({ length: 3 }, (_, i) => {
    const from = `192.0.2.1:${5000 + i}`;
    return [
      { from, to: server, tcp: 'S' },
      { from: server, to: from, tcp: 'SA' },
      { from, to: server, tcp: 'A' },
      { from: server, to: from, tcp: 'PA' },
    ];
  }).flat();
  const floods = Array.from({ length: 20 }, (_, i) => ({
    from: `203.0.113.1:${1000 + i}`,
    to: server,
    tcp: 'S',
  }));
  const { told, stats, flows } = run([...talks, ...floods], { maxFlows: 8 }, false);
  expect(told.map((flow) => [flow.source.port, flow.endReason])).toEqual(
    Array.from({ length: 15 }, (_, i) => [1000 + i, 'no-room']),
  );
  expect(stats).toMatchObject({ active: 8, evicted: [0, 15, 0, 0, 0] });
  flows.end();
  expect(told.filter(({ state }) => state === 'established')).toHaveLength(3);

  // Halfway answers do not help a flood, ended flows go first and are whole.
  const answered = floods.flatMap((one) => [one, { from: one.to, to: one.from, tcp: 'SA' }]);
  const second = run([...talks, there('S'), back('RA'), ...answered], { maxFlows: 8 }, false);
  expect(second.stats.evicted).toEqual([0, 0, 0, 15, 0]);
  expect(second.told[0]).toMatchObject({ state: 'refused', endReason: 'end' });
});

test('among conversations, those go first that have not gone on', () => {
  const talk = (port: number) => {
    const from = `192.0.2.1:${port}`;
    return [
      { from, to: server },
      { from: server, to: from },
      { from, to: server },
      { from: server, to: from },
    ];
  };
  // The first three get their second chance with the first eviction; afterwards only the second goes on.
  const { told } = run(
    [
      ...talk(5001),
      ...talk(5002),
      ...talk(5003),
      ...talk(5004),
      ...talk(5002),
      { from: '192.0.2.9:1', to: server },
    ],
    { maxFlows: 3, names: false },
    false,
  );
  expect(told.map(({ source }) => source.port)).toEqual([5001, 5003]);
});

test('names: what was looked up, TLS and HTTP, within limits', () => {
  const dns = Uint8Array.from([
    ...[0, 1, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0],
    ...[3, ...payload('wWw'), 7, ...payload('example'), 3, ...payload('com'), 0, 0, 1, 0, 1],
    ...[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 6, 3, ...payload('cdn'), 0xc0, 16],
    ...[0xc0, 45, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 7],
  ]);
  const resolver = '192.0.2.53:53';
  const asked = { from: '192.0.2.1:3333', to: resolver };
  const answer = { from: resolver, to: '192.0.2.1:3333', payload: dns };
  const request = payload('GET / HTTP/1.1\r\nUser-Agent: x\r\nhost: WWW.example.com:80\r\n\r\n');
  const names = (packets: PacketFields[], options: PacketFlowsOptions = {}) =>
    run(packets, options).told.find(({ protocol }) => protocol === 6)?.names;
  const get = there('PA', { at: 30, payload: request });
  expect(names([asked, answer, ...handshake, get])).toEqual({
    dns: 'www.example.com',
    http: 'www.example.com',
  });
  // Nobody asked; another client; too late.
  expect(names([answer, ...handshake])).toBeUndefined();
  expect(names([asked, answer, { from: '192.0.2.2:1', to: server, tcp: 'S' }])).toBeUndefined();
  expect(names([asked, answer, there('S', { at: 300_001 })])).toBeUndefined();
  expect(names([asked, answer, ...handshake, get], { names: false })).toBeUndefined();
  expect(run([...handshake, get], { names: { bytes: 100 } }).stats.namesDropped).toBe(1);
});

test('DNS: questions and answers are told with who asked whom, over UDP and TCP, and nothing else is', () => {
  const message = (flags: number) =>
    Uint8Array.from([
      ...[0, 1, flags >> 8, flags & 255, 0, 1, 0, 0, 0, 0, 0, 0],
      ...[1, ...payload('a'), 7, ...payload('example'), 0, 0, 16, 0, 1],
    ]);
  const [client, server] = ['192.0.2.1:3333', '192.0.2.53:53'];
  const tcp = Uint8Array.from([0, 27, ...message(0x0100)]);
  const told: DnsMessage[] = [];
  const flows = new PacketFlows({ maxFlows: 8 }, { ended: () => {}, dns: (one) => told.push(one) });
  const packets: (PacketFields & { readonly payload: Uint8Array })[] = [
    { from: client, to: server, payload: message(0x0100) },
    { from: server, to: client, payload: message(0x8183), at: 20 },
    // An answer where a question should be, another port, what is no DNS.
    { from: client, to: server, payload: message(0x8180), at: 30 },
    { from: client, to: '192.0.2.53:54', payload: message(0x0100), at: 40 },
    { from: client, to: server, payload: payload('hello, is it me?'), at: 50 },
    { from: '192.0.2.1:4444', to: server, tcp: 'PA', payload: tcp, at: 60 },
  ];
  for (const fields of packets) flows.add(packetOf(fields), fields.payload);
  const both = { client: ipv4(0xc0000201), server: ipv4(0xc0000235), name: 'a.example', type: 16, bytes: 27 };
  expect(told).toEqual([
    { ...both, at: told[0]!.at, isResponse: false, code: 0 },
    { ...both, at: told[0]!.at + 20, isResponse: true, code: 3 },
    { ...both, at: told[0]!.at + 60, isResponse: false, code: 0 },
  ]);
});

test('names: what was looked up over TCP, whole in one segment', () => {
  const message = Uint8Array.from([
    ...[
      0,
      1,
      0x81,
      0x80,
      0,
      1,
      0,
      1,
      0,
      0,
      0,
      0,
      3,
      ...payload('www'),
      7,
      ...payload('example'),
      0,
      0,
      1,
      0,
      1,
    ],
    ...[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 7],
  ]);
  const over = Uint8Array.from([0, message.length, ...message, 0, 12, ...message.slice(0, 12)]);
  const [from, to] = ['192.0.2.1:3333', '192.0.2.53:53'];
  const asked = { from, to, tcp: 'PA', payload: Uint8Array.of(0, 1, 0) };
  const answered = (payload: Uint8Array, tcp = 'PA') => ({ from: to, to: from, tcp, payload });
  const names = (...packets: PacketFields[]) =>
    run([...packets, ...handshake]).told.find(({ destination }) => destination.port === 443)?.names;
  expect(names({ from, to, tcp: 'S' }, asked, answered(over))).toEqual({ dns: 'www.example' });
  // Without its length; cut off before the address; nobody asked.
  expect(names(asked, answered(message))).toBeUndefined();
  expect(names(asked, answered(over.slice(0, 40)))).toBeUndefined();
  expect(names(answered(over))).toBeUndefined();
});

test('a ClientHello is put together of two segments, also when one is sent again; after a gap, what there is counts', () => {
  const host = payload('www.example');
  const hello = Uint8Array.from([
    ...[22, 3, 1, 0, 89, 1, 0, 0, 85, 3, 3, ...Array<number>(32).fill(7), 0, 0, 2, 19, 1, 1, 0, 0, 44],
    ...[
      0,
      0,
      0,
      16,
      0,
      14,
      0,
      0,
      11,
      ...host,
      0,
      16,
      0,
      14,
      0,
      12,
      2,
      ...payload('h2'),
      8,
      ...payload('http/1.1'),
    ],
    ...[0, 43, 0, 2, 3, 4],
  ]);
  const data = (from: number, to: number) =>
    there('A', { at: 30, sequence: 101 + from, payload: hello.slice(from, to) });
  const names = (...segments: PacketFields[]) => run([...handshake, ...segments]).told[0]!.names;
  const end = hello.length;
  expect(names(data(0, end))).toEqual({ tls: 'www.example', alpn: 'h2' });
  expect(names(data(0, 60), data(60, end))).toEqual({ tls: 'www.example', alpn: 'h2' });
  expect(names(data(0, 60), data(0, 60), data(60, end))).toEqual({ tls: 'www.example', alpn: 'h2' });
  expect(names(data(0, 75), data(80, end))).toEqual({ tls: 'www.example' });
  expect(names(data(0, 75))).toEqual({ tls: 'www.example' });
  expect(names(data(60, end))).toBeUndefined();
});

test('packets that are not IP are counted and passed over; frames are counted where asked for', () => {
  const strange = packetOf(there('S'));
  strange.family = 0;
  const flows = new PacketFlows(
    { maxFlows: 4, bytes: 'frame' },
    { ended: (t, slot) => told.push(t.flow(slot)) },
  );
  const told: Flow[] = [];
  flows.add(strange);
  flows.add(packetOf(there('S', { ipLength: 40, wireLength: 60 })));
  flows.end();
  expect(flows.stats()).toMatchObject({ packets: 2, ignored: 1 });
  expect(told[0]!.sent!.bytes).toBe(60);
  expect(told[0]!.communityId).toMatch(/^1:/);
});

test('observation, interface and id are as the options say', () => {
  const { told } = run([there('S')], {
    flowId: (number) => `c${number}`,
    observation: { by: 'capture', exporter: 'x.pcap' },
    interfaceName: (number) => `eth${number}`,
  });
  expect(told[0]).toMatchObject({
    id: 'c1',
    observation: { by: 'capture', exporter: 'x.pcap', input: 'eth0' },
  });
});
