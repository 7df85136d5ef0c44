import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRulesets } from '../compare/compare.ts';
import { rulesetOf } from '../rules.fixture.ts';
import type { Chain, Rule, Ruleset } from '../ruleset.ts';
import { analyseRules, type RulesetAnalysis } from './analyse-rules.ts';
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

/** All that is said, as text. */
function told({ rules, defaults, tooLarge }: RulesetAnalysis): string[] {
  return [
    ...rules.map(({ chain, rule, reached, matched, fault, covers, coversCut, tooLarge: isTooLarge }) =>
      [
        `${chain.name}: ${rule.text}: ${fault ?? 'ok'}`,
        ...(reached ? ['reached'] : []),
        ...(matched ? ['matched'] : []),
        ...(isTooLarge ? ['too large'] : []),
        ...(covers ?? []).map(({ text }) => text),
        ...(coversCut ? ['and others'] : []),
      ].join(', '),
    ),
    ...defaults.map(
      ({ path, chain, by, effect, rule }) =>
        `${path.family} ${path.chain} ${chain.name}: ${effect} by ${by} ${rule?.text}`,
    ),
    ...tooLarge.map(({ family, chain }) => `${family} ${chain}`),
  ];
}

test('looking at each rule for itself says what the set before each rule says', () => {
  for (const [options, runs] of [
    [{ changes: false }, 12],
    [{ changes: false, opaque: true }, 12],
    [{ changes: true, opaque: true }, 6],
  ] as const) {
    const property = fc.property(rulesets(options), (ruleset) => {
      expect(told(analyseRules(ruleset))).toEqual(told(analyseRules(ruleset, { inOrder: true })));
    });
    fc.assert(property, { numRuns: runs, seed: 11, endOnFailure: true });
  }
});

/** Rules about few values, so that each meets many others. */
const crowded = fc
  .array(
    fc.record({
      source: fc.tuple(fc.nat({ max: 15 }), fc.constantFrom(24, 26, 27, 28, 32)),
      port: fc.option(fc.tuple(fc.constantFrom('tcp', 'udp'), fc.nat({ max: 5 }), fc.nat({ max: 3 }))),
      comesIn: fc.constantFrom('', '', '-i eth0', '! -i eth1'),
      target: fc.constantFrom('ACCEPT', 'ACCEPT', 'DROP', 'DROP', 'RETURN', 'web', 'LOG'),
    }),
    { minLength: 40, maxLength: 70, size: 'max' },
  )
  .map((rules) =>
    rulesetOf(
      'iptables -N web',
      ...rules.map(({ source: [part, length], port, comesIn, target }, at) => {
        const source = length === 24 ? '' : `-s 198.51.100.${part * 4}/${length}`;
        const ports = port ? `-p ${port[0]} --dport ${port[1]}:${port[1] + port[2]}` : '';
        const chain = at % 5 === 0 && target !== 'web' ? 'web' : 'INPUT';
        return `iptables -A ${chain} ${source} ${ports} ${comesIn} -j ${target}`;
      }),
    ),
  );

test('so it does in crowded chains', () => {
  const counts = new Map<string, number>();
  const property = fc.property(crowded, (ruleset) => {
    const found = analyseRules(ruleset);
    expect(told(found)).toEqual(told(analyseRules(ruleset, { inOrder: true })));
    for (const { fault = 'none' } of found.rules) counts.set(fault, (counts.get(fault) ?? 0) + 1);
  });
  fc.assert(property, { numRuns: 25, seed: 4, endOnFailure: true });
  for (const one of ['none', 'shadowed', 'redundant']) expect(counts.get(one) ?? 0).toBeGreaterThan(50);
});

test('where sets are too large for one rule, the others are told all the same', () => {
  // The last rule is hidden by all before it together, in pieces that fit together nowhere.
  const pieces = Array.from({ length: 256 }, (_, host) => (host * 77) % 256).flatMap((host) => {
    const cut = ((host * 40_503) % 65_000) + 1;
    const rule = `iptables -A FORWARD -p tcp -s 198.51.100.${host}`;
    return [`${rule} --dport 0:${cut} -j ACCEPT`, `${rule} --dport ${cut + 1}:65535 -j DROP`];
  });
  const ruleset = rulesetOf(...pieces, 'iptables -A FORWARD -p tcp -s 198.51.100.0/24 -j ACCEPT');
  const whole = analyseRules(ruleset).rules;
  expect(whole.at(-1)).toMatchObject({ fault: 'shadowed', coversCut: true });
  const missing = [1, 1.15, 1.3, 1.5, 2, 3, 5, 8].map((factor) => {
    const { rules, tooLarge } = analyseRules(ruleset, { limit: 25_000 * factor });
    for (const [at, one] of rules.entries())
      expect(one.tooLarge ? undefined : one.fault).toBe(one.tooLarge ? undefined : whole[at]!.fault);
    const count = rules.filter((one) => one.tooLarge).length;
    return `${count}${rules.at(-1)!.tooLarge ? ' with the last' : ''}${tooLarge.length > 0 ? ', paths' : ''}`;
  });
  expect(missing).toContain('1 with the last');
  expect(missing.at(-1)).toBe('0');
});

test('a chain behind that needs too much leaves what is told of those before it', () => {
  const some = Array.from({ length: 150 }, (_, at) => [(at * 77) % 256, (at * 40_503) % 65_000, at % 2]);
  const ruleset = rulesetOf(
    'iptables -N later',
    ...some.map(
      ([host, port, isDrop]) =>
        `iptables -A FORWARD -s 198.51.100.${host} -d 203.0.113.${(host! * 5) % 256} -p tcp --dport ${port} -j ${isDrop ? 'DROP' : 'ACCEPT'}`,
    ),
    'iptables -A FORWARD -s 198.51.100.0 -p tcp --dport 0 -d 203.0.113.0 -j DROP',
    'iptables -t nat -A POSTROUTING -o eth0 -s 198.51.100.0/24 -j MASQUERADE',
  );
  const whole = analyseRules(ruleset);
  expect(whole.tooLarge).toEqual([]);
  const ofForward = ({ rules }: RulesetAnalysis) => rules.filter(({ chain }) => chain.name === 'FORWARD');
  expect(ofForward(whole).at(-1)).toMatchObject({ fault: 'shadowed' });
  const isHalf = [24, 28, 34, 40, 50, 60].map((thousands) => {
    const cut = analyseRules(ruleset, { limit: thousands * 1000 });
    const isCut = cut.tooLarge.some(({ family, chain }) => family === 4 && chain === 'FORWARD');
    return isCut && isDeepStrictEqual(ofForward(cut), ofForward(whole));
  });
  expect(isHalf).toContain(true);
});
