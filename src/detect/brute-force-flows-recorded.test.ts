import { expect } from 'vitest';
import { formatAddress } from '../net/address.ts';
import { bruteForceFlows } from './brute-force-flows.ts';
import { detect, readLog, readLogs } from './recorded.fixture.ts';
import { recorded } from './recorded-test.fixture.ts';

const logs = [
  '001-zeek-scenario-malicious__labeled-conn.log',
  '002-zeek-scenario-port-scanning__conn.log',
  '008-zeek-mixed__data__conn.log.labeled',
  '010-zeek-mixed__data__conn.log.labeled',
  'iot23-34-1-first12h.conn.log.labeled',
] as const;
const days = ['rita-missing-host/2024-04-19', 'rita-missing-host/2024-04-20'] as const;

recorded('scans, a bot and desktops: nobody guesses', logs, () => {
  for (const name of logs) expect(detect(bruteForceFlows, readLog(name)).findings, name).toEqual([]);
  console.info('brute-force-flows: 0 told in scans, a bot and 2 host-days of desktops');
});

recorded(
  'a server on a public address: who is told of had many short sessions with its SSH, and nothing else',
  days,
  () => {
    const flows = days.flatMap((day) => readLogs(day, 'conn.'));
    const sessions = new Map<string, number>();
    for (const { flow } of flows) {
      if (flow.destination.port !== 22 || flow.state !== 'closed') continue;
      const from = formatAddress(flow.source.address);
      sessions.set(from, (sessions.get(from) ?? 0) + 1);
    }
    const { findings, evicted, mostBytes } = detect(bruteForceFlows, flows, { sourcesPerService: 10_000 });
    const told = [...new Set(findings.map(({ entity }) => entity))];
    const frequent = [...sessions].filter(([, count]) => count >= 30).map(([from]) => from);
    const missed = frequent.filter((from) => !told.includes(from));
    const folded = detect(bruteForceFlows, flows).findings;
    console.info(
      `server: ${told.length} sources told, ${frequent.length - missed.length} of ${frequent.length} with 30 sessions and more; ` +
        `${folded.length} findings with the preset options, ${new Set(folded.map(({ fingerprint }) => fingerprint)).size} alerts; ${mostBytes} bytes`,
    );
    for (const { title } of findings)
      expect(title).toMatch(/seems to guess passwords at port 22 of 64\.225\.56\.201$/);
    for (const from of told) expect(sessions.get(from), from).toBeGreaterThan(12);
    expect(frequent.length).toBeGreaterThan(100);
    expect(missed.length / frequent.length).toBeLessThan(0.05);
    expect(folded.length).toBeLessThan(40);
    expect(evicted).toBe(0);
  },
);
