import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { acceptedPorts } from './accepted-ports.ts';
import { parseDump } from './iptables-restore.ts';
import { Cable, cannotAsk } from './network.fixture.ts';
import { parseNft } from './nft.ts';

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

  test.each(files('nft'))('nft: %s does not crash', (name) => {
    const text = read('nft', name);
    const { ruleset } = parseNft(text);
    for (const table of ruleset.tables) {
      for (const { rules } of table.chains.values()) {
        for (const rule of rules)
          expect(rule.at.start < rule.at.end && rule.at.end <= text.length).toBe(true);
      }
    }
    acceptedPorts(ruleset, { family: 4, chain: 'INPUT', protocol: 6 });
  });
});
