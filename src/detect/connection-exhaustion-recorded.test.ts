import { expect } from 'vitest';
import { endOf } from '../flow/flow-summary.ts';
import { connectionExhaustion } from './connection-exhaustion.ts';
import { flowOf } from './flow.fixture.ts';
import { detect, type Labelled, readLog, readLogs } from './recorded.fixture.ts';
import { recorded } from './recorded-test.fixture.ts';

const logs = [
  ['002-zeek-scenario-port-scanning__conn.log', ''],
  ['008-zeek-mixed__data__conn.log.labeled', '147.32.81.167'],
  ['010-zeek-mixed__data__conn.log.labeled', '147.32.83.234'],
] as const;
const days = ['rita-missing-host/2024-04-19', 'rita-missing-host/2024-04-20'] as const;
const server = '64.225.56.201';

recorded(
  'scans, desktops and a server: nobody holds connections; a made-up slowloris on the server is told within ten minutes',
  [...logs.map(([file]) => file), ...days],
  () => {
    const told: string[] = [];
    const run = (flows: Iterable<Labelled>, host: string) =>
      detect(connectionExhaustion, flows, host === '' ? {} : { inside: [`${host}/32`] }).findings;
    for (const [file, host] of logs) told.push(...run(readLog(file), host).map(({ title }) => title));
    const flows = days.flatMap((day) => readLogs(day, 'conn.'));
    told.push(...run(flows, server).map(({ title }) => title));
    console.info(`connection-exhaustion: ${told.length} told in 4 host-days: ${told.join('; ')}`);
    expect(told).toEqual([]);
    const begin = flows[0]!.flow.openedAt + 12 * 3_600_000;
    // 400 connections at one time, which the server ends after two minutes each.
    const held: Labelled[] = Array.from({ length: 4000 }, (_, n) => {
      const at = begin + Math.floor(n / 400) * 120_000 + (n % 400) * 10;
      const flow = flowOf(`198.18.0.${n % 4}`, server, 80, {
        state: 'closed',
        seenBy: 'network',
        openedAt: at,
        closedAt: at + 120_000,
        lastAt: at + 120_000,
        sent: { packets: 12, bytes: 800 },
        received: { packets: 11, bytes: 440 },
      });
      return { flow, label: '' };
    });
    const all = [...flows, ...held].sort((one, other) => endOf(one.flow) - endOf(other.flow));
    const found = run(all, server);
    console.info(
      `connection-exhaustion: made-up slowloris told after ${found.map(({ at }) => Math.round((at - begin) / 1000)).join(', ')} s`,
    );
    expect(found.map(({ entity }) => entity)).toEqual([server]);
    expect(found[0]!.at - begin).toBeLessThan(600_000);
  },
);
