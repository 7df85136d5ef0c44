import { expect, test } from 'vitest';
import { nodePorts } from '../../product/well-known-ports.ts';
import { Cable, cannotAsk, type Probe, senders } from '../network.fixture.ts';
import { drop, established, findings, nftFile, ssh } from './analysis.fixture.ts';
import { appendsAgain } from './checks/appends-again.ts';
import { cutWhileSet } from './checks/cut-while-set.ts';
import { icmpv6Dropped } from './checks/icmpv6-dropped.ts';
import { nodeTrafficDropped } from './checks/node-traffic-dropped.ts';
import { oneFamily } from './checks/one-family.ts';
import { setFillsUp } from './checks/set-fills-up.ts';

const title = (text: string) => (cannotAsk === undefined ? text : `${text} (skipped: ${cannotAsk})`);
const [from] = senders;
const [here, there] = ['2001:db8::1', '2001:db8::2'];
const key = ({ protocol, id, port }: Probe) => `${protocol} ${id} ${port}`;

/** What an edge site sets on its nodes: the kernel says whether what is told of it is so. */
const script = [
  established,
  'iptables -A INPUT -i lo -j ACCEPT',
  ssh,
  'iptables -A INPUT -p tcp --dport 6443 -j ACCEPT',
  drop,
];

function run(cable: Cable, lines: readonly string[]): void {
  cable.run('guarded', ['sh', '-e'], lines.join('\n'));
}

/** Sends a SYN over IPv6 from a port of the sender. */
function sendSyn6(cable: Cable, id: number, port: number): void {
  const text = `use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 SOCK_NONBLOCK AF_INET6);
    socket(my $one, AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 6) || die "socket: $!";
    bind($one, pack_sockaddr_in6(${id}, inet_pton(AF_INET6, '${here}'))) || die "bind: $!";
    connect($one, pack_sockaddr_in6(${port}, inet_pton(AF_INET6, '${there}'))); select(undef, undef, undef, 1.5);`;
  cable.run('sender', ['perl', '-e', text]);
}

function useIpv6(cable: Cable): void {
  for (const [side, address] of [
    ['sender', here],
    ['guarded', there],
  ] as const)
    cable.run(side, ['ip', 'address', 'add', `${address}/64`, 'dev', 'eth0', 'nodad']);
}

test.skipIf(cannotAsk !== undefined)(
  title('what a node needs is dropped, IPv6 is open, a restart doubles the rules'),
  () => {
    using cable = new Cable('analysis');
    useIpv6(cable);
    run(cable, script);
    const [found] = findings(nodeTrafficDropped, script);
    const named = nodePorts.filter(({ service }) => found!.message.includes(service));
    expect(named.length).toBeGreaterThan(20);
    const probes = named.map(
      ({ protocol, first }, at): Probe => ({
        protocol: protocol === 'TCP' ? 6 : 17,
        source: from,
        id: 20_000 + at,
        port: first,
      }),
    );
    const accepted: Probe[] = [22, 6443].map((port, at) => ({
      protocol: 6,
      source: from,
      id: 30_000 + at,
      port,
    }));
    const ping: Probe = { protocol: 1, source: from, id: 40_000, port: 0 };
    cable.send('sender', [...probes, ...accepted, ping]);
    expect(findings(oneFamily, script)[0]!.message).toMatch(/^IPv4 alone is filtered/);
    sendSyn6(cable, 31_000, 10_250);
    const { passed, seen } = cable.observed();
    expect(probes.filter((one) => !seen.has(key(one)))).toEqual([]);
    expect([...probes, ping].filter((one) => passed.has(key(one)))).toEqual([]);
    expect(accepted.filter((one) => !passed.has(key(one)))).toEqual([]);
    expect(passed).toContain('6 31000 10250');

    const [again] = findings(appendsAgain, script);
    expect(again!.message).toMatch(/these 5 rules .* behind the DROP of the run before/);
    run(cable, script);
    const rules = cable.run('guarded', ['iptables', '-S', 'INPUT']).trim().split('\n').slice(1);
    expect(rules).toHaveLength(10);
    expect(rules.slice(5)).toEqual(rules.slice(0, 5));
    expect(rules.indexOf('-A INPUT -j DROP')).toBe(4);
  },
);

test.skipIf(cannotAsk !== undefined)(title('a script that stops on its way has cut off SSH'), () => {
  using cable = new Cable('way');
  const lines = ['iptables -P INPUT DROP', 'iptables -F INPUT', established, ssh];
  const [found] = findings(cutWhileSet, lines);
  expect(found).toMatchObject({ at: lines[0], related: [[ssh, 'accepted again from here']] });
  const probe = (id: number): Probe => ({ protocol: 6, source: from, id, port: 22 });
  run(cable, lines.slice(0, -1));
  cable.send('sender', [probe(20_000)]);
  run(cable, lines.slice(-1));
  cable.send('sender', [probe(20_001)]);
  const { passed, seen } = cable.observed();
  expect([seen.has(key(probe(20_000))), passed.has(key(probe(20_000)))]).toEqual([true, false]);
  expect(passed).toContain(key(probe(20_001)));
});

test.skipIf(cannotAsk !== undefined)(
  title('without neighbour discovery an open port is not reached over IPv6; with what the help says it is'),
  () => {
    using cable = new Cable('discovery');
    useIpv6(cable);
    const bare = nftFile('ct state established,related accept', 'tcp dport 22 accept');
    const [found] = findings(icmpv6Dropped, bare);
    const mend = /`(.*)`/.exec(found!.help!)![1]!;
    const forget = () => {
      for (const side of ['sender', 'guarded'] as const)
        cable.run(side, ['ip', '-6', 'neighbour', 'flush', 'dev', 'eth0']);
    };
    cable.run('guarded', ['nft', '-f', '-'], `${bare.join('\n')}\n`);
    forget();
    sendSyn6(cable, 20_000, 22);
    expect(cable.observed().passed).not.toContain('6 20000 22');
    const mended = nftFile('ct state established,related accept', mend, 'tcp dport 22 accept');
    expect(findings(icmpv6Dropped, mended)).toEqual([]);
    cable.run('guarded', ['nft', '-f', '-'], `${mended.join('\n')}\n`);
    forget();
    sendSyn6(cable, 20_001, 22);
    expect(cable.observed().passed).toContain('6 20001 22');
  },
);

test.skipIf(cannotAsk !== undefined)(title('a full set lets through what it was to stop'), () => {
  using cable = new Cable('full');
  const lines = (flags: string) => [
    'table ip guard {',
    `  set clients { type ipv4_addr; size 2; ${flags} }`,
    '  chain input {',
    '    type filter hook input priority filter; policy accept;',
    '    udp dport 7000 add @clients { ip saddr limit rate over 1/hour burst 1 packets } drop',
    '  }',
    '}',
  ];
  const kept = lines('flags dynamic;');
  expect(findings(setFillsUp, kept)[0]!.message).toMatch(
    /^nothing takes addresses out of clients .* after 2 of them it is full/,
  );
  cable.run('guarded', ['nft', '-f', '-'], `${kept.join('\n')}\n`);
  const probes = senders.map((source, at) =>
    [1, 2].map((turn): Probe => ({ protocol: 17, source, id: 20_000 + 10 * at + turn, port: 7000 })),
  );
  cable.send('sender', probes.flat());
  const { passed } = cable.observed();
  // Of the first two addresses the second packet is above the limit; the set has no room for the other two.
  expect(probes.map((both) => both.map((one) => passed.has(key(one))))).toEqual([
    [true, false],
    [true, false],
    [true, true],
    [true, true],
  ]);
});
