import { expect } from 'vitest';
import { ipv4 } from '../net/address.ts';
import { flowOf } from './flow.fixture.ts';
import { detect, type Labelled, readCapture, readLog, readLogs } from './recorded.fixture.ts';
import { recorded } from './recorded-test.fixture.ts';
import { synFlood } from './syn-flood.ts';

const logs = [
  '001-zeek-scenario-malicious__labeled-conn.log',
  '002-zeek-scenario-port-scanning__conn.log',
  '008-zeek-mixed__data__conn.log.labeled',
  '010-zeek-mixed__data__conn.log.labeled',
] as const;
const days = ['rita-missing-host/2024-04-19', 'rita-missing-host/2024-04-20'] as const;
const backscatter = 'scan-unit/backscatter.trace';

recorded('scans, backscatter, desktops and a server: no flood', [...logs, ...days, backscatter], () => {
  for (const name of logs) expect(detect(synFlood, readLog(name)).findings, name).toEqual([]);
  expect(detect(synFlood, readCapture(backscatter)).findings).toEqual([]);
  expect(
    detect(
      synFlood,
      days.flatMap((day) => readLogs(day, 'conn.')),
    ).findings,
  ).toEqual([]);
  console.info('syn-flood: 0 false in 4 host-days of targets on public addresses');
});

recorded(
  'a made-up flood of forged sources in a recorded day of a server is found within half a minute',
  days,
  () => {
    const flows = days.slice(0, 1).flatMap((day) => readLogs(day, 'conn.'));
    const start = Date.parse('2024-04-19T12:00:00Z');
    const flood: Labelled[] = Array.from({ length: 6000 }, (_, n) => {
      const openedAt = start + n * 20;
      const source = { address: ipv4(0xc6120000 + (Math.imul(n, 7919) & 0x1ffff)), port: 1024 + n };
      const flow = flowOf('198.18.0.1', '64.225.56.201', 80, {
        source,
        state: 'timed-out',
        seenBy: 'network',
        openedAt,
      });
      return { flow: { ...flow, lastAt: openedAt }, label: '' };
    });
    const all = [...flows, ...flood].sort((one, other) => one.flow.openedAt - other.flow.openedAt);
    const { findings } = detect(synFlood, all);
    console.info(
      `made-up flood: ${findings.map(({ at }) => `${(at - start) / 1000} s`).join(', ')} after it began`,
    );
    expect(findings.map(({ entity }) => entity)).toEqual(['64.225.56.201', '64.225.56.201']);
    expect(findings[0]!.at - start).toBeLessThan(30_000);
    expect(findings[1]!.at - start).toBeLessThan(300_000);
  },
);
