import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** The zone of a process is that of its environment when it starts. */
function inZone(zone: string, wall: string): string {
  const module = new URL('./local-time.ts', import.meta.url).href;
  const code = `import(${JSON.stringify(module)}).then(({ utcOfLocal }) => console.log(new Date(utcOfLocal(Date.parse('${wall}Z'))).toISOString()))`;
  return execFileSync(process.execPath, ['-e', code], { env: { ...process.env, TZ: zone } })
    .toString()
    .trim();
}

test('a time on the wall is one of the zone of this machine, in winter and in summer', () => {
  expect(inZone('UTC', '2026-11-30T12:00:00')).toBe('2026-11-30T12:00:00.000Z');
  expect(inZone('Europe/Berlin', '2026-11-30T12:00:00')).toBe('2026-11-30T11:00:00.000Z');
  expect(inZone('Europe/Berlin', '2026-07-30T12:00:00.250')).toBe('2026-07-30T10:00:00.250Z');
});
