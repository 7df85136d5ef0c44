import { expect } from 'vitest';
import { endOf } from '../flow/flow-summary.ts';
import { flowOf } from './flow.fixture.ts';
import { detect, type Labelled, readLog, readLogs } from './recorded.fixture.ts';
import { recorded } from './recorded-test.fixture.ts';
import { unusualVolume } from './unusual-volume.ts';

const desktops = [
  ['008-zeek-mixed__data__conn.log.labeled', '147.32.81.167'],
  ['010-zeek-mixed__data__conn.log.labeled', '147.32.83.234'],
] as const;
const days = ['rita-missing-host/2024-04-19', 'rita-missing-host/2024-04-20'] as const;
const server = '64.225.56.201';

recorded(
  'desktops and a server, after half a day of learning: nothing is told, and a made-up flood of requests is, within five minutes',
  [...desktops.map(([file]) => file), ...days],
  () => {
    const told: string[] = [];
    const sources: [Labelled[], string][] = desktops.map(([file, host]) => [readLog(file), host]);
    sources.push([days.flatMap((day) => readLogs(day, 'conn.')), server]);
    for (const [flows, host] of sources) {
      const options = { inside: [`${host}/32`], learnMinutes: 720 };
      told.push(...detect(unusualVolume, flows, options).findings.map(({ title }) => title));
      const begin = flows[0]!.flow.openedAt + 18 * 3_600_000;
      const flood: Labelled[] = Array.from({ length: 20_000 }, (_, n) => {
        const at = begin + n * 30;
        const from = `198.18.${(n >> 8) & 255}.${n & 255}`;
        return {
          flow: flowOf(from, host, 22, { seenBy: 'network', openedAt: at, closedAt: at, lastAt: at }),
          label: '',
        };
      });
      const all = [...flows, ...flood].sort((one, other) => endOf(one.flow) - endOf(other.flow));
      const found = detect(unusualVolume, all, options).findings.find(({ title }) =>
        title.includes(':22 gets'),
      );
      console.info(
        `unusual-volume: made-up flood of ${host} told after ${((found?.at ?? Number.NaN) - begin) / 1000} s`,
      );
      expect(found!.at - begin).toBeLessThan(300_000);
    }
    console.info(`unusual-volume: ${told.length} told in 2.5 host-days after learning: ${told.join('; ')}`);
    expect(told.length).toBeLessThanOrEqual(2);
  },
);
