import { expect } from 'vitest';
import { endOf } from '../flow/flow-summary.ts';
import { exfiltration } from './exfiltration.ts';
import { flowOf } from './flow.fixture.ts';
import { detect, type Labelled, readLog, readLogs } from './recorded.fixture.ts';
import { recorded } from './recorded-test.fixture.ts';

const desktops = [
  ['008-zeek-mixed__data__conn.log.labeled', '147.32.81.167'],
  ['010-zeek-mixed__data__conn.log.labeled', '147.32.83.234'],
] as const;
const days = ['rita-missing-host/2024-04-19', 'rita-missing-host/2024-04-20'] as const;
const server = '64.225.56.201';

/** A copy by scp of so many bytes, as Zeek tells of it: once, when it is over. */
function copyOf(from: string, at: number, bytes: number): Labelled {
  const flow = flowOf(from, '198.51.100.77', 22, {
    state: 'closed',
    seenBy: 'network',
    openedAt: at - 60_000,
    closedAt: at,
    lastAt: at,
    sent: { packets: 90_000, bytes },
    received: { packets: 30_000, bytes: 1_200_000 },
  });
  return { flow, label: '' };
}

recorded(
  'desktops and a server: nothing is told, and a made-up copy of 150 MB in their days is',
  [...desktops.map(([file]) => file), ...days],
  () => {
    const told: string[] = [];
    const sources: [Labelled[], string][] = desktops.map(([file, host]) => [readLog(file), host]);
    sources.push([days.flatMap((day) => readLogs(day, 'conn.')), server]);
    for (const [flows, host] of sources) {
      const options = { inside: [`${host}/32`] };
      told.push(...detect(exfiltration, flows, options).findings.map(({ title }) => title));
      const middle = flows[Math.floor(flows.length / 2)]!.flow.openedAt;
      const all = [...flows, copyOf(host, middle, 150e6)].sort(
        (one, other) => endOf(one.flow) - endOf(other.flow),
      );
      const { findings } = detect(exfiltration, all, options);
      expect(findings.map(({ entity }) => entity)).toContain(host);
    }
    console.info(
      `exfiltration: ${told.length} told in 4 host-days${told.length === 0 ? '' : `: ${told.join('; ')}`}`,
    );
    expect(told).toEqual([]);
  },
);
