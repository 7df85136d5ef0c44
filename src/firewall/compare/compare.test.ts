import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packets, rulesets } from '../diagram/model.fixture.ts';
import { possiblePackets } from '../diagram/possible.ts';
import { PacketSpace } from '../diagram/space.ts';
import { parseNft } from '../nft.ts';
import { commandLists, rulesetOf } from '../rules.fixture.ts';
import type { Ruleset } from '../ruleset.ts';
import { judgePacket } from '../simulate.ts';
import { type Comparison, compareRulesets } from './compare.ts';

function nft(...rules: string[]): Ruleset {
  const text = `table inet f {\n chain in {\n type filter hook input priority 0; policy drop;\n${rules.join('\n')}\n }\n}\n`;
  const { ruleset, problems } = parseNft(text);
  expect(problems).toEqual([]);
  return ruleset;
}

function lines({ differences }: Comparison): string[] {
  return differences.map(({ kind, path, text }) => `IPv${path.family} ${path.chain} ${kind}: ${text}`);
}

test('ports that were opened and closed, for both versions', () => {
  const old = nft('tcp dport { 22, 80 } accept');
  const now = nft('tcp dport { 22, 443, 8080-8090 } accept');
  expect(lines(compareRulesets(old, now))).toEqual(
    [4, 6].flatMap((family) => [
      `IPv${family} INPUT opened: tcp to port 443, 8080-8090`,
      `IPv${family} INPUT closed: tcp to port 80`,
    ]),
  );
});

test('of a filter that closes nearly everything it is told what stays open', () => {
  const open = nft('accept');
  const closed = nft(
    'iifname "lo" accept',
    'ct state established,related accept',
    'ip saddr 203.0.113.0/24 tcp dport 22 accept',
    'tcp dport { 80, 443 } accept',
    'udp dport 51820 accept',
  );
  const { differences } = compareRulesets(open, closed);
  expect(differences.map(({ kind, path }) => [kind, path.family])).toEqual([
    ['closed', 4],
    ['closed', 6],
  ]);
  const [first] = differences;
  expect(first?.conditions.map(({ field }) => field)).toEqual(['state', 'in']);
  const except = first?.except?.map(({ text }) => text) ?? [];
  expect(except).toEqual(expect.arrayContaining(['tcp to port 80, 443', 'udp to port 51820']));
  expect(first?.text).toBe(
    `all, any but established, related, in by any but lo; but not ${except.join('; ')}`,
  );
});

test('what an unknown chain leaves behind is no certain change', () => {
  const closed = ['iptables -A INPUT -i lo -j ACCEPT', 'iptables -A INPUT -j DROP'];
  const { equal, differences } = compareRulesets(
    rulesetOf(...closed),
    rulesetOf('iptables -A INPUT -j ELSEWHERE', ...closed),
  );
  expect(equal).toBeUndefined();
  expect(new Set(differences.map(({ kind }) => kind))).toEqual(new Set(['may differ']));
  expect(differences.some(({ hangsOn }) => hangsOn?.join().includes('ELSEWHERE drops'))).toBe(true);
});

test('what an optimizer merges wrongly is found: a bit test is no exact match', () => {
  const accepted = (flags: string) =>
    rulesetOf('iptables -P INPUT DROP', `iptables -A INPUT -p tcp --tcp-flags ${flags} -j ACCEPT`);
  const compared = compareRulesets(accepted('SYN SYN'), accepted('ALL SYN'));
  expect(compared.equal).toBe(false);
  expect(lines(compared)[0]).toBe(
    'IPv4 INPUT closed: tcp, flags SYN, except SYN without FIN, RST, PSH, ACK, URG',
  );
  expect(compared.differences.every(({ kind }) => kind === 'closed')).toBe(true);
  const flags = compared.differences.map(({ example }) => example.tcpFlags ?? 0);
  expect(flags.every((word) => (word & 2) !== 0 && word !== 2)).toBe(true);
});

test('the same in the words of nft, of which versions read a set of one flag differently', () => {
  const compared = compareRulesets(nft('tcp flags syn accept'), nft('tcp flags == syn accept'));
  expect(compared.equal).toBe(false);
  expect(lines(compared)[0]).toContain('closed: tcp, flags SYN, except SYN without FIN');
  const set = compareRulesets(nft('tcp flags syn accept'), nft('tcp flags { syn } accept'));
  expect(set.equal).toBeUndefined();
  expect(set.differences[0]?.hangsOn?.join()).toContain('versions of nft read differently');
});

test('what an optimizer merges wrongly is found: an interval that swallows a hole', () => {
  const old = nft('tcp dport 1000-1999 accept', 'tcp dport 2001-3000 accept');
  const now = nft('tcp dport 1000-3000 accept');
  expect(lines(compareRulesets(old, now))[0]).toBe('IPv4 INPUT opened: tcp to port 2000');
  const split = nft('tcp dport 1000-2000 accept', 'tcp dport 2001-3000 accept');
  expect(compareRulesets(split, now).equal).toBe(true);
});

test('equal rulesets that are written differently', () => {
  const old = rulesetOf(
    'iptables -P INPUT DROP',
    'iptables -A INPUT -s 198.51.100.0/24 -p tcp --dport 22 -j ACCEPT',
    'iptables -A INPUT -p udp -m multiport --dports 53,123 -j ACCEPT',
  );
  const now = rulesetOf(
    'iptables -N more',
    'iptables -A INPUT -p udp --dport 53 -j ACCEPT',
    'iptables -A INPUT -p tcp -j more',
    'iptables -A INPUT -p udp --dport 123 -j ACCEPT',
    'iptables -A INPUT -j DROP',
    'iptables -A more -s 198.51.100.128/25 -p tcp --dport 22 -j ACCEPT',
    'iptables -A more -s 198.51.100.0/25 -p tcp --dport 22 -j ACCEPT',
  );
  expect(compareRulesets(old, now)).toMatchObject({ equal: true, differences: [] });
});

test('a condition that is not modelled differs from another, and not from itself', () => {
  const limited = (rate: string) =>
    rulesetOf('iptables -P INPUT DROP', `iptables -A INPUT -p icmp -m limit --limit ${rate} -j ACCEPT`);
  expect(compareRulesets(limited('5/sec'), limited('5/sec')).equal).toBe(true);
  const compared = compareRulesets(limited('5/sec'), limited('9/sec'));
  expect(compared.equal).toBeUndefined();
  expect(lines(compared)).toEqual(['IPv4 INPUT may differ: icmp']);
  expect(compared.differences[0]?.hangsOn?.join()).toMatch(/5\/sec.*9\/sec/);
  const open = rulesetOf('iptables -P INPUT DROP', 'iptables -A INPUT -p icmp -j ACCEPT');
  expect(lines(compareRulesets(limited('5/sec'), open))).toEqual(['IPv4 INPUT may differ: icmp']);
});

test('parts that are not followed leave it open whether all is equal', () => {
  const old = rulesetOf('iptables -P INPUT DROP');
  const now = { ...old, opaque: [{ at: { start: 0, end: 1 }, why: 'a for loop is not followed' }] };
  expect(compareRulesets(old, now)).toMatchObject({ equal: undefined, differences: [] });
});

test('sets that grow too large are said', () => {
  const old = nft('tcp dport 22 accept');
  const compared = compareRulesets(old, nft('tcp dport 23 accept'), { limit: 100 });
  expect(compared.equal).toBeUndefined();
  expect(compared.paths[0]?.tooLarge).toContain('more than 100 nodes');
});

/** Holds claims of difference and of equality against the walk of single packets; returns how often it was equal. */
function hold(old: Ruleset, now: Ruleset, some: readonly Parameters<typeof judgePacket>[1][]): Comparison {
  const compared = compareRulesets(old, now, { most: 3 });
  for (const { kind, old: before, new: after } of compared.differences) {
    if (kind === 'may differ') continue;
    const verdicts = { opened: ['deny', 'allow'], closed: ['allow', 'deny'], changed: ['allow', 'allow'] }[
      kind
    ];
    expect([before.outcome, after.outcome]).toEqual(verdicts);
  }
  const spaces = new Map<string, PacketSpace>();
  for (const packet of some) {
    const path = { family: packet.family, chain: packet.chain };
    const key = `${path.family} ${path.chain}`;
    const space = spaces.get(key) ?? new PacketSpace(path, [old, now]);
    spaces.set(key, space);
    if (!space.contains(possiblePackets(space), packet)) continue;
    const [before, after] = [judgePacket(old, packet).outcome, judgePacket(now, packet).outcome];
    if (before === after || before === 'unknown' || after === 'unknown') continue;
    const found = compared.differences.filter(
      (one) => one.path.chain === path.chain && one.path.family === path.family,
    );
    expect(found.map(({ kind }) => kind)).toContain(before === 'deny' ? 'opened' : 'closed');
  }
  return compared;
}

test('random pairs: each difference is confirmed, and equal ones have none', () => {
  const counts = { equal: 0, different: 0 };
  const mutated = rulesets({ changes: false }).chain((ruleset) =>
    fc.tuple(fc.constant(ruleset), fc.nat(), fc.constantFrom('drop', 'drop', 'swap', 'repeat', 'none')),
  );
  const property = fc.property(mutated, fc.array(packets, { minLength: 30, maxLength: 30 }), (made, some) => {
    const [old, seed, how] = made;
    const compared = hold(old, mutate(old, seed, how), some);
    if (how === 'none') expect(compared.equal).toBe(true);
    counts[compared.equal ? 'equal' : 'different']++;
  });
  fc.assert(property, { numRuns: 40, seed: 5, endOnFailure: true });
  expect(Math.min(counts.equal, counts.different)).toBeGreaterThan(2);
});

/** Leaves out, swaps or repeats a rule of a chain. */
function mutate(ruleset: Ruleset, seed: number, how: string): Ruleset {
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) => ({
      ...table,
      chains: new Map(
        [...table.chains].map(([name, chain]) => {
          const rules = [...chain.rules];
          const at = rules.length === 0 ? 0 : seed % rules.length;
          const [one, other] = [rules[at], rules[at + 1]];
          if (how === 'drop') rules.splice(at, 1);
          if (how === 'repeat' && one !== undefined) rules.splice(at + 1, 0, one);
          if (how === 'swap' && one !== undefined && other !== undefined) rules.splice(at, 2, other, one);
          return [name, { ...chain, rules }];
        }),
      ),
    })),
  };
}

test('scripts of random rules against themselves and each other', () => {
  const property = fc.property(
    commandLists,
    commandLists,
    fc.array(packets, { minLength: 20, maxLength: 20 }),
    (one, other, some) => {
      const [old, now] = [rulesetOf(...one), rulesetOf(...other)];
      expect(compareRulesets(old, rulesetOf(...one)).equal).toBe(true);
      hold(old, now, some);
    },
  );
  fc.assert(property, { numRuns: 25, seed: 8, endOnFailure: true });
});

test('what is claimed of one packet', () => {
  const rules = (ports: string) =>
    parseNft(
      `table ip f { chain in { type filter hook input priority 0; policy drop; tcp dport ${ports} accept; }; }`,
    ).ruleset;
  const { claims, differences } = compareRulesets(rules('{ 1000-1999, 2001-3000 }'), rules('1001-3000'));
  expect(claims).toHaveLength(6);
  const input = claims.find(({ path }) => path.family === 4 && path.chain === 'INPUT')!;
  const opened = differences.find(({ kind }) => kind === 'opened')!;
  const example = input.example(opened, () => [])!;
  const kindOf = (port: number) => input.kindOf({ ...example, port });
  expect([999, 1000, 1001, 2000, 2001, 3001].map(kindOf)).toEqual([
    undefined,
    'closed',
    undefined,
    'opened',
    undefined,
    undefined,
  ]);
  const wished = input.example(opened, (space) => [
    space.within('destination port', []),
    space.within('source', [{ lanes: [0x0a00_0000], length: 8 }]),
  ])!;
  expect([wished.port, wished.source!.d >>> 24]).toEqual([2000, 10]);
  expect(claims.at(-1)!.example(opened, () => [])).toBeUndefined();
});
