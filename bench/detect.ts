/**
 * Detectors: node bench/detect.ts [--quick]. On labelled recordings (../shared/data/detect or $PICKET_SHARED; left out where they are absent): how many
 * of those that attack are found and how late, how many others are told on how many host-days, and the most memory held. Then how many flows
 * a second go through each detector and through all of them in one thread, on its processor time, over recorded and made-up traffic, beside a
 * Map that counts pairs. Where other programs run, times of the same run say something to one another only.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beacon } from '../src/detect/beacon.ts';
import { connectionExhaustion } from '../src/detect/connection-exhaustion.ts';
import type { DetectorDefinition, RunningDetector } from '../src/detect/detector.ts';
import { dnsTunnel } from '../src/detect/dns-tunnel.ts';
import { exfiltration } from '../src/detect/exfiltration.ts';
import { failingDialOut } from '../src/detect/failing-dial-out.ts';
import { portScan } from '../src/detect/port-scan.ts';
import {
  detect,
  detectDns,
  type Labelled,
  type Outcome,
  readCapture,
  readLog,
  readLogs,
  recordings,
} from '../src/detect/recorded.fixture.ts';
import { loadPublicSuffixes } from '../src/detect/registrable-domain.ts';
import { detectors } from '../src/detect/registry.ts';
import { udpFlood } from '../src/detect/udp-flood.ts';
import { unusualVolume } from '../src/detect/unusual-volume.ts';
import type { DnsMessage } from '../src/flow/dns-message.ts';
import type { Flow, FlowState } from '../src/flow/flow.ts';
import { stepsAtEnd } from '../src/flow/steps.ts';
import { formatAddress, ipv4 } from '../src/net/address.ts';
import { Dice } from '../src/segmentation/generate.oracle.ts';
import { median, quick } from './measure.ts';

await loadPublicSuffixes();

const desktops = {
  '008': ['008-zeek-mixed__data__conn.log.labeled', '147.32.81.167'],
  '010': ['010-zeek-mixed__data__conn.log.labeled', '147.32.83.234'],
} as const;
const njrat = '001-zeek-scenario-malicious__labeled-conn.log';
const iot = 'iot23-34-1-first12h.conn.log.labeled';
const server = ['rita-missing-host/2024-04-19', 'rita-missing-host/2024-04-20'] as const;
const tunnels = ['dns/dns2tcp-key_00002_20230905100101.pcap', 'dns/dnscat2-txt_00001_20230903183304.pcap'];

function row(cells: readonly (string | number)[]): void {
  const widths = [22, 22, 12, 22, 16];
  console.log(cells.map((cell, at) => String(cell).padEnd(widths[at] ?? 0)).join(' '));
}

/** Prints one line: who was wanted and found, how long after its first attack, who else was told, and memory. */
function tell(
  detector: string,
  recording: string,
  outcome: Outcome,
  wanted: ReadonlyMap<string, number>,
  others: string,
): void {
  const delays: number[] = [];
  for (const [name, firstAt] of wanted) {
    const found = outcome.findings.find(({ title, entity }) => entity === name || title.includes(name));
    if (found !== undefined) delays.push((found.at - firstAt) / 1000);
  }
  const late = delays.length === 0 ? '' : `median ${Math.round(median(delays))} s`;
  row([
    detector,
    recording,
    `${delays.length} of ${wanted.size}`,
    `${others}`,
    late,
    `${(outcome.mostBytes / 1e6).toFixed(1)} MB`,
  ]);
}

/** When each source that attacks 5 places and more did so first. */
function wideAttackers(flows: readonly Labelled[]): Map<string, number> {
  const seen = new Map<string, { firstAt: number; places: Set<string> }>();
  for (const { flow, label } of flows) {
    if (!label.startsWith('Malicious')) continue;
    const source = formatAddress(flow.source.address);
    const known = seen.get(source) ?? { firstAt: flow.openedAt, places: new Set<string>() };
    known.firstAt = Math.min(known.firstAt, flow.openedAt);
    known.places.add(`${formatAddress(flow.destination.address)} ${flow.destination.port} ${flow.protocol}`);
    seen.set(source, known);
  }
  return new Map(
    [...seen].flatMap(([source, { firstAt, places }]) => (places.size >= 5 ? [[source, firstAt]] : [])),
  );
}

function firstCall(flows: readonly Labelled[], to: string): number {
  const calls = flows.filter(({ flow }) => formatAddress(flow.destination.address) === to);
  return Math.min(...calls.map(({ flow }) => flow.openedAt));
}

function falseOf(outcome: Outcome, isWanted: (title: string) => boolean, hostDays: number): string {
  const others = new Set(outcome.findings.map(({ title }) => title).filter((title) => !isWanted(title)));
  return `${others.size} in ${hostDays} host-day${hostDays === 1 ? '' : 's'}`;
}

function quality(): void {
  console.log('\nOn recordings: found, others told, delay, most memory');
  row(['detector', 'recording', 'found', 'others told', 'delay', 'memory']);
  for (const [name, [file, host]] of Object.entries(desktops)) {
    const flows = readLog(file);
    const scan = detect(portScan, flows);
    tell(
      'port-scan',
      name,
      scan,
      wideAttackers(flows),
      falseOf(scan, (title) => !title.includes(`${host} tried`), 1),
    );
    const calls = detect(beacon, flows);
    tell(
      'beacon',
      name,
      calls,
      new Map(),
      falseOf(calls, () => false, 1),
    );
    const dials = detect(failingDialOut, flows, { inside: [`${host}/32`] });
    tell(
      'failing-dial-out',
      name,
      dials,
      new Map(),
      falseOf(dials, () => false, 1),
    );
    volumes(name, flows, host, 1);
  }
  for (const [file, host, to] of [
    [njrat, '192.168.1.115', '41.108.179.197'],
    [iot, '192.168.1.195', '185.244.25.235'],
  ] as const) {
    const flows = readLog(file);
    const outcome = detect(failingDialOut, flows);
    const others = new Set(outcome.findings.map(({ title }) => title).filter((title) => !title.includes(to)));
    tell(
      'failing-dial-out',
      file.slice(0, 12),
      outcome,
      new Map([[`${host} dials ${to}`, firstCall(flows, to)]]),
      `${others.size}`,
    );
  }
  const flows = server.flatMap((day) => readLogs(day, 'conn.'));
  volumes("RITA's missing host", flows, '64.225.56.201', 2);
  const pair = '73.54.23.243 calls 64.225.56.201:80';
  const calls = detect(beacon, flows);
  tell(
    'beacon',
    "RITA's missing host",
    calls,
    new Map([[pair, flows[0]!.flow.openedAt]]),
    falseOf(calls, (title) => title.includes(pair), 2),
  );
  for (const file of tunnels) {
    const messages: DnsMessage[] = [];
    readCapture(file, (message) => messages.push(message));
    const outcome = detectDns(dnsTunnel, messages);
    const isWanted = (title: string) => title.includes('ggy666.tk');
    const others = new Set(outcome.findings.map(({ title }) => title).filter((title) => !isWanted(title)));
    tell(
      'dns-tunnel',
      file.slice(4, 15),
      outcome,
      new Map([['ggy666.tk', messages[0]!.at]]),
      `${others.size}`,
    );
  }
}

/** Detectors of volume, on days in which nothing of the kind is known to be. */
function volumes(name: string, flows: readonly Labelled[], host: string, days: number): void {
  const settings = { inside: [`${host}/32`] };
  const none = () => false;
  const told = <Options>(definition: DetectorDefinition<Options>, more: object = {}) => {
    const outcome = detect(definition, flows, { ...settings, ...more });
    tell(definition.id, name, outcome, new Map(), falseOf(outcome, none, days));
  };
  told(udpFlood);
  told(connectionExhaustion);
  told(exfiltration);
  told(unusualVolume, { learnMinutes: 720 });
}

/** Flows of clients that call a few services outside, some of which fail, or of sources that were never seen before. */
function* madeUp(count: number, isFlood: boolean): Generator<Flow> {
  const dice = new Dice(11);
  const states: readonly FlowState[] = ['closed', 'closed', 'closed', 'closed', 'timed-out'];
  for (let n = 0; n < count; n++) {
    const source = isFlood ? dice.below(2 ** 30) : 0x0a000000 + dice.below(2000);
    const destination = isFlood ? 0xc6336407 : 0xc6120000 + Math.floor(2 ** (dice.below(1300) / 100));
    yield {
      id: String(n),
      protocol: 6,
      source: { address: ipv4(source >>> 0), port: 32_768 + (n & 0x3fff) },
      destination: { address: ipv4(destination >>> 0), port: isFlood ? dice.below(65_536) : 443 },
      state: isFlood ? 'timed-out' : dice.pick(states),
      seenBy: 'network',
      openedAt: 1_700_000_000_000 + n * 2,
      closedAt: 1_700_000_000_500 + n * 2,
      reachedDestination: false,
      preexisting: false,
      sent: { packets: 8, bytes: 500 + dice.below(5000) },
      received: { packets: 8, bytes: 9000 },
    };
  }
}

interface Traffic {
  readonly name: string;
  readonly flows: readonly Flow[];
}

/** The least that one could do without thinking, to compare with: counts each pair in a Map by the text of its ends, without bound. */
function countPairs(): RunningDetector {
  const counts = new Map<string, number>();
  return {
    onFlow({ source, destination }, change) {
      if (change !== 'decided') return [];
      const key = `${formatAddress(source.address)} ${formatAddress(destination.address)} ${destination.port}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return [];
    },
    stateBytes: () => counts.size * 100,
    evicted: () => 0,
  };
}

/** Nanoseconds of this thread for each flow, by detector and all together. */
function speed({ name, flows }: Traffic): void {
  const steps = flows.map((flow) => stepsAtEnd(flow));
  const give = (running: readonly RunningDetector[]) => {
    const hearing = running.filter(({ onFlow }) => onFlow !== undefined);
    for (const one of steps)
      for (const { flow, change } of one) for (const detector of hearing) detector.onFlow!(flow, change);
  };
  const contenders: readonly (readonly [string, () => RunningDetector[]])[] = [
    ['none', () => []],
    ['Map of pairs', () => [countPairs()]],
    ...detectors
      .map((definition) => [definition.id, () => [definition.create({})]] as const)
      .filter(([, create]) => create()[0]!.onFlow !== undefined),
    ['all', () => detectors.map((definition) => definition.create({}))],
  ];
  const times = contenders.map((): number[] => []);
  let bytes: readonly number[] = [];
  for (let round = 0; round <= (quick ? 3 : 9); round++) {
    for (const [at, [, create]] of contenders.entries()) {
      const running = create();
      const before = process.threadCpuUsage();
      give(running);
      const { user, system } = process.threadCpuUsage(before);
      if (round > 0) times[at]!.push(((user + system) * 1000) / flows.length);
      if (at === contenders.length - 1) bytes = running.map((one) => one.stateBytes());
    }
  }
  console.log(
    `\n${name}: ${flows.length} flows, processor time of the thread for each, median of ${times[0]!.length} rounds`,
  );
  for (const [at, [id]] of contenders.entries()) {
    const middle = median(times[at]!);
    const rate =
      middle === 0 || id === 'none'
        ? ''
        : `${Math.round(1e6 / middle).toLocaleString('en')} thousand flows/s`;
    console.log(
      `  ${id.padEnd(22)} ${middle.toFixed(0).padStart(6)} ns  ${`${Math.min(...times[at]!).toFixed(0)} .. ${Math.max(...times[at]!).toFixed(0)}`.padStart(14)}  ${rate}`,
    );
  }
  console.log(`  state of all: ${(bytes.reduce((sum, one) => sum + one, 0) / 1e6).toFixed(1)} MB`);
}

const present = [njrat, iot, ...server, ...tunnels, ...Object.values(desktops).map(([file]) => file)].every(
  (name) => existsSync(join(recordings, name)),
);
if (present) quality();
else console.log(`\nNo recordings under ${recordings}: quality is not measured.`);
const count = quick ? 50_000 : 200_000;
if (present) {
  const recorded = [
    ...Object.values(desktops).flatMap(([file]) => readLog(file)),
    ...readLogs(server[0], 'conn.'),
  ];
  speed({ name: 'Recorded (008, 010, a day of the server)', flows: recorded.map(({ flow }) => flow) });
}
speed({ name: '2000 clients, 8000 services outside', flows: [...madeUp(count, false)] });
speed({ name: 'A flood of forged sources', flows: [...madeUp(count, true)] });
