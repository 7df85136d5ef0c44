import { expect, test } from 'vitest';
import { parseDump } from './iptables-restore.ts';
import { parseNft } from './nft.ts';
import { parseNftJson } from './nft-json.ts';
import { readIpsets } from './read-text.ts';
import type { Match, Ruleset } from './ruleset.ts';

const address = (i: number) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
const list = (count: number, make: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i)).join(', ');
const table = (body: string) => `table inet t {\n${body}\n}\n`;

/** Texts of a size, and how their ruleset is read. */
const texts: Readonly<Record<string, (count: number) => Ruleset>> = {
  'a named set': (count) =>
    parseNft(
      table(
        `set s { type ipv4_addr; elements = { ${list(count, address)} } }\nchain c {\n ip saddr @s drop\n}`,
      ),
    ).ruleset,
  intervals: (count) =>
    parseNft(
      table(
        `chain c {\n ip saddr { ${list(count, (i) => `${address(i * 4)}-${address(i * 4 + 2)}`)} } drop\n}`,
      ),
    ).ruleset,
  'keys of two fields': (count) =>
    parseNft(
      table(`chain c {\n ip saddr . tcp dport { ${list(count, (i) => `${address(i)} . ${i % 7}`)} } drop\n}`),
    ).ruleset,
  'a verdict map': (count) =>
    parseNft(
      table(`chain c {\n ip saddr vmap { ${list(count, (i) => `${address(i)} : jump c${i % 10}`)} }\n}`),
    ).ruleset,
  'a set that many rules ask for': (count) =>
    parseNft(
      table(
        `set s { type ipv4_addr; elements = { ${list(count / 2, address)} } }\nchain c {\n${'ip saddr @s drop\n'.repeat(count / 20)}}`,
      ),
    ).ruleset,
  'variables in each other': (count) =>
    parseNft(
      `define a = { ${list(10, address)} }\n${Array.from({ length: count / 100 }, (_, i) => `define a${i + 1} = { $a${i || ''}, $a${i || ''} }\n`).join('')}`,
    ).ruleset,
  JSON: (count) =>
    parseNftJson(
      JSON.stringify({
        nftables: [
          { table: { family: 'ip', name: 't' } },
          {
            set: {
              family: 'ip',
              table: 't',
              name: 's',
              type: 'ipv4_addr',
              elem: Array.from({ length: count }, (_, i) => address(i)),
            },
          },
        ],
      }),
    ).ruleset,
  ipset: (count) => {
    const text = `create s hash:net\n${Array.from({ length: count }, (_, i) => `add s ${address(i * 2)}${i % 50 === 0 ? ' nomatch' : ''}\n`).join('')}`;
    const ipsets = readIpsets([{ text }]);
    return parseDump('*filter\n-A INPUT -m set --match-set s src -j DROP\n', 'ip', { ipsets }).ruleset;
  },
};

test.each(Object.entries(texts))('%s: time grows with the size', (_name, read) => {
  const took = (count: number) => {
    const begun = process.threadCpuUsage();
    read(count);
    const { user, system } = process.threadCpuUsage(begun);
    return user + system;
  };
  took(1000);
  const small = Math.min(took(5000), took(5000), took(5000));
  const large = Math.min(took(40_000), took(40_000));
  // Eight times the size; what grows with the square takes 64 times as long.
  expect(large / Math.max(small, 1000)).toBeLessThan(32);
});

const matchesOf = ({ tables }: Ruleset): readonly Match[] =>
  tables.flatMap(({ chains }) =>
    [...chains.values()].flatMap(({ rules }) => rules.flatMap(({ matches }) => matches)),
  );

test('elements of one field are one set, and keys with the same rest one way', () => {
  expect(matchesOf(texts['a named set']!(100_000)).map(({ kind }) => kind)).toEqual(['family', 'source']);
  const [keys] = matchesOf(texts['keys of two fields']!(10_000)).filter(({ kind }) => kind === 'any of');
  expect(keys?.kind === 'any of' && keys.alternatives.length).toBe(7);
});
