import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../net/address.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { parseDump } from '../iptables-restore.ts';
import { parseNft } from '../nft.ts';
import type { Ruleset } from '../ruleset.ts';
import type { Machine } from './machine.ts';
import { type PacketFate, Simulation } from './simulation.ts';
import type { WirePacket } from './wire-packet.ts';

const address = (text: string) => parseAddress(text)!;
const machine: Machine = {
  forwards: true,
  interfaces: [
    { name: 'wan0', addresses: [{ address: address('198.51.100.1'), length: 24 }] },
    { name: 'lan0', addresses: [{ address: address('203.0.113.1'), length: 24 }] },
  ],
  routes: [
    { to: parsePrefix('0.0.0.0/0')!, out: 'wan0' },
    { to: parsePrefix('::/0')!, out: 'wan0' },
  ],
};

const [syn, synAck, ack, finAck, rst] = [2, 18, 16, 17, 4];

function packet(source: string, destination: string, more: Partial<WirePacket> = {}): WirePacket {
  const [from, to] = [address(source), address(destination)];
  return {
    time: 0,
    family: from.family,
    protocol: 17,
    source: from,
    destination: to,
    length: 60,
    hopLimit: 64,
    ...more,
  };
}
function segment(
  source: string,
  sourcePort: number,
  destination: string,
  port: number,
  flags: number,
  more = {},
): WirePacket {
  const tcp = { flags, sequence: 1, acknowledgement: 0, window: 1000, payload: 0, ...more };
  return packet(source, destination, { protocol: 6, sourcePort, port, tcp });
}
const nft = (text: string): Ruleset => parseNft(text).ruleset;
const nothing = nft('');
const simulate = (ruleset: Ruleset, more: Partial<Machine> = {}) =>
  new Simulation(ruleset, { ...machine, ...more });
const ends = ({ packet: { source, sourcePort, destination, port } }: PacketFate) =>
  `${source && formatAddress(source)}:${sourcePort} > ${destination && formatAddress(destination)}:${port}`;

describe('states of TCP', () => {
  const [client, server] = ['203.0.113.7', '192.0.2.9'];
  const out = (flags: number, sequence: number, acknowledgement: number) =>
    segment(client, 4000, server, 80, flags, { sequence, acknowledgement });
  const back = (flags: number, sequence: number, acknowledgement: number) =>
    segment(server, 80, client, 4000, flags, { sequence, acknowledgement });
  const handshake = (simulation: Simulation) =>
    [
      simulation.receive(out(syn, 100, 0), 'lan0'),
      simulation.receive(back(synAck, 500, 101), 'wan0'),
      simulation.receive(out(ack, 101, 501), 'lan0'),
    ].map((fate) => fate.packet.state);

  test('a handshake and a teardown, and a new connection after it', () => {
    const simulation = simulate(nothing);
    expect(handshake(simulation)).toEqual(['NEW', 'ESTABLISHED', 'ESTABLISHED']);
    const rest = [
      simulation.receive(out(finAck, 101, 501), 'lan0'),
      simulation.receive(back(finAck, 501, 102), 'wan0'),
      simulation.receive(out(ack, 102, 502), 'lan0'),
      simulation.receive(out(syn, 9000, 0), 'lan0'),
    ];
    expect(rest.map((fate) => fate.packet.state)).toEqual([
      'ESTABLISHED',
      'ESTABLISHED',
      'ESTABLISHED',
      'NEW',
    ]);
  });

  test.each([
    ['SYN+ACK', synAck],
    ['FIN', 1],
    ['RST', rst],
    ['no flag', 0],
    ['Xmas', 41],
  ])('a lone %s belongs to nothing', (_name, flags) => {
    expect(simulate(nothing).receive(out(flags, 1, 1), 'lan0').packet.state).toBe('INVALID');
  });

  test('a lone ACK begins a connection, unless the machine is strict', () => {
    expect(simulate(nothing).receive(out(ack, 1, 1), 'lan0').packet.state).toBe('NEW');
    expect(simulate(nothing, { looseTcp: false }).receive(out(ack, 1, 1), 'lan0').packet.state).toBe(
      'INVALID',
    );
  });

  test('what lies outside the window is invalid, and a reset whose number is old', () => {
    const simulation = simulate(nothing);
    handshake(simulation);
    const states = [out(ack, 9_000_101, 501), back(ack, 501, 400_101), back(rst, 400, 0)].map(
      (one, i) => simulation.receive(one, i === 0 ? 'lan0' : 'wan0').packet.state,
    );
    expect(states).toEqual(['INVALID', 'INVALID', 'INVALID']);
    expect(simulation.receive(back(rst, 501, 0), 'wan0').packet.state).toBe('ESTABLISHED');
  });

  test('a connection is forgotten when its time is over', () => {
    const simulation = simulate(nothing);
    simulation.receive(out(syn, 100, 0), 'lan0');
    const late = { ...back(synAck, 500, 101), time: 121_000 };
    expect(simulation.receive(late, 'wan0').packet.state).toBe('INVALID');
  });

  test('what is dropped begins nothing', () => {
    const simulation = simulate(
      nft('table inet f { chain f { type filter hook forward priority 0; tcp flags syn drop\n} }'),
    );
    expect(simulation.receive(out(syn, 100, 0), 'lan0').outcome).toBe('dropped');
    expect(simulation.state.connections).toBe(0);
  });
});

test('errors belong to the connection that they speak of, when they go to who began it', () => {
  const simulation = simulate(nothing);
  const question = packet('203.0.113.7', '192.0.2.9', { sourcePort: 4000, port: 53 });
  simulation.receive(question, 'lan0');
  const error = { protocol: 1, icmpType: 3, icmpCode: 1, quoted: question };
  const states = [
    simulation.receive(packet('192.0.2.254', '203.0.113.7', error), 'wan0'),
    simulation.receive(packet('192.0.2.254', '203.0.113.8', error), 'wan0'),
    simulation.receive(
      packet('192.0.2.254', '203.0.113.7', { ...error, quoted: { ...question, port: 54 } }),
      'wan0',
    ),
  ].map((fate) => fate.packet.state);
  expect(states).toEqual(['RELATED', 'INVALID', 'INVALID']);
});

test('neighbours of IPv6 are not tracked, echo requests are', () => {
  const simulation = simulate(nothing);
  const icmp = (icmpType: number, icmpId = 1) =>
    simulation.receive(
      packet('2001:db8::7', '2001:db8::1', { protocol: 58, icmpType, icmpCode: 0, icmpId }),
      'lan0',
    ).packet.state;
  expect([icmp(135), icmp(128), icmp(129, 2)]).toEqual(['UNTRACKED', 'NEW', 'INVALID']);
});

const router = nft(`table ip nat {
  chain pre { type nat hook prerouting priority -100; iifname "wan0" tcp dport 80 dnat to 203.0.113.9:8080
  }
  chain post { type nat hook postrouting priority 100; oifname "wan0" masquerade
  }
}
table inet f { chain f { type filter hook forward priority 0; policy drop; ct state established,related accept
  ct status dnat accept
  iifname "lan0" accept
} }`);

describe('translations', () => {
  test('a redirected service: the answer comes from where the question went', () => {
    const simulation = simulate(router);
    const there = simulation.receive(segment('192.0.2.9', 4000, '198.51.100.1', 80, syn), 'wan0');
    expect([there.outcome, ends(there)]).toEqual(['forwarded', '192.0.2.9:4000 > 203.0.113.9:8080']);
    const answer = segment('203.0.113.9', 8080, '192.0.2.9', 4000, synAck, {
      sequence: 5,
      acknowledgement: 2,
    });
    const back = simulation.receive(answer, 'lan0');
    expect([back.outcome, ends(back)]).toEqual(['forwarded', '198.51.100.1:80 > 192.0.2.9:4000']);
  });

  test('masquerading, errors too; a port that is taken is the choice of the kernel', () => {
    const simulation = simulate(router);
    const question = (host: string) =>
      simulation.receive(packet(host, '192.0.2.9', { sourcePort: 4000, port: 53 }), 'lan0');
    expect(ends(question('203.0.113.7'))).toBe('198.51.100.1:4000 > 192.0.2.9:53');
    expect(ends(question('203.0.113.8'))).toBe('198.51.100.1:undefined > 192.0.2.9:53');
    const answer = { sourcePort: 53, port: 4000 };
    expect(ends(simulation.receive(packet('192.0.2.9', '198.51.100.1', answer), 'wan0'))).toBe(
      '192.0.2.9:53 > 203.0.113.7:4000',
    );
    const other = simulation.receive(packet('192.0.2.9', '198.51.100.1', { ...answer, port: 4001 }), 'wan0');
    expect([other.outcome, other.why]).toEqual([
      'unknown',
      'its port is taken, and the kernel chooses another',
    ]);
    const quoted = packet('198.51.100.1', '192.0.2.9', { sourcePort: 4000, port: 53 });
    const error = packet('192.0.2.254', '198.51.100.1', { protocol: 1, icmpType: 3, icmpCode: 3, quoted });
    expect(ends(simulation.receive(error, 'wan0'))).toContain('> 203.0.113.7');
  });

  const asks = (simulation: Simulation, host: string, server: string, sourcePort = 4000) =>
    simulation.receive(packet(host, server, { sourcePort, port: 53 }), 'lan0');
  const answers = (simulation: Simulation, server: string, port: number) =>
    simulation.receive(packet(server, '198.51.100.1', { sourcePort: 53, port }), 'wan0');

  test('a source keeps the port that it once got, also where another connection had to choose one', () => {
    const simulation = simulate(
      nft(`table ip nat { chain post { type nat hook postrouting priority 100;
        ip daddr 192.0.2.9 udp dport 53 snat to 198.51.100.1:7000
        oifname "wan0" snat to 198.51.100.1
      } }`),
    );
    expect(ends(asks(simulation, '203.0.113.7', '192.0.2.9'))).toBe('198.51.100.1:7000 > 192.0.2.9:53');
    expect(ends(asks(simulation, '203.0.113.7', '192.0.2.8'))).toBe('198.51.100.1:7000 > 192.0.2.8:53');
    expect(ends(asks(simulation, '203.0.113.8', '192.0.2.8'))).toBe('198.51.100.1:4000 > 192.0.2.8:53');
  });

  test('what the kernel has chosen may be what a later connection wants', () => {
    const simulation = simulate(router);
    asks(simulation, '203.0.113.7', '192.0.2.9');
    const second = asks(simulation, '203.0.113.8', '192.0.2.9');
    expect([second.outcome, second.chosen]).toEqual([
      'forwarded',
      'its port is taken, and the kernel chooses another',
    ]);
    const third = asks(simulation, '203.0.113.9', '192.0.2.9', 5000);
    expect([ends(third), third.chosen]).toEqual([
      '198.51.100.1:undefined > 192.0.2.9:53',
      'its port may be taken, and the kernel chooses another',
    ]);
    // Other ends and ports of another kind are nobody's.
    expect(ends(asks(simulation, '203.0.113.9', '192.0.2.9', 400))).toBe('198.51.100.1:400 > 192.0.2.9:53');
    expect(ends(asks(simulation, '203.0.113.5', '192.0.2.8'))).toBe('198.51.100.1:4000 > 192.0.2.8:53');
    // What the kernel chose for a source it takes for its next connections too.
    expect(ends(asks(simulation, '203.0.113.8', '192.0.2.8'))).toBe('198.51.100.1:undefined > 192.0.2.8:53');
  });

  test('a connection that may have been answered may be established', () => {
    const simulation = simulate(router);
    asks(simulation, '203.0.113.7', '192.0.2.9');
    asks(simulation, '203.0.113.8', '192.0.2.9');
    expect(asks(simulation, '203.0.113.8', '192.0.2.9').packet.state).toBe('NEW');
    expect(answers(simulation, '192.0.2.9', 4000).outcome).toBe('forwarded');
    expect(asks(simulation, '203.0.113.8', '192.0.2.9').outcome).toBe('forwarded');
    expect(answers(simulation, '192.0.2.9', 20_000).outcome).toBe('unknown');
    expect(asks(simulation, '203.0.113.8', '192.0.2.9').outcome).toBe('unknown');
    expect(asks(simulation, '203.0.113.7', '192.0.2.9').packet.state).toBe('ESTABLISHED');
  });

  test('what may answer or begin something is answered nobody knows how', () => {
    const simulation = simulate(router);
    asks(simulation, '203.0.113.7', '192.0.2.9');
    asks(simulation, '203.0.113.8', '192.0.2.9');
    // An answer to the second, or a first packet to the machine.
    expect(answers(simulation, '192.0.2.9', 20_000).outcome).toBe('unknown');
    expect(answers(simulation, '192.0.2.9', 20_000).outcome).toBe('unknown');
    const back = packet('198.51.100.1', '192.0.2.9', { sourcePort: 20_000, port: 53 });
    expect(simulation.send(back).outcome).toBe('unknown');
  });

  test('one address of several is the choice of the kernel, answers to each of them may be its', () => {
    const simulation = simulate(
      nft(`table ip nat { chain post { type nat hook postrouting priority 100; oifname "wan0" snat to 198.51.100.1-198.51.100.3
      } }`),
    );
    expect(ends(asks(simulation, '203.0.113.7', '192.0.2.9'))).toBe('undefined:undefined > 192.0.2.9:53');
    expect(answers(simulation, '192.0.2.9', 4000).outcome).toBe('unknown');
    expect(answers(simulation, '192.0.2.8', 4000).outcome).toBe('delivered');
  });

  test.each([
    nft(
      'table ip nat { chain post { type nat hook postrouting priority 100; oifname "wan0" masquerade fully-random\n} }',
    ),
    nft(
      'table ip nat { chain post { type nat hook postrouting priority 100; snat to 198.51.100.1 random,persistent\n} }',
    ),
    nft(
      'table ip nat { chain post { type nat hook postrouting priority 100; snat to oifname map { "wan0" : 198.51.100.1 } random\n} }',
    ),
    parseDump(
      '*nat\n:POSTROUTING ACCEPT\n-A POSTROUTING -o wan0 -j MASQUERADE --random-fully\nCOMMIT\n',
      'ip',
    ).ruleset,
  ])('a port that a rule draws by lot is not known', (ruleset) => {
    const simulation = simulate(ruleset);
    expect(ends(asks(simulation, '203.0.113.7', '192.0.2.9'))).toBe('198.51.100.1:undefined > 192.0.2.9:53');
    expect(answers(simulation, '192.0.2.9', 4000).outcome).toBe('unknown');
    expect(answers(simulation, '192.0.2.9', 400).outcome).toBe('delivered');
  });

  test('a connection that a rule has perhaps translated is answered nobody knows where', () => {
    const simulation = simulate(
      nft(
        'table ip nat { chain post { type nat hook postrouting priority 100; limit rate 5/second accept\n masquerade\n} }',
      ),
    );
    const question = asks(simulation, '203.0.113.7', '192.0.2.9');
    expect([question.outcome, question.why]).toEqual([
      'unknown',
      'it is not known whether the rule `limit rate 5/second accept` matches',
    ]);
    expect(answers(simulation, '192.0.2.9', 4000).outcome).toBe('unknown');
  });

  test('of several destination ports the first that is free', () => {
    const simulation = simulate(
      nft(`table ip nat { chain pre { type nat hook prerouting priority -100; udp dport { 53, 80-99 } dnat to 203.0.113.9:81-99
      } }`),
    );
    const to = (port: number) =>
      ends(simulation.receive(packet('192.0.2.9', '198.51.100.1', { sourcePort: 4000, port }), 'wan0'));
    expect([to(53), to(80), to(90), to(82)]).toEqual([
      '192.0.2.9:4000 > 203.0.113.9:81',
      '192.0.2.9:4000 > 203.0.113.9:82',
      '192.0.2.9:4000 > 203.0.113.9:90',
      '192.0.2.9:4000 > 203.0.113.9:83',
    ]);
  });

  test('a packet of this machine to itself: redirected, and delivered', () => {
    const simulation = simulate(
      parseDump(
        '*nat\n:OUTPUT ACCEPT\n-A OUTPUT -p udp --dport 53 -j REDIRECT --to-ports 5353\nCOMMIT\n',
        'ip',
      ).ruleset,
      {
        interfaces: [
          ...machine.interfaces,
          { name: 'lo', addresses: [{ address: address('127.0.0.1'), length: 8 }] },
        ],
      },
    );
    const fate = simulation.send(packet('198.51.100.1', '192.0.2.9', { sourcePort: 4000, port: 53 }));
    expect([fate.outcome, ends(fate)]).toEqual(['delivered', '198.51.100.1:4000 > 127.0.0.1:5353']);
  });
});

test('marks of connections come back with their answers', () => {
  const simulation = simulate(
    nft(`table inet m {
  chain pre { type filter hook prerouting priority -150; iifname "lan0" ct mark set 0x5
    meta mark set ct mark
  }
  chain f { type filter hook forward priority 0; ct state established meta mark != 0x5 drop
  }
}`),
  );
  simulation.receive(packet('203.0.113.7', '192.0.2.9', { sourcePort: 4000, port: 53 }), 'lan0');
  const answer = simulation.receive(
    packet('192.0.2.9', '203.0.113.7', { sourcePort: 53, port: 4000 }),
    'wan0',
  );
  expect([answer.outcome, answer.packet.numbers?.mark]).toEqual(['forwarded', 5]);
});

test('after a packet that may have been dropped, its connection may not exist', () => {
  const simulation = simulate(
    nft(
      'table inet f { chain f { type filter hook forward priority 0; limit rate 5/second accept\n iifname "lan0" drop\n} }',
    ),
  );
  const question = packet('203.0.113.7', '192.0.2.9', { sourcePort: 4000, port: 53 });
  expect(simulation.receive(question, 'lan0').outcome).toBe('unknown');
  const answer = packet('192.0.2.9', '203.0.113.7', { sourcePort: 53, port: 4000 });
  const { outcome, why } = simulation.receive(answer, 'wan0');
  expect(outcome).toBe('unknown');
  expect(why).toContain('it is not known whether the rule `limit rate 5/second accept` matches');
});

test('hops, routes, and a machine that forwards nothing', () => {
  const far = (more: Partial<WirePacket>) =>
    packet('203.0.113.7', '192.0.2.9', { sourcePort: 1, port: 2, ...more });
  expect(simulate(nothing).receive(far({ hopLimit: 1 }), 'lan0')).toMatchObject({
    outcome: 'dropped',
    why: 'its hop limit is reached',
  });
  expect(simulate(nothing, { forwards: false }).receive(far({}), 'lan0').outcome).toBe('dropped');
  expect(simulate(nothing, { routes: [] }).receive(far({}), 'lan0').why).toBe('no route leads there');
  expect(simulate(nothing).receive(far({ isFragment: true }), 'lan0').outcome).toBe('unknown');
});

test('a flood of connections takes no more room than there is, and is counted', () => {
  const simulation = simulate(nothing, { connections: 1000 });
  for (let i = 0; i < 5000; i++)
    simulation.receive(packet('203.0.113.7', '192.0.2.9', { sourcePort: i, port: 53 }), 'lan0');
  expect(simulation.state).toEqual({ connections: 1000, evicted: 4000 });
});
