import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shownRule } from './model.fixture.ts';
import { cannotAsk } from './network.fixture.ts';
import { listEach } from './nft.fixture.ts';
import { parseNft } from './nft.ts';
import { parseNftJson, printNftJson } from './nft-json.ts';
import { ruleText } from './nft-rules.fixture.ts';
import type { Ruleset } from './ruleset.ts';

const shared = process.env.PICKET_SHARED ?? resolve(import.meta.dirname, '../../../shared');
const folder = join(shared, 'data/firewall/nft');
const files = existsSync(folder) ? readdirSync(folder) : [];
const title = (text: string) => (cannotAsk === undefined ? text : `${text} (skipped: ${cannotAsk})`);

/** Objects beside rules, and statements that JSON has words of its own for. */
const objects = `table inet t {
 counter c { packets 1 bytes 2; }
 limit lim { rate 5/second; }
 quota q { over 10 mbytes; }
 ct helper h { type "ftp" protocol tcp; }
 set s { type ipv4_addr . inet_service; flags interval; elements = { 192.0.2.1 . 22-25 comment "x", 192.0.2.0/24 . 80 } }
 set k { type tcp_flag; elements = { syn|ack, fin } }
 set names { type ifname; elements = { "eth0", "wg0" } }
 map m { type inet_service : verdict; elements = { 22 : accept, 80 : jump other } }
 map n { type ipv4_addr : ipv4_addr; flags interval; counter; elements = { 192.0.2.0/24 : 198.51.100.1, * : 198.51.100.2 } }
 chain other { }
 chain a {
  type filter hook prerouting priority dstnat + 5; policy drop;
  tcp dport vmap @m
  iifname @names accept comment "a \\ b"
  log group 5 snaplen 10 queue-threshold 3
  ct helper set "h"
  quota name "q" drop
  tcp option maxseg size set 1400
  meta hour "10:00"-"12:00" accept
  jhash ip saddr . tcp sport mod 2 seed 0x5 == 1 accept
  numgen inc mod 2 == 1 accept
  socket transparent 1 accept
  osf name "Linux" accept
  ip6 saddr 2001:db8::/32 reject with icmpv6 no-route
  limit rate over 5 mbytes/second burst 10 kbytes drop
 }
}
`;

const models = ({ tables }: Ruleset) =>
  tables.flatMap(({ family, name, chains }) =>
    [...chains.values()].flatMap((chain) => [
      `${family} ${name} ${chain.name} ${JSON.stringify(chain.base)} ${chain.policy?.effect}`,
      ...chain.rules.map((rule) => shownRule(rule).replace(/(opaque|does) .*?(?= =>|$|;)/g, '$1')),
    ]),
  );

/** What JSON of nft 1.0.6 does not tell, so that the printed text is another ruleset. */
const lost: Readonly<Record<string, string>> = {
  '0002table_0.nft': 'that a table is dormant',
  '0006obj_comment_0.nft': 'comments of objects',
  'comments_table_0.nft': 'comments of tables',
  '0048set_counters_0.nft': 'typeof: types alone',
  'typeof_maps_0.nft': 'typeof',
  'typeof_raw_0.nft': 'typeof',
  'typeof_sets_1.nft': 'typeof',
};

/** A listing without times and with the elements of sets in one order. */
const settled = (listing: string | undefined) =>
  listing
    ?.replaceAll(/ expires \w+/g, '')
    .replaceAll(/\{ ([^{}]*) \}/g, (_, elements: string) => elements.split(/,\s*/).sort().join(', '));

describe('JSON of nft', () => {
  test.skipIf(cannotAsk !== undefined)(
    title('printed it loads again and lists the same; read it is the same'),
    () => {
      const texts = [
        ['rules', ruleText],
        ['objects', objects],
        ...files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
      ] as [string, string][];
      const first = listEach(texts.map(([, text]) => text));
      const loaded = texts.flatMap(([name], i) => (first[i] === undefined ? [] : [{ name, ...first[i] }]));
      const printed = loaded.map(({ json }) => printNftJson(json));
      expect(printed.flatMap(({ faults }) => faults)).toEqual([]);
      const again = listEach(printed.map(({ commands }) => commands.map((one) => `${one.text}\n`).join('')));
      const different = loaded
        .filter(({ text }, i) => settled(again[i]?.text) !== settled(text))
        .map(({ name }) => name);
      const expected = Object.keys(lost).filter((name) => files.includes(name));
      expect(different.sort()).toEqual(expected.sort());
      expect(loaded.length).toBeGreaterThan(files.length * 0.8);
      for (const { name, text, json } of loaded) {
        const [plain, read] = [parseNft(text), parseNftJson(json)];
        expect([name, read.problems, read.ruleset.opaque]).toEqual([name, [], []]);
        if (name !== '0002table_0.nft')
          expect([name, models(read.ruleset)]).toEqual([name, models(plain.ruleset)]);
        for (const table of read.ruleset.tables)
          for (const { rules } of table.chains.values())
            for (const { at } of rules) expect(json.slice(at.start, at.end)).toMatch(/^\{"rule": \{.*\}\}$/);
      }
    },
  );

  test('what is not known is said, with its place', () => {
    const text =
      '{"nftables": [{"table": {"family": "inet", "name": "t"}}, {"wonder": {"family": "inet", "table": "t", "name": "x"}}]}';
    const { ruleset } = parseNftJson(text);
    expect(ruleset.opaque.map(({ at }) => text.slice(at.start, at.end))).toEqual([text.slice(58, -2)]);
    expect(parseNftJson('no JSON').ruleset.opaque).toHaveLength(1);
    const rule = (expr: unknown) =>
      parseNftJson(
        JSON.stringify({
          nftables: [
            { table: { family: 'ip', name: 't' } },
            { chain: { family: 'ip', table: 't', name: 'c' } },
            { rule: { family: 'ip', table: 't', chain: 'c', expr } },
          ],
        }),
      )
        .ruleset.tables[0]?.chains.get('c')
        ?.rules.map(shownRule);
    expect(rule([{ wonder: {} }, { accept: null }])).toEqual(['opaque unknown-statement => accept']);
    expect(rule([{ wonder: {} }])).toEqual(['=> unknown unknown-statement']);
    expect(rule([{ log: { prefix: 'a" accept\n' } }, { drop: null }])).toEqual(['=> drop']);
  });

  test('commands', () => {
    const command = (verb: string, kind: string, fields: object) => ({
      [verb]: { [kind]: { family: 'ip', table: 't', ...fields } },
    });
    const text = JSON.stringify({
      nftables: [
        { add: { table: { family: 'ip', name: 't' } } },
        command('add', 'chain', { name: 'c' }),
        command('add', 'rule', { chain: 'c', expr: [{ accept: null }] }),
        command('insert', 'rule', { chain: 'c', expr: [{ drop: null }] }),
        command('add', 'set', { name: 's', type: 'inet_service', elem: [22] }),
        command('add', 'element', { name: 's', elem: [{ range: [80, 90] }] }),
        command('add', 'rule', {
          chain: 'c',
          expr: [
            { match: { op: '!=', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: '@s' } },
            { return: null },
          ],
        }),
      ],
    });
    const chain = parseNftJson(text).ruleset.tables[0]?.chains.get('c');
    expect(chain?.rules.map(shownRule)).toEqual([
      '=> drop',
      '=> accept',
      'protocol tcp; not destination port 22,80-90 => return',
    ]);
  });
});
