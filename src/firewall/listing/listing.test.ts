import { expect, test } from 'vitest';
import { readIpsetList } from './ipset-list.ts';
import { type ListedChain, type ListingFilter, listFirewall } from './listing.ts';

const dump = `*nat
:PREROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER -p tcp --dport 8080 -j DNAT --to-destination 203.0.113.7:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:DOCKER-USER - [0:0]
:f2b-sshd - [0:0]
[12:720] -A INPUT -p tcp --dport 22 -j f2b-sshd
[1:60] -A INPUT -s 198.51.100.0/24 -p tcp -m conntrack --ctstate NEW -m multiport --dports 22,443 -j ACCEPT
-A INPUT -p icmp --icmp-type echo-request -j ACCEPT
-A FORWARD -j DOCKER-USER
-A f2b-sshd -s 203.0.113.9 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -j RETURN
COMMIT
`;
const nft = `table inet guard {
  set bad { type ipv4_addr; flags interval; elements = { 198.51.100.66, 203.0.113.0/24 } }
  chain early {
    type filter hook input priority -10; policy accept;
    ip saddr 203.0.113.0/24 counter packets 3 bytes 180 drop
    iifname "wg*" meta mark set 0x7
  }
}
`;

/** One line for each chain and rule. */
function lines(filter: ListingFilter = {}): string[] {
  const { hooks } = listFirewall(
    [
      { name: 'rules.v4', text: dump },
      { name: 'guard.nft', text: nft },
    ],
    filter,
  );
  const of = (chain: ListedChain, indent: string): string[] => [
    `${indent}${[chain.priority, chain.table, chain.name, chain.default, chain.owner].filter((one) => one !== undefined).join(' ')}`,
    ...chain.rules.flatMap((rule) => [
      `${indent}  ${rule.conditions} -> ${rule.does}${rule.packets === undefined ? '' : ` ${rule.packets}`}${rule.owner === undefined ? '' : ` [${rule.owner}]`} ${rule.place.file}:${rule.place.line}`,
      ...(rule.chain === undefined ? [] : of(rule.chain, `${indent}    `)),
    ]),
  ];
  return hooks.flatMap(({ hook, chains }) => [hook, ...chains.flatMap((chain) => of(chain, '  '))]);
}

test('all tables, hook by hook and by priority, in the same words', () => {
  expect(lines()).toMatchInlineSnapshot(`
    [
      "PREROUTING",
      "  -100 nat PREROUTING accept",
      "    to local address -> chain DOCKER [Docker] rules.v4:4",
      "      nat DOCKER Docker",
      "        tcp to port 8080 -> dnat --to-destination 203.0.113.7:80 [Docker] rules.v4:5",
      "INPUT",
      "  -10 guard early accept",
      "    IPv4 from 203.0.113.0/24 -> drop 3 guard.nft:5",
      "    in by wg* -> set mark 0x7, go on guard.nft:6",
      "  0 filter INPUT drop",
      "    tcp to port 22 -> chain f2b-sshd 12 [fail2ban] rules.v4:12",
      "      filter f2b-sshd fail2ban",
      "        from 203.0.113.9 -> reject --reject-with icmp-port-unreachable [fail2ban] rules.v4:16",
      "        all -> return [fail2ban] rules.v4:17",
      "    tcp from 198.51.100.0/24 to port 22, 443, new -> accept 1 rules.v4:13",
      "    icmp echo-request -> accept rules.v4:14",
      "FORWARD",
      "  0 filter FORWARD accept",
      "    all -> chain DOCKER-USER [Docker (for you)] rules.v4:15",
      "      filter DOCKER-USER Docker (for you)",
    ]
  `);
});

test('one path', () => {
  expect(lines({ path: 'FORWARD' }).filter((line) => !line.startsWith(' '))).toEqual([
    'PREROUTING',
    'FORWARD',
  ]);
  expect(lines({ path: 'OUTPUT' })).toEqual([]);
});

test('one owner, with the rules that lead there', () => {
  expect(lines({ owner: 'fail2ban' })).toMatchInlineSnapshot(`
    [
      "INPUT",
      "  0 filter INPUT drop",
      "    tcp to port 22 -> chain f2b-sshd 12 [fail2ban] rules.v4:12",
      "      filter f2b-sshd fail2ban",
      "        from 203.0.113.9 -> reject --reject-with icmp-port-unreachable [fail2ban] rules.v4:16",
      "        all -> return [fail2ban] rules.v4:17",
    ]
  `);
  expect(lines({ owner: 'docker' }).join('\n')).toMatch(/DNAT|dnat/);
  expect(lines({ owner: 'none' }).join('\n')).not.toMatch(/f2b|DOCKER/);
});

test('a chain that several rules lead to is listed once, and one that leads to itself ends', () => {
  const { hooks } = listFirewall([
    { name: 'x', text: '*filter\n:A - [0:0]\n-A INPUT -j A\n-A INPUT -p tcp -j A\n-A A -j A\nCOMMIT\n' },
  ]);
  const [first, second] = hooks[0]!.chains[0]!.rules;
  expect(first!.chain!.rules[0]!.chain).toBeUndefined();
  expect(second!.chain).toBeUndefined();
});

test('sets, and what is not followed', () => {
  const { sets, notFollowed } = listFirewall([
    { name: 'guard.nft', text: nft },
    { name: 'x.sh', text: 'for ip in $(cat list); do iptables -A INPUT -s $ip -j DROP; done\n' },
  ]);
  expect(sets).toEqual([
    { name: 'bad', table: 'inet guard', kind: 'flags interval; type ipv4_addr', elements: 2 },
  ]);
  expect(notFollowed).toMatchObject([{ file: 'x.sh', line: 1 }]);
});

test('what ipset prints', () => {
  const text =
    'Name: foo\nType: hash:ip\nRevision: 6\nHeader: family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x59ad6827\nSize in memory: 256\nReferences: 0\nNumber of entries: 1\n\nName: bar\nType: list:set\nRevision: 3\nHeader: size 8\nSize in memory: 80\nReferences: 0\nNumber of entries: 0\n';
  expect(readIpsetList(text)).toEqual([
    { name: 'foo', table: 'ipset', kind: 'hash:ip', elements: 1, most: 65_536 },
    { name: 'bar', table: 'ipset', kind: 'list:set', elements: 0 },
  ]);
  expect(readIpsetList('ipset v7.17: nonsense\n')).toEqual([]);
});
