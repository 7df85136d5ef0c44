import { expect, test } from 'vitest';
import { nftFile } from '../analysis/analysis.fixture.ts';
import { readFirewallFiles } from '../analysis/read-files.ts';
import { rulesOf } from '../analysis/rules.ts';
import { actionWords, conditionWords, targetWords } from './rule-words.ts';

/** The rules of a text in words. */
function words(...lines: string[]): string[] {
  const { ruleset } = readFirewallFiles([{ name: 'text', text: lines.join('\n') }]);
  return [...rulesOf(ruleset)].map(({ rule }) =>
    [conditionWords(rule.matches), [...actionWords(rule), targetWords(rule.target)].join(', ')].join(' -> '),
  );
}

test.each([
  ['-j DROP', 'all -> drop'],
  ['-p tcp --dport 22 -j ACCEPT', 'tcp to port 22 -> accept'],
  [
    '-s 198.51.100.0/24 -d 203.0.113.7 -p udp --sport 53 -j ACCEPT',
    'udp from 198.51.100.0/24 port 53 to 203.0.113.7 -> accept',
  ],
  ['! -s 198.51.100.0/24 -j DROP', 'from not 198.51.100.0/24 -> drop'],
  [
    '-i eth+ -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
    'in by eth*, established or related -> accept',
  ],
  ['-p icmp --icmp-type echo-request -j ACCEPT', 'icmp echo-request -> accept'],
  [
    '-p tcp --syn -j REJECT --reject-with tcp-reset',
    'tcp, flags syn of fin+syn+rst+ack -> reject --reject-with tcp-reset',
  ],
  [
    '-p tcp -m multiport --dports 1,3,5,7,9,11,13 -j ACCEPT',
    'tcp to port 1, 3, 5, 7, 9 and 2 more -> accept',
  ],
  ['-m addrtype --dst-type LOCAL -j ACCEPT', 'to local address -> accept'],
  ['-m limit --limit 5/min -j LOG', /--limit 5\/min -> log, go on$/],
])('iptables: %s', (rule, wanted) => {
  const [found] = words(`iptables -A INPUT ${rule}`);
  if (typeof wanted === 'string') expect(found).toBe(wanted);
  else expect(found).toMatch(wanted);
});

test.each([
  ['tcp dport { 22, 80-90 } accept', 'tcp to port 22, 80-90 -> accept'],
  ['ip saddr 198.51.100.0/24 drop', 'IPv4 from 198.51.100.0/24 -> drop'],
  ['icmpv6 type nd-neighbor-solicit accept', /^icmpv6 .*solicit.* -> accept$/],
  ['meta l4proto { icmp, ipv6-icmp } accept', 'icmp or ipv6-icmp -> accept'],
  ['meta mark 0x7 accept', 'mark 0x7 -> accept'],
  ['ct state new log prefix "new" accept', 'new -> log, accept'],
  ['meta mark set 0x7', 'all -> set mark 0x7, go on'],
])('nft: %s', (rule, wanted) => {
  const [found] = words(...nftFile(rule));
  if (typeof wanted === 'string') expect(found).toBe(wanted);
  else expect(found).toMatch(wanted);
});
