import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { acceptedPorts } from './accepted-ports.ts';
import { parseDump } from './iptables-restore.ts';
import { Cable, cannotAsk } from './network.fixture.ts';
import { parseNft } from './nft.ts';
import type { Match, Rule, Ruleset, Target } from './ruleset.ts';

const shared = process.env.PICKET_SHARED ?? resolve(import.meta.dirname, '../../../shared');
const folder = join(shared, 'data/firewall');
const missing = !existsSync(folder);
const files = (kind: string): string[] =>
  missing ? [] : readdirSync(join(folder, kind)).filter((name) => !name.includes('-ifaces-'));
const tableOf = (name: string) => /-(filter|nat|mangle|raw)-/.exec(name)?.[1] ?? 'filter';
const read = (kind: string, name: string) => readFileSync(join(folder, kind, name), 'utf8');

describe.skipIf(missing)(`dumps of real machines${missing ? ' (skipped: no shared data)' : ''}`, () => {
  test.each(files('iptables'))('%s parses, every rule with its place', (name) => {
    const text = read('iptables', name);
    const { ruleset, problems } = parseDump(text, 'ip', { table: tableOf(name) });
    expect(problems).toEqual([]);
    expect(ruleset.opaque).toEqual([]);
    const rules = ruleset.tables.flatMap(({ chains }) =>
      [...chains.values()].flatMap((chain) => chain.rules),
    );
    expect(rules).toHaveLength(text.split('\n').filter((line) => line.startsWith('-A')).length);
    for (const rule of rules) {
      expect(text.slice(rule.at.start, rule.at.end).replaceAll('"', '')).toBe(rule.text);
    }
    acceptedPorts(ruleset, { family: 4, chain: 'INPUT', protocol: 6 });
  });

  test('what they accept', () => {
    const { ruleset } = parseDump(read('iptables', 'batfish-example-live-iptables-host1.iptables'), 'ip');
    const ports = (protocol: number) =>
      `${acceptedPorts(ruleset, { family: 4, chain: 'INPUT', protocol }).certain}`;
    expect([ports(6), ports(17)]).toEqual(['22', '53']);
  });

  test.skipIf(cannotAsk !== undefined)(
    `the kernel's tool takes them too${cannotAsk ? ` (skipped: ${cannotAsk})` : ''}`,
    () => {
      using cable = new Cable('dumps');
      for (const name of files('iptables')) {
        const text = read('iptables', name);
        const whole = text.includes('*filter') ? text : `*${tableOf(name)}\n${text}\nCOMMIT\n`;
        const refused = (input: string) => {
          try {
            cable.run('guarded', ['iptables-nft-restore', '--test'], input);
            return false;
          } catch {
            return true;
          }
        };
        expect([name, refused(whole)]).toEqual([name, false]);
        const broken = whole.replace(/^-A (\S+) .*$/m, '-A $1 -p tcp --dport 70000 -j DROP');
        if (broken === whole) continue;
        expect([name, refused(broken)]).toEqual([name, true]);
        expect(parseDump(broken, 'ip').problems).not.toEqual([]);
      }
    },
  );

  test.each(files('nft'))('nft: %s parses, every rule with its place', (name) => {
    const text = read('nft', name);
    const { ruleset, problems } = parseNft(text);
    expect(problems).toEqual([]);
    for (const rule of rulesOf(ruleset))
      expect(text.slice(rule.at.start, rule.at.end).replaceAll(/\s+/g, ' ')).toBe(rule.text);
    acceptedPorts(ruleset, { family: 4, chain: 'INPUT', protocol: 6 });
  });

  test('what is not followed of them is known', () => {
    const found = (kind: 'iptables' | 'nft') =>
      files(kind).flatMap((name) => {
        const text = read(kind, name);
        const { ruleset } = kind === 'nft' ? parseNft(text) : parseDump(text, 'ip', { table: tableOf(name) });
        const parts = opaqueParts(ruleset);
        return parts.length === 0 ? [] : [[name, parts.sort()]];
      });
    expect(Object.fromEntries(found('nft'))).toEqual(notFollowedOfNft);
    expect(found('iptables')).toEqual([]);
  });
});

/** Limits, sets that packets fill, queues, maps that set marks or addresses, and fields of packets that are not modelled. */
const notFollowedOfNft: Readonly<Record<string, readonly string[]>> = {
  '0001set_statements_0.nft': ['varies: add @ssh_meter { ip saddr limit rate 10/second }'],
  '0007named_ifname_dtype_0.nft': [
    'does: ip daddr set iifname map @m1',
    'does: ip daddr set oifname map @m1',
  ],
  '0012different_defines_0.nft': Array.from({ length: 5 }, () => 'unknown: queue'),
  '0022variables_0.nft': [
    'varies: add @y { ip saddr }',
    'varies: ip saddr @y',
    'varies: update @y { ip saddr timeout 30s }',
  ],
  '0026named_limit_0.nft': ['varies: limit name tcp dport map { 80 : "http-traffic", 443 : "http-traffic" }'],
  '0059set_update_multistmt_0.nft': ['varies: update @y { ip daddr limit rate 1/second counter }'],
  '0060set_multistmt_0.nft': ['varies: an element for ip daddr is there'],
  'dynset_missing.nft': ['varies: update @dlist { ip daddr }'],
  'merge_vmaps.nft': ['varies: update @s { ip saddr limit rate 12/minute burst 30 packets }'],
  'single_anon_set.nft': ['does: meta mark set ip daddr map { 192.168.0.1 : 0x00000001 }'],
  'typeof_maps_0.nft': [
    'does: ct mark set osf name map @m1',
    'does: meta mark set ip saddr . ip daddr map @m3',
    'does: meta mark set vlan id map @m2',
    'opaque: ipsec in reqid 23',
    'opaque: osf name Linux',
    'opaque: vlan id { … }',
  ],
  'typeof_maps_concat_update_0.nft': [
    'varies: update @pinned { ip saddr . ct original proto-dst timeout 1m30s : ip daddr . tcp dport }',
  ],
  'typeof_raw_0.nft': [
    'opaque: @ih , 32 , 32 0x14',
    'opaque: @ih , 32 , 32 0x14',
    'opaque: @ih , 32 , 32 0x1e',
    'opaque: @ih , 32 , 32 0x20',
  ],
};

const rulesOf = ({ tables }: Ruleset): Rule[] =>
  tables.flatMap(({ chains }) => [...chains.values()].flatMap(({ rules }) => rules));

/** Conditions, actions and targets whose outcome is not known, and what is not followed at all. */
function opaqueParts(ruleset: Ruleset): string[] {
  const inMatches = (matches: readonly Match[]): string[] =>
    matches.flatMap((match) => {
      if (match.kind === 'any of') return match.alternatives.flatMap(inMatches);
      return match.kind === 'opaque' ? [`${match.varies ? 'varies' : 'opaque'}: ${match.text}`] : [];
    });
  const inTarget = ({ effect, name, cases = [] }: Target): string[] => [
    ...(effect === 'unknown' ? [`unknown: ${name}`] : []),
    ...cases.flatMap((one) => [...inMatches(one.matches), ...inTarget(one.target)]),
  ];
  return [
    ...ruleset.opaque.map(({ why }) => why),
    ...rulesOf(ruleset).flatMap(({ matches, actions = [], target }) => [
      ...inMatches(matches),
      ...actions.flatMap(({ action }) => (action.kind === 'opaque' ? [`does: ${action.text}`] : [])),
      ...inTarget(target),
    ]),
  ];
}
