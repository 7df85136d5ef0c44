import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRulesets } from '../compare/compare.ts';
import { rulesetOf } from '../rules.fixture.ts';
import type { Chain, Rule, Ruleset } from '../ruleset.ts';
import { analyseRules } from './analyse-rules.ts';
import { rulesets } from './model.fixture.ts';

function faults(ruleset: Ruleset): string[] {
  return analyseRules(ruleset).rules.map(
    ({ rule, fault, covers }) =>
      `${rule.text}: ${fault ?? 'ok'}${covers ? ` by ${covers.map((one) => one.text).join(' and ')}` : ''}`,
  );
}

test('each kind of fault, with the rules that hide', () => {
  const ruleset = rulesetOf(
    'iptables -P INPUT DROP',
    'iptables -N unused',
    'iptables -N web',
    'iptables -A INPUT -s 198.51.100.0/25 -j ACCEPT',
    'iptables -A INPUT -s 198.51.100.128/25 -j DROP',
    'iptables -A INPUT -s 198.51.100.0/24 -p tcp --dport 22 -j ACCEPT',
    'iptables -A INPUT -i wg0 -s 127.0.0.1 -j ACCEPT',
    'iptables -A INPUT -p tcp -m multiport --dports 80,443 -j web',
    'iptables -A INPUT -p udp --dport 53 -j ACCEPT',
    'iptables -A INPUT -p udp -j ACCEPT',
    'iptables -A INPUT -p icmp -j LOG',
    'iptables -A INPUT -s 203.0.113.9 -j DROP',
    'iptables -A web -p udp -j ACCEPT',
    'iptables -A web -p tcp --dport 80 -j ACCEPT',
    'iptables -A unused -j ACCEPT',
  );
  expect(faults(ruleset)).toEqual([
    '-A INPUT -s 198.51.100.0/25 -j ACCEPT: ok',
    '-A INPUT -s 198.51.100.128/25 -j DROP: ok',
    '-A INPUT -s 198.51.100.0/24 -p tcp --dport 22 -j ACCEPT: shadowed by -A INPUT -s 198.51.100.0/25 -j ACCEPT and -A INPUT -s 198.51.100.128/25 -j DROP',
    '-A INPUT -i wg0 -s 127.0.0.1 -j ACCEPT: contradicts itself',
    '-A INPUT -p tcp -m multiport --dports 80,443 -j web: ok',
    '-A INPUT -p udp --dport 53 -j ACCEPT: redundant',
    '-A INPUT -p udp -j ACCEPT: ok',
    '-A INPUT -p icmp -j LOG: ok',
    '-A INPUT -s 203.0.113.9 -j DROP: redundant',
    '-A unused -j ACCEPT: chain not reached',
    '-A web -p udp -j ACCEPT: chain not reached',
    '-A web -p tcp --dport 80 -j ACCEPT: ok',
  ]);
});

test('the effective default is the policy, or a last rule before it', () => {
  const of = (...commands: string[]) =>
    analyseRules(rulesetOf(...commands))
      .defaults.filter(({ path, chain }) => path.chain === 'INPUT' && chain.name === 'INPUT')
      .map(({ by, effect }) => `${effect} by ${by}`);
  expect(of('iptables -P INPUT DROP', 'iptables -A INPUT -i lo -j ACCEPT')).toEqual(['drop by policy']);
  expect(of('iptables -A INPUT -i lo -j ACCEPT', 'iptables -A INPUT -j DROP')).toEqual(['drop by last rule']);
  expect(of('iptables -A INPUT -p tcp -j DROP', 'iptables -A INPUT ! -p tcp -j ACCEPT')).toEqual([
    'several by rules',
  ]);
});

function without(ruleset: Ruleset, gone: Rule): Ruleset {
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) => ({
      ...table,
      chains: new Map(
        [...table.chains].map(([name, chain]) => [
          name,
          { ...chain, rules: chain.rules.filter((rule) => rule !== gone) },
        ]),
      ),
    })),
  };
}

/** What the rule does is what becomes of the packet, and what its chain does is known of each rule behind it. */
function isFinal({ tables }: Ruleset, chain: Chain, rule: Rule): boolean {
  if (!['accept', 'drop', 'return'].includes(rule.target.effect) || !chain.base || tables.length > 1)
    return false;
  const rules = tables.flatMap((table) => [...table.chains.values()].flatMap((one) => one.rules));
  return rules.every(({ target }) => target.effect !== 'choose' && target.effect !== 'goto');
}

test('a rule with a fault may go: nothing changes', () => {
  const counts = new Map<string, number>();
  const property = fc.property(rulesets({ changes: false }), (ruleset) => {
    for (const { rule, fault, chain, table } of analyseRules(ruleset).rules) {
      counts.set(fault ?? 'none', (counts.get(fault ?? 'none') ?? 0) + 1);
      if (fault === undefined && !isFinal(ruleset, chain, rule)) continue;
      const { equal } = compareRulesets(ruleset, without(ruleset, rule), { most: 1 });
      expect([table.name, chain.name, rule.text, fault, equal]).toEqual([
        table.name,
        chain.name,
        rule.text,
        fault,
        fault !== undefined,
      ]);
    }
  });
  fc.assert(property, { numRuns: 25, seed: 6, endOnFailure: true });
  for (const one of ['none', 'contradicts itself', 'chain not reached', 'shadowed', 'redundant'])
    expect([one, (counts.get(one) ?? 0) > 2]).toEqual([one, true]);
});
