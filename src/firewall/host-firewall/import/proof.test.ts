import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firewallForm, readFirewallText } from '../../read-text.ts';
import { commandLists } from '../../rules.fixture.ts';
import { importRuleset } from './import.ts';
import { proveImport } from './proof.ts';

const rulesetOf = (text: string) => readFirewallText(text, firewallForm(text)).ruleset;
const proofOf = (text: string) => {
  const ruleset = rulesetOf(text);
  return proveImport(ruleset, importRuleset(ruleset));
};
const told = (list: ReturnType<typeof proofOf>['differences']) =>
  list.map(({ kind, path, text }) => `${kind} ${path.family} ${path.chain}: ${text}`);

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../../shared', import.meta.url));
const document = `${shared}/seed/network-security.md`;

describe.skipIf(!existsSync(document))(`the example document (${document})`, () => {
  test('its script and what is made of it do the same, but for what is meant', () => {
    const text = readFileSync(document, 'utf8');
    const script = /- \|\n([\s\S]*?)\n {8}securityContext/.exec(text)?.[1] ?? '';
    const { equal, differences, meant } = proofOf(script);
    expect([equal, told(differences)]).toEqual([true, []]);
    expect([...new Set(meant.map(({ kind, path }) => `${kind} ${path.family} ${path.chain}`))]).toEqual([
      'opened 4 INPUT',
      'closed 4 INPUT',
      'closed 6 INPUT',
    ]);
    const rest = meant.filter(({ kind, path }) => kind === 'closed' && path.family === 4);
    expect(rest.every(({ example }) => example.state === 'INVALID')).toBe(true);
  });
});

test('a script that has what every HostFirewall has: nothing but IPv6 changes', () => {
  const { equal, meant } = proofOf(`iptables -P INPUT DROP
iptables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A INPUT -p icmp --icmp-type 3 -j ACCEPT
iptables -A INPUT -p icmp --icmp-type 11 -j ACCEPT
iptables -A INPUT -p icmp --icmp-type 12 -j ACCEPT
iptables -A INPUT -m conntrack --ctstate INVALID -j DROP
iptables -A INPUT -p udp --sport 67 --dport 68 -j ACCEPT
ip6tables -P INPUT ACCEPT
`);
  expect(equal).toBe(true);
  expect([...new Set(meant.map(({ kind, path }) => `${kind} ${path.family}`))]).toEqual(['closed 6']);
});

test('what was left out is found as a difference', () => {
  const { equal, differences } = proofOf(`iptables -P INPUT DROP
iptables -A INPUT -p tcp --sport 20 -j ACCEPT
iptables -A INPUT -p tcp --dport 22 -j ACCEPT
`);
  expect(equal).toBe(false);
  expect(told(differences).join('\n')).toContain('closed 4 INPUT: ');
  expect(differences.every(({ example }) => example.sourcePort === 20)).toBe(true);
});

const state = (name: string, target: string) =>
  `iptables -A INPUT -p tcp --dport 22 -m conntrack --ctstate ${name} -j ${target}\n`;

test.each([
  ['DROP', 'ACCEPT', 'opened 4 INPUT: tcp to port 22, any but new, invalid'],
  ['ACCEPT', 'DROP', 'closed 4 INPUT: tcp to port 22, invalid, untracked, in by any but lo'],
])(
  'policy %s: a rule for new connections is for untracked packets too, which is told',
  (policy, target, line) => {
    const { equal, meant } = proofOf(`iptables -P INPUT ${policy}\n${state('NEW', target)}`);
    expect(equal).toBe(true);
    expect(told(meant)).toContain(line);
  },
);

test('untracked packets that a rule names, or makes, are told apart', () => {
  const named = proofOf(`iptables -P INPUT DROP\n${state('UNTRACKED', 'ACCEPT')}`);
  expect(named.equal).toBe(false);
  expect(told(named.differences)).toEqual(['closed 4 INPUT: tcp to port 22, untracked, in by any but lo']);
  const made = proofOf(
    `iptables -P INPUT DROP\niptables -t raw -A PREROUTING -p tcp --dport 22 -j NOTRACK\n${state('NEW', 'ACCEPT')}`,
  );
  expect(made.equal).toBe(false);
  expect(told(made.differences)).toContain(
    'opened 4 INPUT: tcp to port 22, any but invalid, in by any but lo',
  );
});

test('what is denied of IPv4 alone is denied of IPv6 too, which is told', () => {
  const { equal, meant } = proofOf('iptables -A INPUT -p tcp --dport 23 -j DROP\n');
  expect(equal).toBe(true);
  expect(told(meant).join('\n')).toContain('closed 6 INPUT: tcp to port 23');
});

test('random scripts of which nothing is left out are proved equal', { timeout: 180_000 }, () => {
  let whole = 0;
  for (const commands of fc.sample(commandLists, { numRuns: 60, seed: 31 })) {
    const ruleset = rulesetOf(commands.join('\n'));
    const imported = importRuleset(ruleset);
    if (imported.left.length > 0) continue;
    whole++;
    const { differences } = proveImport(ruleset, imported);
    expect([commands.join('\n'), told(differences)]).toEqual([commands.join('\n'), []]);
  }
  expect(whole).toBeGreaterThan(20);
});
