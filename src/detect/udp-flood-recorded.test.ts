import { expect } from 'vitest';
import { endOf } from '../flow/flow-summary.ts';
import { flowOf } from './flow.fixture.ts';
import { detect, type Labelled, readCapture, readLog, readLogs } from './recorded.fixture.ts';
import { recorded } from './recorded-test.fixture.ts';
import { udpFlood } from './udp-flood.ts';

const desktops = [
  ['008-zeek-mixed__data__conn.log.labeled', '147.32.81.167'],
  ['010-zeek-mixed__data__conn.log.labeled', '147.32.83.234'],
] as const;
const days = ['rita-missing-host/2024-04-19', 'rita-missing-host/2024-04-20'] as const;
const server = '64.225.56.201';
const captures = ['dns/dns2tcp-key_00002_20230905100101.pcap', 'scan-unit/backscatter.trace'] as const;

recorded(
  'desktops, a server, a DNS tunnel and backscatter: no flood; made-up answers of 400 time servers are told within 15 s',
  [...desktops.map(([file]) => file), ...days, ...captures],
  () => {
    for (const name of captures) expect(detect(udpFlood, readCapture(name)).findings, name).toEqual([]);
    const sources: [Labelled[], string][] = desktops.map(([file, host]) => [readLog(file), host]);
    sources.push([days.flatMap((day) => readLogs(day, 'conn.')), server]);
    let told = 0;
    for (const [flows, host] of sources) {
      const options = { inside: [`${host}/32`] };
      told += detect(udpFlood, flows, options).findings.length;
      const begin = flows[0]!.flow.openedAt + 6 * 3_600_000;
      const flood: Labelled[] = Array.from({ length: 2000 }, (_, n) => {
        const at = begin + n * 10;
        const flow = flowOf(`198.18.${n % 4}.${(n >> 2) % 100}`, host, 5000, {
          protocol: 17,
          seenBy: 'network',
          state: 'unanswered',
          openedAt: at,
          closedAt: at,
          lastAt: at,
          sent: { packets: 10, bytes: 4680 },
          received: { packets: 0, bytes: 0 },
        });
        return { flow: { ...flow, source: { ...flow.source, port: 123 } }, label: '' };
      });
      const all = [...flows, ...flood].sort((one, other) => endOf(one.flow) - endOf(other.flow));
      const { findings } = detect(udpFlood, all, options);
      const delays = findings.map(({ at }) => Math.round((at - begin) / 1000));
      console.info(`udp-flood: made-up amplification of ${host} told after ${delays.join(' and ')} s`);
      expect(findings.map(({ entity }) => entity)).toEqual([host, host]);
      expect(delays[0]).toBeLessThanOrEqual(15);
    }
    console.info(`udp-flood: ${told} told in 4 host-days`);
    expect(told).toBe(0);
  },
);
