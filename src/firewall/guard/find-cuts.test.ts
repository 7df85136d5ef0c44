import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../net/address.ts';
import { type Prefix, parsePrefix } from '../../net/prefix.ts';
import { parseNft } from '../nft.ts';
import { frozenNftText, readNftSets } from '../nft-tables.ts';
import type { Ruleset } from '../ruleset.ts';
import { type Cut, findCuts, pathsOf } from './find-cuts.ts';
import type { Machine, SocketEnd } from './machine.ts';
import { readMachineRules } from './machine-rules.ts';

const address = (text: string) => parseAddress(text)!;
const prefix = (text: string): Prefix => parsePrefix(text)!;
const end = (text: string, port: number): SocketEnd => ({ address: address(text), port });
const face = (name: string, ...texts: string[]): Machine['interfaces'][number] => ({
  name,
  addresses: texts.map((text) => ({
    address: address(text.split('/')[0]!),
    prefix: prefix(text),
    dynamic: false,
  })),
});

/** A machine that does nothing but have addresses. */
const quiet: Machine = {
  interfaces: [face('lo', '127.0.0.1/8', '::1/128'), face('eth0', '198.51.100.2/24', '2001:db8::2/64')],
  uplinks: ['eth0'],
  listeners: [],
  connections: [],
  unseenConnections: 0,
  nameservers: [],
  forwards: { ipv4: false, ipv6: false },
  wireguard: [],
  admins: [],
  ownPorts: [],
};
const session = { local: end('198.51.100.2', 22), remote: end('203.0.113.7', 50022) };
const nothing: Ruleset = { tables: [], opaque: [] };

const own = (...chains: string[]) => parseNft(`table inet picket {\n${chains.join('\n')}\n}`).ruleset;
const chain = (hook: string, policy: string, ...rules: string[]) =>
  `chain ${hook} {\n type filter hook ${hook} priority -10; policy ${policy};\n ${rules.join('\n ')}\n}`;
const basics = [
  'ct state established,related accept',
  'iifname "lo" accept',
  'meta l4proto ipv6-icmp accept',
];
const cuts = (machine: Machine, after: Ruleset, more: { before?: Ruleset; others?: Ruleset } = {}): Cut[] =>
  findCuts({ before: nothing, others: nothing, ...more, after }, machine);
const names = (found: Cut[]) => [
  ...new Set(found.map(({ risk, outcome }) => (outcome === 'deny' ? risk : `${risk}?`))),
];

describe('ssh', () => {
  const machine = { ...quiet, session, listeners: [{ ...end('0.0.0.0', 22), protocol: 6 as const }] };

  test('the connection that the change comes through, and the rule that cuts it', () => {
    const found = cuts(machine, own(chain('input', 'drop', ...basics, 'tcp dport 443 accept')));
    expect(found).toMatchObject([
      {
        risk: 'ssh',
        title: 'ssh from 203.0.113.7',
        outcome: 'deny',
        rule: { chain: 'input', text: 'policy drop' },
      },
    ]);
    const rule = 'ip saddr 203.0.113.0/24 drop';
    const [first] = cuts(machine, own(chain('input', 'accept', rule, ...basics)));
    expect(first?.rule).toEqual({ chain: 'input', text: rule });
  });

  test('let in, from this address or from all', () => {
    for (const rule of ['tcp dport 22 accept', 'ip saddr 203.0.113.7 tcp dport 22 accept'])
      expect(cuts(machine, own(chain('input', 'drop', ...basics, rule)))).toEqual([]);
    expect(
      names(
        cuts(machine, own(chain('input', 'drop', ...basics, 'ip saddr 203.0.113.8 tcp dport 22 accept'))),
      ),
    ).toEqual(['ssh']);
  });

  test('the answers must go out, and not by established alone on a kernel that tracked nothing so far', () => {
    const input = chain('input', 'accept');
    expect(
      names(
        cuts(
          machine,
          own(input, chain('output', 'drop', 'oifname "lo" accept', 'meta l4proto ipv6-icmp accept')),
        ),
      ),
    ).toContain('ssh');
  });

  test('administrators, though nobody is on the line', () => {
    const admin = { ...quiet, admins: [{ prefix: prefix('203.0.113.0/28') }] };
    const found = cuts(
      admin,
      own(chain('input', 'drop', ...basics, 'ip saddr 203.0.113.0/29 tcp dport 22 accept')),
    );
    expect(found.map(({ title }) => title)).toEqual(['ssh from the administrator 203.0.113.15']);
  });

  test('administrators who come in by an interface, for what they need', () => {
    const admins = [{ prefix: prefix('10.8.0.0/24'), inInterface: 'wg0', ports: [22, 6443] }];
    const rule = 'iifname "wg0" ip saddr 10.8.0.0/24 tcp dport 22 accept';
    const found = cuts({ ...quiet, admins }, own(chain('input', 'drop', ...basics, rule)));
    expect(names(found)).toEqual(['kubernetes-api']);
    const open = own(chain('input', 'drop', ...basics, rule.replace('22', '{ 22, 6443 }')));
    expect(cuts({ ...quiet, admins }, open)).toEqual([]);
  });

  test('a rate that may be exceeded is not known, and said so', () => {
    const rules = [...basics, 'tcp dport 22 limit rate over 3/minute drop', 'tcp dport 22 accept'];
    const [first, ...more] = cuts(machine, own(chain('input', 'drop', ...rules)));
    expect(more).toEqual([]);
    expect(first).toMatchObject({ risk: 'ssh', outcome: 'unknown' });
    expect(first?.why).toContain('limit rate over 3/minute');
  });
});

describe('what a machine does not do is no risk', () => {
  test('a closed firewall on a machine that serves nobody', () => {
    expect(cuts(quiet, own(chain('input', 'drop', ...basics)))).toEqual([]);
  });

  test('what the table cut before, or others cut, is not cut newly', () => {
    const machine = { ...quiet, session };
    const closed = own(chain('input', 'drop', ...basics));
    expect(cuts(machine, closed, { before: closed })).toEqual([]);
    const others = parseNft(
      'table ip filter { chain INPUT { type filter hook input priority 0; policy drop; ct state established accept; } }',
    ).ruleset;
    expect(cuts(machine, closed, { others })).toEqual([]);
    expect(names(cuts(machine, own(chain('input', 'drop')), { others }))).toContain('ssh');
  });

  test('what others do that is not followed is no fault of ours', () => {
    const others = parseNft(
      'table ip filter { chain INPUT { type filter hook input priority 0; policy drop; meta mark 7 accept; } }',
    ).ruleset;
    expect(
      cuts({ ...quiet, session }, own(chain('input', 'drop', ...basics, 'tcp dport 22 accept')), { others }),
    ).toEqual([]);
  });
});

test.each<[string, Partial<Machine>, string[]]>([
  ['kubernetes-api', { listeners: [{ ...end('::', 6443), protocol: 6 }] }, ['tcp dport 6443 accept']],
  ['kubelet', { listeners: [{ ...end('::', 10250), protocol: 6 }] }, ['tcp dport 10250 accept']],
  ['overlay', { listeners: [{ ...end('0.0.0.0', 8472), protocol: 17 }] }, ['udp dport 8472 accept']],
  [
    'agent',
    { listeners: [{ ...end('198.51.100.2', 8470), protocol: 6 }], ownPorts: [8470] },
    ['tcp dport 8470 accept'],
  ],
  ['dhcp', { listeners: [{ ...end('0.0.0.0', 68), protocol: 17 }] }, ['udp sport 67 udp dport 68 accept']],
  ['wireguard', { wireguard: [{ name: 'wg0', port: 51820, endpoints: [] }] }, ['udp dport 51820 accept']],
  [
    'wireguard',
    { wireguard: [{ name: 'wg0', port: 51820, endpoints: [end('203.0.113.9', 7)] }] },
    ['ip saddr 203.0.113.9 udp dport 51820 accept'],
  ],
  [
    'ssh',
    { listeners: [{ ...end('0.0.0.0', 22), protocol: 6 }] },
    ['ip saddr 198.51.100.0/24 tcp dport 22 accept'],
  ],
])('%s: cut by a closed input, not by one that lets it in', (risk, does, rules) => {
  const machine = { ...quiet, ...does };
  expect(names(cuts(machine, own(chain('input', 'drop', ...basics))))).toEqual([risk]);
  expect(cuts(machine, own(chain('input', 'drop', ...basics, ...rules)))).toEqual([]);
});

test('a service is asked for from those who use it', () => {
  const machine = {
    ...quiet,
    listeners: [{ ...end('::', 10250), protocol: 6 as const }],
    connections: [{ local: end('198.51.100.2', 10250), remote: end('198.51.100.10', 40000) }],
  };
  const found = cuts(
    machine,
    own(chain('input', 'drop', ...basics, 'ip saddr 198.51.100.11 tcp dport 10250 accept')),
  );
  expect(found.map(({ title }) => title)).toEqual(['kubelet from 198.51.100.10']);
});

test('loopback, open connections, neighbour discovery, packets too big', () => {
  const machine = {
    ...quiet,
    connections: [{ local: end('198.51.100.2', 40000), remote: end('203.0.113.80', 443) }],
  };
  expect(names(cuts(machine, own(chain('input', 'drop'))))).toEqual([
    'established',
    'path-mtu',
    'loopback',
    'neighbour-discovery',
  ]);
  const without = own(chain('input', 'drop', 'ct state established,related accept', 'iifname "lo" accept'));
  expect(names(cuts(machine, without))).toEqual(['neighbour-discovery']);
  const four = { ...machine, interfaces: [face('lo', '127.0.0.1/8'), face('eth0', '198.51.100.2/24')] };
  expect(cuts(four, without)).toEqual([]);
});

test('what goes out: name servers, the API server', () => {
  const machine = {
    ...quiet,
    nameservers: [address('198.51.100.53')],
    connections: [{ local: end('198.51.100.2', 40000), remote: end('203.0.113.64', 6443) }],
  };
  const closed = chain(
    'output',
    'drop',
    'ct state established accept',
    'oifname "lo" accept',
    'meta l4proto ipv6-icmp accept',
  );
  expect(names(cuts(machine, own(closed)))).toEqual(['kubernetes-api', 'dns'].reverse());
  const open = closed.replace(
    'oifname',
    'ip daddr 198.51.100.53 meta l4proto { tcp, udp } th dport 53 accept\n tcp dport 6443 accept\n oifname',
  );
  expect(cuts(machine, own(open))).toEqual([]);
});

test('what is passed on for pods, where there are some', () => {
  const closed = own(chain('forward', 'drop', 'ct state established accept'));
  const router = { ...quiet, forwards: { ipv4: true, ipv6: false } };
  expect(cuts(router, closed)).toEqual([]);
  const node = { ...router, interfaces: [...quiet.interfaces, face('cni0', '10.42.0.1/24')] };
  const found = cuts(node, closed);
  expect(found.map(({ title }) => title)).toEqual([
    'from cni0 outwards (IPv4)',
    'to cni0 (IPv4)',
    'between cni0 (IPv4)',
  ]);
  expect(cuts(node, own(chain('forward', 'drop', 'iifname "cni0" accept', 'oifname "cni0" accept')))).toEqual(
    [],
  );
  const others = readMachineRules({
    nft: '',
    dumps: { 'iptables-legacy-save': '*filter\n:FORWARD ACCEPT [0:0]\n:KUBE-FORWARD - [0:0]\nCOMMIT\n' },
  });
  expect(names(cuts(router, closed, { others }))).toEqual(['forwarding']);
  expect(cuts({ ...router, forwards: { ipv4: false, ipv6: false } }, closed, { others })).toEqual([]);
});

test('a block set with a time holds what it holds now', () => {
  const text = `table inet picket {\nset block4 {\ntype ipv4_addr\nflags timeout\n}\n${chain('input', 'drop', 'ip saddr @block4 drop', ...basics, 'tcp dport 22 accept')}\n}`;
  const machine = { ...quiet, session };
  const held = (elements: string) =>
    readNftSets(
      `table inet picket { set block4 { type ipv4_addr; flags timeout; elements = { ${elements} }; } }`,
    );
  const frozen = (elements: string) => parseNft(frozenNftText(text, held(elements))).ruleset;
  expect(cuts(machine, frozen('203.0.113.8 timeout 1h expires 9m'))).toEqual([]);
  expect(cuts(machine, frozen('203.0.113.7 timeout 1h expires 9m'))[0]?.rule?.text).toBe(
    'ip saddr @block4 drop',
  );
  expect(cuts(machine, parseNft(text).ruleset)).toEqual([]);
});

test("tables of iptables are read from its own dump, nft's others from nft", () => {
  const nft =
    'table ip filter {\n chain INPUT {\n type filter hook input priority 0; policy accept;\n }\n}\ntable inet mine { }\n';
  const dumps = {
    'iptables-nft-save': '*filter\n:INPUT DROP [0:0]\nCOMMIT\n',
    'iptables-legacy-save': '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n',
  };
  const { tables } = readMachineRules({ nft, dumps });
  expect(tables.map(({ family, name, backend }) => `${family} ${name} ${backend}`)).toEqual([
    'inet mine nft',
    'ip filter iptables',
    'ip filter iptables',
  ]);
  expect(readMachineRules({ nft, dumps: {} }).tables).toHaveLength(2);
});

test('a machine that is busy costs a bounded number of packets', () => {
  const connections = Array.from({ length: 4096 }, (_, i) => ({
    local: end('198.51.100.2', 443),
    remote: end(`198.18.${i >> 8}.${i & 255}`, 40000),
  }));
  expect(pathsOf({ ...quiet, connections }, nothing).length).toBeLessThan(400);
});
