import { expect } from 'vitest';
import { formatAddress } from '../net/address.ts';
import { portScan } from './port-scan.ts';
import {
  detect,
  type Labelled,
  placesBySource,
  readCapture,
  readLog,
  readLogs,
  recall,
} from './recorded.fixture.ts';
import { recorded } from './recorded-test.fixture.ts';

const isAttack = ({ label }: Labelled) => label.startsWith('Malicious');

/** Desktops on a public address: an attacker is a source of flows that its authors call malicious. */
const desktops = [
  { name: '008', file: '008-zeek-mixed__data__conn.log.labeled', host: '147.32.81.167' },
  { name: '010', file: '010-zeek-mixed__data__conn.log.labeled', host: '147.32.83.234' },
];

for (const { name, file, host } of desktops) {
  const title = `${name}: at least 95 % of the attackers with 5 targets and more are found, the desktop is not`;
  recorded(title, [file], () => {
    const flows = readLog(file);
    const outcome = detect(portScan, flows);
    const attackers = placesBySource(flows, isAttack);
    const wide = [...attackers].filter(([, places]) => places.size >= 5).map(([source]) => source);
    const { share, text, missed } = recall(wide, outcome);
    const benign = new Set(flows.map(({ flow }) => formatAddress(flow.source.address)));
    for (const source of attackers.keys()) benign.delete(source);
    const accused = [...benign].filter((source) => outcome.entities.has(source));
    console.info(
      `${name}: ${text} attackers with 5 targets and more found (missed: ${missed.join(', ') || 'none'}); 1 benign host-day, ${accused.length} of ${benign.size} sources without attacks accused`,
    );
    expect(wide.length).toBeGreaterThan(40);
    expect(share).toBeGreaterThanOrEqual(0.95);
    expect(accused).toEqual([]);
    expect(benign).toContain(host);
  });
}

/** When the host of 002 scanned what with nmap, by the times in the log: UTC on 2022-09-29. */
const phases: readonly [from: string, to: string, network: string][] = [
  ['15:20:50', '15:24:20', '172.16.1.'],
  ['15:29:22', '15:29:26', '192.168.1.'],
  ['15:31:40', '15:31:44', '10.0.2.'],
  ['15:40:19', '15:42:02', '192.168.1.155'],
  ['15:43:35', '15:45:27', '10.0.2.3'],
];
const nmap = '002-zeek-scenario-port-scanning__conn.log';

recorded(
  '002: every phase of the scans by nmap is told, with what it was after, and nobody else is accused',
  [nmap],
  () => {
    const { findings, entities } = detect(portScan, readLog(nmap));
    expect([...entities]).toEqual(['172.16.1.11']);
    for (const [from, to, network] of phases) {
      const [first, last] = [from, to].map((time) => Date.parse(`2022-09-29T${time}Z`));
      const told = findings.filter(({ at }) => at >= first! && at <= last! + 10_000);
      const targets = told.map(({ evidence }) => evidence.find(({ name }) => name === 'targets')?.value);
      expect(targets.join(' '), `${network} from ${from} on`).toContain(network);
    }
  },
);

const units = [
  ['445_scan.pcap', '176.192.150.3'],
  ['multiport_scan.pcap', '125.27.226.209'],
  ['port_scan.pcap', '192.168.2.154'],
  ['scan_with_zero_windows.pcap', '10.0.0.1'],
] as const;

for (const [name, scanner] of units) {
  const file = `scan-unit/${name}`;
  recorded(`${name}: its scanner is found, and nobody else`, [file], () => {
    expect([...detect(portScan, readCapture(file)).entities]).toEqual([scanner]);
  });
}

const backscatter = 'scan-unit/backscatter.trace';

recorded('backscatter, answers to what was sent in the names of others, is no scan', [backscatter], () => {
  expect(detect(portScan, readCapture(backscatter)).findings).toEqual([]);
});

const server = ['rita-missing-host/2024-04-19', 'rita-missing-host/2024-04-20'] as const;

recorded('a server on a public address, two days: it is not accused of what it answers', server, () => {
  const outcome = detect(
    portScan,
    server.flatMap((day) => readLogs(day, 'conn.')),
  );
  console.info(`server: 2 benign host-days, ${outcome.entities.size} scanners from outside found`);
  expect(outcome.entities).not.toContain('64.225.56.201');
});
