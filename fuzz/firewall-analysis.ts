/**
 * Throws texts of packet filters that are cut, joined and disturbed at what reads them as a whole: the checks, the listing, and the lists of
 * ipset: node fuzz/firewall-analysis.ts [--seconds N] [--seed S]. Prints the cases run; exits 1 with the failing text on a
 * crash, a slow case, or a finding whose place is outside the text.
 */
import fc from 'fast-check';
import { checkFirewallFiles } from '../src/cli/firewall/check-files.ts';
import { readIpsetList } from '../src/firewall/listing/ipset-list.ts';
import { listFirewall } from '../src/firewall/listing/listing.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const script = [
  '#!/bin/sh -e',
  'iptables -P INPUT DROP',
  'iptables -F INPUT',
  'iptables -t nat -F',
  'iptables -N EDGE',
  'iptables -A EDGE -p tcp --dport 22 -m limit --limit 5/min -j ACCEPT',
  'iptables -A INPUT -m conntrack --ctstate INVALID -j DROP',
  'iptables -A INPUT -j EDGE',
  'iptables -t raw -A PREROUTING -p udp --dport 53 -j CT --notrack',
  'iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080',
  'iptables -A INPUT -s admin.example.com -j ACCEPT',
  'ip6tables -A INPUT -p ipv6-icmp -j ACCEPT',
  'iptables -A INPUT -p tcp -j SYNPROXY',
  'iptables -I DOCKER -j DROP',
  'iptables -A INPUT -j DROP',
  'nft flush ruleset',
];
const nft = [
  'table inet guard {',
  'set bad { type ipv4_addr; flags dynamic,timeout; size 10; elements = { 198.51.100.7 timeout 1h } }',
  'chain input {',
  'type filter hook input priority filter; policy drop;',
  'ct state vmap { established : accept, invalid : drop }',
  'iif "wg0" tcp flags syn drop',
  'ip saddr 198.51.100.0/24 ip6 daddr 2001:db8::1 accept',
  'limit rate 5/second accept',
  'jump more',
  '}',
  'chain more { udp dport { 53, 67-68 } counter packets 5 bytes 300 accept }',
  'chain pre { type nat hook prerouting priority dstnat; ip saddr 198.51.100.9 drop; tcp dport 80 redirect to :8080 }',
  '}',
];
const dump = [
  '*filter',
  ':INPUT DROP [0:0]',
  ':f2b-sshd - [0:0]',
  '[5:300] -A INPUT -p tcp --dport 22 -j f2b-sshd',
  '-A f2b-sshd -s 203.0.113.9 -j REJECT --reject-with icmp-port-unreachable',
  '-A INPUT -p tcp -m multiport --dports 22,443 -j ACCEPT',
  '-A INPUT -g f2b-sshd',
  'COMMIT',
];
const sets = ['Name: foo', 'Type: hash:ip', 'Header: family inet maxelem 65536', 'Number of entries: 1', ''];
const noise = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom('{', '}', '"', "'", '\\', '!', '\u0000', '💥', '\ud800', '-j', 'jump'),
);

/** Lines of one kind of text, some left out, twice, exchanged or disturbed. */
const text = fc.constantFrom(script, nft, dump, sets).chain((lines) =>
  fc
    .array(
      fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...lines) },
        { weight: 1, arbitrary: fc.constantFrom(...script, ...nft, ...dump) },
        {
          weight: 2,
          arbitrary: fc
            .tuple(fc.constantFrom(...lines), fc.nat(80), noise)
            .map(([line, at, what]) => line.slice(0, at) + what + line.slice(at)),
        },
        { weight: 1, arbitrary: noise },
      ),
      { maxLength: 30 },
    )
    .map((body) => (body.length % 3 === 0 ? [...lines, ...body] : body).join('\n')),
);

fuzz(fuzzOptions(), 3000, (seed) => fc.sample(text, { seed, numRuns: 20 }), run, JSON.stringify);

function run(one: string): void {
  const inputs = [
    { name: 'one', text: one },
    { name: 'two', text: dump.join('\n') },
  ];
  for (const { span, related } of checkFirewallFiles(inputs, 'auto').diagnostics) {
    for (const place of [span, ...related.map((other) => other.span)]) {
      const whole = inputs.find(({ name }) => name === place?.file)?.text;
      if (whole === undefined || place === undefined || place.end.offset > whole.length)
        throw new Error(`the place ${JSON.stringify(place)} is outside the text`);
    }
  }
  listFirewall(inputs);
  listFirewall(inputs, { owner: 'fail2ban', path: 'INPUT' });
  readIpsetList(one);
}
