import { expect } from 'vitest';
import { failingDialOut } from './failing-dial-out.ts';
import { detect, readLog, readLogs } from './recorded.fixture.ts';
import { recorded } from './recorded-test.fixture.ts';

/** Who dials home in vain, and how many pairs may be told before it. */
const dialling = [
  ['001-zeek-scenario-malicious__labeled-conn.log', 'NjRAT', '192.168.1.115', '41.108.179.197:1177'],
  ['iot23-34-1-first12h.conn.log.labeled', 'an IoT bot', '192.168.1.195', '185.244.25.235:6667'],
] as const;

for (const [file, what, host, server] of dialling) {
  recorded(`${file}: ${what} that dials its server is among the first three told`, [file], () => {
    const { findings } = detect(failingDialOut, readLog(file));
    const flows = readLog(file);
    const first = Math.min(...flows.map(({ flow }) => flow.openedAt));
    const pairs = [...new Set(findings.map(({ title }) => title))];
    const wanted = `${host} dials ${server} in vain, again and again`;
    const found = findings.find(({ title }) => title === wanted);
    console.info(
      `${what}: place ${pairs.indexOf(wanted) + 1} of ${pairs.length}, ${Math.round(((found?.at ?? Number.NaN) - first) / 60_000)} minutes after the recording begins`,
    );
    expect(pairs.slice(0, 3)).toContain(wanted);
    expect(found?.evidence.find(({ name }) => name === 'failures')?.value).toBe('50');
  });
}

const desktops = [
  ['008-zeek-mixed__data__conn.log.labeled', '147.32.81.167/32'],
  ['010-zeek-mixed__data__conn.log.labeled', '147.32.83.234/32'],
] as const;
const days = ['rita-missing-host/2024-04-19', 'rita-missing-host/2024-04-20'] as const;

recorded(
  'two desktops for a day each and a server for two: none is said to dial in vain',
  [...desktops.map(([file]) => file), ...days],
  () => {
    for (const [file, inside] of desktops)
      expect(detect(failingDialOut, readLog(file), { inside: [inside] }).findings).toEqual([]);
    const server = days.flatMap((day) => readLogs(day, 'conn.'));
    expect(detect(failingDialOut, server, { inside: ['64.225.56.201/32'] }).findings).toEqual([]);
    console.info('failing-dial-out: 0 false in 4 host-days');
  },
);
