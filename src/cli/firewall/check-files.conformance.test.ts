import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkFirewallFiles } from './check-files.ts';

const shared = process.env.PICKET_SHARED ?? resolve(import.meta.dirname, '../../../../shared');
const folder = join(shared, 'data/firewall');
const missing = !existsSync(folder);
const files = (kind: string): string[] =>
  missing ? [] : readdirSync(join(folder, kind)).filter((name) => !name.includes('-ifaces-'));

/** How many files each code is found in. */
function counts(kind: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name of files(kind)) {
    const text = readFileSync(join(folder, kind, name), 'utf8');
    const { diagnostics } = checkFirewallFiles([{ name, text }], 'auto');
    for (const code of new Set(diagnostics.map((one) => one.code))) found[code] = (found[code] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => a.localeCompare(b)));
}

// Each finding was looked at: a count that changes is either a finding that was missing or a false alarm.
describe.skipIf(missing)(`what is found in real texts${missing ? ' (skipped: no shared data)' : ''}`, () => {
  test('dumps of machines: the two hosts that filter have no rule for answers, and what goes with it; OpenStack is right', () => {
    expect(counts('iptables')).toMatchInlineSnapshot(`
      {
        "PKT1203": 2,
        "PKT1207": 2,
        "PKT1208": 2,
        "PKT1210": 2,
        "PKT1215": 2,
        "PKT1216": 2,
      }
    `);
  });

  test('files of the tests of nft: chains without a hook, and tables with ports alone', () => {
    expect(counts('nft')).toMatchInlineSnapshot(`
      {
        "PKT1203": 4,
        "PKT1208": 1,
        "PKT1210": 1,
        "PKT1214": 3,
        "PKT1215": 4,
        "PKT1216": 4,
        "PKT1217": 3,
        "PKT1223": 1,
        "PKT1224": 3,
        "PKT1242": 25,
      }
    `);
  });
});
